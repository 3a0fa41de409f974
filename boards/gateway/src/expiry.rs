//! The days that are left to our own certificates, and to the renewal that the owner of the fleet wants.

use crate::clock::Clock;
use crate::fmt::Shown;
use crate::settings::Settings;
use embassy_time::Instant;
use embedded_mtls::credential::Expiry;
use logging::{info, warn};

/// Days before the end from which the log warns.
const NOTICE: u32 = 30;

/// Logs the end of each of our chains, and the date of the renewal.
#[inline(never)]
pub(crate) fn report(settings: &Settings<'_>, clock: &Clock) {
    let (now, at_most) = (clock.estimate(Instant::now()), clock.at_most());
    for credential in settings.credentials {
        let expiry = Expiry::at(credential.not_after(), now);
        let (end, days) = (expiry.not_after, expiry.days_left());
        if expiry.is_expired() {
            warn!("our certificates expired on {}: servers reject them; renew the blob", Shown(end));
        } else if days < NOTICE {
            warn!("our certificates are valid until {}: {}{} days left; renew the blob", Shown(end), at_most, days);
        } else {
            info!("our certificates are valid until {}: {}{} days left", Shown(end), at_most, days);
        }
    }
    if let Some(expiry) = settings.renew_by.map(|end| Expiry::at(end, now)) {
        if expiry.is_expired() {
            warn!("the blob was to be renewed by {}", Shown(expiry.not_after));
        } else {
            let (end, days) = (expiry.not_after, expiry.days_left());
            info!("the blob is to be renewed by {}: {}{} days left", Shown(end), at_most, days);
        }
    }
}
