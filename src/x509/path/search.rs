//! The search for a path from the leaf to a trust anchor (RFC 5280 section 6, RFC 4158).
//!
//! ```text
//!   level 0       1              2                    depth
//!   leaf  <- intermediate <- intermediate   <-   trust anchor
//! ```
//! Depth first, from the leaf up: each level holds one certificate and how far its candidates for an issuer have been
//! tried. All cheap checks of a candidate come first: its name, and each rule of RFC 5280 section 6.1 except the
//! signature. When an anchor is reached the signatures are verified from the anchor down, one for each call, and a
//! signature that fails sends the search back to the level where it failed. A verified signature is noted in the summary
//! and not verified again.
//!
//! Only an anchor is trusted: a self-signed certificate in the list is one more candidate, and leads nowhere.

use super::checks::Checks;
use super::judge::Judge;
use super::levels::{Levels, Turn};
use super::proof::ChainVerified;
use super::rules::Rules;
use super::summaries::{List, Place, Summaries};
use super::trace::{Trace, TraceEvent};
use super::verified::{PathFound, VerifiedPath};
use super::waiver::{Waived, Waivers};
use crate::crypto::{CryptoError, CryptoProvider, SignatureAlgorithm};
use crate::error::{CertificateError, CertificateProblem, Error, Malformation};
use crate::limits::CANDIDATES_PER_STEP;
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::time::{Time, UnixTime};
use crate::x509::verdict::{Blame, FailedPath, Verdict};

/// A search for a path through the certificates of a peer. It owns the rules by which it searches.
#[derive(Debug)]
pub(crate) struct Search<'r, 'p> {
    summaries: Summaries<'p>,
    rules: Rules<'r>,
    levels: Levels,
    phase: Phase,
    judge: Judge,
    /// The most useful reason so far why there is no path; at the end the one that is reported.
    reason: Option<Blame>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The leaf is not checked yet.
    Leaf,
    /// Looking for an issuer of the certificate on the top level.
    Searching,
    /// All checks of `issuer` passed except for its name constraints, which `names` names satisfy.
    Constraining {
        issuer: Place,
        names: u16,
        tolerated: Waivers,
    },
    /// The end is reached; the signature of the certificate on `level` is the next to verify.
    Verifying {
        anchor: Option<u8>,
        level: u8,
    },
    Found {
        anchor: Option<u8>,
    },
}

/// The outcome of a step without cryptography.
enum Next {
    Continue,
    Verify { level: u8, issuer: Place },
    Found,
}

/// A signature to verify.
struct Edge<'a> {
    algorithm: SignatureAlgorithm,
    key: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
}

impl<'r, 'p> Search<'r, 'p> {
    /// Makes a search that has not started: its rules trust no anchor.
    pub(crate) const fn new(summaries: Summaries<'p>) -> Self {
        Self {
            summaries,
            rules: Rules::client(&[], Time::dangerous_unknown()),
            levels: Levels::LEAF,
            phase: Phase::Leaf,
            judge: Judge::new(),
            reason: None,
        }
    }

    /// Parses and keeps a certificate of the peer, as [`Summaries::push`] does.
    pub(crate) fn push<C: CryptoProvider>(
        &mut self,
        provider: C,
        certificate: &[u8],
        collected: usize,
        trace: &mut impl Trace,
    ) -> Result<(), Error> {
        self.summaries.push(provider, certificate, collected, trace)
    }

    /// Sets the rules of a search that has not started.
    pub(crate) const fn start(&mut self, rules: Rules<'r>) {
        self.rules = rules;
    }

    /// Returns to the leaf.
    fn begin_pass(&mut self) {
        self.levels = Levels::LEAF;
        self.phase = Phase::Leaf;
        self.reason = None;
    }

    /// Takes a step of the search, which verifies at most one signature. `None` asks for another step.
    pub(crate) fn step<C: CryptoProvider>(
        &mut self,
        provider: C,
        trace: &mut impl Trace,
    ) -> Result<Option<ChainVerified>, Error> {
        self.run(provider, trace).map_err(|blame| match blame {
            Some(blame) => self.refuse(blame, trace).into(),
            None => Error::ProviderFailed,
        })
    }

    fn refuse(&mut self, blame: Blame, trace: &mut impl Trace) -> CertificateError {
        let (signatures, steps) = self.spent();
        trace.event(TraceEvent::NoPath { error: blame.error(), signatures, steps });
        self.reason = Some(blame);
        blame.error()
    }

    /// Runs the search. The error is `None` if the provider failed, so no certificate is to blame.
    fn run<C: CryptoProvider>(
        &mut self,
        provider: C,
        trace: &mut impl Trace,
    ) -> Result<Option<ChainVerified>, Option<Blame>> {
        let end = self.judge.steps_left().saturating_sub(CANDIDATES_PER_STEP.into());
        for _ in 0..CANDIDATES_PER_STEP {
            if *self.judge.steps_left() < end {
                break;
            }
            let next = self.advance(trace).or_else(|blame| -> Result<Next, Blame> {
                self.judge.next_pass(self.rules.waivers, blame)?;
                self.begin_pass();
                Ok(Next::Continue)
            })?;
            match next {
                Next::Continue => {}
                Next::Verify { level, issuer } => {
                    let verified = match self.edge(level, issuer) {
                        Some(edge) if C::SIGNATURE_ALGORITHMS.contains(&edge.algorithm) => {
                            provider.verify(edge.algorithm, edge.key, edge.signed, edge.signature)
                        }
                        _ => Err(CryptoError::Unsupported),
                    };
                    if verified == Err(CryptoError::Failed) {
                        let index = self.levels.certificate_at(level);
                        self.reason = Some(Blame::new(index, CertificateProblem::UnsupportedSignature).by(issuer));
                        return Err(None);
                    }
                    self.settle(level, issuer, verified, trace);
                    return Ok(None);
                }
                Next::Found => {
                    // Keep the reason for which the path would have been rejected, so that it can be explained.
                    self.reason = self.judge.first_refusal().or(self.reason);
                    let (path, (signatures, steps)) = (self.found(), self.spent());
                    trace.event(TraceEvent::Found { path, signatures, steps });
                    return Ok(Some(ChainVerified::assertion(path)));
                }
            }
        }
        Ok(None)
    }

    #[inline(never)] // in a frame of its own, which is not there while a signature is verified
    fn advance(&mut self, trace: &mut impl Trace) -> Result<Next, Blame> {
        match self.phase {
            Phase::Leaf => self.check_leaf().map(|()| Next::Continue),
            Phase::Searching => self.look_for_issuer(trace).map(|()| Next::Continue),
            Phase::Constraining { issuer, names, tolerated } => {
                self.constrain(issuer, names, tolerated, trace).map(|()| Next::Continue)
            }
            Phase::Verifying { anchor, level } => self.verify_next(anchor, level, trace),
            Phase::Found { .. } => Ok(Next::Found),
        }
    }

    fn check_leaf(&mut self) -> Result<(), Blame> {
        let missing = Blame::new(0, CertificateProblem::Malformed(Malformation::Missing));
        let leaf = &self.summaries.list().get(0).ok_or(missing)?;
        let checks = Checks::new(&self.rules, self.summaries.list(), &self.levels);
        checks.leaf(leaf, &mut self.judge).map_err(|problem| Blame::new(0, problem))?;
        // Pins come first: they cost no signature, and make the rest of the list irrelevant. A certificate comes before
        // a key: its names are known to the owner of the pin.
        let pins = || (0..u8::MAX).zip(self.rules.anchors).filter(|(_, anchor)| anchor.pins(leaf));
        let pin = pins().find(|(_, anchor)| !anchor.is_key()).or_else(|| pins().next());
        self.phase = pin.map_or(Phase::Searching, |(anchor, _)| Phase::Found { anchor: Some(anchor) });
        if pin.is_some_and(|(_, anchor)| anchor.is_key()) {
            self.summaries.set_key_pinned();
        }
        self.levels.tolerate_leaf(self.judge.take_met());
        Ok(())
    }

    /// Checks the next candidate for the issuer of the certificate on the top level.
    fn look_for_issuer(&mut self, trace: &mut impl Trace) -> Result<(), Blame> {
        self.judge.take_step()?;
        let Some(candidate) = self.next_candidate() else { return self.go_back(trace) };
        let index = self.levels.top_certificate();
        let list = self.summaries.list();
        let Some(child) = &list.get(index) else { return self.go_back(trace) };
        let checks = Checks::new(&self.rules, list, &self.levels);
        let checked = match candidate {
            Place::Anchor(place) => match self.rules.anchor(place) {
                Some(anchor) if anchor.subject.matches(&child.issuer) => {
                    trace.event(TraceEvent::Candidate { index, issuer: candidate, subject: anchor.subject });
                    checks.anchor(place, anchor, child, &mut self.judge)
                }
                _ => return Ok(()),
            },
            Place::Sent(place) => match &list.get(place) {
                Some(ca) if ca.subject.matches(&child.issuer) && !checks.is_on_path(ca) => {
                    trace.event(TraceEvent::Candidate { index, issuer: candidate, subject: ca.subject });
                    checks.ca(place, ca, child, &mut self.judge)
                }
                _ => return Ok(()),
            },
        };
        let tolerated = self.judge.take_met();
        match checked {
            Ok(()) => self.phase = Phase::Constraining { issuer: candidate, names: 0, tolerated },
            Err(blame) => self.reject(candidate, blame, trace),
        }
        Ok(())
    }

    /// Returns the next candidate: first those with the key identifier that is wanted, then those without one, then the
    /// others, as signatures are expensive; in each turn anchors before certificates, since they end the path.
    fn next_candidate(&mut self) -> Option<Place> {
        let list = self.summaries.list();
        let anchors = u16::try_from(self.rules.anchors.len().min(usize::from(u8::MAX))).unwrap_or(0);
        let all = anchors.saturating_add(u16::from(self.summaries.count()));
        let wanted = list.get(self.levels.top_certificate())?.extensions.authority_key;
        loop {
            let (place, turn) = self.levels.next_candidate(all)?;
            let (candidate, found) = match place.checked_sub(anchors) {
                None => {
                    let place = u8::try_from(place).ok()?;
                    (Place::Anchor(place), self.rules.anchor(place).and_then(|anchor| anchor.key_hint))
                }
                Some(place) => {
                    let place = u8::try_from(place).ok()?;
                    (Place::Sent(place), list.get(place).and_then(|ca| ca.extensions.subject_key))
                }
            };
            if Turn::of(wanted, found) == turn {
                return Some(candidate);
            }
        }
    }

    /// Compares some more names with the constraints of the candidate, and accepts it if none is left.
    fn constrain(
        &mut self,
        issuer: Place,
        names: u16,
        tolerated: Waivers,
        trace: &mut impl Trace,
    ) -> Result<(), Blame> {
        let checks = Checks::new(&self.rules, self.summaries.list(), &self.levels);
        match (checks.names(issuer, names, &mut self.judge), issuer) {
            (Ok(Some(names)), _) => self.phase = Phase::Constraining { issuer, names, tolerated },
            (Ok(None), Place::Anchor(anchor)) => {
                trace.event(TraceEvent::Anchor { anchor, depth: self.levels.depth() });
                self.levels.tolerate_end(tolerated);
                self.phase = Phase::Verifying { anchor: Some(anchor), level: self.levels.top() };
            }
            (Ok(None), Place::Sent(certificate)) => {
                self.phase = Phase::Searching;
                self.levels.go_up(certificate, tolerated);
            }
            (Err(blame), _) if blame.error().problem == CertificateProblem::SearchExhausted => {
                return Err(Blame::EXHAUSTED);
            }
            (Err(blame), _) => {
                self.phase = Phase::Searching;
                self.reject(issuer, blame, trace);
            }
        }
        Ok(())
    }

    /// Rejects a candidate.
    fn reject(&mut self, issuer: Place, blame: Blame, trace: &mut impl Trace) {
        trace.event(TraceEvent::Rejected { index: self.levels.top_certificate(), issuer, error: blame.error() });
        blame.explain(&mut self.reason);
    }

    /// Returns to the level below when no candidate is left, or ends the search.
    fn go_back(&mut self, trace: &mut impl Trace) -> Result<(), Blame> {
        let index = self.levels.top_certificate();
        let certificate = self.summaries.list().get(index);
        let problem = match &certificate {
            Some(certificate) if !certificate.is_self_signed() => CertificateProblem::UnknownIssuer,
            _ if self.levels.top() == 0 => CertificateProblem::SelfSigned,
            _ => CertificateProblem::UntrustedRoot,
        };
        let blame = Blame::new(index, problem);
        trace.event(TraceEvent::DeadEnd { error: blame.error() });
        if !self.has_rejected_issuer() && self.judge.refuse(problem).is_ok() {
            self.levels.tolerate_end(self.judge.take_met());
            self.phase = Phase::below(None, self.levels.top());
            return Ok(());
        }
        blame.explain(&mut self.reason);
        // A certificate that cannot be parsed may be the issuer that is unknown, and no other.
        let below = certificate.filter(|_| problem == CertificateProblem::UnknownIssuer);
        if let Some(blame) = below.and_then(|below| self.summaries.unreadable_issuer(&below)) {
            blame.explain(&mut self.reason);
        }
        self.levels.go_down().ok_or_else(|| self.reason.unwrap_or(Blame::EXHAUSTED))
    }

    /// Returns whether an issuer was rejected for something that is not tolerated. Then the certificate below may not
    /// end the path as if its issuer were unknown. A candidate that has the name but did not sign is not an issuer.
    fn has_rejected_issuer(&self) -> bool {
        let rank = CertificateProblem::SignatureInvalid.rank();
        self.reason.is_some_and(|known| known.error().problem.rank() > rank)
    }

    /// Continues with the next signature of a complete path, from the anchor down.
    fn verify_next(&mut self, anchor: Option<u8>, level: u8, trace: &mut impl Trace) -> Result<Next, Blame> {
        let issuer = match anchor {
            Some(anchor) if level == self.levels.top() => Place::Anchor(anchor),
            _ => Place::Sent(self.levels.certificate_at(level.saturating_add(1))),
        };
        if !self.is_verified(level, issuer) {
            self.judge.take_signature()?;
            return Ok(Next::Verify { level, issuer });
        }
        trace.event(TraceEvent::Verified { index: self.levels.certificate_at(level), issuer });
        self.phase = Phase::below(anchor, level);
        Ok(Next::Continue)
    }

    /// Returns whether the signature was verified before with the same key, even that of another certificate.
    fn is_verified(&self, level: u8, issuer: Place) -> bool {
        let verified_by = self.summaries.list().verified_by(self.levels.certificate_at(level));
        verified_by.and_then(|by| self.key_of(by)).is_some_and(|key| self.key_of(issuer) == Some(key))
    }

    fn edge(&self, level: u8, issuer: Place) -> Option<Edge<'_>> {
        let child = self.summaries.list().get(self.levels.certificate_at(level))?;
        let key = self.key_of(issuer)?;
        // Nothing is signed if the provider does not have the hash.
        let algorithm = child.signature_kind.with_key(key.algorithm()).filter(|_| !child.signed.is_empty())?;
        Some(Edge { algorithm, key: key.as_bytes(), signed: child.signed, signature: child.signature })
    }

    fn key_of(&self, issuer: Place) -> Option<PublicKey<'_>> {
        match issuer {
            Place::Anchor(place) => self.rules.anchor(place).map(|anchor| anchor.key),
            Place::Sent(place) => self.summaries.list().get(place).map(|certificate| certificate.key),
        }
    }

    /// Records a verified signature, or returns to the level of one that failed.
    fn settle(&mut self, level: u8, issuer: Place, verified: Result<(), CryptoError>, trace: &mut impl Trace) {
        let index = self.levels.certificate_at(level);
        let problem = match (verified, issuer) {
            (Ok(()), _) => return self.summaries.set_verified_by(index, issuer),
            (Err(CryptoError::Unsupported), _) => CertificateProblem::UnsupportedSignature,
            (Err(_), Place::Anchor(_)) => CertificateProblem::AnchorSignatureInvalid,
            (Err(_), Place::Sent(_)) => CertificateProblem::SignatureInvalid,
        };
        let blame = Blame::new(index, problem).by(issuer);
        trace.event(TraceEvent::Rejected { index, issuer, error: blame.error() });
        if self.tolerates_signature(level, problem) {
            return;
        }
        blame.explain(&mut self.reason);
        self.levels.go_down_to(level);
        self.phase = Phase::Searching;
    }

    /// Continues below a signature that does not verify, if that is tolerated. An anchor whose key did not make the
    /// signature is not the issuer, but another may be, so the search continues.
    fn tolerates_signature(&mut self, level: u8, problem: CertificateProblem) -> bool {
        if problem == CertificateProblem::AnchorSignatureInvalid || self.judge.refuse(problem).is_err() {
            return false;
        }
        self.levels.tolerate_signature(self.judge.take_met());
        let anchor = match self.phase {
            Phase::Verifying { anchor, .. } if level != self.levels.top() => anchor,
            _ => None,
        };
        self.phase = Phase::below(anchor, level);
        true
    }

    /// Describes the current path.
    fn found(&self) -> PathFound {
        let list = self.summaries.list();
        let anchor = self.anchor();
        let authority = anchor.and_then(|anchor| self.rules.anchor(anchor));
        let (mut not_before, mut not_after) = authority.and_then(|anchor| anchor.validity).unwrap_or(UnixTime::ALWAYS);
        for level in 0..=self.levels.top() {
            if let Some(certificate) = list.get(self.levels.certificate_at(level)) {
                not_before = not_before.max(certificate.not_before);
                not_after = not_after.min(certificate.not_after);
            }
        }
        PathFound {
            depth: if authority.is_some() { self.levels.depth() } else { self.levels.top() },
            anchor,
            not_before,
            not_after,
            validity: self.rules.time.check_of(not_before),
            waived: self.waived(),
        }
    }

    /// Runs the search to its end, and turns it into its result. A path for which something was waived is refused
    /// unless that is accepted.
    pub(crate) fn finish<'a, C: CryptoProvider>(
        mut self,
        provider: C,
        accept: impl FnOnce(Waived) -> bool,
        trace: &mut impl Trace,
    ) -> Result<VerifiedPath<'a>, Verdict<'a>>
    where
        'r: 'a,
        'p: 'a,
    {
        match self.summaries.refusal() {
            Some(blame) => drop(self.refuse(blame, trace)),
            None => while let Ok(None) = self.step(provider, trace) {},
        }
        let (found, refused, spent) = (self.found(), self.refused(), self.spent());
        let is_found = matches!(self.phase, Phase::Found { .. });
        let Self { summaries, rules, levels, .. } = self;
        let (oversize, list) = (summaries.oversize(), summaries.into_list());
        if is_found && accept(found.waived) {
            return Ok(VerifiedPath::new(list, levels, &rules, found));
        }
        // There is always a reason, but nothing depends on it.
        Err(Verdict::new(refused.unwrap_or(Blame::EXHAUSTED), FailedPath::new(list, rules, spent, oversize)))
    }

    /// Returns the path, once it is found.
    pub(crate) fn verified(&self) -> Option<VerifiedPath<'_>> {
        let Phase::Found { .. } = self.phase else { return None };
        Some(VerifiedPath::new(self.summaries.list(), self.levels, &self.rules, self.found()))
    }

    /// Returns why the list or the path was refused, or would have been without a waiver; `None` if it was not.
    pub(crate) fn verdict(&self) -> Option<Verdict<'_>> {
        let refused = FailedPath::new(self.summaries.list(), self.rules, self.spent(), self.summaries.oversize());
        Some(Verdict::new(self.refused()?, refused))
    }

    fn refused(&self) -> Option<Blame> {
        match self.phase {
            Phase::Found { .. } if self.waived().is_empty() => None,
            _ => self.summaries.refusal().or(self.reason),
        }
    }

    /// Returns the anchor of the path, if it is found and has one.
    const fn anchor(&self) -> Option<u8> {
        match self.phase {
            Phase::Found { anchor } => anchor,
            _ => None,
        }
    }

    /// Returns the causes waived for the current path.
    fn waived(&self) -> Waived {
        self.judge.waived(self.levels.tolerated())
    }

    /// Returns the signatures and steps that the search took so far.
    pub(super) const fn spent(&self) -> (u8, u32) {
        self.judge.spent()
    }

    /// Returns the certificates of the peer.
    pub(crate) fn list(&self) -> List<'_> {
        self.summaries.list()
    }

    /// Returns the time of the last search.
    pub(crate) const fn time(&self) -> Time {
        self.rules.time
    }

    /// Returns whether an authority is trusted, and not only pinned certificates and keys.
    pub(crate) fn knows_authorities(&self) -> bool {
        self.rules.anchors.iter().any(|anchor| anchor.issuer().is_some())
    }

    /// Keeps the leaf, if there is one, and forgets the rest.
    pub(crate) fn keep_leaf(&mut self) {
        self.summaries.keep_leaf();
        self.reset();
    }

    /// Forgets the certificates except for the leaf that was kept.
    #[cfg(any(feature = "post-handshake-auth", feature = "resumption"))]
    pub(crate) fn forget(&mut self) {
        self.summaries.clear();
        self.reset();
    }

    fn reset(&mut self) {
        self.judge = Judge::new();
        self.begin_pass();
    }

    /// Returns the memory of the certificates.
    pub(crate) const fn memory(&self) -> &Summaries<'p> {
        &self.summaries
    }

    /// Returns the memory of the certificates.
    pub(crate) const fn memory_mut(&mut self) -> &mut Summaries<'p> {
        &mut self.summaries
    }
}

impl Phase {
    /// Returns the phase after the signature of the certificate on `level`.
    const fn below(anchor: Option<u8>, level: u8) -> Self {
        match level.checked_sub(1) {
            Some(level) => Self::Verifying { anchor, level },
            None => Self::Found { anchor },
        }
    }
}

#[cfg(all(test, feature = "rustcrypto", feature = "resumption"))]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::x509::anchor::TrustAnchor;
    use crate::x509::certificate::Certificate;
    use crate::x509::certificate::algorithm::{KeyAlgorithm, SignatureKind};
    use crate::x509::name::Name;

    /// A `SubjectPublicKeyInfo` of P-256 up to its two coordinates.
    const SPKI_HEAD: &[u8] =
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0\x04";

    #[test]
    fn a_search_that_has_forgotten_its_list_judges_the_next_one() {
        let info = [SPKI_HEAD, &[1; 64]].concat();
        let anchors = [TrustAnchor::from_pinned_key(&info).unwrap()];
        let mut memory = [0; 1024];
        let mut search = Search::new(Summaries::new(&mut memory));
        let mut judge = |point: &[u8]| {
            let key = PublicKey::from_checked(KeyAlgorithm::EcP256, point);
            search.forget();
            search.memory_mut().append(Ok(&Certificate { key, ..Certificate::EMPTY })).unwrap();
            search.start(Rules::client(&anchors, Time::dangerous_unknown()));
            let end = (0..9).find_map(|_| search.step(RustCrypto, &mut ()).transpose());
            end.expect("an end").is_ok()
        };
        let (pinned, other) = (&info[info.len() - 65..], [4; 65]);
        assert_eq!([judge(pinned), judge(&other), judge(pinned)], [true, false, true]);
    }

    #[test]
    fn a_certificate_of_which_nothing_could_be_hashed_is_not_verified() {
        let name = b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01A";
        let key = PublicKey::from_checked(KeyAlgorithm::EcP256, &[4; 65]);
        let (issuer, signature_kind) = (Name::from_checked(name), SignatureKind::EcdsaSha256);
        let leaf = Certificate { issuer, key, signature_kind, signature: &[1], ..Certificate::EMPTY };
        let info = [SPKI_HEAD, &[1; 64]].concat();
        let anchors = [TrustAnchor::from_name_and_key(name, &info).unwrap()];
        let mut memory = [0; 1024];
        let mut search = Search::new(Summaries::new(&mut memory));
        search.memory_mut().append(Ok(&leaf)).unwrap();
        search.start(Rules::client(&anchors, Time::dangerous_unknown()));
        let end = (0..9).find_map(|_| search.step(RustCrypto, &mut ()).transpose());
        let unsupported = CertificateError { index: 0, problem: CertificateProblem::UnsupportedSignature };
        assert_eq!(end.expect("an end").err(), Some(unsupported.into()));
    }
}
