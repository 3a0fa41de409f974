//! Certificates and keys on a host, for programs and for build scripts.
//!
//! - [`key`] has private keys of every kind
//! - [`pem`] reads identities, authorities and pins from PEM files, and reports what is wrong with unusable ones
//! - [`throw_away`] creates a PKI for experiments

pub mod key;
pub mod pem;
#[cfg(feature = "throw-away")]
pub mod throw_away;
