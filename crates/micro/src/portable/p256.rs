//! Numbers modulo the prime of P-256, and the look-up of a point in a table.
#![forbid(unsafe_code)]

use crate::number::{self, Number};
use crate::p256::{Coordinate, P};
use crate::words::{high, low};

/// Returns `a b / 2^256` modulo p, for numbers below p.
///
/// Row by row: `t + a * b[i]`, and then a multiple of p that clears the lowest word of it, which is dropped. As p is -1 modulo 2^32, the
/// multiple is `m * p` for `m = t[0]`; and as `p = 2^256 - 2^224 + 2^192 + 2^96 - 1`, that is three additions of `m` and two
/// subtractions. With `t < 2 p` before, it is below `(2 p + (p - 1) * (2^32 - 1) + (2^32 - 1) * p) / 2^32 < 2 p` after each row, so that a ninth word
/// is enough for it, and at most p is too much in the end.
pub(crate) fn product(a: &Number, b: &Number) -> Number {
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

/// Multiplies `a` by `b / 2^256` modulo p, for numbers below p.
pub(crate) fn multiply(a: &mut Number, b: &Number) {
    *a = product(a, b);
}

/// Squares `a`, and divides by `2^256`, modulo p, for a number below p.
pub(crate) fn square(a: &mut Number) {
    *a = product(a, a);
}

/// Adds `b` to `a` modulo p, for numbers below p.
pub(crate) fn add(a: &mut Number, b: &Number) {
    let (sum, carry) = number::add(a, b);
    *a = number::reduce_once(&sum, carry, &P);
}

/// Subtracts `b` from `a` modulo p, for numbers below p.
pub(crate) fn subtract(a: &mut Number, b: &Number) {
    let (difference, is_below) = number::subtract(a, b);
    *a = number::add(&difference, &P.map(|word| word & is_below)).0;
}

/// Subtracts `2 b` from `a` modulo p, for numbers below p.
pub(crate) fn subtract_twice(a: &mut Number, b: &Number) {
    subtract(a, b);
    subtract(a, b);
}

/// Multiplies `a` by `3 / 2` modulo p, for a number below p: `a` is even, or will be with p.
pub(crate) fn three_halves(a: &mut Number) {
    let is_odd = number::bit(a, 0).wrapping_neg();
    let (mut half, mut above) = number::add(a, &P.map(|word| word & is_odd));
    for word in half.iter_mut().rev() {
        (*word, above) = ((*word >> 1) | (above << 31), *word & 1);
    }
    add(a, &half);
}

/// Reads the number at a place, 0 or 1, of the entry at `index`, which may be secret.
pub(crate) fn select_entry(table: &[[Coordinate; 2]], place: usize, index: u32) -> Coordinate {
    let mut chosen = Coordinate::ZERO;
    for (entry, number) in table.iter().zip(0..) {
        let mask = core::hint::black_box(number::is_zero_word(index ^ number));
        let words = entry.get(place).into_iter().flat_map(|number| number.0);
        chosen.0.iter_mut().zip(words).for_each(|(word, entry)| *word |= entry & mask);
    }
    chosen
}
