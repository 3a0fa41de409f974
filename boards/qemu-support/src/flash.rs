//! The flash of the machine: a file of the host, with words that are written once between two erasures. One holds the journal, one the blob.

use crate::files;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use flash_journal::{BlobSlots, BlobStore, FlashJournal};
use gateway::{FleetKey, Unreadable};
use semihosting::fs::File;
use semihosting::io::{Error, Read, Seek, SeekFrom, Write};
use zeroize::Zeroizing;

/// Two pages of the journal.
const JOURNAL: u32 = 16 * 1024;
/// Two slots of the blob.
const SLOTS: u32 = 7 * 1024;
/// Bytes that are written at once.
const WORD: usize = 4;
const ERASED: u8 = 0xff;

/// The journal in the flash of the machine.
pub(crate) type Journal = FlashJournal<'static, Flash<JOURNAL>>;

/// A file in the place of flash: two sectors.
pub(crate) struct Flash<const LEN: u32> {
    file: File,
}

/// The slots of the blob, in flash of their own.
type Slots = BlobSlots<Flash<SLOTS>>;

/// The slots with memory for a blob on its way.
pub(crate) type Store = BlobStore<'static, Flash<SLOTS>>;

/// Bytes of a slot.
pub(crate) const SLOT: usize = SLOTS as usize / 2;

/// Opens the slots of the blob; `None` if the file cannot be used.
pub(crate) fn slots(fleet_key: FleetKey) -> Option<Slots> {
    BlobSlots::new(Flash::open("blobs")?, 0..SLOTS, fleet_key)
}

/// Opens the journal; `None` if the file cannot be used.
pub(crate) fn journal() -> Option<Journal> {
    static SCRATCH: static_cell::ConstStaticCell<[u8; flash_journal::SCRATCH]> =
        static_cell::ConstStaticCell::new([0; flash_journal::SCRATCH]);
    FlashJournal::new(Flash::open("flash")?, 0..JOURNAL, SCRATCH.try_take()?)
}

/// Returns the private key that the machine has made, if it has made one.
pub(crate) fn own_key(journal: &mut Journal) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
    journal.own_key().map_err(|_| Unreadable)
}

impl<const LEN: u32> Flash<LEN> {
    /// Opens the file of a flash; `None` if it cannot be used.
    fn open(stem: &str) -> Option<Self> {
        let mut flash = Self { file: files::open(stem, "bin")? };
        if flash.file.metadata().ok()?.len() < u64::from(LEN) {
            // As a chip is delivered.
            flash.erase(0, LEN).ok()?;
        }
        Some(flash)
    }

    fn at(&mut self, offset: u32) -> Result<&mut File, NorFlashErrorKind> {
        self.file.seek(SeekFrom::Start(offset.into())).map_err(failed)?;
        Ok(&mut self.file)
    }
}

fn failed(_: Error) -> NorFlashErrorKind {
    NorFlashErrorKind::Other
}

impl<const LEN: u32> ErrorType for Flash<LEN> {
    type Error = NorFlashErrorKind;
}

impl<const LEN: u32> ReadNorFlash for Flash<LEN> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.at(offset)?.read_exact(bytes).map_err(failed)
    }

    fn capacity(&self) -> usize {
        LEN as usize
    }
}

impl<const LEN: u32> NorFlash for Flash<LEN> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = LEN as usize / 2;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let file = self.at(from)?;
        for _ in (from..to).step_by(64) {
            file.write_all(&[ERASED; 64]).map_err(failed)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let file = self.at(offset)?;
        for _ in bytes.chunks(WORD) {
            let mut before = [0; WORD];
            file.read_exact(&mut before).map_err(failed)?;
            if before != [ERASED; WORD] {
                return Err(NorFlashErrorKind::Other);
            }
        }
        self.at(offset)?.write_all(bytes).map_err(failed)
    }
}
