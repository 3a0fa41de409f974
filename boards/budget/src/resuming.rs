//! The programs of [`roles`](crate::roles) with tickets: a client that resumes its last session, and a server that issues
//! tickets.

use crate::pki::{CLIENT, CLIENT_KEY, INTERMEDIATE, ROOT, SERVER_KEY, SERVER_NAME};
use crate::roles::{ANSWER, Board, ROUNDS, receive, send, serve};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::x509::{ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Handshake, KeyHandle, ServerConfig, Session,
    Ticket, TicketKey, TicketKeys,
};

/// Seconds for which the tickets of the server are valid.
const LIFETIME: u32 = 3_600;

/// A board that stores a ticket, as firmware does in flash.
pub trait Store: Board {
    /// Takes the stored ticket; empty if there is none.
    fn ticket(&mut self) -> &'static mut [u8];
    /// Stores a ticket.
    fn keep(ticket: &[u8]);
}

/// Does what [`roles::client`](crate::roles::client) does, in the session of the stored ticket if there is one, and
/// stores the next ticket.
pub fn client<B: Store>(mut board: B, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).ok()?, &anchors)
        .with_cipher_suites(board.suites())
        .with_groups(board.groups())
        .with_resumption(true);
    let chain = [CLIENT, INTERMEDIATE];
    let credentials = [Credential::new(&chain, KeyHandle(0)).ok()?];
    let keys = [board.key(&CLIENT_KEY)?];
    let mut host = SoftwareHost::new(&credentials, &keys, B::time);
    let entropy = Entropy::new(&board.entropy());
    let ticket = board.ticket();

    B::mark();
    let Ok(mut handshake) = Handshake::<Client<B::Provider>>::new(&config, buffers, entropy) else { return None };
    if !ticket.is_empty() {
        handshake.resume(Ticket::new(ticket), credentials.first(), now::<B>()?).ok()?;
    }
    let Ok(mut stream) = Stream::open(&mut board, handshake, &mut host) else { return None };
    B::mark();
    for round in 0..ROUNDS {
        send(&mut stream)?;
        receive(&mut stream, answer)?;
        if round == 0 {
            keep::<B, _>(&mut stream.session)?;
        }
    }
    stream.close().ok()
}

/// Does what [`roles::server`](crate::roles::server) does, and issues tickets.
pub fn server<B: Board>(board: B, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    // A server draws them.
    let mut key = [0; TicketKey::LEN];
    key.iter_mut().zip(SERVER_KEY).for_each(|(to, from)| *to = from);
    let keys = TicketKeys::new(TicketKey::new(&key));
    serve(board, buffers, answer, ServerConfig::new(ClientAuth::Required(&anchors)).with_tickets(&keys, LIFETIME))
}

/// Stores the ticket that the server has sent. Its memory is on the stack after the handshake, which needs more.
#[inline(never)]
fn keep<B: Store, P: CryptoProvider>(session: &mut Session<'_, Client<P>>) -> Option<()> {
    let mut bytes = [0; Ticket::MAX_LEN];
    let len = session.take_ticket(now::<B>()?, &mut bytes).ok()??;
    B::keep(bytes.get(..len)?);
    Some(())
}

fn now<B: Board>() -> Option<UnixTime> {
    match B::time() {
        Time::Trusted(now) => Some(now),
        Time::AtLeast(_) | Time::Unknown(_) => None,
    }
}
