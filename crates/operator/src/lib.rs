//! Mutual TLS in the terms of operators: [`embedded_mtls`] under the names that gateways and web servers use.
//!
//! The core knows only TLS. This crate adds the operators' terms, on the core's public API, also without a heap and
//! without `unsafe`:
//!
//! - [`access`] authorizes peers by lists of rules,
//! - [`Finding`] names failures and refusals by HTTP, and gives the remedy in terms of well-known programs,
//! - [`policy`] turns settings into configurations,
//! - [`variables`] lists the facts in a peer's certificate as `SSL_CLIENT_*` variables.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

#[cfg(test)]
extern crate std;

pub mod access;
mod finding;
mod http;
pub mod policy;
pub mod variables;

pub use self::finding::Finding;
