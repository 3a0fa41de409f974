//! The time, for a device whose clock has no battery.

use embassy_time::Instant;
use embedded_mtls::x509::{Time, UnixTime};

/// A clock that has a lower bound from the start, and the time as soon as a server has provided it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    bound: UnixTime,
    /// The time at the start of the device.
    start: Option<UnixTime>,
}

impl Clock {
    /// Creates a clock with a lower bound: the date of the build, or the last known time.
    pub const fn at_least(bound: UnixTime) -> Self {
        Self { bound, start: None }
    }

    /// Sets the time from a time server. `false`: it is impossible, and ignored. SNTP is not authenticated, so an
    /// attacker on the path can set this clock forward, but never before the bound.
    pub fn set(&mut self, now: UnixTime, uptime: Instant) -> bool {
        let believed = now >= self.bound;
        if believed {
            self.start = Some(UnixTime(now.0.saturating_sub(seconds(uptime))));
        }
        believed
    }

    /// Returns what is known about the time at `uptime`.
    pub fn time(&self, uptime: Instant) -> Time {
        match self.start {
            Some(start) => Time::Trusted(UnixTime(start.0.saturating_add(seconds(uptime)))),
            None => Time::AtLeast(self.estimate(uptime)),
        }
    }

    /// Returns the words before a duration that ends at a later time: nothing if the time is known, or that it may be shorter.
    pub const fn at_most(&self) -> &'static str {
        if self.start.is_some() { "" } else { "at most " }
    }

    /// Returns the best estimate at `uptime`, for documents and logs.
    pub fn estimate(&self, uptime: Instant) -> UnixTime {
        let start = self.start.unwrap_or(self.bound);
        UnixTime(start.0.saturating_add(seconds(uptime)))
    }
}

fn seconds(uptime: Instant) -> i64 {
    i64::try_from(uptime.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILD: UnixTime = UnixTime(1_795_320_000);
    const LATER: UnixTime = UnixTime(1_795_320_100);

    #[test]
    fn before_a_server_has_sent_the_time_only_a_bound_is_known() {
        let clock = Clock::at_least(BUILD);
        assert_eq!(clock.time(Instant::from_secs(100)), Time::AtLeast(LATER));
        assert_eq!(clock.at_most(), "at most ");
    }

    #[test]
    fn the_time_of_a_server_continues() {
        let mut clock = Clock::at_least(BUILD);
        assert!(clock.set(LATER, Instant::from_secs(7)));
        let expected = UnixTime(LATER.0 + 3);
        assert_eq!(clock.time(Instant::from_secs(10)), Time::Trusted(expected));
        assert_eq!(clock.at_most(), "");
    }

    #[test]
    fn a_time_before_the_build_is_ignored() {
        let mut clock = Clock::at_least(LATER);
        assert!(!clock.set(BUILD, Instant::from_secs(0)));
        assert_eq!(clock.time(Instant::from_secs(0)), Time::AtLeast(LATER));
    }
}
