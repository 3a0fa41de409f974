//! The sessions: what resumes, with which keys and identities, and what gets a full handshake instead.

use super::{
    HOUR, NOBODY_REFUSES, assert_full, at, first, hello_of, host_at, key, keys, mine, offer, second, second_refusing,
    setup, ticket_of,
};
use embedded_mtls::x509::{ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    AlertDescription, CipherSuite, Client, ClientAuth, ClientAuthStatus, ClientConfig, Error, NamedGroup, ServerConfig,
    Ticket, TicketError, TicketKey, TicketKeys,
};
use rcgen::PublicKeyData;
use std::time::Duration;
use test_support::messages::{
    Hello, NEW_SESSION_TICKET, PRE_SHARED_KEY, PSK_KEY_EXCHANGE_MODES, message, messages, records, vec16,
};
use test_support::pair::{
    Refusing, Setup, TestHost, TestSession, anchors, credential, exchange, host, leak, signing_key,
};
use test_support::pki::{CLIENT_NAME, NOW, Pki, SERVER_NAME, Template};
use test_support::script::{Epoch, HANDSHAKE, Sent, client as script_client};

#[test]
fn a_session_is_resumed_with_its_identities_and_without_certificates() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let outcome = second(setup(&pki), &ticket, Some(mine(&pki)), at(60));
    let lengths = (outcome.wire.from_client.len(), outcome.wire.from_server.len());
    assert!(hello_of(&outcome.wire.from_client).extension(PRE_SHARED_KEY).is_some());
    assert_eq!(hello_of(&outcome.wire.from_server).extension(PRE_SHARED_KEY), Some(&[0, 0][..]));
    // EncryptedExtensions with a limit of records and without the server name, and Finished, in one record.
    let protected = records(&outcome.wire.from_server).into_iter().find(|record| record[0] == 23).unwrap().len();
    assert_eq!(protected, 5 + (4 + 2 + 6) + (4 + 32) + 1 + 16);
    let (mut client, mut server) = outcome.sessions();
    assert!(client.negotiated().resumed && server.negotiated().resumed);
    assert!(lengths.0 < 900 && lengths.1 < 300, "no certificate has passed: {lengths:?}");

    let (at_client, at_server) = (client.peer().unwrap(), server.peer().unwrap());
    assert_eq!(at_client.common_name(), Some(SERVER_NAME));
    assert_eq!(at_server.common_name(), Some(CLIENT_NAME));
    assert_eq!(at_server.proved_before(), Some(Duration::ZERO), "its clock stands still");
    assert_eq!(at_client.proved_before(), Some(Duration::from_secs(60)));
    let (full_client, full_server) = Setup::new(&pki).run().sessions();
    for (resumed, full) in [(at_client, full_client.peer().unwrap()), (at_server, full_server.peer().unwrap())] {
        assert_eq!(resumed.sha256_fingerprint(), full.sha256_fingerprint());
        assert_eq!((resumed.subject(), resumed.issuer()), (full.subject(), full.issuer()));
        assert_eq!((resumed.serial(), resumed.public_key()), (full.serial(), full.public_key()));
        assert_eq!((resumed.not_before(), resumed.not_after()), (full.not_before(), full.not_after()));
        assert!(resumed.subject_alt_names().eq(full.subject_alt_names()));
    }
    assert_eq!(server.path(), full_server.path());
    assert_eq!(client.path(), full_client.path());
    let mut negotiated = full_server.negotiated();
    assert!(!negotiated.resumed);
    negotiated.resumed = true;
    assert_eq!(server.negotiated(), negotiated);
    assert_eq!(client.client_auth(), ClientAuthStatus::Accepted);
    assert_eq!(server.client_auth(), ClientAuthStatus::Accepted);

    client.write(b"order").unwrap();
    server.write(b"response").unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap(), (b"response".to_vec(), b"order".to_vec()));
}

#[test]
fn a_peer_that_was_known_by_its_pinned_key_only_still_is_when_its_session_resumes() {
    let pki = Pki::new();
    let pinned = || {
        let [server, client] = [&pki.server, &pki.client].map(|issued| -> &'static [TrustAnchor<'static>] {
            let key = leak(issued.key.subject_public_key_info().into_boxed_slice());
            leak(Box::new([TrustAnchor::from_pinned_key(key).unwrap()]))
        });
        let name = ServerName::parse(SERVER_NAME).unwrap();
        let mut setup = setup(&pki);
        setup.client = ClientConfig::new(name, server).with_resumption(true);
        setup.server = ServerConfig::new(ClientAuth::Required(client)).with_authority_names(&[]);
        setup.server = setup.server.with_tickets(keys(1), HOUR);
        setup
    };
    let (client, server) = second(pinned(), &first(pinned()), Some(mine(&pki)), at(60)).sessions();
    assert!(client.negotiated().resumed && server.negotiated().resumed);
    assert!(client.peer().unwrap().is_known_by_key_only() && server.peer().unwrap().is_known_by_key_only());
    let (client, server) = second(setup(&pki), &first(setup(&pki)), Some(mine(&pki)), at(60)).sessions();
    assert!(client.negotiated().resumed && server.negotiated().resumed);
    assert!(!client.peer().unwrap().is_known_by_key_only() && !server.peer().unwrap().is_known_by_key_only());
}

#[cfg(feature = "events")]
#[test]
fn the_ring_of_events_says_that_a_session_was_resumed() {
    use core::sync::atomic::AtomicU8;
    use embedded_mtls::events::{EventRing, LogEvent};
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let ring = || EventRing::new((0..4096).map(|_| AtomicU8::new(0)).collect::<Vec<_>>().leak()).unwrap();
    let (at_client, at_server) = (ring(), ring());
    let with = setup(&pki);
    let (mut client, mut server) = (with.client_handshake().unwrap(), with.server_handshake().unwrap());
    client.set_events(at_client);
    server.set_events(at_server);
    offer(&mut client, &ticket, Some(mine(&pki)), at(60)).unwrap();
    with.run_from(client, server, |_, _| {}, &NOBODY_REFUSES).sessions();
    for (ring, proof_age) in [(at_client, 60), (at_server, 0)] {
        let events: Vec<_> = ring.records().unwrap().map(|record| record.event).collect();
        assert!(events.contains(&LogEvent::SessionResumed { proof_age }), "{events:?}");
        assert!(events.contains(&LogEvent::Authorized), "{events:?}");
    }
}

/// RFC 9846 section 4.3.11: the protocol is chosen anew.
#[test]
fn a_resumed_session_has_its_own_application_protocol() {
    let pki = Pki::new();
    let with = |protocols: &'static [&'static [u8]]| {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_alpn(protocols);
        setup.server = setup.server.with_alpn(&[b"http/1.1", b"mqtt"]);
        setup
    };
    let ticket = first(with(&[b"http/1.1"]));
    for protocol in [&b"mqtt"[..], b"http/1.1"] {
        let protocols = leak(vec![protocol].into_boxed_slice());
        let (client, server) = second(with(protocols), &ticket, Some(mine(&pki)), at(60)).sessions();
        assert!(client.negotiated().resumed && server.negotiated().resumed);
        assert_eq!((client.negotiated().alpn, server.negotiated().alpn), (Some(protocol), Some(protocol)));
    }
}

#[test]
fn the_keys_of_a_resumed_session_are_its_own() {
    let pki = Pki::new();
    let (mut client, mut server) = setup(&pki).run().sessions();
    let export = |session: &TestSession<Client>| {
        let mut out = [0; 32];
        session.export(b"EXPORTER-test", b"", &mut out).unwrap();
        out
    };
    let ticket = ticket_of(&mut client, &mut server, at(0)).unwrap();
    let (resumed, at_server) = second(setup(&pki), &ticket, Some(mine(&pki)), at(1)).sessions();
    let mut out = [0; 32];
    at_server.export(b"EXPORTER-test", b"", &mut out).unwrap();
    assert_eq!(export(&resumed), out);
    assert_ne!(export(&client), out);
}

#[test]
fn tickets_are_renewed_and_the_proof_grows_old() {
    let pki = Pki::new();
    let mut ticket = first(setup(&pki));
    for minute in 1..=3_u32 {
        let (mut client, mut server) =
            second(setup(&pki), &ticket, Some(mine(&pki)), at(60 * i64::from(minute))).sessions();
        assert_eq!(client.peer().unwrap().proved_before(), Some(Duration::from_secs(60 * u64::from(minute))));
        ticket = ticket_of(&mut client, &mut server, at(60 * i64::from(minute))).expect("the next ticket");
    }
    let mut old = setup(&pki);
    old.client = old.client.with_max_proof_age(240);
    let mut client = old.client_handshake().unwrap();
    assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(240)), Err(TicketError::ProofTooOld));
    assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(239)), Ok(()));
}

#[test]
fn a_hello_retry_request_binds_the_ticket_again() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let mut setup = setup(&pki);
    setup.client = setup.client.with_key_shares(&[]);
    let (client, server) = second(setup, &ticket, Some(mine(&pki)), at(1)).sessions();
    assert!(client.negotiated().retried && client.negotiated().resumed && server.negotiated().resumed);
}

#[test]
fn a_suite_of_another_hash_gets_a_full_handshake_also_after_a_retry() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    for shares in [&[NamedGroup::X25519][..], &[]] {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_key_shares(shares).with_groups(&[NamedGroup::X25519]);
        setup.server = setup.server.with_cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
        let (client, _) = assert_full(second(setup, &ticket, Some(mine(&pki)), at(1)));
        assert_eq!(client.negotiated().cipher_suite, CipherSuite::TLS_AES_256_GCM_SHA384);
    }
}

/// RFC 9846 section 4.2.2: of the first ClientHello only the ticket may go.
#[test]
fn a_second_client_hello_without_the_ticket_still_offers_to_resume() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    for on in [false, true] {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_key_shares(&[]).with_resumption(on);
        setup.server = setup.server.with_cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
        let outcome = second(setup, &ticket, Some(mine(&pki)), at(1));
        let hellos: Vec<_> = records(&outcome.wire.from_client).into_iter().filter(|record| record[0] == 22).collect();
        let [first, second] = hellos[..] else { panic!("{} records in plaintext", hellos.len()) };
        let offered = |record: &[u8], which| Hello::parse(&messages(&record[5..])[0]).extension(which).is_some();
        assert!(offered(first, PRE_SHARED_KEY) && !offered(second, PRE_SHARED_KEY));
        assert!(offered(first, PSK_KEY_EXCHANGE_MODES) && offered(second, PSK_KEY_EXCHANGE_MODES));
        assert_full(outcome);
    }
}

#[test]
fn a_session_with_sha_384_is_resumed_with_sha_384() {
    let pki = Pki::new();
    let with = |mut setup: Setup| {
        setup.server = setup.server.with_cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
        setup
    };
    let ticket = first(with(setup(&pki)));
    let (client, server) = second(with(setup(&pki)), &ticket, Some(mine(&pki)), at(1)).sessions();
    assert!(client.negotiated().resumed && server.negotiated().resumed);
    // The server continues with the other hash.
    assert_full(second(setup(&pki), &ticket, Some(mine(&pki)), at(1)));
}

#[test]
fn servers_that_share_keys_resume_each_others_sessions_also_after_a_rotation() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let with = |keys: TicketKeys| {
        let mut setup = setup(&pki);
        setup.server =
            ServerConfig::new(ClientAuth::Required(anchors(&[&pki.root]))).with_tickets(leak(Box::new(keys)), HOUR);
        setup
    };
    let resumed = |keys| second(with(keys), &ticket, Some(mine(&pki)), at(1)).sessions().1.negotiated().resumed;
    assert!(resumed(TicketKeys::new(key(1))));
    assert!(resumed(TicketKeys::new(key(2)).with_previous(key(1))));
    assert!(!resumed(TicketKeys::new(key(3)).with_previous(key(2))));
    // The name is the same, and the secret another.
    let mut bytes = [1; TicketKey::LEN];
    bytes[47] = 2;
    assert!(!resumed(TicketKeys::new(TicketKey::new(&bytes))));
}

#[test]
fn another_scope_gets_a_full_handshake() {
    let pki = Pki::new();
    let (more, other) = (Template::ca("More").self_signed(), Template::ca("Other").self_signed());
    let ticket = first(setup(&pki));
    let roots = anchors(&[&pki.root]);
    let scopes: [(&str, ServerConfig<'static>); 6] = [
        ("an anchor more", ServerConfig::new(ClientAuth::Required(anchors(&[&pki.root, &more])))),
        ("optional authentication", ServerConfig::new(ClientAuth::Optional(roots))),
        ("another depth", ServerConfig::new(ClientAuth::Required(roots)).with_max_depth(3)),
        ("a limit of validity", ServerConfig::new(ClientAuth::Required(roots)).with_max_validity_days(60_000)),
        ("the strict profile", ServerConfig::new(ClientAuth::Required(roots)).with_strict_profile(true)),
        ("another order of anchors", ServerConfig::new(ClientAuth::Required(anchors(&[&other, &pki.root])))),
    ];
    for (name, config) in scopes {
        let mut setup = setup(&pki);
        setup.server = config.with_tickets(keys(1), HOUR);
        let (client, server) = second(setup, &ticket, Some(mine(&pki)), at(1)).sessions();
        assert_eq!((client.negotiated().resumed, server.negotiated().resumed), (false, false), "{name}");
    }
}

#[test]
fn a_client_whose_anchor_was_removed_is_rejected_as_in_any_full_handshake() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let mut setup = setup(&pki);
    let other = Template::ca("Other").self_signed();
    setup.server = ServerConfig::new(ClientAuth::Required(anchors(&[&other])));
    setup.server = setup.server.with_authority_names(&[]).with_tickets(keys(1), HOUR);
    let outcome = second(setup, &ticket, Some(mine(&pki)), at(1));
    assert!(matches!(outcome.server, Err((Error::Certificate(_), _))));
}

#[test]
fn another_server_name_gets_a_full_handshake() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    // The client would refuse it, so the server sees the name of the ticket changed on its way.
    let mut setup = setup(&pki);
    let name = ServerName::parse("b.example").unwrap();
    setup.client = setup.client.with_sent_server_name(Some(name));
    let mut client = setup.client_handshake().unwrap();
    assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(1)), Err(TicketError::OtherConfiguration));
}

#[test]
fn the_age_of_a_ticket_follows_the_clock_of_the_server() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let clocks: [(fn() -> Time, bool); 6] = [
        (|| Time::Trusted(at(3_599)), true),
        (|| Time::Trusted(at(3_600)), false),
        (|| Time::Trusted(at(-60)), true),
        (|| Time::Trusted(at(-61)), false),
        (|| Time::AtLeast(at(0)), false),
        (Time::dangerous_unknown, false),
    ];
    for (clock, resumes) in clocks {
        let mut setup = setup(&pki);
        setup.server_host = host_at(&pki, clock);
        let (client, server) = second(setup, &ticket, Some(mine(&pki)), at(1)).sessions();
        assert_eq!((client.negotiated().resumed, server.negotiated().resumed), (resumes, resumes), "{:?}", clock());
    }
}

#[test]
fn a_server_bounds_the_age_of_the_proof() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    for (age, resumes) in [(101, true), (100, false), (0, false)] {
        let mut setup = setup(&pki);
        setup.server = setup.server.with_max_proof_age(age);
        setup.server_host = host_at(&pki, || Time::Trusted(at(100)));
        let (mut client, mut server) = second(setup, &ticket, Some(mine(&pki)), at(100)).sessions();
        assert_eq!(server.negotiated().resumed, resumes, "{age}");
        assert_eq!(ticket_of(&mut client, &mut server, at(100)).is_some(), age != 0, "{age}");
    }
}

/// RFC 9846 section 4.7.1: neither does a server announce more, nor does a client believe more.
#[test]
fn no_ticket_is_valid_for_more_than_seven_days() {
    const WEEK: i64 = 604_800;
    let pki = Pki::new();
    let with = || {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_max_proof_age(u32::MAX);
        setup.server = setup.server.with_tickets(keys(1), u32::MAX).with_max_proof_age(u32::MAX);
        setup
    };
    let of_server = first(with());
    // After pre-shared key, scope and time of arrival.
    assert_eq!(of_server[2 + 32 + 32 + 8..][..4], 604_800_u32.to_be_bytes());

    let (mut real, mut script) = script_client(with());
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    let mut session = real.session();
    let lifetime = [&u32::MAX.to_be_bytes()[..], &[1, 2, 3, 4, 1, 0], &vec16(b"ticket"), &[0, 0]].concat();
    let sent = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &message(NEW_SESSION_TICKET, &lifetime)));
    session.rx_space()[..sent.len()].copy_from_slice(&sent);
    session.rx_commit(sent.len()).unwrap();
    let _waits = session.poll_received().unwrap();
    let mut of_script = vec![0; Ticket::MAX_LEN];
    let len = session.take_ticket(at(0), &mut of_script).unwrap().expect("a ticket");

    for ticket in [&of_server[..], &of_script[..len]] {
        let offered = |now| offer(&mut with().client_handshake().unwrap(), ticket, Some(mine(&pki)), at(now));
        assert_eq!(offered(WEEK - 1), Ok(()));
        assert_eq!(offered(WEEK), Err(TicketError::Expired));
    }
}

#[test]
fn no_ticket_lives_longer_than_the_certificate_of_the_client() {
    let pki = Pki::new();
    // Until 2040-01-01.
    let end = 2_208_988_800 - NOW;
    let clock: fn() -> Time = || Time::Trusted(UnixTime(2_208_988_800 - 10));
    let later: fn() -> Time = || Time::Trusted(UnixTime(2_208_988_800 - 1));
    let with = |clock| {
        let mut setup = setup(&pki);
        setup.server_host = host_at(&pki, clock);
        setup.client = setup.client.with_max_proof_age(u32::MAX);
        setup
    };
    let (mut client, mut server) = with(clock).run().sessions();
    let ticket = ticket_of(&mut client, &mut server, at(end - 10)).unwrap();
    let resumed = |now| second(with(later), &ticket, Some(mine(&pki)), now).sessions().1.negotiated().resumed;
    assert!(resumed(at(end - 1)));
    let mut client = with(clock).client_handshake().unwrap();
    assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(end)), Err(TicketError::Expired));
}

#[test]
fn no_ticket_is_offered_to_a_server_whose_certificate_has_expired() {
    let mut pki = Pki::new();
    pki.server = Template::server(SERVER_NAME).years(2020, 2039).signed_by(&pki.intermediate);
    let end = 2_177_452_800 - NOW;
    let clock: fn() -> Time = || Time::Trusted(UnixTime(2_177_452_800 - 10));
    let with = || {
        let mut setup = setup(&pki);
        let chain = credential(&[&pki.client, &pki.intermediate], 0);
        let key = signing_key(&pki.client);
        setup.client_host = TestHost::new(leak(Box::new([chain])), leak(Box::new([key])), clock);
        setup.server_host = host_at(&pki, clock);
        setup
    };
    let (mut client, mut server) = with().run().sessions();
    let ticket = ticket_of(&mut client, &mut server, at(end - 10)).unwrap();
    let offered = |now| offer(&mut with().client_handshake().unwrap(), &ticket, Some(mine(&pki)), at(now));
    assert_eq!((offered(end), offered(end + 1)), (Ok(()), Err(TicketError::ServerExpired)));
}

#[test]
fn a_client_that_is_no_longer_allowed_gets_a_full_handshake_and_is_rejected_in_it() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let refusing = Refusing { client: false, server: true };
    // The hello is longer than the smaller of these, and shares the memory for certificates with the client in the ticket.
    for rx in [4_096, 512] {
        let mut setup = setup(&pki);
        setup.server_sizes.rx = rx;
        let outcome = second_refusing(setup, &ticket, Some(mine(&pki)), at(1), &refusing);
        assert_eq!(outcome.server.as_ref().err().unwrap().0, Error::NotAuthorized(AlertDescription::ACCESS_DENIED));
        assert_eq!(hello_of(&outcome.wire.from_server).extension(PRE_SHARED_KEY), None, "it did not resume");
    }
}

#[test]
fn a_client_authorizes_the_server_again_on_resumption() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let refusing = Refusing { client: true, server: false };
    let outcome = second_refusing(setup(&pki), &ticket, Some(mine(&pki)), at(1), &refusing);
    assert_eq!(outcome.client.err().unwrap().0, Error::NotAuthorized(AlertDescription::ACCESS_DENIED));
    assert_eq!(hello_of(&outcome.wire.from_server).extension(PRE_SHARED_KEY), Some(&[0, 0][..]));
}

#[test]
fn tickets_need_a_client_that_offers_and_a_server_that_issues() {
    let pki = Pki::new();
    let mut asks = setup(&pki);
    asks.server = Setup::new(&pki).server;
    let mut gives = setup(&pki);
    gives.client = Setup::new(&pki).client;
    for setup in [asks, gives] {
        let (mut client, mut server) = setup.run().sessions();
        assert_eq!(ticket_of(&mut client, &mut server, at(0)), None);
        assert_eq!(server.send_ticket(at(0)), Ok(false));
    }
}

#[test]
fn a_server_without_tickets_ignores_those_that_are_offered() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let mut setup = setup(&pki);
    setup.server = Setup::new(&pki).server;
    assert_full(second(setup, &ticket, Some(mine(&pki)), at(1)));
}

#[test]
fn anonymous_clients_resume_as_anonymous_ones() {
    let pki = Pki::new();
    for (auth, status) in [
        (ClientAuth::None, ClientAuthStatus::NotRequested),
        (ClientAuth::Optional(anchors(&[&pki.root])), ClientAuthStatus::Declined),
    ] {
        let with = || {
            let mut setup = setup(&pki);
            setup.server = ServerConfig::new(auth).with_tickets(keys(1), HOUR);
            setup.client_host = host(vec![], vec![]);
            setup
        };
        let ticket = first(with());
        let (client, server) = second(with(), &ticket, None, at(1)).sessions();
        assert!(client.negotiated().resumed && server.negotiated().resumed);
        assert!(server.peer().is_none() && server.path().is_none());
        assert_eq!((client.client_auth(), server.client_auth()), (status, status));
    }
}
