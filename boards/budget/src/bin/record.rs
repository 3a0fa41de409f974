//! On the host: runs a client and a server against each other and keeps what each of them sends.
//!
//! `record DIRECTORY SUITE GROUP [resumed|embedded-tls|mbedtls]`: the second connection of a session, or one with that client

use budget::recording::{self, CLIENT_SEED, Choice, FROM_CLIENT, FROM_SERVER, RESUMED_SEED, SERVER_SEED, entropy};
use budget::resuming::{self, Store};
use budget::roles::{self, ANSWER, Board, PEER, RX, TX};
use budget::{Key, Provider, peer, pki};
use embedded_io::{ErrorType, Read, Write};
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{Buffers, CipherSuite, NamedGroup};
use std::ffi::CStr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// One end of a connection in memory. What is sent goes into `sent` as well, cut where it is flushed.
struct End {
    from_peer: Receiver<Vec<u8>>,
    unread: Vec<u8>,
    to_peer: Sender<Vec<u8>>,
    written: Vec<u8>,
    sent: Vec<u8>,
    file: std::path::PathBuf,
    choice: Choice,
    seed: u8,
}

impl Board for End {
    type Provider = Provider;
    type Key = Key;

    fn key(&self, scalar: &[u8; 32]) -> Option<Key> {
        Key::from_bytes(scalar).ok()
    }

    fn entropy(&self) -> [u8; 128] {
        entropy(self.seed)
    }

    fn time() -> Time {
        Time::Trusted(UnixTime(pki::NOW))
    }

    fn suites(&self) -> &'static [CipherSuite] {
        self.choice.suites
    }

    fn groups(&self) -> &'static [NamedGroup] {
        self.choice.groups
    }
}

/// The ticket of the last connection.
static TICKET: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl Store for End {
    fn ticket(&mut self) -> &'static mut [u8] {
        std::mem::take(&mut *TICKET.lock().expect("one client at a time")).leak()
    }

    fn keep(ticket: &[u8]) {
        *TICKET.lock().expect("one client at a time") = ticket.to_vec();
    }
}

impl ErrorType for End {
    type Error = std::convert::Infallible;
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        if self.unread.is_empty() {
            // A peer that is gone has closed its side.
            self.unread = self.from_peer.recv().unwrap_or_default();
        }
        let count = self.unread.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Ok(count)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.written.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        let piece = std::mem::take(&mut self.written);
        if !piece.is_empty() {
            let length = u16::try_from(piece.len()).expect("pieces are no longer than a buffer");
            self.sent.extend(length.to_be_bytes());
            self.sent.extend(&piece);
            // A peer that is gone needs nothing more.
            let _ = self.to_peer.send(piece);
        }
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        std::fs::write(&self.file, &self.sent).expect("the recording can be written");
    }
}

/// The connection to record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// Our client and our server.
    Full,
    /// The same, in the session of a connection before.
    Resumed,
    /// The client is embedded-tls.
    OfPeer,
    /// The client is Mbed TLS.
    #[cfg(feature = "mbedtls")]
    OfMbedTls,
}

fn run<const TX: usize>(role: fn(End, Buffers<'_>, &mut [u8; ANSWER]) -> Option<()>, end: End) {
    let (mut rx, mut tx, mut peer) = ([0; RX], [0; TX], [0; PEER]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    role(end, buffers, &mut [0; ANSWER]).expect("the role comes to its end");
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (directory, suite, group, what) = match words.as_slice() {
        [directory, suite, group] => (directory, suite, group, What::Full),
        [directory, suite, group, "resumed"] => (directory, suite, group, What::Resumed),
        [directory, suite, group, "embedded-tls"] => (directory, suite, group, What::OfPeer),
        #[cfg(feature = "mbedtls")]
        [directory, suite, group, "mbedtls"] => (directory, suite, group, What::OfMbedTls),
        _ => panic!("record DIRECTORY SUITE GROUP [resumed|embedded-tls|mbedtls]"),
    };
    let choice = Choice::parse(suite, group).expect("a suite and a group that exist");
    let directory = Path::new(directory);
    std::fs::create_dir_all(directory).expect("a directory for the recordings");
    if what == What::Resumed {
        // The recordings of this connection are those of the next one's session, which replace them.
        connect(directory, choice, what, 0);
        let ticket = TICKET.lock().expect("one client at a time").clone();
        std::fs::write(directory.join(name(recording::TICKET)), ticket).expect("the ticket can be written");
        connect(directory, choice, what, RESUMED_SEED);
    } else {
        connect(directory, choice, what, 0);
    }
}

/// Runs one connection, and keeps what each side sends.
fn connect(directory: &Path, choice: Choice, what: What, seed: u8) {
    let (to_server, from_client) = channel();
    let (to_client, from_server) = channel();
    let end = |from_peer, to_peer, file, own| End {
        from_peer,
        unread: Vec::new(),
        to_peer,
        written: Vec::new(),
        sent: Vec::new(),
        file: directory.join(name(file)),
        choice,
        seed: own + seed,
    };
    let client = end(from_server, to_server, FROM_CLIENT, CLIENT_SEED);
    let server = end(from_client, to_client, FROM_SERVER, SERVER_SEED);
    let server = thread::spawn(move || match what {
        What::Full => run::<TX>(roles::server, server),
        What::Resumed => run::<TX>(resuming::server, server),
        // The peer wants each message in one record: its server has a larger buffer to send from.
        What::OfPeer => run::<RX>(roles::server_of_leaves, server),
        #[cfg(feature = "mbedtls")]
        What::OfMbedTls => run::<TX>(roles::server, server),
    });
    match what {
        What::Full => run::<TX>(roles::client, client),
        What::Resumed => run::<TX>(resuming::client, client),
        What::OfPeer => {
            // SAFETY: the only call of this program.
            let buffers = unsafe { peer::buffers() };
            peer::client(client, buffers, &mut [0; ANSWER]).expect("the peer comes to its end");
        }
        #[cfg(feature = "mbedtls")]
        What::OfMbedTls => {
            budget::mbedtls::client(client, budget::mbedtls::heap(), &mut [0; ANSWER])
                .expect("the peer comes to its end");
        }
    }
    server.join().expect("the server comes to its end");
}

fn name(file: &'static CStr) -> &'static str {
    file.to_str().expect("a name in ASCII")
}
