//! Blocks of Poly1305.
#![forbid(unsafe_code)]

use crate::poly1305::BLOCK;
use crate::words::{high, little_endian, low};

/// Adds blocks to `h`, each with a bit above it, and multiplies by `r` after each.
pub(crate) fn poly1305(r: &[u32; 4], h: &mut [u32; 5], blocks: &[[u8; BLOCK]]) {
    for block in blocks {
        add(h, block);
        multiply(h, r);
    }
}

/// Adds a block and 2^128, so that the highest word is at most 6.
fn add([h @ .., h4]: &mut [u32; 5], block: &[u8; BLOCK]) {
    let mut carry = 0;
    for (h, word) in h.iter_mut().zip(little_endian::<4, BLOCK>(block)) {
        let sum = u64::from(*h) + u64::from(word) + u64::from(carry);
        (*h, carry) = (low(sum), high(sum));
    }
    *h4 += carry + 1;
}

/// Multiplies by `r` modulo p.
fn multiply(h: &mut [u32; 5], r: &[u32; 4]) {
    let [r0, r1, r2, r3] = r.map(u64::from);
    let [s1, s2, s3] = [r1, r2, r3].map(|r| r + r / 4);
    let [h0, h1, h2, h3, h4] = h.map(u64::from);
    // A word of h is below 2^32, h4 at most 6; r below 2^28 and s below 2^29. So each sum is below 2^60 + 3 * 2^61 + 6 * 2^29 < 2^63, and has
    // room for the carry of the one before it.
    let d0 = h0 * r0 + h1 * s3 + h2 * s2 + h3 * s1;
    let d1 = h0 * r1 + h1 * r0 + h2 * s3 + h3 * s2 + h4 * s1;
    let d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s3 + h4 * s2;
    let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s3;
    let d4 = h4 * r0;
    let d1 = d1 + (d0 >> 32);
    let d2 = d2 + (d1 >> 32);
    let d3 = d3 + (d2 >> 32);
    let d4 = d4 + (d3 >> 32);
    // d3 has four products with r below 2^60 each, so that d4 is below 6 * 2^28 + 2^30 + 2 < 11 * 2^28. What is at 2^130 and above,
    // d4 / 4 * 2^130, is 5 * (d4 / 4) modulo p, below 14 * 2^28: a word. If the words it is added to overflow, which makes h4 4, the
    // others are 0 after it.
    let d4 = low(d4);
    let mut carry = (d4 & !3) + (d4 >> 2);
    let mut words = [d0, d1, d2, d3].map(low);
    for word in &mut words {
        let sum = u64::from(*word) + u64::from(carry);
        (*word, carry) = (low(sum), high(sum));
    }
    let [h0, h1, h2, h3] = words;
    *h = [h0, h1, h2, h3, (d4 & 3) + carry];
}
