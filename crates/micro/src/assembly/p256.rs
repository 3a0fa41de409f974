//! Numbers modulo the prime of P-256, and the look-up of a point in a table.

use core::arch::asm;
use core::mem::MaybeUninit;

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

/// Writes `a b / 2^256` modulo p to `to`, for numbers below p.
///
/// Two rows at a time, in a window of ten registers that moves by two. With the words below it dropped, what has been added is below `2 p` after
/// each reduction, as in the portable form: `2 p + (p - 1) (2^64 - 1) + (2^64 - 1) p < 2^64 * 2 p`. So it has eight words and a carry, which
/// stays in the flag until the next two rows are added; with them it is at most `2 p - 1 + (p - 1) (2^64 - 1) < 2^64 (p + 1)`, so that the carry finds room in the window's
/// ten words.
///
/// # Safety
/// All point to a number; it may be the same, as all of both is read before it is written.
#[inline(never)]
unsafe fn write_product(to: *mut Number, a: *const Number, b: *const Number) {
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
            inlateout("r1") a => _, inlateout("r2") b => w1,
            lateout("r0") w0, lateout("r3") w2, lateout("r4") w3, lateout("r5") w4,
            lateout("r8") w5, lateout("r9") w6, lateout("r10") w7,
            lateout("r11") _, lateout("r12") _, lateout("lr") _,
            options(readonly),
        );
    }
    // SAFETY: `to` points to a number.
    unsafe { *to = [w0, w1, w2, w3, w4, w5, w6, w7] };
}

/// Returns `a b / 2^256` modulo p, for numbers below p.
#[inline]
pub(crate) fn product(a: &Number, b: &Number) -> Number {
    let mut product = MaybeUninit::uninit();
    // SAFETY: both are numbers, and the product is one when it is written.
    unsafe {
        write_product(product.as_mut_ptr(), a, b);
        product.assume_init()
    }
}

/// Multiplies `a` by `b / 2^256` modulo p, for numbers below p.
#[inline]
pub(crate) fn multiply(a: &mut Number, b: &Number) {
    let a = core::ptr::from_mut(a);
    // SAFETY: both are numbers.
    unsafe { write_product(a, a, b) }
}

/// Squares `a`, and divides by `2^256`, modulo p, for a number below p.
#[inline]
pub(crate) fn square(a: &mut Number) {
    let a = core::ptr::from_mut(a);
    // SAFETY: it is a number, and the same three times.
    unsafe { write_product(a, a, a) }
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

/// Gives a function that changes its first number, which is loaded into `r0, r3, r4, r5, r8, r9, r10, r11`, where the result is expected. The
/// number at r2 is the one after `with`.
macro_rules! sum {
    ($name:ident($a:ident $(, $b:ident)?) with $second:ident: $($instructions:expr),*) => {
        #[inline(never)]
        pub(crate) fn $name($a: &mut Number $(, $b: &Number)?) {
            let (w0, w1, w2, w3, w4, w5, w6, w7): (u32, u32, u32, u32, u32, u32, u32, u32);
            // SAFETY: r1 and r2 point to 32 bytes each, which are read.
            unsafe {
                asm!(
                    "ldm r1, {{r0, r3, r4, r5, r8, r9, r10, r11}}",
                    $($instructions,)*
                    inlateout("r1") $a.as_ptr() => _, in("r2") $second.as_ptr(),
                    lateout("r0") w0, lateout("r3") w1, lateout("r4") w2, lateout("r5") w3,
                    lateout("r8") w4, lateout("r9") w5, lateout("r10") w6, lateout("r11") w7,
                    lateout("r12") _, lateout("lr") _,
                    options(pure, readonly, nostack),
                );
            }
            *$a = [w0, w1, w2, w3, w4, w5, w6, w7];
        }
    };
}

// `a + b` modulo p, for numbers below p.
sum!(add(a, b) with b: with_second!("adds" "adcs"), reduce_once!(r0 r3 r4 r5 r8 r9 r10 r11));
// `a - b` modulo p, for numbers below p. The carry is 0 for a borrow.
sum!(subtract(a, b) with b: with_second!("subs" "sbcs"), add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11));
// `a - 2 b` modulo p, for numbers below p: twice as above, and in between the number is below p, too.
sum!(
    subtract_twice(a, b) with b:
    with_second!("subs" "sbcs"),
    add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11),
    with_second!("subs" "sbcs"),
    add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11)
);
// `3 a / 2` modulo p, for a number below p: `a` is even, or will be with p, and the carry of that sum comes back from above. The half is below p,
// too, and `a` is added to it.
sum!(
    three_halves(a) with a:
    "and r1, r0, #1; rsb r1, r1, #0",
    add_modulus!(r0 r3 r4 r5 r8 r9 r10 r11),
    "rrxs r11, r11; rrxs r10, r10; rrxs r9, r9; rrxs r8, r8",
    "rrxs r5, r5; rrxs r4, r4; rrxs r3, r3; rrxs r0, r0",
    with_second!("adds" "adcs"),
    reduce_once!(r0 r3 r4 r5 r8 r9 r10 r11)
);

/// Reads the number at `place`, 0 or 1, of the entry at `index`, which may be secret: all entries are read, and multiplied by 1 or 0.
#[inline(never)]
pub(crate) fn select_entry(table: &[[Coordinate; 2]], place: usize, index: u32) -> Coordinate {
    let (w0, w1, w2, w3, w4, w5, w6, w7): (u32, u32, u32, u32, u32, u32, u32, u32);
    let number = match table {
        [[x, _], ..] if place == 0 => x,
        [[_, y], ..] if place == 1 => y,
        _ => return Coordinate::ZERO,
    };
    // SAFETY: r0 points to a number of the first entry, and is moved by the 64 bytes of an entry as often as there are entries, of which r2 is the
    // number, 1 at least. 32 bytes are read before each move. The stack is as it was in the end, and so are r6 and r7.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r3, #0; mov r4, #0; mov r5, #0; mov r8, #0",
            "mov r9, #0; mov r10, #0; mov r11, #0; mov r12, #0",
            "2:",
            // 1 if the distance to the entry is 0, of which all 32 bits are leading zeros.
            "clz lr, r1; lsr lr, lr, #5",
            "sub r1, #1",
            "ldrd r6, r7, [r0]; mla r3, r6, lr, r3; mla r4, r7, lr, r4",
            "ldrd r6, r7, [r0, #8]; mla r5, r6, lr, r5; mla r8, r7, lr, r8",
            "ldrd r6, r7, [r0, #16]; mla r9, r6, lr, r9; mla r10, r7, lr, r10",
            "ldrd r6, r7, [r0, #24]; mla r11, r6, lr, r11; mla r12, r7, lr, r12",
            "add r0, #64",
            "subs r2, #1",
            "bne 2b",
            "pop {{r6, r7}}",
            inlateout("r0") core::ptr::from_ref(number) => _, inlateout("r1") index => _,
            inlateout("r2") table.len() => _,
            lateout("r3") w0, lateout("r4") w1, lateout("r5") w2, lateout("r8") w3,
            lateout("r9") w4, lateout("r10") w5, lateout("r11") w6, lateout("r12") w7,
            lateout("lr") _,
            options(pure, readonly),
        );
    }
    Coordinate([w0, w1, w2, w3, w4, w5, w6, w7])
}
