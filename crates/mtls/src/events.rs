//! Events of a connection, recorded as on a device: in a ring in lent memory.

use core::sync::atomic::AtomicU8;
use embedded_mtls::events::EventRing;

/// Bytes: enough for one connection of a program with many names.
const SIZE: usize = 8192;

/// Memory for the events of one connection.
pub struct Events(Option<Box<[AtomicU8]>>);

impl Events {
    /// Allocates the memory only if events are `wanted`.
    pub fn new(wanted: bool) -> Self {
        Self(wanted.then(|| (0..SIZE).map(|_| AtomicU8::new(0)).collect()))
    }

    /// Returns the ring, empty.
    pub fn ring(&self) -> Option<EventRing<'_>> {
        EventRing::new(self.0.as_deref()?)
    }

    /// Formats its events, one per line.
    pub fn lines(ring: Option<EventRing<'_>>) -> Vec<String> {
        let Some(ring) = ring else { return Vec::new() };
        let lost = match ring.lost() {
            0 => None,
            lost => Some(format!("{lost} older events were lost")),
        };
        match ring.records() {
            Ok(records) => lost.into_iter().chain(records.map(|record| record.to_string())).collect(),
            Err(error) => vec![error.to_string()],
        }
    }
}
