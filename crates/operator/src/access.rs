//! Access rules for authenticated peers: one of an [`AllowList`] has to match, and none of a [`DenyList`].
//!
//! ```
//! use embedded_mtls::Credential;
//! use embedded_mtls::credential::{Entry, Selector};
//! use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
//! use embedded_mtls::io::SoftwareHost;
//! use embedded_mtls::x509::{PeerIdentity, Time};
//! use embedded_mtls_operator::access::{AllowList, Rule};
//!
//! const RULES: &[Rule<'static>] = &[Rule::CommonName("gateway-0042"), Rule::CommonName("gateway-0043")];
//!
//! fn serve<'b>(entries: &'b [Entry<'b>], keys: &'b [P256SigningKey], clock: fn() -> Time) {
//!     let authorize = |peer: &PeerIdentity<'_>| AllowList::any_of(RULES).authorize(RustCrypto, peer);
//!     let host = SoftwareHost::with_selector(Selector::new(entries), keys, clock).with_authorization(&authorize);
//!     // io::blocking::Stream::accept(…, host)
//! }
//! ```

use embedded_mtls::AlertDescription;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::{Name, PeerIdentity, SubjectAltName};

/// A property of a peer, by which it is authorized or denied. Rules about names and issuers never match a peer that is
/// [known by its key only](PeerIdentity::is_known_by_key_only), which chooses them itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule<'a> {
    /// The first common name of the subject is this, byte for byte. Further common names are ignored, as in Apache.
    CommonName(&'a str),
    /// SHA-256 of the certificate is this.
    Fingerprint([u8; 32]),
    /// The issuer of the certificate has this name.
    Issuer(Name<'a>),
    /// SHA-256 of the `SubjectPublicKeyInfo` is this, so that a certificate can be renewed with the same key. It is the
    /// value that `openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum` prints. Keys that sign
    /// by RSASSA-PSS only (`id-RSASSA-PSS`) never match.
    KeyPin([u8; 32]),
    /// The certificate is the one that this issuer gave this number (RFC 5280 section 4.1.2.2). Certificate revocation
    /// lists name certificates in this way.
    Serial {
        /// The name of the issuer.
        issuer: Name<'a>,
        /// The number, big-endian, 1 to 20 bytes as in DER: with a leading zero if the first bit of the next byte is set.
        serial: &'a [u8],
    },
    /// This is one of the subject alternative names. Host names are compared without regard to case, and a wildcard in
    /// the certificate matches only itself.
    SubjectAltName(SubjectAltName<'a>),
}

/// Rules, at least one of which has to match.
#[derive(Clone, Copy, Debug)]
pub struct AllowList<'a> {
    rules: Option<&'a [Rule<'a>]>,
}

impl<'a> AllowList<'a> {
    /// Allows every authenticated peer.
    pub const fn everybody() -> Self {
        Self { rules: None }
    }

    /// Allows each peer that one of the rules matches; no peer if there are no rules.
    pub const fn any_of(rules: &'a [Rule<'a>]) -> Self {
        Self { rules: Some(rules) }
    }

    /// Returns whether the peer is allowed.
    pub fn allows<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> bool {
        self.rules.is_none_or(|rules| rules.iter().any(|rule| rule.holds(provider, peer)))
    }

    /// Answers the authorization request of a handshake.
    ///
    /// # Errors
    /// [`AlertDescription::ACCESS_DENIED`] if the peer is not allowed: RFC 9846 section 6.2, "A valid certificate or PSK
    /// was received, but when access control was applied, the sender decided not to proceed with negotiation."
    pub fn authorize<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        if self.allows(provider, peer) { Ok(()) } else { Err(AlertDescription::ACCESS_DENIED) }
    }
}

/// Rules, none of which may match: certificates and keys that are trusted no longer, such as those of a stolen device.
///
/// It takes effect with the next handshake, also if that resumes a session, and depends on whoever distributes the list:
/// unlike a certificate revocation list, it is not signed, and does not expire. Deny a stolen device by its key
/// ([`Rule::KeyPin`]), which denies each of its certificates, or by [`Rule::Serial`]. A peer that is known by its key only
/// is denied by [`Rule::KeyPin`] alone. If the provider cannot hash the key of a peer, each [`Rule::KeyPin`] denies it; keys that
/// sign by RSASSA-PSS only are never [hashed](PeerIdentity::sha256_key_info), so that no [`Rule::KeyPin`] matches them.
///
/// ```
/// use embedded_mtls::AlertDescription;
/// use embedded_mtls::crypto::rustcrypto::RustCrypto;
/// use embedded_mtls::x509::PeerIdentity;
/// use embedded_mtls_operator::access::{AllowList, DenyList, Rule};
///
/// const STOLEN: &[Rule<'static>] = &[Rule::KeyPin([7; 32])];
///
/// fn authorize(allowed: &AllowList<'_>, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
///     DenyList::of(STOLEN).authorize(RustCrypto, peer)?;
///     allowed.authorize(RustCrypto, peer)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyList<'a> {
    rules: &'a [Rule<'a>],
}

impl<'a> DenyList<'a> {
    /// Denies each peer that one of the rules matches.
    pub const fn of(rules: &'a [Rule<'a>]) -> Self {
        Self { rules }
    }

    /// Returns whether the peer is denied.
    pub fn denies<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> bool {
        self.rule(provider, peer).is_some()
    }

    /// Returns the first rule that denies the peer.
    pub fn rule<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> Option<Rule<'a>> {
        self.rules.iter().copied().find(|rule| rule.decide(provider, peer).unwrap_or(true))
    }

    /// Answers the authorization request of a handshake.
    ///
    /// # Errors
    /// RFC 9846 section 6.2: [`AlertDescription::CERTIFICATE_REVOKED`] if the first rule that matches names the certificate
    /// ([`Rule::Serial`], [`Rule::Fingerprint`]), [`AlertDescription::ACCESS_DENIED`] if it is another one.
    pub fn authorize<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        match self.rule(provider, peer) {
            None => Ok(()),
            Some(Rule::Serial { .. } | Rule::Fingerprint(_)) => Err(AlertDescription::CERTIFICATE_REVOKED),
            Some(_) => Err(AlertDescription::ACCESS_DENIED),
        }
    }
}

impl Rule<'_> {
    /// Returns whether the rule matches the peer.
    pub fn holds<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> bool {
        self.decide(provider, peer).unwrap_or(false)
    }

    /// Returns whether the rule matches the peer; `None` if the provider failed to compute what is compared.
    fn decide<C: CryptoProvider>(&self, provider: C, peer: &PeerIdentity<'_>) -> Option<bool> {
        Some(match self {
            Self::CommonName(_) | Self::Issuer(_) | Self::Serial { .. } | Self::SubjectAltName(_)
                if peer.is_known_by_key_only() =>
            {
                false
            }
            Self::CommonName(name) => peer.common_name() == Some(name),
            // A peer without a certificate has no fingerprint.
            Self::Fingerprint(sha256) => *sha256 != [0; 32] && peer.sha256_fingerprint() == *sha256,
            Self::Issuer(name) => !name.is_empty() && peer.issuer() == *name,
            Self::Serial { issuer, serial } => {
                !issuer.is_empty() && peer.issuer() == *issuer && peer.serial() == *serial
            }
            Self::KeyPin(_) if peer.key_algorithm().is_pss_only() => false,
            Self::KeyPin(sha256) => peer.sha256_key_info(provider)? == *sha256,
            Self::SubjectAltName(name) => peer.subject_alt_names().any(|found| same(&found, name)),
        })
    }
}

fn same(found: &SubjectAltName<'_>, wanted: &SubjectAltName<'_>) -> bool {
    match (found, wanted) {
        (SubjectAltName::Dns(found), SubjectAltName::Dns(wanted)) => found.eq_ignore_ascii_case(wanted),
        // A name that could not be parsed matches nothing.
        (SubjectAltName::Other(_), _) => false,
        (found, wanted) => found == wanted,
    }
}
