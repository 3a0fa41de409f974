//! Captures of the simulated network for Wireshark and tshark, in the format of pcapng.
//!
//! ```text
//! capture   [ section header | interface | secrets: the key log | packet | packet | … ]
//! packet    [ time, length | IPv4 header | TCP header | bytes as they passed | comment: what the network did to it ]
//! ```
//! Packets are taken where they are sent, so a lost one is there as well. The supplier is 10.0.0.1:443, gateway n is
//! 10.1.0.0 + n, and each connection has its own port. The secrets are in the capture: it is decrypted as it is opened.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::time::Duration;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use embedded_mtls::{KeyLog, KeyLogLine};
use etherparse::PacketBuilder;

use crate::pki::START;

/// Packets that begin with an IP header (`LINKTYPE_RAW`).
const RAW_IP: u16 = 101;
/// Secrets that are an NSS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// The address of the supplier, and that of the first gateway.
const SUPPLIER: u32 = 0x0a00_0001;
const GATEWAYS: u32 = 0x0a01_0000;

/// The packets of some gateways with the secrets of their connections, as a file for Wireshark.
#[derive(Clone, PartialEq, Eq)]
pub struct Capture(Vec<u8>);

impl Capture {
    /// Returns the file, whose name usually ends with `.pcapng`.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capture({} bytes)", self.0.len())
    }
}

/// The secrets of connections, one a line.
#[derive(Default)]
pub struct Secrets(Mutex<String>);

impl KeyLog for Secrets {
    fn secret(&self, line: &KeyLogLine<'_>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
}

/// A capture that is being made.
#[derive(Default)]
pub struct Tap {
    packets: RefCell<Vec<Packet>>,
    connections: Cell<u16>,
    secrets: Arc<Secrets>,
}

struct Packet {
    time: Duration,
    bytes: Vec<u8>,
    comment: String,
}

/// A connection in a capture.
pub(crate) struct Conversation {
    tap: Rc<Tap>,
    gateway: u32,
    port: u16,
    /// The bytes that the gateway and the supplier have sent.
    sent: [Cell<u32>; 2],
    /// The bytes that the gateway and the supplier have read.
    read: [Cell<u32>; 2],
}

/// The kind of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'b> {
    /// It opens the connection, or answers that.
    Open,
    /// It has bytes of the connection.
    Data(&'b [u8]),
    /// It is the last one of its side.
    Close,
    /// It breaks the connection.
    Reset,
}

impl Tap {
    /// Begins a connection of a gateway. The first packet of each side has yet to be noted.
    pub(crate) fn conversation(self: &Rc<Self>, gateway: u32) -> Conversation {
        let number = self.connections.get();
        self.connections.set(number.wrapping_add(1));
        let port = 0xc000 | number;
        Conversation { tap: Rc::clone(self), gateway, port, sent: <[_; 2]>::default(), read: <[_; 2]>::default() }
    }

    /// Returns where clients write their secrets.
    pub fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(&self.secrets)
    }

    /// Makes the file.
    pub fn finish(&self) -> Capture {
        let mut packets = self.packets.take();
        // Those that are sent again were noted early.
        packets.sort_by_key(|packet| packet.time);
        let secrets = self.secrets.0.lock().unwrap_or_else(PoisonError::into_inner);
        let length = u32::try_from(secrets.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut file = Vec::new();
        // Byte order, version 1.0, a section of unknown length.
        block(&mut file, 0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes(), &[1, 0, 0, 0], &[0xff; 8]]);
        block(&mut file, 1, &[&RAW_IP.to_le_bytes(), &[0; 6]]);
        block(&mut file, 10, &[&TLS_KEY_LOG.to_le_bytes(), &length, padded(secrets.as_bytes()).as_slice()]);
        for packet in &packets {
            packet.write(&mut file);
        }
        Capture(file)
    }
}

impl Packet {
    fn write(&self, file: &mut Vec<u8>) {
        let start = Duration::from_secs(u64::try_from(START.0).unwrap_or(0));
        let time = u64::try_from((start + self.time).as_micros()).unwrap_or(u64::MAX).to_le_bytes();
        let (low, high) = time.split_at(4);
        let length = u32::try_from(self.bytes.len()).unwrap_or(0).to_le_bytes();
        let bytes = padded(&self.bytes);
        let mut options = Vec::new();
        if !self.comment.is_empty() {
            let length = u16::try_from(self.comment.len()).unwrap_or(0).to_le_bytes();
            // A comment, and the end of the options.
            options = [&[1, 0], &length[..], &padded(self.comment.as_bytes()), &[0; 4]].concat();
        }
        block(file, 6, &[&[0; 4], high, low, &length, &length, &bytes, &options]);
    }
}

/// Writes a block of a file.
fn block(file: &mut Vec<u8>, kind: u32, parts: &[&[u8]]) {
    let body = parts.concat();
    let length = u32::try_from(body.len() + 12).unwrap_or(0).to_le_bytes();
    file.extend([&kind.to_le_bytes(), &length[..], &body, &length].concat());
}

/// Returns bytes that end at a multiple of four.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

impl Conversation {
    /// Notes that an end has read bytes.
    pub(crate) fn read(&self, is_gateway: bool, count: usize) {
        let read = &self.read[usize::from(!is_gateway)];
        read.set(read.get().wrapping_add(u32::try_from(count).unwrap_or(0)));
    }

    /// Notes a packet that an end sends at each of these times, with a comment on it.
    pub(crate) fn packet(&self, is_gateway: bool, kind: Kind<'_>, times: &[(Duration, String)]) {
        let (own, other) = (usize::from(!is_gateway), usize::from(is_gateway));
        let gateway = GATEWAYS.wrapping_add(self.gateway).to_be_bytes();
        let (addresses, ports) = if is_gateway {
            ((gateway, SUPPLIER.to_be_bytes()), (self.port, 443))
        } else {
            ((SUPPLIER.to_be_bytes(), gateway), (443, self.port))
        };
        let (sent, acknowledged) = (self.sent[own].get(), self.read[own].get());
        debug_assert!(acknowledged <= self.sent[other].get());
        // The first packet of each side counts as one byte.
        let number = if kind == Kind::Open { sent } else { sent.wrapping_add(1) };
        let builder = PacketBuilder::ipv4(addresses.0, addresses.1, 64).tcp(ports.0, ports.1, number, 0xffff);
        let (builder, payload) = match kind {
            Kind::Open => (builder.syn(), &[][..]),
            Kind::Data(bytes) => (builder.psh(), bytes),
            Kind::Close => (builder.fin(), &[][..]),
            Kind::Reset => (builder.rst(), &[][..]),
        };
        // Only the very first packet has nothing to acknowledge.
        let builder =
            if kind == Kind::Open && is_gateway { builder } else { builder.ack(acknowledged.wrapping_add(1)) };
        let mut bytes = Vec::new();
        if builder.write(&mut bytes, payload).is_err() {
            return;
        }
        self.sent[own].set(sent.wrapping_add(u32::try_from(payload.len()).unwrap_or(0)));
        let packets =
            times.iter().map(|(time, comment)| Packet { time: *time, bytes: bytes.clone(), comment: comment.clone() });
        self.tap.packets.borrow_mut().extend(packets);
    }
}
