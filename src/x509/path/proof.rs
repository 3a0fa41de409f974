//! Proofs that a path was verified, and may be used.

use super::verified::PathFound;
use crate::error::Error;

/// Proof that the path of the peer was verified up to a trust anchor, but for what was waived.
#[derive(Debug)]
pub(crate) struct ChainVerified(PathFound);

/// Proof that whoever decides accepts the path: nothing was waived for it, or it is known what.
#[derive(Debug)]
pub(crate) struct ChainAccepted(PathFound);

impl ChainVerified {
    /// To be called where the search has ended, and nowhere else.
    pub(super) const fn assertion(path: PathFound) -> Self {
        Self(path)
    }

    /// Returns the path that was verified.
    pub(crate) const fn path(&self) -> PathFound {
        self.0
    }

    /// Accepts what is valid. Whoever does not know of waivers cannot accept what was waived.
    pub(crate) fn accept(self) -> Result<ChainAccepted, Error> {
        self.0.waived.refusal().map_or(Ok(ChainAccepted(self.0)), |refusal| Err(refusal.into()))
    }

    /// Accepts what was waived as well.
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
