//! Hashes and HMAC.

use hmac::{KeyInit, Mac};
use sha2::Digest as _;
use zeroize::Zeroize;

use crate::crypto::{CryptoError, Digest, Hash, HashAlgorithm};

/// A running hash. 104 bytes for SHA-256 alone, 216 bytes where SHA-384 or SHA-512 is compiled in.
#[derive(Clone)]
pub struct RunningHash(Running);

debug_by_name!("RunningHash", [] RunningHash);

#[derive(Clone)]
enum Running {
    Sha256(sha2::Sha256),
    #[cfg(any(feature = "aes256-gcm-sha384", feature = "p384", feature = "rsa"))]
    Sha384(sha2::Sha384),
    #[cfg(feature = "rsa")]
    Sha512(sha2::Sha512),
}

impl RunningHash {
    pub(super) fn new(algorithm: HashAlgorithm) -> Result<Self, CryptoError> {
        Ok(Self(match algorithm {
            HashAlgorithm::Sha256 => Running::Sha256(sha2::Sha256::new()),
            #[cfg(any(feature = "aes256-gcm-sha384", feature = "p384", feature = "rsa"))]
            HashAlgorithm::Sha384 => Running::Sha384(sha2::Sha384::new()),
            #[cfg(feature = "rsa")]
            HashAlgorithm::Sha512 => Running::Sha512(sha2::Sha512::new()),
            #[allow(unreachable_patterns, reason = "reached where a hash is not compiled in")]
            _ => return Err(CryptoError::Unsupported),
        }))
    }
}

impl Hash for RunningHash {
    fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Running::Sha256(hash) => hash.update(bytes),
            #[cfg(any(feature = "aes256-gcm-sha384", feature = "p384", feature = "rsa"))]
            Running::Sha384(hash) => hash.update(bytes),
            #[cfg(feature = "rsa")]
            Running::Sha512(hash) => hash.update(bytes),
        }
    }

    fn finish(self) -> Digest {
        match self.0 {
            Running::Sha256(hash) => Digest::from(&<[u8; 32]>::from(hash.finalize())),
            #[cfg(any(feature = "aes256-gcm-sha384", feature = "p384", feature = "rsa"))]
            Running::Sha384(hash) => Digest::from(&<[u8; 48]>::from(hash.finalize())),
            #[cfg(feature = "rsa")]
            Running::Sha512(hash) => Digest::from(&<[u8; 64]>::from(hash.finalize())),
        }
    }
}

pub(super) fn hmac(algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
    match algorithm {
        HashAlgorithm::Sha256 => hmac_with::<hmac::Hmac<sha2::Sha256>>(key, message),
        #[cfg(feature = "aes256-gcm-sha384")]
        HashAlgorithm::Sha384 => hmac_with::<hmac::Hmac<sha2::Sha384>>(key, message),
        // Only for hashes of cipher suites.
        _ => Err(CryptoError::Unsupported),
    }
}

fn hmac_with<M: Mac + KeyInit>(key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| CryptoError::Invalid)?;
    for part in message {
        mac.update(part);
    }
    let mut tag = mac.finalize().into_bytes();
    let digest = Digest::new(&tag);
    // The output of HMAC is a secret wherever the key schedule uses it.
    tag.as_mut_slice().zeroize();
    digest
}

#[cfg(test)]
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}
