//! An order of a device: written once, queued in a journal, posted over mutual TLS, and sent again until a supplier has
//! it. The network, the clock and the key belong to the caller.
//!
//! ```text
//!  Order ──▶ Queue ───▶ open, post ──▶ embedded_mtls ──▶ your transport
//!            frozen          │
//!            bytes           ▼
//!              ▲          Trouble
//!              └─ again ── Retry ── give up: the order stays queued
//! ```
//!
//! The firmware of `boards/gateway` and the simulation of a fleet run this code.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod cxml;
mod delivery;
mod http;
mod queue;
mod retry;
mod text;
mod trouble;

pub use crate::delivery::{fetch_blob, open, open_unasked, post};
pub use crate::http::{Answer, BLOB_PATH, Endpoint, HttpError, Refusal, read_order, write_response};
pub use crate::queue::{Journal, Queue, QueueError};
pub use crate::retry::Retry;
pub use crate::text::Writer;
pub use crate::trouble::{Acceptance, Remedy, Trouble};
