//! Mutual TLS 1.3 on the command line: the programs `mtls`, `gateway` and `supplier`, and their parts.
//!
//! - [`program`]: the programs, from command line to exit code
//! - `check`: probes a server step by step, and reports who has to act; with the feature `program`
//! - `certificate`: certificates and requests for them, taken apart for show; with the feature `program`
//! - `inspect`: reads certificates, keys and other files, and reports what is wrong with them; with the feature `program`
//! - `provision`: identities and trust anchors of devices as signed blobs; with the feature `program`
//! - `blobs`: what a server has for its clients' devices; with the feature `program`
//! - `deny`: certificates and keys that are trusted no longer, from revocation lists; with the feature `program`
//! - [`args`]: options of the command line
//! - [`policy`]: `--policy`, files of settings with the stores next to them
//! - [`order`]: the client's delivery; [`supplier`]: the server's loop; [`tls`]: what both roles provide to the core
//! - `http`: HTTP/1.1 over any stream; [`cxml`]: orders and their responses
//! - [`verdict`]: the gateway's judgement of an answer
//! - [`journal`]: an order with each of its flights; [`report`]: texts for people
//! - `tickets`: the resumption of sessions; with the feature `resumption`
//! - [`events`]: the ring of events; [`course`]: what a report of a connection needs; [`capture`]: the traffic, for Wireshark
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use mtls::order::{Delivery, connect, post};
//! use mtls::tls::{Deadline, HostMemory, Timed};
//! use mtls_pki::pem;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let delivery = Delivery {
//!     authorities: pem::authorities("root.pem")?.usable,
//!     identities: vec![pem::identity("gateway.pem", "gateway.key", &pem::Password::none())?],
//!     ..Delivery::new("127.0.0.1:8443", "supplier.example", &std::fs::read("order.xml")?)
//! };
//! let patience = Duration::from_secs(60);
//! let socket = Timed::new(connect(&delivery.address, patience)?, Deadline::new(patience));
//! let status = post(&delivery, socket, HostMemory::new().lend(), None, &mut |_| {})?;
//! println!("cXML {} {}", status.code, status.text);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    not(feature = "program"),
    allow(dead_code, unused_imports, unused_macros, reason = "the programs use what the library alone does not")
)]

pub mod args;
#[cfg(feature = "program")]
mod attempt;
#[cfg(feature = "program")]
pub mod blobs;
pub mod capture;
#[cfg(feature = "program")]
pub mod certificate;
#[cfg(feature = "program")]
pub mod check;
pub mod course;
pub mod cxml;
#[cfg(feature = "program")]
pub mod deny;
pub mod events;
mod files;
mod http;
#[cfg(feature = "program")]
pub mod inspect;
pub mod journal;
#[cfg(feature = "key-log")]
mod key_log;
#[cfg(feature = "post-handshake-auth")]
mod late;
mod mime;
pub mod order;
mod own_key;
#[cfg(feature = "program")]
mod page;
pub mod policy;
#[cfg(feature = "program")]
pub mod program;
#[cfg(feature = "program")]
pub mod provision;
#[cfg(feature = "program")]
mod redact;
pub mod report;
mod responder;
pub mod supplier;
mod tap;
mod terms;
#[cfg(feature = "resumption")]
pub mod tickets;
pub mod tls;
pub mod verdict;
mod watch;
