//! Why the search gives up a certificate: kept in a few bytes, until somebody asks for the explanation.

use super::rules::Rules;
use super::summary::Place;
use super::{PeerChain, max_depth};
use crate::error::{CertificateError, CertificateProblem, Error};
use crate::limits::{MAX_SEARCH_STEPS, MAX_SIGNATURES};
use crate::x509::time::Time;

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
    pub(crate) const fn new(index: u8, problem: CertificateProblem) -> Self {
        Self { error: CertificateError { index, problem }, clue: Clue::None }
    }

    pub(crate) const fn by(self, place: Place) -> Self {
        Self { clue: Clue::By(place), ..self }
    }

    pub(crate) const fn exhausted() -> Self {
        Self::new(0, CertificateProblem::SearchExhausted)
    }
}

impl PeerChain<'_> {
    /// What was known of the time in the last search.
    pub(crate) const fn time(&self) -> Time {
        self.time
    }

    /// Signatures and steps that the search took so far.
    pub(crate) const fn spent(&self) -> (u8, u32) {
        (MAX_SIGNATURES.saturating_sub(self.signatures_left), MAX_SEARCH_STEPS.saturating_sub(self.steps_left))
    }

    /// Keeps the reason, so that it can be explained.
    pub(crate) fn refuse(&mut self, note: Note) -> Error {
        self.problem = Some(note);
        note.error.into()
    }

    /// Keeps the problem if it explains more than the one known so far.
    pub(crate) fn note(&mut self, note: Note) {
        if self.problem.is_none_or(|known| known.error.problem.rank() < note.error.problem.rank()) {
            self.problem = Some(note);
        }
    }
}

/// The configuration limits how long a path may be, whoever is to blame for that.
pub(crate) fn check_depth(rules: &Rules<'_>, depth: u8) -> Result<(), Note> {
    if depth > max_depth(rules) {
        let note = Note::new(0, CertificateProblem::DepthExceeded);
        return Err(Note { clue: Clue::Depth(depth), ..note });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_takes_four_bytes() {
        assert_eq!(size_of::<Option<Note>>(), 4);
    }
}
