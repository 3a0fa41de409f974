//! Text in an event, short enough for one line.

use crate::codec::copy;
use crate::text::Escaped;
use core::fmt;
use core::ops::Deref;

/// A name or an alias, as received, of at most 40 bytes; longer text is cut and ends with `...`.
///
/// `Display` writes it [`Escaped`], and so does `defmt`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Text {
    /// Bytes it can hold.
    pub(super) const MAX: usize = 40;
    /// The end of truncated text.
    const CUT: &'static str = "...";

    /// Stores as much of `text` as fits, cut between characters.
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
            copy(room, text.as_bytes());
            self.len = self.len.saturating_add(u8::try_from(text.len()).unwrap_or(0));
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        // Only whole characters are pushed.
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self).fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Text {
    fn format(&self, f: defmt::Formatter<'_>) {
        Escaped(self).format(f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_long_text_is_cut_between_characters_and_marked() {
        let exact = "a".repeat(Text::MAX);
        assert_eq!(*Text::new(&exact), *exact);
        assert_eq!(*Text::new(&(exact.clone() + "b")), *std::format!("{}...", "a".repeat(37)));
        let wide = "a".repeat(36) + "ééé";
        assert_eq!(*Text::new(&wide), *std::format!("{}...", "a".repeat(36)));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(Text::new("a\u{1b}[2J\u{202e}b").to_string(), "a\\1B[2J\\E2\\80\\AEb");
        assert_eq!(Text::new("Müller \u{5d0}").to_string(), "Müller \u{5d0}");
    }
}
