//! Tickets for later connections (RFC 9846 section 4.7.1), on each side of a session.

use super::Session;
use crate::connection::machine::Machine;
use crate::crypto::CryptoProvider;
use crate::error::{ApiMisuse, Error};
use crate::handshake::client::Client;
use crate::handshake::server::Server;
use crate::x509::UnixTime;

impl<P: CryptoProvider> Session<'_, Client<P>> {
    /// Moves the last received ticket to `out`, and returns its length: at most
    /// [`Ticket::MAX_LEN`](crate::Ticket::MAX_LEN). `None` if no ticket has arrived since the last call, or none that
    /// could be stored: tickets are stored in the [peer memory](crate::Buffers::peer) after the server's certificate.
    /// Call this after a read, since tickets arrive with data, and `now` must be the time of arrival.
    ///
    /// A session whose path was waived, or whose [time](crate::x509::Time) was unknown, has no ticket.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the required length; the ticket remains. Otherwise the sticky error.
    pub fn take_ticket(&mut self, now: UnixTime, out: &mut [u8]) -> Result<Option<usize>, Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        self.tickets.take(now, out, &mut self.connection, &self.secrets, &self.proof)
    }
}

impl<P: CryptoProvider> Session<'_, Server<P>> {
    /// Sends the client another ticket, for its current identity: after post-handshake authentication, or before the
    /// first ticket expires. It is sent with the next poll. Returns `false` if the client accepts no tickets, if the
    /// configuration issues none or [does not name](crate::ServerConfig::with_post_handshake_anchors) the trust anchors
    /// of the client's current identity, or after 256 tickets of this session.
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
        let takes = self.tickets.renew(now, &mut self.connection);
        self.send_messages().map_err(|error| self.fail(error))?;
        Ok(takes)
    }
}
