//! The current path of a search, from the leaf up.

use super::waiver::Waivers;
use crate::limits::MAX_DEPTH;
use crate::x509::certificate::extensions::KeyHint;

/// The certificates of a path, and how far the candidates for an issuer of each have been tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    below_anchor: [Level; MAX_DEPTH],
    /// The current level of the search.
    top: u8,
    /// Causes tolerated at the end of the path, and of its signatures.
    tolerated: Waivers,
}

/// A certificate of the path, and the next candidate for its issuer.
#[derive(Clone, Copy, Debug)]
struct Level {
    certificate: u8,
    /// The candidates that are tried, by their place in [`TURNS`].
    turn: u8,
    next: u16,
    /// Causes tolerated for it.
    tolerated: Waivers,
}

/// The rank of a candidate by its key identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has the expected key.
    Fits,
    /// One of them has no identifier.
    Unknown,
    /// It has another key. Identifiers only guide the search (RFC 4158 section 3.5.12), so it is tried nevertheless.
    Differs,
}

/// The order in which candidates are tried.
const TURNS: [Turn; 3] = [Turn::Fits, Turn::Unknown, Turn::Differs];

impl Level {
    // RFC 5280 section 4.2.1.2.
    const fn of(certificate: u8, tolerated: Waivers) -> Self {
        Self { certificate, turn: 0, next: 0, tolerated }
    }
}

impl Levels {
    /// The path of the leaf alone.
    pub(super) const LEAF: Self =
        Self { below_anchor: [Level::of(0, Waivers::NONE); MAX_DEPTH], top: 0, tolerated: Waivers::NONE };

    pub(super) const fn top(&self) -> u8 {
        self.top
    }

    /// Returns the number of CA certificates above the leaf, an anchor counted.
    pub(super) const fn depth(&self) -> u8 {
        self.top.saturating_add(1)
    }

    /// Returns the place in the list of the certificate on a level.
    pub(crate) fn certificate_at(&self, level: u8) -> u8 {
        self.below_anchor.get(usize::from(level)).map_or(0, |level| level.certificate)
    }

    /// Returns the place in the list of the certificate on the top level.
    pub(super) fn top_certificate(&self) -> u8 {
        self.certificate_at(self.top)
    }

    /// Returns the next of `all` candidates for the issuer of the top certificate, each in turn by the place among them,
    /// with the rank that it must have; `None` if all were tried.
    pub(super) fn next_candidate(&mut self, all: u16) -> Option<(u16, Turn)> {
        let level = self.below_anchor.get_mut(usize::from(self.top))?;
        if level.next >= all {
            (level.turn, level.next) = (level.turn.saturating_add(1), 0);
        }
        let turn = *TURNS.get(usize::from(level.turn))?;
        let place = level.next;
        level.next = place.saturating_add(1);
        Some((place, turn))
    }

    /// Adds a certificate as the issuer of the top one.
    pub(super) fn go_up(&mut self, certificate: u8, tolerated: Waivers) {
        self.top = self.top.saturating_add(1);
        if let Some(level) = self.below_anchor.get_mut(usize::from(self.top)) {
            *level = Level::of(certificate, tolerated);
        }
    }

    /// Removes the top certificate; fails if it is the leaf.
    pub(super) fn go_down(&mut self) -> Option<()> {
        self.top = self.top.checked_sub(1)?;
        Some(())
    }

    /// Removes everything above a level.
    pub(super) const fn go_down_to(&mut self, level: u8) {
        self.top = level;
    }

    /// Records the causes tolerated for the leaf.
    pub(super) const fn tolerate_leaf(&mut self, causes: Waivers) {
        if let Some(level) = self.below_anchor.first_mut() {
            level.tolerated = causes;
        }
    }

    /// Records the causes tolerated at the end of the path.
    pub(super) const fn tolerate_end(&mut self, causes: Waivers) {
        self.tolerated = causes;
    }

    /// Records the causes tolerated for a signature of the path.
    pub(super) const fn tolerate_signature(&mut self, causes: Waivers) {
        self.tolerated = self.tolerated.union(causes);
    }

    /// Returns all causes tolerated for the path.
    pub(super) fn tolerated(&self) -> Waivers {
        let path = self.below_anchor.iter().take(usize::from(self.depth()));
        path.fold(self.tolerated, |causes, level| causes.union(level.tolerated))
    }
}

impl Turn {
    pub(super) fn of(wanted: Option<KeyHint>, found: Option<KeyHint>) -> Self {
        match (wanted, found) {
            (Some(wanted), Some(found)) if wanted == found => Self::Fits,
            (Some(_), Some(_)) => Self::Differs,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_with_the_wanted_key_come_first_and_those_with_another_one_last() {
        let [one, other] = [Some(KeyHint([1; 4])), Some(KeyHint([2; 4]))];
        assert_eq!(Turn::of(one, one), Turn::Fits);
        assert_eq!(Turn::of(one, other), Turn::Differs);
        for (wanted, found) in [(None, None), (one, None), (None, one)] {
            assert_eq!(Turn::of(wanted, found), Turn::Unknown);
        }
        let mut levels = Levels::LEAF;
        let order: std::vec::Vec<_> = core::iter::from_fn(|| levels.next_candidate(2)).collect();
        let twice = |turn| [(0, turn), (1, turn)];
        assert_eq!(order, [twice(Turn::Fits), twice(Turn::Unknown), twice(Turn::Differs)].concat());
    }
}
