//! The portable provider: RustCrypto and dalek, pure Rust, no heap.
//!
//! Operations on secrets run in constant time, given a constant-time multiplier (Cortex-M4 and M33 have one; on
//! Cortex-M3, `UMULL` takes longer for larger numbers). No table is indexed by a secret.
//!
//! Approximate costs of public-key operations on a Cortex-M4: X25519 2 million cycles, P-256 9 million.

mod aead;
mod ecdsa;
#[cfg(feature = "ed25519")]
mod ed25519;
mod hash;
mod joint;
mod key_exchange;
#[cfg(feature = "mlkem")]
mod mlkem;
mod nonce;

pub use self::aead::RecordKey;
pub use self::ecdsa::P256SigningKey;
#[cfg(feature = "p384")]
pub use self::ecdsa::P384SigningKey;
#[cfg(feature = "ed25519")]
pub use self::ed25519::Ed25519SigningKey;
pub use self::hash::RunningHash;
pub use self::key_exchange::PrivateKey;
#[cfg(feature = "x25519")]
pub use self::key_exchange::X25519PrivateKey;
#[cfg(feature = "mlkem")]
pub use self::mlkem::HybridPrivateKey;
pub use self::nonce::sign_p256_with;

use super::{AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, SignatureAlgorithm};
use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};

/// The provider built on RustCrypto and dalek crates.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

impl CryptoProvider for RustCrypto {
    type Hash = RunningHash;
    type Aead = RecordKey;
    type KeyExchange = PrivateKey;

    // Microcontrollers have no AES instructions: in software, ChaCha20-Poly1305 takes a quarter of the time and half
    // the flash of AES-128-GCM. AES-256 comes last because it is the slowest.
    // RFC 9846 section 9.1.
    const CIPHER_SUITES: &'static [CipherSuite] = &[
        #[cfg(feature = "chacha20-poly1305")]
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        #[cfg(feature = "aes128-gcm")]
        CipherSuite::TLS_AES_128_GCM_SHA256,
        #[cfg(feature = "aes256-gcm-sha384")]
        CipherSuite::TLS_AES_256_GCM_SHA384,
    ];

    // X25519 takes a quarter of the time of P-256 here, and P-384 three times as much as P-256. The hybrid comes first because
    // what is sent today can be recorded.
    const NAMED_GROUPS: &'static [NamedGroup] = &[
        #[cfg(feature = "mlkem")]
        NamedGroup::X25519MLKEM768,
        #[cfg(feature = "x25519")]
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        #[cfg(feature = "p384")]
        NamedGroup::SECP384R1,
    ];

    // Cost of a verification on a Cortex-M4: RSA-2048 and Ed25519 2 million cycles, P-256 9, P-384 24. RSA comes last
    // because its certificates take three times the memory.
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = &[
        #[cfg(feature = "ed25519")]
        SignatureAlgorithm::Ed25519,
        SignatureAlgorithm::EcdsaP256Sha256,
        #[cfg(feature = "p384")]
        SignatureAlgorithm::EcdsaP384Sha384,
        #[cfg(feature = "p384")]
        SignatureAlgorithm::EcdsaP256Sha384,
        #[cfg(feature = "p384")]
        SignatureAlgorithm::EcdsaP384Sha256,
        #[cfg(feature = "rsa")]
        SignatureAlgorithm::RsaPssSha256,
        #[cfg(feature = "rsa")]
        SignatureAlgorithm::RsaPssSha384,
        #[cfg(feature = "rsa")]
        SignatureAlgorithm::RsaPssSha512,
        #[cfg(feature = "rsa")]
        SignatureAlgorithm::RsaPkcs1Sha256,
        #[cfg(feature = "rsa")]
        SignatureAlgorithm::RsaPkcs1Sha384,
        #[cfg(feature = "rsa")]
        SignatureAlgorithm::RsaPkcs1Sha512,
    ];
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = &[
        #[cfg(feature = "ed25519")]
        SignatureScheme::ED25519,
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        #[cfg(feature = "p384")]
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        #[cfg(feature = "rsa")]
        SignatureScheme::RSA_PSS_RSAE_SHA256,
        #[cfg(feature = "rsa")]
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        #[cfg(feature = "rsa")]
        SignatureScheme::RSA_PSS_RSAE_SHA512,
        #[cfg(feature = "rsa")]
        SignatureScheme::RSA_PSS_PSS_SHA256,
        #[cfg(feature = "rsa")]
        SignatureScheme::RSA_PSS_PSS_SHA384,
        #[cfg(feature = "rsa")]
        SignatureScheme::RSA_PSS_PSS_SHA512,
    ];
    // Only RSA has code points for certificates alone (RFC 9846 section 4.3.3).
    #[cfg(feature = "rsa")]
    const CERTIFICATE_SCHEMES: &'static [SignatureScheme] = &[
        #[cfg(feature = "ed25519")]
        SignatureScheme::ED25519,
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        #[cfg(feature = "p384")]
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA256,
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA512,
        SignatureScheme::RSA_PSS_PSS_SHA256,
        SignatureScheme::RSA_PSS_PSS_SHA384,
        SignatureScheme::RSA_PSS_PSS_SHA512,
        SignatureScheme::RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA512,
    ];

    fn hash(self, algorithm: HashAlgorithm) -> Result<RunningHash, CryptoError> {
        RunningHash::new(algorithm)
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        hash::hmac(algorithm, key, message)
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<RecordKey, CryptoError> {
        RecordKey::new(algorithm, key)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<PrivateKey, CryptoError> {
        PrivateKey::new(group, seed)
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        if algorithm.hash().is_some_and(|hash| hash.output_len() != signed.len()) {
            return Err(CryptoError::Invalid);
        }
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => ecdsa::verify_p256(public_key, signed, signature),
            #[cfg(feature = "p384")]
            SignatureAlgorithm::EcdsaP256Sha384 => ecdsa::verify_p256(public_key, signed, signature),
            _ => verify_other(algorithm, public_key, signed, signature),
        }
    }
}

/// Verifies with any key except one on P-256, for which another provider may be faster. The length of `signed` is
/// correct.
#[allow(unused_variables, reason = "unused where P-256 is all that is compiled in")]
fn verify_other(
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    match algorithm {
        #[cfg(feature = "p384")]
        SignatureAlgorithm::EcdsaP384Sha256 | SignatureAlgorithm::EcdsaP384Sha384 => {
            ecdsa::verify_p384(public_key, signed, signature)
        }
        #[cfg(feature = "ed25519")]
        SignatureAlgorithm::Ed25519 => ed25519::verify(public_key, signed, signature),
        #[cfg(feature = "rsa")]
        SignatureAlgorithm::RsaPkcs1Sha256
        | SignatureAlgorithm::RsaPkcs1Sha384
        | SignatureAlgorithm::RsaPkcs1Sha512
        | SignatureAlgorithm::RsaPssSha256
        | SignatureAlgorithm::RsaPssSha384
        | SignatureAlgorithm::RsaPssSha512 => super::rsa::verify(RustCrypto, algorithm, public_key, signed, signature),
        _ => Err(CryptoError::Unsupported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyExchange, SharedSecret};
    use zeroize::ZeroizeOnDrop;

    #[test]
    fn all_listed_algorithms_exist() {
        for suite in RustCrypto::CIPHER_SUITES {
            assert!(RustCrypto.hash(HashAlgorithm::of(*suite).unwrap()).is_ok());
            let aead = AeadAlgorithm::of(*suite).unwrap();
            assert!(RustCrypto.aead(aead, &[0; 32][..aead.key_len()]).is_ok());
        }
        for group in RustCrypto::NAMED_GROUPS {
            assert!(RustCrypto.key_exchange(*group, &[1; 32]).unwrap().key_share().is_ok());
        }
        assert!(RustCrypto.key_exchange(NamedGroup(0x0019), &[1; 32]).is_err());
    }

    /// A listed algorithm is there: an empty key is then invalid, not unsupported.
    #[test]
    fn each_signature_algorithm_that_is_listed_is_there() {
        for algorithm in RustCrypto::SIGNATURE_ALGORITHMS {
            let len = algorithm.hash().map_or(0, HashAlgorithm::output_len);
            let verified = RustCrypto.verify(*algorithm, &[], &[0; 64][..len], &[]);
            assert_eq!(verified, Err(CryptoError::Invalid), "{algorithm:?}");
            assert!(algorithm.hash().is_none_or(|hash| RustCrypto.hash(hash).is_ok()));
        }
        for scheme in RustCrypto::SIGNATURE_SCHEMES {
            let algorithm = SignatureAlgorithm::of(*scheme).unwrap();
            assert!(RustCrypto::SIGNATURE_ALGORITHMS.contains(&algorithm), "{scheme}");
            assert!(RustCrypto::CERTIFICATE_SCHEMES.contains(scheme), "{scheme}");
        }
    }

    #[test]
    fn an_algorithm_that_is_not_listed_is_unsupported() {
        for algorithm in [
            SignatureAlgorithm::EcdsaP256Sha384,
            SignatureAlgorithm::EcdsaP384Sha384,
            SignatureAlgorithm::Ed25519,
            SignatureAlgorithm::RsaPkcs1Sha512,
            SignatureAlgorithm::RsaPssSha256,
        ] {
            if !RustCrypto::SIGNATURE_ALGORITHMS.contains(&algorithm) {
                let len = algorithm.hash().map_or(0, HashAlgorithm::output_len);
                let verified = RustCrypto.verify(algorithm, &[], &[0; 64][..len], &[]);
                assert_eq!(verified, Err(CryptoError::Unsupported));
            }
        }
    }

    #[test]
    fn types_with_secrets_are_wiped_when_dropped() {
        const fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<RecordKey>();
        wiped::<SharedSecret>();
        wiped::<p256::SecretKey>();
        wiped::<p256::ecdsa::SigningKey>();
        wiped::<x25519_dalek::StaticSecret>();
        #[cfg(feature = "p384")]
        wiped::<p384::ecdsa::SigningKey>();
        #[cfg(feature = "p384")]
        wiped::<p384::SecretKey>();
        #[cfg(feature = "ed25519")]
        wiped::<ed25519_dalek::SigningKey>();
        // HMAC wipes itself too, but does not say so by the trait.
        wiped::<sha2::Sha256>();
    }
}
