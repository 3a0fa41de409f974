//! A cryptography provider for [`embedded_mtls`] with P-256 in assembly for Cortex-M4: a handshake takes about one
//! sixth of the instructions of [`embedded_mtls::crypto::rustcrypto`], which does everything else here.
//!
//! Point multiplication is that of the crate `p256-cm4` (P256-Cortex-M4 in Rust), scalar arithmetic that of `p256`. The
//! crate is for thumbv7em; on other targets it is empty.
//!
//! # Caveats
//!
//! Multiplication is constant-time only if memory accesses are: it looks up tables at secret-dependent addresses. This
//! is the case on a Cortex-M4 that reads its flash without a data cache, **but not on a Cortex-M7 with its data cache
//! enabled**, which has the same target triple, nor where a flash controller caches data (disable that, for example
//! with `DCEN` on STM32). Data that the assembly leaves on the stack is not wiped.
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

#[cfg(target_arch = "arm")]
mod provider;
#[cfg(target_arch = "arm")]
pub use self::provider::{CortexM4, CortexM4PrivateKey, CortexM4SigningKey};
