//! The formulas of the page: what they give is enough, and so is more; one byte less is an error that names the size.

use crate::PAGE;
use crate::expression::evaluate;
use embedded_mtls::credential::{Admission, ProofOfPossession, Reference, SlotError, Slots};
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::{BufferKind, ClientAuth, Error, KeyHandle, NamedGroup, ServerConfig, Side};
use std::fs;
use test_support::messages::*;
use test_support::pair::{Setup, Sizes, exchange, leak, now};
use test_support::pki::{CLIENT_NAME, Issued, Pki, Role, SERVER_NAME, Template};
use test_support::script::{Epoch, HANDSHAKE, Real, Script, client};

const LONG_PROTOCOL: &[&[u8]] = &[&[b'p'; 200]];

/// Evaluates the formula in the row of the page that begins with `name`; `values` are the lengths in it.
fn formula(name: &str, values: &[(&str, usize)]) -> usize {
    let page = fs::read_to_string(PAGE).unwrap();
    let start = format!("| {name} | `");
    let row = page.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("no row {name}"));
    let (formula, _) = row.split_once('`').unwrap();
    let value = |name: &str| values.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    evaluate(formula, &value).unwrap_or_else(|| panic!("{formula} with {values:?}"))
}

/// `size`, and larger sizes, some of them next to each other.
fn from(size: usize) -> impl Iterator<Item = usize> {
    (size..size + 24).chain((size + 24..size + 1200).step_by(97))
}

fn too_small(buffer: BufferKind, need: usize) -> Error {
    Error::BufferTooSmall { buffer, need: need.into() }
}

/// Runs a handshake and returns the error of one side; without one, data passes both ways.
fn run(setup: Setup, role: Role) -> Option<Error> {
    let refused = match role {
        Role::Client => setup.client_handshake().err(),
        Role::Server => setup.server_handshake().err(),
    };
    if refused.is_some() {
        return refused;
    }
    let outcome = setup.run();
    let errors = outcome.errors();
    if errors == (None, None) {
        let (mut client, mut server) = outcome.sessions();
        client.write(b"ping").unwrap();
        server.write(b"pong").unwrap();
        assert_eq!(exchange(&mut client, &mut server), Ok((b"pong".to_vec(), b"ping".to_vec())));
    }
    if role == Role::Client { errors.0 } else { errors.1 }
}

/// Checks that every size from `size` on works, and that one byte less needs `size`.
fn check(kind: BufferKind, role: Role, size: usize, setup: &dyn Fn() -> Setup) {
    let with = |size: usize| {
        let mut setup = setup();
        let sizes = if role == Role::Client { &mut setup.client_sizes } else { &mut setup.server_sizes };
        *(if kind == BufferKind::Tx { &mut sizes.tx } else { &mut sizes.peer }) = size;
        run(setup, role)
    };
    assert_eq!(with(size - 1), Some(too_small(kind, size)), "{kind} of a {role:?}");
    for size in from(size) {
        assert_eq!(with(size), None, "{kind} of a {role:?}, {size} bytes");
    }
}

#[test]
fn tx_of_a_client_need_not_hold_its_hello() {
    let pki = Pki::new();
    let size = formula("`tx` of a client", &[("signature", 72)]);
    for compatibility in [false, true] {
        for protocols in [&[][..], LONG_PROTOCOL] {
            check(BufferKind::Tx, Role::Client, size, &|| {
                let mut setup = Setup::new(&pki);
                setup.client = setup.client.with_middlebox_compatibility(compatibility).with_alpn(protocols);
                setup
            });
        }
    }
}

/// The length of EncryptedExtensions to a client that offers these protocols.
fn encrypted_extensions_len(setup: Setup, protocols: &[&[u8]]) -> usize {
    let names: Vec<u8> = protocols.iter().flat_map(|name| vec8(name)).collect();
    let server_name = vec16(&[&[0][..], &vec16(SERVER_NAME.as_bytes())].concat());
    let hello = Script::hello(X25519).with(RECORD_SIZE_LIMIT, &[0x40, 1]).with(0, &server_name);
    let hello = if protocols.is_empty() { hello } else { hello.with(ALPN, &vec16(&names)) };
    let (mut real, mut script) = (Real::server(setup), Script::client(hello));
    real.feed(&script.say_hello());
    script.hear_server(&real.take())[1].len()
}

#[test]
fn tx_of_a_server_holds_its_longest_message_but_for_hello_and_chain() {
    let pki = Pki::new();
    for group in [NamedGroup::X25519, NamedGroup::SECP256R1] {
        for protocols in [&[][..], LONG_PROTOCOL] {
            let setup = || {
                let mut setup = Setup::new(&pki);
                setup.client = setup.client.with_groups(leak(Box::new([group]))).with_alpn(protocols);
                setup.server = setup.server.with_alpn(protocols);
                setup
            };
            let extensions = encrypted_extensions_len(setup(), protocols);
            let values = [("encrypted_extensions", extensions), ("signature", 72)];
            check(BufferKind::Tx, Role::Server, formula("`tx` of a server", &values), &setup);
        }
    }
}

/// The length of an element of DER, with its tag and length.
fn element(der: &[u8]) -> usize {
    match der[1] {
        0x81 => 3 + usize::from(der[2]),
        0x82 => 4 + usize::from(u16::from_be_bytes([der[2], der[3]])),
        len => 2 + usize::from(len),
    }
}

/// The content of an element of DER.
fn content(der: &[u8]) -> &[u8] {
    let len = element(der);
    let head = match der[1] {
        0x81 => 3,
        0x82 => 4,
        _ => 2,
    };
    &der[head..len]
}

fn elements(mut der: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let (first, rest) = der.split_at(element(der));
        found.push(first);
        der = rest;
    }
    found
}

/// The size of the summary of a certificate with a P-256 key, as the page gives it.
fn summary(issued: &Issued, is_leaf: bool) -> usize {
    let parts = elements(content(&issued.der));
    let (tbs, signature) = (elements(content(parts[0])), content(parts[2]).len() - 1);
    let extensions = elements(content(content(tbs[7])));
    let names = extensions.iter().find(|extension| content(extension).starts_with(&[6, 3, 0x55, 0x1d, 17]));
    let alternative_names = names.map_or(0, |extension| {
        let value = *elements(content(extension)).last().unwrap();
        content(content(value)).len()
    });
    let values = [
        ("serial", content(tbs[1]).len()),
        ("issuer", tbs[3].len()),
        ("subject", tbs[5].len()),
        ("key", 65),
        ("signature", signature),
        ("alternative_names", alternative_names),
        ("constraints", 0),
    ];
    formula(if is_leaf { "the leaf" } else { "another certificate" }, &values)
}

#[test]
fn peer_holds_the_summaries_of_a_chain() {
    let pki = Pki::new();
    for (role, leaf) in [(Role::Client, &pki.server), (Role::Server, &pki.client)] {
        let size = summary(leaf, true) + summary(&pki.intermediate, false);
        check(BufferKind::Peer, role, size, &|| Setup::new(&pki));
    }
    // A server that requests no certificate needs none.
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    setup.server_sizes.peer = 0;
    assert_eq!(run(setup, Role::Server), None);
}

/// A flight in which the records end as badly as they can for one part of it: all but the last byte of the part is there,
/// and a record of the full length follows.
struct Flight<'a> {
    script: &'a mut Script,
    stream: Vec<u8>,
    start: usize,
    len: usize,
}

impl Flight<'_> {
    fn feed<S: Side>(self, real: &mut Real<'static, S>, rx: usize) {
        let role = self.script.role();
        let limit = (rx / 2).clamp(63, 16_384);
        let (before, rest) = self.stream.split_at(self.start + self.len - 1);
        let (longest, rest) = rest.split_at(rest.len().min(limit));
        let pieces = before.chunks(40).chain([longest]).chain(rest.chunks(40));
        for piece in pieces {
            let padding = if piece.len() == longest.len() { limit - piece.len() } else { 0 };
            let record = self.script.keys(Epoch::Handshake, role).seal(HANDSHAKE, piece, padding);
            real.feed(&record);
        }
    }
}

/// Finds a part in the messages of a flight: where it begins in their stream, and its length.
type Part<'a> = &'a dyn Fn(&[Vec<u8>]) -> (usize, usize);

/// The error of a side with such an `rx`, to which `part` of the peer's flight comes like that.
fn receive(pki: &Pki, role: Role, sizes: Sizes, part: Part<'_>) -> Option<Error> {
    let mut setup = Setup { client_sizes: sizes, server_sizes: sizes, ..Setup::new(pki) };
    let limit = (RECORD_SIZE_LIMIT, 16_385_u16.to_be_bytes().to_vec());
    if role == Role::Client {
        let (mut real, mut script) = client(setup);
        let flight = script.server_flight(pki, |message| match message[0] {
            ENCRYPTED_EXTENSIONS => encrypted_extensions(std::slice::from_ref(&limit)),
            _ => message,
        });
        real.feed(&script.seal_all(&flight[..2]));
        let messages: Vec<_> = flight[2..].iter().map(|sent| sent.bytes.clone()).collect();
        let (start, len) = part(&messages);
        Flight { script: &mut script, stream: messages.concat(), start, len }.feed(&mut real, sizes.rx);
        return real.verdict(&mut script);
    }
    setup.server_sizes.tx = 2048;
    let hello = Script::hello(X25519).with(limit.0, &limit.1);
    let (mut real, mut script) = (Real::server(setup), Script::client(hello));
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let flight = script.client_flight(pki, |message| message);
    let messages: Vec<_> = flight.iter().map(|sent| sent.bytes.clone()).collect();
    let (start, len) = part(&messages);
    Flight { script: &mut script, stream: messages.concat(), start, len }.feed(&mut real, sizes.rx);
    real.verdict(&mut script)
}

/// Where the messages of a type begin, and the first of them.
fn find(messages: &[Vec<u8>], kind: u8) -> (usize, &[u8]) {
    let index = messages.iter().position(|message| message[0] == kind).unwrap();
    (messages[..index].iter().map(Vec::len).sum(), &messages[index])
}

#[test]
fn rx_holds_the_longest_part_wherever_records_end() {
    let pki = Pki::new();
    for role in [Role::Client, Role::Server] {
        // Summaries fit, but no certificate can be collected.
        let leaf = pki.leaf(if role == Role::Client { Role::Server } else { Role::Client });
        let entry = 3 + leaf.der.len() + 2;
        let size = formula("`rx`, for a part", &[("part", entry)]);
        let with = |rx| {
            let sizes = Sizes { rx, peer: 720, ..Sizes::DEFAULT };
            receive(&pki, role, sizes, &|messages| (find(messages, CERTIFICATE).0 + 8, entry))
        };
        assert_eq!(with(size - 1), Some(too_small(BufferKind::Rx, size)), "{role:?}");
        for size in from(size) {
            assert_eq!(with(size), None, "{role:?}, {size} bytes");
        }
    }
}

/// A certificate is collected in `peer`, so that the longest part is the CertificateVerify.
#[test]
fn the_smallest_rx_of_a_client_holds_a_certificate_verify() {
    let pki = Pki::new();
    let part = |messages: &[Vec<u8>]| {
        let (start, verify) = find(messages, CERTIFICATE_VERIFY);
        (start, verify.len())
    };
    let with = |rx| receive(&pki, Role::Client, Sizes { rx, peer: 4096, ..Sizes::DEFAULT }, &part);
    // The length of the signature depends on the transcript, and so on the limit that follows from `rx`.
    let longest = formula("`rx`, for a part", &[("part", 8 + 72)]);
    for size in from(longest) {
        assert_eq!(with(size), None, "{size} bytes");
    }
    let shortest = formula("`rx`, for a part", &[("part", 8 + 68)]);
    let Some(Error::BufferTooSmall { buffer: BufferKind::Rx, need }) = with(shortest - 1) else { panic!("it fits") };
    assert!((shortest..=longest).contains(&need.into()), "{need}");
}

/// The records of a message.
type Form<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

/// Both hellos come unprotected, before a limit of records is agreed. That of a client may be collected in `peer`.
#[test]
fn rx_or_peer_holds_the_hello_of_the_peer() {
    let pki = Pki::new();
    let setup = |rx, peer| {
        let sizes = Sizes { rx, peer, ..Sizes::DEFAULT };
        Setup { client_sizes: sizes, server_sizes: sizes, ..Setup::new(&pki) }
    };
    let whole = |hello: &[u8]| record(HANDSHAKE, hello);
    let split = |hello: &[u8]| [record(HANDSHAKE, &hello[..10]), record(HANDSHAKE, &hello[10..])].concat();
    let (whole, split): (Form<'_>, Form<'_>) = (&whole, &split);
    for records in [whole, split] {
        let hello = Script::hello(X25519).emit();
        let size = formula("`rx`, for a hello", &[("hello", hello.len())]);
        let collected = formula("`peer`, to collect a hello", &[("hello", hello.len()), ("ticket", 0)]);
        let with = |rx, peer| {
            let mut server = Real::server(setup(rx, peer));
            server.feed(&records(&hello));
            server.end.and_then(Result::err)
        };
        assert_eq!(with(size - 1, collected - 1), Some(too_small(BufferKind::Rx, size)), "a server");
        from(size).for_each(|size| assert_eq!(with(size, 0), None, "a server, {size} bytes"));
        from(collected).for_each(|size| assert_eq!(with(100, size), None, "a server, {size} bytes to collect it"));

        let hello = client(setup(4096, 0)).1.server_hello().emit();
        let size = formula("`rx`, for a hello", &[("hello", hello.len())]);
        let with = |rx| {
            let (mut client, script) = client(setup(rx, 0));
            client.feed(&records(&script.server_hello().emit()));
            client.end.and_then(Result::err)
        };
        assert_eq!(with(size - 1), Some(too_small(BufferKind::Rx, size)), "a client");
        from(size).for_each(|size| assert_eq!(with(size), None, "a client, {size} bytes"));
    }
}

#[test]
fn peer_collects_a_certificate_that_rx_may_not_hold() {
    let mut pki = Pki::new();
    let long = |template: Template| {
        template.extension(&[1, 3, 6, 1, 4, 1, 55_555, 1], false, &[7; 1300]).signed_by(&pki.intermediate)
    };
    let (server, client) = (long(Template::server(SERVER_NAME)), long(Template::client(CLIENT_NAME)));
    (pki.server, pki.client) = (server, client);
    for role in [Role::Client, Role::Server] {
        let leaf = pki.leaf(if role == Role::Client { Role::Server } else { Role::Client });
        let (entry, size) = (
            3 + leaf.der.len() + 2,
            formula("`peer`, to collect", &[("certificate", leaf.der.len()), ("summaries", 0)]),
        );
        let with = |peer| {
            let sizes = Sizes { rx: 1024, peer, ..Sizes::DEFAULT };
            receive(&pki, role, sizes, &|messages| (find(messages, CERTIFICATE).0 + 8, entry))
        };
        let rx = formula("`rx`, for a part", &[("part", entry)]);
        assert_eq!(with(size - 1), Some(too_small(BufferKind::Rx, rx)), "{role:?}");
        for size in from(size) {
            assert_eq!(with(size), None, "{role:?}, {size} bytes");
        }
    }
}

#[test]
fn a_slot_holds_a_chain_and_its_alias() {
    let pki = Pki::new();
    let chain = [&pki.client.der[..], &pki.intermediate.der];
    let size = formula("a slot", &[("chain", chain.concat().len()), ("alias", "device".len())]);
    let fill = |size: usize| {
        let references: &'static [Reference; 1] = leak(Box::new([Reference::new()]));
        let slots = Slots::new([&mut *leak(vec![0; size].into_boxed_slice())], references);
        let mut stage = slots.stage().unwrap();
        let len = stage.copy(chain)?;
        let proof = ProofOfPossession::PublicKey(pki.client.key.point());
        let admission = Admission { role: embedded_mtls::Role::Client, time: now(), key: proof };
        stage.credential(RustCrypto, "device", len, KeyHandle(0), &admission).map(|_| ())
    };
    assert_eq!(fill(size - 1), Err(SlotError::TooLong(size)));
    for size in from(size) {
        assert_eq!(fill(size), Ok(()), "{size} bytes");
    }
}

#[cfg(feature = "events")]
#[test]
fn a_ring_of_events_has_a_smallest_size() {
    use core::sync::atomic::AtomicU8;
    use embedded_mtls::events::EventRing;

    let size = formula("a ring of events", &[]);
    let memory: Vec<_> = (0..size + 1200).map(|_| AtomicU8::new(0)).collect();
    assert_eq!(size, EventRing::MIN);
    assert!(EventRing::new(&memory[..size - 1]).is_none());
    for size in from(size) {
        assert!(EventRing::new(&memory[..size]).is_some(), "{size} bytes");
    }
}
