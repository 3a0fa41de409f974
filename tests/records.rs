//! The rules of the record layer, in every epoch and both roles: types, lengths, empty records,
//! padding, compatibility records, alerts, and where messages may meet records.
#![allow(missing_docs)]

use embedded_mtls::{AlertDescription, Error, InvalidMessage, PeerMisbehaved};
use test_support::messages::*;
use test_support::pair::{Setup, Sizes};
use test_support::pki::Pki;
use test_support::script::{
    ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, Epoch, HANDSHAKE, Real, Script, Sent, client, invalid, misbehaved,
    server,
};

const FINE: Option<Error> = None;
const UNEXPECTED: Option<Error> = misbehaved(PeerMisbehaved::UnexpectedMessage);

/// The progress of a handshake when a record comes that does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// The client waits for ServerHello, the server for ClientHello.
    First,
    /// The client waits for EncryptedExtensions, the server for Certificate.
    Encrypted,
    /// After Finished.
    Session,
}

use When::{Encrypted, First, Session};

fn setup(pki: &Pki) -> Setup {
    let sizes = Sizes { rx: 20_000, ..Sizes::DEFAULT };
    Setup { client_sizes: sizes, server_sizes: sizes, ..Setup::new(pki) }
}

/// Returns the error of a client if `bytes` come at that time, before the messages of a good server.
fn client_says(pki: &Pki, when: When, bytes: &dyn Fn(&mut Script) -> Vec<u8>) -> Option<Error> {
    let (mut real, mut script) = client(setup(pki));
    let flight = script.server_flight(pki, |message| message);
    let (first, rest) = flight.split_at(1);
    let mut strange = bytes(&mut script);
    for (at, part) in [(First, first), (Encrypted, rest), (Session, &[])] {
        if at == when {
            real.feed(&std::mem::take(&mut strange));
        }
        let part = script.seal_all(part);
        if at != Session || when == Session {
            real.feed(&part);
        }
    }
    real.verdict(&mut script)
}

/// The same of a server.
fn server_says(pki: &Pki, when: When, bytes: &dyn Fn(&mut Script) -> Vec<u8>) -> Option<Error> {
    let (mut real, mut script) = (Real::server(setup(pki)), Script::client(Script::hello(X25519)));
    if when == First {
        real.feed(&bytes(&mut script));
    }
    if real.end.is_some() {
        return real.verdict(&mut script);
    }
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let flight = script.client_flight(pki, |message| message);
    let strange = if when == First { vec![] } else { bytes(&mut script) };
    let flight = script.seal_all(&flight);
    real.feed(&if when == Encrypted { [strange, flight].concat() } else { [flight, strange].concat() });
    real.verdict(&mut script)
}

type Bytes = dyn Fn(&mut Script) -> Vec<u8>;

#[track_caller]
fn both(pki: &Pki, when: When, bytes: &Bytes, expected: Option<Error>, name: &str) {
    assert_eq!(client_says(pki, when, bytes), expected, "{name} to a client, {when:?}");
    assert_eq!(server_says(pki, when, bytes), expected, "{name} to a server, {when:?}");
}

#[test]
fn unknown_record_types_are_rejected_in_every_epoch() {
    let pki = Pki::new();
    for kind in [0, 19, 24, 25, 26, 0x7a, 255] {
        for when in [First, Encrypted, Session] {
            let bytes = move |_: &mut Script| record(kind, &[1]);
            both(&pki, when, &bytes, invalid(InvalidMessage::UnknownType), &format!("type {kind}"));
        }
    }
}

#[test]
fn records_that_are_too_long_are_rejected_by_their_header() {
    let pki = Pki::new();
    let too_long = invalid(InvalidMessage::RecordTooLong);
    both(&pki, First, &|_| vec![HANDSHAKE, 3, 3, 0x40, 0x01], too_long, "2^14 + 1 bytes in the clear");
    both(&pki, First, &|_| vec![ALERT, 3, 3, 0xff, 0xff], too_long, "a long alert");
    for when in [First, Encrypted, Session] {
        both(&pki, when, &|_| vec![APPLICATION_DATA, 3, 3, 0x41, 0x01], too_long, "2^14 + 257 bytes");
    }
    // With one byte less, the record is awaited.
    let truncated = Some(Error::ConnectionTruncated);
    assert_eq!(client_says(&pki, First, &|_| vec![HANDSHAKE, 3, 3, 0x40, 0x00]), truncated, "2^14 bytes in the clear");
    both(&pki, Session, &|_| vec![APPLICATION_DATA, 3, 3, 0x41, 0x00], FINE, "2^14 + 256 bytes");
}

#[test]
fn a_protected_record_may_hold_2_to_the_14_bytes_and_no_more() {
    let pki = Pki::new();
    for (content, padding, expected) in [
        (1 << 14, 0, FINE),
        (1, (1 << 14) - 1, FINE),
        ((1 << 14) + 1, 0, invalid(InvalidMessage::RecordTooLong)),
        (1, 1 << 14, invalid(InvalidMessage::RecordTooLong)),
    ] {
        let bytes = move |script: &mut Script| {
            let role = script.role();
            script.keys(Epoch::Application, role).seal(APPLICATION_DATA, &vec![7; content], padding)
        };
        both(&pki, Session, &bytes, expected, &format!("{content} + {padding} bytes"));
    }
}

#[test]
fn empty_records_are_rejected_where_they_must_not_be() {
    let pki = Pki::new();
    let empty = invalid(InvalidMessage::EmptyRecord);
    both(&pki, First, &|_| record(HANDSHAKE, &[]), empty, "an empty handshake record");
    both(&pki, First, &|_| record(ALERT, &[]), empty, "an empty alert");
    for (when, epoch) in [(Encrypted, Epoch::Handshake), (Session, Epoch::Application)] {
        let seal = move |kind| move |script: &mut Script| script.seal(&Sent::new(epoch, kind, &[]));
        both(&pki, when, &seal(HANDSHAKE), empty, "an empty handshake record");
        both(&pki, when, &seal(ALERT), empty, "an empty alert");
        // Content type zero: nothing but padding.
        both(&pki, when, &seal(0), UNEXPECTED, "nothing but zeros");
        both(&pki, when, &seal(CHANGE_CIPHER_SPEC), UNEXPECTED, "a protected change_cipher_spec");
        both(&pki, when, &seal(24), UNEXPECTED, "a protected unknown type");
        both(&pki, when, &|_| record(APPLICATION_DATA, &[]), Some(Error::DecryptFailed), "no room for a tag");
        both(&pki, when, &|_| record(APPLICATION_DATA, &[1; 15]), Some(Error::DecryptFailed), "less than a tag");
        both(&pki, when, &|_| record(APPLICATION_DATA, &[1; 40]), Some(Error::DecryptFailed), "no right tag");
    }
}

#[test]
fn empty_application_data_is_tolerated_32_times_in_a_row() {
    let pki = Pki::new();
    let rows: [(&[usize], Option<Error>); 3] =
        [(&[32], FINE), (&[33], misbehaved(PeerMisbehaved::TooManyEmptyRecords)), (&[32, 0], FINE)];
    for (runs, expected) in rows {
        let bytes = move |script: &mut Script| {
            let mut bytes = Vec::new();
            for run in runs {
                for _ in 0..*run {
                    bytes.extend(script.seal(&Sent::new(Epoch::Application, APPLICATION_DATA, &[])));
                }
                if runs.len() > 1 {
                    bytes.extend(script.seal(&Sent::new(Epoch::Application, APPLICATION_DATA, b"x")));
                }
            }
            bytes
        };
        both(&pki, Session, &bytes, expected, &format!("{runs:?} empty records"));
    }
}

#[test]
fn application_data_before_the_end_of_the_handshake_is_rejected() {
    let pki = Pki::new();
    both(&pki, First, &|_| record(APPLICATION_DATA, &[1; 40]), misbehaved(PeerMisbehaved::WrongEpoch), "in the clear");
    for content in [&b""[..], b"data"] {
        let bytes = move |script: &mut Script| script.seal(&Sent::new(Epoch::Handshake, APPLICATION_DATA, content));
        both(&pki, Encrypted, &bytes, UNEXPECTED, &format!("{} bytes of data", content.len()));
    }
}

#[test]
fn compatibility_records_are_dropped_twice_and_only_where_they_may_be() {
    let pki = Pki::new();
    let ccs = |count: usize| move |_: &mut Script| record(CHANGE_CIPHER_SPEC, &[1]).repeat(count);
    let too_many = misbehaved(PeerMisbehaved::TooManyChangeCipherSpec);
    for count in 0..=3 {
        let expected = if count <= 2 { FINE } else { too_many };
        both(&pki, Encrypted, &ccs(count), expected, &format!("{count} records"));
    }
    // "received before the first ClientHello message or after the peer's Finished message"
    assert_eq!(client_says(&pki, First, &ccs(2)), FINE);
    assert_eq!(server_says(&pki, First, &ccs(1)), too_many);
    both(&pki, Session, &ccs(1), too_many, "after the handshake");
    for content in [&[][..], &[0], &[2], &[1, 1]] {
        let bytes = move |_: &mut Script| record(CHANGE_CIPHER_SPEC, content);
        both(&pki, Encrypted, &bytes, UNEXPECTED, &format!("{content:?}"));
    }
    // Between the parts of a message.
    let inside = |script: &mut Script| {
        let part = script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, &[11]));
        [part, record(CHANGE_CIPHER_SPEC, &[1])].concat()
    };
    assert_eq!(server_says(&pki, Encrypted, &inside), UNEXPECTED);
}

#[test]
fn an_alert_ends_the_connection_and_is_not_answered() {
    let pki = Pki::new();
    let received = |alert| Some(Error::AlertReceived(AlertDescription(alert)));
    for alert in [0, 10, 40, 48, 80, 116, 255] {
        for level in [1, 2, 77] {
            let content = [level, alert];
            both(&pki, First, &move |_| record(ALERT, &content), received(alert), "in the clear");
            let bytes = move |script: &mut Script| script.seal(&Sent::new(Epoch::Handshake, ALERT, &content));
            both(&pki, Encrypted, &bytes, received(alert), "in the handshake");
            let bytes = move |script: &mut Script| script.seal(&Sent::new(Epoch::Application, ALERT, &content));
            both(&pki, Session, &bytes, if alert == 0 { FINE } else { received(alert) }, "in the session");
        }
    }
}

#[test]
fn an_alert_is_two_bytes_in_one_record() {
    let pki = Pki::new();
    let length = invalid(InvalidMessage::AlertLength);
    for content in [&[2][..], &[2, 40, 0], &[2, 40, 2, 40]] {
        both(&pki, First, &move |_| record(ALERT, content), length, "in the clear");
        let bytes = move |script: &mut Script| script.seal(&Sent::new(Epoch::Handshake, ALERT, content));
        both(&pki, Encrypted, &bytes, length, "in the handshake");
    }
}

#[test]
fn a_plaintext_alert_is_accepted_only_where_the_peer_may_have_no_keys() {
    let pki = Pki::new();
    let plain = |_: &mut Script| record(ALERT, &[2, 51]);
    let epoch = misbehaved(PeerMisbehaved::WrongEpoch);
    assert_eq!(server_says(&pki, Encrypted, &plain), Some(Error::AlertReceived(AlertDescription::DECRYPT_ERROR)));
    assert_eq!(client_says(&pki, Encrypted, &plain), epoch);
    both(&pki, Session, &plain, epoch, "in the session");
    let late = |script: &mut Script| {
        let part = script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, &[11]));
        [part, record(ALERT, &[2, 51])].concat()
    };
    assert_eq!(server_says(&pki, Encrypted, &late), epoch);
}

#[test]
fn user_canceled_is_ignored_and_the_close_notify_after_it_ends_the_handshake() {
    let pki = Pki::new();
    let bytes = |script: &mut Script| {
        let alerts = [[1, 90], [1, 0]].map(|alert| Sent::new(Epoch::Handshake, ALERT, &alert));
        script.seal_all(&alerts)
    };
    both(&pki, Encrypted, &bytes, Some(Error::AlertReceived(AlertDescription::CLOSE_NOTIFY)), "user_canceled");
}

#[test]
fn every_record_may_be_padded() {
    let pki = Pki::new();
    let (mut real, mut script) = client(setup(&pki));
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal(&flight[0]));
    for (padding, sent) in [0, 1, 255, 5000].into_iter().cycle().zip(&flight[1..]) {
        let role = script.role();
        let record = script.keys(Epoch::Handshake, role).seal(HANDSHAKE, &sent.bytes, padding);
        real.feed(&record);
    }
    assert_eq!(real.verdict(&mut script), FINE);
}

/// Any division of the stream of messages into records.
#[test]
fn messages_may_be_split_over_records_and_share_them() {
    let pki = Pki::new();
    for size in [1, 2, 3, 4, 5, 7, 100, 16_000] {
        let (mut real, mut script) = client(setup(&pki));
        let flight = script.server_flight(&pki, |message| message);
        for piece in flight[0].bytes.chunks(size) {
            real.feed(&record(HANDSHAKE, piece));
        }
        let stream: Vec<u8> = flight[1..].iter().flat_map(|sent| sent.bytes.clone()).collect();
        for piece in stream.chunks(size) {
            real.feed(&script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, piece)));
        }
        assert_eq!(real.verdict(&mut script), FINE, "{size} bytes a record to a client");

        let (mut real, mut script) = (Real::server(setup(&pki)), Script::client(Script::hello(X25519)));
        let hello = script.say_hello();
        for piece in hello[5..].chunks(size) {
            real.feed(&record(HANDSHAKE, piece));
        }
        script.hear_server(&real.take());
        let flight = script.client_flight(&pki, |message| message);
        let stream: Vec<u8> = flight.iter().flat_map(|sent| sent.bytes.clone()).collect();
        for piece in stream.chunks(size) {
            real.feed(&script.seal(&Sent::new(Epoch::Handshake, HANDSHAKE, piece)));
        }
        assert_eq!(real.verdict(&mut script), FINE, "{size} bytes a record to a server");
    }
}

#[test]
fn no_message_may_span_a_key_change() {
    let pki = Pki::new();
    let spans = misbehaved(PeerMisbehaved::KeyChangeInsideMessage);
    // EncryptedExtensions, whole or in part, in the record of ServerHello.
    for part in [1, 6] {
        let (mut real, mut script) = client(setup(&pki));
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&record(HANDSHAKE, &[&flight[0].bytes, &flight[1].bytes[..part]].concat()));
        // Nothing was protected yet.
        assert_eq!(real.verdict(&mut script), spans);
    }
    // A ticket in the record of Finished.
    let (mut real, mut script) = client(setup(&pki));
    let mut flight = script.server_flight(&pki, |message| message);
    flight[5].bytes.extend(session_ticket(b"ticket", &[]));
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.verdict(&mut script), spans);
    // A message after ClientHello, which is rejected before the server computes anything.
    let (mut real, mut script) = (Real::server(setup(&pki)), Script::client(Script::hello(X25519)));
    real.feed(&record(HANDSHAKE, &[&script.client_hello.emit()[..], &[11]].concat()));
    assert_eq!(records(&real.out).len(), 1, "only an alert");
    assert_eq!(real.verdict(&mut script), UNEXPECTED);
    // A message after the client's Finished, and after KeyUpdate.
    let (mut real, mut script) = server(setup(&pki));
    let mut flight = script.client_flight(&pki, |message| message);
    flight[2].bytes.extend(key_update(0));
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.verdict(&mut script), spans);
    let twice = [key_update(0), key_update(0)].concat();
    let bytes = move |script: &mut Script| script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &twice));
    both(&pki, Session, &bytes, spans, "two KeyUpdate in a record");
}

#[test]
fn other_records_between_the_parts_of_a_message_are_rejected() {
    let pki = Pki::new();
    for (kind, content) in [(ALERT, &[1, 0][..]), (APPLICATION_DATA, b"data"), (APPLICATION_DATA, b"")] {
        let bytes = move |script: &mut Script| {
            let part = Sent::new(Epoch::Application, HANDSHAKE, &[24, 0, 0]);
            script.seal_all(&[part, Sent::new(Epoch::Application, kind, content)])
        };
        both(&pki, Session, &bytes, UNEXPECTED, &format!("type {kind}"));
    }
}

/// A key that fails when half of a long Certificate has left is no reason to send the other half.
#[test]
fn a_peer_that_gives_up_within_a_message_may_say_why() {
    let pki = Pki::new();
    for alert in [40, 80, 255] {
        let expected = Some(Error::AlertReceived(AlertDescription(alert)));
        let bytes = move |script: &mut Script| {
            let part = Sent::new(Epoch::Application, HANDSHAKE, &[24, 0, 0]);
            script.seal_all(&[part, Sent::new(Epoch::Application, ALERT, &[2, alert])])
        };
        both(&pki, Session, &bytes, expected, &format!("alert {alert}"));
        let bytes = move |script: &mut Script| {
            let part = Sent::new(Epoch::Handshake, HANDSHAKE, &[8, 0, 0]);
            script.seal_all(&[part, Sent::new(Epoch::Handshake, ALERT, &[2, alert])])
        };
        both(&pki, Encrypted, &bytes, expected, &format!("alert {alert} in the handshake"));
    }
    for (kind, content) in [(ALERT, &[1, 90][..]), (ALERT, &[1, 0]), (HANDSHAKE, &[])] {
        let bytes = move |script: &mut Script| {
            let part = Sent::new(Epoch::Application, HANDSHAKE, &[24, 0, 0]);
            script.seal_all(&[part, Sent::new(Epoch::Application, kind, content)])
        };
        both(
            &pki,
            Session,
            &bytes,
            if kind == ALERT { UNEXPECTED } else { Some(InvalidMessage::EmptyRecord.into()) },
            "no fatal one",
        );
    }
}

#[test]
fn the_version_of_a_plaintext_record_is_ignored() {
    let pki = Pki::new();
    for version in [[3, 1], [3, 4], [0, 0], [0x7a, 0x7a]] {
        let outcome = Setup::new(&pki).run_with(|to_server, to_client| {
            for bytes in [to_server, to_client] {
                if bytes.first() == Some(&HANDSHAKE) {
                    bytes[1..3].copy_from_slice(&version);
                }
            }
        });
        outcome.sessions();
    }
}
