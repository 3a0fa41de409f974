//! A policy with the content of its stores: the configuration and answers of one handshake.

use core::fmt;

use embedded_mtls::credential::{Entry, NoMatch, Selector};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{Client, ClientAuth, ClientConfig, Role, Server, ServerConfig, Side};

use super::error::{PolicyError, Setting};
use super::stores::Stores;
use super::{Policy, StoreName};

/// A policy with its identities and trust anchors. It is for one handshake: the next one resolves again, in case a
/// reference was moved.
pub struct Resolved<'b, S: Side> {
    policy: Policy<'b, S>,
    entries: &'b [Entry<'b>],
    anchors: &'b [TrustAnchor<'b>],
}

impl<S: Side> fmt::Debug for Resolved<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved").finish_non_exhaustive()
    }
}

impl<'a, S: Side> Policy<'a, S> {
    /// Looks up both stores. References are read now and not again.
    ///
    /// # Errors
    /// The name that cannot be resolved.
    pub fn resolve<'b>(&self, stores: &Stores<'b>) -> Result<Resolved<'b, S>, PolicyError>
    where
        'a: 'b,
    {
        self.check_variables()?;
        let entries = self.key_store().map(|name: StoreName<'_>| stores.entries(name)).transpose()?;
        let anchors = self.trust_store().map(|name| stores.anchors(name)).transpose()?;
        self.resolve_with(entries.unwrap_or_default(), anchors.unwrap_or_default())
    }

    /// Resolves the policy with the contents of its stores, for programs that look up names in their own way: the
    /// entries of its key store and the anchors of its trust store, each empty if the policy names none.
    ///
    /// # Errors
    /// [`PolicyError::StoreEmpty`], [`PolicyError::AliasNotFound`], [`PolicyError::VariableUnset`].
    pub fn resolve_with<'b>(
        &self,
        entries: &'b [Entry<'b>],
        anchors: &'b [TrustAnchor<'b>],
    ) -> Result<Resolved<'b, S>, PolicyError>
    where
        'a: 'b,
    {
        self.check_variables()?;
        let policy: Policy<'b, S> = *self;
        // Contents that the policy does not name are not used.
        let entries = if policy.key_store().is_some() { entries } else { &[] };
        let anchors = if policy.trust_store().is_some() { anchors } else { &[] };
        if policy.key_store().is_some() && entries.is_empty() {
            return Err(PolicyError::StoreEmpty(Setting::KeyStore));
        }
        if policy.trust_store().is_some() && anchors.is_empty() {
            return Err(PolicyError::StoreEmpty(Setting::TrustStore));
        }
        if policy.key_alias().is_some_and(|alias| entries.iter().all(|entry| entry.alias != alias)) {
            return Err(PolicyError::AliasNotFound);
        }
        Ok(Resolved { policy, entries, anchors })
    }
}

impl<'b, S: Side> Resolved<'b, S> {
    /// The policy.
    pub const fn policy(&self) -> &Policy<'b, S> {
        &self.policy
    }

    /// Returns the rules that select the credential: that of the alias, or one that matches the peer's request.
    ///
    /// If none matches, a client sends none; a server sends the one of the alias anyway, and ends the handshake without
    /// an alias. [`Selector::no_match`] changes this.
    pub fn selector(&self) -> Selector<'b> {
        let alias = self.policy.key_alias();
        let no_match = match (S::ROLE, alias) {
            (Role::Client, _) => NoMatch::Decline,
            (Role::Server, Some(alias)) => NoMatch::Default(alias),
            (Role::Server, None) => NoMatch::Fail,
        };
        Selector { alias, no_match, ..Selector::new(self.entries) }
    }
}

impl<'b, P: CryptoProvider> Resolved<'b, Client<P>> {
    /// Returns the configuration of a client that connects to `server_name`.
    pub const fn config(&self, server_name: ServerName<'b>) -> ClientConfig<'b> {
        let mut config = ClientConfig::new(server_name, self.anchors);
        if let Some(name) = self.policy.settings.common_name {
            config = config.with_common_name(name);
        }
        #[cfg(feature = "dangerous-waivers")]
        {
            config = config.dangerous_with_waivers(self.policy.waivers());
        }
        config
    }
}

impl<'b, P: CryptoProvider> Resolved<'b, Server<P>> {
    /// Returns the configuration of the server.
    pub const fn config(&self) -> ServerConfig<'b> {
        let required = self.policy.settings.client_auth_enabled;
        let client_auth = if required { ClientAuth::Required(self.anchors) } else { ClientAuth::None };
        let config = ServerConfig::new(client_auth);
        #[cfg(feature = "dangerous-waivers")]
        let config = config.dangerous_with_waivers(self.policy.waivers());
        config
    }
}

impl<S: Side> Clone for Resolved<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Side> Copy for Resolved<'_, S> {}
