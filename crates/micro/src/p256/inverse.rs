//! Inverses modulo p and modulo the order, in constant time: D. J. Bernstein, B.-Y. Yang, "Fast constant-time gcd computation and
//! modular inversion", 2019, in the form with a `delta` of halves that P. Wuille found for libsecp256k1.
//!
//! A step takes an odd `f` and a `g` to a smaller pair with the same greatest common divisor:
//!
//! ```text
//! delta > 0 and g odd:  delta, f, g  =  1 - delta, g, (g - f) / 2
//! otherwise:            delta, f, g  =  1 + delta, f, (g + (g mod 2) f) / 2
//! ```
//!
//! From `f` the modulus, below 2^256, and `g` any number below it, 590 steps from `delta = 1/2` end with `g = 0` and `f` 1 or -1, or with
//! `f` the modulus for `g = 0` (proven by computer, <https://github.com/sipa/safegcd-bounds>). The change of `f` and `g`
//! is linear and depends only on their lowest bits and on `delta`. So 30 steps are done on the lowest words, which gives a matrix
//! of words, and that is applied to `f` and `g`, and modulo the modulus to `d` and `e`, which start as 0 and 1, so that
//! `d * g0 = f` and `e * g0 = g` always. In the end `d` is the inverse, or its negative.
#![forbid(unsafe_code)]

use core::hint::black_box;
use zeroize::Zeroize;

use crate::number::Number;
use crate::selected::inverse::steps;
use crate::words::low;

/// Steps in a batch, and bits of a limb.
pub(crate) const BITS: u32 = 30;
/// The number of batches that make 590 steps or more.
const BATCHES: u32 = 20;
/// The bits of a limb.
const MASK: u64 = (1 << BITS) - 1;

/// A number in limbs of 30 bits, the lowest first; the highest has the sign.
type Limbs = [i32; 9];

/// An odd modulus.
pub(super) struct Modulus {
    limbs: Limbs,
    /// `1 / modulus` modulo 2^30.
    inverse: u32,
}

/// Thirty steps, times 2^30: the first row gives `f`, the second `g`. The values of a row are at most 2^30 together, without signs.
pub(crate) type Matrix = [[i32; 2]; 2];

impl Modulus {
    /// The modulus of the field.
    pub(super) const FIELD: Self = Self {
        limbs: [0x3fff_ffff, 0x3fff_ffff, 0x3fff_ffff, 0x3f, 0, 0, 0x1000, 0x3fff_c000, 0xffff],
        inverse: 0x3fff_ffff,
    };
    /// The order of the group.
    pub(super) const ORDER: Self = Self {
        limbs: [
            0x3c63_2551,
            0x0ee7_2b0b,
            0x3179_e84f,
            0x39be_ab69,
            0x3fff_ffbc,
            0x3fff_ffff,
            0x0fff,
            0x3fff_c000,
            0xffff,
        ],
        inverse: 0x11ff_43b1,
    };

    /// Replaces a number below the modulus by its inverse, or 0 by 0.
    #[inline(never)]
    pub(super) fn invert(&self, number: &mut Number) {
        let (mut f, mut g) = (self.limbs, limbs(number));
        let (mut d, mut e) = ([0; 9], [1, 0, 0, 0, 0, 0, 0, 0, 0]);
        // -(delta + 1/2), a whole number.
        let mut zeta = -1;
        for _ in 0..BATCHES {
            let matrix;
            (zeta, matrix) = steps(zeta, f[0], g[0]);
            let often = matrix.map(|row| self.often(row, &d, &e));
            self.apply(&matrix, &mut d, &mut e, often);
            // Without the modulus.
            self.apply(&matrix, &mut f, &mut g, [0; 2]);
        }
        *number = self.normal(&mut d, f[8]);
        [&mut f, &mut g, &mut d, &mut e].into_iter().for_each(Zeroize::zeroize);
    }

    /// Counts the multiples of the modulus that are added to the sum of a row, so that it is a multiple of 2^30. Divided by it, it is again above twice
    /// the negative modulus and below the modulus, as `d` and `e` are.
    fn often(&self, [of_d, of_e]: [i32; 2], d: &Limbs, e: &Limbs) -> i32 {
        // A negative number has the modulus added before.
        let start = (of_d & (d[8] >> 31)) + (of_e & (e[8] >> 31));
        // The low bits of the sum are cancelled, those of `start` modulus are a part of it.
        let sum = of_d.wrapping_mul(d[0]).wrapping_add(of_e.wrapping_mul(e[0])).cast_unsigned();
        let low_bits = self.inverse.wrapping_mul(sum).wrapping_add(start.cast_unsigned()) & low(MASK);
        start - low_bits.cast_signed()
    }

    /// Replaces two numbers by the sums of both rows, each with a multiple of the modulus, divided by 2^30.
    #[inline]
    fn apply(&self, [first, second]: &Matrix, a: &mut Limbs, b: &mut Limbs, [often_first, often_second]: [i32; 2]) {
        let mut next = *b;
        self.apply_row(*first, a, &mut next, often_first);
        self.apply_row(*second, a, b, often_second);
        *a = next;
    }

    /// Replaces `b` by the sum of a row and `often` times the modulus, divided by 2^30.
    ///
    /// A limb is below 2^30, the highest below 2^18 with any sign, a row at most 2^30, `often` below 2^31: each sum with its carry is
    /// below 2^62.
    #[inline(never)]
    fn apply_row(&self, [of_a, of_b]: [i32; 2], a: &Limbs, b: &mut Limbs, often: i32) {
        let product = |a: i32, b: i32| i64::from(a) * i64::from(b);
        let mut carry = 0;
        // The lowest bits are 0, and go; each limb takes the place below its own.
        let mut below = &mut 0;
        for ((a, b), m) in a.iter().zip(b).zip(&self.limbs) {
            carry += product(of_a, *a) + product(of_b, *b) + product(often, *m);
            *below = low(carry.cast_unsigned() & MASK).cast_signed();
            carry >>= BITS;
            below = b;
        }
        *below = low(carry.cast_unsigned()).cast_signed();
    }

    /// Returns a number, or its negative if `sign` is negative, from 0 to the modulus less 1.
    fn normal(&self, limbs: &mut Limbs, sign: i32) -> Number {
        self.add_if_negative(limbs);
        let negate = black_box(sign >> 31);
        for limb in limbs.iter_mut() {
            *limb = (*limb ^ negate) - negate;
        }
        carry(limbs);
        self.add_if_negative(limbs);
        carry(limbs);
        number_of(limbs)
    }

    fn add_if_negative(&self, limbs: &mut Limbs) {
        let is_negative = black_box(limbs[8] >> 31);
        limbs.iter_mut().zip(self.limbs).for_each(|(limb, modulus)| *limb += modulus & is_negative);
    }
}

/// Leaves 30 bits in each limb but the highest.
fn carry(limbs: &mut Limbs) {
    let mut carry = 0;
    let [limbs @ .., highest] = limbs;
    for limb in limbs {
        carry += *limb;
        *limb = carry & low(MASK).cast_signed();
        carry >>= BITS;
    }
    *highest += carry;
}

/// Converts to limbs.
fn limbs(number: &Number) -> Limbs {
    let mut words = number.iter();
    let (mut bits, mut count) = (0, 0);
    [(); 9].map(|()| {
        if count < BITS {
            bits |= u64::from(words.next().copied().unwrap_or(0)) << count;
            count += 32;
        }
        let limb = low(bits & MASK);
        (bits, count) = (bits >> BITS, count - BITS);
        limb.cast_signed()
    })
}

/// Converts from limbs that are not negative and below 2^256 together.
fn number_of(limbs: &Limbs) -> Number {
    let mut limbs = limbs.iter();
    let (mut bits, mut count) = (0, 0);
    [(); 8].map(|()| {
        while count < 32 {
            bits |= u64::from(limbs.next().copied().unwrap_or(0).cast_unsigned()) << count;
            count += BITS;
        }
        let word = low(bits);
        (bits, count) = (bits >> 32, count - 32);
        word
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{Random, edges};
    use crate::number::from_bytes;
    use crate::p256::field::P;
    use crate::p256::scalar::ORDER;
    use std::vec::Vec;

    /// `a * b` modulo the modulus, bit by bit.
    fn product(a: &Number, b: &Number, modulus: &Number) -> Number {
        let double = |a: &Number, b: &Number| {
            let (sum, carry) = crate::number::add(a, b);
            crate::number::reduce_once(&sum, carry, modulus)
        };
        (0..256).rev().fold([0; 8], |sum, place| {
            let sum = double(&sum, &sum);
            if crate::number::bit(b, place) == 1 { double(&sum, a) } else { sum }
        })
    }

    #[test]
    fn limbs_and_words_are_the_same_number() {
        let mut random = Random::new(3);
        for number in edges(&P).chain((0..100).map(|_| from_bytes(&random.array()))) {
            assert_eq!(number_of(&limbs(&number)), number);
        }
    }

    #[test]
    fn the_constants_are_those_of_the_moduli() {
        for (modulus, number) in [(Modulus::FIELD, P), (Modulus::ORDER, ORDER)] {
            assert_eq!(modulus.limbs, limbs(&number));
            assert_eq!(modulus.inverse.wrapping_mul(number[0]) & low(MASK), 1);
        }
    }

    #[test]
    fn a_number_times_its_inverse_is_one() {
        let mut random = Random::new(4);
        for (modulus, number) in [(Modulus::FIELD, P), (Modulus::ORDER, ORDER)] {
            let random = (0..500).map(|_| from_bytes(&random.array()));
            let all: Vec<_> = edges(&number).chain(random).collect();
            for a in all.into_iter().filter(|a| crate::number::subtract(a, &number).1 != 0) {
                let mut inverse = a;
                modulus.invert(&mut inverse);
                let is_zero = a == [0; 8];
                assert_eq!(product(&a, &inverse, &number), [u32::from(!is_zero), 0, 0, 0, 0, 0, 0, 0], "{a:08x?}");
                assert!(crate::number::subtract(&inverse, &number).1 != 0);
            }
        }
    }
}
