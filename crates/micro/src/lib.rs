//! Cryptography for microcontrollers as a provider of [`embedded_mtls`]: small, fast, in constant time, and **unaudited**.
#![doc = include_str!("../README.md")]
#![no_std]
#![deny(unsafe_code)]
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

#[cfg(test)]
extern crate std;

#[cfg(feature = "aes128-gcm")]
mod aes128;
#[cfg(feature = "aes128-gcm")]
mod aes128_gcm;
#[cfg(assembly)]
mod assembly;
#[cfg(any(test, comparison))]
mod cases;
mod chacha20;
mod chacha20_poly1305;
#[cfg(comparison)]
pub mod comparison;
#[cfg(feature = "aes128-gcm")]
mod ghash;
#[cfg(test)]
mod hex;
mod number;
mod p256;
mod poly1305;
#[cfg(portable)]
mod portable;
mod provider;
mod sha256;
mod stack;
mod words;

#[cfg(assembly)]
use self::assembly as selected;
#[cfg(not(assembly))]
use self::portable as selected;

pub use self::provider::{Micro, MicroHash, MicroPrivateKey, MicroRecordKey, MicroSigningKey};
