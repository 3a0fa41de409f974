//! Trust anchors: authorities (RFC 5280 section 6.1.1 (d)), and pins of single certificates and keys.

use crate::crypto::CryptoProvider;
use crate::der::Reader;
use crate::error::{ApiMisuse, CertificateProblem, Error, Malformation};
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::certificate::{Certificate, FINGERPRINT, Origin, Within};
use crate::x509::identity::fingerprint;
use crate::x509::name::Name;
#[cfg(feature = "resumption")]
use crate::x509::name::constraints::NameConstraints;
use crate::x509::path::issuer::Issuer;
use crate::x509::time::{Time, UnixTime};

/// A trust anchor: 64 bytes on a 32-bit machine, borrowed from the DER it was made from. There are three kinds, which
/// may be mixed in one list:
///
/// | Made by | What is trusted | Ends a path |
/// |---|---|---|
/// | [`from_certificate`](Self::from_certificate), [`from_name_and_key`](Self::from_name_and_key) | an authority, root or intermediate | above what it issued |
/// | [`from_pinned_certificate`](Self::from_pinned_certificate), [`from_fingerprint`](Self::from_fingerprint) | one certificate | at the leaf, if it is this one |
/// | [`from_pinned_key`](Self::from_pinned_key) | one key, in any certificate | at the leaf, if it has this key |
///
/// # Authorities
///
/// RFC 5280 section 6.1.1 (d) defines an anchor as a name and a key. One made from a certificate also keeps the limits in
/// it, as RFC 5937 allows: validity, path length, name constraints and extended key usage. One made from a name and a
/// key has none, and never expires.
///
/// # Pins
///
/// A pin replaces the path, and nothing else. The certificate may be self-signed, or issued by anyone: signatures in
/// and above it are not verified, and its depth is 0. All other checks of a leaf apply to it: validity, the name of the
/// server, key usage, extended key usage, critical extensions, and those of the configuration; and the peer proves with
/// its CertificateVerify that it has the key. So an expired pinned certificate is rejected (a pinned key is valid in
/// the next certificate), unlike with DANE-EE, for which RFC 7671 section 5.1 drops name and validity.
///
/// A pin never acts as an authority: certificates that a pinned key has issued are not trusted.
///
/// The holder of a pinned *key* chooses the names in its certificate, so they prove nothing
/// ([`PeerIdentity::is_known_by_key_only`](crate::x509::PeerIdentity::is_known_by_key_only)): do not authorize it by them.
/// A client that has several pinned keys in one list accepts each of them for the name of every server. Pin keys in a list of their own, one list for each
/// server.
#[derive(Clone, Copy, Debug)]
pub struct TrustAnchor<'a> {
    kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    /// An authority.
    Issuer(Issuer<'a>),
    /// SHA-256 of the certificate.
    Certificate([u8; FINGERPRINT]),
    Key(PublicKey<'a>),
}

impl<'a> TrustAnchor<'a> {
    /// Makes an anchor from a CA certificate in DER. Its signature is not verified: it is trusted because it is
    /// configured. Version 1 is accepted, as widely trusted roots have it.
    ///
    /// # Errors
    /// [`ApiMisuse::TrustAnchorUnusable`] with the rule that the certificate broke:
    /// [`NotACa`](CertificateProblem::NotACa) for the certificate of a server or client,
    /// [`MissingCertSign`](CertificateProblem::MissingCertSign),
    /// [`UnsupportedKey`](CertificateProblem::UnsupportedKey),
    /// [`UnknownCriticalExtension`](CertificateProblem::UnknownCriticalExtension), or an encoding error.
    pub fn from_certificate(der: &'a [u8]) -> Result<Self, Error> {
        Self::of(Issuer::parse(der))
    }

    /// Makes an anchor from the DER of a distinguished name and of a `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
    ///
    /// # Errors
    /// [`ApiMisuse::TrustAnchorUnusable`] if one of them cannot be parsed, the name is empty or the
    /// key is of an unsupported kind.
    pub fn from_name_and_key(subject: &'a [u8], public_key_info: &'a [u8]) -> Result<Self, Error> {
        let parse = || {
            let (mut name, mut key) = (Reader::new(subject), Reader::new(public_key_info));
            let subject = Name::parse(&mut name).within(Malformation::Subject)?;
            let public_key = PublicKey::parse(&mut key).within(Malformation::PublicKey)?;
            name.finish().and(key.finish()).within(Malformation::Trailing)?;
            Issuer::new(subject, public_key)
        };
        Self::of(parse())
    }

    /// Pins exactly this certificate, in DER, of a server or client; only its SHA-256 is kept. See the pins
    /// [above](Self#pins).
    ///
    /// # Errors
    /// [`ApiMisuse::TrustAnchorUnusable`] if no peer could ever send it: it cannot be parsed as the certificate
    /// of a peer, or its key is of an unsupported kind. [`Error::ProviderFailed`] if it cannot be hashed.
    pub fn from_pinned_certificate<C: CryptoProvider>(provider: C, der: &[u8]) -> Result<Self, Error> {
        let parsed = Certificate::parse(der, Origin::Peer).and_then(|certificate| certificate.key.supported());
        parsed.map_err(unusable)?;
        fingerprint(provider, der).map(Self::from_fingerprint)
    }

    /// Pins the certificate that has this SHA-256, as `openssl x509 -fingerprint -sha256` prints it. See the
    /// pins [above](Self#pins).
    pub const fn from_fingerprint(sha256: [u8; FINGERPRINT]) -> Self {
        Self { kind: Kind::Certificate(sha256) }
    }

    /// Pins a public key, given as the DER of a `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), in any
    /// certificate. See the pins [above](Self#pins).
    ///
    /// # Errors
    /// [`ApiMisuse::TrustAnchorUnusable`] if it cannot be parsed or is of an unsupported kind.
    pub fn from_pinned_key(public_key_info: &'a [u8]) -> Result<Self, Error> {
        let parse = || {
            let mut reader = Reader::new(public_key_info);
            let key = PublicKey::parse(&mut reader).within(Malformation::PublicKey)?;
            reader.finish().within(Malformation::Trailing)?;
            key.supported()
        };
        parse().map(|key| Self { kind: Kind::Key(key) }).map_err(unusable)
    }

    /// Returns the name of the authority, whose DER is what `certificate_authorities` lists
    /// (RFC 9846 section 4.3.4); `None` for a pin.
    pub fn subject(&self) -> Option<Name<'a>> {
        self.issuer().map(|issuer| issuer.subject)
    }

    /// Returns the key and the limits of the authority; `None` for a pin.
    pub(super) const fn issuer(&self) -> Option<&Issuer<'a>> {
        match &self.kind {
            Kind::Issuer(issuer) => Some(issuer),
            Kind::Certificate(_) | Kind::Key(_) => None,
        }
    }

    /// Returns whether the anchor is a pin of this leaf.
    pub(super) fn pins(&self, leaf: &Certificate<'_>) -> bool {
        match &self.kind {
            Kind::Issuer(_) => false,
            Kind::Certificate(pinned) => leaf.fingerprint == Some(pinned),
            Kind::Key(pinned) => *pinned == leaf.key,
        }
    }

    /// Returns whether the anchor is a pin of a key, for which names in the certificate prove nothing.
    pub(super) const fn is_key(&self) -> bool {
        matches!(self.kind, Kind::Key(_))
    }

    /// Returns the last second of validity; `None` for a pin and for an anchor that never expires.
    pub fn not_after(&self) -> Option<UnixTime> {
        self.issuer()?.validity.map(|(_, not_after)| not_after)
    }

    /// Checks that the certificate of the anchor is valid at this time; paths that end at one that is not are refused. A
    /// pin and an anchor that never expires pass.
    ///
    /// # Errors
    /// [`CertificateProblem::AnchorExpired`], [`CertificateProblem::AnchorNotYetValid`].
    pub fn check_validity(&self, time: Time) -> Result<(), CertificateProblem> {
        self.issuer().map_or(Ok(()), |issuer| issuer.check_anchor_validity(time))
    }

    /// Gives the parts of all that a path to this anchor depends on to `part`.
    #[cfg(feature = "resumption")]
    pub(crate) fn describe(&self, part: &mut dyn FnMut(&[u8])) {
        match &self.kind {
            Kind::Issuer(issuer) => {
                part(b"issuer");
                let (not_before, not_after) = issuer.validity.unwrap_or(UnixTime::ALWAYS);
                part(issuer.subject.as_der());
                part(issuer.key.as_bytes());
                part(issuer.name_constraints.map_or(&[], NameConstraints::as_bytes));
                part(&not_before.0.to_be_bytes());
                part(&not_after.0.to_be_bytes());
                part(issuer.path_len.as_slice());
                part(issuer.purposes.map(|purposes| purposes.0).as_slice());
            }
            Kind::Certificate(fingerprint) => {
                part(b"certificate");
                part(fingerprint);
            }
            Kind::Key(key) => {
                part(b"key");
                part(key.as_bytes());
            }
        }
    }

    fn of(issuer: Result<Issuer<'a>, CertificateProblem>) -> Result<Self, Error> {
        issuer.map(|issuer| Self { kind: Kind::Issuer(issuer) }).map_err(unusable)
    }
}

fn unusable(problem: CertificateProblem) -> Error {
    ApiMisuse::TrustAnchorUnusable(problem).into()
}

#[cfg(all(test, feature = "resumption"))]
mod tests {
    use super::*;
    use crate::x509::certificate::algorithm::KeyAlgorithm;
    use crate::x509::certificate::extensions::Purposes;
    use std::vec::Vec;

    fn parts(kind: Kind<'_>) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        TrustAnchor { kind }.describe(&mut |part| parts.push(part.to_vec()));
        parts
    }

    #[test]
    fn the_description_of_an_anchor_differs_with_each_of_its_parts() {
        let named = |der| Name::parse(&mut Reader::new(der)).unwrap();
        let [one, other] = [
            b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01A",
            b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01B",
        ];
        let key = PublicKey::from_checked(KeyAlgorithm::EcP256, &[4; 65]);
        let another_key = PublicKey::from_checked(KeyAlgorithm::EcP256, &[5; 65]);
        let issuer = Issuer::new(named(one), key).unwrap();
        let mut noted = false;
        // Permitted: the host `a`.
        let constraints = NameConstraints::parse(b"\x30\x07\xa0\x05\x30\x03\x82\x01a", &mut noted).unwrap();
        let (first, last) = UnixTime::ALWAYS;
        let kinds = [
            Kind::Issuer(issuer),
            Kind::Issuer(Issuer { subject: named(other), ..issuer }),
            Kind::Issuer(Issuer { key: another_key, ..issuer }),
            Kind::Issuer(Issuer { name_constraints: Some(constraints), ..issuer }),
            Kind::Issuer(Issuer { validity: Some((UnixTime(0), last)), ..issuer }),
            Kind::Issuer(Issuer { validity: Some((first, UnixTime(0))), ..issuer }),
            Kind::Issuer(Issuer { path_len: Some(0), ..issuer }),
            Kind::Issuer(Issuer { path_len: Some(1), ..issuer }),
            Kind::Issuer(Issuer { purposes: Some(Purposes(1)), ..issuer }),
            Kind::Issuer(Issuer { purposes: Some(Purposes(2)), ..issuer }),
            Kind::Certificate([1; FINGERPRINT]),
            Kind::Certificate([2; FINGERPRINT]),
            Kind::Key(key),
            Kind::Key(another_key),
        ];
        for (at, kind) in kinds.iter().enumerate() {
            for other in &kinds[..at] {
                assert_ne!(parts(*kind), parts(*other), "{kind:?} and {other:?}");
            }
        }
        assert_eq!(parts(kinds[10])[0], b"certificate");
        assert_eq!(parts(kinds[12])[0], b"key");
        assert_eq!(parts(kinds[0])[0], b"issuer");
    }
}
