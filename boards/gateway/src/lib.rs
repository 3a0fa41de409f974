//! The firmware of a gateway, without the board: posts a purchase order over mutual TLS 1.3, or accepts one.
//!
//! ```text
//!  mtls_order ───▶ client ──▶ mtls_order ──▶ embedded_mtls ──▶ embassy_net ──▶ driver of the board
//!  Order, Queue    │          open, post        │
//!     ▲            ▼                            ▼ time, credential, signature, authorization
//!     └─ Retry ─ Trouble                     Board, Settings
//! ```
//!
//! A board supplies [`Settings`] (endpoint, anchors, credentials) and a [`Board`] (random numbers, signatures, storing
//! an order while the power is off), then spawns a task that awaits [`app::run`]; or [`device::run`], which takes the settings
//! from a blob. Everything that needs no network is
//! tested on the host: `cargo test` in this folder.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod app;
mod client;
mod clock;
mod desk;
pub mod device;
pub mod enrolment;
mod expiry;
mod fmt;
mod memory;
pub mod provider;
mod provisioned;
pub mod sample;
pub mod serial;
mod server;
mod settings;
#[cfg(test)]
mod shelf;
mod sntp;
mod tap;
#[cfg(feature = "resumption")]
mod tickets;

pub use crate::clock::Clock;
pub use crate::device::Task;
pub use crate::fmt::Shown;
pub use crate::memory::Memory;
pub use crate::provisioned::{NotProvisioned, Provisioned, software_key, time_server};
pub use crate::settings::{Board, Role, Settings, Unreadable};
pub use embedded_mtls_blob::{Blob, DenyList, FleetKey, Policy, Site, StoredKey};
pub use mtls_order::{Acceptance, Endpoint, Journal, Queue, Remedy, Retry, Trouble, cxml};
