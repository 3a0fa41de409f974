//! Multiplication of points on P-256 for verifying signatures. Not in constant time, so never for secrets.
//!
//! `p256` uses complete formulas in constant time, and tables of eight multiples of each point. For public numbers,
//! Jacobian coordinates need two thirds of the multiplications, and storing two points instead of sixteen saves 2 KB of
//! stack, at the point where a handshake needs the most. Both numbers are written in digits of -1, 0 and 1 such that
//! half of all pairs are zeros (J. Solinas, "Low-Weight Binary Representations for Pairs of Integers", 2001), and only
//! the sum and the difference of the points are stored with them.

use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::hazmat::FieldArithmetic;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::{AffinePoint, NistP256, Scalar};

/// A number modulo p.
type Coordinate = <NistP256 as FieldArithmetic>::FieldElement;

/// Pairs of digits: one more than the number of bits.
const DIGITS: usize = 257;

/// A point: x is `x / z^2` and y is `y / z^3`; the identity has a z of 0.
#[derive(Clone, Copy)]
pub(super) struct Point {
    x: Coordinate,
    y: Coordinate,
    z: Coordinate,
}

impl Point {
    const IDENTITY: Self = Self { x: Coordinate::ONE, y: Coordinate::ONE, z: Coordinate::ZERO };

    /// Converts a point other than the identity.
    fn new(point: &AffinePoint) -> Option<Self> {
        let [x, y] = [point.x(), point.y()].map(|number| Coordinate::from_repr(number).into_option());
        Some(Self { x: x?, y: y?, z: Coordinate::ONE })
    }

    /// Returns `a` times the base point plus `b` times `point`.
    pub(super) fn sum(a: &Scalar, b: &Scalar, point: &AffinePoint) -> Option<Self> {
        let (base, point) = (&Self::new(&AffinePoint::GENERATOR)?, &Self::new(point)?);
        let (mut sum, mut difference) = (*base, *base);
        sum.add(point);
        difference.add(&point.negated());
        let mut result = Self::IDENTITY;
        for digits in digits(&a.to_bytes().into(), &b.to_bytes().into()).iter().rev() {
            result.double();
            let (negative, multiple) = match digits {
                (0, 0) => continue,
                (x, 0) => (*x < 0, base),
                (0, y) => (*y < 0, point),
                (x, y) if x == y => (*x < 0, &sum),
                (x, _) => (*x < 0, &difference),
            };
            result.add(&if negative { multiple.negated() } else { *multiple });
        }
        Some(result)
    }

    /// Returns whether x is `r` modulo the order; false for the identity.
    pub(super) fn has_x_modulo_order(&self, r: &Scalar) -> bool {
        candidates(r).any(|x| self.has_x(&x))
    }

    fn has_x(&self, x: &Coordinate) -> bool {
        !bool::from(self.z.is_zero()) && *x * self.z.square() == self.x
    }

    fn negated(&self) -> Self {
        Self { y: -self.y, ..*self }
    }

    /// "dbl-2001-b" of the Explicit-Formulas Database, for curves with a = -3.
    #[inline(never)]
    fn double(&mut self) {
        let delta = self.z.square();
        let gamma = self.y.square();
        let beta = self.x * gamma;
        let alpha = (self.x - delta) * (self.x + delta);
        let alpha = alpha.double() + alpha;
        let beta_4 = beta.double().double();
        self.x = alpha.square() - beta_4.double();
        self.z = (self.y + self.z).square() - gamma - delta;
        self.y = alpha * (beta_4 - self.x) - gamma.square().double().double().double();
    }

    /// "add-1998-cmo-2" of the Explicit-Formulas Database, and the cases that it omits.
    #[inline(never)]
    fn add(&mut self, other: &Self) {
        if bool::from(self.z.is_zero()) {
            *self = *other;
            return;
        }
        if bool::from(other.z.is_zero()) {
            return;
        }
        let (z1_squared, z2_squared) = (self.z.square(), other.z.square());
        let (u1, u2) = (self.x * z2_squared, other.x * z1_squared);
        let (s1, s2) = (self.y * other.z * z2_squared, other.y * self.z * z1_squared);
        let (h, r) = (u2 - u1, s2 - s1);
        if bool::from(h.is_zero()) {
            if bool::from(r.is_zero()) {
                self.double();
            } else {
                *self = Self::IDENTITY;
            }
            return;
        }
        let h_squared = h.square();
        let h_cubed = h * h_squared;
        let v = u1 * h_squared;
        self.x = r.square() - h_cubed - v.double();
        self.y = r * (v - self.x) - s1 * h_cubed;
        self.z = h * self.z * other.z;
    }
}

/// Lists the values of x that are `r` modulo the order: `r` and, once in 2^128, `r` plus the order.
fn candidates(r: &Scalar) -> impl Iterator<Item = Coordinate> {
    /// The order modulo p, big-endian.
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    /// p less the order, big-endian.
    const BELOW: [u8; 32] = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x19, 0x05, 0x53, 0x58, 0xe8, 0x61, 0x7b, 0x0c, 0x46,
        0x35, 0x3d, 0x03, 0x9c, 0xda, 0xae,
    ];
    let r = r.to_bytes();
    let x = Coordinate::from_repr(r).into_option();
    let second = if r.as_slice() < BELOW.as_slice() { Coordinate::from_repr(ORDER.into()).into_option() } else { None };
    x.into_iter().chain(x.zip(second).map(|(x, order)| x + order))
}

/// Returns the digits of two big-endian numbers, the lowest first.
fn digits(a: &[u8; 32], b: &[u8; 32]) -> [(i8, i8); DIGITS] {
    let mut digits = [(0, 0); DIGITS];
    // The three lowest bits of the remaining numbers, with the carry in them.
    let mut low = [a, b].map(|number| bit(number, 0) + 2 * bit(number, 1) + 4 * bit(number, 2));
    for (index, digits) in digits.iter_mut().enumerate() {
        let [low_a, low_b] = low;
        *digits = (digit(low_a, low_b), digit(low_b, low_a));
        // The remainder after subtracting this digit is even, so it can be halved.
        low = [(low_a - digits.0) / 2 + 4 * bit(a, index + 3), (low_b - digits.1) / 2 + 4 * bit(b, index + 3)];
    }
    digits
}

/// Returns the digit for a number that ends in these bits, next to another number.
const fn digit(low: i8, other: i8) -> i8 {
    if low % 2 == 0 {
        return 0;
    }
    let digit = 2 - low % 4;
    if (low % 8 == 3 || low % 8 == 5) && other % 4 == 2 { -digit } else { digit }
}

/// Returns a bit, counted from the end.
fn bit(number: &[u8; 32], index: usize) -> i8 {
    let byte = number.iter().rev().nth(index / 8).copied().unwrap_or(0);
    i8::from(byte >> (index % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::hash::sha256;
    use crate::crypto::rustcrypto::nonce::reduced;
    use p256::ProjectivePoint;
    use p256::elliptic_curve::Group;

    /// Numbers from the ends of the range and from the middle.
    fn numbers() -> [Scalar; 8] {
        let minus = |number: u64| Scalar::ZERO - Scalar::from(number);
        let [one, two, three] = [1_u64, 2, 3].map(Scalar::from);
        [Scalar::ZERO, one, two, three, minus(1), minus(2), reduced(&sha256(b"a")), reduced(&sha256(b"b"))]
    }

    #[test]
    fn the_sum_is_that_of_two_multiplications() {
        for multiple in numbers().into_iter().filter(|number| *number != Scalar::ZERO) {
            let other = ProjectivePoint::GENERATOR * multiple;
            for a in numbers() {
                for b in numbers() {
                    let expected = ProjectivePoint::GENERATOR * a + other * b;
                    let sum = Point::sum(&a, &b, &other.to_affine()).unwrap();
                    if bool::from(expected.is_identity()) {
                        assert!(bool::from(sum.z.is_zero()) && !sum.has_x(&Coordinate::ZERO));
                    } else {
                        let expected = Point::new(&expected.to_affine()).unwrap();
                        assert!(sum.has_x(&expected.x) && !sum.has_x(&expected.y));
                        assert!(expected.y * sum.z.square() * sum.z == sum.y);
                    }
                }
            }
        }
    }

    #[test]
    fn a_small_r_has_two_candidates() {
        let order_less_one = Coordinate::from_repr((Scalar::ZERO - Scalar::ONE).to_bytes()).unwrap();
        for (r, count) in [(Scalar::ONE, 2), (Scalar::from(u128::from(u64::MAX)), 2), (reduced(&sha256(b"a")), 1)] {
            let found: std::vec::Vec<_> = candidates(&r).collect();
            assert_eq!(found.len(), count);
            assert!(found[0] == Coordinate::from_repr(r.to_bytes()).unwrap());
            assert!(found.get(1).is_none_or(|second| *second == found[0] + order_less_one + Coordinate::ONE));
        }
    }

    #[test]
    fn half_of_all_pairs_are_zeros() {
        let zeros = digits(&sha256(b"a"), &sha256(b"b")).iter().filter(|digits| **digits == (0, 0)).count();
        assert!((115..=142).contains(&zeros), "{zeros}");
    }
}
