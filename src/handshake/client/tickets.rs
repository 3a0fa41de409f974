//! The ticket that a server selects.

use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::error::{Error, PeerMisbehaved};
use crate::handshake::connection::Connection;
use crate::handshake::proof::Resumed;
use crate::handshake::ticket::stored::{Offer, PublicPart};
use crate::key_schedule::EarlySecret;

/// Takes the ticket if the server has selected it, and drops it otherwise.
pub(super) fn take_selection<P: CryptoProvider>(
    selected: Option<u16>,
    hash: HashAlgorithm,
    cx: &mut Connection<'_, P>,
) -> Result<(EarlySecret<P>, Option<Resumed>), Error> {
    let offer = cx.offer.take();
    let Some(index) = selected else {
        cx.peer.memory_mut().keep_behind(&[]);
        return Ok((EarlySecret::new(cx.provider, hash)?, None));
    };
    let Some(Offer { psk: Some(psk), declined, credential, judged, proof_age, .. }) = offer else {
        return Err(PeerMisbehaved::UnsolicitedExtension.into());
    };
    // RFC 9846 section 4.3.11: "Clients MUST verify that the server's selected_identity is within the range supplied by the
    // client, that the server selected a cipher suite indicating a Hash associated with the PSK [...] If these values are not
    // consistent, the client MUST abort the handshake with an 'illegal_parameter' alert."
    if index != 0 || psk.algorithm() != hash {
        return Err(PeerMisbehaved::SelectedNotOffered.into());
    }
    let early = EarlySecret::of(cx.provider, &psk)?;
    let leaf_len = PublicPart::parse(cx.peer.memory().behind())?.leaf_len();
    cx.peer.memory_mut().restore_behind(leaf_len, proof_age)?;
    cx.events.session_resumed(proof_age);
    if declined {
        cx.negotiated.client_auth.declined();
    }
    if credential.is_some() {
        cx.negotiated.credential = credential;
        cx.negotiated.client_auth.resumed();
    }
    Ok((early, Some(Resumed::by_selection(judged))))
}
