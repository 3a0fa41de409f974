//! The failure of a connection, and all that explains it.

use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, Diagnosis, Error, Stage};
use crate::handshake::connection::Connection;
use crate::handshake::{ClientAuthStatus, Negotiated};
use crate::x509::{PeerIdentity, Purpose, Search, Time, Verdict};

/// The failure of a handshake or of a session, in either role: why it failed, and all that explains it.
#[derive(Clone, Copy)]
pub struct ConnectionFailure<'c, 'b> {
    pub(super) error: Error,
    /// [`Stage::Done`] of a session.
    pub(super) stage: Stage,
    /// The purpose of our own certificate.
    pub(super) purpose: Purpose,
    pub(super) negotiated: &'c Negotiated<'b>,
    /// The search for the path of the peer.
    pub(super) search: &'c Search<'b, 'b>,
    pub(super) time: Time,
    /// It is a message, or a part of one, that does not fit into `rx`, and not a record.
    pub(super) message_too_large: bool,
}

debug_by_name!("ConnectionFailure", [] ConnectionFailure<'_, '_>);

/// The refusal of a client by a server that has proved who it is, because of what it sent, or did not send.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'b> {
    /// The alert of the server. Its [class](AlertDescription::class) says whether trying again can help.
    pub alert: AlertDescription,
    /// The credential that was refused; `None` if we sent none.
    pub credential: Option<&'b Credential<'b>>,
}

impl<'c, 'b> ConnectionFailure<'c, 'b> {
    pub(super) fn of<P: CryptoProvider>(connection: &'c Connection<'b, P>, purpose: Purpose) -> Option<Self> {
        let (error, stage) = connection.failure?;
        Some(Self {
            error,
            stage,
            purpose,
            negotiated: &connection.negotiated,
            search: &connection.peer,
            time: connection.peer.time(),
            message_too_large: connection.rx.is_message_too_large(),
        })
    }

    /// The error.
    pub const fn error(&self) -> Error {
        self.error
    }

    /// The stage of the handshake at which it occurred; [`Stage::Done`] of a session.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// See [`Handshake::claimed_peer`](crate::Handshake::claimed_peer). `None` in a session, except for a chain received
    /// after the handshake:
    /// [`Session::peer`](crate::Session::peer) has the identity of the handshake.
    pub fn claimed_peer(&self) -> Option<PeerIdentity<'c>> {
        self.search.list().identity()
    }

    /// Tells how the server has refused our answer to its request for a certificate: once an alert of the server has
    /// ended the connection before it has accepted us. Of several answers the last one counts.
    ///
    /// `None` before the answer has begun to leave, which it does only to a server that has proved who it is: anybody on the
    /// way can have sent an alert that comes earlier. `None` on a server, and of a client that was never asked.
    pub const fn refusal(&self) -> Option<Refusal<'b>> {
        match (self.error, self.purpose) {
            (Error::AlertReceived(alert), Purpose::ClientAuth) if self.negotiated.certificate_sent => {
                match self.negotiated.client_auth.unconfirmed() {
                    Some(ClientAuthStatus::Presented) => {
                        Some(Refusal { alert, credential: self.negotiated.credential })
                    }
                    Some(_) => Some(Refusal { alert, credential: None }),
                    None => None,
                }
            }
            _ => None,
        }
    }

    /// Explains why the certificates of the peer were refused, in full; `None` if they were not. **Nothing of what it
    /// lends from them is verified**: it explains, and decides nothing.
    pub fn verdict(&self) -> Option<Verdict<'c>> {
        match self.error {
            Error::Certificate(_) => self.search.verdict(),
            _ => None,
        }
    }

    /// Names the failure, with the cause and who has to act. It says what is usual: the
    /// [error](Self::error) and the [verdict](Self::verdict) are what was observed.
    pub fn diagnosis(&self) -> Diagnosis {
        self.diagnose()
    }

    /// Names the failure as [`diagnosis`](Self::diagnosis) does, with what the caller knows about the time. A server is
    /// refused before it has asked for the time, and cannot tell without that its own certificate has expired.
    pub fn diagnosis_at(&self, time: Time) -> Diagnosis {
        Self { time, ..*self }.diagnose()
    }
}
