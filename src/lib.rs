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
mod connection;
mod credential;
pub mod crypto;
mod error;
#[allow(private_interfaces, private_bounds, reason = "`Side` is sealed: only this crate can name the states")]
mod handshake;
pub mod io;
mod key_schedule;
mod limits;
mod record;
#[cfg(test)]
mod rfc8448;
mod transcript;
mod wire;
pub mod x509;

pub use crate::connection::{
    AuthorizeRequest, Buffers, CredentialRequest, Event, Handshake, PlaintextBuffer, ReceivedData, Session,
    SignRequest, Step, TimeRequest,
};
pub use crate::credential::{Credential, EncodedSignature, KeyHandle, Signature};
pub use crate::error::{
    AlertDescription, ApiMisuse, BufferKind, CertificateError, CertificateProblem, Error, InvalidMessage,
    PeerIncompatible, PeerMisbehaved,
};
pub use crate::handshake::client::Client;
pub use crate::handshake::config::{ClientAuth, ClientConfig, ServerConfig};
pub use crate::handshake::entropy::Entropy;
pub use crate::handshake::server::Server;
pub use crate::handshake::{ClientAuthStatus, Side, Stage};
pub use crate::transcript::CertificateVerifyContent;
pub use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};
