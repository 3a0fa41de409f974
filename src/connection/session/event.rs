//! The events and needs of a session.

use super::{ReceivedData, Session};
use crate::connection::machine::Machine;
use crate::connection::request::{AuthorizeRequest, CredentialRequest, SignRequest, TimeRequest};
use crate::error::Error;
use crate::handshake::late::Late;
use crate::handshake::{ClientAuthStatus, Question, Side, Stop};
use core::fmt;

/// The next event or need of a session. Questions come only from authentication after the handshake (feature
/// `post-handshake-auth`).
#[must_use]
#[allow(clippy::large_enum_variant, reason = "lives on the stack for the time of an answer, and there is no heap")]
#[non_exhaustive]
pub enum Event<'c, 'b, R: Side> {
    /// Write [`tx_pending`](Session::tx_pending) to the transport.
    Transmit,
    /// Read from the transport into [`rx_space`](Session::rx_space).
    NeedInput,
    /// Application data, borrowed from `rx` and offered again until it is consumed.
    Data(ReceivedData<'c, 'b, R>),
    /// The peer will send no more data; we still may (RFC 9846 section 6.1).
    PeerClosed,
    /// Both sides have closed.
    Closed,
    /// On a client: the server requests our certificate. Nothing more is received until this is answered; a dropped
    /// request is offered again.
    Credential(CredentialRequest<'c, 'b>),
    /// On a client: sign with the key of the chosen credential. It takes the place of [`NeedInput`](Self::NeedInput):
    /// if signing takes time, drop the token, read from the transport and continue; data flows in both directions.
    ///
    /// If the server sends another request in the meantime, that request and everything after it waits in `rx` until
    /// this one is answered. Once [`rx_space`](Session::rx_space) is empty, only the signature lets the session
    /// continue. Do not read then: reading zero bytes looks like the end of the transport.
    Sign(SignRequest<'c, 'b>),
    /// On a server: provide the time, to validate the client's chain.
    Time(TimeRequest<'c, 'b>),
    /// On a server: a public-key operation was done. Let other tasks run, then poll again.
    Yield,
    /// On a server: authorize the authenticated client.
    Authorize(AuthorizeRequest<'c, 'b>),
    /// On a server: the client has answered the last request for its certificate. `Accepted`: [`Session::peer`] now
    /// returns its identity. `Declined`: it sent no certificate, and nothing has changed.
    ClientAuth(ClientAuthStatus),
}

/// An [`Event`] before it borrows from the session: a [`Stop`], or what only a session has.
#[derive(Clone, Copy)]
pub(super) enum SessionStop<'b> {
    Stop(Stop<'b>),
    Data,
    PeerClosed,
    Closed,
}

impl<'b> SessionStop<'b> {
    /// Returns the reason for a driver to stop: it is done when there is data, or an end.
    pub(super) const fn stop(self) -> Stop<'b> {
        match self {
            // The session keeps the client's answer.
            Self::Stop(Stop::Done) => Stop::Yield,
            Self::Stop(stop) => stop,
            Self::Data | Self::PeerClosed | Self::Closed => Stop::Done,
        }
    }
}

impl<R: Side> fmt::Debug for Event<'_, '_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transmit => "Transmit",
            Self::NeedInput => "NeedInput",
            Self::Data(_) => "Data",
            Self::PeerClosed => "PeerClosed",
            Self::Closed => "Closed",
            Self::Credential(_) => "Credential",
            Self::Sign(_) => "Sign",
            Self::Time(_) => "Time",
            Self::Yield => "Yield",
            Self::Authorize(_) => "Authorize",
            Self::ClientAuth(_) => "ClientAuth",
        })
    }
}

impl<'b, R: Side> Session<'b, R> {
    /// Returns the event of a stop, with what it borrows.
    pub(super) fn event(&mut self, next: SessionStop<'b>) -> Result<Event<'_, 'b, R>, Error> {
        Ok(match next {
            SessionStop::Stop(Stop::Transmit) => Event::Transmit,
            SessionStop::Stop(Stop::NeedInput) => Event::NeedInput,
            SessionStop::Stop(Stop::Yield) => Event::Yield,
            SessionStop::Stop(Stop::Ask(Question::Time)) => Event::Time(TimeRequest { machine: self }),
            SessionStop::Stop(Stop::Ask(Question::Credential)) => {
                Event::Credential(CredentialRequest { machine: self })
            }
            SessionStop::Stop(Stop::Ask(Question::Authorize)) => Event::Authorize(AuthorizeRequest { machine: self }),
            SessionStop::Stop(Stop::Ask(Question::Sign(credential))) => {
                let input = self.sign_input(credential).map_err(|error| self.fail(error))?;
                Event::Sign(SignRequest { machine: self, input })
            }
            SessionStop::Stop(Stop::Done) => match self.late.last_answer() {
                Some(status) => Event::ClientAuth(status),
                None => Event::NeedInput,
            },
            SessionStop::Data => Event::Data(ReceivedData { rx: &mut self.connection.rx }),
            SessionStop::PeerClosed => Event::PeerClosed,
            SessionStop::Closed => Event::Closed,
        })
    }
}
