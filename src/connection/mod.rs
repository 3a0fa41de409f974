//! The public sans-IO API: [`Handshake`], its requests, and the [`Session`] it becomes.

mod diagnose;
mod failure;
mod handshake;
pub(crate) mod machine;
mod request;
#[cfg(feature = "resumption")]
mod resume;
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
    /// Memory for received records, which are decrypted here, and for handshake messages that span several of them.
    ///
    /// With fewer than 16,406 bytes, the peer is asked for records whose content takes at most half of this size, and at
    /// least 63 bytes (RFC 8449; RFC 6066 section 4). If it agrees, a message of `n` bytes fits, wherever its records end,
    /// if `2 * n + 41` are lent: of Certificate one certificate and 5 bytes, unless [`peer`](Self::peer) has room for it; of
    /// CertificateRequest all but the names of issuers, which are left out if they do not fit. Of the peer's hello all fits
    /// with 5 bytes more than its length, unless [`peer`](Self::peer) has room for it.
    /// 1,024 bytes are enough with P-256, and `GnuTLS` agrees to no less. A peer without these extensions may send longer
    /// records, of up to 16,406 bytes. 16,640 hold every record, and a certificate of up to 16 KB. If the memory is too
    /// small, the error contains the size that would have been enough.
    pub rx: &'b mut [u8],
    /// Memory for records to send; at least 160 bytes. Our own hello and chain may be longer than this, and leave in several
    /// records. 512 bytes hold the hello with P-256 and X25519 and a server name of up to 100 bytes; a ticket, a share of
    /// X25519MLKEM768, a server's cookie and long ALPN names add to it, and older versions of Mbed TLS do not accept a hello
    /// in several records. An RSA-4096 signature of ours needs 600 bytes. Application data is sent in records of up to this
    /// size minus 46 bytes, or up to the peer's limit.
    pub tx: &'b mut [u8],
    /// Memory for summaries of the peer's certificates: about 350 bytes for each P-256 certificate of its list, 750
    /// with RSA-2048, more for long names. A server that requests no client certificates may lend an empty slice.
    ///
    /// A certificate that `rx` may not hold is collected here if twice its length and 200 bytes are free behind the
    /// summaries of those before it. So is a ClientHello, and with the feature `mlkem` a ServerHello, if its length is free
    /// beside the ticket that a client offers.
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
