//! Firmware images that exist to be measured: `cargo xtask budget` builds them, reads their sections and runs some.
//!
//! *Images for flash* (`empty`, `client`, `server`, `both`) share one frame: start-up code, a polled UART as transport,
//! a stand-in for an entropy source, certificates, a request of 1 KiB. `empty` is the frame alone; the size of the
//! others beyond it is the cost of the core. The UART is read and written through volatile accesses, and everything the
//! images send and receive goes through it, so the optimizer cannot omit any part of the core. They are complete
//! programs on the public API, but are never run. None has an allocator: if one of the crates needed one, it would not
//! link.
//!
//! *Images for time and stack* (`replay_client`, `replay_server`) run the same roles in an emulator that counts
//! instructions. They receive what the program `record` has recorded of their peer: with fixed entropy on both sides
//! and deterministic signatures, all runs are identical.
//!
//! `resuming_client`, `resuming_server` and their `replay_` images are the same with tickets: the recording is of a
//! connection that resumes the session of the one before.
//!
//! `replay_functions` runs them as well, and prints the stack of each public function.
//!
//! With the feature `types` the library has, for each public type, a symbol that is as long as a value of the type.
#![no_std]

pub mod chains;
#[cfg(target_os = "none")]
pub mod frame;
#[cfg(feature = "replay")]
pub mod functions;
#[cfg(feature = "mbedtls")]
pub mod mbedtls;
#[cfg(feature = "embedded-tls")]
pub mod peer;
pub mod pki;
#[cfg(any(feature = "record", feature = "replay"))]
pub mod recording;
#[cfg(feature = "replay")]
pub mod replay;
#[cfg(feature = "resumption")]
pub mod resuming;
pub mod roles;
#[cfg(feature = "types")]
pub mod types;

/// The attribute of `main`: start-up code of the core calls it.
#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

#[cfg(not(any(feature = "cortex-m4", feature = "micro")))]
pub use embedded_mtls::crypto::rustcrypto::{P256SigningKey as Key, RustCrypto as Provider};
#[cfg(feature = "cortex-m4")]
pub use embedded_mtls_cortex_m4::{CortexM4 as Provider, CortexM4SigningKey as Key};
#[cfg(feature = "micro")]
pub use embedded_mtls_micro::{Micro as Provider, MicroSigningKey as Key};
