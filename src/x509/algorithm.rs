//! Algorithm identifiers: which kinds of keys and signatures a certificate can hold.
//!
//! A new algorithm is one variant and one match arm in each function here, and one variant of
//! [`SignatureAlgorithm`]; nothing else in this module knows algorithms.

use super::der::{self, Malformed, Reader};
use crate::crypto::{HashAlgorithm, SignatureAlgorithm};

/// 1.2.840.10045.2.1, `id-ecPublicKey` (RFC 5480 section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, `secp256r1` (RFC 5480 section 2.1.1.1).
const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.2.840.10045.4.3.2, `ecdsa-with-SHA256` (RFC 5758 section 3.2).
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// Bytes of an uncompressed P-256 point (SEC 1 section 2.3.3).
const P256_POINT: usize = 65;

/// The kind of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// An elliptic curve point on P-256.
    EcP256,
    /// A kind that this build does not support.
    Unsupported,
}

/// How a certificate is signed, as far as its `signatureAlgorithm` tells: for ECDSA the curve is
/// known only from the key of the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureKind {
    EcdsaSha256,
    Unsupported,
}

/// A `SubjectPublicKeyInfo`.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicKey<'a> {
    pub(super) algorithm: KeyAlgorithm,
    /// Empty if the algorithm is not supported.
    pub(super) bytes: &'a [u8],
}

impl<'a> PublicKey<'a> {
    pub(super) fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut info = reader.nested(der::SEQUENCE)?;
        let mut identifier = info.nested(der::SEQUENCE)?;
        let oid = identifier.value(der::OID)?;
        let bytes = info.bit_string_bytes()?;
        info.finish()?;
        if oid != EC_PUBLIC_KEY {
            return Ok(Self { algorithm: KeyAlgorithm::Unsupported, bytes: &[] });
        }
        // RFC 5480 section 2.1.1: "implicitCurve and specifiedCurve MUST NOT be used in PKIX."
        let curve = identifier.value(der::OID)?;
        identifier.finish()?;
        // RFC 5480 section 2.2: "Implementations ... MUST support the uncompressed form and MAY
        // support the compressed form": this one does not.
        Ok(match (curve, bytes) {
            (SECP256R1, [0x04, ..]) if bytes.len() == P256_POINT => Self { algorithm: KeyAlgorithm::EcP256, bytes },
            _ => Self { algorithm: KeyAlgorithm::Unsupported, bytes: &[] },
        })
    }
}

impl KeyAlgorithm {
    /// The kind of key that makes such signatures.
    pub(super) const fn of(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => Self::EcP256,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Unsupported => 0,
            Self::EcP256 => 1,
        }
    }

    pub(super) const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcP256,
            _ => Self::Unsupported,
        }
    }
}

impl SignatureKind {
    /// From the content of an `AlgorithmIdentifier`.
    pub(super) fn parse(identifier: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(identifier);
        match reader.value(der::OID)? {
            // RFC 5758 section 3.2: "the encoding MUST omit the parameters field."
            ECDSA_WITH_SHA256 => reader.finish().map(|()| Self::EcdsaSha256),
            _ => Ok(Self::Unsupported),
        }
    }

    /// The hash over what is signed; `None` where the signature takes the signed bytes themselves,
    /// or is not supported.
    pub(super) const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::EcdsaSha256 => Some(HashAlgorithm::Sha256),
            Self::Unsupported => None,
        }
    }

    /// The algorithm that checks such a signature with a key of the issuer.
    pub(super) const fn with_key(self, key: KeyAlgorithm) -> Option<SignatureAlgorithm> {
        match (self, key) {
            (Self::EcdsaSha256, KeyAlgorithm::EcP256) => Some(SignatureAlgorithm::EcdsaP256Sha256),
            _ => None,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Unsupported => 0,
            Self::EcdsaSha256 => 1,
        }
    }

    pub(super) const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcdsaSha256,
            _ => Self::Unsupported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        [&[tag, u8::try_from(content.len()).unwrap()][..], &content].concat()
    }

    fn key(curve: &[u8], point: &[u8]) -> Result<KeyAlgorithm, Malformed> {
        key_of(EC_PUBLIC_KEY, curve, point)
    }

    fn key_of(algorithm: &[u8], parameters: &[u8], point: &[u8]) -> Result<KeyAlgorithm, Malformed> {
        let identifier = tlv(der::SEQUENCE, &[&tlv(der::OID, &[algorithm]), parameters]);
        let info = tlv(der::SEQUENCE, &[&identifier, &tlv(der::BIT_STRING, &[&[0], point])]);
        PublicKey::parse(&mut Reader::new(&info)).map(|key| key.algorithm)
    }

    #[test]
    fn only_uncompressed_points_of_a_named_curve_are_keys() {
        let named = tlv(der::OID, &[SECP256R1]);
        let mut point = [7; P256_POINT];
        point[0] = 4;
        assert_eq!(key(&named, &point), Ok(KeyAlgorithm::EcP256));
        assert_eq!(key(&named, &point[..64]), Ok(KeyAlgorithm::Unsupported));
        point[0] = 2;
        assert_eq!(key(&named, &point[..33]), Ok(KeyAlgorithm::Unsupported));
        assert_eq!(key(&tlv(der::OID, &[&[0x2b, 0x81, 0x04, 0x00, 0x22]]), &point), Ok(KeyAlgorithm::Unsupported));
        assert_eq!(key(&[5, 0], &point), Err(Malformed));
        assert_eq!(key(&[], &point), Err(Malformed));
        // id-ecDH may not sign, whatever its parameters are.
        let ecdh = [0x2b, 0x81, 0x04, 0x01, 0x0c];
        point[0] = 4;
        assert_eq!(key_of(&ecdh, &named, &point), Ok(KeyAlgorithm::Unsupported));
        assert_eq!(key_of(&ecdh, &[5, 0], &point), Ok(KeyAlgorithm::Unsupported));
    }

    #[test]
    fn ecdsa_takes_no_parameters() {
        let mut identifier = tlv(der::OID, &[ECDSA_WITH_SHA256]);
        assert_eq!(SignatureKind::parse(&identifier), Ok(SignatureKind::EcdsaSha256));
        identifier.extend_from_slice(&[5, 0]);
        assert_eq!(SignatureKind::parse(&identifier), Err(Malformed));
        assert_eq!(SignatureKind::parse(&tlv(der::OID, &[&[0x2a]])), Ok(SignatureKind::Unsupported));
    }

    #[test]
    fn codes_lead_back_to_what_they_stand_for() {
        for kind in [SignatureKind::EcdsaSha256, SignatureKind::Unsupported] {
            assert_eq!(SignatureKind::from_code(kind.code()), kind);
        }
        for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::Unsupported] {
            assert_eq!(KeyAlgorithm::from_code(algorithm.code()), algorithm);
        }
    }
}
