//! The flash of the board, which the blob and the journal share.

use core::cell::RefCell;
use core::ops::Range;

use embassy_embedded_hal::flash::partition::BlockingPartition;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_storage::nor_flash::NorFlash;
use flash_journal::{BlobSlots, FlashJournal, journal};
use gateway::FleetKey;

use crate::blobs::{Blobs, LONGEST};

/// The values that the image has from its build: [`image!`](crate::image) defines it.
pub struct Image {
    /// The public key of the fleet, whose blobs are accepted.
    pub fleet_key: FleetKey,
    /// The time of the build, in seconds since 1970.
    pub built: i64,
    /// The address from which the driver of the flash counts.
    pub base: u32,
    /// The slots of the blob.
    pub slots: Range<u32>,
    /// The journal.
    pub journal: Range<u32>,
}

/// Defines a `static` named `IMAGE` with the description that the build script has written.
#[macro_export]
macro_rules! image {
    () => {
        include!(concat!(env!("OUT_DIR"), "/image.rs"));
    };
}

/// A flash that several have a part of.
pub struct Storage<F>(Mutex<NoopRawMutex, RefCell<F>>);

/// A part of the flash.
pub type Part<'f, F> = BlockingPartition<'f, NoopRawMutex, F>;

impl<F: NorFlash> Storage<F> {
    /// Takes the driver of the flash.
    pub const fn new(flash: F) -> Self {
        Self(Mutex::new(RefCell::new(flash)))
    }

    /// Creates the journal.
    ///
    /// # Panics
    /// If its place is not two whole pages, or if there is a journal already.
    pub fn journal(&self, image: &Image) -> FlashJournal<'static, Part<'_, F>> {
        let (part, len) = self.part(&image.journal);
        journal(part, 0..len)
    }

    /// Finds the blobs of the device.
    ///
    /// # Panics
    /// If their place is not two slots of whole sectors, or if it is called twice.
    pub fn blobs(&self, image: &'static Image) -> Blobs<Part<'_, F>> {
        let (part, len) = self.part(&image.slots);
        let slots = BlobSlots::new(part, 0..len, image.fleet_key).expect("two slots of whole sectors");
        Blobs::new(slots.with_longest(LONGEST), image)
    }

    fn part(&self, range: &Range<u32>) -> (Part<'_, F>, u32) {
        let len = range.end - range.start;
        (BlockingPartition::new(&self.0, range.start, len), len)
    }
}
