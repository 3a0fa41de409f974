//! Events of connections in a ring of borrowed bytes, to find the reason of a failure afterwards.
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
//! A connection that is given a [`EventRing`] writes a record of each message, decision and error into it; one that is
//! not writes nothing. Several connections can have the same ring, one after the other or at once: each has a number. When the
//! ring is full the oldest records make room, whole ones.
//!
//! Everything is in the bytes: a dump of them can be read elsewhere, and memory that survives a reset can be
//! [taken up again](EventRing::resume). Bytes that are no ring, or one that was damaged, are recognised by check sums.
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
//! Memory that is to survive a reset must not wait in a cache that is written back later: make it write-through, or not
//! cached.
//!
//! Never in it: secrets, keys, application data. In it: names of certificates, as they came.
//!
//! # Why like this
//!
//! The connection has the ring and not its driver: only the connection sees each message in the order of
//! the wire, and only a session sees what comes after the handshake. `Recorder` is a copy of a reference; without the
//! feature `events` it is nothing, and so are its calls.

mod code;
mod event;
mod recorder;
mod ring;
mod text;

pub use self::event::{Direction, LogEvent, NameOf, Record, Whose};
pub(crate) use self::recorder::Recorder;
pub use self::ring::{DumpError, EventDump, EventRing};
pub use self::text::Text;
