//! The tickets of a server: sealed state, so that it stores nothing.

use super::keys::{OVERHEAD, SALT_LEN, TicketKeys};
use super::scope::Scope;
use super::{Evidence, Peer, Tickets, age, code_of, hash_of, read_time, write_time};
use crate::codec::{Reader, Writer, read_all};
use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::error::Error;
use crate::handshake::Secrets;
use crate::handshake::config::ServerConfig;
use crate::handshake::connection::Connection;
use crate::handshake::hello::Hello;
use crate::handshake::proof::{Proof, Resumed};
use crate::key_schedule::{EarlySecret, Psk};
use crate::limits::{MAX_OWN_TICKET, MAX_TICKETS_TRIED};
use crate::record::outbound::Written;
use crate::transcript::Transcript;
use crate::wire::client_hello::ClientHello;
use crate::wire::enums::HandshakeType;
use crate::wire::new_session_ticket::NewSessionTicket;
use crate::x509::{Time, UnixTime};
use zeroize::Zeroizing;

/// The state in a ticket.
struct State<'t> {
    psk: Psk,
    scope: &'t Scope,
    issued: UnixTime,
    /// Seconds.
    lifetime: u32,
    peer: Peer<'t>,
}

/// An accepted ticket of the client.
pub(crate) struct Accepted<C> {
    /// Its position in the offer.
    pub(crate) index: u16,
    /// Seconds.
    pub(crate) proof_age: u32,
    pub(crate) early: EarlySecret<C>,
    pub(crate) resumed: Resumed,
}

/// The scope of the tickets of a session, and the time at which they are issued.
#[derive(Clone, Copy)]
pub(crate) struct Issue {
    scope: Scope,
    now: UnixTime,
}

/// The tickets that a session issues to its client.
pub(crate) struct IssuedTickets<'b> {
    config: &'b ServerConfig<'b>,
    /// Salts and `ticket_age_add` are made from it.
    seed: Zeroizing<[u8; 32]>,
    /// The number of the next ticket.
    number: u8,
    is_due: bool,
}

impl<'t> State<'t> {
    fn parse(state: &'t [u8]) -> Option<Self> {
        read_all(state, |reader: &mut Reader<'t>| {
            let hash = hash_of(reader.u8()?)?;
            let psk = Psk::from_ticket(hash, reader.bytes(hash.output_len())?);
            let scope = reader.array()?;
            let issued = read_time(reader)?;
            let lifetime = reader.u32()?;
            let peer = Peer::read(reader)?;
            Ok(psk.map(|psk| Self { psk, scope, issued, lifetime, peer }))
        })
        .ok()
        .flatten()
    }

    fn is_alive(&self, now: UnixTime) -> bool {
        age(self.issued, now).is_some_and(|age| age < self.lifetime)
    }
}

/// Looks in the ClientHello for an acceptable ticket for a suite with this hash. Its client is stored in the
/// peer memory.
///
/// `None` if there is none, and always if the time is not trusted. RFC 9846 section 4.3.11: "If no acceptable PSKs are found,
/// the server SHOULD perform a non-PSK handshake".
///
/// RFC 9846 section 4.7.1.
///
/// RFC 6066 section 3.
#[inline(never)]
pub(crate) fn accept<C: CryptoProvider>(
    hash: HashAlgorithm,
    retried: bool,
    time: Time,
    cx: &mut Connection<'_, C>,
    config: &ServerConfig<'_>,
) -> Result<Option<Accepted<C>>, Error> {
    let (Some((keys, _)), Time::Trusted(now)) = (config.tickets, time) else { return Ok(None) };
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    let scope = config.scope(cx.provider, hello.server_name)?;
    cx.issue = Some(Issue { scope, now });
    let Some(psks) = hello.psks else { return Ok(None) };
    let message = Hello::CLIENT.message(&cx.rx, &cx.peer)?;
    let covered = message.get(..message.len().saturating_sub(psks.binders_len())).unwrap_or_default();
    let mut memory = Zeroizing::new([0; MAX_OWN_TICKET]);
    for index in 0..MAX_TICKETS_TRIED {
        let Some(psk) = psks.iter().nth(index.into()) else { break };
        let Some(state) = keys.open(cx.provider, psk.identity, &mut *memory)?.and_then(State::parse) else { continue };
        let is_ours = state.psk.algorithm() == hash && *state.scope == scope && state.is_alive(now);
        let judged = state.peer.judge(now, config.parameters.max_proof_age).filter(|_| is_ours);
        let Some((judged, proof_age)) = judged else { continue };
        let early = EarlySecret::of(cx.provider, &state.psk)?;
        let mut transcript = if retried { cx.transcript.fork() } else { Transcript::new(cx.provider, hash)? };
        transcript.update(covered);
        // "Servers SHOULD NOT attempt to validate multiple binders".
        let verified = early.verify_binder(&transcript.binder_hash(), psk.binder)?;
        let accepted = Accepted { index, proof_age, early, resumed: Resumed::by_binder(judged, verified) };
        // A ticket from a server with more peer memory may not fit.
        let restored = cx.peer.memory_mut().restore(state.peer.leaf, proof_age);
        return Ok(restored.is_ok().then_some(accepted));
    }
    Ok(None)
}

impl<'b, C: CryptoProvider> Tickets<'b, C> for IssuedTickets<'b> {
    /// Writes the ticket that is due, once there is space.
    #[inline(never)]
    fn send(&mut self, cx: &mut Connection<'b, C>, secrets: &Secrets<C>, proof: &Proof) -> Result<(), Error> {
        let (true, Some(issue), Some((keys, lifetime))) = (self.is_due, cx.issue, self.config.tickets) else {
            return Ok(());
        };
        let mut ticket = Zeroizing::new([0; MAX_OWN_TICKET]);
        let nonce = [self.number];
        let drawn = cx.provider.hmac(HashAlgorithm::Sha256, &self.seed[..], &[b"ticket", &nonce])?;
        let Some((salt, rest)) = drawn.as_bytes().split_first_chunk::<SALT_LEN>() else { return Ok(()) };
        let age_add = rest.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        self.is_due = false;
        let Some(lifetime) = self.lifetime(lifetime, issue.now, proof) else { return Ok(()) };
        let Some(len) = seal(keys, salt, ticket.as_mut_slice(), &nonce, issue, lifetime, cx, secrets, proof)? else {
            return Ok(());
        };
        let ticket = ticket.get(..len).unwrap_or_default();
        let message = NewSessionTicket { lifetime, age_add, nonce: &nonce, ticket };
        let mut counter = Writer::new(&mut []);
        message.emit(&mut counter);
        // A ticket is a favour: what never fits is not sent.
        if cx.tx.check_holds(counter.needed()).is_err() {
            return Ok(());
        }
        if cx.send_apart(HandshakeType::NEW_SESSION_TICKET, &|w| message.emit(w))? == Written::AfterTransmit {
            self.is_due = true;
            return Ok(());
        }
        // "ticket_nonce: A per-ticket value that is unique across all tickets issued on this connection."
        match self.number.checked_add(1) {
            Some(next) => self.number = next,
            None => cx.issue = None,
        }
        cx.tx.flush()
    }
}

impl<'b> IssuedTickets<'b> {
    pub(crate) fn new<C: CryptoProvider>(
        config: &'b ServerConfig<'b>,
        cx: &Connection<'b, C>,
        seed: &[u8; 32],
    ) -> Self {
        Self { config, seed: Zeroizing::new(*seed), number: 0, is_due: cx.issue.is_some() }
    }

    /// Makes another ticket due. Returns whether the session may issue any.
    pub(crate) fn renew<C: CryptoProvider>(&mut self, now: UnixTime, cx: &mut Connection<'b, C>) -> bool {
        let Some(issue) = &mut cx.issue else { return false };
        issue.now = now;
        self.is_due = true;
        true
    }

    /// Returns the lifetime of a ticket in seconds, limited by the maximum age of the client's proof and by the
    /// validity of its path.
    fn lifetime(&self, lifetime: u32, now: UnixTime, proof: &Proof) -> Option<u32> {
        let evidence = Evidence::of(proof, now)?;
        let proof_left = self.config.parameters.max_proof_age.saturating_sub(age(evidence.proved, now)?);
        let path_left = evidence.path.map_or(i64::MAX, |path| path.not_after.0.saturating_sub(now.0));
        let path_left = u32::try_from(path_left.max(0)).unwrap_or(u32::MAX);
        Some(lifetime.min(proof_left).min(path_left)).filter(|left| *left != 0)
    }
}

#[expect(clippy::too_many_arguments, reason = "all of it is in the ticket")]
fn seal<C: CryptoProvider>(
    keys: &TicketKeys,
    salt: &[u8; SALT_LEN],
    ticket: &mut [u8],
    nonce: &[u8],
    issue: Issue,
    lifetime: u32,
    cx: &Connection<'_, C>,
    secrets: &Secrets<C>,
    proof: &Proof,
) -> Result<Option<usize>, Error> {
    let Some(evidence) = Evidence::of(proof, issue.now) else { return Ok(None) };
    let psk = secrets.resumption.psk(nonce)?;
    let write = |memory: &mut [u8]| {
        let mut out = Writer::new(memory);
        out.u8(code_of(psk.algorithm()));
        out.bytes(psk.for_ticket());
        out.bytes(&issue.scope);
        write_time(&mut out, issue.now);
        out.bytes(&lifetime.to_be_bytes());
        evidence.write(cx, &mut out);
        out.finish().ok()
    };
    Ok(keys.seal(cx.provider, salt, ticket, write)?)
}

const _: () = assert!(OVERHEAD < MAX_OWN_TICKET);
