//! The flash of the machine: a file of the host, with words that are written once between two erasures.

use crate::files;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use flash_journal::FlashJournal;
use semihosting::fs::File;
use semihosting::io::{Error, Read, Seek, SeekFrom, Write};

/// Two pages of the journal.
const LEN: u32 = 16 * 1024;
const ERASED: u8 = 0xff;

/// The journal in the flash of the machine.
pub(crate) type Journal = FlashJournal<'static, Flash>;

/// A file in the place of flash.
pub(crate) struct Flash {
    file: File,
}

/// Opens the journal; `None` if the file cannot be used.
pub(crate) fn journal() -> Option<Journal> {
    static SCRATCH: static_cell::ConstStaticCell<[u8; flash_journal::SCRATCH]> =
        static_cell::ConstStaticCell::new([0; flash_journal::SCRATCH]);
    let mut flash = Flash { file: files::open("flash", "bin")? };
    if flash.file.metadata().ok()?.len() < u64::from(LEN) {
        // As a chip is delivered.
        flash.erase(0, LEN).ok()?;
    }
    FlashJournal::new(flash, 0..LEN, SCRATCH.try_take()?)
}

impl Flash {
    fn at(&mut self, offset: u32) -> Result<&mut File, NorFlashErrorKind> {
        self.file.seek(SeekFrom::Start(offset.into())).map_err(failed)?;
        Ok(&mut self.file)
    }
}

fn failed(_: Error) -> NorFlashErrorKind {
    NorFlashErrorKind::Other
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.at(offset)?.read_exact(bytes).map_err(failed)
    }

    fn capacity(&self) -> usize {
        LEN as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
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
        for _ in bytes.chunks(Self::WRITE_SIZE) {
            let mut before = [0; Self::WRITE_SIZE];
            file.read_exact(&mut before).map_err(failed)?;
            if before != [ERASED; Self::WRITE_SIZE] {
                return Err(NorFlashErrorKind::Other);
            }
        }
        self.at(offset)?.write_all(bytes).map_err(failed)
    }
}
