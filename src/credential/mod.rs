//! Our own identities: their certificates, the choice among them, and their replacement while connections run.
//!
//! # Model
//!
//! ```text
//!   Credential   a chain in DER and the handle of its key          Reference ──▶ slot
//!   Entry        a Credential with an alias                                        │ lease: once a handshake
//!   Selector     chooses an Entry by what the peer asks for                        ▼
//!   Slots        memory for Credentials and sets of anchors    [ orders, 2026-a | orders, 2026-b | free ]
//! ```
//!
//! Programs whose identities never change need only [`Credential`]s, or a slice of [`Entry`]s and a [`Selector`]. These
//! may be `static`; changing them requires new firmware.
//!
//! # Rotation
//!
//! Identities that are replaced while the program runs are in [`Slots`], and a [`Reference`] points to the slot in use.
//! Slots are never edited in place:
//!
//! 1. [`Slots::stage`] returns the memory of a free slot. Write the new certificates there.
//! 2. [`StagedSlot::credential`] or [`StagedSlot::anchors`] checks them: the key matches the leaf, and the chain is
//!    complete, valid and meant for the role. If a check fails, the slot stays free and nothing else changes.
//! 3. [`Reference::set`] moves the reference, with a single store of one word. New handshakes [`lease`](Slots::lease)
//!    the new slot; running handshakes and sessions keep the old one.
//!
//! # Why no slot changes under a handshake
//!
//! A handshake borrows its credential for its lifetime `'b`, and the session continues to borrow it, since the peer may
//! request the certificate again. The credential borrows from a [`Lease`], which is a counted borrow of one slot: while
//! it lives, `stage` skips that slot. The compiler ensures that the lease outlives the session; the count ensures that
//! no leased slot is written. A slot that is neither leased nor referenced is free, so there is no list of connections
//! and nothing to clean up. The free slot that was filled longest ago is used first, so the previous identity stays
//! available as long as there is space.
//!
//! A slot has a generation, which is part of [`SlotId`]: a reference to overwritten content finds nothing rather than
//! something else.
//!
//! [`Slots`] belong to one executor, since they count without a lock. A [`Reference`] may be moved from anywhere,
//! including interrupts and other cores, even on machines without compare-and-swap. A host with threads can use slices
//! of entries with a `Reference` as an index ([`SlotId::fixed`]).

mod anchors;
mod certification;
mod chain;
mod expiry;
mod peer_request;
mod reference;
mod select;
mod signature;
mod slots;
mod stage;
mod ways;

pub use self::anchors::AnchorSet;
pub use self::certification::{CertificationError, CertificationRequest, CertificationSubject};
pub use self::chain::Chain;
pub use self::expiry::Expiry;
pub use self::peer_request::{Match, Mismatch, PeerRequest};
pub use self::reference::{Reference, SlotId};
pub use self::select::{Choice, Entry, EntryFit, NoMatch, Selection, Selector};
pub use self::signature::{EncodedSignature, Signature};
pub use self::slots::{Lease, SlotError, Slots};
pub use self::stage::{Admission, ProofOfPossession, StagedSlot};

use crate::error::{ApiMisuse, CertificateError, CertificateProblem, Error, Malformation};
use crate::limits::MAX_CHAIN;
use crate::wire::enums::SignatureScheme;
use crate::x509::{KeyAlgorithm, Name, OwnCertificate};
use core::cmp::Ordering;

/// A key, as the signer knows it: the index of a software key, the slot of a secure element. The core
/// never sees a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeyHandle(pub u32);

/// A certificate chain to send, and the handle of its key. It borrows the DER, which may be in flash.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    chain: Chain<'a>,
    scheme: SignatureScheme,
    algorithm: KeyAlgorithm,
    /// Bytes of the longest signature.
    signature_len: u16,
    key: KeyHandle,
}

/// A credential without certificates that signs by this scheme.
#[cfg(test)]
pub(crate) const fn placeholder(scheme: u16) -> Credential<'static> {
    Credential {
        chain: Chain::list(&[]),
        scheme: SignatureScheme(scheme),
        algorithm: KeyAlgorithm::Unsupported,
        signature_len: 0,
        key: KeyHandle(0),
    }
}

impl<'a> Credential<'a> {
    /// Makes a credential from a list of DER certificates, or from another [`Chain`]: the leaf first, then its
    /// intermediates, in any order (RFC 9846 section 4.5.1). The root need not be there.
    ///
    /// It signs with the scheme of the key of the leaf; for RSA that is `rsa_pss_rsae_sha256`, unless
    /// [`with_scheme`](Self::with_scheme) changes that.
    ///
    /// # Errors
    /// [`ApiMisuse::CredentialUnusable`] with the certificate and the rule: if the chain is empty or has more than 255
    /// certificates, one cannot be parsed, or anything follows them, or the leaf is not of version 3 or has a key of a
    /// kind that is not supported.
    pub fn new(chain: impl Into<Chain<'a>>, key: KeyHandle) -> Result<Self, Error> {
        Self::of(chain.into(), key)
    }

    fn of(chain: Chain<'a>, key: KeyHandle) -> Result<Self, Error> {
        let unusable = |index, problem| ApiMisuse::CredentialUnusable(CertificateError { index, problem });
        let (mut leaf, mut count) = (None, 0_u8);
        for certificate in chain.iter().take(MAX_CHAIN) {
            let certificate = OwnCertificate::parse(certificate).map_err(|problem| unusable(count, problem))?;
            (leaf, count) = (leaf.or(Some(certificate)), count.saturating_add(1));
        }
        if chain.iter().nth(MAX_CHAIN).is_some() {
            return Err(unusable(count, CertificateProblem::ListTooLong).into());
        }
        if !chain.is_whole() {
            return Err(unusable(count, CertificateProblem::Malformed(Malformation::Der)).into());
        }
        let leaf = leaf.ok_or(unusable(0, CertificateProblem::Malformed(Malformation::Missing)))?;
        let of_leaf = |problem| unusable(0, problem);
        leaf.check_version().map_err(of_leaf)?;
        let scheme = leaf.key().default_scheme().ok_or(of_leaf(CertificateProblem::UnsupportedKey))?;
        let signature_len = u16::try_from(leaf.signature_len());
        let signature_len = signature_len.map_err(|_| of_leaf(CertificateProblem::UnsupportedKey))?;
        Ok(Self { chain, scheme, algorithm: leaf.key(), signature_len, key })
    }

    /// Signs with another scheme, of those that the key of the leaf has: RSA with another hash.
    ///
    /// # Errors
    /// [`ApiMisuse::CredentialSchemeMismatch`] if the key does not have it.
    pub fn with_scheme(self, scheme: SignatureScheme) -> Result<Self, Error> {
        self.algorithm.verifies(scheme).ok_or(ApiMisuse::CredentialSchemeMismatch)?;
        Ok(Self { scheme, ..self })
    }

    /// Returns the certificates in DER, the leaf first.
    pub const fn chain(&self) -> Chain<'a> {
        self.chain
    }

    /// Returns the scheme that the key signs with.
    pub const fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// Returns the handle of the key.
    pub const fn key(&self) -> KeyHandle {
        self.key
    }

    /// Returns the length of the longest signature of the key in a CertificateVerify.
    pub(crate) fn signature_len(&self) -> usize {
        self.signature_len.into()
    }

    /// Encodes a signature of the key for CertificateVerify. Those of ECDSA may be shorter than the longest.
    ///
    /// # Errors
    /// [`ApiMisuse::SignatureMalformed`] if the key cannot have made it.
    pub(crate) fn encode<'s>(
        &self,
        signature: &'s Signature,
        der: &'s mut [u8; Signature::MAX_DER],
    ) -> Result<&'s [u8], ApiMisuse> {
        let encoded = signature.encode(self.scheme, der).ok_or(ApiMisuse::SignatureMalformed)?;
        let may_be_shorter = matches!(self.algorithm, KeyAlgorithm::EcP256 | KeyAlgorithm::EcP384);
        match encoded.len().cmp(&self.signature_len()) {
            Ordering::Equal => Ok(encoded),
            Ordering::Less if may_be_shorter => Ok(encoded),
            _ => Err(ApiMisuse::SignatureMalformed),
        }
    }

    /// Iterates over the issuers of the leaf and of the certificates above it, that of the leaf first. Certificates of
    /// the chain that issued none of these are left out.
    pub fn issuers(&self) -> impl Iterator<Item = Name<'a>> {
        self.connected().map(|(_, certificate)| certificate.issuer())
    }

    /// Finds the first of the [certificates](Self::issuers) of the chain that was issued by `issuer`, counted from 0,
    /// the leaf (RFC 9846 section 4.3.4 and 4.5.1.2).
    pub fn certificate_of(&self, issuer: &Name<'_>) -> Option<u8> {
        self.connected().find(|(_, certificate)| certificate.issuer().matches(issuer)).map(|(index, _)| index)
    }

    /// Iterates over the parsed certificates; all of them were parsed when the credential was made.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = OwnCertificate<'a>> + Clone + use<'a> {
        self.chain.iter().filter_map(|certificate| OwnCertificate::parse(certificate).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_without_a_certificate_is_rejected() {
        let refused = |chain, index, field| {
            let error = CertificateError { index, problem: CertificateProblem::Malformed(field) };
            let found = Credential::of(chain, KeyHandle(0)).err();
            assert_eq!(found, Some(ApiMisuse::CredentialUnusable(error).into()));
        };
        refused(Chain::list(&[]), 0, Malformation::Missing);
        refused(Chain::list(&[&[1, 2, 3]]), 0, Malformation::Der);
        refused(Chain::joined(&[0x30, 0, 7]), 0, Malformation::Der);
    }
}
