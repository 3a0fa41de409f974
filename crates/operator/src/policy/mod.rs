//! Policies: the TLS settings of gateways and web servers, under the names that their operators know.
//!
//! # Model
//!
//! ```text
//!   Settings ──▶ Policy<Client> or Policy<Server> ──▶ Resolved ──▶ ClientConfig or ServerConfig
//!   as they      refused if they contradict           once for      Selector: which credential
//!   were given   each other                           a handshake   waivers:  what may be let pass
//! ```
//!
//! The same [`Settings`] serve both roles:
//!
//! | Setting | Client | Server |
//! |---|---|---|
//! | `Enabled` | TLS is used; otherwise there is no policy, regardless of other settings | the same |
//! | `ClientAuthEnabled` | we send a certificate to a server that requests one | clients have to send one |
//! | `KeyStore` | our identities; used only with `ClientAuthEnabled` | our identities; always used |
//! | `KeyAlias` | the identity to send; otherwise the server's request selects one | the identity to send to every client; otherwise the requested server name selects one |
//! | `TrustStore` | the trusted issuers of the server's certificate; always used, since no authorities are built in | the trusted issuers of clients' certificates; used only with `ClientAuthEnabled` |
//! | `Enforce` | nothing is waived, regardless of `IgnoreValidationErrors` | the same; used only with `ClientAuthEnabled` |
//! | `IgnoreValidationErrors` | see below | see below; used only with `ClientAuthEnabled` |
//! | `CommonName` | required instead of the server name, see [`CommonName`] | never used |
//!
//! A setting without effect is not an error, since gateways' documents contain such settings.
//! [`Policy::without_effect`] lists them, so that programs can report them. Contradictory settings are errors.
//!
//! A policy defines identities and trust, not the endpoint: the server name of a client is an argument of
//! [`config`](Resolved::<Client>::config), and other options are added to the configuration that it returns.
//!
//! # What is enforced
//!
//! | `Enforce` | `IgnoreValidationErrors` | expired, self-signed, untrusted root, invalid | wrong name |
//! |---|---|---|---|
//! | true | either | refused | refused |
//! | unset or false | unset or false | refused | refused |
//! | unset or false | true | waived and reported | refused |
//!
//! CertificateVerify and Finished are never waived. The last row requires the feature `dangerous-waivers`, and the
//! program has to accept each such peer: [`Policy::waivers`] is what the configuration tolerates, and
//! `AuthorizeRequest::dangerous_accept_waived` accepts it. If `Enforce` overrides `IgnoreValidationErrors`,
//! [`Policy::is_ignoring_overruled`] returns `true`.
//!
//! # The same in Apache and nginx
//!
//! A server's handling of clients without a certificate, with the core's [`ClientAuth`](embedded_mtls::ClientAuth):
//!
//! | Policy | [`ClientAuth`](embedded_mtls::ClientAuth) | Apache | nginx |
//! |---|---|---|---|
//! | `ClientAuthEnabled` unset or false | `None` | `SSLVerifyClient none` | `ssl_verify_client off` |
//! | (not a setting; use the core) | `Optional` | `SSLVerifyClient optional` | `ssl_verify_client optional` |
//! | `ClientAuthEnabled` true | `Required` | `SSLVerifyClient require` | `ssl_verify_client on` |
//!
//! One difference matters to clients: nginx completes the handshake and answers an invalid or missing certificate with
//! HTTP status 400; here, as with Apache, the handshake fails with an alert. `optional_no_ca`, which accepts certificates of
//! unknown issuers, is possible only with the feature `dangerous-waivers`.
//!
//! # Names and references
//!
//! `KeyStore` and `TrustStore` name a store, or, as in `ref://gateway`, a reference to one:
//!
//! | Value | Meaning | To change it |
//! |---|---|---|
//! | `gateway-2026` | the store of this name | change the policy: restart the program, or flash the firmware |
//! | `{ssl.keystore}` | on a client, the value that [`Policy::with_variables`] has for one connection: a name or `ref://` and a name; `KeyAlias` may be one, too | give the next connection another value |
//! | `ref://gateway` | what the [`Reference`](embedded_mtls::credential::Reference) of this name points to | [`Reference::set`](embedded_mtls::credential::Reference::set): new handshakes take it, running ones and sessions keep what they have |
//!
//! A policy is [resolved](Policy::resolve) once for each handshake, and both references are read then and never again.
//! Changing from a name to a reference is a single change of the policy.
//!
//! Stores are in slices ([`Stores`]), which may be `static`, or in [`Slots`](embedded_mtls::credential::Slots), each of
//! which holds one store: an identity with its alias, or a set of trust anchors. Slots can be named only by reference
//! ([`Policy::lease`]), since unreferenced slots may be replaced at any time.
//!
//! # Who may change what
//!
//! One connection of a client may use another alias ([`Policy::with_alias`]), and other values of flow variables. A server cannot: it
//! selects by the name that the client requests, and flow variables in its settings are refused. A site may set the alias in a policy that another party owns ([`Policy::at_site`]), as
//! well as the endpoint; [`Site`] has no field for anything else.
//!
//! ```
//! use embedded_mtls::Client;
//! use embedded_mtls_operator::policy::{Policy, PolicyError, Settings};
//!
//! let settings = Settings {
//!     enabled: true,
//!     client_auth_enabled: true,
//!     key_store: Some("ref://gateway"),
//!     key_alias: Some("orders"),
//!     trust_store: Some("suppliers"),
//!     ..Settings::default()
//! };
//! assert!(Policy::<Client>::new(settings)?.is_some());
//!
//! let error = Policy::<Client>::new(Settings { key_store: None, ..settings }).err();
//! assert_eq!(error, Some(PolicyError::KeyAliasWithoutKeyStore));
//! # Ok::<(), PolicyError>(())
//! ```

mod error;
mod lease;
mod resolved;
mod settings;
mod stores;

pub use self::error::{PolicyError, Setting};
pub use self::lease::Leased;
pub use self::resolved::Resolved;
pub use self::settings::{Settings, Site};
pub use self::stores::{KeyStore, NamedReference, StoreName, Stores, TrustStore};

use core::fmt;
use core::marker::PhantomData;

use embedded_mtls::crypto::CryptoProvider;
#[cfg(feature = "dangerous-waivers")]
use embedded_mtls::x509::WaivableCause;
use embedded_mtls::x509::{CommonName, Waivers};
use embedded_mtls::{Client, Side};

/// Consistent settings for the role `S`.
pub struct Policy<'a, S: Side> {
    settings: Settings<'a>,
    role: PhantomData<fn() -> S>,
}

impl<'a, S: Side> Policy<'a, S> {
    /// Creates a policy from these settings; `None` if TLS is not enabled. A program that supports only TLS has to
    /// reject that.
    ///
    /// # Errors
    /// The first contradiction among the settings.
    pub fn new(settings: Settings<'a>) -> Result<Option<Self>, PolicyError> {
        settings.check(S::ROLE)?;
        Ok(settings.enabled.then_some(Self { settings, role: PhantomData }))
    }

    /// Returns the settings as given.
    pub const fn settings(&self) -> &Settings<'a> {
        &self.settings
    }

    /// Returns the store of our identities. Always `None` on a client without `ClientAuthEnabled`, which sends no
    /// certificate.
    pub fn key_store(&self) -> Option<StoreName<'a>> {
        self.effective(self.settings.key_store, Setting::KeyStore).map(StoreName::parse)
    }

    /// Returns the alias of the identity to send. `None` if [`key_store`](Self::key_store) is `None`.
    pub fn key_alias(&self) -> Option<&'a str> {
        self.effective(self.settings.key_alias, Setting::KeyAlias)
    }

    /// Returns the store of the trust anchors. Always `None` on a server without `ClientAuthEnabled`, which checks no
    /// clients.
    pub fn trust_store(&self) -> Option<StoreName<'a>> {
        self.effective(self.settings.trust_store, Setting::TrustStore).map(StoreName::parse)
    }

    /// Lists the settings that have no effect next to the others. They are not errors, since gateways' documents
    /// contain them, but their author may expect an effect, so a program should report them.
    pub fn without_effect(&self) -> impl Iterator<Item = Setting> {
        let settings = self.settings;
        Setting::ALL.iter().copied().filter(move |setting| settings.is_without_effect(*setting, S::ROLE))
    }

    fn effective(&self, value: Option<&'a str>, setting: Setting) -> Option<&'a str> {
        value.filter(|_| !self.settings.is_without_effect(setting, S::ROLE))
    }

    /// Returns what is tolerated in the path of the peer: everything that can be waived, or nothing.
    pub const fn waivers(&self) -> Waivers {
        #[cfg(feature = "dangerous-waivers")]
        if self.settings.dangerous_ignore_validation_errors && !self.settings.enforce {
            return Waivers::NONE
                .dangerous_waive(WaivableCause::Expired)
                .dangerous_waive(WaivableCause::Invalid)
                .dangerous_waive(WaivableCause::SelfSigned)
                .dangerous_waive(WaivableCause::UntrustedRoot);
        }
        Waivers::NONE
    }

    /// Returns whether `IgnoreValidationErrors` is set without effect, because `Enforce` is set as well.
    pub const fn is_ignoring_overruled(&self) -> bool {
        self.settings.dangerous_ignore_validation_errors && self.settings.enforce
    }

    /// Applies the settings of a site.
    ///
    /// # Errors
    /// The contradiction that the site's settings cause.
    pub fn at_site(self, site: &Site<'a>) -> Result<Self, PolicyError> {
        site.key_alias.map_or(Ok(self), |alias| self.showing(alias))
    }

    /// Returns the policy for one connection, in which flow variables have these values, each behind its name. They are read for
    /// each connection and never again; a value may name a reference.
    ///
    /// ```
    /// use embedded_mtls::Client;
    /// use embedded_mtls_operator::policy::{Policy, PolicyError, Settings, StoreName};
    ///
    /// let settings = Settings { enabled: true, trust_store: Some("{ssl.truststore}"), ..Settings::default() };
    /// let policy = Policy::<Client>::new(settings)?.expect("TLS is enabled");
    /// let connection = policy.with_variables(&[("ssl.truststore", "ref://suppliers")])?;
    /// assert_eq!(connection.trust_store(), Some(StoreName::Reference("suppliers")));
    /// # Ok::<(), PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// [`PolicyError::VariableUnset`]: a variable that is not among them, or whose value is another variable; the contradiction that
    /// the values cause.
    pub fn with_variables(self, values: &[(&str, &'a str)]) -> Result<Self, PolicyError> {
        let value = |setting: Option<&'a str>| {
            let name = setting.and_then(settings::variable);
            let value = values.iter().find(|(known, _)| name == Some(*known)).map(|(_, value)| *value);
            value.or(setting)
        };
        let Settings { key_store, key_alias, trust_store, .. } = self.settings;
        let [key_store, key_alias, trust_store] = [key_store, key_alias, trust_store].map(value);
        let settings = Settings { key_store, key_alias, trust_store, ..self.settings };
        settings.check(S::ROLE)?;
        let policy = Self { settings, ..self };
        policy.check_variables().map(|()| policy)
    }

    /// Checks that no setting with an effect is a flow variable.
    fn check_variables(&self) -> Result<(), PolicyError> {
        self.settings.variable(S::ROLE).map_or(Ok(()), |setting| Err(PolicyError::VariableUnset(setting)))
    }

    fn showing(self, alias: &'a str) -> Result<Self, PolicyError> {
        let settings = Settings { key_alias: Some(alias), ..self.settings };
        settings.check(S::ROLE)?;
        Ok(Self { settings, ..self })
    }
}

impl<'a, P: CryptoProvider> Policy<'a, Client<P>> {
    /// Returns the policy for a connection that sends another identity of the same store.
    ///
    /// Not available on a server:
    ///
    /// ```compile_fail,E0599
    /// # use embedded_mtls::{Client, Server};
    /// # use embedded_mtls_operator::policy::Policy;
    /// # fn client(policy: Policy<'static, Client>) { let _ = policy.with_alias("orders"); }
    /// fn each_request(policy: Policy<'static, Server>) { let _ = policy.with_alias("orders"); }
    /// ```
    ///
    /// # Errors
    /// [`PolicyError::KeyAliasWithoutKeyStore`] if the policy sends no identity.
    pub fn with_alias(self, alias: &'a str) -> Result<Self, PolicyError> {
        self.showing(alias)
    }

    /// Returns the common name that the server must have, if one is required.
    pub const fn common_name(&self) -> Option<CommonName<'a>> {
        self.settings.common_name
    }
}

impl<S: Side> Clone for Policy<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Side> Copy for Policy<'_, S> {}

impl<S: Side> fmt::Debug for Policy<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}
