//! The order that waits for delivery. Its bytes are written once, stored before the first of them is sent, and never
//! changed: a supplier recognizes a repeated order by its payloadID, and may compare the rest.

use crate::text::Writer;
use core::fmt;

/// Stores the bytes of an order while the power is off: in flash, EEPROM, or a file.
///
/// Each function is atomic: after a power cut, [`load`](Self::load) returns the result of the last completed function
/// or of the interrupted one.
pub trait Journal {
    /// Copies the order into `memory` and returns its length; `None` if there is none.
    fn load(&mut self, memory: &mut [u8]) -> Option<usize>;
    /// Stores `order`; `false` if that is impossible.
    fn store(&mut self, order: &[u8]) -> bool;
    /// Deletes the order; `false` if that is impossible.
    fn clear(&mut self) -> bool;
}

/// A queue for one order.
pub struct Queue<'m> {
    memory: &'m mut [u8],
    len: usize,
}

/// The reason why an order was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum QueueError {
    /// Another order is waiting.
    Occupied,
    /// It is longer than the memory.
    TooLong,
    /// The journal did not store it, so a power cut would lose it.
    Volatile,
}

impl<'m> Queue<'m> {
    /// Creates a queue with the content of the journal.
    pub fn recover(memory: &'m mut [u8], journal: &mut impl Journal) -> Self {
        let len = journal.load(memory).filter(|len| *len <= memory.len()).unwrap_or(0);
        Self { memory, len }
    }

    /// Returns the waiting order.
    pub fn front(&self) -> Option<&[u8]> {
        self.memory.get(..self.len).filter(|order| !order.is_empty())
    }

    /// Queues the output of `write`.
    ///
    /// # Errors
    /// If it cannot be queued; the queue is unchanged then.
    pub fn push(
        &mut self,
        journal: &mut impl Journal,
        write: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result,
    ) -> Result<(), QueueError> {
        if self.len > 0 {
            return Err(QueueError::Occupied);
        }
        let mut writer = Writer::new(self.memory);
        write(&mut writer).map_err(|_full| QueueError::TooLong)?;
        let len = writer.len();
        if !self.memory.get(..len).is_some_and(|order| journal.store(order)) {
            return Err(QueueError::Volatile);
        }
        self.len = len;
        Ok(())
    }

    /// Removes the delivered order. If the journal fails to delete it, it is sent again after the next start, which a
    /// supplier recognizes.
    pub fn pop(&mut self, journal: &mut impl Journal) -> bool {
        self.len = 0;
        journal.clear()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[derive(Default)]
    struct Paper {
        order: Option<Vec<u8>>,
        broken: bool,
    }

    impl Journal for Paper {
        fn load(&mut self, memory: &mut [u8]) -> Option<usize> {
            let order = self.order.as_ref()?;
            memory.get_mut(..order.len())?.copy_from_slice(order);
            Some(order.len())
        }
        fn store(&mut self, order: &[u8]) -> bool {
            self.order = Some(order.to_vec());
            !self.broken
        }
        fn clear(&mut self) -> bool {
            self.order = None;
            !self.broken
        }
    }

    #[test]
    fn an_order_survives_until_it_is_delivered() {
        let (mut journal, mut memory) = (Paper::default(), [0; 8]);
        let mut queue = Queue::recover(&mut memory, &mut journal);
        assert_eq!(queue.front(), None);
        queue.push(&mut journal, |out| out.write_str("order")).unwrap();
        assert_eq!(queue.front(), Some(&b"order"[..]));

        let mut memory = [0xff; 8];
        let mut queue = Queue::recover(&mut memory, &mut journal);
        assert_eq!(queue.front(), Some(&b"order"[..]));
        assert_eq!(queue.push(&mut journal, |out| out.write_str("other")), Err(QueueError::Occupied));
        assert!(queue.pop(&mut journal));
        assert_eq!(queue.front(), None);
        assert_eq!(Queue::recover(&mut [0; 8], &mut journal).front(), None);
    }

    #[test]
    fn nothing_is_queued_that_could_be_lost_or_does_not_fit() {
        let mut memory = [0; 4];
        let mut journal = Paper { broken: true, ..Paper::default() };
        let mut queue = Queue::recover(&mut memory, &mut journal);
        assert_eq!(queue.push(&mut journal, |out| out.write_str("abcd")), Err(QueueError::Volatile));
        assert_eq!(queue.push(&mut journal, |out| out.write_str("abcde")), Err(QueueError::TooLong));
        assert_eq!(queue.front(), None);
    }
}
