//! The flash of the board, which the blob and the journal share.

use core::cell::RefCell;
use core::marker::PhantomData;
use core::ops::Range;

use embassy_embedded_hal::flash::partition::BlockingPartition;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_mtls::x509::UnixTime;
use embedded_storage::nor_flash::NorFlash;
use flash_journal::{BlobSlots, BlobStore, FlashJournal, SCRATCH, journal};
use gateway::FleetKey;
use static_cell::ConstStaticCell;

use crate::blobs::{Blobs, LONGEST};

/// The values that an image for flash of the kind `F` has from its build: [`image!`](crate::image) defines it.
pub struct Image<F> {
    /// The public key of the fleet, whose blobs are accepted.
    fleet_key: FleetKey,
    /// The time of the build.
    built: UnixTime,
    /// The address from which the driver of the flash counts.
    base: u32,
    /// The slots of the blob.
    slots: Range<u32>,
    /// The journal.
    journal: Range<u32>,
    flash: PhantomData<fn(F)>,
}

impl<F: NorFlash> Image<F> {
    /// Describes an image: `built` counts the seconds since 1970, and `slots` and `journal` are counted from the address `base`, as the
    /// driver of the flash counts. In a `static`, places that do not fit the sectors of the flash do not compile:
    ///
    /// ```compile_fail,E0080
    /// # use hardware::{FleetKey, Image, Pages};
    /// # use mtls_journal::simulator::Flash;
    /// type Disk = Pages<Flash<4, 4096>, 8192>;
    /// static IMAGE: Image<Disk> = Image::new(FleetKey::new([4; 65]), 0, 0, 0x1000..0x5000, 0x6000..0xa000);
    /// ```
    ///
    /// # Panics
    /// If these are not two slots of whole sectors for the longest blob, and two pages or more for a journal.
    pub const fn new(fleet_key: FleetKey, built: i64, base: u32, slots: Range<u32>, journal: Range<u32>) -> Self {
        let (half, page) = ((slots.end - slots.start) as usize / 2, F::ERASE_SIZE);
        let is_whole = is_multiple(slots.start, page) && half.is_multiple_of(page) && is_multiple(slots.end, page);
        assert!(
            is_whole,
            "memory.x: SLOTS are not two slots of whole sectors of this flash (of whole pages, if it has `Pages`)"
        );
        assert!(half >= LONGEST, "memory.x: SLOTS have no room for two blobs of 8 KiB");
        let pages = (journal.end - journal.start) as usize / page;
        let is_whole = is_multiple(journal.start, page) && is_multiple(journal.end, page) && pages >= 2;
        assert!(
            is_whole,
            "memory.x: JOURNAL is not two or more whole sectors of this flash (whole pages, if it has `Pages`)"
        );
        assert!(page > SCRATCH, "a sector of this flash has no room for an order: join several by `Pages`");
        Self { fleet_key, built: UnixTime(built), base, slots, journal, flash: PhantomData }
    }
}

const fn is_multiple(place: u32, page: usize) -> bool {
    (place as usize).is_multiple_of(page)
}

/// Defines a `static` named `IMAGE` with the description that the build script has written, for the type of the board's flash.
#[macro_export]
macro_rules! image {
    ($flash:ty) => {
        #[allow(clippy::unreadable_literal, reason = "nobody reads it")]
        static IMAGE: $crate::Image<$flash> = include!(concat!(env!("OUT_DIR"), "/image.rs"));
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
    /// If there is a journal already.
    pub fn journal(&self, image: &Image<F>) -> FlashJournal<'static, Part<'_, F>> {
        let (part, len) = self.part(&image.journal);
        journal(part, 0..len)
    }

    /// Finds the blobs of the device.
    ///
    /// # Panics
    /// If the flash ends before them, or if it is called twice.
    pub fn blobs(&self, image: &Image<F>) -> Blobs<Part<'_, F>> {
        static ROOM: ConstStaticCell<[[u8; LONGEST]; 2]> = ConstStaticCell::new([[0; LONGEST]; 2]);
        self.blobs_with(image, ROOM.take())
    }

    /// Finds the blobs of the device, with memory for one on its way and one in flash.
    pub(crate) fn blobs_with(&self, image: &Image<F>, memory: &'static mut [[u8; LONGEST]; 2]) -> Blobs<Part<'_, F>> {
        let (part, len) = self.part(&image.slots);
        let slots = BlobSlots::new(part, 0..len, image.fleet_key).expect("flash that has the places of memory.x");
        let [received, scratch] = memory;
        let store = BlobStore::new(slots.with_longest(LONGEST), received, scratch);
        Blobs { store, start: image.base + image.slots.start, built: image.built }
    }

    fn part(&self, range: &Range<u32>) -> (Part<'_, F>, u32) {
        let len = range.end - range.start;
        (BlockingPartition::new(&self.0, range.start, len), len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flash_journal::Pages;
    use mtls_journal::simulator::Flash;
    use std::string::String;

    /// Flash whose sectors are shorter than an order, and pages of it that are not.
    type Short = Flash<4, 4096>;
    type Disk = Pages<Short, 8192>;

    /// Describes an image for a flash, and returns what is wrong with it.
    fn problem<F: NorFlash>(slots: Range<u32>, journal: Range<u32>) -> Option<String> {
        let describe = || _ = Image::<F>::new(FleetKey::new([4; 65]), 0, 0, slots, journal);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(describe)).err()?;
        Some((*panic.downcast::<&str>().unwrap()).into())
    }

    #[test]
    fn places_that_do_not_fit_the_sectors_of_the_flash_are_refused() {
        assert_eq!(problem::<Disk>(0x2000..0x6000, 0x6000..0xa000), None);
        assert_eq!(problem::<Disk>(0x6000..0xe000, 0xe000..0x1_4000), None);
        for (slots, journal, told) in [
            (0x1000..0x5000, 0x6000..0xa000, "SLOTS are not two slots of whole sectors"),
            (0x2000..0x5000, 0x6000..0xa000, "SLOTS are not two slots of whole sectors"),
            (0x2000..0x8000, 0x8000..0xc000, "SLOTS are not two slots of whole sectors"),
            (0x2000..0x2000, 0x6000..0xa000, "SLOTS have no room"),
            (0x2000..0x6000, 0x7000..0xb000, "JOURNAL is not two or more whole sectors"),
            (0x2000..0x6000, 0x6000..0xb000, "JOURNAL is not two or more whole sectors"),
            (0x2000..0x6000, 0x6000..0x8000, "JOURNAL is not two or more whole sectors"),
        ] {
            let found = problem::<Disk>(slots.clone(), journal.clone()).unwrap_or_default();
            assert!(found.contains(told), "{slots:#x?} {journal:#x?}: {found}, expected {told}");
        }
        assert!(problem::<Short>(0x1000..0x3000, 0x3000..0x7000).unwrap().contains("SLOTS have no room"));
        assert!(problem::<Short>(0x1000..0x5000, 0x5000..0x7000).unwrap().contains("no room for an order"));
    }
}
