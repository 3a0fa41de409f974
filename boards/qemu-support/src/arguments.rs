//! The arguments of the machine: `name=value`, by semihosting.

use crate::files::Arena;
use embassy_net::{IpEndpoint, Ipv4Address};
use embassy_time::Duration;
use gateway::{Endpoint, Retry, Role};

/// Bytes of all words.
const LINE: usize = 512;

/// The arguments, with defaults for missing ones.
pub(crate) struct Arguments {
    pub(crate) arena: &'static mut Arena,
    pub(crate) role: Role,
    /// Serves pages in place of a role: at a port, until this many connections have ended.
    #[cfg(feature = "full")]
    pub(crate) web: Option<(u16, u16)>,
    /// Posts with the quick start in place of a role.
    #[cfg(feature = "full")]
    pub(crate) quick: Option<crate::quick::Way>,
    /// Requests a certificate for this name and the key that the machine has made, in place of a role.
    #[cfg(feature = "full")]
    pub(crate) csr: Option<&'static str>,
    /// Takes all that the device knows from a blob in flash: this one is stored first, if it is newer.
    #[cfg(feature = "full")]
    pub(crate) blob: Option<&'static str>,
    /// A blob that arrives while the first handshake signs.
    #[cfg(feature = "full")]
    pub(crate) next: Option<&'static str>,
    /// The alias that the site chooses, with a blob.
    #[cfg(feature = "full")]
    pub(crate) alias: Option<&'static str>,
    /// The serial line from which a blob is taken before each order, with a blob.
    #[cfg(feature = "full")]
    pub(crate) line: Option<crate::line::Line>,
    /// The number of orders to post, with a blob.
    #[cfg(feature = "full")]
    pub(crate) orders: u8,
    pub(crate) endpoint: Endpoint<'static>,
    /// Our address in 10.0.2.0/24; `None`: by DHCP.
    pub(crate) address: Option<Ipv4Address>,
    /// The stem of the file with the anchors.
    pub(crate) anchors: &'static str,
    /// The stem of the files with our chain and key.
    pub(crate) identity: Option<&'static str>,
    /// The server requests our certificate after the handshake.
    pub(crate) asks_late: bool,
    pub(crate) time_server: Option<IpEndpoint>,
    pub(crate) patience: Duration,
    pub(crate) retry: Retry,
    /// Bytes of the receive buffer of TLS.
    pub(crate) rx: usize,
    /// Bytes of the send buffer of TLS.
    pub(crate) tx: usize,
    pub(crate) signer: Signer,
    /// Lets other tasks run between the public-key operations of a handshake.
    pub(crate) yields: bool,
    /// Does nothing but overflow the stack.
    pub(crate) overflow: bool,
}

/// The signer with the key of our identity.
#[derive(Clone, Copy)]
pub(crate) enum Signer {
    /// The task of the gateway, at once.
    Gateway,
    /// Another task, slowly.
    AnotherTask,
}

/// Reads the arguments; `None` if one is invalid.
pub(crate) fn read(arena: &'static mut Arena) -> Option<Arguments> {
    let mut arguments = Arguments {
        arena,
        role: Role::Gateway,
        #[cfg(feature = "full")]
        web: None,
        #[cfg(feature = "full")]
        quick: None,
        #[cfg(feature = "full")]
        csr: None,
        #[cfg(feature = "full")]
        blob: None,
        #[cfg(feature = "full")]
        next: None,
        #[cfg(feature = "full")]
        alias: None,
        #[cfg(feature = "full")]
        line: None,
        #[cfg(feature = "full")]
        orders: 1,
        endpoint: Endpoint { host: "10.0.2.2", port: 8443, server_name: "supplier.example.com", path: "/orders" },
        address: None,
        anchors: "root",
        identity: None,
        asks_late: false,
        time_server: None,
        patience: Duration::from_secs(20),
        retry: Retry { attempts: 3, pause: Duration::from_millis(100), longest: Duration::from_secs(1) },
        rx: usize::MAX,
        tx: usize::MAX,
        signer: Signer::Gateway,
        yields: true,
        overflow: false,
    };
    let line = semihosting::experimental::env::args::<LINE>().ok()?;
    // The first word is the name of the image.
    for word in (&line).skip(1) {
        let word = word.ok()?;
        if arguments.take(word).is_none() {
            defmt::error!("the argument '{}' is not understood", word);
            return None;
        }
    }
    Some(arguments)
}

impl Arguments {
    fn take(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=')?;
        let value = core::str::from_utf8(self.arena.keep(value.as_bytes())?).ok()?;
        match name {
            "role" => self.role = role(value)?,
            #[cfg(feature = "full")]
            "web" => self.web = Some(port_and_count(value)?),
            #[cfg(feature = "full")]
            "quick" => self.quick = Some(way(value)?),
            #[cfg(feature = "full")]
            "csr" => self.csr = Some(value),
            #[cfg(feature = "full")]
            "blob" => self.blob = Some(value),
            #[cfg(feature = "full")]
            "next" => self.next = Some(value),
            #[cfg(feature = "full")]
            "alias" => self.alias = Some(value),
            #[cfg(feature = "full")]
            "line" if value == "blob" => self.line = Some(crate::line::Line::start()),
            #[cfg(feature = "full")]
            "orders" => self.orders = value.parse().ok()?,
            "host" => self.endpoint.host = value,
            "port" => self.endpoint.port = value.parse().ok()?,
            "name" => self.endpoint.server_name = value,
            "path" => self.endpoint.path = value,
            "address" => self.address = Some(value.parse().ok()?),
            "anchors" => self.anchors = value,
            "identity" => self.identity = Some(value),
            "asks" if value == "late" => self.asks_late = true,
            "time" => self.time_server = Some(gateway::time_server(value)?),
            "patience" => self.patience = milliseconds(value)?,
            "attempts" => self.retry.attempts = value.parse().ok()?,
            "rx" => self.rx = value.parse().ok()?,
            "tx" => self.tx = value.parse().ok()?,
            "pause" => self.retry.pause = milliseconds(value)?,
            "key" if value == "slow" => self.signer = Signer::AnotherTask,
            "yield" => self.yields = value != "no",
            "fault" => self.overflow = value == "overflow",
            _ => return None,
        }
        Some(())
    }
}

/// `gateway`, or `supplier:PORT:CONNECTIONS`.
fn role(value: &str) -> Option<Role> {
    if value == "gateway" {
        return Some(Role::Gateway);
    }
    let (port, connections) = port_and_count(value.strip_prefix("supplier:")?)?;
    Some(Role::Supplier { port, connections })
}

#[cfg(feature = "full")]
fn way(value: &str) -> Option<crate::quick::Way> {
    match value {
        "client" => Some(crate::quick::Way::Client),
        "dial" => Some(crate::quick::Way::Dial),
        _ => None,
    }
}

/// `PORT:CONNECTIONS`.
fn port_and_count(value: &str) -> Option<(u16, u16)> {
    let (port, connections) = value.split_once(':')?;
    Some((port.parse().ok()?, connections.parse().ok()?))
}

fn milliseconds(value: &str) -> Option<Duration> {
    value.parse().ok().map(Duration::from_millis)
}
