//! The search where nothing can be waived: one pass, which tolerates nothing.

use super::note::Note;
use super::rules::Rules;
use super::waiver::{Leniency, Waived};
use super::{Next, PeerChain};
use crate::error::CertificateProblem;

#[allow(clippy::unused_self, reason = "with waivers they use it")]
impl PeerChain<'_> {
    pub(super) const fn leniency(&self, _: &Rules<'_>) -> Leniency {
        Leniency::STRICT
    }

    pub(super) const fn knows_better(&self) -> bool {
        false
    }

    pub(super) const fn another_pass(&mut self, _: &Rules<'_>, note: Note) -> Result<Next, Note> {
        Err(note)
    }

    pub(super) const fn tolerates_signature(&mut self, _: &Rules<'_>, _: u8, _: CertificateProblem) -> bool {
        false
    }

    pub(super) const fn keep_refusal(&mut self) {}

    pub(in crate::x509) const fn waived(&self) -> Waived {
        Waived::NOTHING
    }
}
