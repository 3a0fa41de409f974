//! Why the search gives up a certificate: kept in a few bytes, until somebody asks for the explanation.

use super::summaries::Place;
use crate::error::{CertificateError, CertificateProblem};

/// A reason to refuse the path, and what else has to be known to explain it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) error: CertificateError,
    pub(crate) clue: Clue,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Clue {
    /// The authority whose limit was broken, whose key did not fit, or that is to blame itself.
    By(Place),
    /// The depth that the path would have, at least.
    Depth(u8),
    None,
}

impl Note {
    /// The search has reached its limits.
    pub(crate) const EXHAUSTED: Self = Self::new(0, CertificateProblem::SearchExhausted);

    pub(crate) const fn new(index: u8, problem: CertificateProblem) -> Self {
        Self { error: CertificateError { index, problem }, clue: Clue::None }
    }

    pub(crate) const fn by(self, place: Place) -> Self {
        Self { clue: Clue::By(place), ..self }
    }

    /// Replaces the reason known so far if this one explains more.
    pub(super) fn explain(self, known: &mut Option<Self>) {
        if known.is_none_or(|known| known.error.problem.rank() < self.error.problem.rank()) {
            *known = Some(self);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_takes_four_bytes() {
        assert_eq!(size_of::<Option<Note>>(), 4);
    }
}
