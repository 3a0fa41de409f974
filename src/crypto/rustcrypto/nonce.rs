//! ECDSA on P-256 with any implementation of base point multiplication, and hedged nonces of RFC 6979.
//!
//! The crates have both as well, but with their own HMAC and point tables in addition to those of the key exchange,
//! which take 2 KB of flash.

use p256::elliptic_curve::Field;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::{FieldBytes, NonZeroScalar, Scalar, U256};
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::RustCrypto;
use crate::crypto::{CryptoError, CryptoProvider, Digest, HashAlgorithm};

/// Signs a SHA-256 digest (FIPS 186-5 section 6.4.1): `r || s`, big-endian. `hedge` is added to the nonce. `x_of`
/// returns the x coordinate of a number times the base point.
pub(super) fn sign(
    key: &[u8; 32],
    digest: &[u8; 32],
    hedge: &[u8],
    x_of: impl FnOnce(&NonZeroScalar) -> Result<[u8; 32], CryptoError>,
) -> Result<[u8; 64], CryptoError> {
    let z = reduced(digest);
    let nonce = Zeroizing::new(Nonces::new(key, &z, hedge)?.next()?);
    let key = Zeroizing::new(nonzero(key)?);
    let r = reduced(&x_of(&nonce)?);
    // With the nonce and one signature, anyone could compute the key.
    let inverse = Zeroizing::new(nonce.invert());
    // With public values, either of these would reveal it as well.
    let product = Zeroizing::new(r * **key);
    let sum = Zeroizing::new(z + *product);
    let s = **inverse * *sum;
    // A nonce for which one of them is 0 does not occur in practice.
    if bool::from(r.is_zero() | s.is_zero()) {
        return Err(CryptoError::Invalid);
    }
    let mut signature = [0; 64];
    let numbers = r.to_bytes().into_iter().chain(s.to_bytes());
    signature.iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
    Ok(signature)
}

/// Signs a SHA-256 digest with a P-256 key, for a provider with its own base point multiplication. `x_of` returns the x
/// coordinate of a number (32 bytes, big-endian) times the base point; otherwise like
/// [`P256SigningKey::sign_digest`](super::P256SigningKey::sign_digest).
///
/// # Errors
/// [`CryptoError::Invalid`] if the key is 0 or not below the order of the group; the error of `x_of`.
pub fn sign_p256_with(
    key: &[u8; 32],
    digest: &[u8; 32],
    hedge: &[u8],
    x_of: impl FnOnce(&[u8; 32]) -> Result<[u8; 32], CryptoError>,
) -> Result<[u8; 64], CryptoError> {
    sign(key, digest, hedge, |nonce| x_of(&Zeroizing::new(nonce.to_bytes().into())))
}

/// The nonces of RFC 6979 section 3.2, or with a hedge those of its section 3.6: "Additional data may be added to the
/// input of HMAC".
#[derive(ZeroizeOnDrop)]
struct Nonces {
    k: [u8; 32],
    v: [u8; 32],
}

/// Nonces to try. One in 2^32 is not a scalar of P-256, so all of them fail once in 2^128.
const NONCE_TRIES: usize = 4;

impl Nonces {
    /// Performs steps a to f, for a private key and a digest modulo the order.
    #[inline(never)] // so that it is not in the frame of the signature
    fn new(key: &[u8; 32], digest: &Scalar, hedge: &[u8]) -> Result<Self, CryptoError> {
        let digest = digest.to_bytes();
        let mut nonces = Self { k: [0; 32], v: [1; 32] };
        for separator in [0, 1] {
            let k = nonces.hmac(&[&nonces.v, &[separator], key, &digest, hedge])?;
            store(&mut nonces.k, &k)?;
            nonces.next_v()?;
        }
        Ok(nonces)
    }

    /// Step h.
    fn next(&mut self) -> Result<NonZeroScalar, CryptoError> {
        for _ in 0..NONCE_TRIES {
            self.next_v()?;
            if let Ok(nonce) = nonzero(&self.v) {
                return Ok(nonce);
            }
            let k = self.hmac(&[&self.v, &[0]])?;
            store(&mut self.k, &k)?;
            self.next_v()?;
        }
        Err(CryptoError::Invalid)
    }

    fn next_v(&mut self) -> Result<(), CryptoError> {
        let v = self.hmac(&[&self.v])?;
        store(&mut self.v, &v)
    }

    fn hmac(&self, message: &[&[u8]]) -> Result<Zeroizing<Digest>, CryptoError> {
        RustCrypto.hmac(HashAlgorithm::Sha256, &self.k, message).map(Zeroizing::new)
    }
}

/// Copies from one wiped location to another, without an array in between.
fn store(place: &mut [u8; 32], mac: &Digest) -> Result<(), CryptoError> {
    *place = *mac.as_bytes().first_chunk().ok_or(CryptoError::Invalid)?;
    Ok(())
}

/// Reduces a number modulo the order.
pub(super) fn reduced(bytes: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*bytes))
}

/// Checks that a number is between 1 and the order minus 1.
pub(super) fn nonzero(bytes: &[u8; 32]) -> Result<NonZeroScalar, CryptoError> {
    let value = U256::from_be_slice(bytes);
    let number = Scalar::reduce(&value);
    let is_below_order = U256::from(&number).ct_eq(&value);
    NonZeroScalar::new(number).into_option().filter(|_| is_below_order.into()).ok_or(CryptoError::Invalid)
}
