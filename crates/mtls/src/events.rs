//! Events of a connection, as a device keeps them: a ring in memory that is lent.

use core::sync::atomic::AtomicU8;
use embedded_mtls::events::EventRing;

/// Enough for one connection of a program with many names.
const SIZE: usize = 8192;

/// Memory for the events of one connection.
pub struct Events(Option<Box<[AtomicU8]>>);

impl Events {
    /// With memory only if they are `wanted`.
    pub fn new(wanted: bool) -> Self {
        Self(wanted.then(|| (0..SIZE).map(|_| AtomicU8::new(0)).collect()))
    }

    /// The ring, empty.
    pub fn ring(&self) -> Option<EventRing<'_>> {
        EventRing::new(self.0.as_deref()?)
    }

    /// Its events, a line each.
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
