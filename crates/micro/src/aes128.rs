//! AES-128 (FIPS 197), two blocks at a time in bit slices: no table, and so no index that depends on a secret.
//!
//! Word `i` of a [`State`] has bit `i` of all 32 bytes of two blocks. In it, a byte of 8 bits is a row of the AES state, the lowest first, and in that
//! two bits are a column: of the first and of the second block.
//!
//! To shift rows is slow in slices, and is done each second round, by two columns at once (A. Adomnicai, T. Peyrin, "Fixslicing AES-like
//! Ciphers", 2021): in between, row `r` is kept rotated by `r` columns to the right, which `MixColumns` and the round key have to know.
#![forbid(unsafe_code)]

use zeroize::{Zeroize, ZeroizeOnDrop};

#[cfg(assembly)]
use crate::assembly::aes128::{substitute, transpose, xor_two_blocks};
use crate::words::little_endian;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 16;
/// Rounds, with a key before the first and after each.
const ROUNDS: usize = 10;

/// Two blocks in slices.
pub(crate) type State = [u32; 8];

/// The round keys in slices, for both blocks. 352 bytes, wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Aes128([State; ROUNDS + 1]);

impl Aes128 {
    /// Expands a key (FIPS 197 section 5.2).
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        let mut words: [u32; 4] = little_endian(key);
        let mut keys = [[0; 8]; ROUNDS + 1];
        let mut constant: u32 = 1;
        for (round_key, round) in keys.iter_mut().zip(0..) {
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
        Self(keys)
    }

    /// Encrypts two blocks, as words of little-endian bytes that take turns, and adds them to data.
    pub(crate) fn xor(&self, blocks: &State, data: &mut [u8; 2 * BLOCK]) {
        xor_two_blocks(&self.0, blocks, data);
    }
}

#[cfg(not(assembly))]
fn xor_two_blocks([first, keys @ ..]: &[State; ROUNDS + 1], blocks: &State, data: &mut [u8; 2 * BLOCK]) {
    let mut state = *blocks;
    transpose(&mut state);
    add(&mut state, first);
    let (pairs, _) = keys.as_chunks();
    for (round, [odd, even]) in (1..).zip(pairs) {
        substitute(&mut state);
        mix_columns(&mut state, true);
        add(&mut state, odd);
        substitute(&mut state);
        state.iter_mut().for_each(swap_halves);
        if 2 * round < ROUNDS {
            mix_columns(&mut state, false);
        }
        add(&mut state, even);
    }
    transpose(&mut state);
    let [a0, b0, a1, b1, a2, b2, a3, b3] = state;
    let (words, _) = data.as_chunks_mut();
    for (word, key) in words.iter_mut().zip([a0, a1, a2, a3, b0, b1, b2, b3]) {
        *word = (u32::from_le_bytes(*word) ^ key).to_le_bytes();
    }
    state.zeroize();
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

#[cfg(not(assembly))]
fn add(state: &mut State, key: &State) {
    state.iter_mut().zip(key).for_each(|(word, key)| *word ^= key);
}

/// Into slices, or back: bit `j` of each byte of word `i` changes places with bit `i` of that byte of word `j`.
#[cfg(not(assembly))]
fn transpose(state: &mut State) {
    let swap = |a: &mut u32, b: &mut u32, mask: u32, by: u32| {
        let difference = ((*a >> by) ^ *b) & mask;
        *b ^= difference;
        *a ^= difference << by;
    };
    let [q0, q1, q2, q3, q4, q5, q6, q7] = state;
    for (a, b) in [(&mut *q0, &mut *q1), (q2, q3), (q4, q5), (q6, q7)] {
        swap(a, b, 0x5555_5555, 1);
    }
    let [q0, q1, q2, q3, q4, q5, q6, q7] = state;
    for (a, b) in [(&mut *q0, &mut *q2), (q1, q3), (q4, q6), (q5, q7)] {
        swap(a, b, 0x3333_3333, 2);
    }
    let [q0, q1, q2, q3, q4, q5, q6, q7] = state;
    for (a, b) in [(&mut *q0, &mut *q4), (q1, q5), (q2, q6), (q3, q7)] {
        swap(a, b, 0x0f0f_0f0f, 4);
    }
}

/// Rotates rows 1 and 3 by two columns of two bits: twice `ShiftRows` (FIPS 197 section 5.1.2), for which rows 0 and 2 stay.
#[cfg(not(assembly))]
fn swap_halves(word: &mut u32) {
    let difference = (*word ^ (*word >> 4)) & 0x0f00_0f00;
    *word ^= difference ^ difference << 4;
}

/// FIPS 197 section 5.1.3: a byte becomes `2 (a + b) + b + c + d`, where `b`, `c` and `d` are those of the rows after it, which wrap. Times 2 is
/// a slice up, and what leaves the highest is added to slices 0, 1, 3 and 4.
///
/// If the rows are `rotated`, each by one column more than that before, the byte of the next row is one column on, and so forth.
#[cfg(not(assembly))]
fn mix_columns(state: &mut State, rotated: bool) {
    let next_column = |word: u32| (word >> 2) & 0x3f3f_3f3f | (word << 6) & 0xc0c0_c0c0;
    let column = |word: u32| if rotated { next_column(word) } else { word };
    let next = state.map(|word| column(word.rotate_right(8)));
    let mut sums = [0; 8];
    sums.iter_mut().zip(state.iter().zip(&next)).for_each(|(sum, (a, b))| *sum = a ^ b);
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    let doubled = [s7, s0 ^ s7, s1, s2 ^ s7, s3 ^ s7, s4, s5, s6];
    for (((word, doubled), b), sum) in state.iter_mut().zip(doubled).zip(next).zip(sums) {
        *word = doubled ^ b ^ column(column(sum.rotate_right(16)));
    }
}

/// The S-box on all bytes: a circuit of 115 gates (J. Boyar, R. Peralta, "A depth-16 circuit for the AES S-box", 2011), in which the inverse
/// in the field of 256 elements is one in its subfields. Without the four complements at its end: slices 0, 1, 5
/// and 6 are those of the S-box complemented.
#[cfg(not(assembly))]
#[allow(clippy::similar_names, clippy::too_many_lines, reason = "the names of the paper, and one circuit")]
fn substitute(state: &mut State) {
    let [x7, x6, x5, x4, x3, x2, x1, x0] = *state;
    // The upper linear part.
    let y14 = x3 ^ x5;
    let y13 = x0 ^ x6;
    let y9 = x0 ^ x3;
    let y8 = x0 ^ x5;
    let t0 = x1 ^ x2;
    let y1 = t0 ^ x7;
    let y4 = y1 ^ x3;
    let y12 = y13 ^ y14;
    let y2 = y1 ^ x0;
    let y5 = y1 ^ x6;
    let y3 = y5 ^ y8;
    let t1 = x4 ^ y12;
    let y15 = t1 ^ x5;
    let y20 = t1 ^ x1;
    let y6 = y15 ^ x7;
    let y10 = y15 ^ t0;
    let y11 = y20 ^ y9;
    let y7 = x7 ^ y11;
    let y17 = y10 ^ y11;
    let y19 = y10 ^ y8;
    let y16 = t0 ^ y11;
    let y21 = y13 ^ y16;
    let y18 = x0 ^ y16;
    // The inverse.
    let t2 = y12 & y15;
    let t4 = (y3 & y6) ^ t2;
    let t6 = (y4 & x7) ^ t2;
    let t7 = y13 & y16;
    let t9 = (y5 & y1) ^ t7;
    let t11 = (y2 & y7) ^ t7;
    let t12 = y9 & y11;
    let t14 = (y14 & y17) ^ t12;
    let t16 = (y8 & y10) ^ t12;
    let t21 = t4 ^ t14 ^ y20;
    let t22 = t6 ^ t16 ^ y19;
    let t23 = t9 ^ t14 ^ y21;
    let t24 = t11 ^ t16 ^ y18;
    let t25 = t21 ^ t22;
    let t26 = t21 & t23;
    let t27 = t24 ^ t26;
    let t29 = (t25 & t27) ^ t22;
    let t33 = ((t22 ^ t26) & (t23 ^ t24)) ^ t24;
    let t36 = t24 & (t27 ^ t33);
    let t37 = t36 ^ t23 ^ t33;
    let t40 = t25 ^ (t29 & (t27 ^ t36));
    let t41 = t40 ^ t37;
    let t42 = t29 ^ t33;
    let t43 = t29 ^ t40;
    let t44 = t33 ^ t37;
    let t45 = t42 ^ t41;
    let z0 = t44 & y15;
    let z1 = t37 & y6;
    let z2 = t33 & x7;
    let z3 = t43 & y16;
    let z4 = t40 & y1;
    let z5 = t29 & y7;
    let z6 = t42 & y11;
    let z7 = t45 & y17;
    let z8 = t41 & y10;
    let z9 = t44 & y12;
    let z10 = t37 & y3;
    let z11 = t33 & y4;
    let z12 = t43 & y13;
    let z13 = t40 & y5;
    let z14 = t29 & y2;
    let z15 = t42 & y9;
    let z16 = t45 & y14;
    let z17 = t41 & y8;
    // The lower linear part.
    let t46 = z15 ^ z16;
    let t48 = z5 ^ z13;
    let t53 = z0 ^ z3;
    let t57 = z2 ^ z12 ^ t53;
    let t58 = z4 ^ t46;
    let t59 = z3 ^ z6 ^ z7;
    let t62 = z7 ^ z8 ^ t58;
    let t63 = z9 ^ z10 ^ t58;
    let t64 = z4 ^ t59;
    let t65 = z14 ^ t57 ^ t62;
    let t66 = z1 ^ t63;
    let s3 = t53 ^ t66;
    *state = [
        t48 ^ t46 ^ t57,
        z12 ^ t48 ^ t62,
        z10 ^ z11 ^ t65,
        z2 ^ z5 ^ t66,
        s3,
        z16 ^ z17 ^ t64 ^ t65,
        t64 ^ s3,
        t59 ^ t63,
    ];
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
            let cipher = Aes128::new(&bytes(key));
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
