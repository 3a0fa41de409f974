//! Harmless input: unknown values wherever the RFC allows them, extensions that others
//! understand, data of a resumption that we do not take part in.
#![allow(missing_docs)]

use embedded_mtls::{Error, Event, NamedGroup, PeerMisbehaved, Side};
use test_support::messages::*;
use test_support::pair::{Setup, TestSession};
use test_support::pki::Pki;
use test_support::script::{APPLICATION_DATA, Epoch, HANDSHAKE, Keys, Real, Script, Sent, client, misbehaved};

/// A hello full of unknown values (RFC 8701), with all that a browser or OpenSSL offers.
fn crowded() -> Hello {
    let share = Script::hello(X25519).share().1.to_vec();
    let shares = [key_share((GREASE, &[0])), key_share((X25519, &share))].concat();
    let mut hello = Script::hello(X25519);
    hello.choices = [list16(&[GREASE, 0x1302, AES_128_GCM, CHACHA20, 0xc02b, 0x00ff]), vec![1, 0]].concat();
    hello.session_id = vec![0x1d; 32];
    hello = hello
        .with(SUPPORTED_GROUPS, &list16(&[GREASE, 0x11ec, X25519, P256, 0x100]))
        .with(SIGNATURE_ALGORITHMS, &list16(&[GREASE, 0x0804, ECDSA_P256, 0x0603, 0x0201]))
        .with(SUPPORTED_VERSIONS, &[6, 0x7a, 0x7a, 3, 4, 3, 3])
        .with(KEY_SHARE, &vec16(&shares))
        .with(GREASE, &[])
        .with(0x5a5a, &[0])
        // status_request, signed_certificate_timestamp, extended_master_secret, session_ticket,
        // record_size_limit, psk_key_exchange_modes, post_handshake_auth, signature_algorithms_cert,
        // renegotiation_info, encrypted_client_hello, padding
        .with(5, &[1, 0, 0, 0, 0])
        .with(18, &[])
        .with(23, &[])
        .with(35, &[])
        .with(28, &[0x40, 1])
        .with(45, &[2, 1, GREASE.to_be_bytes()[0]])
        .with(49, &[])
        .with(50, &list16(&[ECDSA_P256, 0x0401, GREASE]))
        .with(0xff01, &[0])
        .with(0xfe0d, &[1; 40])
        .with(ALPN, b"\0\x0f\x02\x7a\x7a\x02h2\x08http/1.1")
        .with(SERVER_NAME_EXTENSION, b"\0\x1a\0\0\x14supplier.example.com\x7a\0\0")
        .with(21, &[0; 100]);
    // An unknown pre-shared key; it comes last.
    hello.with(41, &[&vec16(&[&vec16(b"ticket")[..], &[1, 2, 3, 4]].concat())[..], &vec16(&vec8(&[7; 32]))].concat())
}

#[track_caller]
fn receive(session: &mut TestSession<impl Side>, bytes: &[u8]) -> Vec<u8> {
    session.rx_space()[..bytes.len()].copy_from_slice(bytes);
    session.rx_commit(bytes.len()).unwrap();
    match session.poll() {
        Ok(Event::Data(data)) => {
            let bytes = data.to_vec();
            data.consume(bytes.len());
            bytes
        }
        Ok(_) => vec![],
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_server_ignores_what_it_does_not_know_in_a_hello() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.server = setup.server.with_alpn(&[b"http/1.1"]);
    let (mut real, mut script) = (Real::server(setup), Script::client(crowded()));
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let flight = script.client_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.session().negotiated().alpn, Some(&b"http/1.1"[..]));
}

#[test]
fn a_client_ignores_what_it_does_not_know_in_a_request_and_in_a_ticket() {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let flight = script.server_flight(&pki, |message| match message[0] {
        CERTIFICATE_REQUEST => certificate_request(&[
            (GREASE, vec![1, 2, 3]),
            // oid_filters, signed_certificate_timestamp, status_request, signature_algorithms_cert
            (48, vec16(&[&vec8(&[0x2a, 3])[..], &vec16(b"value")].concat())),
            (18, vec![]),
            (5, vec![]),
            (50, list16(&[GREASE, ECDSA_P256])),
        ]),
        _ => message,
    });
    real.feed(&script.seal_all(&flight));
    script.open(&real.take());
    let mut session = real.session();
    let ticket = session_ticket(b"ticket", &[(GREASE, vec![9]), (EARLY_DATA, vec![0, 0, 64, 0])]);
    let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &ticket));
    assert_eq!(receive(&mut session, &bytes), b"");
    let bytes = script.seal(&Sent::new(Epoch::Application, APPLICATION_DATA, b"after the ticket"));
    assert_eq!(receive(&mut session, &bytes), b"after the ticket");
}

/// Names that cannot be parsed are left out of what the application sees; the others count.
#[test]
fn a_client_skips_an_authority_that_is_not_a_name() {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let anchor = test_support::pair::anchors(&[&pki.root])[0].subject().unwrap().as_der().to_vec();
    let list = vec16(&[vec16(b"no name at all"), vec16(&anchor)].concat());
    let flight = script.server_flight(&pki, |message| match message[0] {
        CERTIFICATE_REQUEST => certificate_request(&[(CERTIFICATE_AUTHORITIES, list.clone())]),
        _ => message,
    });
    real.feed(&script.seal_all(&flight));
    let said = script.open_messages(&real.take());
    assert_eq!(said.iter().map(|message| message[0]).collect::<Vec<_>>(), [CERTIFICATE, CERTIFICATE_VERIFY, FINISHED]);
}

/// A server that asks clients with another share to try again.
fn x25519(pki: &Pki) -> Setup {
    let mut setup = Setup::new(pki);
    setup.server = setup.server.with_groups(&[NamedGroup::X25519]);
    setup
}

#[test]
fn early_data_of_a_client_that_expects_resumption_is_skipped() {
    let pki = Pki::new();
    for group in [X25519, P256] {
        let (mut real, mut script) = (Real::server(x25519(&pki)), Script::client(Script::hello(group)));
        script.client_hello = script.client_hello.with(EARLY_DATA, &[]);
        let mut early = Keys::new(AES_128_GCM, vec![0xea; 32]);
        let early: Vec<u8> = (0..4).flat_map(|_| early.seal(APPLICATION_DATA, &[b'e'; 1000], 0)).collect();
        real.feed(&[&script.say_hello()[..], &early].concat());
        script.hear_server(&real.take());
        if group == P256 {
            // The server asked for another share: everything up to the second hello is skipped.
            let share = Script::hello(X25519).share().1.to_vec();
            script.client_hello =
                script.client_hello.without(EARLY_DATA).with(KEY_SHARE, &vec16(&key_share((X25519, &share))));
            real.feed(&[&early[..], &script.say_hello()].concat());
            script.hear_server(&real.take());
        }
        let flight = script.client_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        let mut session = real.session();
        let data = script.seal(&Sent::new(Epoch::Application, APPLICATION_DATA, b"order"));
        assert_eq!(receive(&mut session, &data), b"order");
    }
}

/// RFC 9846 section 4.3.10: records that cannot be decrypted are skipped, even those that are too short to be any.
#[test]
fn early_data_that_is_too_short_for_a_tag_is_skipped_like_other() {
    let pki = Pki::new();
    for announced in [true, false] {
        for len in [0, 1, 15, 16] {
            let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(Script::hello(X25519)));
            if announced {
                script.client_hello = script.client_hello.with(EARLY_DATA, &[]);
            }
            real.feed(&script.say_hello());
            script.hear_server(&real.take());
            let flight = script.client_flight(&pki, |message| message);
            let flight = script.seal_all(&flight);
            real.feed(&[record(APPLICATION_DATA, &vec![0xe7; len]), flight].concat());
            let expected = if announced { None } else { Some(Error::DecryptFailed) };
            assert_eq!(real.verdict(&mut script), expected, "{len} bytes, announced: {announced}");
        }
    }
}

#[test]
fn early_data_ends_with_the_second_hello() {
    let pki = Pki::new();
    let (mut real, mut script) = (Real::server(x25519(&pki)), Script::client(Script::hello(P256)));
    script.client_hello = script.client_hello.with(EARLY_DATA, &[]);
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let share = Script::hello(X25519).share().1.to_vec();
    script.client_hello = script.client_hello.without(EARLY_DATA).with(KEY_SHARE, &vec16(&key_share((X25519, &share))));
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    real.feed(&Keys::new(AES_128_GCM, vec![0xea; 32]).seal(APPLICATION_DATA, b"early", 0));
    assert_eq!(real.verdict(&mut script), Some(Error::DecryptFailed));
}

/// RFC 9846 section 5.1.
#[test]
fn early_data_inside_of_a_second_hello_is_not_skipped() {
    let pki = Pki::new();
    let (mut real, mut script) = (Real::server(x25519(&pki)), Script::client(Script::hello(P256)));
    script.client_hello = script.client_hello.with(EARLY_DATA, &[]);
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let early = Keys::new(AES_128_GCM, vec![0xea; 32]).seal(APPLICATION_DATA, b"early", 0);
    let part = record(HANDSHAKE, &script.client_hello.emit()[..20]);
    real.feed(&[&early[..], &part, &early].concat());
    assert_eq!(real.verdict(&mut script), misbehaved(PeerMisbehaved::WrongEpoch));
}

#[test]
fn early_data_ends_with_the_first_record_that_opens() {
    let pki = Pki::new();
    let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(Script::hello(X25519)));
    script.client_hello = script.client_hello.with(EARLY_DATA, &[]);
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let early = Keys::new(AES_128_GCM, vec![0xea; 32]).seal(APPLICATION_DATA, b"early", 0);
    let flight = script.client_flight(&pki, |message| message);
    real.feed(&[&early[..], &script.seal(&flight[0]), &early].concat());
    assert_eq!(real.verdict(&mut script), Some(Error::DecryptFailed));
}

#[test]
fn early_data_without_end_or_unannounced_is_rejected() {
    let pki = Pki::new();
    // The largest number of records of 1,022 bytes that a server skips, if the client has announced early data.
    for (announced, skipped) in [(true, 17), (false, 0)] {
        let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(Script::hello(X25519)));
        if announced {
            script.client_hello = script.client_hello.with(EARLY_DATA, &[]);
        }
        real.feed(&script.say_hello());
        script.hear_server(&real.take());
        let mut early = Keys::new(AES_128_GCM, vec![0xea; 32]);
        for _ in 0..=skipped {
            assert!(real.end.is_none());
            real.feed(&early.seal(APPLICATION_DATA, &[b'e'; 1000], 0));
        }
        assert_eq!(real.verdict(&mut script), Some(Error::DecryptFailed));
    }
    let (mut real, mut script) = (Real::server(x25519(&pki)), Script::client(Script::hello(P256)));
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    real.feed(&Keys::new(AES_128_GCM, vec![0xea; 32]).seal(APPLICATION_DATA, b"early", 0));
    assert_eq!(real.verdict(&mut script), misbehaved(PeerMisbehaved::WrongEpoch));
}
