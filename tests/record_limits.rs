//! Records that are limited: what each side asks for, keeps to, and refuses (RFC 8449; RFC 6066 section 4).
#![allow(missing_docs)]

use embedded_mtls::{Client, ClientAuth, Error, Event, InvalidMessage, Server, ServerConfig, Session, Side};
use test_support::messages::*;
use test_support::pair::{Setup, Sizes, exchange};
use test_support::pki::{Pki, Role};
use test_support::script::{APPLICATION_DATA, Epoch, HANDSHAKE, Real, Script, Sent, client, invalid};

/// Header and tag: what a protected record has beside its TLSInnerPlaintext.
const AROUND_INNER: usize = 5 + 16;
/// The size of an `rx` that holds every record of TLS.
const EVERY_RECORD: usize = 16_384 + 1 + AROUND_INNER;

/// The limit that follows from an `rx`.
fn limit_of(rx: usize) -> usize {
    if rx >= EVERY_RECORD { 16_385 } else { (rx / 2 + 1).max(64) }
}

fn setup(pki: &Pki, rx: usize) -> Setup {
    let sizes = Sizes { rx, ..Sizes::DEFAULT };
    Setup { client_sizes: sizes, server_sizes: sizes, ..Setup::new(pki) }
}

/// The lengths of all `TLSInnerPlaintext` in a stream. No record of a test is empty, and ours have no padding.
fn inner_lengths(stream: &[u8]) -> Vec<usize> {
    let protected = records(stream).into_iter().filter(|record| record[0] == APPLICATION_DATA);
    protected.map(|record| record.len() - AROUND_INNER).collect()
}

/// All that a session sends for `data`.
fn write<S: Side>(session: &mut Session<'_, S>, mut data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while !data.is_empty() {
        let written = session.write(data).unwrap();
        data = &data[written..];
        out.extend_from_slice(session.tx_pending());
        session.tx_consume(usize::MAX);
    }
    out
}

fn size(limit: usize) -> Vec<u8> {
    u16::try_from(limit).unwrap().to_be_bytes().to_vec()
}

/// The extensions of the EncryptedExtensions among messages.
fn answer(messages: &[Vec<u8>], kind: u16) -> Option<Vec<u8>> {
    let message = messages.iter().find(|message| message[0] == ENCRYPTED_EXTENSIONS).expect("EncryptedExtensions");
    extension_in(&message[4..], kind)
}

/// The body of an extension in a block.
fn extension_in(block: &[u8], kind: u16) -> Option<Vec<u8>> {
    let mut rest = &block[2..];
    while let [k1, k2, l1, l2, more @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*l1, *l2]));
        if u16::from_be_bytes([*k1, *k2]) == kind {
            return Some(more[..len].to_vec());
        }
        rest = &more[len..];
    }
    None
}

/// A server that has read the hello of a client with these extensions, that client, and the server's answer.
fn server(setup: Setup, extensions: &[(u16, Vec<u8>)]) -> (Real<'static, Server>, Script, Vec<u8>, Vec<Vec<u8>>) {
    let hello = extensions.iter().fold(Script::hello(X25519), |hello, (kind, body)| hello.with(*kind, body));
    let (mut real, mut script) = (Real::server(setup), Script::client(hello));
    real.feed(&script.say_hello());
    let flight = real.take();
    let said = script.hear_server(&flight);
    (real, script, flight, said)
}

/// The session of a server whose client has finished, in records of `content` bytes.
fn finish(mut real: Real<'static, Server>, script: &mut Script, pki: &Pki, content: usize) -> Session<'static, Server> {
    let flight = script.client_flight(pki, |message| message);
    feed_in_pieces(&mut real, script, &flight, content);
    real.session()
}

/// The messages of a flight in records of `content` bytes.
fn feed_in_pieces<S: Side>(real: &mut Real<'static, S>, script: &mut Script, flight: &[Sent], content: usize) {
    let stream: Vec<u8> = flight.iter().flat_map(|sent| sent.bytes.clone()).collect();
    for piece in stream.chunks(content) {
        real.feed(&script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, piece)));
    }
}

/// A client that has read EncryptedExtensions with these extensions, and the rest of the flight in records of
/// `content` bytes.
fn client_session(
    setup: Setup,
    pki: &Pki,
    extensions: &[(u16, Vec<u8>)],
    content: usize,
) -> (Real<'static, Client>, Script) {
    let (mut real, mut script) = client(setup);
    let flight = script.server_flight(pki, |message| match message[0] {
        ENCRYPTED_EXTENSIONS => encrypted_extensions(extensions),
        _ => message,
    });
    let hello = script.seal(&flight[0]);
    real.feed(&hello);
    feed_in_pieces(&mut real, &mut script, &flight[1..], content);
    (real, script)
}

/// Limits at the edges of what may be asked for, of our messages, and of what TLS allows.
const LIMITS: [usize; 11] = [64, 65, 66, 80, 81, 100, 255, 512, 1003, 16_385, 65_535];

/// Every record is within the limit, the first ones fill it, and together they hold `content`.
#[track_caller]
fn check_records(script: &mut Script, stream: &[u8], limit: usize, content: &[u8]) {
    let lengths = inner_lengths(stream);
    assert!(lengths.iter().all(|length| *length <= limit), "{lengths:?} with a limit of {limit}");
    assert!(lengths.len() == 1 || lengths[0] == limit || limit > 2000, "{lengths:?} with a limit of {limit}");
    let opened: Vec<u8> = script.open(stream).into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(opened == content, "with a limit of {limit}");
}

#[test]
fn a_server_keeps_to_the_limit_of_its_client() {
    let pki = Pki::new();
    for limit in LIMITS {
        let (real, mut script, flight, said) = server(setup(&pki, 20_000), &[(RECORD_SIZE_LIMIT, size(limit))]);
        let lengths = inner_lengths(&flight);
        assert!(lengths.iter().all(|length| *length <= limit), "{lengths:?} with a limit of {limit}");
        assert!(limit > 2000 || lengths[0] == limit, "{lengths:?} with a limit of {limit}");
        assert_eq!(answer(&said, RECORD_SIZE_LIMIT), Some(size(16_385)));
        let mut session = finish(real, &mut script, &pki, 16_000);
        let data = [7; 3000];
        let out = write(&mut session, &data);
        check_records(&mut script, &out, limit, &data);
    }
}

#[test]
fn a_client_keeps_to_the_limit_of_its_server() {
    let pki = Pki::new();
    for limit in LIMITS {
        let answer = [(RECORD_SIZE_LIMIT, size(limit))];
        let (mut real, mut script) = client_session(setup(&pki, 4096), &pki, &answer, 900);
        let flight = real.take();
        let lengths = inner_lengths(&flight);
        assert!(lengths.iter().all(|length| *length <= limit), "{lengths:?} with a limit of {limit}");
        assert!(limit > 2000 || lengths[0] == limit, "{lengths:?} with a limit of {limit}");
        let messages = script.open_messages(&flight);
        assert_eq!(messages.iter().map(|message| message[0]).collect::<Vec<_>>(), [11, 15, 20]);
        let mut session = real.session();
        let data = [7; 3000];
        let out = write(&mut session, &data);
        check_records(&mut script, &out, limit, &data);
    }
}

#[test]
fn fragments_are_as_long_as_agreed_in_both_roles() {
    let pki = Pki::new();
    for (code, content) in [(1, 512), (2, 1024), (3, 2048), (4, 4096)] {
        let (real, mut script, flight, said) = server(setup(&pki, 20_000), &[(MAX_FRAGMENT_LENGTH, vec![code])]);
        assert!(inner_lengths(&flight).iter().all(|length| *length <= content + 1), "{code}");
        assert_eq!(answer(&said, MAX_FRAGMENT_LENGTH), Some(vec![code]));
        assert_eq!(answer(&said, RECORD_SIZE_LIMIT), None);
        let mut session = finish(real, &mut script, &pki, content);
        let out = write(&mut session, &[7; 5000]);
        check_records(&mut script, &out, content + 1, &[7; 5000]);
    }
    let answer = [(MAX_FRAGMENT_LENGTH, vec![1])];
    let (mut real, mut script) = client_session(setup(&pki, 2000), &pki, &answer, 512);
    script.open(&real.take());
    let out = write(&mut real.session(), &[7; 3000]);
    check_records(&mut script, &out, 513, &[7; 3000]);
}

#[test]
fn record_size_limit_counts_where_both_are_offered() {
    let pki = Pki::new();
    let both = [(MAX_FRAGMENT_LENGTH, vec![1]), (RECORD_SIZE_LIMIT, size(300))];
    let (_, _, flight, said) = server(setup(&pki, 4096), &both);
    assert_eq!(inner_lengths(&flight)[0], 300);
    assert_eq!(answer(&said, RECORD_SIZE_LIMIT), Some(size(limit_of(4096))));
    assert_eq!(answer(&said, MAX_FRAGMENT_LENGTH), None);
}

#[test]
fn each_side_asks_for_records_whose_content_takes_half_of_its_buffer() {
    let pki = Pki::new();
    for (rx, limit, fragment) in [
        (120, 64, 1),
        (126, 64, 1),
        (128, 65, 1),
        (1022, 512, 1),
        (1023, 512, 1),
        (1024, 513, 1),
        (2047, 1024, 1),
        (2048, 1025, 2),
        (4096, 2049, 3),
        (8191, 4096, 3),
        (8192, 4097, 4),
        (16_405, 8203, 4),
        (16_406, 16_385, 0),
        (40_000, 16_385, 0),
    ] {
        assert_eq!(limit_of(rx), limit);
        let (_, script) = client(setup(&pki, rx));
        let hello = script.client_hello;
        let offered = (limit < 16_385).then(|| size(limit));
        assert_eq!(hello.extension(RECORD_SIZE_LIMIT), offered.as_deref(), "{rx}");
        assert_eq!(hello.extension(MAX_FRAGMENT_LENGTH), offered.map(|_| vec![fragment]).as_deref(), "{rx}");
        if rx < 300 {
            continue; // a hello does not fit
        }
        let (_, _, _, said) = server(setup(&pki, rx), &[(RECORD_SIZE_LIMIT, size(16_385))]);
        assert_eq!(answer(&said, RECORD_SIZE_LIMIT), Some(size(limit)), "{rx}");
    }
    let (_, _, _, said) = server(setup(&pki, 1024), &[]);
    assert_eq!(answer(&said, RECORD_SIZE_LIMIT), None, "it was not offered");
}

/// The ends of a session that receives one record of application data with so much content and padding.
fn receive<S: Side>(real: Real<'static, S>, script: &mut Script, content: usize, padding: usize) -> Option<Error> {
    let mut real = real;
    let role = script.role();
    let record = script.keys(Epoch::Application, role).seal(APPLICATION_DATA, &vec![7; content], padding);
    script.open(&real.take());
    real.feed(&record);
    real.verdict(script)
}

const TOO_LONG: Option<Error> = invalid(InvalidMessage::RecordTooLong);

#[test]
fn a_record_above_the_limit_that_was_agreed_is_rejected() {
    let pki = Pki::new();
    assert_eq!(TOO_LONG.and_then(Error::alert), Some(embedded_mtls::AlertDescription::RECORD_OVERFLOW));
    for rx in [340, 344, 2048, 4096, 16_405] {
        let limit = limit_of(rx);
        for (content, padding, expected) in [
            (limit - 2, 0, None),
            (limit - 1, 0, None),
            (limit, 0, TOO_LONG),
            (1, limit - 2, None),
            (1, limit - 1, TOO_LONG),
        ] {
            let name = format!("{content} + {padding} bytes, {rx} bytes of buffer");
            let setup_of = || {
                let mut setup = setup(&pki, rx);
                setup.server = ServerConfig::new(ClientAuth::None);
                setup
            };
            let (mut real, mut script, _, _) = server(setup_of(), &[(RECORD_SIZE_LIMIT, size(16_385))]);
            let finished = script.finished(Role::Client);
            let sent = Sent::new(Epoch::Handshake, HANDSHAKE, &finished);
            real.feed(&script.seal(&sent));
            assert_eq!(receive(real, &mut script, content, padding), expected, "{name}, a server");
            if rx >= 1024 {
                let answer = [(RECORD_SIZE_LIMIT, size(16_385))];
                let (real, mut script) = client_session(setup_of(), &pki, &answer, limit - 1);
                assert_eq!(receive(real, &mut script, content, padding), expected, "{name}, a client");
            }
        }
    }
}

/// Nothing was agreed: what fits is received, and for what does not fit the error has the size that would do.
#[test]
fn a_peer_without_the_extension_may_fill_the_buffer() {
    let pki = Pki::new();
    for (rx, fragment) in [(2048, 2), (4096, 3)] {
        for answer in [vec![], vec![(MAX_FRAGMENT_LENGTH, vec![fragment])]] {
            for (content, expected) in [
                (rx - 22, None),
                (rx - 21, Some(Error::BufferTooSmall { buffer: embedded_mtls::BufferKind::Rx, need: (rx + 1).into() })),
            ] {
                let (real, mut script) = client_session(setup(&pki, rx), &pki, &answer, 500);
                assert_eq!(receive(real, &mut script, content, 0), expected, "{content} of {rx} bytes");
            }
        }
    }
}

/// A certificate of three quarters of `rx` passes wherever the records end.
#[test]
fn messages_below_three_quarters_of_the_buffer_pass_in_records_of_the_limit() {
    let pki = Pki::new();
    for rx in 800..900 {
        let outcome = setup(&pki, rx).run();
        for stream in [&outcome.wire.from_client, &outcome.wire.from_server] {
            let lengths = inner_lengths(stream);
            assert!(lengths.contains(&limit_of(rx)) && lengths.iter().all(|length| *length <= limit_of(rx)), "{rx}");
        }
        let (mut a, mut b) = outcome.sessions();
        a.write(b"ping").unwrap();
        assert_eq!(exchange(&mut a, &mut b).unwrap().1, b"ping");
    }
}

#[test]
fn ten_kilobytes_pass_both_ways_through_one() {
    let pki = Pki::new();
    let sizes = Sizes { rx: 1024, tx: 1024, peer: 2048 };
    let (mut a, mut b) = Setup { client_sizes: sizes, server_sizes: sizes, ..Setup::new(&pki) }.run().sessions();
    for _ in 0..10 {
        let (mut sent_a, mut sent_b) = (Vec::new(), Vec::new());
        for (session, sent) in [(&mut sent_a, 1), (&mut sent_b, 2)] {
            session.extend(vec![sent; 600]);
        }
        let a_writes = a.write(&sent_a).unwrap();
        let b_writes = b.write(&sent_b).unwrap();
        assert_eq!((a_writes, b_writes), (512, 512), "one record");
        let (at_a, at_b) = exchange(&mut a, &mut b).unwrap();
        assert_eq!((at_a, at_b), (sent_b[..512].to_vec(), sent_a[..512].to_vec()));
    }
    assert!(matches!(a.poll(), Ok(Event::NeedInput)));
}

/// With records of 64 bytes a message takes several, and `tx` holds those of one message, or the error names it.
#[test]
fn the_smallest_records_need_little_more_room() {
    let pki = Pki::new();
    let mut works_from = None;
    for tx in 160..400 {
        let mut setup = setup(&pki, 4096);
        setup.server_sizes.tx = tx;
        let hello = Script::hello(X25519).with(RECORD_SIZE_LIMIT, &size(64));
        let (mut real, mut script) = (Real::server(setup), Script::client(hello));
        real.feed(&script.say_hello());
        match real.end {
            Some(Err(Error::BufferTooSmall { buffer: embedded_mtls::BufferKind::Tx, need })) => {
                assert!(usize::from(need) > tx && works_from.is_none(), "{need} bytes for {tx}");
            }
            None => {
                works_from.get_or_insert(tx);
                script.hear_server(&real.take());
            }
            end => panic!("{tx} bytes: {end:?}"),
        }
    }
    // CertificateVerify with its 80 bytes in two records, and room for an alert.
    assert_eq!(works_from, Some(160));
}
