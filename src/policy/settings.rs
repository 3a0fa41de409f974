//! Settings, and which of them contradict each other.

use super::error::{PolicyError, Setting};
use super::stores::StoreName;
use crate::x509::CommonName;

/// What an operator sets, for either role. `Default` is what holds if nothing is said. The
/// [module](super) has a table of what each means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "so they stand in the files of operators")]
pub struct Settings<'a> {
    /// `Enabled`: whether TLS is used.
    pub enabled: bool,
    /// `Enforce`: nothing is waived, whatever else is set.
    pub enforce: bool,
    /// `ClientAuthEnabled`: whether the client shows who it is.
    pub client_auth_enabled: bool,
    /// `KeyStore`: the name of the store of our identities, or `ref://` and the name of a reference to it.
    pub key_store: Option<&'a str>,
    /// `KeyAlias`: which of them is shown.
    pub key_alias: Option<&'a str>,
    /// `TrustStore`: the name of the store of trust anchors, or `ref://` and the name of a reference to it.
    pub trust_store: Option<&'a str>,
    /// `IgnoreValidationErrors`, **dangerous**: whatever can be waived is, unless `Enforce` is set. Needs the feature
    /// `dangerous-waivers`.
    pub dangerous_ignore_validation_errors: bool,
    /// `CommonName`, of clients only: the common name of the server, which is asked for instead of its name.
    pub common_name: Option<CommonName<'a>>,
}

/// What a site may set where the policy belongs to somebody else, such as the owner of a fleet: `Enforce`, both
/// stores and everything else stay as they are. The endpoint is not here, because no policy has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site<'a> {
    /// `KeyAlias`: which of our identities is shown.
    pub key_alias: Option<&'a str>,
}

impl Site<'_> {
    /// Whether a site may set this: for programs that read what a site says.
    ///
    /// # Errors
    /// [`PolicyError::Locked`], which names the setting.
    pub const fn check(setting: Setting) -> Result<(), PolicyError> {
        match setting {
            Setting::KeyAlias => Ok(()),
            locked => Err(PolicyError::Locked(locked)),
        }
    }
}

impl Settings<'_> {
    /// The first contradiction in the settings of a client, or of a server.
    pub(super) fn check(&self, is_client: bool) -> Result<(), PolicyError> {
        if !self.enabled {
            return self.first_set().map_or(Ok(()), |setting| Err(PolicyError::NotEnabled(setting)));
        }
        self.check_names()?;
        if self.key_alias.is_some() && self.key_store.is_none() {
            return Err(PolicyError::KeyAliasWithoutKeyStore);
        }
        if is_client { self.check_client() } else { self.check_server() }?;
        // With `Enforce` it means nothing, so it needs nothing either.
        if self.dangerous_ignore_validation_errors && !self.enforce && !cfg!(feature = "dangerous-waivers") {
            return Err(PolicyError::WaiversNotCompiled);
        }
        Ok(())
    }

    fn check_client(&self) -> Result<(), PolicyError> {
        if self.trust_store.is_none() {
            return Err(PolicyError::ClientWithoutTrustStore);
        }
        match (self.client_auth_enabled, self.key_store.is_some()) {
            (true, false) => Err(PolicyError::ClientAuthWithoutKeyStore),
            (false, true) => Err(PolicyError::KeyStoreNeverShown),
            _ => Ok(()),
        }
    }

    fn check_server(&self) -> Result<(), PolicyError> {
        if self.common_name.is_some() {
            return Err(PolicyError::CommonNameOnServer);
        }
        if self.key_store.is_none() {
            return Err(PolicyError::ServerWithoutKeyStore);
        }
        if self.client_auth_enabled {
            return if self.trust_store.is_some() { Ok(()) } else { Err(PolicyError::ClientAuthWithoutTrustStore) };
        }
        // Whoever sets one of these believes that clients are checked.
        let needs_clients = [
            (self.trust_store.is_some(), Setting::TrustStore),
            (self.enforce, Setting::Enforce),
            (self.dangerous_ignore_validation_errors, Setting::IgnoreValidationErrors),
        ];
        let set = needs_clients.into_iter().find(|(is_set, _)| *is_set);
        set.map_or(Ok(()), |(_, setting)| Err(PolicyError::NobodyToCheck(setting)))
    }

    fn check_names(&self) -> Result<(), PolicyError> {
        let names = [
            (self.key_store, Setting::KeyStore),
            (self.key_alias, Setting::KeyAlias),
            (self.trust_store, Setting::TrustStore),
        ];
        let empty =
            names.into_iter().find(|(name, _)| name.is_some_and(|name| StoreName::parse(name).text().is_empty()));
        empty.map_or(Ok(()), |(_, setting)| Err(PolicyError::NameEmpty(setting)))
    }

    /// The first that is set, of those that mean something only if TLS is enabled.
    fn first_set(&self) -> Option<Setting> {
        let all = [
            (self.enforce, Setting::Enforce),
            (self.client_auth_enabled, Setting::ClientAuthEnabled),
            (self.key_store.is_some(), Setting::KeyStore),
            (self.key_alias.is_some(), Setting::KeyAlias),
            (self.trust_store.is_some(), Setting::TrustStore),
            (self.dangerous_ignore_validation_errors, Setting::IgnoreValidationErrors),
            (self.common_name.is_some(), Setting::CommonName),
        ];
        all.into_iter().find(|(is_set, _)| *is_set).map(|(_, setting)| setting)
    }
}
