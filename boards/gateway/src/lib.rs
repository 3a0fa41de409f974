//! The firmware of a gateway, without the board: posts a purchase order over mutual TLS 1.3, or accepts one.
//!
//! ```text
//!  Order ──▶ Queue ─────▶ client ──▶ http ──▶ embedded_mtls ──▶ embassy_net ──▶ driver of the board
//!            frozen         │                     │
//!            bytes          ▼                     ▼ time, credential, signature, authorization
//!              ▲         Trouble              Board, Settings
//!              └── again, or not: Retry
//! ```
//!
//! A board supplies [`Settings`] (endpoint, anchors, credentials) and a [`Board`] (random numbers, signatures, storing
//! an order while the power is off), then spawns a task that awaits [`app::run`]. Everything that needs no network is
//! tested on the host: `cargo test` in this folder.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod app;
mod client;
mod clock;
pub mod cxml;
mod desk;
mod fmt;
mod http;
mod memory;
mod queue;
mod retry;
pub mod sample;
mod server;
mod settings;
mod sntp;
mod tap;
mod text;
mod trouble;

pub use crate::clock::Clock;
pub use crate::memory::Memory;
pub use crate::queue::{Journal, Queue};
pub use crate::retry::Retry;
pub use crate::settings::{Board, Endpoint, Role, Settings};
pub use crate::trouble::{Acceptance, Remedy, Trouble};
