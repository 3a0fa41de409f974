//! Stores of identities and trust anchors, and the resolution of their names.

use embedded_mtls::credential::{Entry, Reference, SlotId};
use embedded_mtls::x509::TrustAnchor;

use super::error::{PolicyError, Setting};

/// The form in which a setting names a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StoreName<'a> {
    /// A store by its name: always the same.
    Direct(&'a str),
    /// A store by the name of a reference that points to it.
    Reference(&'a str),
}

/// A store of our identities. It is never edited in place; a new store replaces it.
#[derive(Clone, Copy, Debug)]
pub struct KeyStore<'s> {
    name: &'s str,
    entries: &'s [Entry<'s>],
}

/// A store of trust anchors, in any order; aliases are ignored.
#[derive(Clone, Copy, Debug)]
pub struct TrustStore<'s> {
    name: &'s str,
    anchors: &'s [TrustAnchor<'s>],
}

/// A reference, its name in settings, and the kind of store that it is for: an index is valid in one list, and would
/// mean something else in the other.
#[derive(Clone, Copy, Debug)]
pub struct NamedReference<'s> {
    name: &'s str,
    kind: Setting,
    reference: &'s Reference,
}

/// All stores and the references to them, in slices, which may be `static`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stores<'s> {
    keys: &'s [KeyStore<'s>],
    trust: &'s [TrustStore<'s>],
    references: &'s [NamedReference<'s>],
}

impl<'a> StoreName<'a> {
    /// Parses the value of a setting: `ref://gateway` is a reference.
    pub fn parse(text: &'a str) -> Self {
        text.strip_prefix("ref://").map_or(Self::Direct(text), Self::Reference)
    }

    /// Returns the name of the store, or of the reference.
    pub const fn text(self) -> &'a str {
        match self {
            Self::Direct(name) | Self::Reference(name) => name,
        }
    }
}

impl<'s> KeyStore<'s> {
    /// Creates a store with this name.
    pub const fn new(name: &'s str, entries: &'s [Entry<'s>]) -> Self {
        Self { name, entries }
    }
}

impl<'s> TrustStore<'s> {
    /// Creates a store with this name.
    pub const fn new(name: &'s str, anchors: &'s [TrustAnchor<'s>]) -> Self {
        Self { name, anchors }
    }
}

impl<'s> NamedReference<'s> {
    /// Creates the reference to identities that `KeyStore` names as `ref://` and this name.
    pub const fn keys(name: &'s str, reference: &'s Reference) -> Self {
        Self { name, kind: Setting::KeyStore, reference }
    }

    /// Creates the reference to trust anchors that `TrustStore` names as `ref://` and this name.
    pub const fn trust(name: &'s str, reference: &'s Reference) -> Self {
        Self { name, kind: Setting::TrustStore, reference }
    }
}

impl<'s> Stores<'s> {
    /// Creates a set of stores without references.
    pub const fn new(keys: &'s [KeyStore<'s>], trust: &'s [TrustStore<'s>]) -> Self {
        Self { keys, trust, references: &[] }
    }

    /// Adds references. [`SlotId::fixed`] of a store is its index in the list of its kind.
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

/// Finds the store of this name, or the current target of the reference of this name.
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
            // A reference to a slot does not point into a list.
            let place = Some(usize::from(id.index())).filter(|_| id == SlotId::fixed(id.index()));
            place.and_then(|place| stores.get(place)).ok_or(PolicyError::ReferenceNowhere(setting))
        }
    }
}

/// Returns the current target of the reference of this name.
pub(super) fn target(references: &[NamedReference<'_>], name: &str, setting: Setting) -> Result<SlotId, PolicyError> {
    let mut named = references.iter().filter(|named| named.name == name);
    // References of both kinds may have the same name.
    let Some(found) = named.clone().find(|named| named.kind == setting) else {
        let other = named.next().is_some();
        return Err(if other { PolicyError::StoreKind(setting) } else { PolicyError::ReferenceNotFound(setting) });
    };
    found.reference.get().ok_or(PolicyError::ReferenceNowhere(setting))
}
