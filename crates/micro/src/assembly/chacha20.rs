//! A block of ChaCha20.

use core::arch::asm;

/// A quarter round whose words in rows b and d are kept rotated to the right by 25 and by 24, before and after: each rotation is a part of the
/// next operation that has the word as its last operand, and costs nothing.
macro_rules! quarter_round {
    ($a:ident $b:ident $c:ident $d:ident) => {
        concat!(
            "add ",
            stringify!($a),
            ", ",
            stringify!($a),
            ", ",
            stringify!($b),
            ", ror #25\n",
            "eor ",
            stringify!($d),
            ", ",
            stringify!($a),
            ", ",
            stringify!($d),
            ", ror #24\n",
            "add ",
            stringify!($c),
            ", ",
            stringify!($c),
            ", ",
            stringify!($d),
            ", ror #16\n",
            "eor ",
            stringify!($b),
            ", ",
            stringify!($c),
            ", ",
            stringify!($b),
            ", ror #25\n",
            "add ",
            stringify!($a),
            ", ",
            stringify!($a),
            ", ",
            stringify!($b),
            ", ror #20\n",
            "eor ",
            stringify!($d),
            ", ",
            stringify!($a),
            ", ",
            stringify!($d),
            ", ror #16\n",
            "add ",
            stringify!($c),
            ", ",
            stringify!($c),
            ", ",
            stringify!($d),
            ", ror #24\n",
            "eor ",
            stringify!($b),
            ", ",
            stringify!($c),
            ", ",
            stringify!($b),
            ", ror #20\n",
        )
    };
}

/// Adds the state, at r12, to two words of a block, and those to the data, at lr, which may lie anywhere: single loads and stores. `$rotate` is
/// that of the words.
macro_rules! xor_words {
    ($at:literal $next:literal: $w0:ident $w1:ident $rotate:literal) => {
        concat!(
            "ldrd r8, r9, [r12, #",
            $at,
            "]\n",
            "add r8, r8, ",
            stringify!($w0),
            $rotate,
            "\n",
            "add r9, r9, ",
            stringify!($w1),
            $rotate,
            "\n",
            "ldr ",
            stringify!($w0),
            ", [lr, #",
            $at,
            "]\n",
            "ldr ",
            stringify!($w1),
            ", [lr, #",
            $next,
            "]\n",
            "eor r8, ",
            stringify!($w0),
            "\n",
            "eor r9, ",
            stringify!($w1),
            "\n",
            "str r8, [lr, #",
            $at,
            "]\n",
            "str r9, [lr, #",
            $next,
            "]\n",
        )
    };
}

/// Adds a block of the key stream of ChaCha20 to data.
///
/// Row a is in r0 to r3, b in r4, r5, r6 and r7, d in r8 to r11. There is room for two words of row c, in r12 and lr; the other two are on the
/// stack, at 0 or at 8.
#[inline(never)]
pub(crate) fn xor_block(state: &[[u32; 4]; 4], data: &mut [u8; 64]) {
    // SAFETY: r0 points to 64 bytes, which are read, and r1 to 64 bytes, which are read and written. The stack is as it was in the end, and so
    // are r6 and r7.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "sub sp, #32",
            "strd r0, r1, [sp, #24]",
            "mov r2, #10",
            "str r2, [sp, #16]",
            "mov lr, r0",
            "ldrd r2, r3, [lr, #40]",
            "strd r2, r3, [sp, #8]",
            "ldm lr!, {{r0-r7}}",
            "ldrd r8, r9, [lr, #16]",
            "ldrd r10, r11, [lr, #24]",
            "ldrd r12, lr, [lr]",
            "ror r4, r4, #7; ror r5, r5, #7; ror r6, r6, #7; ror r7, r7, #7",
            "ror r8, r8, #8; ror r9, r9, #8; ror r10, r10, #8; ror r11, r11, #8",
            "2:",
            // Columns.
            quarter_round!(r0 r4 r12 r8),
            quarter_round!(r1 r5 lr r9),
            "strd r12, lr, [sp]",
            "ldrd r12, lr, [sp, #8]",
            quarter_round!(r2 r6 r12 r10),
            quarter_round!(r3 r7 lr r11),
            // Diagonals.
            quarter_round!(r0 r5 r12 r11),
            quarter_round!(r1 r6 lr r8),
            "strd r12, lr, [sp, #8]",
            "ldr r12, [sp, #16]",
            "subs r12, #1",
            "str r12, [sp, #16]",
            "ldrd r12, lr, [sp]",
            quarter_round!(r2 r7 r12 r9),
            quarter_round!(r3 r4 lr r10),
            "bne 2b",
            // Room for two words of the state, or of the data.
            "strd r12, lr, [sp]",
            "strd r8, r9, [sp, #16]",
            "ldrd r12, lr, [sp, #24]",
            xor_words!(0 4: r0 r1 ""),
            xor_words!(8 12: r2 r3 ""),
            xor_words!(16 20: r4 r5 ", ror #25"),
            xor_words!(24 28: r6 r7 ", ror #25"),
            "ldrd r0, r1, [sp]",
            xor_words!(32 36: r0 r1 ""),
            "ldrd r0, r1, [sp, #8]",
            xor_words!(40 44: r0 r1 ""),
            "ldrd r0, r1, [sp, #16]",
            xor_words!(48 52: r0 r1 ", ror #24"),
            xor_words!(56 60: r10 r11 ", ror #24"),
            "add sp, #32",
            "pop {{r6, r7}}",
            inlateout("r0") state.as_ptr() => _, inlateout("r1") data.as_mut_ptr() => _,
            lateout("r2") _, lateout("r3") _, lateout("r4") _, lateout("r5") _, lateout("r8") _, lateout("r9") _,
            lateout("r10") _, lateout("r11") _, lateout("r12") _, lateout("lr") _,
        );
    }
}
