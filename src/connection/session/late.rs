//! Authentication of the client after the handshake (RFC 9846 section 4.7.2), on each side of a session.

use super::Session;
use crate::connection::machine::Machine;
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::handshake::ClientAuthStatus;
use crate::handshake::config::ClientAuth;
use crate::handshake::late::Late;
use crate::handshake::server::Server;

impl<'b, P: CryptoProvider> Session<'b, Server<P>> {
    /// Requests the client's certificate (RFC 9846 section 4.7.2). The next poll sends the request; the client answers
    /// when it can, and application data continues to flow until then. Its answer is verified as in the handshake:
    /// [`Event::Time`], [`Event::Yield`], [`Event::Authorize`], and then [`Event::ClientAuth`].
    ///
    /// `client_auth` names the trust anchors. With [`ClientAuth::Required`] a client that sends no certificate is
    /// rejected with `certificate_required`; with [`ClientAuth::Optional`] that is an event. In response to another
    /// request, the client may send another certificate; until it has, [`peer`](Self::peer) returns the earlier
    /// identity. Its summary stays in the lent peer memory, so two have to fit.
    ///
    /// Only a client that sent `post_handshake_auth` may be asked (RFC 9846 section 4.3.6).
    ///
    /// # Errors
    /// [`ApiMisuse::PostHandshakeAuthNotOffered`] if the client did not offer it; [`ApiMisuse::RequestPending`] if the
    /// last request is not yet answered; [`ApiMisuse::NoTrustAnchors`] with [`ClientAuth::None`];
    /// [`ApiMisuse::ClosedForWriting`] after [`close`](Self::close), and after the client has closed. These leave the
    /// session unchanged. Other errors are sticky.
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

    /// Returns the client's answer to the last [`request_certificate`](Self::request_certificate), as reported by
    /// [`Event::ClientAuth`]; `None` before the answer, or if nothing was requested.
    ///
    /// [`Event::ClientAuth`]: crate::Event::ClientAuth
    pub fn certificate_answer(&self) -> Option<ClientAuthStatus> {
        self.late.last_answer()
    }
}
