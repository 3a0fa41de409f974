//! Small buffers and small deliveries: the memory suffices, or an error names the size that would.
#![allow(missing_docs)]

use embedded_mtls::{
    BufferKind, CipherSuite, Client, ClientAuth, Error, Event, Handshake, NamedGroup, ServerConfig, Side,
    SignatureScheme, Step,
};
use test_support::messages::*;
use test_support::pair::{Outcome, Setup, Sizes, anchors, credential, exchange, host, signing_key};
use test_support::pki::{CLIENT_NAME, Issued, Pki, SERVER_NAME, Template};
use test_support::script::{APPLICATION_DATA, Epoch, HANDSHAKE, Real, Sent, client};

/// A chain of a leaf and `length - 1` intermediates under the root of the PKI.
fn long_chain(pki: &Pki, leaf: Template, length: usize) -> Vec<Issued> {
    let mut chain: Vec<Issued> = Vec::new();
    for level in 1..length {
        let issuer = chain.last().unwrap_or(&pki.root);
        let next = Template::ca(&format!("Intermediate of a long chain, level {level}")).signed_by(issuer);
        chain.push(next);
    }
    let leaf = leaf.signed_by(chain.last().unwrap_or(&pki.root));
    chain.push(leaf);
    chain.reverse();
    chain
}

/// Both sides with chains of six certificates, and a server with many anchors.
fn large(pki: &Pki) -> Setup {
    let roots: Vec<_> = (0..40).map(|number| Template::ca(&format!("Other root {number}")).self_signed()).collect();
    let base = Setup::new(pki);
    let host_of = |leaf| {
        let chain = long_chain(pki, leaf, 6);
        host(vec![credential(&chain.iter().collect::<Vec<_>>(), 0)], vec![signing_key(&chain[0])])
    };
    let trusted = anchors(&roots.iter().chain([&pki.root]).collect::<Vec<_>>());
    Setup {
        client: base.client.with_max_depth(7),
        server: ServerConfig::new(ClientAuth::Required(trusted)).with_max_depth(7),
        client_host: host_of(Template::client(CLIENT_NAME)),
        server_host: host_of(Template::server(SERVER_NAME)),
        client_sizes: LARGE,
        server_sizes: LARGE,
        ..base
    }
}

/// Enough for six certificates.
const LARGE: Sizes = Sizes { rx: 4096, tx: 2048, peer: 4096 };

fn works(outcome: Outcome) {
    let (mut client, mut server) = outcome.sessions();
    client.write(b"ping").unwrap();
    server.write(b"pong").unwrap();
    assert_eq!(exchange(&mut client, &mut server), Ok((b"pong".to_vec(), b"ping".to_vec())));
}

#[test]
fn a_handshake_may_come_in_pieces_of_any_size() {
    let pki = Pki::new();
    for chunk in [1, 2, 3, 4, 5, 6, 7, 16, 17, 61, 127, 256, 1000, 1460] {
        works(Setup { chunk, ..Setup::new(&pki) }.run());
    }
}

#[test]
fn flights_larger_than_the_smallest_buffer_leave_through_it() {
    let pki = Pki::new();
    for chunk in [0, 1, 100] {
        let mut setup = large(&pki);
        setup.client_sizes = Sizes { rx: 4096, tx: 160, peer: 4096 };
        setup.server_sizes = Sizes { rx: 4096, tx: 160, peer: 4096 };
        works(Setup { chunk, ..setup }.run());
    }
}

/// Six certificates of some 500 bytes each and a list of 40 names pass through buffers that hold one
/// certificate, or the list.
#[test]
fn a_chain_larger_than_the_receiving_buffer_passes_entry_by_entry() {
    let pki = Pki::new();
    let mut setup = large(&pki);
    setup.server_sizes = Sizes { rx: 900, tx: 200, peer: 4096 };
    setup.client_sizes = Sizes { rx: 3400, tx: 288, peer: 4096 };
    let outcome = setup.run();
    assert!(outcome.wire.from_client.len() > 3000);
    works(outcome);
    // Nobody is asked for a certificate: the server's chain is the largest thing to receive.
    let mut setup = large(&pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    setup.client_sizes = Sizes { rx: 900, tx: 288, peer: 4096 };
    setup.server_sizes = Sizes { tx: 200, ..Sizes::DEFAULT };
    works(setup.run());
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Client,
    Server,
}

fn size_mut(setup: &mut Setup, which: Which, kind: BufferKind) -> &mut usize {
    let sizes = match which {
        Which::Client => &mut setup.client_sizes,
        Which::Server => &mut setup.server_sizes,
    };
    match kind {
        BufferKind::Rx => &mut sizes.rx,
        BufferKind::Tx => &mut sizes.tx,
        _ => &mut sizes.peer,
    }
}

/// The error of one side of a run, which may also be refused before it begins.
fn error_of(setup: Setup, which: Which) -> Option<Error> {
    let refused = match which {
        Which::Client => setup.client_handshake().err(),
        Which::Server => setup.server_handshake().err(),
    };
    refused.or_else(|| {
        let errors = setup.run().errors();
        match which {
            Which::Client => errors.0,
            Which::Server => errors.1,
        }
    })
}

/// Begins with `start` bytes and lends what the errors ask for until it works: the size and the rounds.
fn grow(setup: &dyn Fn() -> Setup, which: Which, kind: BufferKind, start: usize) -> (usize, usize) {
    let mut size = start;
    for round in 0..20 {
        let mut setup = setup();
        *size_mut(&mut setup, which, kind) = size;
        match error_of(setup, which) {
            None => return (size, round),
            Some(Error::BufferTooSmall { buffer, need }) => {
                assert_eq!(buffer, kind, "{which:?} with {size} bytes");
                assert!(usize::from(need) > size, "{need} bytes are asked for, {size} were there");
                size = usize::from(need);
            }
            Some(error) => panic!("{which:?}, {kind:?} of {size} bytes: {error}"),
        }
    }
    panic!("{which:?}, {kind:?}: no end");
}

#[test]
fn a_buffer_that_is_too_small_is_named_with_a_size_that_leads_to_one_that_works() {
    let pki = Pki::new();
    let usual: &dyn Fn() -> Setup = &|| Setup::new(&pki);
    let large: &dyn Fn() -> Setup = &|| large(&pki);
    for setup in [usual, large] {
        for which in [Which::Client, Which::Server] {
            for kind in [BufferKind::Rx, BufferKind::Tx, BufferKind::Peer] {
                let (size, rounds) = grow(setup, which, kind, 0);
                println!("{which:?} {kind:?}: {size} bytes after {rounds} rounds");
                // The limit of the peer's records follows from `rx`: where they end inside of messages, a smaller one may
                // do. From which size on every one does, tests/record_limits.rs checks.
                if kind == BufferKind::Rx {
                    continue;
                }
                // One byte less is not enough.
                let mut setup = setup();
                *size_mut(&mut setup, which, kind) = size - 1;
                match error_of(setup, which) {
                    Some(Error::BufferTooSmall { buffer, need }) => {
                        assert_eq!((buffer, usize::from(need)), (kind, size));
                    }
                    error => panic!("{which:?}, {kind:?} of {} bytes: {error:?}", size - 1),
                }
            }
        }
    }
}

/// The sizes for chains of two P-256 certificates, X25519 and a host name of 20 bytes.
#[test]
fn the_smallest_sizes_that_work_are_known() {
    let pki = Pki::new();
    let setup = || {
        let mut setup = Setup::new(&pki);
        setup.client = setup
            .client
            .with_cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_CHACHA20_POLY1305_SHA256])
            .with_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
            .with_signature_schemes(&[SignatureScheme::ECDSA_SECP256R1_SHA256]);
        setup
    };
    let size = |which, kind| grow(&setup, which, kind, 0).0;
    assert_eq!(size(Which::Client, BufferKind::Tx), 160);
    assert_eq!(size(Which::Server, BufferKind::Tx), 160);
    for which in [Which::Client, Which::Server] {
        let peer = size(which, BufferKind::Peer);
        assert!((600..=700).contains(&peer), "two summaries take {peer} bytes");
    }
}

/// Every size of every buffer: it works, or the error names that buffer.
#[test]
fn no_size_of_a_buffer_leads_to_anything_but_success_or_its_name() {
    let pki = Pki::new();
    for which in [Which::Client, Which::Server] {
        for (kind, sizes) in [(BufferKind::Tx, 0..420), (BufferKind::Rx, 0..420), (BufferKind::Peer, 0..420)] {
            for size in sizes.step_by(7) {
                let mut setup = Setup::new(&pki);
                *size_mut(&mut setup, which, kind) = size;
                match error_of(setup, which) {
                    None => {}
                    Some(Error::BufferTooSmall { buffer, need }) => {
                        assert_eq!(buffer, kind);
                        assert!(usize::from(need) > size);
                    }
                    Some(error) => panic!("{which:?}, {kind:?} of {size} bytes: {error}"),
                }
            }
        }
    }
}

/// Both hellos of a client with long protocol names are longer than its `tx` and than the `rx` of the server, and so may be
/// the ServerHello for its `tx`.
#[test]
fn hellos_leave_through_every_tx_with_the_compatibility_record_in_its_place() {
    const NAME: &[u8] = &[b'p'; 250];
    let pki = Pki::new();
    let names: &'static [&'static [u8]] = &[NAME; 5];
    for (compatibility, retried, protocols) in
        [(false, false, names), (false, true, names), (true, false, names), (true, true, names), (true, true, &[])]
    {
        for tx in (160..320).chain((320..1700).step_by(41)) {
            let mut setup = Setup::new(&pki);
            setup.client = setup.client.with_middlebox_compatibility(compatibility).with_alpn(protocols);
            if retried {
                setup.server = setup.server.with_groups(&[NamedGroup::SECP256R1]);
            }
            (setup.client_sizes.tx, setup.server_sizes.tx) = (tx, tx);
            setup.server_sizes.rx = 1024;
            setup.chunk = [0, 1, 100][tx % 3];
            let outcome = setup.run();
            for (sent, first) in [(&outcome.wire.from_client, CLIENT_HELLO), (&outcome.wire.from_server, SERVER_HELLO)]
            {
                // The messages in front of the compatibility record, of which there is one.
                let records = records(sent);
                let mut parts = records.split(|record| record[0] == 20);
                let before: Vec<u8> = parts.next().unwrap().iter().flat_map(|record| record[5..].to_vec()).collect();
                if compatibility {
                    assert_eq!(messages(&before).iter().map(|message| message[0]).collect::<Vec<_>>(), [first]);
                }
                assert_eq!(parts.count(), usize::from(compatibility), "tx of {tx} bytes");
            }
            works(outcome);
        }
    }
}

/// A record of the largest size needs a buffer of that size, and the error names it.
#[test]
fn a_record_larger_than_the_buffer_is_rejected_with_its_size() {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let mut flight = script.server_flight(&pki, |message| message);
    flight.push(Sent::new(Epoch::Application, APPLICATION_DATA, &[1; 5000]));
    real.feed(&script.seal_all(&flight));
    let error = Error::BufferTooSmall { buffer: BufferKind::Rx, need: (5000 + 22).into() };
    assert_eq!(error.alert(), Some(embedded_mtls::AlertDescription::RECORD_OVERFLOW));
    assert_eq!(real.verdict(&mut script), Some(error));
}

#[test]
fn a_message_larger_than_the_buffer_is_rejected_with_its_size() {
    let pki = Pki::new();
    for pieces in [4000, 100] {
        let (mut real, mut script) = client(Setup::new(&pki));
        // An extension that nobody knows.
        let unknown = vec![0; 6000];
        let flight = script.server_flight(&pki, |message| match message[0] {
            CERTIFICATE_REQUEST => certificate_request(&[(0xfafa, unknown.clone())]),
            _ => message,
        });
        let request = flight[2].bytes.clone();
        real.feed(&script.seal_all(&flight[..2]));
        for piece in request.chunks(pieces) {
            real.feed(&script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, piece)));
            if real.end.is_some() {
                break;
            }
        }
        let Some(Error::BufferTooSmall { buffer: BufferKind::Rx, need }) = real.verdict(&mut script) else {
            panic!("no error that names rx")
        };
        assert!((request.len()..request.len() + 64).contains(&usize::from(need)), "{need} for {}", request.len());
    }
}

/// As long as no limit of records is agreed on, a message needs one record around it, 5 bytes before it and 17 behind it. Its header
/// tells whether the rest is worth waiting for.
#[test]
fn a_message_larger_than_the_buffer_is_rejected_as_soon_as_its_header_has_come() {
    const NEED: usize = 4 + 0xa00 + 22;
    let pki = Pki::new();
    for (rx, expected) in
        [(NEED, None), (NEED - 1, Some(Err(Error::BufferTooSmall { buffer: BufferKind::Rx, need: NEED.into() })))]
    {
        let setup = Setup::new(&pki);
        let sizes = Sizes { rx, ..setup.client_sizes };
        let (mut real, mut script) = client(Setup { client_sizes: sizes, ..setup });
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&script.seal(&flight[0]));
        real.feed(&script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, &[ENCRYPTED_EXTENSIONS, 0, 0xa, 0])));
        assert_eq!(real.end, expected, "rx of {rx} bytes");
    }
}

/// Delivers more than there is room for, again and again: an error each time, and one alert.
fn misuse<S: Side>(handshake: &mut Handshake<'_, S>) {
    let first = handshake.rx_commit(1_000_000);
    assert!(matches!(first, Err(Error::ApiMisuse(_))));
    let alert = handshake.tx_pending().to_vec();
    for _ in 0..20 {
        assert_eq!(handshake.rx_commit(1_000_000), first);
        assert_eq!(handshake.poll().err(), first.err());
    }
    assert_eq!(handshake.tx_pending(), alert);
    handshake.tx_consume(1_000_000);
    assert!(handshake.tx_pending().is_empty());
    for _ in 0..20 {
        assert_eq!(handshake.rx_commit(1_000_000), first);
    }
    assert!(handshake.tx_pending().is_empty(), "one alert is enough");
}

#[test]
fn excess_input_is_rejected_each_time_and_alerted_once() {
    let pki = Pki::new();
    misuse(&mut Setup::new(&pki).client_handshake().unwrap());
    misuse(&mut Setup::new(&pki).server_handshake().unwrap());
    let (mut client, _) = Setup::new(&pki).run().sessions();
    let first = client.rx_commit(1_000_000);
    assert!(matches!(first, Err(Error::ApiMisuse(_))));
    let alert = client.tx_pending().to_vec();
    for _ in 0..20 {
        assert_eq!(client.rx_commit(1_000_000), first);
    }
    assert_eq!(client.tx_pending(), alert);
}

#[test]
fn a_poll_changes_nothing_until_something_changes() {
    let pki = Pki::new();
    let mut client = Setup::new(&pki).client_handshake().unwrap();
    while matches!(client.poll(), Ok(Step::Yield)) {}
    for _ in 0..3 {
        assert!(matches!(client.poll(), Ok(Step::Transmit)));
    }
    let hello = client.tx_pending().to_vec();
    client.tx_consume(10);
    assert_eq!(client.tx_pending(), &hello[10..]);
    client.tx_consume(hello.len() - 10);
    for _ in 0..3 {
        assert!(matches!(client.poll(), Ok(Step::NeedInput)));
    }
    let (mut client, _) = Setup::new(&pki).run().sessions();
    for _ in 0..3 {
        assert!(matches!(client.poll(), Ok(Event::NeedInput)));
    }
    let mut refused = Real::server(Setup::new(&pki));
    refused.feed(b"GET / HTTP/1.1\r\n\r\n");
    let error = refused.error();
    for _ in 0..3 {
        assert_eq!(refused.handshake.poll().err(), error);
        assert!(refused.handshake.tx_pending().is_empty());
    }
    assert_eq!(refused.handshake.stage(), embedded_mtls::Stage::ClientHello);
    assert_eq!(refused.handshake.into_session().err(), error, "no session comes of an error");
}

/// A session decrypts in its buffers, and the next one may be of another peer.
#[test]
fn buffers_come_back_wiped_and_serve_again() {
    let setup = Setup::new(&Pki::new());
    let handshake = setup.client_handshake().unwrap();
    let mut buffers = handshake.into_buffers();
    for _ in 0..3 {
        let fresh = Setup::new(&Pki::new());
        let config: &'static _ = test_support::pair::leak(Box::new(fresh.client));
        let again = Handshake::<Client>::new(config, buffers, test_support::pair::entropy(1)).unwrap();
        buffers = again.into_buffers();
    }
    assert_eq!((buffers.rx.len(), buffers.tx.len(), buffers.peer.len()), (4096, 2048, 2048));

    let (mut client, mut server) = setup.run().sessions();
    server.write(b"to nobody else").unwrap();
    let bytes = server.tx_pending().to_vec();
    client.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    client.rx_commit(bytes.len()).unwrap();
    let Ok(Event::Data(data)) = client.poll() else { panic!("no data") };
    assert_eq!(*data, *b"to nobody else");
    for buffers in [client.into_buffers(), server.into_buffers()] {
        assert_eq!((buffers.rx.len(), buffers.tx.len(), buffers.peer.len()), (4096, 2048, 2048));
        assert!(buffers.rx.iter().chain(buffers.tx.iter()).all(|byte| *byte == 0));
    }
}

#[test]
fn a_session_returns_the_memory_of_certificates_that_it_does_not_use() {
    let (mut client, mut server) = Setup::new(&Pki::new()).run().sessions();
    let memory = client.take_peer_memory();
    assert!((1000..2048).contains(&memory.len()), "{}", memory.len());
    memory.fill(0xaa);
    assert!(client.take_peer_memory().is_empty());
    assert_eq!(client.peer().and_then(|peer| peer.common_name()), Some(SERVER_NAME));
    client.write(b"ping").unwrap();
    server.write(b"pong").unwrap();
    assert_eq!(exchange(&mut client, &mut server), Ok((b"pong".to_vec(), b"ping".to_vec())));
    assert_eq!(client.into_buffers().peer.len() + memory.len(), 2048);
}
