//! The stack that an operation leaves, overwritten.
//!
//! What is dropped is wiped where it was, but a compiler keeps copies on the stack, and so does assembly. So an operation on secrets is a call of its own,
//! and then another function takes the same stack and writes zeros. The sizes are those that the emulated board uses, where a test looks at what is
//! left.
#![forbid(unsafe_code)]

use core::mem::MaybeUninit;

use crate::selected::stack::zero;

/// Stack of each operation, in blocks of 16 words, with one to spare.
pub(crate) const HASH: usize = 8;
pub(crate) const HMAC: usize = 14;
pub(crate) const BASE_MULTIPLE: usize = 20;
pub(crate) const SIGNATURE: usize = 25;
pub(crate) const AGREEMENT: usize = 24;
pub(crate) const CHACHA20_POLY1305: usize = 13;
#[cfg(feature = "aes128-gcm")]
pub(crate) const AES128_GCM: usize = 17;

/// Runs an operation, and overwrites this number of blocks of the stack below.
#[inline]
pub(crate) fn wiped<const BLOCKS: usize, T>(operation: impl FnOnce() -> T) -> T {
    let result = apart(operation);
    overwrite::<BLOCKS>();
    result
}

#[inline(never)]
fn apart<T>(operation: impl FnOnce() -> T) -> T {
    operation()
}

#[inline(never)]
fn overwrite<const BLOCKS: usize>() {
    zero(&mut [const { MaybeUninit::uninit() }; BLOCKS]);
}
