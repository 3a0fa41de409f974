//! The ticket that a client offers.

use super::Handshake;
use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::Stage;
use crate::handshake::client::Client;
use crate::handshake::ticket::stored::{Offer, PublicPart, Ticket, TicketError};
use crate::x509::UnixTime;

impl<'b, P: CryptoProvider> Handshake<'b, Client<P>> {
    /// Offers to resume the session that the ticket is from. Call this before the first poll. If the server accepts,
    /// neither side sends a certificate, and [`Authorize`](crate::Step::Authorize) is the only [question](crate::Step).
    /// If it does not, there is a full handshake; [`NegotiatedParameters::resumed`](crate::NegotiatedParameters::resumed)
    /// tells which it was.
    ///
    /// The ticket is copied to the [peer memory](crate::Buffers::peer) until the server has answered.
    ///
    /// `credential` is the one that a full handshake would send, and by which the server knows us from the ticket.
    /// `now` is from the same clock as in [`take_ticket`](crate::Session::take_ticket), which must be trusted: a clock
    /// that stood still meanwhile would extend the lifetime of the ticket. Keep no copy of the ticket: using it twice
    /// reveals to observers that the connections belong together.
    ///
    /// # Errors
    /// The reason why the ticket is not used. The handshake continues without it.
    #[inline(never)]
    pub fn resume(
        &mut self,
        ticket: Ticket<'_>,
        credential: Option<&'b Credential<'b>>,
        now: UnixTime,
    ) -> Result<(), TicketError> {
        if self.stage() != Stage::ClientHello || self.connection.offer.is_some() {
            return Err(TicketError::Begun);
        }
        let (offer, public) = Offer::new(ticket, credential, now, self.connection.provider, self.config)?;
        let leaf_len = PublicPart::parse(public).map_or(0, |part| part.leaf_len());
        let too_large = |need| TicketError::TooLargeForPeer(u32::try_from(need).unwrap_or(u32::MAX));
        self.connection.peer.memory_mut().keep_ticket(public, leaf_len).map_err(too_large)?;
        self.connection.offer = Some(offer);
        Ok(())
    }
}
