//! Private keys of the kinds that certificates have, in PKCS#8 (RFC 5958), SEC 1 (RFC 5915) and PKCS#1 (RFC 8017).
//!
//! Without features, only keys on P-256 are supported, which is enough for the boards. `throw-away` adds P-384 and Ed25519,
//! `rsa` adds RSA.

use core::fmt;

use p256::pkcs8::EncodePrivateKey as _;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

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
#[derive(Clone)]
pub struct Key {
    pub(crate) secret: Secret,
    pkcs8: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
}

/// A private key of each kind.
#[derive(Clone)]
pub(crate) enum Secret {
    #[cfg(feature = "throw-away")]
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    #[cfg(feature = "throw-away")]
    P384(p384::ecdsa::SigningKey),
    #[cfg(feature = "rsa")]
    Rsa(Box<rsa::PrivateKey>),
}

/// The form of an unusable key. Its content is not quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(pub(crate) String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for KeyError {}

impl From<pkcs8::Error> for KeyError {
    fn from(error: pkcs8::Error) -> Self {
        Self(format!("a malformed key ({error})"))
    }
}

impl Key {
    /// Reads a key in PKCS#8, SEC 1 or PKCS#1.
    ///
    /// # Errors
    /// Another form, or a key of an unsupported kind.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(info) = PrivateKeyInfoRef::try_from(der) {
            return Self::from_info(info);
        }
        Self::from_sec1(der).or_else(|sec1| if is_pkcs1(der) { Self::from_pkcs1(der) } else { Err(sec1) })
    }

    /// Takes the key in a `PrivateKeyInfo`.
    fn from_info(info: PrivateKeyInfoRef<'_>) -> Result<Self, KeyError> {
        let name = match (info.algorithm.oid, info.algorithm.parameters_oid().ok()) {
            (EC, Some(P256)) => return Self::of(Secret::P256(p256::SecretKey::try_from(info)?.into())),
            #[cfg(feature = "throw-away")]
            (EC, Some(P384)) => return Self::of(Secret::P384(p384::SecretKey::try_from(info)?.into())),
            (EC, curve) => format!("an EC key on {}", curve.map_or_else(|| "an unnamed curve".to_owned(), algorithm)),
            #[cfg(feature = "throw-away")]
            (ED25519, _) => return Self::of(Secret::Ed25519(ed25519_dalek::SigningKey::try_from(info)?)),
            #[cfg(feature = "rsa")]
            (RSA | RSA_PSS, _) => return Self::from_pkcs1(info.private_key.as_bytes()),
            (other, _) => format!("a key for {}", algorithm(other)),
        };
        Err(KeyError(name))
    }

    /// Reads an `ECPrivateKey` that names its curve, or whose length tells it.
    pub(crate) fn from_sec1(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(key) = p256::SecretKey::from_sec1_der(der) {
            return Self::of(Secret::P256(key.into()));
        }
        #[cfg(feature = "throw-away")]
        if let Ok(key) = p384::SecretKey::from_sec1_der(der) {
            return Self::of(Secret::P384(key.into()));
        }
        Err(KeyError("an EC key that is malformed or on an unsupported curve".to_owned()))
    }

    /// Reads an `RSAPrivateKey`.
    #[cfg(feature = "rsa")]
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        use rsa::pkcs1::DecodeRsaPrivateKey as _;
        let key = rsa::PrivateKey::from_pkcs1_der(der);
        Self::of(Secret::Rsa(Box::new(key.map_err(|error| KeyError(format!("a malformed RSA key ({error})")))?)))
    }

    #[cfg(not(feature = "rsa"))]
    pub(crate) fn from_pkcs1(_: &[u8]) -> Result<Self, KeyError> {
        Err(KeyError("an RSA key".to_owned()))
    }

    /// Takes a private key.
    pub(crate) fn of(secret: Secret) -> Result<Self, KeyError> {
        Ok(Self { pkcs8: Zeroizing::new(pkcs8(&secret)?.as_bytes().to_vec()), public: public(&secret)?, secret })
    }

    /// Returns the private key as PKCS#8.
    pub fn to_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Encodes the private key as a PKCS#8 file.
    pub fn to_pem(&self) -> String {
        pem::encode("PRIVATE KEY", [self.to_der()])
    }

    /// Returns the algorithm.
    pub fn kind(&self) -> KeyKind {
        match &self.secret {
            #[cfg(feature = "throw-away")]
            Secret::Ed25519(_) => KeyKind::Ed25519,
            Secret::P256(_) => KeyKind::P256,
            #[cfg(feature = "throw-away")]
            Secret::P384(_) => KeyKind::P384,
            #[cfg(feature = "rsa")]
            Secret::Rsa(key) => {
                let bits = rsa::traits::PublicKeyParts::n(&**key).bit_width();
                KeyKind::Rsa(u16::try_from(bits).unwrap_or(u16::MAX))
            }
        }
    }

    /// Returns the scalar of a key on P-256.
    pub fn p256(&self) -> Option<Zeroizing<[u8; 32]>> {
        match &self.secret {
            Secret::P256(key) => Some(Zeroizing::new(key.to_bytes().into())),
            #[cfg(feature = "throw-away")]
            _ => None,
        }
    }

    /// Returns the public key as certificates contain it, in their BIT STRING.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Returns the public key as a compressed point (SEC 1 section 2.3.3), if it is a point.
    pub(crate) fn compressed(&self) -> Option<Vec<u8>> {
        let [4, point @ ..] = &self.public[..] else { return None };
        let (x, y) = point.split_at(point.len() / 2);
        // An RSA key begins with another byte, an Ed25519 key has an even length.
        (x.len() == y.len()).then(|| [&[2 | y.last().unwrap_or(&0) & 1], x].concat())
    }

    /// Signs with RSA by PSS (RFC 8017 section 8.1) with this hash and a salt of its length; `None` if this is another
    /// key, or there are no random numbers.
    #[cfg(feature = "rsa")]
    pub fn sign_pss(&self, hash: PssHash, message: &[u8]) -> Option<Vec<u8>> {
        let Secret::Rsa(key) = &self.secret else { return None };
        let rng = &mut getrandom::SysRng;
        let signature = match hash {
            PssHash::Sha256 => key.pss_sign_with_rng::<sha2::Sha256, _>(rng, message),
            PssHash::Sha384 => key.pss_sign_with_rng::<sha2::Sha384, _>(rng, message),
            PssHash::Sha512 => key.pss_sign_with_rng::<sha2::Sha512, _>(rng, message),
        };
        signature.ok()
    }
}

/// The hash of a signature by PSS.
#[cfg(feature = "rsa")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PssHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// Encodes a private key as PKCS#8.
fn pkcs8(secret: &Secret) -> Result<SecretDocument, pkcs8::Error> {
    match secret {
        #[cfg(feature = "throw-away")]
        Secret::Ed25519(key) => {
            // Without the public key, which older programs do not read.
            let pair = ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None };
            pair.to_pkcs8_der()
        }
        Secret::P256(key) => key.to_pkcs8_der(),
        #[cfg(feature = "throw-away")]
        Secret::P384(key) => key.to_pkcs8_der(),
        #[cfg(feature = "rsa")]
        Secret::Rsa(key) => key.to_pkcs8_der(),
    }
}

/// Encodes a public key as certificates contain it.
#[cfg_attr(not(feature = "rsa"), allow(clippy::unnecessary_wraps, reason = "an RSA key may have no encoding"))]
fn public(secret: &Secret) -> Result<Vec<u8>, KeyError> {
    Ok(match secret {
        #[cfg(feature = "throw-away")]
        Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        Secret::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        #[cfg(feature = "throw-away")]
        Secret::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        #[cfg(feature = "rsa")]
        Secret::Rsa(key) => {
            use rsa::pkcs1::EncodeRsaPublicKey as _;
            let der = key.to_public_key().to_pkcs1_der();
            der.map_err(|error| KeyError(format!("a malformed RSA key ({error})")))?.as_bytes().to_vec()
        }
    })
}

/// Returns whether DER begins as an `RSAPrivateKey` does: a sequence of a version and another number.
fn is_pkcs1(der: &[u8]) -> bool {
    matches!(crate::pem::content(der), [2, 1, 0 | 1, 2, ..])
}

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
#[cfg(feature = "throw-away")]
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
#[cfg(feature = "throw-away")]
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
#[cfg(feature = "rsa")]
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
#[cfg(feature = "rsa")]
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// Returns the usual name of an algorithm or a curve.
fn algorithm(oid: ObjectIdentifier) -> String {
    let name = match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}
