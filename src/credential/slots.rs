//! Slots: memory for credentials and sets of trust anchors that are replaced while connections run.

use super::reference::{Reference, SlotId, next_generation};
use super::stage::StagedSlot;
use super::{AnchorSet, Chain, Credential, Expiry, KeyHandle};
use crate::error::{CertificateError, Error};
use crate::x509::UnixTime;
use core::cell::{Cell, Ref, RefCell};
use core::fmt;

/// `N` slots in borrowed memory, and the references into them; see the [module](super).
///
/// There should be at least one more slot than references, to stage the next content, and another for each old identity
/// that sessions may still hold.
pub struct Slots<'m, const N: usize> {
    references: &'m [Reference],
    places: [RefCell<Slot<'m>>; N],
    generation: Cell<u32>,
}

debug_by_name!("Slots", [const N: usize] Slots<'_, N>);

/// One slot: certificates from the start of its memory, the alias at its end.
pub(super) struct Slot<'m> {
    pub(super) memory: &'m mut [u8],
    pub(super) generation: u32,
    pub(super) content: Content,
}

/// The content of a slot.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Anchors(Extent),
    Credential(Extent, KeyHandle),
    Empty,
}

/// Lengths in bytes.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) certificates: usize,
    pub(super) alias: usize,
}

/// A counted borrow of a slot: while it lives, the slot does not change.
///
/// Borrows from it cannot outlive it:
///
/// ```compile_fail,E0505
/// # use embedded_mtls::credential::{Reference, SlotError, Slots};
/// # fn too_early(slots: &Slots<'_, 2>, orders: &Reference) -> Result<(), SlotError> {
/// let lease = slots.lease(orders)?;
/// let credential = lease.credential()?;
/// drop(lease); // while the credential is still used
/// let chain = credential.chain();
/// # Ok(()) }
/// ```
pub struct Lease<'s> {
    slot: Ref<'s, Slot<'s>>,
    id: SlotId,
}

debug_by_name!("Lease", [] Lease<'_>);

/// The reason why a slot cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SlotError {
    /// This certificate cannot be used: it has expired, is not yet valid, is not meant for the role, or none of the
    /// others is its issuer; or it cannot be a trust anchor.
    Certificate(CertificateError),
    /// The key is not that of the leaf.
    KeyMismatch,
    /// The slot holds a credential where anchors were expected, or vice versa.
    Kind,
    /// Every slot is leased or referenced.
    NoFreeSlot,
    /// The reference points nowhere, or to a slot that has been overwritten.
    NotFound,
    /// The memory of the slot is too small. The field is the size needed, including the alias.
    TooLong(usize),
    /// This is no credential, or no set of trust anchors.
    Unusable(Error),
}

impl<'m, const N: usize> Slots<'m, N> {
    /// Makes empty slots, one in each piece of `memory`, for `references` to point to. Slots after the 256th are not
    /// used.
    ///
    /// A slot takes the certificates in DER and the alias: 1 KiB for a P-256 certificate with its intermediate.
    pub fn new(memory: [&'m mut [u8]; N], references: &'m [Reference]) -> Self {
        let slot = |memory| RefCell::new(Slot { memory, generation: 0, content: Content::Empty });
        Self { references, places: memory.map(slot), generation: Cell::new(0) }
    }

    /// Takes a free slot to fill: one without a lease to which no reference points, preferably an empty one, else the
    /// one that was filled longest ago. Its content is lost.
    ///
    /// # Errors
    /// [`SlotError::NoFreeSlot`].
    pub fn stage(&self) -> Result<StagedSlot<'_, 'm>, SlotError> {
        let free = (0..=u8::MAX).zip(&self.places).filter_map(|(index, slot)| {
            let slot = slot.try_borrow_mut().ok()?;
            let id = SlotId::new(index, slot.generation);
            let pointed_to = self.references.iter().any(|reference| reference.get() == Some(id));
            (!pointed_to || slot.content.is_empty()).then_some((index, slot))
        });
        let oldest = free.min_by_key(|(_, slot)| if slot.content.is_empty() { 0 } else { slot.generation });
        let (index, mut slot) = oldest.ok_or(SlotError::NoFreeSlot)?;
        self.generation.set(next_generation(self.generation.get()));
        slot.generation = self.generation.get();
        slot.content = Content::Empty;
        Ok(StagedSlot::new(slot, SlotId::new(index, self.generation.get())))
    }

    /// Leases the slot that `reference` points to now. Call it once per handshake, before it begins.
    ///
    /// # Errors
    /// [`SlotError::NotFound`].
    pub fn lease(&self, reference: &Reference) -> Result<Lease<'_>, SlotError> {
        self.lease_slot(reference.get().ok_or(SlotError::NotFound)?)
    }

    /// Leases this slot, for a connection with another identity than that of the reference.
    ///
    /// # Errors
    /// [`SlotError::NotFound`] if it has been overwritten.
    pub fn lease_slot(&self, id: SlotId) -> Result<Lease<'_>, SlotError> {
        let slot = self.places.get(usize::from(id.index())).ok_or(SlotError::NotFound)?;
        let slot = slot.try_borrow().map_err(|_| SlotError::NotFound)?;
        if slot.content.is_empty() || slot.generation != id.generation() {
            return Err(SlotError::NotFound);
        }
        Ok(Lease { slot, id })
    }

    /// Leases each slot that is filled, whether a reference points to it or not.
    pub fn iter(&self) -> impl Iterator<Item = Lease<'_>> {
        (0..=u8::MAX).zip(&self.places).filter_map(|(index, slot)| {
            let slot = slot.try_borrow().ok().filter(|slot| !slot.content.is_empty())?;
            let id = SlotId::new(index, slot.generation);
            Some(Lease { slot, id })
        })
    }

    /// Finds the slot of this alias that was filled last, whether a reference points to it or not.
    pub fn find(&self, alias: &str) -> Option<SlotId> {
        let found = self.iter().filter(|lease| lease.alias() == alias);
        found.map(|lease| lease.id).max_by_key(|id| id.generation())
    }

    /// Finds the slots in use that expire within `days`, or have expired.
    pub fn expiring(&self, now: UnixTime, days: u16) -> impl Iterator<Item = (Lease<'_>, Expiry)> {
        self.iter().filter_map(move |lease| {
            let counts = self.references.iter().any(|reference| reference.get() == Some(lease.id));
            let expiry = Expiry::within(lease.not_after()?, now, days).filter(|_| counts)?;
            Some((lease, expiry))
        })
    }
}

impl Content {
    const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

impl Slot<'_> {
    const fn extent(&self) -> Extent {
        match self.content {
            Content::Anchors(extent) | Content::Credential(extent, _) => extent,
            Content::Empty => Extent { certificates: 0, alias: 0 },
        }
    }

    pub(super) fn certificates(&self, len: usize) -> Chain<'_> {
        Chain::joined(self.memory.get(..len).unwrap_or_default())
    }
}

impl Lease<'_> {
    /// Returns the name of the slot.
    pub const fn id(&self) -> SlotId {
        self.id
    }

    /// Returns the alias.
    pub fn alias(&self) -> &str {
        let start = self.slot.memory.len().saturating_sub(self.slot.extent().alias);
        // It was text when it was written there.
        core::str::from_utf8(self.slot.memory.get(start..).unwrap_or_default()).unwrap_or_default()
    }

    /// Returns the certificates.
    pub fn certificates(&self) -> Chain<'_> {
        self.slot.certificates(self.slot.extent().certificates)
    }

    /// Returns the credential.
    ///
    /// # Errors
    /// [`SlotError::Kind`] if these are trust anchors.
    pub fn credential(&self) -> Result<Credential<'_>, SlotError> {
        match self.slot.content {
            Content::Credential(_, key) => Ok(Credential::new(self.certificates(), key)?),
            Content::Anchors(_) | Content::Empty => Err(SlotError::Kind),
        }
    }

    /// Returns the trust anchors, at most `K`.
    ///
    /// # Errors
    /// [`SlotError::Kind`] if this is a credential, [`SlotError::Unusable`] if there are more.
    pub fn anchors<const K: usize>(&self) -> Result<AnchorSet<'_, K>, SlotError> {
        match self.slot.content {
            Content::Anchors(_) => Ok(AnchorSet::from_certificates(self.certificates())?),
            Content::Credential(..) | Content::Empty => Err(SlotError::Kind),
        }
    }

    /// Returns the last second at which a peer can build a path through the chain, as [`Credential::not_after`] does;
    /// for a set of anchors, that of the first to expire, and `None` if none expires.
    pub fn not_after(&self) -> Option<UnixTime> {
        match self.slot.content {
            Content::Credential(..) => Some(self.credential().ok()?.not_after()),
            Content::Anchors(_) => super::anchors::first_expiry(self.certificates()),
            Content::Empty => None,
        }
    }
}

impl From<Error> for SlotError {
    fn from(error: Error) -> Self {
        Self::Unusable(error)
    }
}

impl fmt::Display for SlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => error.fmt(f),
            Self::Kind => f.write_str("the slot holds another kind of content"),
            Self::KeyMismatch => f.write_str("the key does not match the first certificate"),
            Self::NoFreeSlot => f.write_str("all slots are in use"),
            Self::NotFound => f.write_str("the slot is empty or was overwritten"),
            Self::TooLong(need) => write!(f, "the slot is too small: {need} bytes are needed"),
            Self::Unusable(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SlotError {}
