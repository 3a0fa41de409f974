//! Authentication of the client after the handshake (RFC 9846 section 4.7.2), as each side of a session has it.

use super::Session;
use crate::connection::machine::Machine;
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::handshake::config::ClientAuth;
use crate::handshake::late::Late;
use crate::handshake::server::Server;
use crate::handshake::{ClientAuthStatus, Side};

impl<'b, P: CryptoProvider> Session<'b, Server<P>> {
    /// Asks the client who it is (RFC 9846 section 4.7.2). The request leaves with the next poll; the
    /// client answers when it can, and its data goes on flowing until then. Its answer is verified as in the
    /// handshake: [`Event::Time`], [`Event::Yield`], [`Event::Authorize`], and then [`Event::ClientAuth`].
    ///
    /// `client_auth` names the trust anchors. With [`ClientAuth::Required`] a client that sends no certificate is
    /// refused with `certificate_required`; with [`ClientAuth::Optional`] that is an event. Asked again, the client
    /// may send another certificate; until it has, [`peer`](Self::peer) is who it was. What is kept of that one
    /// stays in the lent peer memory, so two have to fit.
    ///
    /// # Errors
    /// [`ApiMisuse::PostHandshakeAuthNotOffered`] if the client did not offer it;
    /// [`ApiMisuse::RequestPending`] before the last request is answered;
    /// [`ApiMisuse::NoTrustAnchors`] with [`ClientAuth::None`]; [`ApiMisuse::ClosedForWriting`] after
    /// [`close`](Self::close), and once the client has closed and answers nothing more. They leave the session as it was.
    /// Other errors are sticky.
    ///
    /// [`Event::Time`]: crate::Event::Time
    /// [`Event::Yield`]: crate::Event::Yield
    /// [`Event::Authorize`]: crate::Event::Authorize
    /// [`Event::ClientAuth`]: crate::Event::ClientAuth
    pub fn request_certificate(&mut self, client_auth: ClientAuth<'b>) -> Result<(), Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        if self.closed || self.peer_closed {
            return Err(ApiMisuse::ClosedForWriting.into());
        }
        self.late.request(client_auth, &mut self.connection)?;
        self.send_messages().map_err(|error| self.fail(error))
    }

    /// Gives the answer of the client to the last [`request_certificate`](Self::request_certificate), as
    /// [`Event::ClientAuth`] has said it; `None` before it has answered, and if nothing was asked.
    ///
    /// [`Event::ClientAuth`]: crate::Event::ClientAuth
    pub fn certificate_answer(&self) -> Option<ClientAuthStatus> {
        self.late.last_answer()
    }
}

impl<R: Side> Session<'_, R> {
    /// Tells whether the client has offered to answer a request for its certificate after the handshake.
    pub const fn can_request_certificate(&self) -> bool {
        self.connection.negotiated.post_handshake_auth
    }
}
