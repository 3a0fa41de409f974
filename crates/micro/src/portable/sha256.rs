//! Blocks of SHA-256.
#![forbid(unsafe_code)]

use crate::sha256::BLOCK;
use crate::words::big_endian;
use zeroize::Zeroize;

/// The eight working variables, a to h, in turning roles: what was h is the next a.
macro_rules! round {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $input:expr) => {
        let sum = $e.rotate_right(6) ^ $e.rotate_right(11) ^ $e.rotate_right(25);
        let choice = $g ^ ($e & ($f ^ $g));
        $h = $h.wrapping_add(sum).wrapping_add(choice).wrapping_add($input);
        $d = $d.wrapping_add($h);
        let sum = $a.rotate_right(2) ^ $a.rotate_right(13) ^ $a.rotate_right(22);
        let majority = ($a & $b) | ($c & ($a | $b));
        $h = $h.wrapping_add(sum).wrapping_add(majority);
    };
}

/// FIPS 180-4 section 6.2.2. The schedule is kept for 16 words, each replaced when it was used: `W[t]` takes the place of
/// `W[t - 16]`.
#[inline(never)]
#[allow(clippy::many_single_char_names, reason = "the names of the standard")]
pub(crate) fn compress(state: &mut [u32; 8], block: &[u8; BLOCK], constants: &[[u32; 16]; 4]) {
    let mut schedule: [u32; 16] = big_endian(block);
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (number, constants) in constants.iter().enumerate() {
        if number > 0 {
            extend(&mut schedule);
        }
        let (words, _) = schedule.as_chunks::<8>();
        let (constants, _) = constants.as_chunks::<8>();
        for (words, constants) in words.iter().zip(constants) {
            let [w0, w1, w2, w3, w4, w5, w6, w7] = *words;
            let [k0, k1, k2, k3, k4, k5, k6, k7] = *constants;
            round!(a b c d e f g h, k0.wrapping_add(w0));
            round!(h a b c d e f g, k1.wrapping_add(w1));
            round!(g h a b c d e f, k2.wrapping_add(w2));
            round!(f g h a b c d e, k3.wrapping_add(w3));
            round!(e f g h a b c d, k4.wrapping_add(w4));
            round!(d e f g h a b c, k5.wrapping_add(w5));
            round!(c d e f g h a b, k6.wrapping_add(w6));
            round!(b c d e f g h a, k7.wrapping_add(w7));
        }
    }
    state.iter_mut().zip([a, b, c, d, e, f, g, h]).for_each(|(word, add)| *word = word.wrapping_add(add));
    schedule.zeroize();
}

/// The next 16 words of the schedule.
#[inline]
fn extend(schedule: &mut [u32; 16]) {
    let [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15] = schedule;
    let next = |word: &mut u32, [x1, x9, x14]: [u32; 3]| {
        let small = x1.rotate_right(7) ^ x1.rotate_right(18) ^ (x1 >> 3);
        let large = x14.rotate_right(17) ^ x14.rotate_right(19) ^ (x14 >> 10);
        *word = word.wrapping_add(small).wrapping_add(x9).wrapping_add(large);
    };
    next(w0, [*w1, *w9, *w14]);
    next(w1, [*w2, *w10, *w15]);
    next(w2, [*w3, *w11, *w0]);
    next(w3, [*w4, *w12, *w1]);
    next(w4, [*w5, *w13, *w2]);
    next(w5, [*w6, *w14, *w3]);
    next(w6, [*w7, *w15, *w4]);
    next(w7, [*w8, *w0, *w5]);
    next(w8, [*w9, *w1, *w6]);
    next(w9, [*w10, *w2, *w7]);
    next(w10, [*w11, *w3, *w8]);
    next(w11, [*w12, *w4, *w9]);
    next(w12, [*w13, *w5, *w10]);
    next(w13, [*w14, *w6, *w11]);
    next(w14, [*w15, *w7, *w12]);
    next(w15, [*w0, *w8, *w13]);
}
