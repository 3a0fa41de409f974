//! Numbers modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, the coordinates of points (SP 800-186 section 3.2.1.3).
//!
//! They are in Montgomery form (P. L. Montgomery, "Modular Multiplication Without Trial Division", 1985): `a` is kept as `a * 2^256`
//! modulo p, always below p, so that each number has one form.
#![forbid(unsafe_code)]

use zeroize::Zeroize;

use super::inverse::Modulus;
use crate::number::{self, Number};
use crate::selected::p256::{add, add_to_half, multiply, select_entry, subtract, subtract_twice};

/// A number modulo p.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub(crate) struct Coordinate(pub(crate) Number);

/// The modulus p.
pub(crate) const P: Number = [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0, 0, 0, 1, 0xffff_ffff];
/// `2^512` modulo p.
const R_SQUARED: Coordinate = Coordinate([3, 0, 0xffff_ffff, 0xffff_fffb, 0xffff_fffe, 0xffff_ffff, 0xffff_fffd, 4]);
/// `2^768` modulo p.
const R_CUBED: Coordinate = Coordinate([0xa, 0xffff_fffd, 0xffff_fff7, 0xffff_ffed, 0xffff_fffc, 5, 1, 0x18]);

impl Coordinate {
    pub(crate) const ZERO: Self = Self([0; 8]);
    /// `2^256` modulo p.
    pub(super) const ONE: Self = Self([1, 0, 0, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_fffe, 0]);

    /// Parses a number below p. The time taken reveals whether it is.
    pub(super) fn new(number: &Number) -> Option<Self> {
        let (_, is_below) = number::subtract(number, &P);
        number::reveal(is_below).then(|| Self(*number).times(&R_SQUARED))
    }

    /// Returns the number, below p.
    pub(super) fn number(&self) -> Number {
        self.times(&Self([1, 0, 0, 0, 0, 0, 0, 0])).0
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self(multiply(&self.0, &other.0))
    }

    pub(super) fn square(&self) -> Self {
        self.times(self)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        Self(add(&self.0, &other.0))
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        Self(subtract(&self.0, &other.0))
    }

    /// `a - 2 b`.
    pub(super) fn minus_twice(&self, other: &Self) -> Self {
        Self(subtract_twice(&self.0, &other.0))
    }

    /// `3 a / 2`.
    pub(super) fn three_halves(&self) -> Self {
        Self(add_to_half(&self.0, &self.0))
    }

    pub(super) fn negated(&self) -> Self {
        Self::ZERO.minus(self)
    }

    /// `1 / a`, or 0 for 0.
    pub(super) fn inverse(&self) -> Self {
        // The inverse of a * 2^256 is 1 / a * 2^-256; a product takes 2^256 away.
        Self(Modulus::FIELD.inverse(&self.0)).times(&R_CUBED)
    }

    /// Returns the mask of `a == 0`.
    pub(super) fn is_zero(&self) -> u32 {
        number::is_zero(&self.0)
    }

    /// Reads an entry of a table at a place that may be secret: all entries are read.
    pub(super) fn select_entry<const N: usize>(table: &[[Self; N]; 8], index: u32) -> [Self; N] {
        let mut coordinate = 0;
        [(); N].map(|()| {
            let number = select_entry(table, coordinate, index);
            coordinate += 1;
            number
        })
    }

    /// Selects `yes` or `no` by the mask.
    pub(super) fn select(mask: u32, yes: &Self, no: &Self) -> Self {
        Self(number::select(mask, &yes.0, &no.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{edges, numbers_below};
    use crate::number::bit;
    use std::vec::Vec;

    /// Numbers below p: at the ends, sparse, and random ones.
    fn numbers() -> Vec<Coordinate> {
        numbers_below(&P, 5).map(Coordinate).collect()
    }

    /// `a * b` modulo p, bit by bit.
    fn product(a: &Number, b: &Number) -> Number {
        let add = |a: &Number, b: &Number| {
            let (sum, carry) = number::add(a, b);
            number::reduce_once(&sum, carry, &P)
        };
        (0..256).rev().fold([0; 8], |sum, place| {
            let sum = add(&sum, &sum);
            if bit(b, place) == 1 { add(&sum, a) } else { sum }
        })
    }

    const R: Number = Coordinate::ONE.0;

    #[test]
    fn the_constants_are_powers_of_2_256() {
        assert_eq!(number::subtract(&[0; 8], &P).0, R);
        assert_eq!(product(&R, &R), R_SQUARED.0);
        assert_eq!(product(&R_SQUARED.0, &R), R_CUBED.0);
    }

    #[test]
    fn products_are_those_of_schoolbook_arithmetic() {
        let numbers = numbers();
        assert!(numbers.len() > 300, "{}", numbers.len());
        // Each with some of the others, so that all pairs of extreme numbers come up.
        for (index, a) in numbers.iter().enumerate() {
            assert_eq!(product(&a.times(a).0, &R), product(&a.0, &a.0), "{a:08x?}");
            assert_eq!(a.square(), a.times(a), "{a:08x?}");
            for b in numbers.iter().skip(index % 7).step_by(7) {
                assert_eq!(product(&a.times(b).0, &R), product(&a.0, &b.0), "{a:08x?} {b:08x?}");
            }
        }
    }

    #[test]
    fn sums_and_differences_undo_each_other() {
        let numbers = numbers();
        for a in &numbers {
            let half = Coordinate(add_to_half(&a.0, &[0; 8]));
            assert!(number::subtract(&half.0, &P).1 != 0);
            assert_eq!(half.plus(&half), *a, "{a:08x?}");
            assert_eq!(a.three_halves(), a.plus(&half), "{a:08x?}");
            assert_eq!(a.plus(&a.negated()), Coordinate::ZERO);
            assert_eq!(a.is_zero() != 0, *a == Coordinate::ZERO);
            assert_eq!(Coordinate::new(&a.number()), Some(*a));
            for b in &numbers {
                let (sum, difference) = (a.plus(b), a.minus(b));
                for number in [sum, difference] {
                    assert!(number::subtract(&number.0, &P).1 != 0, "{a:08x?} {b:08x?}");
                }
                assert_eq!(sum.minus(b), *a);
                assert_eq!(difference.plus(b), *a);
                assert_eq!(difference, b.minus(a).negated());
                assert_eq!(a.minus_twice(b), difference.minus(b));
                assert_eq!(add_to_half(&a.0, &b.0), b.plus(&Coordinate(add_to_half(&a.0, &[0; 8]))).0);
            }
        }
    }

    #[test]
    fn a_number_times_its_inverse_is_one() {
        for a in numbers() {
            let expected = if a == Coordinate::ZERO { Coordinate::ZERO } else { Coordinate::ONE };
            assert_eq!(a.times(&a.inverse()), expected, "{a:08x?}");
        }
    }

    #[test]
    fn a_number_from_p_on_is_not_a_coordinate() {
        for a in edges(&P) {
            assert_eq!(Coordinate::new(&a).is_some(), number::subtract(&P, &a).1 == 0 && a != P);
        }
    }
}
