//! A flash in memory whose power can be cut in the middle of a write or an erase.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

/// Bytes of a word, which is written at once, and once only until it is erased.
pub const WORD: usize = 4;
/// Bytes that are erased together.
pub const PAGE: usize = 4096;

/// The result of an operation during which the power is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A part of it was done: some bits of a word, some bytes of a page.
    Within,
    /// The whole operation was done, but not reported.
    After,
}

/// The flash.
#[derive(Clone)]
pub struct Flash {
    bytes: Vec<u8>,
    /// Words that may still be written and pages that may still be erased until the power is cut, and how.
    power: Option<(usize, Cut)>,
    /// Words written and pages erased.
    pub operations: usize,
    /// Pages erased.
    pub erasures: usize,
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no power.
    NoPower,
    /// A word was written twice, or an address is wrong: a bug of the caller.
    Misuse,
}

impl Flash {
    /// Makes an erased flash of this number of pages.
    pub fn new(pages: usize) -> Self {
        Self { bytes: vec![0xff; pages * PAGE], power: None, operations: 0, erasures: 0 }
    }

    /// Cuts the power at the operation after this number of them.
    pub fn cut_after(&mut self, operations: usize, cut: Cut) {
        self.power = Some((operations, cut));
    }

    /// The power is back: what is in the flash stays as it is.
    pub fn reboot(mut self) -> Self {
        self.power = None;
        (self.operations, self.erasures) = (0, 0);
        self
    }

    /// Counts an operation, and returns how much of it is done.
    fn operate(&mut self) -> Result<Option<Cut>, Failure> {
        self.operations += 1;
        match &mut self.power {
            None => Ok(None),
            Some((usize::MAX, _)) => Err(Failure::NoPower),
            Some((left @ 0, cut)) => {
                *left = usize::MAX;
                Ok(Some(*cut))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(None)
            }
        }
    }

    fn place(&mut self, offset: u32, len: usize) -> Result<&mut [u8], Failure> {
        let start = usize::try_from(offset).map_err(|_| Failure::Misuse)?;
        self.bytes.get_mut(start..start + len).ok_or(Failure::Misuse)
    }
}

impl NorFlashError for Failure {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for Flash {
    type Error = Failure;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Failure> {
        if matches!(self.power, Some((usize::MAX, _))) {
            return Err(Failure::NoPower);
        }
        bytes.copy_from_slice(self.place(offset, bytes.len())?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Failure> {
        let pages = (from..to).step_by(PAGE);
        for page in pages {
            let cut = self.operate()?;
            self.erasures += 1;
            let bytes = self.place(page, PAGE)?;
            match cut {
                Some(Cut::Within) => bytes.iter_mut().step_by(3).for_each(|byte| *byte = 0xff),
                Some(Cut::After) | None => bytes.fill(0xff),
            }
            if cut.is_some() {
                return Err(Failure::NoPower);
            }
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Failure> {
        for (number, word) in (0_u32..).zip(bytes.chunks(WORD)) {
            let cut = self.operate()?;
            let place = self.place(offset + number * 4, word.len())?;
            if word.len() != WORD || place.iter().any(|&byte| byte != 0xff) {
                return Err(Failure::Misuse);
            }
            match cut {
                // Some bits are not yet what they should be.
                Some(Cut::Within) => place.iter_mut().zip(word).for_each(|(old, new)| *old &= new | 0x5a),
                Some(Cut::After) | None => place.copy_from_slice(word),
            }
            if cut.is_some() {
                return Err(Failure::NoPower);
            }
        }
        Ok(())
    }
}
