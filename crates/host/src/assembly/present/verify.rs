//! ECDSA with P-256. graviola verifies messages, but of a certificate only the digest is kept, so the two multiplications are
//! done with its keys for key exchange, which return a whole point for the base point, but for others only x. Therefore
//!
//! ```text
//! R = (z/s) G + (r/s) Q   is computed as   R = (r/s) (Q + (z/r) G)
//! ```
//!
//! (FIPS 186-5 section 6.4.2 with the names there; Q is the public key.) Nothing here is secret.

use embedded_mtls::crypto::{CryptoError, ecdsa_sig_value};
use graviola::key_agreement::p256::{PublicKey, StaticPrivateKey};
use p256::elliptic_curve::hazmat::FieldArithmetic;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::{Field, PrimeField};
use p256::{AffinePoint, FieldBytes, NistP256, Scalar};

/// A number modulo p.
type Coordinate = <NistP256 as FieldArithmetic>::FieldElement;

/// A point other than the identity.
#[derive(Clone, Copy)]
struct Point {
    x: Coordinate,
    y: Coordinate,
}

/// Bytes of a number.
const LEN: usize = 32;
/// First byte of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Verifies a signature. A digest longer than a scalar is truncated.
pub(crate) fn verify_p256(public_key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = Point::from_bytes(public_key)?;
    let [r, s] = ecdsa_sig_value(signature)?;
    let (r, s) = (nonzero(&r)?, nonzero(&s)?);
    let z = Scalar::reduce(&FieldBytes::from(*digest.first_chunk().ok_or(CryptoError::Invalid)?));
    let inverse = (r * s).invert_vartime().into_option().ok_or(CryptoError::Forged)?;
    let (ratio, of_base) = (r * r * inverse, z * s * inverse);
    let sum = if of_base.is_zero().into() { key } else { key.plus_base(&of_base)? };
    let sum = PublicKey::from_x962_uncompressed(&sum.to_bytes()).map_err(|_| CryptoError::Failed)?;
    let x = multiplier(&ratio)?.diffie_hellman(&sum).map_err(|_| CryptoError::Failed)?;
    if Scalar::reduce(&FieldBytes::from(x.0)) == r { Ok(()) } else { Err(CryptoError::Forged) }
}

/// Checks that a number is between 1 and the order minus 1; a signature with another number is forged.
fn nonzero(bytes: &[u8; LEN]) -> Result<Scalar, CryptoError> {
    let number = Scalar::from_repr((*bytes).into()).into_option().ok_or(CryptoError::Forged)?;
    if number.is_zero().into() { Err(CryptoError::Forged) } else { Ok(number) }
}

/// Converts a number other than 0.
fn multiplier(number: &Scalar) -> Result<StaticPrivateKey, CryptoError> {
    StaticPrivateKey::from_bytes(&number.to_repr()).map_err(|_| CryptoError::Failed)
}

impl Point {
    /// Parses an uncompressed point on the curve.
    fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let Some((&UNCOMPRESSED, x_y)) = bytes.split_first() else { return Err(CryptoError::Invalid) };
        let ([x, y], []) = x_y.as_chunks::<LEN>() else { return Err(CryptoError::Invalid) };
        // Rejects a point that is not on the curve.
        AffinePoint::from_coordinates(&(*x).into(), &(*y).into()).into_option().ok_or(CryptoError::Invalid)?;
        let [x, y] = [x, y].map(|number| Coordinate::from_repr((*number).into()).into_option());
        Ok(Self { x: x.ok_or(CryptoError::Invalid)?, y: y.ok_or(CryptoError::Invalid)? })
    }

    /// Adds a multiple of the base point. There is no sum if the points are opposites; then R is the identity.
    fn plus_base(&self, multiple: &Scalar) -> Result<Self, CryptoError> {
        let multiple = Self::from_bytes(&multiplier(multiple)?.public_key_uncompressed())?;
        self.plus(&multiple).ok_or(CryptoError::Forged)
    }

    /// Returns the sum, except for opposite points, by the chord or tangent through both (SEC 1 section 2.2.1).
    fn plus(&self, other: &Self) -> Option<Self> {
        let (rise, run) = if self.x != other.x {
            (other.y - self.y, other.x - self.x)
        } else if self.y == other.y {
            // The curve is y^2 = x^3 - 3 x + b.
            let square = self.x.square() - Coordinate::ONE;
            (square.double() + square, self.y.double())
        } else {
            return None;
        };
        let slope = rise * run.invert_vartime().into_option()?;
        let x = slope.square() - self.x - other.x;
        Some(Self { x, y: slope * (self.x - x) - self.y })
    }

    fn to_bytes(self) -> [u8; 1 + 2 * LEN] {
        let mut bytes = [UNCOMPRESSED; 1 + 2 * LEN];
        let numbers = self.x.to_repr().into_iter().chain(self.y.to_repr());
        bytes.iter_mut().skip(1).zip(numbers).for_each(|(to, from)| *to = from);
        bytes
    }
}
