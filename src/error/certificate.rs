//! Why a certificate path was refused.

use super::AlertDescription;

/// A certificate to blame, and the rule it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CertificateError {
    /// Which certificate, counted from 0 (the leaf) in the order in which the peer sent them.
    pub index: u8,
    /// The rule it broke.
    pub problem: CertificateProblem,
}

/// The rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CertificateProblem {
    /// Validity is over (RFC 5280 section 4.1.2.5).
    Expired,
}

impl CertificateProblem {
    pub(crate) const fn alert(self) -> AlertDescription {
        match self {
            Self::Expired => AlertDescription::CERTIFICATE_EXPIRED,
        }
    }
}

impl core::fmt::Display for CertificateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "certificate {}: {:?}", self.index, self.problem)
    }
}
