//! Blocks of Poly1305.

use core::arch::asm;

/// A word of the product of Poly1305, into `$low`, with the carry in `$high`: the sum of four or five products, each below 2^61, and of the carry
/// in `$low` that was before.
macro_rules! word {
    ($low:ident $high:ident: $first:literal $third:literal) => {
        concat!(
            "ldrd r0, r2, [sp, #", $first, "]\n",
            "ldrd r11, r12, [sp, #", $third, "]\n",
            "umlal ", stringify!($low), ", ", stringify!($high), ", r4, r0\n",
            "umlal ", stringify!($low), ", ", stringify!($high), ", r5, r2\n",
            "umlal ", stringify!($low), ", ", stringify!($high), ", r6, r11\n",
            "umlal ", stringify!($low), ", ", stringify!($high), ", r7, r12\n",
        )
    };
    ($low:ident $high:ident: $first:literal $third:literal $fifth:literal) => {
        concat!(
            "mov ", stringify!($high), ", #0\n",
            "ldr lr, [sp, #", $fifth, "]\n",
            word!($low $high: $first $third),
            "umlal ", stringify!($low), ", ", stringify!($high), ", r8, lr\n",
        )
    };
}

/// Adds blocks to the accumulator of Poly1305, each with a bit above it, and multiplies by `r` after each, as the portable form does. `r` is
/// clamped, and the highest word of `h` at most 4, before and after.
///
/// On the stack are `r3, r2, r1, r0, s3, s2, s1`, so that the factors of each word of a product are in a row; `h` is in r4 to r8.
#[inline(never)]
pub(crate) fn poly1305(r: &[u32; 4], h: &mut [u32; 5], blocks: &[[u8; 16]]) {
    let range = blocks.as_ptr_range();
    if range.is_empty() {
        return;
    }
    // SAFETY: r0 points to 16 bytes, which are read, lr to 20 bytes, which are read and written; from r1 to r2 there are one or more blocks of
    // 16 bytes, which are read. The stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "sub sp, #56",
            "str r2, [sp, #44]; str lr, [sp, #48]",
            "ldm r0, {{r3, r9, r10, r11}}",
            "ldm lr, {{r4-r8}}",
            "str r11, [sp]; str r10, [sp, #4]; str r9, [sp, #8]; str r3, [sp, #12]",
            "add r11, r11, r11, lsr #2; add r10, r10, r10, lsr #2; add r9, r9, r9, lsr #2",
            "str r11, [sp, #16]; str r10, [sp, #20]; str r9, [sp, #24]",
            "2:",
            // A block may lie anywhere: single loads.
            "ldr r0, [r1], #4; ldr r2, [r1], #4; ldr r11, [r1], #4; ldr r12, [r1], #4",
            "adds r4, r0; adcs r5, r2; adcs r6, r11; adcs r7, r12; adc r8, #1",
            "mov r9, #0; mov r10, #0",
            word!(r9 r10: 12 20),
            "str r9, [sp, #28]",
            word!(r10 r9: 8 16 24),
            "str r10, [sp, #32]",
            word!(r9 r10: 4 12 20),
            "str r9, [sp, #36]",
            word!(r10 r9: 0 8 16),
            // r12 is r0.
            "mla r8, r8, r12, r9",
            "mov r7, r10",
            "ldrd r4, r5, [sp, #28]",
            "ldr r6, [sp, #36]",
            // Five times the part at 2^130 and above: the portable form explains why that is a word.
            "bic r0, r8, #3",
            "add r0, r0, r8, lsr #2",
            "and r8, #3",
            "adds r4, r0; adcs r5, #0; adcs r6, #0; adcs r7, #0; adc r8, #0",
            "ldr r0, [sp, #44]",
            "cmp r1, r0",
            "bne 2b",
            "ldr r0, [sp, #48]",
            "stm r0, {{r4-r8}}",
            "add sp, #56",
            "pop {{r6, r7}}",
            inlateout("r0") r.as_ptr() => _, inlateout("r1") range.start => _, inlateout("r2") range.end => _,
            inlateout("lr") h.as_mut_ptr() => _,
            lateout("r3") _, lateout("r4") _, lateout("r5") _, lateout("r8") _, lateout("r9") _,
            lateout("r10") _, lateout("r11") _, lateout("r12") _,
        );
    }
}
