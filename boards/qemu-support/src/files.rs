//! Files of the host, below the folder in which QEMU was started.

use core::ffi::CStr;
use semihosting::fs::{self, File};
use semihosting::io::{Read, Write};

/// Memory for data that is read once and kept: arguments, certificates.
pub(crate) struct Arena {
    free: &'static mut [u8],
}

/// Bytes of a file name with its zero.
const NAME: usize = 64;

impl Arena {
    /// All of it.
    pub(crate) fn new() -> Self {
        static MEMORY: static_cell::ConstStaticCell<[u8; 3072]> = static_cell::ConstStaticCell::new([0; 3072]);
        Self { free: MEMORY.take() }
    }

    /// Keeps a copy of `bytes`.
    pub(crate) fn keep(&mut self, bytes: &[u8]) -> Option<&'static [u8]> {
        self.claim(|free| {
            free.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Some(bytes.len())
        })
    }

    /// Keeps the file `stem` with the ending `end`.
    pub(crate) fn load(&mut self, stem: &str, end: &str) -> Option<&'static [u8]> {
        self.claim(|free| load(stem, end, free))
    }

    fn claim(&mut self, fill: impl FnOnce(&mut [u8]) -> Option<usize>) -> Option<&'static [u8]> {
        let len = fill(self.free)?;
        let (taken, rest) = core::mem::take(&mut self.free).split_at_mut_checked(len)?;
        self.free = rest;
        Some(taken)
    }
}

/// Reads a file into `memory`, which has to be larger; returns its length.
pub(crate) fn load(stem: &str, end: &str, memory: &mut [u8]) -> Option<usize> {
    let mut name = [0; NAME];
    let mut file = File::open(path(stem, end, &mut name)?).ok()?;
    let mut len = 0;
    loop {
        match file.read(memory.get_mut(len..).filter(|rest| !rest.is_empty())?).ok()? {
            0 => return Some(len),
            count => len += count,
        }
    }
}

/// Opens a file for reading and writing, and makes it if there is none.
#[cfg(feature = "full")]
pub(crate) fn open(stem: &str, end: &str) -> Option<File> {
    let mut name = [0; NAME];
    let path = path(stem, end, &mut name)?;
    if File::open(path).is_err() {
        File::create(path).ok()?;
    }
    File::options().read(true).write(true).open(path).ok()
}

/// Replaces a file atomically: a reader gets the old one or the new one.
pub(crate) fn replace(stem: &str, end: &str, bytes: &[u8]) -> bool {
    let (mut name, mut draft) = ([0; NAME], [0; NAME]);
    let (Some(path), Some(draft)) = (path(stem, end, &mut name), path(stem, "draft", &mut draft)) else { return false };
    let written = File::create(draft).and_then(|mut file| file.write_all(bytes));
    written.and_then(|()| fs::rename(draft, path)).is_ok()
}

/// Removes a file; returns whether it is gone.
pub(crate) fn remove(stem: &str, end: &str) -> bool {
    path(stem, end, &mut [0; NAME]).is_some_and(|path| fs::remove_file(path).is_ok())
}

fn path<'n>(stem: &str, end: &str, name: &'n mut [u8; NAME]) -> Option<&'n CStr> {
    let (stem, end) = (stem.as_bytes(), end.as_bytes());
    name.get_mut(..stem.len())?.copy_from_slice(stem);
    *name.get_mut(stem.len())? = b'.';
    name.get_mut(stem.len() + 1..)?.get_mut(..end.len())?.copy_from_slice(end);
    CStr::from_bytes_until_nul(name).ok()
}
