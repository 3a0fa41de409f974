//! A socket that lists the TLS records that pass, and a diagram of that list.
//!
//! The type and length of records are visible to everyone (RFC 9846 section 5.1). The content of encrypted ones is
//! known to the two ends only: the caller provides it for the diagram.

use std::cell::RefCell;
use std::rc::Rc;

use embedded_io::{ErrorType, Read, Write};
use embedded_mtls::AlertDescription;

use super::report::thousands;

/// The direction of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From this side to the other one.
    Sent,
    /// From the other side to this one.
    Received,
}

/// The visible kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Type 22, unencrypted, with this message first.
    Handshake(&'static str),
    /// Type 20: no meaning in TLS 1.3.
    ChangeCipherSpec,
    /// Type 21, unencrypted, with its description.
    Alert(Option<u8>),
    /// Type 23: encrypted content of any type.
    Encrypted,
    /// No type of TLS.
    Unknown,
}

/// A record that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its direction.
    pub(crate) direction: Direction,
    /// Its kind.
    pub(crate) kind: Kind,
    /// Bytes on the wire, with the header.
    pub(crate) bytes: usize,
    /// The phase in which it passed, counted from 0.
    pub(crate) phase: usize,
}

/// The records that passed, in order.
#[derive(Debug, Default)]
pub(crate) struct Log {
    records: Vec<Record>,
    sent: Splitter,
    received: Splitter,
    phase: usize,
}

impl Log {
    /// Starts the next phase, to which all later records belong.
    pub(crate) fn next_phase(&mut self) {
        self.phase += 1;
    }

    /// Returns the number of bytes and records in this direction.
    pub(crate) fn total(&self, direction: Direction) -> (usize, usize) {
        let records = self.records.iter().filter(|record| record.direction == direction);
        records.fold((0, 0), |(bytes, count), record| (bytes + record.bytes, count + 1))
    }

    /// Groups adjacent records of the same direction and phase, encrypted or not.
    pub(crate) fn flights(&self) -> impl Iterator<Item = &[Record]> {
        let alike = |a: &Record| (a.direction, a.phase, a.kind == Kind::Encrypted);
        self.records.chunk_by(move |a, b| alike(a) == alike(b))
    }

    /// Returns the number of records.
    pub(crate) fn count(&self) -> usize {
        self.records.len()
    }

    /// Takes bytes that pass.
    pub(crate) fn pass(&mut self, direction: Direction, bytes: &[u8]) {
        let splitter = match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        };
        for byte in bytes {
            if let Some((kind, bytes)) = splitter.feed(*byte) {
                self.records.push(Record { direction, kind, bytes, phase: self.phase });
            }
        }
    }
}

/// Finds the boundaries of records in a stream.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// The first bytes of the record: header, message type and length, version, random of a hello.
    head: Vec<u8>,
    /// Number of bytes of the record so far.
    seen: usize,
}

impl Splitter {
    /// Number of bytes that suffice to recognize a `HelloRetryRequest`.
    const HEAD: usize = 5 + 4 + 2 + 4;

    /// Takes the next byte; with the last one of a record, returns its kind and size.
    pub(crate) fn feed(&mut self, byte: u8) -> Option<(Kind, usize)> {
        let size = self.announced(byte)?;
        (self.seen == size).then(|| (kind(&self.head), size))
    }

    /// Takes the next byte; returns the size that the record has by its header, once that is there.
    fn announced(&mut self, byte: u8) -> Option<usize> {
        if self.size() == Some(self.seen) {
            *self = Self::default();
        }
        if self.head.len() < Self::HEAD {
            self.head.push(byte);
        }
        self.seen += 1;
        self.size()
    }

    /// Takes the next byte; returns the size of the record if its header is there and it is protected.
    pub(crate) fn protected(&mut self, byte: u8) -> Option<usize> {
        let size = self.announced(byte)?;
        (kind(&self.head) == Kind::Encrypted).then_some(size)
    }

    fn size(&self) -> Option<usize> {
        let &[_, _, _, high, low, ..] = self.head.as_slice() else { return None };
        Some(5 + usize::from(u16::from_be_bytes([high, low])))
    }
}

/// Determines the kind of a record from its first bytes.
fn kind(head: &[u8]) -> Kind {
    match head {
        [20, ..] => Kind::ChangeCipherSpec,
        [21, _, _, 0, 2, _, description, ..] => Kind::Alert(Some(*description)),
        [21, ..] => Kind::Alert(None),
        [22, _, _, _, _, 1, ..] => Kind::Handshake("ClientHello"),
        // RFC 9846 section 4.2.3: a HelloRetryRequest is a ServerHello with a fixed random.
        [22, _, _, _, _, 2, _, _, _, _, _, 0xcf, 0x21, 0xad, 0x74, ..] => Kind::Handshake("HelloRetryRequest"),
        [22, _, _, _, _, 2, ..] => Kind::Handshake("ServerHello"),
        [22, ..] => Kind::Handshake("handshake"),
        [23, ..] => Kind::Encrypted,
        _ => Kind::Unknown,
    }
}

/// A stream whose records are listed.
pub(crate) struct Tap<S> {
    stream: S,
    log: Rc<RefCell<Log>>,
}

impl<S> Tap<S> {
    /// Lists the records that pass through `stream`. The list can be read while the stream is in use.
    pub(crate) fn new(stream: S) -> (Self, Rc<RefCell<Log>>) {
        let log = Rc::new(RefCell::new(Log::default()));
        (Self { stream, log: Rc::clone(&log) }, log)
    }
}

impl<S: ErrorType> ErrorType for Tap<S> {
    type Error = S::Error;
}

impl<S: Read> Read for Tap<S> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, S::Error> {
        let read = self.stream.read(buf)?;
        self.log.borrow_mut().pass(Direction::Received, buf.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<S: Write> Write for Tap<S> {
    fn write(&mut self, buf: &[u8]) -> Result<usize, S::Error> {
        let written = self.stream.write(buf)?;
        self.log.borrow_mut().pass(Direction::Sent, buf.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> Result<(), S::Error> {
        self.stream.flush()
    }
}

/// Number of columns between the two lifelines of the diagram.
const WIDTH: usize = 76;

/// Draws the flights between `left`, this side, and `right`, the other one. `content` names the content of a flight.
pub(crate) fn picture(log: &Log, left: &str, right: &str, mut content: impl FnMut(&[Record]) -> String) -> String {
    let mut lines = vec![format!("  {left}{right:>width$}", width = WIDTH + 2 - left.chars().count())];
    for flight in log.flights() {
        let Some(first) = flight.first() else { continue };
        let encrypted = first.kind == Kind::Encrypted;
        lines.append(&mut arrow(&content(flight), &sizes(flight), first.direction, if encrypted { '═' } else { '─' }));
    }
    lines.join("\n") + "\n"
}

/// Names the content of an unencrypted flight.
pub(crate) fn visible(flight: &[Record]) -> String {
    let name = |record: &Record| match record.kind {
        Kind::Handshake(message) => message.to_owned(),
        Kind::ChangeCipherSpec => "change_cipher_spec".to_owned(),
        Kind::Alert(Some(number)) => format!("alert {number} ({:?})", AlertDescription(number)),
        Kind::Alert(None) => "alert".to_owned(),
        Kind::Encrypted | Kind::Unknown => "unknown".to_owned(),
    };
    flight.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Formats the size of each record, and their sum.
fn sizes(flight: &[Record]) -> String {
    let sum = thousands(flight.iter().map(|record| record.bytes).sum());
    if let [_] = flight {
        return format!("{sum} bytes");
    }
    format!("{} records, {sum} bytes", flight.len())
}

/// Draws a message from one lifeline to the other: the label on as many lines as it needs, with the arrow after the
/// last one.
fn arrow(label: &str, sizes: &str, direction: Direction, shaft: char) -> Vec<String> {
    let taken = sizes.chars().count() + 10;
    let mut wrapped = wrap(label, WIDTH - taken - 2);
    let last = wrapped.pop().unwrap_or_default();
    let fill: String = core::iter::repeat_n(shaft, WIDTH - taken - last.chars().count()).collect();
    let (left, right) = match direction {
        Direction::Sent => (shaft, '▶'),
        Direction::Received => ('◀', shaft),
    };
    let text = wrapped.into_iter().map(|line| format!("  │    {line:<width$}│", width = WIDTH - 4));
    let arrow = format!("  │{left}{shaft}{shaft} {last} {fill} {sizes} {shaft}{shaft}{right}│");
    text.chain([arrow]).collect()
}

/// Breaks a text at spaces into lines of at most `room` characters.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3][..], &length, body].concat()
    }

    fn log(parts: &[(Direction, Vec<u8>)], step: usize) -> Log {
        let mut log = Log::default();
        for (direction, bytes) in parts {
            for piece in bytes.chunks(step) {
                log.pass(*direction, piece);
            }
        }
        log
    }

    fn handshake() -> Vec<(Direction, Vec<u8>)> {
        let hello = record(22, &[&[1, 0, 0, 60][..], &[0; 60]].concat());
        let retry = record(22, &[2, 0, 0, 60, 3, 3, 0xcf, 0x21, 0xad, 0x74, 0xe5]);
        let server = [record(22, &[2, 0, 0, 90, 3, 3, 1]), record(20, &[1]), record(23, &[0; 1200])].concat();
        vec![
            (Direction::Sent, hello.clone()),
            (Direction::Received, retry),
            (Direction::Sent, [record(20, &[1]), hello].concat()),
            (Direction::Received, server),
            (Direction::Sent, [record(23, &[0; 700]), record(23, &[])].concat()),
        ]
    }

    #[test]
    fn records_are_found_however_they_are_cut() {
        let whole = log(&handshake(), usize::MAX);
        assert_eq!(whole.records, log(&handshake(), 1).records);
        let kinds: Vec<_> = whole.records.iter().map(|record| record.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Handshake("ClientHello"),
                Kind::Handshake("HelloRetryRequest"),
                Kind::ChangeCipherSpec,
                Kind::Handshake("ClientHello"),
                Kind::Handshake("ServerHello"),
                Kind::ChangeCipherSpec,
                Kind::Encrypted,
                Kind::Encrypted,
                Kind::Encrypted,
            ]
        );
        assert_eq!(whole.total(Direction::Received), (16 + 12 + 6 + 1205, 4));
    }

    #[test]
    fn the_picture_is_as_wide_in_every_line() {
        let picture = picture(&log(&handshake(), 99), "gateway", "supplier", |flight| {
            if flight.iter().all(|record| record.kind != Kind::Encrypted) {
                return visible(flight);
            }
            format!("{} and a text that is long enough to be broken into two lines or three", flight.len())
        });
        let lines: Vec<_> = picture.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() == WIDTH + 4), "{picture}");
        assert!(picture.contains("│─── ClientHello ────"), "{picture}");
        assert!(picture.contains("──── 69 bytes ──▶│"), "{picture}");
        assert!(picture.contains("│◀── ServerHello, change_cipher_spec ─"), "{picture}");
        assert!(picture.contains("═ 2 records, 710 bytes ══▶│"), "{picture}");
    }
}
