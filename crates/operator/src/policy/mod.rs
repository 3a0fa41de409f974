//! Policies: the settings by which gateways and web servers are told how to use TLS, under the names that their
//! operators know.
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
//! | `Enabled` | TLS is used; without it there is no policy at all, whatever else is set | the same |
//! | `ClientAuthEnabled` | we send a certificate to a server that asks | clients have to send one |
//! | `KeyStore` | our identities; used with `ClientAuthEnabled` only | our identities; always |
//! | `KeyAlias` | the identity to send; without it, chosen by the request of the server | the identity to send to every client; without it, chosen by the server name that the client requests |
//! | `TrustStore` | who may issue the server's certificate; always, as no authorities are built in | who may issue those of clients; used with `ClientAuthEnabled` only |
//! | `Enforce` | nothing is waived, whatever `IgnoreValidationErrors` says | the same; used with `ClientAuthEnabled` only |
//! | `IgnoreValidationErrors` | see below | see below; used with `ClientAuthEnabled` only |
//! | `CommonName` | asked for instead of the server name, see [`CommonName`] | never |
//!
//! A setting that means nothing beside the others is no error: documents of gateways have such. [`Policy::without_effect`]
//! lists them, for programs to tell of. What contradicts itself is refused.
//!
//! A policy says who, not where: the server name of a client is an argument of
//! [`config`](Resolved::<Client>::config), and what a policy does not speak of is added to the configuration that
//! it gives.
//!
//! # What is enforced
//!
//! | `Enforce` | `IgnoreValidationErrors` | expired, self-signed, untrusted root, invalid | another name |
//! |---|---|---|---|
//! | true | either | refused | refused |
//! | unset or false | unset or false | refused | refused |
//! | unset or false | true | waived and reported | refused |
//!
//! CertificateVerify and Finished are never waived. The last row needs the feature `dangerous-waivers`, and that
//! the program accepts each peer as it is: [`Policy::waivers`] is what the configuration tolerates, and
//! `AuthorizeRequest::dangerous_accept_waived` accepts it. Where
//! `Enforce` makes `IgnoreValidationErrors` void, [`Policy::is_ignoring_overruled`] returns `true`.
//!
//! # The same in Apache and nginx
//!
//! A server's handling of clients without a certificate, with [`ClientAuth`](embedded_mtls::ClientAuth) of the core:
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
//! | Written | What it means | To change it |
//! |---|---|---|
//! | `gateway-2026` | the store of this name | another policy: a restart of a program, a new image of firmware |
//! | `ref://gateway` | what the [`Reference`](embedded_mtls::credential::Reference) of this name points to | [`Reference::set`](embedded_mtls::credential::Reference::set): new handshakes take it, running ones and sessions keep what they have |
//!
//! A policy is [resolved](Policy::resolve) once for each handshake, and both references are read then and never again.
//! To go from a name to a reference is to change the policy once.
//!
//! Stores lie in slices ([`Stores`]), which may be `static`, or in [`Slots`](embedded_mtls::credential::Slots), of which each
//! holds a store: an identity with its alias, or a set of trust anchors. Slots are found by reference only
//! ([`Policy::lease`]): what nothing points to may be replaced at any time.
//!
//! # Who may change what
//!
//! One connection of a client may be given another alias ([`Policy::with_alias`]). A server has no such thing: it
//! chooses by the name that its client asks for. A site may set the alias of a policy that another party owns
//! ([`Policy::at_site`]), and beside it where to connect to; [`Site`] has no field for anything else.
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
use embedded_mtls::x509::{CommonName, Waivers};
use embedded_mtls::{Client, Side};

/// Settings that do not contradict each other, of the role `S`.
pub struct Policy<'a, S: Side> {
    settings: Settings<'a>,
    role: PhantomData<fn() -> S>,
}

impl<'a, S: Side> Policy<'a, S> {
    /// The policy of these settings; `None` if TLS is not enabled. A program that has nothing but TLS has to refuse
    /// that.
    ///
    /// # Errors
    /// The first contradiction among the settings.
    pub fn new(settings: Settings<'a>) -> Result<Option<Self>, PolicyError> {
        settings.check(S::IS_CLIENT)?;
        Ok(settings.enabled.then_some(Self { settings, role: PhantomData }))
    }

    /// The settings as they were given.
    pub const fn settings(&self) -> &Settings<'a> {
        &self.settings
    }

    /// Names the store of our identities. `None` on a client without `ClientAuthEnabled`, whatever is set: it shows none.
    pub fn key_store(&self) -> Option<StoreName<'a>> {
        self.effective(self.settings.key_store, Setting::KeyStore).map(StoreName::parse)
    }

    /// Names which identity is shown. `None` where [`key_store`](Self::key_store) is.
    pub fn key_alias(&self) -> Option<&'a str> {
        self.effective(self.settings.key_alias, Setting::KeyAlias)
    }

    /// Names the store of the trust anchors. `None` on a server without `ClientAuthEnabled`, whatever is set: it checks
    /// nobody.
    pub fn trust_store(&self) -> Option<StoreName<'a>> {
        self.effective(self.settings.trust_store, Setting::TrustStore).map(StoreName::parse)
    }

    /// Lists the settings that are given and mean nothing beside the others. They are no error, as documents of gateways
    /// have them; but whoever wrote them may believe otherwise, so a program should tell of them.
    pub fn without_effect(&self) -> impl Iterator<Item = Setting> {
        let settings = self.settings;
        Setting::ALL.iter().copied().filter(move |setting| settings.is_without_effect(*setting, S::IS_CLIENT))
    }

    fn effective(&self, value: Option<&'a str>, setting: Setting) -> Option<&'a str> {
        value.filter(|_| !self.settings.is_without_effect(setting, S::IS_CLIENT))
    }

    /// Returns what is tolerated in the path of the peer: everything that can be waived, or nothing.
    pub const fn waivers(&self) -> Waivers {
        #[cfg(feature = "dangerous-waivers")]
        if self.settings.dangerous_ignore_validation_errors && !self.settings.enforce {
            return Waivers::NONE
                .dangerous_waive_expired()
                .dangerous_waive_invalid()
                .dangerous_waive_self_signed()
                .dangerous_waive_untrusted_root();
        }
        Waivers::NONE
    }

    /// Returns whether `IgnoreValidationErrors` is set without effect, because `Enforce` is set as well.
    pub const fn is_ignoring_overruled(&self) -> bool {
        self.settings.dangerous_ignore_validation_errors && self.settings.enforce
    }

    /// The policy as this site has it.
    ///
    /// # Errors
    /// The contradiction that the site has brought in.
    pub fn at_site(self, site: &Site<'a>) -> Result<Self, PolicyError> {
        site.key_alias.map_or(Ok(self), |alias| self.showing(alias))
    }

    fn showing(self, alias: &'a str) -> Result<Self, PolicyError> {
        let settings = Settings { key_alias: Some(alias), ..self.settings };
        settings.check(S::IS_CLIENT)?;
        Ok(Self { settings, ..self })
    }
}

impl<'a, P: CryptoProvider> Policy<'a, Client<P>> {
    /// The policy for a connection that is to show another identity of the same store.
    ///
    /// A server has no such thing:
    ///
    /// ```compile_fail,E0599
    /// # use embedded_mtls::{Client, Server};
    /// # use embedded_mtls_operator::policy::Policy;
    /// # fn client(policy: Policy<'static, Client>) { let _ = policy.with_alias("orders"); }
    /// fn each_request(policy: Policy<'static, Server>) { let _ = policy.with_alias("orders"); }
    /// ```
    ///
    /// # Errors
    /// [`PolicyError::KeyAliasWithoutKeyStore`] if the policy shows none at all.
    pub fn with_alias(self, alias: &'a str) -> Result<Self, PolicyError> {
        self.showing(alias)
    }

    /// The common name that the server has to have, if it is asked for one.
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
