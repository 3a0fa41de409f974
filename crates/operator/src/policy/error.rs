//! Errors of policies: the setting, what was found, and what is required.

use core::fmt;

/// A setting, under its name for operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Setting {
    /// Client authentication.
    ClientAuthEnabled,
    /// The common name that the server must have.
    CommonName,
    /// The use of TLS.
    Enabled,
    /// Enforcement: nothing is waived, regardless of other settings.
    Enforce,
    /// Tolerance: everything that can be waived is waived.
    IgnoreValidationErrors,
    /// The alias of the identity to send.
    KeyAlias,
    /// The store of our identities.
    KeyStore,
    /// The store of the trust anchors.
    TrustStore,
}

/// The reason why a policy is invalid. `Display` writes the setting, what was found and what is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PolicyError {
    /// The store of identities has no entry with this alias.
    AliasNotFound,
    /// A client has to send a certificate but has none.
    ClientAuthWithoutKeyStore,
    /// A server has to request certificates but has no trust anchors for them.
    ClientAuthWithoutTrustStore,
    /// A client has no trust anchors for servers.
    ClientWithoutTrustStore,
    /// A server cannot use the common name of a server.
    CommonNameOnServer,
    /// An alias is set without a store.
    KeyAliasWithoutKeyStore,
    /// This setting is locked for sites.
    Locked(Setting),
    /// The name of a store, a reference or an alias is empty.
    NameEmpty(Setting),
    /// Stores in slots can be named only by reference.
    NameInSlots(Setting),
    /// There is no reference of this name.
    ReferenceNotFound(Setting),
    /// The reference points nowhere, or to something that no longer exists.
    ReferenceNowhere(Setting),
    /// A server has no identity.
    ServerWithoutKeyStore,
    /// The store is empty.
    StoreEmpty(Setting),
    /// The reference points to the other kind of store.
    StoreKind(Setting),
    /// There is no store of this name.
    StoreNotFound(Setting),
    /// The content of the store cannot be used, or exceeds the space for it.
    StoreUnusable(Setting),
    /// A flow variable is in the settings of a server, which has no request to take its value from.
    VariableOnServer(Setting),
    /// A flow variable has no value.
    VariableUnset(Setting),
    /// `IgnoreValidationErrors` needs the feature `dangerous-waivers`.
    WaiversNotCompiled,
}

impl PolicyError {
    /// Returns the setting with the error.
    pub const fn setting(self) -> Setting {
        match self {
            Self::AliasNotFound | Self::KeyAliasWithoutKeyStore => Setting::KeyAlias,
            Self::ClientAuthWithoutKeyStore | Self::ClientAuthWithoutTrustStore => Setting::ClientAuthEnabled,
            Self::ClientWithoutTrustStore => Setting::TrustStore,
            Self::CommonNameOnServer => Setting::CommonName,
            Self::ServerWithoutKeyStore => Setting::KeyStore,
            Self::Locked(setting)
            | Self::NameEmpty(setting)
            | Self::NameInSlots(setting)
            | Self::ReferenceNotFound(setting)
            | Self::ReferenceNowhere(setting)
            | Self::StoreEmpty(setting)
            | Self::StoreKind(setting)
            | Self::StoreNotFound(setting)
            | Self::StoreUnusable(setting)
            | Self::VariableOnServer(setting)
            | Self::VariableUnset(setting) => setting,
            Self::WaiversNotCompiled => Setting::IgnoreValidationErrors,
        }
    }

    /// Returns what was found there.
    pub const fn found(self) -> &'static str {
        match self {
            Self::AliasNotFound => "an alias that the store of identities does not have",
            Self::ClientAuthWithoutKeyStore => "true on a client without KeyStore",
            Self::ClientAuthWithoutTrustStore => "true on a server without TrustStore",
            Self::ClientWithoutTrustStore | Self::ServerWithoutKeyStore => "nothing",
            Self::CommonNameOnServer => "a server's common name on a server",
            Self::KeyAliasWithoutKeyStore => "an alias without KeyStore",
            Self::Locked(_) => "it in the settings of a site",
            Self::NameEmpty(_) => "an empty name",
            Self::NameInSlots(_) => "the name of a store, although stores are in slots",
            Self::ReferenceNotFound(_) => "an unknown reference",
            Self::ReferenceNowhere(_) => "a reference without a target, or whose target no longer exists",
            Self::StoreEmpty(_) => "an empty store",
            Self::StoreKind(_) => "a reference to the wrong kind of store",
            Self::StoreNotFound(_) => "an unknown store",
            Self::StoreUnusable(_) => "a store whose content is unusable or too large",
            Self::VariableOnServer(_) => "a flow variable on a server",
            Self::VariableUnset(_) => "a flow variable without a value",
            Self::WaiversNotCompiled => "true without Enforce, in a build without the feature dangerous-waivers",
        }
    }

    /// Returns what is required instead.
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::AliasNotFound => "one of its aliases",
            Self::ClientAuthWithoutKeyStore => "KeyStore with the identities to send, or false",
            Self::ClientAuthWithoutTrustStore => "TrustStore with the CAs of the clients, or false",
            Self::ClientWithoutTrustStore => "the store of the servers' CAs: none are built in",
            Self::CommonNameOnServer => "none: only clients check one",
            Self::KeyAliasWithoutKeyStore => "a KeyStore as well, or no alias",
            Self::Locked(_) => "only KeyAlias: the rest is locked",
            Self::NameEmpty(_) => "at least one character",
            Self::NameInSlots(_) => "ref:// and the name of a reference",
            Self::ReferenceNotFound(_) | Self::StoreNotFound(_) => "one that the program has",
            Self::ReferenceNowhere(_) => "a reference that was set to a store",
            Self::ServerWithoutKeyStore => "the store of the server's identities",
            Self::StoreEmpty(Setting::TrustStore) => "at least one trust anchor",
            Self::StoreEmpty(_) => "at least one identity",
            Self::StoreKind(Setting::TrustStore) => "a reference to trust anchors",
            Self::StoreKind(_) => "a reference to an identity",
            Self::StoreUnusable(Setting::TrustStore) => "CA certificates that fit into its memory",
            Self::StoreUnusable(_) => "our certificate with its intermediates",
            Self::VariableOnServer(_) => "a name: only clients have values for each connection",
            Self::VariableUnset(_) => "a value for this connection",
            Self::WaiversNotCompiled => "Enforce, or false, or a build with that feature",
        }
    }
}

impl Setting {
    /// Every setting, in alphabetical order.
    pub const ALL: &'static [Self] = &[
        Self::ClientAuthEnabled,
        Self::CommonName,
        Self::Enabled,
        Self::Enforce,
        Self::IgnoreValidationErrors,
        Self::KeyAlias,
        Self::KeyStore,
        Self::TrustStore,
    ];

    /// Returns its name, as in `KeyStore`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientAuthEnabled => "ClientAuthEnabled",
            Self::CommonName => "CommonName",
            Self::Enabled => "Enabled",
            Self::Enforce => "Enforce",
            Self::IgnoreValidationErrors => "IgnoreValidationErrors",
            Self::KeyAlias => "KeyAlias",
            Self::KeyStore => "KeyStore",
            Self::TrustStore => "TrustStore",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}, wanted {}", self.setting(), self.found(), self.wanted())
    }
}

impl core::error::Error for PolicyError {}
