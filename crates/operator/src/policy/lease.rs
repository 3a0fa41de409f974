//! Policies whose stores are in slots.

use core::fmt;

use embedded_mtls::Side;
use embedded_mtls::credential::{AnchorSet, Entry, Lease, SlotError, Slots};
use embedded_mtls::x509::TrustAnchor;

use super::error::{PolicyError, Setting};
use super::stores::{NamedReference, StoreName, target};
use super::{Policy, Resolved};

/// The slots of a policy, leased for one handshake and its session: the targets of the references when they were read.
/// While this lives, both stay unchanged.
pub struct Leased<'a, 's, S: Side> {
    policy: Policy<'a, S>,
    keys: Option<Lease<'s>>,
    trust: Option<Lease<'s>>,
}

impl<S: Side> fmt::Debug for Leased<'_, '_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").finish_non_exhaustive()
    }
}

impl<'a, S: Side> Policy<'a, S> {
    /// Leases the slots to which the references of this policy point now.
    ///
    /// # Errors
    /// [`PolicyError::ReferenceNotFound`], [`PolicyError::ReferenceNowhere`]; [`PolicyError::NameInSlots`] if a store
    /// is not named by reference; [`PolicyError::VariableUnset`].
    pub fn lease<'s, const N: usize>(
        &self,
        slots: &'s Slots<'_, N>,
        references: &[NamedReference<'_>],
    ) -> Result<Leased<'a, 's, S>, PolicyError> {
        self.check_variables()?;
        let lease = |store: Option<StoreName<'_>>, setting| match store {
            None => Ok(None),
            Some(StoreName::Direct(_)) => Err(PolicyError::NameInSlots(setting)),
            Some(StoreName::Reference(name)) => {
                let slot = slots.lease_slot(target(references, name, setting)?);
                slot.map(Some).map_err(|_| PolicyError::ReferenceNowhere(setting))
            }
        };
        Ok(Leased {
            policy: *self,
            keys: lease(self.key_store(), Setting::KeyStore)?,
            trust: lease(self.trust_store(), Setting::TrustStore)?,
        })
    }
}

impl<'a, S: Side> Leased<'a, '_, S> {
    /// Returns our identity with its alias, if the policy names one.
    ///
    /// # Errors
    /// [`PolicyError::StoreKind`], [`PolicyError::StoreUnusable`].
    pub fn entry(&self) -> Result<Option<Entry<'_>>, PolicyError> {
        let Some(keys) = &self.keys else { return Ok(None) };
        let credential = keys.credential().map_err(|error| unusable(error, Setting::KeyStore))?;
        Ok(Some(Entry::new(keys.alias(), credential)))
    }

    /// Returns the trust anchors, at most `K`, if the policy names any.
    ///
    /// # Errors
    /// [`PolicyError::StoreKind`]; [`PolicyError::StoreUnusable`] if there are more.
    pub fn anchors<const K: usize>(&self) -> Result<Option<AnchorSet<'_, K>>, PolicyError> {
        self.trust.as_ref().map(Lease::anchors).transpose().map_err(|error| unusable(error, Setting::TrustStore))
    }

    /// Resolves the policy with the results of [`entry`](Self::entry) and [`anchors`](Self::anchors).
    ///
    /// # Errors
    /// As [`Policy::resolve_with`].
    pub fn resolve<'b, const K: usize>(
        &self,
        entry: &'b Option<Entry<'b>>,
        anchors: &'b Option<AnchorSet<'b, K>>,
    ) -> Result<Resolved<'b, S>, PolicyError>
    where
        'a: 'b,
    {
        let anchors: &[TrustAnchor<'_>] = anchors.as_deref().unwrap_or_default();
        self.policy.resolve_with(entry.as_slice(), anchors)
    }
}

const fn unusable(error: SlotError, setting: Setting) -> PolicyError {
    match error {
        SlotError::Kind => PolicyError::StoreKind(setting),
        _ => PolicyError::StoreUnusable(setting),
    }
}
