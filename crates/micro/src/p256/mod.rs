//! P-256 (SP 800-186 section 3.2.1.3): key exchange and signatures.
#![forbid(unsafe_code)]

mod base;
pub(crate) mod ecdsa;
mod field;
mod inverse;
mod point;
mod scalar;

pub(crate) use self::field::Coordinate;
#[cfg(portable)]
pub(crate) use self::field::P;
#[cfg(portable)]
pub(crate) use self::inverse::BITS;
pub(crate) use self::inverse::Matrix;
#[cfg(comparison)]
pub(crate) use self::point::sums_of_small_multiples;
pub(crate) use self::scalar::Scalar;

use zeroize::Zeroizing;

use self::point::Affine;
use crate::number;
use crate::sha256::Sha256;

/// Bytes of an uncompressed point.
pub(crate) const POINT_LEN: usize = 65;
/// First byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;
/// Seeds to try, each the hash of the one before. One in 2^32 is not a scalar, so all of them fail once in 2^128.
const SEED_TRIES: usize = 4;

/// Makes a private key from a seed; a seed that is 0 or not below the order is hashed first, as other providers do. The time taken reveals that this
/// happened, but nothing about the key.
pub(crate) fn private_key(seed: &[u8; 32]) -> Option<Zeroizing<Scalar>> {
    let mut candidate = Zeroizing::new(*seed);
    for _ in 0..SEED_TRIES {
        if let Some(key) = Scalar::nonzero(&candidate) {
            return Some(Zeroizing::new(key));
        }
        let mut hash = Sha256::new();
        hash.update(candidate.as_slice());
        *candidate = hash.finish();
    }
    None
}

/// Returns the public key, uncompressed (SEC 1 section 2.3.3).
pub(crate) fn public_key(key: &Scalar) -> [u8; POINT_LEN] {
    let mut bytes = [UNCOMPRESSED; POINT_LEN];
    let coordinates = Affine::base_multiple(key).bytes();
    bytes.iter_mut().skip(1).zip(coordinates.as_flattened()).for_each(|(to, from)| *to = *from);
    bytes
}

/// Returns the x coordinate of the shared point, with its leading zeros (RFC 9846 section 7.4.2); `None` if `peer` is not a public key.
pub(crate) fn agree(key: &Scalar, peer: &[u8]) -> Option<[u8; 32]> {
    Some(number::to_bytes(&point(peer)?.multiple(key).x.number()))
}

/// Parses a point on the curve, uncompressed: RFC 9846 section 4.3.8.2 for key shares, RFC 8422 section 5.1.1 for certificates.
fn point(bytes: &[u8]) -> Option<Affine> {
    let (numbers, rest) = bytes.strip_prefix(&[UNCOMPRESSED])?.as_chunks();
    match (numbers, rest) {
        ([x, y], []) => Affine::new(x, y),
        _ => None,
    }
}
