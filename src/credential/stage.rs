//! Admission: the checks on new certificates before a reference points to them.

use super::reference::SlotId;
use super::slots::{Content, Extent, Slot, SlotError};
use super::{Credential, KeyHandle, Signature, anchors};
use crate::codec::copy;
use crate::crypto::CryptoProvider;
use crate::error::{CertificateError, CertificateProblem};
use crate::role::Role;
use crate::x509::{OwnCertificate, Time};
use core::cell::RefMut;

/// A free slot that is being filled. If it is dropped, it stays free.
pub struct StagedSlot<'s, 'm> {
    slot: RefMut<'s, Slot<'m>>,
    id: SlotId,
}

debug_by_name!("StagedSlot", [] StagedSlot<'_, '_>);

/// The checks that a new credential must pass before it can be sent.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'p> {
    /// The role in which it will be sent.
    pub role: Role,
    /// The time at which it must be valid.
    pub time: Time,
    /// The proof that the key is that of the leaf.
    pub key: ProofOfPossession<'p>,
}

/// The proof that a key belongs to a certificate.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ProofOfPossession<'p> {
    /// The public key, as read from the signer, in the encoding of its kind: for P-256 the uncompressed point, 65
    /// bytes.
    PublicKey(&'p [u8]),
    /// A signature that the key has made over [`Admission::TEST_MESSAGE`], with the scheme of the credential.
    Signature(&'p Signature),
}

impl Admission<'_> {
    /// The message that a key signs to prove its presence. No message of TLS and no certificate begins like this, so
    /// the signature cannot be used elsewhere.
    pub const TEST_MESSAGE: &'static [u8] = b"embedded-mtls: a test of whether key and certificate belong together";

    /// Checks a credential as a peer will: the leaf is valid and may sign in the role, and there is a way from it
    /// through the others, in any order, of CAs that are valid, may issue for the role, and have signed; the key is
    /// that of the leaf. A public-key operation for each that has the name of an issuer, and one for a test signature.
    ///
    /// A signature that this build cannot verify, such as that of an RSA issuer without the feature `rsa`, is
    /// accepted: the peer verifies it. Roots and certificates that are not needed are tolerated, unless the leaf has no
    /// issuer among the others.
    ///
    /// # Errors
    /// [`SlotError::Certificate`] with the first certificate to blame, [`SlotError::KeyMismatch`].
    pub fn check<C: CryptoProvider>(&self, provider: C, credential: &Credential<'_>) -> Result<(), SlotError> {
        let leaf = credential.certificates().next().ok_or(SlotError::KeyMismatch)?;
        let checked = leaf.check_purpose(self.role).and_then(|()| leaf.check_time(self.time));
        let checked = checked.map_err(|problem| CertificateError { index: 0, problem });
        let checked = checked.and_then(|()| credential.check_issuer());
        let fits = || credential.check_ways(|below, issuer| self.check_step(provider, below, issuer));
        checked.and_then(|()| fits()).map_err(SlotError::Certificate)?;
        self.check_key(provider, credential)
    }

    fn check_step<C: CryptoProvider>(
        &self,
        provider: C,
        (place, below): &(u8, OwnCertificate<'_>),
        (index, issuer): &(u8, OwnCertificate<'_>),
    ) -> Result<(), CertificateError> {
        let fit = issuer.check_ca(self.role).and_then(|()| issuer.check_time(self.time));
        fit.map_err(|problem| CertificateError { index: *index, problem })?;
        match below.check_issued_by(provider, issuer) {
            Ok(()) | Err(CertificateProblem::UnsupportedSignature) => Ok(()),
            Err(problem) => Err(CertificateError { index: *place, problem }),
        }
    }

    fn check_key<C: CryptoProvider>(&self, provider: C, credential: &Credential<'_>) -> Result<(), SlotError> {
        let leaf = credential.certificates().next().ok_or(SlotError::KeyMismatch)?;
        let proved = match self.key {
            ProofOfPossession::PublicKey(key) => key == leaf.public_key().as_bytes(),
            ProofOfPossession::Signature(signature) => {
                let (scheme, mut der) = (credential.scheme(), [0; Signature::MAX_DER]);
                signature.encode(scheme, &mut der).is_some_and(|signature| {
                    leaf.public_key().verify(provider, scheme, Admission::TEST_MESSAGE, signature).is_ok()
                })
            }
        };
        if proved { Ok(()) } else { Err(SlotError::KeyMismatch) }
    }
}

impl<'s, 'm> StagedSlot<'s, 'm> {
    pub(super) const fn new(slot: RefMut<'s, Slot<'m>>, id: SlotId) -> Self {
        Self { slot, id }
    }

    /// Returns the memory for the certificates, in DER and concatenated; for a credential, the leaf first.
    pub fn memory(&mut self) -> &mut [u8] {
        self.slot.memory
    }

    /// Copies certificates into the [memory](Self::memory), and returns their length.
    ///
    /// # Errors
    /// [`SlotError::TooLong`].
    pub fn copy<'c>(&mut self, certificates: impl IntoIterator<Item = &'c [u8]>) -> Result<usize, SlotError> {
        let (mut used, mut whole) = (0_usize, true);
        for certificate in certificates {
            let end = used.saturating_add(certificate.len());
            match self.slot.memory.get_mut(used..end) {
                Some(place) => _ = copy(place, certificate),
                None => whole = false,
            }
            used = end;
        }
        if whole { Ok(used) } else { Err(SlotError::TooLong(used)) }
    }

    /// Checks the first `len` bytes of the memory as a credential, and fills the slot with it.
    ///
    /// # Errors
    /// The reason why it cannot be used; the slot stays free.
    pub fn credential<C: CryptoProvider>(
        mut self,
        provider: C,
        alias: &str,
        len: usize,
        key: KeyHandle,
        admission: &Admission<'_>,
    ) -> Result<SlotId, SlotError> {
        let extent = self.write_alias(alias, len)?;
        let credential = Credential::new(self.slot.certificates(len), key)?;
        admission.check(provider, &credential)?;
        self.slot.content = Content::Credential(extent, key);
        Ok(self.id)
    }

    /// Checks the first `len` bytes of the memory as CA certificates, in any order, and fills the slot with this set of
    /// trust anchors.
    ///
    /// # Errors
    /// [`SlotError::Certificate`] if one of them cannot be a trust anchor, or none is valid at this time;
    /// [`SlotError::Unusable`] if there is none or anything follows them; the slot stays free. Those that are not valid
    /// beside others that are can be found by [`TrustAnchor::check_validity`](crate::x509::TrustAnchor).
    pub fn anchors(mut self, alias: &str, len: usize, time: Time) -> Result<SlotId, SlotError> {
        let extent = self.write_alias(alias, len)?;
        anchors::check(self.slot.certificates(len), time)?;
        self.slot.content = Content::Anchors(extent);
        Ok(self.id)
    }

    fn write_alias(&mut self, alias: &str, len: usize) -> Result<Extent, SlotError> {
        let need = len.saturating_add(alias.len());
        let start = self.slot.memory.len().checked_sub(alias.len()).filter(|start| len <= *start);
        let place = start.and_then(|start| self.slot.memory.get_mut(start..)).ok_or(SlotError::TooLong(need))?;
        copy(place, alias.as_bytes());
        Ok(Extent { certificates: len, alias: alias.len() })
    }
}
