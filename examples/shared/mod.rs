//! What the programs share. Cargo takes this folder for no example of its own, because it has no `main.rs`.
//!
//! - [`args`]: options of the command line; [`pem`]: certificates and keys in files; [`pki`]: a throw-away PKI
//! - [`policy`]: `--policy`, files of settings and the stores beside them; [`terms`]: what a connection is held to
//! - [`tls`]: what both roles lend to the core; [`supplier`]: the server's loop; [`order`]: the client's errand
//! - [`http`]: HTTP/1.1 over any stream; [`mime`]: media types and parts; [`cxml`]: orders and their responses
//! - [`desk`]: what the supplier answers; [`verdict`]: what the gateway makes of an answer
//! - [`tap`]: a socket that keeps a list of the TLS records it saw; [`report`]: what people read
//! - [`events`]: what happened, from the ring of events; [`capture`]: what passed, for Wireshark; `key_log`: the secrets to read it with
#![allow(dead_code, unused_imports, unused_macros, reason = "each program uses its own part")]

pub(crate) mod args;
pub(crate) mod capture;
pub(crate) mod cxml;
pub(crate) mod desk;
pub(crate) mod events;
pub(crate) mod http;
#[cfg(feature = "key-log")]
pub(crate) mod key_log;
#[cfg(feature = "post-handshake-auth")]
pub(crate) mod late;
pub(crate) mod mime;
pub(crate) mod order;
pub(crate) mod pem;
pub(crate) mod pki;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod supplier;
pub(crate) mod tap;
pub(crate) mod terms;
pub(crate) mod tls;
pub(crate) mod verdict;
