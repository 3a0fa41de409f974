//! The RustCrypto back end.
