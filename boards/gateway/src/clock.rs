//! What time it is, for a device without a battery behind its clock.

use embassy_time::Instant;
use embedded_mtls::x509::{Time, UnixTime};

/// A clock that knows a lower bound from the start and the time as soon as a server has told it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    bound: UnixTime,
    /// The time at the start of the device.
    start: Option<UnixTime>,
}

impl Clock {
    /// It is at least `bound`: the date of the build, or the last time that was seen.
    pub const fn at_least(bound: UnixTime) -> Self {
        Self { bound, start: None }
    }

    /// A time server says that it is `now`. `false`: that cannot be, and is not believed. SNTP is not authenticated, so
    /// somebody on the way can move this clock forward, but never behind the bound.
    pub fn set(&mut self, now: UnixTime, uptime: Instant) -> bool {
        let believed = now >= self.bound;
        if believed {
            self.start = Some(UnixTime(now.0.saturating_sub(seconds(uptime))));
        }
        believed
    }

    /// How much is known at `uptime`.
    pub fn time(&self, uptime: Instant) -> Time {
        match self.start {
            Some(start) => Time::Trusted(UnixTime(start.0.saturating_add(seconds(uptime)))),
            None => Time::AtLeast(self.estimate(uptime)),
        }
    }

    /// The best that is known at `uptime`, for documents and logs.
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
    fn before_a_server_has_told_the_time_only_a_bound_is_known() {
        let clock = Clock::at_least(BUILD);
        assert_eq!(clock.time(Instant::from_secs(100)), Time::AtLeast(LATER));
    }

    #[test]
    fn the_time_of_a_server_goes_on() {
        let mut clock = Clock::at_least(BUILD);
        assert!(clock.set(LATER, Instant::from_secs(7)));
        let expected = UnixTime(LATER.0 + 3);
        assert_eq!(clock.time(Instant::from_secs(10)), Time::Trusted(expected));
    }

    #[test]
    fn a_time_before_the_build_is_not_believed() {
        let mut clock = Clock::at_least(LATER);
        assert!(!clock.set(BUILD, Instant::from_secs(0)));
        assert_eq!(clock.time(Instant::from_secs(0)), Time::AtLeast(LATER));
    }
}
