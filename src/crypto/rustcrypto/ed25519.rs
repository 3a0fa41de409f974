//! Ed25519 (RFC 8032).

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::crypto::{CryptoError, DecodedKey};

/// An Ed25519 signing key in memory, for credentials whose key is not in a secure element. Wiped when
/// dropped.
///
/// Create it once and keep it: this computes the public key.
pub struct Ed25519SigningKey(SigningKey);

debug_by_name!("Ed25519SigningKey", [] Ed25519SigningKey);

/// Verifies strictly: rejects keys and commitments of small order, for which one signature matches many messages (RFC
/// 8032 leaves this open), and uses the cofactorless equation.
pub(super) fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = public_key.try_into().map_err(|_| CryptoError::Invalid)?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| CryptoError::Invalid)?;
    let signature = Signature::from_slice(signature).map_err(|_| CryptoError::Invalid)?;
    key.verify_strict(message, &signature).map_err(|_| CryptoError::Forged)
}

impl Ed25519SigningKey {
    /// Creates a key from the 32 bytes that RFC 8032 section 5.1.5 calls the private key. One public-key operation.
    pub fn from_bytes(private: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(private))
    }

    /// Creates a key from its DER, see [`DecodedKey::from_der`]. One public-key operation.
    ///
    /// # Errors
    /// As [`DecodedKey::from_der`]; [`CryptoError::Unsupported`] if the key is not an Ed25519 key.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        match DecodedKey::from_der(der)? {
            DecodedKey::Ed25519(private) => Ok(Self::from_bytes(private)),
            _ => Err(CryptoError::Unsupported),
        }
    }

    /// Signs a message: 64 bytes. One public-key operation.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Returns the public key, as in the certificate.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc8448::{hex, hex_array};

    #[test]
    fn keys_and_signatures_are_those_of_rfc_8032_section_7_1() {
        let key = Ed25519SigningKey::from_bytes(&hex_array(
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        ));
        let public: [u8; 32] = hex_array("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
        assert_eq!(key.public_key(), public);
        assert_eq!(key.sign(&[0x72]), *signature);
        assert_eq!(verify(&public, &[0x72], &signature), Ok(()));
        assert_eq!(verify(&public, &[0x73], &signature), Err(CryptoError::Forged));
        assert_eq!(verify(&public, &[0x72], &signature[..63]), Err(CryptoError::Invalid));
        assert_eq!(verify(&public[..31], &[0x72], &signature), Err(CryptoError::Invalid));
    }

    /// With the neutral element as key and as commitment, 0 would sign everything.
    #[test]
    fn a_key_of_small_order_is_rejected() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert_eq!(verify(&neutral, b"anything", &signature), Err(CryptoError::Forged));
    }
}
