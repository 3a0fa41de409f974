//! The limits of a search, and what it tolerates.
//!
//! If something is waived, the search runs in passes, each of which tolerates more, so that a valid path is always
//! preferred and as little as possible is waived. The first pass tolerates nothing; if nothing is waived it is the only
//! one. The limits apply to all passes together.

use super::waiver::{Waived, Waivers};
use crate::error::{CertificateProblem, WaivableCause};
use crate::limits::{MAX_SEARCH_STEPS, MAX_SIGNATURES};
use crate::x509::verdict::Blame;

/// Causes that the passes after the first tolerate, if they are waived.
const PASSES: [Waivers; 3] = {
    let expired = Waivers::NONE.and(WaivableCause::Expired);
    let ends = expired.and(WaivableCause::SelfSigned).and(WaivableCause::UntrustedRoot);
    [expired, ends, ends.and(WaivableCause::Invalid)]
};

/// The budget of a search, and the decision whether a broken rule refuses the path.
#[derive(Debug)]
pub(crate) struct Judge {
    steps_left: u32,
    signatures_left: u8,
    /// The causes that this pass tolerates.
    tolerated: Waivers,
    /// Those of them that were tolerated since they were last taken.
    met: Waivers,
    /// Why the first pass found no path.
    #[cfg(feature = "dangerous-waivers")]
    first_refusal: Option<Blame>,
}

impl Judge {
    /// Makes the judge of a first pass.
    pub(super) const fn new() -> Self {
        Self {
            steps_left: MAX_SEARCH_STEPS,
            signatures_left: MAX_SIGNATURES,
            tolerated: Waivers::NONE,
            met: Waivers::NONE,
            #[cfg(feature = "dangerous-waivers")]
            first_refusal: None,
        }
    }

    /// Counts a step of the search.
    pub(super) fn take_step(&mut self) -> Result<(), Blame> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Blame::EXHAUSTED)?;
        Ok(())
    }

    /// Counts a signature.
    pub(super) fn take_signature(&mut self) -> Result<(), Blame> {
        self.signatures_left = self.signatures_left.checked_sub(1).ok_or(Blame::EXHAUSTED)?;
        Ok(())
    }

    /// Returns the steps that are left.
    pub(super) const fn steps_left(&mut self) -> &mut u32 {
        &mut self.steps_left
    }

    /// Returns the signatures and the steps that the search took so far.
    pub(super) const fn spent(&self) -> (u8, u32) {
        (MAX_SIGNATURES.saturating_sub(self.signatures_left), MAX_SEARCH_STEPS.saturating_sub(self.steps_left))
    }

    /// Accepts the result of a check if it is good, or if the problem is tolerated.
    pub(super) fn allow(&mut self, checked: Result<(), CertificateProblem>) -> Result<(), CertificateProblem> {
        checked.or_else(|problem| self.refuse(problem))
    }

    /// Refuses the path for a broken rule, unless that is tolerated.
    pub(super) const fn refuse(&mut self, problem: CertificateProblem) -> Result<(), CertificateProblem> {
        // Where nothing can be waived this is all, and no table of causes is compiled in.
        if self.tolerated.is_empty() {
            return Err(problem);
        }
        match WaivableCause::of(problem) {
            Some(cause) if self.tolerated.contains(cause) => {
                self.met = self.met.and(cause);
                Ok(())
            }
            _ => Err(problem),
        }
    }

    /// Returns the causes that were tolerated since the last call.
    pub(super) const fn take_met(&mut self) -> Waivers {
        core::mem::replace(&mut self.met, Waivers::NONE)
    }

    /// Begins the next pass after one that was refused; fails if none tolerates more.
    pub(super) fn next_pass(&mut self, waivers: Waivers, refusal: Blame) -> Result<(), Blame> {
        let mut passes = PASSES.iter().map(|pass| pass.intersection(waivers));
        let more = passes.find(|pass| *pass != self.tolerated && pass.union(self.tolerated) == *pass);
        self.tolerated = more.ok_or(refusal)?;
        self.met = Waivers::NONE;
        #[cfg(feature = "dangerous-waivers")]
        {
            self.first_refusal = self.first_refusal.or(Some(refusal));
        }
        Ok(())
    }

    /// Returns why the first pass found no path, if a later one has begun.
    #[cfg_attr(not(feature = "dangerous-waivers"), allow(clippy::unused_self, reason = "there is one pass"))]
    pub(super) const fn first_refusal(&self) -> Option<Blame> {
        #[cfg(feature = "dangerous-waivers")]
        return self.first_refusal;
        #[cfg(not(feature = "dangerous-waivers"))]
        None
    }

    /// Returns the waived causes of a path for which these were tolerated.
    pub(super) fn waived(&self, causes: Waivers) -> Waived {
        self.first_refusal().map_or(Waived::NOTHING, |refusal| Waived::of(causes, refusal.error()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CertificateProblem::Expired;
    #[cfg(feature = "dangerous-waivers")]
    use CertificateProblem::{SelfSigned, SignatureInvalid};

    #[test]
    fn without_waivers_there_is_one_pass_that_tolerates_nothing() {
        let mut judge = Judge::new();
        assert_eq!(judge.allow(Err(Expired)), Err(Expired));
        assert_eq!(judge.allow(Ok(())), Ok(()));
        let refusal = judge.next_pass(Waivers::NONE, Blame::new(1, Expired)).map_err(|blame| blame.error().problem);
        assert_eq!((refusal, judge.take_met()), (Err(Expired), Waivers::NONE));
        assert!(judge.waived(Waivers::NONE).is_empty());
    }

    #[cfg(not(feature = "dangerous-waivers"))]
    #[test]
    fn without_the_feature_waivers_take_no_memory() {
        assert_eq!((size_of::<Waivers>(), size_of::<Waived>(), size_of::<Judge>()), (0, 0, 8));
    }

    #[cfg(feature = "dangerous-waivers")]
    #[test]
    fn each_pass_tolerates_more_of_what_is_waived() {
        let mut judge = Judge::new();
        let waivers = Waivers::NONE.dangerous_waive(WaivableCause::Expired).dangerous_waive(WaivableCause::Invalid);
        let refusal = Blame::new(0, SelfSigned);
        judge.next_pass(waivers, refusal).unwrap();
        assert_eq!((judge.refuse(Expired), judge.refuse(SignatureInvalid)), (Ok(()), Err(SignatureInvalid)));
        assert_eq!(judge.take_met(), Waivers::NONE.dangerous_waive(WaivableCause::Expired));
        // The pass for the ends of paths would tolerate nothing more.
        assert_eq!(judge.refuse(Expired), Ok(()));
        judge.next_pass(waivers, Blame::new(0, Expired)).unwrap();
        assert_eq!(judge.take_met(), Waivers::NONE, "what the previous pass met does not count in this one");
        assert_eq!((judge.refuse(SignatureInvalid), judge.refuse(SelfSigned)), (Ok(()), Err(SelfSigned)));
        assert!(judge.next_pass(waivers, refusal).is_err());
        assert_eq!(judge.waived(waivers).refusal(), Some(refusal.error()), "of the first pass");
    }

    #[test]
    fn the_limits_are_those_of_the_crate() {
        let mut judge = Judge::new();
        for _ in 0..MAX_SIGNATURES {
            judge.take_signature().unwrap();
        }
        let exhausted = judge.take_signature().map_err(|blame| blame.error().problem);
        assert_eq!(exhausted, Err(CertificateProblem::SearchExhausted));
        *judge.steps_left() = 1;
        assert!(judge.take_step().is_ok() && judge.take_step().is_err());
        assert_eq!(judge.spent(), (MAX_SIGNATURES, MAX_SEARCH_STEPS));
    }
}
