//! What is asked of a candidate before it is taken: all that costs little, each rule of RFC 5280 section 6.1 but the
//! signature.

use super::PeerChain;
use super::note::{Note, check_depth};
use super::rules::Rules;
use super::summary::{Place, Summary};
use super::waiver::Leniency;
use crate::error::CertificateProblem;
use crate::x509::anchor::Authority;
use crate::x509::certificate::algorithm::KeyAlgorithm;
use crate::x509::name::constraints::NameConstraints;

impl PeerChain<'_> {
    /// Everything that makes an anchor unfit to end this path, but the signature.
    pub(super) fn check_anchor(
        &self,
        rules: &Rules<'_>,
        place: Place,
        anchor: &Authority<'_>,
        child: &Summary<'_>,
        (budget, leniency): (&mut u32, &mut Leniency),
    ) -> Result<(), Note> {
        let refuse = |problem| Note::new(self.certificate_at(self.top), problem).by(place);
        if child.signature_kind.with_key(anchor.key.algorithm).is_none() {
            leniency.object(CertificateProblem::UnsupportedSignature).map_err(refuse)?;
        }
        rules.check_anchor(anchor, leniency).map_err(refuse)?;
        let checked = self.check_limits(rules, anchor.path_len, anchor.name_constraints, (budget, leniency));
        checked.map_err(|note| note.by(place))?;
        check_depth(rules, self.depth())
    }

    /// Everything that makes a certificate unfit to be the next of this path, but the signature.
    pub(super) fn check_ca(
        &self,
        rules: &Rules<'_>,
        index: u8,
        ca: &Summary<'_>,
        child: &Summary<'_>,
        (budget, leniency): (&mut u32, &mut Leniency),
    ) -> Result<(), Note> {
        rules.check_ca(ca, leniency).map_err(|problem| Note::new(index, problem))?;
        let place = Place::Sent(index);
        if ca.key.algorithm == KeyAlgorithm::Unsupported {
            return Err(Note::new(index, CertificateProblem::UnsupportedKey));
        }
        if child.signature_kind.with_key(ca.key.algorithm).is_none() {
            let child = self.certificate_at(self.top);
            let checked = leniency.object(CertificateProblem::UnsupportedSignature);
            checked.map_err(|problem| Note::new(child, problem).by(place))?;
        }
        let (path_len, name_constraints) = (ca.basic_constraints.path_len, ca.name_constraints);
        self.check_limits(rules, path_len, name_constraints, (budget, leniency)).map_err(|note| note.by(place))?;
        // An anchor has to fit above it.
        check_depth(rules, self.depth().saturating_add(1))
    }

    /// The limits that an authority sets to all that is below it.
    pub(super) fn check_limits(
        &self,
        rules: &Rules<'_>,
        path_len: Option<u8>,
        name_constraints: Option<NameConstraints<'_>>,
        (budget, leniency): (&mut u32, &mut Leniency),
    ) -> Result<(), Note> {
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
                    let checked = leniency.object(CertificateProblem::PathLengthExceeded);
                    checked.map_err(|problem| Note::new(index, problem))?;
                }
                cas_left = cas_left.map(|left| left.saturating_sub(1));
            }
            if let Some(constraints) = name_constraints {
                let host = if level == 0 { rules.host_of(&certificate.subject) } else { None };
                constraints
                    .check(&certificate.subject, certificate.subject_alt_name, host, budget)
                    .map_err(|problem| Note::new(index, problem))?;
            }
        }
        Ok(())
    }

    /// RFC 4158 section 2.4.2: the same name and key a second time in one path is a loop.
    pub(super) fn is_on_path(&self, ca: &Summary<'_>) -> bool {
        (0..=self.top).any(|level| {
            let on_path = self.list.get(self.certificate_at(level));
            on_path.is_some_and(|on_path| on_path.key.bytes == ca.key.bytes && on_path.subject.matches(&ca.subject))
        })
    }
}
