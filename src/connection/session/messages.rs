//! Messages after the handshake (RFC 9846 section 4.7).

use super::Session;
use crate::error::{Error, PeerMisbehaved};
use crate::handshake::Side;
use crate::handshake::late::Late;
#[cfg(feature = "resumption")]
use crate::handshake::ticket::Tickets;
use crate::limits::{MAX_KEY_UPDATES, MAX_TICKETS};
use crate::record::outbound::Written;
use crate::role::Role;
use crate::wire::enums::HandshakeType;
use crate::wire::key_update::KeyUpdate;
use crate::wire::new_session_ticket::NewSessionTicket;

impl<R: Side> Session<'_, R> {
    /// Records received application data: messages may follow again, and the data may be a response to ours.
    pub(super) fn data_received(&mut self) {
        self.key_updates.left = MAX_KEY_UPDATES;
        self.tickets_left = MAX_TICKETS;
        self.late.data_received();
        // The peer cannot respond to data that is still here.
        let tx = &self.connection.tx;
        let is_response = tx.has_sent_data() && tx.pending().is_empty();
        let accepted = self.connection.negotiated.client_auth.data_received(is_response);
        self.record_acceptance(accepted);
    }

    /// Handles one message after the handshake. Returns `false` if more of it has to be received, or something else has
    /// to happen first.
    pub(super) fn handle_message(&mut self) -> Result<bool, Error> {
        let ticket = match R::ROLE {
            Role::Client => HandshakeType::NEW_SESSION_TICKET,
            Role::Server => HandshakeType::KEY_UPDATE,
        };
        let late = self.late.expects().unwrap_or(HandshakeType::KEY_UPDATE);
        let Some(header) = self.connection.receive_header(&[HandshakeType::KEY_UPDATE, ticket, late])? else {
            return Ok(false);
        };
        match header.kind {
            HandshakeType::NEW_SESSION_TICKET => return self.handle_ticket(header.total()),
            // We sent close_notify and cannot answer, and data may follow the request.
            HandshakeType::CERTIFICATE_REQUEST if self.closed => {
                self.connection.rx.discard(header.total());
                return self.count_message();
            }
            HandshakeType::KEY_UPDATE => {}
            _ => return self.late.begin(&mut self.connection),
        }
        if !self.connection.rx.receive(header.total())? {
            return Ok(false);
        }
        let update = self.connection.rx.current(KeyUpdate::parse)?;
        self.connection.rx.consume_message();
        self.handle_key_update(update).map(|()| true)
    }

    /// Handles a ticket. One that fits is parsed, and stored with the feature `resumption`; a larger one is dropped
    /// unread.
    ///
    /// RFC 9846 section 4.7.1.
    fn handle_ticket(&mut self, total: usize) -> Result<bool, Error> {
        if self.connection.rx.could_hold(total) {
            if !self.connection.rx.receive(total)? {
                return Ok(false);
            }
            let ticket = self.connection.rx.current(NewSessionTicket::parse)?;
            debug!("received a session ticket, valid for {} s", ticket.lifetime);
            #[cfg(feature = "resumption")]
            self.tickets.receive(&mut self.connection)?;
            self.connection.rx.consume_message();
        } else {
            self.connection.rx.discard(total);
        }
        // While we are sending an answer, the ticket is about the state before it.
        let accepted = !self.connection.tx.is_in_flight() && self.connection.negotiated.client_auth.ticket_received();
        self.record_acceptance(accepted);
        self.count_message()
    }

    /// Counts a dropped message.
    fn count_message(&mut self) -> Result<bool, Error> {
        self.tickets_left = self.tickets_left.checked_sub(1).ok_or(PeerMisbehaved::TooManyMessages)?;
        Ok(true)
    }

    /// RFC 9846 section 4.7.3: the receiver "MUST update its receiving keys", and answers a request
    /// with "a KeyUpdate of its own with `request_update` set to '`update_not_requested`'".
    fn handle_key_update(&mut self, update: KeyUpdate) -> Result<(), Error> {
        self.key_updates.left = self.key_updates.left.checked_sub(1).ok_or(PeerMisbehaved::TooManyKeyUpdates)?;
        self.key_updates.awaited = false;
        self.secrets.receiving.update()?;
        self.connection
            .rx
            .set_protection(self.secrets.receiving.protection(self.connection.negotiated.cipher_suite)?)?;
        // The same: "an implementation which receives multiple KeyUpdates while it is silent" may "respond with a
        // single update". As long as ours is unsent, we are silent.
        let is_answered = self.key_updates.due.is_some() || self.key_updates.unsent > 0;
        if update == KeyUpdate::Requested && !is_answered && !self.closed {
            self.key_updates.due = Some(KeyUpdate::NotRequested);
            self.send_messages()?;
        }
        Ok(())
    }

    /// Sends what is due, as far as there is space: first a started flight, then the KeyUpdate. Called when something
    /// becomes due and when the transport frees space, so that application data need not check.
    pub(super) fn send_messages(&mut self) -> Result<(), Error> {
        // Nothing follows a close_notify (RFC 9846 section 6.1), even if it cuts an answer short.
        if self.closed {
            return Ok(());
        }
        if self.connection.tx.is_in_flight() {
            self.late.send(&mut self.connection, &self.secrets)?;
        }
        if self.connection.tx.is_in_flight() {
            return Ok(());
        }
        #[cfg(feature = "resumption")]
        self.tickets.send(&mut self.connection, &self.secrets, &self.proof)?;
        self.send_key_update()
    }

    /// Sends the KeyUpdate that is due if there is space, and changes the sending keys.
    fn send_key_update(&mut self) -> Result<(), Error> {
        let Some(update) = self.key_updates.due else { return Ok(()) };
        if self.connection.send_apart(HandshakeType::KEY_UPDATE, &|w| update.emit(w))? == Written::AfterTransmit {
            return Ok(());
        }
        self.key_updates.awaited |= update == KeyUpdate::Requested;
        self.secrets.sending.update()?;
        self.connection.tx.set_protection(self.secrets.sending.protection(self.connection.negotiated.cipher_suite)?)?;
        self.key_updates.due = None;
        self.key_updates.unsent = self.connection.tx.pending().len();
        Ok(())
    }
}
