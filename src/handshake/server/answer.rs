//! The parts of a ClientHello that a server uses, and compares with a second one (RFC 9846 sections 4.2.2 and 4.3.8).

use super::{HelloStep, Selected};
use crate::crypto::{CryptoProvider, Digest, Hash, HashAlgorithm, KeyExchange, KeyShare};
use crate::error::{Error, PeerIncompatible, PeerMisbehaved};
use crate::handshake::Entropy;
use crate::handshake::config::ServerConfig;
use crate::handshake::connection::Connection;
use crate::handshake::hello::Hello;
use crate::limits::MAX_COMPARED_SHARES;
use crate::wire::client_hello::{ClientHello, Mandatory};
use crate::wire::enums::NamedGroup;

/// Chooses the group, and returns whether the client has sent a share of it: the first of our groups with a share, to
/// save a round trip, otherwise the first that the client supports.
///
/// RFC 9846 section 4.2.1.
pub(super) fn choose_group<C: CryptoProvider>(
    mandatory: &Mandatory<'_>,
    config: &ServerConfig<'_>,
) -> Result<(NamedGroup, bool), PeerIncompatible> {
    let groups = config.parameters.groups::<C>();
    let is_shared = |group: NamedGroup| mandatory.key_shares.iter().any(|share| share.group == group);
    let preferred = groups.iter().copied().find(|group| mandatory.groups.contains(group.0));
    let preferred = preferred.ok_or(PeerIncompatible::NoGroup)?;
    if config.retry_for_preferred_group {
        return Ok((preferred, is_shared(preferred)));
    }
    let shared = groups.iter().copied().find(|&group| is_shared(group));
    Ok(shared.map_or((preferred, false), |group| (group, true)))
}

/// The application protocol. RFC 7301 section 3.2: the first in the server's order of preference; having none in common
/// is fatal.
pub(super) fn choose_protocol<'c>(
    hello: &ClientHello<'_>,
    config: &ServerConfig<'c>,
) -> Result<Option<&'c [u8]>, PeerIncompatible> {
    let ours = config.parameters.alpn();
    let Some(offered) = hello.protocols.filter(|_| !ours.is_empty()) else { return Ok(None) };
    let common = ours.iter().find(|&&protocol| offered.iter().any(|other| other == protocol));
    common.copied().map(Some).ok_or(PeerIncompatible::NoApplicationProtocol)
}

/// RFC 9846 section 4.3.8: "Clients MUST NOT offer multiple KeyShareEntry values for the same
/// group. Clients MUST NOT offer any KeyShareEntry values for groups not listed in the client's
/// '`supported_groups`' extension. Servers MAY check for violations of these rules".
pub(super) fn check_key_shares(mandatory: &Mandatory<'_>) -> Result<(), Error> {
    for (index, share) in mandatory.key_shares.iter().take(MAX_COMPARED_SHARES).enumerate() {
        let twice = mandatory.key_shares.iter().take(index).any(|other| other.group == share.group);
        if twice || !mandatory.groups.contains(share.group.0) {
            return Err(PeerMisbehaved::KeyShareNotOffered.into());
        }
    }
    Ok(())
}

/// Returns the client's share of the selected group.
pub(super) fn client_share<'m, C: CryptoProvider>(
    selected: Selected,
    cx: &'m Connection<'_, C>,
) -> Result<&'m [u8], Error> {
    let hello = Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?;
    let share = hello.mandatory()?.key_shares.iter().find(|share| share.group == selected.group);
    Ok(share.ok_or(PeerMisbehaved::KeyShareNotOffered)?.key_exchange)
}

/// Returns our private key and key share. That of a KEM depends on the client's share.
pub(super) fn own_share<C: CryptoProvider>(
    selected: Selected,
    cx: &Connection<'_, C>,
    entropy: &Entropy,
) -> Result<(C::KeyExchange, KeyShare), Error> {
    let private = cx.provider.key_exchange(selected.group, entropy.first_seed())?;
    #[cfg(feature = "mlkem")]
    {
        let mut private = private;
        let public = private.answer(client_share(selected, cx)?);
        Ok((private, public.map_err(|error| error.or(PeerMisbehaved::KeyShareInvalid))?))
    }
    #[cfg(not(feature = "mlkem"))]
    {
        let public = private.key_share()?;
        Ok((private, public))
    }
}

/// Returns a digest of the parts that must be the same in a second ClientHello. With a collision a client could only
/// deceive itself.
pub(super) fn constant_parts<C: CryptoProvider>(provider: C, hello: &ClientHello<'_>) -> Result<Digest, Error> {
    let mut hash = provider.hash(HashAlgorithm::Sha256)?;
    hello.for_each_constant_part(|part| hash.update(part));
    Ok(hash.finish())
}

/// Returns the step that asks the first question about a ClientHello that can be answered.
///
/// RFC 9846 section 4.3.9.
#[cfg_attr(not(feature = "resumption"), allow(unused_variables, reason = "there are no tickets"))]
pub(super) fn first_question(hello: &ClientHello<'_>, config: &ServerConfig<'_>) -> Result<HelloStep, Error> {
    #[cfg(feature = "resumption")]
    if hello.resumes && config.tickets.is_some() {
        return Ok(HelloStep::AwaitTime);
    }
    ask_credential(hello)
}

/// Returns the step that asks for a credential, unless the client has left out which signatures it verifies.
pub(super) fn ask_credential(hello: &ClientHello<'_>) -> Result<HelloStep, Error> {
    hello.mandatory_schemes().map(|_| HelloStep::AwaitCredential)
}
