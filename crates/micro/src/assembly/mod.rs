//! The loops that decide the speed, in assembly for Cortex-M4 and Cortex-M33: the portable form has functions with the same names, and each is compared
//! with it in the emulator, as operations that use them are with RustCrypto. **The only folder with `unsafe` code.**
//!
//! `UMAAL`, which multiplies two words and adds two words, takes one cycle on a Cortex-M4 and M33, regardless of the words; nothing here branches
//! on a value or indexes with one.
//!
//! In each block, registers other than r6 and r7 are operands or declared as clobbered. Those two belong to the compiler and are kept on the
//! stack meanwhile. No block calls anything.
#![allow(unsafe_code)]
#![allow(clippy::too_many_lines, reason = "a loop is one block of assembly")]

#[cfg(feature = "aes128-gcm")]
pub(crate) mod aes128;
pub(crate) mod chacha20;
#[cfg(feature = "aes128-gcm")]
pub(crate) mod ghash;
pub(crate) mod inverse;
#[cfg(feature = "compact-memory")]
mod memory;
pub(crate) mod p256;
pub(crate) mod poly1305;
pub(crate) mod sha256;
pub(crate) mod stack;
