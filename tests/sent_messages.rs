//! Messages and records that we send, read by another implementation: they have the fields that RFC 9846 requires of a
//! sender, and none that it forbids.
#![allow(missing_docs)]

use embedded_mtls::{ClientAuth, NamedGroup, ServerConfig};
use test_support::messages::*;
use test_support::pair::{Setup, host};
use test_support::pki::Pki;
use test_support::script::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, Real, Script, client};

/// The list of two-byte numbers in the body of an extension.
fn points(body: &[u8]) -> Vec<u16> {
    body[2..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

#[track_caller]
fn check_client_hello(hello: &Hello, is_compatible: bool) {
    assert_eq!(hello.version, 0x0303);
    assert_eq!(hello.session_id.len(), if is_compatible { 32 } else { 0 });
    let (suites, compression) = hello.choices.split_at(hello.choices.len() - 2);
    assert_eq!(compression, [1, 0], "the only compression method is null");
    assert!(points(suites).iter().all(|suite| (0x1301..=0x1303).contains(suite)), "{suites:?}");

    let found = kinds(&hello.extensions);
    let allowed = [
        SERVER_NAME_EXTENSION,
        SUPPORTED_GROUPS,
        SIGNATURE_ALGORITHMS,
        SIGNATURE_ALGORITHMS_CERT,
        ALPN,
        RECORD_SIZE_LIMIT,
        MAX_FRAGMENT_LENGTH,
        SUPPORTED_VERSIONS,
        KEY_SHARE,
        PSK_KEY_EXCHANGE_MODES,
    ];
    assert!(found.iter().all(|kind| allowed.contains(kind)), "{found:?}");
    assert!(found.iter().enumerate().all(|(place, kind)| !found[..place].contains(kind)), "{found:?}");
    for mandatory in [SUPPORTED_GROUPS, SIGNATURE_ALGORITHMS, SUPPORTED_VERSIONS, KEY_SHARE] {
        assert!(found.contains(&mandatory), "{mandatory} in {found:?}");
    }
    assert_eq!(hello.extension(SUPPORTED_VERSIONS), Some(&[2, 3, 4][..]), "TLS 1.3 and nothing else");
    let schemes = points(hello.extension(SIGNATURE_ALGORITHMS).unwrap());
    let is_obsolete = |scheme: &u16| scheme >> 8 < 4 || scheme & 0xff == 2;
    assert!(!schemes.iter().any(is_obsolete), "MD5, SHA-1, SHA-224 or DSA in {schemes:04x?}");

    let groups = points(hello.extension(SUPPORTED_GROUPS).unwrap());
    let places = hello.shared_groups().into_iter();
    let places: Vec<_> = places.map(|share| groups.iter().position(|group| *group == share).unwrap()).collect();
    assert!(places.is_sorted_by(|first, second| first < second), "the shares are in the order of the groups");
}

#[test]
fn a_client_hello_has_what_tls_1_3_requires_and_nothing_else() {
    let pki = Pki::new();
    let both: &[NamedGroup] = &[NamedGroup::X25519, NamedGroup::SECP256R1];
    for is_compatible in [false, true] {
        for (rx, alpn, shares) in [(4096, None, None), (20_000, Some([&b"http/1.1"[..]]), Some(both))] {
            let mut setup = Setup::new(&pki);
            setup.client_sizes.rx = rx;
            setup.client = setup.client.with_middlebox_compatibility(is_compatible);
            let alpn = test_support::pair::leak_all(alpn.into_iter().flatten().collect());
            setup.client = setup.client.with_alpn(alpn);
            if let Some(shares) = shares {
                setup.client = setup.client.with_groups(shares).with_key_shares(shares);
            }
            let (mut real, script) = client(setup);
            check_client_hello(&script.client_hello, is_compatible);
            let wanted = if shares.is_some() { 2 } else { 1 };
            assert_eq!(script.client_hello.shared_groups().len(), wanted);
            if shares.is_none() {
                let retry = Hello::retry(&script.client_hello.session_id, AES_128_GCM, P256);
                real.feed(&record(HANDSHAKE, &retry.emit()));
                let said = real.take();
                let second = records(&said).into_iter().find(|record| record[0] == HANDSHAKE).unwrap().to_vec();
                check_client_hello(&Hello::parse(&second[5..]), is_compatible);
            }
        }
    }
}

/// A server that has read this hello, and what it sent.
fn answered(setup: Setup, hello: Hello) -> (Script, Vec<Vec<u8>>) {
    let (mut real, mut script) = (Real::server(setup), Script::client(hello));
    real.feed(&script.say_hello());
    let said = script.hear_server(&real.take());
    (script, said)
}

#[test]
fn a_server_hello_has_what_the_key_exchange_needs_and_nothing_else() {
    let pki = Pki::new();
    let offered = Hello { session_id: vec![7; 32], ..Script::hello(X25519) }.with(ALPN, &vec16(&vec8(b"h2")));
    for hello in [offered.clone(), Script::hello(P256), Script::hello(X25519).with(KEY_SHARE, &[0, 0])] {
        let (script, said) = answered(Setup::new(&pki), hello);
        let sent = Hello::parse(&said[0]);
        assert_eq!((sent.version, &sent.session_id), (0x0303, &script.client_hello.session_id));
        assert_eq!(sent.choices[2], 0, "the null compression method");
        assert_eq!(kinds(&sent.extensions), [SUPPORTED_VERSIONS, KEY_SHARE]);
        assert_eq!(sent.extension(SUPPORTED_VERSIONS), Some(&[3, 4][..]));
        let is_retry = sent.extension(KEY_SHARE).unwrap().len() == 2;
        assert_eq!(is_retry, script.client_hello.extension(KEY_SHARE) == Some(&[0, 0]));
        let group = if is_retry { X25519 } else { script.client_hello.share().0 };
        assert_eq!(sent.extension(KEY_SHARE).unwrap()[..2], group.to_be_bytes());
        assert_ne!(sent.random, script.client_hello.random);
        // Section 4.2.3: the random of a HelloRetryRequest is fixed.
        assert_eq!(sent.random == Hello::retry(&[], AES_128_GCM, P256).random, is_retry);
    }
}

#[test]
fn a_server_sends_its_messages_in_order_and_answers_only_what_was_requested() {
    let pki = Pki::new();
    let named = vec16(&[&[0][..], &vec16(test_support::pki::SERVER_NAME.as_bytes())].concat());
    let rows: [(Hello, &[u16]); 3] = [
        (Script::hello(X25519), &[]),
        (Script::hello(X25519).with(SERVER_NAME_EXTENSION, &named), &[SERVER_NAME_EXTENSION]),
        (
            Script::hello(X25519).with(ALPN, &vec16(&vec8(b"http/1.1"))).with(RECORD_SIZE_LIMIT, &[0x40, 1]),
            &[ALPN, RECORD_SIZE_LIMIT],
        ),
    ];
    for (hello, answers) in rows {
        let mut setup = Setup::new(&pki);
        setup.server = setup.server.with_alpn(&[b"http/1.1"]);
        let (_, said) = answered(setup, hello);
        let order: Vec<u8> = said.iter().map(|message| message[0]).collect();
        assert_eq!(
            order,
            [SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE_REQUEST, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED]
        );
        let mut sent = kinds(&parse_block(&said[1][4..]));
        sent.sort_unstable();
        assert_eq!(sent, answers, "in EncryptedExtensions");
        assert_eq!(said[2][4], 0, "the context of a request in the handshake is empty");
        let requested = kinds(&parse_block(&said[2][5..]));
        assert!(requested.contains(&SIGNATURE_ALGORITHMS));
        assert!(
            requested
                .iter()
                .all(|kind| [SIGNATURE_ALGORITHMS, CERTIFICATE_AUTHORITIES, SIGNATURE_ALGORITHMS_CERT].contains(kind))
        );
        check_certificate(&said[3], &[&pki.server.der, &pki.intermediate.der]);
    }
    // Without a request for a certificate.
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    let (_, said) = answered(setup, Script::hello(X25519));
    assert!(said.iter().all(|message| message[0] != CERTIFICATE_REQUEST));
}

/// Checks that a Certificate has these certificates, the leaf first, and no extension.
#[track_caller]
fn check_certificate(message: &[u8], chain: &[&[u8]]) {
    let plain: Vec<_> = chain.iter().map(|der| (*der, Vec::new())).collect();
    assert_eq!(message, certificate_with(&plain));
}

#[test]
fn a_client_sends_a_certificate_if_and_only_if_it_is_requested() {
    let pki = Pki::new();
    let mut declining = Setup::new(&pki);
    declining.client_host = host(vec![], vec![]);
    let rows: [(Setup, bool, &[u8]); 3] = [
        (Setup::new(&pki), true, &[CERTIFICATE, CERTIFICATE_VERIFY, FINISHED]),
        (declining, true, &[CERTIFICATE, FINISHED]),
        (Setup::new(&pki), false, &[FINISHED]),
    ];
    for (setup, is_requested, expected) in rows {
        let (mut real, mut script) = client(setup);
        let flight = script.server_flight(&pki, |message| {
            if message[0] == CERTIFICATE_REQUEST && !is_requested { vec![] } else { message }
        });
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.end, Some(Ok(())));
        let said = script.open_messages(&real.take());
        assert_eq!(said.iter().map(|message| message[0]).collect::<Vec<_>>(), expected);
        match (is_requested, expected.len()) {
            (true, 3) => check_certificate(&said[0], &[&pki.client.der, &pki.intermediate.der]),
            (true, _) => check_certificate(&said[0], &[]),
            _ => {}
        }
    }
}

#[test]
fn every_record_has_a_type_and_a_version_of_tls_1_3_and_a_content() {
    let pki = Pki::new();
    for is_compatible in [false, true] {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_middlebox_compatibility(is_compatible);
        let outcome = setup.run();
        for sent in [&outcome.wire.from_client, &outcome.wire.from_server] {
            let sent = records(sent);
            assert_eq!(sent[0][0], HANDSHAKE);
            assert_eq!(messages(&sent[0][5..]).len(), 1, "the keys change after a hello, so nothing follows it");
            for (place, record) in sent.iter().enumerate() {
                assert_eq!(record[1..3], [3, 3], "legacy_record_version");
                assert!((6..=5 + 16_640).contains(&record.len()), "{} bytes", record.len());
                match record[0] {
                    HANDSHAKE => assert_eq!(place, 0, "only the hello is not protected"),
                    CHANGE_CIPHER_SPEC => {
                        assert_eq!((*record, place, is_compatible), (&[20, 3, 3, 0, 1, 1][..], 1, true));
                    }
                    kind => assert_eq!(kind, APPLICATION_DATA),
                }
            }
        }
    }
}

#[test]
fn keys_change_at_the_end_of_a_record_and_no_record_is_without_content() {
    let pki = Pki::new();
    let (mut real, mut script) = client(Setup::new(&pki));
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    let sent = real.take();
    let mut session = real.session();
    session.request_key_update();
    session.write(b"order").unwrap();
    session.close();
    let handshake = script.open(&sent);
    let (_, last) = handshake.last().unwrap();
    assert_eq!(messages(last).last().unwrap()[0], FINISHED, "Finished ends its record");

    let mut opened = Vec::new();
    for record in records(session.tx_pending()) {
        let (kind, content) = script.open(record).remove(0);
        if kind == HANDSHAKE && content[0] == KEY_UPDATE {
            script.keys(test_support::script::Epoch::Application, test_support::pki::Role::Client).update();
        }
        opened.push((kind, content));
    }
    assert!(handshake.iter().chain(&opened).all(|(_, content)| !content.is_empty()));
    assert_eq!(
        opened,
        [(HANDSHAKE, key_update(1)), (APPLICATION_DATA, b"order".to_vec()), (ALERT, vec![1, 0])],
        "KeyUpdate alone under the old keys, data under the new ones, close_notify as a warning"
    );
}
