//! The course of a connection, kept for a report: its messages, its records with their times, and the certificates of
//! both sides.

use std::time::Duration;

#[cfg(feature = "program")]
use embedded_mtls::Diagnosis;
use embedded_mtls::events::{Direction, EventRing, LogEvent};
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Time, TraceEvent, UnixTime};

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
    /// Returns the last diagnosis among the events.
    #[cfg(feature = "program")]
    pub(crate) fn diagnosis(&self) -> Option<Diagnosis> {
        self.events.iter().rev().find_map(|event| match event {
            LogEvent::Diagnosed(diagnosis) => Some(*diagnosis),
            _ => None,
        })
    }

    /// Takes the events of the ring, and these records.
    pub(crate) fn note(&mut self, ring: Option<EventRing<'_>>, records: Vec<Passed>) {
        if let Some(records) = ring.and_then(|ring| ring.records().ok()) {
            self.events = records.map(|record| record.event).collect();
        }
        self.records = records;
    }
}
