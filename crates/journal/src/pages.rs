//! Flash with larger pages than its sectors.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// Joins sectors of a flash into pages of `BYTES` bytes: an order has to fit into one page, and sectors often have 4
/// KiB.
///
/// An interrupted erasure leaves the end of a page unchanged; [`FlashJournal`](crate::FlashJournal) is tested for that.
pub struct Pages<F, const BYTES: usize>(F);

impl<F: NorFlash, const BYTES: usize> Pages<F, BYTES> {
    /// Joins the sectors of `flash`. Sizes that cannot be joined do not compile.
    pub const fn new(flash: F) -> Self {
        const { assert!(BYTES > 0 && BYTES.is_multiple_of(F::ERASE_SIZE), "a page consists of whole sectors") };
        Self(flash)
    }
}

impl<F: ErrorType, const BYTES: usize> ErrorType for Pages<F, BYTES> {
    type Error = F::Error;
}

impl<F: ReadNorFlash, const BYTES: usize> ReadNorFlash for Pages<F, BYTES> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: NorFlash, const BYTES: usize> NorFlash for Pages<F, BYTES> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.write(offset, bytes)
    }
}
