//! The path that was found, in short: what a session keeps of it.

use super::time::{Time, UnixTime, Validity, ValidityCheck};
use crate::error::CertificateProblem;

/// The path that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct PathFound {
    /// CA certificates above the leaf, the trust anchor among them: 0 if the leaf is pinned, 1 if an anchor
    /// issued it.
    pub depth: u8,
    /// Which anchor, by its place in [`Rules::anchors`].
    pub anchor: u8,
    /// The first second at which all certificates of the path are valid, the anchor's among them if it has one.
    pub not_before: UnixTime,
    /// The last second at which they are. Before `not_before` if there is none.
    pub not_after: UnixTime,
    /// How much of the validity was checked when the path was found.
    pub validity: ValidityCheck,
}

impl PathFound {
    /// Judges the validity of the path again, with what is known about the time *now*: for a device that
    /// connected with a lower bound, asked a time server, and wants to make up for it; or for a session that
    /// lasts for days.
    ///
    /// # Errors
    /// [`CertificateProblem::Expired`] or [`CertificateProblem::NotYetValid`] if a certificate of the path has.
    pub fn check_validity(&self, time: Time) -> Result<ValidityCheck, CertificateProblem> {
        match time.judge(self.not_before, self.not_after) {
            Validity::Valid => Ok(time.check_of(self.not_before)),
            Validity::Expired => Err(CertificateProblem::Expired),
            Validity::NotYetValid => Err(CertificateProblem::NotYetValid),
        }
    }
}
