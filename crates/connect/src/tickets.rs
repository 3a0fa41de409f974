//! Tickets, with which a connector resumes its last session (RFC 9846 section 2.2).

use crate::resumption::Resume;
use core::cell::RefCell;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls::{Client, Credential, Error, Handshake, Session, Ticket, TicketError};

/// Memory for the ticket of one server: the last one that arrived, until the next connection offers it.
///
/// A ticket is offered once, and dropped if the server does not accept it, or if the handshake fails. It is a secret, see
/// [`Ticket`].
pub struct Tickets<'b> {
    slot: RefCell<Slot<'b>>,
    clock: fn() -> Time,
}

/// A ticket, and what is known of it.
struct Slot<'b> {
    memory: &'b mut [u8],
    /// Bytes of the ticket; 0 if there is none.
    len: usize,
    /// Our credential by which the server knows us.
    credential: Option<&'b Credential<'b>>,
    last_refusal: Option<TicketError>,
}

impl<'b> Tickets<'b> {
    /// Lends memory for a ticket; [`Ticket::MAX_LEN`] bytes hold any. Without a trusted time from the clock, no ticket is
    /// stored or offered.
    pub const fn new(memory: &'b mut [u8], clock: fn() -> Time) -> Self {
        Self { slot: RefCell::new(Slot { memory, len: 0, credential: None, last_refusal: None }), clock }
    }

    /// Returns whether there is a ticket for the next connection.
    pub fn is_empty(&self) -> bool {
        self.slot.borrow().len == 0
    }

    /// Wipes the ticket, so that the next connection has a full handshake: after a credential was replaced.
    pub fn clear(&self) {
        self.slot.borrow_mut().clear();
    }

    /// Returns why the last ticket was not offered; `None` if it was.
    pub fn last_refusal(&self) -> Option<TicketError> {
        self.slot.borrow().last_refusal
    }

    /// Stores a ticket that [`take`](Self::take) has returned, for a device that keeps it in flash while it sleeps. `credential`
    /// is the one that was [sent](Session::sent_credential) in that session. Erase the ticket where it was stored before
    /// the next connection: it is for one use. Returns `false` if it does not fit.
    pub fn put(&self, ticket: &[u8], credential: Option<&'b Credential<'b>>) -> bool {
        let slot = &mut *self.slot.borrow_mut();
        slot.clear();
        let Some(place) = slot.memory.get_mut(..ticket.len()) else { return false };
        place.copy_from_slice(ticket);
        (slot.len, slot.credential) = (ticket.len(), credential);
        true
    }

    /// Moves the ticket to `out` and returns its length; `None` if there is none, or it does not fit.
    pub fn take(&self, out: &mut [u8]) -> Option<usize> {
        let slot = &mut *self.slot.borrow_mut();
        let ticket = slot.memory.get(..slot.len).filter(|ticket| !ticket.is_empty())?;
        out.get_mut(..ticket.len())?.copy_from_slice(ticket);
        let len = slot.len;
        slot.clear();
        Some(len)
    }

    /// Stores the ticket that a session has received, if there is one, in place of the one before. A
    /// [`Connection`](crate::Connection) does this after each read; a [`Split`](crate::split::Split) session leaves it to
    /// its program.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] with the size that the memory would have to have.
    pub fn keep<P: CryptoProvider>(&self, session: &mut Session<'b, Client<P>>) -> Result<bool, Error> {
        let Some(now) = self.now() else { return Ok(false) };
        let slot = &mut *self.slot.borrow_mut();
        let taken = session.take_ticket(now, slot.memory);
        if taken.is_err() {
            slot.clear();
        }
        let taken = taken?;
        if let Some(len) = taken {
            (slot.len, slot.credential) = (len, session.sent_credential());
        }
        Ok(taken.is_some())
    }

    fn now(&self) -> Option<UnixTime> {
        match (self.clock)() {
            Time::Trusted(now) => Some(now),
            _ => None,
        }
    }
}

impl<'b, P: CryptoProvider> Resume<'b, Client<P>> for Tickets<'b> {
    fn offer(&self, handshake: &mut Handshake<'b, Client<P>>) {
        let Some(now) = self.now() else { return };
        let slot = &mut *self.slot.borrow_mut();
        if let Some(ticket) = slot.memory.get_mut(..slot.len).filter(|ticket| !ticket.is_empty()) {
            slot.last_refusal = handshake.resume(Ticket::new(ticket), slot.credential, now).err();
            slot.clear();
        }
    }

    fn keep(&self, session: &mut Session<'b, Client<P>>) -> Result<bool, Error> {
        Tickets::keep(self, session)
    }
}

impl Slot<'_> {
    fn clear(&mut self) {
        self.memory.fill(0);
        (self.len, self.credential) = (0, None);
    }
}

impl core::fmt::Debug for Tickets<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Tickets")
    }
}
