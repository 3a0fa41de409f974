//! Writing DER: tag and length in the fewest bytes, and positive numbers.

use super::INTEGER;
use crate::codec::Writer;

/// The tag and the length of a value (X.690 sections 8.1.2 and 8.1.3).
pub(crate) struct Head {
    bytes: [u8; 4],
    len: usize,
}

impl Head {
    /// Creates the head of a value that consists of `parts`; `None` for more than 65,535 bytes.
    pub(crate) fn of(tag: u8, parts: &[&[u8]]) -> Option<Self> {
        let len = parts.iter().fold(0, |len: usize, part| len.saturating_add(part.len()));
        let [high, low] = u16::try_from(len).ok()?.to_be_bytes();
        let (bytes, len) = match len {
            0..0x80 => ([tag, low, 0, 0], 2),
            0x80..0x100 => ([tag, 0x81, low, 0], 3),
            _ => ([tag, 0x82, high, low], 4),
        };
        Some(Self { bytes, len })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Writes a big-endian number of less than 127 bytes as an INTEGER (X.690 section 8.3). `number` has no leading zeros.
pub(crate) fn write_unsigned(w: &mut Writer<'_>, number: &[u8]) {
    w.u8(INTEGER);
    w.vec8(|w| {
        if number.first().is_some_and(|&byte| byte & 0x80 != 0) {
            w.u8(0);
        }
        w.bytes(number);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::Reader;

    #[test]
    fn lengths_take_the_fewest_bytes() {
        for (len, expected) in [
            (0x7f, &[0x30, 0x7f][..]),
            (0x80, &[0x30, 0x81, 0x80]),
            (0xff, &[0x30, 0x81, 0xff]),
            (0x100, &[0x30, 0x82, 1, 0]),
            (0xffff, &[0x30, 0x82, 0xff, 0xff]),
        ] {
            let value = std::vec![0; len];
            assert_eq!(Head::of(0x30, &[&value[..7], &value[7..]]).unwrap().as_bytes(), expected);
        }
        assert!(Head::of(0x30, &[&[0; 0x2000][..]; 8]).is_none());
    }

    #[test]
    fn a_number_that_is_written_is_read_again() {
        for number in [&[1][..], &[0x7f], &[0x80], &[0xff; 48], &[0x01, 0x00]] {
            let mut out = [0; 64];
            let mut w = Writer::new(&mut out);
            write_unsigned(&mut w, number);
            let len = w.finish().unwrap();
            assert_eq!(Reader::new(&out[..len]).unsigned(), Ok(number));
        }
    }
}
