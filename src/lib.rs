//! embedded-mtls
#![no_std]
#![forbid(unsafe_code)]
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

#[cfg(any(test, feature = "std"))]
extern crate std;

#[macro_use]
mod fmt;
#[macro_use]
mod codec;
pub mod crypto;
mod error;
mod key_schedule;
mod limits;
mod record;
mod transcript;
mod wire;
pub mod x509;

pub use crate::error::{
    AlertDescription, ApiMisuse, BufferKind, CertificateError, CertificateProblem, Error, InvalidMessage,
    PeerIncompatible, PeerMisbehaved,
};
pub use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};
