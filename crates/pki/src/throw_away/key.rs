//! Key pairs in the form that `rcgen` requires.

use core::fmt;

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rcgen::{KeyIdMethod, SignatureAlgorithm};
#[cfg(feature = "rsa")]
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPublicKey as _};
#[cfg(feature = "rsa")]
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{PkiError, failed, random};
use crate::pem;

/// The algorithm of a key pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA with this number of bits, at least 1024; with the feature `rsa`.
    Rsa(u16),
}

/// Each kind with its name.
const NAMES: &[(&str, KeyKind)] = &[
    ("p256", KeyKind::P256),
    ("p384", KeyKind::P384),
    ("ed25519", KeyKind::Ed25519),
    ("rsa2048", KeyKind::Rsa(2048)),
    ("rsa3072", KeyKind::Rsa(3072)),
    ("rsa4096", KeyKind::Rsa(4096)),
];

impl KeyKind {
    /// Returns the kinds that the library supports in certificates.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(_, kind)| *kind)
    }

    /// Finds a kind by its name, such as `p256` or `rsa2048`.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (NAMES.iter().find(|(_, kind)| kind == self), self) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Self::Rsa(bits)) => write!(f, "rsa{bits}"),
            (None, _) => Ok(()),
        }
    }
}

/// A key pair.
pub struct Key {
    secret: Secret,
    /// The public key as certificates contain it, in their BIT STRING.
    public: Vec<u8>,
}

enum Secret {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    #[cfg(feature = "rsa")]
    Rsa(Box<rsa::PrivateKey>),
}

impl Key {
    /// Generates a key pair.
    ///
    /// # Errors
    /// No random numbers.
    pub fn generate(kind: KeyKind) -> Result<Self, PkiError> {
        Self::of(match kind {
            KeyKind::Ed25519 => Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(&Zeroizing::new(random()?))),
            KeyKind::P256 => Secret::P256(scalar(|| p256_from(&*Zeroizing::new(random::<32>()?)))?),
            KeyKind::P384 => Secret::P384(scalar(|| p384_from(&*Zeroizing::new(random::<48>()?)))?),
            #[cfg(feature = "rsa")]
            KeyKind::Rsa(bits) => {
                let key = rsa::PrivateKey::new(&mut getrandom::SysRng, bits.into());
                Secret::Rsa(Box::new(key.map_err(|error| failed("RSA key")(&error))?))
            }
            #[cfg(not(feature = "rsa"))]
            KeyKind::Rsa(_) => return Err(failed("RSA key")(&"this build has no feature rsa")),
        })
    }

    /// Reads a key in PKCS#8 that [`to_pem`](Self::to_pem) has written.
    ///
    /// # Errors
    /// A file of another form, or a key of another kind.
    pub fn from_pem(text: &str) -> Result<Self, PkiError> {
        let blocks = ::pem::parse_many(text).map_err(|error| failed("key")(&error))?;
        let der = blocks.iter().find(|block| block.tag() == "PRIVATE KEY").map(::pem::Pem::contents);
        Self::from_der(der.ok_or_else(|| failed("key")(&"wanted PKCS#8, BEGIN PRIVATE KEY"))?)
    }

    /// Reads a key in PKCS#8, in SEC1 or in PKCS#1.
    ///
    /// # Errors
    /// Another form, or a key of another kind.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let p256 = p256::SecretKey::from_pkcs8_der(der).ok().or_else(|| p256::SecretKey::from_sec1_der(der).ok());
        let p384 = || p384::SecretKey::from_pkcs8_der(der).ok().or_else(|| p384::SecretKey::from_sec1_der(der).ok());
        #[cfg(feature = "rsa")]
        let rsa = || rsa::PrivateKey::from_pkcs8_der(der).ok().or_else(|| rsa::PrivateKey::from_pkcs1_der(der).ok());
        if let Some(key) = p256 {
            return Self::of(Secret::P256(key.into()));
        }
        if let Some(key) = p384() {
            return Self::of(Secret::P384(key.into()));
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Self::of(Secret::Ed25519(key));
        }
        #[cfg(feature = "rsa")]
        if let Some(key) = rsa() {
            return Self::of(Secret::Rsa(Box::new(key)));
        }
        Err(failed("key")(&"found a key of an unsupported kind, or a broken one"))
    }

    #[cfg_attr(not(feature = "rsa"), allow(clippy::unnecessary_wraps, reason = "an RSA key may have no encoding"))]
    fn of(secret: Secret) -> Result<Self, PkiError> {
        let public = match &secret {
            Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Secret::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Secret::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            #[cfg(feature = "rsa")]
            Secret::Rsa(key) => {
                key.to_public_key().to_pkcs1_der().map_err(|error| failed("key")(&error))?.as_bytes().to_vec()
            }
        };
        Ok(Self { secret, public })
    }

    /// Encodes the private key as a PKCS#8 file.
    ///
    /// # Errors
    /// A key that cannot be encoded.
    pub fn to_pem(&self) -> Result<String, PkiError> {
        let failed = |error: p256::pkcs8::Error| failed("key")(&error);
        let der = match &self.secret {
            // Without the public key, which older programs do not read.
            Secret::Ed25519(key) => {
                let pair = ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None };
                pair.to_pkcs8_der().map_err(failed)?
            }
            Secret::P256(key) => key.to_pkcs8_der().map_err(failed)?,
            Secret::P384(key) => key.to_pkcs8_der().map_err(failed)?,
            #[cfg(feature = "rsa")]
            Secret::Rsa(key) => key.to_pkcs8_der().map_err(failed)?,
        };
        Ok(pem::encode("PRIVATE KEY", [der.as_bytes()]))
    }

    /// Returns the algorithm.
    pub fn kind(&self) -> KeyKind {
        match &self.secret {
            Secret::Ed25519(_) => KeyKind::Ed25519,
            Secret::P256(_) => KeyKind::P256,
            Secret::P384(_) => KeyKind::P384,
            #[cfg(feature = "rsa")]
            Secret::Rsa(key) => KeyKind::Rsa(u16::try_from(key.n().bit_width()).unwrap_or(u16::MAX)),
        }
    }

    /// Returns the scalar of a key on P-256.
    pub(super) fn p256(&self) -> Option<Zeroizing<[u8; 32]>> {
        match &self.secret {
            Secret::P256(key) => Some(Zeroizing::new(key.to_bytes().into())),
            _ => None,
        }
    }

    /// Returns the public key as certificates contain it.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    pub(super) fn identifier(&self) -> KeyIdMethod {
        identifier(&self.public)
    }

    /// Signs with the hash that nobody should use any more; `None` if this is no RSA key.
    #[cfg(feature = "rsa")]
    pub(super) fn sign_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        let Secret::Rsa(key) = &self.secret else { return None };
        key.sign(rsa::Pkcs1v15Sign::new::<sha1::Sha1>(), &sha1::Sha1::digest(message)).ok()
    }

    #[cfg(not(feature = "rsa"))]
    #[allow(clippy::unused_self, reason = "as with the feature")]
    pub(super) const fn sign_sha1(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// Tries until a number is below the order of the curve, which takes a second try once in 2^32.
fn scalar<T>(draw: impl Fn() -> Result<Option<T>, PkiError>) -> Result<T, PkiError> {
    loop {
        if let Some(key) = draw()? {
            return Ok(key);
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the closure that draws can fail")]
fn p256_from(bytes: &[u8]) -> Result<Option<p256::ecdsa::SigningKey>, PkiError> {
    Ok(p256::ecdsa::SigningKey::from_slice(bytes).ok())
}

#[allow(clippy::unnecessary_wraps, reason = "the closure that draws can fail")]
fn p384_from(bytes: &[u8]) -> Result<Option<p384::ecdsa::SigningKey>, PkiError> {
    Ok(p384::ecdsa::SigningKey::from_slice(bytes).ok())
}

/// Returns the key identifier of RFC 7093 section 2, method 1.
pub(super) fn identifier(public: &[u8]) -> KeyIdMethod {
    KeyIdMethod::PreSpecified(Sha256::digest(public).iter().copied().take(20).collect())
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match &self.secret {
            Secret::Ed25519(_) => &rcgen::PKCS_ED25519,
            Secret::P256(_) => &rcgen::PKCS_ECDSA_P256_SHA256,
            Secret::P384(_) => &rcgen::PKCS_ECDSA_P384_SHA384,
            #[cfg(feature = "rsa")]
            Secret::Rsa(_) => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let broken = |_| rcgen::Error::RemoteKeyError;
        match &self.secret {
            Secret::Ed25519(key) => Ok(key.try_sign(message).map_err(broken)?.to_vec()),
            Secret::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.try_sign(message).map_err(broken)?;
                Ok(signature.as_bytes().to_vec())
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.try_sign(message).map_err(broken)?;
                Ok(signature.as_bytes().to_vec())
            }
            #[cfg(feature = "rsa")]
            Secret::Rsa(key) => {
                let padding = rsa::Pkcs1v15Sign::new::<Sha256>();
                key.sign(padding, &Sha256::digest(message)).map_err(|_| rcgen::Error::RemoteKeyError)
            }
        }
    }
}
