//! Mutual TLS 1.3 for people: the programs `gateway` and `supplier`, and what they are made of.
//!
//! - [`program`]: the two programs, from their command line to their exit code
//! - `check`: the way to a server step by step, and who has to act where it ends; with the feature `program`
//! - [`args`]: options of the command line
//! - [`policy`]: `--policy`, files of settings and the stores beside them
//! - [`order`]: the client's delivery; [`supplier`]: the server's loop; [`tls`]: what both roles lend to the core
//! - `http`: HTTP/1.1 over any stream; [`cxml`]: orders and their responses
//! - [`verdict`]: what the gateway makes of an answer
//! - [`journal`]: an order with each of its flights; [`report`]: what people read
//! - [`events`]: what happened, from the ring of events; [`capture`]: what passed, for Wireshark
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
//!     identities: vec![pem::identity("gateway.pem", "gateway.key")?],
//!     ..Delivery::new("127.0.0.1:8443", "supplier.example", &std::fs::read("order.xml")?)
//! };
//! let patience = Duration::from_secs(60);
//! let socket = Timed::new(connect(&delivery.address, patience)?, Deadline::new(patience));
//! let status = post(&delivery, socket, HostMemory::new().lend(), None, &mut |_| {})?;
//! println!("cXML {} {}", status.code, status.text);
//! # Ok(())
//! # }
//! ```

pub mod args;
pub mod capture;
#[cfg(feature = "program")]
pub mod check;
pub mod cxml;
pub mod events;
mod http;
pub mod journal;
#[cfg(feature = "key-log")]
mod key_log;
#[cfg(feature = "post-handshake-auth")]
mod late;
mod mime;
pub mod order;
pub mod policy;
pub mod program;
pub mod report;
mod responder;
pub mod supplier;
mod tap;
mod terms;
pub mod tls;
pub mod verdict;
