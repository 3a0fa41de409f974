//! The memory protection unit (ARMv7-M B3.5) as a fence: nothing can be written below the stack or over the vectors.
//!
//! The machines ignore accesses to unmapped memory, so without it a stack overflow or a write through a null pointer
//! would be noticed late, as another failure.

use crate::stack;
use cortex_m::peripheral::MPU;

/// A length that no stack frame exceeds.
pub(crate) const LEN: u32 = 1024;

const ENABLE: u32 = 1;
/// The rest of the memory stays as it is; handlers of faults run without the unit, so that they have a stack.
const PRIVILEGED_DEFAULT: u32 = 1 << 2;
const NEVER_EXECUTE: u32 = 1 << 28;
const NO_ACCESS: u32 = 0b000 << 24;
const READ_ONLY: u32 = 0b110 << 24;

/// Installs both fences.
pub(crate) fn install(unit: &mut MPU) {
    // SAFETY: only takes accesses away that no program may make: to the bytes below the stack, which belong to
    // nothing, and writes to the first 256 bytes, which are vectors.
    unsafe {
        region(unit, 0, stack::guard(), LEN, NEVER_EXECUTE | NO_ACCESS);
        region(unit, 1, 0, 256, READ_ONLY);
        unit.ctrl.write(ENABLE | PRIVILEGED_DEFAULT);
    }
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// A region of `len` bytes, a power of two, at a multiple of it.
///
/// # Safety
/// Nothing needs what is taken away.
unsafe fn region(unit: &mut MPU, number: u32, start: u32, len: u32, attributes: u32) {
    // SAFETY: the caller's.
    unsafe {
        unit.rnr.write(number);
        unit.rbar.write(start);
        unit.rasr.write(attributes | (len.trailing_zeros() - 1) << 1 | ENABLE);
    }
}
