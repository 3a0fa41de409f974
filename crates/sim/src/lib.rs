//! A fleet of gateways and their supplier in one process, to test what happens to orders when everything goes wrong.
//!
//! ```text
//!  Scenario ──▶ run ──▶ gateway 0 ─┐                      ┌─▶ supplier
//!  seed, faults         gateway 1 ─┼─ network of faults ──┤   certificates, restarts,
//!                       …          ┘  real mutual TLS     └─▶ slow and busy answers
//!                          │                                    │
//!                          └────────────▶ Ledger ◀──────────────┘
//!                            what was stored, removed, received
//!                                         │
//!                                         ▼ Report: counts, broken promises, digest
//! ```
//!
//! Both ends run the real core, and the gateways the queue, the retry rules and the HTTP of the firmware
//! ([`mtls_order`]). The clock is simulated: a day takes as long as its work. Every random number comes from the seed of
//! the [`Scenario`], entropy of handshakes and keys of certificates included, so that a run can be repeated byte for byte;
//! [`Report::digest`] tells whether it was.
//!
//! ```
//! use embedded_mtls_sim::{Scenario, run};
//! use std::time::Duration;
//!
//! let report = run(&Scenario::calm(7, 2, Duration::from_secs(3600)))?;
//! report.verify()?;
//! assert_eq!((report.stored, report.accepted), (4, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Run`] also captures the packets of gateways for Wireshark, decrypted, and tells how far a long run is. [`Report::to_html`] draws its
//! time lines and charts.
//!
//! **The promise:** every order that a journal has stored arrives once, under its payloadID and with its bytes, or is
//! still queued; after the calm at the end of a scenario none is. It arrives before its deadline, which does not count the
//! time in which it cannot: without network, power, supplier, valid certificate or right clock. A gateway gives up an attempt for good only for a
//! reason that the authenticated supplier gave. [`Violation`] has a variant for each way to break this.
//!
//! **Limits:** the supplier keeps what it has accepted through its restarts. TCP is modelled as a stream with
//! retransmissions, without congestion control. The flash has words of 8 bytes, and sectors of 1 KiB.

pub mod capture;
mod clock;
mod flash;
mod fleet;
mod gateway;
mod ledger;
pub mod network;
mod page;
pub mod pki;
mod random;
mod report;
mod scenario;
mod supplier;
pub mod timeline;
mod world;

pub use fleet::{Progress, Run, run};
pub use ledger::Violation;
pub use random::Random;
pub use report::{BrokenPromise, Report};
pub use scenario::{Flaw, Network, Part, Planned, Scenario, ScenarioError};
pub use world::World;
