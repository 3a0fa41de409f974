//! Documents as text, in any encoding.

/// Returns the text of a document, for a reader that needs only names and numbers: these are ASCII, and have the same
/// bytes in UTF-8, in UTF-16 (one per unit) and in each encoding with single bytes that XML is written in (ISO-8859,
/// windows-125x), as well as in `Shift_JIS`, GB 18030 and Big5 outside of text. If the document is not UTF-8, every
/// other character becomes an `x`, so the encoding need not be known. A document in another encoding (EBCDIC) does not
/// begin with `<`, and the reader rejects it.
pub(super) fn text(document: &mut [u8]) -> Option<&str> {
    let unit: Option<fn([u8; 2]) -> u16> = match document {
        [0xff, 0xfe, ..] | [b'<', 0, _, 0, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'<', 0, _, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    let len = match unit {
        Some(unit) => narrow(document, unit),
        None if core::str::from_utf8(document).is_ok() => document.len(),
        None => {
            document.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'x');
            document.len()
        }
    };
    core::str::from_utf8(document.get(..len)?).ok()
}

/// Converts each unit of UTF-16 to a byte; returns their number.
fn narrow(document: &mut [u8], unit: fn([u8; 2]) -> u16) -> usize {
    let mut len = 0;
    for place in (0..document.len()).step_by(2) {
        let Some(pair) = document.get(place..).and_then(|rest| rest.first_chunk().copied()) else { break };
        let narrow = match unit(pair) {
            // The byte order mark.
            0xfeff => continue,
            unit => u8::try_from(unit).ok().filter(u8::is_ascii).unwrap_or(b'x'),
        };
        if let Some(byte) = document.get_mut(len) {
            *byte = narrow;
        }
        len += 1;
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn ascii_is_kept_in_every_encoding() {
        let wide = |unit: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        for (mut document, expected) in [
            ("<a>ü</a>".as_bytes().to_vec(), "<a>ü</a>"),
            (b"<a>\xfc</a>".to_vec(), "<a>x</a>"),
            (wide(u16::to_le_bytes, "\u{feff}<a>\u{fc}\u{20ac}</a>"), "<a>xx</a>"),
            (wide(u16::to_be_bytes, "\u{feff}<a>\u{fc}</a>"), "<a>x</a>"),
            (wide(u16::to_le_bytes, "<a>\u{13c}</a>"), "<a>x</a>"),
            (wide(u16::to_be_bytes, "<a/>"), "<a/>"),
            (Vec::new(), ""),
        ] {
            assert_eq!(text(&mut document), Some(expected));
        }
    }
}
