//! The tickets of a client, as bytes that its program stores.

use super::scope::Scope;
use super::{Evidence, Peer, Tickets, age, code_of, hash_of, read_time, write_time};
use crate::codec::{Reader, Writer, read_all};
use crate::credential::Credential;
use crate::crypto::{CryptoError, CryptoProvider, Digest, HashAlgorithm};
use crate::error::{BufferKind, Error, InvalidMessage};
use crate::handshake::config::ClientConfig;
use crate::handshake::connection::Connection;
use crate::handshake::proof::{Judged, Proof};
use crate::handshake::{ClientAuthStatus, Secrets};
use crate::key_schedule::Psk;
use crate::limits::{MAX_STORED_TICKET, MAX_TICKET_LIFETIME};
use crate::wire::new_session_ticket::NewSessionTicket;
use crate::x509::{Time, UnixTime, fingerprint};
use core::fmt;
use zeroize::{Zeroize, Zeroizing};

/// The bytes of a ticket from [`Session::take_ticket`](crate::Session::take_ticket), for
/// [`Handshake::resume`](crate::Handshake::resume), which copies what it needs of them, and wipes the secret in them: a
/// ticket is used once.
///
/// They contain a secret: anyone who reads them can impersonate the client, or the server to this client, until they
/// expire; anyone who can write them chooses whom the client accepts. They are valid for one server, one
/// configuration and one credential of ours, and for the version of this crate that wrote them.
pub struct Ticket<'b> {
    bytes: &'b mut [u8],
}

debug_by_name!("Ticket", [] Ticket<'_>);

/// The reason why a ticket is not used. There is a full handshake then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TicketError {
    /// The handshake has started, or already has a ticket.
    Begun,
    /// The bytes are not from this version of the crate, or are damaged.
    Damaged,
    /// It has expired, or the clock was set back.
    Expired,
    /// It was issued under another server name, or under other trust anchors or rules.
    OtherConfiguration,
    /// The server knows us by another credential than the one we would send.
    OtherCredential,
    /// The server's proof of its identity is too old.
    ProofTooOld,
    /// The certificate path of the server is no longer valid.
    ServerExpired,
    /// It does not fit into the [peer memory](crate::Buffers::peer), which would have to have this size.
    TooLargeForPeer(u32),
}

/// The ticket that a ClientHello offers. Its [public part](PublicPart) is at the end of the free peer memory.
pub(crate) struct Offer<'b> {
    /// `None` once a HelloRetryRequest has selected a suite with another hash.
    pub(crate) psk: Option<Psk>,
    /// The binder of the ticket to the ClientHello that is being sent, once it is computed.
    pub(crate) binder: Option<Digest>,
    /// The server requested a certificate, and got none.
    pub(crate) declined: bool,
    /// The credential under which the server knows us.
    pub(crate) credential: Option<&'b Credential<'b>>,
    pub(crate) obfuscated_age: u32,
    pub(crate) judged: Judged,
    pub(crate) proof_age: u32,
}

/// The part of a ticket that is needed once it is offered.
pub(crate) struct PublicPart<'t> {
    /// The ticket of the server.
    pub(crate) ticket: &'t [u8],
    peer: Peer<'t>,
}

/// The content of a ticket.
struct Stored<'t> {
    psk: Psk,
    scope: &'t Scope,
    received: UnixTime,
    lifetime: u32,
    age_add: u32,
    declined: bool,
    /// The hash of our certificate; zeros if we sent none.
    own: &'t [u8; 32],
    /// The bytes of the [`PublicPart`].
    public: &'t [u8],
}

/// The tickets that a session receives. The last one is at the end of the free peer memory.
pub(crate) struct ReceivedTickets<'b> {
    config: &'b ClientConfig<'b>,
    /// The credential under which the server knew us when the ticket arrived; otherwise its request may have got none.
    credential: Option<&'b Credential<'b>>,
    declined: bool,
}

/// The version of the format of these bytes.
const VERSION: u8 = 2;
/// The offset of the secret.
const SECRET: usize = 2;
/// Number of bytes of a hash that detects damage.
const CHECK_SUM: usize = 8;

impl<'b> Ticket<'b> {
    /// The maximum length of a ticket in bytes. With P-256, a ticket takes about 450 bytes plus the ticket of the
    /// server, which takes 200 to 1,500: many servers put the client's whole certificate into it.
    pub const MAX_LEN: usize = MAX_STORED_TICKET;

    /// Takes exactly the bytes of a ticket. They are checked on use.
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes }
    }

    /// Takes the content out of the bytes, and wipes the part with the secret. `None` if they are damaged.
    fn open<C: CryptoProvider>(self, provider: C) -> Option<Stored<'b>> {
        let is_whole = is_whole(provider, self.bytes);
        let psk = read_secret(self.bytes).filter(|_| is_whole);
        let secret =
            self.bytes.len().min(psk.as_ref().map_or(usize::MAX, |psk| SECRET.saturating_add(psk.for_ticket().len())));
        let (secret, rest) = self.bytes.split_at_mut_checked(secret)?;
        secret.zeroize();
        let rest: &'b [u8] = rest;
        let (content, _) = rest.split_last_chunk::<CHECK_SUM>()?;
        Stored::parse(psk?, content)
    }
}

impl<'b> Offer<'b> {
    /// Checks whether a ticket may be used now, with this configuration, by a client that would send this credential.
    /// Also returns its public part.
    ///
    /// RFC 9846 section 4.3.11.1.
    pub(crate) fn new<'t, C: CryptoProvider>(
        ticket: Ticket<'t>,
        credential: Option<&'b Credential<'b>>,
        now: UnixTime,
        provider: C,
        config: &ClientConfig<'_>,
    ) -> Result<(Self, &'t [u8]), TicketError> {
        let stored = ticket.open(provider).ok_or(TicketError::Damaged)?;
        let suites = config.parameters.cipher_suites::<C>();
        let is_offered = suites.iter().any(|suite| HashAlgorithm::of(*suite) == Some(stored.psk.algorithm()));
        if !is_offered || config.scope(provider).ok().as_ref() != Some(stored.scope) {
            return Err(TicketError::OtherConfiguration);
        }
        if own(provider, credential).as_ref() != Some(stored.own) {
            return Err(TicketError::OtherCredential);
        }
        // RFC 9846 section 4.7.1: "Clients MUST NOT use tickets for longer than 7 days after issuance, regardless of the
        // ticket_lifetime".
        let lifetime = stored.lifetime.min(MAX_TICKET_LIFETIME);
        let ticket_age = age(stored.received, now).filter(|age| *age < lifetime).ok_or(TicketError::Expired)?;
        let PublicPart { peer, .. } = PublicPart::parse(stored.public).map_err(|_| TicketError::Damaged)?;
        if peer.path.check_validity(Time::Trusted(now)).is_err() {
            return Err(TicketError::ServerExpired);
        }
        let judged = peer.judge(now, config.parameters.max_proof_age);
        let (judged, proof_age) = judged.ok_or(TicketError::ProofTooOld)?;
        let obfuscated_age = ticket_age.wrapping_mul(1000).wrapping_add(stored.age_add);
        let Stored { psk, declined, public, .. } = stored;
        Ok((Self { psk: Some(psk), binder: None, declined, credential, obfuscated_age, judged, proof_age }, public))
    }
}

impl<'t> Stored<'t> {
    /// Parses the content after the secret.
    fn parse(psk: Psk, content: &'t [u8]) -> Option<Self> {
        read_all(content, |reader: &mut Reader<'t>| {
            let scope = reader.array()?;
            let received = read_time(reader)?;
            let (lifetime, age_add) = (reader.u32()?, reader.u32()?);
            let declined = reader.u8()? != 0;
            let own = reader.array()?;
            let public = reader.bytes(reader.rest().len())?;
            Ok(Self { psk, scope, received, lifetime, age_add, declined, own, public })
        })
        .ok()
    }
}

impl<'t> PublicPart<'t> {
    pub(crate) fn parse(bytes: &'t [u8]) -> Result<Self, InvalidMessage> {
        read_all(bytes, |reader: &mut Reader<'t>| Ok(Self { ticket: reader.vec16()?, peer: Peer::read(reader)? }))
    }

    /// Returns the number of its last bytes that are the certificate of the server, in the format of the peer memory.
    pub(crate) const fn leaf_len(&self) -> usize {
        self.peer.leaf.len()
    }
}

impl<'b, C: CryptoProvider> Tickets<'b, C> for ReceivedTickets<'b> {
    /// Stores the ticket in `rx`, replacing the previous one; a lifetime of zero "indicates that the ticket should be
    /// discarded immediately".
    fn receive(&mut self, cx: &mut Connection<'b, C>) -> Result<(), Error> {
        if NewSessionTicket::parse(crate::wire::handshake::body(cx.rx.message()?)?)?.lifetime == 0 {
            return Ok(());
        }
        let Connection { rx, peer, .. } = &mut *cx;
        peer.memory_mut().keep_behind(rx.current(Ok::<_, Error>)?);
        self.credential = cx.negotiated.credential;
        self.declined = cx.negotiated.client_auth.status() == ClientAuthStatus::Declined;
        Ok(())
    }
}

impl<'b> ReceivedTickets<'b> {
    pub(crate) const fn new(config: &'b ClientConfig<'b>) -> Self {
        Self { config, credential: None, declined: false }
    }

    /// Moves the last ticket to `out`. `None` if there is none.
    #[inline(never)]
    pub(crate) fn take<C: CryptoProvider>(
        &self,
        now: UnixTime,
        out: &mut [u8],
        cx: &mut Connection<'b, C>,
        secrets: &Secrets<C>,
        proof: &Proof,
    ) -> Result<Option<usize>, Error> {
        let received = cx.peer.memory().behind();
        if received.is_empty() {
            return Ok(None);
        }
        let ticket = NewSessionTicket::parse(received)?;
        let evidence = Evidence::of(proof, now);
        let (Some(evidence), Some(own)) = (evidence, own(cx.provider, self.credential)) else { return Ok(None) };
        let psk = secrets.resumption.psk(ticket.nonce)?;
        let scope = self.config.scope(cx.provider)?;
        let mut writer = Writer::new(&mut *out);
        writer.u8(VERSION);
        writer.u8(code_of(psk.algorithm()));
        writer.bytes(psk.for_ticket());
        writer.bytes(&scope);
        write_time(&mut writer, now);
        writer.bytes(&ticket.lifetime.to_be_bytes());
        writer.bytes(&ticket.age_add.to_be_bytes());
        writer.u8(u8::from(self.declined));
        writer.bytes(&own);
        writer.vec16(|w| w.bytes(ticket.ticket));
        evidence.write(cx, &mut writer);
        let len = writer.needed();
        let total = len.saturating_add(CHECK_SUM);
        let Some((content, sum)) = out.get_mut(..total).and_then(<[u8]>::split_last_chunk_mut::<CHECK_SUM>) else {
            out.zeroize();
            return Err(Error::too_small(BufferKind::Ticket, total));
        };
        *sum = check_sum(cx.provider, content)?;
        cx.peer.memory_mut().keep_behind(&[]);
        Ok(Some(total))
    }
}

/// SHA-256 of our certificate, or zeros if there is none.
fn own<C: CryptoProvider>(provider: C, credential: Option<&Credential<'_>>) -> Option<[u8; 32]> {
    match credential {
        None => Some([0; 32]),
        Some(credential) => credential.chain().iter().next().and_then(|leaf| fingerprint(provider, leaf).ok()),
    }
}

/// Reads the pre-shared key in the bytes of a ticket of this version.
fn read_secret(bytes: &[u8]) -> Option<Psk> {
    let mut reader = Reader::new(bytes);
    if reader.u8().ok()? != VERSION {
        return None;
    }
    let hash = hash_of(reader.u8().ok()?).ok()?;
    Psk::from_ticket(hash, reader.bytes(hash.output_len()).ok()?)
}

/// Returns whether the bytes of a ticket are unchanged.
fn is_whole<C: CryptoProvider>(provider: C, bytes: &[u8]) -> bool {
    let parts = bytes.split_last_chunk::<CHECK_SUM>();
    parts.is_some_and(|(content, sum)| check_sum(provider, content).is_ok_and(|expected| expected == *sum))
}

fn check_sum<C: CryptoProvider>(provider: C, content: &[u8]) -> Result<[u8; CHECK_SUM], CryptoError> {
    // The pre-shared key is in it.
    let digest = Zeroizing::new(provider.digest(HashAlgorithm::Sha256, &[content])?);
    digest.as_bytes().first_chunk().copied().ok_or(CryptoError::Invalid)
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begun => "the handshake has begun, or already has a ticket",
            Self::Damaged => "the ticket is corrupt, or from another version",
            Self::Expired => "the ticket has expired, or the clock was set back",
            Self::OtherConfiguration => "the ticket is for another server name, trust anchors or rules",
            Self::OtherCredential => "the ticket is for another credential",
            Self::ProofTooOld => "the server proved its identity too long ago",
            Self::ServerExpired => "the server's certificate path is no longer valid",
            Self::TooLargeForPeer(need) => return write!(f, "the ticket needs a peer buffer of {need} bytes"),
        })
    }
}
