//! A block of GHASH.

use core::arch::asm;

use crate::ghash::Product;

/// The product of two elements of two words in `$l0, $w1, $w2, $h1`, from those of the lower words at `$low`, of the upper ones at `$high`, and of
/// their sums at `$middle`. r12 and lr are overwritten.
macro_rules! twice_as_long {
    // The last loaded may be r0, the place of the products.
    ($low:literal $high:literal $middle:literal: $l0:ident $w1:ident $w2:ident $h1:ident) => {
        concat!(
            "ldrd ",
            stringify!($l0),
            ", ",
            stringify!($w1),
            ", [r0, #",
            $low,
            "]\n",
            "ldrd r12, lr, [r0, #",
            $middle,
            "]\n",
            "ldrd ",
            stringify!($w2),
            ", ",
            stringify!($h1),
            ", [r0, #",
            $high,
            "]\n",
            "eor ",
            stringify!($w2),
            ", ",
            stringify!($w1),
            "\n",
            "eor r12, ",
            stringify!($l0),
            "\n",
            "eor ",
            stringify!($w1),
            ", ",
            stringify!($w2),
            ", r12\n",
            "eor lr, ",
            stringify!($h1),
            "\n",
            "eor ",
            stringify!($w2),
            ", lr\n",
        )
    };
}

/// Adds a word of the lower half times `x^7 + x^2 + x + 1` four words above it, and what is shifted out of that one word below.
macro_rules! fold {
    ($word:ident $below:ident $to:ident) => {
        concat!(
            "eor ",
            stringify!($to),
            ", ",
            stringify!($word),
            "\n",
            "eor ",
            stringify!($to),
            ", ",
            stringify!($to),
            ", ",
            stringify!($word),
            ", lsr #1\n",
            "eor ",
            stringify!($to),
            ", ",
            stringify!($to),
            ", ",
            stringify!($word),
            ", lsr #2\n",
            "eor ",
            stringify!($to),
            ", ",
            stringify!($to),
            ", ",
            stringify!($word),
            ", lsr #7\n",
            "eor ",
            stringify!($below),
            ", ",
            stringify!($below),
            ", ",
            stringify!($word),
            ", lsl #31\n",
            "eor ",
            stringify!($below),
            ", ",
            stringify!($below),
            ", ",
            stringify!($word),
            ", lsl #30\n",
            "eor ",
            stringify!($below),
            ", ",
            stringify!($below),
            ", ",
            stringify!($word),
            ", lsl #25\n",
        )
    };
}

/// Adds a block to the sum of GHASH, and multiplies that by the key, as the portable form does: nine products of words, which are put together.
///
/// A sum of products of a word goes into one register pair where it has room: at most 8 bits meet in a place of a product. Of factors with
/// `4 i + k` and `4 j + l` for their bits, the place is `4 (i + j) + k + l`, and `8 - |i + j - 7|` of them meet there. Two products of which `k + l`
/// is less than 4 for one, and not for the other, have their eights at different places, and so at most 15 meet: four bits.
#[inline(never)]
pub(crate) fn ghash(products: &mut [Product; 9], sum: &mut [u32; 4], block: &[u8; 16]) {
    // SAFETY: r0 points to nine times 24 bytes, which are read and written; r1 to 16 bytes, which are read and written; r2 to 16 bytes, which are
    // read. The stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r0, r1, r6, r7}}",
            // A block may lie anywhere: single loads. Its first word is the highest.
            "ldr r6, [r2]; ldr r5, [r2, #4]; ldr r4, [r2, #8]; ldr r3, [r2, #12]",
            "rev r3, r3; rev r4, r4; rev r5, r5; rev r6, r6",
            "ldm r1, {{r8-r11}}",
            "eor r3, r8; eor r4, r9; eor r5, r10; eor r6, r11",
            // The words, and the sums of two and of four.
            "eor r8, r3, r4; eor r9, r5, r6; eor r10, r3, r5; eor r11, r4, r6; eor r12, r8, r9",
            "str r3, [r0]; str r4, [r0, #24]; str r5, [r0, #48]; str r6, [r0, #72]; str r8, [r0, #96]",
            "str r9, [r0, #120]; str r10, [r0, #144]; str r11, [r0, #168]; str r12, [r0, #192]",
            "add r1, r0, #216",
            // The place, and the end.
            "push {{r0, r1}}",
            "2:",
            "ldr lr, [sp]",
            // The factor in r0, the other in fourths in r2 to r5.
            "ldm lr, {{r0-r5}}",
            "and r1, r0, #0x22222222; and r6, r0, #0x44444444; and r7, r0, #0x88888888; and r0, #0x11111111",
            "umull r8, r9, r0, r2; umlal r8, r9, r1, r5",
            "umull r10, r11, r6, r4; eor r8, r10; eor r9, r11",
            "umull r10, r11, r7, r3; eor r8, r10; eor r9, r11",
            "and r12, r8, #0x11111111; and lr, r9, #0x11111111",
            "umull r8, r9, r0, r3; umlal r8, r9, r6, r5",
            "umull r10, r11, r1, r2; umlal r10, r11, r7, r4; eor r8, r10; eor r9, r11",
            "and r8, #0x22222222; and r9, #0x22222222; orr r12, r8; orr lr, r9",
            "umull r8, r9, r0, r4; umlal r8, r9, r7, r5",
            "umull r10, r11, r1, r3; eor r8, r10; eor r9, r11",
            "umull r10, r11, r6, r2; eor r8, r10; eor r9, r11",
            "and r8, #0x44444444; and r9, #0x44444444; orr r12, r8; orr lr, r9",
            "umull r8, r9, r0, r5",
            "umull r10, r11, r1, r4; eor r8, r10; eor r9, r11",
            "umull r10, r11, r6, r3; eor r8, r10; eor r9, r11",
            "umull r10, r11, r7, r2; eor r8, r10; eor r9, r11",
            "and r8, #0x88888888; and r9, #0x88888888; orr r12, r8; orr lr, r9",
            "ldrd r0, r1, [sp]",
            "strd r12, lr, [r0], #24",
            "str r0, [sp]",
            "cmp r0, r1",
            "bne 2b",
            "add sp, #8",
            "ldr r0, [sp]",
            twice_as_long!(0 24 96: r1 r2 r3 r4),
            twice_as_long!(48 72 120: r5 r6 r7 r8),
            twice_as_long!(144 168 192: r9 r10 r11 r0),
            // (a + b)(c + d) = ac + bd + (ad + bc), in the words from 2 to 5, which are r3 to r6.
            "eor r9, r1; eor r10, r2; eor r11, r7; eor r0, r8",
            "eor r3, r5; eor r4, r6",
            "eor r5, r3, r11; eor r6, r4, r0; eor r3, r9; eor r4, r10",
            "adds r1, r1; adcs r2, r2; adcs r3, r3; adcs r4, r4; adcs r5, r5; adcs r6, r6; adcs r7, r7; adc r8, r8",
            fold!(r1 r4 r5),
            fold!(r2 r5 r6),
            fold!(r3 r6 r7),
            fold!(r4 r7 r8),
            "ldr r1, [sp, #4]",
            "stm r1, {{r5, r6, r7, r8}}",
            "add sp, #8",
            "pop {{r6, r7}}",
            inlateout("r0") products.as_mut_ptr() => _, inlateout("r1") sum.as_mut_ptr() => _,
            inlateout("r2") block.as_ptr() => _,
            lateout("r3") _, lateout("r4") _, lateout("r5") _, lateout("r8") _, lateout("r9") _,
            lateout("r10") _, lateout("r11") _, lateout("r12") _, lateout("lr") _,
        );
    }
}
