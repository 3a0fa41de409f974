//! Reading fields in their order: big-endian numbers, and bytes behind their length.

use crate::error::{BlobError, Fault};

/// A cursor over the content that knows its place in the blob.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads bytes that begin at `at` in the blob.
    pub(crate) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { rest: bytes, at }
    }

    /// Returns the place of the next byte.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Returns the place behind the last byte.
    pub(crate) const fn end(&self) -> usize {
        self.at.saturating_add(self.rest.len())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Describes a fault at the next byte.
    pub(crate) fn fault(&self, fault: Fault, found: impl Into<u64>, wanted: impl Into<u64>) -> BlobError {
        BlobError { fault, offset: self.at, found: found.into(), wanted: wanted.into() }
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], BlobError> {
        let short = || self.fault(Fault::Length, number(self.rest.len()), number(len));
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(short)?;
        self.rest = rest;
        self.at = self.at.saturating_add(len);
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], BlobError> {
        let mut array = [0; N];
        for (place, byte) in array.iter_mut().zip(self.bytes(N)?) {
            *place = *byte;
        }
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, BlobError> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, BlobError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Reads the bytes behind a length of one byte.
    pub(crate) fn vec8(&mut self) -> Result<&'a [u8], BlobError> {
        let len = self.u8()?;
        self.bytes(len.into())
    }

    /// Reads the bytes behind a length of two bytes.
    pub(crate) fn vec16(&mut self) -> Result<&'a [u8], BlobError> {
        let len = self.u16()?;
        self.bytes(len.into())
    }

    /// Reads a text of printable ASCII behind a length of one byte.
    pub(crate) fn text(&mut self) -> Result<&'a str, BlobError> {
        let start = self.at.saturating_add(1);
        let bytes = self.vec8()?;
        if let Some((offset, odd)) = (start..).zip(bytes).find(|(_, byte)| !byte.is_ascii_graphic()) {
            return Err(BlobError { fault: Fault::Text, offset, found: (*odd).into(), wanted: 0 });
        }
        core::str::from_utf8(bytes).map_err(|_| self.fault(Fault::Text, 0_u8, 0_u8))
    }

    /// Reads a text that is not empty.
    pub(crate) fn name(&mut self) -> Result<&'a str, BlobError> {
        let empty = self.fault(Fault::Length, 0_u8, 1_u8);
        match self.text()? {
            "" => Err(empty),
            name => Ok(name),
        }
    }

    /// Returns a reader of the next `len` bytes.
    pub(crate) fn part(&mut self, len: usize) -> Result<Self, BlobError> {
        let at = self.at;
        self.bytes(len).map(|bytes| Self::new(bytes, at))
    }

    /// Returns all that is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Fails if bytes are left.
    pub(crate) fn finish(self) -> Result<(), BlobError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault(Fault::Length, number(self.rest.len()), 0_u8)) }
    }
}

/// Converts a length for an error.
pub(crate) fn number(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
