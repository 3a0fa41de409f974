//! Stands in for graviola on other processors: nothing is there, so no value of these types exists.

use embedded_mtls::crypto::{
    AeadAlgorithm, CryptoError, DecodedKey, KEY_SEED_LEN, KeyShare, NONCE_LEN, SharedSecret, SignatureAlgorithm,
    TAG_LEN,
};
use embedded_mtls::{NamedGroup, Signature};

pub(crate) enum RecordKey {}

pub(crate) enum PrivateKey {}

pub(crate) enum SigningKey {}

pub(crate) const GROUPS: [NamedGroup; 0] = [];

pub(crate) const fn is_supported() -> bool {
    false
}

pub(crate) fn verify(_: SignatureAlgorithm, _: &[u8], _: &[u8], _: &[u8]) -> Option<Result<(), CryptoError>> {
    None
}

impl RecordKey {
    pub(crate) fn new(_: AeadAlgorithm, _: &[u8]) -> Result<Self, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    pub(crate) fn seal(&self, _: &[u8; NONCE_LEN], _: &[u8], _: &mut [u8]) -> [u8; TAG_LEN] {
        match *self {}
    }

    pub(crate) fn open(
        &self,
        _: &[u8; NONCE_LEN],
        _: &[u8],
        _: &mut [u8],
        _: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        match *self {}
    }
}

impl PrivateKey {
    pub(crate) fn new(_: NamedGroup, _: &[u8; KEY_SEED_LEN]) -> Result<Self, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    pub(crate) fn key_share(&self) -> Result<KeyShare, CryptoError> {
        match *self {}
    }

    pub(crate) fn agree(self, _: &[u8]) -> Result<SharedSecret, CryptoError> {
        match self {}
    }
}

impl SigningKey {
    pub(crate) fn new(_: DecodedKey<'_>) -> Option<Result<Self, CryptoError>> {
        None
    }

    pub(crate) fn sign(&self, _: &[u8]) -> Option<Signature> {
        match *self {}
    }
}
