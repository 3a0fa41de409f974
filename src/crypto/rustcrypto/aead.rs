//! Record keys.

#[cfg(feature = "aes128-gcm")]
use embedded_mtls_aead::aes_128_gcm;
#[cfg(feature = "aes256-gcm-sha384")]
use embedded_mtls_aead::aes_256_gcm;
#[cfg(feature = "chacha20-poly1305")]
use embedded_mtls_aead::chacha20_poly1305;
use zeroize::ZeroizeOnDrop;

use crate::codec::copy;
use crate::crypto::{Aead, AeadAlgorithm, CryptoError, NONCE_LEN, TAG_LEN};

/// A record key of 16 or 32 bytes. Wiped when dropped.
///
/// It is stored unexpanded and expanded for each record: an expanded AES-128 key for GCM takes 208 bytes in each
/// direction for the life of the session; expanding it takes about 5 % of the time of a record of 1 KiB on a Cortex-M4.
/// ChaCha20 has no key expansion.
#[derive(ZeroizeOnDrop)]
pub struct RecordKey {
    #[zeroize(skip)]
    algorithm: AeadAlgorithm,
    /// The key, padded with zeros.
    key: [u8; MAX_AEAD_KEY_LEN],
}

debug_by_name!("RecordKey", [] RecordKey);

/// Bytes of the longest AEAD key.
const MAX_AEAD_KEY_LEN: usize = 32;

#[allow(unused_variables, reason = "unused where no suite is compiled in, for certificates alone")]
impl Aead for RecordKey {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        match self.algorithm {
            #[cfg(feature = "aes128-gcm")]
            AeadAlgorithm::Aes128Gcm => {
                aes_128_gcm::seal(self.first_half()?, nonce, aad, in_out).map_err(|_| CryptoError::Invalid)
            }
            #[cfg(feature = "aes256-gcm-sha384")]
            AeadAlgorithm::Aes256Gcm => {
                aes_256_gcm::seal(&self.key, nonce, aad, in_out).map_err(|_| CryptoError::Invalid)
            }
            #[cfg(feature = "chacha20-poly1305")]
            AeadAlgorithm::ChaCha20Poly1305 => {
                chacha20_poly1305::seal(&self.key, nonce, aad, in_out).map_err(|_| CryptoError::Invalid)
            }
            // Rejected when the key was created.
            #[allow(unreachable_patterns, reason = "reached where an algorithm is not compiled in")]
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        match self.algorithm {
            #[cfg(feature = "aes128-gcm")]
            AeadAlgorithm::Aes128Gcm => {
                aes_128_gcm::open(self.first_half()?, nonce, aad, in_out, tag).map_err(|_| CryptoError::Forged)
            }
            #[cfg(feature = "aes256-gcm-sha384")]
            AeadAlgorithm::Aes256Gcm => {
                aes_256_gcm::open(&self.key, nonce, aad, in_out, tag).map_err(|_| CryptoError::Forged)
            }
            #[cfg(feature = "chacha20-poly1305")]
            AeadAlgorithm::ChaCha20Poly1305 => {
                chacha20_poly1305::open(&self.key, nonce, aad, in_out, tag).map_err(|_| CryptoError::Forged)
            }
            // Rejected when the key was created.
            #[allow(unreachable_patterns, reason = "reached where an algorithm is not compiled in")]
            _ => Err(CryptoError::Unsupported),
        }
    }
}

impl RecordKey {
    pub(super) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self, CryptoError> {
        let supported = match algorithm {
            AeadAlgorithm::Aes128Gcm => cfg!(feature = "aes128-gcm"),
            AeadAlgorithm::Aes256Gcm => cfg!(feature = "aes256-gcm-sha384"),
            AeadAlgorithm::ChaCha20Poly1305 => cfg!(feature = "chacha20-poly1305"),
        };
        if !supported {
            return Err(CryptoError::Unsupported);
        }
        if key.len() != algorithm.key_len() {
            return Err(CryptoError::Invalid);
        }
        let mut record_key = Self { algorithm, key: [0; MAX_AEAD_KEY_LEN] };
        copy(record_key.key.get_mut(..key.len()).ok_or(CryptoError::Invalid)?, key);
        Ok(record_key)
    }

    /// Returns a key of 16 bytes.
    #[cfg(feature = "aes128-gcm")]
    fn first_half(&self) -> Result<&[u8; 16], CryptoError> {
        self.key.first_chunk().ok_or(CryptoError::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::CryptoProvider;
    use crate::crypto::rustcrypto::RustCrypto;

    #[test]
    fn an_aead_key_of_another_length_is_rejected() {
        for (algorithm, len) in [(AeadAlgorithm::Aes128Gcm, 16), (AeadAlgorithm::ChaCha20Poly1305, 32)] {
            for wrong in (0..=33).filter(|wrong| *wrong != len) {
                assert_eq!(RustCrypto.aead(algorithm, &[0; 33][..wrong]).err(), Some(CryptoError::Invalid));
            }
        }
    }

    #[test]
    fn a_record_that_does_not_open_stays_as_it_was() {
        for algorithm in [AeadAlgorithm::Aes128Gcm, AeadAlgorithm::Aes256Gcm, AeadAlgorithm::ChaCha20Poly1305] {
            let keys = [1, 2].map(|byte| RustCrypto.aead(algorithm, &[byte; 32][..algorithm.key_len()]));
            let [Ok(former), Ok(latter)] = keys else { continue };
            let mut record = [7; 100];
            let tag = former.seal(&[3; NONCE_LEN], b"header", &mut record).unwrap();
            let sealed = record;
            assert_eq!(latter.open(&[3; NONCE_LEN], b"header", &mut record, &tag), Err(CryptoError::Forged));
            assert_eq!(record, sealed, "{algorithm:?}");
            assert_eq!(former.open(&[3; NONCE_LEN], b"header", &mut record, &tag), Ok(()));
            assert_eq!(record, [7; 100], "{algorithm:?}");
        }
    }

    #[cfg(not(feature = "aes256-gcm-sha384"))]
    #[test]
    fn aes_256_is_unsupported_without_its_feature() {
        let key = RustCrypto.aead(AeadAlgorithm::Aes256Gcm, &[0; 32]);
        assert_eq!(key.err(), Some(CryptoError::Unsupported));
    }

    #[test]
    fn a_record_key_takes_no_more_memory_than_a_key() {
        assert_eq!(size_of::<RecordKey>(), 33);
    }
}
