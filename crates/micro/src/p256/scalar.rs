//! Numbers modulo the order of the group, which is prime (SP 800-186 section 3.2.1.3): private keys, nonces, signatures.
#![forbid(unsafe_code)]

use zeroize::Zeroize;

use super::inverse::Modulus;
use crate::number::{self, Number};
use crate::words::{high, low};

/// A number modulo the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub(crate) struct Scalar(pub(super) Number);

/// The order of the group.
pub(super) const ORDER: Number =
    [0xfc63_2551, 0xf3b9_cac2, 0xa717_9e84, 0xbce6_faad, 0xffff_ffff, 0xffff_ffff, 0, 0xffff_ffff];
/// `-1 / ORDER` modulo 2^32.
const NEGATIVE_INVERSE: u32 = 0xee00_bc4f;
/// `2^512` modulo the order.
const R_SQUARED: Number =
    [0xbe79_eea2, 0x8324_4c95, 0x49bd_6fa6, 0x4699_799c, 0x2b6b_ec59, 0x2845_b239, 0xf3d9_5620, 0x66e1_2d94];

impl Scalar {
    /// Parses a number from 1 to the order less 1. The time taken reveals whether it is.
    pub(crate) fn nonzero(bytes: &[u8; 32]) -> Option<Self> {
        let number = number::from_bytes(bytes);
        let (_, is_below) = number::subtract(&number, &ORDER);
        number::reveal(is_below & !number::is_zero(&number)).then_some(Self(number))
    }

    /// Reduces any number modulo the order, which is above 2^255.
    pub(super) fn reduced(number: &Number) -> Self {
        Self(number::reduce_once(number, 0, &ORDER))
    }

    pub(super) fn to_bytes(self) -> [u8; 32] {
        number::to_bytes(&self.0)
    }

    pub(super) fn is_zero(&self) -> bool {
        number::reveal(number::is_zero(&self.0))
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let (sum, carry) = number::add(&self.0, &other.0);
        Self(number::reduce_once(&sum, carry, &ORDER))
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        // The second product removes 2^256; R_SQUARED contains it twice.
        Self(multiply(&multiply(&self.0, &R_SQUARED), &other.0))
    }

    /// Replaces the number by its inverse, or 0 by 0.
    pub(super) fn invert(&mut self) {
        Modulus::ORDER.invert(&mut self.0);
    }

    /// Returns this if it is odd, or else its negative, which is odd for all numbers but 0, as the order is odd; with the mask of the second case.
    pub(super) fn odd(&self) -> (Number, u32) {
        let is_even = number::bit(&self.0, 0).wrapping_sub(1);
        let (negative, _) = number::subtract(&ORDER, &self.0);
        (number::select(is_even, &negative, &self.0), is_even)
    }
}

/// Multiplies `a` by `b / 2^256` modulo the order, for numbers below it: row by row, with a multiple of the order that clears the lowest word, as for
/// coordinates. Below twice the order after each row by the same argument, so that a ninth word is enough.
fn multiply(a: &Number, b: &Number) -> Number {
    let mut t = [0_u32; 9];
    for b in b {
        let row = |t: &mut [u32; 9], a: &Number, b: u32| {
            let [words @ .., top] = t;
            let mut carry = 0;
            for (word, a) in words.iter_mut().zip(a) {
                // At most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
                let wide = u64::from(*a) * u64::from(b) + u64::from(*word) + u64::from(carry);
                (*word, carry) = (low(wide), high(wide));
            }
            let sum = u64::from(*top) + u64::from(carry);
            *top = low(sum);
            high(sum)
        };
        let above = row(&mut t, a, *b);
        let m = t[0].wrapping_mul(NEGATIVE_INVERSE);
        // One of them at most is 1: the sum is below 2^32 times twice the order, which is below 2^(32 + 257).
        let above = above + row(&mut t, &ORDER, m);
        // The lowest word is 0 and goes. In this form the words are moved without `memmove`, which takes 1.6 KB.
        let [_, t1, t2, t3, t4, t5, t6, t7, t8] = t;
        t = [t1, t2, t3, t4, t5, t6, t7, t8, above];
    }
    let [words @ .., carry] = t;
    number::reduce_once(&words, carry, &ORDER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{edges, numbers_below};
    use std::vec::Vec;

    /// Numbers below the order: at the ends, sparse, and random ones.
    fn numbers() -> Vec<Scalar> {
        numbers_below(&ORDER, 6).map(Scalar).collect()
    }

    /// `a * b`, bit by bit.
    fn product(a: &Scalar, b: &Scalar) -> Scalar {
        (0..256).rev().fold(Scalar([0; 8]), |sum, place| {
            let sum = sum.plus(&sum);
            if number::bit(&b.0, place) == 1 { sum.plus(a) } else { sum }
        })
    }

    #[test]
    fn the_constants_are_those_of_the_order() {
        assert_eq!(NEGATIVE_INVERSE.wrapping_mul(ORDER[0]), u32::MAX);
        let r = Scalar(number::subtract(&[0; 8], &ORDER).0);
        assert_eq!(product(&r, &r).0, R_SQUARED);
    }

    #[test]
    fn products_are_those_of_schoolbook_arithmetic() {
        let numbers = numbers();
        assert!(numbers.len() > 300, "{}", numbers.len());
        for (index, a) in numbers.iter().enumerate() {
            assert_eq!(a.times(a), product(a, a), "{a:08x?}");
            for b in numbers.iter().skip(index % 7).step_by(7) {
                assert_eq!(a.times(b), product(a, b), "{a:08x?} {b:08x?}");
            }
        }
    }

    #[test]
    fn a_number_times_its_inverse_is_one() {
        for a in numbers() {
            let expected = Scalar([u32::from(!a.is_zero()), 0, 0, 0, 0, 0, 0, 0]);
            let mut inverse = a;
            inverse.invert();
            assert_eq!(a.times(&inverse), expected, "{a:08x?}");
        }
    }

    #[test]
    fn a_scalar_is_from_1_to_the_order_less_1() {
        for a in edges(&ORDER) {
            let is_scalar = a != [0; 8] && number::subtract(&a, &ORDER).1 != 0;
            assert_eq!(Scalar::nonzero(&number::to_bytes(&a)), is_scalar.then_some(Scalar(a)));
            let reduced = Scalar::reduced(&a);
            assert!(number::subtract(&reduced.0, &ORDER).1 != 0);
            assert_eq!(reduced, Scalar::reduced(&[1, 0, 0, 0, 0, 0, 0, 0]).times(&reduced));
        }
    }

    #[test]
    fn an_odd_number_stands_for_each_scalar() {
        for a in numbers().into_iter().filter(|a| !a.is_zero()) {
            let (odd, is_negated) = a.odd();
            assert_eq!(number::bit(&odd, 0), 1);
            let back = if is_negated == 0 { Scalar(odd) } else { Scalar(number::subtract(&ORDER, &odd).0) };
            assert_eq!(back, a);
        }
    }
}
