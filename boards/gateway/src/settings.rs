//! The settings and functions that a board supplies.

use embassy_net::IpEndpoint;
use embassy_time::Duration;
use embedded_mtls::x509::{TrustAnchor, UnixTime};
use embedded_mtls::{Credential, KeyHandle};
use embedded_mtls_blob::{DenyList, Policy, StoredKey};
use mtls_order::cxml::Order;
use mtls_order::{Endpoint, Journal, Retry};
use zeroize::Zeroizing;

/// The configuration of the device.
pub struct Settings<'a> {
    /// The task of the device.
    pub role: Role,
    /// The endpoint to which a gateway posts.
    pub endpoint: Endpoint<'a>,
    /// True if the server requests our certificate only after the request for the path of orders. It then has the order before it knows us;
    /// if it never requests one, the order counts as not delivered. A blob is not fetched from a path for which the server asks late.
    /// Needs the feature `post-handshake-auth`.
    pub asks_late: bool,
    /// The trust anchors for the peer.
    pub anchors: &'a [TrustAnchor<'a>],
    /// Our identities, of which the peer's request selects one. A gateway without any declines.
    pub credentials: &'a [Credential<'a>],
    /// The rules of the owner of the fleet.
    pub policy: Policy,
    /// The certificates and keys that are trusted no longer.
    pub denied: DenyList<'a>,
    /// The order to send if none is waiting in the queue.
    pub order: Order<'a>,
    /// The lower bound for the time: the date of the build.
    pub built: UnixTime,
    /// The time server, if there is one.
    pub time_server: Option<IpEndpoint>,
    /// The time by which the owner of the fleet wants to have renewed the blob, if it has one.
    pub renew_by: Option<UnixTime>,
    /// The time limit of an attempt, from name resolution to the answer.
    pub patience: Duration,
    /// The rules for sending an order again.
    pub retry: Retry,
    /// The bytes of the memory for received records that are lent, if it has as many.
    pub rx: usize,
    /// The bytes of the memory for records to send that are lent, if it has as many.
    pub tx: usize,
}

/// A failure of the memory in which the board keeps the key that the device has made: it may still be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The role of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Role {
    /// Posts an order.
    Gateway,
    /// Accepts orders on a port until this many connections have ended.
    Supplier {
        /// The port to listen on.
        port: u16,
        /// The number of connections.
        connections: u16,
    },
}

impl Role {
    /// Returns the side of a connection that has this role.
    pub(crate) const fn side(self) -> embedded_mtls::Role {
        match self {
            Self::Gateway => embedded_mtls::Role::Client,
            Self::Supplier { .. } => embedded_mtls::Role::Server,
        }
    }
}

/// The functions of the device.
#[allow(async_fn_in_trait, reason = "single-threaded executors need no Send bound")]
pub trait Board: Journal {
    /// Fills `out` with random bytes from a cryptographically secure source, such as a hardware generator. `false` if
    /// none are available.
    fn entropy(&mut self, out: &mut [u8]) -> bool;

    /// Takes the key of the identity in use, as the blob of the device has it; `false` if the board cannot sign with it. A board without
    /// a blob never gets one.
    fn take_key(&mut self, key: StoredKey<'_>) -> bool {
        let _ = key;
        false
    }

    /// Lends the memory for a new blob; empty if the board takes none.
    fn blob_memory(&mut self) -> &mut [u8] {
        &mut []
    }

    /// Checks the first bytes of [`blob_memory`](Self::blob_memory) and stores them as the blob that the next connection uses; `false`, with
    /// a reason in the log, if the last one stays in use.
    fn take_blob(&mut self, len: usize) -> bool {
        let _ = len;
        false
    }

    /// Returns the private key that the device has made, if it has made one.
    ///
    /// # Errors
    /// [`Unreadable`]: it may have made one.
    fn own_key(&mut self) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
        Ok(None)
    }

    /// Stores the private key that the device has made; `false` if that is impossible.
    fn keep_own_key(&mut self, key: &[u8; 32]) -> bool {
        let _ = key;
        false
    }

    /// Signs a SHA-256 digest with ECDSA on P-256, returning `r` and `s`; `None` if the key cannot. It may take time.
    /// `hedge` is added to a nonce that is derived from key and digest; a secure element has randomness of its own.
    async fn sign(&mut self, key: KeyHandle, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]>;

    /// Moves the ticket of the last session to `memory`, and returns its length. It must no longer be stored then, also
    /// after a power cut: a ticket is used once. `None` if there is none, or if it cannot be removed.
    fn take_ticket(&mut self, memory: &mut [u8]) -> Option<usize> {
        let _ = memory;
        None
    }

    /// Stores a ticket in place of the last one; `false` if that is impossible.
    fn keep_ticket(&mut self, ticket: &[u8]) -> bool {
        let _ = ticket;
        false
    }

    /// Returns the peak use of the stack in bytes, and its size; `None` if unknown.
    fn stack(&self) -> Option<(usize, usize)>;
}
