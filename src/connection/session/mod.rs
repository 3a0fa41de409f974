//! The session after the handshake: application data in both directions.

mod data;
mod event;
#[cfg(feature = "post-handshake-auth")]
mod late;
mod messages;
#[cfg(feature = "resumption")]
mod tickets;

pub use self::data::{PlaintextBuffer, ReceivedData};
pub use self::event::Event;

use self::event::SessionStop;
use super::ConnectionFailure;
use super::machine::Machine;
use crate::codec::copy;
use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, ApiMisuse, Diagnosis, Error, Stage};
use crate::handshake::connection::Connection;
use crate::handshake::entropy::Entropy;
use crate::handshake::late::Late;
#[cfg(feature = "resumption")]
use crate::handshake::proof::PeerAuthenticated;
use crate::handshake::proof::Proof;
use crate::handshake::{ClientAuthStatus, Established, Input, Question, Secrets, Side, Stop};
use crate::limits::{MAX_KEY_UPDATES, MAX_RECORDS_PER_KEY, MAX_TICKETS};
use crate::record::inbound::Received;
use crate::role::Role;
use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};
use crate::wire::key_update::KeyUpdate;
use crate::x509::{PathFound, PeerIdentity, Trace};
use core::fmt;

/// An authenticated connection. Created only from a [`Handshake`](crate::Handshake) of the same role in which every
/// check has passed.
///
/// As in the handshake, errors are final and sticky, and their alert waits in [`tx_pending`](Self::tx_pending).
pub struct Session<'b, R: Side> {
    pub(super) connection: Connection<'b, R::Provider>,
    secrets: Secrets<R::Provider>,
    proof: Proof,
    late: R::Late<'b>,
    #[cfg(feature = "resumption")]
    tickets: R::Tickets<'b>,
    key_updates: KeyUpdates,
    tickets_left: u8,
    peer_closed: bool,
    closed: bool,
}

/// The key updates of both sides (RFC 9846 section 4.7.3).
struct KeyUpdates {
    /// The KeyUpdate to send as soon as there is room.
    due: Option<KeyUpdate>,
    /// The peer was asked to change its keys and has not done so yet.
    awaited: bool,
    /// The updates that the peer may still send before it has to send data.
    left: u8,
    /// Bytes that the transport has to accept before our last KeyUpdate is sent.
    unsent: usize,
}

/// The parameters of a session that both sides have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NegotiatedParameters<'b> {
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The group of the key exchange.
    pub group: NamedGroup,
    /// The application protocol (RFC 7301), if one was agreed on.
    pub alpn: Option<&'b [u8]>,
    /// The scheme of the peer's CertificateVerify; `None` for an anonymous client.
    pub peer_signature_scheme: Option<SignatureScheme>,
    /// The server requested a second ClientHello with HelloRetryRequest (RFC 9846 section 4.2.4).
    pub retried: bool,
    /// The client has offered to answer a request for its certificate after the handshake (RFC 9846 section 4.3.6).
    pub post_handshake_auth: bool,
    /// The session resumes an earlier one, in which the peer proved its identity.
    #[cfg(feature = "resumption")]
    pub resumed: bool,
}

impl<R: Side> fmt::Debug for Session<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("client_auth", &self.client_auth())
            .field("peer_closed", &self.peer_closed)
            .field("closed", &self.closed)
            .field("failure", &self.connection.failure.map(|(error, _)| error))
            .finish_non_exhaustive()
    }
}

impl<'b, R: Side> Session<'b, R> {
    /// Creates a session from the proofs in `established`.
    pub(super) fn new(
        mut connection: Connection<'b, R::Provider>,
        established: Established<R::Provider>,
        config: &'b R::Config<'b>,
        entropy: &Entropy,
    ) -> Self {
        let Established { secrets, proof } = established;
        connection.rx.end_handshake();
        // Nothing is sent before it.
        connection.negotiated.certificate_sent = true;
        connection.peer.keep_leaf();
        let late = R::late(config, &connection, entropy);
        #[cfg(feature = "resumption")]
        let tickets = R::tickets(config, &connection, entropy);
        #[cfg_attr(not(feature = "resumption"), allow(unused_mut, reason = "nothing waits to be sent"))]
        let mut session = Self {
            connection,
            secrets,
            proof,
            late,
            #[cfg(feature = "resumption")]
            tickets,
            key_updates: KeyUpdates { due: None, awaited: false, left: MAX_KEY_UPDATES, unsent: 0 },
            tickets_left: MAX_TICKETS,
            peer_closed: false,
            closed: false,
        };
        // The first ticket of a server.
        #[cfg(feature = "resumption")]
        session.send_waiting();
        session
    }

    /// Continues as far as possible and returns what happened or is needed next.
    ///
    /// # Errors
    /// The reason why the session failed. It is final: every later call returns the same error.
    pub fn poll(&mut self) -> Result<Event<'_, 'b, R>, Error> {
        let next = self.proceed(true)?;
        self.event(next)
    }

    /// Polls as [`poll`](Self::poll) does, but processes received data even while something waits to be sent: for a
    /// transport that accepts no more bytes and may still hold the alert with the reason.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn poll_received(&mut self) -> Result<Event<'_, 'b, R>, Error> {
        let next = self.proceed(false)?;
        self.event(next)
    }

    /// Continues as far as possible; with `transmit`, stops while something waits to be sent.
    ///
    /// RFC 9846 sections 6 and 6.2.
    fn proceed(&mut self, transmit: bool) -> Result<SessionStop<'b>, Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        self.run(transmit).map_err(|error| self.fail(error))
    }

    /// Encrypts as much of `data` as fits into `tx` and returns the number of bytes accepted; 0 means that
    /// [`tx_pending`](Self::tx_pending) has to be written first.
    ///
    /// # Errors
    /// [`ApiMisuse::ClosedForWriting`] after [`close`](Self::close), or the sticky error.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut room = self.reserve()?;
        let count = copy(&mut room, data);
        room.seal(count)?;
        Ok(count)
    }

    /// Returns space for plaintext in `tx`, up to one record; empty if `tx` has to be drained first.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn reserve(&mut self) -> Result<PlaintextBuffer<'_, 'b, R>, Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        if self.closed {
            return Err(ApiMisuse::ClosedForWriting.into());
        }
        // RFC 9846 section 5.5: keys are changed before they reach their limit.
        let limit = R::Provider::RECORDS_PER_KEY.min(MAX_RECORDS_PER_KEY);
        if self.connection.tx.sequence() >= limit && self.key_updates.due.is_none() {
            self.key_updates.due = Some(KeyUpdate::NotRequested);
            self.send_messages().map_err(|error| self.fail(error))?;
        }
        self.connection.tx.make_data_space();
        Ok(PlaintextBuffer { session: self })
    }

    /// Changes our keys and, unless already requested, asks the peer to change its own (RFC 9846 section 4.7.3). The
    /// message waits in [`tx_pending`](Self::tx_pending), or, if there is no space now, is sent as soon as there is.
    pub fn request_key_update(&mut self) {
        if !self.closed && self.connection.failure.is_none() {
            // RFC 9846 section 4.7.3: no second request before the first is answered.
            let update = if self.key_updates.awaited { KeyUpdate::NotRequested } else { KeyUpdate::Requested };
            self.key_updates.due = Some(update);
            self.send_waiting();
        }
    }

    /// Exports keying material of this connection for other uses (RFC 9846 section 7.5, RFC 5705).
    ///
    /// # Errors
    /// [`ApiMisuse::ExportLength`] for more than 255 hash lengths or a label over 249 bytes, or the sticky error.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        self.secrets.exporter.export(label, context, out)
    }

    /// Announces that we will send no more data. Data from the peer can still be read; the next poll that transmits
    /// sends the alert. Idempotent.
    pub fn close(&mut self) {
        if !self.closed && self.connection.failure.is_none() {
            self.closed = true;
            if let Err(error) = self.connection.send_alert(AlertDescription::CLOSE_NOTIFY) {
                self.fail(error);
            }
        }
    }

    /// Ends the session with the error alert `alert` (RFC 9846 section 6.2): for an application that no longer authorizes
    /// the peer, for example because of a newer deny list. The alert follows the data that was written before; no more is
    /// received. After [`close`](Self::close) nothing is sent.
    ///
    /// Returns the sticky error: [`Error::NotAuthorized`], unless the session had failed before.
    pub fn reject(&mut self, alert: AlertDescription) -> Error {
        match self.connection.failure {
            Some((error, _)) => error,
            None => self.fail(Error::NotAuthorized(alert)),
        }
    }

    /// Returns the identity of the peer: always present on a client; on a server, if the client sent a certificate.
    pub fn peer(&self) -> Option<PeerIdentity<'_>> {
        self.connection.peer.memory().kept().identity()
    }

    /// Returns the path from the peer's certificate to a trust anchor: its depth, and which anchor; `None` for an
    /// anonymous client.
    pub const fn path(&self) -> Option<PathFound> {
        self.proof.peer().path()
    }

    /// Returns whether a certificate was requested of the client, its answer, and whether the server has accepted it.
    ///
    /// On a client this is first [`Presented`](ClientAuthStatus::Presented): a TLS 1.3 client completes its handshake
    /// before the server has checked the client's certificate. It becomes [`Accepted`](ClientAuthStatus::Accepted) with
    ///
    /// - a NewSessionTicket: a server that requests a certificate may send it only "after it has received the client
    ///   Finished message" (RFC 9846 section 4.7.1), which follows the certificate;
    /// - a CertificateRequest after the handshake, for the same reason;
    /// - application data received after we have sent some. Earlier data proves nothing: "Servers MAY send data after
    ///   sending their first flight", before the client is authenticated (section 4.5.3). In protocols in which the
    ///   server sends data unasked, its data may cross ours in transit, and only a ticket is proof.
    ///
    /// A server that sends no tickets and only responds proves nothing before it receives a request.
    ///
    /// After an answer to a late request, a second request proves nothing, since it may have been sent earlier, and
    /// data only counts after we have sent more. A ticket counts: servers usually send one after they have checked the
    /// answer, although nothing prevents them from sending one earlier.
    pub const fn client_auth(&self) -> ClientAuthStatus {
        self.connection.negotiated.client_auth.status()
    }

    /// Returns the credential that was last sent, if any: a server sends one in each handshake.
    pub const fn sent_credential(&self) -> Option<&'b Credential<'b>> {
        self.connection.negotiated.credential
    }

    /// Returns the failure of the session with everything that explains it, in one value; `None` if it has not failed.
    pub fn failure(&self) -> Option<ConnectionFailure<'_, 'b>> {
        ConnectionFailure::of(&self.connection, R::ROLE)
    }

    /// Names what is wrong, with the cause and who has to act: the failure of the session or, on a client, that the
    /// server has not requested our certificate. `None` if nothing is wrong. The crate `embedded-mtls-operator` names
    /// refusals by HTTP.
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        let never_asked = R::ROLE == Role::Client && matches!(self.client_auth(), ClientAuthStatus::NotRequested);
        match self.failure() {
            Some(failure) => Some(failure.diagnosis()),
            None => never_asked.then_some(Diagnosis::CertificateNotAsked),
        }
    }

    /// Fails because the transport broke, as if it had [ended](Self::rx_eof): for transports that report this by an
    /// error of their own, so that [`diagnosis`](Self::diagnosis) can explain it. Unread data is lost; an alert behind
    /// it is the better reason. `None` if the peer has closed, since nothing is missing then.
    pub fn transport_failed(&mut self) -> Option<Error> {
        loop {
            self.connection.rx.consume_data(usize::MAX);
            match self.proceed(false) {
                Ok(SessionStop::Data | SessionStop::Stop(Stop::Done | Stop::Yield)) => {}
                Ok(SessionStop::Stop(_)) => return Some(self.fail(Error::ConnectionTruncated)),
                Ok(SessionStop::PeerClosed | SessionStop::Closed) => return None,
                Err(error) => return Some(error),
            }
        }
    }

    /// Returns the parameters that both sides have agreed on.
    pub const fn negotiated(&self) -> NegotiatedParameters<'b> {
        let negotiated = &self.connection.negotiated;
        NegotiatedParameters {
            cipher_suite: negotiated.cipher_suite,
            group: negotiated.group,
            alpn: negotiated.protocol,
            peer_signature_scheme: self.proof.peer().signature_scheme(),
            retried: negotiated.retried,
            post_handshake_auth: negotiated.post_handshake_auth,
            #[cfg(feature = "resumption")]
            resumed: matches!(self.proof.peer(), PeerAuthenticated::Resumed(_)),
        }
    }

    /// Returns the space for received bytes. Empty if data has to be consumed or a question answered first: do not read
    /// then, since reading zero bytes looks like the end of the transport.
    pub fn rx_space(&mut self) -> &mut [u8] {
        self.connection.rx.make_space()
    }

    /// Records that the transport has written `count` bytes to the start of [`rx_space`](Self::rx_space).
    ///
    /// # Errors
    /// [`ApiMisuse::CommitTooLarge`] if that exceeds the available space.
    pub fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.connection.rx.commit(count).map_err(|error| self.fail(error))
    }

    /// Records that the transport has ended. Without a preceding `close_notify` that is an error, since data may be
    /// missing.
    pub fn rx_eof(&mut self) {
        self.connection.rx.set_eof();
    }

    /// Returns the bytes to write to the transport; after an error, its alert.
    pub fn tx_pending(&self) -> &[u8] {
        self.connection.tx.pending()
    }

    /// Records that the transport has accepted `count` bytes of [`tx_pending`](Self::tx_pending). A larger count means
    /// all of them.
    pub fn tx_consume(&mut self, count: usize) {
        self.key_updates.unsent = self.key_updates.unsent.saturating_sub(count);
        self.connection.tx.consume(count);
        if self.connection.failure.is_none() {
            self.send_waiting();
        }
    }

    /// Sends messages that waited for space; an error is returned by the next call.
    fn send_waiting(&mut self) {
        if let Err(error) = self.send_messages() {
            self.fail(error);
        }
    }

    // RFC 9846 section 6.1.
    fn run(&mut self, transmit: bool) -> Result<SessionStop<'b>, Error> {
        if transmit && !self.connection.tx.pending().is_empty() {
            return Ok(SessionStop::Stop(Stop::Transmit));
        }
        if self.connection.rx.has_data() {
            return Ok(SessionStop::Data);
        }
        if self.peer_closed {
            return Ok(if self.closed { SessionStop::Closed } else { SessionStop::PeerClosed });
        }
        loop {
            if self.late.is_receiving() {
                let stop = self.late.receive(&mut self.connection, &self.secrets, &mut self.proof)?;
                return Ok(SessionStop::Stop(stop));
            }
            // The request fills `rx`, so nothing more can be received.
            if let Some(question @ Question::Credential) = self.late.question() {
                return Ok(SessionStop::Stop(Stop::Ask(question)));
            }
            let received = if self.connection.rx.handshake().is_empty() {
                self.connection.rx.next_record()?
            } else {
                Received::Handshake
            };
            match received {
                Received::NeedInput => return Ok(self.need_input()),
                Received::Data => {
                    self.data_received();
                    return Ok(SessionStop::Data);
                }
                Received::Alert(AlertDescription::CLOSE_NOTIFY) => {
                    self.peer_closed = true;
                    self.connection.events.alert_received(AlertDescription::CLOSE_NOTIFY);
                    self.record_totals();
                    return Ok(if self.closed { SessionStop::Closed } else { SessionStop::PeerClosed });
                }
                Received::Alert(description) => return Err(Error::AlertReceived(description)),
                Received::Handshake => {
                    if !self.handle_message()? {
                        return Ok(self.need_input());
                    }
                    if transmit && !self.connection.tx.pending().is_empty() {
                        return Ok(SessionStop::Stop(Stop::Transmit));
                    }
                }
            }
        }
    }

    /// Nothing can be done with the data received so far; asks the pending question, if there is one.
    fn need_input(&self) -> SessionStop<'b> {
        SessionStop::Stop(self.late.question().map_or(Stop::NeedInput, Stop::Ask))
    }

    /// Records that the server has not requested a certificate, unless it still may.
    #[cfg(feature = "events")]
    pub(super) fn record_unasked(&self) {
        if self.connection.negotiated.post_handshake_auth {
            return;
        }
        self.connection.events.diagnosed(self.diagnosis());
    }

    /// Records the bytes in each direction, when the connection is over.
    #[allow(clippy::missing_const_for_fn, reason = "with events it is none")]
    fn record_totals(&mut self) {
        self.connection.end_flight_received();
        self.connection.end_flight_sent();
    }

    /// Records that the server has accepted our certificate, when a message has proved it.
    #[allow(clippy::missing_const_for_fn, reason = "with events it is none")]
    fn record_acceptance(&mut self, accepted: bool) {
        if accepted {
            self.connection.events.accepted();
        }
    }
}

impl<'b, R: Side> Machine<'b> for Session<'b, R> {
    type Side = R;
    const LAST_READS: Option<u8> = None;

    fn connection(&self) -> &Connection<'b, R::Provider> {
        &self.connection
    }

    fn connection_mut(&mut self) -> &mut Connection<'b, R::Provider> {
        &mut self.connection
    }

    fn next(&mut self, _: &mut impl Trace) -> Result<Stop<'b>, Error> {
        self.proceed(true).map(SessionStop::stop)
    }

    fn next_received(&mut self) -> Result<Stop<'b>, Error> {
        self.proceed(false).map(SessionStop::stop)
    }

    fn answer(&mut self, answer: Input<'_, 'b>, _: &mut impl Trace) -> Result<(), Error> {
        let answered = self.late.answer(answer, &mut self.connection);
        answered.and_then(|()| self.send_messages()).map_err(|error| self.fail(error))
    }

    fn fail(&mut self, error: Error) -> Error {
        if self.connection.set_failure(error, Stage::Done) {
            self.record_totals();
            self.connection.events.failed(Stage::Done, error);
            #[cfg(feature = "events")]
            self.connection.events.diagnosed(self.diagnosis());
            debug!("session failed: {}", error);
            self.connection.end(error.alert().filter(|_| !self.closed));
            self.secrets.forget();
        }
        error
    }

    fn tx_consume(&mut self, count: usize) {
        self.tx_consume(count);
    }

    fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.rx_commit(count)
    }
}
