//! The ticket that a client offers.

use super::Handshake;
use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::Stage;
use crate::handshake::client::{Client, offer};
use crate::handshake::ticket::stored::{Offer, Ticket, TicketRefusal};
use crate::x509::UnixTime;

impl<'b, P: CryptoProvider> Handshake<'b, Client<P>> {
    /// Offers to resume the session that has given the ticket; to be called before the first poll. If the server accepts,
    /// neither side sends a certificate: of the [questions](crate::Step) only
    /// [`Authorize`](crate::Step::Authorize) is asked. If it does not, the handshake is a full one.
    /// [`Session::is_resumed`](crate::Session::is_resumed) tells.
    ///
    /// `credential` is the one that would be sent in a full handshake, and the one that the server knows us by from the
    /// ticket. `now` is by the clock that [`take_ticket`](crate::Session::take_ticket) was given, which must be trusted: a
    /// clock that stood still meanwhile would make the ticket live longer. Keep no copy of the ticket: used again, it shows
    /// to all on the way that the connections belong together.
    ///
    /// # Errors
    /// Why the ticket is not used. The handshake goes on without it.
    #[inline(never)]
    pub fn resume(
        &mut self,
        ticket: Ticket<'b>,
        credential: Option<&'b Credential<'b>>,
        now: UnixTime,
    ) -> Result<(), TicketRefusal> {
        if self.stage() != Stage::ClientHello || self.connection.offer.is_some() {
            return Err(TicketRefusal::Begun);
        }
        let offer = Offer::new(ticket, credential, now, self.connection.provider, self.config)?;
        let limit = self.connection.rx.record_size_limit();
        let len = offer::hello_len::<P>(offer.ticket, offer.psk.algorithm(), &self.entropy, self.config, limit);
        let (need, is_held) = self.connection.tx.holds_hello(len);
        if !is_held {
            return Err(TicketRefusal::TooLarge(u32::try_from(need).unwrap_or(u32::MAX)));
        }
        self.connection.offer = Some(offer);
        Ok(())
    }
}
