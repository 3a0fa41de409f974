//! Waivers: causes of refusal that a program ignores on purpose, where the feature `dangerous-waivers` is
//! compiled in. Without it a set of waivers is always empty, and takes no space and no code.

use crate::error::{CertificateError, WaivableCause};
use core::fmt;

/// A set of causes that are waived: [`NONE`](Self::NONE) unless on purpose.
///
/// With the feature `dangerous-waivers`, `dangerous_waive` adds to it. `Display` lists the causes, as in
/// `expired, untrusted root`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waivers {
    #[cfg(feature = "dangerous-waivers")]
    causes: u8,
}

impl Waivers {
    /// The empty set.
    pub const NONE: Self = Self::of(0);

    /// Returns whether nothing is waived.
    pub const fn is_empty(self) -> bool {
        self.bits() == 0
    }

    /// Returns whether this cause is waived.
    pub const fn contains(self, cause: WaivableCause) -> bool {
        self.bits() & bit(cause) != 0
    }

    pub(super) const fn and(self, cause: WaivableCause) -> Self {
        Self::of(self.bits() | bit(cause))
    }

    pub(super) const fn intersection(self, other: Self) -> Self {
        Self::of(self.bits() & other.bits())
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self::of(self.bits() | other.bits())
    }

    #[cfg_attr(
        not(feature = "dangerous-waivers"),
        allow(unused_variables, reason = "there is nothing to keep them in")
    )]
    const fn of(causes: u8) -> Self {
        Self {
            #[cfg(feature = "dangerous-waivers")]
            causes,
        }
    }

    #[cfg_attr(not(feature = "dangerous-waivers"), allow(clippy::unused_self, reason = "there are none"))]
    const fn bits(self) -> u8 {
        #[cfg(feature = "dangerous-waivers")]
        return self.causes;
        #[cfg(not(feature = "dangerous-waivers"))]
        0
    }
}

#[cfg(feature = "dangerous-waivers")]
impl Waivers {
    /// **Dangerous**: waives this cause as well. A key that leaked long ago is accepted with
    /// [`WaivableCause::Expired`]; with any of the others, anyone who can send packets can be the peer. To trust one
    /// self-signed certificate, pin it: [`TrustAnchor::from_pinned_certificate`](crate::x509::TrustAnchor).
    #[must_use]
    pub const fn dangerous_waive(self, cause: WaivableCause) -> Self {
        self.and(cause)
    }
}

const fn bit(cause: WaivableCause) -> u8 {
    match cause {
        WaivableCause::Expired => 1,
        WaivableCause::Invalid => 2,
        WaivableCause::SelfSigned => 4,
        WaivableCause::UntrustedRoot => 8,
    }
}

/// The causes that were waived to accept a path; empty for a valid one.
///
/// `Display` lists the causes, as in `expired, untrusted root`, or writes `nothing`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waived {
    causes: Waivers,
    #[cfg(feature = "dangerous-waivers")]
    refusal: Option<CertificateError>,
}

impl Waived {
    /// Nothing: the path is valid.
    pub(crate) const NOTHING: Self = Self {
        causes: Waivers::NONE,
        #[cfg(feature = "dangerous-waivers")]
        refusal: None,
    };

    #[cfg_attr(not(feature = "dangerous-waivers"), allow(unused_variables, reason = "nothing can be waived"))]
    pub(super) const fn of(causes: Waivers, refusal: CertificateError) -> Self {
        Self {
            causes,
            #[cfg(feature = "dangerous-waivers")]
            refusal: Some(refusal),
        }
    }

    /// Returns whether nothing was waived.
    pub const fn is_empty(self) -> bool {
        self.refusal().is_none()
    }

    /// Returns exactly the causes for which the accepted path would have been rejected.
    pub const fn causes(self) -> Waivers {
        self.causes
    }

    /// Returns the error with which the peer would have been refused.
    pub const fn refusal(self) -> Option<CertificateError> {
        #[cfg(feature = "dangerous-waivers")]
        return self.refusal;
        #[cfg(not(feature = "dangerous-waivers"))]
        None
    }
}

impl fmt::Display for Waivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        let causes = WaivableCause::ALL.iter().filter(|cause| self.contains(**cause));
        for (place, cause) in causes.enumerate() {
            write!(f, "{}{cause}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Waived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.causes.fmt(f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Waivers {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", defmt::Display2Format(self));
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Waived {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.causes.format(f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_waived_by_default() {
        assert!(Waivers::NONE.is_empty() && Waivers::default() == Waivers::NONE && Waived::NOTHING.is_empty());
        assert!(WaivableCause::ALL.iter().all(|cause| !Waivers::NONE.contains(*cause)));
    }

    #[cfg(feature = "dangerous-waivers")]
    #[test]
    fn each_waiver_adds_its_own_cause() {
        use WaivableCause::{Expired, UntrustedRoot};
        use std::string::ToString;
        for cause in WaivableCause::ALL.iter().copied() {
            let waivers = Waivers::NONE.dangerous_waive(cause);
            assert!(WaivableCause::ALL.iter().all(|other| waivers.contains(*other) == (*other == cause)));
            assert_eq!(waivers.to_string(), cause.to_string());
        }
        assert_eq!(Waivers::NONE.to_string(), "nothing");
        assert_eq!(
            Waivers::NONE.dangerous_waive(UntrustedRoot).dangerous_waive(Expired).to_string(),
            "expired, untrusted root"
        );
    }
}
