//! Parts that the tests share: a throw-away PKI, both sides of a connection in memory, a scripted peer that may misbehave, and
//! programs of others as peers.
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "only tests call it, and a panic is their failure"
)]
#![allow(clippy::unnecessary_wraps, clippy::similar_names, reason = "tables of expectations read better so")]
#![allow(clippy::return_self_not_must_use, clippy::new_without_default, reason = "builders of tests")]

pub mod chain_case;
pub mod element;
pub mod fault;
pub mod flash;
pub mod messages;
pub mod pair;
pub mod peers;
pub mod pipe;
pub mod pki;
pub mod recorded;
pub mod script;
pub mod supplier;
