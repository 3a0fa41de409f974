//! Zeros for a part of the stack.

use core::hint::black_box;
use core::mem::MaybeUninit;

/// Writes zeros, which the compiler has to assume that somebody reads.
pub(crate) fn zero(blocks: &mut [MaybeUninit<[u32; 16]>]) {
    for block in blocks.iter_mut() {
        block.write([0; 16]);
    }
    black_box(blocks);
}
