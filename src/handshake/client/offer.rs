//! The offer of a client, in the first ClientHello and in the second (RFC 9846 section 4.2.2).

use crate::crypto::{CryptoError, CryptoProvider, KeyExchange, KeyShare};
use crate::handshake::config::ClientConfig;
use crate::handshake::entropy::Entropy;
use crate::limits::{MAX_INNER_PLAINTEXT, MAX_OFFERED_SHARES};
use crate::wire::client_hello::ClientHelloOffer;
use crate::wire::enums::{CipherSuite, NamedGroup};
use crate::wire::extension::KeyShareEntry;

/// The public keys of the key exchanges that a ClientHello offers, as far as they have been computed. The private key
/// is derived from its seed again once the server selects a share.
#[derive(Debug)]
pub struct Shares {
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
    }
}

/// Returns the record limit to offer: none if it is that of TLS.
pub(super) fn own_record_limit(limit: u16) -> Option<u16> {
    (limit < MAX_INNER_PLAINTEXT).then_some(limit)
}

/// Returns the session ID, which is empty except in middlebox compatibility mode (RFC 9846 appendix E.4).
pub(super) fn session_id<'c>(entropy: &'c Entropy, config: &ClientConfig<'_>) -> &'c [u8] {
    if config.compatibility { entropy.session_id() } else { &[] }
}
