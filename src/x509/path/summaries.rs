//! The summaries of all certificates that a peer sent, in memory of the caller.
//!
//! ```text
//! memory  [ kept | entry 0 (leaf) | entry 1 | ... | free ]
//! entry   length:2  verified_by:2  body
//! ```
//! Each body is a summary, or an [`Unreadable`] certificate. In front, a handshake keeps a hello of the peer that its
//! buffer cannot hold, and a session the leaf of an earlier list. The rest of the memory is free for other data.

use super::summary::Unreadable;
use super::trace::{Trace, TraceEvent};
use crate::codec::{Writer, copy, move_to_front};
use crate::crypto::{CryptoError, CryptoProvider};
use crate::error::{BufferKind, CertificateError, CertificateProblem, Error};
use crate::limits::{MAX_CERTIFICATE, MAX_SUMMARY_EXCESS};
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::certificate::{Certificate, Origin};
use crate::x509::identity::{PeerIdentity, fingerprint};
use crate::x509::verdict::Blame;

/// Bytes of the length of an entry, which does not count itself.
const LENGTH: usize = 2;
/// Bytes that identify the key that verified the signature.
const VERIFIED_BY: usize = 2;
/// The value for a leaf whose key is pinned.
const KEY_PINNED: [u8; VERIFIED_BY] = [3, 0];

/// The place of a certificate, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Place {
    /// A trust anchor, by its place in [`Rules::anchors`](crate::x509::Rules::anchors).
    Anchor(u8),
    /// A certificate that the peer sent, by its place in the list.
    Sent(u8),
}

/// The summaries, and the memory for them.
#[derive(Debug)]
pub(crate) struct Summaries<'p> {
    memory: &'p mut [u8],
    used: usize,
    count: u8,
    /// One certificate that cannot be parsed.
    broken: Option<CertificateError>,
    /// Bytes of the last certificate that was too large.
    oversize: u32,
    /// Bytes in front of the list: a hello, or the leaf of an earlier list.
    kept: usize,
    /// Bytes at the end of the memory that hold something else, as long as there is room.
    #[cfg(feature = "resumption")]
    behind: usize,
    /// Bytes at the beginning of the free memory that are stored.
    #[cfg(feature = "resumption")]
    stored: usize,
}

/// A list of summaries to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'p> {
    entries: &'p [u8],
}

impl<'p> Summaries<'p> {
    pub(crate) const fn new(memory: &'p mut [u8]) -> Self {
        Self {
            memory,
            used: 0,
            count: 0,
            broken: None,
            oversize: 0,
            kept: 0,
            #[cfg(feature = "resumption")]
            behind: 0,
            #[cfg(feature = "resumption")]
            stored: 0,
        }
    }

    /// Borrows the same summaries and their memory, to which none may be added meanwhile.
    pub(crate) const fn reborrow(&mut self) -> Summaries<'_> {
        Summaries { memory: &mut *self.memory, ..*self }
    }

    /// Returns the memory that was lent, and is empty without any.
    pub(crate) const fn take_memory(&mut self) -> &'p mut [u8] {
        core::mem::replace(self, Self::new(&mut [])).memory
    }

    /// Returns the memory behind the summaries, which is no longer used.
    pub(crate) fn take_free(&mut self) -> &'p mut [u8] {
        #[cfg(feature = "resumption")]
        self.keep_behind(&[]);
        let memory = core::mem::take(&mut self.memory);
        let (kept, free) = memory.split_at_mut_checked(self.used).unwrap_or_default();
        self.memory = kept;
        free
    }

    /// Parses one certificate and keeps its summary: the leaf first, then the others in any order.
    ///
    /// A certificate that cannot be parsed is an error only if it is the leaf: another one may not be needed. One of which
    /// `collected` bytes are at the end of the memory is read there.
    pub(crate) fn push<C: CryptoProvider>(
        &mut self,
        provider: C,
        certificate: &[u8],
        collected: usize,
        trace: &mut impl Trace,
    ) -> Result<(), Error> {
        let at = self.memory.len().saturating_sub(collected);
        let (memory, at_end) = self.memory.split_at_mut_checked(at).unwrap_or_default();
        let mut summaries = Summaries { memory, ..*self };
        let pushed = summaries.add(provider, if collected == 0 { certificate } else { at_end }, trace);
        let Summaries { used, count, broken, oversize, .. } = summaries;
        (self.used, self.count, self.broken, self.oversize) = (used, count, broken, oversize);
        pushed
    }

    fn add<C: CryptoProvider>(&mut self, provider: C, certificate: &[u8], trace: &mut impl Trace) -> Result<(), Error> {
        let index = self.count;
        if index == u8::MAX {
            return self.refuse(CertificateError { index, problem: CertificateProblem::ListTooLong });
        }
        let mut place = &[][..];
        let mut parsed = match parse(certificate, &mut place) {
            Ok(parsed) => parsed,
            Err(problem) => {
                let error = CertificateError { index, problem };
                trace.event(TraceEvent::Unreadable { error });
                return self.pass_over(&Unreadable::new(certificate, place), certificate.len(), error);
            }
        };
        let Certificate { subject, issuer, not_after, .. } = parsed;
        trace.event(TraceEvent::Read { index, subject, issuer, not_after });
        let fingerprint = if index == 0 { Some(fingerprint(provider, certificate)?) } else { None };
        // A hash that the provider does not have leaves nothing that could be verified.
        let kind = parsed.signature_kind;
        let takes_message = kind.takes_message() || (C::VERIFIES_MESSAGES && kind.hash().is_some());
        let tbs_digest = kind.hash().filter(|_| !takes_message).map(|hash| provider.digest(hash, &[parsed.signed]));
        parsed.signed = match &tbs_digest {
            Some(Ok(digest)) => digest.as_bytes(),
            Some(Err(CryptoError::Failed)) => return Err(Error::ProviderFailed),
            None if takes_message => parsed.signed,
            _ => &[],
        };
        parsed.fingerprint = fingerprint.as_ref();
        self.append(Ok(&parsed))
    }

    /// Returns whether there is room for a certificate of `len` bytes and its summary.
    pub(crate) const fn can_collect(&self, len: usize) -> bool {
        let need = len.saturating_mul(2).saturating_add(MAX_SUMMARY_EXCESS);
        self.used.saturating_add(need) <= self.memory.len()
    }

    /// Keeps a part of a certificate, of which the last `missing` bytes were not here, at the end of the memory.
    pub(crate) fn collect(&mut self, missing: usize, part: &[u8]) {
        let at = self.memory.len().saturating_sub(missing);
        copy(self.memory.get_mut(at..).unwrap_or_default(), part);
    }

    /// Keeps the parts of a certificate that cannot be parsed. Remembers one of them, preferably one whose name makes
    /// it an issuer of another certificate in the list.
    fn pass_over(&mut self, unreadable: &Unreadable<'_>, len: usize, error: CertificateError) -> Result<(), Error> {
        if error.problem == CertificateProblem::TooLarge {
            self.oversize = u32::try_from(len).unwrap_or(u32::MAX);
        }
        if self.broken.is_none() || self.list().all().any(|below| unreadable.may_have_issued(&below)) {
            self.broken = Some(error);
        }
        let kept = self.append(Err(unreadable));
        if error.index == 0 { Err(error.into()) } else { kept }
    }

    /// Refuses the whole list.
    fn refuse(&mut self, error: CertificateError) -> Result<(), Error> {
        self.broken = Some(error);
        Err(error.into())
    }

    /// Appends the summary of a certificate, or the parts of one that cannot be parsed.
    pub(super) fn append(&mut self, certificate: Result<&Certificate<'_>, &Unreadable<'_>>) -> Result<(), Error> {
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

    /// Returns why the list is refused before a path is searched.
    pub(super) fn refusal(&self) -> Option<Blame> {
        let refuses = |error: &CertificateError| error.index == 0 || error.problem == CertificateProblem::ListTooLong;
        self.broken.filter(refuses).map(|error| Blame::new(error.index, error.problem))
    }

    /// Returns the certificate that cannot be parsed, if it may be the issuer that is missing.
    pub(super) fn unreadable_issuer(&self, below: &Certificate<'_>) -> Option<Blame> {
        let broken = self.broken?;
        let unreadable = self.list().unreadable(broken.index)?;
        let may_be = unreadable.subject().is_none() || unreadable.may_have_issued(below);
        may_be.then_some(Blame::new(broken.index, broken.problem))
    }

    /// Returns the bytes of the last certificate that was too large.
    pub(super) const fn oversize(&self) -> u32 {
        self.oversize
    }

    pub(super) const fn count(&self) -> u8 {
        self.count
    }

    pub(crate) fn list(&self) -> List<'_> {
        List { entries: self.memory.get(self.start()..self.used).unwrap_or_default() }
    }

    /// Returns the list for as long as the memory is borrowed.
    pub(super) fn into_list(self) -> List<'p> {
        let range = self.start()..self.used;
        let memory: &'p [u8] = self.memory;
        List { entries: memory.get(range).unwrap_or_default() }
    }

    pub(super) fn set_verified_by(&mut self, index: u8, issuer: Place) {
        self.note_verified(index, issuer.to_note());
    }

    /// Records that the leaf is trusted for its pinned key.
    pub(super) fn set_key_pinned(&mut self) {
        self.note_verified(0, KEY_PINNED);
    }

    /// Forgets which signatures were verified.
    pub(crate) fn forget_verified(&mut self) {
        for index in 0..self.count {
            self.note_verified(index, [0; VERIFIED_BY]);
        }
    }

    fn note_verified(&mut self, index: u8, note: [u8; VERIFIED_BY]) {
        let behind = self.list().skip(index).map_or(0, <[u8]>::len);
        let at = self.used.saturating_sub(behind).saturating_add(LENGTH);
        if let Some(place) = self.memory.get_mut(at..self.used).and_then(<[u8]>::first_chunk_mut) {
            *place = note;
        }
    }

    /// Returns the offset at which the list begins.
    const fn start(&self) -> usize {
        self.kept
    }

    /// Moves the entry of the leaf in front of the list and empties the list; an empty list leaves what was kept.
    pub(super) fn keep_leaf(&mut self) {
        if let Some(leaf) = self.list().entry(0) {
            let len = LENGTH.saturating_add(leaf.len());
            move_to_front(self.memory, self.kept..self.kept.saturating_add(len), 0);
            self.kept = len;
        }
        self.clear();
    }

    /// Empties the list; the leaf that was kept stays.
    pub(super) const fn clear(&mut self) {
        self.used = self.kept;
        self.count = 0;
        self.broken = None;
        self.oversize = 0;
        #[cfg(feature = "resumption")]
        {
            self.stored = 0;
        }
    }

    /// Returns the part of a hello that was kept.
    pub(crate) fn hello(&self) -> &[u8] {
        self.memory.get(..self.kept).unwrap_or_default()
    }

    /// Returns whether there is room for a hello of `len` bytes beside a ticket.
    pub(crate) const fn can_keep_hello(&self, len: usize) -> bool {
        #[cfg(feature = "resumption")]
        let len = len.saturating_add(self.behind);
        len <= self.memory.len()
    }

    /// Adds a part to the hello in front of the list, which is empty.
    pub(crate) fn keep_hello(&mut self, part: &[u8]) {
        self.kept = self.kept.saturating_add(copy(self.memory.get_mut(self.kept..).unwrap_or_default(), part));
        self.used = self.kept;
    }

    /// Moves the list to the front, in place of the hello.
    pub(crate) fn drop_hello(&mut self) {
        move_to_front(self.memory, self.kept..self.used, 0);
        self.used = self.used.saturating_sub(self.kept);
        self.kept = 0;
    }

    /// Returns the leaf that was kept.
    pub(crate) fn kept(&self) -> List<'_> {
        List { entries: self.memory.get(..self.kept).unwrap_or_default() }
    }

    /// Writes the leaf that was kept, for a ticket: the note of its key, and its summary without the signature. Nothing if
    /// there is none.
    #[cfg(feature = "resumption")]
    pub(crate) fn write_kept(&self, out: &mut Writer<'_>) {
        let kept = self.kept();
        if let (Some(leaf), Some(note)) = (kept.get(0), kept.entry(0).and_then(<[u8]>::first_chunk::<VERIFIED_BY>)) {
            out.bytes(note);
            Certificate { proof_age: None, ..leaf.without_signature() }.write(out);
        }
    }

    /// Puts a leaf of a ticket, [as it was written](Self::write_kept), into the list, which is empty.
    #[cfg(feature = "resumption")]
    pub(crate) fn restore(&mut self, leaf: &[u8], proof_age: u32) -> Result<(), Error> {
        let Some((note, body)) = leaf.split_first_chunk() else { return Ok(()) };
        let summary = Certificate { proof_age: Some(proof_age), ..Certificate::read(body)? };
        self.append(Ok(&summary))?;
        self.note_verified(0, *note);
        Ok(())
    }

    /// Keeps the bytes of a ticket, which end with a leaf, at the end of the memory; none have been kept before.
    ///
    /// # Errors
    /// The size that the memory would have to have.
    #[cfg(feature = "resumption")]
    pub(crate) fn keep_ticket(&mut self, bytes: &[u8], leaf_len: usize) -> Result<(), usize> {
        // The leaf moves to the front with its length and the age of its proof.
        let restored = leaf_len.saturating_add(LENGTH).saturating_add(size_of::<u32>());
        let need = bytes.len().max(leaf_len.saturating_add(restored));
        if need > self.memory.len() {
            return Err(need);
        }
        self.keep_behind(bytes);
        Ok(())
    }

    /// Puts the leaf of a ticket of which the last `len` bytes that were [kept](Self::keep_behind) consist into the list,
    /// and keeps them no longer.
    #[cfg(feature = "resumption")]
    pub(crate) fn restore_behind(&mut self, len: usize, proof_age: u32) -> Result<(), Error> {
        self.keep_behind(&[]);
        let at = self.memory.len().saturating_sub(len);
        let (memory, leaf) = self.memory.split_at_mut_checked(at).unwrap_or_default();
        let mut summaries = Summaries { memory, ..*self };
        let restored = summaries.restore(leaf, proof_age);
        let Summaries { used, count, .. } = summaries;
        (self.used, self.count) = (used, count);
        restored
    }

    /// Returns the memory that is free.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) fn free(&self) -> &[u8] {
        self.memory.get(self.used..).unwrap_or_default()
    }

    /// Copies `bytes` to place `at` of the free memory.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) fn store(&mut self, at: usize, bytes: &[u8]) -> Result<(), Error> {
        self.check_free(at.saturating_add(bytes.len()))?;
        let place = self.memory.get_mut(self.used..).and_then(|free| free.get_mut(at..)?.get_mut(..bytes.len()));
        if let Some(place) = place {
            copy(place, bytes);
        }
        #[cfg(feature = "resumption")]
        {
            self.stored = at.saturating_add(bytes.len());
            if self.used.saturating_add(self.stored) > self.memory.len().saturating_sub(self.behind) {
                self.behind = 0;
            }
        }
        Ok(())
    }

    /// Keeps `bytes` at the end of the free memory, in place of those before them; none if they do not fit beside what is
    /// [stored](Self::store), to which they also give way later.
    #[cfg(feature = "resumption")]
    pub(crate) fn keep_behind(&mut self, bytes: &[u8]) {
        let free = self.memory.get_mut(self.used..).unwrap_or_default();
        let start = free.len().saturating_sub(bytes.len());
        let fits = free.len() >= self.stored.saturating_add(bytes.len());
        let place = free.get_mut(start..).filter(|_| fits);
        self.behind = place.map_or(0, |place| copy(place, bytes));
    }

    /// Returns the bytes at the end of the free memory that were kept.
    #[cfg(feature = "resumption")]
    pub(crate) fn behind(&self) -> &[u8] {
        self.memory.get(self.memory.len().saturating_sub(self.behind)..).unwrap_or_default()
    }

    /// Fails if fewer than `count` bytes are free.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) fn check_free(&self, count: usize) -> Result<(), Error> {
        let need = self.used.saturating_add(count);
        if need <= self.memory.len() { Ok(()) } else { Err(Error::too_small(BufferKind::Peer, need)) }
    }
}

impl<'p> List<'p> {
    /// Returns the summary of a certificate; `None` if there is none or it could not be parsed.
    pub(crate) fn get(self, index: u8) -> Option<Certificate<'p>> {
        let (note, body) = self.entry(index)?.split_first_chunk()?;
        let mut summary = Some(Certificate::EMPTY);
        let certificate = summary.as_mut()?;
        certificate.is_key_pinned = *note == KEY_PINNED;
        certificate.read_summary(body).ok()?;
        summary
    }

    /// Returns what is kept of a certificate that could not be parsed; `None` if there is none, or it could.
    pub(in crate::x509) fn unreadable(self, index: u8) -> Option<Unreadable<'p>> {
        Unreadable::read(self.entry(index)?.get(VERIFIED_BY..)?).ok()
    }

    pub(super) fn verified_by(self, index: u8) -> Option<Place> {
        Place::from_note(*self.entry(index)?.first_chunk()?)
    }

    /// Lists the places of all certificates.
    pub(crate) fn indices(self) -> impl Iterator<Item = u8> + use<'p> {
        (0..u8::MAX).take_while(move |index| self.entry(*index).is_some())
    }

    /// Lists all certificates that could be parsed.
    fn all(self) -> impl Iterator<Item = Certificate<'p>> + use<'p> {
        self.indices().filter_map(move |index| self.get(index))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the key of the leaf.
    #[inline(never)] // so that the summary is not in the frame in which the key verifies
    pub(crate) fn leaf_key(self) -> Option<PublicKey<'p>> {
        self.get(0).map(|leaf| leaf.key)
    }

    /// Returns the identity in the leaf.
    pub(crate) fn identity(self) -> Option<PeerIdentity<'p>> {
        self.get(0).map(PeerIdentity::new)
    }

    /// Returns whether the issuer of the leaf is not in the list, by its name.
    pub(crate) fn lacks_issuer(self) -> bool {
        let Some(leaf) = self.get(0) else { return false };
        !self.all().skip(1).any(|ca| ca.subject.matches(&leaf.issuer))
    }

    /// Returns an entry, without its length.
    fn entry(self, index: u8) -> Option<&'p [u8]> {
        let (len, rest) = self.skip(index)?.split_first_chunk::<LENGTH>()?;
        rest.get(..usize::from(u16::from_be_bytes(*len)))
    }

    /// Returns the rest after `count` entries.
    fn skip(self, count: u8) -> Option<&'p [u8]> {
        let mut rest = self.entries;
        for _ in 0..count {
            let (len, behind) = rest.split_first_chunk::<LENGTH>()?;
            rest = behind.get(usize::from(u16::from_be_bytes(*len))..)?;
        }
        Some(rest)
    }
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

fn parse<'a>(certificate: &'a [u8], place: &mut &'a [u8]) -> Result<Certificate<'a>, CertificateProblem> {
    if certificate.len() > MAX_CERTIFICATE {
        return Err(CertificateProblem::TooLarge);
    }
    Certificate::parse_to(certificate, Origin::Peer, place)
}

#[cfg(all(test, feature = "post-handshake-auth", feature = "resumption"))]
mod tests {
    use super::*;
    use crate::x509::certificate::FINGERPRINT;
    use crate::x509::certificate::algorithm::KeyAlgorithm;

    #[test]
    fn what_is_behind_the_list_gives_way_to_what_is_stored() {
        let mut memory = [0; 64];
        let mut summaries = Summaries::new(&mut memory);
        summaries.keep_behind(&[7; 10]);
        summaries.store(0, &[1; 54]).unwrap();
        assert_eq!(summaries.behind(), [7; 10]);
        summaries.store(0, &[1; 55]).unwrap();
        assert!(summaries.behind().is_empty());
        summaries.keep_behind(&[7; 10]);
        assert!(summaries.behind().is_empty(), "there is no room beside what is stored");
        summaries.store(0, &[1; 64]).unwrap();
        assert_eq!(summaries.store(60, &[1; 5]), Err(Error::too_small(BufferKind::Peer, 65)));
    }

    #[test]
    fn memory_that_was_taken_has_nothing_behind_it() {
        let mut memory = [0; 128];
        let mut summaries = Summaries::new(&mut memory);
        summaries.append(Ok(&Certificate::EMPTY)).unwrap();
        summaries.keep_behind(b"ticket");
        let used = summaries.used;
        assert_eq!((summaries.take_free().len(), summaries.behind()), (128 - used, &[][..]));
    }

    #[test]
    fn a_leaf_of_a_ticket_is_restored_with_the_note_of_its_key() {
        let key = PublicKey::from_checked(KeyAlgorithm::EcP256, &[4; 65]);
        let leaf = Certificate { key, fingerprint: Some(&[7; FINGERPRINT]), ..Certificate::EMPTY };
        for is_pinned in [false, true] {
            let (mut memory, mut ticket) = ([0; 512], [0; 256]);
            let mut summaries = Summaries::new(&mut memory);
            summaries.append(Ok(&leaf)).unwrap();
            assert!(summaries.list().unreadable(0).is_none() && summaries.list().get(0).is_some());
            if is_pinned {
                summaries.set_key_pinned();
            }
            summaries.keep_leaf();
            let mut out = Writer::new(&mut ticket);
            summaries.write_kept(&mut out);
            let len = out.finish().unwrap();

            let mut summaries = Summaries::new(&mut memory);
            summaries.keep_ticket(&ticket[..len], len).unwrap();
            summaries.restore_behind(len, 60).unwrap();
            let restored = summaries.list().get(0).unwrap();
            assert_eq!((restored.key, restored.proof_age), (leaf.key, Some(60)));
            assert_eq!(restored.is_key_pinned, is_pinned);
            assert!(summaries.behind().is_empty(), "the ticket is needed no longer");
        }
    }
}
