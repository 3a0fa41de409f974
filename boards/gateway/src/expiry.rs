//! The days that are left to our own certificates, and to the renewal that the owner of the fleet wants.

use crate::clock::Clock;
use crate::fmt::Shown;
use crate::settings::Settings;
use embassy_time::Instant;
use embedded_mtls::x509::UnixTime;
use logging::{info, warn};

/// Days before the end from which the log warns.
const NOTICE: i64 = 30;
const DAY: i64 = 86_400;

/// Logs the end of each of our chains, and the date of the renewal.
#[inline(never)]
pub(crate) fn report(settings: &Settings<'_>, clock: &Clock) {
    let now = clock.estimate(Instant::now());
    for credential in settings.credentials {
        let end = credential.not_after();
        let days = days_left(end, now);
        if days < 0 {
            warn!("our certificates have expired at {}: servers refuse them; renew the blob", Shown(end));
        } else if days < NOTICE {
            warn!("our certificates are valid until {}: {} days left; renew the blob", Shown(end), days);
        } else {
            info!("our certificates are valid until {}: {} days left", Shown(end), days);
        }
    }
    if let Some(end) = settings.renew_by {
        let days = days_left(end, now);
        if days < 0 {
            warn!("the blob was to be renewed by {}", Shown(end));
        } else {
            info!("the blob is to be renewed by {}: {} days left", Shown(end), days);
        }
    }
}

/// Returns the whole days between now and an end; negative if it is over.
pub const fn days_left(end: UnixTime, now: UnixTime) -> i64 {
    end.0.saturating_sub(now.0).div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_has_begun_does_not_count_and_the_end_is_over() {
        let left = |seconds: i64| days_left(UnixTime(1_795_320_000), UnixTime(1_795_320_000 - seconds));
        assert_eq!([2 * DAY, DAY, DAY - 1, 0, -1, -DAY - 1].map(left), [2, 1, 0, 0, -1, -2]);
        assert_eq!(days_left(UnixTime(i64::MAX), UnixTime(-1)), i64::MAX / DAY);
    }
}
