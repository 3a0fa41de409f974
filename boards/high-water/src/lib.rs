//! Measures the peak use of the stack: it is painted at the start, and overwritten bytes were used.
//!
//! The stack is that of `cortex-m-rt`: from the end of the static memory to the end of the RAM.
#![no_std]

use core::ptr;

const COLOUR: u32 = 0xc0de_57ac;
/// Bytes below the caller's frame that painting itself may use.
const OWN_FRAME: usize = 256;

unsafe extern "C" {
    /// The lower end of the stack, from the linker script of `cortex-m-rt`.
    static mut _stack_end: u32;
    /// The start of the stack, which grows down.
    static mut _stack_start: u32;
}

/// Returns the lowest address of the stack.
pub fn end() -> usize {
    &raw const _stack_end as usize
}

/// Paints the unused part, except for the lowest `reserved` bytes.
#[inline(never)]
pub fn paint(reserved: usize) {
    let here = cortex_m::register::msp::read() as usize;
    for address in (lowest(reserved)..here.saturating_sub(OWN_FRAME)).step_by(4) {
        // SAFETY: memory of the stack below all frames in use, which is written before it is read. What an interrupt
        // has there is gone when this goes on.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut::<u32>(address), COLOUR) }
    }
}

/// Returns the peak use since [`paint`], and the size above the lowest `reserved` bytes.
pub fn usage(reserved: usize) -> (usize, usize) {
    let (low, high) = (lowest(reserved), &raw const _stack_start as usize);
    // SAFETY: memory of the stack, which is readable, whatever is in it.
    let painted =
        |address: &usize| unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<u32>(*address)) } == COLOUR;
    let unused = (low..high).step_by(4).take_while(painted).count() * 4;
    (high.saturating_sub(low + unused), high.saturating_sub(low))
}

fn lowest(reserved: usize) -> usize {
    (end() + reserved).next_multiple_of(4)
}
