//! Sets of trust anchors.

use super::Chain;
use super::slots::SlotError;
use crate::error::{ApiMisuse, CertificateError, CertificateProblem, Error, Malformation};
use crate::limits::MAX_ANCHORS;
use crate::x509::{OwnCertificate, Time, TrustAnchor, UnixTime};

/// At most `K` trust anchors, which borrow their certificates.
#[derive(Clone, Copy, Debug)]
pub struct AnchorSet<'a, const K: usize> {
    anchors: [TrustAnchor<'a>; K],
    len: usize,
}

impl<'a, const K: usize> AnchorSet<'a, K> {
    /// Makes the set from a list of CA certificates in DER, or from another [`Chain`].
    ///
    /// # Errors
    /// [`ApiMisuse::TrustAnchorUnusable`] if one of them cannot be an anchor, or if anything follows them;
    /// [`ApiMisuse::NoTrustAnchors`] if there is none; [`ApiMisuse::AuthoritiesTooLong`] if there are more than `K`.
    pub fn from_certificates(certificates: impl Into<Chain<'a>>) -> Result<Self, Error> {
        let certificates = certificates.into();
        check_whole(certificates)?;
        Self::from_anchors(certificates.iter().map(TrustAnchor::from_certificate))
    }

    /// Creates the set from anchors of any kind, such as pins.
    ///
    /// # Errors
    /// The first error of an anchor; [`ApiMisuse::NoTrustAnchors`] if there is none; [`ApiMisuse::AuthoritiesTooLong`] if there are
    /// more than `K`.
    pub fn from_anchors(anchors: impl IntoIterator<Item = Result<TrustAnchor<'a>, Error>>) -> Result<Self, Error> {
        let mut anchors = anchors.into_iter();
        let first = anchors.next().ok_or(ApiMisuse::NoTrustAnchors)??;
        // The places after the last repeat the first and are never read.
        let mut set = Self { anchors: [first; K], len: 0 };
        for anchor in [Ok(first)].into_iter().chain(anchors) {
            let place = set.anchors.get_mut(set.len).ok_or(ApiMisuse::AuthoritiesTooLong)?;
            *place = anchor?;
            set.len = set.len.saturating_add(1);
        }
        Ok(set)
    }
}

/// The anchors, as configurations take them.
impl<'a, const K: usize> core::ops::Deref for AnchorSet<'a, K> {
    type Target = [TrustAnchor<'a>];

    fn deref(&self) -> &[TrustAnchor<'a>] {
        self.anchors.get(..self.len).unwrap_or_default()
    }
}

/// Rejects bytes that are not a certificate.
fn check_whole(certificates: Chain<'_>) -> Result<(), Error> {
    let problem = CertificateProblem::Malformed(Malformation::Der);
    if certificates.is_whole() { Ok(()) } else { Err(ApiMisuse::TrustAnchorUnusable(problem).into()) }
}

/// Checks certificates that are to be trust anchors.
pub(super) fn check(certificates: Chain<'_>, time: Time) -> Result<(), SlotError> {
    check_whole(certificates)?;
    if certificates.iter().next().is_none() {
        return Err(SlotError::Unusable(ApiMisuse::NoTrustAnchors.into()));
    }
    if certificates.iter().nth(MAX_ANCHORS).is_some() {
        return Err(SlotError::Unusable(ApiMisuse::AuthoritiesTooLong.into()));
    }
    let (mut valid, mut first) = (false, None);
    for (index, certificate) in (0..=u8::MAX).zip(certificates.iter()) {
        let blame = |problem| SlotError::Certificate(CertificateError { index, problem });
        let anchor = TrustAnchor::from_certificate(certificate).map_err(|error| match error {
            Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(problem)) => blame(problem),
            other => SlotError::Unusable(other),
        })?;
        // A path search passes over what has expired, so one that is valid is enough.
        match anchor.check_validity(time) {
            Ok(()) => valid = true,
            Err(problem) => first = first.or(Some(blame(problem))),
        }
    }
    first.filter(|_| !valid).map_or(Ok(()), Err)
}

/// Returns the end of validity of the one that expires first.
pub(super) fn first_expiry(certificates: Chain<'_>) -> Option<UnixTime> {
    certificates.iter().filter_map(|certificate| Some(OwnCertificate::parse(certificate).ok()?.not_after())).min()
}
