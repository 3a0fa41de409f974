//! Whole handshakes in memory, through the public API: the matrix of what can be combined.
#![allow(missing_docs)]

use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::ServerName;
use embedded_mtls::{
    AlertDescription, Client, ClientAuth, ClientAuthStatus, ClientConfig, Entropy, Error, NamedGroup, PeerIncompatible,
    Server, ServerConfig, Stage, Step,
};
use test_support::messages::{CERTIFICATE_AUTHORITIES, CERTIFICATE_REQUEST, Hello, list16, records};
use test_support::pair::{
    Setup, Sizes, TestHost, TestSession, anchors, credential, exchange, host, leak_all, signing_key,
};
use test_support::pki::{CLIENT_NAME, Issued, Pki, SERVER_NAME, Template};

#[test]
fn both_sides_authenticate_each_other_and_exchange_data() {
    let (mut client, mut server) = Setup::new(&Pki::new()).run().sessions();
    assert_eq!(client.write(b"order"), Ok(5));
    assert_eq!(server.write(b"response"), Ok(8));
    let (at_client, at_server) = exchange(&mut client, &mut server).unwrap();
    assert_eq!(at_client, b"response");
    assert_eq!(at_server, b"order");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    None,
    Optional,
    Required,
}

/// The identities of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Nothing,
    One,
    /// Several, of which the third is the one whose issuer the server names.
    TheThirdOfFour,
    /// One whose leaf was issued by an authority the server does not name, the intermediate by one it does.
    OneByItsIntermediate,
    /// Some, none of which the server accepts.
    Others,
}

/// A client's certificate under a root of its own.
fn stranger(name: &str) -> Issued {
    Template::client(name).signed_by(&Template::ca(&format!("Root of {name}")).self_signed())
}

fn client_host(pki: &Pki, shows: Shows) -> TestHost {
    let direct = Template::client(CLIENT_NAME).signed_by(&pki.root);
    let strangers: Vec<_> = ["a", "b", "c"].into_iter().map(stranger).collect();
    let mine = |key| credential(&[&pki.client, &pki.intermediate], key);
    let other = |at: usize| credential(&[&strangers[at]], u32::try_from(at).unwrap());
    let keys = || strangers.iter().map(signing_key).chain([signing_key(&pki.client)]).collect();
    match shows {
        Shows::Nothing => host(vec![], vec![]),
        Shows::One => host(vec![credential(&[&direct], 0)], vec![signing_key(&direct)]),
        Shows::TheThirdOfFour => host(vec![other(0), other(1), mine(3), other(2)], keys()),
        Shows::OneByItsIntermediate => host(vec![mine(3)], keys()),
        Shows::Others => host(vec![other(0), other(1), other(2)], keys()),
    }
}

/// One combination.
#[derive(Clone, Copy, Debug)]
struct Case {
    suite: &'static embedded_mtls::CipherSuite,
    group: &'static NamedGroup,
    mode: Mode,
    retry: bool,
    shows: Shows,
    compatibility: bool,
}

fn run(pki: &Pki, case: Case) {
    let anchors = anchors(&[&pki.root]);
    let groups = leak_all(vec![*case.group]);
    let other = if *case.group == NamedGroup::X25519 { NamedGroup::SECP256R1 } else { NamedGroup::X25519 };
    // A client sends a share of its first group only.
    let client_groups = leak_all(if case.retry { vec![other, *case.group] } else { vec![*case.group, other] });
    let auth = match case.mode {
        Mode::None => ClientAuth::None,
        Mode::Optional => ClientAuth::Optional(anchors),
        Mode::Required => ClientAuth::Required(anchors),
    };
    let base = Setup::new(pki);
    let setup = Setup {
        client: base
            .client
            .with_cipher_suites(std::slice::from_ref(case.suite))
            .with_groups(client_groups)
            .with_alpn(&[b"h2", b"http/1.1"])
            .with_middlebox_compatibility(case.compatibility),
        server: ServerConfig::new(auth).with_groups(groups).with_alpn(&[b"http/1.1"]),
        client_host: client_host(pki, case.shows),
        ..base
    };
    let outcome = setup.run();
    let count = |bytes: &[u8], kind| records(bytes).iter().filter(|record| record[0] == kind).count();
    let (from_client, from_server) = (&outcome.wire.from_client, &outcome.wire.from_server);
    let expected = usize::from(case.compatibility);
    assert_eq!((count(from_client, 20), count(from_server, 20)), (expected, expected));
    let hellos = if case.retry { 2 } else { 1 };
    assert_eq!((count(from_client, 22), count(from_server, 22)), (hellos, hellos));

    let authenticates = !matches!(case.shows, Shows::Nothing | Shows::Others);
    if case.mode == Mode::Required && !authenticates {
        let required = Error::PeerIncompatible(PeerIncompatible::ClientCertificateRequired);
        assert_eq!(outcome.server.err(), Some((required, Stage::Certificate)));
        // The client had finished before; it learns it when it reads.
        let mut client = outcome.client.expect("a session");
        assert_eq!(client.client_auth(), ClientAuthStatus::Declined);
        assert_eq!(client.poll().err(), Some(Error::AlertReceived(AlertDescription::CERTIFICATE_REQUIRED)));
        assert!(client.tx_pending().is_empty(), "an alert is not answered");
        return;
    }

    let (client, server) = outcome.sessions();
    agree(pki, case, authenticates, client, server);
}

/// Checks what both sides know of each other, and that they can exchange data.
fn agree(pki: &Pki, case: Case, authenticates: bool, mut client: TestSession<Client>, mut server: TestSession<Server>) {
    let status = match (case.mode, authenticates) {
        (Mode::None, _) => ClientAuthStatus::NotRequested,
        (_, true) => ClientAuthStatus::Accepted,
        (_, false) => ClientAuthStatus::Declined,
    };
    let http = Some(&b"http/1.1"[..]);
    for negotiated in [client.negotiated(), server.negotiated()] {
        let agreed = (negotiated.alpn, negotiated.cipher_suite, negotiated.group);
        assert_eq!(agreed, (http, *case.suite, *case.group));
    }
    assert_eq!(server.client_auth(), status);
    // A client cannot know it yet.
    let shown = if authenticates { ClientAuthStatus::Presented } else { status };
    assert_eq!(client.client_auth(), if case.mode == Mode::None { ClientAuthStatus::NotRequested } else { shown });
    let peer = client.peer().expect("a server is always known");
    assert_eq!(peer.common_name(), Some(SERVER_NAME));
    assert_eq!(peer.public_key(), pki.server.key.point());
    let peer = server.peer();
    assert_eq!(peer.is_some(), status == ClientAuthStatus::Accepted);
    assert!(peer.is_none_or(|peer| peer.common_name() == Some(CLIENT_NAME)));
    let mut exported = [[0; 40], [0; 40]];
    client.export(b"EXPORTER-test", b"context", &mut exported[0]).unwrap();
    server.export(b"EXPORTER-test", b"context", &mut exported[1]).unwrap();
    assert_eq!(exported[0], exported[1]);
    client.write(b"ping").unwrap();
    server.write(b"pong").unwrap();
    assert_eq!(exchange(&mut client, &mut server), Ok((b"pong".to_vec(), b"ping".to_vec())));
}

#[test]
fn every_suite_group_authentication_retry_and_credential_go_together() {
    let pki = Pki::new();
    let shows = [Shows::Nothing, Shows::One, Shows::TheThirdOfFour, Shows::OneByItsIntermediate, Shows::Others];
    for suite in RustCrypto::CIPHER_SUITES {
        for group in RustCrypto::NAMED_GROUPS {
            for mode in [Mode::None, Mode::Optional, Mode::Required] {
                for (shows, retry, compatibility) in
                    shows.into_iter().flat_map(|shows| [(shows, false, false), (shows, true, true)])
                {
                    let case = Case { suite, group, mode, retry, shows, compatibility };
                    println!("{case:?}");
                    run(&pki, case);
                }
            }
            // The other half of the two switches, once.
            for (retry, compatibility) in [(true, false), (false, true)] {
                run(&pki, Case { suite, group, mode: Mode::Required, retry, shows: Shows::One, compatibility });
            }
        }
    }
}

#[test]
fn a_rejection_by_the_application_is_access_denied() {
    let pki = Pki::new();
    let refused = Error::NotAuthorized(AlertDescription::ACCESS_DENIED);
    let received = Error::AlertReceived(AlertDescription::ACCESS_DENIED);

    // The server refuses the client, which is done by then.
    let mut handshakes = test_support::pair::Refusing { client: false, server: true }.run(Setup::new(&pki));
    assert_eq!(handshakes.server.as_ref().err(), Some(&(refused, Stage::Authorization)));
    let client = handshakes.client.as_mut().expect("a session");
    assert_eq!(client.poll().err(), Some(received));

    // The client refuses the server.
    let outcome = test_support::pair::Refusing { client: true, server: false }.run(Setup::new(&pki));
    assert_eq!(outcome.errors(), (Some(refused), Some(received)));
}

#[test]
fn without_a_common_protocol_there_is_no_connection() {
    let mut setup = Setup::new(&Pki::new());
    setup.client = setup.client.with_alpn(&[b"h2"]);
    setup.server = setup.server.with_alpn(&[b"http/1.1"]);
    let ours = Error::PeerIncompatible(PeerIncompatible::NoApplicationProtocol);
    let theirs = Error::AlertReceived(AlertDescription::NO_APPLICATION_PROTOCOL);
    assert_eq!(setup.run().errors(), (Some(theirs), Some(ours)));
}

#[test]
fn a_protocol_is_negotiated_only_if_both_sides_have_some() {
    type Names = &'static [&'static [u8]];
    let (none, http, both): (Names, Names, Names) = (&[], &[b"http/1.1"], &[b"h2", b"http/1.1"]);
    for (client, server, agreed) in
        [(none, http, None), (http, none, None), (both, http, Some(&b"http/1.1"[..])), (http, both, Some(b"http/1.1"))]
    {
        let mut setup = Setup::new(&Pki::new());
        setup.client = setup.client.with_alpn(client);
        setup.server = setup.server.with_alpn(server);
        let (client, server) = setup.run().sessions();
        assert_eq!((client.negotiated().alpn, server.negotiated().alpn), (agreed, agreed));
    }
}

/// The server's question for a credential, with the ClientHello of a client.
fn ask_server(setup: Setup, look: impl FnOnce(Option<&str>, Vec<u16>)) {
    let client = test_support::script::Real::client(setup);
    let mut server = Setup::new(&Pki::new()).server_handshake().unwrap();
    server.rx_space()[..client.out.len()].copy_from_slice(&client.out);
    server.rx_commit(client.out.len()).unwrap();
    match server.poll() {
        Ok(Step::Credential(request)) => {
            look(
                request.peer_request().server_name,
                request.peer_request().signature_schemes().map(|scheme| scheme.0).collect(),
            );
        }
        _ => panic!("no question"),
    }
}

#[test]
fn the_server_sees_which_name_is_meant_and_no_address() {
    for (name, seen) in [(SERVER_NAME, Some(SERVER_NAME)), ("192.0.2.1", None), ("2001:db8::1", None)] {
        let mut setup = Setup::new(&Pki::new());
        let anchors = anchors(&[&Pki::new().root]);
        setup.client = ClientConfig::new(ServerName::parse(name).unwrap(), anchors);
        ask_server(setup, |name, schemes| {
            assert_eq!(name, seen);
            assert_eq!(schemes, offered());
        });
    }
}

#[test]
fn a_server_without_a_credential_cannot_continue() {
    let setup = Setup { server_host: host(vec![], vec![]), ..Setup::new(&Pki::new()) };
    let ours = Error::PeerIncompatible(PeerIncompatible::NoCredential);
    let theirs = Error::AlertReceived(AlertDescription::HANDSHAKE_FAILURE);
    assert_eq!(setup.run().errors(), (Some(theirs), Some(ours)));
}

/// The schemes that either side offers by default.
fn offered() -> Vec<u16> {
    RustCrypto::SIGNATURE_SCHEMES.iter().map(|scheme| scheme.0).collect()
}

/// The names in the CertificateRequest that a client sees.
fn authorities(setup: Setup) -> Vec<Vec<u8>> {
    let mut server = test_support::script::Real::server(setup);
    let mut script =
        test_support::script::Script::client(test_support::script::Script::hello(test_support::messages::X25519));
    server.feed(&script.say_hello());
    let said = script.hear_server(&server.take());
    let request = said.iter().find(|message| message[0] == CERTIFICATE_REQUEST).expect("a request");
    // Header and empty context; the rest is an extension block, as at the end of a hello.
    let end = [&[0; 34][..], &[0], &[0; 3], &request[5..]].concat();
    let list = Hello::parse(&[&[2, 0, 0, 0][..], &end].concat());
    assert_eq!(list.extension(13), Some(&list16(&offered())[..]));
    let Some(list) = list.extension(CERTIFICATE_AUTHORITIES) else { return vec![] };
    let (mut rest, mut names) = (&list[2..], Vec::new());
    while let [high, low, tail @ ..] = rest {
        let (name, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        names.push(name.to_vec());
        rest = tail;
    }
    names
}

#[test]
fn the_names_of_all_anchors_are_sent_in_their_order_also_more_than_a_buffer_holds() {
    let pki = Pki::new();
    let roots: Vec<_> = (0..60).map(|number| Template::ca(&format!("Root {number}")).self_signed()).collect();
    let trusted: Vec<_> = [&pki.root].into_iter().chain(&roots).collect();
    for count in [1, 2, 61] {
        let anchors = anchors(&trusted[..count]);
        for tx in [256, 2048] {
            let mut setup = Setup::new(&pki);
            setup.server = ServerConfig::new(ClientAuth::Required(anchors));
            setup.server_sizes = Sizes { tx, ..Sizes::DEFAULT };
            let names: Vec<_> = anchors.iter().map(|anchor| anchor.subject().unwrap().as_der().to_vec()).collect();
            assert_eq!(authorities(setup), names);
        }
    }
    let mut setup = Setup::new(&pki);
    setup.server = setup.server.with_authority_names(&[]);
    assert_eq!(authorities(setup), [[0_u8; 0]; 0]);
}

#[test]
fn a_server_may_name_other_issuers_than_it_trusts_as_many_as_a_request_holds() {
    let pki = Pki::new();
    let trusted = anchors(&[&pki.intermediate, &pki.root]);
    let names: Vec<_> = trusted.iter().map(|anchor| anchor.subject().unwrap()).collect();
    let pinned = leak_all(vec![embedded_mtls::x509::TrustAnchor::from_fingerprint([0; 32])]);
    for listed in [&names[..0], &names[..1], &names] {
        let mut setup = Setup::new(&pki);
        setup.server = ServerConfig::new(ClientAuth::Required(pinned)).with_authority_names(leak_all(listed.to_vec()));
        let sent: Vec<_> = listed.iter().map(|name| name.as_der().to_vec()).collect();
        assert_eq!(authorities(setup), sent);
    }
    let too_many = leak_all(vec![names[0]; 2000]);
    let mut setup = Setup::new(&pki);
    setup.server = setup.server.with_authority_names(too_many);
    assert_eq!(setup.server_handshake().err(), Some(embedded_mtls::ApiMisuse::AuthoritiesTooLong.into()));
}

#[test]
fn a_client_trusts_each_of_several_anchors() {
    let pki = Pki::new();
    let others: Vec<_> = ["A", "B", "C"].into_iter().map(|name| Template::ca(name).self_signed()).collect();
    for place in 0..=others.len() {
        let mut roots: Vec<_> = others.iter().collect();
        roots.insert(place, &pki.root);
        let anchors = anchors(&roots);
        let base = Setup::new(&pki);
        let name = ServerName::parse(SERVER_NAME).unwrap();
        let setup = Setup {
            client: ClientConfig::new(name, anchors),
            server: ServerConfig::new(ClientAuth::Required(anchors)),
            ..base
        };
        setup.run().sessions();
    }
}

#[test]
fn a_hello_changed_in_transit_is_detected() {
    let pki = Pki::new();
    // The random of ClientHello, of ServerHello: the two sides have different keys then.
    for (to_server, failed) in [(true, Error::DecryptFailed), (false, Error::DecryptFailed)] {
        let mut done = false;
        let outcome = Setup::new(&pki).run_with(|server, client| {
            let bytes = if to_server { server } else { client };
            if !done && bytes.len() > 20 {
                bytes[15] ^= 1;
                done = true;
            }
        });
        assert_eq!(outcome.errors().0, Some(failed));
        assert_eq!(outcome.errors().1, Some(Error::DecryptFailed), "the client's alert has other keys, too");
    }
}

#[test]
fn a_dropped_question_is_asked_again() {
    let pki = Pki::new();
    let setup = Setup::new(&pki);
    let mut client = test_support::script::Real::client(setup);
    let mut script = test_support::script::Script::server(&client.take());
    let flight = script.server_flight(&pki, |message| message);
    let bytes = script.seal_all(&flight);
    client.handshake.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    client.handshake.rx_commit(bytes.len()).unwrap();
    for _ in 0..2 {
        while matches!(client.handshake.poll(), Ok(Step::Yield)) {}
        assert!(matches!(client.handshake.poll(), Ok(Step::Credential(_))));
    }
}

#[test]
fn the_debug_output_of_a_connection_has_no_secrets() {
    let setup = Setup::new(&Pki::new());
    let (client, _) = setup.run().sessions();
    let printed = format!("{client:?}");
    assert_eq!(printed, "Session { client_auth: Presented, peer_closed: false, closed: false, failure: None, .. }");
    assert_eq!(format!("{:?}", Entropy::new(&[7; Entropy::LEN])), "Entropy { .. }");
    assert_eq!(format!("{:?}", test_support::pair::signing_key(&Pki::new().client)), "P256SigningKey { .. }");
}
