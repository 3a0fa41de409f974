//! The truth about every order, kept outside of the fleet: what was stored, what arrived, what was removed.

use core::time::Duration;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use mtls_order::cxml;

use crate::timeline::{Delivery, Timeline};

/// A broken promise of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// An order arrived with other bytes than were stored.
    Altered(String),
    /// An order arrived after its deadline.
    Late {
        /// Its payloadID.
        order: String,
        /// The time from its storage to its arrival.
        age: Duration,
        /// The part of that time in which it could have been delivered.
        deliverable: Duration,
        /// The limit of this part: [`Scenario::deadline`](crate::Scenario::deadline).
        limit: Duration,
    },
    /// An order was removed from a journal, and the supplier does not have it.
    Lost(String),
    /// An order was not delivered in the calm at the end, and is queued.
    Stuck(String),
    /// A gateway gave up for a reason that the supplier has not given.
    Surrendered(u32, String),
    /// After a power cut, the journal of a gateway has neither the order from before the change nor the one from after it.
    Torn(u32),
    /// An order arrived that no journal has stored.
    Unstored(String),
}

/// The orders by payloadID.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    stored: BTreeMap<String, Stored>,
    /// The time at which each order arrived first.
    accepted: BTreeMap<String, Duration>,
    /// Orders that arrived again, and were recognized.
    pub(crate) repeats: u64,
    /// The broken promises.
    pub(crate) violations: Vec<Violation>,
}

/// An order as a journal has it.
#[derive(Debug)]
struct Stored {
    bytes: Vec<u8>,
    gateway: u32,
    time: Duration,
}

impl Ledger {
    /// Notes that a journal has an order.
    pub(crate) fn stored(&mut self, gateway: u32, order: &[u8], time: Duration) {
        self.stored.insert(name(order), Stored { bytes: order.to_vec(), gateway, time });
    }

    /// Notes that a journal has removed an order.
    pub(crate) fn cleared(&mut self, gateway: u32, order: &[u8]) {
        let name = name(order);
        if !self.accepted.contains_key(&name) {
            self.violations.push(Violation::Lost(format!("{name} of gateway {gateway}")));
        }
    }

    /// Notes that the supplier has received an order and keeps it. An order with a known payloadID is not a new one.
    pub(crate) fn accepted(&mut self, order: &[u8], time: Duration) {
        let name = name(order);
        match self.stored.get(&name) {
            None => self.violations.push(Violation::Unstored(name.clone())),
            Some(stored) if stored.bytes != order => self.violations.push(Violation::Altered(name.clone())),
            Some(_) => {}
        }
        match self.accepted.entry(name) {
            Entry::Vacant(place) => {
                place.insert(time);
            }
            Entry::Occupied(_) => self.repeats += 1,
        }
    }

    /// Returns the numbers of orders that were stored and that have arrived.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.stored.len(), self.accepted.len())
    }

    /// Compares both sides at the end: each stored order has arrived before its deadline, or is among those `queued`.
    /// Adds the orders to the time line.
    pub(crate) fn close<'q>(
        &mut self,
        queued: impl Iterator<Item = &'q [u8]>,
        deadline: Duration,
        timeline: &mut Timeline,
    ) {
        let queued: BTreeSet<_> = queued.map(name).collect();
        let stored = self.stored.iter().map(|(order, Stored { gateway, time, .. })| Delivery {
            order: order.clone(),
            gateway: *gateway,
            stored: *time,
            accepted: self.accepted.get(order).copied(),
        });
        let mut orders: Vec<_> = stored.collect();
        orders.sort_by_key(|delivery| delivery.stored);
        for Delivery { order, gateway, stored, accepted } in &orders {
            let Some(accepted) = accepted else {
                let violation = if queued.contains(order) { Violation::Stuck } else { Violation::Lost };
                self.violations.push(violation(order.clone()));
                continue;
            };
            let deliverable = timeline.deliverable(*gateway, *stored, *accepted);
            if deliverable > deadline {
                let age = accepted.saturating_sub(*stored);
                self.violations.push(Violation::Late { order: order.clone(), age, deliverable, limit: deadline });
            }
        }
        timeline.orders = orders;
    }
}

/// Returns the payloadID of an order, or a note that it has none.
fn name(order: &[u8]) -> String {
    cxml::payload_id(&mut order.to_vec()).map_or_else(|| "(no payloadID)".to_owned(), str::to_owned)
}
