//! The identity of a device as one signed blob: `mtls provision` writes it on a host, firmware reads it in place, in flash.
//!
//! ```text
//!   header    magic, format, active identity, length, version, renewal date
//!   records   endpoint, policy of the fleet, trust anchors, pins, identities (alias, key, chain),
//!             certificates and keys that are trusted no longer
//!   checksum  SHA-256 of header and records: a torn or worn flash is noticed
//!   signature ECDSA on P-256 over the checksum: only the owner of the fleet writes blobs
//! ```
//!
//! [docs/blob.md](https://github.com/embedded-mtls/embedded-mtls/blob/main/docs/blob.md) has the layout byte by byte.
//! [`Blob::open`] checks everything before it returns, and borrows all that it returns from the bytes. It needs no heap and
//! cannot panic.
//!
//! ```
//! # use embedded_mtls::crypto::rustcrypto::RustCrypto;
//! use embedded_mtls::{ClientConfig, KeyHandle, x509::ServerName};
//! use embedded_mtls_blob::{Blob, FleetKey, Site};
//!
//! /// Of the image, as `mtls provision fleet-key --rust` writes it.
//! static FLEET_KEY: FleetKey = FleetKey::new([4; 65]);
//!
//! fn connect(flash: &'static [u8], last_version: u64) -> Option<()> {
//!     let blob = Blob::open(RustCrypto, flash, &FLEET_KEY, last_version).ok()?;
//!     let chosen = blob.at_site(&Site::default()).ok()?;
//!     let (identity, endpoint) = (chosen.identity?, chosen.endpoint?);
//!     let credential = identity.credential(KeyHandle(0)).ok()?;
//!     let anchors = blob.trust::<4>().ok()?;
//!     let config = ClientConfig::new(ServerName::parse(endpoint.server_name).ok()?, &anchors);
//!     let config = blob.policy.of_client(config);
//!     # let _ = (credential, config);
//!     // identity.key is what the signer needs.
//!     Some(())
//! }
//! # assert!(connect(&[0xff; 64], 0).is_none());
//! ```
//!
//! # Caveats
//!
//! - A blob is signed, not encrypted: anyone who can read the flash has a key that lies there in the clear
//!   ([`StoredKey::is_in_the_clear`]). A [handle](StoredKey::Handle) or a [wrapped key](StoredKey::Wrapped) avoids that.
//! - The version prevents going back as far as the device remembers the last one: anyone who can erase the flash can erase that
//!   number too, unless it is in a monotonic counter of the chip.
//! - The rights of the fleet's key are those of a firmware update: keep it as you keep that key.
#![no_std]
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

#[cfg(feature = "write")]
extern crate alloc;

mod blob;
mod deny;
mod error;
mod line;
mod reader;
mod records;
mod signature;
mod site;
#[cfg(feature = "write")]
mod write;

/// The code of the page about this crate.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use crate::blob::Blob;
pub use crate::deny::{Denied, DenyList, Serials};
pub use crate::error::{BlobError, Fault};
pub use crate::line::{ANSWER, Receiver, TooLong};
pub use crate::records::{Endpoint, Identity, Pin, Policy, StoredKey};
pub use crate::signature::FleetKey;
pub use crate::site::{Chosen, Site, SiteError};
#[cfg(feature = "write")]
pub use crate::write::{Content, WriteError};
