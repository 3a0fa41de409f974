//! The order, the ticket and the own key of a device in NOR flash: a power cut at any time tears none of them.
//!
//! ```text
//!  mtls_order::Queue ──▶ FlashJournal ──▶ Pages ──▶ the NOR flash of a board
//!    order, ticket,        a log of entries  two pages       or
//!    seed, key             with checksums    of sectors   simulator::Flash, whose power fails at any word
//! ```
//!
//! The key is the private key that the device has made itself, and lies in the flash in the clear.
//!
//! The firmware of `boards/` and the simulated fleet of `embedded-mtls-sim` run this code.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "simulator"))]
extern crate std;

/// Logs through `defmt`, or not at all.
macro_rules! log {
    ($level:ident, $text:literal) => {
        #[cfg(feature = "defmt")]
        ::defmt::$level!($text);
    };
}

mod journal;
mod pages;
#[cfg(any(test, feature = "simulator"))]
pub mod simulator;

pub use crate::journal::{FlashJournal, SCRATCH, Unreadable};
pub use crate::pages::Pages;
