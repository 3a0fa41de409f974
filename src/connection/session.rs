//! The session after the handshake: application data both ways.

use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, ApiMisuse, Error, InvalidMessage, PeerMisbehaved};
use crate::handshake::{ClientAuthStatus, Context, Established, Negotiated};
use crate::key_schedule::{ApplicationEpoch, ExporterSecret, Receiving, Sending, TrafficSecret};
use crate::limits::{KEY_UPDATE_AT, MAX_KEY_UPDATES, MAX_TICKET, MAX_TICKETS};
use crate::record::inbound::{Inbound, Received};
use crate::record::outbound::{Outbound, Written};
use crate::wire::enums::{CipherSuite, HandshakeType, NamedGroup};
use crate::wire::handshake;
use crate::wire::key_update::KeyUpdate;
use crate::wire::new_session_ticket::NewSessionTicket;
use crate::x509::{LeafSummary, PathFound, PeerIdentity};

/// An authenticated connection. Made only from a [`Handshake`](crate::Handshake) in which every check
/// has passed; the same for both roles.
///
/// The law of the handshake holds here, too: errors are final and sticky, and their alert waits in
/// [`tx_pending`](Self::tx_pending).
pub struct Session<'b, C: CryptoProvider> {
    rx: Inbound<'b, C>,
    tx: Outbound<'b, C>,
    peer: LeafSummary<'b>,
    negotiated: Negotiated<'b>,
    sending: TrafficSecret<C, ApplicationEpoch, Sending>,
    receiving: TrafficSecret<C, ApplicationEpoch, Receiving>,
    exporter: ExporterSecret<C>,
    is_client: bool,
    key_updates: KeyUpdates,
    tickets_left: u8,
    peer_closed: bool,
    closed: bool,
    failure: Option<Error>,
}

/// Where both sides are with their key updates (RFC 9846 section 4.7.3).
struct KeyUpdates {
    /// What we have to send as soon as there is room.
    due: Option<KeyUpdate>,
    /// The peer was asked to change its keys and has not done it yet.
    awaited: bool,
    /// How many the peer may still send before it has to send data.
    left: u8,
}

/// What a session needs, or has.
#[must_use]
#[non_exhaustive]
pub enum Event<'c, 'b, C: CryptoProvider> {
    /// Write [`tx_pending`](Session::tx_pending) to the transport.
    Transmit,
    /// Read from the transport into [`rx_space`](Session::rx_space).
    NeedInput,
    /// Application data, lent where it lies; offered again until it is consumed.
    Data(ReceivedData<'c, 'b, C>),
    /// The peer will send nothing more; we still may (RFC 9846 section 6.1).
    PeerClosed,
    /// Both sides have closed.
    Closed,
}

/// Received application data. What is not consumed is offered again.
pub struct ReceivedData<'c, 'b, C: CryptoProvider> {
    rx: &'c mut Inbound<'b, C>,
}

/// Room in `tx` into which plaintext is written, to be encrypted in place.
pub struct PlaintextBuffer<'c, 'b, C: CryptoProvider> {
    session: &'c mut Session<'b, C>,
}

impl<'b, C: CryptoProvider> Session<'b, C> {
    /// Everything that was to be proved is in `established`.
    pub(super) fn new(context: Context<'b, C>, established: Established<C>, is_client: bool) -> Self {
        let Established { sending, receiving, exporter, peer, finished } = established;
        peer.with(finished);
        let mut rx = context.rx;
        rx.end_handshake();
        Self {
            rx,
            tx: context.tx,
            peer: context.peer.into_identity(),
            negotiated: context.negotiated,
            sending,
            receiving,
            exporter,
            is_client,
            key_updates: KeyUpdates { due: None, awaited: false, left: MAX_KEY_UPDATES },
            tickets_left: MAX_TICKETS,
            peer_closed: false,
            closed: false,
            failure: None,
        }
    }

    /// Goes on as far as possible and says what comes next.
    ///
    /// # Errors
    /// Why the session failed. Final: every later call gives the same error.
    pub fn poll(&mut self) -> Result<Event<'_, 'b, C>, Error> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        self.run(true)
    }

    /// As [`poll`](Self::poll), but looks at what was received although something waits to be sent: for a
    /// transport that takes nothing more and may still hold the alert that says why.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn poll_received(&mut self) -> Result<Event<'_, 'b, C>, Error> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        self.run(false)
    }

    fn run(&mut self, transmit: bool) -> Result<Event<'_, 'b, C>, Error> {
        match self.next(transmit) {
            Ok(Next::Transmit) => Ok(Event::Transmit),
            Ok(Next::NeedInput) => Ok(Event::NeedInput),
            Ok(Next::Data) => Ok(Event::Data(ReceivedData { rx: &mut self.rx })),
            Ok(Next::PeerClosed) => Ok(Event::PeerClosed),
            Ok(Next::Closed) => Ok(Event::Closed),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Encrypts as much of `data` as `tx` has room for and gives the number of bytes taken; 0 means
    /// that [`tx_pending`](Self::tx_pending) has to be written first.
    ///
    /// # Errors
    /// [`ApiMisuse::ClosedForWriting`] after [`close`](Self::close), or the sticky error.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut buffer = self.reserve()?;
        let room = buffer.bytes();
        let count = room.len().min(data.len());
        if let (Some(room), Some(data)) = (room.get_mut(..count), data.get(..count)) {
            room.copy_from_slice(data);
        }
        buffer.seal(count)?;
        Ok(count)
    }

    /// Room for plaintext in `tx`, up to one record; empty if `tx` has to be drained first.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn reserve(&mut self) -> Result<PlaintextBuffer<'_, 'b, C>, Error> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        if self.closed {
            return Err(ApiMisuse::ClosedForWriting.into());
        }
        // RFC 9846 section 5.5: keys are changed before they wear out.
        if self.tx.sequence() >= KEY_UPDATE_AT && self.key_updates.due.is_none() {
            self.key_updates.due = Some(KeyUpdate::NotRequested);
        }
        if let Err(error) = self.send_key_update() {
            return Err(self.fail(error));
        }
        Ok(PlaintextBuffer { session: self })
    }

    /// Changes our keys and, unless that is already asked of it, asks the peer to change its own (RFC 9846
    /// section 4.7.3). The message
    /// waits in [`tx_pending`](Self::tx_pending), or, if there is no room now, leaves as soon as there is.
    pub fn request_key_update(&mut self) {
        if !self.closed && self.failure.is_none() {
            // RFC 9846 section 4.7.3: no second request before the first is answered.
            let update = if self.key_updates.awaited { KeyUpdate::NotRequested } else { KeyUpdate::Requested };
            self.key_updates.due = Some(update);
            if let Err(error) = self.send_key_update() {
                self.fail(error);
            }
        }
    }

    /// Keying material of this connection for other uses (RFC 9846 section 7.5, RFC 5705).
    ///
    /// # Errors
    /// [`ApiMisuse::ExportLength`] for more than 255 hash lengths or a label over 249 bytes.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        self.exporter.export(label, context, out)
    }

    /// Says that we will send nothing more. What the peer still sends can be read; the alert leaves
    /// with the next poll that transmits. Idempotent.
    pub fn close(&mut self) {
        if !self.closed && self.failure.is_none() {
            self.closed = true;
            if let Err(error) = self.tx.alert(AlertDescription::CLOSE_NOTIFY) {
                self.fail(error);
            }
        }
    }

    /// Who the peer is: always known on a client; on a server if the client sent a certificate.
    pub fn peer(&self) -> Option<PeerIdentity<'_>> {
        self.peer.identity()
    }

    /// The path from the peer's certificate to a trust anchor: its depth, and which anchor; `None` of an
    /// anonymous client.
    pub const fn path(&self) -> Option<PathFound> {
        self.negotiated.path
    }

    /// Whether the client was asked who it is, and answered.
    pub const fn client_auth(&self) -> ClientAuthStatus {
        self.negotiated.client_auth
    }

    /// The application protocol that was agreed on (RFC 7301).
    pub const fn alpn(&self) -> Option<&'b [u8]> {
        self.negotiated.protocol
    }

    /// The cipher suite.
    pub const fn cipher_suite(&self) -> CipherSuite {
        self.negotiated.cipher_suite
    }

    /// The group of the key exchange.
    pub const fn group(&self) -> NamedGroup {
        self.negotiated.group
    }

    /// Where the transport writes what it reads.
    pub fn rx_space(&mut self) -> &mut [u8] {
        self.rx.space()
    }

    /// The transport has written `count` bytes to the start of [`rx_space`](Self::rx_space).
    ///
    /// # Errors
    /// [`ApiMisuse::CommitTooLarge`] if that is more than there is.
    pub fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.rx.commit(count).map_err(|error| self.fail(error))
    }

    /// The transport has ended. Without a `close_notify` before it, that is an error: data may be missing.
    pub fn rx_eof(&mut self) {
        self.rx.set_eof();
    }

    /// Bytes to write to the transport; after an error, its alert.
    pub fn tx_pending(&self) -> &[u8] {
        self.tx.pending()
    }

    /// The transport has taken `count` bytes of [`tx_pending`](Self::tx_pending). More than were
    /// pending counts as all of them.
    pub fn tx_consume(&mut self, count: usize) {
        self.tx.consume(count);
    }

    fn next(&mut self, transmit: bool) -> Result<Next, Error> {
        self.send_key_update()?;
        if transmit && !self.tx.pending().is_empty() {
            return Ok(Next::Transmit);
        }
        if self.rx.has_data() {
            return Ok(Next::Data);
        }
        if self.peer_closed {
            return Ok(if self.closed { Next::Closed } else { Next::PeerClosed });
        }
        loop {
            let received = if self.rx.handshake().is_empty() { self.rx.next_record()? } else { Received::Handshake };
            match received {
                Received::NeedInput => return Ok(Next::NeedInput),
                Received::Data => {
                    self.key_updates.left = MAX_KEY_UPDATES;
                    self.tickets_left = MAX_TICKETS;
                    return Ok(Next::Data);
                }
                Received::Alert(AlertDescription::CLOSE_NOTIFY) => {
                    self.peer_closed = true;
                    return Ok(if self.closed { Next::Closed } else { Next::PeerClosed });
                }
                Received::Alert(description) => return Err(Error::AlertReceived(description)),
                Received::Handshake => {
                    if !self.handle_message()? {
                        return Ok(Next::NeedInput);
                    }
                    if transmit && !self.tx.pending().is_empty() {
                        return Ok(Next::Transmit);
                    }
                }
            }
        }
    }

    /// Handles one message after the handshake; `false` if it is not whole yet.
    fn handle_message(&mut self) -> Result<bool, Error> {
        let expected: &[HandshakeType] = if self.is_client {
            &[HandshakeType::KEY_UPDATE, HandshakeType::NEW_SESSION_TICKET]
        } else {
            &[HandshakeType::KEY_UPDATE]
        };
        let Some(header) = self.rx.receive_header(expected)? else { return Ok(false) };
        if header.kind == HandshakeType::NEW_SESSION_TICKET {
            return self.drop_ticket(header.total());
        }
        if !self.rx.receive(header.total())? {
            return Ok(false);
        }
        let update = KeyUpdate::parse(handshake::body(self.rx.message()?)?)?;
        self.rx.consume(header.total());
        self.handle_key_update(update).map(|()| true)
    }

    /// This crate does not resume. A ticket that fits is checked, a larger one is dropped unread.
    fn drop_ticket(&mut self, total: usize) -> Result<bool, Error> {
        if total > MAX_TICKET {
            return Err(InvalidMessage::MessageTooLong.into());
        }
        if self.rx.could_hold(total) {
            if !self.rx.receive(total)? {
                return Ok(false);
            }
            let ticket = NewSessionTicket::parse(handshake::body(self.rx.message()?)?)?;
            debug!("dropped a session ticket, valid for {} s", ticket.lifetime);
            self.rx.consume(total);
        } else {
            self.rx.discard(total);
        }
        self.tickets_left = self.tickets_left.checked_sub(1).ok_or(PeerMisbehaved::TooManyMessages)?;
        Ok(true)
    }

    /// RFC 9846 section 4.7.3: the receiver "MUST update its receiving keys", and answers a request
    /// with "a KeyUpdate of its own with `request_update` set to '`update_not_requested`'".
    fn handle_key_update(&mut self, update: KeyUpdate) -> Result<(), Error> {
        self.key_updates.left = self.key_updates.left.checked_sub(1).ok_or(PeerMisbehaved::TooManyKeyUpdates)?;
        self.key_updates.awaited = false;
        self.receiving.update()?;
        self.rx.set_protection(self.receiving.protection(self.negotiated.cipher_suite)?)?;
        if update == KeyUpdate::Requested && self.key_updates.due.is_none() && !self.closed {
            self.key_updates.due = Some(KeyUpdate::NotRequested);
            self.send_key_update()?;
        }
        Ok(())
    }

    /// Sends the KeyUpdate that is due, as soon as there is room, and changes the sending keys.
    fn send_key_update(&mut self) -> Result<(), Error> {
        // Nothing follows a close_notify (RFC 9846 section 6.1).
        let Some(update) = self.key_updates.due.filter(|_| !self.closed) else { return Ok(()) };
        if self.tx.message(&|w| update.emit(w), &mut |_| ())? == Written::AfterTransmit {
            return Ok(());
        }
        self.key_updates.awaited |= update == KeyUpdate::Requested;
        self.sending.update()?;
        self.tx.set_protection(self.sending.protection(self.negotiated.cipher_suite)?)?;
        self.key_updates.due = None;
        Ok(())
    }

    fn fail(&mut self, error: Error) -> Error {
        if self.failure.is_none() {
            self.failure = Some(error);
            debug!("session failed: {}", error);
            if let Some(alert) = error.alert().filter(|_| !self.closed) {
                // If the provider cannot even seal the alert, the error is all that is left.
                let _unsealed = self.tx.alert(alert);
            }
        }
        error
    }
}

/// [`Event`] without its borrow.
enum Next {
    Transmit,
    NeedInput,
    Data,
    PeerClosed,
    Closed,
}

impl<C: CryptoProvider> ReceivedData<'_, '_, C> {
    /// The data. It may be changed in place.
    pub fn bytes(&mut self) -> &mut [u8] {
        self.rx.data()
    }

    /// Drops `count` bytes from the front; more than there are counts as all of them.
    pub fn consume(self, count: usize) {
        self.rx.consume_data(count);
    }
}

impl<C: CryptoProvider> PlaintextBuffer<'_, '_, C> {
    /// Where plaintext is written.
    pub fn bytes(&mut self) -> &mut [u8] {
        self.session.tx.data_space()
    }

    /// Encrypts the first `count` bytes in place as one record; 0 sends nothing.
    ///
    /// # Errors
    /// [`ApiMisuse::CommitTooLarge`] if that is more than there is; errors are sticky.
    pub fn seal(self, count: usize) -> Result<(), Error> {
        self.session.tx.seal_data(count).map_err(|error| self.session.fail(error))
    }
}
