//! The journal of a simulated gateway: that of the firmware, in a flash whose power can fail at any word, and the ledger of what
//! it was told.

use core::cell::RefCell;
use std::rc::Rc;

use mtls_journal::simulator::{self, Power};
use mtls_journal::{FlashJournal, Pages, SCRATCH};
use mtls_order::Journal;

use crate::ledger::{Ledger, Violation};
use crate::random::Random;
use crate::world::World;

/// Bytes of a word and of a sector. A page holds the longest order of these gateways.
const WORD: usize = 8;
const SECTOR: usize = 1024;
const PAGE: usize = 2 * SECTOR;

type Memory = simulator::Flash<WORD, SECTOR>;

/// A journal that keeps its order while the power is off. As the contract of [`Journal`] demands, an interrupted change
/// has happened, or has not.
pub(crate) struct Flash {
    memory: Memory,
    /// The order, as it is found when the power is on.
    order: Option<Vec<u8>>,
    random: Random,
    /// Power cuts within a change, of a million.
    cuts: u32,
    has_power: bool,
    /// Writes each order to the same place and without a checksum, for a flaw.
    is_plain: bool,
    gateway: u32,
    world: World,
    ledger: Rc<RefCell<Ledger>>,
}

impl Flash {
    /// Creates the empty journal of a gateway.
    pub(crate) fn new(gateway: u32, world: World, random: Random, cuts: u32, ledger: Rc<RefCell<Ledger>>) -> Self {
        let memory = Memory::new(2 * PAGE);
        Self { memory, order: None, random, cuts, has_power: true, is_plain: false, gateway, world, ledger }
    }

    /// Makes it write in a way that a power cut can tear.
    pub(crate) const fn set_plain(&mut self) {
        self.is_plain = true;
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

    /// Changes the order, and compares what the flash has afterwards with what it may have.
    fn change(&mut self, order: Option<&[u8]>) -> bool {
        let is_plain = self.is_plain;
        if self.random.chance(self.cuts) {
            let mut rehearsal = self.memory.clone();
            let before = rehearsal.operations;
            write(&mut rehearsal, is_plain, order);
            let operations = u64::try_from(rehearsal.operations - before).unwrap_or(u64::MAX);
            let left = usize::try_from(self.random.below(operations)).unwrap_or_default();
            self.memory.power = Power::FailsAfter(left);
            self.has_power = false;
        }
        let is_done = write(&mut self.memory, is_plain, order);
        self.memory.power = Power::On;
        // The journal has read what it stored; the next start reads it again.
        let found =
            if self.has_power && is_done { order.map(<[u8]>::to_vec) } else { read(&mut self.memory, is_plain) };
        let mut ledger = self.ledger.borrow_mut();
        if found.as_deref() == order {
            match order {
                Some(order) => ledger.stored(self.gateway, order, self.world.now()),
                None => ledger.cleared(self.gateway, self.order.as_deref().unwrap_or_default()),
            }
        } else if found != self.order {
            ledger.violations.push(Violation::Torn(self.gateway));
        }
        self.order = found;
        self.has_power && is_done
    }
}

impl Journal for Flash {
    fn load(&mut self, memory: &mut [u8]) -> Option<usize> {
        let order = read(&mut self.memory, self.is_plain)?;
        memory.get_mut(..order.len())?.copy_from_slice(&order);
        Some(order.len())
    }

    fn store(&mut self, order: &[u8]) -> bool {
        self.change(Some(order))
    }

    fn clear(&mut self) -> bool {
        self.change(None)
    }
}

/// Runs the journal of a firmware that has just started.
fn journal<T>(memory: &mut Memory, run: impl FnOnce(&mut dyn Journal) -> T) -> Option<T> {
    let mut scratch = [0; SCRATCH];
    let range = 0..u32::try_from(2 * PAGE).ok()?;
    FlashJournal::new(Pages::<_, PAGE>::new(memory), range, &mut scratch).map(|mut journal| run(&mut journal))
}

/// Stores or clears the order.
fn write(memory: &mut Memory, is_plain: bool, order: Option<&[u8]>) -> bool {
    if is_plain {
        return plain::write(memory, order.unwrap_or_default());
    }
    let change = |journal: &mut dyn Journal| match order {
        Some(order) => journal.store(order),
        None => journal.clear(),
    };
    journal(memory, change) == Some(true)
}

/// Returns the order.
fn read(memory: &mut Memory, is_plain: bool) -> Option<Vec<u8>> {
    if is_plain {
        return plain::read(memory);
    }
    let mut order = vec![0; SCRATCH];
    let len = journal(memory, |journal| journal.load(&mut order))??;
    order.truncate(len);
    Some(order)
}

/// A journal as one might write it in a hurry: the order at the start of the flash, behind its length.
mod plain {
    use super::{Memory, PAGE, WORD};
    use embedded_storage::nor_flash::NorFlash as _;

    pub(super) fn write(memory: &mut Memory, order: &[u8]) -> bool {
        let end = u32::try_from(PAGE).unwrap_or_default();
        let mut bytes = u64::try_from(order.len()).unwrap_or_default().to_be_bytes().to_vec();
        bytes.extend_from_slice(order);
        bytes.resize(bytes.len().next_multiple_of(WORD), 0xff);
        memory.erase(0, end).and_then(|()| memory.write(0, &bytes)).is_ok()
    }

    pub(super) fn read(memory: &Memory) -> Option<Vec<u8>> {
        let (len, rest) = memory.bytes.split_first_chunk()?;
        let len = usize::try_from(u64::from_be_bytes(*len)).ok().filter(|len| *len > 0)?;
        rest.get(..len).map(<[u8]>::to_vec)
    }
}
