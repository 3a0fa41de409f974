//! ChaCha20 (RFC 8439 section 2.3 and 2.4).
//!
//! Only additions, rotations and exclusive or: nothing but the values depends on a secret.
#![forbid(unsafe_code)]

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::words::little_endian;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;
/// "expand 32-byte k", the first row of each state.
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// A key with a nonce, and the number of the next block.
#[derive(ZeroizeOnDrop)]
pub(crate) struct ChaCha20([[u32; 4]; 4]);

impl ChaCha20 {
    /// Starts with block 0.
    pub(crate) fn new(key: &[u8; 32], nonce: &[u8; 12]) -> Self {
        let [k0, k1, k2, k3, k4, k5, k6, k7] = little_endian(key);
        let [n0, n1, n2] = little_endian(nonce);
        Self([CONSTANTS, [k0, k1, k2, k3], [k4, k5, k6, k7], [0, n0, n1, n2]])
    }

    /// Encrypts or decrypts from the next block on. If the last block is not full, the rest of it is lost.
    pub(crate) fn apply(&mut self, data: &mut [u8]) {
        let (blocks, rest) = data.as_chunks_mut();
        for block in blocks {
            self.xor_next(block);
        }
        if !rest.is_empty() {
            let mut key_stream = [0; BLOCK];
            self.xor_next(&mut key_stream);
            rest.iter_mut().zip(&key_stream).for_each(|(byte, key)| *byte ^= key);
            key_stream.zeroize();
        }
    }

    /// Adds the next block of the key stream.
    fn xor_next(&mut self, block: &mut [u8; BLOCK]) {
        xor_block(&self.0, block);
        let [_, _, _, [counter, ..]] = &mut self.0;
        *counter = counter.wrapping_add(1);
    }
}

#[cfg(assembly)]
use crate::assembly::chacha20::xor_block;

/// Adds a block of the key stream to data: ten double rounds, and the state added to the result.
#[cfg(not(assembly))]
fn xor_block(state: &[[u32; 4]; 4], data: &mut [u8; BLOCK]) {
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
#[cfg(not(assembly))]
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
    use crate::hex::{bytes, hex};

    /// RFC 8439 section 2.1.1, in the first column; the others hold zeros.
    #[test]
    fn a_quarter_round_is_that_of_the_rfc() {
        let mut rows = [0x1111_1111, 0x0102_0304, 0x9b8d_6f43, 0x0123_4567].map(|word| [word, 0, 0, 0]);
        quarter_rounds(&mut rows);
        assert_eq!(rows, [0xea2a_92f4, 0xcb1c_f8ce, 0x4581_472e, 0x5881_c4bb].map(|word| [word, 0, 0, 0]));
    }

    /// RFC 8439 section 2.3.2.
    #[test]
    fn a_block_is_that_of_the_rfc() {
        let key: [u8; 32] = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let mut cipher = ChaCha20::new(&key, &bytes("000000090000004a00000000"));
        let mut blocks = [0; 2 * BLOCK];
        cipher.apply(&mut blocks);
        let expected = "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e\
                        d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e";
        assert_eq!(blocks[BLOCK..], hex(expected));
    }

    /// RFC 8439 appendix A.2, test vector 3, cut at each place.
    #[test]
    fn a_text_of_any_length_is_encrypted() {
        let text = "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\nAll mimsy were the \
                    borogoves,\nAnd the mome raths outgrabe.";
        let expected = hex("62e6347f95ed87a45ffae7426f27a1df5fb69110044c0d73118effa95b01e5cf\
                            166d3df2d721caf9b21e5fb14c616871fd84c54f9d65b283196c7fe4f60553eb\
                            f39c6402c42234e32a356b3e764312a61a5532055716ead6962568f87d3f3f77\
                            04c6a8d1bcd1bf4d50d6154b6da731b187b58dfd728afa36757a797ac188d1");
        let key = bytes("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
        for len in 0..=text.len() {
            let mut cipher = ChaCha20::new(&key, &bytes("000000000000000000000002"));
            // The vector begins with block 42.
            cipher.apply(&mut [0; 42 * BLOCK]);
            let mut data = text.as_bytes()[..len].to_vec();
            cipher.apply(&mut data);
            assert_eq!(data, expected[..len], "{len}");
        }
    }
}
