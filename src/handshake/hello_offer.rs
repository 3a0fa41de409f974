//! What a client offers, in the first ClientHello and in the second (RFC 9846 section 4.2.2).

use super::Entropy;
use super::config::ClientConfig;
use crate::crypto::CryptoProvider;
use crate::wire::client_hello::ClientHelloOffer;
use crate::wire::extension::KeyShareEntry;
use crate::x509::ServerName;

/// The ClientHello with this share; `cookie` is that of a HelloRetryRequest.
pub(super) fn offer<'c, C: CryptoProvider>(
    share: KeyShareEntry<'c>,
    entropy: &'c Entropy,
    config: &'c ClientConfig<'_>,
    cookie: Option<&'c [u8]>,
) -> ClientHelloOffer<'c> {
    ClientHelloOffer {
        random: entropy.random(),
        session_id: session_id(entropy, config),
        cipher_suites: config.parameters.cipher_suites::<C>(),
        groups: config.parameters.groups::<C>(),
        signature_schemes: config.parameters.signature_schemes::<C>(),
        certificate_schemes: config.parameters.certificate_schemes::<C>(),
        key_share: share,
        server_name: match &config.server_name {
            ServerName::Dns(name) => Some(name.as_str()),
            // RFC 6066 section 3: "Literal IPv4 and IPv6 addresses are not permitted in 'HostName'."
            ServerName::Ip(_) => None,
        },
        protocols: config.parameters.alpn(),
        cookie,
        #[cfg(feature = "post-handshake-auth")]
        post_handshake_auth: config.post_handshake_auth,
        #[cfg(not(feature = "post-handshake-auth"))]
        post_handshake_auth: false,
    }
}

/// Empty but in middlebox compatibility mode (RFC 9846 appendix E.4).
pub(super) fn session_id<'c>(entropy: &'c Entropy, config: &ClientConfig<'_>) -> &'c [u8] {
    if config.compatibility { entropy.session_id() } else { &[] }
}
