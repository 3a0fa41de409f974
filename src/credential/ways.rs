//! The paths that a peer can build through our chain: the leaf comes first, all others in any order (RFC 9846 section
//! 4.5.1), and the peer trusts only its own anchors.
//!
//! We do not know these anchors, so any certificate whose issuer is not in the chain may be the last one before an
//! anchor. Certificates that cannot be on such a path are ignored: unrelated ones, roots, and CA certificates that
//! expired before the leaf became valid, which remain from a change of roots.

use super::Credential;
use crate::error::{CertificateError, CertificateProblem};
use crate::limits::MAX_CHAIN;
use crate::x509::{OwnCertificate, Time, UnixTime};

/// A certificate and its place in the chain.
type Placed<'a> = (u8, OwnCertificate<'a>);

/// A set of places in a chain.
#[derive(Default)]
struct Places([u32; (MAX_CHAIN + 1) / 32]);

impl Places {
    /// Adds a place.
    fn insert(&mut self, place: u8) {
        if let Some(bits) = self.0.get_mut(usize::from(place / 32)) {
            *bits |= 1 << (place % 32);
        }
    }

    /// Returns whether the place is there.
    fn contains(&self, place: u8) -> bool {
        self.0.get(usize::from(place / 32)).is_some_and(|bits| bits >> (place % 32) & 1 == 1)
    }
}

impl<'a> Credential<'a> {
    /// Returns the last second at which a peer can build a path through the chain; roots and certificates that are not
    /// needed do not count.
    pub fn not_after(&self) -> UnixTime {
        // A credential has a leaf.
        let Some(mut below) = self.placed().next() else { return UnixTime(0) };
        let mut end = below.1.not_after();
        for _ in self.chain.iter() {
            let Some(next) = self.issuers_of(&below).max_by_key(|(_, ca)| ca.not_after()) else { break };
            end = end.min(next.1.not_after());
            below = next;
        }
        end
    }

    /// Checks that the leaf, and a path from it upwards, is valid at this time.
    ///
    /// # Errors
    /// The certificate to blame.
    pub(crate) fn check_validity(&self, time: Time) -> Result<(), CertificateError> {
        let valid = |(index, certificate): &Placed<'a>| {
            certificate.check_time(time).map_err(|problem| CertificateError { index: *index, problem })
        };
        self.placed().next().map_or(Ok(()), |leaf| valid(&leaf))?;
        self.check_ways(|_, issuer| valid(issuer))
    }

    /// Looks for a way from the leaf on which `fits` accepts each step from a certificate to its issuer.
    ///
    /// # Errors
    /// The highest-ranked problem, if there is none.
    pub(super) fn check_ways(
        &self,
        fits: impl Fn(&Placed<'a>, &Placed<'a>) -> Result<(), CertificateError>,
    ) -> Result<(), CertificateError> {
        let (mut reached, mut done) = (Places::default(), Places::default());
        let mut worst: Option<CertificateError> = None;
        reached.insert(0);
        while let Some(below) = self.placed().find(|(place, _)| reached.contains(*place) && !done.contains(*place)) {
            done.insert(below.0);
            let mut is_last = true;
            for issuer in self.issuers_of(&below) {
                is_last = false;
                match fits(&below, &issuer) {
                    Ok(()) => reached.insert(issuer.0),
                    Err(error) if worst.is_none_or(|worst| worst.problem.rank() < error.problem.rank()) => {
                        worst = Some(error);
                    }
                    Err(_) => {}
                }
            }
            if is_last {
                return Ok(());
            }
        }
        worst.map_or(Ok(()), Err)
    }

    /// Fails if other certificates follow the leaf, and none of them has the name of its issuer.
    pub(super) fn check_issuer(&self) -> Result<(), CertificateError> {
        let alone = self.chain.iter().nth(1).is_none();
        if alone || !self.lacks_issuer() {
            return Ok(());
        }
        Err(CertificateError { index: 0, problem: CertificateProblem::UnknownIssuer })
    }

    /// Returns whether the issuer of the leaf is not in the chain. One that is self-signed needs none.
    pub(crate) fn lacks_issuer(&self) -> bool {
        self.placed().next().is_some_and(|leaf| !leaf.1.is_self_issued() && self.connected().nth(1).is_none())
    }

    /// Iterates over the leaf and those whose names lead up from it, roots among them, in the order of the chain.
    pub(super) fn connected(&self) -> impl Iterator<Item = Placed<'a>> + use<'a> {
        let mut reached = Places::default();
        reached.insert(0);
        // Each time at least one more is reached, or none.
        for _ in self.chain.iter() {
            for (place, ca) in self.placed() {
                let below = |(below, certificate): Placed<'_>| reached.contains(below) && certificate.names_issuer(&ca);
                if !reached.contains(place) && self.placed().any(below) {
                    reached.insert(place);
                }
            }
        }
        self.placed().filter(move |(place, _)| reached.contains(*place))
    }

    /// Iterates over those that may have issued `below`, by their names.
    fn issuers_of(&self, below: &Placed<'a>) -> impl Iterator<Item = Placed<'a>> + use<'a> {
        let (place, below) = *below;
        let begin = self.placed().next().map_or(UnixTime(i64::MIN), |(_, leaf)| leaf.not_before());
        self.placed().filter(move |(_, ca)| {
            let rest = place != 0 && ca.not_after() < begin;
            below.names_issuer(ca) && !ca.is_self_issued() && !rest
        })
    }

    fn placed(&self) -> impl Iterator<Item = Placed<'a>> + Clone + use<'a> {
        let mut places = 0..u8::MAX;
        let mut certificates = self.certificates();
        core::iter::from_fn(move || Some((places.next()?, certificates.next()?)))
    }
}
