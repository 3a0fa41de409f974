//! The search for a path from the leaf to a trust anchor (RFC 5280 section 6, RFC 4158).
//!
//! ```text
//!   level 0       1              2                    depth
//!   leaf  <- intermediate <- intermediate   <-   trust anchor
//! ```
//! Depth first, from the leaf up: each level holds one certificate and how far its candidates for an
//! issuer have been tried. All that costs little is asked of a candidate before it is taken: its name,
//! and each rule of RFC 5280 section 6.1 but the signature. When an anchor is reached the signatures
//! are verified from the anchor down, one for each call, and a signature that fails sends the search
//! back to the level where it failed. A signature that was verified is noted in the summary and not
//! verified again.
//!
//! Nothing is trusted but an anchor: a self-signed certificate in the list is one more candidate, and
//! leads nowhere.

use super::algorithm::PublicKey;
use super::anchor::TrustAnchor;
use super::certificate::{Certificate, Origin};
use super::constraints::NameConstraints;
use super::extensions::KeyHint;
#[cfg(not(feature = "post-handshake-auth"))]
use super::identity::LeafSummary;
use super::identity::{LeafKey, PeerIdentity, digest, fingerprint};
use super::rules::Rules;
use super::summary::{Issuer, Summaries, Summary};
use crate::crypto::{CryptoError, CryptoProvider, SignatureAlgorithm};
use crate::error::{CertificateError, CertificateProblem, Error};
use crate::limits::{CANDIDATES_PER_STEP, MAX_CERTIFICATE, MAX_DEPTH, MAX_SEARCH_STEPS, MAX_SIGNATURES};

/// The certificates of a peer and the state of the search for a path through them.
#[derive(Debug)]
pub(crate) struct PeerChain<'p> {
    pub(super) list: Summaries<'p>,
    /// All levels below an anchor.
    levels: [Level; MAX_DEPTH],
    /// The level on which the search stands.
    top: u8,
    phase: Phase,
    signatures_left: u8,
    steps_left: u32,
    /// The first certificate that could not be parsed.
    pub(super) broken: Option<CertificateError>,
    /// The most useful reason so far why there is no path.
    problem: Option<CertificateError>,
}

/// A certificate of the path, and the next candidate for its issuer.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    certificate: u8,
    next: u16,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The leaf has not been looked at.
    Leaf,
    /// Looking for an issuer of the certificate on the top level.
    Searching,
    /// An anchor is reached; the signature of the certificate on `level` is the next to verify.
    Verifying {
        anchor: u8,
        level: u8,
    },
    Found(PathFound),
}

/// How far one call of [`PeerChain::step`] came.
#[derive(Debug)]
pub(crate) enum Search {
    /// Call again.
    Working,
    /// The path is found and verified.
    Found(ChainVerified, PathFound),
}

/// Proof that the path of the peer was verified up to a trust anchor.
#[derive(Debug)]
pub(crate) struct ChainVerified(());

/// The path that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct PathFound {
    /// CA certificates above the leaf, the trust anchor among them: 1 if an anchor issued the leaf.
    pub depth: u8,
    /// Which anchor, by its place in [`Rules::anchors`].
    pub anchor: u8,
}

/// A signature to verify.
struct Edge<'a> {
    algorithm: SignatureAlgorithm,
    key: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
}

/// What is next, as far as it needs no cryptography.
enum Next {
    Continue,
    Verify { level: u8, issuer: Issuer },
    Found(PathFound),
}

impl<'p> PeerChain<'p> {
    pub(crate) const fn new(memory: &'p mut [u8]) -> Self {
        Self {
            list: Summaries::new(memory),
            levels: [Level { certificate: 0, next: 0 }; MAX_DEPTH],
            top: 0,
            phase: Phase::Leaf,
            signatures_left: MAX_SIGNATURES,
            steps_left: MAX_SEARCH_STEPS,
            broken: None,
            problem: None,
        }
    }

    /// Begins a new search, maybe with other rules.
    pub(super) fn restart(&mut self) {
        self.list.forget_verified();
        self.levels = Default::default();
        self.top = 0;
        self.phase = Phase::Leaf;
        self.signatures_left = MAX_SIGNATURES;
        self.steps_left = MAX_SEARCH_STEPS;
        self.problem = None;
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.list.count() == 0
    }

    /// Parses one certificate and keeps its summary: the leaf first, then the others in any order.
    ///
    /// A certificate that is broken is an error only if it is the leaf: another one may not be needed.
    pub(crate) fn push<C: CryptoProvider>(&mut self, certificate: &[u8]) -> Result<(), Error> {
        let index = self.list.count();
        if index == u8::MAX {
            return Err(CertificateError { index, problem: CertificateProblem::ListTooLong }.into());
        }
        let parsed = match parse(certificate) {
            Ok(parsed) => parsed,
            Err(problem) if index == 0 => return Err(CertificateError { index, problem }.into()),
            Err(problem) => {
                self.broken = self.broken.or(Some(CertificateError { index, problem }));
                return self.list.push(None);
            }
        };
        let fingerprint = if index == 0 { fingerprint::<C>(certificate) } else { None };
        // A hash that the provider does not have leaves nothing that could be verified.
        let tbs_digest = parsed.signature_kind.hash().map(|hash| digest::<C>(hash, parsed.tbs));
        let signed = match &tbs_digest {
            Some(Ok(digest)) => digest.as_bytes(),
            None if parsed.signature_kind.takes_message() => parsed.tbs,
            _ => &[],
        };
        self.list.push(Some(&Summary::new(&parsed, signed, fingerprint.as_ref())))
    }

    /// One step of the search: at most one signature is verified. The rules must be the same in each
    /// call.
    pub(crate) fn step<C: CryptoProvider>(&mut self, rules: &Rules<'_>) -> Result<Search, Error> {
        for _ in 0..CANDIDATES_PER_STEP {
            match self.advance(rules)? {
                Next::Continue => {}
                Next::Verify { level, issuer } => {
                    let verified = match self.edge(rules, level, issuer) {
                        Some(edge) if C::SIGNATURE_ALGORITHMS.contains(&edge.algorithm) => {
                            C::verify(edge.algorithm, edge.key, edge.signed, edge.signature)
                        }
                        _ => Err(CryptoError::Unsupported),
                    };
                    self.settle(level, issuer, verified);
                    return Ok(Search::Working);
                }
                Next::Found(path) => return Ok(Search::Found(ChainVerified(()), path)),
            }
        }
        Ok(Search::Working)
    }

    pub(crate) fn leaf_key(&self) -> Option<LeafKey<'_>> {
        let PublicKey { algorithm, bytes } = self.list.get(0)?.key;
        Some(LeafKey { algorithm, key: bytes })
    }

    pub(crate) fn identity(&self) -> Option<PeerIdentity<'_>> {
        self.list.get(0).map(PeerIdentity::new)
    }

    /// Keeps the leaf and forgets the rest.
    #[cfg(not(feature = "post-handshake-auth"))]
    pub(crate) fn into_identity(self) -> LeafSummary<'p> {
        LeafSummary::new(self.list.into_leaf())
    }

    fn advance(&mut self, rules: &Rules<'_>) -> Result<Next, Error> {
        match self.phase {
            Phase::Leaf => {
                let problem = match self.list.get(0) {
                    Some(leaf) => rules.check_leaf(&leaf).err(),
                    None => Some(CertificateProblem::Malformed),
                };
                if let Some(problem) = problem {
                    return Err(CertificateError { index: 0, problem }.into());
                }
                self.phase = Phase::Searching;
                Ok(Next::Continue)
            }
            Phase::Searching => self.search(rules).map(|()| Next::Continue),
            Phase::Verifying { anchor, level } => self.verify_next(rules, anchor, level),
            Phase::Found(path) => Ok(Next::Found(path)),
        }
    }

    /// Looks at the next candidate for the issuer of the certificate on the top level.
    fn search(&mut self, rules: &Rules<'_>) -> Result<(), Error> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or_else(exhausted)?;
        let Some(candidate) = self.next_candidate(rules) else { return self.go_back() };
        let index = self.certificate_at(self.top);
        let Some(child) = self.list.get(index) else { return self.go_back() };
        let mut steps_left = self.steps_left;
        let checked = match candidate {
            Issuer::Anchor(place) => match rules.anchors.get(usize::from(place)) {
                Some(anchor) if anchor.subject().matches(&child.issuer) => {
                    Some(self.check_anchor(rules, anchor, &child, &mut steps_left))
                }
                _ => None,
            },
            Issuer::Sent(place) => match self.list.get(place) {
                Some(ca) if ca.subject.matches(&child.issuer) && !self.is_on_path(&ca) => {
                    Some(self.check_ca(rules, place, &ca, &child, &mut steps_left))
                }
                _ => None,
            },
        };
        self.steps_left = steps_left;
        match (checked, candidate) {
            (None, _) => {}
            (Some(Err((_, CertificateProblem::SearchExhausted))), _) => return Err(exhausted()),
            (Some(Err((index, problem))), _) => self.note(index, problem),
            (Some(Ok(())), Issuer::Anchor(anchor)) => self.phase = Phase::Verifying { anchor, level: self.top },
            (Some(Ok(())), Issuer::Sent(certificate)) => self.go_up(certificate),
        }
        Ok(())
    }

    /// The next candidate, if there is one: first those whose key identifier fits or is not known,
    /// anchors before certificates, since they end the path; then the others.
    fn next_candidate(&mut self, rules: &Rules<'_>) -> Option<Issuer> {
        let anchors = u16::try_from(rules.anchors.len().min(usize::from(u8::MAX))).unwrap_or(0);
        let all = anchors.saturating_add(u16::from(self.list.count()));
        let wanted = self.list.get(self.certificate_at(self.top))?.authority_key;
        loop {
            let level = self.levels.get_mut(usize::from(self.top))?;
            let next = level.next;
            let (place, likely) = if next < all { (next, true) } else { (next.saturating_sub(all), false) };
            if place >= all {
                return None;
            }
            level.next = next.saturating_add(1);
            let (candidate, hint) = match place.checked_sub(anchors) {
                None => {
                    let place = u8::try_from(place).ok()?;
                    (Issuer::Anchor(place), rules.anchors.get(usize::from(place)).and_then(|anchor| anchor.key_hint))
                }
                Some(place) => {
                    let place = u8::try_from(place).ok()?;
                    (Issuer::Sent(place), self.list.get(place).and_then(|ca| ca.subject_key))
                }
            };
            if may_be_same(wanted, hint) == likely {
                return Some(candidate);
            }
        }
    }

    /// Everything that makes an anchor unfit to end this path, but the signature.
    fn check_anchor(
        &self,
        rules: &Rules<'_>,
        anchor: &TrustAnchor<'_>,
        child: &Summary<'_>,
        budget: &mut u32,
    ) -> Result<(), (u8, CertificateProblem)> {
        let index = self.certificate_at(self.top);
        if child.signature_kind.with_key(anchor.key.algorithm).is_none() {
            return Err((index, CertificateProblem::UnsupportedSignature));
        }
        rules.check_anchor(anchor).map_err(|problem| (index, problem))?;
        self.check_limits(anchor.path_len, anchor.name_constraints, budget)?;
        if self.top >= max_depth(rules) {
            return Err((0, CertificateProblem::DepthExceeded));
        }
        Ok(())
    }

    /// Everything that makes a certificate unfit to be the next of this path, but the signature.
    fn check_ca(
        &self,
        rules: &Rules<'_>,
        index: u8,
        ca: &Summary<'_>,
        child: &Summary<'_>,
        budget: &mut u32,
    ) -> Result<(), (u8, CertificateProblem)> {
        rules.check_ca(ca).map_err(|problem| (index, problem))?;
        if child.signature_kind.with_key(ca.key.algorithm).is_none() {
            return Err((self.certificate_at(self.top), CertificateProblem::UnsupportedSignature));
        }
        self.check_limits(ca.basic_constraints.path_len, ca.name_constraints, budget)?;
        // An anchor has to fit above it.
        if self.top.saturating_add(1) >= max_depth(rules) {
            return Err((0, CertificateProblem::DepthExceeded));
        }
        Ok(())
    }

    /// The limits that an authority sets to all that is below it.
    fn check_limits(
        &self,
        path_len: Option<u8>,
        name_constraints: Option<NameConstraints<'_>>,
        budget: &mut u32,
    ) -> Result<(), (u8, CertificateProblem)> {
        let mut cas_left = path_len;
        for level in (0..=self.top).rev() {
            let index = self.certificate_at(level);
            let Some(certificate) = self.list.get(index) else { continue };
            // RFC 5280 section 6.1.3 (b): "If certificate i is self-issued and it is not the final
            // certificate in the path, skip this step"; 6.1.4 (l) does not count it either.
            if level != 0 && certificate.is_self_issued {
                continue;
            }
            if level != 0 {
                if cas_left == Some(0) {
                    return Err((index, CertificateProblem::PathLengthExceeded));
                }
                cas_left = cas_left.map(|left| left.saturating_sub(1));
            }
            if let Some(constraints) = name_constraints {
                constraints
                    .check(&certificate.subject, certificate.subject_alt_name, budget)
                    .map_err(|problem| (index, problem))?;
            }
        }
        Ok(())
    }

    /// RFC 4158 section 2.4.2: the same name and key a second time in one path is a loop.
    fn is_on_path(&self, ca: &Summary<'_>) -> bool {
        (0..=self.top).any(|level| {
            let on_path = self.list.get(self.certificate_at(level));
            on_path.is_some_and(|on_path| on_path.key.bytes == ca.key.bytes && on_path.subject.matches(&ca.subject))
        })
    }

    fn go_up(&mut self, certificate: u8) {
        self.top = self.top.saturating_add(1);
        if let Some(level) = self.levels.get_mut(usize::from(self.top)) {
            *level = Level { certificate, next: 0 };
        }
    }

    /// No candidate is left on the top level: back to the one below, or the end of the search.
    fn go_back(&mut self) -> Result<(), Error> {
        let index = self.certificate_at(self.top);
        let problem = match self.list.get(index) {
            Some(certificate) if !certificate.is_self_signed() => CertificateProblem::UnknownIssuer,
            _ if self.top == 0 => CertificateProblem::SelfSigned,
            _ => CertificateProblem::UntrustedRoot,
        };
        self.note(index, problem);
        if let Some(below) = self.top.checked_sub(1) {
            self.top = below;
            return Ok(());
        }
        if let Some(broken) = self.broken {
            self.note(broken.index, broken.problem);
        }
        Err(self.problem.map_or_else(exhausted, Error::from))
    }

    /// The next signature of a complete path, from the anchor down.
    fn verify_next(&mut self, rules: &Rules<'_>, anchor: u8, level: u8) -> Result<Next, Error> {
        let issuer = if level == self.top {
            Issuer::Anchor(anchor)
        } else {
            Issuer::Sent(self.certificate_at(level.saturating_add(1)))
        };
        if !self.is_verified(rules, level, issuer) {
            self.signatures_left = self.signatures_left.checked_sub(1).ok_or_else(exhausted)?;
            return Ok(Next::Verify { level, issuer });
        }
        self.phase = match level.checked_sub(1) {
            Some(level) => Phase::Verifying { anchor, level },
            None => Phase::Found(PathFound { depth: self.top.saturating_add(1), anchor }),
        };
        Ok(Next::Continue)
    }

    /// Whether the signature was verified before with the same key, be it that of another certificate.
    fn is_verified(&self, rules: &Rules<'_>, level: u8, issuer: Issuer) -> bool {
        let verified_by = self.list.verified_by(self.certificate_at(level));
        verified_by.is_some_and(|by| match (self.key_of(rules, by), self.key_of(rules, issuer)) {
            (Some(by), Some(issuer)) => by.algorithm == issuer.algorithm && by.bytes == issuer.bytes,
            _ => false,
        })
    }

    fn settle(&mut self, level: u8, issuer: Issuer, verified: Result<(), CryptoError>) {
        let index = self.certificate_at(level);
        let problem = match (verified, issuer) {
            (Ok(()), _) => return self.list.set_verified_by(index, issuer),
            (Err(CryptoError::Unsupported), _) => CertificateProblem::UnsupportedSignature,
            (Err(_), Issuer::Anchor(_)) => CertificateProblem::AnchorSignatureInvalid,
            (Err(_), Issuer::Sent(_)) => CertificateProblem::SignatureInvalid,
        };
        self.note(index, problem);
        self.top = level;
        self.phase = Phase::Searching;
    }

    fn edge<'a>(&'a self, rules: &Rules<'a>, level: u8, issuer: Issuer) -> Option<Edge<'a>> {
        let child = self.list.get(self.certificate_at(level))?;
        let key = self.key_of(rules, issuer)?;
        let algorithm = child.signature_kind.with_key(key.algorithm)?;
        Some(Edge { algorithm, key: key.bytes, signed: child.signed, signature: child.signature })
    }

    fn key_of<'a>(&'a self, rules: &Rules<'a>, issuer: Issuer) -> Option<PublicKey<'a>> {
        match issuer {
            Issuer::Anchor(place) => rules.anchors.get(usize::from(place)).map(|anchor| anchor.key),
            Issuer::Sent(place) => self.list.get(place).map(|certificate| certificate.key),
        }
    }

    fn certificate_at(&self, level: u8) -> u8 {
        self.levels.get(usize::from(level)).map_or(0, |level| level.certificate)
    }

    /// Keeps the problem if it explains more than the one known so far.
    fn note(&mut self, index: u8, problem: CertificateProblem) {
        if self.problem.is_none_or(|known| known.problem.rank() < problem.rank()) {
            self.problem = Some(CertificateError { index, problem });
        }
    }
}

fn parse(certificate: &[u8]) -> Result<Certificate<'_>, CertificateProblem> {
    if certificate.len() > MAX_CERTIFICATE {
        return Err(CertificateProblem::TooLarge);
    }
    Certificate::parse(certificate, Origin::Peer)
}

/// Whether two key identifiers do not exclude that they name the same key.
fn may_be_same(wanted: Option<KeyHint>, found: Option<KeyHint>) -> bool {
    wanted.is_none() || found.is_none() || wanted == found
}

fn max_depth(rules: &Rules<'_>) -> u8 {
    u8::try_from(MAX_DEPTH).map_or(rules.max_depth, |most| rules.max_depth.min(most))
}

fn exhausted() -> Error {
    CertificateError { index: 0, problem: CertificateProblem::SearchExhausted }.into()
}

impl Summary<'_> {
    /// Issued by its own name, and as far as one can tell with its own key.
    fn is_self_signed(&self) -> bool {
        self.is_self_issued && may_be_same(self.authority_key, self.subject_key)
    }
}
