//! Every bit of every byte that a whole handshake sends, flipped on its way: no such handshake ends
//! with data exchanged, none panics, none hangs.
//!
//! All randomness is fixed, so that a side that receives the same bytes sends the same: protected data
//! is replayed to one side alone, from a recording of the other. Only a changed hello changes what
//! comes after it, and runs with both sides.
#![allow(missing_docs)]

use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{ClientAuth, ClientConfig, Credential, Error, ServerConfig, Side};
use test_support::messages::records;
use test_support::pair::{Setup, TestHost, anchors, credential, deliver, exchange, leak_all, now, signing_key};
use test_support::pki::{Issued, Pki, SERVER_NAME};
use test_support::script::{APPLICATION_DATA, Real};

/// Bytes 1 and 2 of a record in the clear: `legacy_record_version` "MUST be ignored for all purposes"
/// (RFC 9846 section 5.1).
const VERSION: std::ops::RangeInclusive<usize> = 1..=2;

/// Returns whether this byte of a stream is one of a version that is ignored: of a hello or a `change_cipher_spec`.
fn is_ignored(stream: &[u8], at: usize) -> bool {
    let mut start = 0;
    for record in records(stream) {
        if (start..start + record.len()).contains(&at) {
            return record[0] != APPLICATION_DATA && VERSION.contains(&(at - start));
        }
        start += record.len();
    }
    false
}

/// State that all runs share; making it takes longer than a run.
struct Base {
    anchors: &'static [TrustAnchor<'static>],
    client: Identity,
    server: Identity,
}

#[derive(Clone, Copy)]
struct Identity(&'static [Credential<'static>], &'static [P256SigningKey]);

impl Base {
    fn new() -> Self {
        let pki = Pki::new();
        let identity = |leaf: &Issued| {
            Identity(leak_all(vec![credential(&[leaf, &pki.intermediate], 0)]), leak_all(vec![signing_key(leaf)]))
        };
        Self { anchors: anchors(&[&pki.root]), client: identity(&pki.client), server: identity(&pki.server) }
    }

    fn setup(&self) -> Setup {
        let name = ServerName::parse(SERVER_NAME).unwrap();
        let host = |Identity(credentials, keys)| -> TestHost { SoftwareHost::new(credentials, keys, now) };
        Setup {
            client: ClientConfig::new(name, self.anchors),
            server: ServerConfig::new(ClientAuth::Required(self.anchors)),
            client_host: host(self.client),
            server_host: host(self.server),
            client_sizes: SIZES,
            server_sizes: SIZES,
            chunk: 0,
        }
    }
}

/// Flights leave in several records, so that more of them than the first has to be opened.
const SIZES: test_support::pair::Sizes = test_support::pair::Sizes { rx: 2048, tx: 512, peer: 1024 };

/// Returns whether both sides finish and exchange data although one bit of one direction is flipped.
fn both_accept(base: &Base, to_server: bool, at: usize, bit: u8) -> bool {
    let mut passed = 0;
    let outcome = base.setup().run_with(|server, client| {
        // All that is on its way is delivered each time.
        let bytes = if to_server { server } else { client };
        if (passed..passed + bytes.len()).contains(&at) {
            bytes[at - passed] ^= 1 << bit;
        }
        passed += bytes.len();
    });
    match (outcome.client, outcome.server) {
        (Ok(mut client), Ok(mut server)) => {
            let written = client.write(b"order").is_ok() && server.write(b"response").is_ok();
            written && exchange(&mut client, &mut server).is_ok_and(|(a, b)| a == b"response" && b == b"order")
        }
        _ => false,
    }
}

/// Returns whether one side alone, fed with these bytes, finishes without an error.
fn accepts<S: Side>(mut real: Real<'_, S>, bytes: &[u8]) -> Result<(), Error> {
    let mut bytes = bytes.to_vec();
    // Each turn moves bytes or ends.
    for _ in 0..10_000 {
        real.feed(&[]);
        if real.end.is_some() || deliver(&mut bytes, &mut real.handshake, 0) == 0 {
            break;
        }
    }
    if real.end.is_none() {
        real.eof();
    }
    real.end.expect("it has ended")?;
    assert!(bytes.is_empty(), "it is done before it has read all");
    real.session().poll().map(|_| ())
}

/// Returns the bytes of the client and the server, in that order.
fn record(base: &Base) -> [Vec<u8>; 2] {
    let outcome = base.setup().run();
    let wire = [outcome.wire.from_client.clone(), outcome.wire.from_server.clone()];
    outcome.sessions();
    wire
}

#[test]
fn no_flipped_bit_of_a_hello_leads_to_an_accepted_handshake() {
    let base = Base::new();
    for (stream, to_server) in record(&base).iter().zip([true, false]) {
        for (at, bit) in bits(0..records(stream)[0].len()) {
            let accepted = both_accept(&base, to_server, at, bit);
            assert_eq!(accepted, VERSION.contains(&at), "byte {at}, bit {bit}, to the server: {to_server}");
        }
    }
}

#[test]
fn no_flipped_bit_after_the_server_hello_is_accepted_by_the_client() {
    let base = Base::new();
    let [_, mut stream] = record(&base);
    for (at, bit) in bits(records(&stream)[0].len()..stream.len()) {
        let ignored = is_ignored(&stream, at);
        stream[at] ^= 1 << bit;
        assert_eq!(accepts(Real::client(base.setup()), &stream).is_ok(), ignored, "byte {at}, bit {bit}");
        stream[at] ^= 1 << bit;
    }
}

#[test]
fn no_flipped_bit_after_the_client_hello_is_accepted_by_the_server() {
    let base = Base::new();
    let [mut stream, _] = record(&base);
    for (at, bit) in bits(records(&stream)[0].len()..stream.len()) {
        let ignored = is_ignored(&stream, at);
        stream[at] ^= 1 << bit;
        assert_eq!(accepts(Real::server(base.setup()), &stream).is_ok(), ignored, "byte {at}, bit {bit}");
        stream[at] ^= 1 << bit;
    }
}

/// Every bit of these bytes.
fn bits(bytes: std::ops::Range<usize>) -> impl Iterator<Item = (usize, u8)> {
    bytes.flat_map(|at| (0..8).map(move |bit| (at, bit)))
}

#[test]
fn the_recording_itself_is_accepted_by_each_side_alone() {
    let base = Base::new();
    let [from_client, from_server] = record(&base);
    assert_eq!(accepts(Real::server(base.setup()), &from_client), Ok(()));
    assert_eq!(accepts(Real::client(base.setup()), &from_server), Ok(()));
}
