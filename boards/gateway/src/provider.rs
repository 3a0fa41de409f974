//! The cryptography of the whole firmware: that of RustCrypto, or with the feature `micro` that of `embedded-mtls-micro`,
//! which has not been audited. No other file of the firmware names a provider, except for the quick start, which is a
//! crate to copy.

#[cfg(not(feature = "micro"))]
pub use embedded_mtls::crypto::rustcrypto::{P256SigningKey as SigningKey, RustCrypto as Provider};
#[cfg(feature = "micro")]
pub use embedded_mtls_micro::{Micro as Provider, MicroSigningKey as SigningKey};

/// The side that connects.
pub(crate) type Client = embedded_mtls::Client<Provider>;
/// The side that accepts.
pub(crate) type Server = embedded_mtls::Server<Provider>;
