//! Two blocks of AES-128, and the steps of its key schedule.
#![forbid(unsafe_code)]

use zeroize::Zeroize;

use crate::aes128::{BLOCK, ROUNDS, State};

/// Encrypts two blocks, of which words take turns, and adds them to data.
pub(crate) fn xor_two_blocks([first, keys @ ..]: &[State; ROUNDS + 1], blocks: &State, data: &mut [u8; 2 * BLOCK]) {
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

fn add(state: &mut State, key: &State) {
    state.iter_mut().zip(key).for_each(|(word, key)| *word ^= key);
}

/// Into slices, or back: bit `j` of each byte of word `i` changes places with bit `i` of that byte of word `j`.
pub(crate) fn transpose(state: &mut State) {
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
fn swap_halves(word: &mut u32) {
    let difference = (*word ^ (*word >> 4)) & 0x0f00_0f00;
    *word ^= difference ^ difference << 4;
}

/// FIPS 197 section 5.1.3: a byte becomes `2 (a + b) + b + c + d`, where `b`, `c` and `d` are those of the rows after it, which wrap. Times 2 is
/// a slice up, and what leaves the highest is added to slices 0, 1, 3 and 4.
///
/// If the rows are `rotated`, each by one column more than that before, the byte of the next row is one column on, and so forth.
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
#[allow(clippy::similar_names, clippy::too_many_lines, reason = "the names of the paper, and one circuit")]
pub(crate) fn substitute(state: &mut State) {
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
