//! Text in an event: short, and fit for a line.

use core::fmt::{self, Write as _};

/// A name or an alias, as it came, of at most 40 bytes: what is longer ends with `...`.
///
/// `Display` replaces characters that control a terminal or the direction of writing, and so does `defmt`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Text {
    /// Bytes it can hold.
    pub(super) const MAX: usize = 40;
    /// What a text that was cut ends with.
    const CUT: &'static str = "...";

    /// As much of `text` as fits, cut between characters.
    pub(crate) fn new(text: &str) -> Self {
        let mut cut = Self { bytes: [0; Self::MAX], len: 0 };
        if text.len() <= Self::MAX {
            cut.push(text);
            return cut;
        }
        let room = Self::MAX.saturating_sub(Self::CUT.len());
        let end = (0..=room).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        cut.push(text.get(..end).unwrap_or_default());
        cut.push(Self::CUT);
        cut
    }

    fn push(&mut self, text: &str) {
        let start = usize::from(self.len);
        if let Some(room) = self.bytes.get_mut(start..start.saturating_add(text.len())) {
            room.copy_from_slice(text.as_bytes());
            self.len = self.len.saturating_add(u8::try_from(text.len()).unwrap_or(0));
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        // Only whole characters are pushed.
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().chars().try_for_each(|character| {
            f.write_char(if controls(character) { char::REPLACEMENT_CHARACTER } else { character })
        })
    }
}

/// Whether it does something to a line: the controls of C0 and C1, and those of the bidirectional algorithm, which would
/// show a name in another order than it has (UAX #9, section 2).
fn controls(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Text {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", defmt::Display2Format(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let exact = "a".repeat(Text::MAX);
        assert_eq!(Text::new(&exact).as_str(), exact);
        assert_eq!(Text::new(&(exact.clone() + "b")).as_str(), std::format!("{}...", "a".repeat(37)));
        let wide = "a".repeat(36) + "ééé";
        assert_eq!(Text::new(&wide).as_str(), std::format!("{}...", "a".repeat(36)));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(Text::new("a\u{1b}[2Jb").to_string(), "a\u{fffd}[2Jb");
        for character in ['\u{7f}', '\u{9b}', '\u{200f}', '\u{202e}', '\u{2066}'] {
            assert_eq!(Text::new(&std::format!("a{character}b")).to_string(), "a\u{fffd}b");
        }
        assert_eq!(Text::new("Müller \u{5d0}").to_string(), "Müller \u{5d0}");
    }
}
