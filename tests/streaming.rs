//! Messages that are larger than the receiving buffer pass through it in parts.
#![allow(missing_docs)]

use embedded_mtls::{AlertDescription, BufferKind, Error, InvalidMessage, NamedGroup, PeerMisbehaved, Server, Side};
use test_support::messages::*;
use test_support::pair::{Setup, Sizes};
use test_support::pki::{CLIENT_NAME, Issued, Pki, Role, SERVER_NAME, Template};
use test_support::script::{
    ALERT, CHANGE_CIPHER_SPEC, Epoch, HANDSHAKE, Real, Script, Sent, client, invalid, misbehaved,
};

/// The PKI of the tests with leaves of `len` bytes, filled by an unknown extension.
fn pki_with_leaves(len: usize) -> Pki {
    let mut pki = Pki::new();
    let leaf = |template: Template, padding| {
        let template = template.extension(&[1, 3, 6, 1, 4, 1, 55_555, 1], false, &vec![7; padding]);
        template.signed_by(&pki.intermediate)
    };
    let of_length = |template: &dyn Fn() -> Template| {
        let guess: Issued = leaf(template(), len - 400);
        // Signatures in DER do not all have the same length.
        let near = len - 400 + len - guess.der.len();
        let found = (near - 8..near + 8).map(|padding| leaf(template(), padding)).find(|leaf| leaf.der.len() == len);
        found.expect("a padding that leads to this length")
    };
    let server = of_length(&|| Template::server(SERVER_NAME));
    let client = of_length(&|| Template::client(CLIENT_NAME));
    pki.server = server;
    pki.client = client;
    pki
}

/// The Certificate of a role, with `others` that are not needed.
fn list(pki: &Pki, role: Role, others: &[Issued]) -> Vec<u8> {
    let needed = [pki.leaf(role), &pki.intermediate];
    certificate(&needed.into_iter().chain(others).map(|issued| &issued.der[..]).collect::<Vec<_>>())
}

/// The peer of the tested side: its role, its Certificate, and its records.
#[derive(Clone, Copy)]
struct Peer<'a> {
    role: Role,
    certificate: &'a [u8],
    content: usize,
    /// It agrees to the limit of records.
    agrees: bool,
}

/// Returns the error of a side with these buffers, and whether it has one at all.
fn verdict(pki: &Pki, sizes: Sizes, peer: Peer<'_>) -> Option<Error> {
    let setup = Setup { client_sizes: sizes, server_sizes: sizes, ..Setup::new(pki) };
    let limit = [(RECORD_SIZE_LIMIT, 16_385_u16.to_be_bytes().to_vec())];
    let limit = if peer.agrees { &limit[..] } else { &[] };
    let edit = |message: Vec<u8>| match message[0] {
        ENCRYPTED_EXTENSIONS => encrypted_extensions(limit),
        CERTIFICATE => peer.certificate.to_vec(),
        _ => message,
    };
    match peer.role {
        Role::Server => {
            let (mut real, mut script) = client(setup);
            let flight = script.server_flight(pki, edit);
            let hello = script.seal(&flight[0]);
            real.feed(&hello);
            feed_in_pieces(&mut real, &mut script, &flight[1..], peer.content);
            real.verdict(&mut script)
        }
        Role::Client => {
            let hello = limit.iter().fold(Script::hello(X25519), |hello, (kind, body)| hello.with(*kind, body));
            let (mut real, mut script) = (Real::server(setup), Script::client(hello));
            real.feed(&script.say_hello());
            script.hear_server(&real.take());
            let flight = script.client_flight(pki, edit);
            feed_in_pieces(&mut real, &mut script, &flight, peer.content);
            real.verdict(&mut script)
        }
    }
}

/// The messages of a flight in records of `content` bytes.
fn feed_in_pieces<S: Side>(real: &mut Real<'static, S>, script: &mut Script, flight: &[Sent], content: usize) {
    let stream: Vec<u8> = flight.iter().flat_map(|sent| sent.bytes.clone()).collect();
    for piece in stream.chunks(content) {
        real.feed(&script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, piece)));
    }
}

#[test]
fn twenty_certificates_pass_through_2_kib_in_both_roles() {
    let pki = Pki::new();
    let others: Vec<_> =
        (0..18).map(|n| Template::ca(&format!("Another authority, number {n}")).self_signed()).collect();
    for role in [Role::Client, Role::Server] {
        let certificate = list(&pki, role, &others);
        assert!(certificate.len() > 8000, "{}", certificate.len());
        for (agrees, content) in [(true, 1024), (true, 1000), (true, 63), (false, 2026)] {
            let sizes = Sizes { rx: 2048, tx: 1024, peer: 20 * 350 };
            let peer = Peer { role, certificate: &certificate, content, agrees };
            assert_eq!(verdict(&pki, sizes, peer), None, "{role:?}, {content} bytes");
        }
    }
}

/// `rx` is shorter than a certificate, or holds it only where records happen to end well.
#[test]
fn a_certificate_that_rx_may_not_hold_is_collected_in_the_memory_of_its_summary() {
    let pki = pki_with_leaves(1800);
    for role in [Role::Client, Role::Server] {
        let certificate = list(&pki, role, &[]);
        for (agrees, content) in [(true, 512), (true, 511), (true, 100), (true, 1), (false, 1002), (false, 700)] {
            let sizes = Sizes { rx: 1024, tx: 1024, peer: 2 * 1800 + 200 };
            let peer = Peer { role, certificate: &certificate, content, agrees };
            assert_eq!(verdict(&pki, sizes, peer), None, "{role:?}, {content} bytes");
        }
    }
}

/// Twice its length and 200 bytes are free, or `rx` has to hold it.
#[test]
fn without_memory_to_collect_it_a_certificate_has_to_fit_in_rx() {
    let pki = pki_with_leaves(1800);
    // Length, certificate and length of extensions, and as much again for records; see `Buffers`.
    let need = 2 * (3 + 1800 + 2) + 41;
    for role in [Role::Client, Role::Server] {
        let certificate = list(&pki, role, &[]);
        let with = |rx: usize, peer| {
            let content = (rx / 2).min(16_000);
            verdict(&pki, Sizes { rx, tx: 1024, peer }, Peer { role, certificate: &certificate, content, agrees: true })
        };
        let error = Error::BufferTooSmall { buffer: BufferKind::Rx, need: need.into() };
        assert_eq!(error.alert(), Some(AlertDescription::RECORD_OVERFLOW));
        for rx in [1024, 1500, 1800] {
            assert_eq!(with(rx, 2 * 1800 + 200), None, "{role:?}, {rx} bytes");
            assert_eq!(with(rx, 2 * 1800 + 199), Some(error), "{role:?}, {rx} bytes");
        }
        assert_eq!(with(need, 1024), None, "{role:?}");
    }
}

#[test]
fn faults_of_a_certificate_are_found_where_it_was_collected() {
    let pki = pki_with_leaves(1800);
    let sizes = Sizes { rx: 1024, tx: 1024, peer: 4096 };
    for role in [Role::Client, Role::Server] {
        let whole = list(&pki, role, &[]);
        let with = |certificate: &[u8]| verdict(&pki, sizes, Peer { role, certificate, content: 500, agrees: true });
        assert_eq!(with(&whole), None);
        let mut forged = whole.clone();
        forged[1000] ^= 1;
        assert!(matches!(with(&forged), Some(Error::Certificate(_))), "{role:?}");
        // The extensions of the leaf's entry, after it: an unsolicited type; a length beyond the list.
        let leaf = &pki.leaf(role).der[..];
        let unasked = certificate_with(&[(leaf, vec![(5, vec![1])])]);
        assert_eq!(with(&unasked), misbehaved(PeerMisbehaved::UnsolicitedExtension), "{role:?}");
        let mut long = certificate(&[leaf]);
        let end = long.len();
        long[end - 1] = 1;
        assert_eq!(with(&long), invalid(InvalidMessage::Truncated), "{role:?}");
    }
}

const PADDING: u16 = 21;
/// The length of the ClientHello below.
const HELLO_LEN: usize = 1500;
/// `rx` holds all but that; `peer` collects it, and later holds the summaries.
const SMALL: Sizes = Sizes { rx: 1024, tx: 1024, peer: HELLO_LEN };

/// A script that plays a client with a ClientHello of 1,500 bytes.
fn long_hello() -> Script {
    let hello = Script::hello(X25519);
    let with = |padding: usize| hello.clone().with(PADDING, &vec![0; padding]);
    let hello = with(HELLO_LEN - with(0).emit().len());
    assert_eq!(hello.emit().len(), HELLO_LEN);
    Script::client(hello)
}

fn server(pki: &Pki, sizes: Sizes) -> Real<'static, Server> {
    Real::server(Setup { server_sizes: sizes, ..Setup::new(pki) })
}

/// A message in records of `content` bytes.
fn in_records(message: &[u8], content: usize) -> Vec<u8> {
    message.chunks(content).flat_map(|part| record(HANDSHAKE, part)).collect()
}

/// Nothing is protected yet, so that no record has to be whole.
#[test]
fn a_client_hello_that_rx_cannot_hold_is_collected_in_the_memory_of_certificates() {
    let pki = Pki::new();
    for content in [1, 2, 3, 4, 5, 100, 1018, 1019, 1020, HELLO_LEN - 1, HELLO_LEN] {
        for chunk in [1, 5, 6, 999, 4096] {
            let (mut real, mut script) = (server(&pki, SMALL), long_hello());
            script.say_hello();
            let hello = in_records(&script.client_hello.emit(), content);
            hello.chunks(chunk).for_each(|piece| real.feed(piece));
            assert_eq!(real.end, None, "records of {content} bytes in pieces of {chunk}");
            script.hear_server(&real.take());
            let flight = script.client_flight(&pki, |message| message);
            real.feed(&script.seal_all(&flight));
            assert_eq!(real.verdict(&mut script), None, "records of {content} bytes in pieces of {chunk}");
        }
    }
}

#[test]
fn a_client_hello_that_no_buffer_can_hold_is_an_error_that_names_the_size_of_rx() {
    let pki = Pki::new();
    let too_small = Error::BufferTooSmall { buffer: BufferKind::Rx, need: (HELLO_LEN + 5).into() };
    for content in [1, 500, HELLO_LEN] {
        let with = |rx, peer| {
            let mut real = server(&pki, Sizes { rx, peer, ..SMALL });
            real.feed(&in_records(&long_hello().client_hello.emit(), content));
            real.end.and_then(Result::err)
        };
        for rx in [30, 500, 1024, HELLO_LEN, HELLO_LEN + 4] {
            assert_eq!(with(rx, HELLO_LEN - 1), Some(too_small), "rx of {rx} bytes");
            assert_eq!(with(rx, HELLO_LEN), None, "rx of {rx} bytes");
        }
        assert_eq!(with(HELLO_LEN + 5, 0), None);
    }
}

/// The limit of records that the first hello has agreed to does not concern the second, which is not protected.
#[test]
fn a_second_client_hello_that_no_buffer_can_hold_is_an_error_that_names_the_size_of_rx() {
    let pki = Pki::new();
    let setup = Setup { server_sizes: Sizes { rx: 1024, tx: 1024, peer: 500 }, ..Setup::new(&pki) };
    let setup = Setup { server: setup.server.with_groups(&[NamedGroup::X25519]), ..setup };
    let mut real = Real::server(setup);
    let hello = Script::hello(P256).with(RECORD_SIZE_LIMIT, &16_385_u16.to_be_bytes());
    let mut script = Script::client(hello.clone());
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let share = Script::hello(X25519).share().1.to_vec();
    let second = hello.with(KEY_SHARE, &vec16(&key_share((X25519, &share)))).with(PADDING, &[0; 1200]).emit();
    real.feed(&in_records(&second, 700)[..900]);
    let too_small = Error::BufferTooSmall { buffer: BufferKind::Rx, need: (second.len() + 5).into() };
    assert_eq!(real.end, Some(Err(too_small)));
}

/// Only a hello is read in parts.
#[test]
fn a_record_of_another_type_that_rx_cannot_hold_is_an_error_that_names_the_size_of_rx() {
    let pki = Pki::new();
    let mut real = server(&pki, SMALL);
    real.feed(&record(ALERT, &[2; 1100])[..1000]);
    let too_small = Error::BufferTooSmall { buffer: BufferKind::Rx, need: 1105_usize.into() };
    assert_eq!(real.end, Some(Err(too_small)));
}

/// RFC 9846 sections 4 and 5.1: nothing may come between the parts of a message, nor behind the last one of a flight.
#[test]
fn faults_around_a_client_hello_that_is_collected_are_found() {
    let pki = Pki::new();
    let hello = long_hello().client_hello.emit();
    let after_with = |sizes, first: &[u8], then: &[u8]| {
        let (mut real, mut script) = (server(&pki, sizes), long_hello());
        first.chunks(700).chain([then]).for_each(|piece| real.feed(piece));
        real.verdict(&mut script)
    };
    let after = |first: &[u8], then: &[u8]| after_with(SMALL, first, then);
    let unexpected = misbehaved(PeerMisbehaved::UnexpectedMessage);
    for content in [100, 400, 1019] {
        let part = &in_records(&hello, content)[..5 + content];
        assert_eq!(after(part, &record(CHANGE_CIPHER_SPEC, &[1])), unexpected, "{content}");
        let two_parts = &in_records(&hello[..1200], content);
        assert_eq!(after(two_parts, &record(CHANGE_CIPHER_SPEC, &[1])), unexpected, "{content}");
        assert_eq!(after(two_parts, &record(HANDSHAKE, &[])), invalid(InvalidMessage::EmptyRecord), "{content}");
        let alert = Error::AlertReceived(AlertDescription::INTERNAL_ERROR);
        assert_eq!(after(two_parts, &record(ALERT, &[2, 80])), Some(alert), "{content}");
        assert_eq!(after(two_parts, &[]), Some(Error::ConnectionTruncated), "{content}");
    }
    let longer = [&hello[..], &[0]].concat();
    for content in [400, 1400, longer.len()] {
        assert_eq!(after(&in_records(&longer, content), &[]), unexpected, "records of {content} bytes");
        for rx in HELLO_LEN..HELLO_LEN + 8 {
            let sizes = Sizes { rx, ..SMALL };
            assert_eq!(after_with(sizes, &[], &in_records(&longer, content)), unexpected, "rx of {rx} bytes");
        }
    }
    // Of another type, in a record of which the buffer holds a part; too long for its type.
    let mut other = hello.clone();
    other[0] = CERTIFICATE;
    assert_eq!(after(&in_records(&other, HELLO_LEN), &[]), unexpected);
    let mut endless = hello;
    endless[1] = 0xff;
    assert_eq!(after(&in_records(&endless, HELLO_LEN), &[]), invalid(InvalidMessage::MessageTooLong));
}
