//! The ticket of the last session, with which the next one needs no certificates. It is removed from the memory of the
//! board before it is offered, so that a power cut never lets it be offered twice.

use crate::fmt::Shown;
use crate::provider::Client;
use crate::settings::{Board, Settings};
use embedded_mtls::x509::Time;
use embedded_mtls::{Handshake, Session, Ticket};
use logging::{debug, info, warn};
use zeroize::Zeroize;

/// Offers the stored ticket. Without the time, or if the ticket is for another configuration, there is a full handshake.
pub(crate) fn offer<'b>(
    handshake: &mut Handshake<'b, Client>,
    memory: &'b mut [u8],
    board: &mut impl Board,
    settings: &'b Settings<'b>,
    time: Time,
) {
    let Time::Trusted(now) = time else { return debug!("no ticket is used while the time is unknown") };
    let Some(len) = board.take_ticket(memory) else { return };
    let Some(ticket) = memory.get_mut(..len) else { return };
    // A device with several credentials resumes the sessions of the first.
    match handshake.resume(Ticket::new(ticket), settings.credentials.first(), now) {
        Ok(()) => info!("offering the ticket of the last session, {} bytes", len),
        Err(error) => info!("not used: {}", Shown(error)),
    }
}

/// Stores the ticket that the server has sent, if there is one.
pub(crate) fn keep(session: &mut Session<'_, Client>, memory: &mut [u8], board: &mut impl Board, time: Time) {
    let Time::Trusted(now) = time else { return };
    match session.take_ticket(now, memory) {
        Ok(None) => debug!("no ticket has arrived"),
        Ok(Some(len)) if memory.get(..len).is_some_and(|ticket| board.keep_ticket(ticket)) => {
            info!("a ticket for the next session is stored, {} bytes", len);
        }
        Ok(Some(_)) => warn!("the ticket for the next session cannot be stored"),
        Err(error) => warn!("the ticket for the next session is lost: {}", Shown(error)),
    }
    // The memory has other uses, and a ticket contains a secret.
    memory.zeroize();
}
