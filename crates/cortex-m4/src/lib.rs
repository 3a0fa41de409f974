//! P-256 in assembly for Cortex-M4, as a provider of the cryptography of [`embedded_mtls`]: a handshake takes a sixth to a
//! seventh of the instructions of [`embedded_mtls::crypto::rustcrypto`], which does everything else here.
//!
//! The multiplications of points are those of the crate `p256-cm4` (P256-Cortex-M4 in Rust), the
//! numbers modulo the order of the group those of `p256`. For thumbv7em alone: elsewhere the crate is empty.
//!
//! # Caveats
//!
//! The multiplications take the same time for all scalars as long as memory does: they read tables at places
//! that depend on secrets. That is so on a Cortex-M4 that reads its flash without a data cache. **Not on a Cortex-M7
//! with its data cache on**, which has the same target triple; nor where a flash controller caches data (switch
//! that off, as `DCEN` of STM32). What the assembly leaves on the stack is not wiped.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

#[cfg(test)]
extern crate std;

#[cfg(target_arch = "arm")]
mod provider;
#[cfg(any(test, target_arch = "arm"))]
mod signature;

#[cfg(target_arch = "arm")]
pub use self::provider::{CortexM4, CortexM4PrivateKey, CortexM4SigningKey};
