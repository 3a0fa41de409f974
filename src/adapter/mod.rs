//! Parts of this crate in the shape that other crates ask for.

#[cfg(feature = "embedded-tls")]
pub mod embedded_tls;
