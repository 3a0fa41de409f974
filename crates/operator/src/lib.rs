//! The operators' side of [`embedded_mtls`]: mutual TLS under the names that gateways and web servers have for it.
//!
//! The core knows TLS and nothing else. What the operator of a gateway knows it by is here, on the public API of the core,
//! again without heap and without `unsafe`:
//!
//! - [`access`] authorizes peers by lists of rules,
//! - [`Finding`] names failures and refusals by HTTP, and says what helps, with the settings of well-known programs,
//! - [`policy`] turns settings under their names into configurations,
//! - [`variables`] gives the facts in a peer's certificate as `SSL_CLIENT_*` variables.
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
