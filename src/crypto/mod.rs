//! The cryptography that this crate needs, as a trait: bytes in, bytes out, static dispatch, no types of other crates.
//! `rustcrypto` is the portable provider.
//!
//! The names of all algorithms exist in every build, so that a provider in another crate compiles regardless of the
//! features that other dependencies enable. The lists of a [`CryptoProvider`] state what a build supports. Support for
//! certificates also depends on the features `p384`, `ed25519` and `rsa`, and SHA-384 as the hash of a cipher suite on
//! `aes256-gcm-sha384`, so that unused algorithms cost nothing.

mod decoded_key;
mod ecdsa_sig_value;
#[cfg(feature = "rsa")]
pub mod rsa;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;

pub use self::decoded_key::DecodedKey;
pub use self::ecdsa_sig_value::ecdsa_sig_value;
#[cfg(feature = "rustcrypto")]
pub use self::rustcrypto::RustCrypto as DefaultProvider;
pub use crate::limits::TAG_LEN;

use crate::codec::copy;
use crate::limits::MAX_RECORDS_PER_KEY;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::der::Malformed;
use crate::error::Error;
use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};

/// No cryptography: without the feature `rustcrypto`, a [`Client`](crate::Client) or [`Server`](crate::Server) has to
/// name a provider.
#[cfg(not(feature = "rustcrypto"))]
#[derive(Debug)]
pub enum DefaultProvider {}

/// Bytes of the longest hash that is compiled in.
pub const MAX_HASH_LEN: usize = if cfg!(feature = "rsa") {
    64
} else if cfg!(feature = "p384") {
    48
} else {
    MAX_SUITE_HASH_LEN
};
/// Bytes of the longest hash of a cipher suite that is compiled in.
pub(crate) const MAX_SUITE_HASH_LEN: usize = if cfg!(feature = "aes256-gcm-sha384") { 48 } else { 32 };
/// Bytes of the longest public key share: an uncompressed point on P-256, or on P-384 (feature `p384`), or a client's
/// share of X25519MLKEM768 (feature `mlkem`).
pub const MAX_KEY_SHARE_LEN: usize = if cfg!(feature = "mlkem") {
    1_216
} else if cfg!(feature = "p384") {
    97
} else {
    65
};
/// Bytes of the longest shared secret.
pub const MAX_SHARED_SECRET_LEN: usize = if cfg!(feature = "mlkem") {
    64
} else if cfg!(feature = "p384") {
    48
} else {
    32
};
/// Bytes of the seed from which an ephemeral key is derived.
pub const KEY_SEED_LEN: usize = 32;
/// Bytes of an AEAD nonce (RFC 9846 section 5.3).
pub const NONCE_LEN: usize = 12;

/// The failure of a cryptographic operation. Its meaning depends on the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptoError {
    /// The provider failed, for example because a peripheral does not respond.
    Failed,
    /// The tag or the signature does not verify.
    Forged,
    /// A key, a point or an encoding is not valid.
    Invalid,
    /// The provider does not have this algorithm.
    Unsupported,
}

/// Converts failures that the peer did not cause. For others, the caller returns another error:
/// [`Error::DecryptFailed`], [`PeerMisbehaved::KeyShareInvalid`](crate::PeerMisbehaved::KeyShareInvalid), ...
impl From<CryptoError> for Error {
    fn from(_: CryptoError) -> Self {
        Self::ProviderFailed
    }
}

impl CryptoError {
    /// Blames the peer, unless the provider failed.
    pub(crate) fn or(self, blame: impl Into<Error>) -> Error {
        match self {
            Self::Failed => Error::ProviderFailed,
            Self::Forged | Self::Invalid | Self::Unsupported => blame.into(),
        }
    }
}

impl From<Malformed> for CryptoError {
    fn from(_: Malformed) -> Self {
        Self::Invalid
    }
}

/// A hash function: of the transcript and the key schedule, and of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes (feature `aes256-gcm-sha384`, `p384` or `rsa`).
    Sha384,
    /// SHA-512, 64 bytes, in signatures only (feature `rsa`).
    Sha512,
}

/// An algorithm that seals records. None is weaker than 112 bits, and RC4 is not among them (RFC 9846 appendix E.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AeadAlgorithm {
    /// AES-128 in GCM, key of 16 bytes.
    Aes128Gcm,
    /// AES-256 in GCM, key of 32 bytes.
    Aes256Gcm,
    /// ChaCha20-Poly1305, key of 32 bytes.
    ChaCha20Poly1305,
}

/// A signature algorithm of a CertificateVerify or of a certificate: kind of key and hash.
///
/// The encodings, as a [`CryptoProvider`] gets them:
///
/// | | Public key | Signature |
/// |---|---|---|
/// | ECDSA | uncompressed point (SEC 1 section 2.3.3): 65 bytes on P-256, 97 on P-384 | DER `ECDSA-Sig-Value` (RFC 3279 section 2.2.3) |
/// | Ed25519 | 32 bytes (RFC 8032 section 5.1.2) | 64 bytes (RFC 8032 section 5.1.6) |
/// | RSA | DER `RSAPublicKey` (RFC 8017 appendix A.1.1) | as long as the modulus, big-endian |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 over a SHA-256 digest.
    EcdsaP256Sha256,
    /// ECDSA on P-256 over a SHA-384 digest, in certificates only (feature `p384`).
    EcdsaP256Sha384,
    /// ECDSA on P-384 over a SHA-256 digest, in certificates only (feature `p384`).
    EcdsaP384Sha256,
    /// ECDSA on P-384 over a SHA-384 digest (feature `p384`).
    EcdsaP384Sha384,
    /// Ed25519 over the message itself (feature `ed25519`).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 over a SHA-256 digest, in certificates only (feature `rsa`).
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 over a SHA-384 digest, in certificates only (feature `rsa`).
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 over a SHA-512 digest, in certificates only (feature `rsa`).
    RsaPkcs1Sha512,
    /// RSASSA-PSS over a SHA-256 digest, with MGF1 of the same hash and a salt of its length
    /// (RFC 9846 section 4.3.3; feature `rsa`).
    RsaPssSha256,
    /// RSASSA-PSS over a SHA-384 digest, else like [`RsaPssSha256`](Self::RsaPssSha256).
    RsaPssSha384,
    /// RSASSA-PSS over a SHA-512 digest, else like [`RsaPssSha256`](Self::RsaPssSha256).
    RsaPssSha512,
}

/// A message digest of the length of its hash.
///
/// Most digests are public. Those of HMAC in the key schedule are secrets, which the key schedule wipes itself, since a
/// digest is `Copy`.
#[derive(Clone, Copy, Zeroize)]
pub struct Digest {
    bytes: [u8; MAX_HASH_LEN],
    len: u8,
}

debug_by_name!("Digest", [] Digest);

/// The result of a key exchange. Wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub struct SharedSecret {
    bytes: [u8; MAX_SHARED_SECRET_LEN],
    len: u8,
}

debug_by_name!("SharedSecret", [] SharedSecret);

/// The public key of a key exchange, encoded as in a `KeyShareEntry`.
#[derive(Clone, Copy)]
pub struct KeyShare {
    bytes: [u8; MAX_KEY_SHARE_LEN],
    len: KeyShareLen,
}

/// The length of a [`KeyShare`].
#[cfg(feature = "mlkem")]
type KeyShareLen = u16;
#[cfg(not(feature = "mlkem"))]
type KeyShareLen = u8;

debug_by_name!("KeyShare", [] KeyShare);

/// A running hash.
pub trait Hash: Clone {
    /// Adds more bytes.
    fn update(&mut self, bytes: &[u8]);
    /// Returns the digest of all bytes so far.
    fn finish(self) -> Digest;
}

/// A key that seals and opens records.
pub trait Aead {
    /// Encrypts `in_out` in place and returns the tag.
    ///
    /// # Errors
    /// [`CryptoError`] if the provider fails; the record is not sent then.
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError>;

    /// Checks the tag, then decrypts `in_out` in place.
    ///
    /// # Errors
    /// [`CryptoError::Forged`] if the tag is wrong. Any failure must leave `in_out` unchanged: the record may have been
    /// sealed with the previous keys, which are tried next.
    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError>;
}

/// An ephemeral private key. Wiped when dropped.
///
/// A hybrid is an operation of each of its parts where others are one.
pub trait KeyExchange: Sized {
    /// Returns the public key. One public-key operation.
    ///
    /// # Errors
    /// [`CryptoError`] if the provider fails.
    fn key_share(&self) -> Result<KeyShare, CryptoError>;

    /// Returns the key share of a server for the client's share in `peer`: with Diffie-Hellman the public key, with a KEM
    /// a ciphertext. [`agree`](Self::agree) follows with the same `peer`. One public-key operation.
    ///
    /// Servers call it in builds with the feature `mlkem`; in others they call [`key_share`](Self::key_share).
    ///
    /// # Errors
    /// As of [`agree`](Self::agree).
    fn answer(&mut self, peer: &[u8]) -> Result<KeyShare, CryptoError> {
        let _ = peer;
        self.key_share()
    }

    /// Computes the shared secret with the peer's key share, and consumes the private key. One public-key operation.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if `peer` is not a valid public key of the group, or the result is the all-zero value
    /// (RFC 9846 sections 4.3.8.2 and 7.4).
    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError>;
}

/// The cryptography of a connection: software, an accelerator, a secure element, or a fake for a fuzzer.
///
/// A provider is a handle that is copied: empty for software, a reference to the peripheral and its lock for an
/// accelerator. A connection has one for its whole life.
///
/// The lists name what the provider supports, in order of preference; they are the default of a configuration. Methods
/// are only called with algorithms of these lists.
pub trait CryptoProvider: Copy + 'static {
    /// Running hash.
    type Hash: Hash;
    /// Record key.
    type Aead: Aead;
    /// Ephemeral private key.
    type KeyExchange: KeyExchange;

    /// Cipher suites, in order of preference.
    const CIPHER_SUITES: &'static [CipherSuite];
    /// Key exchange groups, in order of preference.
    const NAMED_GROUPS: &'static [NamedGroup];
    /// Signature algorithms of certificates that can be verified, in order of preference.
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm];
    /// Signature schemes of a CertificateVerify that can be verified, in order of preference.
    const SIGNATURE_SCHEMES: &'static [SignatureScheme];
    /// Signature schemes of certificates that can be verified, in order of preference: the code points of
    /// [`SIGNATURE_ALGORITHMS`](Self::SIGNATURE_ALGORITHMS), where they exist. Sent as `signature_algorithms_cert` if
    /// it differs from the list for CertificateVerify.
    const CERTIFICATE_SCHEMES: &'static [SignatureScheme] = Self::SIGNATURE_SCHEMES;
    /// True if [`verify`](Self::verify) takes the messages that were signed, as a library that hashes them itself does,
    /// instead of their digests. The `peer` memory then keeps the whole signed part of each certificate.
    const VERIFIES_MESSAGES: bool = false;
    /// Records sealed with one key before a session changes it. RFC 9846 section 5.5 allows 2^24.5 of full size with
    /// AES-GCM, so that a provider can only lower it, as an accelerator or a rule may demand.
    const RECORDS_PER_KEY: u64 = MAX_RECORDS_PER_KEY;

    /// Starts a hash.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] if the provider does not have it.
    fn hash(self, algorithm: HashAlgorithm) -> Result<Self::Hash, CryptoError>;

    /// Hashes the concatenation of `parts`.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] if the provider does not have the hash.
    fn digest(self, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        let mut hash = self.hash(algorithm)?;
        for part in parts {
            hash.update(part);
        }
        Ok(hash.finish())
    }

    /// Computes HMAC (RFC 2104) over the concatenation of `message`, with the hash of a cipher suite.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] if the provider does not have the hash.
    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError>;

    /// Creates a record key. `key` has the length of `algorithm`.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] if the provider does not have it, [`CryptoError::Invalid`] for
    /// a key of another length.
    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self::Aead, CryptoError>;

    /// Derives an ephemeral private key from `seed`, which is uniformly random and used once.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] if the provider does not have the group.
    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self::KeyExchange, CryptoError>;

    /// Verifies a signature. One public-key operation. `signed` is the digest that
    /// [`SignatureAlgorithm::hash`] names, or the message itself where it names none or the provider
    /// [verifies messages](Self::VERIFIES_MESSAGES).
    ///
    /// # Errors
    /// [`CryptoError::Forged`] if it does not verify, [`CryptoError::Invalid`] if the key or the
    /// encoding is not valid, [`CryptoError::Unsupported`] if the provider does not have it.
    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError>;
}

impl Digest {
    /// Creates a digest from its bytes.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] if it is longer than [`MAX_HASH_LEN`].
    pub fn new(digest: &[u8]) -> Result<Self, CryptoError> {
        let mut bytes = [0; MAX_HASH_LEN];
        copy(bytes.get_mut(..digest.len()).ok_or(CryptoError::Unsupported)?, digest);
        let len = u8::try_from(digest.len()).map_err(|_| CryptoError::Unsupported)?;
        Ok(Self { bytes, len })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }
}

/// Makes a digest from an array without a possible failure. More than [`MAX_HASH_LEN`] bytes do not compile.
impl<const N: usize> From<&[u8; N]> for Digest {
    fn from(digest: &[u8; N]) -> Self {
        const { assert!(N <= MAX_HASH_LEN) };
        let mut bytes = [0; MAX_HASH_LEN];
        let mut len = 0;
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = *from;
            len += 1;
        }
        Self { bytes, len }
    }
}

impl SharedSecret {
    /// Creates a shared secret from its bytes. More than [`MAX_SHARED_SECRET_LEN`] do not compile.
    pub fn new<const N: usize>(mut secret: [u8; N]) -> Self {
        const { assert!(N <= MAX_SHARED_SECRET_LEN) };
        let mut shared = Self { bytes: [0; MAX_SHARED_SECRET_LEN], len: 0 };
        for (to, from) in shared.bytes.iter_mut().zip(&secret) {
            *to = *from;
            shared.len += 1;
        }
        secret.zeroize();
        shared
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }
}

impl KeyShare {
    /// Creates a key share from its bytes.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if it is longer than [`MAX_KEY_SHARE_LEN`].
    pub fn new(share: &[u8]) -> Result<Self, CryptoError> {
        let mut bytes = [0; MAX_KEY_SHARE_LEN];
        copy(bytes.get_mut(..share.len()).ok_or(CryptoError::Invalid)?, share);
        let len = KeyShareLen::try_from(share.len()).map_err(|_| CryptoError::Invalid)?;
        Ok(Self { bytes, len })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }
}

impl HashAlgorithm {
    /// Returns the length of a digest in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Returns the hash of a cipher suite (RFC 9846 appendix B.4).
    pub(crate) const fn of(suite: CipherSuite) -> Option<Self> {
        match suite {
            CipherSuite::TLS_AES_128_GCM_SHA256 | CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => Some(Self::Sha256),
            #[cfg(feature = "aes256-gcm-sha384")]
            CipherSuite::TLS_AES_256_GCM_SHA384 => Some(Self::Sha384),
            _ => None,
        }
    }
}

impl AeadAlgorithm {
    /// Returns the length of a key in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Returns the AEAD of a cipher suite (RFC 9846 appendix B.4).
    pub(crate) const fn of(suite: CipherSuite) -> Option<Self> {
        match suite {
            CipherSuite::TLS_AES_128_GCM_SHA256 => Some(Self::Aes128Gcm),
            CipherSuite::TLS_AES_256_GCM_SHA384 => Some(Self::Aes256Gcm),
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => Some(Self::ChaCha20Poly1305),
            _ => None,
        }
    }
}

impl SignatureAlgorithm {
    /// Returns the hash of the signed content; `None` if the algorithm signs the message itself.
    pub const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::EcdsaP256Sha256 | Self::EcdsaP384Sha256 | Self::RsaPkcs1Sha256 | Self::RsaPssSha256 => {
                Some(HashAlgorithm::Sha256)
            }
            Self::EcdsaP256Sha384 | Self::EcdsaP384Sha384 | Self::RsaPkcs1Sha384 | Self::RsaPssSha384 => {
                Some(HashAlgorithm::Sha384)
            }
            Self::RsaPkcs1Sha512 | Self::RsaPssSha512 => Some(HashAlgorithm::Sha512),
            Self::Ed25519 => None,
        }
    }

    /// Returns the algorithm of a scheme in a CertificateVerify (RFC 9846 section 4.3.3). None uses SHA-1 (RFC 9846
    /// section 4.5.2).
    pub const fn of(scheme: SignatureScheme) -> Option<Self> {
        match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => Some(Self::EcdsaP256Sha256),
            SignatureScheme::ECDSA_SECP384R1_SHA384 => Some(Self::EcdsaP384Sha384),
            SignatureScheme::ED25519 => Some(Self::Ed25519),
            SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => Some(Self::RsaPssSha256),
            SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => Some(Self::RsaPssSha384),
            SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => Some(Self::RsaPssSha512),
            _ => None,
        }
    }
}
