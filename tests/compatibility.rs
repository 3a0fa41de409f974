//! Middlebox compatibility mode (RFC 9846 appendix E.4): the sides that send a `change_cipher_spec` record, and when.
#![allow(missing_docs)]

use embedded_mtls::{Error, NamedGroup, PeerMisbehaved};
use test_support::messages::*;
use test_support::pair::Setup;
use test_support::pki::Pki;
use test_support::script::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, Epoch, HANDSHAKE, Real, Script, Sent, client};

const CCS: [u8; 6] = [CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1];

/// The types of the records of a stream.
fn kinds(stream: &[u8]) -> Vec<u8> {
    records(stream).iter().map(|record| record[0]).collect()
}

/// A hello of a client in compatibility mode.
fn compatible(group: u16) -> Hello {
    Hello { session_id: vec![7; 32], ..Script::hello(group) }
}

/// "if the client sends a non-empty session ID, the server MUST send the `change_cipher_spec`".
#[test]
fn a_server_sends_the_record_to_a_client_with_a_session_id_and_to_no_other() {
    let pki = Pki::new();
    for (hello, expected) in [
        (compatible(X25519), &[HANDSHAKE, CHANGE_CIPHER_SPEC, APPLICATION_DATA][..]),
        (Hello { session_id: vec![7], ..Script::hello(X25519) }, &[HANDSHAKE, CHANGE_CIPHER_SPEC, APPLICATION_DATA]),
        (Script::hello(X25519), &[HANDSHAKE, APPLICATION_DATA]),
    ] {
        let mut real = Real::server(Setup::new(&pki));
        real.feed(&record(HANDSHAKE, &hello.emit()));
        let said = real.take();
        assert_eq!(kinds(&said)[..expected.len()], *expected);
        assert!(kinds(&said)[expected.len()..].iter().all(|kind| *kind == APPLICATION_DATA));
        assert!(records(&said).iter().all(|record| record[0] != CHANGE_CIPHER_SPEC || *record == CCS));
    }
}

#[test]
fn a_server_sends_the_record_after_its_hello_retry_request_and_not_again() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.server = setup.server.with_groups(&[NamedGroup::X25519]);
    let (mut real, mut script) = (Real::server(setup), Script::client(compatible(P256)));
    real.feed(&script.say_hello());
    let said = real.take();
    assert_eq!(kinds(&said), [HANDSHAKE, CHANGE_CIPHER_SPEC]);
    script.hear_server(&said);
    let share = Script::hello(X25519).share().1.to_vec();
    script.client_hello = script.client_hello.with(KEY_SHARE, &vec16(&key_share((X25519, &share))));
    real.feed(&[&CCS[..], &script.say_hello()].concat());
    let said = real.take();
    assert_eq!(kinds(&said)[..2], [HANDSHAKE, APPLICATION_DATA]);
    script.hear_server(&said);
    let flight = script.client_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    assert_eq!(real.end, Some(Ok(())));
}

#[test]
fn a_client_sends_the_record_once_immediately_before_its_second_flight() {
    let pki = Pki::new();
    for on in [true, false] {
        let mut setup = Setup::new(&pki);
        if !on {
            setup.client = setup.client.with_middlebox_compatibility(false);
        }
        let (mut real, mut script) = client(setup);
        assert_eq!(script.client_hello.session_id.len(), if on { 32 } else { 0 });
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight[..3]));
        assert_eq!(real.take(), []);
        real.feed(&script.seal_all(&flight[3..]));
        let said = real.take();
        assert_eq!(kinds(&said), if on { &[CHANGE_CIPHER_SPEC, APPLICATION_DATA][..] } else { &[APPLICATION_DATA] });
        assert!(!on || said[..6] == CCS);
    }
}

#[test]
fn a_client_that_is_asked_for_another_share_sends_the_record_before_its_second_hello() {
    let pki = Pki::new();
    let (mut real, script) = client(Setup::new(&pki));
    let retry = Hello::retry(&script.client_hello.session_id, AES_128_GCM, P256);
    real.feed(&record(HANDSHAKE, &retry.emit()));
    let said = real.take();
    assert_eq!(kinds(&said), [CHANGE_CIPHER_SPEC, HANDSHAKE]);
    let mut script = Script::server(&said[6..]);
    // The transcript of what came before.
    let second = std::mem::take(&mut script.transcript);
    script.transcript = {
        let mut before = Script::client(Hello::parse(&first_hello(&pki)));
        before.hear(&first_hello(&pki));
        before.retry();
        before.hear(&retry.emit());
        before.hear(&second);
        before.transcript
    };
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    assert_eq!(kinds(&real.take()), [APPLICATION_DATA]);
    assert_eq!(real.end, Some(Ok(())));
}

/// Entropy is fixed: every client sends the same hello.
fn first_hello(pki: &Pki) -> Vec<u8> {
    let mut real = Real::client(Setup::new(pki));
    let said = real.take();
    records(&said)[0][5..].to_vec()
}

/// To an observer, encrypted records, alerts included, look like the rest of a resumed TLS 1.2 connection.
#[test]
fn an_encrypted_alert_of_a_client_follows_the_record_and_a_plain_one_does_not() {
    let pki = Pki::new();
    for on in [true, false] {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_middlebox_compatibility(on);
        let (mut real, mut script) = client(setup);
        let flight = script.server_flight(&pki, |message| message);
        let strange = script.seal_all(&[flight[0].clone(), Sent::new(Epoch::Handshake, HANDSHAKE, &flight[4].bytes)]);
        real.feed(&strange);
        let said = real.take();
        assert_eq!(kinds(&said), if on { &[CHANGE_CIPHER_SPEC, APPLICATION_DATA][..] } else { &[APPLICATION_DATA] });
        assert_eq!(script.alert(&said), Some(10));
        assert_eq!(real.error(), Some(Error::PeerMisbehaved(PeerMisbehaved::UnexpectedMessage)));
    }
    let mut real = Real::client(Setup::new(&pki));
    real.take();
    real.feed(&record(HANDSHAKE, &[11, 0, 0, 0]));
    assert_eq!(kinds(&real.take()), [ALERT]);
}

/// The room for the record is kept from the ClientHello on.
#[test]
fn the_record_of_a_server_fits_into_the_smallest_buffer() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.server_sizes.tx = 160;
    let mut real = Real::server(setup);
    real.feed(&record(HANDSHAKE, &compatible(X25519).emit()));
    assert_eq!(kinds(&real.take())[..3], [HANDSHAKE, CHANGE_CIPHER_SPEC, APPLICATION_DATA]);
}
