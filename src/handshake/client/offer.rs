//! The offer of a client, in the first ClientHello and in the second (RFC 9846 section 4.2.2).

#[cfg(feature = "resumption")]
use crate::codec::{Writer, for_each_part};
use crate::crypto::{CryptoError, CryptoProvider, KeyExchange, KeyShare};
#[cfg(feature = "resumption")]
use crate::crypto::{Digest, MAX_KEY_SHARE_LEN};
use crate::handshake::config::ClientConfig;
use crate::handshake::entropy::Entropy;
#[cfg(feature = "resumption")]
use crate::handshake::ticket::stored::{Offer, PublicPart};
#[cfg(feature = "resumption")]
use crate::key_schedule::EarlySecret;
use crate::limits::{MAX_INNER_PLAINTEXT, MAX_OFFERED_SHARES};
#[cfg(feature = "resumption")]
use crate::transcript::Transcript;
use crate::wire::client_hello::ClientHelloOffer;
use crate::wire::enums::{CipherSuite, NamedGroup};
use crate::wire::extension::KeyShareEntry;
#[cfg(feature = "resumption")]
use crate::wire::pre_shared_key::OfferedPsk;

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

/// The ClientHello with these shares, for this limit of received records; `cookie` is that of a HelloRetryRequest.
pub(super) fn offer<'c, C: CryptoProvider>(
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

/// The ticket of a ClientHello, bound to it.
#[cfg(feature = "resumption")]
pub(super) struct Bound<'o> {
    ticket: Option<(&'o [u8], u32, Digest)>,
    /// The first ClientHello has a ticket.
    resumes: bool,
}

#[cfg(feature = "resumption")]
impl<'o> Bound<'o> {
    /// Binds the ticket, if there is one, to `hello` without it and to the transcript before that. Its public part is in
    /// `memory`.
    #[inline(never)]
    pub(super) fn of<C: CryptoProvider>(
        offer: Option<&Offer<'_>>,
        memory: &'o [u8],
        hello: &ClientHelloOffer<'_>,
        transcript: Option<&Transcript<C>>,
        provider: C,
    ) -> Result<Self, CryptoError> {
        let resumes = offer.is_some();
        let part = PublicPart::parse(memory);
        let (Some((offer, psk)), Ok(part)) = (offer.and_then(|offer| Some((offer, offer.psk.as_ref()?))), part) else {
            return Ok(Self { ticket: None, resumes });
        };
        let early = EarlySecret::of(provider, psk)?;
        let hash = psk.algorithm();
        // As long as the binder.
        let placeholder = provider.digest(hash, &[])?;
        let psk =
            OfferedPsk { identity: part.ticket, obfuscated_age: offer.obfuscated_age, binder: placeholder.as_bytes() };
        let hello = ClientHelloOffer { psk: Some(psk), resumes, ..*hello };
        let mut counter = Writer::new(&mut []);
        hello.emit(&mut counter);
        let mut left = counter.needed().saturating_sub(psk.binders_len());
        let mut transcript = match transcript {
            Some(transcript) => transcript.fork(),
            None => Transcript::new(provider, hash)?,
        };
        for_each_part(&|w| hello.emit(w), &mut |part| {
            let covered = part.get(..left.min(part.len())).unwrap_or_default();
            transcript.update(covered);
            left = left.saturating_sub(covered.len());
        });
        let binder = early.binder(&transcript.binder_hash())?;
        Ok(Self { ticket: Some((part.ticket, offer.obfuscated_age, binder)), resumes })
    }

    /// Adds the ticket to the same ClientHello.
    pub(super) fn offer<'c>(&'c self, hello: ClientHelloOffer<'c>) -> ClientHelloOffer<'c> {
        let psk = self.ticket.as_ref().map(|(identity, obfuscated_age, binder)| OfferedPsk {
            identity,
            obfuscated_age: *obfuscated_age,
            binder: binder.as_bytes(),
        });
        ClientHelloOffer { psk, resumes: hello.resumes || self.resumes, ..hello }
    }
}

/// Returns the length of the first ClientHello with a ticket.
#[cfg(feature = "resumption")]
pub(crate) fn hello_len<C: CryptoProvider>(
    ticket: &Offer<'_>,
    public: &[u8],
    entropy: &Entropy,
    config: &ClientConfig<'_>,
    record_size_limit: u16,
) -> usize {
    let zeros = [0; MAX_KEY_SHARE_LEN];
    let shares = Shares::new(config.shared_groups::<C>(), None);
    let mut hello = offer::<C>(&shares, entropy, config, record_size_limit, None);
    hello.key_shares = shares.groups.map(|group| {
        let group = group?;
        let len = match group {
            NamedGroup::X25519 => 32,
            NamedGroup::SECP256R1 => 65,
            #[cfg(feature = "mlkem")]
            NamedGroup::SECP384R1 => 97,
            _ => MAX_KEY_SHARE_LEN,
        };
        Some(KeyShareEntry { group, key_exchange: zeros.get(..len).unwrap_or(&zeros) })
    });
    hello.resumes = true;
    let binder = zeros.get(..ticket.psk.as_ref().map_or(0, |psk| psk.algorithm().output_len())).unwrap_or(&zeros);
    let identity = PublicPart::parse(public).map_or_else(|_| &[][..], |part| part.ticket);
    hello.psk = Some(OfferedPsk { identity, obfuscated_age: 0, binder });
    let mut counter = Writer::new(&mut []);
    hello.emit(&mut counter);
    counter.needed()
}

/// Returns the record limit to offer: none if it is that of TLS.
pub(super) fn own_record_limit(limit: u16) -> Option<u16> {
    (limit < MAX_INNER_PLAINTEXT).then_some(limit)
}

/// Returns the session ID, which is empty except in middlebox compatibility mode (RFC 9846 appendix E.4).
pub(super) fn session_id<'c>(entropy: &'c Entropy, config: &ClientConfig<'_>) -> &'c [u8] {
    if config.compatibility { entropy.session_id() } else { &[] }
}
