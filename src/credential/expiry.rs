//! Certificates that expire soon.

use crate::x509::{SECONDS_A_DAY, UnixTime};
use core::fmt;

/// The expiry of something, relative to a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Expiry {
    /// The last second of validity.
    pub not_after: UnixTime,
    /// Seconds from that point in time; negative if validity is over.
    pub seconds_left: i64,
}

impl Expiry {
    /// Compares the end of a validity with the time `now`.
    pub const fn at(not_after: UnixTime, now: UnixTime) -> Self {
        Self { not_after, seconds_left: not_after.0.saturating_sub(now.0) }
    }

    /// Compares the end of a validity with the time `now`; `None` if more than `days` are left.
    pub fn within(not_after: UnixTime, now: UnixTime, days: u16) -> Option<Self> {
        let expiry = Self::at(not_after, now);
        (expiry.seconds_left <= i64::from(days).saturating_mul(SECONDS_A_DAY)).then_some(expiry)
    }

    /// Returns whether the validity is over.
    pub const fn is_expired(&self) -> bool {
        self.seconds_left < 0
    }

    /// Returns the whole days that are left; 0 on the last day and afterwards.
    pub fn days_left(&self) -> u32 {
        u32::try_from((self.seconds_left / SECONDS_A_DAY).max(0)).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_expired() {
            write!(f, "has expired, on {}", self.not_after)
        } else {
            write!(f, "expires in {} days, on {}", self.days_left(), self.not_after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_threshold_is_met_to_the_second() {
        let (now, end) = (UnixTime(0), UnixTime(30 * SECONDS_A_DAY));
        assert_eq!(Expiry::within(end, now, 29), None);
        assert_eq!(Expiry::within(end, now, 30).map(|expiry| expiry.days_left()), Some(30));
        assert_eq!(Expiry::within(UnixTime(30 * SECONDS_A_DAY + 1), now, 30), None);
        let over = Expiry::within(now, end, 0).unwrap();
        assert!(over.is_expired());
        assert_eq!((over.days_left(), over.to_string().as_str()), (0, "has expired, on 1970-01-01T00:00:00Z"));
        let last = Expiry::at(end, end);
        assert!(!last.is_expired());
        assert_eq!(last.to_string(), "expires in 0 days, on 1970-01-31T00:00:00Z");
        assert_eq!(Expiry::at(UnixTime(i64::MAX), UnixTime(-9)).days_left(), u32::MAX);
    }
}
