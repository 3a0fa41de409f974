//! Key pairs: generated, and in the form that `rcgen` requires.

use p256::ecdsa::signature::Signer as _;
use rcgen::{KeyIdMethod, SignatureAlgorithm};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{PkiError, failed, random};
use crate::key::{Key, KeyKind, Secret};

impl Key {
    /// Generates a key pair.
    ///
    /// # Errors
    /// No random numbers.
    pub fn generate(kind: KeyKind) -> Result<Self, PkiError> {
        let secret = match kind {
            KeyKind::Ed25519 => Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(&Zeroizing::new(random()?))),
            KeyKind::P256 => Secret::P256(scalar::<32, _>(|bytes| p256::ecdsa::SigningKey::from_slice(bytes).ok())?),
            KeyKind::P384 => Secret::P384(scalar::<48, _>(|bytes| p384::ecdsa::SigningKey::from_slice(bytes).ok())?),
            #[cfg(feature = "rsa")]
            KeyKind::Rsa(bits) => {
                let key = rsa::PrivateKey::new(&mut getrandom::SysRng, bits.into());
                Secret::Rsa(Box::new(key.map_err(|error| failed("RSA key")(&error))?))
            }
            #[cfg(not(feature = "rsa"))]
            KeyKind::Rsa(_) => return Err(failed("RSA key")(&"this build has no feature rsa")),
        };
        Self::of(secret).map_err(|error| failed("key")(&error))
    }

    /// Reads a key in PKCS#8 that [`to_pem`](Self::to_pem) has written.
    ///
    /// # Errors
    /// A file of another form, or a key of another kind.
    pub fn from_pem(text: &str) -> Result<Self, PkiError> {
        let blocks = ::pem::parse_many(text).map_err(|error| failed("key")(&error))?;
        let der = blocks.iter().find(|block| block.tag() == "PRIVATE KEY").map(::pem::Pem::contents);
        let der = der.ok_or_else(|| failed("key")(&"wanted PKCS#8, BEGIN PRIVATE KEY"))?;
        Self::from_der(der).map_err(|error| failed("key")(&error))
    }

    pub(super) fn identifier(&self) -> KeyIdMethod {
        identifier(self.public())
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

/// Draws numbers until one is below the order of the curve, which takes a second try once in 2^32.
fn scalar<const N: usize, T>(read: impl Fn(&[u8]) -> Option<T>) -> Result<T, PkiError> {
    loop {
        if let Some(key) = read(&*Zeroizing::new(random::<N>()?)) {
            return Ok(key);
        }
    }
}

/// Returns the key identifier of RFC 7093 section 2, method 1.
pub(super) fn identifier(public: &[u8]) -> KeyIdMethod {
    KeyIdMethod::PreSpecified(Sha256::digest(public).iter().copied().take(20).collect())
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.public()
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
