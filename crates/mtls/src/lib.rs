//! Mutual TLS 1.3 for people: the programs `gateway` and `supplier`, and what they are made of.
//!
//! - [`program`]: the two programs, from their command line to their exit code
//! - [`args`]: options of the command line
//! - [`policy`]: `--policy`, files of settings and the stores beside them
//! - [`order`]: the client's errand; [`supplier`]: the server's loop; [`tls`]: what both roles lend to the core
//! - `http`: HTTP/1.1 over any stream; [`cxml`]: orders and their responses
//! - [`verdict`]: what the gateway makes of an answer
//! - [`tap`]: a socket that keeps a list of the TLS records it saw; [`report`]: what people read
//! - [`events`]: what happened, from the ring of events; [`capture`]: what passed, for Wireshark

pub mod args;
pub mod capture;
pub mod cxml;
mod desk;
pub mod events;
mod http;
#[cfg(feature = "key-log")]
mod key_log;
#[cfg(feature = "post-handshake-auth")]
mod late;
mod mime;
pub mod order;
pub mod policy;
pub mod program;
pub mod report;
pub mod supplier;
pub mod tap;
mod terms;
pub mod tls;
pub mod verdict;
