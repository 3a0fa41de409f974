//! The signatures of a complete path, from the anchor down.

use super::note::Note;
use super::rules::Rules;
use super::summary::Place;
use super::trace::{Trace, TraceEvent};
use super::{Next, PeerChain, Phase, authority};
use crate::crypto::{CryptoError, SignatureAlgorithm};
use crate::error::CertificateProblem;
use crate::x509::certificate::algorithm::PublicKey;

/// A signature to verify.
pub(super) struct Edge<'a> {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) key: &'a [u8],
    pub(super) signed: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl PeerChain<'_> {
    /// The next signature of a complete path, from the anchor down.
    pub(super) fn verify_next(
        &mut self,
        rules: &Rules<'_>,
        anchor: Option<u8>,
        level: u8,
        trace: &mut impl Trace,
    ) -> Result<Next, Note> {
        let issuer = match anchor {
            Some(anchor) if level == self.top => Place::Anchor(anchor),
            _ => Place::Sent(self.certificate_at(level.saturating_add(1))),
        };
        if !self.is_verified(rules, level, issuer) {
            self.signatures_left = self.signatures_left.checked_sub(1).ok_or(Note::exhausted())?;
            return Ok(Next::Verify { level, issuer });
        }
        trace.event(TraceEvent::Verified { index: self.certificate_at(level), issuer });
        self.phase = verify_below(anchor, level);
        Ok(Next::Continue)
    }

    /// Returns whether the signature was verified before with the same key, be it that of another certificate.
    pub(super) fn is_verified(&self, rules: &Rules<'_>, level: u8, issuer: Place) -> bool {
        let verified_by = self.list.verified_by(self.certificate_at(level));
        verified_by.is_some_and(|by| match (self.key_of(rules, by), self.key_of(rules, issuer)) {
            (Some(by), Some(issuer)) => by.algorithm == issuer.algorithm && by.bytes == issuer.bytes,
            _ => false,
        })
    }

    pub(super) fn settle(
        &mut self,
        rules: &Rules<'_>,
        level: u8,
        issuer: Place,
        verified: Result<(), CryptoError>,
        trace: &mut impl Trace,
    ) {
        let index = self.certificate_at(level);
        let problem = match (verified, issuer) {
            (Ok(()), _) => return self.list.set_verified_by(index, issuer),
            (Err(CryptoError::Unsupported), _) => CertificateProblem::UnsupportedSignature,
            (Err(_), Place::Anchor(_)) => CertificateProblem::AnchorSignatureInvalid,
            (Err(_), Place::Sent(_)) => CertificateProblem::SignatureInvalid,
        };
        let note = Note::new(index, problem).by(issuer);
        trace.event(TraceEvent::Unfit { index, issuer, error: note.error });
        if self.tolerates_signature(rules, level, problem) {
            return;
        }
        self.note(note);
        self.top = level;
        self.phase = Phase::Searching;
    }

    pub(super) fn edge<'a>(&'a self, rules: &Rules<'a>, level: u8, issuer: Place) -> Option<Edge<'a>> {
        let child = self.list.get(self.certificate_at(level))?;
        let key = self.key_of(rules, issuer)?;
        let algorithm = child.signature_kind.with_key(key.algorithm)?;
        Some(Edge { algorithm, key: key.bytes, signed: child.signed, signature: child.signature })
    }

    pub(super) fn key_of<'a>(&'a self, rules: &Rules<'a>, issuer: Place) -> Option<PublicKey<'a>> {
        match issuer {
            Place::Anchor(place) => authority(rules, place).map(|anchor| anchor.key),
            Place::Sent(place) => self.list.get(place).map(|certificate| certificate.key),
        }
    }
}

/// The signature of the certificate on `level` is done with.
pub(super) const fn verify_below(anchor: Option<u8>, level: u8) -> Phase {
    match level.checked_sub(1) {
        Some(level) => Phase::Verifying { anchor, level },
        None => Phase::Found { anchor },
    }
}
