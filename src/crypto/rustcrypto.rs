//! The portable back end: RustCrypto and dalek, pure Rust, no heap.
//!
//! All of it is written to run in constant time where secrets are concerned, given a multiplier
//! that does (Cortex-M4 and M33 have one, Cortex-M3 does not: `UMULL` there takes longer for larger
//! numbers). Nothing here looks up a table by a secret.
//!
//! Costs of the public-key operations on a Cortex-M4, about: X25519 2 million cycles, P-256 9 million.

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use hmac::Mac;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::Digest as _;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    NONCE_LEN, SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use crate::codec::{Reader, read_all};
use crate::error::InvalidMessage;
use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};

/// The provider of this back end.
#[derive(Clone, Copy, Debug)]
pub struct RustCrypto;

/// A running hash. 112 bytes for SHA-256 alone, 216 bytes with the feature `sha384`.
#[derive(Clone)]
pub struct RunningHash(Running);

#[derive(Clone)]
enum Running {
    Sha256(sha2::Sha256),
    #[cfg(feature = "sha384")]
    Sha384(sha2::Sha384),
}

/// A record key of 16 or 32 bytes. Wiped when dropped.
///
/// It is kept as it came and expanded for each record: the expanded AES-128 key with its GCM table
/// takes 208 bytes in each direction as long as the session lives, the expansion about 5 % of the
/// time of a record of 1 KiB. ChaCha20 has nothing to expand.
#[derive(ZeroizeOnDrop)]
pub struct RecordKey {
    #[zeroize(skip)]
    algorithm: AeadAlgorithm,
    /// As many bytes as the algorithm wants, then zeros.
    key: [u8; MAX_AEAD_KEY_LEN],
}

/// Bytes of the longest AEAD key.
const MAX_AEAD_KEY_LEN: usize = 32;

/// An ephemeral private key of 32 bytes. Wiped when dropped.
pub struct PrivateKey(Private);

enum Private {
    P256(p256::SecretKey),
    X25519(x25519_dalek::StaticSecret),
}

/// A P-256 signing key in memory, for credentials whose key lies in no secure element. 100 bytes,
/// wiped when dropped.
///
/// Make it once and keep it: making it computes the public key, which costs as much as a signature.
pub struct P256SigningKey(p256::ecdsa::SigningKey);

/// Bytes of an uncompressed point: `0x04`, x, y (SEC 1 section 2.3.3).
const POINT_LEN: usize = 65;
/// First byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;
/// Bytes of a P-256 scalar.
const SCALAR_LEN: usize = 32;

/// How often a seed is hashed again if it is no scalar of P-256. One seed in 2^32 is none.
const SEED_TRIES: usize = 4;

impl CryptoProvider for RustCrypto {
    type Hash = RunningHash;
    type Aead = RecordKey;
    type KeyExchange = PrivateKey;

    // Microcontrollers have no AES instructions: ChaCha20-Poly1305 is 4 times as fast in software and
    // has no tables. AES-256 comes last because it is the slowest.
    const CIPHER_SUITES: &'static [CipherSuite] = &[
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_AES_128_GCM_SHA256,
        #[cfg(feature = "aes256-gcm-sha384")]
        CipherSuite::TLS_AES_256_GCM_SHA384,
    ];

    // X25519 costs a quarter of the time of P-256 in this back end.
    const NAMED_GROUPS: &'static [NamedGroup] = &[NamedGroup::X25519, NamedGroup::SECP256R1];

    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = &[SignatureScheme::ECDSA_SECP256R1_SHA256];

    fn hash(algorithm: HashAlgorithm) -> Result<RunningHash, CryptoError> {
        Ok(RunningHash(match algorithm {
            HashAlgorithm::Sha256 => Running::Sha256(sha2::Sha256::new()),
            #[cfg(feature = "sha384")]
            HashAlgorithm::Sha384 => Running::Sha384(sha2::Sha384::new()),
        }))
    }

    fn hmac(algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        match algorithm {
            HashAlgorithm::Sha256 => hmac::<hmac::Hmac<sha2::Sha256>>(key, message),
            #[cfg(feature = "sha384")]
            HashAlgorithm::Sha384 => hmac::<hmac::Hmac<sha2::Sha384>>(key, message),
        }
    }

    fn aead(algorithm: AeadAlgorithm, key: &[u8]) -> Result<RecordKey, CryptoError> {
        if cfg!(not(feature = "aes256-gcm-sha384")) && algorithm == AeadAlgorithm::Aes256Gcm {
            return Err(CryptoError::Unsupported);
        }
        if key.len() != algorithm.key_len() {
            return Err(CryptoError::Invalid);
        }
        let mut record_key = RecordKey { algorithm, key: [0; MAX_AEAD_KEY_LEN] };
        record_key.key.get_mut(..key.len()).ok_or(CryptoError::Invalid)?.copy_from_slice(key);
        Ok(record_key)
    }

    fn key_exchange(group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<PrivateKey, CryptoError> {
        Ok(PrivateKey(match group {
            NamedGroup::SECP256R1 => Private::P256(p256_private_key(seed)?),
            NamedGroup::X25519 => Private::X25519((*seed).into()),
            _ => return Err(CryptoError::Unsupported),
        }))
    }

    fn verify(
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => verify_ecdsa_p256(public_key, signed, signature),
        }
    }
}

impl Hash for RunningHash {
    fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Running::Sha256(hash) => hash.update(bytes),
            #[cfg(feature = "sha384")]
            Running::Sha384(hash) => hash.update(bytes),
        }
    }

    fn finish(self) -> Digest {
        match self.0 {
            Running::Sha256(hash) => Digest::from_array(&hash.finalize().into()),
            #[cfg(feature = "sha384")]
            Running::Sha384(hash) => Digest::from_array::<48>(&hash.finalize().into()),
        }
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
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

impl Aead for RecordKey {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        match self.algorithm {
            AeadAlgorithm::Aes128Gcm => seal::<aes_gcm::Aes128Gcm>(self.key()?, nonce, aad, in_out),
            #[cfg(feature = "aes256-gcm-sha384")]
            AeadAlgorithm::Aes256Gcm => seal::<aes_gcm::Aes256Gcm>(self.key()?, nonce, aad, in_out),
            #[cfg(not(feature = "aes256-gcm-sha384"))]
            AeadAlgorithm::Aes256Gcm => Err(CryptoError::Unsupported),
            AeadAlgorithm::ChaCha20Poly1305 => {
                seal::<chacha20poly1305::ChaCha20Poly1305>(self.key()?, nonce, aad, in_out)
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
        match self.algorithm {
            AeadAlgorithm::Aes128Gcm => open::<aes_gcm::Aes128Gcm>(self.key()?, nonce, aad, in_out, tag),
            #[cfg(feature = "aes256-gcm-sha384")]
            AeadAlgorithm::Aes256Gcm => open::<aes_gcm::Aes256Gcm>(self.key()?, nonce, aad, in_out, tag),
            #[cfg(not(feature = "aes256-gcm-sha384"))]
            AeadAlgorithm::Aes256Gcm => Err(CryptoError::Unsupported),
            AeadAlgorithm::ChaCha20Poly1305 => {
                open::<chacha20poly1305::ChaCha20Poly1305>(self.key()?, nonce, aad, in_out, tag)
            }
        }
    }
}

impl RecordKey {
    fn key(&self) -> Result<&[u8], CryptoError> {
        self.key.get(..self.algorithm.key_len()).ok_or(CryptoError::Invalid)
    }
}

fn seal<A: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit>(
    key: &[u8],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
) -> Result<[u8; TAG_LEN], CryptoError> {
    let cipher = A::new_from_slice(key).map_err(|_| CryptoError::Invalid)?;
    let nonce: &Nonce<A> = nonce.into();
    let tag = cipher.encrypt_inout_detached(nonce, aad, InOutBuf::from(in_out)).map_err(|_| CryptoError::Invalid)?;
    Ok(tag.into())
}

fn open<A: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit>(
    key: &[u8],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    in_out: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), CryptoError> {
    let cipher = A::new_from_slice(key).map_err(|_| CryptoError::Invalid)?;
    let nonce: &Nonce<A> = nonce.into();
    let tag: &Tag<A> = tag.into();
    // Both ciphers compare the tag in constant time, and before they decrypt.
    cipher.decrypt_inout_detached(nonce, aad, InOutBuf::from(in_out), tag).map_err(|_| CryptoError::Forged)
}

impl KeyExchange for PrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        match &self.0 {
            Private::P256(key) => KeyShare::new(key.public_key().to_sec1_point(false).as_bytes()),
            Private::X25519(key) => {
                // Multiplies the base point like any other point, which is as fast as the key
                // generation of dalek without its tables, and shares the code of `agree`: half the flash.
                let base_point = x25519_dalek::X25519_BASEPOINT_BYTES.into();
                KeyShare::new(key.diffie_hellman(&base_point).as_bytes())
            }
        }
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        match self.0 {
            Private::P256(key) => {
                let peer = p256::PublicKey::from_sec1_bytes(uncompressed_point(peer)?);
                // RFC 9846 section 7.4.2: the shared secret is the x coordinate with its leading zeros.
                let shared = key.diffie_hellman(&peer.map_err(|_| CryptoError::Invalid)?);
                Ok(SharedSecret::new((*shared.raw_secret_bytes()).into()))
            }
            Private::X25519(key) => {
                let peer: [u8; 32] = peer.try_into().map_err(|_| CryptoError::Invalid)?;
                let shared = key.diffie_hellman(&peer.into());
                // RFC 9846 section 7.4.2: implementations "MUST check whether the computed Diffie-Hellman
                // shared secret is the all-zero value and abort if so". In constant time, as
                // RFC 7748 section 6.1 asks for.
                if bool::from(shared.as_bytes().ct_eq(&[0; 32])) {
                    return Err(CryptoError::Invalid);
                }
                Ok(SharedSecret::new(shared.to_bytes()))
            }
        }
    }
}

/// A private key from a seed; a seed that is 0 or not below the group order is hashed first.
/// Time tells that this happened, and nothing about the key that is used then.
fn p256_private_key(seed: &[u8; KEY_SEED_LEN]) -> Result<p256::SecretKey, CryptoError> {
    let mut candidate = Zeroizing::new(*seed);
    for _ in 0..SEED_TRIES {
        if let Ok(key) = p256::SecretKey::from_slice(candidate.as_slice()) {
            return Ok(key);
        }
        *candidate = sha2::Sha256::digest(candidate.as_slice()).into();
    }
    Err(CryptoError::Invalid)
}

/// Refuses all forms of a point but the uncompressed one: RFC 9846 section 4.3.8.2 ("legacy_form [...]
/// MUST be set to 4") for key shares, RFC 8422 section 5.1.1 for certificates.
/// Whether the point lies on the curve, its parser checks.
fn uncompressed_point(point: &[u8]) -> Result<&[u8], CryptoError> {
    if point.len() == POINT_LEN && point.first() == Some(&UNCOMPRESSED) { Ok(point) } else { Err(CryptoError::Invalid) }
}

fn verify_ecdsa_p256(public_key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    if digest.len() != HashAlgorithm::Sha256.output_len() {
        return Err(CryptoError::Invalid);
    }
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(uncompressed_point(public_key)?)
        .map_err(|_| CryptoError::Invalid)?;
    let (r, s) = read_all(signature, ecdsa_sig_value).map_err(|_| CryptoError::Invalid)?;
    // Refuses 0 and what is not below the group order.
    let signature = p256::ecdsa::Signature::from_scalars(r, s).map_err(|_| CryptoError::Forged)?;
    key.verify_prehash(digest, &signature).map_err(|_| CryptoError::Forged)
}

/// `ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 section 2.2.3) in DER.
///
/// Of a P-256 signature no length reaches 128, so that each takes one byte.
fn ecdsa_sig_value(reader: &mut Reader<'_>) -> Result<([u8; SCALAR_LEN], [u8; SCALAR_LEN]), InvalidMessage> {
    const SEQUENCE: u8 = 0x30;
    read_all(short_tlv(reader, SEQUENCE)?, |reader| Ok((unsigned_integer(reader)?, unsigned_integer(reader)?)))
}

/// A DER INTEGER from 0 to 2^256 - 1, in its one shortest encoding (X.690 section 8.3.2).
fn unsigned_integer(reader: &mut Reader<'_>) -> Result<[u8; SCALAR_LEN], InvalidMessage> {
    const INTEGER: u8 = 0x02;
    let content = short_tlv(reader, INTEGER)?;
    let magnitude = match content {
        // A leading zero stands only where the next bit would be taken for a sign.
        [0, rest @ ..] if rest.first().is_some_and(|next| *next >= 0x80) => rest,
        [first, ..] if *first < 0x80 && (*first != 0 || content.len() == 1) => content,
        _ => return Err(InvalidMessage::IllegalValue),
    };
    let mut integer = [0; SCALAR_LEN];
    let padding = SCALAR_LEN.checked_sub(magnitude.len()).ok_or(InvalidMessage::IllegalValue)?;
    integer.get_mut(padding..).ok_or(InvalidMessage::IllegalValue)?.copy_from_slice(magnitude);
    Ok(integer)
}

/// The content of a DER element with this tag and a length below 128.
fn short_tlv<'a>(reader: &mut Reader<'a>, expected: u8) -> Result<&'a [u8], InvalidMessage> {
    let (tag, len) = (reader.u8()?, reader.u8()?);
    if tag != expected || len >= 0x80 {
        return Err(InvalidMessage::IllegalValue);
    }
    reader.bytes(len.into())
}

impl P256SigningKey {
    /// A key from its private scalar, 32 bytes, big-endian. One public-key operation.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the scalar is 0 or not below the order of the group.
    pub fn from_bytes(scalar: &[u8; 32]) -> Result<Self, CryptoError> {
        p256::ecdsa::SigningKey::from_bytes(scalar.into()).map(Self).map_err(|_| CryptoError::Invalid)
    }

    /// Signs a SHA-256 digest: `r || s`, 32 bytes each, big-endian. One public-key operation.
    ///
    /// The nonce is made from key and digest (RFC 6979): no randomness that could fail.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the back end fails.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; 64], CryptoError> {
        let signature: p256::ecdsa::Signature = self.0.sign_prehash(digest).map_err(|_| CryptoError::Invalid)?;
        Ok(signature.to_bytes().into())
    }

    /// The public key as an uncompressed point, 65 bytes (SEC 1 section 2.3.3), as it stands in the
    /// certificate.
    pub fn public_key(&self) -> [u8; 65] {
        let mut bytes = [0; POINT_LEN];
        // The point is never the identity, so that it always has this length.
        for (to, from) in bytes.iter_mut().zip(self.0.verifying_key().to_sec1_point(false).as_bytes()) {
            *to = *from;
        }
        bytes
    }
}
