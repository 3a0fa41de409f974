//! A block of GHASH.
#![forbid(unsafe_code)]

use crate::ghash::{BLOCK, Element, FOURTHS, PARTS, Product, element, fourths, parts};
use crate::words::{high, low};

/// Adds a block to the sum, and multiplies that by the key.
///
/// In this order, the product of two numbers has `x^k` at bit 254 - k. Shifted by one, its upper half has the coefficients up to `x^127`, in the
/// right places, and its lower half those from `x^128` on. As `x^128 = x^7 + x^2 + x + 1`, each word of the lower half is added times that four
/// words above, where times x is a shift to the right; what that shifts out is at the word below. From the lowest word on, so that
/// what comes to the lower half this way is in its highest word, the last.
pub(crate) fn ghash(parts_of_key: &mut [Product; PARTS], sum: &mut Element, block: &[u8; BLOCK]) {
    sum.iter_mut().zip(element(block)).for_each(|(to, from)| *to ^= from);
    for (product, part) in parts_of_key.iter_mut().zip(parts(*sum)) {
        multiply(product, part);
    }
    let [p0, p1, p2, p3, p01, p23, p02, p13, p0123] = &*parts_of_key;
    let [l0, l1, l2, l3] = twice_as_long(p0, p1, p01);
    let [h0, h1, h2, h3] = twice_as_long(p2, p3, p23);
    let [m0, m1, m2, m3] = twice_as_long(p02, p13, p0123);
    // (a + b)(c + d) = ac + bd + (ad + bc), in the words from 2 to 5.
    let mut words = [l0, l1, l2 ^ m0 ^ l0 ^ h0, l3 ^ m1 ^ l1 ^ h1, h0 ^ m2 ^ l2 ^ h2, h1 ^ m3 ^ l3 ^ h3, h2, h3];
    let mut below = 0;
    for word in &mut words {
        (*word, below) = (*word << 1 | below, *word >> 31);
    }
    let [z0, z1, z2, z3, z4, z5, z6, z7] = words;
    let (z3, z4) = (z3 ^ out_of(z0), z4 ^ times_7_2_1_0(z0) ^ out_of(z1));
    let (z5, z6) = (z5 ^ times_7_2_1_0(z1) ^ out_of(z2), z6 ^ times_7_2_1_0(z2) ^ out_of(z3));
    *sum = [z4, z5, z6, z7 ^ times_7_2_1_0(z3)];
}

/// A word times `x^7 + x^2 + x + 1`, as far as it stays in the word.
const fn times_7_2_1_0(word: u32) -> u32 {
    word ^ word >> 1 ^ word >> 2 ^ word >> 7
}

/// The part of that in the word below.
const fn out_of(word: u32) -> u32 {
    word << 31 ^ word << 30 ^ word << 25
}

/// The product of two elements of two words, from those of the lower words, of the upper ones, and of their sums.
const fn twice_as_long([l0, l1, ..]: &Product, [h0, h1, ..]: &Product, [m0, m1, ..]: &Product) -> Element {
    [*l0, *l1 ^ *m0 ^ *l0 ^ *h0, *h0 ^ *m1 ^ *l1 ^ *h1, *h1]
}

/// Multiplies by a word. Each number is in four with each fourth bit: a product of two has a bit of a wanted place in each fourth place.
fn multiply([to_low, to_high, b0, b1, b2, b3]: &mut Product, factor: u32) {
    let [a0, a1, a2, a3] = fourths(factor);
    let product = |a: u32, b: &u32| u64::from(a) * u64::from(*b);
    let mask = u64::from(FOURTHS) << 32 | u64::from(FOURTHS);
    let bits_0 = product(a0, b0) ^ product(a1, b3) ^ product(a2, b2) ^ product(a3, b1);
    let bits_1 = product(a0, b1) ^ product(a1, b0) ^ product(a2, b3) ^ product(a3, b2);
    let bits_2 = product(a0, b2) ^ product(a1, b1) ^ product(a2, b0) ^ product(a3, b3);
    let bits_3 = product(a0, b3) ^ product(a1, b2) ^ product(a2, b1) ^ product(a3, b0);
    let wide = bits_0 & mask | bits_1 & (mask << 1) | bits_2 & (mask << 2) | bits_3 & (mask << 3);
    (*to_low, *to_high) = (low(wide), high(wide));
}
