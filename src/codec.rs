//! Reading and writing the presentation language of RFC 9846 section 3: big-endian integers and
//! length-prefixed vectors.
//!
//! A [`Reader`] never looks outside its slice and never panics; a [`Writer`] fills a lent slice and reports [`Full`] if
//! the data does not fit. Trailing bytes are an error by construction: a message is parsed through [`read_all`].

use crate::error::InvalidMessage;
use core::ops::Range;

/// Copies as many bytes as both have, and returns their number: unlike `copy_from_slice`, it has no panic.
pub(crate) fn copy(place: &mut [u8], bytes: &[u8]) -> usize {
    let count = place.len().min(bytes.len());
    // In this form the compiler sees that the lengths are equal. When it optimizes for size, a loop becomes no `memcpy`.
    if let (Some(place), Some(bytes)) = (place.get_mut(..count), bytes.get(..count)) {
        place.copy_from_slice(bytes);
    }
    count
}

/// Moves the bytes of a range to `to`, in front of it; a range that does not exist or is not behind `to` is left alone.
///
/// Copies in pieces of the length of the move, which do not overlap: a function that moves in both directions takes 1.6
/// KB.
pub(crate) fn move_to_front(buffer: &mut [u8], range: Range<usize>, to: usize) {
    let Some(way) = range.start.checked_sub(to).filter(|way| *way > 0) else { return };
    let mut rest = buffer.get_mut(to..range.end).unwrap_or_default();
    while let Some((place, bytes)) = rest.split_at_mut_checked(way) {
        copy(place, bytes);
        rest = bytes;
    }
}

/// Defines a code point: a number with names, so that unknown values survive parsing and the state that uses them
/// rejects them.
macro_rules! code_points {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($repr:ty) { $($(#[$vmeta:meta])* $variant:ident = $value:literal => $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        $vis struct $name($vis $repr);

        #[allow(dead_code, reason = "the list follows the registry, not our use of it")]
        impl $name {
            $($(#[$vmeta])* $vis const $variant: Self = Self($value);)*

            /// The name as the RFCs write it, or `None` for a value this crate does not know.
            $vis const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl From<$repr> for $name {
            fn from(value: $repr) -> Self {
                Self(value)
            }
        }

        impl From<$name> for $repr {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}({:#06x})", stringify!($name), self.0),
                }
            }
        }
    };
}

/// Parses all of `bytes` with `parse`; bytes that remain are an error
/// (RFC 9846 section 6.2, `decode_error`: "the length of the message was incorrect").
///
/// RFC 9846 section 4.3.
pub(crate) fn read_all<'a, T>(
    bytes: &'a [u8],
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, InvalidMessage>,
) -> Result<T, InvalidMessage> {
    let mut reader = Reader::new(bytes);
    let value = parse(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// A cursor over received bytes.
///
/// RFC 9846 section 6.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn finish(self) -> Result<(), InvalidMessage> {
        if self.rest.is_empty() { Ok(()) } else { Err(InvalidMessage::TrailingBytes) }
    }

    /// Returns the rest.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], InvalidMessage> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(InvalidMessage::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], InvalidMessage> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(InvalidMessage::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, InvalidMessage> {
        let [value] = *self.array()?;
        Ok(value)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, InvalidMessage> {
        Ok(u16::from_be_bytes(*self.array()?))
    }

    /// Reads the length of a vector of three bytes.
    pub(crate) fn u24(&mut self) -> Result<usize, InvalidMessage> {
        let [high, middle, low] = *self.array()?;
        usize::try_from(u32::from_be_bytes([0, high, middle, low])).map_err(|_| InvalidMessage::MessageTooLong)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, InvalidMessage> {
        Ok(u32::from_be_bytes(*self.array()?))
    }

    /// A vector with a length of one byte in front.
    pub(crate) fn vec8(&mut self) -> Result<&'a [u8], InvalidMessage> {
        let len = self.u8()?;
        self.bytes(usize::from(len))
    }

    /// A vector with a length of two bytes in front.
    pub(crate) fn vec16(&mut self) -> Result<&'a [u8], InvalidMessage> {
        let len = self.u16()?;
        self.bytes(usize::from(len))
    }

    /// A vector with a length of three bytes in front.
    pub(crate) fn vec24(&mut self) -> Result<&'a [u8], InvalidMessage> {
        let len = self.u24()?;
        self.bytes(len)
    }
}

/// The lent slice is too small for the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Fills a lent slice with what is written, or with a window of it:
///
/// ```text
/// written  [ skipped | out                | counted ]
///          0         skip                           needed
/// ```
/// Bytes behind the slice are counted, so that an error can name the size that is needed, and so that a message larger
/// than any buffer can be written once for each part of it.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut [u8],
    skip: usize,
    needed: usize,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(out: &'a mut [u8]) -> Self {
        Self::window(out, 0)
    }

    /// Creates a writer that leaves out the first `skip` bytes.
    pub(crate) const fn window(out: &'a mut [u8], skip: usize) -> Self {
        Self { out, skip, needed: 0 }
    }

    /// Returns the size of everything written so far, whether it fitted or not; `usize::MAX` if a length does not fit
    /// its prefix.
    pub(crate) const fn needed(&self) -> usize {
        self.needed
    }

    /// The number of bytes written, if all of them fitted.
    pub(crate) const fn finish(self) -> Result<usize, Full> {
        if self.needed <= self.out.len() { Ok(self.needed) } else { Err(Full) }
    }

    /// Returns the written bytes that are in the window.
    pub(crate) fn written(self) -> &'a [u8] {
        let len = self.needed.saturating_sub(self.skip).min(self.out.len());
        self.out.get(..len).unwrap_or_default()
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.put(self.needed, bytes);
        self.needed = self.needed.saturating_add(bytes.len());
    }

    /// Writes those of the bytes from `at` on that are in the window.
    fn put(&mut self, at: usize, bytes: &[u8]) {
        let bytes = bytes.get(self.skip.saturating_sub(at)..).unwrap_or_default();
        let free = self.out.get_mut(at.saturating_sub(self.skip)..).unwrap_or_default();
        copy(free, bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes what `body` writes as a vector with a length of one byte in front.
    pub(crate) fn vec8(&mut self, body: impl FnOnce(&mut Self)) {
        self.prefixed(1, body);
    }

    /// Writes what `body` writes as a vector with a length of two bytes in front.
    pub(crate) fn vec16(&mut self, body: impl FnOnce(&mut Self)) {
        self.prefixed(2, body);
    }

    /// Writes what `body` writes as a vector with a length of three bytes in front.
    pub(crate) fn vec24(&mut self, body: impl FnOnce(&mut Self)) {
        self.prefixed(3, body);
    }

    fn prefixed(&mut self, width: usize, body: impl FnOnce(&mut Self)) {
        let at = self.needed;
        self.needed = at.saturating_add(width);
        body(self);
        self.patch(at, width);
    }

    /// Writes the length of what was written after it big-endian into the `width` bytes at `at`. A length that does not
    /// fit makes the message unwritable: it is counted as larger than any buffer.
    fn patch(&mut self, at: usize, width: usize) {
        let bytes = self.needed.saturating_sub(at.saturating_add(width)).to_be_bytes();
        let (high, low) = bytes.split_at(bytes.len().saturating_sub(width));
        if high.iter().any(|&byte| byte != 0) {
            self.needed = usize::MAX;
        } else {
            self.put(at, low);
        }
    }
}

/// Passes the output of `write` to `each` in parts; it may be larger than any buffer.
pub(crate) fn for_each_part(write: &dyn Fn(&mut Writer<'_>), each: &mut dyn FnMut(&[u8])) {
    let mut buffer = [0; 192];
    let mut given = 0_usize;
    loop {
        let mut writer = Writer::window(&mut buffer, given);
        write(&mut writer);
        let part = writer.written();
        if part.is_empty() {
            return;
        }
        each(part);
        given = given.saturating_add(part.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_bytes_are_an_error() {
        assert_eq!(read_all(&[1, 2], Reader::u8), Err(InvalidMessage::TrailingBytes));
        assert_eq!(read_all(&[1], Reader::u16), Err(InvalidMessage::Truncated));
        assert_eq!(read_all(&[1, 2, 3], Reader::u24), Ok(0x0001_0203));
        assert_eq!(read_all(&[0, 0, 2, 1, 2], Reader::vec24), Ok(&[1, 2][..]));
    }

    #[test]
    fn a_vector_longer_than_its_buffer_is_truncated() {
        assert_eq!(read_all(&[3, 1, 2], Reader::vec8), Err(InvalidMessage::Truncated));
        assert_eq!(read_all(&[0, 2, 1, 2], Reader::vec16), Ok(&[1, 2][..]));
    }

    #[test]
    fn bytes_move_to_the_front_as_copy_within_moves_them() {
        let buffer: [u8; 12] = core::array::from_fn(|i| u8::try_from(i).unwrap());
        for (start, end) in (0..=12).flat_map(|start| (start..=12).map(move |end| (start, end))) {
            for to in 0..=start {
                let (mut moved, mut expected) = (buffer, buffer);
                move_to_front(&mut moved, start..end, to);
                expected.copy_within(start..end, to);
                assert_eq!(moved, expected, "{start}..{end} to {to}");
            }
        }
        let mut left = buffer;
        move_to_front(&mut left, 3..13, 1);
        move_to_front(&mut left, 3..5, 4);
        assert_eq!(left, buffer);
    }

    #[test]
    fn a_writer_patches_nested_lengths() {
        let mut buffer = [0; 16];
        let mut writer = Writer::new(&mut buffer);
        writer.vec24(|w| w.vec16(|w| w.vec8(|w| w.bytes(b"ab"))));
        assert_eq!(writer.finish(), Ok(8));
        assert_eq!(buffer[..8], [0, 0, 5, 0, 3, 2, b'a', b'b']);
    }

    #[test]
    fn a_writer_that_is_full_counts_what_it_needs() {
        let mut buffer = [0; 3];
        let mut writer = Writer::new(&mut buffer);
        writer.vec16(|w| w.bytes(&[7; 40]));
        assert_eq!(writer.needed(), 42);
        assert_eq!(writer.finish(), Err(Full));
    }

    #[test]
    fn windows_of_any_size_give_the_whole() {
        let write = |w: &mut Writer<'_>| {
            w.u8(9);
            w.vec24(|w| w.vec16(|w| (1..=9).for_each(|byte| w.vec8(|w| w.bytes(&[byte; 5])))));
        };
        let mut whole = [0; 64];
        let mut writer = Writer::new(&mut whole);
        write(&mut writer);
        let whole = writer.written();
        assert_eq!(whole.len(), 60);
        for size in 1..=64 {
            let mut parts = std::vec::Vec::new();
            while parts.len() < whole.len() {
                let mut buffer = std::vec![0xaa; size];
                let mut writer = Writer::window(&mut buffer, parts.len());
                write(&mut writer);
                assert_eq!(writer.needed(), 60);
                parts.extend_from_slice(writer.written());
            }
            assert_eq!(parts, whole, "in windows of {size}");
        }
        let mut writer = Writer::window(&mut [], 61);
        write(&mut writer);
        assert_eq!(writer.written(), &[]);
    }

    #[test]
    fn a_length_that_overflows_its_prefix_never_fits() {
        let mut buffer = [0; 300];
        let mut writer = Writer::new(&mut buffer);
        writer.vec8(|w| w.bytes(&[7; 256]));
        assert_eq!(writer.finish(), Err(Full));
        let mut writer = Writer::window(&mut buffer, 100);
        writer.vec24(|w| w.vec8(|w| w.bytes(&[7; 256])));
        assert_eq!(writer.needed(), usize::MAX);
    }
}
