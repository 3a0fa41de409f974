//! Mutual TLS 1.3 for microcontrollers: client and server, without heap, unsafe code or I/O.
//!
//! # Model
//!
//! A [`Handshake`] is a state machine that never calls out. The program lends it [`Buffers`] and the
//! [`Entropy`] of one handshake, moves bytes between it and a transport, and answers its questions.
//! A completed handshake becomes a [`Session`]; there is no other way to get one.
//!
//! ```text
//!     transport                     core                       application
//!                  rx_space   ┌───────────────┐  Time        what time is it?
//!     received  ────────────▶ │   Handshake   │  Credential  who are we?
//!                  rx_commit  │       │       │  Sign        sign with our key
//!                  tx_pending │       ▼       │  Authorize   do we accept this peer?
//!     to send   ◀──────────── │    Session    │
//!                  tx_consume └───────────────┘  Data        borrowed from the buffer
//! ```
//!
//! Few programs need to do that themselves: the drivers in [`io`] do it over `embedded-io`,
//! `embedded-io-async` and the sockets of `std`. The crate `embedded-mtls-operator` turns
//! the settings of operators, under the names that they know, into a configuration.
//!
//! # States
//!
//! The names follow RFC 9846 appendix A; items in brackets are questions to the application.
//!
//! ```text
//!   Client                                     Server
//!   ──────                                     ──────
//!   send ClientHello                           expect ClientHello ◀─────────────┐
//!   expect ServerHello ◀──┐                      ├─ no share of our group: send HelloRetryRequest
//!     ├─ HelloRetryRequest: send ClientHello     [Credential]
//!   expect EncryptedExtensions                 send ServerHello, EncryptedExtensions,
//!   expect CertificateRequest, if sent           CertificateRequest if clients are asked, Certificate
//!     [Credential]                               [Sign] CertificateVerify, Finished
//!   ┌ expect Certificate                       ┌ expect Certificate, if asked; it may be empty if optional
//!   │   [Time], path to a trust anchor         │   [Time], path to a trust anchor
//!   │ expect CertificateVerify                 │ expect CertificateVerify
//!   └   [Authorize]                            └   [Authorize]
//!   expect Finished                            expect Finished
//!   send Certificate, if asked                 Done
//!     [Sign] CertificateVerify
//!   send Finished
//!   Done
//! ```
//!
//! With the feature `post-handshake-auth`, a session asks the same questions when a client is asked later:
//!
//! ```text
//!   Client                                     Server
//!   ──────                                     ──────
//!   expect CertificateRequest                  Session::request_certificate: send CertificateRequest
//!     [Credential]                             expect Certificate; data flows meanwhile
//!     [Sign]; data flows meanwhile               [Time], path to a trust anchor
//!   send Certificate, CertificateVerify,       expect CertificateVerify
//!     Finished, in one piece                     [Authorize]
//!                                              expect Finished, then Event::ClientAuth
//! ```
//!
//! # Contract
//!
//! - `poll` is idempotent until bytes arrive, bytes leave, or a question is answered.
//! - A question that is dropped without an answer is asked again.
//! - Any `Err` is final and sticky. Its alert waits in `tx_pending`; send it before closing. Only
//!   an [`ApiMisuse`] from a session's `write`, `reserve`, `export` or `request_certificate` leaves it unchanged.
//! - Each `poll` does at most one public-key operation, then returns `Yield`.
//! - [`Entropy`] is fresh for each handshake, from a cryptographically secure source.
//!
//! # The loop
//!
//! ```
//! use embedded_mtls::x509::Time;
//! use embedded_mtls::{Client, Credential, Error, Handshake, Session, Signature, Step};
//!
//! /// What a program has: a transport, a clock, an identity and a key.
//! trait Board<'b> {
//!     fn read(&mut self, into: &mut [u8]) -> usize;
//!     fn write(&mut self, bytes: &[u8]) -> usize;
//!     fn time(&self) -> Time;
//!     fn credential(&self) -> &'b Credential<'b>;
//!     fn sign(&mut self, message: &[u8]) -> [u8; 64];
//! }
//!
//! fn connect<'b>(
//!     mut handshake: Handshake<'b, Client>,
//!     board: &mut impl Board<'b>,
//! ) -> Result<Session<'b, Client>, Error> {
//!     loop {
//!         match handshake.poll()? {
//!             Step::Transmit => {
//!                 let count = board.write(handshake.tx_pending());
//!                 handshake.tx_consume(count);
//!             }
//!             Step::NeedInput => match board.read(handshake.rx_space()) {
//!                 0 => handshake.rx_eof(),
//!                 count => handshake.rx_commit(count)?,
//!             },
//!             Step::Yield => {} // let other tasks run
//!             Step::Time(request) => request.provide(board.time())?,
//!             Step::Credential(request) => request.answer(board.credential())?,
//!             Step::Sign(request) => {
//!                 let signature = board.sign(request.input.message());
//!                 request.complete(&Signature::P256(signature))?;
//!             }
//!             Step::Authorize(request) => request.accept()?, // after a look at `request.peer()`
//!             Step::Done => return handshake.into_session(),
//!         }
//!     }
//! }
//! ```
//!
//! # Caveats
//!
//! - A client's session begins before the server has judged the client's certificate (RFC 9846 appendix
//!   F.1.2). A rejection arrives with the first read, as [`Error::AlertReceived`]; [`ConnectionFailure::refusal`] names
//!   the rejected credential, and [`Session::client_auth`] whether the server is known to have accepted it.
//! - A valid certificate identifies the peer; it does not authorize it: decide that in the authorization request.
//! - There is no revocation, no 0-RTT, no external pre-shared key, no TLS 1.2.
//! - For devices that have no clock yet, [`Time`](x509::Time) has special values, which weaken the validity
//!   check as their names indicate.
//!
//! # Features
//!
//! | Feature | What it adds |
//! |---|---|
//! | `default` | `aes128-gcm`, `any-peer`, `chacha20-poly1305`, `x25519` |
//! | `any-peer` | as a client the answer to a HelloRetryRequest, authorities with name constraints, addresses in text as names of servers; without it they are refused |
//! | `rustcrypto` | the back end on RustCrypto and dalek crates, with SHA-256 and P-256 |
//! | `aes128-gcm` | `TLS_AES_128_GCM_SHA256`, which RFC 9846 makes mandatory |
//! | `aes256-gcm-sha384` | `TLS_AES_256_GCM_SHA384`; secrets take 48 instead of 32 bytes |
//! | `chacha20-poly1305` | `TLS_CHACHA20_POLY1305_SHA256` |
//! | `x25519` | key exchange on X25519 |
//! | `mlkem` | key exchange by X25519MLKEM768, against quantum computers of the future, as the preferred group |
//! | `ed25519` | signatures with Ed25519 keys |
//! | `p384` | key exchange on P-384, signatures with P-384 keys, and SHA-384 with P-256 keys in certificates |
//! | `rsa` | verification of RSA with 2048 to 4096 bits, and signing with it by an external signer; needs no back end |
//! | `all-algorithms` | all of these algorithms apart from `mlkem`, which changes what is sent by default |
//! | `dangerous-waivers` | lets a program [waive](x509::Waivers) individual causes of rejection; nothing is waived by default; with `any-peer` |
//! | `events` | an `EventRing` in lent memory, in which connections record their events |
//! | `key-log` | **for laboratories only**: passes the secrets of a connection to a `KeyLog`, for decrypting captures |
//! | `post-handshake-auth` | requesting a client's certificate after the handshake, and answering such a request |
//! | `resumption` | resuming sessions by tickets, with a key exchange, in both roles |
//! | `std` | sockets, clock and entropy of the host, and precomputed tables for P-256 |
//! | `defmt` | logging through defmt; excludes `log` |
//! | `log` | logging through the log facade; excludes `defmt` |
//!
//! # Further reading
//!
//! The repository has `ARCHITECTURE.md` (layers, states, buffers, decisions), `SECURITY.md` (the
//! threat model), `docs/guide.md` (setting up mutual TLS with a company CA and web servers, and rotating its
//! certificates), `docs/needs.md` (the requirements of companies, with the tests that prove each),
//! `docs/verdicts.md` (the verdict on each kind of rejected certificate), `docs/diagnoses.md` (each failure by name)
//! and `docs/budget.md` (measured sizes).
#![no_std]
#![forbid(unsafe_code)]
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

#[cfg(any(test, feature = "std", fuzzing))]
extern crate std;

#[macro_use]
mod fmt;
#[macro_use]
mod codec;
mod connection;
pub mod credential;
pub mod crypto;
mod der;
mod error;
#[cfg(feature = "events")]
pub mod events;
#[cfg(not(feature = "events"))]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::trivially_copy_pass_by_ref,
    reason = "without the feature there is no ring to return"
)]
mod events;
#[allow(private_interfaces, private_bounds, reason = "`Side` is sealed: only this crate can name the states")]
mod handshake;
pub mod io;
mod key_schedule;
mod limits;
pub mod pem;
mod record;
#[cfg(test)]
mod rfc8448;
mod role;
mod text;
mod transcript;
mod wire;
pub mod x509;

pub use crate::connection::{
    AuthorizeRequest, Buffers, ConnectionFailure, CredentialRequest, Event, Handshake, NegotiatedParameters,
    PlaintextBuffer, ReceivedData, Refusal, Session, SignInput, SignRequest, Step, TimeRequest,
};
pub use crate::credential::{Credential, EncodedSignature, KeyHandle, Signature};
pub use crate::error::{
    AlertClass, AlertDescription, ApiMisuse, BufferKind, BufferSize, CertificateError, CertificateProblem, Diagnosis,
    Error, InvalidMessage, Malformation, PeerIncompatible, PeerMisbehaved, Responsible, Stage,
};
pub use crate::handshake::client::Client;
pub use crate::handshake::config::{ClientAuth, ClientConfig, ServerConfig};
pub use crate::handshake::entropy::Entropy;
#[cfg(feature = "key-log")]
pub use crate::handshake::key_log::{KeyLog, KeyLogLine};
pub use crate::handshake::server::Server;
#[cfg(feature = "resumption")]
pub use crate::handshake::ticket::{
    keys::{TicketKey, TicketKeys},
    stored::{Ticket, TicketError},
};
pub use crate::handshake::{ClientAuthStatus, Side, SideTypes};
pub use crate::role::Role;
pub use crate::text::Escaped;
pub use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};
/// Parses a message and writes it again, for the fuzz target `messages`.
#[cfg(fuzzing)]
#[doc(hidden)]
pub use crate::wire::round_trip::round_trip;

/// Runs the example in the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
