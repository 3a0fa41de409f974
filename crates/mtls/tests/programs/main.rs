//! The examples, as their users run them: the modules they share with their unit tests, and both programs against each
//! other over real sockets, in this process.

mod answers;
mod policy;
#[cfg(feature = "resumption")]
mod resumption;
mod scripts;
mod secrets;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};

#[cfg(feature = "mlkem")]
use embedded_mtls::NamedGroup;
use mtls::args::Preferences;
use mtls::events::Events;
use mtls::order::{Asked, Delivery, Progress, Wanted, connect, post};
use mtls::supplier::{ClientAuthMode, Event, Setup, serve};
use mtls::tls::{Deadline, DeviceMemory, Timed};
use mtls::verdict::Trouble;
use mtls_pki::pem::{Identity, Pin};
use mtls_pki::throw_away::{Authority, Leaf, Pki, SUPPLIER_NAME, self_signed};

const PATIENCE: Duration = Duration::from_secs(20);

/// A supplier that wants the gateway of `pki`.
fn setup(pki: &Pki) -> Setup {
    Setup::new(pki.supplier.clone(), vec![pki.root.clone()])
}

/// Starts a supplier; gives its address and its reports.
fn start(setup: Setup) -> (String, Receiver<Event>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, events) = channel();
    std::thread::spawn(move || serve(&setup, &listener, None, &|_, event| drop(tell.send(event))).unwrap());
    (address, events)
}

/// The delivery of the gateway of `pki`.
fn delivery(pki: &Pki, address: &str) -> Delivery {
    Delivery {
        authorities: vec![pki.root.clone()],
        identities: vec![pki.gateway.clone()],
        ..Delivery::new(address, SUPPLIER_NAME, include_bytes!("../../../../examples/data/order.xml"))
    }
}

/// The same, to a supplier that must not request a certificate.
fn one_way(pki: &Pki, address: &str) -> Delivery {
    let preferences = Preferences { one_way: true, ..Preferences::default() };
    Delivery { preferences, ..delivery(pki, address) }
}

/// Runs a delivery: the message of the supplier, or what went wrong; and what was asked for.
fn run(delivery: &Delivery) -> (Result<String, Trouble>, Option<Asked>) {
    let mut found = None;
    let stream = connect(&delivery.address, PATIENCE).unwrap();
    let mut memory = DeviceMemory::new();
    let outcome = post(delivery, Timed::new(stream, Deadline::new(PATIENCE)), memory.lend(), None, &mut |progress| {
        if let Progress::Open(_, asked) = progress {
            found = asked;
        } else if let Progress::FailedAfter(asked) = progress {
            found = Some(asked);
        }
    });
    (outcome.map(|status| status.message), found)
}

/// The exit code and the words of a delivery that must fail.
fn trouble(delivery: &Delivery) -> (u8, String) {
    let trouble = run(delivery).0.unwrap_err();
    (trouble.exit_code(), trouble.to_string())
}

/// Wants the late rejection with this alert.
fn assert_late(delivery: &Delivery, alert: u8) {
    let (code, words) = trouble(delivery);
    assert_eq!(code, 21, "{words}");
    assert!(words.contains(&format!("with alert {alert} ")), "{words}");
}

#[test]
fn a_request_for_another_host_than_the_handshake_is_answered_with_421() {
    let pki = Pki::new().unwrap();
    let (address, _events) = start(setup(&pki));
    let for_host = |authority: &str| Delivery { authority: Some(authority.to_owned()), ..delivery(&pki, &address) };
    assert!(run(&for_host(&format!("{SUPPLIER_NAME}:8443"))).0.is_ok());
    let (_, words) = trouble(&for_host("another.example"));
    assert!(words.contains("HTTP 421"), "{words}");
}

#[test]
fn a_server_can_be_known_by_a_pin_or_by_its_common_name() {
    let pki = Pki::new().unwrap();
    let (address, _events) = start(setup(&pki));
    let pinned = |certificate: &[u8]| Delivery {
        authorities: Vec::new(),
        pins: vec![Pin::Certificate(certificate.to_vec())],
        ..delivery(&pki, &address)
    };
    assert!(run(&pinned(&pki.supplier.chain[0])).0.is_ok());
    assert_eq!(trouble(&pinned(&pki.supplier.chain[1])).0, 24);

    let named = |name: &str, is_pattern: bool| {
        let common_name = Some(Wanted { name: name.to_owned(), is_pattern });
        let server_name = "another.example".to_owned();
        Delivery { server_name, common_name, ..delivery(&pki, &address) }
    };
    assert!(run(&named(SUPPLIER_NAME, false)).0.is_ok());
    let (code, words) = trouble(&named("another.example", false));
    assert!(code == 25 && words.contains("common name"), "{words}");
    assert_eq!(trouble(&named("*.supplier.example", true)).0, 25);
    assert_eq!(trouble(&named("", false)).0, 1);
}

#[test]
fn validity_and_profile_can_be_limited() {
    let pki = Pki::new().unwrap();
    let (address, _events) = start(setup(&pki));
    // The throw-away certificates are valid for a little over 90 days.
    for (days, strict, accepted) in [(100, true, true), (1, false, false)] {
        let preferences = Preferences { max_validity: Some(days), strict, ..Preferences::default() };
        let outcome = run(&Delivery { preferences, ..delivery(&pki, &address) }).0;
        assert_eq!(outcome.is_ok(), accepted, "{days}: {outcome:?}");
    }
}

#[test]
fn an_order_is_posted_and_posted_again() {
    let pki = Pki::new().unwrap();
    let (address, events) = start(setup(&pki));
    let delivery = delivery(&pki, &address);
    let taken = "order PO-2026-004711 for 412.60 EUR with 2 lines accepted";
    assert_eq!(run(&delivery).0.unwrap(), taken);
    assert_eq!(run(&delivery).0.unwrap(), taken);
    let Event::Opened(link) = events.recv_timeout(PATIENCE).unwrap() else { panic!("not opened") };
    assert_eq!(link.peer.unwrap().common_name.unwrap(), "gateway-0042.plant.example");
    let events: Vec<_> = (0..4).map(|_| events.recv_timeout(PATIENCE).unwrap().to_string()).collect();
    assert!(events.iter().any(|event| event.contains("the first Response again")), "{events:?}");
}

#[test]
fn the_authorities_of_the_server_select_among_our_identities() {
    let (pki, other) = (Pki::new().unwrap(), Authority::root("Another Root CA").unwrap());
    let stranger = other.leaf(&Leaf::new("stranger", ClientAuth)).unwrap();
    let (address, _events) = start(setup(&pki));
    let mut delivery = delivery(&pki, &address);
    delivery.identities = vec![stranger.clone(), pki.gateway.clone()];
    let (outcome, asked) = run(&delivery);
    assert!(outcome.is_ok());
    let authorities = vec!["CN=Throw-away Root CA,O=Example Bottling".to_owned()];
    assert_eq!(asked, Some(Asked { authorities: authorities.clone(), shown: Some(1), unfit: Vec::new() }));
    delivery.identities = vec![stranger];
    let (outcome, asked) = run(&delivery);
    assert_eq!(outcome.unwrap_err().exit_code(), 21);
    let asked = asked.unwrap();
    assert_eq!((asked.authorities, asked.shown), (authorities, None));
    let [reason] = &asked.unfit[..] else { panic!("{:?}", asked.unfit) };
    assert!(reason.starts_with("no certificate of the chain was issued by a CA that the peer names"), "{reason}");
    // It is sent anyway if the user says so, and the server gives its verdict.
    delivery.preferences.insists = true;
    let (outcome, asked) = run(&delivery);
    assert_eq!(asked.unwrap().shown, Some(0));
    let Err(Trouble::LateRejection(embedded_mtls::AlertDescription::UNKNOWN_CA, _)) = outcome else {
        panic!("{outcome:?}")
    };
}

#[test]
fn a_client_that_is_rejected_learns_why_after_its_handshake() {
    let pki = Pki::new().unwrap();
    let same_name = Authority::root("Throw-away Root CA").unwrap();
    let (address, _events) = start(setup(&pki));
    let late =
        |identities: Vec<Identity>, alert| assert_late(&Delivery { identities, ..delivery(&pki, &address) }, alert);
    late(Vec::new(), 116);
    late(vec![same_name.leaf(&Leaf::new("gateway", ClientAuth)).unwrap()], 48);

    let root = Authority::root("Own Root CA").unwrap();
    let (address, _events) = start(Setup { client_authorities: vec![root.certificate().to_vec()], ..setup(&pki) });
    let late = |leaf: &Leaf, alert| {
        assert_late(&Delivery { identities: vec![root.leaf(leaf).unwrap()], ..delivery(&pki, &address) }, alert);
    };
    let hours = time::Duration::hours;
    late(&Leaf { valid: (hours(-2), hours(-1)), ..Leaf::new("gateway", ClientAuth) }, 45);
    late(&Leaf { valid: (hours(1), hours(2)), ..Leaf::new("gateway", ClientAuth) }, 45);
    late(&Leaf::new("gateway", ServerAuth), 43);
}

#[test]
fn another_common_name_is_rejected_by_http_or_by_an_alert() {
    let pki = Pki::new().unwrap();
    let strict = || Setup { required_names: vec!["cxml-supplier.example".to_owned()], ..setup(&pki) };
    let (address, _events) = start(strict());
    let (code, words) = trouble(&delivery(&pki, &address));
    assert!(code == 30 && words.contains("HTTP: status 403 Forbidden"), "{code} {words}");
    let (address, _events) = start(Setup { refuse_early: true, ..strict() });
    assert_late(&delivery(&pki, &address), 49);
}

#[test]
fn a_supplier_that_does_not_ask_serves_anybody() {
    let pki = Pki::new().unwrap();
    for client_auth in [ClientAuthMode::No, ClientAuthMode::Optional] {
        let (address, _events) = start(Setup { client_auth, ..setup(&pki) });
        let wanted = if client_auth == ClientAuthMode::No { one_way(&pki, &address) } else { delivery(&pki, &address) };
        let (outcome, asked) = run(&Delivery { identities: Vec::new(), ..wanted });
        assert!(outcome.is_ok());
        assert_eq!(asked.is_some(), client_auth == ClientAuthMode::Optional);
    }
}

#[test]
fn nothing_is_sent_to_a_server_that_requested_no_certificate() {
    let pki = Pki::new().unwrap();
    let (address, events) = start(Setup { client_auth: ClientAuthMode::No, ..setup(&pki) });
    let (code, words) = trouble(&delivery(&pki, &address));
    assert_eq!(code, 27, "{words}");
    for told in ["nothing was sent", embedded_mtls::Diagnosis::CertificateNotAsked.cause(), "--one-way"] {
        assert!(words.contains(told), "{words}");
    }
    // The supplier saw a connection without a request.
    let told = [(); 2].map(|()| events.recv_timeout(PATIENCE).unwrap());
    assert!(matches!(told, [Event::Opened(_), Event::Closed]), "{told:?}");
    assert!(run(&one_way(&pki, &address)).0.is_ok());
}

// U25: each cause has words and an exit code of its own.
#[test]
fn a_server_with_the_wrong_certificate_gets_no_order() {
    let root = Authority::root("Own Root CA").unwrap();
    let pki = Pki::new().unwrap();
    let refused = |identity: Identity, wanted: u8, words: &str| {
        let (address, events) = start(Setup { identity: Some(identity), ..setup(&pki) });
        let authorities = vec![root.certificate().to_vec()];
        let (code, found) = trouble(&Delivery { authorities, ..delivery(&pki, &address) });
        assert!(code == wanted && found.contains(words), "{code} {found}");
        let event = events.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(event, Event::Refused(_)), "{event}");
    };
    let hours = time::Duration::hours;
    refused(
        root.leaf(&Leaf::new("other.example", ServerAuth)).unwrap(),
        25,
        ": wanted supplier.example, found DNS:other.example (RFC 9525 section 6)",
    );
    let expired = Leaf { valid: (hours(-2), hours(-1)), ..Leaf::new(SUPPLIER_NAME, ServerAuth) };
    refused(root.leaf(&expired).unwrap(), 22, ", 0 days past notAfter (RFC 5280 section 4.1.2.5)");
    refused(root.leaf(&Leaf::new(SUPPLIER_NAME, ClientAuth)).unwrap(), 26, "extended key usage");
    refused(pki.supplier.clone(), 24, "neither trusted nor among");
    refused(self_signed(&Leaf::new(SUPPLIER_NAME, ServerAuth)).unwrap(), 23, "is self-signed but not a trust anchor");
}

#[test]
fn both_sides_print_the_search_for_a_path_on_request() {
    let pki = Pki::new().unwrap();
    let preferences = Preferences { trace: true, ..Preferences::default() };
    let (address, events) = start(Setup { preferences: preferences.clone(), ..setup(&pki) });
    let delivery = Delivery { preferences, ..delivery(&pki, &address) };
    let (mut told, mut memory) = (Vec::new(), DeviceMemory::new());
    let transport = Timed::new(connect(&address, PATIENCE).unwrap(), Deadline::new(PATIENCE));
    post(&delivery, transport, memory.lend(), None, &mut |progress| {
        if let Progress::Traced(step) = progress {
            told.push(step);
        }
    })
    .unwrap();
    assert!(told.len() < 20 && told.last().unwrap().starts_with("path found: depth 2, trust anchor 0"), "{told:#?}");
    let step = events.recv_timeout(PATIENCE).unwrap().to_string();
    assert!(step.starts_with("trace: read certificate 0: CN=gateway-0042.plant.example"), "{step}");
}

/// The group and whether it was requested, as both sides report it, for lists of groups of gateway and supplier.
#[cfg(feature = "mlkem")]
fn agreed(pki: &Pki, at_gateway: &[NamedGroup], at_supplier: &[NamedGroup]) -> (String, bool) {
    let of = |groups: &[NamedGroup]| Preferences { groups: groups.to_vec(), ..Preferences::default() };
    let (address, events) = start(Setup { preferences: of(at_supplier), ..setup(pki) });
    let delivery = Delivery { preferences: of(at_gateway), ..delivery(pki, &address) };
    let (mut found, mut memory) = (None, DeviceMemory::new());
    let stream = Timed::new(connect(&address, PATIENCE).unwrap(), Deadline::new(PATIENCE));
    post(&delivery, stream, memory.lend(), None, &mut |progress| {
        if let Progress::Open(link, _) = progress {
            found = Some((link.group.clone(), link.retried));
        }
    })
    .unwrap();
    let Event::Opened(link) = events.recv_timeout(PATIENCE).unwrap() else { panic!("not opened") };
    assert_eq!(found, Some((link.group.clone(), link.retried)));
    (link.group, link.retried)
}

#[test]
#[cfg(feature = "mlkem")]
fn the_hybrid_is_preferred_and_costs_no_round_trip_where_it_is_missing() {
    use NamedGroup as Group;
    let pki = Pki::new().unwrap();
    let (hybrid, classical) = (&[Group::X25519MLKEM768], &[Group::X25519, Group::SECP256R1]);
    for (at_gateway, at_supplier, group, retried) in [
        (&[][..], &[][..], Group::X25519MLKEM768, false),
        (&[], classical, Group::X25519, false),
        (&[], &[Group::SECP256R1], Group::SECP256R1, true),
        (&[Group::X25519MLKEM768, Group::SECP256R1], classical, Group::SECP256R1, false),
        (hybrid, &[], Group::X25519MLKEM768, false),
        (&[Group::X25519, Group::X25519MLKEM768], hybrid, Group::X25519MLKEM768, true),
        (classical, &[], Group::X25519, false),
    ] {
        let found = agreed(&pki, at_gateway, at_supplier);
        assert_eq!(found, (group.to_string(), retried), "{at_gateway:?} {at_supplier:?}");
    }
}

#[test]
fn no_common_ground_is_reported_by_both_sides() {
    let pki = Pki::new().unwrap();
    let h2 = Preferences { alpn: vec![b"h2".to_vec()], ..Preferences::default() };
    let (address, events) = start(setup(&pki));
    let (code, words) = trouble(&Delivery { preferences: h2, ..delivery(&pki, &address) });
    assert!(code == 20 && words.contains("alert 120 "), "{code} {words}");
    assert!(events.recv_timeout(PATIENCE).unwrap().to_string().starts_with("handshake failed: "));
}

#[test]
fn nothing_that_a_peer_does_ends_the_supplier() {
    let pki = Pki::new().unwrap();
    let (address, _events) = start(setup(&pki));
    // Half a record, then silence: this occupies one thread for a while, and delays no other client.
    let mut silent = TcpStream::connect(&address).unwrap();
    silent.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    let mut answers = Vec::new();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[22, 3, 1, 0xff, 0xff], &[21, 3, 3, 0, 2, 2, 40], &[0; 100], &[]] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answers.push(answer);
    }
    // A client that does not send TLS gets an alert, even if it cannot read it; an alert and silence get none.
    assert!(answers[..2].iter().all(|answer| answer.first() == Some(&21)), "{answers:?}");
    assert!(answers[2].is_empty() && answers[4].is_empty(), "{answers:?}");
    assert!(run(&delivery(&pki, &address)).0.is_ok());
}

#[test]
fn many_gateways_at_once_are_served() {
    let pki = Pki::new().unwrap();
    let (address, _events) = start(setup(&pki));
    let delivery = delivery(&pki, &address);
    std::thread::scope(|scope| {
        let gateways: Vec<_> = (0..16).map(|_| scope.spawn(|| run(&delivery).0.is_ok())).collect();
        assert!(gateways.into_iter().all(|gateway| gateway.join().unwrap()));
    });
}

#[test]
fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let pki = Pki::new().unwrap();
    let delivery = delivery(&pki, &listener.local_addr().unwrap().to_string());
    let stream = connect(&delivery.address, PATIENCE).unwrap();
    let mut memory = DeviceMemory::new();
    let deadline = Deadline::new(Duration::from_millis(200));
    let trouble = post(&delivery, Timed::new(stream, deadline), memory.lend(), None, &mut |_| ()).unwrap_err();
    assert_eq!(trouble.exit_code(), 10);
    assert!(trouble.to_string().contains("the peer took too long"), "{trouble}");
}

#[test]
fn a_configuration_that_cannot_work_is_rejected_before_any_connection() {
    let pki = Pki::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let broken = Setup { client_authorities: vec![vec![0x30, 0]], ..setup(&pki) };
    assert!(serve(&broken, &listener, Some(0), &|_, _| ()).is_err());
    let nothing = delivery(&pki, &listener.local_addr().unwrap().to_string());
    let (code, words) = trouble(&Delivery { server_name: "-.example".to_owned(), ..nothing });
    assert!(code == 1 && words.contains("'-.example'"), "{code} {words}");
}

// `supplier --sni NAME=ALIAS`
#[test]
fn a_supplier_with_several_names_sends_the_certificate_of_the_requested_name() {
    let pki = Pki::new().unwrap();
    let other = Authority::root("Other Root").unwrap();
    let shop = other.leaf(&Leaf::new("shop.example", ServerAuth)).unwrap();
    let named = vec![("shop.example".to_owned(), shop)];
    let (address, _events) = start(Setup { named, ..setup(&pki) });
    assert!(run(&delivery(&pki, &address)).0.is_ok());
    let shopping = Delivery {
        server_name: "shop.example".to_owned(),
        authorities: vec![other.certificate().to_vec()],
        ..delivery(&pki, &address)
    };
    assert!(run(&shopping).0.is_ok());
}

// `supplier --post-handshake-auth PATH`
#[cfg(feature = "post-handshake-auth")]
mod after_the_handshake {
    use super::*;
    use embedded_mtls::Diagnosis;
    use embedded_mtls_operator::Finding;

    /// A supplier that wants the gateway of `pki` for its orders only.
    fn late(pki: &Pki) -> Setup {
        let late_paths = vec!["/orders".to_owned()];
        Setup {
            client_auth: ClientAuthMode::No,
            late_paths,
            required_names: vec!["gateway-0042.plant.example".to_owned()],
            ..setup(pki)
        }
    }

    fn offering(pki: &Pki, address: &str) -> Delivery {
        let preferences = Preferences { post_handshake_auth: true, ..Preferences::default() };
        Delivery { preferences, ..delivery(pki, address) }
    }

    #[test]
    fn a_supplier_asks_only_clients_that_request_the_path_and_only_once() {
        let pki = Pki::new().unwrap();
        let (address, events) = start(late(&pki));
        assert!(run(&offering(&pki, &address)).0.is_ok());
        let events: Vec<_> = (0..3).map(|_| events.recv_timeout(PATIENCE).unwrap().to_string()).collect();
        assert!(events[0].ends_with("the client sent no certificate"), "{events:?}");
        let asked = "authenticated after the handshake: client CN gateway-0042.plant.example\n";
        assert!(events[1].starts_with(asked), "{events:?}");
        assert!(events[2].contains("POST /orders: HTTP 200"), "{events:?}");

        // On other paths no client is asked, and no order is accepted, however similar the path looks.
        for path in ["/public", "/", "/order", "/Orders"] {
            for delivery in [one_way(&pki, &address), offering(&pki, &address)] {
                let (code, words) = trouble(&Delivery { path: path.to_owned(), ..delivery });
                assert!(code == 30 && words.contains("403"), "{path}: {code} {words}");
            }
        }
        let alike = Delivery { path: "/orders;x".to_owned(), ..one_way(&pki, &address) };
        assert_eq!(trouble(&alike).0, 30);
    }

    #[test]
    fn clients_that_do_not_offer_it_or_send_no_certificate_get_403_with_the_reason() {
        let pki = Pki::new().unwrap();
        let (address, _events) = start(late(&pki));
        assert_eq!(trouble(&delivery(&pki, &address)).0, 27);
        let (code, words) = trouble(&one_way(&pki, &address));
        assert!(
            code == 30 && words.contains("403") && words.contains(Finding::PostHandshakeNeeded.cause()),
            "{code} {words}"
        );
        let nothing = Delivery { identities: Vec::new(), ..offering(&pki, &address) };
        let (code, words) = trouble(&nothing);
        assert!(code == 30 && words.contains(Diagnosis::OursMissing.cause()), "{code} {words}");
    }

    #[test]
    fn a_late_certificate_is_validated_as_one_of_the_handshake_is() {
        let pki = Pki::new().unwrap();
        let stranger = Authority::root("Throw-away Root CA").unwrap();
        let stranger = stranger.leaf(&Leaf::new("gateway", ClientAuth)).unwrap();
        let (address, events) = start(late(&pki));
        assert_late(&Delivery { identities: vec![stranger], ..offering(&pki, &address) }, 48);
        let told: Vec<_> = (0..2).map(|_| events.recv_timeout(PATIENCE).unwrap().to_string()).collect();
        assert!(
            told[1].starts_with("broken: certificate 1 (CN=Throw-away Root CA,O=Example Bottling) names"),
            "{told:?}"
        );

        let (address, _events) = start(Setup { required_names: vec!["another".to_owned()], ..late(&pki) });
        let (code, words) = trouble(&offering(&pki, &address));
        assert!(code == 30 && words.contains("403"), "{code} {words}");
        let early = Setup { required_names: vec!["another".to_owned()], refuse_early: true, ..late(&pki) };
        let (address, _events) = start(early);
        assert_late(&offering(&pki, &address), 49);
    }
}

#[test]
fn both_programs_print_their_rings_of_events() {
    let pki = Pki::new().unwrap();
    let mut supplier = setup(&pki);
    supplier.preferences.events = true;
    let (address, reports) = start(supplier);
    let delivery = delivery(&pki, &address);
    let (mut memory, events) = (DeviceMemory::new(), Events::new(true));
    let ring = events.ring();
    let transport = Timed::new(connect(&address, PATIENCE).unwrap(), Deadline::new(PATIENCE));
    post(&delivery, transport, memory.lend(), ring, &mut |_| ()).unwrap();
    let told = Events::lines(ring);
    assert_eq!(told.first().map(String::as_str), Some("#1 new connection as client"));
    for line in ["#1 handshake complete", "#1 the server accepted our certificate", "#1 sent alert 0 (close_notify)"] {
        assert!(told.iter().any(|found| found == line), "{line}: {told:#?}");
    }
    let mut of_supplier = Vec::new();
    while !of_supplier.iter().any(|line: &String| line.contains("handshake complete")) {
        if let Event::Recorded(line) = reports.recv_timeout(PATIENCE).unwrap() {
            of_supplier.push(line);
        }
    }
    assert_eq!(of_supplier.first().map(String::as_str), Some("#1 new connection as server"));
    assert!(Events::lines(None).is_empty() && Events::new(false).ring().is_none());
}
