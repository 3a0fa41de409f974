//! The journal of a simulated gateway, whose power can be cut within a change, and the ledger of what it was told.

use core::cell::RefCell;
use std::rc::Rc;

use mtls_order::Journal;

use crate::ledger::Ledger;
use crate::random::Random;
use crate::world::World;

/// A journal that keeps its order while the power is off. As the contract of [`Journal`] demands, an interrupted change
/// has happened, or has not.
pub(crate) struct Flash {
    order: Option<Vec<u8>>,
    random: Random,
    /// Power cuts within a change, of a million.
    cuts: u32,
    has_power: bool,
    gateway: u32,
    world: World,
    ledger: Rc<RefCell<Ledger>>,
}

impl Flash {
    /// Creates the empty journal of a gateway.
    pub(crate) fn new(gateway: u32, world: World, random: Random, cuts: u32, ledger: Rc<RefCell<Ledger>>) -> Self {
        Self { order: None, random, cuts, has_power: true, gateway, world, ledger }
    }

    /// Returns whether the power was cut within a change. The program must not run on then.
    pub(crate) const fn is_cut(&self) -> bool {
        !self.has_power
    }

    /// Turns the power on again.
    pub(crate) const fn reboot(&mut self) {
        self.has_power = true;
    }

    /// Sets the number of power cuts in a million changes.
    pub(crate) const fn set_cuts(&mut self, cuts: u32) {
        self.cuts = cuts;
    }

    /// Returns the stored order.
    pub(crate) fn order(&self) -> Option<&[u8]> {
        self.order.as_deref()
    }

    fn change(&mut self, order: Option<Vec<u8>>) -> bool {
        self.has_power = !self.random.chance(self.cuts);
        if self.has_power || self.random.chance(500_000) {
            let mut ledger = self.ledger.borrow_mut();
            match &order {
                Some(order) => ledger.stored(self.gateway, order, self.world.now()),
                None => ledger.cleared(self.gateway, self.order.as_deref().unwrap_or_default()),
            }
            self.order = order;
        }
        self.has_power
    }
}

impl Journal for Flash {
    fn load(&mut self, memory: &mut [u8]) -> Option<usize> {
        let order = self.order.as_ref()?;
        memory.get_mut(..order.len())?.copy_from_slice(order);
        Some(order.len())
    }

    fn store(&mut self, order: &[u8]) -> bool {
        self.change(Some(order.to_vec()))
    }

    fn clear(&mut self) -> bool {
        self.change(None)
    }
}
