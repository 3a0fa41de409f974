//! The course of a run: the times at which a gateway could not deliver, its orders and its attempts.

use core::time::Duration;

use mtls_order::{Acceptance, Trouble};

/// The course of a run. Times are counted from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The times at which each gateway could not deliver, by its number.
    pub gateways: Vec<Vec<Outage>>,
    /// The times at which the supplier took no connection.
    pub supplier: Vec<Outage>,
    /// The orders that journals have stored, by the time of that.
    pub orders: Vec<Delivery>,
    /// The attempts to deliver them, by the time of their end.
    pub attempts: Vec<Attempt>,
}

/// A time at which nothing could be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its start.
    pub start: Duration,
    /// Its end.
    pub end: Duration,
    /// Its cause.
    pub cause: Cause,
}

/// A cause for which nothing could be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// The certificate of the gateway had expired, and the next one was late.
    Certificate,
    /// The clock of the gateway was wrong.
    Clock,
    /// The gateway had no network.
    Network,
    /// The gateway had no power.
    Power,
    /// The supplier was down.
    Supplier,
}

/// An order on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its payloadID.
    pub order: String,
    /// The number of its gateway.
    pub gateway: u32,
    /// The time at which the journal had it.
    pub stored: Duration,
    /// The time at which the supplier had it.
    pub accepted: Option<Duration>,
}

/// An attempt to deliver an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The number of the gateway.
    pub gateway: u32,
    /// Its start.
    pub start: Duration,
    /// Its end.
    pub end: Duration,
    /// Its end in words.
    pub outcome: Outcome,
}

/// The end of an attempt, as the gateway sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// The connection broke, or there was none.
    Broken,
    /// The supplier answered without taking the order, for instance with a request for a later attempt.
    Busy,
    /// The supplier has the order.
    Delivered,
    /// TLS failed: the gateway has rejected what it received, or an alert came that anyone can have sent.
    Refused,
    /// The authenticated supplier has rejected the gateway.
    Rejected,
    /// There was no answer in time.
    Silent,
}

impl Outcome {
    /// Classifies the end of an attempt.
    pub fn of(end: &Result<Acceptance, Trouble>) -> Self {
        match end {
            Ok(_) => Self::Delivered,
            Err(Trouble::Timeout) => Self::Silent,
            Err(Trouble::LateRejection(_)) => Self::Rejected,
            Err(Trouble::NotMutual | Trouble::Setup | Trouble::Tls(_)) => Self::Refused,
            Err(Trouble::Network | Trouble::NoAddress | Trouble::NoNameServer) => Self::Broken,
            Err(_) => Self::Busy,
        }
    }
}

impl Timeline {
    /// Returns the part of the time from `start` to `end` in which a gateway could have delivered an order.
    pub fn deliverable(&self, gateway: u32, start: Duration, end: Duration) -> Duration {
        let own = usize::try_from(gateway).ok().and_then(|gateway| self.gateways.get(gateway));
        let mut outages: Vec<_> = own.into_iter().flatten().chain(&self.supplier).collect();
        outages.sort_by_key(|outage| outage.start);
        let (mut free, mut time) = (Duration::ZERO, start);
        for outage in outages {
            free += outage.start.min(end).saturating_sub(time);
            time = time.max(outage.end);
        }
        free + end.saturating_sub(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_while_network_power_supplier_clock_and_certificate_are_good() {
        let seconds = Duration::from_secs;
        let outage = |cause, start, end| Outage { start: seconds(start), end: seconds(end), cause };
        let timeline = Timeline {
            gateways: vec![
                vec![outage(Cause::Power, 50, 60), outage(Cause::Network, 10, 20), outage(Cause::Clock, 12, 15)],
                vec![],
            ],
            supplier: vec![outage(Cause::Supplier, 18, 30)],
            ..Timeline::default()
        };
        let free = |gateway, start, end| timeline.deliverable(gateway, seconds(start), seconds(end)).as_secs();
        assert_eq!([free(0, 0, 100), free(1, 0, 100)], [70, 88]);
        assert_eq!(
            [free(0, 0, 5), free(0, 11, 31), free(0, 13, 19), free(0, 55, 70), free(0, 55, 58)],
            [5, 1, 0, 10, 0]
        );
        assert_eq!([free(1, 40, 40), free(0, 0, 55)], [0, 30]);
    }
}
