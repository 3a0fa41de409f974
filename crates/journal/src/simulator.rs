//! NOR flash in memory, for tests and simulations: writing clears bits, erasing sets whole sectors, and the power may fail in
//! between, within a word or a sector.

use core::ops::Range;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use std::vec;
use std::vec::Vec;

/// The state of the power supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// It does not fail.
    On,
    /// Fails after this many words written or sectors erased; the next one is left half done.
    FailsAfter(usize),
}

/// A flash whose words have `WORD` bytes and whose sectors have `SECTOR`.
#[derive(Clone)]
pub struct Flash<const WORD: usize, const SECTOR: usize> {
    /// Its content.
    pub bytes: Vec<u8>,
    /// The power supply.
    pub power: Power,
    /// Sectors that were erased.
    pub erasures: usize,
    /// Words that were written and sectors that were erased: the places at which the power can fail.
    pub operations: usize,
    /// A byte that can no longer be written.
    pub worn: Option<usize>,
    /// Reports what a power cut left half done, as flash with error correction does, in place of the bytes there.
    pub reports: bool,
    /// Fails at each read.
    pub is_unreadable: bool,
    /// The word at which the power failed.
    torn: Option<usize>,
    /// The word or the sector that a power cut left half done.
    half_done: Option<Range<usize>>,
}

impl<const WORD: usize, const SECTOR: usize> Flash<WORD, SECTOR> {
    /// Creates an erased flash.
    pub fn new(len: usize) -> Self {
        Self {
            bytes: vec![0xff; len],
            power: Power::On,
            erasures: 0,
            operations: 0,
            worn: None,
            reports: false,
            is_unreadable: false,
            torn: None,
            half_done: None,
        }
    }

    /// Returns how much of an operation on `len` bytes is done: all of it, or half of it and nothing afterwards.
    fn draw(&mut self, len: usize) -> Result<usize, usize> {
        self.operations += 1;
        match &mut self.power {
            Power::On => Ok(len),
            Power::FailsAfter(0) => {
                self.power = Power::FailsAfter(usize::MAX);
                Err(len / 2)
            }
            Power::FailsAfter(usize::MAX) => Err(0),
            Power::FailsAfter(left) => {
                *left -= 1;
                Ok(len)
            }
        }
    }
}

impl<const WORD: usize, const SECTOR: usize> ErrorType for Flash<WORD, SECTOR> {
    type Error = NorFlashErrorKind;
}

impl<const WORD: usize, const SECTOR: usize> ReadNorFlash for Flash<WORD, SECTOR> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, out: &mut [u8]) -> Result<(), Self::Error> {
        let start = offset as usize;
        let end = start + out.len();
        let bytes = self.bytes.get(start..end).ok_or(NorFlashErrorKind::OutOfBounds)?;
        if self.is_unreadable
            || self.reports && self.half_done.as_ref().is_some_and(|part| part.start < end && start < part.end)
        {
            return Err(NorFlashErrorKind::Other);
        }
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const WORD: usize, const SECTOR: usize> NorFlash for Flash<WORD, SECTOR> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let (from, to) = (from as usize, to as usize);
        assert!(from.is_multiple_of(SECTOR) && to.is_multiple_of(SECTOR), "{from}..{to}");
        for start in (from..to).step_by(SECTOR) {
            let done = self.draw(SECTOR);
            let (Ok(len) | Err(len)) = done;
            self.bytes[start..start + len].fill(0xff);
            self.erasures += 1;
            if done.is_err() && len > 0 {
                self.half_done = Some(start..start + SECTOR);
            } else if self
                .half_done
                .as_ref()
                .is_some_and(|part| done.is_ok() && start <= part.start && part.end <= start + SECTOR)
            {
                self.half_done = None;
            }
            done.map_err(|_| NorFlashErrorKind::Other)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, data: &[u8]) -> Result<(), Self::Error> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && data.len().is_multiple_of(WORD), "{offset} {}", data.len());
        for (at, word) in (offset..).step_by(WORD).zip(data.chunks(WORD)) {
            let target = self.bytes.get(at..at + WORD).ok_or(NorFlashErrorKind::OutOfBounds)?;
            // Flash with error correction accepts a word once; an interrupted write may be repeated.
            let erased = target.iter().all(|byte| *byte == 0xff);
            assert!(erased || self.torn == Some(at), "the word at {at} is written twice");
            let done = self.draw(WORD);
            let (Ok(len) | Err(len)) = done;
            for (place, new) in (at..).zip(&word[..len]).filter(|(place, _)| self.worn != Some(*place)) {
                self.bytes[place] &= *new;
            }
            if done.is_err() && len < WORD {
                // Some bits of the byte at which the power failed.
                self.bytes[at + len] &= word[len] | 0x0f;
                self.torn = Some(at);
                self.half_done = (len > 0).then_some(at..at + WORD).or(self.half_done.take());
            }
            done.map_err(|_| NorFlashErrorKind::Other)?;
        }
        Ok(())
    }
}
