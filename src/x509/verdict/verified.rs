//! The path that was found, certificate by certificate.

use crate::x509::anchor::Authority;
use crate::x509::name::Name;
use crate::x509::path::found::PathFound;
use crate::x509::path::levels::Levels;
use crate::x509::path::rules::Rules;
use crate::x509::path::summaries::{List, Place};
use crate::x509::time::{SECONDS_A_DAY, UnixTime};

/// A path that was found and verified, from the leaf up to the trust anchor, as long as the summaries of all its
/// certificates are there.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedPath<'a> {
    list: List<'a>,
    levels: Levels,
    anchor: Option<&'a Authority<'a>>,
    found: PathFound,
    limit: u8,
}

/// A certificate of a [`VerifiedPath`].
#[derive(Clone, Copy, Debug)]
pub struct PathCertificate<'a> {
    place: Place,
    subject: Name<'a>,
    validity: Option<(UnixTime, UnixTime)>,
}

impl<'a> VerifiedPath<'a> {
    pub(crate) fn new(list: List<'a>, levels: Levels, rules: &Rules<'a>, found: PathFound) -> Self {
        let anchor = found.anchor.and_then(|anchor| rules.authority(anchor));
        Self { list, levels, anchor, found, limit: rules.depth_limit() }
    }

    /// Depth, anchor and validity in short, as a session keeps them.
    pub const fn found(&self) -> PathFound {
        self.found
    }

    /// The most CA certificates above the leaf that were allowed.
    pub const fn max_depth(&self) -> u8 {
        self.limit
    }

    /// The certificates from the leaf to the trust anchor, which is the last: one more than the
    /// [depth](PathFound::depth). If the leaf is pinned it is the only one.
    pub fn certificates(&self) -> impl Iterator<Item = PathCertificate<'a>> + use<'a> {
        let Self { list, levels, anchor, found, .. } = *self;
        // All that an anchor does not count for: a pin ends the path at the leaf.
        let sent = (0..found.depth.saturating_add(u8::from(anchor.is_none()))).filter_map(move |level| {
            let place = levels.certificate_at(level);
            let summary = list.get(place)?;
            let validity = Some((summary.not_before, summary.not_after));
            Some(PathCertificate { place: Place::Sent(place), subject: summary.subject, validity })
        });
        sent.chain(anchor.zip(found.anchor).map(|(anchor, place)| PathCertificate {
            place: Place::Anchor(place),
            subject: anchor.subject,
            validity: anchor.validity,
        }))
    }
}

impl<'a> PathCertificate<'a> {
    /// Where it stands: in the list of the peer, or among the anchors.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Whose it is.
    pub const fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// The first second of validity; `None` of an anchor made from a name and a key.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.validity.map(|(not_before, _)| not_before)
    }

    /// The last second of validity; `None` of an anchor that never expires.
    pub fn not_after(&self) -> Option<UnixTime> {
        self.validity.map(|(_, not_after)| not_after)
    }

    /// Whole days from `now` to the end of validity: 0 on the last day, negative once it is over; `None` of an
    /// anchor that never expires.
    pub fn days_left(&self, now: UnixTime) -> Option<i64> {
        let end = self.not_after()?;
        Some(end.seconds().saturating_sub(now.seconds()).div_euclid(SECONDS_A_DAY))
    }
}
