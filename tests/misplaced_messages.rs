//! Every message of a handshake altered on its way, in the build without further features: dropped, repeated, swapped, sent in
//! the wrong epoch, split, too long, empty or too short, and the error of the receiver. `tests/misbehaviour` is about a peer
//! that does so itself, with every feature.
#![allow(missing_docs)]
#![allow(clippy::option_option, reason = "no such message, no error, or an error")]

use embedded_mtls::{Error, InvalidMessage, PeerMisbehaved};
use test_support::messages::*;
use test_support::pair::Setup;
use test_support::pki::Pki;
use test_support::script::{Epoch, HANDSHAKE, Keys, Real, Script, Sent, client, invalid, misbehaved, server};

/// The change of a message in transit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Drop,
    Repeat,
    SwapWithNext,
    /// In the clear what belongs under keys, and the other way about.
    WrongEpoch,
    /// In three records.
    Fragment,
    TrailingByte,
    Empty,
    Truncate,
}

use Action::*;

const ACTIONS: [Action; 8] = [Drop, Repeat, SwapWithNext, WrongEpoch, Fragment, TrailingByte, Empty, Truncate];

impl Action {
    /// The flight with the message at `at` changed; `None` if there is no next one to swap with.
    fn apply(self, flight: &[Sent], at: usize) -> Option<Vec<Sent>> {
        let mut flight = flight.to_vec();
        let Sent { epoch, bytes, .. } = flight[at].clone();
        let with_body = |body: &[u8]| message(bytes[0], body);
        match self {
            Drop => {
                flight.remove(at);
            }
            Repeat => flight.insert(at, flight[at].clone()),
            SwapWithNext if at + 1 == flight.len() => return None,
            SwapWithNext => flight.swap(at, at + 1),
            WrongEpoch => flight[at].epoch = if epoch == Epoch::Plain { Epoch::Handshake } else { Epoch::Plain },
            Fragment => {
                let middle = bytes.len() / 2;
                let parts = [&bytes[..1], &bytes[1..middle], &bytes[middle..]];
                flight.splice(at..=at, parts.map(|part| Sent::new(epoch, HANDSHAKE, part)));
            }
            TrailingByte => flight[at].bytes = with_body(&[&bytes[4..], &[0]].concat()),
            Empty => flight[at].bytes = with_body(&[]),
            Truncate => flight[at].bytes = with_body(&bytes[4..bytes.len() - 1]),
        }
        Some(flight)
    }
}

/// Returns the error of a client for a flight whose message `at` was changed.
fn client_says(pki: &Pki, at: usize, action: Action) -> Option<Option<Error>> {
    let (mut real, mut script) = client(Setup::new(pki));
    let flight = script.server_flight(pki, |message| message);
    let changed = action.apply(&flight, at)?;
    real.feed(&script.seal_all(&changed));
    Some(real.verdict(&mut script))
}

/// The same of a server; message 0 is the ClientHello.
fn server_says(pki: &Pki, at: usize, action: Action) -> Option<Option<Error>> {
    let mut real = Real::server(Setup::new(pki));
    let mut script = Script::client(Script::hello(X25519));
    let hello = script.client_hello.emit();
    script.hear(&hello);
    let hello = [Sent::new(Epoch::Plain, HANDSHAKE, &hello)];
    let mut answer = Vec::new();
    for sent in if at == 0 { action.apply(&hello, 0)? } else { hello.to_vec() } {
        let bytes = match sent.epoch {
            Epoch::Plain => script.seal(&sent),
            _ => Keys::new(AES_128_GCM, vec![0; 32]).seal(HANDSHAKE, &sent.bytes, 0),
        };
        real.feed(&bytes);
        if real.end.is_none() && !real.out.is_empty() {
            answer = script.hear_server(&real.take());
        }
    }
    if !answer.is_empty() && real.end.is_none() {
        let flight = script.client_flight(pki, |message| message);
        let changed = if at == 0 { flight } else { action.apply(&flight, at - 1)? };
        real.feed(&script.seal_all(&changed));
    }
    Some(real.verdict(&mut script))
}

const FINE: Option<Error> = None;
const LATE: Option<Error> = Some(Error::ConnectionTruncated);
const FORGED: Option<Error> = Some(Error::DecryptFailed);
const UNEXPECTED: Option<Error> = misbehaved(PeerMisbehaved::UnexpectedMessage);
const EPOCH: Option<Error> = misbehaved(PeerMisbehaved::WrongEpoch);
const SIGNATURE: Option<Error> = misbehaved(PeerMisbehaved::SignatureIncorrect);
const LONG: Option<Error> = invalid(InvalidMessage::TrailingBytes);
const SHORT: Option<Error> = invalid(InvalidMessage::Truncated);

/// A message and what each of the [`ACTIONS`] leads to; the last message has no next one to swap with.
type Row = (&'static str, [Option<Error>; 8]);

#[rustfmt::skip]
const TO_CLIENT: [Row; 6] = [
    //                       Drop        Repeat      Swap        WrongEpoch Fragment Trailing Empty  Truncate
    ("ServerHello",         [EPOCH,      EPOCH,      EPOCH,      EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    ("EncryptedExtensions", [UNEXPECTED, UNEXPECTED, UNEXPECTED, EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    // A server need not request a certificate; that it did is part of its signature over the transcript.
    ("CertificateRequest",  [SIGNATURE,  UNEXPECTED, UNEXPECTED, EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    ("Certificate",         [UNEXPECTED, UNEXPECTED, UNEXPECTED, EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    ("CertificateVerify",   [UNEXPECTED, UNEXPECTED, UNEXPECTED, EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    // Repeated, it is a record under keys that are gone.
    ("Finished",            [LATE,       FORGED,     FINE,       EPOCH,     FINE,    LONG,    SHORT, SHORT]),
];

#[rustfmt::skip]
const TO_SERVER: [Row; 4] = [
    //                       Drop        Repeat      Swap        WrongEpoch Fragment Trailing Empty  Truncate
    ("ClientHello",         [LATE,       EPOCH,      FINE,       EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    ("Certificate",         [UNEXPECTED, UNEXPECTED, UNEXPECTED, EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    ("CertificateVerify",   [UNEXPECTED, UNEXPECTED, UNEXPECTED, EPOCH,     FINE,    LONG,    SHORT, SHORT]),
    ("Finished",            [LATE,       FORGED,     FINE,       EPOCH,     FINE,    LONG,    SHORT, SHORT]),
];

fn check(table: &[Row], says: impl Fn(usize, Action) -> Option<Option<Error>>) {
    for (at, (name, row)) in table.iter().enumerate() {
        for (action, expected) in ACTIONS.into_iter().zip(row) {
            if let Some(said) = says(at, action) {
                assert_eq!(said, *expected, "{name}, {action:?}");
            }
        }
    }
}

#[test]
fn a_client_rejects_every_incorrect_server_message() {
    let pki = Pki::new();
    check(&TO_CLIENT, |at, action| client_says(&pki, at, action));
}

#[test]
fn a_server_rejects_every_incorrect_client_message() {
    let pki = Pki::new();
    check(&TO_SERVER, |at, action| server_says(&pki, at, action));
}

/// RFC 9846 section 6.2, `decode_error`: "the length of the message was incorrect". What no message can hold is refused by
/// its header; what one can hold, and a lent buffer cannot, is the buffer's fault.
#[test]
fn a_message_that_announces_more_than_its_type_can_hold_is_rejected_by_its_header() {
    let pki = Pki::new();
    let header = |kind: u8, len: u32| [&[kind][..], &len.to_be_bytes()[1..]].concat();
    let too_long = invalid(InvalidMessage::MessageTooLong);
    let is_buffer = |said: Option<Error>| matches!(said, Some(Error::BufferTooSmall { .. }));
    let longest = [131_396, 65_607, 65_537, 65_793, 65_539, 48];
    let kinds = [CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY, FINISHED];
    for (kind, limit) in kinds.into_iter().zip(longest) {
        for (len, refused) in [(limit, false), (limit + 1, true), (0xff_ffff, true)] {
            let said = if kind == CLIENT_HELLO {
                let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(Script::hello(X25519)));
                real.feed(&record(HANDSHAKE, &header(kind, len)));
                real.verdict(&mut script)
            } else {
                let (mut real, mut script) = client(Setup::new(&pki));
                let mut flight = script.server_flight(&pki, |message| message);
                let at = flight.iter().position(|sent| sent.message() == kind).expect("it is sent");
                flight.truncate(at + 1);
                flight[at].bytes = header(kind, len);
                real.feed(&script.seal_all(&flight));
                real.verdict(&mut script)
            };
            if refused {
                assert_eq!(said, too_long, "message {kind} of {len} bytes");
            } else if kind == FINISHED {
                assert_eq!(said, LATE);
            } else if kind == CERTIFICATE_REQUEST {
                // Its names need not fit: they are dropped as they arrive.
                assert_eq!(said, Some(Error::ConnectionTruncated));
            } else {
                assert!(is_buffer(said), "message {kind} of {len} bytes: {said:?}");
            }
        }
    }
    for (kind, limit) in [(NEW_SESSION_TICKET, 131_338), (KEY_UPDATE, 1)] {
        let (mut real, mut script) = client(Setup::new(&pki));
        let mut flight = script.server_flight(&pki, |message| message);
        flight.push(Sent::new(Epoch::Application, HANDSHAKE, &header(kind, limit + 1)));
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.verdict(&mut script), too_long, "message {kind}");
    }
}

/// Every type there is or was: `HelloRequest`, `EndOfEarlyData`, HelloRetryRequest of old drafts,
/// `ServerKeyExchange`, `ServerHelloDone`, `ClientKeyExchange`, `message_hash`, one that is unknown, ...
const TYPES: [u8; 18] = [0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 24, 99, 254];

#[test]
fn a_client_rejects_in_every_state_the_messages_of_another() {
    let pki = Pki::new();
    let awaited: [&[u8]; 6] = [
        &[SERVER_HELLO],
        &[ENCRYPTED_EXTENSIONS],
        &[CERTIFICATE_REQUEST, CERTIFICATE],
        &[CERTIFICATE],
        &[CERTIFICATE_VERIFY],
        &[FINISHED],
    ];
    for (state, awaited) in awaited.into_iter().enumerate() {
        for kind in TYPES.into_iter().filter(|kind| !awaited.contains(kind)) {
            let (mut real, mut script) = client(Setup::new(&pki));
            let mut flight = script.server_flight(&pki, |message| message);
            flight.insert(state, Sent::new(flight[state].epoch, HANDSHAKE, &message(kind, &[])));
            real.feed(&script.seal_all(&flight));
            assert_eq!(real.verdict(&mut script), UNEXPECTED, "message {kind} in state {state}");
        }
    }
}

#[test]
fn a_server_rejects_in_every_state_the_messages_of_another() {
    let pki = Pki::new();
    for kind in TYPES.into_iter().filter(|kind| *kind != CLIENT_HELLO) {
        let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(Script::hello(X25519)));
        real.feed(&record(HANDSHAKE, &message(kind, &[])));
        assert_eq!(real.verdict(&mut script), UNEXPECTED, "message {kind} instead of ClientHello");
    }
    for (state, awaited) in [CERTIFICATE, CERTIFICATE_VERIFY, FINISHED].into_iter().enumerate() {
        for kind in TYPES.into_iter().filter(|kind| *kind != awaited) {
            let (mut real, mut script) = server(Setup::new(&pki));
            let mut flight = script.client_flight(&pki, |message| message);
            flight.insert(state, Sent::new(Epoch::Handshake, HANDSHAKE, &message(kind, &[])));
            real.feed(&script.seal_all(&flight));
            assert_eq!(real.verdict(&mut script), UNEXPECTED, "message {kind} in state {state}");
        }
    }
}

#[test]
fn a_session_rejects_the_messages_of_a_handshake() {
    let pki = Pki::new();
    for kind in TYPES.into_iter().filter(|kind| ![NEW_SESSION_TICKET, KEY_UPDATE].contains(kind)) {
        let after = Sent::new(Epoch::Application, HANDSHAKE, &message(kind, &[]));
        let (mut real, mut script) = client(Setup::new(&pki));
        let mut flight = script.server_flight(&pki, |message| message);
        flight.push(after.clone());
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.verdict(&mut script), UNEXPECTED, "message {kind} to a client");

        let (mut real, mut script) = server(Setup::new(&pki));
        let mut flight = script.client_flight(&pki, |message| message);
        flight.push(after);
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.verdict(&mut script), UNEXPECTED, "message {kind} to a server");
    }
}

#[test]
fn a_server_rejects_a_session_ticket() {
    let pki = Pki::new();
    let (mut real, mut script) = server(Setup::new(&pki));
    let mut flight = script.client_flight(&pki, |message| message);
    flight.push(Sent::new(Epoch::Application, HANDSHAKE, &session_ticket(b"ticket", &[])));
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.verdict(&mut script), UNEXPECTED);
}
