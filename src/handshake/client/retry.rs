//! The answer of a client to a HelloRetryRequest (RFC 9846 section 4.2.4).

use super::offer::Shares;
use super::{HelloStep, Retry, State};
use crate::crypto::CryptoProvider;
#[cfg(feature = "resumption")]
use crate::crypto::HashAlgorithm;
use crate::error::{ApiMisuse, Error, PeerIncompatible, PeerMisbehaved};
use crate::handshake::config::ClientConfig;
use crate::handshake::connection::Connection;
use crate::handshake::hello::Hello;
use crate::handshake::{Entropy, Next};
use crate::wire::enums::{CipherSuite, NamedGroup};

/// Checks what a HelloRetryRequest may request (RFC 9846 sections 4.2.4 and 4.3.8).
pub(super) fn check_retry<P: CryptoProvider>(
    shares: &Shares,
    suite: CipherSuite,
    group: Option<NamedGroup>,
    cookie: Option<&[u8]>,
    config: &ClientConfig<'_>,
) -> Result<Retry, Error> {
    // "If a client receives a second HelloRetryRequest in the same connection [...], it MUST abort
    // the handshake with an 'unexpected_message' alert."
    if shares.retried.is_some() {
        return Err(PeerMisbehaved::UnexpectedMessage.into());
    }
    check_supported()?;
    match group {
        // "(1) the selected_group field corresponds to a group which was provided in the
        // 'supported_groups' extension in the original ClientHello and (2) the selected_group field does not
        // correspond to a group which was provided in the 'key_share' extension": otherwise illegal_parameter.
        Some(group) if shares.groups.contains(&Some(group)) || !config.parameters.groups::<P>().contains(&group) => {
            Err(PeerMisbehaved::HelloRetryRequestIllegal.into())
        }
        // Section 4.2.4: abort "if the HelloRetryRequest would not result in any change in the ClientHello".
        None if cookie.is_none() => Err(PeerMisbehaved::HelloRetryRequestIllegal.into()),
        // Only a cookie: everything else, including the key shares, stays the same.
        group => Ok(Retry { suite, groups: shares.groups, group }),
    }
}

/// Refuses a HelloRetryRequest in a build that does not answer it, which then has no code for the answer.
pub(super) const fn check_supported() -> Result<(), Error> {
    if cfg!(feature = "any-peer") { Ok(()) } else { Err(Error::PeerIncompatible(PeerIncompatible::RetryUnsupported)) }
}

/// Offers a share of the requested group, or the same shares from the same seeds. The transcript continues with the
/// hash of the first ClientHello and the HelloRetryRequest.
#[inline(never)]
pub(super) fn begin_again<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    cx: &mut Connection<'b, P>,
    entropy: &mut Entropy,
) -> Next<'b> {
    check_supported()?;
    let State::Retry(retry) = *state else { return Err(ApiMisuse::AnswerUnexpected.into()) };
    let groups = match retry.group {
        Some(group) => {
            entropy.renew_seed(cx.provider, retry.groups.iter().flatten().count())?;
            [Some(group), None]
        }
        None => retry.groups,
    };
    // RFC 9846 section 4.2.2: "removing any PSKs which are incompatible with the server's indicated cipher suite".
    // All else stays, including `psk_key_exchange_modes`.
    #[cfg(feature = "resumption")]
    if let Some(offer) = &mut cx.offer {
        let hash = HashAlgorithm::of(retry.suite);
        offer.psk = offer.psk.take().filter(|psk| Some(psk.algorithm()) == hash);
        offer.binder = None;
    }
    cx.transcript.replace_by_message_hash()?;
    cx.transcript.update(Hello::SERVER.last_message(&cx.rx, &cx.peer)?);
    // RFC 9846 appendix E.4: with a HelloRetryRequest, the second ClientHello is the second flight.
    cx.tx.change_cipher_spec();
    *state = State::Hello(Shares::new(groups, Some(retry.suite)), HelloStep::MakeKeyShares);
    Ok(None)
}
