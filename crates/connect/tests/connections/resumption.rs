//! A connector resumes its last session.

use super::ends::{End, join};
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Waker};
use embedded_io_async::{Read, Write};
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{BufferKind, ClientConfig, Credential, ServerConfig, Ticket, TicketError, TicketKey, TicketKeys};
use embedded_mtls_connect::{Acceptor, Connection, Connector, Lent, SoftwareDevice, Tickets};
use test_support::pair::{Setup, Sizes, anchors, credential, entropy, leak, leak_all, now, signing_key};
use test_support::pki::{CLIENT_NAME, Issued, NOW, Pki, SERVER_NAME, Template};

const HOUR: u32 = 3_600;

type Device = SoftwareDevice<'static>;
type Client<'l> = Connector<'l, 'static, (), Device>;
type Server<'l> = Acceptor<'l, 'static, (), Device>;

fn device(pki: &Pki, issued: &Issued) -> Device {
    let credentials = leak_all(vec![credential(&[issued, &pki.intermediate], 0)]);
    SoftwareDevice { credentials, keys: leak_all(vec![signing_key(issued)]), clock: now, entropy: || entropy(3) }
}

fn client_config(pki: &Pki) -> &'static ClientConfig<'static> {
    leak(Box::new(Setup::new(pki).client.with_resumption(true)))
}

fn server_config(pki: &Pki, keys: TicketKeys) -> &'static ServerConfig<'static> {
    leak(Box::new(Setup::new(pki).server.with_tickets(leak(Box::new(keys)), HOUR)))
}

fn key(byte: u8) -> TicketKey {
    TicketKey::new(&[byte; TicketKey::LEN])
}

fn lent() -> [Lent<'static>; 1] {
    [Lent::new(Sizes::DEFAULT.buffers())]
}

fn slot(len: usize) -> Tickets<'static> {
    Tickets::new(leak(vec![0; len].into_boxed_slice()), now)
}

fn client<'l>(pki: &Pki, lent: &'l [Lent<'static>], tickets: &'l Tickets<'static>) -> Client<'l> {
    Connector::new((), client_config(pki), device(pki, &pki.client), lent).with_tickets(tickets)
}

/// A server that seals its tickets with the first key.
fn server<'l>(pki: &Pki, lent: &'l [Lent<'static>]) -> Server<'l> {
    Acceptor::new((), server_config(pki, TicketKeys::new(key(1))), device(pki, &pki.server), lent)
}

/// Sends an order and reads the answer, with which the ticket arrives. Returns whether the session was resumed: both
/// sides agree on that, and know each other either way.
fn order(client: &Client<'_>, server: &Server<'_>) -> bool {
    let (near, far) = End::pair();
    let (connected, accepted) = join(client.secure(near), server.secure(far));
    let (mut connected, mut accepted) = (connected.unwrap(), accepted.unwrap());
    let resumed = is_resumed(&connected);
    let session = &accepted.stream().unwrap().session;
    assert_eq!(session.negotiated().resumed, resumed);
    assert_eq!(session.peer().unwrap().common_name(), Some(CLIENT_NAME));
    join(
        async {
            connected.write_all(b"order").await.unwrap();
            connected.flush().await.unwrap();
            assert_eq!(connected.read(&mut [0; 9]).await.unwrap(), 8);
        },
        async {
            assert_eq!(accepted.read(&mut [0; 9]).await.unwrap(), 5);
            accepted.write_all(b"response").await.unwrap();
            accepted.flush().await.unwrap();
        },
    );
    resumed
}

fn is_resumed<T>(connection: &Connection<'_, '_, T, embedded_mtls::Client>) -> bool {
    let session = &connection.stream().unwrap().session;
    let peer = session.peer().unwrap();
    assert_eq!(peer.common_name(), Some(SERVER_NAME));
    assert_eq!(peer.proved_before().is_some(), session.negotiated().resumed);
    session.negotiated().resumed
}

#[test]
fn each_connection_resumes_the_one_before_it() {
    let pki = Pki::new();
    let (client_lent, server_lent, tickets) = (lent(), lent(), slot(Ticket::MAX_LEN));
    let client = client(&pki, &client_lent, &tickets);
    let server = server(&pki, &server_lent);
    assert!(tickets.is_empty());
    let resumed: Vec<bool> = (0..4).map(|_| order(&client, &server)).collect();
    assert_eq!(resumed, [false, true, true, true]);
    // A replaced credential has to be presented.
    tickets.clear();
    assert!(!order(&client, &server));
    // The ticket is of one server: a connector for another name does not offer it.
    let other = client.with_config(client_config(&pki));
    assert!(!order(&other, &server));
    assert!(!tickets.is_empty() && tickets.last_refusal().is_none());
}

#[test]
fn a_ticket_is_offered_once_even_if_the_handshake_fails() {
    let pki = Pki::new();
    let (client_lent, server_lent, tickets) = (lent(), lent(), slot(Ticket::MAX_LEN));
    let client = client(&pki, &client_lent, &tickets);
    let server = server(&pki, &server_lent);
    assert!(!order(&client, &server));
    assert!(!tickets.is_empty());
    // The future is dropped within the handshake, as by a timeout.
    {
        let mut opening = pin!(client.secure(End::pair().0));
        assert!(opening.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(tickets.is_empty());
    assert!(!order(&client, &server), "it was offered, and is not offered again");
    assert!(order(&client, &server));
    // While one connection exists, a ticket that it has received is for one other.
    let (near, far) = End::pair();
    let (first, _) = join(client.secure(near), server.secure(far));
    assert!(is_resumed(&first.unwrap()));
    assert!(tickets.is_empty());
}

#[test]
fn a_server_that_does_not_accept_a_ticket_gets_a_full_handshake_and_one_with_the_previous_key_resumes() {
    let pki = Pki::new();
    let (client_lent, server_lent, tickets) = (lent(), lent(), slot(Ticket::MAX_LEN));
    let client = client(&pki, &client_lent, &tickets);
    let first = server(&pki, &server_lent);
    assert!(!order(&client, &first));
    let rotated = first.with_config(server_config(&pki, TicketKeys::new(key(2)).with_previous(key(1))));
    assert!(order(&client, &rotated), "the previous key opens");
    let unrelated = first.with_config(server_config(&pki, TicketKeys::new(key(3))));
    assert!(!order(&client, &unrelated));
    assert!(order(&client, &unrelated), "with the ticket of that handshake");
}

#[test]
fn a_rejected_handshake_drops_the_ticket_and_is_not_resumed() {
    let pki = Pki::new();
    let (client_lent, server_lent, tickets) = (lent(), lent(), slot(Ticket::MAX_LEN));
    let client = client(&pki, &client_lent, &tickets);
    let server = server(&pki, &server_lent);
    assert!(!order(&client, &server));
    // A server without the ticket's key, and with anchors that did not issue the client's certificate.
    let stranger = anchors(&[&Template::ca("Other").self_signed()]);
    let strict = ServerConfig::new(embedded_mtls::ClientAuth::Required(stranger));
    let strict = strict.with_tickets(leak(Box::new(TicketKeys::new(key(2)))), HOUR);
    let refusing = server.with_config(leak(Box::new(strict)));
    let (near, far) = End::pair();
    let (connected, refused) = join(client.secure(near), refusing.secure(far));
    assert!(refused.is_err());
    let mut connected = connected.unwrap();
    let (told, ()) = join(async { connected.read(&mut [0; 9]).await.is_err() }, async {});
    assert!(told && tickets.is_empty());
    drop(connected);
    assert!(!order(&client, &server));
}

#[test]
fn a_ticket_survives_outside_of_the_connector_and_a_damaged_one_is_refused() {
    let pki = Pki::new();
    let (client_lent, server_lent) = (lent(), lent());
    let identity = device(&pki, &pki.client);
    let server = server(&pki, &server_lent);
    let mut flash = vec![0; Ticket::MAX_LEN];
    let awake = |flash: &mut Vec<u8>, damage: u8, own: Option<&'static Credential<'static>>| {
        let tickets = slot(Ticket::MAX_LEN);
        if flash.len() < Ticket::MAX_LEN {
            flash[60] ^= damage;
            assert!(tickets.put(flash, own));
        }
        let client = Connector::new((), client_config(&pki), identity, &client_lent).with_tickets(&tickets);
        let resumed = order(&client, &server);
        flash.resize(Ticket::MAX_LEN, 0);
        let len = tickets.take(flash).unwrap();
        flash.truncate(len);
        assert!(tickets.is_empty());
        (resumed, tickets.last_refusal())
    };
    let own = Some(&identity.credentials[0]);
    assert_eq!(awake(&mut flash, 0, own), (false, None));
    assert_eq!(awake(&mut flash, 0, own), (true, None));
    assert_eq!(awake(&mut flash, 1, own), (false, Some(TicketError::Damaged)));
    assert_eq!(awake(&mut flash, 0, None), (false, Some(TicketError::OtherCredential)));
    assert!(!slot(20).put(&flash, own));
}

#[test]
fn a_ticket_that_does_not_fit_is_the_last_error_and_ends_nothing() {
    let pki = Pki::new();
    let (client_lent, server_lent, tickets) = (lent(), lent(), slot(100));
    let client = client(&pki, &client_lent, &tickets);
    let server = server(&pki, &server_lent);
    assert!(!order(&client, &server));
    assert!(tickets.is_empty());
    let error = client.last_error().unwrap().error;
    let embedded_mtls::Error::BufferTooSmall { buffer: BufferKind::Ticket, need } = error else { panic!("{error}") };
    let exact = slot(need.into());
    let client = client.with_tickets(&exact);
    assert!(!order(&client, &server));
    assert!(order(&client, &server));
}

#[test]
fn without_a_trusted_time_there_are_no_tickets() {
    let pki = Pki::new();
    let (client_lent, server_lent) = (lent(), lent());
    let at_least: fn() -> Time = || Time::AtLeast(UnixTime(NOW));
    let tickets = Tickets::new(leak(vec![0; Ticket::MAX_LEN].into_boxed_slice()), at_least);
    let client = client(&pki, &client_lent, &tickets);
    let server = server(&pki, &server_lent);
    assert!(!order(&client, &server) && !order(&client, &server));
    assert!(tickets.is_empty());
}
