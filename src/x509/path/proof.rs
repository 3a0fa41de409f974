//! Proofs that a path was verified, and accepted.

use super::verified::PathFound;
use crate::error::Error;

/// A proof that the path of the peer was verified up to a trust anchor, except for what was waived.
#[derive(Debug)]
pub(crate) struct ChainVerified(PathFound);

/// A proof that the path was accepted: nothing was waived for it, or that was accepted as well.
#[derive(Debug)]
pub(crate) struct ChainAccepted(PathFound);

impl ChainVerified {
    /// Asserts that a search has found the path. Only the search may call it.
    pub(super) const fn assertion(path: PathFound) -> Self {
        Self(path)
    }

    /// Returns the path that was verified.
    pub(crate) const fn path(&self) -> PathFound {
        self.0
    }

    /// Accepts a valid path; fails if something was waived.
    pub(crate) fn accept(self) -> Result<ChainAccepted, Error> {
        self.0.waived.refusal().map_or(Ok(ChainAccepted(self.0)), |refusal| Err(refusal.into()))
    }

    /// Accepts the path with what was waived for it.
    #[cfg(feature = "dangerous-waivers")]
    pub(crate) const fn dangerous_accept_waived(self) -> ChainAccepted {
        ChainAccepted(self.0)
    }
}

impl ChainAccepted {
    /// Returns the path that was accepted.
    pub(crate) const fn path(&self) -> PathFound {
        self.0
    }
}
