//! Captures of the traffic for Wireshark and tshark: `pcap` files with made-up addresses and port numbers.
//!
//! ```text
//! capture   [ file header | packet | packet | … ]
//! packet    [ time, length | IPv4 header | TCP header | bytes as they passed ]
//! ```
//! The client is 10.0.0.1, the server 10.0.0.2:443; each connection has its own client port. The key log of the
//! connection (`--keylog`) decrypts the records.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Bytes in one packet: as many as fit into an Ethernet frame.
const SEGMENT: usize = 1460;
/// Packets that begin with an IP header (`LINKTYPE_RAW`).
const RAW_IP: u32 = 101;
const PORTS: [u16; 2] = [50_000, 443];

const SYN: u8 = 2;
const ACK: u8 = 0x10;
const FIN: u8 = 1;
const PUSH: u8 = 8;

/// A capture that several connections write to.
#[derive(Clone)]
pub struct Capture<W = File>(Arc<Mutex<Shared<W>>>);

struct Shared<W> {
    out: W,
    connections: u16,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// One connection in a capture. Write errors lose packets of the capture and do not affect the connection.
pub struct Conversation<W: Write = File> {
    capture: Capture<W>,
    /// The end that this program plays.
    ours: End,
    client_port: u16,
    /// The next sequence number of client and server.
    next: [u32; 2],
}

impl Capture<File> {
    /// Creates a file, replacing any of the same name.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &str) -> io::Result<Self> {
        Self::new(File::create(path)?)
    }
}

impl<W: Write> Capture<W> {
    /// Starts a capture.
    ///
    /// # Errors
    /// The header of the file cannot be written.
    pub fn new(mut out: W) -> io::Result<Self> {
        let version = [2_u16, 4].map(u16::to_be_bytes);
        let rest = [0, 0, 0xffff, RAW_IP].map(u32::to_be_bytes);
        out.write_all(&[&0xa1b2_c3d4_u32.to_be_bytes(), version.as_flattened(), rest.as_flattened()].concat())?;
        Ok(Self(Arc::new(Mutex::new(Shared { out, connections: 0 }))))
    }

    /// Adds a connection of this program to the capture.
    pub fn conversation(&self, ours: End) -> Conversation<W> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client_port = PORTS[0].wrapping_add(shared.connections);
        shared.connections = shared.connections.wrapping_add(1);
        drop(shared);
        let mut conversation = Conversation { capture: Self(Arc::clone(&self.0)), ours, client_port, next: [0; 2] };
        conversation.packet(End::Client, SYN, &[]);
        conversation.packet(End::Server, SYN | ACK, &[]);
        conversation.packet(End::Client, ACK, &[]);
        conversation
    }
}

impl<W: Write> Conversation<W> {
    /// Records bytes that we have sent.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.pass(self.ours, bytes);
    }

    /// Records bytes that we have received.
    pub fn received(&mut self, bytes: &[u8]) {
        let theirs = if self.ours == End::Client { End::Server } else { End::Client };
        self.pass(theirs, bytes);
    }

    fn pass(&mut self, from: End, bytes: &[u8]) {
        for segment in bytes.chunks(SEGMENT) {
            self.packet(from, PUSH | ACK, segment);
        }
    }

    fn packet(&mut self, from: End, flags: u8, bytes: &[u8]) {
        let (source, destination) = match from {
            End::Client => (0, 1),
            End::Server => (1, 0),
        };
        let acknowledged = if flags & ACK == 0 { 0 } else { self.next[destination] };
        let ports = [self.client_port, PORTS[1]];
        let packet = ip(
            [source, destination].map(|end| [10, 0, 0, if end == 0 { 1 } else { 2 }]),
            &tcp([ports[source], ports[destination]], [self.next[source], acknowledged], flags, bytes),
        );
        let taken = u32::try_from(bytes.len()).unwrap_or(0) + u32::from(flags & (SYN | FIN) != 0);
        self.next[source] = self.next[source].wrapping_add(taken);
        self.write(&packet);
    }

    fn write(&self, packet: &[u8]) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let length = u32::try_from(packet.len()).unwrap_or(0);
        let seconds = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
        let head = [seconds, now.subsec_micros(), length, length].map(u32::to_be_bytes);
        let mut shared = self.capture.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = shared.out.write_all(&[head.as_flattened(), packet].concat());
    }
}

impl<W: Write> Drop for Conversation<W> {
    fn drop(&mut self) {
        self.packet(End::Client, FIN | ACK, &[]);
        self.packet(End::Server, FIN | ACK, &[]);
    }
}

/// Makes an IPv4 packet (RFC 791 section 3.1) from the first address to the second.
fn ip(addresses: [[u8; 4]; 2], segment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + segment.len()).unwrap_or(0).to_be_bytes();
    let mut header = [&[0x45, 0], &length[..], &[0, 0, 0x40, 0, 64, 6, 0, 0], addresses.as_flattened()].concat();
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum);
    let mut packet = [&header, segment].concat();
    // The checksum covers the segment and a pseudo-header of addresses, protocol and length (RFC 9293 section 3.1).
    let length = u16::try_from(segment.len()).unwrap_or(0).to_be_bytes();
    let sum = checksum(&[addresses.as_flattened(), &[0, 6], &length, segment].concat());
    packet[36..38].copy_from_slice(&sum);
    packet
}

/// Makes a TCP segment (RFC 9293 section 3.1) with an empty checksum.
fn tcp(ports: [u16; 2], numbers: [u32; 2], flags: u8, bytes: &[u8]) -> Vec<u8> {
    let ports = ports.map(u16::to_be_bytes);
    let numbers = numbers.map(u32::to_be_bytes);
    [ports.as_flattened(), numbers.as_flattened(), &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0], bytes].concat()
}

/// Computes the Internet checksum (RFC 1071 section 1).
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap_or(0)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_1071() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), (!0xddf2_u16).to_be_bytes());
        assert_eq!(checksum(&[0xff]), [0x00, 0xff]);
        let packet = ip([[10, 0, 0, 1], [10, 0, 0, 2]], &tcp([1, 2], [3, 4], ACK, b"odd"));
        assert_eq!(checksum(&packet[..20]), [0, 0]);
        let pseudo = [&packet[12..20], &[0, 6, 0, 23], &packet[20..]].concat();
        assert_eq!(checksum(&pseudo), [0, 0]);
    }

    #[test]
    fn a_capture_has_the_beginning_and_the_end_and_the_bytes_of_a_conversation() {
        let capture = Capture::new(Vec::new()).unwrap();
        let mut conversation = capture.conversation(End::Client);
        conversation.sent(&[7; 2000]);
        conversation.received(b"yes");
        drop(conversation);
        let shared = capture.0.lock().unwrap();
        let (mut rest, mut packets) = (&shared.out[24..], Vec::new());
        while let Some((head, behind)) = rest.split_at_checked(16) {
            let length = usize::try_from(u32::from_be_bytes(head[8..12].try_into().unwrap())).unwrap();
            let (packet, behind) = behind.split_at(length);
            let number = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
            packets.push((packet[15], packet[33], number(24), number(28), packet.len() - 40));
            rest = behind;
        }
        let expected = [
            (1, SYN, 0, 0, 0),
            (2, SYN | ACK, 0, 1, 0),
            (1, ACK, 1, 1, 0),
            (1, PUSH | ACK, 1, 1, 1460),
            (1, PUSH | ACK, 1461, 1, 540),
            (2, PUSH | ACK, 1, 2001, 3),
            (1, FIN | ACK, 2001, 4, 0),
            (2, FIN | ACK, 4, 2002, 0),
        ];
        assert_eq!(packets, expected);
    }
}
