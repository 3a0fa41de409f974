//! Certificates and keys of both sides, made by `pki/make`.

/// The root both sides trust.
pub static ROOT: &[u8] = include_bytes!("../pki/root.der");
/// The certificate authority between the root and the leaves.
pub static INTERMEDIATE: &[u8] = include_bytes!("../pki/intermediate.der");
/// The leaf of the client.
pub static CLIENT: &[u8] = include_bytes!("../pki/client.der");
/// The leaf of the server.
pub static SERVER: &[u8] = include_bytes!("../pki/server.der");
/// The private key of the client.
pub static CLIENT_KEY: [u8; 32] = *include_bytes!("../pki/client.key");
/// The private key of the server.
pub static SERVER_KEY: [u8; 32] = *include_bytes!("../pki/server.key");
/// Name in the certificate of the server.
pub const SERVER_NAME: &str = "supplier.example";
/// A moment at which all certificates are valid, in seconds since 1970.
pub const NOW: i64 = 1_800_000_000;
