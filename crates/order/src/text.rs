//! Writing text into lent memory.

use core::fmt;

/// Text in lent memory; text that does not fit is an error.
pub struct Writer<'m> {
    memory: &'m mut [u8],
    len: usize,
}

impl<'m> Writer<'m> {
    /// Writes from the start of `memory`.
    pub const fn new(memory: &'m mut [u8]) -> Self {
        Self { memory, len: 0 }
    }

    /// Returns the number of bytes written.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Returns the text; `None` never occurs, since only text is written.
    pub fn into_str(self) -> Option<&'m str> {
        core::str::from_utf8(self.memory.get(..self.len)?).ok()
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.checked_add(text.len()).ok_or(fmt::Error)?;
        self.memory.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
