//! References to the slots in use.

use core::sync::atomic::{AtomicU32, Ordering};

/// The name of a slot together with its content at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SlotId {
    index: u8,
    /// 24 bits; 0 for something that is never replaced.
    generation: u32,
}

/// A variable that points to the slot in use. New handshakes resolve it once; moving it disturbs no connection.
///
/// It is one word that is loaded and stored, so it may be shared with interrupts, tasks and other cores on every
/// machine. Only one of them may move it at a time, as with any variable.
#[derive(Debug)]
pub struct Reference(AtomicU32);

/// The largest generation that fits beside a place of 8 bits.
const MAX_GENERATION: u32 = u32::MAX >> 8;
/// A reference that points nowhere.
const NOWHERE: u32 = u32::MAX;

impl SlotId {
    pub(super) const fn new(index: u8, generation: u32) -> Self {
        Self { index, generation }
    }

    /// Identifies something that is never replaced, such as an entry of a slice, so that a [`Reference`] can point to
    /// it.
    pub const fn fixed(index: u8) -> Self {
        Self { index, generation: 0 }
    }

    /// Returns the position.
    pub const fn index(self) -> u8 {
        self.index
    }

    pub(super) const fn generation(self) -> u32 {
        self.generation
    }

    const fn pack(self) -> u32 {
        // The last place of the last generation would be NOWHERE; generations do not come so far.
        let [_, high, middle, low] = self.generation.to_be_bytes();
        u32::from_be_bytes([high, middle, low, self.index])
    }

    fn unpack(packed: u32) -> Option<Self> {
        let [generation @ .., index] = packed.to_be_bytes();
        let [high, middle, low] = generation;
        (packed != NOWHERE).then_some(Self { index, generation: u32::from_be_bytes([0, high, middle, low]) })
    }
}

/// The generation after `generation`: never 0, and never the largest.
pub(super) const fn next_generation(generation: u32) -> u32 {
    if generation >= MAX_GENERATION - 1 { 1 } else { generation + 1 }
}

impl Reference {
    /// Makes a reference that points nowhere yet.
    pub const fn new() -> Self {
        Self(AtomicU32::new(NOWHERE))
    }

    /// Makes a reference to `id`.
    pub const fn to(id: SlotId) -> Self {
        Self(AtomicU32::new(id.pack()))
    }

    /// Points to `id`, or to nothing with `None`.
    pub fn set(&self, id: impl Into<Option<SlotId>>) {
        self.0.store(id.into().map_or(NOWHERE, SlotId::pack), Ordering::Release);
    }

    /// Returns the slot that it points to.
    pub fn get(&self) -> Option<SlotId> {
        SlotId::unpack(self.0.load(Ordering::Acquire))
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_gives_back_what_was_set() {
        let reference = Reference::new();
        assert_eq!(reference.get(), None);
        for id in [SlotId::fixed(0), SlotId::new(255, 1), SlotId::new(255, MAX_GENERATION - 1), SlotId::fixed(255)] {
            reference.set(id);
            assert_eq!(reference.get(), Some(id));
            assert_eq!(Reference::to(id).get(), Some(id));
        }
        reference.set(None);
        assert_eq!(reference.get(), None);
    }

    #[test]
    fn generations_begin_again_before_they_are_used_up() {
        assert_eq!(next_generation(0), 1);
        assert_eq!(next_generation(MAX_GENERATION - 1), 1);
    }
}
