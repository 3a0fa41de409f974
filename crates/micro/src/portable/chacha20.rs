//! A block of ChaCha20.
#![forbid(unsafe_code)]

use zeroize::Zeroize;

use crate::chacha20::BLOCK;

/// Adds a block of the key stream to data: ten double rounds, and the state added to the result.
pub(crate) fn xor_block(state: &[[u32; 4]; 4], data: &mut [u8; BLOCK]) {
    let mut rows = *state;
    for _ in 0..10 {
        quarter_rounds(&mut rows);
        // The diagonals become columns, and then columns again.
        let [a, [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]] = rows;
        rows = [a, [b1, b2, b3, b0], [c2, c3, c0, c1], [d3, d0, d1, d2]];
        quarter_rounds(&mut rows);
        let [a, [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]] = rows;
        rows = [a, [b3, b0, b1, b2], [c2, c3, c0, c1], [d1, d2, d3, d0]];
    }
    let (words, _) = data.as_chunks_mut();
    for ((word, row), start) in words.iter_mut().zip(rows.as_flattened()).zip(state.as_flattened()) {
        *word = (u32::from_le_bytes(*word) ^ row.wrapping_add(*start)).to_le_bytes();
    }
    rows.zeroize();
}

/// Does a quarter round in each column (RFC 8439 section 2.1).
#[inline]
fn quarter_rounds([a, b, c, d]: &mut [[u32; 4]; 4]) {
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        *a = a.wrapping_add(*b);
        *d = (*d ^ *a).rotate_left(16);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_left(12);
        *a = a.wrapping_add(*b);
        *d = (*d ^ *a).rotate_left(8);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_left(7);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8439 section 2.1.1, in the first column; the others hold zeros.
    #[test]
    fn a_quarter_round_is_that_of_the_rfc() {
        let mut rows = [0x1111_1111, 0x0102_0304, 0x9b8d_6f43, 0x0123_4567].map(|word| [word, 0, 0, 0]);
        quarter_rounds(&mut rows);
        assert_eq!(rows, [0xea2a_92f4, 0xcb1c_f8ce, 0x4581_472e, 0x5881_c4bb].map(|word| [word, 0, 0, 0]));
    }
}
