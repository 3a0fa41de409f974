//! Code shared by the real boards.
//!
//! ```text
//!  fleet's public key, memory.x ──▶ image ──▶ Image ─┐
//!    (build script of the board)                      ▼
//!  flash ──▶ Storage ──▶ Blobs, journal ─┐           run ──▶ gateway::device::run, again and again
//!                                        ▼            ▲
//!  generator, keys ───────────────────▶ Device: Board ┤
//!  UART ────────────────────────────────▶ line ───────┘
//! ```
//!
//! A board calls [`start`], takes its [`Blobs`] from its [`Storage`], creates a [`Device`] from its peripherals, starts its [`network`],
//! and awaits [`run`], which takes all that the device knows from a blob in flash, and a newer blob from the serial line of the board. On a
//! microcontroller this crate also provides the log (RTT) and the panic handler, which logs and then stops the core.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod address;
mod blobs;
mod device;
mod line;
mod noise;
mod run;
mod start;
mod storage;

#[cfg(target_os = "none")]
use defmt_rtt as _;
#[cfg(all(target_os = "none", target_arch = "arm"))]
use panic_probe as _;

pub use crate::address::mac_address;
pub use crate::blobs::Blobs;
pub use crate::device::{Device, Keys, SoftwareKeys};
pub use crate::line::{BAUD, line_memory};
pub use crate::noise::Noise;
pub use crate::run::run;
#[cfg(feature = "w5500")]
pub use crate::start::w5500;
pub use crate::start::{network, seed, start};
pub use crate::storage::{Image, Part, Storage};
pub use flash_journal::Pages;
pub use gateway::FleetKey;
