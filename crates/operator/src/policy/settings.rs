//! Settings, and the contradictions among them.

use embedded_mtls::Role;
use embedded_mtls::x509::CommonName;

use super::error::{PolicyError, Setting};
use super::stores::StoreName;

/// The settings of an operator, for either role. `Default` has none of them set. The [module](super) has a table of
/// their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "so they stand in the files of operators")]
pub struct Settings<'a> {
    /// `Enabled`: whether TLS is used.
    pub enabled: bool,
    /// `Enforce`: nothing is waived, regardless of other settings.
    pub enforce: bool,
    /// `ClientAuthEnabled`: whether the client authenticates.
    pub client_auth_enabled: bool,
    /// `KeyStore`: the name of the store of our identities, or `ref://` and the name of a reference to it; on a client also a flow
    /// variable, such as `{ssl.keystore}`, whose value is one of the two, as for the two settings below.
    pub key_store: Option<&'a str>,
    /// `KeyAlias`: the identity to send.
    pub key_alias: Option<&'a str>,
    /// `TrustStore`: the name of the store of trust anchors, or `ref://` and the name of a reference to it.
    pub trust_store: Option<&'a str>,
    /// `IgnoreValidationErrors`, **dangerous**: everything that can be waived is waived, unless `Enforce` is set. Needs
    /// the feature `dangerous-waivers`.
    pub dangerous_ignore_validation_errors: bool,
    /// `CommonName`, on clients only: the common name to require instead of the server name.
    pub common_name: Option<CommonName<'a>>,
}

/// Returns the name of the flow variable that is a value, as in `{ssl.keystore}`.
pub(super) fn variable(value: &str) -> Option<&str> {
    value.strip_prefix('{')?.strip_suffix('}').filter(|name| !name.is_empty() && !name.contains(['{', '}']))
}

/// The settings open to a site whose policy belongs to another party, such as the owner of a fleet: `Enforce`, both
/// stores and everything else stay unchanged. The endpoint is not included, because policies do not contain it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site<'a> {
    /// `KeyAlias`: the identity to send.
    pub key_alias: Option<&'a str>,
}

impl Site<'_> {
    /// Returns whether a site may set this, for programs that read the settings of a site.
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
    /// Finds the first contradiction in the settings of a client or a server.
    pub(super) fn check(&self, role: Role) -> Result<(), PolicyError> {
        // Other settings have no effect then.
        if !self.enabled {
            return Ok(());
        }
        self.check_names()?;
        if let (Role::Server, Some(setting)) = (role, self.variable(role)) {
            return Err(PolicyError::VariableOnServer(setting));
        }
        if self.key_alias.is_some() && self.key_store.is_none() {
            return Err(PolicyError::KeyAliasWithoutKeyStore);
        }
        match role {
            Role::Client => self.check_client(),
            Role::Server => self.check_server(),
        }?;
        // With `Enforce` it has no effect, so it requires nothing.
        if self.dangerous_ignore_validation_errors && !self.enforce && !cfg!(feature = "dangerous-waivers") {
            return Err(PolicyError::WaiversNotCompiled);
        }
        Ok(())
    }

    fn check_client(&self) -> Result<(), PolicyError> {
        if self.trust_store.is_none() {
            return Err(PolicyError::ClientWithoutTrustStore);
        }
        if self.client_auth_enabled && self.key_store.is_none() {
            return Err(PolicyError::ClientAuthWithoutKeyStore);
        }
        Ok(())
    }

    fn check_server(&self) -> Result<(), PolicyError> {
        if self.common_name.is_some() {
            return Err(PolicyError::CommonNameOnServer);
        }
        if self.key_store.is_none() {
            return Err(PolicyError::ServerWithoutKeyStore);
        }
        if self.client_auth_enabled && self.trust_store.is_none() {
            return Err(PolicyError::ClientAuthWithoutTrustStore);
        }
        Ok(())
    }

    /// Returns the settings that may be flow variables.
    const fn names(&self) -> [(Option<&str>, Setting); 3] {
        [
            (self.key_store, Setting::KeyStore),
            (self.key_alias, Setting::KeyAlias),
            (self.trust_store, Setting::TrustStore),
        ]
    }

    /// Finds the first setting with an effect that is a flow variable.
    pub(super) fn variable(&self, role: Role) -> Option<Setting> {
        let is_variable = |name: Option<&str>| name.is_some_and(|name| variable(name).is_some());
        let mut names = self.names().into_iter().filter(|(name, _)| is_variable(*name));
        names.find(|(_, setting)| !self.is_without_effect(*setting, role)).map(|(_, setting)| setting)
    }

    fn check_names(&self) -> Result<(), PolicyError> {
        let empty = self
            .names()
            .into_iter()
            .find(|(name, _)| name.is_some_and(|name| StoreName::parse(name).text().is_empty()));
        empty.map_or(Ok(()), |(_, setting)| Err(PolicyError::NameEmpty(setting)))
    }

    /// Returns whether a setting is present without effect.
    pub(super) const fn is_without_effect(&self, setting: Setting, role: Role) -> bool {
        let is_client = matches!(role, Role::Client);
        let Self { client_auth_enabled, enforce, .. } = *self;
        match setting {
            // A client sends none.
            Setting::KeyStore => self.key_store.is_some() && is_client && !client_auth_enabled,
            Setting::KeyAlias => self.key_alias.is_some() && is_client && !client_auth_enabled,
            // A server checks no clients.
            Setting::TrustStore => self.trust_store.is_some() && !is_client && !client_auth_enabled,
            Setting::Enforce => enforce && !is_client && !client_auth_enabled,
            Setting::IgnoreValidationErrors => {
                self.dangerous_ignore_validation_errors && (enforce || !is_client && !client_auth_enabled)
            }
            Setting::ClientAuthEnabled | Setting::CommonName | Setting::Enabled => false,
        }
    }
}
