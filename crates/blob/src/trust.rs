//! The trust anchors and pins of a blob, as configurations take them.

use core::fmt;
use core::ops::Deref;

use embedded_mtls::Error;
use embedded_mtls::x509::TrustAnchor;

use crate::Blob;
use crate::records::Pin;

/// At most `K` trust anchors, which borrow from the blob.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a, const K: usize> {
    anchors: [TrustAnchor<'a>; K],
    len: usize,
}

/// Trust anchors that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// There is none.
    None,
    /// There are more than the firmware has room for.
    TooMany,
    /// One of them is unusable, or something behind them is no certificate.
    Unusable(Error),
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("found no trust anchor and no pin, wanted at least one"),
            Self::TooMany => f.write_str("found more trust anchors than the firmware has room for"),
            Self::Unusable(error) => write!(f, "a trust anchor is unusable: {error}"),
        }
    }
}

impl core::error::Error for TrustError {}

impl<const K: usize> Default for Trust<'_, K> {
    /// Trusts nobody.
    fn default() -> Self {
        Self { anchors: [TrustAnchor::from_fingerprint([0; 32]); K], len: 0 }
    }
}

impl<'a, const K: usize> Deref for Trust<'a, K> {
    type Target = [TrustAnchor<'a>];

    fn deref(&self) -> &[TrustAnchor<'a>] {
        self.anchors.get(..self.len).unwrap_or_default()
    }
}

impl<'a, const K: usize> Trust<'a, K> {
    fn push(&mut self, anchor: Result<TrustAnchor<'a>, Error>) -> Result<(), TrustError> {
        let anchor = anchor.map_err(TrustError::Unusable)?;
        *self.anchors.get_mut(self.len).ok_or(TrustError::TooMany)? = anchor;
        self.len = self.len.saturating_add(1);
        Ok(())
    }
}

impl<'a> Blob<'a> {
    /// Returns the trust anchors, then the pins.
    ///
    /// # Errors
    /// [`TrustError`] if there is none, one cannot be used, or there are more than `K`.
    pub fn trust<const K: usize>(&self) -> Result<Trust<'a, K>, TrustError> {
        let mut trust = Trust::default();
        for der in self.anchors() {
            trust.push(TrustAnchor::from_certificate(der))?;
        }
        for pin in self.pins() {
            trust.push(match pin {
                Pin::Fingerprint(sha256) => Ok(TrustAnchor::from_fingerprint(sha256)),
                Pin::Key(info) => TrustAnchor::from_pinned_key(info),
            })?;
        }
        if trust.is_empty() { Err(TrustError::None) } else { Ok(trust) }
    }
}
