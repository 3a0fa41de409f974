//! The steps of inversion.

use core::arch::asm;

use crate::p256::Matrix;

/// Does 30 steps on the lowest bits of `f` and `g`. With `swap` all ones if `delta > 0` and `g` is odd, else 0, and `is_odd` all ones for an odd `g`,
/// `2 swap - is_odd` is the factor of `f` that is added to `g`: -1, 1 or 0. Products of masks are no longer than others on these cores.
#[inline(never)]
#[allow(clippy::many_single_char_names, reason = "the names of the paper")]
pub(crate) fn steps(mut zeta: i32, mut f: i32, mut g: i32) -> (i32, Matrix) {
    let (mut u, mut v, mut q, mut r) = (1, 0, 0, 1);
    // SAFETY: registers alone are changed.
    unsafe {
        asm!(
            "mov {count}, #30",
            "2:",
            "asr {swap}, {zeta}, #31",
            "sbfx {odd}, {g}, #0, #1",
            "and {swap}, {odd}",
            "rsb {odd}, {odd}, {swap}, lsl #1",
            "mla {g}, {f}, {odd}, {g}",
            "mla {q}, {u}, {odd}, {q}",
            "mla {r}, {v}, {odd}, {r}",
            // g - f and f are g after all.
            "mls {f}, {g}, {swap}, {f}",
            "mls {u}, {q}, {swap}, {u}",
            "mls {v}, {r}, {swap}, {v}",
            "lsr {g}, {g}, #1",
            "lsl {u}, {u}, #1",
            "lsl {v}, {v}, #1",
            "eor {zeta}, {swap}",
            "sub {zeta}, #1",
            "subs {count}, #1",
            "bne 2b",
            zeta = inout(reg) zeta, f = inout(reg) f, g = inout(reg) g,
            u = inout(reg) u, v = inout(reg) v, q = inout(reg) q, r = inout(reg) r,
            swap = out(reg) _, odd = out(reg) _, count = out(reg) _,
            options(pure, nomem, nostack),
        );
    }
    let _ = (f, g);
    (zeta, [[u, v], [q, r]])
}
