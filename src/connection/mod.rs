//! The public sans-IO API: [`Handshake`], its requests, and the [`Session`] it becomes.

mod diagnose;
mod failure;
mod handshake;
pub(crate) mod machine;
mod request;
pub(crate) mod session;

pub use self::failure::{ConnectionFailure, Refusal};
pub use self::handshake::{Handshake, Step};
pub use self::request::{AuthorizeRequest, CredentialRequest, SignInput, SignRequest, TimeRequest};
pub use self::session::{Event, NegotiatedParameters, PlaintextBuffer, ReceivedData, Session};

use crate::crypto::CryptoProvider;
use crate::handshake::connection::Connection;

/// The memory of one connection, lent for its lifetime. [`Handshake::into_buffers`] and [`Session::into_buffers`]
/// return it earlier.
pub struct Buffers<'b> {
    /// Memory for received records: records are opened here, and each handshake message has to fit, except Certificate,
    /// of which one certificate at a time has to fit. 16,640 bytes hold every record TLS allows, and a certificate of
    /// up to 16 KB. With fewer than 16,406, the peer is asked for records of at most a quarter of this size, or of 534
    /// bytes if that is more and there are 1,024 (RFC 8449; RFC 6066 section 4). If it agrees, every message, and every
    /// certificate of a Certificate, may take the rest. A peer without these extensions may send longer records. If the
    /// memory is too small, the error contains the size that would have been enough.
    pub rx: &'b mut [u8],
    /// Memory for records to send; at least 160 bytes. Our own chain may be longer than this. 512 bytes are enough with
    /// P-256 and X25519 and a server name of up to 100 bytes; an RSA-4096 signature of ours needs 600; a server's
    /// cookie and long ALPN names add to that. Application data is sent in records of up to this size minus 46 bytes,
    /// or up to the peer's limit.
    pub tx: &'b mut [u8],
    /// Memory for summaries of the peer's certificates: about 350 bytes for each P-256 certificate of its list, 750
    /// with RSA-2048, more for long names. A server that requests no client certificates may lend an empty slice.
    pub peer: &'b mut [u8],
}

impl<'b> Buffers<'b> {
    /// Takes back the memory of a connection.
    fn of<C: CryptoProvider>(connection: Connection<'b, C>) -> Self {
        let (rx, tx, peer) = connection.into_memory();
        Self { rx, tx, peer }
    }
}

debug_by_name!("Buffers", [] Buffers<'_>);
