//! The search where something is waived: it is run again, each time with more that is tolerated, so that a valid
//! path is never given up for one that is not, and what is reported is as little as possible.
//!
//! A pass that tolerates nothing comes first. When nothing at all is waived it is the only one. The limits of the
//! search count for all passes together.

use super::note::Note;
use super::rules::Rules;
use super::waiver::{Leniency, Waived, Waivers};
use super::{Next, PeerChain, Phase, verify_below};
use crate::error::CertificateProblem;

/// What each pass tolerates, as far as it is waived.
const PASSES: [Waivers; 4] = {
    let expired = Waivers::NONE.dangerous_waive_expired();
    let ends = expired.dangerous_waive_self_signed().dangerous_waive_untrusted_root();
    [Waivers::NONE, expired, ends, ends.dangerous_waive_invalid()]
};

/// Where in [`PASSES`] the search is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passes {
    place: usize,
    /// Why the first pass found no path.
    refusal: Option<Note>,
}

impl Passes {
    /// The first.
    pub(super) const STRICT: Self = Self { place: 0, refusal: None };
}

impl PeerChain<'_> {
    pub(super) fn leniency(&self, rules: &Rules<'_>) -> Leniency {
        Leniency::tolerating(tolerated(self.passes.place, rules))
    }

    /// Whether an issuer is known that is refused for something that is not tolerated. Then its certificate may not
    /// end the path as if nobody knew the issuer. One that only has the name, and did not sign, is no issuer.
    pub(super) fn knows_better(&self) -> bool {
        let rank = CertificateProblem::SignatureInvalid.rank();
        self.problem.is_some_and(|known| known.error.problem.rank() > rank)
    }

    /// A pass has found no path: the next that tolerates more, or the end.
    pub(super) fn another_pass(&mut self, rules: &Rules<'_>, note: Note) -> Result<Next, Note> {
        let now = tolerated(self.passes.place, rules);
        let next = (0..PASSES.len()).skip(self.passes.place).find(|place| tolerated(*place, rules) != now);
        self.passes = Passes { place: next.ok_or(note)?, refusal: self.passes.refusal.or(Some(note)) };
        self.begin();
        Ok(Next::Continue)
    }

    /// Goes on below a signature that does not verify, if that is tolerated. An anchor whose key did not make the
    /// signature is not the issuer, and others may be: the search goes on for them.
    pub(super) fn tolerates_signature(&mut self, rules: &Rules<'_>, level: u8, problem: CertificateProblem) -> bool {
        let mut leniency = self.leniency(rules);
        if problem == CertificateProblem::AnchorSignatureInvalid || leniency.object(problem).is_err() {
            return false;
        }
        self.tolerated = self.tolerated.union(leniency.met());
        let anchor = match self.phase {
            Phase::Verifying { anchor, .. } if level != self.top => anchor,
            _ => None,
        };
        self.phase = verify_below(anchor, level);
        true
    }

    /// Keeps why the path would have been refused, so that it can be explained.
    pub(super) fn keep_refusal(&mut self) {
        self.problem = self.passes.refusal.or(self.problem);
    }

    /// What was waived for the path on which the search stands.
    pub(in crate::x509) fn waived(&self) -> Waived {
        let path = self.levels.iter().take(usize::from(self.top).saturating_add(1));
        let causes = path.fold(self.tolerated, |causes, level| causes.union(level.tolerated));
        self.passes.refusal.map_or(Waived::NOTHING, |refusal| Waived::of(causes, refusal.error))
    }
}

fn tolerated(pass: usize, rules: &Rules<'_>) -> Waivers {
    PASSES.get(pass).map_or(Waivers::NONE, |pass| pass.intersection(rules.waivers))
}
