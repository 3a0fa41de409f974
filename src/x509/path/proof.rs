//! Proofs that a path was verified, and may be used.

use super::waiver::Waived;
use crate::error::Error;

/// Proof that the path of the peer was verified up to a trust anchor, but for what was waived.
#[derive(Debug)]
pub(crate) struct ChainVerified {
    waived: Waived,
}

/// Proof that whoever decides accepts the path: nothing was waived for it, or it is known what.
#[derive(Debug)]
pub(crate) struct ChainAccepted(());

impl ChainVerified {
    /// To be called where the search has ended, and nowhere else.
    pub(super) const fn assertion(waived: Waived) -> Self {
        Self { waived }
    }

    /// Accepts what is valid. Whoever does not know of waivers cannot accept what was waived.
    pub(crate) fn accept(self) -> Result<ChainAccepted, Error> {
        self.waived.refusal().map_or(Ok(ChainAccepted(())), |refusal| Err(refusal.into()))
    }

    /// Accepts what was waived as well.
    #[cfg(feature = "dangerous-waivers")]
    pub(crate) fn dangerous_accept_waived(self) -> ChainAccepted {
        let Self { waived: _ } = self;
        ChainAccepted(())
    }
}
