//! The stack that an operation leaves, overwritten.
//!
//! What is dropped is wiped where it was, but a compiler keeps copies on the stack, and so does assembly. So an operation on secrets is a call of its own,
//! and then another function takes the same stack and writes zeros. The sizes are those that the emulated board uses, where a test looks at what is
//! left.
#![forbid(unsafe_code)]

use core::hint::black_box;

/// Words of stack of each operation.
pub(crate) const HASH: usize = 176;
pub(crate) const HMAC: usize = 304;
pub(crate) const BASE_MULTIPLE: usize = 480;
pub(crate) const AGREEMENT: usize = 752;
pub(crate) const CHACHA20_POLY1305: usize = 320;
#[cfg(feature = "aes128-gcm")]
pub(crate) const AES128_GCM: usize = 928;

/// Runs an operation, and overwrites this number of words of the stack below.
#[inline]
pub(crate) fn wiped<const WORDS: usize, T>(operation: impl FnOnce() -> T) -> T {
    let result = apart(operation);
    overwrite::<WORDS>();
    result
}

#[inline(never)]
fn apart<T>(operation: impl FnOnce() -> T) -> T {
    operation()
}

/// The compiler has to assume that somebody reads the zeros.
#[inline(never)]
fn overwrite<const WORDS: usize>() {
    black_box(&mut [0_u32; WORDS]);
}
