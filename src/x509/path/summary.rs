//! What is kept of each certificate once its bytes are gone: a summary, in memory that the caller
//! lends.
//!
//! ```text
//! memory  [ entry 0 (leaf) | entry 1 | ... | free ]
//! entry   length:2  verified_by:2  body
//! body    fixed fields (35), then variable ones, each behind its length; of a certificate that could not
//!         be parsed its subject and the field to blame
//! ```
//! A P-256 certificate takes about 350 bytes instead of 500 to 900 of DER, one of RSA with 2048 bits 750. One
//! that is signed with Ed25519 takes more than its DER, as Ed25519 signs no digest.

use crate::codec::{Reader, Writer};
use crate::error::{BufferKind, Error, InvalidMessage};
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
use crate::x509::certificate::extensions::{BasicConstraints, KeyHint, KeyUsage, Purposes};
use crate::x509::certificate::{Certificate, ProfileDefect};
use crate::x509::name::Name;
use crate::x509::name::constraints::{NameConstraints, names_of};
use crate::x509::name::general::{GeneralName, GeneralNames};
use crate::x509::time::UnixTime;

/// Bytes of the length in front of each entry, which counts what follows it.
pub(crate) const LENGTH: usize = 2;
/// Bytes of the note by whose key the signature was verified.
const VERIFIED_BY: usize = 2;
/// The note of a leaf whose key is pinned.
const KEY_PINNED: [u8; VERIFIED_BY] = [3, 0];
/// Bytes of a SHA-256 fingerprint.
pub(crate) const FINGERPRINT: usize = 32;

/// What is kept of one certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) subject: Name<'a>,
    pub(crate) issuer: Name<'a>,
    /// Whether subject and issuer are the same name (RFC 5280 section 6.1).
    pub(crate) is_self_issued: bool,
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
    pub(crate) key: PublicKey<'a>,
    pub(crate) signature_kind: SignatureKind,
    /// The digest of what is signed, or what is signed where the algorithm takes that.
    pub(crate) signed: &'a [u8],
    /// If the algorithm is not supported, its object identifier.
    pub(crate) signature: &'a [u8],
    pub(crate) basic_constraints: BasicConstraints,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: Option<Purposes>,
    pub(crate) subject_key: Option<KeyHint>,
    pub(crate) authority_key: Option<KeyHint>,
    /// The object identifier of an extension that is critical and not understood.
    pub(crate) unknown_critical: Option<&'a [u8]>,
    pub(crate) profile_defect: Option<ProfileDefect>,
    pub(crate) name_constraints: Option<NameConstraints<'a>>,
    pub(crate) subject_alt_name: Option<GeneralNames<'a>>,
    /// Of the leaf only; else empty.
    pub(crate) serial: &'a [u8],
    /// SHA-256 of the whole certificate. Of the leaf only.
    pub(crate) fingerprint: Option<&'a [u8; FINGERPRINT]>,
    /// True if it is trusted for its key, which is pinned, and not for what it says. Of the leaf only.
    pub(crate) is_key_pinned: bool,
}

/// Which fields of the body are there.
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

impl Summary<'_> {
    /// Of no certificate.
    pub(crate) const EMPTY: Summary<'static> = Summary {
        subject: Name::from_checked(&[]),
        issuer: Name::from_checked(&[]),
        is_self_issued: false,
        not_before: UnixTime::from_seconds(0),
        not_after: UnixTime::from_seconds(0),
        key: PublicKey { algorithm: KeyAlgorithm::Unsupported, bytes: &[] },
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
    };
}

impl<'a> Summary<'a> {
    /// `signed` as the field of that name; `fingerprint` for the leaf.
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
        }
    }

    /// The names of an authority that constraints bind.
    pub(crate) fn names(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        names_of(self.subject, self.subject_alt_name, |_| None)
    }

    fn write(&self, out: &mut Writer<'_>) {
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
        out.u8(self.key.algorithm.code());
        out.u8(self.signature_kind.code());
        out.u8(ProfileDefect::code(self.profile_defect));
        out.bytes(&self.subject_key.map_or([0; 4], |hint| hint.0));
        out.bytes(&self.authority_key.map_or([0; 4], |hint| hint.0));
        out.bytes(&self.not_before.seconds().to_be_bytes());
        out.bytes(&self.not_after.seconds().to_be_bytes());
        let issuer = if self.issuer.as_der() == self.subject.as_der() { &[] } else { self.issuer.as_der() };
        for field in [
            self.subject.as_der(),
            issuer,
            self.key.bytes,
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
        }
    }

    fn read(body: &'a [u8]) -> Result<Self, InvalidMessage> {
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
        let subject_alt_name = body.vec16()?;
        let has = |flag: u8| flags & flag != 0;
        let unknown_critical = if has(Flags::UNKNOWN_CRITICAL) { Some(body.vec16()?) } else { None };
        let (serial, fingerprint) = if body.is_empty() { (&[][..], None) } else { (body.vec8()?, Some(body.array()?)) };
        Ok(Self {
            subject: Name::from_checked(subject),
            issuer: Name::from_checked(if issuer.is_empty() { subject } else { issuer }),
            is_self_issued: has(Flags::SELF_ISSUED),
            not_before: UnixTime::from_seconds(not_before),
            not_after: UnixTime::from_seconds(not_after),
            key: PublicKey { algorithm: KeyAlgorithm::from_code(key_algorithm), bytes: key },
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
        })
    }
}

/// The parts kept of a certificate that cannot be read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unreadable<'a> {
    pub(crate) subject: Option<Name<'a>>,
    /// The beginning of the field to blame.
    pub(crate) found: &'a [u8],
}

impl<'a> Unreadable<'a> {
    /// Stands where a summary has its defect.
    const MARK: u8 = u8::MAX;

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&[0, 0, 0, 0, 0, 0, 0, Self::MARK]);
        out.vec8(|out| out.bytes(self.found));
        out.vec16(|out| out.bytes(self.subject.map_or(&[], |subject| subject.as_der())));
    }

    fn read(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        let mut body = Reader::new(body);
        let [.., mark] = *body.array::<8>()?;
        if mark != Self::MARK {
            return Err(InvalidMessage::IllegalValue);
        }
        let found = body.vec8()?;
        let subject = body.vec16()?;
        Ok(Self { subject: (!subject.is_empty()).then_some(Name::from_checked(subject)), found })
    }
}

/// Where a certificate stands, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Place {
    /// A trust anchor, by its place in the list.
    Anchor(u8),
    /// A certificate that the peer sent, by its place in the list.
    Sent(u8),
}

impl Place {
    const fn to_note(self) -> [u8; VERIFIED_BY] {
        match self {
            Self::Anchor(index) => [1, index],
            Self::Sent(index) => [2, index],
        }
    }

    const fn from_note(note: [u8; VERIFIED_BY]) -> Option<Self> {
        match note {
            [1, index] => Some(Self::Anchor(index)),
            [2, index] => Some(Self::Sent(index)),
            _ => None,
        }
    }
}

/// The summaries of all certificates that the peer sent, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Summaries<'p> {
    pub(crate) memory: &'p mut [u8],
    pub(crate) used: usize,
    pub(crate) count: u8,
    /// Bytes in front of the list that hold the leaf of an earlier one.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) kept: usize,
}

impl<'p> Summaries<'p> {
    pub(crate) const fn new(memory: &'p mut [u8]) -> Self {
        Self {
            memory,
            used: 0,
            count: 0,
            #[cfg(feature = "post-handshake-auth")]
            kept: 0,
        }
    }

    pub(crate) const fn count(&self) -> u8 {
        self.count
    }

    /// Appends the summary of a certificate, or what is kept of one that cannot be read.
    pub(crate) fn push(&mut self, certificate: Result<&Summary<'_>, &Unreadable<'_>>) -> Result<(), Error> {
        let free = self.memory.get_mut(self.used..).unwrap_or_default();
        let mut out = Writer::new(free);
        out.vec16(|out| {
            out.bytes(&[0; VERIFIED_BY]);
            match certificate {
                Ok(summary) => summary.write(out),
                Err(unreadable) => unreadable.write(out),
            }
        });
        let need = self.used.saturating_add(out.needed());
        if out.finish().is_err() {
            return Err(Error::too_small(BufferKind::Peer, need));
        }
        self.used = need;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// The summary of a certificate; `None` if there is none or it could not be parsed.
    pub(crate) fn get(&self, index: u8) -> Option<Summary<'_>> {
        let (start, end) = self.entry(index)?;
        read_entry(self.memory.get(start..end)?)
    }

    /// Returns what is kept of a certificate that cannot be read; `None` if there is none, or it can.
    pub(crate) fn unreadable(&self, index: u8) -> Option<Unreadable<'_>> {
        let (start, end) = self.entry(index)?;
        Unreadable::read(self.memory.get(start..end)?.get(VERIFIED_BY..)?).ok()
    }

    pub(crate) fn verified_by(&self, index: u8) -> Option<Place> {
        let (start, end) = self.entry(index)?;
        Place::from_note(*self.memory.get(start..end)?.first_chunk()?)
    }

    pub(crate) fn set_verified_by(&mut self, index: u8, issuer: Place) {
        self.note_verified(index, issuer.to_note());
    }

    /// Notes that the leaf is trusted for its key, which is pinned.
    pub(crate) fn set_key_pinned(&mut self) {
        self.note_verified(0, KEY_PINNED);
    }

    /// Forgets by whom signatures were verified, for a search with other anchors.
    pub(crate) fn forget_verified(&mut self) {
        for index in 0..self.count {
            self.note_verified(index, [0; VERIFIED_BY]);
        }
    }

    fn note_verified(&mut self, index: u8, note: [u8; VERIFIED_BY]) {
        let place = self.entry(index).and_then(|(start, end)| self.memory.get_mut(start..end)?.first_chunk_mut());
        if let Some(place) = place {
            *place = note;
        }
    }

    /// Keeps nothing but the entry of the leaf.
    #[cfg(not(feature = "post-handshake-auth"))]
    pub(crate) fn into_leaf(self) -> &'p [u8] {
        let (start, end) = self.entry(0).unwrap_or((0, 0));
        let memory: &'p [u8] = self.memory;
        memory.get(start..end).unwrap_or_default()
    }

    /// Where the list begins.
    #[cfg_attr(not(feature = "post-handshake-auth"), allow(clippy::unused_self, reason = "always at the front"))]
    const fn start(&self) -> usize {
        #[cfg(feature = "post-handshake-auth")]
        return self.kept;
        #[cfg(not(feature = "post-handshake-auth"))]
        return 0;
    }

    /// Where an entry lies, without its length.
    pub(crate) fn entry(&self, index: u8) -> Option<(usize, usize)> {
        if index >= self.count {
            return None;
        }
        let mut start = self.start();
        let mut left = index;
        loop {
            let len = self.memory.get(start..)?.first_chunk::<LENGTH>()?;
            start = start.checked_add(LENGTH)?;
            let end = start.checked_add(usize::from(u16::from_be_bytes(*len)))?;
            if left == 0 {
                return Some((start, end));
            }
            (start, left) = (end, left - 1);
        }
    }
}

/// An entry without its length.
pub(crate) fn read_entry(entry: &[u8]) -> Option<Summary<'_>> {
    let (note, body) = entry.split_first_chunk()?;
    let summary = Summary::read(body).ok()?;
    Some(Summary { is_key_pinned: *note == KEY_PINNED, ..summary })
}
