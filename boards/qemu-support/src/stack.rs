//! The stack and the fence below it.

use crate::guard;

/// Returns the address of the fence below the stack.
pub(crate) fn guard() -> u32 {
    u32::try_from(high_water::end()).unwrap_or(0).next_multiple_of(guard::LEN)
}

/// Bytes up to the end of the fence.
fn reserved() -> usize {
    (guard() + guard::LEN) as usize - high_water::end()
}

/// Paints the unused part.
pub(crate) fn paint() {
    high_water::paint(reserved());
}

/// Returns the peak use and the size.
pub(crate) fn usage() -> (usize, usize) {
    high_water::usage(reserved())
}

/// Overflows the stack, to test the fence.
#[allow(unconditional_recursion, reason = "that is what it is for")]
#[inline(never)]
pub(crate) fn overflow(depth: u32) -> u32 {
    let frame = core::hint::black_box([depth; 32]);
    overflow(depth.wrapping_add(1)).wrapping_add(frame[depth as usize % 32])
}
