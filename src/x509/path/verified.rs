//! The path that was found: a few numbers, and each certificate.

use super::issuer::Issuer;
use super::levels::Levels;
use super::rules::Rules;
use super::summaries::{List, Place};
use super::waiver::Waived;
use crate::error::CertificateProblem;
use crate::x509::name::Name;
use crate::x509::time::{Time, UnixTime, ValidityCheck};
use core::fmt;

/// The path that was found, in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct PathFound {
    /// CA certificates above the leaf, the trust anchor among them if there is one: 0 if the leaf is pinned, 1 if
    /// an anchor issued it.
    pub depth: u8,
    /// The anchor, by its place in [`Rules::anchors`](crate::x509::Rules::anchors). `None` only if the path ends without
    /// one, which was [waived](Self::waived).
    pub anchor: Option<u8>,
    /// The first second at which all certificates of the path are valid, the anchor's among them if it has one.
    pub not_before: UnixTime,
    /// The last second at which they are. Before `not_before` if there is none.
    pub not_after: UnixTime,
    /// The extent to which the validity was checked when the path was found.
    pub validity: ValidityCheck,
    /// The causes waived to accept the path: none without the feature `dangerous-waivers`.
    pub waived: Waived,
}

impl PathFound {
    /// Checks the validity of the path again, with the time *now*: for a device that connected with a lower bound
    /// and has asked a time server since; or for a session that lasts for days.
    ///
    /// # Errors
    /// [`CertificateProblem::Expired`] or [`CertificateProblem::NotYetValid`] if a certificate of the path is.
    pub fn check_validity(&self, time: Time) -> Result<ValidityCheck, CertificateProblem> {
        time.check(self.not_before, self.not_after)
    }
}

/// A path that was found and verified, from the leaf up to the trust anchor, as long as the summaries of all its
/// certificates are there.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedPath<'a> {
    list: List<'a>,
    levels: Levels,
    anchor: Option<&'a Issuer<'a>>,
    /// Depth, anchor and validity, as a session keeps them.
    pub found: PathFound,
    /// The most CA certificates above the leaf that were allowed.
    pub max_depth: u8,
}

/// A certificate of a path, or the trust anchor at its end. `Display` writes its place and its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct PathCertificate<'a> {
    /// Its place in the list of the peer, or among the anchors.
    pub place: Place,
    /// Its subject.
    pub subject: Name<'a>,
    /// Its first and its last second of validity; `None` for an anchor that never expires.
    pub validity: Option<(UnixTime, UnixTime)>,
}

impl<'a> VerifiedPath<'a> {
    pub(crate) fn new(list: List<'a>, levels: Levels, rules: &Rules<'a>, found: PathFound) -> Self {
        let anchor = found.anchor.and_then(|anchor| rules.anchor(anchor));
        Self { list, levels, anchor, found, max_depth: rules.depth_limit() }
    }

    /// Lists the certificates from the leaf to the trust anchor, which is the last: one more than the
    /// [depth](PathFound::depth). If the leaf is pinned it is the only one.
    pub fn certificates(&self) -> impl Iterator<Item = PathCertificate<'a>> + use<'a> {
        let Self { list, levels, anchor, found, .. } = *self;
        // A pin ends the path at the leaf, an authority above the last certificate.
        let sent = (0..found.depth.saturating_add(u8::from(anchor.is_none()))).filter_map(move |level| {
            let place = levels.certificate_at(level);
            Some(PathCertificate::new(Place::Sent(place), &list.get(place)?.into()))
        });
        let anchor = anchor.zip(found.anchor);
        sent.chain(anchor.map(|(anchor, place)| PathCertificate::new(Place::Anchor(place), anchor)))
    }
}

impl<'a> PathCertificate<'a> {
    pub(in crate::x509) const fn new(place: Place, issuer: &Issuer<'a>) -> Self {
        Self { place, subject: issuer.subject, validity: issuer.validity }
    }
}

impl fmt::Display for PathCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, self.subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_validated_again_when_the_time_is_better_known() {
        let at = UnixTime;
        let path = PathFound {
            depth: 1,
            anchor: Some(0),
            not_before: at(10),
            not_after: at(20),
            validity: ValidityCheck::NotYetValid,
            waived: Waived::NOTHING,
        };
        for (time, judged) in [
            (Time::Trusted(at(9)), Err(CertificateProblem::NotYetValid)),
            (Time::Trusted(at(10)), Ok(ValidityCheck::Complete)),
            (Time::Trusted(at(20)), Ok(ValidityCheck::Complete)),
            (Time::Trusted(at(21)), Err(CertificateProblem::Expired)),
            (Time::AtLeast(at(9)), Ok(ValidityCheck::NotYetValid)),
            (Time::AtLeast(at(10)), Ok(ValidityCheck::LowerBound)),
            (Time::AtLeast(at(21)), Err(CertificateProblem::Expired)),
            (Time::dangerous_unknown(), Ok(ValidityCheck::Unchecked)),
        ] {
            assert_eq!(path.check_validity(time), judged, "{time:?}");
        }
        // Two certificates that were never valid at once.
        let never = PathFound { not_before: at(20), not_after: at(10), ..path };
        for now in [9, 15, 21] {
            assert!(never.check_validity(Time::Trusted(at(now))).is_err(), "{now}");
        }
    }
}
