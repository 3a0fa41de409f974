//! Key exchange by X25519, P-256 and P-384.

use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::Digest as _;
#[cfg(feature = "x25519")]
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ecdsa::point_p256;
#[cfg(feature = "mlkem")]
use super::mlkem::HybridPrivateKey;
use crate::crypto::{CryptoError, KEY_SEED_LEN, KeyExchange, KeyShare, SharedSecret};
use crate::wire::enums::NamedGroup;

/// An ephemeral private key. 36 bytes, or 52 with P-384, or 100 with ML-KEM; wiped when dropped.
pub struct PrivateKey(Private);

debug_by_name!("PrivateKey", [] PrivateKey);

enum Private {
    P256(p256::SecretKey),
    #[cfg(feature = "p384")]
    P384(p384::SecretKey),
    #[cfg(feature = "x25519")]
    X25519(X25519PrivateKey),
    #[cfg(feature = "mlkem")]
    X25519MlKem768(HybridPrivateKey),
}

/// An ephemeral private key of X25519 alone, for a provider with its own P-256. 32 bytes, wiped when dropped.
#[cfg(feature = "x25519")]
pub struct X25519PrivateKey(x25519_dalek::StaticSecret);

#[cfg(feature = "x25519")]
debug_by_name!("X25519PrivateKey", [] X25519PrivateKey);

/// Seeds to try, each the hash of the one before. One in 2^32 is not a scalar of P-256, so all of them fail once in
/// 2^128.
const SEED_TRIES: usize = 4;

/// Bytes of an uncompressed point on P-384.
#[cfg(feature = "p384")]
const P384_POINT: usize = 97;

impl PrivateKey {
    pub(super) fn new(group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self, CryptoError> {
        Ok(Self(match group {
            NamedGroup::SECP256R1 => Private::P256(p256_private_key(seed)?),
            #[cfg(feature = "p384")]
            NamedGroup::SECP384R1 => Private::P384(p384_private_key(seed)?),
            #[cfg(feature = "x25519")]
            NamedGroup::X25519 => Private::X25519(X25519PrivateKey::new(seed)),
            #[cfg(feature = "mlkem")]
            NamedGroup::X25519MLKEM768 => Private::X25519MlKem768(HybridPrivateKey::new(seed)?),
            _ => return Err(CryptoError::Unsupported),
        }))
    }
}

impl KeyExchange for PrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        match &self.0 {
            Private::P256(key) => KeyShare::new(key.public_key().to_sec1_point(false).as_bytes()),
            #[cfg(feature = "p384")]
            Private::P384(key) => KeyShare::new(key.public_key().to_sec1_point(false).as_bytes()),
            #[cfg(feature = "x25519")]
            Private::X25519(key) => key.key_share(),
            #[cfg(feature = "mlkem")]
            Private::X25519MlKem768(key) => key.key_share(),
        }
    }

    #[cfg(feature = "mlkem")]
    fn answer(&mut self, peer: &[u8]) -> Result<KeyShare, CryptoError> {
        match &mut self.0 {
            Private::X25519MlKem768(key) => key.answer(peer),
            _ => self.key_share(),
        }
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        match self.0 {
            Private::P256(key) => {
                let peer = p256::PublicKey::from_affine(point_p256(peer)?);
                // RFC 9846 section 7.4.2: the shared secret is the x coordinate with its leading zeros.
                let shared = key.diffie_hellman(&peer.map_err(|_| CryptoError::Invalid)?);
                Ok(SharedSecret::new::<32>((*shared.raw_secret_bytes()).into()))
            }
            #[cfg(feature = "p384")]
            Private::P384(key) => {
                // RFC 9846 section 4.3.8.2: uncompressed only, but the crate's parser accepts other forms.
                if peer.len() != P384_POINT || peer.first() != Some(&0x04) {
                    return Err(CryptoError::Invalid);
                }
                let peer = p384::PublicKey::from_sec1_bytes(peer).map_err(|_| CryptoError::Invalid)?;
                let shared = key.diffie_hellman(&peer);
                Ok(SharedSecret::new::<48>((*shared.raw_secret_bytes()).into()))
            }
            #[cfg(feature = "x25519")]
            Private::X25519(key) => key.agree(peer),
            #[cfg(feature = "mlkem")]
            Private::X25519MlKem768(key) => key.agree(peer),
        }
    }
}

#[cfg(feature = "x25519")]
impl X25519PrivateKey {
    /// Derives a key from `seed`, which is uniformly random and used once.
    pub fn new(seed: &[u8; KEY_SEED_LEN]) -> Self {
        Self((*seed).into())
    }
}

#[cfg(feature = "x25519")]
impl KeyExchange for X25519PrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        // Multiplies the base point like any other point, which is as fast as the key generation of
        // dalek without its tables, and shares the code of `agree`: half the flash.
        let base_point = x25519_dalek::X25519_BASEPOINT_BYTES.into();
        KeyShare::new(self.0.diffie_hellman(&base_point).as_bytes())
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| CryptoError::Invalid)?;
        let shared = self.0.diffie_hellman(&peer.into());
        // RFC 9846 section 7.4.2: implementations "MUST check whether the computed Diffie-Hellman shared secret is the
        // all-zero value and abort if so". In constant time, as RFC 7748 section 6.1 requires.
        if bool::from(shared.as_bytes().ct_eq(&[0; 32])) {
            return Err(CryptoError::Invalid);
        }
        Ok(SharedSecret::new(shared.to_bytes()))
    }
}

/// Derives a private key from a seed; a seed that is 0 or not below the group order is hashed first. The timing reveals
/// that this happened, but nothing about the key.
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

/// Derives a private key from the SHA-384 digest of a seed, which has the length of a scalar. One in 2^194 is not a
/// scalar.
#[cfg(feature = "p384")]
fn p384_private_key(seed: &[u8; KEY_SEED_LEN]) -> Result<p384::SecretKey, CryptoError> {
    let candidate = Zeroizing::new(<[u8; 48]>::from(sha2::Sha384::digest(seed)));
    p384::SecretKey::from_slice(candidate.as_slice()).map_err(|_| CryptoError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::CryptoProvider;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::crypto::rustcrypto::ecdsa::UNCOMPRESSED;
    use crate::crypto::rustcrypto::hash::sha256;
    use crate::rfc8448::{hex, hex_array, retry, simple};

    /// Order of the P-256 group.
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    fn key_exchange(group: NamedGroup, seed: &str) -> PrivateKey {
        RustCrypto.key_exchange(group, &hex_array(seed)).unwrap()
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
    fn an_x25519_share_that_gives_zero_is_rejected() {
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
    fn a_share_of_another_length_is_rejected() {
        // The shares of both sides of a hybrid have lengths of their own.
        for group in RustCrypto::NAMED_GROUPS.iter().filter(|group| **group != NamedGroup::X25519MLKEM768) {
            let own = RustCrypto.key_exchange(*group, &[1; 32]).unwrap().key_share().unwrap();
            for len in (0..=98).filter(|len| *len != own.as_bytes().len()) {
                let mut share = own.as_bytes().to_vec();
                share.resize(len, 0);
                let key = RustCrypto.key_exchange(*group, &[2; 32]).unwrap();
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

    /// The private keys are the SHA-384 digests of the seeds; expected values computed with OpenSSL by Python's
    /// cryptography.
    #[cfg(feature = "p384")]
    #[test]
    fn p384_agrees_with_openssl() {
        let [ours, theirs] =
            [[1; 32], [2; 32]].map(|seed| RustCrypto.key_exchange(NamedGroup::SECP384R1, &seed).unwrap());
        let share = hex(
            "0475882959e06d8d77d5d1957199c849af23c330dd35e119279e671fa0554d64d54879b3b73fe1843b74e03f072b669bae873cb1b4a2ec9d44\
             fe370c94df044762677569e7ce94222ec2593dcf372407215de7814ed70d0c371660f2e76f0307c0",
        );
        assert_eq!(theirs.key_share().unwrap().as_bytes(), share);
        let ours_public = ours.key_share().unwrap();
        let shared = "193cf967784fd85a14b4606a1b816a211dfd7cf28a56faeeb55dfd4647faf949eb5dab7dac07f136b28eacb1c65bf41e";
        assert_eq!(*ours.agree(&share).unwrap().as_bytes(), *hex(shared));
        assert_eq!(*theirs.agree(ours_public.as_bytes()).unwrap().as_bytes(), *hex(shared));
        let refused = |share: &[u8]| {
            let key = RustCrypto.key_exchange(NamedGroup::SECP384R1, &[1; 32]).unwrap();
            assert_eq!(key.agree(share).err(), Some(CryptoError::Invalid), "{share:02x?}");
        };
        for form in (0..=255).filter(|form| *form != UNCOMPRESSED) {
            refused(&[&[form], &share[1..]].concat());
        }
        refused(&[&[2 + (share[96] & 1)], &share[1..49]].concat());
        refused(&[&[4], &[0; 96][..]].concat());
        for byte in 1..97 {
            let mut off = share.clone();
            off[byte] ^= 1;
            refused(&off);
        }
    }

    #[test]
    fn a_seed_that_is_not_a_scalar_is_hashed() {
        for seed in ["00".repeat(32), ORDER.into(), "ff".repeat(32)] {
            let from_seed = key_exchange(NamedGroup::SECP256R1, &seed).key_share().unwrap();
            let hashed = RustCrypto.key_exchange(NamedGroup::SECP256R1, &sha256(&hex(&seed))).unwrap();
            assert_eq!(from_seed.as_bytes(), hashed.key_share().unwrap().as_bytes());
        }
        let mut largest = hex(ORDER);
        largest[31] -= 1;
        let largest = RustCrypto.key_exchange(NamedGroup::SECP256R1, &largest.try_into().unwrap()).unwrap();
        let one = key_exchange(NamedGroup::SECP256R1, &std::format!("{:064x}", 1));
        // n - 1 is -1: the base point with its y negated.
        assert_eq!(largest.key_share().unwrap().as_bytes()[..33], one.key_share().unwrap().as_bytes()[..33]);
        assert_ne!(largest.key_share().unwrap().as_bytes()[33..], one.key_share().unwrap().as_bytes()[33..]);
    }
}
