#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "tokio")]
extern crate std;

mod connection;
mod device;
#[cfg(feature = "edge-nal")]
pub mod edge;
#[cfg(feature = "embassy-net")]
pub mod embassy;
mod error;
#[cfg(any(feature = "edge-nal", feature = "picoserve"))]
mod half;
#[cfg(feature = "nal")]
mod nal;
mod open;
#[cfg(feature = "picoserve")]
pub mod picoserve;
mod resumption;
#[cfg(feature = "split")]
pub mod split;
#[cfg(feature = "resumption")]
mod tickets;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use self::connection::Connection;
pub use self::device::{Device, SoftwareDevice, WithProvider};
pub use self::error::{Error, Reason};
#[cfg(any(feature = "edge-nal", feature = "picoserve"))]
pub use self::half::Half;
pub use self::open::{Acceptor, Connector, Lent};
#[cfg(feature = "resumption")]
pub use self::tickets::Tickets;

/// The blocks of the page are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/connect.md")]
struct Page;
