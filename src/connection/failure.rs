//! The failure of a connection, with everything that explains it.

use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, Diagnosis, Error, Stage};
use crate::handshake::connection::Connection;
use crate::handshake::{ClientAuthStatus, Negotiated};
use crate::role::Role;
use crate::x509::{PeerIdentity, Search, Time, Verdict};

/// The failure of a handshake or session, in either role, with everything that explains it.
#[derive(Clone, Copy)]
pub struct ConnectionFailure<'c, 'b> {
    /// The error.
    pub error: Error,
    /// The stage of the handshake at which it occurred; [`Stage::Done`] for a session.
    pub stage: Stage,
    /// Our role.
    pub(super) role: Role,
    pub(super) negotiated: &'c Negotiated<'b>,
    /// The search for the path of the peer.
    pub(super) search: &'c Search<'b, 'b>,
    pub(super) time: Time,
    /// A message, or a part of one, does not fit into `rx`, as opposed to a record.
    pub(super) message_too_large: bool,
}

debug_by_name!("ConnectionFailure", [] ConnectionFailure<'_, '_>);

/// The rejection of a client by an authenticated server, because of the certificate that it sent or did not send.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'b> {
    /// The server's alert. Its [class](AlertDescription::class) indicates whether a retry can help.
    pub alert: AlertDescription,
    /// The rejected credential; `None` if we sent none.
    pub credential: Option<&'b Credential<'b>>,
}

impl<'c, 'b> ConnectionFailure<'c, 'b> {
    pub(super) fn of<P: CryptoProvider>(connection: &'c Connection<'b, P>, role: Role) -> Option<Self> {
        let (error, stage) = connection.failure?;
        Some(Self {
            error,
            stage,
            role,
            negotiated: &connection.negotiated,
            search: &connection.peer,
            time: connection.peer.time(),
            message_too_large: connection.rx.is_message_too_large(),
        })
    }

    /// Returns the identity that the peer claims, after its first certificate was read. **It is not verified**: it
    /// serves to explain the failure, never to decide anything. `None` in a session, except for a chain received after
    /// the handshake: [`Session::peer`](crate::Session::peer) has the identity of the handshake.
    pub fn claimed_peer(&self) -> Option<PeerIdentity<'c>> {
        self.search.list().identity()
    }

    /// Returns the server's rejection of our answer to its certificate request, after its alert has ended the
    /// connection before it accepted us. Only the last of several answers counts.
    ///
    /// `None` before we have begun to send the answer, which goes only to an authenticated server: anyone on the
    /// network path can have sent an earlier alert. Also `None` on a server, and on a client that was never asked.
    pub const fn refusal(&self) -> Option<Refusal<'b>> {
        match (self.error, self.role) {
            (Error::AlertReceived(alert), Role::Client) if self.negotiated.certificate_sent => {
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

    /// Explains in full why the peer's certificates were rejected; `None` if they were not. **The data that it quotes
    /// from them is unverified**: use it for explanations, never for decisions.
    pub fn verdict(&self) -> Option<Verdict<'c>> {
        match self.error {
            Error::Certificate(_) => self.search.verdict(),
            _ => None,
        }
    }

    /// Names the failure, with the cause and who has to act. It states the usual cause; the [error](Self::error) and
    /// the [verdict](Self::verdict) state what was observed.
    pub fn diagnosis(&self) -> Diagnosis {
        self.diagnose()
    }

    /// Names the failure as [`diagnosis`](Self::diagnosis) does, with what the caller knows about the time. A server
    /// may be rejected before it has asked for the time, without which it cannot tell that its own certificate has
    /// expired.
    pub fn diagnosis_at(&self, time: Time) -> Diagnosis {
        Self { time, ..*self }.diagnose()
    }
}
