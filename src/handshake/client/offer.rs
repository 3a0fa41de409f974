//! The offer of a client, in the first ClientHello and in the second (RFC 9846 section 4.2.2).

use super::retry::check_supported;
use crate::codec::{Writer, for_each_part};
use crate::crypto::{CryptoError, CryptoProvider, KeyExchange, KeyShare};
use crate::error::{Error, PeerMisbehaved};
use crate::handshake::config::ClientConfig;
use crate::handshake::connection::{Connection, send_parts};
use crate::handshake::entropy::Entropy;
use crate::handshake::hello::Hello;
#[cfg(feature = "resumption")]
use crate::handshake::ticket::stored::{Offer, PublicPart};
#[cfg(feature = "resumption")]
use crate::key_schedule::EarlySecret;
use crate::limits::{MAX_INNER_PLAINTEXT, MAX_OFFERED_SHARES};
use crate::record::outbound::Written;
#[cfg(feature = "resumption")]
use crate::transcript::Transcript;
use crate::wire::client_hello::ClientHelloOffer;
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup};
use crate::wire::extension::KeyShareEntry;
#[cfg(feature = "resumption")]
use crate::wire::pre_shared_key::OfferedPsk;
use crate::wire::server_hello::{Answer, ServerHello};

/// The public keys of the key exchanges that a ClientHello offers, as far as they have been computed. The private key
/// is derived from its seed again once the server selects a share.
#[derive(Debug)]
pub(crate) struct Shares {
    pub(super) groups: Groups,
    public: [Option<KeyShare>; MAX_OFFERED_SHARES],
    /// The suite of the HelloRetryRequest, if there was one.
    pub(super) retried: Option<CipherSuite>,
}

/// The groups of the key shares of a ClientHello, each at the index of its seed.
pub(super) type Groups = [Option<NamedGroup>; MAX_OFFERED_SHARES];

impl Shares {
    pub(super) const fn new(groups: Groups, retried: Option<CipherSuite>) -> Self {
        Self { groups, public: [None; MAX_OFFERED_SHARES], retried }
    }

    /// Computes the first missing share; `false` if none is missing.
    ///
    /// RFC 9846 section 4.3.8.
    pub(super) fn make_next<C: CryptoProvider>(&mut self, provider: C, entropy: &Entropy) -> Result<bool, CryptoError> {
        for (place, (group, public)) in self.groups.iter().zip(&mut self.public).enumerate() {
            if let (Some(group), None) = (group, &public) {
                *public = Some(provider.key_exchange(*group, entropy.seed(place))?.key_share()?);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn entries(&self) -> [Option<KeyShareEntry<'_>>; MAX_OFFERED_SHARES] {
        let mut shares =
            self.groups.iter().zip(&self.public).map(|(group, public)| {
                Some(KeyShareEntry { group: (*group)?, key_exchange: public.as_ref()?.as_bytes() })
            });
        core::array::from_fn(|_| shares.next().flatten())
    }
}

/// Writes the ClientHello with these shares, the same each time: as much as fits to `tx`, beginning at byte `sent`, or
/// without `sent` all of it to the transcript.
///
/// RFC 9846 section 4.3.2.
#[inline(never)]
pub(super) fn write_client_hello<C: CryptoProvider>(
    shares: &Shares,
    sent: Option<&mut usize>,
    cx: &mut Connection<'_, C>,
    entropy: &Entropy,
    config: &ClientConfig<'_>,
) -> Result<Written, Error> {
    let cookie = if shares.retried.is_some() {
        check_supported()?;
        match Hello::SERVER.parse(&cx.rx, &cx.peer, ServerHello::parse)?.answer {
            Answer::Retry { cookie, .. } => cookie,
            Answer::Hello { .. } => return Err(PeerMisbehaved::UnexpectedMessage.into()),
        }
    } else {
        None
    };
    let offer = offer::<C>(shares, entropy, config, cx.rx.record_size_limit(), cookie);
    #[cfg(feature = "resumption")]
    let offer = match &mut cx.offer {
        None => offer,
        Some(ticket) => {
            let (memory, before) = (cx.peer.memory().behind(), shares.retried.map(|_| &cx.transcript));
            bind(ticket, memory, &offer, before, cx.provider)?;
            with_ticket(offer, ticket, memory)
        }
    };
    let write = |w: &mut Writer<'_>| offer.emit(w);
    let Connection { tx, transcript, events, .. } = cx;
    let Some(sent) = sent else {
        for_each_part(&write, &mut |part| transcript.update(part));
        return Ok(Written::Yes);
    };
    send_parts(tx, events, HandshakeType::CLIENT_HELLO, sent, &write, &mut |_| {})
}

/// The ClientHello with these shares, for this limit of received records; `cookie` is that of a HelloRetryRequest.
fn offer<'c, C: CryptoProvider>(
    shares: &'c Shares,
    entropy: &'c Entropy,
    config: &'c ClientConfig<'_>,
    record_size_limit: u16,
    cookie: Option<&'c [u8]>,
) -> ClientHelloOffer<'c> {
    ClientHelloOffer {
        random: entropy.random(),
        session_id: session_id(entropy, config),
        cipher_suites: config.parameters.cipher_suites::<C>(),
        groups: config.parameters.groups::<C>(),
        signature_schemes: config.parameters.signature_schemes::<C>(),
        certificate_schemes: config.parameters.certificate_schemes::<C>(),
        key_shares: shares.entries(),
        server_name: config.sent_server_name(),
        protocols: config.parameters.alpn(),
        cookie,
        post_handshake_auth: config.post_handshake_auth,
        record_size_limit: own_record_limit(record_size_limit),
        #[cfg(feature = "resumption")]
        resumes: config.resumption,
        #[cfg(feature = "resumption")]
        psk: None,
    }
}

/// Adds a ticket with its binder to a ClientHello.
#[cfg(feature = "resumption")]
fn with_ticket<'c>(hello: ClientHelloOffer<'c>, offer: &'c Offer<'_>, memory: &'c [u8]) -> ClientHelloOffer<'c> {
    let psk = PublicPart::parse(memory).ok().zip(offer.binder.as_ref()).map(|(part, binder)| OfferedPsk {
        identity: part.ticket,
        obfuscated_age: offer.obfuscated_age,
        binder: binder.as_bytes(),
    });
    ClientHelloOffer { psk, resumes: true, ..hello }
}

/// Binds the ticket to `hello` without it and to the transcript before that, if that is not done yet. Its public part is in
/// `memory`.
#[cfg(feature = "resumption")]
#[inline(never)]
fn bind<C: CryptoProvider>(
    offer: &mut Offer<'_>,
    memory: &[u8],
    hello: &ClientHelloOffer<'_>,
    transcript: Option<&Transcript<C>>,
    provider: C,
) -> Result<(), CryptoError> {
    let (Some(psk), None) = (&offer.psk, &offer.binder) else { return Ok(()) };
    let hash = psk.algorithm();
    let early = EarlySecret::of(provider, psk)?;
    // As long as the binder.
    offer.binder = Some(provider.digest(hash, &[])?);
    let hello = with_ticket(*hello, offer, memory);
    let mut counter = Writer::new(&mut []);
    hello.emit(&mut counter);
    let binders_len = hello.psk.as_ref().map_or(0, OfferedPsk::binders_len);
    let mut left = counter.needed().saturating_sub(binders_len);
    let mut transcript = match transcript {
        Some(transcript) => transcript.fork(),
        None => Transcript::new(provider, hash)?,
    };
    for_each_part(&|w| hello.emit(w), &mut |part| {
        let covered = part.get(..left.min(part.len())).unwrap_or_default();
        transcript.update(covered);
        left = left.saturating_sub(covered.len());
    });
    offer.binder = Some(early.binder(&transcript.binder_hash())?);
    Ok(())
}

/// Returns the record limit to offer: none if it is that of TLS.
pub(super) fn own_record_limit(limit: u16) -> Option<u16> {
    (limit < MAX_INNER_PLAINTEXT).then_some(limit)
}

/// Returns the session ID, which is empty except in middlebox compatibility mode (RFC 9846 appendix E.4).
pub(super) fn session_id<'c>(entropy: &'c Entropy, config: &ClientConfig<'_>) -> &'c [u8] {
    if config.compatibility { entropy.session_id() } else { &[] }
}
