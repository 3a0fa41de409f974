//! ECDSA (FIPS 186-5 section 6.4) with the nonces of RFC 6979, hedged.
#![forbid(unsafe_code)]

use embedded_mtls::crypto::{CryptoError, ecdsa_sig_value};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::point::{Affine, Point};
use super::{Scalar, point};
use crate::number;
use crate::sha256::hmac;

/// Signs a SHA-256 digest: `r || s`, big-endian.
pub(crate) fn sign(key: &Scalar, digest: &[u8; 32], hedge: &[u8]) -> Result<[u8; 64], CryptoError> {
    let z = Scalar::reduced(&number::from_bytes(digest));
    // With it, and one signature, anybody could compute the key.
    let mut nonce = Zeroizing::new(Nonces::first(key, &z, hedge).ok_or(CryptoError::Invalid)?);
    numbers(key, &z, &mut nonce)
}

/// Computes both numbers of the signature from its nonce, which it inverts.
#[inline(never)] // so that all this is not in the frame that finds the nonce
fn numbers(key: &Scalar, digest: &Scalar, nonce: &mut Scalar) -> Result<[u8; 64], CryptoError> {
    let r = x_modulo_order(nonce);
    nonce.invert();
    // Each of them, with what everybody sees, would do as well.
    let product = Zeroizing::new(r.times(key));
    let sum = Zeroizing::new(digest.plus(&product));
    let s = nonce.times(&sum);
    // A nonce for which one of them is 0 does not occur in practice.
    if r.is_zero() || s.is_zero() {
        return Err(CryptoError::Invalid);
    }
    let mut signature = [0; 64];
    let bytes = [r, s].map(Scalar::to_bytes);
    signature.iter_mut().zip(bytes.as_flattened()).for_each(|(to, from)| *to = *from);
    Ok(signature)
}

/// Returns the x of a multiple of the base point, modulo the order.
#[inline(never)] // so that the point is not in the frame of the signature
fn x_modulo_order(scalar: &Scalar) -> Scalar {
    Scalar::reduced(&Affine::base_multiple(scalar).x.number())
}

/// Verifies a signature in DER. A digest longer than a scalar is truncated (FIPS 186-5 section 6.4.2). Nothing here is secret.
pub(crate) fn verify(public_key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = point(public_key).ok_or(CryptoError::Invalid)?;
    let [r, s] = ecdsa_sig_value(signature)?.map(|number| Scalar::nonzero(&number));
    let (r, mut s) = r.zip(s).ok_or(CryptoError::Forged)?;
    let z = Scalar::reduced(&number::from_bytes(digest.first_chunk().ok_or(CryptoError::Invalid)?));
    s.invert();
    let sum = Point::joint_multiple(&z.times(&s), &r.times(&s), &key);
    if sum.has_x_modulo_order(&r) { Ok(()) } else { Err(CryptoError::Forged) }
}

/// The nonces of RFC 6979 section 3.2, or with a hedge those of its section 3.6: "Additional data may be added to the
/// input of HMAC".
#[derive(ZeroizeOnDrop)]
struct Nonces {
    k: [u8; 32],
    v: [u8; 32],
}

/// Nonces to try. One in 2^32 is not a scalar, so all of them fail once in 2^128.
const NONCE_TRIES: usize = 4;

impl Nonces {
    /// Returns the first nonce that is a scalar.
    #[inline(never)] // so that it is not in the frame of the signature
    fn first(key: &Scalar, digest: &Scalar, hedge: &[u8]) -> Option<Scalar> {
        Self::new(key, digest, hedge).next()
    }

    /// Does steps a to f, for a private key and a digest modulo the order.
    #[inline(never)] // nor in that of the last step
    fn new(key: &Scalar, digest: &Scalar, hedge: &[u8]) -> Self {
        let (key, digest) = (Zeroizing::new(key.to_bytes()), digest.to_bytes());
        let mut nonces = Self { k: [0; 32], v: [1; 32] };
        for separator in [0, 1] {
            nonces.k = hmac(&nonces.k, &[&nonces.v, &[separator], key.as_slice(), &digest, hedge]);
            nonces.v = hmac(&nonces.k, &[&nonces.v]);
        }
        nonces
    }

    /// Does step h.
    fn next(&mut self) -> Option<Scalar> {
        for _ in 0..NONCE_TRIES {
            self.v = hmac(&self.k, &[&self.v]);
            let nonce = Scalar::nonzero(&self.v);
            if nonce.is_some() {
                return nonce;
            }
            self.k = hmac(&self.k, &[&self.v, &[0]]);
            self.v = hmac(&self.k, &[&self.v]);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{bytes, hex};
    use crate::p256::{agree, private_key, public_key};
    use crate::sha256::Sha256;
    use std::vec::Vec;

    /// RFC 6979 appendix A.2.5.
    fn key() -> Scalar {
        Scalar::nonzero(&bytes("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")).unwrap()
    }

    fn digest(message: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(message);
        hash.finish()
    }

    fn der(signature: &[u8; 64]) -> Vec<u8> {
        let number = |bytes: &[u8]| {
            let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count().min(31)..];
            let zero = usize::from(digits[0] >= 0x80);
            [&[2, u8::try_from(digits.len() + zero).unwrap()], &[0][..zero], digits].concat()
        };
        let numbers = [number(&signature[..32]), number(&signature[32..])].concat();
        [&[0x30, u8::try_from(numbers.len()).unwrap()], &numbers[..]].concat()
    }

    #[test]
    fn signatures_are_those_of_rfc_6979() {
        let public = public_key(&key());
        let expected = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                        7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
        assert_eq!(public[..], hex(expected));
        let vectors = [
            (
                "sample",
                "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                        f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
            ),
            (
                "test",
                "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367\
                      019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
            ),
        ];
        for (message, expected) in vectors {
            let digest = digest(message.as_bytes());
            let signature = sign(&key(), &digest, &[]).unwrap();
            assert_eq!(signature[..], hex(expected));
            assert_eq!(verify(&public, &digest, &der(&signature)), Ok(()));
            for byte in 0..64 {
                let mut forged = signature;
                forged[byte] ^= 1;
                assert_eq!(verify(&public, &digest, &der(&forged)), Err(CryptoError::Forged), "{byte}");
            }
            let mut other = digest;
            other[31] ^= 1;
            assert_eq!(verify(&public, &other, &der(&signature)), Err(CryptoError::Forged));
        }
    }

    #[test]
    fn a_hedge_makes_another_signature_that_is_valid_too() {
        let (public, digest) = (public_key(&key()), digest(b"sample"));
        let mut seen = Vec::new();
        for hedge in [&[][..], &[0; 32], &[7; 32], &[7; 20]] {
            let signature = sign(&key(), &digest, hedge).unwrap();
            assert_eq!(verify(&public, &digest, &der(&signature)), Ok(()));
            assert!(!seen.contains(&signature));
            seen.push(signature);
        }
    }

    /// FIPS 186-5 section 6.4.2: r and s are below the order. For this key (r, 1) is a signature, and so (r, 1 + n) is one for anyone who
    /// reduces first.
    #[test]
    fn an_s_of_the_order_and_more_is_rejected() {
        let digest = digest(b"message");
        let z = Scalar::reduced(&number::from_bytes(&digest));
        let nonce = key();
        let r = Scalar::reduced(&Affine::base_multiple(&nonce).x.number());
        let minus_one = Scalar(number::subtract(&super::super::scalar::ORDER, &[1, 0, 0, 0, 0, 0, 0, 0]).0);
        // s = 1 = (z + r d) / k.
        let mut inverse = r;
        inverse.invert();
        let secret = nonce.plus(&minus_one.times(&z)).times(&inverse);
        let public = public_key(&secret);
        let with = |s: &[u8; 32]| der([r.to_bytes(), *s].concat()[..].first_chunk().unwrap());
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(verify(&public, &digest, &with(&one)), Ok(()));
        let one_more = bytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552");
        assert_eq!(verify(&public, &digest, &with(&one_more)), Err(CryptoError::Forged));
        assert_eq!(verify(&public, &digest, &with(&[0; 32])), Err(CryptoError::Forged));
    }

    /// The first vector of NIST's CAVP for ECC CDH on P-256 (`KAS_ECC_CDH_PrimitiveTest`).
    #[test]
    fn a_shared_secret_is_that_of_nist() {
        let peer = "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287\
                    db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac";
        let key = private_key(&bytes("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534")).unwrap();
        let expected = "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230\
                        28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141";
        assert_eq!(public_key(&key)[..], hex(expected));
        let secret = bytes("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b");
        assert_eq!(agree(&key, &hex(peer)), Some(secret));
    }

    #[test]
    fn no_other_form_of_a_point_is_a_public_key() {
        let public = public_key(&key());
        assert!(agree(&key(), &public).is_some());
        let compressed = [&[2 + public[64] % 2], &public[1..33]].concat();
        let hybrid = [&[6 + public[64] % 2], &public[1..]].concat();
        let longer = [&public[..], &[0]].concat();
        for other in [&compressed[..], &hybrid, &longer, &public[..64], &public[1..], &[0], &[]] {
            assert_eq!(agree(&key(), other), None);
            assert_eq!(verify(other, &[1; 32], &der(&[1; 64])), Err(CryptoError::Invalid));
        }
    }

    #[test]
    fn a_seed_that_is_not_a_scalar_is_hashed() {
        let order = bytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        for seed in [[0; 32], order, [0xff; 32]] {
            assert_eq!(*private_key(&seed).unwrap(), Scalar::nonzero(&digest(&seed)).unwrap());
        }
        assert_eq!(*private_key(&key().to_bytes()).unwrap(), key());
    }
}
