//! Events of connections in a ring of borrowed bytes, for analyzing a failure afterwards.
//!
//! # Model
//!
//! ```text
//! Handshake ──┐                 ┌────────────────────────────────────────────┐
//! Session   ──┼── Recorder ───▶ │ header │ header │ … oldest … newest … free │  EventRing, lent bytes
//!   …       ──┘                 └────────────────────────────────────────────┘
//!                                          │ records()            │ the same bytes, in a file
//!                                          ▼                      ▼
//!                                     Record, Record, …      EventDump
//! ```
//!
//! A connection with an [`EventRing`] writes a record of each message, decision and error into it. Several connections
//! can share a ring, one after another or at the same time; each has a number. When the ring is full, new records
//! replace the oldest ones.
//!
//! The bytes are self-contained: a dump can be read elsewhere, and memory that survives a reset can be
//! [resumed](EventRing::resume). Checksums detect bytes that are not a ring, or a damaged one.
//!
#![cfg_attr(feature = "events", doc = "```")]
#![cfg_attr(not(feature = "events"), doc = "```ignore")]
//! # use core::sync::atomic::AtomicU8;
//! # use embedded_mtls::{Handshake, Side};
//! use embedded_mtls::events::EventRing;
//!
//! /// 1 KiB of memory holds about two handshakes.
//! fn watch<'b, R: Side>(handshake: &mut Handshake<'b, R>, memory: &'b [AtomicU8]) -> Option<EventRing<'b>> {
//!     let ring = EventRing::new(memory)?;
//!     handshake.set_events(ring); // before the first poll
//!     Some(ring)
//! }
//!
//! fn print(ring: EventRing<'_>) {
//!     ring.records().into_iter().flatten().for_each(|record| println!("{record}"));
//! }
//! ```
//!
//! Memory that is to survive a reset must not be in a write-back cache: make it write-through or uncached.
//!
//! The ring never contains secrets, keys or application data. It contains names from certificates, as received.
//!
//! # Rationale
//!
//! The connection writes to the ring, not its driver: only the connection processes each message in the order of the
//! wire, and only a session processes messages after the handshake. `Recorder` is a copy of a reference; without the
//! feature `events` it is empty, and its calls compile to nothing.

mod code;
mod event;
mod recorder;
mod ring;
mod text;

pub use self::event::{Direction, LogEvent, NameOf, Record, Whose};
pub(crate) use self::recorder::Recorder;
pub use self::ring::{DumpError, EventDump, EventRing};
pub use self::text::Text;
