//! The record layer (RFC 9846 section 5): protection, received records, records to send.

pub(crate) mod inbound;
pub(crate) mod outbound;
pub(crate) mod protect;
mod span;
