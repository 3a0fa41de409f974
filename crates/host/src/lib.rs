//! A cryptography provider for [`embedded_mtls`] on hosts: graviola, whose arithmetic on curves is formally verified
//! assembly, where the processor is one that it supports, and [`RustCrypto`](embedded_mtls::crypto::rustcrypto) elsewhere.
//! It needs no C compiler.
//!
//! | | graviola | RustCrypto and dalek |
//! |---|---|---|
//! | Records | AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305 | |
//! | Key exchange | X25519, P-256, P-384 | all other groups |
//! | Signatures, verified | ECDSA with P-256 and P-384 | Ed25519, RSA |
//! | Signatures, made | ECDSA with P-256 and P-384 | Ed25519 |
//! | Hashes, HMAC | SHA-2 inside of ECDSA | SHA-2, which uses the same instructions of the processor, and wipes itself |
//!
//! ```
//! use embedded_mtls::{Client, Handshake};
//! use embedded_mtls_host::HostCrypto;
//!
//! type HostHandshake<'b> = Handshake<'b, Client<HostCrypto>>;
//! ```
//!
//! # Contract
//!
//! [`HostCrypto::default`] asks the processor for its features, so a program that was compiled elsewhere runs on any processor of
//! its target: x86-64 needs AES, PCLMULQDQ, AVX2, ADX and BMI (Intel since 2014, AMD since 2017), and Armv8 needs AES,
//! PMULL and SHA-2 (Apple, Graviton, Raspberry Pi 5).
//!
//! Signatures are verified over messages, not digests ([`CryptoProvider::VERIFIES_MESSAGES`]): so the `peer` memory needs as much as
//! the certificates of the longest chain have, and 200 bytes more for each of them.
//!
//! [`CryptoProvider::VERIFIES_MESSAGES`]: embedded_mtls::crypto::CryptoProvider::VERIFIES_MESSAGES
//!
//! # Caveats
//!
//! Operations on secrets run in constant time and keys are wiped when dropped, as their crates state. Copies that the compiler
//! makes when it moves a key are not wiped. graviola has not been audited as a whole; its arithmetic is that of s2n-bignum.
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]
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

mod assembly;
mod key;
mod provider;

pub use self::key::HostSigningKey;
pub use self::provider::{HostCrypto, HostPrivateKey, HostRecordKey};
