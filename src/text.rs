//! Foreign text, safe to display.

use core::fmt::{self, Write as _};

/// Text from a peer, a certificate or a file, escaped for display on one line.
///
/// Escaped are control characters and line breaks, bidirectional controls, which reorder the displayed text, and
/// invisible characters, which make different texts look alike. Each is written as the bytes of its UTF-8 in the form
/// of RFC 4514 section 2.4: a line feed becomes `\0A`. All other characters stay as they are. This includes the
/// backslash, so that escaping a text twice is harmless.
///
/// ```
/// use embedded_mtls::Escaped;
/// assert_eq!(Escaped("gateway\u{202e}7\nok").to_string(), "gateway\\E2\\80\\AE7\\0Aok");
/// ```
///
/// Names, verdicts, events and everything else of this crate that quotes foreign text use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escaped<'a>(
    /// The original text.
    pub &'a str,
);

impl<'a> Escaped<'a> {
    /// Splits the text into pieces, each followed by a character to escape.
    fn pieces(self) -> impl Iterator<Item = (&'a str, Option<char>)> {
        self.0.split_inclusive(needs_escape).map(|piece| match piece.chars().next_back() {
            Some(last) if needs_escape(last) => (piece.strip_suffix(last).unwrap_or_default(), Some(last)),
            _ => (piece, None),
        })
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|(clean, escaped)| {
            f.write_str(clean)?;
            escaped.map_or(Ok(()), |character| write_escape(f, character))
        })
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Escaped<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        for (clean, escaped) in self.pieces() {
            defmt::write!(f, "{=str}", clean);
            if let Some(character) = escaped {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    defmt::write!(f, "\\{=u8:02X}", byte);
                }
            }
        }
    }
}

/// Writes a character, escaped if it has to be.
pub(crate) fn write_char(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    if needs_escape(character) { write_escape(f, character) } else { f.write_char(character) }
}

fn write_escape(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    character.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| write!(f, "\\{byte:02X}"))
}

/// Returns whether a character is a control, a line or paragraph separator, a format character without a glyph, or a
/// `Default_Ignorable_Code_Point` (Unicode 16, `DerivedCoreProperties.txt`).
#[inline(never)]
fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        for (text, shown) in [
            ("a\u{1b}[2Jb", "a\\1B[2Jb"),
            ("a\r\nb\tc\0", "a\\0D\\0Ab\\09c\\00"),
            ("\u{7f}\u{85}\u{9b}", "\\7F\\C2\\85\\C2\\9B"),
            ("gateway\u{202e}7\u{2066}x", "gateway\\E2\\80\\AE7\\E2\\81\\A6x"),
            (
                "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{2069}",
                "\\D8\\9C\\E2\\80\\8E\\E2\\80\\8F\\E2\\80\\A8\\E2\\80\\A9\\E2\\81\\A9",
            ),
            ("a\u{200b}b\u{ad}c\u{feff}d\u{3164}", "a\\E2\\80\\8Bb\\C2\\ADc\\EF\\BB\\BFd\\E3\\85\\A4"),
            ("\u{e0041}\u{fe0f}", "\\F3\\A0\\81\\81\\EF\\B8\\8F"),
        ] {
            assert_eq!(Escaped(text).to_string(), shown, "{text:?}");
        }
    }

    #[test]
    fn all_other_text_stays_as_it_is() {
        for text in
            ["", "gateway-7, Example Inc.", "M\u{fc}ller \u{5d0}\u{5d1} \u{3042}\u{3000}\u{1f600}", "C:\\x \"<&>'"]
        {
            assert_eq!(Escaped(text).to_string(), text);
        }
    }

    #[test]
    fn text_is_not_escaped_twice() {
        let once = Escaped("a\nb").to_string();
        assert_eq!(Escaped(&once).to_string(), once);
    }
}
