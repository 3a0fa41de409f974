//! The order, the ticket, the own key and the blob of a gateway in NOR flash, for all boards: a power cut at any time tears none of them.
//!
//! The journal is [`mtls_journal`], which the simulation of a fleet runs as well.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod blobs;

pub use crate::blobs::{BlobSlots, BlobStore, NotStored};
pub use embedded_mtls_blob::BlobError;
pub use mtls_journal::{FlashJournal, Pages, SCRATCH};

use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;
use static_cell::ConstStaticCell;

/// Creates a journal in the bytes `range` of `flash`, counted from its start.
///
/// # Panics
/// If these are not two whole pages, or if a journal exists already.
pub fn journal<F: NorFlash>(flash: F, range: Range<u32>) -> FlashJournal<'static, F> {
    static MEMORY: ConstStaticCell<[u8; SCRATCH]> = ConstStaticCell::new([0; SCRATCH]);
    FlashJournal::new(flash, range, MEMORY.take()).expect("two whole pages")
}
