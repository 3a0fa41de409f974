//! The records of a connection with their times, listed while it is in use.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use embedded_mtls::events::Direction;

use super::course::Passed;
use super::tap::Splitter;

/// A list of the records of one connection, which can be read while the connection is in use.
#[derive(Clone)]
pub(crate) struct Watch(Rc<RefCell<Watching>>);

struct Watching {
    begun: Instant,
    sent: Splitter,
    received: Splitter,
    records: Vec<Passed>,
}

impl Watch {
    /// Maximum number of records that are kept: those of a handshake come first.
    const KEPT: usize = 1000;

    /// Starts now.
    pub(crate) fn new() -> Self {
        let (sent, received) = (Splitter::default(), Splitter::default());
        Self(Rc::new(RefCell::new(Watching { begun: Instant::now(), sent, received, records: Vec::new() })))
    }

    /// Returns the records so far.
    pub(crate) fn records(&self) -> Vec<Passed> {
        self.0.borrow().records.clone()
    }

    /// Follows bytes in this direction.
    pub(crate) fn pass(&self, direction: Direction, bytes: &[u8]) {
        let mut watching = self.0.borrow_mut();
        let Watching { begun, sent, received, records } = &mut *watching;
        if records.len() >= Self::KEPT {
            return;
        }
        let splitter = match direction {
            Direction::Sent => sent,
            Direction::Received => received,
        };
        let ends = bytes.iter().filter_map(|byte| splitter.feed(*byte));
        records.extend(ends.map(|(_, bytes)| Passed { direction, bytes, at: begun.elapsed() }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_listed_in_the_order_in_which_they_end() {
        let watch = Watch::new();
        let record = [&[22, 3, 3, 0, 4][..], &[1; 4]].concat();
        watch.pass(Direction::Sent, &record);
        watch.pass(Direction::Received, &record[..7]);
        watch.pass(Direction::Sent, &record[..1]);
        watch.pass(Direction::Received, &[&record[7..], &record].concat());
        let found: Vec<_> = watch.records().into_iter().map(|record| (record.direction, record.bytes)).collect();
        assert_eq!(found, [(Direction::Sent, 9), (Direction::Received, 9), (Direction::Received, 9)]);
    }
}
