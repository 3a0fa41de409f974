//! The tickets that a client offers.

use super::answer::choose_protocol;
use super::{Means, Selected, State};
use crate::crypto::CryptoProvider;
use crate::handshake::Next;
use crate::handshake::config::{ClientAuth, ServerConfig};
use crate::handshake::connection::Connection;
use crate::handshake::hello::Hello;
use crate::handshake::ticket::sealed::{self, Accepted};
use crate::wire::client_hello::ClientHello;
use crate::x509::Time;

/// Looks for a ticket to accept. Tickets that cannot be accepted are ignored.
#[inline(never)]
pub(super) fn judge_tickets<'b, P: CryptoProvider>(
    selected: Selected,
    time: Time,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
) -> Next<'b, State<'b, P>> {
    match sealed::accept(selected.hash, selected.retried, time, cx, config)? {
        None => Ok((State::AwaitCredential(selected), None)),
        Some(accepted) if cx.peer.list().is_empty() => {
            if !matches!(config.client_auth, ClientAuth::None) {
                cx.negotiated.client_auth.declined();
            }
            take_ticket(selected, accepted, cx, config)
        }
        Some(accepted) => Ok((State::AwaitAuthorization(selected, accepted), None)),
    }
}

pub(super) fn take_ticket<'b, P: CryptoProvider>(
    selected: Selected,
    accepted: Accepted<P>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
) -> Next<'b, State<'b, P>> {
    cx.negotiated.protocol = choose_protocol(&Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)?, config)?;
    let Accepted { index, proof_age, early, resumed } = accepted;
    cx.events.session_resumed(proof_age);
    Ok((State::MakeKeyShare(selected, Means::Ticket(resumed, index), early), None))
}
