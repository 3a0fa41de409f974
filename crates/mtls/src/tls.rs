//! The core on a host: the memory and the values that it borrows, and a socket with a deadline.

use core::cell::Cell;
use core::time::Duration;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::rc::Rc;
use std::time::Instant;

use embedded_io::{ErrorType, Read, Write};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::events::Direction;
use embedded_mtls::io::std::Socket;
use embedded_mtls::x509::{PeerIdentity, TrustAnchor, Waived};
use embedded_mtls::{Buffers, Credential, Error, KeyHandle, Session, Side};
use mtls_pki::pem::{Identity, Pin};

use super::capture::Conversation;
pub use super::own_key::OwnKey;
use super::report::{Link, Peer, hex};
use super::tap::Splitter;
use super::watch::Watch;

/// The memory of one connection.
pub struct Memory<const RX: usize, const TX: usize, const PEER: usize> {
    rx: [u8; RX],
    tx: [u8; TX],
    peer: [u8; PEER],
}

/// Memory for any peer. Servers send records of up to 16,645 bytes, and long lists of certificate authorities before
/// them: `rx` holds two such records. `peer` holds the summaries of about 20 certificates.
pub type HostMemory = Memory<33_290, 4096, 8192>;

/// Memory of the size that a microcontroller has, for a peer that sends small records: 8 KiB for the whole connection.
pub type DeviceMemory = Memory<4096, 2048, 2048>;

impl<const RX: usize, const TX: usize, const PEER: usize> Default for Memory<RX, TX, PEER> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const RX: usize, const TX: usize, const PEER: usize> Memory<RX, TX, PEER> {
    /// Makes unused memory.
    pub const fn new() -> Self {
        Self { rx: [0; RX], tx: [0; TX], peer: [0; PEER] }
    }

    /// Lends the memory to a connection.
    pub const fn lend(&mut self) -> Buffers<'_> {
        Buffers { rx: &mut self.rx, tx: &mut self.tx, peer: &mut self.peer }
    }

    /// The sizes of the three buffers: `rx`, `tx`, and `peer`.
    pub const SIZES: [usize; 3] = [RX, TX, PEER];
}

/// Returns the chain of each identity in the form that [`credentials`] borrows.
pub fn chains(identities: &[Identity]) -> Vec<Vec<&[u8]>> {
    identities.iter().map(|identity| identity.chain.iter().map(Vec::as_slice).collect()).collect()
}

/// Makes a credential for each chain; its key handle is its index.
///
/// # Errors
/// A chain cannot be sent.
pub fn credentials<'a>(chains: &'a [Vec<&'a [u8]>]) -> Result<Vec<Credential<'a>>, Error> {
    (0..).zip(chains).map(|(place, chain)| Credential::new(chain, KeyHandle(place))).collect()
}

/// Returns the key of each identity.
///
/// # Errors
/// A kind of key that is not compiled in.
pub fn keys(identities: &[Identity]) -> Result<Vec<OwnKey>, String> {
    identities.iter().map(OwnKey::of).collect()
}

/// Makes a trust anchor for each certificate.
///
/// # Errors
/// A certificate is not that of an authority, or cannot be used.
pub fn anchors(certificates: &[Vec<u8>]) -> Result<Vec<TrustAnchor<'_>>, Error> {
    certificates.iter().map(|certificate| TrustAnchor::from_certificate(certificate)).collect()
}

/// Makes a trust anchor for each pin.
pub(crate) fn pins(pins: &[Pin]) -> Result<Vec<TrustAnchor<'_>>, Error> {
    fn anchor(pin: &Pin) -> Result<TrustAnchor<'_>, Error> {
        match pin {
            Pin::Certificate(der) => TrustAnchor::from_pinned_certificate(RustCrypto, der),
            Pin::Fingerprint(sha256) => Ok(TrustAnchor::from_fingerprint(*sha256)),
            Pin::Key(der) => TrustAnchor::from_pinned_key(der),
        }
    }
    pins.iter().map(anchor).collect()
}

/// Collects the facts of a connection.
pub(crate) fn link<R: Side>(session: &Session<'_, R>) -> Link {
    let negotiated = session.negotiated();
    Link {
        suite: negotiated.cipher_suite.to_string(),
        group: negotiated.group.to_string(),
        retried: negotiated.retried,
        alpn: negotiated.alpn.map(|name| String::from_utf8_lossy(name).into_owned()),
        peer: session.peer().as_ref().map(peer),
        waived: session.path().and_then(|path| waived(path.waived)),
        #[cfg(feature = "resumption")]
        resumed: session.peer().and_then(|peer| peer.proved_before()).map(|age| age.as_secs()),
        #[cfg(not(feature = "resumption"))]
        resumed: None,
    }
}

/// Describes what was waived, and the error that it would have been.
fn waived(waived: Waived) -> Option<String> {
    waived.refusal().map(|refusal| format!("{waived}: {refusal}"))
}

/// Converts an identity to text.
pub(crate) fn peer(identity: &PeerIdentity<'_>) -> Peer {
    Peer {
        subject: identity.subject().to_string(),
        // A peer that is known by a pinned key only can choose its name freely.
        common_name: identity.common_name().filter(|_| !identity.is_known_by_key_only()).map(str::to_owned),
        issuer: identity.issuer().to_string(),
        serial: hex(identity.serial()),
        not_before: identity.not_before().to_string(),
        not_after: identity.not_after().to_string(),
        names: identity.subject_alt_names().map(|name| name.to_string()).collect(),
        fingerprint: hex(&identity.sha256_fingerprint()),
    }
}

/// The deadline of a [`Timed`] socket; it can be changed while the socket is in use.
#[derive(Clone)]
pub struct Deadline(Rc<Cell<Instant>>);

impl Deadline {
    /// Makes a deadline `duration` from now.
    pub fn new(duration: Duration) -> Self {
        Self(Rc::new(Cell::new(Instant::now() + duration)))
    }

    /// Sets the deadline to `duration` from now.
    pub(crate) fn renew(&self, duration: Duration) {
        self.0.set(Instant::now() + duration);
    }

    /// Returns the remaining time.
    fn left(&self) -> io::Result<Duration> {
        let left = self.0.get().saturating_duration_since(Instant::now());
        if left.is_zero() { Err(expired()) } else { Ok(left) }
    }
}

/// Makes the error for a peer that takes too long, whether it sends nothing or single bytes.
fn expired() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the peer took too long")
}

/// The first bytes received on a connection, for explaining why they were not TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Greeting(Rc<Cell<([u8; 12], usize)>>);

impl Greeting {
    /// Stores as many of them as fit.
    fn hear(&self, bytes: &[u8]) {
        let (mut kept, mut len) = self.0.get();
        for (place, byte) in kept.iter_mut().skip(len).zip(bytes) {
            *place = *byte;
            len += 1;
        }
        self.0.set((kept, len));
    }

    /// Explains bytes of a protocol before TLS, or in its place, with the remedy.
    pub(crate) fn explain(&self) -> Option<String> {
        const METHODS: [&[u8]; 6] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"CONNECT "];
        let (kept, len) = self.0.get();
        let heard = kept.get(..len)?;
        // The PROXY protocol, sections 2.1 and 2.2.
        let version = match heard {
            b"\r\n\r\n\0\r\nQUIT\n" => 2,
            _ if heard.starts_with(b"PROXY ") => 1,
            _ => {
                let is_http = METHODS.iter().any(|method| heard.starts_with(method));
                let words = "this is plain HTTP: have the client, or the proxy in front, use https for this port";
                return is_http.then(|| words.to_owned());
            }
        };
        Some(format!(
            "this is a PROXY header (version {version}), which a load balancer puts in front of the connection and this \
             server does not read: let it send none (HAProxy: server without send-proxy, nginx: proxy_protocol off)"
        ))
    }
}

/// The size of the largest protected record received on a connection: limits do not apply to others (RFC 8449 section 4).
#[derive(Clone, Debug, Default)]
pub(crate) struct LargestRecord(Rc<Cell<usize>>);

impl LargestRecord {
    /// Returns the size in bytes, with the header.
    pub(crate) fn get(&self) -> usize {
        self.0.get()
    }
}

/// Measures the records of a stream of bytes, each as soon as its header is there: one that is too large is never read.
struct RecordMeter {
    largest: LargestRecord,
    splitter: Splitter,
}

impl RecordMeter {
    fn new(largest: &LargestRecord) -> Self {
        Self { largest: largest.clone(), splitter: Splitter::default() }
    }

    /// Follows received bytes.
    fn hear(&mut self, bytes: &[u8]) {
        let size = bytes.iter().filter_map(|byte| self.splitter.protected(*byte)).max();
        self.largest.0.set(self.largest.get().max(size.unwrap_or_default()));
    }
}

/// A socket whose reads and writes end at a deadline, and which can still be read when it can no longer be written.
///
/// A server that rejects us sends an alert and closes, perhaps while we still write. The alert has then arrived, and is
/// more useful than the error of a broken pipe, so that error is held back until there is nothing left to read.
pub struct Timed {
    socket: Socket,
    deadline: Deadline,
    /// The error of the first write that failed.
    unwritable: Option<io::Error>,
    /// A capture of the traffic.
    capture: Option<Conversation>,
    greeting: Greeting,
    meter: Option<RecordMeter>,
    /// The number of bytes that may still be sent, before the connection is closed on purpose.
    limit: Option<usize>,
    /// A list of the records.
    watch: Option<Watch>,
}

impl Timed {
    /// Uses `stream` until `deadline`.
    pub fn new(stream: TcpStream, deadline: Deadline) -> Self {
        let greeting = Greeting::default();
        Self {
            socket: Socket(stream),
            deadline,
            unwritable: None,
            capture: None,
            greeting,
            meter: None,
            limit: None,
            watch: None,
        }
    }

    /// Also writes the traffic to a capture.
    pub(crate) fn captured(mut self, conversation: Option<Conversation>) -> Self {
        self.capture = conversation;
        self
    }

    /// Also lists the records.
    pub(crate) fn watched(mut self, watch: Option<&Watch>) -> Self {
        self.watch = watch.cloned();
        self
    }

    /// Also measures the records received.
    pub(crate) fn measured(mut self, largest: &LargestRecord) -> Self {
        self.meter = Some(RecordMeter::new(largest));
        self
    }

    /// Closes the connection after this many bytes were sent, if there is a number.
    pub(crate) const fn limited(mut self, limit: Option<usize>) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the first bytes received.
    pub(crate) fn greeting(&self) -> Greeting {
        self.greeting.clone()
    }
}

impl ErrorType for Timed {
    type Error = io::Error;
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.0.set_read_timeout(Some(self.deadline.left()?))?;
        match (self.socket.read(buf), self.unwritable.take()) {
            (Ok(0) | Err(_), Some(error)) => Err(error),
            (read, unwritable) => {
                self.unwritable = unwritable;
                let received = buf.get(..*read.as_ref().unwrap_or(&0)).unwrap_or_default();
                self.greeting.hear(received);
                if let Some(meter) = &mut self.meter {
                    meter.hear(received);
                }
                if let Some(capture) = &mut self.capture {
                    capture.received(received);
                }
                if let Some(watch) = &self.watch {
                    watch.pass(Direction::Received, received);
                }
                read.map_err(timeout)
            }
        }
    }
}

impl Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.unwritable.is_some() {
            return Ok(buf.len());
        }
        self.socket.0.set_write_timeout(Some(self.deadline.left()?))?;
        let buf = match self.limit {
            Some(0) => {
                self.socket.0.shutdown(std::net::Shutdown::Both)?;
                return Err(io::Error::other("closed on purpose"));
            }
            Some(limit) => buf.get(..limit).unwrap_or(buf),
            None => buf,
        };
        match self.socket.write(buf) {
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                self.unwritable = Some(error);
                Ok(buf.len())
            }
            written => {
                if let (Some(limit), Ok(count)) = (&mut self.limit, &written) {
                    *limit = limit.saturating_sub(*count);
                }
                let sent = buf.get(..*written.as_ref().unwrap_or(&0)).unwrap_or_default();
                if let Some(capture) = self.capture.as_mut().filter(|_| written.is_ok()) {
                    capture.sent(sent);
                }
                if let Some(watch) = &self.watch {
                    watch.pass(Direction::Sent, sent);
                }
                written.map_err(timeout)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// Converts a time-out, which is `WouldBlock` on some systems.
fn timeout(error: io::Error) -> io::Error {
    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) { expired() } else { error }
}

/// Closes a connection so that the last thing sent, perhaps an alert, arrives.
///
/// A socket that is closed while received bytes are unread resets the connection, and the other side then loses what it
/// has not read yet. So this shuts down the sending direction, and reads for a while.
pub(crate) fn hang_up(stream: &TcpStream) {
    const PATIENCE: Duration = Duration::from_secs(2);
    let until = Instant::now() + PATIENCE;
    let mut waste = [0; 4096];
    let mut gone = stream.shutdown(Shutdown::Write).is_err();
    while !gone {
        let left = until.saturating_duration_since(Instant::now());
        gone = left.is_zero()
            || stream.set_read_timeout(Some(left)).is_err()
            || !io::Read::read(&mut &*stream, &mut waste).is_ok_and(|read| read != 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_measured_wherever_a_read_ends() {
        let stream = [
            &[22, 3, 3, 0, 2, 1, 2][..],
            &[23, 3, 3, 1, 0],
            &[7; 256],
            &[22, 3, 3, 2, 0],
            &[7; 512],
            &[21, 3, 3, 0, 0],
            &[23, 3, 3],
        ]
        .concat();
        // Its header is all that is there.
        let too_large = [&stream[..], &[2, 0, 1]].concat();
        for (stream, wanted) in [(stream, 261), (too_large, 517)] {
            for part in 1..stream.len() {
                let largest = LargestRecord::default();
                let mut meter = RecordMeter::new(&largest);
                stream.chunks(part).for_each(|chunk| meter.hear(chunk));
                assert_eq!(largest.get(), wanted, "parts of {part} bytes");
            }
        }
    }
}
