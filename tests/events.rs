//! The ring of events: what connections of both roles write into it, from the first message to the last.
#![cfg(feature = "events")]
#![allow(missing_docs)]

use core::sync::atomic::AtomicU8;
use embedded_mtls::credential::{Choice, Entry, Mismatch, NoMatch, Selector};
use embedded_mtls::events::{Direction, EventDump, EventRing, LogEvent, NameOf, Record, Whose};
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{ServerName, Time, UnixTime};
use embedded_mtls::{
    AlertDescription, Client, ClientAuth, ClientConfig, Diagnosis, Error, KeyHandle, NamedGroup, PeerIncompatible,
    Server, ServerConfig, Stage,
};
use test_support::pair::{
    Setup, TestSession, advance, anchors, credential, deliver, drain, exchange, host, leak_all, now, signing_key,
};
use test_support::pki::{Pki, Template};

type Ring = EventRing<'static>;

fn ring(size: usize) -> Ring {
    EventRing::new(leak_all((0..size).map(|_| AtomicU8::new(0)).collect())).unwrap()
}

fn records(ring: Ring) -> Vec<Record> {
    ring.records().unwrap().collect()
}

/// The events of one connection.
fn of(ring: Ring, connection: u16) -> Vec<LogEvent> {
    records(ring).iter().filter(|record| record.connection == connection).map(|record| record.event).collect()
}

/// The events of one connection as lines, messages and flights without their lengths, which differ with features.
fn lines(events: &[LogEvent]) -> Vec<String> {
    let line = |event: &LogEvent| match event {
        LogEvent::Message { .. } => event.to_string().split(',').next().unwrap_or_default().to_owned(),
        LogEvent::Flight { direction, .. } => format!("{direction} a flight"),
        event => event.to_string(),
    };
    events.iter().map(line).collect()
}

fn has(events: &[LogEvent], wanted: &LogEvent) -> bool {
    events.contains(wanted)
}

type End<R> = Result<TestSession<R>, (Error, Stage)>;

/// Runs both sides, each with its ring.
fn run<CH, SH>(mut setup: Setup<CH, SH>, rings: [Ring; 2]) -> (End<Client>, End<Server>)
where
    CH: Host<Choice = Choice<'static>>,
    SH: Host<Choice = Choice<'static>>,
{
    let (mut client, mut server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
    client.set_events(rings[0]);
    server.set_events(rings[1]);
    let (mut up, mut down, mut log) = (Vec::new(), Vec::new(), Vec::new());
    let (mut client_end, mut server_end) = (None, None);
    for _ in 0..50 {
        client_end = client_end.or_else(|| advance(&mut client, &mut setup.client_host));
        drain(&mut client, &mut up, &mut log);
        deliver(&mut up, &mut server, 0);
        server_end = server_end.or_else(|| advance(&mut server, &mut setup.server_host));
        drain(&mut server, &mut down, &mut log);
        deliver(&mut down, &mut client, 0);
    }
    let stages = (client.stage(), server.stage());
    let client = match client_end.expect("an end") {
        Ok(()) => Ok(client.into_session().ok().unwrap()),
        Err(error) => Err((error, stages.0)),
    };
    let server = match server_end.unwrap_or(Err(Error::ConnectionTruncated)) {
        Ok(()) => Ok(server.into_session().ok().unwrap()),
        Err(error) => Err((error, stages.1)),
    };
    (client, server)
}

/// The two sides with a clock that is read by `time`.
fn with_clock(pki: &Pki, time: fn() -> Time) -> Setup {
    let setup = Setup::new(pki);
    let identity = |issued| (vec![credential(&[issued, &pki.intermediate], 0)], vec![signing_key(issued)]);
    let clocked = |(credentials, keys): (Vec<_>, Vec<_>)| {
        embedded_mtls::io::SoftwareHost::new(
            test_support::pair::leak_all(credentials),
            test_support::pair::leak_all(keys),
            time,
        )
    };
    Setup { client_host: clocked(identity(&pki.client)), server_host: clocked(identity(&pki.server)), ..setup }
}

#[test]
fn a_mutual_handshake_and_its_session_are_recorded_by_both_sides() {
    let rings = [ring(2000), ring(2000)];
    let mut setup = Setup::new(&Pki::new());
    setup.client = setup.client.with_groups(&[NamedGroup::SECP256R1]);
    let (client, server) = run(setup, rings);
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    client.write(b"order").unwrap();
    server.write(b"taken").unwrap();
    exchange(&mut client, &mut server).unwrap();
    client.request_key_update();
    exchange(&mut client, &mut server).unwrap();
    client.close();
    server.close();
    exchange(&mut client, &mut server).unwrap();

    let agreed = format!("agreed on {} and secp256r1", client.negotiated().cipher_suite);
    // How messages share flights differs with features.
    let told = |ring| -> Vec<String> {
        let mut lines = lines(&of(ring, 1));
        lines.retain(|line| !line.ends_with("flight"));
        lines
    };
    let expected: Vec<_> = OF_CLIENT.iter().map(|line| line.replace("{agreed}", &agreed)).collect();
    assert_eq!(told(rings[0]), expected);
    let expected: Vec<_> = OF_SERVER.iter().map(|line| line.replace("{agreed}", &agreed)).collect();
    assert_eq!(told(rings[1]), expected);
}

/// A mutual handshake, an order and its answer, a KeyUpdate, the end: without flights.
const OF_CLIENT: &[&str] = &[
    "new connection as client",
    "server name supplier.example.com",
    "sent ClientHello",
    "received ServerHello",
    "{agreed}",
    "received EncryptedExtensions",
    "received CertificateRequest",
    "our certificate requested, from one CA",
    "accepted CA Example Root",
    "credential of key 0 selected: 2 certificates, ecdsa_secp256r1_sha256",
    "received Certificate",
    "peer claims to be supplier.example.com",
    "issued by Example Intermediate",
    "certificates validated at 2026-11-22T04:00:00Z",
    "path found: depth 2, trust anchor 0, valid until 2040-01-01T00:00:00Z",
    "received CertificateVerify",
    "peer authorized",
    "received Finished",
    "sent Certificate",
    "sent CertificateVerify",
    "sent Finished",
    "handshake complete",
    "the server accepted our certificate",
    "sent KeyUpdate",
    "received KeyUpdate",
    "sent alert 0 (close_notify)",
    "received alert 0 (close_notify)",
];

const OF_SERVER: &[&str] = &[
    "new connection as server",
    "received ClientHello",
    "server name supplier.example.com",
    "credential of key 0 selected: 2 certificates, ecdsa_secp256r1_sha256",
    "sent ServerHello",
    "{agreed}",
    "sent EncryptedExtensions",
    "sent CertificateRequest",
    "sent Certificate",
    "sent CertificateVerify",
    "sent Finished",
    "received Certificate",
    "peer claims to be gateway-7",
    "issued by Example Intermediate",
    "certificates validated at 2026-11-22T04:00:00Z",
    "path found: depth 2, trust anchor 0, valid until 2040-01-01T00:00:00Z",
    "received CertificateVerify",
    "peer authorized",
    "received Finished",
    "handshake complete",
    "received KeyUpdate",
    "sent KeyUpdate",
    "sent alert 0 (close_notify)",
    "received alert 0 (close_notify)",
];

#[test]
fn flights_add_up_to_the_bytes_transferred() {
    let rings = [ring(2000), ring(2000)];
    let (client, server) = run(Setup::new(&Pki::new()), rings);
    assert!(client.is_ok() && server.is_ok());
    let sum = |ring, wanted| -> u32 {
        let flights = of(ring, 1).into_iter().filter_map(|event| match event {
            LogEvent::Flight { direction, bytes } if direction == wanted => Some(bytes),
            _ => None,
        });
        flights.sum()
    };
    assert_eq!(sum(rings[0], Direction::Sent), sum(rings[1], Direction::Received));
    assert_eq!(sum(rings[0], Direction::Received), sum(rings[1], Direction::Sent));
    assert!(sum(rings[0], Direction::Sent) > 1000);
}

#[test]
fn a_hello_retry_request_is_recorded_with_its_group() {
    let rings = [ring(2000), ring(2000)];
    let mut setup = Setup::new(&Pki::new());
    setup.client = setup.client.with_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]);
    setup.server = setup.server.with_groups(&[NamedGroup::SECP256R1]);
    let (client, server) = run(setup, rings);
    assert!(client.is_ok() && server.is_ok());
    for ring in rings {
        let events = of(ring, 1);
        assert!(has(&events, &LogEvent::Retried { group: Some(NamedGroup::SECP256R1) }), "{:#?}", lines(&events));
        let hellos = events.iter().filter(|event| matches!(event, LogEvent::Message { kind: 1, .. })).count();
        assert_eq!(hellos, 2, "{:#?}", lines(&events));
    }
}

#[test]
fn the_selection_of_a_credential_is_recorded_with_the_reason_against_each_other() {
    let pki = Pki::new();
    let other = Template::ca("Other Root").self_signed();
    let stranger = Template::client("stranger").signed_by(&other);
    let entries = vec![
        Entry::new("stranger", credential(&[&stranger], 0)),
        Entry { enabled: false, ..Entry::new("spare", credential(&[&pki.client, &pki.intermediate], 1)) },
        Entry::new("orders", credential(&[&pki.client, &pki.intermediate], 2)),
    ];
    let selector = Selector { no_match: NoMatch::Fail, ..Selector::new(test_support::pair::leak_all(entries)) };
    let keys =
        test_support::pair::leak_all(vec![signing_key(&stranger), signing_key(&pki.client), signing_key(&pki.client)]);
    let base = Setup::new(&pki);
    let setup = Setup {
        client: base.client,
        server: base.server,
        client_host: SoftwareHost::with_selector(selector, keys, now as fn() -> Time),
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    };
    let rings = [ring(2000), ring(2000)];
    let (client, _) = run(setup, rings);
    assert!(client.is_ok());
    let told = lines(&of(rings[0], 1));
    for line in [
        "credential stranger rejected: no certificate of the chain was issued by a CA that the peer names",
        "credential spare rejected: disabled",
        "credential of key 2 selected: 2 certificates, ecdsa_secp256r1_sha256",
    ] {
        assert!(told.iter().any(|found| found == line), "{line}: {told:#?}");
    }
    assert!(!told.iter().any(|line| line.starts_with("credential orders rejected")), "{told:#?}");
}

#[test]
fn a_client_that_sends_no_certificate_reports_why_and_learns_late_that_it_is_rejected() {
    let pki = Pki::new();
    let other = Template::ca("Other Root").self_signed();
    let stranger = Template::client("stranger").signed_by(&other);
    let mut setup = Setup::new(&pki);
    setup.client_host = host(vec![credential(&[&stranger], 4)], vec![signing_key(&stranger)]);
    let rings = [ring(2000), ring(2000)];
    let (client, server) = run(setup, rings);
    let required = Error::PeerIncompatible(PeerIncompatible::ClientCertificateRequired);
    assert_eq!(server.err().map(|end| end.0), Some(required));
    let events = of(rings[0], 1);
    assert!(has(&events, &LogEvent::Declined));
    let reasons: Vec<_> = events.iter().filter(|event| matches!(event, LogEvent::Mismatch { .. })).collect();
    assert!(
        matches!(reasons[..], [LogEvent::Mismatch { key: KeyHandle(4), reason: Mismatch::Issuer, alias }] if alias.is_empty())
    );
    let told = of(rings[1], 1);
    assert!(has(&told, &LogEvent::Failed { stage: Stage::Certificate, error: required }), "{:#?}", lines(&told));
    let description = AlertDescription::CERTIFICATE_REQUIRED;
    assert!(has(&told, &LogEvent::Alert { direction: Direction::Sent, description }));

    // The client learns of it with its next read.
    assert!(has(&events, &LogEvent::Done) && !lines(&events).iter().any(|line| line.starts_with("failed")));
    assert_eq!(client.unwrap().poll().err(), Some(Error::AlertReceived(description)));
    let told = lines(&of(rings[0], 1));
    assert!(told.contains(&"received alert 116 (certificate_required)".to_owned()), "{told:#?}");
    let failed = "failed after the handshake: the peer ended the connection with alert 116 (certificate_required)";
    let means = format!("diagnosis: {}", Diagnosis::OursMissing);
    assert_eq!(told[told.len() - 2..], [failed.to_owned(), means], "{told:#?}");
}

#[test]
fn one_ring_serves_connections_one_after_the_other_and_at_once_and_numbers_them() {
    let shared = ring(6000);
    let pki = Pki::new();
    // Both sides of each write into the same ring.
    for round in 0..2 {
        let (client, server) = run(Setup::new(&pki), [shared, shared]);
        assert!(client.is_ok() && server.is_ok());
        let (first, second) = (2 * round + 1, 2 * round + 2);
        assert_eq!(of(shared, first)[0], LogEvent::Began { client: true });
        assert_eq!(of(shared, second)[0], LogEvent::Began { client: false });
        assert!(has(&of(shared, first), &LogEvent::Done) && has(&of(shared, second), &LogEvent::Done));
    }
    // They are interleaved as it happened.
    let order: Vec<_> = records(shared).iter().map(|record| record.connection).collect();
    assert!(order.windows(2).any(|pair| pair == [2, 1]), "{order:?}");
    assert_eq!(shared.lost(), 0);
}

#[test]
fn a_small_ring_keeps_the_last_events_and_the_number_of_lost_ones() {
    let (small, large) = (ring(300), ring(4000));
    let pki = Pki::new();
    let (client, _) = run(Setup::new(&pki), [small, ring(EventRing::MIN)]);
    assert!(client.is_ok());
    let (client, _) = run(Setup::new(&pki), [large, ring(EventRing::MIN)]);
    assert!(client.is_ok());
    let (kept, all) = (of(small, 1), of(large, 1));
    assert!(all.ends_with(&kept) && kept.len() > 5);
    assert_eq!(usize::try_from(small.lost()).unwrap(), all.len() - kept.len());
    assert_eq!(large.lost(), 0);
}

#[test]
fn a_ring_that_is_switched_off_costs_the_connection_nothing_and_can_be_switched_on_in_it() {
    let ring_of_client = ring(2000);
    ring_of_client.set_enabled(false);
    let (client, server) = run(Setup::new(&Pki::new()), [ring_of_client, ring(2000)]);
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert_eq!(records(ring_of_client), []);
    ring_of_client.set_enabled(true);
    client.request_key_update();
    exchange(&mut client, &mut server).unwrap();
    assert_eq!(lines(&of(ring_of_client, 1)), ["sent KeyUpdate", "received KeyUpdate"]);
}

/// Twenty days before all certificates of the tests expire.
fn late() -> Time {
    Time::Trusted(UnixTime::from_civil(2039, 12, 12, 0, 0, 0).unwrap())
}

#[test]
fn a_chain_that_expires_soon_is_recorded_in_time() {
    let at = |year| UnixTime::from_civil(year, 1, 1, 0, 0, 0).unwrap();
    let pki = Pki::new();
    for (days, expected) in [(10, 0), (EventRing::EXPIRY_WARNING, 2)] {
        let rings = [ring(2000), ring(2000)];
        rings[0].set_expiry_warning(days);
        let (client, server) = run(with_clock(&pki, late), rings);
        assert!(client.is_ok() && server.is_ok());
        let told: Vec<_> = of(rings[0], 1)
            .into_iter()
            .filter_map(|event| match event {
                LogEvent::Expiring { whose, expiry } => Some((whose, expiry.days_left(), expiry.not_after)),
                _ => None,
            })
            .collect();
        assert_eq!(told.len(), expected);
        for (whose, (found, left, not_after)) in [Whose::Theirs, Whose::Ours].into_iter().zip(told) {
            assert_eq!((found, left, not_after), (whose, 20, at(2040)));
        }
        // Both are warned, each by its own ring.
        let warned = of(rings[1], 1).iter().filter(|event| matches!(event, LogEvent::Expiring { .. })).count();
        assert_eq!(warned, 2);
    }
}

#[test]
fn names_of_authorities_are_listed_up_to_the_fourth() {
    let pki = Pki::new();
    let others: Vec<_> = (0..5).map(|number| Template::ca(&format!("Authority {number}")).self_signed()).collect();
    let trusted = anchors(&[&others[0], &others[1], &others[2], &pki.root, &others[3], &others[4]]);
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::Required(trusted));
    let rings = [ring(2000), ring(2000)];
    let (client, _) = run(setup, rings);
    assert!(client.is_ok());
    let events = of(rings[0], 1);
    assert!(has(&events, &LogEvent::Asked { authorities: 6, late: false }));
    let names: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            LogEvent::Name { of: NameOf::Authority, text } => Some(str::to_owned(text)),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["Authority 0", "Authority 1", "Authority 2", "Example Root"]);
}

#[test]
fn a_rejected_server_is_recorded_with_its_names_the_rule_and_the_alert() {
    let mut setup = Setup::new(&Pki::new());
    let name = ServerName::parse("orders.example.com").unwrap();
    let trusted = anchors(&[&Pki::new().root]);
    setup.client = ClientConfig::new(name, trusted);
    let rings = [ring(2000), ring(2000)];
    let (client, _) = run(setup, rings);
    let (error, stage) = client.err().unwrap();
    let told = of(rings[0], 1);
    assert!(has(&told, &LogEvent::Failed { stage, error }), "{:#?}", lines(&told));
    let text = lines(&told).join("\n");
    assert!(text.contains("server name orders.example.com") && text.contains("issued by Example Intermediate"));
    assert!(text.contains(&format!("failed at path validation: {error}")), "{text}");
    assert!(text.contains(&format!("sent alert {}", error.alert().unwrap().0)), "{text}");
}

#[test]
fn a_dump_read_elsewhere_has_the_same_events_and_a_damaged_one_none() {
    let rings = [ring(1500), ring(1500)];
    let (client, server) = run(Setup::new(&Pki::new()), rings);
    assert!(client.is_ok() && server.is_ok());
    let mut bytes = [0; 1500];
    assert_eq!(rings[0].copy_to(&mut bytes), 1500);
    let dump = EventDump::parse(&bytes).unwrap();
    assert_eq!(dump.records().collect::<Vec<_>>(), records(rings[0]));
    bytes[200] ^= 1;
    assert!(EventDump::parse(&bytes).is_err());
    assert!(EventDump::parse(&bytes[..700]).is_err());
}

#[cfg(feature = "post-handshake-auth")]
#[test]
fn a_request_after_the_handshake_is_recorded_as_such() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    let rings = ask_after_the_handshake(&pki, setup);
    assert_eq!(behind_the_handshake(rings[0]), LATE_OF_CLIENT);
    assert_eq!(behind_the_handshake(rings[1]), LATE_OF_SERVER);
}

#[cfg(feature = "post-handshake-auth")]
#[test]
fn a_request_after_the_handshake_shows_that_the_certificate_sent_in_it_was_accepted() {
    let pki = Pki::new();
    let rings = ask_after_the_handshake(&pki, Setup::new(&pki));
    let mut wanted = LATE_OF_CLIENT.to_vec();
    wanted.insert(1, "the server accepted our certificate");
    assert_eq!(behind_the_handshake(rings[0]), wanted);
}

/// Asks the client for its certificate after the handshake, and returns the rings of both sides.
#[cfg(feature = "post-handshake-auth")]
fn ask_after_the_handshake(pki: &Pki, mut setup: Setup) -> [Ring; 2] {
    use embedded_mtls::Event as Need;
    use test_support::pair::{choose, sign};

    setup.client = setup.client.with_post_handshake_auth(true);
    let rings = [ring(3000), ring(3000)];
    let mut client_host = host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)]);
    let (client, server) = run(setup, rings);
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    server.request_certificate(ClientAuth::Required(anchors(&[&pki.root]))).unwrap();
    exchange(&mut client, &mut server).unwrap();
    loop {
        match client.poll().unwrap() {
            Need::Credential(request) => choose(request, &mut client_host).unwrap(),
            Need::Sign(request) => sign(request, &mut client_host).unwrap(),
            _ => break,
        }
    }
    exchange(&mut client, &mut server).unwrap();
    loop {
        match server.poll().unwrap() {
            Need::Time(request) => request.provide(now()).unwrap(),
            Need::Authorize(request) => request.accept().unwrap(),
            Need::Yield | Need::ClientAuth(_) => {}
            _ => break,
        }
    }
    rings
}

#[cfg(feature = "post-handshake-auth")]
fn behind_the_handshake(ring: Ring) -> Vec<String> {
    let events = of(ring, 1);
    let done = events.iter().position(|event| *event == LogEvent::Done).unwrap();
    lines(&events[done + 1..])
}

#[cfg(feature = "post-handshake-auth")]
const LATE_OF_CLIENT: &[&str] = &[
    "received CertificateRequest",
    "our certificate requested, from one CA, after the handshake",
    "accepted CA Example Root",
    "credential of key 0 selected: 2 certificates, ecdsa_secp256r1_sha256",
    "sent Certificate",
    "sent CertificateVerify",
    "sent Finished",
];

#[cfg(feature = "post-handshake-auth")]
const LATE_OF_SERVER: &[&str] = &[
    "sent CertificateRequest",
    "received Certificate",
    "peer claims to be gateway-7",
    "issued by Example Intermediate",
    "certificates validated at 2026-11-22T04:00:00Z",
    "path found: depth 2, trust anchor 0, valid until 2040-01-01T00:00:00Z",
    "received CertificateVerify",
    "peer authorized",
    "received Finished",
];

#[cfg(feature = "dangerous-waivers")]
#[test]
fn waived_causes_are_listed() {
    use embedded_mtls::SignInput;
    use embedded_mtls::credential::{Choice, PeerRequest};
    use embedded_mtls::x509::{WaivableCause, Waived, Waivers};

    struct Lenient(test_support::pair::TestHost);

    impl Host for Lenient {
        type Choice = Choice<'static>;

        fn time(&mut self) -> Time {
            Host::time(&mut self.0)
        }

        fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
            self.0.credential(request)
        }

        fn dangerous_accept_waived(&mut self, _: &embedded_mtls::x509::PeerIdentity<'_>, _: Waived) -> bool {
            true
        }

        fn sign(&mut self, request: &SignInput) -> Option<embedded_mtls::Signature> {
            self.0.sign(request)
        }
    }

    let base = Setup::new(&Pki::new());
    let other = Template::ca("Other Root").self_signed();
    let name = ServerName::parse(test_support::pki::SERVER_NAME).unwrap();
    let setup = Setup {
        client: ClientConfig::new(name, anchors(&[&other]))
            .dangerous_with_waivers(Waivers::NONE.dangerous_waive(WaivableCause::UntrustedRoot)),
        server: base.server,
        client_host: Lenient(base.client_host),
        server_host: base.server_host,
        client_sizes: base.client_sizes,
        server_sizes: base.server_sizes,
        chunk: 0,
    };
    let rings = [ring(2000), ring(2000)];
    let (client, _) = run(setup, rings);
    assert!(client.is_ok());
    let told = of(rings[0], 1);
    assert!(has(&told, &LogEvent::Waived(WaivableCause::UntrustedRoot)), "{:#?}", lines(&told));
    assert!(lines(&told).contains(&"WAIVED: untrusted root".to_owned()));
}

/// Neither the secrets of a connection nor what the application sends ever reaches the ring.
#[cfg(feature = "key-log")]
#[test]
fn no_secret_and_no_data_is_in_the_ring() {
    use embedded_mtls::{KeyLog, KeyLogLine};
    use std::sync::Mutex;

    #[derive(Default)]
    struct Secrets(Mutex<Vec<Vec<u8>>>);

    impl KeyLog for Secrets {
        fn secret(&self, line: &KeyLogLine<'_>) {
            self.0.lock().unwrap().push(line.secret.to_vec());
        }
    }

    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    let secrets: &Secrets = Box::leak(Box::default());
    let (mut client, mut server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
    client.dangerous_set_key_log(secrets);
    let shared = ring(8000);
    client.set_events(shared);
    server.set_events(shared);
    let (mut up, mut down, mut done) = (Vec::new(), Vec::new(), (None, None));
    while done != (Some(Ok(())), Some(Ok(()))) {
        done.0 = done.0.or_else(|| advance(&mut client, &mut setup.client_host));
        drain(&mut client, &mut up, &mut Vec::new());
        deliver(&mut up, &mut server, 0);
        done.1 = done.1.or_else(|| advance(&mut server, &mut setup.server_host));
        drain(&mut server, &mut down, &mut Vec::new());
        deliver(&mut down, &mut client, 0);
    }
    let (mut client, mut server) = (client.into_session().ok().unwrap(), server.into_session().ok().unwrap());
    client.write(b"SharedSecret").unwrap();
    exchange(&mut client, &mut server).unwrap();
    let mut bytes = vec![0; 8000];
    shared.copy_to(&mut bytes);
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert_eq!(secrets.0.lock().unwrap().len(), 5);
    for secret in secrets.0.lock().unwrap().iter() {
        assert!(!secret.windows(8).any(contains));
    }
    assert!(!contains(&pki.client.key.scalar()[..8]) && !contains(b"SharedSecret"));
}
