//! The identity of the peer, from its certificate.

pub(super) mod key_info;
pub(super) mod own;

use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::error::Error;
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
use crate::x509::certificate::{Certificate, FINGERPRINT};
use crate::x509::name::Name;
use crate::x509::name::general::{GeneralName, GeneralNames, SubjectAltName};
use crate::x509::time::UnixTime;
#[cfg(feature = "resumption")]
use core::time::Duration;

/// The identity of the peer, from the certificate it authenticated with.
///
/// It borrows from the summary in the peer memory, and implies no trust: the function that returns it documents
/// whether the path to a trust anchor and the signature of the peer were verified.
#[derive(Clone, Copy, Debug)]
pub struct PeerIdentity<'a> {
    leaf: Certificate<'a>,
}

impl<'a> PeerIdentity<'a> {
    /// An empty identity, without name and key, which no rule accepts.
    pub(crate) const NOBODY: Self = Self { leaf: Certificate::EMPTY };

    pub(crate) const fn new(leaf: Certificate<'a>) -> Self {
        Self { leaf }
    }

    /// Returns the subject of the certificate. It may be empty: then the peer is known by its
    /// [subject alternative names](Self::subject_alt_names) only (RFC 5280 section 4.1.2.6).
    pub const fn subject(&self) -> Name<'a> {
        self.leaf.subject
    }

    /// Returns the first common name of the subject, if it is text.
    pub fn common_name(&self) -> Option<&'a str> {
        self.leaf.subject.common_name()
    }

    /// Returns whether no authority vouches for the names in the certificate: its key is
    /// [pinned](crate::x509::TrustAnchor::from_pinned_key), and the holder of the key can put any name and any issuer
    /// into a certificate. Decide by the [key](Self::sha256_key_info) then, never by a name.
    pub const fn is_known_by_key_only(&self) -> bool {
        self.leaf.is_key_pinned
    }

    /// Returns the name of the authority that issued the certificate.
    pub const fn issuer(&self) -> Name<'a> {
        self.leaf.issuer
    }

    /// Returns the serial number, big-endian, 1 to 20 bytes as in its DER (RFC 5280 section 4.1.2.2).
    /// Unique only together with the issuer.
    pub const fn serial(&self) -> &'a [u8] {
        self.leaf.serial
    }

    /// Returns the first second of validity (RFC 5280 section 4.1.2.5).
    pub const fn not_before(&self) -> UnixTime {
        self.leaf.not_before
    }

    /// Returns the last second of validity (RFC 5280 section 4.1.2.5).
    pub const fn not_after(&self) -> UnixTime {
        self.leaf.not_after
    }

    /// Lists the subject alternative names in the order of the certificate (RFC 5280 section 4.2.1.6).
    pub fn subject_alt_names(&self) -> impl Iterator<Item = SubjectAltName<'a>> + use<'a> {
        let names = self.leaf.extensions.subject_alt_name.unwrap_or(GeneralNames::from_checked(&[]));
        names.iter().map(GeneralName::to_public)
    }

    /// Returns the SHA-256 of the DER of the whole certificate: 32 bytes, as `openssl x509 -fingerprint -sha256`
    /// prints them.
    pub fn sha256_fingerprint(&self) -> [u8; FINGERPRINT] {
        self.leaf.fingerprint.copied().unwrap_or_default()
    }

    /// Hashes the DER of the `SubjectPublicKeyInfo` with SHA-256 (RFC 5280 section 4.1.2.7), which stays the same when a
    /// certificate is renewed with its key. `None` for keys that sign by RSASSA-PSS only, whose parameters are not
    /// kept.
    pub fn sha256_key_info<C: CryptoProvider>(&self, provider: C) -> Option<[u8; FINGERPRINT]> {
        key_info::sha256(provider, &self.leaf.key)
    }

    /// Returns how long ago the peer proved that it has the key of the certificate, if that was in an earlier connection,
    /// which this one [resumes](crate::NegotiatedParameters::resumed); `None` if it was in the handshake of this one.
    #[cfg(feature = "resumption")]
    pub fn proved_before(&self) -> Option<Duration> {
        self.leaf.proof_age.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// The kind of signature of the certificate.
    pub const fn signature_kind(&self) -> SignatureKind {
        self.leaf.signature_kind
    }

    /// Returns the kind of the public key.
    pub const fn key_algorithm(&self) -> KeyAlgorithm {
        self.leaf.key.algorithm()
    }

    /// Returns the public key, in the encoding of its [kind](KeyAlgorithm): for P-256 the uncompressed point, 65 bytes.
    /// Empty if the kind is not supported.
    pub fn public_key(&self) -> &'a [u8] {
        self.leaf.key.supported().map_or(&[], PublicKey::as_bytes)
    }
}

/// Hashes a whole certificate. Each provider has SHA-256: no cipher suite works without it.
///
/// # Errors
/// [`Error::ProviderFailed`]: without it nobody could be denied by it.
pub(crate) fn fingerprint<C: CryptoProvider>(provider: C, certificate: &[u8]) -> Result<[u8; FINGERPRINT], Error> {
    let digest = provider.digest(HashAlgorithm::Sha256, &[certificate]).ok();
    digest.and_then(|digest| digest.as_bytes().first_chunk().copied()).ok_or(Error::ProviderFailed)
}
