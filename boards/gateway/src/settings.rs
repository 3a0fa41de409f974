//! What a board supplies.

use crate::cxml::Order;
use crate::queue::Journal;
use crate::retry::Retry;
use embassy_net::IpEndpoint;
use embassy_time::Duration;
use embedded_mtls::x509::{TrustAnchor, UnixTime};
use embedded_mtls::{Credential, KeyHandle};

/// What the device is told: by its flash, by whoever provisions it.
pub struct Settings<'a> {
    /// What it does.
    pub role: Role,
    /// Whom a gateway posts to.
    pub endpoint: Endpoint<'a>,
    /// Who may vouch for the other side.
    pub anchors: &'a [TrustAnchor<'a>],
    /// Who we are: what the other side accepts chooses among them. A gateway without any declines.
    pub credentials: &'a [Credential<'a>],
    /// What a gateway orders if nothing waits in its queue.
    pub order: Order<'a>,
    /// It is at least this late: the date of the build.
    pub built: UnixTime,
    /// Who tells the time, if anybody does.
    pub time_server: Option<IpEndpoint>,
    /// How long an attempt may take, from the name of the server to its answer.
    pub patience: Duration,
    /// When an order is sent again.
    pub retry: Retry,
}

/// What the device does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Role {
    /// Posts an order.
    Gateway,
    /// Takes orders on a port until this many connections have ended.
    Supplier {
        /// Where it listens.
        port: u16,
        /// How many connections.
        connections: u16,
    },
}

/// A server, and where in it orders are posted.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// Its host name or IPv4 address.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// The name that its certificate has to hold; usually the host name.
    pub server_name: &'a str,
    /// The path of the request.
    pub path: &'a str,
}

/// What the device can do.
#[allow(async_fn_in_trait, reason = "single-threaded executors need no Send bound")]
pub trait Board: Journal {
    /// Random bytes from a cryptographically secure source: the hardware's generator. `false`: it has none now.
    fn entropy(&mut self, out: &mut [u8]) -> bool;

    /// An ECDSA signature on P-256 over a SHA-256 digest, `r` and `s`; `None`: the key cannot. It may take its time. `hedge` goes
    /// into the nonce if that is made from key and digest; a secure element has randomness of its own.
    async fn sign(&mut self, key: KeyHandle, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]>;

    /// The most bytes of the stack that were ever used, and how many there are; `None` where nobody knows.
    fn stack(&self) -> Option<(usize, usize)>;
}
