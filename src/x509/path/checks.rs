//! What is asked of a candidate before it is taken: all that costs little, each rule of RFC 5280 section 6.1 but the
//! signature. Names are compared with name constraints last, some at a time: a peer that has proved nothing may have sent
//! many of both.

use super::judge::Judge;
use super::levels::Levels;
use super::note::{Clue, Note};
use super::rules::Rules;
use super::summaries::{List, Place};
use super::summary::Summary;
use crate::error::CertificateProblem;
use crate::limits::CANDIDATES_PER_STEP;
use crate::x509::anchor::Authority;
use crate::x509::certificate::algorithm::KeyAlgorithm;

/// The path as far as it has come, which a candidate has to fit.
pub(super) struct Checks<'s> {
    pub(super) rules: &'s Rules<'s>,
    pub(super) list: List<'s>,
    pub(super) levels: &'s Levels,
}

impl<'s> Checks<'s> {
    /// Checks everything that makes an anchor unfit to end this path, but its name constraints and the signature.
    pub(super) fn anchor(
        &self,
        place: Place,
        anchor: &Authority<'_>,
        child: &Summary<'_>,
        judge: &mut Judge,
    ) -> Result<(), Note> {
        let refuse = |problem| Note::new(self.levels.top_certificate(), problem).by(place);
        if child.signature_kind.with_key(anchor.key.algorithm).is_none() {
            judge.refuse(CertificateProblem::UnsupportedSignature).map_err(refuse)?;
        }
        self.rules.check_anchor(anchor, judge).map_err(refuse)?;
        self.path_len(anchor.path_len, judge).map_err(|note| note.by(place))?;
        self.depth(self.levels.depth())
    }

    /// Checks everything that makes a certificate unfit to be the next of this path, but its name constraints and the
    /// signature.
    pub(super) fn ca(&self, index: u8, ca: &Summary<'_>, child: &Summary<'_>, judge: &mut Judge) -> Result<(), Note> {
        self.rules.check_ca(ca, judge).map_err(|problem| Note::new(index, problem))?;
        let place = Place::Sent(index);
        if ca.key.algorithm == KeyAlgorithm::Unsupported {
            return Err(Note::new(index, CertificateProblem::UnsupportedKey));
        }
        if child.signature_kind.with_key(ca.key.algorithm).is_none() {
            let child = self.levels.top_certificate();
            let checked = judge.refuse(CertificateProblem::UnsupportedSignature);
            checked.map_err(|problem| Note::new(child, problem).by(place))?;
        }
        self.path_len(ca.basic_constraints.path_len, judge).map_err(|note| note.by(place))?;
        // An anchor has to fit above it.
        self.depth(self.levels.depth().saturating_add(1))
    }

    /// Checks the number of authorities below against the limit of an authority.
    fn path_len(&self, path_len: Option<u8>, judge: &mut Judge) -> Result<(), Note> {
        let mut cas_left = path_len;
        for (_, index, _) in self.limited().filter(|(level, ..)| *level != 0) {
            if cas_left == Some(0) {
                let checked = judge.refuse(CertificateProblem::PathLengthExceeded);
                checked.map_err(|problem| Note::new(index, problem))?;
            }
            cas_left = cas_left.map(|left| left.saturating_sub(1));
        }
        Ok(())
    }

    /// Checks the depth of the path against the limit of the configuration, whoever is to blame for that.
    fn depth(&self, depth: u8) -> Result<(), Note> {
        if depth > self.rules.depth_limit() {
            let note = Note::new(0, CertificateProblem::DepthExceeded);
            return Err(Note { clue: Clue::Depth(depth), ..note });
        }
        Ok(())
    }

    /// Compares names of the path, from number `checked` on, with the name constraints of an authority, until that has
    /// taken some steps. Gives the number of the next name; `None` if all are allowed.
    pub(super) fn names(&self, authority: Place, checked: u16, judge: &mut Judge) -> Result<Option<u16>, Note> {
        let constraints = match authority {
            Place::Anchor(place) => self.rules.authority(place).and_then(|anchor| anchor.name_constraints),
            Place::Sent(place) => self.list.get(place).and_then(|ca| ca.name_constraints),
        };
        let Some(constraints) = constraints else { return Ok(None) };
        let budget = judge.steps_left();
        let end = budget.saturating_sub(CANDIDATES_PER_STEP.into());
        let names = self.limited().flat_map(|(level, index, certificate)| {
            let (leaf, ca) = match level {
                0 => (Some(self.rules.names_of_leaf(&certificate)), None),
                _ => (None, Some(certificate.names())),
            };
            let names = leaf.into_iter().flatten().chain(ca.into_iter().flatten());
            names.map(move |name| (index, name))
        });
        for (number, (index, name)) in names.enumerate().skip(checked.into()) {
            if *budget < end {
                // Each name has taken a step, and there are fewer of those.
                return Ok(Some(u16::try_from(number).unwrap_or(u16::MAX)));
            }
            constraints.check(name, budget).map_err(|problem| Note::new(index, problem).by(authority))?;
        }
        Ok(None)
    }

    /// The certificates of the path that an authority above them limits, from the top down: level, place in the list, and
    /// what it says. RFC 5280 section 6.1.3 (b): "If certificate i is self-issued and it is not the final certificate in
    /// the path, skip this step"; 6.1.4 (l) does not count it either.
    fn limited(&self) -> impl Iterator<Item = (u8, u8, Summary<'s>)> {
        (0..=self.levels.top()).rev().filter_map(|level| {
            let index = self.levels.certificate_at(level);
            let certificate = self.list.get(index)?;
            (level == 0 || !certificate.is_self_issued).then_some((level, index, certificate))
        })
    }

    /// RFC 4158 section 2.4.2: the same name and key a second time in one path is a loop.
    pub(super) fn is_on_path(&self, ca: &Summary<'_>) -> bool {
        (0..=self.levels.top()).any(|level| {
            let on_path = self.list.get(self.levels.certificate_at(level));
            on_path.is_some_and(|on_path| on_path.key.bytes == ca.key.bytes && on_path.subject.matches(&ca.subject))
        })
    }
}

#[cfg(all(test, feature = "rustcrypto"))]
mod tests {
    use super::*;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::error::{CertificateError, Error};
    use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
    use crate::x509::certificate::extensions::BasicConstraints;
    use crate::x509::name::Name;
    use crate::x509::name::constraints::NameConstraints;
    use crate::x509::name::general::GeneralNames;
    use crate::x509::path::search::Search;
    use crate::x509::path::summaries::Summaries;
    use crate::x509::path::trace::NoTrace;
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
        let key = PublicKey { algorithm: KeyAlgorithm::EcP256, bytes: &[4; 65] };
        let leaf = Summary {
            subject: Name::from_checked(&[0x30, 0]),
            issuer: Name::from_checked(b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01A"),
            key,
            signature_kind: SignatureKind::EcdsaSha256,
            unknown_critical: None,
            subject_alt_name: Some(GeneralNames::from_checked(&names)),
            ..Summary::EMPTY
        };
        let ca = Summary {
            subject: leaf.issuer,
            basic_constraints: BasicConstraints { is_ca: true, path_len: None },
            key: PublicKey { bytes: &[5; 65], ..key },
            name_constraints: Some(NameConstraints::from_checked(&bases)),
            subject_alt_name: None,
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
            match search.step::<RustCrypto>(&mut NoTrace) {
                Ok(_) => {}
                Err(error) => break error,
            }
            let (_, steps) = search.spent();
            let step = usize::try_from(steps - taken).unwrap();
            assert!(step <= 2 * usize::from(CANDIDATES_PER_STEP) + 2 * BASES, "{step}");
            (calls, taken) = (calls + 1, steps);
        };
        let unknown = CertificateError { index: 1, problem: CertificateProblem::UnknownIssuer };
        assert_eq!(error, Error::Certificate(unknown));
        assert!(search.spent().1 >= u32::try_from(NAMES * BASES).unwrap(), "{:?}", search.spent());
        assert!(calls >= 20, "{calls}");
    }
}
