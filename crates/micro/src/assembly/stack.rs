//! Zeros for a part of the stack.

use core::arch::asm;
use core::mem::MaybeUninit;

/// Writes zeros, from registers that no caller expects to be kept: others would be on the stack meanwhile, with what is in them.
#[inline(never)]
pub(crate) fn zero(blocks: &mut [MaybeUninit<[u32; 16]>]) {
    let range = blocks.as_mut_ptr_range();
    // SAFETY: r0 points to the first of these blocks, and r1 behind the last. Whole blocks are written, none if the two are the same. The stack is as
    // it was.
    unsafe {
        asm!(
            "mov r2, #0; mov r3, #0; mov r12, #0; mov lr, #0",
            "b 3f",
            "2:",
            "stm r0!, {{r2, r3, r12, lr}}; stm r0!, {{r2, r3, r12, lr}}; stm r0!, {{r2, r3, r12, lr}}; stm r0!, {{r2, r3, r12, lr}}",
            "3:",
            "cmp r0, r1",
            "bne 2b",
            inlateout("r0") range.start => _, inlateout("r1") range.end => _,
            lateout("r2") _, lateout("r3") _, lateout("r12") _, lateout("lr") _,
            options(nostack),
        );
    }
}
