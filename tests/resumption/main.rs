//! Resumption by tickets (RFC 9846 section 2.2), in both roles.
#![cfg(feature = "resumption")]
#![allow(missing_docs)]

#[cfg(feature = "post-handshake-auth")]
mod late;
mod sessions;
mod tickets;

use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{Client, Credential, Server, Ticket, TicketError, TicketKey, TicketKeys};
use test_support::messages::{Hello, messages, records};
use test_support::pair::{
    ClientHandshake, Outcome, Refusing, Setup, TestHost, TestSession, credential, exchange, leak, signing_key,
};
use test_support::pki::{Issued, NOW, Pki, Template};

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

/// The hello with which the bytes of a side begin.
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

fn stranger_root() -> Issued {
    Template::ca("Other").self_signed()
}
