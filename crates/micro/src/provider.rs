//! The provider and its keys.
#![forbid(unsafe_code)]

use core::fmt;
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, DecodedKey, Digest, Hash, HashAlgorithm, KEY_SEED_LEN,
    KeyExchange, KeyShare, NONCE_LEN, SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::io::SigningKey;
use embedded_mtls::{CipherSuite, NamedGroup, Signature, SignatureScheme};
use zeroize::{ZeroizeOnDrop, Zeroizing};

#[cfg(feature = "aes128-gcm")]
use crate::aes128_gcm;
use crate::chacha20_poly1305;
use crate::p256::{self, POINT_LEN, Scalar, ecdsa};
use crate::sha256::{self, Sha256};
#[cfg(feature = "aes128-gcm")]
use crate::stack::AES128_GCM;
use crate::stack::{AGREEMENT, BASE_MULTIPLE, CHACHA20_POLY1305, HASH, HMAC, SIGNATURE, wiped};

/// The provider of this back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Micro;

/// A running SHA-256. Wiped when dropped.
#[derive(Clone)]
pub struct MicroHash(Sha256);

/// A record key. Wiped when dropped.
///
/// It is kept as it came, in 32 bytes, or 33 with AES-128-GCM, for which it is expanded at each record: that takes about a twentieth of the time of
/// a record of 1 KiB, and would be 352 bytes for each direction as long as the session lives.
#[derive(ZeroizeOnDrop)]
pub struct MicroRecordKey(RecordKey);

#[derive(ZeroizeOnDrop)]
enum RecordKey {
    #[cfg(feature = "aes128-gcm")]
    Aes128Gcm([u8; 16]),
    ChaCha20Poly1305([u8; 32]),
}

/// An ephemeral private key on P-256. 32 bytes, wiped when dropped.
pub struct MicroPrivateKey(Zeroizing<Scalar>);

/// A P-256 signing key in memory, for credentials whose key is not in a secure element. 97 bytes, wiped when dropped.
///
/// Make it once and keep it: making it computes the public key, which costs as much as a signature.
pub struct MicroSigningKey {
    private: Zeroizing<Scalar>,
    public: [u8; POINT_LEN],
}

impl CryptoProvider for Micro {
    type Hash = MicroHash;
    type Aead = MicroRecordKey;
    type KeyExchange = MicroPrivateKey;

    const CIPHER_SUITES: &'static [CipherSuite] = &[
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        #[cfg(feature = "aes128-gcm")]
        CipherSuite::TLS_AES_128_GCM_SHA256,
    ];
    const NAMED_GROUPS: &'static [NamedGroup] = &[NamedGroup::SECP256R1];
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = &[SignatureAlgorithm::EcdsaP256Sha256];
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = &[SignatureScheme::ECDSA_SECP256R1_SHA256];

    fn hash(self, algorithm: HashAlgorithm) -> Result<MicroHash, CryptoError> {
        match algorithm {
            HashAlgorithm::Sha256 => Ok(MicroHash(Sha256::new())),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        match algorithm {
            HashAlgorithm::Sha256 => wiped::<HMAC, _>(|| Ok(Digest::from(&sha256::hmac(key, message)))),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<MicroRecordKey, CryptoError> {
        match algorithm {
            #[cfg(feature = "aes128-gcm")]
            AeadAlgorithm::Aes128Gcm => key.try_into().map(RecordKey::Aes128Gcm),
            AeadAlgorithm::ChaCha20Poly1305 => key.try_into().map(RecordKey::ChaCha20Poly1305),
            _ => return Err(CryptoError::Unsupported),
        }
        .map(MicroRecordKey)
        .map_err(|_| CryptoError::Invalid)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<MicroPrivateKey, CryptoError> {
        match group {
            NamedGroup::SECP256R1 => {
                wiped::<HASH, _>(|| p256::private_key(seed).map(MicroPrivateKey).ok_or(CryptoError::Invalid))
            }
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 if signed.len() == HashAlgorithm::Sha256.output_len() => {
                ecdsa::verify(public_key, signed, signature)
            }
            SignatureAlgorithm::EcdsaP256Sha256 => Err(CryptoError::Invalid),
            _ => Err(CryptoError::Unsupported),
        }
    }
}

impl Hash for MicroHash {
    fn update(&mut self, bytes: &[u8]) {
        wiped::<HASH, _>(|| self.0.update(bytes));
    }

    fn finish(mut self) -> Digest {
        wiped::<HASH, _>(|| Digest::from(&self.0.finish()))
    }
}

impl Aead for MicroRecordKey {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        match &self.0 {
            #[cfg(feature = "aes128-gcm")]
            RecordKey::Aes128Gcm(key) => wiped::<AES128_GCM, _>(|| aes128_gcm::seal(key, nonce, aad, in_out)),
            RecordKey::ChaCha20Poly1305(key) => {
                wiped::<CHACHA20_POLY1305, _>(|| chacha20_poly1305::seal(key, nonce, aad, in_out))
            }
        }
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        match &self.0 {
            #[cfg(feature = "aes128-gcm")]
            RecordKey::Aes128Gcm(key) => wiped::<AES128_GCM, _>(|| aes128_gcm::open(key, nonce, aad, in_out, tag)),
            RecordKey::ChaCha20Poly1305(key) => {
                wiped::<CHACHA20_POLY1305, _>(|| chacha20_poly1305::open(key, nonce, aad, in_out, tag))
            }
        }
    }
}

impl KeyExchange for MicroPrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        wiped::<BASE_MULTIPLE, _>(|| KeyShare::new(&p256::public_key(&self.0)))
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        wiped::<AGREEMENT, _>(|| p256::agree(&self.0, peer).map(SharedSecret::new).ok_or(CryptoError::Invalid))
    }
}

impl MicroSigningKey {
    /// A key from its private scalar, 32 bytes, big-endian. One public-key operation.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the scalar is 0 or not below the order of the group.
    pub fn from_bytes(scalar: &[u8; 32]) -> Result<Self, CryptoError> {
        wiped::<BASE_MULTIPLE, _>(|| {
            let private = Zeroizing::new(Scalar::nonzero(scalar).ok_or(CryptoError::Invalid)?);
            let public = p256::public_key(&private);
            Ok(Self { private, public })
        })
    }

    /// A key from its DER, see [`DecodedKey::from_der`]. One public-key operation.
    ///
    /// # Errors
    /// As [`DecodedKey::from_der`] and `from_bytes`; [`CryptoError::Unsupported`] if the key is not on P-256.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        match DecodedKey::from_der(der)? {
            DecodedKey::P256(scalar) => Self::from_bytes(scalar),
            _ => Err(CryptoError::Unsupported),
        }
    }

    /// Signs a SHA-256 digest: `r || s`, 32 bytes each, big-endian. One public-key operation.
    ///
    /// The nonce needs no generator that could fail.
    ///
    /// `hedge` goes into the nonce beside the key and the digest (RFC 6979 section 3.6), so that a fault in the computation, or
    /// the same digest twice, does not repeat a nonce: [`SignInput::hedge`](embedded_mtls::SignInput::hedge). Nothing depends on its
    /// being secret; empty, the signature is that of RFC 6979 section 3.2.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the back end fails.
    pub fn sign_digest(&self, digest: &[u8; 32], hedge: &[u8]) -> Result<[u8; 64], CryptoError> {
        wiped::<SIGNATURE, _>(|| ecdsa::sign(&self.private, digest, hedge))
    }

    /// The public key as an uncompressed point, 65 bytes (SEC 1 section 2.3.3), as in the certificate.
    pub const fn public_key(&self) -> [u8; POINT_LEN] {
        self.public
    }
}

impl SigningKey for MicroSigningKey {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        let mut hash = Sha256::new();
        hash.update(message);
        self.sign_digest(&hash.finish(), hedge).ok().map(Signature::P256)
    }
}

impl fmt::Debug for MicroHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroHash").finish_non_exhaustive()
    }
}

impl fmt::Debug for MicroRecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroRecordKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for MicroPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroPrivateKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for MicroSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroSigningKey").finish_non_exhaustive()
    }
}
