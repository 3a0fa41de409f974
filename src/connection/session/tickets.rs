//! Tickets for later connections (RFC 9846 section 4.7.1), as each side of a session has them.

use super::Session;
use crate::connection::machine::Machine;
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::handshake::Side;
use crate::handshake::client::Client;
use crate::handshake::proof::PeerAuthenticated;
use crate::handshake::server::Server;
use crate::x509::UnixTime;

impl<R: Side> Session<'_, R> {
    /// Tells whether this session resumes an earlier one, in which the peer has proved who it is.
    pub const fn is_resumed(&self) -> bool {
        matches!(self.proof.peer(), PeerAuthenticated::Resumed(_))
    }
}

impl<P: CryptoProvider> Session<'_, Client<P>> {
    /// Writes the last ticket that has come to `out`, forgets it, and returns its length: at most
    /// [`Ticket::MAX_LEN`](crate::Ticket::MAX_LEN). `None` if none has come since, or none that could be kept: it waits in
    /// the [peer memory](crate::Buffers::peer) behind the certificate of the server. To be called after a read, since
    /// tickets come with what is read, and `now` is when the ticket came.
    ///
    /// There is none of a session whose path was waived, or whose [time](crate::x509::Time) was unknown.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the length that is needed; the ticket stays.
    pub fn take_ticket(&mut self, now: UnixTime, out: &mut [u8]) -> Result<Option<usize>, Error> {
        self.tickets.take(now, out, &mut self.connection, &self.secrets, &self.proof)
    }
}

impl<P: CryptoProvider> Session<'_, Server<P>> {
    /// Sends the client another ticket, with the identity that it has now: after it has authenticated itself late, or before
    /// the first one expires. It leaves with the next poll. Returns `false` if the client takes none, or the configuration
    /// gives none.
    ///
    /// # Errors
    /// [`ApiMisuse::ClosedForWriting`] after [`close`](Self::close), or the sticky error.
    pub fn send_ticket(&mut self, now: UnixTime) -> Result<bool, Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        if self.closed {
            return Err(ApiMisuse::ClosedForWriting.into());
        }
        let takes = self.tickets.renew(now);
        self.send_messages().map_err(|error| self.fail(error))?;
        Ok(takes)
    }
}
