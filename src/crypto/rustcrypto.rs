//! The portable back end: RustCrypto and dalek, pure Rust, no heap.
//!
//! All of it is written to run in constant time where secrets are concerned, given a multiplier
//! that does (Cortex-M4 and M33 have one, Cortex-M3 does not: `UMULL` there takes longer for larger
//! numbers). Nothing here indexes a table by a secret.
//!
//! Costs of the public-key operations on a Cortex-M4, about: X25519 2 million cycles, P-256 9 million.

use aead::consts::{U12, U16};
use aead::inout::InOutBuf;
use aead::{AeadInOut, KeyInit, Nonce, Tag};
use hmac::Mac;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::Digest as _;
#[cfg(feature = "x25519")]
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

/// A running hash. 104 bytes for SHA-256 alone, 216 bytes with the feature `sha384`.
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
/// It is kept as it came and expanded for each record: expanded, an AES-128 key for GCM takes 208
/// bytes in each direction as long as the session lives; expanding it takes about 5 % of the time of a
/// record of 1 KiB on a Cortex-M4. ChaCha20 has nothing to expand.
#[derive(ZeroizeOnDrop)]
pub struct RecordKey {
    #[zeroize(skip)]
    algorithm: AeadAlgorithm,
    /// As many bytes as the algorithm wants, then zeros.
    key: [u8; MAX_AEAD_KEY_LEN],
}

/// Bytes of the longest AEAD key.
const MAX_AEAD_KEY_LEN: usize = 32;

/// An ephemeral private key. 36 bytes, wiped when dropped.
pub struct PrivateKey(Private);

enum Private {
    P256(p256::SecretKey),
    #[cfg(feature = "x25519")]
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

/// How many seeds are tried, each the hash of the one before. One in 2^32 is no scalar of P-256, so
/// that all of them fail once in 2^128.
const SEED_TRIES: usize = 4;

impl CryptoProvider for RustCrypto {
    type Hash = RunningHash;
    type Aead = RecordKey;
    type KeyExchange = PrivateKey;

    // Microcontrollers have no AES instructions: in software ChaCha20-Poly1305 takes a quarter of the
    // time of AES-128-GCM and half its flash. AES-256 comes last because it is the slowest.
    const CIPHER_SUITES: &'static [CipherSuite] = &[
        #[cfg(feature = "chacha20-poly1305")]
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        #[cfg(feature = "aes128-gcm")]
        CipherSuite::TLS_AES_128_GCM_SHA256,
        #[cfg(feature = "aes256-gcm-sha384")]
        CipherSuite::TLS_AES_256_GCM_SHA384,
    ];

    // X25519 costs a quarter of the time of P-256 in this back end.
    const NAMED_GROUPS: &'static [NamedGroup] = &[
        #[cfg(feature = "x25519")]
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
    ];

    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = &[SignatureAlgorithm::EcdsaP256Sha256];
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
        let mut record_key = RecordKey { algorithm, key: [0; MAX_AEAD_KEY_LEN] };
        record_key.key.get_mut(..key.len()).ok_or(CryptoError::Invalid)?.copy_from_slice(key);
        Ok(record_key)
    }

    fn key_exchange(group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<PrivateKey, CryptoError> {
        Ok(PrivateKey(match group {
            NamedGroup::SECP256R1 => Private::P256(p256_private_key(seed)?),
            #[cfg(feature = "x25519")]
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
            #[cfg(feature = "aes128-gcm")]
            AeadAlgorithm::Aes128Gcm => seal::<aes_gcm::Aes128Gcm>(self.key()?, nonce, aad, in_out),
            #[cfg(feature = "aes256-gcm-sha384")]
            AeadAlgorithm::Aes256Gcm => seal::<aes_gcm::Aes256Gcm>(self.key()?, nonce, aad, in_out),
            #[cfg(feature = "chacha20-poly1305")]
            AeadAlgorithm::ChaCha20Poly1305 => {
                seal::<chacha20poly1305::ChaCha20Poly1305>(self.key()?, nonce, aad, in_out)
            }
            // Refused when the key was made.
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
            AeadAlgorithm::Aes128Gcm => open::<aes_gcm::Aes128Gcm>(self.key()?, nonce, aad, in_out, tag),
            #[cfg(feature = "aes256-gcm-sha384")]
            AeadAlgorithm::Aes256Gcm => open::<aes_gcm::Aes256Gcm>(self.key()?, nonce, aad, in_out, tag),
            #[cfg(feature = "chacha20-poly1305")]
            AeadAlgorithm::ChaCha20Poly1305 => {
                open::<chacha20poly1305::ChaCha20Poly1305>(self.key()?, nonce, aad, in_out, tag)
            }
            // Refused when the key was made.
            #[allow(unreachable_patterns, reason = "reached where an algorithm is not compiled in")]
            _ => Err(CryptoError::Unsupported),
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
            #[cfg(feature = "x25519")]
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
            #[cfg(feature = "x25519")]
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

/// Refuses all forms of a point but the uncompressed one: RFC 9846 section 4.3.8.2
/// (`uint8 legacy_form = 4`) for key shares, RFC 8422 section 5.1.1 for certificates.
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

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::rfc8448::{hex, hex_array, retry, simple};

    /// Order of the P-256 group.
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    /// The private key and the signature over SHA-256 of "sample" of RFC 6979 appendix A.2.5.
    const SAMPLE_KEY: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    const SAMPLE_R: &str = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
    const SAMPLE_S: &str = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        let mut hash = RustCrypto::hash(HashAlgorithm::Sha256).unwrap();
        hash.update(bytes);
        hash.finish().as_bytes().try_into().unwrap()
    }

    fn key_exchange(group: NamedGroup, seed: &str) -> PrivateKey {
        RustCrypto::key_exchange(group, &hex_array(seed)).unwrap()
    }

    fn verify(digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let key = P256SigningKey::from_bytes(&hex_array(SAMPLE_KEY)).unwrap();
        RustCrypto::verify(SignatureAlgorithm::EcdsaP256Sha256, &key.public_key(), digest, signature)
    }

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(2, r), tlv(2, s)].concat())
    }

    /// An INTEGER with the zero that both numbers of the sample need.
    fn integer(digits: &str) -> Vec<u8> {
        [&[0], &hex(digits)[..]].concat()
    }

    #[test]
    fn all_that_is_listed_is_there() {
        for suite in RustCrypto::CIPHER_SUITES {
            assert!(RustCrypto::hash(HashAlgorithm::of(*suite).unwrap()).is_ok());
            let aead = AeadAlgorithm::of(*suite).unwrap();
            assert!(RustCrypto::aead(aead, &[0; 32][..aead.key_len()]).is_ok());
        }
        for group in RustCrypto::NAMED_GROUPS {
            assert!(RustCrypto::key_exchange(*group, &[1; 32]).unwrap().key_share().is_ok());
        }
        assert!(RustCrypto::key_exchange(NamedGroup::SECP384R1, &[1; 32]).is_err());
    }

    #[test]
    fn an_aead_key_of_another_length_is_refused() {
        for (algorithm, len) in [(AeadAlgorithm::Aes128Gcm, 16), (AeadAlgorithm::ChaCha20Poly1305, 32)] {
            for wrong in (0..=33).filter(|wrong| *wrong != len) {
                assert_eq!(RustCrypto::aead(algorithm, &[0; 33][..wrong]).err(), Some(CryptoError::Invalid));
            }
        }
    }

    #[cfg(not(feature = "aes256-gcm-sha384"))]
    #[test]
    fn aes_256_is_unsupported_without_its_feature() {
        let key = RustCrypto::aead(AeadAlgorithm::Aes256Gcm, &[0; 32]);
        assert_eq!(key.err(), Some(CryptoError::Unsupported));
    }

    #[test]
    fn x25519_agrees_with_rfc_8448_section_3() {
        let client = key_exchange(NamedGroup::X25519, simple::CLIENT_PRIVATE);
        let server = key_exchange(NamedGroup::X25519, simple::SERVER_PRIVATE);
        assert_eq!(client.key_share().unwrap().as_bytes(), hex(simple::CLIENT_PUBLIC));
        assert_eq!(server.key_share().unwrap().as_bytes(), hex(simple::SERVER_PUBLIC));
        assert_eq!(*client.agree(&hex(simple::SERVER_PUBLIC)).unwrap().as_bytes(), *hex(simple::SHARED_SECRET));
        assert_eq!(*server.agree(&hex(simple::CLIENT_PUBLIC)).unwrap().as_bytes(), *hex(simple::SHARED_SECRET));
    }

    #[test]
    fn p256_agrees_with_rfc_8448_section_5() {
        let client = key_exchange(NamedGroup::SECP256R1, retry::CLIENT_PRIVATE);
        assert_eq!(client.key_share().unwrap().as_bytes(), hex(retry::CLIENT_PUBLIC));
        assert_eq!(*client.agree(&hex(retry::SERVER_PUBLIC)).unwrap().as_bytes(), *hex(retry::SHARED_SECRET));
    }

    /// Points of low order, with which every private key gives zero: u = 0, 1, p - 1, p, p + 1 and the
    /// two of order 8.
    #[test]
    fn an_x25519_share_that_gives_zero_is_refused() {
        for share in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        ] {
            let key = key_exchange(NamedGroup::X25519, simple::CLIENT_PRIVATE);
            assert_eq!(key.agree(&hex(share)).err(), Some(CryptoError::Invalid), "{share}");
        }
    }

    #[test]
    fn a_share_of_another_length_is_refused() {
        for group in RustCrypto::NAMED_GROUPS {
            let own = RustCrypto::key_exchange(*group, &[1; 32]).unwrap().key_share().unwrap();
            for len in (0..=66).filter(|len| *len != own.as_bytes().len()) {
                let mut share = own.as_bytes().to_vec();
                share.resize(len, 0);
                let key = RustCrypto::key_exchange(*group, &[2; 32]).unwrap();
                assert_eq!(key.agree(&share).err(), Some(CryptoError::Invalid), "{group} {len}");
            }
        }
    }

    #[test]
    fn a_p256_share_is_uncompressed_and_on_the_curve() {
        let share = hex(retry::SERVER_PUBLIC);
        let refused = |share: &[u8]| {
            let key = key_exchange(NamedGroup::SECP256R1, retry::CLIENT_PRIVATE);
            assert_eq!(key.agree(share).err(), Some(CryptoError::Invalid), "{share:02x?}");
        };
        // The hybrid forms 6 and 7 of X9.62 tell the parity of y, which is odd here.
        for form in (0..=255).filter(|form| *form != UNCOMPRESSED) {
            refused(&[&[form], &share[1..]].concat());
        }
        // Compressed, the point is a valid one.
        refused(&[&[3], &share[1..33]].concat());
        refused(&[0]);
        refused(&[&[4], &[0; 64][..]].concat());
        for byte in 1..65 {
            let mut off = share.clone();
            off[byte] ^= 1;
            refused(&off);
        }
        // x = p does not count as x = 0.
        let p = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        let y_of_zero = hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
        refused(&[&[4], &p[..], &y_of_zero].concat());
        let key = key_exchange(NamedGroup::SECP256R1, retry::CLIENT_PRIVATE);
        assert!(key.agree(&[&[4], &[0; 32][..], &y_of_zero].concat()).is_ok());
    }

    #[test]
    fn a_seed_that_is_no_scalar_is_hashed() {
        for seed in ["00".repeat(32), ORDER.into(), "ff".repeat(32)] {
            let from_seed = key_exchange(NamedGroup::SECP256R1, &seed).key_share().unwrap();
            let hashed = RustCrypto::key_exchange(NamedGroup::SECP256R1, &sha256(&hex(&seed))).unwrap();
            assert_eq!(from_seed.as_bytes(), hashed.key_share().unwrap().as_bytes());
        }
        let mut largest = hex(ORDER);
        largest[31] -= 1;
        let largest = RustCrypto::key_exchange(NamedGroup::SECP256R1, &largest.try_into().unwrap()).unwrap();
        let one = key_exchange(NamedGroup::SECP256R1, &std::format!("{:064x}", 1));
        // n - 1 is -1: the base point with its y negated.
        assert_eq!(largest.key_share().unwrap().as_bytes()[..33], one.key_share().unwrap().as_bytes()[..33]);
        assert_ne!(largest.key_share().unwrap().as_bytes()[33..], one.key_share().unwrap().as_bytes()[33..]);
    }

    #[test]
    fn signatures_are_those_of_rfc_6979() {
        let key = P256SigningKey::from_bytes(&hex_array(SAMPLE_KEY)).unwrap();
        assert_eq!(
            key.public_key(),
            *hex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
        );
        assert_eq!(key.sign_digest(&sha256(b"sample")).unwrap(), *hex(&[SAMPLE_R, SAMPLE_S].concat()));
        assert!(verify(&sha256(b"sample"), &der(&integer(SAMPLE_R), &integer(SAMPLE_S))).is_ok());
        let forged = verify(&sha256(b"simple"), &der(&integer(SAMPLE_R), &integer(SAMPLE_S)));
        assert_eq!(forged, Err(CryptoError::Forged));
    }

    #[test]
    fn a_scalar_out_of_range_is_no_signing_key() {
        for scalar in ["00".repeat(32), ORDER.into(), "ff".repeat(32)] {
            assert_eq!(P256SigningKey::from_bytes(&hex_array(&scalar)).err(), Some(CryptoError::Invalid));
        }
    }

    #[test]
    fn a_digest_of_another_length_is_refused() {
        let signature = der(&integer(SAMPLE_R), &integer(SAMPLE_S));
        for len in [0, 31, 33, 48] {
            assert_eq!(verify(&[0; 48][..len], &signature), Err(CryptoError::Invalid));
        }
    }

    #[test]
    fn a_signature_is_der_to_the_letter() {
        let (r, s) = (integer(SAMPLE_R), integer(SAMPLE_S));
        let right = der(&r, &s);
        let digest = sha256(b"sample");
        let refused = |why: &str, signature: &[u8]| {
            assert_eq!(verify(&digest, signature), Err(CryptoError::Invalid), "{why}");
        };
        for len in 0..right.len() {
            refused("cut off", &right[..len]);
        }
        refused("a byte behind it", &[&right[..], &[0]].concat());
        refused("a byte inside, behind s", &tlv(0x30, &[tlv(2, &r), tlv(2, &s), [0].to_vec()].concat()));
        refused("a third number", &tlv(0x30, &[tlv(2, &r), tlv(2, &s), tlv(2, &[1])].concat()));
        refused("one number", &tlv(0x30, &tlv(2, &r)));
        refused("another outer tag", &tlv(0x31, &right[2..]));
        refused("another inner tag", &tlv(0x30, &[tlv(3, &r), tlv(2, &s)].concat()));
        refused("a length in long form", &[&[0x30, 0x81, right[1]], &right[2..]].concat());
        refused("an indefinite length", &[&[0x30, 0x80], &right[2..], &[0, 0]].concat());
        refused("a needless zero", &der(&[&[0], &r[..]].concat(), &s));
        refused("a needless zero before a small number", &der(&[0, 1], &s));
        refused("a negative number", &der(&r[1..], &s));
        refused("an empty number", &der(&[], &s));
        refused("33 bytes", &der(&[&[1], &[0; 32][..]].concat(), &s));
    }

    #[test]
    fn a_signature_with_a_number_out_of_range_is_forged() {
        let (r, s) = (integer(SAMPLE_R), integer(SAMPLE_S));
        let digest = sha256(b"sample");
        for number in [[0].to_vec(), [1].to_vec(), integer(ORDER), integer(&"ff".repeat(32))] {
            assert_eq!(verify(&digest, &der(&number, &s)), Err(CryptoError::Forged));
            assert_eq!(verify(&digest, &der(&r, &number)), Err(CryptoError::Forged));
        }
    }

    #[test]
    fn a_certificate_key_is_uncompressed_and_on_the_curve() {
        let key = P256SigningKey::from_bytes(&hex_array(SAMPLE_KEY)).unwrap().public_key();
        let signature = der(&integer(SAMPLE_R), &integer(SAMPLE_S));
        let verify =
            |key: &[u8]| RustCrypto::verify(SignatureAlgorithm::EcdsaP256Sha256, key, &sha256(b"sample"), &signature);
        assert!(verify(&key).is_ok());
        assert_eq!(verify(&[&[3], &key[1..33]].concat()), Err(CryptoError::Invalid));
        assert_eq!(verify(&[&[7], &key[1..]].concat()), Err(CryptoError::Invalid));
        assert_eq!(verify(&key[1..]), Err(CryptoError::Invalid));
        assert_eq!(verify(&[0]), Err(CryptoError::Invalid));
        let mut off = key;
        off[64] ^= 1;
        assert_eq!(verify(&off), Err(CryptoError::Invalid));
    }

    #[test]
    fn what_holds_a_secret_is_wiped_when_dropped() {
        const fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<RecordKey>();
        wiped::<SharedSecret>();
        wiped::<p256::SecretKey>();
        wiped::<p256::ecdsa::SigningKey>();
        wiped::<x25519_dalek::StaticSecret>();
        // Poly1305 and HMAC wipe themselves too, but do not say so by the trait.
        wiped::<aes_gcm::Aes128Gcm>();
        wiped::<chacha20poly1305::ChaCha20Poly1305>();
        wiped::<sha2::Sha256>();
    }

    #[test]
    fn a_record_key_takes_no_more_memory_than_a_key() {
        assert_eq!(size_of::<RecordKey>(), 33);
    }
}
