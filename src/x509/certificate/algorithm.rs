//! Algorithm identifiers: the kinds of keys and signatures that a certificate can have.
//!
//! An algorithm that is not compiled in is not recognised, and costs nothing elsewhere. A new algorithm is one
//! variant and one match arm in each function here, and one variant of [`SignatureAlgorithm`]; nothing
//! else in this module knows algorithms.

use crate::crypto::{CryptoError, CryptoProvider, HashAlgorithm, SignatureAlgorithm};
use crate::der::{self, Malformed, Reader, oid};
use crate::error::{CertificateProblem, Error, PeerMisbehaved};
use crate::wire::enums::SignatureScheme;
use core::fmt;

/// Bytes of an uncompressed P-256 point (SEC 1 section 2.3.3).
const P256_POINT: usize = 65;
/// Bytes of an uncompressed P-384 point.
#[cfg(feature = "p384")]
const P384_POINT: usize = 97;
/// Bytes of an Ed25519 public key (RFC 8032 section 5.1.5).
#[cfg(feature = "ed25519")]
const ED25519_KEY: usize = 32;

/// The kind of a public key. A kind that is not compiled in is [`Unsupported`](Self::Unsupported).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// An elliptic curve point on P-256: uncompressed, 65 bytes (RFC 5480 section 2.2).
    EcP256,
    /// An elliptic curve point on P-384: uncompressed, 97 bytes (feature `p384`).
    EcP384,
    /// Ed25519, 32 bytes (RFC 8410 section 4; feature `ed25519`).
    Ed25519,
    /// RSA of 2048 to 4096 bits, for PKCS#1 v1.5 and PSS: DER `RSAPublicKey` (RFC 8017 appendix A.1.1;
    /// feature `rsa`).
    Rsa,
    /// RSA that signs by PSS only (`id-RSASSA-PSS`, RFC 4055 section 3.1), else like [`Rsa`](Self::Rsa).
    RsaPss,
    /// RSA that signs by PSS with SHA-256 only.
    RsaPssSha256,
    /// RSA that signs by PSS with SHA-384 only.
    RsaPssSha384,
    /// RSA that signs by PSS with SHA-512 only.
    RsaPssSha512,
    /// A kind that this build does not support, or that is too weak.
    Unsupported,
}

impl KeyAlgorithm {
    /// Returns whether a key signs by RSASSA-PSS only (RFC 4055 section 3.1), so that its
    /// [hash](crate::x509::PeerIdentity::sha256_key_info) is not known.
    pub const fn is_pss_only(self) -> bool {
        matches!(self, Self::RsaPss | Self::RsaPssSha256 | Self::RsaPssSha384 | Self::RsaPssSha512)
    }
}

/// The kind of a signature, from `signatureAlgorithm`: for ECDSA the curve is known only from the key of the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SignatureKind {
    /// ECDSA with SHA-256 (RFC 5758 section 3.2).
    EcdsaSha256,
    /// ECDSA with SHA-384 (feature `p384`).
    EcdsaSha384,
    /// Ed25519 (RFC 8410 section 6; feature `ed25519`).
    Ed25519,
    /// RSA by PKCS#1 v1.5 with SHA-256 (RFC 4055 section 5; feature `rsa`).
    RsaPkcs1Sha256,
    /// RSA by PKCS#1 v1.5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSA by PKCS#1 v1.5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSA by PSS with SHA-256 (RFC 4055 section 3; feature `rsa`).
    RsaPssSha256,
    /// RSA by PSS with SHA-384.
    RsaPssSha384,
    /// RSA by PSS with SHA-512.
    RsaPssSha512,
    /// A kind that this build does not support.
    Unsupported,
}

/// A `SubjectPublicKeyInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey<'a> {
    algorithm: KeyAlgorithm,
    /// The key. If the algorithm is not supported, the object identifier of the curve or else of the algorithm; if that is
    /// supported, the first bytes of the key, which determine its form or size (see [`Unsupported`](super::unsupported::Unsupported)).
    bytes: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Makes a key that was parsed before.
    pub(in crate::x509) const fn from_checked(algorithm: KeyAlgorithm, bytes: &'a [u8]) -> Self {
        Self { algorithm, bytes }
    }

    pub(crate) const fn algorithm(self) -> KeyAlgorithm {
        self.algorithm
    }

    pub(crate) const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut info = reader.nested(der::SEQUENCE)?;
        let mut identifier = info.nested(der::SEQUENCE)?;
        let oid = identifier.value(der::OID)?;
        let bytes = info.bit_string_bytes()?;
        info.finish()?;
        match oid {
            // A guard calls the comparison of slices; a pattern compares byte by byte in place, in 150 bytes more code.
            _ if oid == oid::EC_PUBLIC_KEY => Self::on_curve(identifier, bytes),
            // RFC 8410 section 3: "the parameters MUST be absent."
            #[cfg(feature = "ed25519")]
            oid::ED25519 => {
                identifier.finish()?;
                let key = Self { algorithm: KeyAlgorithm::Ed25519, bytes };
                if bytes.len() == ED25519_KEY { Ok(key) } else { Err(Malformed) }
            }
            #[cfg(feature = "rsa")]
            oid::RSA_ENCRYPTION | oid::RSASSA_PSS => match rsa::key(oid, identifier, bytes)? {
                KeyAlgorithm::Unsupported if rsa::has_known_size(bytes) => Ok(Self::unsupported(oid)),
                KeyAlgorithm::Unsupported => Ok(Self::unsupported(bytes.get(..UNSUPPORTED).unwrap_or(bytes))),
                algorithm => Ok(Self { algorithm, bytes }),
            },
            _ => Ok(Self::unsupported(oid)),
        }
    }

    const fn unsupported(reason: &'a [u8]) -> Self {
        Self { algorithm: KeyAlgorithm::Unsupported, bytes: reason }
    }

    /// Parses the parameters of `id-ecPublicKey`, with the key.
    fn on_curve(mut parameters: Reader<'a>, point: &'a [u8]) -> Result<Self, Malformed> {
        // RFC 5480 section 2.1.1: "implicitCurve and specifiedCurve MUST NOT be used in PKIX."
        let curve = parameters.value(der::OID)?;
        parameters.finish()?;
        let (algorithm, len) = match curve {
            _ if curve == oid::SECP256R1 => (KeyAlgorithm::EcP256, P256_POINT),
            #[cfg(feature = "p384")]
            oid::SECP384R1 => (KeyAlgorithm::EcP384, P384_POINT),
            _ => return Ok(Self::unsupported(curve)),
        };
        // RFC 5480 section 2.2: "Implementations ... MUST support the uncompressed form and MAY
        // support the compressed form": this one does not.
        if point.len() == len && point.first() == Some(&0x04) {
            Ok(Self { algorithm, bytes: point })
        } else {
            Ok(Self::unsupported(point.get(..1).unwrap_or(point)))
        }
    }

    /// Fails if this build does not support the key.
    pub(crate) const fn supported(self) -> Result<Self, CertificateProblem> {
        match self.algorithm {
            KeyAlgorithm::Unsupported => Err(CertificateProblem::UnsupportedKey),
            _ => Ok(self),
        }
    }

    /// Verifies a CertificateVerify over `message`. One public-key operation.
    pub(crate) fn verify<C: CryptoProvider>(
        &self,
        provider: C,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let algorithm = self.algorithm.verifies(scheme).filter(|algorithm| C::SIGNATURE_ALGORITHMS.contains(algorithm));
        let algorithm = algorithm.ok_or(PeerMisbehaved::SignatureSchemeNotOffered)?;
        self.verify_by(provider, algorithm, message, signature)
            .map_err(|error| error.or(PeerMisbehaved::SignatureIncorrect))
    }

    /// Verifies a signature over `message` by an algorithm that matches the key. One public-key operation.
    pub(crate) fn verify_by<C: CryptoProvider>(
        &self,
        provider: C,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        match algorithm.hash() {
            Some(hash) if !C::VERIFIES_MESSAGES => {
                provider.verify(algorithm, self.bytes, provider.digest(hash, &[message])?.as_bytes(), signature)
            }
            _ => provider.verify(algorithm, self.bytes, message, signature),
        }
    }

    /// Returns the bytes of the longest signature of this key, as TLS encodes it.
    pub(crate) fn signature_len(&self) -> usize {
        match self.algorithm {
            // DER: 9 bytes around two numbers of which each may have a zero in front.
            KeyAlgorithm::EcP256 => 72,
            KeyAlgorithm::EcP384 => 104,
            KeyAlgorithm::Ed25519 => 64,
            #[cfg(feature = "rsa")]
            KeyAlgorithm::Rsa
            | KeyAlgorithm::RsaPss
            | KeyAlgorithm::RsaPssSha256
            | KeyAlgorithm::RsaPssSha384
            | KeyAlgorithm::RsaPssSha512 => {
                crate::crypto::rsa::PublicKey::parse(self.bytes).map_or(0, |key| key.modulus_len())
            }
            _ => 0,
        }
    }
}

/// Bytes that are kept of an RSA key of an unsupported size: up to the first byte of its modulus.
#[cfg(feature = "rsa")]
const UNSUPPORTED: usize = 12;

#[cfg(feature = "rsa")]
mod rsa {
    use super::{HashAlgorithm, KeyAlgorithm, Malformed, Reader, SignatureKind, der, oid};
    use crate::crypto::{CryptoError, rsa};

    pub(crate) fn key(oid: &[u8], mut parameters: Reader<'_>, bytes: &[u8]) -> Result<KeyAlgorithm, Malformed> {
        let algorithm = if oid == oid::RSA_ENCRYPTION {
            // RFC 3279 section 2.3.1: "The parameters field MUST have ASN.1 type NULL".
            if !parameters.null_or_absent()? {
                return Err(Malformed);
            }
            KeyAlgorithm::Rsa
        } else if parameters.is_empty() {
            KeyAlgorithm::RsaPss
        } else {
            // RFC 4055 section 3.3: these parameters apply to each signature.
            match pss(&mut parameters)? {
                Some(HashAlgorithm::Sha256) => KeyAlgorithm::RsaPssSha256,
                Some(HashAlgorithm::Sha384) => KeyAlgorithm::RsaPssSha384,
                Some(HashAlgorithm::Sha512) => KeyAlgorithm::RsaPssSha512,
                None => KeyAlgorithm::Unsupported,
            }
        };
        parameters.finish()?;
        match rsa::PublicKey::parse(bytes) {
            Ok(_) => Ok(algorithm),
            Err(CryptoError::Unsupported) => Ok(KeyAlgorithm::Unsupported),
            Err(_) => Err(Malformed),
        }
    }

    /// Returns whether the size of the key is supported.
    pub(crate) fn has_known_size(key: &[u8]) -> bool {
        rsa::PublicKey::parse(key).is_ok()
    }

    /// RFC 4055 section 5: "the parameters MUST be NULL. Implementations MUST accept the parameters
    /// being absent as well as present."
    pub(crate) fn pkcs1(mut parameters: Reader<'_>, kind: SignatureKind) -> Result<SignatureKind, Malformed> {
        parameters.null_or_absent()?;
        parameters.finish()?;
        Ok(kind)
    }

    /// RFC 4055 section 3.1: the parameters "MUST be present" in the identifier of a signature.
    pub(crate) fn pss_signature(mut parameters: Reader<'_>) -> Result<SignatureKind, Malformed> {
        let kind = match pss(&mut parameters)? {
            Some(HashAlgorithm::Sha256) => SignatureKind::RsaPssSha256,
            Some(HashAlgorithm::Sha384) => SignatureKind::RsaPssSha384,
            Some(HashAlgorithm::Sha512) => SignatureKind::RsaPssSha512,
            None => SignatureKind::Unsupported,
        };
        parameters.finish()?;
        Ok(kind)
    }

    /// Parses `RSASSA-PSS-params` (RFC 4055 section 3.1): the hash, if the rest is as in TLS, MGF1 of
    /// the same hash and a salt as long as a digest; `None` for anything else, including the defaults,
    /// which mean SHA-1.
    fn pss(reader: &mut Reader<'_>) -> Result<Option<HashAlgorithm>, Malformed> {
        let mut fields = reader.nested(der::SEQUENCE)?;
        let hash = match fields.optional(der::context_constructed(0))? {
            Some(field) => {
                let mut reader = Reader::new(field);
                let hash = self::hash(&mut reader)?;
                reader.finish()?;
                hash
            }
            None => None,
        };
        let mask_hash = match fields.optional(der::context_constructed(1))? {
            Some(field) => {
                let mut identifier = Reader::inside(field, der::SEQUENCE)?;
                if identifier.value(der::OID)? != oid::MGF1 {
                    return Ok(None);
                }
                let mask_hash = self::hash(&mut identifier)?;
                identifier.finish()?;
                mask_hash
            }
            None => None,
        };
        let salt_len = match fields.optional(der::context_constructed(2))? {
            Some(field) => integer(field)?,
            None => &[20],
        };
        // A verifier must accept a trailerField of 1 that is encoded, though it is the default.
        let trailer = match fields.optional(der::context_constructed(3))? {
            Some(field) => integer(field)?,
            None => &[1],
        };
        fields.finish()?;
        Ok(hash.filter(|hash| {
            let len = u8::try_from(hash.output_len());
            mask_hash == Some(*hash) && trailer == [1] && len.is_ok_and(|len| salt_len == [len])
        }))
    }

    /// Parses the `AlgorithmIdentifier` of a hash. RFC 4055 section 2.1: "All implementations MUST accept both
    /// NULL and absent parameters as legal and equivalent encodings."
    fn hash(reader: &mut Reader<'_>) -> Result<Option<HashAlgorithm>, Malformed> {
        let mut identifier = reader.nested(der::SEQUENCE)?;
        let hash = match identifier.value(der::OID)? {
            oid::SHA256 => HashAlgorithm::Sha256,
            oid::SHA384 => HashAlgorithm::Sha384,
            oid::SHA512 => HashAlgorithm::Sha512,
            _ => return Ok(None),
        };
        identifier.null_or_absent()?;
        identifier.finish()?;
        Ok(Some(hash))
    }

    fn integer(field: &[u8]) -> Result<&[u8], Malformed> {
        let mut reader = Reader::new(field);
        let integer = reader.integer()?;
        reader.finish()?;
        Ok(integer)
    }
}

impl KeyAlgorithm {
    /// Returns the algorithm that verifies a CertificateVerify of this scheme with such a key; `None` if the scheme is
    /// for another kind. RFC 9846 section 4.3.3 binds curve and hash for ECDSA, and distinguishes the two
    /// kinds of RSA keys.
    pub(crate) fn verifies(self, scheme: SignatureScheme) -> Option<SignatureAlgorithm> {
        let fits = match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => self == Self::EcP256,
            SignatureScheme::ECDSA_SECP384R1_SHA384 => self == Self::EcP384,
            SignatureScheme::ED25519 => self == Self::Ed25519,
            SignatureScheme::RSA_PSS_RSAE_SHA256
            | SignatureScheme::RSA_PSS_RSAE_SHA384
            | SignatureScheme::RSA_PSS_RSAE_SHA512 => self == Self::Rsa,
            SignatureScheme::RSA_PSS_PSS_SHA256 => matches!(self, Self::RsaPss | Self::RsaPssSha256),
            SignatureScheme::RSA_PSS_PSS_SHA384 => matches!(self, Self::RsaPss | Self::RsaPssSha384),
            SignatureScheme::RSA_PSS_PSS_SHA512 => matches!(self, Self::RsaPss | Self::RsaPssSha512),
            _ => false,
        };
        SignatureAlgorithm::of(scheme).filter(|_| fits)
    }

    /// Returns the scheme with which such a key signs by default.
    pub(crate) const fn default_scheme(self) -> Option<SignatureScheme> {
        match self {
            Self::EcP256 => Some(SignatureScheme::ECDSA_SECP256R1_SHA256),
            Self::EcP384 => Some(SignatureScheme::ECDSA_SECP384R1_SHA384),
            Self::Ed25519 => Some(SignatureScheme::ED25519),
            Self::Rsa => Some(SignatureScheme::RSA_PSS_RSAE_SHA256),
            Self::RsaPss | Self::RsaPssSha256 => Some(SignatureScheme::RSA_PSS_PSS_SHA256),
            Self::RsaPssSha384 => Some(SignatureScheme::RSA_PSS_PSS_SHA384),
            Self::RsaPssSha512 => Some(SignatureScheme::RSA_PSS_PSS_SHA512),
            Self::Unsupported => None,
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Unsupported => 0,
            Self::EcP256 => 1,
            Self::EcP384 => 2,
            Self::Ed25519 => 3,
            Self::Rsa => 4,
            Self::RsaPss => 5,
            Self::RsaPssSha256 => 6,
            Self::RsaPssSha384 => 7,
            Self::RsaPssSha512 => 8,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcP256,
            2 => Self::EcP384,
            3 => Self::Ed25519,
            4 => Self::Rsa,
            5 => Self::RsaPss,
            6 => Self::RsaPssSha256,
            7 => Self::RsaPssSha384,
            8 => Self::RsaPssSha512,
            _ => Self::Unsupported,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcP256 => "P-256",
            Self::EcP384 => "P-384",
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA",
            Self::RsaPss => "RSA-PSS",
            Self::RsaPssSha256 => "RSA-PSS with SHA-256",
            Self::RsaPssSha384 => "RSA-PSS with SHA-384",
            Self::RsaPssSha512 => "RSA-PSS with SHA-512",
            Self::Unsupported => "unsupported",
        })
    }
}

impl fmt::Display for SignatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaSha256 => "ECDSA with SHA-256",
            Self::EcdsaSha384 => "ECDSA with SHA-384",
            Self::Ed25519 => "Ed25519",
            Self::RsaPkcs1Sha256 => "RSA PKCS#1 v1.5 with SHA-256",
            Self::RsaPkcs1Sha384 => "RSA PKCS#1 v1.5 with SHA-384",
            Self::RsaPkcs1Sha512 => "RSA PKCS#1 v1.5 with SHA-512",
            Self::RsaPssSha256 => "RSA-PSS with SHA-256",
            Self::RsaPssSha384 => "RSA-PSS with SHA-384",
            Self::RsaPssSha512 => "RSA-PSS with SHA-512",
            Self::Unsupported => "unsupported",
        })
    }
}

impl SignatureKind {
    /// Parses the content of an `AlgorithmIdentifier`; returns also its object identifier. RFC 5758 section 3.2 of ECDSA:
    /// "the encoding MUST omit the parameters field." The keytool of Java 11 encodes NULL, which `written` notes.
    pub(super) fn parse<'a>(identifier: &'a [u8], written: &mut bool) -> Result<(Self, &'a [u8]), Malformed> {
        let mut reader = Reader::new(identifier);
        let mut ecdsa = |mut parameters: Reader<'_>, kind| {
            *written = parameters.null_or_absent()?;
            parameters.finish().map(|()| kind)
        };
        let oid = reader.value(der::OID)?;
        let kind = match oid {
            _ if oid == oid::ECDSA_WITH_SHA256 => ecdsa(reader, Self::EcdsaSha256),
            #[cfg(feature = "p384")]
            oid::ECDSA_WITH_SHA384 => ecdsa(reader, Self::EcdsaSha384),
            // RFC 8410 section 3: "the parameters MUST be absent."
            #[cfg(feature = "ed25519")]
            oid::ED25519 => reader.finish().map(|()| Self::Ed25519),
            #[cfg(feature = "rsa")]
            oid::SHA256_WITH_RSA => rsa::pkcs1(reader, Self::RsaPkcs1Sha256),
            #[cfg(feature = "rsa")]
            oid::SHA384_WITH_RSA => rsa::pkcs1(reader, Self::RsaPkcs1Sha384),
            #[cfg(feature = "rsa")]
            oid::SHA512_WITH_RSA => rsa::pkcs1(reader, Self::RsaPkcs1Sha512),
            #[cfg(feature = "rsa")]
            oid::RSASSA_PSS => rsa::pss_signature(reader),
            _ => Ok(Self::Unsupported),
        };
        kind.map(|kind| (kind, oid))
    }

    /// Returns the hash over the signed part; `None` where the signature takes the signed bytes themselves,
    /// or is not supported.
    pub(crate) const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::EcdsaSha256 | Self::RsaPkcs1Sha256 | Self::RsaPssSha256 => Some(HashAlgorithm::Sha256),
            Self::EcdsaSha384 | Self::RsaPkcs1Sha384 | Self::RsaPssSha384 => Some(HashAlgorithm::Sha384),
            Self::RsaPkcs1Sha512 | Self::RsaPssSha512 => Some(HashAlgorithm::Sha512),
            Self::Ed25519 | Self::Unsupported => None,
        }
    }

    /// Returns whether the signature takes the signed bytes themselves.
    pub(crate) const fn takes_message(self) -> bool {
        matches!(self, Self::Ed25519)
    }

    /// Returns the algorithm that verifies such a signature with a key of the issuer. Keys of both kinds of RSA
    /// sign by PSS (RFC 4055 section 3.1), only `rsaEncryption` by PKCS#1 v1.5.
    pub(crate) const fn with_key(self, key: KeyAlgorithm) -> Option<SignatureAlgorithm> {
        use KeyAlgorithm as Key;
        match (self, key) {
            (Self::EcdsaSha256, Key::EcP256) => Some(SignatureAlgorithm::EcdsaP256Sha256),
            (Self::EcdsaSha384, Key::EcP256) => Some(SignatureAlgorithm::EcdsaP256Sha384),
            (Self::EcdsaSha256, Key::EcP384) => Some(SignatureAlgorithm::EcdsaP384Sha256),
            (Self::EcdsaSha384, Key::EcP384) => Some(SignatureAlgorithm::EcdsaP384Sha384),
            (Self::Ed25519, Key::Ed25519) => Some(SignatureAlgorithm::Ed25519),
            (Self::RsaPkcs1Sha256, Key::Rsa) => Some(SignatureAlgorithm::RsaPkcs1Sha256),
            (Self::RsaPkcs1Sha384, Key::Rsa) => Some(SignatureAlgorithm::RsaPkcs1Sha384),
            (Self::RsaPkcs1Sha512, Key::Rsa) => Some(SignatureAlgorithm::RsaPkcs1Sha512),
            (Self::RsaPssSha256, Key::Rsa | Key::RsaPss | Key::RsaPssSha256) => Some(SignatureAlgorithm::RsaPssSha256),
            (Self::RsaPssSha384, Key::Rsa | Key::RsaPss | Key::RsaPssSha384) => Some(SignatureAlgorithm::RsaPssSha384),
            (Self::RsaPssSha512, Key::Rsa | Key::RsaPss | Key::RsaPssSha512) => Some(SignatureAlgorithm::RsaPssSha512),
            _ => None,
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Unsupported => 0,
            Self::EcdsaSha256 => 1,
            Self::EcdsaSha384 => 2,
            Self::Ed25519 => 3,
            Self::RsaPkcs1Sha256 => 4,
            Self::RsaPkcs1Sha384 => 5,
            Self::RsaPkcs1Sha512 => 6,
            Self::RsaPssSha256 => 7,
            Self::RsaPssSha384 => 8,
            Self::RsaPssSha512 => 9,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcdsaSha256,
            2 => Self::EcdsaSha384,
            3 => Self::Ed25519,
            4 => Self::RsaPkcs1Sha256,
            5 => Self::RsaPkcs1Sha384,
            6 => Self::RsaPkcs1Sha512,
            7 => Self::RsaPssSha256,
            8 => Self::RsaPssSha384,
            9 => Self::RsaPssSha512,
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
        key_of(oid::EC_PUBLIC_KEY, curve, point)
    }

    fn key_of(algorithm: &[u8], parameters: &[u8], point: &[u8]) -> Result<KeyAlgorithm, Malformed> {
        let identifier = tlv(der::SEQUENCE, &[&tlv(der::OID, &[algorithm]), parameters]);
        let info = tlv(der::SEQUENCE, &[&identifier, &tlv(der::BIT_STRING, &[&[0], point])]);
        PublicKey::parse(&mut Reader::new(&info)).map(|key| key.algorithm)
    }

    #[test]
    fn only_uncompressed_points_of_a_named_curve_are_keys() {
        let named = tlv(der::OID, &[oid::SECP256R1]);
        let mut point = [7; P256_POINT];
        point[0] = 4;
        assert_eq!(key(&named, &point), Ok(KeyAlgorithm::EcP256));
        assert_eq!(key(&named, &point[..64]), Ok(KeyAlgorithm::Unsupported));
        point[0] = 2;
        assert_eq!(key(&named, &point[..33]), Ok(KeyAlgorithm::Unsupported));
        assert_eq!(key(&tlv(der::OID, &[&[0x2b, 0x81, 0x04, 0x00, 0x23]]), &point), Ok(KeyAlgorithm::Unsupported));
        assert_eq!(key(&[5, 0], &point), Err(Malformed));
        assert_eq!(key(&[], &point), Err(Malformed));
        // id-ecDH may not sign, whatever its parameters are.
        let ecdh = [0x2b, 0x81, 0x04, 0x01, 0x0c];
        point[0] = 4;
        assert_eq!(key_of(&ecdh, &named, &point), Ok(KeyAlgorithm::Unsupported));
        assert_eq!(key_of(&ecdh, &[5, 0], &point), Ok(KeyAlgorithm::Unsupported));
    }

    fn kind(identifier: &[u8]) -> Result<SignatureKind, Malformed> {
        SignatureKind::parse(identifier, &mut false).map(|(kind, _)| kind)
    }

    #[test]
    fn ecdsa_takes_no_parameters_and_a_null_is_noted() {
        let identifier = tlv(der::OID, &[oid::ECDSA_WITH_SHA256]);
        for (parameters, expected) in [
            (&[][..], Ok((SignatureKind::EcdsaSha256, false))),
            (&[5, 0], Ok((SignatureKind::EcdsaSha256, true))),
            (&[5, 1, 0], Err(Malformed)),
            (&[6, 1, 42], Err(Malformed)),
        ] {
            let mut written = false;
            let found = SignatureKind::parse(&[&identifier[..], parameters].concat(), &mut written)
                .map(|(kind, _)| (kind, written));
            assert_eq!(found, expected, "{parameters:?}");
        }
        assert_eq!(kind(&tlv(der::OID, &[&[0x2a]])), Ok(SignatureKind::Unsupported));
    }

    #[cfg(feature = "p384")]
    #[test]
    fn p384_points_are_97_bytes_long() {
        let named = tlv(der::OID, &[oid::SECP384R1]);
        let mut point = [7; P384_POINT];
        point[0] = 4;
        assert_eq!(key(&named, &point), Ok(KeyAlgorithm::EcP384));
        assert_eq!(key(&named, &point[..65]), Ok(KeyAlgorithm::Unsupported));
        assert_eq!(key(&tlv(der::OID, &[oid::SECP256R1]), &point), Ok(KeyAlgorithm::Unsupported));
    }

    #[cfg(any(feature = "ed25519", feature = "rsa"))]
    fn any_key(identifier: &[&[u8]], bytes: &[u8]) -> Result<KeyAlgorithm, Malformed> {
        let bits = long_tlv(der::BIT_STRING, &[&[0], bytes]);
        let info = long_tlv(der::SEQUENCE, &[&tlv(der::SEQUENCE, identifier), &bits]);
        PublicKey::parse(&mut Reader::new(&info)).map(|key| key.algorithm)
    }

    #[cfg(any(feature = "ed25519", feature = "rsa"))]
    fn long_tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        if content.len() < 0x80 {
            return tlv(tag, &[&content]);
        }
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let head = if high == 0 { [tag, 0x81, low].to_vec() } else { [tag, 0x82, high, low].to_vec() };
        [head, content].concat()
    }

    #[cfg(feature = "ed25519")]
    #[test]
    fn ed25519_takes_no_parameters_and_32_bytes() {
        let oid = tlv(der::OID, &[oid::ED25519]);
        assert_eq!(any_key(&[&oid], &[7; 32]), Ok(KeyAlgorithm::Ed25519));
        assert_eq!(any_key(&[&oid], &[7; 31]), Err(Malformed));
        assert_eq!(any_key(&[&oid, &[5, 0]], &[7; 32]), Err(Malformed));
        assert_eq!(kind(&oid), Ok(SignatureKind::Ed25519));
        assert_eq!(kind(&[&oid[..], &[5, 0]].concat()), Err(Malformed));
    }

    #[cfg(feature = "rsa")]
    mod rsa {
        use super::*;

        const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
        const NULL: &[u8] = &[5, 0];

        fn modulus(len: usize) -> Vec<u8> {
            let modulus = long_tlv(der::INTEGER, &[&[0], &std::vec![0xff; len]]);
            long_tlv(der::SEQUENCE, &[&modulus, &[2, 3, 1, 0, 1]])
        }

        fn hash(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
            tlv(der::SEQUENCE, &[&tlv(der::OID, &[oid]), parameters])
        }

        fn mask(hash: &[u8]) -> Vec<u8> {
            tlv(0xa1, &[&tlv(der::SEQUENCE, &[&tlv(der::OID, &[oid::MGF1]), hash])])
        }

        fn parameters(fields: &[&[u8]]) -> Vec<u8> {
            tlv(der::SEQUENCE, fields)
        }

        /// Those of SHA-256, with its parameters as given.
        fn right(null: &[u8]) -> [Vec<u8>; 3] {
            let hash = hash(oid::SHA256, null);
            [tlv(0xa0, &[&hash]), mask(&hash), tlv(0xa2, &[&[2, 1, 32]])]
        }

        fn pss(fields: &[&[u8]]) -> Result<SignatureKind, Malformed> {
            kind(&[tlv(der::OID, &[oid::RSASSA_PSS]), parameters(fields)].concat())
        }

        #[test]
        fn pkcs1_parameters_are_null_or_absent() {
            let oid = tlv(der::OID, &[oid::SHA256_WITH_RSA]);
            assert_eq!(kind(&oid), Ok(SignatureKind::RsaPkcs1Sha256));
            assert_eq!(kind(&[&oid[..], NULL].concat()), Ok(SignatureKind::RsaPkcs1Sha256));
            assert_eq!(kind(&[&oid[..], &[5, 1, 0]].concat()), Err(Malformed));
            assert_eq!(kind(&[&oid[..], &[2, 1, 0]].concat()), Err(Malformed));
            assert_eq!(kind(&[&oid[..], NULL, NULL].concat()), Err(Malformed));
            // sha1WithRSAEncryption
            let sha1 = tlv(der::OID, &[&[&oid::SHA256_WITH_RSA[..8], &[5]].concat()]);
            assert_eq!(kind(&[&sha1[..], NULL].concat()), Ok(SignatureKind::Unsupported));
        }

        #[test]
        fn pss_is_supported_with_the_parameters_of_tls_and_no_others() {
            let supported = Ok(SignatureKind::RsaPssSha256);
            let unsupported = Ok(SignatureKind::Unsupported);
            for null in [NULL, &[]] {
                let [hash, mask, salt] = right(null);
                assert_eq!(pss(&[&hash, &mask, &salt]), supported);
                assert_eq!(pss(&[&hash, &mask, &salt, &[0xa3, 3, 2, 1, 1]]), supported);
                assert_eq!(pss(&[&hash, &mask, &salt, &[0xa3, 3, 2, 1, 2]]), unsupported);
                assert_eq!(pss(&[&hash, &mask, &[0xa2, 3, 2, 1, 20]]), unsupported);
                assert_eq!(pss(&[&hash, &mask, &[0xa2, 3, 2, 1, 31]]), unsupported);
                assert_eq!(pss(&[&hash, &mask]), unsupported, "the default is 20 bytes of salt");
                assert_eq!(pss(&[&hash, &salt]), unsupported, "the default is MGF1 with SHA-1");
                assert_eq!(pss(&[&mask, &salt]), unsupported, "the default is SHA-1");
                assert_eq!(pss(&[&mask, &hash, &salt]), Err(Malformed));
                assert_eq!(pss(&[&hash, &mask, &salt, &[4, 0]]), Err(Malformed));
            }
            assert_eq!(pss(&[]), unsupported);
            assert_eq!(kind(&tlv(der::OID, &[oid::RSASSA_PSS])), Err(Malformed));
            let [ours, ..] = right(NULL);
            let other_mask = tlv(0xa1, &[&tlv(der::SEQUENCE, &[&tlv(der::OID, &[oid::SHA256]), &ours[2..]])]);
            assert_eq!(
                pss(&[&ours, &other_mask, &[0xa2, 3, 2, 1, 32]]),
                unsupported,
                "a mask generation other than MGF1"
            );
            let [hash256, _, salt] = right(NULL);
            assert_eq!(pss(&[&hash256, &mask(&hash(oid::SHA384, NULL)), &salt]), unsupported);
            assert_eq!(pss(&[&hash256, &mask(&hash(SHA1, NULL)), &salt]), unsupported);
            assert_eq!(pss(&[&tlv(0xa0, &[&hash(SHA1, NULL)]), &mask(&hash(oid::SHA256, NULL)), &salt]), unsupported);
        }

        #[test]
        fn nothing_follows_a_field_of_pss_parameters() {
            let [hash, mask, salt] = right(NULL);
            let longer = |field: &[u8], depth| {
                let mut field = [field, NULL].concat();
                // The lengths of the field and of what it holds, each two bytes into the one around it.
                (0..depth).for_each(|level| field[1 + 2 * level] += 2);
                field
            };
            for (at, depth) in [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1)] {
                let mut fields = [hash.clone(), mask.clone(), salt.clone()];
                fields[at] = longer(&fields[at], depth);
                assert_eq!(
                    pss(&fields.each_ref().map(|field| &field[..])),
                    Err(Malformed),
                    "field {at}, depth {depth}"
                );
            }
            let whole = [tlv(der::OID, &[oid::RSASSA_PSS]), parameters(&[&hash, &mask, &salt])].concat();
            assert_eq!(kind(&whole), Ok(SignatureKind::RsaPssSha256));
            assert_eq!(kind(&[&whole, NULL].concat()), Err(Malformed));
        }

        #[test]
        fn an_unsupported_key_keeps_what_is_unsupported_about_it() {
            let reason = |identifier: &[&[u8]], bytes: &[u8]| {
                let bits = long_tlv(der::BIT_STRING, &[&[0], bytes]);
                let info = long_tlv(der::SEQUENCE, &[&tlv(der::SEQUENCE, identifier), &bits]);
                let key = PublicKey::parse(&mut Reader::new(&info)).unwrap();
                assert_eq!(key.algorithm, KeyAlgorithm::Unsupported);
                key.as_bytes().to_vec()
            };
            let short = modulus(128);
            assert_eq!(reason(&[&tlv(der::OID, &[oid::RSA_ENCRYPTION]), NULL], &short), short[..UNSUPPORTED]);
            let pss = [&tlv(der::OID, &[oid::RSASSA_PSS])[..], &parameters(&[])];
            assert_eq!(reason(&pss, &modulus(256)), oid::RSASSA_PSS, "its parameters mean SHA-1");
            assert_eq!(reason(&pss, &short), short[..UNSUPPORTED]);
        }

        #[test]
        fn only_keys_for_pss_are_pss_only() {
            let only = |algorithm: &KeyAlgorithm| algorithm.is_pss_only();
            let all: Vec<_> = (0..=8).map(KeyAlgorithm::from_code).collect();
            let wanted = [
                KeyAlgorithm::RsaPss,
                KeyAlgorithm::RsaPssSha256,
                KeyAlgorithm::RsaPssSha384,
                KeyAlgorithm::RsaPssSha512,
            ];
            assert_eq!(all.into_iter().filter(only).collect::<Vec<_>>(), wanted);
        }

        #[test]
        fn rsa_keys_have_null_and_2048_to_4096_bits() {
            let oid = tlv(der::OID, &[oid::RSA_ENCRYPTION]);
            assert_eq!(any_key(&[&oid, NULL], &modulus(256)), Ok(KeyAlgorithm::Rsa));
            assert_eq!(any_key(&[&oid, NULL], &modulus(512)), Ok(KeyAlgorithm::Rsa));
            assert_eq!(any_key(&[&oid, NULL], &modulus(128)), Ok(KeyAlgorithm::Unsupported));
            assert_eq!(any_key(&[&oid, NULL], &modulus(1024)), Ok(KeyAlgorithm::Unsupported));
            assert_eq!(any_key(&[&oid], &modulus(256)), Err(Malformed));
            assert_eq!(any_key(&[&oid, NULL, NULL], &modulus(256)), Err(Malformed));
            assert_eq!(any_key(&[&oid, NULL], &[&modulus(256)[..], &[0]].concat()), Err(Malformed));
        }

        #[test]
        fn the_parameters_of_a_pss_key_bind_its_signatures() {
            let oid = tlv(der::OID, &[oid::RSASSA_PSS]);
            let [hash, mask, salt] = right(NULL);
            assert_eq!(any_key(&[&oid], &modulus(256)), Ok(KeyAlgorithm::RsaPss));
            let bound = parameters(&[&hash, &mask, &salt]);
            assert_eq!(any_key(&[&oid, &bound], &modulus(256)), Ok(KeyAlgorithm::RsaPssSha256));
            assert_eq!(any_key(&[&oid, &parameters(&[])], &modulus(256)), Ok(KeyAlgorithm::Unsupported));
            assert_eq!(any_key(&[&oid, NULL], &modulus(256)), Err(Malformed));
            assert_eq!(any_key(&[&oid, &bound, NULL], &modulus(256)), Err(Malformed));
            assert_eq!(SignatureKind::RsaPssSha384.with_key(KeyAlgorithm::RsaPssSha256), None);
            assert_eq!(SignatureKind::RsaPkcs1Sha256.with_key(KeyAlgorithm::RsaPss), None);
            assert!(SignatureKind::RsaPssSha384.with_key(KeyAlgorithm::Rsa).is_some());
        }
    }

    #[test]
    fn a_scheme_fits_the_key_whose_default_it_is() {
        for code in 1..=8 {
            let key = KeyAlgorithm::from_code(code);
            assert!(key.verifies(key.default_scheme().unwrap()).is_some(), "{key:?}");
        }
        assert_eq!(KeyAlgorithm::Rsa.verifies(SignatureScheme::RSA_PSS_PSS_SHA256), None);
        assert_eq!(KeyAlgorithm::RsaPss.verifies(SignatureScheme::RSA_PSS_RSAE_SHA256), None);
        assert_eq!(KeyAlgorithm::Rsa.verifies(SignatureScheme::RSA_PKCS1_SHA256), None);
        assert_eq!(KeyAlgorithm::EcP256.verifies(SignatureScheme::ECDSA_SECP384R1_SHA384), None);
    }

    #[test]
    fn codes_are_converted_both_ways() {
        for code in 0..=9 {
            assert_eq!(SignatureKind::from_code(code).code(), code);
        }
        for code in 0..=8 {
            assert_eq!(KeyAlgorithm::from_code(code).code(), code);
        }
        assert_eq!(SignatureKind::from_code(10), SignatureKind::Unsupported);
        assert_eq!(KeyAlgorithm::from_code(9), KeyAlgorithm::Unsupported);
    }
}
