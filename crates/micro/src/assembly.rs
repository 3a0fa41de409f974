//! The loops that decide the speed, in assembly for Cortex-M4: a portable function with the same name is beside each caller, and a test
//! in the emulator compares the two. **The only file with `unsafe` code.**
//!
//! `UMAAL`, which multiplies two words and adds two words, takes one cycle on a Cortex-M4 and M33, regardless of the words; nothing here branches
//! on a value or indexes with one.
//!
//! In each block, registers other than r6 and r7 are operands or declared as clobbered. Those two belong to the compiler and are kept on the
//! stack meanwhile. No block calls anything.
#![allow(unsafe_code)]
#![allow(clippy::too_many_lines, reason = "a loop is one block of assembly")]

use core::arch::asm;

#[cfg(feature = "aes128-gcm")]
use crate::ghash::Product;
use crate::number::Number;
use crate::p256::Coordinate;

/// Adds to a window of eight words, `$w0` to `$w7`, the products of all words of `a`, at the stack pointer, with two words of `b`, at `$b` behind
/// it. `$t0` and `$t1` are two more words of the window, and new.
///
/// Both rows go on side by side, so that each word of `a` is loaded once for both: `$t0` is the carry of the first row, and `$t1` that of the
/// second, one place above. A step adds two words to a product: at most `(2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1`. No step touches the flags.
macro_rules! rows {
    ($b:literal: $w0:ident $w1:ident $w2:ident $w3:ident $w4:ident $w5:ident $w6:ident $w7:ident $t0:ident $t1:ident) => {
        concat!(
            "ldrd r11, r12, [sp, #", $b, "]\n",
            "mov ", stringify!($t0), ", #0\n",
            "mov ", stringify!($t1), ", #0\n",
            "ldrd lr, r1, [sp]\n",
            step!($w0 $w1 $w2 $t0 $t1 "umaal" ""),
            "ldrd lr, r1, [sp, #8]\n",
            step!($w2 $w3 $w4 $t0 $t1 "umaal" ""),
            "ldrd lr, r1, [sp, #16]\n",
            step!($w4 $w5 $w6 $t0 $t1 "umaal" ""),
            "ldrd lr, r1, [sp, #24]\n",
            // The carry of the first row is where the second row ends.
            step!($w6 $w7 $t0 $t0 $t1 "umaal" ""),
        )
    };
    // To nothing: all words are new.
    ($w0:ident $w1:ident $w2:ident $w3:ident $w4:ident $w5:ident $w6:ident $w7:ident $t0:ident $t1:ident) => {
        concat!(
            "ldrd r11, r12, [sp, #32]\n",
            "ldrd lr, r1, [sp]\n",
            step!($w0 $w1 $w2 $t0 $t1 "umull" concat!("mov ", stringify!($w2), ", #0\n")),
            "ldrd lr, r1, [sp, #8]\n",
            "mov ", stringify!($w3), ", #0\n",
            "mov ", stringify!($w4), ", #0\n",
            step!($w2 $w3 $w4 $t0 $t1 "umaal" ""),
            "ldrd lr, r1, [sp, #16]\n",
            "mov ", stringify!($w5), ", #0\n",
            "mov ", stringify!($w6), ", #0\n",
            step!($w4 $w5 $w6 $t0 $t1 "umaal" ""),
            "ldrd lr, r1, [sp, #24]\n",
            "mov ", stringify!($w7), ", #0\n",
            step!($w6 $w7 $t0 $t0 $t1 "umaal" ""),
        )
    };
}

/// The products of two words of `a`, in lr and r1, with two words of `b`, in r11 and r12, at three places. The first two are made by
/// `$first`.
macro_rules! step {
    ($w0:ident $w1:ident $w2:ident $t0:ident $t1:ident $first:literal $new:expr) => {
        concat!(
            $first,
            " ",
            stringify!($w0),
            ", ",
            stringify!($t0),
            ", lr, r11\n",
            $first,
            " ",
            stringify!($w1),
            ", ",
            stringify!($t1),
            ", lr, r12\n",
            $new,
            "umaal ",
            stringify!($w1),
            ", ",
            stringify!($t0),
            ", r1, r11\n",
            "umaal ",
            stringify!($w2),
            ", ",
            stringify!($t1),
            ", r1, r12\n",
        )
    };
}

/// Adds `m p` to ten words of a window, where `m` is its lowest two, `$w0` and `$w1`, which that clears: p is -1 modulo 2^64.
///
/// `p = 2^256 - 2^224 + 2^192 + 2^96 - 1`: so `m0, m1` is added at words 3 and 4, and `m0, m1 - m0, m0 - m1, m1` at words 6 to 9. The last three
/// of those are in r11, r12 and lr. `$carry` adds the carry of the window before, which is at word 8.
macro_rules! reduce {
    ($carry:literal: $w0:ident $w1:ident $w2:ident $w3:ident $w4:ident $w5:ident $w6:ident $w7:ident $w8:ident $w9:ident) => {
        concat!(
            $carry,
            "subs r11, ",
            stringify!($w1),
            ", ",
            stringify!($w0),
            "\n",
            "sbcs r12, ",
            stringify!($w0),
            ", ",
            stringify!($w1),
            "\n",
            "sbc lr, ",
            stringify!($w1),
            ", #0\n",
            "adds ",
            stringify!($w3),
            ", ",
            stringify!($w0),
            "\n",
            "adcs ",
            stringify!($w4),
            ", ",
            stringify!($w1),
            "\n",
            "adcs ",
            stringify!($w5),
            ", #0\n",
            "adcs ",
            stringify!($w6),
            ", ",
            stringify!($w0),
            "\n",
            "adcs ",
            stringify!($w7),
            ", r11\n",
            "adcs ",
            stringify!($w8),
            ", r12\n",
            "adcs ",
            stringify!($w9),
            ", lr\n",
        )
    };
}

/// Adds p if r1 is all ones, nothing if it is 0.
macro_rules! add_modulus {
    ($w0:ident $w1:ident $w2:ident $w3:ident $w4:ident $w5:ident $w6:ident $w7:ident) => {
        concat!(
            "adds ",
            stringify!($w0),
            ", r1\n",
            "adcs ",
            stringify!($w1),
            ", r1\n",
            "adcs ",
            stringify!($w2),
            ", r1\n",
            "adcs ",
            stringify!($w3),
            ", #0\n",
            "adcs ",
            stringify!($w4),
            ", #0\n",
            "adcs ",
            stringify!($w5),
            ", #0\n",
            "adcs ",
            stringify!($w6),
            ", ",
            stringify!($w6),
            ", r1, lsr #31\n",
            "adcs ",
            stringify!($w7),
            ", r1\n",
        )
    };
}

/// Takes p away, and adds it again if that was too much. The number is below `2 p`; r1 is its carry less 1, and in the end 0, or all ones if the
/// carry does not make up for the borrow.
macro_rules! reduce_once {
    ($w0:ident $w1:ident $w2:ident $w3:ident $w4:ident $w5:ident $w6:ident $w7:ident) => {
        concat!(
            "subs ", stringify!($w0), ", #-1\n",
            "sbcs ", stringify!($w1), ", #-1\n",
            "sbcs ", stringify!($w2), ", #-1\n",
            "sbcs ", stringify!($w3), ", #0\n",
            "sbcs ", stringify!($w4), ", #0\n",
            "sbcs ", stringify!($w5), ", #0\n",
            "sbcs ", stringify!($w6), ", #1\n",
            "sbcs ", stringify!($w7), ", #-1\n",
            "sbc r1, #-1\n",
            add_modulus!($w0 $w1 $w2 $w3 $w4 $w5 $w6 $w7),
        )
    };
}

/// `a * b / 2^256` modulo p, for numbers below p.
///
/// Two rows at a time, in a window of ten registers that moves by two. With the words below it dropped, what has been added is below `2 p` after
/// each reduction, as in the portable form: `2 p + (p - 1) (2^64 - 1) + (2^64 - 1) p < 2^64 * 2 p`. So it has eight words and a carry, which
/// stays in the flag until the next two rows are added; with them it is at most `2 p - 1 + (p - 1) (2^64 - 1) < 2^64 (p + 1)`, so that the carry finds room in the window's
/// ten words.
#[inline(never)]
pub(crate) fn multiply(a: &Number, b: &Number) -> Number {
    let (w0, w1, w2, w3, w4, w5, w6, w7): (u32, u32, u32, u32, u32, u32, u32, u32);
    // SAFETY: r1 and r2 point to 32 bytes each, which are read. The stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            // b, and below it a.
            "ldm r2, {{r3-r10}}",
            "push {{r3-r10}}",
            "ldm r1, {{r3-r10}}",
            "push {{r3-r10}}",
            rows!(r3 r4 r5 r8 r9 r10 r6 r7 r0 r2),
            reduce!("": r3 r4 r5 r8 r9 r10 r6 r7 r0 r2),
            rows!(40: r5 r8 r9 r10 r6 r7 r0 r2 r3 r4),
            reduce!("adcs r3, #0\nadc r4, #0\n": r5 r8 r9 r10 r6 r7 r0 r2 r3 r4),
            rows!(48: r9 r10 r6 r7 r0 r2 r3 r4 r5 r8),
            reduce!("adcs r5, #0\nadc r8, #0\n": r9 r10 r6 r7 r0 r2 r3 r4 r5 r8),
            rows!(56: r6 r7 r0 r2 r3 r4 r5 r8 r9 r10),
            reduce!("adcs r9, #0\nadc r10, #0\n": r6 r7 r0 r2 r3 r4 r5 r8 r9 r10),
            "sbc r1, r1, r1",
            reduce_once!(r0 r2 r3 r4 r5 r8 r9 r10),
            "add sp, #64",
            "pop {{r6, r7}}",
            inlateout("r1") a.as_ptr() => _, inlateout("r2") b.as_ptr() => w1,
            lateout("r0") w0, lateout("r3") w2, lateout("r4") w3, lateout("r5") w4,
            lateout("r8") w5, lateout("r9") w6, lateout("r10") w7,
            lateout("r11") _, lateout("r12") _, lateout("lr") _,
            options(pure, readonly),
        );
    }
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// Adds the number at r2 to the eight words, or subtracts it. r1 is the carry less 1 then.
macro_rules! with_second {
    ($first:literal $next:literal) => {
        concat!(
            "ldrd r12, lr, [r2]\n",
            $first,
            " r0, r12\n",
            $next,
            " r3, lr\n",
            "ldrd r12, lr, [r2, #8]\n",
            $next,
            " r4, r12\n",
            $next,
            " r5, lr\n",
            "ldrd r12, lr, [r2, #16]\n",
            $next,
            " r8, r12\n",
            $next,
            " r9, lr\n",
            "ldrd r12, lr, [r2, #24]\n",
            $next,
            " r10, r12\n",
            $next,
            " r11, lr\n",
            "sbc r1, r1, r1\n",
        )
    };
}

/// Gives a function of two numbers, of which the first is loaded into `r0, r3, r4, r5, r8, r9, r10, r11`, where the result is expected.
macro_rules! sum {
    ($name:ident, $($instructions:expr),*) => {
        #[inline(never)]
        pub(crate) fn $name(a: &Number, b: &Number) -> Number {
            let (w0, w1, w2, w3, w4, w5, w6, w7): (u32, u32, u32, u32, u32, u32, u32, u32);
            // SAFETY: r1 and r2 point to 32 bytes each, which are read.
            unsafe {
                asm!(
                    "ldm r1, {{r0, r3, r4, r5, r8, r9, r10, r11}}",
                    $($instructions,)*
                    inlateout("r1") a.as_ptr() => _, in("r2") b.as_ptr(),
                    lateout("r0") w0, lateout("r3") w1, lateout("r4") w2, lateout("r5") w3,
                    lateout("r8") w4, lateout("r9") w5, lateout("r10") w6, lateout("r11") w7,
                    lateout("r12") _, lateout("lr") _,
                    options(pure, readonly, nostack),
                );
            }
            [w0, w1, w2, w3, w4, w5, w6, w7]
        }
    };
}

// `a + b` modulo p, for numbers below p.
sum!(add, with_second!("adds" "adcs"), reduce_once!(r0 r3 r4 r5 r8 r9 r10 r11));
// `a - b` modulo p, for numbers below p. The carry is 0 for a borrow.
sum!(subtract, with_second!("subs" "sbcs"), add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11));
// `a - 2 b` modulo p, for numbers below p: twice as above, and in between the number is below p, too.
sum!(
    subtract_twice,
    with_second!("subs" "sbcs"),
    add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11),
    with_second!("subs" "sbcs"),
    add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11)
);
// `a / 2 + b` modulo p, for numbers below p: `a` is even, or will be with p, and the carry of that sum comes back from above. The half is below p,
// too.
sum!(
    add_to_half,
    "and r1, r0, #1; rsb r1, r1, #0",
    add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11),
    "rrxs r11, r11; rrxs r10, r10; rrxs r9, r9; rrxs r8, r8",
    "rrxs r5, r5; rrxs r4, r4; rrxs r3, r3; rrxs r0, r0",
    with_second!("adds" "adcs"),
    reduce_once!(r0 r3 r4 r5 r8 r9 r10 r11)
);

/// The number at `place` of the entry at `index`, which may be secret: all entries are read, and multiplied by 1 or 0.
#[inline(never)]
pub(crate) fn select_entry<const N: usize>(table: &[[Coordinate; N]; 8], place: usize, index: u32) -> Coordinate {
    let (w0, w1, w2, w3, w4, w5, w6, w7): (u32, u32, u32, u32, u32, u32, u32, u32);
    // From the number in the first entry to that in the last.
    let Some(numbers) = table.as_flattened().get(place..=place + 7 * N) else { return Coordinate::ZERO };
    // SAFETY: r0 points to a number, and is moved by `N` numbers of 32 bytes seven times, to the last of `numbers`. 32 bytes are read at each. The
    // stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r3, #0; mov r4, #0; mov r5, #0; mov r8, #0",
            "mov r9, #0; mov r10, #0; mov r11, #0; mov r12, #0",
            "mov r2, #8",
            "2:",
            // 1 if the distance to the entry is 0, of which all 32 bits are leading zeros.
            "clz lr, r1; lsr lr, lr, #5",
            "sub r1, #1",
            "ldrd r6, r7, [r0]; mla r3, r6, lr, r3; mla r4, r7, lr, r4",
            "ldrd r6, r7, [r0, #8]; mla r5, r6, lr, r5; mla r8, r7, lr, r8",
            "ldrd r6, r7, [r0, #16]; mla r9, r6, lr, r9; mla r10, r7, lr, r10",
            "ldrd r6, r7, [r0, #24]; mla r11, r6, lr, r11; mla r12, r7, lr, r12",
            "add r0, #{entry}",
            "subs r2, #1",
            "bne 2b",
            "pop {{r6, r7}}",
            entry = const 32 * N,
            inlateout("r0") numbers.as_ptr() => _, inlateout("r1") index => _, lateout("r2") _,
            lateout("r3") w0, lateout("r4") w1, lateout("r5") w2, lateout("r8") w3,
            lateout("r9") w4, lateout("r10") w5, lateout("r11") w6, lateout("r12") w7,
            lateout("lr") _,
            options(pure, readonly),
        );
    }
    Coordinate([w0, w1, w2, w3, w4, w5, w6, w7])
}

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

/// The product of two elements of two words in `$l0, $w1, $w2, $h1`, from those of the lower words at `$low`, of the upper ones at `$high`, and of
/// their sums at `$middle`. r12 and lr are overwritten.
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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

/// The S-box of AES on slices in r4 to r11: the gates of the portable form without its complements, which are in the round keys.
///
/// Order and registers were found by a search for the fewest loads and stores: 23, for 115 gates with 14 registers. The first 44 bytes of
/// the stack are for what has no register.
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
#[cfg(feature = "aes128-gcm")]
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
