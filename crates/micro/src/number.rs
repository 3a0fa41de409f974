//! Numbers of 256 bits. Each operation takes the same time for all numbers.
//!
//! A mask is all ones for yes, and 0 for no. Masks that decide about secrets go through `black_box`, so that the compiler does
//! not see that there are only two of them and make a branch of it.
#![forbid(unsafe_code)]

use core::hint::black_box;

use crate::words::{big_endian, high, low};

/// Words of 32 bits, the lowest first.
pub(crate) type Number = [u32; 8];

/// Converts from 32 bytes, the highest first.
pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Number {
    let mut words: Number = big_endian(bytes);
    words.reverse();
    words
}

/// Converts to 32 bytes, the highest first.
pub(crate) fn to_bytes(number: &Number) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (chunks, _) = bytes.as_chunks_mut();
    chunks.iter_mut().zip(number.iter().rev()).for_each(|(chunk, word)| *chunk = word.to_be_bytes());
    bytes
}

/// Returns the sum, and its carry.
pub(crate) fn add(a: &Number, b: &Number) -> (Number, u32) {
    let mut sum = [0; 8];
    let mut carry = 0;
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        let wide = u64::from(*a) + u64::from(*b) + u64::from(carry);
        (*sum, carry) = (low(wide), high(wide));
    }
    (sum, carry)
}

/// Returns the difference modulo 2^256, and the mask of `a < b`.
pub(crate) fn subtract(a: &Number, b: &Number) -> (Number, u32) {
    let mut difference = [0; 8];
    let mut borrow = 0;
    for ((difference, a), b) in difference.iter_mut().zip(a).zip(b) {
        // A borrow is 2^32 - 1, which is the upper half of a wide difference below 0.
        let wide = u64::from(*a).wrapping_sub(u64::from(*b)).wrapping_sub(u64::from(borrow & 1));
        (*difference, borrow) = (low(wide), high(wide));
    }
    (difference, borrow)
}

/// Selects `yes` or `no` by the mask.
pub(crate) fn select(mask: u32, yes: &Number, no: &Number) -> Number {
    // What the tests have to find: `build.rs` sets this for them alone.
    #[cfg(leaky)]
    if black_box(mask) == 0 {
        return *no;
    }
    let mask = black_box(mask);
    let mut chosen = *no;
    chosen.iter_mut().zip(yes).for_each(|(word, yes)| *word ^= (*word ^ yes) & mask);
    chosen
}

/// Makes a decision public, yes for a mask other than 0: whether a number is a key, whether a tag matches.
///
/// What depends on a secret is branched on here alone, and so the test that looks for such branches has one function to leave out.
#[inline(never)]
pub(crate) fn reveal(mask: u32) -> bool {
    // Two constants, of which neither depends on the mask for the test.
    if mask == 0 { black_box(false) } else { black_box(true) }
}

/// Returns the mask of `number == 0`.
pub(crate) fn is_zero(number: &Number) -> u32 {
    is_zero_word(number.iter().fold(0, |all, word| all | word))
}

/// Returns the mask of `word == 0`.
pub(crate) fn is_zero_word(word: u32) -> u32 {
    ((word | word.wrapping_neg()) >> 31).wrapping_sub(1)
}

/// Reduces a sum below twice the modulus.
pub(crate) fn reduce_once(sum: &Number, carry: u32, modulus: &Number) -> Number {
    let (less, is_below) = subtract(sum, modulus);
    // With a carry, the sum is above the modulus regardless of its words.
    select(is_below & carry.wrapping_sub(1), sum, &less)
}

/// Returns the bit at a place that is not secret.
pub(crate) fn bit(number: &Number, place: usize) -> u32 {
    number.get(place / 32).map_or(0, |word| (word >> (place % 32)) & 1)
}
