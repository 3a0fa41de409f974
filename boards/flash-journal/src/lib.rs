//! The order, the ticket and the blob of a gateway in NOR flash, for all boards: a power cut at any time leaves them whole.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod blobs;
mod journal;
mod pages;
#[cfg(test)]
mod simulator;

pub use crate::blobs::{BlobSlots, NotStored};
pub use crate::journal::{FlashJournal, SCRATCH, journal};
pub use crate::pages::Pages;
