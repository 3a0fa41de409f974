//! The loops that decide the speed, in safe Rust for every target. [`assembly`](crate::assembly) has the same functions for Cortex-M4; the two
//! are compared with each other where both run.
#![forbid(unsafe_code)]

#[cfg(feature = "aes128-gcm")]
pub(crate) mod aes128;
pub(crate) mod chacha20;
#[cfg(feature = "aes128-gcm")]
pub(crate) mod ghash;
pub(crate) mod inverse;
pub(crate) mod p256;
pub(crate) mod poly1305;
pub(crate) mod sha256;
#[cfg_attr(assembly, allow(dead_code, reason = "stacks are not compared"))]
pub(crate) mod stack;
