//! Reading DER (X.690): a cursor over tag, length and value that returns slices and never copies.
//!
//! Strict: definite lengths in the fewest bytes, tags of one byte, canonical INTEGER and BOOLEAN,
//! padding bits of a BIT STRING zero. Never panics and never recurses: each level of nesting is a
//! reader of its own, opened by the code that expects it.

use super::{BIT_STRING, BOOLEAN, INTEGER, Malformed, NULL};

/// A cursor over DER.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    /// Returns a reader of the content of `der`, which must be one TLV with `tag`.
    pub(crate) fn inside(der: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        let mut outer = Self::new(der);
        let inner = outer.nested(tag)?;
        outer.finish()?;
        Ok(inner)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Fails if bytes remain after the end of a structure.
    pub(crate) const fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// The next tag and its value.
    pub(crate) fn any(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let (&[tag, first], rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        // Number 31 announces a tag of several bytes; no structure of RFC 5280 has one.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (len, rest) = length(first, rest)?;
        let (value, rest) = rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok((tag, value))
    }

    /// Skips the next tag and length and returns the length, whether or not that many bytes follow.
    pub(crate) fn head(&mut self) -> Option<usize> {
        let (&[_, first], rest) = self.rest.split_first_chunk()?;
        let (len, rest) = length(first, rest).ok()?;
        self.rest = rest;
        Some(len)
    }

    /// Returns the next TLV with its tag and length, which remains to be read; empty if there is none.
    pub(crate) fn next_field(&self) -> &'a [u8] {
        let mut behind = *self;
        let len = behind.any().map_or(0, |_| self.rest.len().saturating_sub(behind.rest.len()));
        self.rest.get(..len).unwrap_or_default()
    }

    /// Returns the value of the next TLV, which remains to be read; empty if there is none.
    pub(crate) fn next_value(&self) -> &'a [u8] {
        let mut reader = *self;
        reader.any().map_or(&[], |(_, value)| value)
    }

    /// Returns the bytes not yet read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The value of the next TLV, which must have `tag`.
    pub(crate) fn value(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.any()? {
            (found, value) if found == tag => Ok(value),
            _ => Err(Malformed),
        }
    }

    /// The value of the next TLV if it has `tag`.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        match self.rest.first() {
            Some(&found) if found == tag => self.value(tag).map(Some),
            _ => Ok(None),
        }
    }

    /// Returns a reader of the content of the next TLV, which must have `tag`.
    pub(crate) fn nested(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.value(tag).map(Self::new)
    }

    /// The next TLV with its tag and length; it must have `tag`.
    pub(crate) fn raw(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let field = self.next_field();
        self.value(tag)?;
        Ok(field)
    }

    /// A `BOOLEAN DEFAULT FALSE`. X.690 section 11.1 writes TRUE as 0xff. Section 11.5: "The encoding of a set value or
    /// sequence value shall not include an encoding for any component value which is equal to its default value". Some
    /// certificate writers encode FALSE anyway, which changes nothing; `written` records it.
    pub(crate) fn flag(&mut self, written: &mut bool) -> Result<bool, Malformed> {
        match self.optional(BOOLEAN)? {
            None => Ok(false),
            Some([0xff]) => Ok(true),
            Some([0]) => {
                *written = true;
                Ok(false)
            }
            Some(_) => Err(Malformed),
        }
    }

    /// Reads a NULL, if present, and returns whether it was.
    pub(crate) fn null_or_absent(&mut self) -> Result<bool, Malformed> {
        match self.optional(NULL)? {
            None => Ok(false),
            Some([]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// The content of an INTEGER. X.690 section 8.3.2: the first nine bits "shall not all be ones;
    /// and shall not all be zero".
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], Malformed> {
        let value = self.value(INTEGER)?;
        match value {
            [] => Err(Malformed),
            [0x00, next, ..] if *next < 0x80 => Err(Malformed),
            [0xff, next, ..] if *next >= 0x80 => Err(Malformed),
            _ => Ok(value),
        }
    }

    /// Returns the bytes of a non-negative INTEGER, without the leading zero.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        match self.integer()? {
            [0, number @ ..] if !number.is_empty() => Ok(number),
            number @ [0..=0x7f, ..] => Ok(number),
            _ => Err(Malformed),
        }
    }

    /// The content of a BIT STRING that consists of whole bytes.
    pub(crate) fn bit_string_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        match self.value(BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// The first 16 bits of a BIT STRING, bit 0 being the highest.
    ///
    /// X.690 section 11.2.1: "Each unused bit in the final octet ... shall be set to zero." Trailing zero bits, which
    /// section 11.2.2 forbids for named bits, are tolerated: they change nothing, and some certificate writers emit
    /// them.
    pub(crate) fn named_bits(&mut self) -> Result<u16, Malformed> {
        let (&unused, bytes) = self.value(BIT_STRING)?.split_first().ok_or(Malformed)?;
        // X.690 section 8.6.2.3: an empty string has no unused bits.
        let Some(&last) = bytes.last() else { return if unused == 0 { Ok(0) } else { Err(Malformed) } };
        if unused > 7 || last.trailing_zeros() < u32::from(unused) {
            return Err(Malformed);
        }
        let high = bytes.first().copied().unwrap_or(0);
        let low = bytes.get(1).copied().unwrap_or(0);
        Ok(u16::from_be_bytes([high, low]))
    }
}

/// Reads the length that begins with `first`, and returns it with the remaining bytes. X.690 section 10.1: "The
/// definite form of length encoding shall be used, encoded in the minimum number of octets."
fn length(first: u8, rest: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    // A certificate in TLS is at most 2^24 - 1 bytes long, so three bytes of length are enough.
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 3 {
        return Err(Malformed);
    }
    let (bytes, rest) = rest.split_at_checked(count).ok_or(Malformed)?;
    let len = bytes.iter().fold(0_u32, |len, &byte| (len << 8) | u32::from(byte));
    let minimum = if count == 1 { 0x80 } else { 1 << (8 * (count - 1)) };
    let len = usize::try_from(len).map_err(|_| Malformed)?;
    if len < minimum { Err(Malformed) } else { Ok((len, rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{OCTET_STRING, SEQUENCE};

    fn value(der: &[u8]) -> Result<&[u8], Malformed> {
        let mut reader = Reader::new(der);
        let value = reader.value(OCTET_STRING)?;
        reader.finish()?;
        Ok(value)
    }

    #[test]
    fn a_length_takes_the_fewest_bytes() {
        assert_eq!(value(&[4, 1, 7]), Ok(&[7][..]));
        assert_eq!(value(&[4, 0x81, 1, 7]), Err(Malformed));
        assert_eq!(value(&[4, 0x82, 0, 1, 7]), Err(Malformed));
        let mut long = [7; 0x83];
        long[..3].copy_from_slice(&[4, 0x81, 0x80]);
        assert_eq!(value(&long).map(<[u8]>::len), Ok(0x80));
        let mut longer = [7; 0x104];
        longer[..4].copy_from_slice(&[4, 0x82, 1, 0]);
        assert_eq!(value(&longer).map(<[u8]>::len), Ok(0x100));
        longer[1] = 0x83;
        assert_eq!(value(&longer), Err(Malformed));
    }

    #[test]
    fn an_indefinite_reserved_or_huge_length_is_rejected() {
        for first in [0x80, 0x84, 0x88, 0xff] {
            assert_eq!(value(&[4, first, 0, 0, 0, 0, 0, 0, 0, 0]), Err(Malformed));
        }
    }

    #[test]
    fn a_value_longer_than_its_slice_is_rejected() {
        assert_eq!(value(&[4, 2, 7]), Err(Malformed));
        assert_eq!(value(&[4, 0x82, 1]), Err(Malformed));
        assert_eq!(value(&[4]), Err(Malformed));
        assert_eq!(value(&[]), Err(Malformed));
    }

    #[test]
    fn a_tag_of_several_bytes_is_rejected() {
        assert_eq!(Reader::new(&[0x1f, 0x81, 0x00]).any(), Err(Malformed));
    }

    #[test]
    fn trailing_bytes_are_rejected() {
        assert_eq!(value(&[4, 1, 7, 0]), Err(Malformed));
        assert!(Reader::inside(&[0x30, 0, 0], SEQUENCE).is_err());
    }

    #[test]
    fn an_integer_is_as_short_as_it_can_be() {
        let integer = |der: &'static [u8]| Reader::new(der).integer();
        assert_eq!(integer(&[2, 1, 0]), Ok(&[0][..]));
        assert_eq!(integer(&[2, 2, 0, 0x80]), Ok(&[0, 0x80][..]));
        assert_eq!(integer(&[2, 2, 0, 0x7f]), Err(Malformed));
        assert_eq!(integer(&[2, 2, 0xff, 0x80]), Err(Malformed));
        assert_eq!(integer(&[2, 0]), Err(Malformed));
    }

    #[test]
    fn an_unsigned_number_has_no_sign_and_no_zero_in_front() {
        let unsigned = |der: &'static [u8]| Reader::new(der).unsigned();
        assert_eq!(unsigned(&[2, 1, 0]), Ok(&[0][..]));
        assert_eq!(unsigned(&[2, 1, 0x7f]), Ok(&[0x7f][..]));
        assert_eq!(unsigned(&[2, 2, 0, 0x80]), Ok(&[0x80][..]));
        assert_eq!(unsigned(&[2, 1, 0x80]), Err(Malformed));
        assert_eq!(unsigned(&[2, 2, 0, 0x7f]), Err(Malformed));
        assert_eq!(unsigned(&[2, 0]), Err(Malformed));
    }

    #[test]
    fn a_default_that_is_written_is_noted_and_true_is_ff() {
        let flag = |der: &[u8]| {
            let mut written = false;
            Reader::new(der).flag(&mut written).map(|flag| (flag, written))
        };
        assert_eq!(flag(&[1, 1, 0xff]), Ok((true, false)));
        assert_eq!(flag(&[2, 1, 0]), Ok((false, false)));
        assert_eq!(flag(&[1, 1, 0]), Ok((false, true)));
        assert_eq!(flag(&[1, 1, 1]), Err(Malformed));
        assert_eq!(flag(&[1, 2, 0xff, 0xff]), Err(Malformed));
    }

    #[test]
    fn a_null_is_empty_where_it_is_not_absent() {
        assert_eq!(Reader::new(&[]).null_or_absent(), Ok(false));
        assert_eq!(Reader::new(&[5, 0]).null_or_absent(), Ok(true));
        assert_eq!(Reader::new(&[5, 1, 0]).null_or_absent(), Err(Malformed));
    }

    #[test]
    fn unused_bits_are_zero() {
        assert_eq!(Reader::new(&[3, 2, 7, 0x80]).named_bits(), Ok(0x8000));
        assert_eq!(Reader::new(&[3, 3, 7, 0, 0x80]).named_bits(), Ok(0x0080));
        assert_eq!(Reader::new(&[3, 2, 7, 0x81]).named_bits(), Err(Malformed));
        assert_eq!(Reader::new(&[3, 2, 8, 0]).named_bits(), Err(Malformed));
        assert_eq!(Reader::new(&[3, 1, 0]).named_bits(), Ok(0));
        assert_eq!(Reader::new(&[3, 1, 1]).named_bits(), Err(Malformed));
        assert_eq!(Reader::new(&[3, 2, 1, 0x80]).bit_string_bytes(), Err(Malformed));
        assert_eq!(Reader::new(&[3, 2, 0, 0x80]).bit_string_bytes(), Ok(&[0x80][..]));
    }

    #[test]
    fn raw_keeps_tag_and_length() {
        let mut reader = Reader::new(&[0x30, 2, 5, 0, 9]);
        assert_eq!(reader.raw(SEQUENCE), Ok(&[0x30, 2, 5, 0][..]));
        assert_eq!(reader.finish(), Err(Malformed));
    }
}
