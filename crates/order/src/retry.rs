//! The rules for sending an order again.

use crate::trouble::{Remedy, Trouble};
use embassy_time::Duration;

/// The number of attempts, and the pauses between them: each is twice the one before it, or the delay that the server
/// asks for if that is longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The maximum number of attempts, including the first.
    pub attempts: u8,
    /// The first pause.
    pub pause: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Retry {
    /// The usual policy of buyers (Coupa: five more attempts, an hour apart), with shorter first pauses.
    pub const USUAL: Self = Self { attempts: 6, pause: Duration::from_secs(60), longest: Duration::from_secs(60 * 60) };

    /// Returns the pause after `attempts` attempts, the last of which ended with `trouble`; `None`: give up, and leave
    /// the order in the queue.
    pub fn after(&self, attempts: u8, trouble: &Trouble) -> Option<Duration> {
        if attempts >= self.attempts || trouble.remedy() == Remedy::Human {
            return None;
        }
        let doublings = u32::from(attempts).saturating_sub(1).min(31);
        let ticks = self.pause.as_ticks().saturating_mul(1 << doublings);
        let asked = match trouble {
            Trouble::HttpLater { seconds, .. } => Duration::from_secs(u64::from(*seconds)),
            _ => Duration::MIN,
        };
        Some(Duration::from_ticks(ticks).max(asked).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_end_with_the_attempts() {
        let retry = Retry { attempts: 6, pause: Duration::from_secs(1), longest: Duration::from_secs(6) };
        let pauses = [1, 2, 3, 4, 5, 6, 7].map(|made| retry.after(made, &Trouble::Timeout));
        assert_eq!(
            pauses.map(|pause| pause.map(|pause| pause.as_secs())),
            [Some(1), Some(2), Some(4), Some(6), Some(6), None, None]
        );
        let long = Retry { attempts: 255, ..Retry::USUAL };
        assert_eq!(long.after(254, &Trouble::Network), Some(Retry::USUAL.longest));
    }

    #[test]
    fn a_server_may_ask_for_a_longer_pause_but_not_for_a_shorter_one() {
        let retry = Retry { attempts: 6, pause: Duration::from_secs(4), longest: Duration::from_secs(60) };
        let pauses = [0, 4, 9, 60, 61, u32::MAX]
            .map(|seconds| retry.after(1, &Trouble::HttpLater { status: 503, seconds }).map(|pause| pause.as_secs()));
        assert_eq!(pauses, [4, 4, 9, 60, 60, 60].map(Some));
        assert_eq!(retry.after(6, &Trouble::HttpLater { status: 503, seconds: 1 }), None);
    }

    #[test]
    fn an_order_that_only_a_human_can_fix_is_not_sent_again() {
        assert_eq!(Retry::USUAL.after(1, &Trouble::Http(403)), None);
        assert_eq!(Retry::USUAL.after(1, &Trouble::Cxml(401)), None);
        assert!(
            Retry::USUAL.after(1, &Trouble::Http(503)).is_some()
                && Retry::USUAL.after(1, &Trouble::Http(429)).is_some()
        );
    }
}
