//! The checks of the search: of a certificate on its own, and of a candidate for an issuer. They are all rules of
//! RFC 5280 section 6.1 except the signature. Names are compared with name constraints last, some at a time: a peer
//! that is not authenticated may have sent many of both.

use super::issuer::Issuer;
use super::judge::Judge;
use super::levels::Levels;
use super::rules::Rules;
use super::summaries::{List, Place};
use crate::error::CertificateProblem as Problem;
use crate::limits::CANDIDATES_PER_STEP;
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::certificate::extensions::{KeyUsage, Purposes};
use crate::x509::certificate::{Certificate, ProfileDefect};
use crate::x509::time::SECONDS_A_DAY;
use crate::x509::verdict::Blame;
use core::ops::ControlFlow;

/// The rules, and the path so far, to which a candidate is compared.
pub(super) struct Checks<'s> {
    rules: &'s Rules<'s>,
    list: List<'s>,
    levels: &'s Levels,
}

impl<'s> Checks<'s> {
    pub(super) const fn new(rules: &'s Rules<'s>, list: List<'s>, levels: &'s Levels) -> Self {
        Self { rules, list, levels }
    }

    /// Checks the leaf on its own. It is in every path, so it is checked first.
    ///
    /// RFC 5280 sections 4.2 and 4.2.1.12.
    #[inline(never)] // smaller than with copies of the fields in the caller
    pub(super) fn leaf(&self, leaf: &Certificate<'_>, judge: &mut Judge) -> Result<(), Problem> {
        judge.allow(self.validity(leaf))?;
        // RFC 5280 section 4.1.2.5: "from notBefore through notAfter, inclusive".
        let seconds = leaf.not_after.0.saturating_sub(leaf.not_before.0).saturating_add(1);
        if self.rules.max_validity_days.is_some_and(|days| seconds > i64::from(days).saturating_mul(SECONDS_A_DAY)) {
            judge.refuse(Problem::ValidityTooLong)?;
        }
        self.rules.check_name(leaf)?;
        judge.allow(Purposes::check(leaf.extensions.extended_key_usage, self.rules.role))?;
        judge.allow(KeyUsage::check_digital_signature(leaf.extensions.key_usage))?;
        if leaf.extensions.unknown_critical.is_some() {
            judge.refuse(Problem::UnknownCriticalExtension)?;
        }
        // RFC 5280 section 4.2.1.10: "The name constraints extension, which MUST be used only in a CA
        // certificate".
        if leaf.extensions.name_constraints.is_some() && !leaf.extensions.basic_constraints.is_ca {
            judge.refuse(Problem::NameConstraintsOnLeaf)?;
        }
        leaf.key.supported()?;
        judge.allow(self.profile(leaf.profile_defect))
    }

    /// Checks that a trust anchor can end this path, except for its name constraints and the signature.
    #[inline(never)] // smaller than with copies of the fields in the caller
    pub(super) fn anchor(
        &self,
        anchor: u8,
        issuer: &Issuer<'_>,
        child: &Certificate<'_>,
        judge: &mut Judge,
    ) -> Result<(), Blame> {
        let index = self.levels.top_certificate();
        let checked = judge.allow(signature_kind(child, issuer.key));
        let checked = checked.and_then(|()| judge.allow(issuer.check_anchor_validity(self.rules.time)));
        checked.map_err(|problem| Blame::new(index, problem).by(Place::Anchor(anchor)))?;
        let itself = judge.allow(Purposes::check(issuer.purposes, self.rules.role));
        let itself = itself.and_then(|()| judge.allow(self.profile(issuer.profile_defect)));
        itself.map_err(|problem| Blame::new(index, problem).of_anchor(anchor))?;
        self.path_len(issuer.path_len, Place::Anchor(anchor), judge)?;
        self.depth(self.levels.depth())
    }

    /// Checks that a certificate can be the next of this path, except for its name constraints and the signature.
    #[inline(never)] // smaller than with copies of the fields in the caller
    pub(super) fn ca(
        &self,
        index: u8,
        ca: &Certificate<'_>,
        child: &Certificate<'_>,
        judge: &mut Judge,
    ) -> Result<(), Blame> {
        self.ca_itself(ca, judge).map_err(|problem| Blame::new(index, problem))?;
        let checked = judge.allow(signature_kind(child, ca.key));
        checked.map_err(|problem| Blame::new(self.levels.top_certificate(), problem).by(Place::Sent(index)))?;
        self.path_len(ca.extensions.basic_constraints.path_len, Place::Sent(index), judge)?;
        // There must be room for an anchor above it.
        self.depth(self.levels.depth().saturating_add(1))
    }

    /// Checks a certificate on its own as the issuer of another one (RFC 5280 section 6.1.4).
    fn ca_itself(&self, ca: &Certificate<'_>, judge: &mut Judge) -> Result<(), Problem> {
        judge.allow(ca.extensions.basic_constraints.check_ca())?;
        judge.allow(KeyUsage::check_cert_sign(ca.extensions.key_usage))?;
        judge.allow(self.validity(ca))?;
        judge.allow(Purposes::check(ca.extensions.extended_key_usage, self.rules.role))?;
        // (o) "Recognize and process any other critical extension present in the certificate."
        if ca.extensions.unknown_critical.is_some() {
            judge.refuse(Problem::UnknownCriticalExtension)?;
        }
        judge.allow(self.profile(ca.profile_defect))?;
        ca.key.supported().map(drop)
    }

    /// Checks the validity. RFC 5280 section 6.1.3 (a)(2): "The certificate validity period includes the current time."
    fn validity(&self, certificate: &Certificate<'_>) -> Result<(), Problem> {
        self.rules.time.check(certificate.not_before, certificate.not_after).map(drop)
    }

    fn profile(&self, defect: Option<ProfileDefect>) -> Result<(), Problem> {
        match defect {
            Some(defect) if self.rules.strict_profile => Err(defect.problem()),
            _ => Ok(()),
        }
    }

    /// Checks the number of authorities below against the limit of an authority.
    fn path_len(&self, path_len: Option<u8>, issuer: Place, judge: &mut Judge) -> Result<(), Blame> {
        let mut cas_left = path_len;
        for level in (1..self.levels.depth()).rev() {
            if self.limited(level).is_none() {
                continue;
            }
            if cas_left == Some(0) {
                let checked = judge.refuse(Problem::PathLengthExceeded);
                checked.map_err(|problem| Blame::new(self.levels.certificate_at(level), problem).by(issuer))?;
            }
            cas_left = cas_left.map(|left| left.saturating_sub(1));
        }
        Ok(())
    }

    /// Checks the depth of the path against the limit of the configuration.
    fn depth(&self, depth: u8) -> Result<(), Blame> {
        if depth > self.rules.depth_limit() {
            return Err(Blame::new(0, Problem::DepthExceeded).at_depth(depth));
        }
        Ok(())
    }

    /// Compares names of the path, from number `checked` on, with the name constraints of an issuer, until that has
    /// taken some steps. Returns the number of the next name; `None` if all are allowed.
    ///
    /// RFC 5280 section 6.1.2.
    pub(super) fn names(&self, place: Place, checked: u16, judge: &mut Judge) -> Result<Option<u16>, Blame> {
        if !cfg!(feature = "any-peer") {
            // A certificate with constraints was refused when it was read.
            return Ok(None);
        }
        let constraints = match place {
            Place::Anchor(anchor) => self.rules.anchor(anchor).and_then(|anchor| anchor.name_constraints),
            Place::Sent(ca) => self.list.get(ca).and_then(|ca| ca.extensions.name_constraints),
        };
        let Some(constraints) = constraints else { return Ok(None) };
        let rules = self.rules;
        let budget = judge.steps_left();
        let end = budget.saturating_sub(CANDIDATES_PER_STEP.into());
        let mut number = 0_u16;
        for level in (0..self.levels.depth()).rev() {
            let Some(certificate) = &self.limited(level) else { continue };
            // Breaks with the problem of a name, or with none if enough steps were taken.
            let mut check = |name| {
                number = number.saturating_add(1);
                if number <= checked {
                    return ControlFlow::Continue(());
                }
                // Each name has cost a step, and there are fewer of those.
                let allowed = if *budget < end { Err(None) } else { constraints.check(name, budget).map_err(Some) };
                allowed.map_or_else(ControlFlow::Break, ControlFlow::Continue)
            };
            match rules.each_name(certificate, level == 0, &mut check) {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(None) => return Ok(Some(number.saturating_sub(1))),
                ControlFlow::Break(Some(problem)) => {
                    return Err(Blame::new(self.levels.certificate_at(level), problem).by(place));
                }
            }
        }
        Ok(None)
    }

    /// Returns whether a candidate is on the path. RFC 4158 section 2.4.2: the same name and key a second time in one
    /// path is a loop.
    pub(super) fn is_on_path(&self, ca: &Certificate<'_>) -> bool {
        let Self { list, levels, .. } = self;
        (0..=levels.top()).any(|level| {
            let on_path = list.get(levels.certificate_at(level));
            on_path.is_some_and(|on_path| on_path.key == ca.key && on_path.subject.matches(&ca.subject))
        })
    }

    /// Returns the certificate on a level of the path, if an authority above it limits it.
    /// RFC 5280 section 6.1.3 (b): "If certificate i is self-issued and it is not the final certificate in the path, skip
    /// this step"; 6.1.4 (l) does not count it either.
    fn limited(&self, level: u8) -> Option<Certificate<'s>> {
        self.list.get(self.levels.certificate_at(level)).filter(|found| level == 0 || !found.is_self_issued)
    }
}

/// Checks that the key can have made the signature of the certificate.
fn signature_kind(child: &Certificate<'_>, key: PublicKey<'_>) -> Result<(), Problem> {
    child.signature_kind.with_key(key.algorithm()).map(drop).ok_or(Problem::UnsupportedSignature)
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::error::{CertificateError, Error};
    use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
    use crate::x509::certificate::extensions::{BasicConstraints, Extensions};
    use crate::x509::name::Name;
    use crate::x509::name::constraints::NameConstraints;
    use crate::x509::name::general::GeneralNames;
    use crate::x509::path::search::Search;
    use crate::x509::path::summaries::Summaries;
    use crate::x509::time::Time;
    use std::vec;
    use std::vec::Vec;

    /// A constructed value of up to 65,535 bytes.
    fn long(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x82][..], &u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
    }

    #[test]
    fn names_are_compared_some_at_a_time() {
        const NAMES: usize = 100;
        const BASES: usize = 50;
        let host = b"\x82\x05a.b.c";
        let names = host.repeat(NAMES);
        let bases = long(0xa0, &[&[0x30, 7][..], host].concat().repeat(BASES));
        let key = PublicKey::from_checked(KeyAlgorithm::EcP256, &[4; 65]);
        let leaf = Certificate {
            subject: Name::from_checked(&[0x30, 0]),
            issuer: Name::from_checked(b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01A"),
            key,
            signature_kind: SignatureKind::EcdsaSha256,
            extensions: Extensions { subject_alt_name: Some(GeneralNames::from_checked(&names)), ..Extensions::NONE },
            ..Certificate::EMPTY
        };
        let ca = Certificate {
            subject: leaf.issuer,
            key: PublicKey::from_checked(KeyAlgorithm::EcP256, &[5; 65]),
            extensions: Extensions {
                basic_constraints: BasicConstraints { is_ca: true, path_len: None },
                name_constraints: Some(NameConstraints::from_checked(&bases)),
                ..Extensions::NONE
            },
            ..leaf
        };
        let mut memory = vec![0; 8192];
        let mut summaries = Summaries::new(&mut memory);
        summaries.append(Ok(&leaf)).unwrap();
        summaries.append(Ok(&ca)).unwrap();
        let mut search = Search::new(summaries);
        search.start(Rules::client(&[], Time::dangerous_unknown()));
        let (mut calls, mut taken) = (0, 0);
        let error = loop {
            match search.step(RustCrypto, &mut ()) {
                Ok(_) => {}
                Err(error) => break error,
            }
            let (_, steps) = search.spent();
            let step = usize::try_from(steps - taken).unwrap();
            assert!(step <= 2 * usize::from(CANDIDATES_PER_STEP) + 2 * BASES, "{step}");
            (calls, taken) = (calls + 1, steps);
        };
        let unknown = CertificateError { index: 1, problem: Problem::UnknownIssuer };
        assert_eq!(error, Error::Certificate(unknown));
        assert!(search.spent().1 >= u32::try_from(NAMES * BASES).unwrap(), "{:?}", search.spent());
        assert!(calls >= 20, "{calls}");
    }
}
