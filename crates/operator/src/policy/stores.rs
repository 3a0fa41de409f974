//! Stores of identities and trust anchors, and what their names mean.

use embedded_mtls::credential::{Entry, Reference, SlotId};
use embedded_mtls::x509::TrustAnchor;

use super::error::{PolicyError, Setting};

/// The form in which a setting names a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StoreName<'a> {
    /// By its name: always the same store.
    Direct(&'a str),
    /// By the name of a reference: whatever that points to.
    Reference(&'a str),
}

/// A store of our identities. It is never edited in place: what comes next is another store.
#[derive(Clone, Copy, Debug)]
pub struct KeyStore<'s> {
    name: &'s str,
    entries: &'s [Entry<'s>],
}

/// A store of trust anchors, in any order; aliases play no role.
#[derive(Clone, Copy, Debug)]
pub struct TrustStore<'s> {
    name: &'s str,
    anchors: &'s [TrustAnchor<'s>],
}

/// A reference, the name by which settings know it, and the kind of store that it is for: a place counts in one list,
/// and in the other list it would be somebody else.
#[derive(Clone, Copy, Debug)]
pub struct NamedReference<'s> {
    name: &'s str,
    kind: Setting,
    reference: &'s Reference,
}

/// All stores that there are, and the references to them. Everything is in slices, which may be `static`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stores<'s> {
    keys: &'s [KeyStore<'s>],
    trust: &'s [TrustStore<'s>],
    references: &'s [NamedReference<'s>],
}

impl<'a> StoreName<'a> {
    /// The name as a setting has it: `ref://gateway` is a reference.
    pub fn parse(text: &'a str) -> Self {
        text.strip_prefix("ref://").map_or(Self::Direct(text), Self::Reference)
    }

    /// The name of the store, or of the reference.
    pub const fn text(self) -> &'a str {
        match self {
            Self::Direct(name) | Self::Reference(name) => name,
        }
    }
}

impl<'s> KeyStore<'s> {
    /// A store of this name.
    pub const fn new(name: &'s str, entries: &'s [Entry<'s>]) -> Self {
        Self { name, entries }
    }
}

impl<'s> TrustStore<'s> {
    /// A store of this name.
    pub const fn new(name: &'s str, anchors: &'s [TrustAnchor<'s>]) -> Self {
        Self { name, anchors }
    }
}

impl<'s> NamedReference<'s> {
    /// The reference to identities that `ref://` and this name stand for in `KeyStore`.
    pub const fn keys(name: &'s str, reference: &'s Reference) -> Self {
        Self { name, kind: Setting::KeyStore, reference }
    }

    /// The reference to trust anchors that `ref://` and this name stand for in `TrustStore`.
    pub const fn trust(name: &'s str, reference: &'s Reference) -> Self {
        Self { name, kind: Setting::TrustStore, reference }
    }
}

impl<'s> Stores<'s> {
    /// These stores, named by their names only.
    pub const fn new(keys: &'s [KeyStore<'s>], trust: &'s [TrustStore<'s>]) -> Self {
        Self { keys, trust, references: &[] }
    }

    /// With these references. [`SlotId::fixed`] of a store is its place in the list of its kind, counted from 0.
    #[must_use]
    pub const fn with_references(mut self, references: &'s [NamedReference<'s>]) -> Self {
        self.references = references;
        self
    }

    pub(super) fn entries(&self, name: StoreName<'_>) -> Result<&'s [Entry<'s>], PolicyError> {
        let named = |name: &str| self.keys.iter().find(|store| store.name == name);
        find(self.references, self.keys, name, Setting::KeyStore, named).map(|store| store.entries)
    }

    pub(super) fn anchors(&self, name: StoreName<'_>) -> Result<&'s [TrustAnchor<'s>], PolicyError> {
        let named = |name: &str| self.trust.iter().find(|store| store.name == name);
        find(self.references, self.trust, name, Setting::TrustStore, named).map(|store| store.anchors)
    }
}

/// The store of this name, or that to which the reference of this name points now.
fn find<'s, T>(
    references: &[NamedReference<'_>],
    stores: &'s [T],
    name: StoreName<'_>,
    setting: Setting,
    named: impl FnOnce(&str) -> Option<&'s T>,
) -> Result<&'s T, PolicyError> {
    match name {
        StoreName::Direct(name) => named(name).ok_or(PolicyError::StoreNotFound(setting)),
        StoreName::Reference(name) => {
            let id = target(references, name, setting)?;
            // What points to a slot does not point into a list.
            let place = Some(usize::from(id.index())).filter(|_| id == SlotId::fixed(id.index()));
            place.and_then(|place| stores.get(place)).ok_or(PolicyError::ReferenceNowhere(setting))
        }
    }
}

/// To what the reference of this name points now.
pub(super) fn target(references: &[NamedReference<'_>], name: &str, setting: Setting) -> Result<SlotId, PolicyError> {
    let mut named = references.iter().filter(|named| named.name == name);
    // One name may stand for a reference of each kind.
    let Some(found) = named.clone().find(|named| named.kind == setting) else {
        let other = named.next().is_some();
        return Err(if other { PolicyError::StoreKind(setting) } else { PolicyError::ReferenceNotFound(setting) });
    };
    found.reference.get().ok_or(PolicyError::ReferenceNowhere(setting))
}
