//! Record keys.

use embedded_mtls::crypto::{AeadAlgorithm, CryptoError, NONCE_LEN, TAG_LEN};
use graviola::aead::{AesGcm, ChaCha20Poly1305};

/// A record key. It is expanded once, in memory of its own, so that connections are moved without it. Wiped when dropped.
pub(crate) enum RecordKey {
    AesGcm(Box<AesGcm>),
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
}

impl RecordKey {
    pub(crate) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self, CryptoError> {
        // graviola panics with an AES key of another length.
        if key.len() != algorithm.key_len() {
            return Err(CryptoError::Invalid);
        }
        match algorithm {
            AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Aes256Gcm => Ok(Self::AesGcm(Box::new(AesGcm::new(key)))),
            AeadAlgorithm::ChaCha20Poly1305 => {
                let key = ChaCha20Poly1305::new(key.try_into().map_err(|_| CryptoError::Invalid)?);
                Ok(Self::ChaCha20Poly1305(Box::new(key)))
            }
            _ => Err(CryptoError::Unsupported),
        }
    }

    pub(crate) fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG_LEN] {
        let mut tag = [0; TAG_LEN];
        match self {
            Self::AesGcm(key) => key.encrypt(nonce, aad, in_out, &mut tag),
            Self::ChaCha20Poly1305(key) => key.encrypt(nonce, aad, in_out, &mut tag),
        }
        tag
    }

    /// Opens a record. graviola overwrites a record that does not open, but it has to stay as it was: hence the copy.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        let sealed = in_out.to_vec();
        match self {
            Self::AesGcm(key) => key.decrypt(nonce, aad, in_out, tag),
            Self::ChaCha20Poly1305(key) => key.decrypt(nonce, aad, in_out, tag),
        }
        .map_err(|_| {
            in_out.copy_from_slice(&sealed);
            CryptoError::Forged
        })
    }
}
