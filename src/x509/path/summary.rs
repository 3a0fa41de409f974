//! Summaries of certificates, which are kept instead of their DER: fixed fields (35 bytes), then variable ones with their
//! lengths; for a certificate that cannot be parsed its subject and the field to blame.
//!
//! A P-256 certificate takes about 350 bytes instead of 500 to 900 of DER, one of RSA with 2048 bits 750. One
//! that is signed with Ed25519 takes more than its DER, as Ed25519 signs no digest; and so does each with a provider that
//! verifies messages.

use super::levels::Turn;
use crate::codec::{Reader, Writer};
use crate::error::InvalidMessage;
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
use crate::x509::certificate::extensions::{BasicConstraints, Extensions, KeyHint, KeyUsage, Purposes};
use crate::x509::certificate::{Certificate, ProfileDefect, found};
use crate::x509::name::Name;
use crate::x509::name::constraints::NameConstraints;
use crate::x509::name::general::GeneralNames;
use crate::x509::time::UnixTime;

/// Bytes that are kept of a field to blame.
const EXCERPT: usize = 24;

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

impl<'a> Certificate<'a> {
    /// Leaves out what the identity in a leaf does not need: its signature and what limits other certificates.
    #[cfg(feature = "resumption")]
    pub(super) const fn without_signature(self) -> Self {
        let extensions = Extensions { name_constraints: None, ..self.extensions };
        Self { signed: &[], signature: &[], extensions, ..self }
    }

    /// Returns whether it was issued by its own name and, by its key identifiers, with its own key.
    pub(super) fn is_self_signed(&self) -> bool {
        let Extensions { authority_key, subject_key, .. } = self.extensions;
        self.is_self_issued && Turn::of(authority_key, subject_key) != Turn::Differs
    }

    /// Writes the summary.
    pub(super) fn write(&self, out: &mut Writer<'_>) {
        let extensions = &self.extensions;
        let BasicConstraints { is_ca, path_len } = extensions.basic_constraints;
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = flag(is_ca, Flags::CA)
            | flag(path_len.is_some(), Flags::PATH_LEN)
            | flag(extensions.key_usage.is_some(), Flags::KEY_USAGE)
            | flag(extensions.extended_key_usage.is_some(), Flags::EXTENDED_KEY_USAGE)
            | flag(extensions.subject_key.is_some(), Flags::SUBJECT_KEY)
            | flag(extensions.authority_key.is_some(), Flags::AUTHORITY_KEY)
            | flag(self.is_self_issued, Flags::SELF_ISSUED)
            | flag(extensions.unknown_critical.is_some(), Flags::UNKNOWN_CRITICAL);
        let [usage_high, usage_low] = extensions.key_usage.map_or(0, |usage| usage.0).to_be_bytes();
        out.bytes(&[
            flags,
            path_len.unwrap_or(0),
            usage_high,
            usage_low,
            extensions.extended_key_usage.map_or(0, |purposes| purposes.0),
            self.key.algorithm().code(),
            self.signature_kind.code(),
            ProfileDefect::code(self.profile_defect),
        ]);
        out.bytes(&extensions.subject_key.map_or([0; 4], |hint| hint.0));
        out.bytes(&extensions.authority_key.map_or([0; 4], |hint| hint.0));
        out.bytes(&self.not_before.0.to_be_bytes());
        out.bytes(&self.not_after.0.to_be_bytes());
        let issuer = if self.issuer.as_der() == self.subject.as_der() { &[] } else { self.issuer.as_der() };
        for field in [
            self.subject.as_der(),
            issuer,
            self.key.as_bytes(),
            self.signed,
            self.signature,
            extensions.name_constraints.map_or(&[][..], NameConstraints::as_bytes),
            extensions.subject_alt_name.map_or(&[][..], GeneralNames::as_bytes),
        ] {
            out.vec16(|out| out.bytes(field));
        }
        if let Some(oid) = extensions.unknown_critical {
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

    /// Reads a summary.
    #[cfg(feature = "resumption")]
    pub(super) fn read(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        let mut summary = Self::EMPTY;
        summary.read_summary(body)?;
        Ok(summary)
    }

    /// Reads a summary into an [empty](Certificate::EMPTY) certificate in its place, without a copy on the stack. After an
    /// error it must not be used.
    #[inline(never)]
    pub(super) fn read_summary(&mut self, body: &'a [u8]) -> Result<(), InvalidMessage> {
        let mut body = Reader::new(body);
        let &[flags, path_len, usage_high, usage_low, purposes, key_algorithm, signature_kind, profile_defect] =
            body.array()?;
        if profile_defect == Unreadable::MARK {
            return Err(InvalidMessage::IllegalValue);
        }
        let has = |flag: u8| flags & flag != 0;
        let extensions = &mut self.extensions;
        let path_len = has(Flags::PATH_LEN).then_some(path_len);
        extensions.basic_constraints = BasicConstraints { is_ca: has(Flags::CA), path_len };
        extensions.key_usage = has(Flags::KEY_USAGE).then_some(KeyUsage(u16::from_be_bytes([usage_high, usage_low])));
        extensions.extended_key_usage = has(Flags::EXTENDED_KEY_USAGE).then_some(Purposes(purposes));
        extensions.subject_key = has(Flags::SUBJECT_KEY).then_some(KeyHint(*body.array()?));
        extensions.authority_key = has(Flags::AUTHORITY_KEY).then_some(KeyHint(*body.array()?));
        self.is_self_issued = has(Flags::SELF_ISSUED);
        self.profile_defect = ProfileDefect::from_code(profile_defect);
        self.signature_kind = SignatureKind::from_code(signature_kind);
        self.not_before = UnixTime(i64::from_be_bytes(*body.array()?));
        self.not_after = UnixTime(i64::from_be_bytes(*body.array()?));
        let mut fields = [&[][..]; 7];
        for field in &mut fields {
            *field = body.vec16()?;
        }
        let [subject, issuer, key, signed, signature, name_constraints, subject_alt_name] = fields;
        if !cfg!(feature = "any-peer") && !name_constraints.is_empty() {
            return Err(InvalidMessage::IllegalValue);
        }
        self.subject = Name::from_checked(subject);
        self.issuer = Name::from_checked(if issuer.is_empty() { subject } else { issuer });
        self.key = PublicKey::from_checked(KeyAlgorithm::from_code(key_algorithm), key);
        (self.signed, self.signature) = (signed, signature);
        extensions.name_constraints =
            (!name_constraints.is_empty()).then_some(NameConstraints::from_checked(name_constraints));
        extensions.subject_alt_name =
            (!subject_alt_name.is_empty()).then_some(GeneralNames::from_checked(subject_alt_name));
        if has(Flags::UNKNOWN_CRITICAL) {
            extensions.unknown_critical = Some(body.vec16()?);
        }
        if !body.is_empty() {
            self.serial = body.vec8()?;
            self.fingerprint = Some(body.array()?);
        }
        #[cfg(feature = "resumption")]
        if !body.is_empty() {
            self.proof_age = Some(body.u32()?);
        }
        Ok(())
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

    /// Looks for the subject of a certificate, and keeps the beginning of the field to blame.
    pub(in crate::x509) fn new(certificate: &'a [u8], field: &'a [u8]) -> Self {
        Self { subject: found::subject(certificate), found: field.get(..EXCERPT).unwrap_or(field) }
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
    pub(super) fn may_have_issued(&self, below: &Certificate<'_>) -> bool {
        self.subject.is_some_and(|subject| subject.matches(&below.issuer))
    }
}
