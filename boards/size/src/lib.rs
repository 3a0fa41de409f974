//! Firmware images that exist to be measured: `cargo xtask budget` builds them and reads their sections.
//!
//! Four images share one frame (start-up code, a polled UART as transport, a stand-in for an entropy
//! source, certificates, a request of 1 KiB). `empty` is the frame alone; what `client`, `server` and
//! `both` are larger is what the core costs. The UART is read and written through volatile accesses,
//! and everything the images send and receive goes through it, so nothing of the core can be left out
//! by the optimiser. The images are complete programs on the public API, but nobody runs them.
//!
//! No image has an allocator: if one of the crates needed one, it would not link.
//!
//! With the feature `types` the library has, for each public type, a symbol that is as long as a value of the type.
#![no_std]

#[cfg(target_os = "none")]
pub mod frame;
#[cfg(target_os = "none")]
pub mod roles;
#[cfg(feature = "types")]
pub mod types;
