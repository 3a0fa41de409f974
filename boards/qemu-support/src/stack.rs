//! How much of the stack was ever used: it is painted at the start, and what is no longer of that colour was used.

use crate::guard;
use core::ptr;

const COLOUR: u32 = 0xc0de_57ac;
/// Bytes below the caller's frame that painting itself may use.
const OWN_FRAME: usize = 256;

unsafe extern "C" {
    /// The end of what is no stack, from the linker script of `cortex-m-rt`.
    static mut _stack_end: u32;
    /// Where the stack begins; it grows down.
    static mut _stack_start: u32;
}

/// Where the fence below the stack stands.
pub(crate) fn guard() -> u32 {
    (&raw const _stack_end as u32).next_multiple_of(guard::LEN)
}

/// The lowest and the highest address of the stack.
fn bounds() -> (usize, usize) {
    ((guard() + guard::LEN) as usize, &raw const _stack_start as usize)
}

/// Paints what is not in use.
#[inline(never)]
pub(crate) fn paint() {
    let (low, _) = bounds();
    let here = cortex_m::register::msp::read() as usize;
    for address in (low..here.saturating_sub(OWN_FRAME)).step_by(4) {
        // SAFETY: memory of the stack below all frames in use, which nobody reads before it is written.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut::<u32>(address), COLOUR) }
    }
}

/// The most bytes that were ever used, and all there are.
pub(crate) fn usage() -> (usize, usize) {
    let (low, high) = bounds();
    // SAFETY: memory of the stack, which is readable, whatever is in it.
    let painted =
        |address: &usize| unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<u32>(*address)) } == COLOUR;
    let unused = (low..high).step_by(4).take_while(painted).count() * 4;
    (high - low - unused, high - low)
}

/// Uses all of the stack, and more: to see that the fence stands.
#[allow(unconditional_recursion, reason = "that is what it is for")]
#[inline(never)]
pub(crate) fn overflow(depth: u32) -> u32 {
    let frame = core::hint::black_box([depth; 32]);
    overflow(depth.wrapping_add(1)).wrapping_add(frame[depth as usize % 32])
}
