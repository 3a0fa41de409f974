//! The truth about every order, kept outside of the fleet: what was stored, what arrived, what was removed.

use std::collections::BTreeMap;

use mtls_order::cxml;

/// A broken promise of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// An order arrived with other bytes than were stored.
    Altered(String),
    /// An order was removed from a journal, and the supplier does not have it.
    Lost(String),
    /// An order was not delivered in the calm at the end, and is queued.
    Stuck(String),
    /// A gateway gave up for a reason that the supplier has not given.
    Surrendered(u32, String),
    /// An order arrived that no journal has stored.
    Unstored(String),
}

/// The orders by payloadID.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    stored: BTreeMap<String, Vec<u8>>,
    accepted: BTreeMap<String, Vec<u8>>,
    /// Orders that arrived again, and were recognized.
    pub(crate) repeats: u64,
    /// The broken promises.
    pub(crate) violations: Vec<Violation>,
}

impl Ledger {
    /// Notes that a journal has an order.
    pub(crate) fn stored(&mut self, order: &[u8]) {
        self.stored.insert(name(order), order.to_vec());
    }

    /// Notes that a journal has removed an order.
    pub(crate) fn cleared(&mut self, gateway: u32, order: &[u8]) {
        let name = name(order);
        if !self.accepted.contains_key(&name) {
            self.violations.push(Violation::Lost(format!("{name} of gateway {gateway}")));
        }
    }

    /// Notes that the supplier has received an order and keeps it. An order with a known payloadID is not a new one.
    pub(crate) fn accepted(&mut self, order: &[u8]) {
        let name = name(order);
        match self.stored.get(&name) {
            None => self.violations.push(Violation::Unstored(name.clone())),
            Some(stored) if stored != order => self.violations.push(Violation::Altered(name.clone())),
            Some(_) => {}
        }
        if self.accepted.insert(name, order.to_vec()).is_some() {
            self.repeats += 1;
        }
    }

    /// Compares both sides at the end: each stored order has arrived, or is among those `queued`. Returns the numbers of
    /// orders that were stored and that have arrived.
    pub(crate) fn close<'q>(&mut self, queued: impl Iterator<Item = &'q [u8]>) -> (usize, usize) {
        let queued: Vec<_> = queued.map(name).collect();
        for name in self.stored.keys().filter(|name| !self.accepted.contains_key(*name)) {
            let violation = if queued.contains(name) { Violation::Stuck } else { Violation::Lost };
            self.violations.push(violation(name.clone()));
        }
        (self.stored.len(), self.accepted.len())
    }
}

/// Returns the payloadID of an order, or a note that it has none.
fn name(order: &[u8]) -> String {
    cxml::payload_id(&mut order.to_vec()).map_or_else(|| "(no payloadID)".to_owned(), str::to_owned)
}
