//! The tickets that a client offers.

use super::answer::{ask_credential, choose_protocol};
use super::{ExchangeStep, Means, Selected, State};
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::handshake::config::{ClientAuth, ServerConfig};
use crate::handshake::connection::Connection;
use crate::handshake::hello::Hello;
use crate::handshake::ticket::sealed::{self, Accepted};
use crate::handshake::{Input, Next};
use crate::wire::client_hello::ClientHello;

/// Looks for a ticket to accept. Tickets that cannot be accepted are ignored.
#[inline(never)]
pub(super) fn judge_tickets<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
) -> Next<'b> {
    let (State::Hello(selected, step), Input::Time(time)) = (&mut *state, input) else {
        return Err(ApiMisuse::AnswerUnexpected.into());
    };
    let selected = *selected;
    match sealed::accept(selected.hash, selected.retried, time, cx, config)? {
        None => *step = ask_credential(&hello(cx)?)?,
        Some(accepted) if cx.peer.list().is_empty() => {
            if !matches!(config.client_auth, ClientAuth::None) {
                cx.negotiated.client_auth.declined();
            }
            *state = take_ticket(selected, accepted, cx, config)?;
        }
        Some(accepted) => *state = State::AwaitAuthorization(selected, accepted),
    }
    Ok(None)
}

/// Continues with the ticket if the application accepts the client as it is known from it, and without it otherwise.
#[inline(never)]
pub(super) fn take_authorization<'b, P: CryptoProvider>(
    state: &mut State<'b, P>,
    input: Input<'_, 'b>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
) -> Next<'b> {
    *state = match (core::mem::replace(state, State::Failed), input) {
        (State::AwaitAuthorization(selected, accepted), Input::Authorized) => {
            cx.events.authorized();
            cx.negotiated.client_auth.authenticated();
            take_ticket(selected, accepted, cx, config)?
        }
        (State::AwaitAuthorization(selected, _), Input::Declined) => {
            cx.peer.forget();
            State::Hello(selected, ask_credential(&hello(cx)?)?)
        }
        _ => return Err(ApiMisuse::AnswerUnexpected.into()),
    };
    Ok(None)
}

fn take_ticket<'b, P: CryptoProvider>(
    selected: Selected,
    accepted: Accepted<P>,
    cx: &mut Connection<'b, P>,
    config: &'b ServerConfig<'b>,
) -> Result<State<'b, P>, Error> {
    cx.negotiated.protocol = choose_protocol(&hello(cx)?, config)?;
    let Accepted { index, proof_age, early, resumed } = accepted;
    cx.events.session_resumed(proof_age);
    Ok(State::Exchange(selected, Means::Ticket(resumed, index), early, ExchangeStep::MakeKeyShare))
}

fn hello<'m, P: CryptoProvider>(cx: &'m Connection<'_, P>) -> Result<ClientHello<'m>, Error> {
    Hello::CLIENT.parse(&cx.rx, &cx.peer, ClientHello::parse)
}
