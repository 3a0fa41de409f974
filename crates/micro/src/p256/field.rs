//! Numbers modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, the coordinates of points (SP 800-186 section 3.2.1.3).
//!
//! They are in Montgomery form (P. L. Montgomery, "Modular Multiplication Without Trial Division", 1985): `a` is kept as `a * 2^256`
//! modulo p, always below p, so that each number has one form.
#![forbid(unsafe_code)]

use zeroize::Zeroize;

use super::inverse::Modulus;
use crate::number::{self, Number};
#[cfg(not(assembly))]
use crate::words::{high, low};

#[cfg(assembly)]
use crate::assembly::p256::{add, add_to_half, multiply, select_entry, subtract, subtract_twice};

/// A number modulo p.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Zeroize)]
pub(crate) struct Coordinate(pub(crate) Number);

/// The modulus p.
pub(super) const P: Number = [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0, 0, 0, 1, 0xffff_ffff];
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
        (is_below != 0).then(|| Self(*number).times(&R_SQUARED))
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

/// `a * b / 2^256` modulo p, for numbers below p.
///
/// Row by row: `t + a * b[i]`, and then a multiple of p that clears the lowest word of it, which is dropped. As p is -1 modulo 2^32, the
/// multiple is `m * p` for `m = t[0]`; and as `p = 2^256 - 2^224 + 2^192 + 2^96 - 1`, that is three additions of `m` and two
/// subtractions. With `t < 2 p` before, it is below `(2 p + (p - 1) * (2^32 - 1) + (2^32 - 1) * p) / 2^32 < 2 p` after each row, so that a ninth word
/// is enough for it, and at most p is too much in the end.
#[cfg(not(assembly))]
fn multiply(a: &Number, b: &Number) -> Number {
    let mut t = [0_u32; 9];
    for b in b {
        let [words @ .., top] = &mut t;
        let mut carry = 0;
        for (word, a) in words.iter_mut().zip(a) {
            // At most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
            let wide = u64::from(*a) * u64::from(*b) + u64::from(*word) + u64::from(carry);
            (*word, carry) = (low(wide), high(wide));
        }
        // The highest word was 0 or 1, so that nothing here is 2^34 or above, and carries are from -1 to 2.
        let above = i64::from(*top) + i64::from(carry);
        let m = i64::from(t[0]);
        let sums = t.iter().skip(1).take(7).map(|word| i64::from(*word)).chain([above]);
        // Word 0 and -m are 0.
        let additions = [0, 0, m, 0, 0, m, -m, m];
        let mut next = [0_u32; 9];
        let mut carry = 0;
        for ((to, sum), addition) in next.iter_mut().zip(sums).zip(additions) {
            let wide = (sum + addition + carry).cast_unsigned();
            *to = low(wide);
            carry = i64::from(high(wide).cast_signed());
        }
        next[8] = low(carry.cast_unsigned());
        t = next;
    }
    let [words @ .., carry] = t;
    number::reduce_once(&words, carry, &P)
}

/// `a + b` modulo p, for numbers below p.
#[cfg(not(assembly))]
fn add(a: &Number, b: &Number) -> Number {
    let (sum, carry) = number::add(a, b);
    number::reduce_once(&sum, carry, &P)
}

/// `a - b` modulo p, for numbers below p.
#[cfg(not(assembly))]
fn subtract(a: &Number, b: &Number) -> Number {
    let (difference, is_below) = number::subtract(a, b);
    number::add(&difference, &P.map(|word| word & is_below)).0
}

/// `a - 2 b` modulo p, for numbers below p.
#[cfg(not(assembly))]
fn subtract_twice(a: &Number, b: &Number) -> Number {
    subtract(&subtract(a, b), b)
}

/// `a / 2 + b` modulo p, for numbers below p: `a` is even, or will be with p.
#[cfg(not(assembly))]
fn add_to_half(a: &Number, b: &Number) -> Number {
    let is_odd = number::bit(a, 0).wrapping_neg();
    let (mut half, mut above) = number::add(a, &P.map(|word| word & is_odd));
    for word in half.iter_mut().rev() {
        (*word, above) = ((*word >> 1) | (above << 31), *word & 1);
    }
    add(&half, b)
}

/// Reads the number at a place of the entry at `index`, which may be secret.
#[cfg(not(assembly))]
fn select_entry<const N: usize>(table: &[[Coordinate; N]; 8], coordinate: usize, index: u32) -> Coordinate {
    let mut chosen = Coordinate::ZERO;
    for (entry, number) in table.iter().zip(0..) {
        let mask = core::hint::black_box(number::is_zero_word(index ^ number));
        let words = entry.get(coordinate).into_iter().flat_map(|number| number.0);
        chosen.0.iter_mut().zip(words).for_each(|(word, entry)| *word |= entry & mask);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{Random, edges};
    use crate::number::{bit, from_bytes};
    use std::vec::Vec;

    /// Numbers below p: at the ends, sparse, and random ones.
    fn numbers() -> Vec<Coordinate> {
        let mut random = Random::new(5);
        let random = (0..50).map(|_| from_bytes(&random.array()));
        edges(&P).into_iter().chain(random).filter(|a| number::subtract(a, &P).1 != 0).map(Coordinate).collect()
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
