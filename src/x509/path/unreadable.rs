//! Certificates that cannot be read: the leaf must not be one; another one is passed over, as it may not be needed.

use super::PeerChain;
use super::note::Note;
use super::summary::{Summary, Unreadable};
use crate::error::{CertificateError, CertificateProblem, Error};
use crate::limits::MAX_CERTIFICATE;
use crate::x509::certificate::found::{excerpt, subject};
use crate::x509::certificate::{Certificate, Origin};

pub(super) fn parse(certificate: &[u8]) -> Result<Certificate<'_>, CertificateProblem> {
    if certificate.len() > MAX_CERTIFICATE {
        return Err(CertificateProblem::TooLarge);
    }
    Certificate::parse(certificate, Origin::Peer)
}

impl PeerChain<'_> {
    /// Keeps what can be told of a certificate that cannot be read. One of them is remembered: one that issued another
    /// of the list, as far as its name tells, rather than one that nobody may need.
    pub(super) fn pass_over(&mut self, certificate: &[u8], error: CertificateError) -> Result<(), Error> {
        let unreadable = Unreadable { subject: subject(certificate), found: excerpt(certificate, error.problem) };
        if self.broken.is_none() || self.is_issuer_of_any(&unreadable) {
            self.broken = Some(error);
        }
        let kept = self.list.push(Err(&unreadable));
        if error.index == 0 { Err(self.refuse(Note::new(0, error.problem))) } else { kept }
    }

    fn is_issuer_of_any(&self, unreadable: &Unreadable<'_>) -> bool {
        (0..self.list.count()).filter_map(|index| self.list.get(index)).any(|below| unreadable.may_have_issued(&below))
    }

    /// Returns whether the issuer of the leaf did not come along, as far as names tell.
    pub(crate) fn lacks_issuer(&self) -> bool {
        let Some(leaf) = self.list.get(0) else { return false };
        (1..self.list.count()).all(|index| self.list.get(index).is_none_or(|ca| !ca.subject.matches(&leaf.issuer)))
    }

    /// The certificate that cannot be read, if it may be the issuer that is missing.
    pub(super) fn unreadable_issuer(&self, below: &Summary<'_>) -> Option<Note> {
        let broken = self.broken?;
        let unreadable = self.list.unreadable(broken.index)?;
        let may_be = unreadable.subject.is_none() || unreadable.may_have_issued(below);
        may_be.then_some(Note::new(broken.index, broken.problem))
    }
}

impl Unreadable<'_> {
    /// Returns whether it has the name of the issuer.
    fn may_have_issued(&self, below: &Summary<'_>) -> bool {
        self.subject.is_some_and(|subject| subject.matches(&below.issuer))
    }
}
