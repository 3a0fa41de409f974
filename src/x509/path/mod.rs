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

mod candidate;
pub(super) mod found;
#[cfg(feature = "post-handshake-auth")]
pub(super) mod kept;
#[cfg(feature = "dangerous-waivers")]
mod lenient;
pub(super) mod note;
mod proof;
pub(super) mod rules;
#[cfg(not(feature = "dangerous-waivers"))]
mod strict;
pub(super) mod summary;
pub(super) mod trace;
mod unreadable;
mod verify;
pub(super) mod waiver;

pub(crate) use self::proof::{ChainAccepted, ChainVerified};

use self::found::PathFound;
use self::note::Note;
use self::rules::Rules;
use self::summary::{Place, Summaries, Summary};
use self::trace::{Trace, TraceEvent};
use self::verify::verify_below;
use self::waiver::Waivers;
use crate::crypto::{CryptoError, CryptoProvider};
use crate::error::{CertificateError, CertificateProblem, Error, Malformation};
use crate::limits::{CANDIDATES_PER_STEP, MAX_DEPTH, MAX_SEARCH_STEPS, MAX_SIGNATURES};
use crate::x509::anchor::Authority;
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::certificate::extensions::KeyHint;
#[cfg(not(feature = "post-handshake-auth"))]
use crate::x509::identity::LeafSummary;
use crate::x509::identity::{PeerIdentity, fingerprint};
use crate::x509::time::{Time, UnixTime};

/// The certificates of a peer and the state of the search for a path through them.
#[derive(Debug)]
pub(crate) struct PeerChain<'p> {
    pub(crate) list: Summaries<'p>,
    /// All levels below an anchor.
    levels: [Level; MAX_DEPTH],
    /// The level on which the search stands.
    top: u8,
    phase: Phase,
    pub(crate) signatures_left: u8,
    pub(crate) steps_left: u32,
    /// The first certificate that could not be parsed.
    pub(crate) broken: Option<CertificateError>,
    /// The most useful reason so far why there is no path; in the end the one that was given.
    pub(crate) problem: Option<Note>,
    /// What was known of the time in the last search.
    pub(crate) time: Time,
    /// Bytes of the last certificate that was too large.
    pub(crate) oversize: u32,
    /// What had to be tolerated of the end of the path, and of its signatures.
    tolerated: Waivers,
    #[cfg(feature = "dangerous-waivers")]
    passes: lenient::Passes,
}

/// A certificate of the path, and the next candidate for its issuer.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    certificate: u8,
    /// Which candidates are tried, by their place in [`TURNS`].
    turn: u8,
    next: u16,
    /// What had to be tolerated of it.
    tolerated: Waivers,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The leaf has not been looked at.
    Leaf,
    /// Looking for an issuer of the certificate on the top level.
    Searching,
    /// All is well with `issuer`, but for its name constraints, which so many names keep.
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

/// How far one call of [`PeerChain::step`] came.
#[derive(Debug)]
pub(crate) enum Search {
    /// Call again.
    Working,
    /// The path is found and verified.
    Found(ChainVerified, PathFound),
}

/// What is next, as far as it needs no cryptography.
enum Next {
    Continue,
    Verify { level: u8, issuer: Place },
    Found { anchor: Option<u8> },
}

impl<'p> PeerChain<'p> {
    pub(crate) const fn new(memory: &'p mut [u8]) -> Self {
        Self {
            list: Summaries::new(memory),
            levels: [Level { certificate: 0, turn: 0, next: 0, tolerated: Waivers::NONE }; MAX_DEPTH],
            top: 0,
            phase: Phase::Leaf,
            signatures_left: MAX_SIGNATURES,
            steps_left: MAX_SEARCH_STEPS,
            broken: None,
            problem: None,
            time: Time::dangerous_unknown(),
            oversize: 0,
            tolerated: Waivers::NONE,
            #[cfg(feature = "dangerous-waivers")]
            passes: lenient::Passes::STRICT,
        }
    }

    /// Begins a new search, maybe with other rules.
    pub(crate) fn restart(&mut self) {
        self.list.forget_verified();
        self.signatures_left = MAX_SIGNATURES;
        self.steps_left = MAX_SEARCH_STEPS;
        #[cfg(feature = "dangerous-waivers")]
        {
            self.passes = lenient::Passes::STRICT;
        }
        self.begin();
    }

    /// Goes back to the leaf.
    fn begin(&mut self) {
        self.levels = Default::default();
        self.top = 0;
        self.phase = Phase::Leaf;
        self.problem = None;
        self.tolerated = Waivers::NONE;
    }

    /// Whether the leaf holds the name that is asked for.
    pub(crate) fn has_name(&self, rules: &Rules<'_>) -> bool {
        self.list.get(0).is_some_and(|leaf| rules.check_name(&leaf).is_ok())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.list.count() == 0
    }

    /// Parses one certificate and keeps its summary: the leaf first, then the others in any order.
    ///
    /// A certificate that is broken is an error only if it is the leaf: another one may not be needed.
    pub(crate) fn push<C: CryptoProvider>(&mut self, certificate: &[u8], trace: &mut impl Trace) -> Result<(), Error> {
        let index = self.list.count();
        if index == u8::MAX {
            return Err(self.refuse(Note::new(index, CertificateProblem::ListTooLong)));
        }
        let parsed = match unreadable::parse(certificate) {
            Ok(parsed) => parsed,
            Err(problem) => {
                let error = CertificateError { index, problem };
                trace.event(TraceEvent::Unreadable { error });
                if problem == CertificateProblem::TooLarge {
                    self.oversize = u32::try_from(certificate.len()).unwrap_or(u32::MAX);
                }
                return self.pass_over(certificate, error);
            }
        };
        trace.event(TraceEvent::Read { index, subject: parsed.subject, issuer: parsed.issuer });
        let fingerprint = if index == 0 { fingerprint::<C>(certificate) } else { None };
        // A hash that the provider does not have leaves nothing that could be verified.
        let tbs_digest = parsed.signature_kind.hash().map(|hash| C::digest(hash, &[parsed.tbs]));
        let signed = match &tbs_digest {
            Some(Ok(digest)) => digest.as_bytes(),
            None if parsed.signature_kind.takes_message() => parsed.tbs,
            _ => &[],
        };
        self.list.push(Ok(&Summary::new(&parsed, signed, fingerprint.as_ref())))
    }

    /// One step of the search: at most one signature is verified. The rules must be the same in each
    /// call.
    pub(crate) fn step<C: CryptoProvider>(
        &mut self,
        rules: &Rules<'_>,
        trace: &mut impl Trace,
    ) -> Result<Search, Error> {
        self.time = rules.time;
        self.run::<C>(rules, trace).map_err(|note| {
            let (signatures, steps) = self.spent();
            trace.event(TraceEvent::Refused { error: note.error, signatures, steps });
            self.refuse(note)
        })
    }

    fn run<C: CryptoProvider>(&mut self, rules: &Rules<'_>, trace: &mut impl Trace) -> Result<Search, Note> {
        let end = self.steps_left.saturating_sub(CANDIDATES_PER_STEP.into());
        for _ in 0..CANDIDATES_PER_STEP {
            if self.steps_left < end {
                break;
            }
            let next = match self.advance(rules, trace) {
                Err(note) => self.another_pass(rules, note)?,
                Ok(next) => next,
            };
            match next {
                Next::Continue => {}
                Next::Verify { level, issuer } => {
                    let verified = match self.edge(rules, level, issuer) {
                        Some(edge) if C::SIGNATURE_ALGORITHMS.contains(&edge.algorithm) => {
                            C::verify(edge.algorithm, edge.key, edge.signed, edge.signature)
                        }
                        _ => Err(CryptoError::Unsupported),
                    };
                    self.settle(rules, level, issuer, verified, trace);
                    return Ok(Search::Working);
                }
                Next::Found { anchor } => {
                    self.keep_refusal();
                    let (path, (signatures, steps)) = (self.found(rules, anchor), self.spent());
                    trace.event(TraceEvent::Found { path, signatures, steps });
                    return Ok(Search::Found(ChainVerified::assertion(path.waived), path));
                }
            }
        }
        Ok(Search::Working)
    }

    pub(crate) fn leaf_key(&self) -> Option<PublicKey<'_>> {
        self.list.get(0).map(|leaf| leaf.key)
    }

    pub(crate) fn identity(&self) -> Option<PeerIdentity<'_>> {
        self.list.get(0).map(PeerIdentity::new)
    }

    /// Keeps the leaf and forgets the rest.
    #[cfg(not(feature = "post-handshake-auth"))]
    pub(crate) fn into_identity(self) -> LeafSummary<'p> {
        LeafSummary::new(self.list.into_leaf())
    }

    /// Whether a path is found.
    pub(crate) const fn is_found(&self) -> bool {
        matches!(self.phase, Phase::Found { .. })
    }

    /// The anchor of the path, if it is found and has one.
    pub(crate) const fn anchor(&self) -> Option<u8> {
        match self.phase {
            Phase::Found { anchor } => anchor,
            _ => None,
        }
    }

    /// CA certificates above the leaf on the path as it stands, an anchor counted.
    pub(crate) const fn depth(&self) -> u8 {
        self.top.saturating_add(1)
    }

    fn advance(&mut self, rules: &Rules<'_>, trace: &mut impl Trace) -> Result<Next, Note> {
        match self.phase {
            Phase::Leaf => {
                let unread = self.broken.filter(|broken| broken.index == 0).map(|broken| broken.problem);
                let unread = unread.unwrap_or(CertificateProblem::Malformed(Malformation::Missing));
                let leaf = self.list.get(0).ok_or(Note::new(0, unread))?;
                let mut leniency = self.leniency(rules);
                rules.check_leaf(&leaf, &mut leniency).map_err(|problem| Note::new(0, problem))?;
                // A pin is asked first: it costs no signature, and nothing else in the list matters then.
                // A certificate before a key: who pins it knows its names.
                let pins = || (0..u8::MAX).zip(rules.anchors).filter(|(_, anchor)| anchor.pins(&leaf));
                let pin = pins().find(|(_, anchor)| !anchor.is_key()).or_else(|| pins().next());
                self.phase = pin.map_or(Phase::Searching, |(anchor, _)| Phase::Found { anchor: Some(anchor) });
                if pin.is_some_and(|(_, anchor)| anchor.is_key()) {
                    self.list.set_key_pinned();
                }
                if let Some(level) = self.levels.first_mut() {
                    level.tolerated = leniency.met();
                }
                Ok(Next::Continue)
            }
            Phase::Searching => self.search(rules, trace).map(|()| Next::Continue),
            Phase::Constraining { issuer, names, tolerated } => {
                self.constrain(rules, issuer, names, tolerated, trace).map(|()| Next::Continue)
            }
            Phase::Verifying { anchor, level } => self.verify_next(rules, anchor, level, trace),
            Phase::Found { anchor } => Ok(Next::Found { anchor }),
        }
    }

    /// Looks at the next candidate for the issuer of the certificate on the top level.
    fn search(&mut self, rules: &Rules<'_>, trace: &mut impl Trace) -> Result<(), Note> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Note::exhausted())?;
        let Some(candidate) = self.next_candidate(rules) else { return self.go_back(rules, trace) };
        let index = self.certificate_at(self.top);
        let Some(child) = self.list.get(index) else { return self.go_back(rules, trace) };
        let mut leniency = self.leniency(rules);
        let checked = match candidate {
            Place::Anchor(place) => match authority(rules, place) {
                Some(anchor) if anchor.subject.matches(&child.issuer) => {
                    trace.event(TraceEvent::Candidate { index, issuer: candidate, subject: anchor.subject });
                    self.check_anchor(rules, candidate, anchor, &child, &mut leniency)
                }
                _ => return Ok(()),
            },
            Place::Sent(place) => match self.list.get(place) {
                Some(ca) if ca.subject.matches(&child.issuer) && !self.is_on_path(&ca) => {
                    trace.event(TraceEvent::Candidate { index, issuer: candidate, subject: ca.subject });
                    self.check_ca(rules, place, &ca, &child, &mut leniency)
                }
                _ => return Ok(()),
            },
        };
        match checked {
            Ok(()) => {
                self.phase = Phase::Constraining { issuer: candidate, names: 0, tolerated: leniency.met() };
            }
            Err(note) => self.reject(candidate, note, trace),
        }
        Ok(())
    }

    /// Compares some more names with the constraints of the candidate, and takes it if none is left.
    fn constrain(
        &mut self,
        rules: &Rules<'_>,
        issuer: Place,
        names: u16,
        tolerated: Waivers,
        trace: &mut impl Trace,
    ) -> Result<(), Note> {
        let mut steps_left = self.steps_left;
        let checked = self.check_names(rules, issuer, names, &mut steps_left);
        self.steps_left = steps_left;
        match (checked, issuer) {
            (Ok(Some(names)), _) => self.phase = Phase::Constraining { issuer, names, tolerated },
            (Ok(None), Place::Anchor(anchor)) => {
                trace.event(TraceEvent::Anchor { anchor, depth: self.depth() });
                self.tolerated = tolerated;
                self.phase = Phase::Verifying { anchor: Some(anchor), level: self.top };
            }
            (Ok(None), Place::Sent(certificate)) => {
                self.phase = Phase::Searching;
                self.go_up(certificate, tolerated);
            }
            (Err(note), _) if note.error.problem == CertificateProblem::SearchExhausted => {
                return Err(Note::exhausted());
            }
            (Err(note), _) => {
                self.phase = Phase::Searching;
                self.reject(issuer, note, trace);
            }
        }
        Ok(())
    }

    /// Leaves a candidate aside.
    fn reject(&mut self, issuer: Place, note: Note, trace: &mut impl Trace) {
        let index = self.certificate_at(self.top);
        trace.event(TraceEvent::Unfit { index, issuer, error: note.error });
        self.note(note);
    }

    /// The next candidate, if there is one: first those whose key identifier is the one that is wanted, then those of
    /// which that is not known, then the others, for signatures are dear; in each turn anchors before certificates, since
    /// they end the path.
    fn next_candidate(&mut self, rules: &Rules<'_>) -> Option<Place> {
        let anchors = u16::try_from(rules.anchors.len().min(usize::from(u8::MAX))).unwrap_or(0);
        let all = anchors.saturating_add(u16::from(self.list.count()));
        let wanted = self.list.get(self.certificate_at(self.top))?.authority_key;
        loop {
            let level = self.levels.get_mut(usize::from(self.top))?;
            let turn = TURNS.get(usize::from(level.turn))?;
            let place = level.next;
            if place >= all {
                (level.turn, level.next) = (level.turn.saturating_add(1), 0);
                continue;
            }
            level.next = place.saturating_add(1);
            let (candidate, found) = match place.checked_sub(anchors) {
                None => {
                    let place = u8::try_from(place).ok()?;
                    (Place::Anchor(place), authority(rules, place).and_then(|anchor| anchor.key_hint))
                }
                Some(place) => {
                    let place = u8::try_from(place).ok()?;
                    (Place::Sent(place), self.list.get(place).and_then(|ca| ca.subject_key))
                }
            };
            if Turn::of(wanted, found) == *turn {
                return Some(candidate);
            }
        }
    }

    fn go_up(&mut self, certificate: u8, tolerated: Waivers) {
        self.top = self.top.saturating_add(1);
        if let Some(level) = self.levels.get_mut(usize::from(self.top)) {
            *level = Level { certificate, turn: 0, next: 0, tolerated };
        }
    }

    /// No candidate is left on the top level: back to the one below, or the end of the search.
    fn go_back(&mut self, rules: &Rules<'_>, trace: &mut impl Trace) -> Result<(), Note> {
        let index = self.certificate_at(self.top);
        let problem = match self.list.get(index) {
            Some(certificate) if !certificate.is_self_signed() => CertificateProblem::UnknownIssuer,
            _ if self.top == 0 => CertificateProblem::SelfSigned,
            _ => CertificateProblem::UntrustedRoot,
        };
        let note = Note::new(index, problem);
        trace.event(TraceEvent::DeadEnd { error: note.error });
        let mut leniency = self.leniency(rules);
        if !self.knows_better() && leniency.object(problem).is_ok() {
            self.tolerated = leniency.met();
            self.phase = verify_below(None, self.top);
            return Ok(());
        }
        self.note(note);
        // Whose certificate cannot be read may be the issuer of one whose issuer is not known, and of no other.
        let unreadable = self.list.get(index).filter(|_| problem == CertificateProblem::UnknownIssuer);
        if let Some(note) = unreadable.and_then(|below| self.unreadable_issuer(&below)) {
            self.note(note);
        }
        if let Some(below) = self.top.checked_sub(1) {
            self.top = below;
            return Ok(());
        }
        Err(self.problem.unwrap_or(Note::exhausted()))
    }

    /// What there is to say about the path on which the search stands.
    pub(crate) fn found(&self, rules: &Rules<'_>, anchor: Option<u8>) -> PathFound {
        let authority = anchor.and_then(|anchor| authority(rules, anchor));
        let (mut not_before, mut not_after) = authority.and_then(|anchor| anchor.validity).unwrap_or(UnixTime::ALWAYS);
        for level in 0..=self.top {
            if let Some(certificate) = self.list.get(self.certificate_at(level)) {
                not_before = not_before.max(certificate.not_before);
                not_after = not_after.min(certificate.not_after);
            }
        }
        PathFound {
            depth: if authority.is_some() { self.depth() } else { self.top },
            anchor,
            not_before,
            not_after,
            validity: rules.time.check_of(not_before),
            waived: self.waived(),
        }
    }

    pub(crate) fn certificate_at(&self, level: u8) -> u8 {
        self.levels.get(usize::from(level)).map_or(0, |level| level.certificate)
    }
}

/// The rank of a candidate by its key identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It has the key that is wanted.
    Fits,
    /// One of them says nothing.
    Unknown,
    /// It has another key. Identifiers only guide the search (RFC 4158 section 3.5.12), so it is tried all the same.
    Differs,
}

/// In which order candidates are tried.
const TURNS: [Turn; 3] = [Turn::Fits, Turn::Unknown, Turn::Differs];

impl Turn {
    fn of(wanted: Option<KeyHint>, found: Option<KeyHint>) -> Self {
        match (wanted, found) {
            (Some(wanted), Some(found)) if wanted == found => Self::Fits,
            (Some(_), Some(_)) => Self::Differs,
            _ => Self::Unknown,
        }
    }
}

/// The anchor at a place of the list, if it is an authority.
pub(crate) fn authority<'a>(rules: &Rules<'a>, place: u8) -> Option<&'a Authority<'a>> {
    rules.anchors.get(usize::from(place))?.authority()
}

pub(crate) fn max_depth(rules: &Rules<'_>) -> u8 {
    u8::try_from(MAX_DEPTH).map_or(rules.max_depth, |most| rules.max_depth.min(most))
}

impl Summary<'_> {
    /// Issued by its own name, and as far as one can tell with its own key.
    fn is_self_signed(&self) -> bool {
        self.is_self_issued && Turn::of(self.authority_key, self.subject_key) != Turn::Differs
    }
}
