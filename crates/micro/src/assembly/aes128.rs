//! Two blocks of AES-128, and the steps of its key schedule.

use core::arch::asm;

/// The S-box of AES on slices in r4 to r11: the gates of the portable form without its complements, which are in the round keys.
///
/// Order and registers were found by a search for the fewest loads and stores: 23, for 115 gates with 14 registers. The first 44 bytes of
/// the stack are for what has no register.
macro_rules! substitute {
    () => {
        concat!(
            "eor r2, r10, r9; eor lr, r11, r6; eor r3, r8, r6; eor r1, r11, r5; eor r0, r11, r8\n",
            "eor r12, r1, r3; eor r9, r7, r12; eor r10, r9, r10; eor r6, r9, r6; eor r9, r2, r4\n",
            "eor r7, r9, r11; eor r8, r9, r8; str r3, [sp, #0]; eor r3, r6, r4; eor r5, r9, r5\n",
            "str r8, [sp, #4]; and r8, r8, r4; str r9, [sp, #8]; and r9, r5, r9; str r5, [sp, #12]\n",
            "eor r5, r5, lr; str r12, [sp, #16]; and r12, r12, r6; str r3, [sp, #20]; and r3, r5, r3\n",
            "str r5, [sp, #24]; eor r5, r10, r0; str r4, [sp, #28]; eor r4, r4, r5; str r4, [sp, #32]\n",
            "and r4, r7, r4; eor r8, r8, r12; str r7, [sp, #36]; eor r7, r2, r5; eor r12, r3, r12\n",
            "and r3, r1, r7; eor r4, r4, r3; eor r9, r9, r3; and r3, r0, r5; eor r2, r6, r2\n",
            "str r6, [sp, #40]; and r6, lr, r2; eor r6, r6, r3; eor r4, r4, r6; eor r11, r11, r7\n",
            "eor r8, r8, r6; eor r6, r4, r11; eor r4, r2, r5; ldr r11, [sp, #0]; and r11, r11, r4\n",
            "eor r3, r11, r3; eor r11, r2, lr; eor r11, r8, r11; eor r12, r12, r3; eor r8, r9, r3\n",
            "eor r12, r12, r10; eor r10, r1, r7; eor r3, r8, r10; eor r8, r3, r6; and r10, r12, r3\n",
            "eor r9, r12, r11; eor r12, r11, r10; and r8, r12, r8; eor r12, r8, r6; eor r8, r6, r10\n",
            "eor r10, r8, r12; and r6, r6, r10; eor r10, r8, r6; and r8, r9, r8; eor r8, r8, r11\n",
            "eor r3, r6, r3; and r11, r8, r10; eor r6, r9, r11; eor r11, r8, r6; eor r9, r3, r12\n",
            "and r10, r11, r7; eor r3, r8, r12; and r1, r11, r1; eor r7, r6, r9; eor r11, r3, r7\n",
            "and r4, r11, r4; and r2, r7, r2; and lr, r7, lr; and r7, r3, r0; ldr r0, [sp, #0]\n",
            "and r0, r11, r0; eor r11, r12, r9; and r5, r3, r5; ldr r3, [sp, #40]; and r3, r11, r3\n",
            "eor r3, r3, r10; eor r10, r10, r5; eor r5, r4, r2; eor r2, r7, r0; ldr r7, [sp, #4]\n",
            "and r7, r12, r7; eor r10, r10, r4; ldr r4, [sp, #28]; and r12, r12, r4; ldr r4, [sp, #24]\n",
            "and r4, r9, r4; eor r0, r0, lr; eor lr, r4, r7; ldr r7, [sp, #16]; and r11, r11, r7\n",
            "ldr r7, [sp, #20]; and r7, r9, r7; eor r9, r11, r4; ldr r4, [sp, #8]; and r4, r6, r4\n",
            "eor r11, r4, r2; eor r9, r9, r11; eor r5, r5, r11; eor r11, r10, r9; eor r4, r4, r10\n",
            "eor r10, r12, r1; eor r7, r7, r9; ldr r9, [sp, #36]; and r9, r8, r9; eor r10, r10, r3\n",
            "eor r9, r9, r10; eor r2, r2, r10; ldr r10, [sp, #12]; and r6, r6, r10; ldr r10, [sp, #32]\n",
            "and r10, r8, r10; eor r8, r3, r7; eor r12, r12, r10; eor r6, r10, r6; eor r1, r1, r6\n",
            "eor r3, r9, r5; eor r10, r4, r8; eor r9, r4, r3; eor r9, r0, r9; eor r7, r12, r7\n",
            "eor r4, r6, r2; eor r5, r1, r5; eor r6, lr, r3\n",
        )
    };
}

/// `MixColumns`, as in the portable form: for rows where row `r` is kept rotated by `r` columns, and for rows in their places. From the highest
/// slice down: of a slice `x` the sum `s` with the row below is made, then the result of the slice above, which has that as its double. A rotation
/// is a part of the operation that has its result as the last operand; of a rotation in each byte, there are two parts, under masks.
macro_rules! mix_columns {
    (rotated) => {
        concat!(
            "and r0, r11, #0x03030303; bic r1, r11, #0x03030303; orr r1, r1, r0, ror #24; eor r0, r11, r1, ror #10\n",
            "and r2, r10, #0x03030303; bic r3, r10, #0x03030303; orr r3, r3, r2, ror #24; eor r2, r10, r3, ror #10\n",
            "eor r11, r2, r1, ror #10; and r1, r0, #0xf0f0f0f0\n",
            "eor r11, r11, r1, ror #20; and r1, r0, #0x0f0f0f0f; eor r11, r11, r1, ror #12\n",
            "and r12, r9, #0x03030303; bic lr, r9, #0x03030303; orr lr, lr, r12, ror #24; eor r12, r9, lr, ror #10\n",
            "eor r10, r12, r3, ror #10; and r3, r2, #0xf0f0f0f0\n",
            "eor r10, r10, r3, ror #20; and r3, r2, #0x0f0f0f0f; eor r10, r10, r3, ror #12\n",
            "and r1, r8, #0x03030303; bic r3, r8, #0x03030303; orr r3, r3, r1, ror #24; eor r1, r8, r3, ror #10\n",
            "eor r9, r1, lr, ror #10; and lr, r12, #0xf0f0f0f0\n",
            "eor r9, r9, lr, ror #20; and lr, r12, #0x0f0f0f0f; eor r9, r9, lr, ror #12\n",
            "and r2, r7, #0x03030303; bic lr, r7, #0x03030303; orr lr, lr, r2, ror #24; eor r2, r7, lr, ror #10\n",
            "eor r8, r2, r3, ror #10; eor r8, r0; and r3, r1, #0xf0f0f0f0\n",
            "eor r8, r8, r3, ror #20; and r3, r1, #0x0f0f0f0f; eor r8, r8, r3, ror #12\n",
            "and r12, r6, #0x03030303; bic r3, r6, #0x03030303; orr r3, r3, r12, ror #24; eor r12, r6, r3, ror #10\n",
            "eor r7, r12, lr, ror #10; eor r7, r0; and lr, r2, #0xf0f0f0f0\n",
            "eor r7, r7, lr, ror #20; and lr, r2, #0x0f0f0f0f; eor r7, r7, lr, ror #12\n",
            "and r1, r5, #0x03030303; bic lr, r5, #0x03030303; orr lr, lr, r1, ror #24; eor r1, r5, lr, ror #10\n",
            "eor r6, r1, r3, ror #10; and r3, r12, #0xf0f0f0f0\n",
            "eor r6, r6, r3, ror #20; and r3, r12, #0x0f0f0f0f; eor r6, r6, r3, ror #12\n",
            "and r2, r4, #0x03030303; bic r3, r4, #0x03030303; orr r3, r3, r2, ror #24; eor r2, r4, r3, ror #10\n",
            "eor r5, r2, lr, ror #10; eor r5, r0; and lr, r1, #0xf0f0f0f0\n",
            "eor r5, r5, lr, ror #20; and lr, r1, #0x0f0f0f0f; eor r5, r5, lr, ror #12\n",
            "eor r4, r0, r3, ror #10; and r3, r2, #0xf0f0f0f0\n",
            "eor r4, r4, r3, ror #20; and r3, r2, #0x0f0f0f0f; eor r4, r4, r3, ror #12\n",
        )
    };
    () => {
        concat!(
            "eor r0, r11, r11, ror #8\n",
            "eor r1, r10, r10, ror #8\n",
            "eor r11, r1, r11, ror #8; eor r11, r11, r0, ror #16\n",
            "eor r2, r9, r9, ror #8\n",
            "eor r10, r2, r10, ror #8; eor r10, r10, r1, ror #16\n",
            "eor r3, r8, r8, ror #8\n",
            "eor r9, r3, r9, ror #8; eor r9, r9, r2, ror #16\n",
            "eor r12, r7, r7, ror #8\n",
            "eor r8, r12, r8, ror #8; eor r8, r0; eor r8, r8, r3, ror #16\n",
            "eor lr, r6, r6, ror #8\n",
            "eor r7, lr, r7, ror #8; eor r7, r0; eor r7, r7, r12, ror #16\n",
            "eor r1, r5, r5, ror #8\n",
            "eor r6, r1, r6, ror #8; eor r6, r6, lr, ror #16\n",
            "eor r2, r4, r4, ror #8\n",
            "eor r5, r2, r5, ror #8; eor r5, r0; eor r5, r5, r1, ror #16\n",
            "eor r4, r0, r4, ror #8; eor r4, r4, r2, ror #16\n",
        )
    };
}

/// Adds the round key at r0, which moves to the next.
macro_rules! add_key {
    () => {
        concat!(
            "ldm r0!, {{r1, r2, r3, r12}}\n",
            "eor r4, r1; eor r5, r2; eor r6, r3; eor r7, r12\n",
            "ldm r0!, {{r1, r2, r3, r12}}\n",
            "eor r8, r1; eor r9, r2; eor r10, r3; eor r11, r12\n",
        )
    };
}

/// Exchanges bits under a mask, those of `$b` in their places and those of `$a` `$by` above them. r0 is overwritten.
macro_rules! swap {
    ($a:ident $b:ident $mask:literal $by:literal) => {
        concat!(
            "eor r0, ",
            stringify!($b),
            ", ",
            stringify!($a),
            ", lsr #",
            $by,
            "\n",
            "and r0, #",
            $mask,
            "\n",
            "eor ",
            stringify!($b),
            ", r0\n",
            "eor ",
            stringify!($a),
            ", ",
            stringify!($a),
            ", r0, lsl #",
            $by,
            "\n",
        )
    };
}

/// Into slices, or back.
macro_rules! transpose {
    () => {
        concat!(
            swap!(r4 r5 0x55555555 1), swap!(r6 r7 0x55555555 1), swap!(r8 r9 0x55555555 1), swap!(r10 r11 0x55555555 1),
            swap!(r4 r6 0x33333333 2), swap!(r5 r7 0x33333333 2), swap!(r8 r10 0x33333333 2), swap!(r9 r11 0x33333333 2),
            swap!(r4 r8 0x0f0f0f0f 4), swap!(r5 r9 0x0f0f0f0f 4), swap!(r6 r10 0x0f0f0f0f 4), swap!(r7 r11 0x0f0f0f0f 4),
        )
    };
}

/// Rotates rows 1 and 3 by two columns: the halves of their bytes change places. r0 is overwritten.
macro_rules! swap_halves {
    ($($word:ident)*) => {
        concat!($(
            "eor r0, ", stringify!($word), ", ", stringify!($word), ", lsr #4\n",
            "and r0, #0x0f000f00\n",
            "eor ", stringify!($word), ", r0\n",
            "eor ", stringify!($word), ", ", stringify!($word), ", r0, lsl #4\n",
        )*)
    };
}

/// Changes words into slices, or back.
#[inline(never)]
pub(crate) fn transpose(state: &mut [u32; 8]) {
    // SAFETY: r0 points to 32 bytes, which are read and written. The stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r0, r6, r7}}",

            "ldm r0, {{r4-r11}}",
            transpose!(),

            "pop {{r0}}",
            "stm r0, {{r4-r11}}",
            "pop {{r6, r7}}",
            inlateout("r0") state.as_mut_ptr() => _, lateout("r1") _, lateout("r2") _, lateout("r3") _,
            lateout("r4") _, lateout("r5") _, lateout("r8") _, lateout("r9") _,
            lateout("r10") _, lateout("r11") _, lateout("r12") _, lateout("lr") _,
        );
    }
}

/// Puts the bytes of slices through the S-box.
#[inline(never)]
pub(crate) fn substitute(state: &mut [u32; 8]) {
    // SAFETY: r0 points to 32 bytes, which are read and written. The stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r0, r6, r7}}",
            "sub sp, #44",

            "ldm r0, {{r4-r11}}",
            substitute!(),
            "add sp, #44",

            "pop {{r0}}",
            "stm r0, {{r4-r11}}",
            "pop {{r6, r7}}",
            inlateout("r0") state.as_mut_ptr() => _, lateout("r1") _, lateout("r2") _, lateout("r3") _,
            lateout("r4") _, lateout("r5") _, lateout("r8") _, lateout("r9") _,
            lateout("r10") _, lateout("r11") _, lateout("r12") _, lateout("lr") _,
        );
    }
}

/// Encrypts two blocks, of which words take turns, and adds them to data.
#[inline(never)]
pub(crate) fn xor_two_blocks(keys: &[[u32; 8]; 11], blocks: &[u32; 8], data: &mut [u8; 32]) {
    let keys = keys.as_flattened().as_ptr_range();
    // SAFETY: from r0 to r3 there are eleven keys of 32 bytes, which are read one after the other; r1 points to 32 bytes, which are read, and r2 to
    // 32 bytes, which are read and written. The stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "sub sp, #56",
            "str r2, [sp, #48]; str r3, [sp, #52]",
            "ldm r1, {{r4-r11}}",
            "mov r12, r0",
            transpose!(),
            "mov r0, r12",
            add_key!(),
            "str r0, [sp, #44]",
            "2:",
            substitute!(),
            mix_columns!(rotated),
            "ldr r0, [sp, #44]",
            add_key!(),
            "str r0, [sp, #44]",
            substitute!(),
            swap_halves!(r4 r5 r6 r7 r8 r9 r10 r11),
            // Two more rounds, unless there is one key left, for the end of the last.
            "ldr r0, [sp, #44]; ldr r1, [sp, #52]",
            "add r2, r0, #32",
            "cmp r1, r2",
            "beq 3f",
            mix_columns!(),
            "ldr r0, [sp, #44]",
            add_key!(),
            "str r0, [sp, #44]",
            "b 2b",
            "3:",
            add_key!(),
            transpose!(),
            "ldr r12, [sp, #48]",
            // The data may lie anywhere: single loads and stores.
            "ldr r0, [r12]; ldr r1, [r12, #4]; ldr r2, [r12, #8]; ldr r3, [r12, #12]",
            "eor r0, r4; eor r1, r6; eor r2, r8; eor r3, r10",
            "str r0, [r12]; str r1, [r12, #4]; str r2, [r12, #8]; str r3, [r12, #12]",
            "ldr r0, [r12, #16]; ldr r1, [r12, #20]; ldr r2, [r12, #24]; ldr r3, [r12, #28]",
            "eor r0, r5; eor r1, r7; eor r2, r9; eor r3, r11",
            "str r0, [r12, #16]; str r1, [r12, #20]; str r2, [r12, #24]; str r3, [r12, #28]",
            "add sp, #56",
            "pop {{r6, r7}}",
            inlateout("r0") keys.start => _, inlateout("r1") blocks.as_ptr() => _,
            inlateout("r2") data.as_mut_ptr() => _, inlateout("r3") keys.end => _,
            lateout("r4") _, lateout("r5") _, lateout("r8") _, lateout("r9") _,
            lateout("r10") _, lateout("r11") _, lateout("r12") _, lateout("lr") _,
        );
    }
}
