//! A build without a cipher suite, for certificates alone: there are no record keys.

use crate::crypto::{Aead, AeadAlgorithm, CryptoError, NONCE_LEN, TAG_LEN};

/// A record key, of which none can be made: no suite is compiled in.
#[derive(Debug)]
pub enum RecordKey {}

impl RecordKey {
    pub(super) const fn new(_: AeadAlgorithm, _: &[u8]) -> Result<Self, CryptoError> {
        Err(CryptoError::Unsupported)
    }
}

impl Aead for RecordKey {
    fn seal(&self, _: &[u8; NONCE_LEN], _: &[u8], _: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        match *self {}
    }

    fn open(&self, _: &[u8; NONCE_LEN], _: &[u8], _: &mut [u8], _: &[u8; TAG_LEN]) -> Result<(), CryptoError> {
        match *self {}
    }
}
