//! Blocks of SHA-256.

use core::arch::asm;

/// Words of the schedule, all of which are kept until the end of a block.
const WORDS: usize = 64;

/// A round. `$x` becomes a ^ b, and `$y` is b ^ c, which the last round has left: the majority is ((a ^ b) & (b ^ c)) ^ b. The sums of rotations
/// are one rotation less, which is a part of the addition.
#[rustfmt::skip]
macro_rules! round {
    ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $x:ident $y:ident) => {
        concat!(
            "ldr r8, [lr], #4\n",
            "ldr r9, [r12], #4\n",
            "add ", stringify!($h), ", r8\n",
            "add ", stringify!($h), ", r9\n",
            "eor r8, ", stringify!($e), ", ", stringify!($e), ", ror #5\n",
            "eor r9, ", stringify!($f), ", ", stringify!($g), "\n",
            "eor r8, r8, ", stringify!($e), ", ror #19\n",
            "and r9, ", stringify!($e), "\n",
            "add ", stringify!($h), ", ", stringify!($h), ", r8, ror #6\n",
            "eor r9, ", stringify!($g), "\n",
            "add ", stringify!($h), ", r9\n",
            "eor r8, ", stringify!($a), ", ", stringify!($a), ", ror #11\n",
            "add ", stringify!($d), ", ", stringify!($h), "\n",
            "eor r8, r8, ", stringify!($a), ", ror #20\n",
            "eor ", stringify!($x), ", ", stringify!($a), ", ", stringify!($b), "\n",
            "add ", stringify!($h), ", ", stringify!($h), ", r8, ror #2\n",
            "and ", stringify!($y), ", ", stringify!($x), "\n",
            "eor ", stringify!($y), ", ", stringify!($b), "\n",
            "add ", stringify!($h), ", ", stringify!($y), "\n",
        )
    };
}

/// The word of the schedule that is 16 words after `$w0`, from that and those that are 1, 9, 14 words after it; r8 points to a word of the schedule.
/// It takes the place of `$w14`.
#[rustfmt::skip]
macro_rules! extend {
    ($w0:ident $w1:ident $w14:ident: $at1:literal $at9:literal) => {
        concat!(
            "ldr ", stringify!($w1), ", [r8, #", $at1, "]\n",
            "ldr r4, [r8, #", $at9, "]\n",
            "add ", stringify!($w0), ", r4\n",
            "ror r4, ", stringify!($w1), ", #7\n",
            "eor r4, r4, ", stringify!($w1), ", ror #18\n",
            "eor r4, r4, ", stringify!($w1), ", lsr #3\n",
            "add ", stringify!($w0), ", r4\n",
            "ror r4, ", stringify!($w14), ", #17\n",
            "eor r4, r4, ", stringify!($w14), ", ror #19\n",
            "eor r4, r4, ", stringify!($w14), ", lsr #10\n",
            "add ", stringify!($w14), ", ", stringify!($w0), ", r4\n",
        )
    };
}

/// Takes a block into the state.
///
/// The schedule is on the stack, and above it the pointers to the state and to the constants. a to h are in r0 to r7.
#[inline(never)]
pub(crate) fn compress(state: &mut [u32; 8], block: &[u8; 64], constants: &[[u32; 16]; WORDS / 16]) {
    // SAFETY: r0 points to 32 bytes, which are read and written, r1 to 64 bytes and r2 to 256 bytes, which are read. The stack is as it was in the
    // end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "sub sp, #264",
            "strd r0, r2, [sp, #256]",
            // A block may lie anywhere: single loads.
            "mov r8, sp; add r9, sp, #64",
            "2:",
            "ldr r2, [r1], #4; ldr r3, [r1], #4",
            "rev r2, r2; rev r3, r3",
            "strd r2, r3, [r8], #8",
            "cmp r8, r9",
            "bne 2b",
            // r2 and r3 are the last two words before the next one.
            "mov r8, sp; add r9, sp, #192",
            "ldr r0, [r8]",
            "3:",
            extend!(r0 r1 r2: 4 36),
            extend!(r1 r0 r3: 8 40),
            "strd r2, r3, [r8, #64]",
            "add r8, #8",
            "cmp r8, r9",
            "bne 3b",
            "ldrd lr, r12, [sp, #256]",
            "ldm lr, {{r0-r7}}",
            "mov lr, sp",
            "eor r11, r1, r2",
            "4:",
            round!(r0 r1 r2 r3 r4 r5 r6 r7, r10 r11),
            round!(r7 r0 r1 r2 r3 r4 r5 r6, r11 r10),
            round!(r6 r7 r0 r1 r2 r3 r4 r5, r10 r11),
            round!(r5 r6 r7 r0 r1 r2 r3 r4, r11 r10),
            round!(r4 r5 r6 r7 r0 r1 r2 r3, r10 r11),
            round!(r3 r4 r5 r6 r7 r0 r1 r2, r11 r10),
            round!(r2 r3 r4 r5 r6 r7 r0 r1, r10 r11),
            round!(r1 r2 r3 r4 r5 r6 r7 r0, r11 r10),
            "add r8, sp, #256",
            "cmp lr, r8",
            "bne 4b",
            "ldr lr, [sp, #256]",
            "ldrd r8, r9, [lr]; add r0, r8; add r1, r9",
            "ldrd r8, r9, [lr, #8]; add r2, r8; add r3, r9",
            "ldrd r8, r9, [lr, #16]; add r4, r8; add r5, r9",
            "ldrd r8, r9, [lr, #24]; add r6, r8; add r7, r9",
            "stm lr, {{r0-r7}}",
            // The schedule may contain secrets.
            "mov r0, #0; mov r1, #0; mov r2, #0; mov r3, #0; mov r4, #0; mov r5, #0; mov r6, #0; mov r7, #0",
            "mov lr, sp",
            "stm lr!, {{r0-r7}}; stm lr!, {{r0-r7}}; stm lr!, {{r0-r7}}; stm lr!, {{r0-r7}}",
            "stm lr!, {{r0-r7}}; stm lr!, {{r0-r7}}; stm lr!, {{r0-r7}}; stm lr!, {{r0-r7}}",
            "add sp, #264",
            "pop {{r6, r7}}",
            inlateout("r0") state.as_mut_ptr() => _, inlateout("r1") block.as_ptr() => _, inlateout("r2") constants.as_ptr() => _,
            lateout("r3") _, lateout("r4") _, lateout("r5") _, lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
            lateout("r12") _, lateout("lr") _,
        );
    }
}
