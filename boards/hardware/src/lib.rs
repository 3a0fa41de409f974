//! Code shared by the real boards.
//!
//! ```text
//!  files of the owner ──▶ provisioning ──▶ Identity ─┐
//!    (build script of the board)                     ▼
//!  generator ─┐                                    run ──▶ gateway::app::run, again and again
//!  flash ─────┼─▶ Device: Board, Journal ────────────▲
//!  key ───────┘
//! ```
//!
//! A board calls [`start`], creates a [`Device`] from its peripherals, starts its [`network`], and awaits [`run`]. On a
//! microcontroller this crate also provides the log (RTT) and the panic handler, which logs and then stops the core.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod device;
mod identity;
mod noise;
mod run;
mod start;

#[cfg(target_os = "none")]
use defmt_rtt as _;
#[cfg(all(target_os = "none", target_arch = "arm"))]
use panic_probe as _;

pub use crate::device::{Device, Signer, SoftwareKey};
pub use crate::identity::{Identity, mac_address};
pub use crate::noise::Noise;
pub use crate::run::run;
#[cfg(feature = "w5500")]
pub use crate::start::w5500;
pub use crate::start::{network, seed, start};
pub use flash_journal::{FlashJournal, Pages, SCRATCH, journal};
