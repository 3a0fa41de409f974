//! Tickets beside authentication after the handshake (RFC 9846 section 4.7.2).

use super::{HOUR, at, host_at, keys, mine, second, setup, stranger_root, ticket_of};
use embedded_mtls::x509::Time;
use embedded_mtls::{Client, ClientAuth, ClientAuthStatus, Server, ServerConfig};
use std::time::Duration;
use test_support::pair::{Setup, TestHost, TestSession, anchors, choose, exchange, now, sign};
use test_support::pki::{CLIENT_NAME, Pki};

/// Asks the client for its certificate, which it sends. The server judges it at this time, and stops before it decides
/// unless it `accepts`.
fn authenticate_late(
    client: &mut TestSession<Client>,
    server: &mut TestSession<Server>,
    client_auth: ClientAuth<'static>,
    host: &mut TestHost,
    time: Time,
    accepts: bool,
) {
    use embedded_mtls::Event;
    server.request_certificate(client_auth).unwrap();
    let mut asked = false;
    for _ in 0..20 {
        exchange(client, server).unwrap();
        match client.poll().unwrap() {
            Event::Credential(request) => choose(request, host).unwrap(),
            Event::Sign(request) => sign(request, host).unwrap(),
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
#[test]
fn a_ticket_leaves_room_for_the_answer_to_a_request() {
    use embedded_mtls::Event;
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
                Event::Credential(request) => choose(request, &mut host).unwrap(),
                Event::Sign(request) => {
                    // The request is no longer in `rx`, so the ticket is received first.
                    if tickets == 0 {
                        tickets = 1;
                        server.send_ticket(at(0)).unwrap();
                        continue;
                    }
                    sign(request, &mut host).unwrap();
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
