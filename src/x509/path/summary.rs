//! Summaries of certificates, which are kept instead of their DER: fixed fields (35 bytes), then variable ones with their
//! lengths; for a certificate that cannot be parsed its subject and the field to blame.
//!
//! A P-256 certificate takes about 350 bytes instead of 500 to 900 of DER, one of RSA with 2048 bits 750. One
//! that is signed with Ed25519 takes more than its DER, as Ed25519 signs no digest; and so does each with a provider that
//! verifies messages.

use super::levels::Turn;
use crate::codec::{Reader, Writer};
use crate::error::{CertificateProblem, InvalidMessage};
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
use crate::x509::certificate::extensions::{BasicConstraints, KeyHint, KeyUsage, Purposes};
use crate::x509::certificate::{Certificate, ProfileDefect, found};
use crate::x509::name::Name;
use crate::x509::name::constraints::NameConstraints;
use crate::x509::name::general::GeneralNames;
use crate::x509::time::UnixTime;

/// Bytes of a SHA-256 fingerprint.
pub(crate) const FINGERPRINT: usize = 32;

/// A summary of one certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary<'a> {
    pub(in crate::x509) subject: Name<'a>,
    pub(in crate::x509) issuer: Name<'a>,
    /// True if subject and issuer are the same name (RFC 5280 section 6.1).
    pub(in crate::x509) is_self_issued: bool,
    pub(in crate::x509) not_before: UnixTime,
    pub(in crate::x509) not_after: UnixTime,
    pub(in crate::x509) key: PublicKey<'a>,
    pub(in crate::x509) signature_kind: SignatureKind,
    /// The digest of the signed part, or the signed part where the algorithm or the provider takes that.
    pub(in crate::x509) signed: &'a [u8],
    /// The signature; the object identifier of its algorithm if that is not supported.
    pub(in crate::x509) signature: &'a [u8],
    pub(in crate::x509) basic_constraints: BasicConstraints,
    pub(in crate::x509) key_usage: Option<KeyUsage>,
    pub(in crate::x509) extended_key_usage: Option<Purposes>,
    pub(in crate::x509) subject_key: Option<KeyHint>,
    pub(in crate::x509) authority_key: Option<KeyHint>,
    /// The object identifier of an extension that is critical and not supported.
    pub(in crate::x509) unknown_critical: Option<&'a [u8]>,
    pub(in crate::x509) profile_defect: Option<ProfileDefect>,
    pub(in crate::x509) name_constraints: Option<NameConstraints<'a>>,
    pub(in crate::x509) subject_alt_name: Option<GeneralNames<'a>>,
    /// The serial number of a leaf; else empty.
    pub(in crate::x509) serial: &'a [u8],
    /// SHA-256 of the whole certificate, for the leaf only.
    pub(in crate::x509) fingerprint: Option<&'a [u8; FINGERPRINT]>,
    /// True if a leaf is trusted for its key, which is pinned, and not for its content.
    pub(in crate::x509) is_key_pinned: bool,
    /// The seconds since the peer proved that it has the key, if that was in an earlier connection.
    #[cfg(feature = "resumption")]
    pub(in crate::x509) proof_age: Option<u32>,
}

/// The flags of the fields that are present.
struct Flags;

impl Flags {
    const CA: u8 = 0x01;
    const PATH_LEN: u8 = 0x02;
    const KEY_USAGE: u8 = 0x04;
    const EXTENDED_KEY_USAGE: u8 = 0x08;
    const SUBJECT_KEY: u8 = 0x10;
    const AUTHORITY_KEY: u8 = 0x20;
    const SELF_ISSUED: u8 = 0x40;
    const UNKNOWN_CRITICAL: u8 = 0x80;
}

impl<'a> Summary<'a> {
    /// A placeholder for no certificate.
    pub(in crate::x509) const EMPTY: Self = Self {
        subject: Name::from_checked(&[]),
        issuer: Name::from_checked(&[]),
        is_self_issued: false,
        not_before: UnixTime(0),
        not_after: UnixTime(0),
        key: PublicKey::from_checked(KeyAlgorithm::Unsupported, &[]),
        signature_kind: SignatureKind::Unsupported,
        signed: &[],
        signature: &[],
        basic_constraints: BasicConstraints { is_ca: false, path_len: None },
        key_usage: None,
        extended_key_usage: None,
        subject_key: None,
        authority_key: None,
        unknown_critical: Some(&[]),
        profile_defect: None,
        name_constraints: None,
        subject_alt_name: None,
        serial: &[],
        fingerprint: None,
        is_key_pinned: false,
        #[cfg(feature = "resumption")]
        proof_age: None,
    };

    /// Summarizes a certificate, with `signed` as the field of that name and `fingerprint` for the leaf.
    pub(crate) fn new(
        certificate: &Certificate<'a>,
        signed: &'a [u8],
        fingerprint: Option<&'a [u8; FINGERPRINT]>,
    ) -> Self {
        let extensions = &certificate.extensions;
        let supported = certificate.signature_kind != SignatureKind::Unsupported;
        Self {
            subject: certificate.subject,
            issuer: certificate.issuer,
            is_self_issued: certificate.subject.matches(&certificate.issuer),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            key: certificate.key,
            signature_kind: certificate.signature_kind,
            signed,
            signature: if supported { certificate.signature } else { certificate.signature_oid },
            basic_constraints: extensions.basic_constraints.unwrap_or_default(),
            key_usage: extensions.key_usage,
            extended_key_usage: extensions.extended_key_usage,
            subject_key: extensions.subject_key,
            authority_key: extensions.authority_key,
            unknown_critical: extensions.unknown_critical,
            profile_defect: certificate.profile_defect(),
            name_constraints: extensions.name_constraints,
            subject_alt_name: extensions.subject_alt_name,
            serial: if fingerprint.is_some() { certificate.serial } else { &[] },
            fingerprint,
            is_key_pinned: false,
            #[cfg(feature = "resumption")]
            proof_age: None,
        }
    }

    /// Leaves out what the identity in a leaf does not need: its signature and what limits other certificates.
    #[cfg(feature = "resumption")]
    pub(super) const fn without_signature(self) -> Self {
        Self { signed: &[], signature: &[], name_constraints: None, ..self }
    }

    /// Returns whether it was issued by its own name and, by its key identifiers, with its own key.
    pub(super) fn is_self_signed(&self) -> bool {
        self.is_self_issued && Turn::of(self.authority_key, self.subject_key) != Turn::Differs
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.u8(flag(self.basic_constraints.is_ca, Flags::CA)
            | flag(self.basic_constraints.path_len.is_some(), Flags::PATH_LEN)
            | flag(self.key_usage.is_some(), Flags::KEY_USAGE)
            | flag(self.extended_key_usage.is_some(), Flags::EXTENDED_KEY_USAGE)
            | flag(self.subject_key.is_some(), Flags::SUBJECT_KEY)
            | flag(self.authority_key.is_some(), Flags::AUTHORITY_KEY)
            | flag(self.is_self_issued, Flags::SELF_ISSUED)
            | flag(self.unknown_critical.is_some(), Flags::UNKNOWN_CRITICAL));
        out.u8(self.basic_constraints.path_len.unwrap_or(0));
        out.u16(self.key_usage.map_or(0, |usage| usage.0));
        out.u8(self.extended_key_usage.map_or(0, |purposes| purposes.0));
        out.u8(self.key.algorithm().code());
        out.u8(self.signature_kind.code());
        out.u8(ProfileDefect::code(self.profile_defect));
        out.bytes(&self.subject_key.map_or([0; 4], |hint| hint.0));
        out.bytes(&self.authority_key.map_or([0; 4], |hint| hint.0));
        out.bytes(&self.not_before.0.to_be_bytes());
        out.bytes(&self.not_after.0.to_be_bytes());
        let issuer = if self.issuer.as_der() == self.subject.as_der() { &[] } else { self.issuer.as_der() };
        for field in [
            self.subject.as_der(),
            issuer,
            self.key.as_bytes(),
            self.signed,
            self.signature,
            self.name_constraints.map_or(&[][..], NameConstraints::as_bytes),
            self.subject_alt_name.map_or(&[][..], GeneralNames::as_bytes),
        ] {
            out.vec16(|out| out.bytes(field));
        }
        if let Some(oid) = self.unknown_critical {
            out.vec16(|out| out.bytes(oid));
        }
        if let Some(fingerprint) = self.fingerprint {
            out.vec8(|out| out.bytes(self.serial));
            out.bytes(fingerprint);
            #[cfg(feature = "resumption")]
            if let Some(age) = self.proof_age {
                out.bytes(&age.to_be_bytes());
            }
        }
    }

    pub(super) fn read(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        let mut body = Reader::new(body);
        let flags = body.u8()?;
        let path_len = body.u8()?;
        let key_usage = body.u16()?;
        let extended_key_usage = body.u8()?;
        let key_algorithm = body.u8()?;
        let signature_kind = body.u8()?;
        let profile_defect = body.u8()?;
        if profile_defect == Unreadable::MARK {
            return Err(InvalidMessage::IllegalValue);
        }
        let subject_key = *body.array()?;
        let authority_key = *body.array()?;
        let not_before = i64::from_be_bytes(*body.array()?);
        let not_after = i64::from_be_bytes(*body.array()?);
        let subject = body.vec16()?;
        let issuer = body.vec16()?;
        let key = body.vec16()?;
        let signed = body.vec16()?;
        let signature = body.vec16()?;
        let name_constraints = body.vec16()?;
        if !cfg!(feature = "any-peer") && !name_constraints.is_empty() {
            return Err(InvalidMessage::IllegalValue);
        }
        let subject_alt_name = body.vec16()?;
        let has = |flag: u8| flags & flag != 0;
        let unknown_critical = if has(Flags::UNKNOWN_CRITICAL) { Some(body.vec16()?) } else { None };
        let (serial, fingerprint) = if body.is_empty() { (&[][..], None) } else { (body.vec8()?, Some(body.array()?)) };
        #[cfg(feature = "resumption")]
        let proof_age = if body.is_empty() { None } else { Some(body.u32()?) };
        Ok(Self {
            subject: Name::from_checked(subject),
            issuer: Name::from_checked(if issuer.is_empty() { subject } else { issuer }),
            is_self_issued: has(Flags::SELF_ISSUED),
            not_before: UnixTime(not_before),
            not_after: UnixTime(not_after),
            key: PublicKey::from_checked(KeyAlgorithm::from_code(key_algorithm), key),
            signature_kind: SignatureKind::from_code(signature_kind),
            signed,
            signature,
            basic_constraints: BasicConstraints {
                is_ca: has(Flags::CA),
                path_len: has(Flags::PATH_LEN).then_some(path_len),
            },
            key_usage: has(Flags::KEY_USAGE).then_some(KeyUsage(key_usage)),
            extended_key_usage: has(Flags::EXTENDED_KEY_USAGE).then_some(Purposes(extended_key_usage)),
            subject_key: has(Flags::SUBJECT_KEY).then_some(KeyHint(subject_key)),
            authority_key: has(Flags::AUTHORITY_KEY).then_some(KeyHint(authority_key)),
            unknown_critical,
            profile_defect: ProfileDefect::from_code(profile_defect),
            name_constraints: (!name_constraints.is_empty()).then_some(NameConstraints::from_checked(name_constraints)),
            subject_alt_name: (!subject_alt_name.is_empty()).then_some(GeneralNames::from_checked(subject_alt_name)),
            serial,
            fingerprint,
            is_key_pinned: false,
            #[cfg(feature = "resumption")]
            proof_age,
        })
    }
}

/// The parts that are kept of a certificate that cannot be parsed.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::x509) struct Unreadable<'a> {
    subject: Option<Name<'a>>,
    /// The beginning of the field to blame.
    found: &'a [u8],
}

impl<'a> Unreadable<'a> {
    /// The byte in the place of the defect of a summary.
    const MARK: u8 = u8::MAX;

    /// Looks for the subject of a certificate, and for the field that has the problem.
    pub(in crate::x509) fn new(certificate: &'a [u8], problem: CertificateProblem) -> Self {
        Self { subject: found::subject(certificate), found: found::excerpt(certificate, problem) }
    }

    pub(in crate::x509) const fn subject(&self) -> Option<Name<'a>> {
        self.subject
    }

    /// Returns the beginning of the field to blame; empty if it is not known.
    pub(in crate::x509) const fn found(&self) -> &'a [u8] {
        self.found
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&[0, 0, 0, 0, 0, 0, 0, Self::MARK]);
        out.vec8(|out| out.bytes(self.found));
        out.vec16(|out| out.bytes(self.subject.map_or(&[], |subject| subject.as_der())));
    }

    pub(super) fn read(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        let mut body = Reader::new(body);
        let [.., mark] = *body.array::<8>()?;
        if mark != Self::MARK {
            return Err(InvalidMessage::IllegalValue);
        }
        let found = body.vec8()?;
        let subject = body.vec16()?;
        Ok(Self { subject: (!subject.is_empty()).then_some(Name::from_checked(subject)), found })
    }

    /// Returns whether it has the name of the issuer.
    pub(super) fn may_have_issued(&self, below: &Summary<'_>) -> bool {
        self.subject.is_some_and(|subject| subject.matches(&below.issuer))
    }
}
