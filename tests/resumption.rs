//! Resumption by tickets (RFC 9846 section 2.2), in both roles: what resumes, and what gets a full handshake instead.
#![cfg(feature = "resumption")]
#![allow(missing_docs)]

use embedded_mtls::x509::{CommonName, ServerName, Time, UnixTime};
use embedded_mtls::{
    AlertDescription, CipherSuite, Client, ClientAuth, ClientAuthStatus, Credential, Error, Event, Handshake,
    NamedGroup, Server, ServerConfig, SignatureScheme, Ticket, TicketError, TicketKey, TicketKeys,
};
use rcgen::SanType;
use std::time::Duration;
use test_support::messages::{
    Hello, NEW_SESSION_TICKET, PRE_SHARED_KEY, PSK_KEY_EXCHANGE_MODES, message, messages, records, session_ticket,
    vec16,
};
use test_support::pair::{
    ClientHandshake, Outcome, Refusing, Setup, Sizes, TestHost, TestSession, anchors, credential, entropy, exchange,
    host, leak, now, signing_key,
};
use test_support::pki::{CLIENT_NAME, Issued, NOW, Pki, SERVER_NAME, Template};
use test_support::script::{Epoch, HANDSHAKE, Sent, client as script_client};

const HOUR: u32 = 3_600;
const NOBODY_REFUSES: Refusing = Refusing { client: false, server: false };

fn key(byte: u8) -> TicketKey {
    TicketKey::new(&[byte; TicketKey::LEN])
}

fn keys(byte: u8) -> &'static TicketKeys {
    leak(Box::new(TicketKeys::new(key(byte))))
}

fn at(seconds: i64) -> UnixTime {
    UnixTime(NOW + seconds)
}

/// Both sides resume, and the tickets of the server live for an hour.
fn setup(pki: &Pki) -> Setup {
    let mut setup = Setup::new(pki);
    setup.client = setup.client.with_resumption(true);
    setup.server = setup.server.with_tickets(keys(1), HOUR);
    setup
}

fn mine(pki: &Pki) -> &'static Credential<'static> {
    leak(Box::new(credential(&[&pki.client, &pki.intermediate], 0)))
}

/// The ticket that a session of a client has received.
fn ticket_of(client: &mut TestSession<Client>, server: &mut TestSession<Server>, now: UnixTime) -> Option<Vec<u8>> {
    exchange(client, server).unwrap();
    let mut out = vec![0; Ticket::MAX_LEN];
    let len = client.take_ticket(now, &mut out).unwrap()?;
    out.truncate(len);
    Some(out)
}

/// The ticket of a full handshake.
fn first(setup: Setup) -> Vec<u8> {
    let (mut client, mut server) = setup.run().sessions();
    assert!(!client.negotiated().resumed && !server.negotiated().resumed);
    ticket_of(&mut client, &mut server, at(0)).expect("a ticket")
}

fn offer(
    client: &mut ClientHandshake,
    ticket: &[u8],
    credential: Option<&'static Credential<'static>>,
    now: UnixTime,
) -> Result<(), TicketError> {
    client.resume(Ticket::new(leak(ticket.to_vec().into_boxed_slice())), credential, now)
}

/// A handshake that offers a ticket which the client finds good.
fn second(setup: Setup, ticket: &[u8], credential: Option<&'static Credential<'static>>, now: UnixTime) -> Outcome {
    second_refusing(setup, ticket, credential, now, &NOBODY_REFUSES)
}

fn second_refusing(
    setup: Setup,
    ticket: &[u8],
    credential: Option<&'static Credential<'static>>,
    now: UnixTime,
    refusing: &Refusing,
) -> Outcome {
    let (mut client, server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
    offer(&mut client, ticket, credential, now).unwrap();
    setup.run_from(client, server, |_, _| {}, refusing)
}

/// A server whose clock is ahead.
fn host_at(pki: &Pki, clock: fn() -> Time) -> TestHost {
    let chain = credential(&[&pki.server, &pki.intermediate], 0);
    TestHost::new(leak(vec![chain].into_boxed_slice()), leak(vec![signing_key(&pki.server)].into_boxed_slice()), clock)
}

/// The types of the messages that a side has sent in the clear, and the bytes of all it has sent.
fn hello_of(sent: &[u8]) -> Hello {
    Hello::parse(&messages(&records(sent)[0][5..])[0])
}

#[track_caller]
fn assert_full(outcome: Outcome) -> (TestSession<Client>, TestSession<Server>) {
    let (client, server) = outcome.sessions();
    assert_eq!((client.negotiated().resumed, server.negotiated().resumed), (false, false));
    assert_eq!(server.peer().unwrap().proved_before(), None);
    (client, server)
}

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

#[test]
fn a_client_rejects_tickets_that_are_not_for_this_handshake() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let stranger: Issued = Template::client("stranger").signed_by(&pki.root);
    let other: Option<&'static Credential<'static>> = Some(leak(Box::new(credential(&[&stranger], 0))));
    let name = |name| ServerName::parse(name).unwrap();
    let refusal = |edit: &dyn Fn(&mut Setup), ticket: &[u8], credential, now| {
        let mut setup = setup(&pki);
        edit(&mut setup);
        offer(&mut setup.client_handshake().unwrap(), ticket, credential, now).err()
    };
    let same: &dyn Fn(&mut Setup) = &|_| {};
    assert_eq!(refusal(same, &ticket, Some(mine(&pki)), at(3_599)), None);
    assert_eq!(refusal(same, &ticket, Some(mine(&pki)), at(3_600)), Some(TicketError::Expired));
    assert_eq!(refusal(same, &ticket, Some(mine(&pki)), at(-61)), Some(TicketError::Expired));
    assert_eq!(refusal(same, &ticket, None, at(1)), Some(TicketError::OtherCredential));
    assert_eq!(refusal(same, &ticket, other, at(1)), Some(TicketError::OtherCredential));
    for (edit, why) in [
        (&|s: &mut Setup| s.client = setup(&pki).client.with_max_depth(3), TicketError::OtherConfiguration),
        (
            &|s| s.client = embedded_mtls::ClientConfig::new(name("b.example"), anchors(&[&pki.root])),
            TicketError::OtherConfiguration,
        ),
        (
            &|s| s.client = embedded_mtls::ClientConfig::new(name(SERVER_NAME), anchors(&[&stranger_root()])),
            TicketError::OtherConfiguration,
        ),
        (
            &|s| s.client = s.client.with_cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]),
            TicketError::OtherConfiguration,
        ),
        (&|s| s.client = s.client.with_max_proof_age(0), TicketError::ProofTooOld),
    ] as [(&dyn Fn(&mut Setup), TicketError); 5]
    {
        assert_eq!(refusal(edit, &ticket, Some(mine(&pki)), at(1)), Some(why));
    }
    for byte in 0..ticket.len() {
        let mut damaged = ticket.clone();
        damaged[byte] ^= 1 << (byte % 8);
        assert_eq!(refusal(same, &damaged, Some(mine(&pki)), at(1)), Some(TicketError::Damaged), "byte {byte}");
    }
    for len in (0..ticket.len()).step_by(7) {
        assert_eq!(refusal(same, &ticket[..len], Some(mine(&pki)), at(1)), Some(TicketError::Damaged), "{len} bytes");
    }
}

#[test]
fn a_ticket_is_for_one_common_name_and_for_the_schemes_of_its_handshake() {
    let pki = Pki::new();
    let with = |name, schemes: &'static [SignatureScheme]| {
        let mut setup = setup(&pki);
        let name = CommonName::exact(name).unwrap();
        setup.client = setup.client.with_common_name(name).with_signature_schemes(schemes);
        setup
    };
    let (one, two) = (
        &[SignatureScheme::ECDSA_SECP256R1_SHA256][..],
        &[SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA256][..],
    );
    let ticket = first(with(SERVER_NAME, one));
    let offered =
        |name, schemes| offer(&mut with(name, schemes).client_handshake().unwrap(), &ticket, Some(mine(&pki)), at(1));
    assert_eq!(offered(SERVER_NAME, one), Ok(()));
    let other = Err(TicketError::OtherConfiguration);
    assert_eq!((offered("other.example.com", one), offered(SERVER_NAME, two)), (other, other));
}

#[test]
fn a_ticket_of_another_version_is_not_read() {
    use embedded_mtls::crypto::rustcrypto::RustCrypto;
    use embedded_mtls::crypto::{CryptoProvider as _, HashAlgorithm};
    let pki = Pki::new();
    let mut ticket = first(setup(&pki));
    for (version, expected) in [(ticket[0], Ok(())), (ticket[0] + 1, Err(TicketError::Damaged))] {
        ticket[0] = version;
        let (content, sum) = ticket.split_last_chunk_mut::<8>().unwrap();
        let digest = RustCrypto.digest(HashAlgorithm::Sha256, &[content]).unwrap();
        sum.copy_from_slice(&digest.as_bytes()[..8]);
        let mut client = setup(&pki).client_handshake().unwrap();
        assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(1)), expected);
    }
}

/// RFC 9846 section 4.7.1: "The value of zero indicates that the ticket should be discarded immediately."
#[test]
fn a_ticket_with_a_lifetime_of_zero_is_not_kept() {
    let pki = Pki::new();
    for (lifetime, kept) in [(60, true), (0, false)] {
        let (mut real, mut script) = script_client(setup(&pki));
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        let mut session = real.session();
        let mut ticket = session_ticket(b"ticket", &[]);
        ticket[7] = lifetime;
        let bytes = script.seal(&Sent::new(Epoch::Application, HANDSHAKE, &ticket));
        session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
        session.rx_commit(bytes.len()).unwrap();
        while let Ok(Event::Transmit) = session.poll() {
            session.tx_consume(usize::MAX);
        }
        let taken = session.take_ticket(at(0), &mut [0; Ticket::MAX_LEN]).unwrap();
        assert_eq!(taken.is_some(), kept, "lifetime {lifetime}");
    }
}

/// The ticket contains names of 750 bytes. The binder covers the hello, however it is sent and received.
#[test]
fn a_ticket_is_offered_through_every_tx_and_accepted_from_every_rx() {
    let mut pki = Pki::new();
    let name = |number: usize| SanType::DnsName(format!("{number}.{}.example", "n".repeat(50)).try_into().unwrap());
    let names: Vec<SanType> = (0..12).map(name).collect();
    let leaf = Template::client(CLIENT_NAME).alternatives(&names).signed_by(&pki.intermediate);
    pki.client = leaf;
    let ticket = first(setup(&pki));
    assert!(ticket.len() > 1_200, "{}", ticket.len());
    for retried in [false, true] {
        for tx in (160..200).chain([512, 1_024, 1_500, 2_048]) {
            let mut setup = setup(&pki);
            if retried {
                setup.client = setup.client.with_key_shares(&[]);
            }
            setup.client_sizes.tx = tx;
            setup.chunk = tx % 3 * 50;
            if tx % 2 == 1 {
                setup.server_sizes = Sizes { rx: 512, peer: 4096, ..setup.server_sizes };
            }
            let outcome = second(setup, &ticket, Some(mine(&pki)), at(1));
            let (client, server) = outcome.sessions();
            assert!(client.negotiated().resumed && server.negotiated().resumed, "tx of {tx} bytes");
            assert_eq!(client.negotiated().retried, retried);
            assert!(server.peer().unwrap().proved_before().is_some());
        }
    }
}

fn stranger_root() -> Issued {
    Template::ca("Other").self_signed()
}

#[test]
fn a_ticket_that_does_not_fit_into_the_peer_memory_names_the_size_that_is_enough() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let refusal = |size: usize| {
        let mut setup = setup(&pki);
        setup.client_sizes.peer = size;
        offer(&mut setup.client_handshake().unwrap(), &ticket, Some(mine(&pki)), at(1)).err()
    };
    let Some(TicketError::TooLargeForPeer(need)) = refusal(64) else { panic!("the ticket does not fit") };
    let size = usize::try_from(need).unwrap();
    assert_eq!(refusal(size - 1), Some(TicketError::TooLargeForPeer(need)));
    let mut exact = setup(&pki);
    exact.client_sizes.peer = size;
    assert!(second(exact, &ticket, Some(mine(&pki)), at(1)).sessions().0.negotiated().resumed, "it is enough");
}

#[test]
fn a_ticket_is_wiped_once_it_is_used_and_offered_once() {
    let pki = Pki::new();
    let ticket = first(setup(&pki));
    let setup = setup(&pki);
    let (mut bytes, config) = (ticket.clone(), setup.client);
    for expected in [Ok(()), Err(TicketError::Damaged)] {
        let mut handshake = Handshake::<Client>::new(&config, setup.client_sizes.buffers(), entropy(1)).unwrap();
        assert_eq!(handshake.resume(Ticket::new(&mut bytes), Some(mine(&pki)), at(1)), expected);
    }
    assert!(!bytes.windows(32).any(|bytes| bytes == &ticket[2..34]));
    let mut client = setup.client_handshake().unwrap();
    offer(&mut client, &ticket, Some(mine(&pki)), at(1)).unwrap();
    assert_eq!(offer(&mut client, &ticket, Some(mine(&pki)), at(1)), Err(TicketError::Begun));
}

#[test]
fn a_ticket_that_does_not_fit_stays_until_there_is_room() {
    let pki = Pki::new();
    let (mut client, mut server) = setup(&pki).run().sessions();
    exchange(&mut client, &mut server).unwrap();
    let mut small = [0xaa; 100];
    let Err(Error::BufferTooSmall { need, .. }) = client.take_ticket(at(0), &mut small) else { panic!() };
    assert_eq!(small, [0; 100], "no part of a secret is left");
    let mut out = vec![0; usize::from(need)];
    assert_eq!(client.take_ticket(at(0), &mut out), Ok(Some(out.len())));
    assert_eq!(client.take_ticket(at(0), &mut out), Ok(None), "it is given once");
}

#[test]
fn a_ticket_for_which_a_server_has_no_room_is_sent_later_or_not_at_all() {
    let pki = Pki::new();
    // Data of the server fills its buffer; the ticket follows it.
    let (mut client, mut server) = setup(&pki).run().sessions();
    assert!(ticket_of(&mut client, &mut server, at(0)).is_some());
    while server.write(&[7; 512]) != Ok(0) {}
    assert_eq!(server.send_ticket(at(1)), Ok(true));
    assert!(ticket_of(&mut client, &mut server, at(1)).is_some());
    // A buffer that can never hold it.
    let names: Vec<_> =
        (0..9).map(|number| SanType::DnsName(format!("{number}.{}", "n".repeat(60)).try_into().unwrap())).collect();
    let mut long = Pki::new();
    long.client = Template::client(CLIENT_NAME).alternatives(&names).signed_by(&long.intermediate);
    let mut small = setup(&long);
    small.server_sizes.tx = 420;
    let (mut client, mut server) = small.run().sessions();
    assert!(ticket_of(&mut client, &mut server, at(0)).is_none());
    server.write(b"response").unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap().0, b"response");
}

#[test]
fn each_ticket_of_a_session_has_a_key_and_a_name_of_its_own() {
    let pki = Pki::new();
    let (mut client, mut server) = setup(&pki).run().sessions();
    let one = ticket_of(&mut client, &mut server, at(0)).unwrap();
    assert_eq!(server.send_ticket(at(0)), Ok(true));
    let two = ticket_of(&mut client, &mut server, at(0)).unwrap();
    assert_eq!(one.len(), two.len());
    assert_ne!(one[2..34], two[2..34], "the pre-shared keys");
    assert_ne!(one[78..82], two[78..82], "ticket_age_add");
    for ticket in [&one, &two] {
        assert!(second(setup(&pki), ticket, Some(mine(&pki)), at(1)).sessions().1.negotiated().resumed);
    }
}

#[test]
fn a_session_issues_256_tickets_and_then_carries_on_without() {
    let pki = Pki::new();
    let (mut client, mut server) = setup(&pki).run().sessions();
    assert!(ticket_of(&mut client, &mut server, at(0)).is_some());
    for _ in 1..256 {
        assert_eq!(server.send_ticket(at(0)), Ok(true));
        // A client accepts only a few messages without data between them.
        server.write(b"-").unwrap();
        exchange(&mut client, &mut server).unwrap();
    }
    assert!(ticket_of(&mut client, &mut server, at(0)).is_some());
    assert_eq!(server.send_ticket(at(0)), Ok(false));
    client.write(b"order").unwrap();
    assert_eq!(exchange(&mut client, &mut server).unwrap().1, b"order");
    assert_eq!(ticket_of(&mut client, &mut server, at(0)), None);
}

#[test]
fn a_server_with_too_little_memory_for_a_ticket_goes_on_with_a_full_handshake() {
    let pki = Pki::new();
    let with = || {
        let mut setup = setup(&pki);
        setup.server = ServerConfig::new(ClientAuth::Optional(anchors(&[&pki.root]))).with_tickets(keys(1), HOUR);
        setup
    };
    let ticket = first(with());
    let mut small = with();
    small.server_sizes.peer = 64;
    small.client_host = host(vec![], vec![]);
    let (client, server) = second(small, &ticket, Some(mine(&pki)), at(1)).sessions();
    assert!(!client.negotiated().resumed && !server.negotiated().resumed);
    assert_eq!(server.client_auth(), ClientAuthStatus::Declined);
}

#[test]
fn a_session_whose_path_was_validated_without_a_time_has_no_ticket() {
    let pki = Pki::new();
    let mut with = setup(&pki);
    let chain = credential(&[&pki.client, &pki.intermediate], 0);
    with.client_host = TestHost::new(
        leak(vec![chain].into_boxed_slice()),
        leak(vec![signing_key(&pki.client)].into_boxed_slice()),
        Time::dangerous_unknown,
    );
    let (mut client, mut server) = with.run().sessions();
    assert_eq!(ticket_of(&mut client, &mut server, at(0)), None);
    assert_eq!(now(), Time::Trusted(at(0)));
}

/// Asks the client for its certificate, which it sends. The server judges it at this time, and stops before it decides
/// unless it `accepts`.
#[cfg(feature = "post-handshake-auth")]
fn authenticate_late(
    client: &mut TestSession<Client>,
    server: &mut TestSession<Server>,
    client_auth: ClientAuth<'static>,
    host: &mut TestHost,
    time: Time,
    accepts: bool,
) {
    use embedded_mtls::Event;
    use embedded_mtls::io::Host;
    server.request_certificate(client_auth).unwrap();
    let mut asked = false;
    for _ in 0..20 {
        exchange(client, server).unwrap();
        match client.poll().unwrap() {
            Event::Credential(request) => {
                let choice = host.credential(&request.peer_request());
                request.answer(choice).unwrap();
            }
            Event::Sign(request) => {
                let signature = host.sign(&request.input).unwrap();
                request.complete(&signature).unwrap();
            }
            _ => {}
        }
        match server.poll().unwrap() {
            Event::Time(request) => request.provide(time).unwrap(),
            Event::Authorize(request) => {
                asked = true;
                if accepts {
                    request.accept().unwrap();
                }
            }
            _ => {}
        }
    }
    assert!(asked);
    assert_eq!(server.certificate_answer(), accepts.then_some(ClientAuthStatus::Accepted));
}

#[cfg(feature = "post-handshake-auth")]
#[test]
fn an_unfinished_proof_does_not_renew_the_last_one() {
    let pki = Pki::new();
    let with = || {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_post_handshake_auth(true);
        setup.server_host = host_at(&pki, || Time::Trusted(at(0)));
        setup
    };
    for (accepts, age) in [(false, 100), (true, 0)] {
        let (mut client, mut server) = with().run().sessions();
        let (roots, later) = (ClientAuth::Required(anchors(&[&pki.root])), Time::Trusted(at(100)));
        authenticate_late(&mut client, &mut server, roots, &mut with().client_host, later, accepts);
        assert_eq!(server.send_ticket(at(100)), Ok(true));
        let ticket = ticket_of(&mut client, &mut server, at(100)).unwrap();
        let mut setup = with();
        setup.server_host = host_at(&pki, || Time::Trusted(at(100)));
        let (_, server) = second(setup, &ticket, Some(mine(&pki)), at(100)).sessions();
        assert_eq!(server.peer().unwrap().proved_before(), Some(Duration::from_secs(age)), "{accepts}");
    }
}

#[cfg(feature = "post-handshake-auth")]
#[test]
fn a_ticket_carries_the_identity_of_when_it_was_sent() {
    let pki = Pki::new();
    let roots = anchors(&[&pki.root]);
    let with = || {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_post_handshake_auth(true);
        setup.server =
            ServerConfig::new(ClientAuth::None).with_tickets(keys(1), HOUR).with_post_handshake_anchors(roots);
        setup
    };
    let (mut client, mut server) = with().run().sessions();
    let before = ticket_of(&mut client, &mut server, at(0)).unwrap();
    authenticate_late(&mut client, &mut server, ClientAuth::Required(roots), &mut with().client_host, now(), true);
    server.send_ticket(at(0)).unwrap();
    let after = ticket_of(&mut client, &mut server, at(0)).unwrap();
    let (_, anonymous) = second(with(), &before, None, at(1)).sessions();
    assert!(anonymous.negotiated().resumed && anonymous.peer().is_none());
    let (client, server) = second(with(), &after, Some(mine(&pki)), at(1)).sessions();
    assert!(server.negotiated().resumed);
    assert_eq!(server.peer().unwrap().common_name(), Some(CLIENT_NAME));
    assert_eq!(client.client_auth(), ClientAuthStatus::Accepted);

    // Without the anchors under which it was issued, the ticket is worth nothing.
    let mut without = with();
    without.server = ServerConfig::new(ClientAuth::None).with_tickets(keys(1), HOUR);
    let (_, server) = second(without, &after, Some(mine(&pki)), at(1)).sessions();
    assert!(!server.negotiated().resumed && server.peer().is_none());
}

#[cfg(feature = "post-handshake-auth")]
#[test]
fn a_session_under_anchors_that_the_configuration_does_not_name_issues_no_tickets() {
    let pki = Pki::new();
    let (roots, others) = (anchors(&[&pki.root]), anchors(&[&pki.root, &stranger_root()]));
    let of_handshake = || ServerConfig::new(ClientAuth::Optional(roots)).with_tickets(keys(1), HOUR);
    let none = || ServerConfig::new(ClientAuth::None).with_tickets(keys(1), HOUR);
    for (config, late, issues) in [
        (none(), roots, false),
        (none().with_post_handshake_anchors(others), roots, false),
        (none().with_post_handshake_anchors(others), others, true),
        (of_handshake(), others, false),
        (of_handshake(), anchors(&[&pki.root]), true),
    ] {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_post_handshake_auth(true);
        setup.server = config;
        let mut host = Setup::new(&pki).client_host;
        let (mut client, mut server) = setup.run().sessions();
        assert!(ticket_of(&mut client, &mut server, at(0)).is_some());
        // One is due when the identity changes.
        assert_eq!(server.send_ticket(at(0)), Ok(true));
        authenticate_late(&mut client, &mut server, ClientAuth::Required(late), &mut host, now(), true);
        assert_eq!(server.send_ticket(at(0)), Ok(issues));
    }
}

/// A ticket that arrives while the client answers must not be stored over its answer.
#[cfg(feature = "post-handshake-auth")]
#[test]
fn a_ticket_leaves_room_for_the_answer_to_a_request() {
    use embedded_mtls::Event;
    use embedded_mtls::io::Host;
    let pki = Pki::new();
    for peer in (700..1_400).step_by(20) {
        let mut setup = setup(&pki);
        setup.client = setup.client.with_post_handshake_auth(true);
        setup.client_sizes.peer = peer;
        let mut host = Setup::new(&pki).client_host;
        let (mut client, mut server) = setup.run().sessions();
        exchange(&mut client, &mut server).unwrap();
        server.request_certificate(ClientAuth::Required(anchors(&[&pki.root]))).unwrap();
        let mut tickets = 0;
        for _ in 0..20 {
            exchange(&mut client, &mut server).unwrap();
            match client.poll().unwrap() {
                Event::Credential(request) => {
                    let choice = host.credential(&request.peer_request());
                    request.answer(choice).unwrap();
                }
                Event::Sign(request) => {
                    let signature = host.sign(&request.input).unwrap();
                    // The request is no longer in `rx`, so the ticket is received first.
                    if tickets == 0 {
                        tickets = 1;
                        server.send_ticket(at(0)).unwrap();
                        continue;
                    }
                    request.complete(&signature).unwrap();
                }
                _ => {}
            }
            match server.poll().unwrap() {
                Event::Time(request) => request.provide(now()).unwrap(),
                Event::Authorize(request) => request.accept().unwrap(),
                _ => {}
            }
        }
        assert_eq!(tickets, 1);
        assert_eq!(server.certificate_answer(), Some(ClientAuthStatus::Accepted), "peer memory of {peer} bytes");
    }
}
