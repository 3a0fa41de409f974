//! The steps of inversion.
#![forbid(unsafe_code)]

use core::hint::black_box;

use crate::p256::{BITS, Matrix};

/// Does 30 steps on the lowest bits of `f` and `g`.
#[allow(clippy::many_single_char_names, reason = "the names of the paper")]
pub(crate) fn steps(mut zeta: i32, f: i32, g: i32) -> (i32, Matrix) {
    let [mut f, mut g] = [f, g].map(i32::cast_unsigned);
    let (mut u, mut v, mut q, mut r) = (1_u32, 0_u32, 0_u32, 1_u32);
    for _ in 0..BITS {
        // delta > 0, and g odd.
        let swap = black_box((zeta >> 31).cast_unsigned());
        let is_odd = black_box((g & 1).wrapping_neg());
        let signed = |value: u32| (value ^ swap).wrapping_sub(swap);
        g = g.wrapping_add(signed(f) & is_odd);
        q = q.wrapping_add(signed(u) & is_odd);
        r = r.wrapping_add(signed(v) & is_odd);
        let swap = swap & is_odd;
        zeta = (zeta ^ swap.cast_signed()) - 1;
        // g - f and f are g after all.
        f = f.wrapping_add(g & swap);
        u = u.wrapping_add(q & swap);
        v = v.wrapping_add(r & swap);
        g >>= 1;
        u = u.wrapping_shl(1);
        v = v.wrapping_shl(1);
    }
    (zeta, [[u, v], [q, r]].map(|row| row.map(u32::cast_signed)))
}
