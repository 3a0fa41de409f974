//! Certificates and keys on a host, for programs and for build scripts.
//!
//! - [`pem`] reads identities, authorities and pins from PEM files, and says what is wrong with those that cannot be used
//! - [`throw_away`] makes a PKI to try things out with

pub mod pem;
#[cfg(feature = "throw-away")]
pub mod throw_away;
