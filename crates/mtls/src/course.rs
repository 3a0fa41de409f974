//! The course of a connection, kept for a report: its messages, its records with their times, and the certificates of
//! both sides.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use embedded_mtls::events::{Direction, EventRing, LogEvent};
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Time, TraceEvent, UnixTime};

use super::tap::Splitter;

/// A certificate of a chain. Its names are text of whoever sent it: escape them for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "program", derive(serde::Serialize))]
pub struct SentCertificate {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// The days until it expires, rounded down; none if they are not known.
    pub days_left: Option<i64>,
}

impl SentCertificate {
    /// Describes the certificate that the search for a path has read, if this is such an event.
    pub(crate) fn read(event: &TraceEvent<'_>) -> Option<Self> {
        let TraceEvent::Read { subject, issuer, not_after, .. } = event else { return None };
        let [subject, issuer] = [subject, issuer].map(ToString::to_string);
        Some(Self { subject, issuer, days_left: days_left(*not_after) })
    }
}

/// Returns the days until a time, rounded down.
pub(crate) fn days_left(not_after: UnixTime) -> Option<i64> {
    const DAY: i64 = 86_400;
    match system_time() {
        Time::Trusted(now) => Some(not_after.0.saturating_sub(now.0).div_euclid(DAY)),
        _ => None,
    }
}

/// A record that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The direction.
    pub direction: Direction,
    /// Its bytes, with the header.
    pub bytes: usize,
    /// The time since the connection at which its last byte passed.
    pub at: Duration,
}

/// The course of one connection.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// The messages and decisions.
    pub events: Vec<LogEvent>,
    /// The first records.
    pub records: Vec<Passed>,
    /// The certificates that the peer sent, in this order. Unverified if the handshake failed.
    pub theirs: Vec<SentCertificate>,
    /// The certificates that we sent, in DER.
    pub ours: Vec<Vec<u8>>,
}

impl Course {
    /// Takes the events of the ring and the records of the watch.
    pub(crate) fn note(&mut self, ring: Option<EventRing<'_>>, watch: Option<&Watch>) {
        if let Some(records) = ring.and_then(|ring| ring.records().ok()) {
            self.events = records.map(|record| record.event).collect();
        }
        if let Some(Watch(watching)) = watch {
            self.records.clone_from(&watching.borrow().records);
        }
    }
}

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
        let mut course = Course::default();
        course.note(None, Some(&watch));
        let found: Vec<_> = course.records.iter().map(|record| (record.direction, record.bytes)).collect();
        assert_eq!(found, [(Direction::Sent, 9), (Direction::Received, 9), (Direction::Received, 9)]);
    }
}
