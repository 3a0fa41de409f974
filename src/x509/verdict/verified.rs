//! The path that was found, certificate by certificate.

use crate::x509::anchor::Authority;
use crate::x509::name::Name;
use crate::x509::path::found::PathFound;
use crate::x509::path::rules::Rules;
use crate::x509::path::summary::Place;
use crate::x509::path::{self, PeerChain, max_depth};
use crate::x509::time::{SECONDS_A_DAY, UnixTime};

/// A path that was found and verified, from the leaf up to the trust anchor, as long as the summaries of all its
/// certificates are there.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedPath<'a> {
    chain: &'a PeerChain<'a>,
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

impl PeerChain<'_> {
    /// The path, once it is found. The rules must be those of the search.
    pub(crate) fn verified<'a>(&'a self, rules: &Rules<'a>) -> Option<VerifiedPath<'a>> {
        if !self.is_found() {
            return None;
        }
        let found = self.found(rules, self.anchor());
        let anchor = self.anchor().and_then(|anchor| path::authority(rules, anchor));
        Some(VerifiedPath { chain: self, anchor, found, limit: max_depth(rules) })
    }
}

impl<'a> VerifiedPath<'a> {
    /// Depth, anchor and the end of validity in short, as a session keeps them.
    pub const fn summary(&self) -> PathFound {
        self.found
    }

    /// CA certificates above the leaf, the trust anchor among them; 0 if the leaf is pinned.
    pub const fn depth(&self) -> u8 {
        self.found.depth
    }

    /// How many were allowed.
    pub const fn max_depth(&self) -> u8 {
        self.limit
    }

    /// Which anchor, by its place in [`Rules::anchors`]; `None` only of a path that was waived.
    pub const fn anchor(&self) -> Option<u8> {
        self.found.anchor
    }

    /// The last second at which all of the path is valid, that of the anchor's certificate included.
    pub const fn not_after(&self) -> UnixTime {
        self.found.not_after
    }

    /// The certificates from the leaf to the trust anchor, which is the last: one more than the
    /// [depth](Self::depth). If the leaf is pinned it is the only one.
    pub fn certificates(&self) -> impl Iterator<Item = PathCertificate<'a>> + use<'a> {
        let Self { chain, anchor, found, .. } = *self;
        // All that an anchor does not count for: a pin ends the path at the leaf.
        let sent = (0..found.depth.saturating_add(u8::from(anchor.is_none()))).filter_map(move |level| {
            let place = chain.certificate_at(level);
            let summary = chain.list.get(place)?;
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
