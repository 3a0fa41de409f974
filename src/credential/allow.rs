//! Who may in, of those who are authenticated: a list of rules, one of which has to hold.

use crate::crypto::CryptoProvider;
use crate::error::AlertDescription;
use crate::x509::{Name, PeerIdentity, SubjectAltName};

/// One way to be let in. Rules about names and issuers never hold for a peer that is
/// [known by its key only](PeerIdentity::is_known_by_key_only), which chooses them itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule<'a> {
    /// The first common name of the subject is this, byte for byte. One behind it counts as little as with Apache.
    CommonName(&'a str),
    /// SHA-256 of the certificate is this.
    Fingerprint([u8; 32]),
    /// The issuer of the certificate has this name.
    Issuer(Name<'a>),
    /// SHA-256 of the `SubjectPublicKeyInfo` is this, so that a certificate can be renewed with its key: what
    /// `openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum` prints. Keys that sign by
    /// RSASSA-PSS only (`id-RSASSA-PSS`) never match.
    KeyPin([u8; 32]),
    /// This is one of the subject alternative names. Host names are compared without regard to case, and a wildcard in
    /// the certificate stands for itself only.
    SubjectAltName(SubjectAltName<'a>),
}

/// Rules of which one has to hold.
#[derive(Clone, Copy, Debug)]
pub struct AllowList<'a> {
    rules: Option<&'a [Rule<'a>]>,
}

impl<'a> AllowList<'a> {
    /// Everybody who is authenticated.
    pub const fn everybody() -> Self {
        Self { rules: None }
    }

    /// Whoever one of the rules lets in; nobody if there is none.
    pub const fn any_of(rules: &'a [Rule<'a>]) -> Self {
        Self { rules: Some(rules) }
    }

    /// Whether the peer may in.
    pub fn allows<C: CryptoProvider>(&self, peer: &PeerIdentity<'_>) -> bool {
        self.rules.is_none_or(|rules| rules.iter().any(|rule| rule.holds::<C>(peer)))
    }

    /// The same as an answer to the authorization request of a handshake.
    ///
    /// # Errors
    /// [`AlertDescription::ACCESS_DENIED`] if the peer may not in: RFC 9846 section 6.2, "A valid certificate or PSK
    /// was received, but when access control was applied, the sender decided not to proceed with negotiation."
    pub fn authorize<C: CryptoProvider>(&self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        if self.allows::<C>(peer) { Ok(()) } else { Err(AlertDescription::ACCESS_DENIED) }
    }
}

impl Rule<'_> {
    /// Whether the rule lets the peer in.
    pub fn holds<C: CryptoProvider>(&self, peer: &PeerIdentity<'_>) -> bool {
        match self {
            Self::CommonName(_) | Self::Issuer(_) | Self::SubjectAltName(_) if peer.is_known_by_key_only() => false,
            Self::CommonName(name) => peer.common_name() == Some(name),
            // Who has no fingerprint is nobody.
            Self::Fingerprint(sha256) => *sha256 != [0; 32] && peer.sha256_fingerprint() == *sha256,
            Self::Issuer(name) => !name.is_empty() && peer.issuer() == *name,
            Self::KeyPin(sha256) => peer.sha256_key_info::<C>().as_ref() == Some(sha256),
            Self::SubjectAltName(name) => peer.subject_alt_names().any(|found| same(&found, name)),
        }
    }
}

fn same(found: &SubjectAltName<'_>, wanted: &SubjectAltName<'_>) -> bool {
    match (found, wanted) {
        (SubjectAltName::Dns(found), SubjectAltName::Dns(wanted)) => found.eq_ignore_ascii_case(wanted),
        // What could not be read is nobody's name.
        (SubjectAltName::Other(_), _) => false,
        (found, wanted) => found == wanted,
    }
}
