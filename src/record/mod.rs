//! The record layer (RFC 9846 section 5): protection, what comes in, what goes out.

pub(crate) mod inbound;
pub(crate) mod outbound;
pub(crate) mod protect;
mod span;
