//! AES-128 (FIPS 197), two blocks at a time in bit slices: no table, and so no index that depends on a secret.
//!
//! Word `i` of a [`State`] has bit `i` of all 32 bytes of two blocks. In it, a byte of 8 bits is a row of the AES state, the lowest first, and in that
//! two bits are a column: of the first and of the second block.
//!
//! To shift rows is slow in slices, and is done each second round, by two columns at once (A. Adomnicai, T. Peyrin, "Fixslicing AES-like
//! Ciphers", 2021): in between, row `r` is kept rotated by `r` columns to the right, which `MixColumns` and the round key have to know.
#![forbid(unsafe_code)]

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::selected::aes128::{substitute, transpose, xor_two_blocks};
use crate::words::little_endian;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 16;
/// Rounds, with a key before the first and after each.
pub(crate) const ROUNDS: usize = 10;

/// Two blocks in slices.
pub(crate) type State = [u32; 8];

/// The round keys in slices, for both blocks. 352 bytes, wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Aes128([State; ROUNDS + 1]);

impl Aes128 {
    /// The place for the round keys of a key, which are too long to be moved.
    pub(crate) const UNSET: Self = Self([[0; 8]; ROUNDS + 1]);

    /// Expands a key (FIPS 197 section 5.2).
    pub(crate) fn set(&mut self, key: &[u8; 16]) {
        let mut words: [u32; 4] = little_endian(key);
        let mut constant: u32 = 1;
        for (round_key, round) in self.0.iter_mut().zip(0..) {
            let [w0, w1, w2, w3] = words;
            *round_key = twice(&if round % 2 == 1 { rotated(&words) } else { words });
            transpose(round_key);
            // The S-box before this key complements these slices, which is left to the key: MixColumns does not change a byte that is everywhere.
            if round > 0 {
                let [k0, k1, _, _, _, k5, k6, _] = round_key;
                for slice in [k0, k1, k5, k6] {
                    *slice = !*slice;
                }
            }
            let w0 = w0 ^ substitute_word(w3.rotate_right(8)) ^ constant;
            words = [w0, w0 ^ w1, w0 ^ w1 ^ w2, w0 ^ w1 ^ w2 ^ w3];
            // Times x modulo x^8 + x^4 + x^3 + x + 1. Not secret.
            constant = (constant << 1) ^ if constant > 0x7f { 0x11b } else { 0 };
        }
        words.zeroize();
    }

    /// Encrypts two blocks, as words of little-endian bytes that take turns, and adds them to data.
    pub(crate) fn xor(&self, blocks: &State, data: &mut [u8; 2 * BLOCK]) {
        xor_two_blocks(&self.0, blocks, data);
    }
}

/// Two blocks that are the same.
pub(crate) const fn twice([w0, w1, w2, w3]: &[u32; 4]) -> State {
    [*w0, *w0, *w1, *w1, *w2, *w2, *w3, *w3]
}

/// Rotates row `r`, which is byte `r` of the columns, by `r` columns to the right.
fn rotated(&[w0, w1, w2, w3]: &[u32; 4]) -> [u32; 4] {
    let column = |row_0: u32, row_1: u32, row_2: u32, row_3: u32| {
        row_0 & 0xff | row_1 & 0xff00 | row_2 & 0x00ff_0000 | row_3 & 0xff00_0000
    };
    [column(w0, w3, w2, w1), column(w1, w0, w3, w2), column(w2, w1, w0, w3), column(w3, w2, w1, w0)]
}

/// The S-box on the bytes of a word. It is the circuit with the complements.
fn substitute_word(word: u32) -> u32 {
    let mut state = [word, 0, 0, 0, 0, 0, 0, 0];
    transpose(&mut state);
    substitute(&mut state);
    transpose(&mut state);
    state[0] ^ 0x6363_6363
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::bytes;

    /// The S-box as FIPS 197 section 5.1.1 defines it: the inverse, found by trying, then the affine part.
    fn s_box(byte: u8) -> u8 {
        let times = |a: u8, b: u8| {
            (0..8).rev().fold(0_u8, |product, place| {
                let product = (product << 1) ^ if product >= 0x80 { 0x1b } else { 0 };
                product ^ if b >> place & 1 == 1 { a } else { 0 }
            })
        };
        let inverse = (0..=255).find(|other| times(byte, *other) == 1).unwrap_or(0);
        inverse
            ^ inverse.rotate_left(1)
            ^ inverse.rotate_left(2)
            ^ inverse.rotate_left(3)
            ^ inverse.rotate_left(4)
            ^ 0x63
    }

    #[test]
    fn the_circuit_is_the_s_box() {
        for byte in 0..=255 {
            assert_eq!(substitute_word(u32::from_le_bytes([byte, 0, byte, 1])), {
                u32::from_le_bytes([s_box(byte), s_box(0), s_box(byte), s_box(1)])
            });
        }
    }

    /// FIPS 197 appendix B and appendix C.1: in either place, beside another block.
    #[test]
    fn blocks_are_those_of_the_standard() {
        let vectors = [
            (
                "2b7e151628aed2a6abf7158809cf4f3c",
                "3243f6a8885a308d313198a2e0370734",
                "3925841d02dc09fbdc118597196a0b32",
            ),
            (
                "000102030405060708090a0b0c0d0e0f",
                "00112233445566778899aabbccddeeff",
                "69c4e0d86a7b0430d8cdb78070b4c55a",
            ),
        ];
        for (key, block, expected) in vectors {
            let mut cipher = Aes128::UNSET;
            cipher.set(&bytes(key));
            let [block, expected] = [block, expected].map(bytes::<BLOCK>);
            let encrypt = |blocks: [[u8; BLOCK]; 2]| {
                let [[a0, a1, a2, a3], [b0, b1, b2, b3]] = blocks.map(|block| little_endian(&block));
                let mut data = [0; 2 * BLOCK];
                cipher.xor(&[a0, b0, a1, b1, a2, b2, a3, b3], &mut data);
                let (blocks, _) = data.as_chunks();
                [blocks[0], blocks[1]]
            };
            let [first, other] = encrypt([block, [0x35; BLOCK]]);
            assert_eq!(first, expected);
            assert_eq!(encrypt([[0x35; BLOCK], block]), [other, expected]);
            assert_eq!(encrypt([block; 2]), [expected; 2]);
        }
    }
}
