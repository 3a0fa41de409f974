//! Numbers modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, the coordinates of points (SP 800-186 section 3.2.1.3).
//!
//! They are in Montgomery form (P. L. Montgomery, "Modular Multiplication Without Trial Division", 1985): `a` is kept as `a * 2^256`
//! modulo p, always below p, so that each number has one form.
#![forbid(unsafe_code)]

use core::ops::{AddAssign, MulAssign, SubAssign};
use zeroize::Zeroize;

use super::inverse::Modulus;
use crate::number::{self, Number};
use crate::selected::p256::{add, multiply, product, select_entry, square, subtract, subtract_twice, three_halves};

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
        Self(product(&self.0, &other.0))
    }

    /// Multiplies by itself.
    pub(super) fn square(&mut self) {
        square(&mut self.0);
    }

    pub(super) fn squared(&self) -> Self {
        Self(product(&self.0, &self.0))
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut difference = *self;
        difference -= other;
        difference
    }

    /// Subtracts twice another number.
    pub(super) fn subtract_twice(&mut self, other: &Self) {
        subtract_twice(&mut self.0, &other.0);
    }

    /// Multiplies by 3, and divides by 2.
    pub(super) fn three_halves(&mut self) {
        three_halves(&mut self.0);
    }

    /// Changes the sign under a mask.
    pub(super) fn negate_if(&mut self, mask: u32) {
        *self = Self::select(mask, &Self::ZERO.minus(self), self);
    }

    /// Replaces the number by its inverse, or 0 by 0.
    pub(super) fn invert(&mut self) {
        // The inverse of a * 2^256 is 1 / a * 2^-256; a product takes 2^256 away.
        Modulus::FIELD.invert(&mut self.0);
        *self *= &R_CUBED;
    }

    /// Returns the mask of `a == 0`.
    pub(super) fn is_zero(&self) -> u32 {
        number::is_zero(&self.0)
    }

    /// Reads an entry of a table at a place that may be secret: all entries are read.
    pub(super) fn select_entry(table: &[[Self; 2]], index: u32) -> [Self; 2] {
        [select_entry(table, 0, index), select_entry(table, 1, index)]
    }

    /// Selects `yes` or `no` by the mask.
    pub(super) fn select(mask: u32, yes: &Self, no: &Self) -> Self {
        Self(number::select(mask, &yes.0, &no.0))
    }
}

impl AddAssign<&Self> for Coordinate {
    fn add_assign(&mut self, other: &Self) {
        add(&mut self.0, &other.0);
    }
}

impl SubAssign<&Self> for Coordinate {
    fn sub_assign(&mut self, other: &Self) {
        subtract(&mut self.0, &other.0);
    }
}

impl MulAssign<&Self> for Coordinate {
    fn mul_assign(&mut self, other: &Self) {
        multiply(&mut self.0, &other.0);
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

    fn sum(a: &Coordinate, b: &Coordinate) -> Coordinate {
        let mut sum = *a;
        sum += b;
        sum
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
            assert_eq!(a.squared(), a.times(a), "{a:08x?}");
            for b in numbers.iter().skip(index % 7).step_by(7) {
                assert_eq!(product(&a.times(b).0, &R), product(&a.0, &b.0), "{a:08x?} {b:08x?}");
            }
        }
    }

    #[test]
    fn sums_and_differences_undo_each_other() {
        let numbers = numbers();
        for a in &numbers {
            let mut three_halves = *a;
            three_halves.three_halves();
            let half = three_halves.minus(a);
            assert!(number::subtract(&three_halves.0, &P).1 != 0);
            assert_eq!(sum(&half, &half), *a, "{a:08x?}");
            let mut negated = *a;
            negated.negate_if(0);
            assert_eq!(negated, *a);
            negated.negate_if(u32::MAX);
            assert_eq!(sum(a, &negated), Coordinate::ZERO);
            assert_eq!(a.is_zero() != 0, *a == Coordinate::ZERO);
            assert_eq!(Coordinate::new(&a.number()), Some(*a));
            for b in &numbers {
                let (sum, difference) = (sum(a, b), a.minus(b));
                for number in [sum, difference] {
                    assert!(number::subtract(&number.0, &P).1 != 0, "{a:08x?} {b:08x?}");
                }
                assert_eq!(sum.minus(b), *a);
                assert_eq!(Coordinate::ZERO.minus(&b.minus(a)), difference);
                let mut twice_less = *a;
                twice_less.subtract_twice(b);
                assert_eq!(twice_less, difference.minus(b));
            }
        }
    }

    #[test]
    fn a_number_times_its_inverse_is_one() {
        for a in numbers() {
            let expected = if a == Coordinate::ZERO { Coordinate::ZERO } else { Coordinate::ONE };
            let mut inverse = a;
            inverse.invert();
            assert_eq!(a.times(&inverse), expected, "{a:08x?}");
        }
    }

    #[test]
    fn a_number_from_p_on_is_not_a_coordinate() {
        for a in edges(&P) {
            assert_eq!(Coordinate::new(&a).is_some(), number::subtract(&P, &a).1 == 0 && a != P);
        }
    }
}
