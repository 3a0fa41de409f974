//! Verdicts on rejected certificates, from the failed check to the sentence that explains it.
//!
//! ```text
//!   a check fails     the search ends        the program asks
//!   Blame (4 bytes) -> Verdict            -> subject, authority, evidence, near miss, Display
//!                      and the certificates,
//!                      the rules, the counts
//! ```
//! Nothing is computed before it is requested, and a program that never requests it contains no code for it.

mod evidence;
mod text;

pub use self::evidence::{Evidence, NearMiss};

use crate::error::{CertificateError, CertificateProblem, Error};
use crate::x509::certificate::{Certificate, Origin};
use crate::x509::name::Name;
use crate::x509::path::rules::Rules;
use crate::x509::path::summaries::{List, Place};
use crate::x509::path::summary::Unreadable;
use crate::x509::path::verified::PathCertificate;

/// A certificate to blame, the rule that it broke, and the part of another in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blame {
    error: CertificateError,
    part: Part,
}

/// The part that an issuer or the configuration has in a rejection.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The trust anchor that issued the certificate broke the rule.
    Anchor(u8),
    /// The path would have at least this depth.
    Depth(u8),
    /// The limit of this issuer was exceeded, or its key does not match the signature.
    Issuer(Place),
    None,
}

/// An explanation of why a certificate was rejected. It borrows from the certificates and the configuration.
///
/// `Display` writes one line: the certificate, the rule it broke, what was found, what is required, and the section.
/// The content comes from a certificate that was rejected: it explains, and proves nothing.
#[derive(Clone, Copy)]
pub struct Verdict<'a> {
    blame: Blame,
    source: Source<'a>,
}

/// The source of the certificate.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// A certificate in DER that has no path.
    Certificate(&'a [u8]),
    Path(FailedPath<'a>),
}

/// The certificates and the rules of a search that found no path.
#[derive(Clone, Copy)]
pub(super) struct FailedPath<'a> {
    list: List<'a>,
    rules: Rules<'a>,
    /// Signatures and steps that the search took.
    spent: (u8, u32),
    /// Bytes of the last certificate that was too large.
    oversize: u32,
}

/// The certificate to blame, as far as it can be read.
#[derive(Default)]
struct Blamed<'a> {
    summary: Option<Certificate<'a>>,
    unreadable: Unreadable<'a>,
}

impl Blame {
    /// The reason when the search has reached its limits.
    pub(super) const EXHAUSTED: Self = Self::new(0, CertificateProblem::SearchExhausted);

    /// Blames a certificate of the list.
    pub(super) const fn new(index: u8, problem: CertificateProblem) -> Self {
        Self { error: CertificateError { index, problem }, part: Part::None }
    }

    /// Adds the trust anchor that broke the rule itself.
    pub(super) const fn of_anchor(self, anchor: u8) -> Self {
        Self { part: Part::Anchor(anchor), ..self }
    }

    /// Adds the issuer whose limit was exceeded, or whose key does not match.
    pub(super) const fn by(self, issuer: Place) -> Self {
        Self { part: Part::Issuer(issuer), ..self }
    }

    /// Adds the depth that the path would have at least.
    pub(super) const fn at_depth(self, depth: u8) -> Self {
        Self { part: Part::Depth(depth), ..self }
    }

    /// Returns the certificate and the rule.
    pub(super) const fn error(self) -> CertificateError {
        self.error
    }

    /// Replaces the reason known so far if this one explains more.
    pub(super) fn explain(self, known: &mut Option<Self>) {
        if known.is_none_or(|known| known.error.problem.rank() < self.error.problem.rank()) {
            *known = Some(self);
        }
    }
}

impl<'a> Verdict<'a> {
    /// Explains why a search found no path.
    pub(super) const fn new(blame: Blame, path: FailedPath<'a>) -> Self {
        Self { blame, source: Source::Path(path) }
    }

    /// Explains a certificate that has no path: one that cannot be a trust anchor or part of a credential. `error` is that
    /// of [`ApiMisuse::CredentialUnusable`](crate::ApiMisuse::CredentialUnusable), or has the problem of
    /// [`ApiMisuse::TrustAnchorUnusable`](crate::ApiMisuse::TrustAnchorUnusable) and an index that the reader knows.
    pub const fn of_certificate(certificate: &'a [u8], error: CertificateError) -> Self {
        Self { blame: Blame { error, part: Part::None }, source: Source::Certificate(certificate) }
    }

    /// Returns the certificate to blame and the rule it broke: what [`Error`] holds.
    pub const fn error(&self) -> CertificateError {
        self.blame.error
    }

    /// Returns the subject of the certificate; `None` if it could not be read.
    pub fn subject(&self) -> Option<Name<'a>> {
        let Blamed { summary, unreadable } = self.blamed();
        summary.map_or(unreadable.subject(), |summary| Some(summary.subject))
    }

    /// Returns the issuer that the certificate names; `None` if it could not be read.
    pub fn issuer(&self) -> Option<Name<'a>> {
        self.blamed().summary.map(|summary| summary.issuer)
    }

    /// Returns the authority whose limit was exceeded, whose key does not match, or whose name is almost that of an
    /// unknown issuer, or the trust anchor that broke the rule itself.
    pub fn authority(&self) -> Option<PathCertificate<'a>> {
        let Source::Path(path) = &self.source else { return None };
        match self.blame.part {
            Part::Anchor(anchor) => path.authority(Place::Anchor(anchor)),
            Part::Issuer(issuer) => path.authority(issuer),
            Part::None if self.blame.error.problem == CertificateProblem::UnknownIssuer => {
                path.almost_named(&self.issuer()?)
            }
            Part::Depth(_) | Part::None => None,
        }
    }

    /// Returns what was found, and what is required.
    pub fn evidence(&self) -> Evidence<'a> {
        Evidence::of(self).unwrap_or(Evidence::None)
    }

    /// Returns a name of the certificate that is nearly the one that was wanted.
    pub fn near_miss(&self) -> Option<NearMiss<'a>> {
        NearMiss::of(self)
    }

    /// Returns whether the trust anchor, which is then the authority, broke the rule.
    const fn blames_anchor(&self) -> bool {
        matches!(self.blame.part, Part::Anchor(_))
    }

    fn blamed(&self) -> Blamed<'a> {
        let CertificateError { index, problem } = self.blame.error;
        match self.source {
            Source::Path(FailedPath { list, .. }) => {
                Blamed { summary: list.get(index), unreadable: list.unreadable(index).unwrap_or_default() }
            }
            Source::Certificate(der) => {
                let mut place = &[][..];
                let parsed = Certificate::parse_to(der, Origin::Anchor, &mut place);
                let field = if parsed.is_err_and(|found| found == problem) { place } else { &[] };
                Blamed { summary: parsed.ok(), unreadable: Unreadable::new(der, field) }
            }
        }
    }
}

impl<'a> FailedPath<'a> {
    pub(super) const fn new(list: List<'a>, rules: Rules<'a>, spent: (u8, u32), oversize: u32) -> Self {
        Self { list, rules, spent, oversize }
    }

    fn authority(&self, place: Place) -> Option<PathCertificate<'a>> {
        self.rules.issuer(self.list, place).map(|issuer| PathCertificate::new(place, &issuer))
    }

    /// Finds an authority that has almost this name. One with the name itself may be there, on the path already.
    fn almost_named(&self, name: &Name<'_>) -> Option<PathCertificate<'a>> {
        let anchors = (0..=u8::MAX).take(self.rules.anchors.len()).map(Place::Anchor);
        let mut all = anchors.chain(self.list.indices().map(Place::Sent)).filter_map(|place| self.authority(place));
        all.find(|authority| !authority.subject.matches(name) && authority.subject.is_almost(name))
    }
}

impl From<Verdict<'_>> for Error {
    fn from(verdict: Verdict<'_>) -> Self {
        verdict.error().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_takes_four_bytes() {
        assert_eq!(size_of::<Option<Blame>>(), 4);
    }
}
