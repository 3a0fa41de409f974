//! Captures of traffic (pcap and pcapng): their packets, and the handshake of each TCP connection as a diagram.
//!
//! Only what everybody sees is shown: records with their sizes and times, messages and alerts in the clear. Packets that are lost in
//! the capture end the diagram of their connection.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::tap::{Direction, Kind, Log, Record, picture, visible};

/// The most connections that are drawn.
const MAX_CONNECTIONS: usize = 20;
/// The most flights of a connection that are drawn.
const MAX_FLIGHTS: usize = 24;

/// A capture.
pub(super) struct Traffic {
    /// Its kind, and how many packets it has.
    pub(super) what: String,
    /// The diagrams of its connections, in lines.
    pub(super) connections: Vec<Vec<String>>,
}

impl Traffic {
    /// Reads a capture; `None` if the bytes are none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut packets = Packets::of(bytes)?;
        let (mut count, mut connections) = (0_usize, Connections::default());
        for frame in &mut packets {
            count += 1;
            if let Some(segment) = Segment::read(&frame) {
                connections.take(&segment, frame.time);
            }
        }
        let form = if packets.is_next_generation { "pcapng" } else { "pcap" };
        let what = if packets.is_cut {
            format!("a capture of traffic ({form}) with {count} whole packets; its end is missing")
        } else {
            format!("a capture of traffic ({form}) with {count} packets")
        };
        Some(Self { what, connections: connections.drawn() })
    }
}

/// A packet as it was captured.
struct Frame<'c> {
    link: u32,
    time: Duration,
    bytes: &'c [u8],
}

/// The packets of a capture, in their order.
struct Packets<'c> {
    bytes: &'c [u8],
    at: usize,
    is_little: bool,
    is_next_generation: bool,
    /// The capture ends within a packet.
    is_cut: bool,
    /// The kind of link of each interface, and its units of time in a second.
    links: Vec<(u32, u64)>,
}

impl<'c> Packets<'c> {
    fn of(bytes: &'c [u8]) -> Option<Self> {
        let (is_next_generation, is_little, units) = match bytes {
            [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, 0x4d, 0x3c, 0x2b, 0x1a, ..] => (true, true, 0),
            [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, 0x1a, 0x2b, 0x3c, 0x4d, ..] => (true, false, 0),
            [0xd4, 0xc3, 0xb2, 0xa1, ..] => (false, true, 1_000_000),
            [0x4d, 0x3c, 0xb2, 0xa1, ..] => (false, true, 1_000_000_000),
            [0xa1, 0xb2, 0xc3, 0xd4, ..] => (false, false, 1_000_000),
            [0xa1, 0xb2, 0x3c, 0x4d, ..] => (false, false, 1_000_000_000),
            _ => return None,
        };
        let mut packets = Self { bytes, at: 0, is_little, is_next_generation, is_cut: false, links: Vec::new() };
        if !is_next_generation {
            packets.links.push((packets.word(20).unwrap_or_default(), units));
            packets.at = 24;
        }
        Some(packets)
    }

    /// Reads a number at a place behind the current one.
    fn word(&self, offset: usize) -> Option<u32> {
        let word = *self.bytes.get(self.at + offset..)?.first_chunk::<4>()?;
        Some(if self.is_little { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) })
    }

    fn half(&self, offset: usize) -> Option<u16> {
        let half = *self.bytes.get(self.at + offset..)?.first_chunk::<2>()?;
        Some(if self.is_little { u16::from_le_bytes(half) } else { u16::from_be_bytes(half) })
    }

    fn size(&self, offset: usize) -> Option<usize> {
        self.word(offset).and_then(|size| usize::try_from(size).ok())
    }

    /// Takes the content of a packet, whose length is at one place and whose bytes begin at another.
    fn frame(&self, interface: usize, time: u64, length: usize, from: usize) -> Frame<'c> {
        let (link, units) = self.links.get(interface).copied().unwrap_or((u32::MAX, 1_000_000));
        let len = self.size(length).unwrap_or_default();
        let bytes = self.bytes.get(self.at + from..).unwrap_or_default();
        let nanoseconds = u128::from(time) * 1_000_000_000 / u128::from(units.max(1));
        Frame {
            link,
            time: Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)),
            bytes: bytes.get(..len).unwrap_or(bytes),
        }
    }

    /// Reads the next packet of pcap, with its length.
    fn classic(&self) -> Option<(Option<Frame<'c>>, usize)> {
        let units = self.links.first().map_or(1, |(_, units)| *units);
        let time = u64::from(self.word(0)?) * units + u64::from(self.word(4)?);
        Some((Some(self.frame(0, time, 8, 16)), self.size(8)? + 16))
    }

    /// Reads the next block of pcapng, with its length: an enhanced, a simple and an obsolete one have a packet each.
    fn block(&mut self) -> Option<(Option<Frame<'c>>, usize)> {
        let (kind, len) = (self.word(0)?, self.size(4)?);
        if len < 12 {
            return None;
        }
        let time = || Some(u64::from(self.word(12)?) << 32 | u64::from(self.word(16)?));
        let frame = match kind {
            6 => Some(self.frame(self.size(8)?, time()?, 20, 28)),
            3 => Some(self.frame(0, 0, 8, 12)),
            2 => Some(self.frame(self.half(8)?.into(), time()?, 20, 28)),
            1 => {
                let link = self.half(8)?.into();
                self.links.push((link, self.resolution(len)));
                None
            }
            _ => None,
        };
        Some((frame, len))
    }

    /// Returns the units of time in a second of an interface: the option `if_tsresol`, microseconds by default.
    fn resolution(&self, len: usize) -> u64 {
        let mut at = 16;
        while at + 4 < len {
            let (Some(code), Some(size)) = (self.half(at), self.half(at + 2)) else { break };
            if let (9, Some(value)) = (code, self.bytes.get(self.at + at + 4)) {
                let (base, exponent) = if value & 0x80 == 0 { (10_u64, *value) } else { (2, value & 0x7f) };
                return base.checked_pow(exponent.into()).unwrap_or(u64::MAX);
            }
            at += 4 + usize::from(size).next_multiple_of(4);
        }
        1_000_000
    }
}

impl<'c> Iterator for Packets<'c> {
    type Item = Frame<'c>;

    fn next(&mut self) -> Option<Frame<'c>> {
        while !self.is_cut && self.at < self.bytes.len() {
            let read = if self.is_next_generation { self.block() } else { self.classic() };
            let Some((frame, len)) = read.filter(|(_, len)| self.at + len <= self.bytes.len()) else {
                self.is_cut = true;
                break;
            };
            self.at += len;
            if frame.is_some() {
                return frame;
            }
        }
        None
    }
}

/// A segment of TCP.
struct Segment<'c> {
    from: SocketAddr,
    to: SocketAddr,
    number: u32,
    flags: u8,
    data: &'c [u8],
}

/// The number of TCP as a protocol of IP.
const TCP: u8 = 6;
const SYN: u8 = 2;
const RESET: u8 = 4;
const ACK: u8 = 0x10;

impl<'c> Segment<'c> {
    fn read(frame: &Frame<'c>) -> Option<Self> {
        let packet = match frame.link {
            // Ethernet, perhaps with a VLAN.
            1 => match frame.bytes.get(12..14)? {
                [0x81, 0] => frame.bytes.get(18..)?,
                _ => frame.bytes.get(14..)?,
            },
            0 | 108 => frame.bytes.get(4..)?,
            12 | 14 | 101 => frame.bytes,
            113 => frame.bytes.get(16..)?,
            276 => frame.bytes.get(20..)?,
            _ => return None,
        };
        let address = |from: usize, len: usize| -> Option<IpAddr> {
            let bytes = packet.get(from..from + len)?;
            let short = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            short.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
        };
        let half = |at: usize| Some(usize::from(u16::from_be_bytes(*packet.get(at..)?.first_chunk()?)));
        let (from, to, head, end) = match packet.first()? >> 4 {
            4 if packet.get(9) == Some(&TCP) => {
                (address(12, 4)?, address(16, 4)?, usize::from(packet.first()? & 15) * 4, half(2)?)
            }
            6 if packet.get(6) == Some(&TCP) => (address(8, 16)?, address(24, 16)?, 40, half(4)? + 40),
            _ => return None,
        };
        // A length of 0 was left to the network card.
        let end = if end == 0 { packet.len() } else { end.min(packet.len()) };
        let segment = packet.get(head..end)?;
        let port = |at: usize| Some(u16::from_be_bytes(*segment.get(at..)?.first_chunk()?));
        Some(Self {
            from: SocketAddr::new(from, port(0)?),
            to: SocketAddr::new(to, port(2)?),
            number: u32::from_be_bytes(*segment.get(4..)?.first_chunk()?),
            flags: *segment.get(13)?,
            data: segment.get(usize::from(segment.get(12)? >> 4) * 4..)?,
        })
    }
}

/// The connections of a capture.
#[derive(Default)]
struct Connections {
    all: Vec<Connection>,
    /// The last connection between two ends.
    current: BTreeMap<(SocketAddr, SocketAddr), usize>,
}

/// A connection of TCP.
struct Connection {
    client: SocketAddr,
    server: SocketAddr,
    begun: Duration,
    log: Log,
    /// The time of each record.
    times: Vec<Duration>,
    /// The numbers that come next from client and server.
    next: [Option<u32>; 2],
    /// Segments that have overtaken others.
    ahead: [BTreeMap<u32, Vec<u8>>; 2],
    /// The side that has reset the connection.
    reset: Option<(Direction, Duration)>,
}

impl Connections {
    /// Takes the next segment.
    fn take(&mut self, segment: &Segment<'_>, time: Duration) {
        let (from, to) = (segment.from, segment.to);
        let is_begin = segment.flags & (SYN | ACK) == SYN;
        let known = [(from, to), (to, from)].into_iter().find_map(|ends| self.current.get(&ends).copied());
        let place = match known {
            Some(place) if !is_begin => place,
            _ => {
                let (client, server) = if segment.flags & (SYN | ACK) == SYN | ACK { (to, from) } else { (from, to) };
                self.current.remove(&(server, client));
                self.current.insert((client, server), self.all.len());
                self.all.push(Connection::begun(client, server, time));
                self.all.len() - 1
            }
        };
        if let Some(connection) = self.all.get_mut(place) {
            connection.take(segment, time);
        }
    }

    /// Draws the connections with records of TLS.
    fn drawn(&self) -> Vec<Vec<String>> {
        let with_records: Vec<_> = self.all.iter().filter(|connection| !connection.times.is_empty()).collect();
        let mut drawn: Vec<_> =
            with_records.iter().take(MAX_CONNECTIONS).map(|connection| connection.drawn()).collect();
        let more = with_records.len().saturating_sub(MAX_CONNECTIONS);
        if more != 0 {
            drawn.push(vec![format!("and {more} more connections")]);
        }
        drawn
    }
}

impl Connection {
    fn begun(client: SocketAddr, server: SocketAddr, begun: Duration) -> Self {
        let log = Log::default();
        let ahead = [BTreeMap::new(), BTreeMap::new()];
        Self { client, server, begun, log, times: Vec::new(), next: [None; 2], ahead, reset: None }
    }

    /// Takes the next segment, which may be a repetition, or come before another one.
    fn take(&mut self, segment: &Segment<'_>, time: Duration) {
        let direction = if segment.from == self.client { Direction::Sent } else { Direction::Received };
        if segment.flags & RESET != 0 {
            self.reset = self.reset.or(Some((direction, time)));
        }
        let [of_client, of_server] = &mut self.next;
        let [client_ahead, server_ahead] = &mut self.ahead;
        let (next, ahead) = match direction {
            Direction::Sent => (of_client, client_ahead),
            Direction::Received => (of_server, server_ahead),
        };
        let number = if segment.flags & SYN == 0 { segment.number } else { segment.number.wrapping_add(1) };
        let mut wanted = *next.get_or_insert(number);
        if !segment.data.is_empty() {
            let kept = ahead.entry(number).or_default();
            if segment.data.len() > kept.len() {
                *kept = segment.data.to_vec();
            }
        }
        loop {
            let ready = ahead.iter().find_map(|(number, data)| {
                let seen = usize::try_from(wanted.wrapping_sub(*number)).ok()?;
                let is_ready = !is_ahead(*number, wanted);
                is_ready.then(|| (*number, data.get(seen..).unwrap_or_default().to_vec()))
            });
            let Some((number, data)) = ready else { break };
            ahead.remove(&number);
            wanted = wanted.wrapping_add(u32::try_from(data.len()).unwrap_or_default());
            self.log.pass(direction, &data);
        }
        *next = Some(wanted);
        self.times.resize(self.log.count(), time);
    }

    /// Draws it: its ends, and its flights with their times.
    fn drawn(&self) -> Vec<String> {
        let mut place = 0;
        let since = |time: Duration| format!("{:.1} ms", time.saturating_sub(self.begun).as_secs_f64() * 1000.0);
        let text = picture(&self.log, "client", "server", |flight| {
            let time = self.times.get(place).copied().unwrap_or_default();
            place += flight.len();
            format!("{}: {}", since(time), content(flight))
        });
        let mut lines = vec![format!("{} to {}", self.client, self.server)];
        let flights = self.log.flights().count();
        // A line of names, and one for each flight: no label is so long that it is broken.
        lines.extend(text.lines().take(1 + MAX_FLIGHTS).map(str::to_owned));
        if flights > MAX_FLIGHTS {
            lines.push(format!("  and {} more flights", flights - MAX_FLIGHTS));
        }
        if let Some((direction, time)) = self.reset {
            let who = if direction == Direction::Sent { "client" } else { "server" };
            lines.push(format!("  {}: the {who} resets the connection", since(time)));
        }
        lines
    }
}

/// Returns whether a number comes behind the one that is wanted.
fn is_ahead(number: u32, wanted: u32) -> bool {
    let distance = number.wrapping_sub(wanted);
    distance != 0 && distance < 1 << 31
}

/// Names the content of a flight, as far as everybody sees it.
fn content(flight: &[Record]) -> String {
    if flight.iter().any(|record| record.kind == Kind::Encrypted) { "encrypted".to_owned() } else { visible(flight) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Capture, End};
    use std::sync::{Arc, Mutex};

    /// A file in memory.
    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Out {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Returns what is told of a capture that our programs have written.
    fn told(talk: impl FnOnce(&Capture<Out>)) -> (String, Vec<Vec<String>>) {
        let out = Out::default();
        talk(&Capture::new(out.clone()).unwrap());
        let Traffic { what, connections } = Traffic::read(&out.0.lock().unwrap()).unwrap();
        (what, connections)
    }

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3][..], &length, body].concat()
    }

    #[test]
    fn each_connection_of_a_capture_is_drawn_with_its_flights_and_alerts() {
        let (what, connections) = told(|capture| {
            let mut first = capture.conversation(End::Client);
            first.sent(&record(22, &[&[1, 0, 7, 208][..], &[0; 2000]].concat()));
            first.received(&[record(22, &[2, 0, 0, 90, 3, 3, 1]), record(20, &[1]), record(23, &[0; 1200])].concat());
            first.sent(&record(23, &[0; 700]));
            let mut second = capture.conversation(End::Server);
            second.received(&record(22, &[1, 0, 0, 60]));
            second.sent(&record(21, &[2, 40]));
        });
        assert!(what.starts_with("a capture of traffic (pcap) with "), "{what}");
        let [first, second] = &connections[..] else { panic!("{connections:?}") };
        let [first, second] = [first, second].map(|lines| lines.join("\n"));
        for words in [
            "10.0.0.1:50000 to 10.0.0.2:443",
            "ms: ClientHello ─",
            "─ 2,009 bytes ──▶│",
            "│◀── ",
            "ms: ServerHello, change_cipher_spec ─",
            "ms: encrypted ═",
            "═ 705 bytes ══▶│",
        ] {
            assert!(first.contains(words), "'{words}': {first}");
        }
        assert!(second.contains("10.0.0.1:50001 to ") && second.contains("alert 40 (handshake_failure)"), "{second}");
    }

    #[test]
    fn segments_that_are_repeated_or_overtake_each_other_are_put_in_order() {
        let ends = [([10, 0, 0, 1], 1), ([10, 0, 0, 2], 443)].map(SocketAddr::from);
        let hello = record(22, &[&[1, 0, 0, 60][..], &[0; 60]].concat());
        let mut connections = Connections::default();
        let mut take = |number: u32, flags, data: &[u8]| {
            let segment = Segment { from: ends[0], to: ends[1], number, flags, data };
            connections.take(&segment, Duration::ZERO);
        };
        let begin = u32::MAX - 10;
        take(begin, SYN, &[]);
        let at = |place: usize| begin.wrapping_add(1 + u32::try_from(place).unwrap());
        take(at(0), ACK, &hello[..20]);
        take(at(40), ACK, &hello[40..]);
        take(at(0), ACK, &hello[..20]);
        take(at(10), ACK, &hello[10..45]);
        take(at(69), ACK, &[]);
        let [connection] = &connections.all[..] else { panic!("one connection") };
        assert_eq!(connection.log.total(Direction::Sent), (hello.len(), 1));
        assert_eq!(connection.next[0], Some(at(hello.len())));
        assert!(connection.ahead[0].is_empty());
    }
}
