//! The public sans-IO API: [`Handshake`], its requests, and the [`Session`] it becomes.

mod handshake;
mod request;
mod session;

pub use self::handshake::{Handshake, Step};
pub use self::request::{AuthorizeRequest, CredentialRequest, SignRequest, TimeRequest};
pub use self::session::{Event, PlaintextBuffer, ReceivedData, Session};

/// The memory of one connection, lent for its whole life.
pub struct Buffers<'b> {
    /// What is received: whole records are opened here, and a handshake message has to fit, except
    /// Certificate, of which one certificate has to fit. 16,640 bytes hold every record TLS allows,
    /// and a certificate of up to 16 KB; 4,096 are enough for peers that send small records.
    pub rx: &'b mut [u8],
    /// What is sent. 512 bytes are enough for any handshake, however long our own chain; at least 160.
    /// Application data leaves in records of up to this size less 46 bytes.
    pub tx: &'b mut [u8],
    /// What is kept of the peer's certificates: about 350 bytes for each P-256 certificate of its
    /// list, more for long names. A server that asks no client may lend an empty slice.
    pub peer: &'b mut [u8],
}
