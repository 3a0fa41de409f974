//! The session after the handshake: application data both ways.

mod data;
mod messages;
#[cfg(not(feature = "post-handshake-auth"))]
mod no_post;
#[cfg(feature = "post-handshake-auth")]
mod post;

pub use self::data::{PlaintextBuffer, ReceivedData};

use super::diagnose::Scene;
use super::refusal::Refusal;
#[cfg(feature = "post-handshake-auth")]
use super::request::{AuthorizeRequest, CredentialRequest, SignRequest, TimeRequest};
use crate::credential::Credential;
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, ApiMisuse, Diagnosis, Error, Stage};
#[cfg(feature = "events")]
use crate::events::EventRing;
#[cfg(feature = "post-handshake-auth")]
use crate::handshake::client::Client;
use crate::handshake::connection::Connection;
use crate::handshake::entropy::Entropy;
#[cfg(feature = "post-handshake-auth")]
use crate::handshake::post::PostHandshake;
#[cfg(feature = "post-handshake-auth")]
use crate::handshake::server::Server;
use crate::handshake::{ClientAuthStatus, Established, Secrets, Side};
use crate::limits::{KEY_UPDATE_AT, MAX_KEY_UPDATES, MAX_TICKETS};
use crate::record::inbound::Received;
use crate::wire::enums::{CipherSuite, NamedGroup, SignatureScheme};
use crate::wire::key_update::KeyUpdate;
use crate::x509::{PathFound, PeerIdentity, Time};
use core::fmt;
use data::Next;
use messages::Handled;

/// An authenticated connection. Made only from a [`Handshake`](crate::Handshake) in which every check
/// has passed; the same for both roles.
///
/// The law of the handshake holds here, too: errors are final and sticky, and their alert waits in
/// [`tx_pending`](Self::tx_pending).
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Session<'b, C: CryptoProvider> {
    pub(super) connection: Connection<'b, C>,
    secrets: Secrets<C>,
    #[cfg(feature = "post-handshake-auth")]
    post: PostHandshake<'b, C>,
    /// The time as it was known in the handshake.
    time: Time,
    is_client: bool,
    key_updates: KeyUpdates,
    tickets_left: u8,
    peer_closed: bool,
    closed: bool,
}

/// Where both sides are with their key updates (RFC 9846 section 4.7.3).
struct KeyUpdates {
    /// What we have to send as soon as there is room.
    due: Option<KeyUpdate>,
    /// The peer was asked to change its keys and has not done it yet.
    awaited: bool,
    /// How many the peer may still send before it has to send data.
    left: u8,
    /// Bytes that the transport has to take before our last one has left.
    unsent: usize,
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
    /// On a client: the server asks who we are, now. Nothing more is received until this is answered; what was
    /// dropped is asked again.
    #[cfg(feature = "post-handshake-auth")]
    Credential(CredentialRequest<'c, 'b, Client, C>),
    /// On a client: sign with the key of the chosen credential. Comes where [`NeedInput`](Self::NeedInput) would:
    /// if the signature takes time, drop the token, read from the transport and go on; data passes both ways.
    ///
    /// Unless the server asks again meanwhile: that request, and what follows it, waits in `rx` for the answer to this
    /// one, and once [`rx_space`](Session::rx_space) is empty nothing helps but the signature. Do not read then: to
    /// read nothing looks like the end of the transport.
    #[cfg(feature = "post-handshake-auth")]
    Sign(SignRequest<'c, 'b, Client, C>),
    /// On a server: say what time it is, to judge the client's chain.
    #[cfg(feature = "post-handshake-auth")]
    Time(TimeRequest<'c, 'b, Server, C>),
    /// On a server: a public-key operation was done. Let other tasks run, then poll again.
    #[cfg(feature = "post-handshake-auth")]
    Yield,
    /// On a server: the client has proved who it is. May it in?
    #[cfg(feature = "post-handshake-auth")]
    Authorize(AuthorizeRequest<'c, 'b, Server, C>),
    /// On a server: the client has answered [`Session::request_certificate`]. `Accepted`: from now on
    /// [`Session::peer`] says who it is. `Declined`: it showed no certificate, and everything is as it was.
    #[cfg(feature = "post-handshake-auth")]
    ClientAuth(ClientAuthStatus),
}

impl<C: CryptoProvider> fmt::Debug for Session<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("client_auth", &self.client_auth())
            .field("peer_closed", &self.peer_closed)
            .field("closed", &self.closed)
            .field("failure", &self.connection.failure.map(|(error, _)| error))
            .finish_non_exhaustive()
    }
}

impl<C: CryptoProvider> fmt::Debug for Event<'_, '_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transmit => "Transmit",
            Self::NeedInput => "NeedInput",
            Self::Data(_) => "Data",
            Self::PeerClosed => "PeerClosed",
            Self::Closed => "Closed",
            #[cfg(feature = "post-handshake-auth")]
            Self::Credential(_) => "Credential",
            #[cfg(feature = "post-handshake-auth")]
            Self::Sign(_) => "Sign",
            #[cfg(feature = "post-handshake-auth")]
            Self::Time(_) => "Time",
            #[cfg(feature = "post-handshake-auth")]
            Self::Yield => "Yield",
            #[cfg(feature = "post-handshake-auth")]
            Self::Authorize(_) => "Authorize",
            #[cfg(feature = "post-handshake-auth")]
            Self::ClientAuth(_) => "ClientAuth",
        })
    }
}

impl<'b, C: CryptoProvider> Session<'b, C> {
    /// Everything that was to be proved is in `established`.
    pub(super) fn new<S: Side>(
        mut connection: Connection<'b, C>,
        established: Established<C>,
        config: &'b S::Config<'b>,
        entropy: &Entropy,
    ) -> Self {
        let Established { secrets, peer, finished } = established;
        connection.rx.end_handshake();
        let time = connection.peer.time();
        // Nothing leaves before it.
        connection.negotiated.shown = true;
        connection.negotiated.path = peer.path();
        connection.negotiated.peer_scheme = peer.signature_scheme();
        peer.with(finished);
        #[cfg(feature = "post-handshake-auth")]
        connection.peer.keep_leaf();
        #[cfg(feature = "post-handshake-auth")]
        let post = PostHandshake::new(connection.transcript.fork(), S::party(config, &connection.negotiated, entropy));
        #[cfg(not(feature = "post-handshake-auth"))]
        let _ = (config, entropy);
        Self {
            connection,
            secrets,
            #[cfg(feature = "post-handshake-auth")]
            post,
            time,
            is_client: S::IS_CLIENT,
            key_updates: KeyUpdates { due: None, awaited: false, left: MAX_KEY_UPDATES, unsent: 0 },
            tickets_left: MAX_TICKETS,
            peer_closed: false,
            closed: false,
        }
    }

    /// Goes on as far as possible and says what comes next.
    ///
    /// # Errors
    /// Why the session failed. Final: every later call gives the same error.
    pub fn poll(&mut self) -> Result<Event<'_, 'b, C>, Error> {
        if let Some((error, _)) = self.connection.failure {
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
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        self.run(false)
    }

    fn run(&mut self, transmit: bool) -> Result<Event<'_, 'b, C>, Error> {
        match self.next(transmit) {
            Ok(Next::Transmit) => Ok(Event::Transmit),
            Ok(Next::NeedInput) => Ok(Event::NeedInput),
            Ok(Next::Data) => Ok(Event::Data(ReceivedData { rx: &mut self.connection.rx })),
            Ok(Next::PeerClosed) => Ok(Event::PeerClosed),
            Ok(Next::Closed) => Ok(Event::Closed),
            #[cfg(feature = "post-handshake-auth")]
            Ok(Next::Post(stop)) => Ok(self.post_event(stop)),
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
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        if self.closed {
            return Err(ApiMisuse::ClosedForWriting.into());
        }
        // RFC 9846 section 5.5: keys are changed before they wear out.
        if self.connection.tx.sequence() >= KEY_UPDATE_AT && self.key_updates.due.is_none() {
            self.key_updates.due = Some(KeyUpdate::NotRequested);
        }
        if let Err(error) = self.send_messages() {
            return Err(self.fail(error));
        }
        Ok(PlaintextBuffer { session: self })
    }

    /// Changes our keys and, unless that is already asked of it, asks the peer to change its own (RFC 9846
    /// section 4.7.3). The message
    /// waits in [`tx_pending`](Self::tx_pending), or, if there is no room now, leaves as soon as there is.
    pub fn request_key_update(&mut self) {
        if !self.closed && self.connection.failure.is_none() {
            // RFC 9846 section 4.7.3: no second request before the first is answered.
            let update = if self.key_updates.awaited { KeyUpdate::NotRequested } else { KeyUpdate::Requested };
            self.key_updates.due = Some(update);
            if let Err(error) = self.send_messages() {
                self.fail(error);
            }
        }
    }

    /// Keying material of this connection for other uses (RFC 9846 section 7.5, RFC 5705).
    ///
    /// # Errors
    /// [`ApiMisuse::ExportLength`] for more than 255 hash lengths or a label over 249 bytes.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        self.secrets.exporter.export(label, context, out)
    }

    /// Says that we will send nothing more. What the peer still sends can be read; the alert leaves
    /// with the next poll that transmits. Idempotent.
    pub fn close(&mut self) {
        if !self.closed && self.connection.failure.is_none() {
            self.closed = true;
            if let Err(error) = self.connection.send_alert(AlertDescription::CLOSE_NOTIFY) {
                self.fail(error);
            }
        }
    }

    /// Who the peer is: always known on a client; on a server if the client sent a certificate.
    pub fn peer(&self) -> Option<PeerIdentity<'_>> {
        #[cfg(feature = "post-handshake-auth")]
        return self.connection.peer.memory().kept().identity();
        #[cfg(not(feature = "post-handshake-auth"))]
        return self.connection.peer.list().identity();
    }

    /// The path from the peer's certificate to a trust anchor: its depth, and which anchor; `None` of an
    /// anonymous client.
    pub const fn path(&self) -> Option<PathFound> {
        self.connection.negotiated.path
    }

    /// Whether the client was asked who it is, what it answered, and whether the server has accepted that.
    ///
    /// On a client this is first [`Presented`](ClientAuthStatus::Presented): a TLS 1.3 handshake is over before the
    /// server has looked at the client's certificate. It becomes [`Accepted`](ClientAuthStatus::Accepted) with
    ///
    /// - a NewSessionTicket: a server that asks for a certificate may send it only "after it has received the client
    ///   Finished message" (RFC 9846 section 4.7.1), which lies behind the certificate;
    /// - a CertificateRequest after the handshake, for the same reason;
    /// - application data after we have sent some. Data that comes before proves nothing: "Servers MAY send data after
    ///   sending their first flight", without knowing who the client is (section 4.5.3).
    ///
    /// A server that sends no tickets and only answers shows nothing before it is asked something.
    ///
    /// After a late answer a second request counts for nothing, as it may have been on its way before, and data only after
    /// we have sent more. A ticket counts: servers send one when they have judged the answer, though none keeps them from
    /// sending one before.
    pub const fn client_auth(&self) -> ClientAuthStatus {
        self.connection.negotiated.client_auth.status()
    }

    /// The credential that was shown last, if one was: a server shows one in each handshake.
    pub const fn shown_credential(&self) -> Option<&'b Credential<'b>> {
        self.connection.negotiated.credential
    }

    /// How the server has refused what we answered to its request for a certificate: once an alert of the server
    /// has ended the session before it has accepted us. `None` on a server, or if it never asked. Of several answers
    /// the last one counts.
    pub const fn refusal(&self) -> Option<Refusal<'b>> {
        match self.connection.failure {
            Some((Error::AlertReceived(alert), _)) if self.is_client => Refusal::of(alert, &self.connection.negotiated),
            _ => None,
        }
    }

    /// Names what is wrong, with the cause and who has to act: why the session failed, or, on a client, that the server has
    /// not asked who we are. `None` if nothing is. Refusals by HTTP are named by the crate `embedded-mtls-operator`.
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        let Some((error, _)) = self.connection.failure else {
            let never_asked = matches!(self.client_auth(), ClientAuthStatus::NotRequested);
            return (self.is_client && never_asked).then_some(Diagnosis::CertificateNotAsked);
        };
        Some(self.scene().diagnose(error))
    }

    pub(super) fn scene(&self) -> Scene<'_, 'b> {
        Scene {
            is_client: self.is_client,
            negotiated: &self.connection.negotiated,
            refused: self.judged(),
            time: self.time,
            stage: None,
            coming: self.connection.rx.needs(),
        }
    }

    /// Fails, since the transport has broken, as one that has [ended](Self::rx_eof): for a transport that says so by an
    /// error of its own, and for [`diagnosis`](Self::diagnosis) to say what that means here. Data that was received before
    /// and not read yet is lost; an alert is the better reason.
    pub fn transport_failed(&mut self) -> Error {
        match self.poll_received() {
            Err(error) => error,
            Ok(_) => self.fail(Error::ConnectionTruncated),
        }
    }

    /// The ring in which the connection writes what happens, if it has one.
    #[cfg(feature = "events")]
    pub const fn events(&self) -> Option<EventRing<'b>> {
        self.connection.events.ring()
    }

    /// The application protocol that was agreed on (RFC 7301).
    pub const fn alpn(&self) -> Option<&'b [u8]> {
        self.connection.negotiated.protocol
    }

    /// The cipher suite.
    pub const fn cipher_suite(&self) -> CipherSuite {
        self.connection.negotiated.cipher_suite
    }

    /// The group of the key exchange.
    pub const fn group(&self) -> NamedGroup {
        self.connection.negotiated.group
    }

    /// The scheme with which the peer has proved that it has the key of its certificate; `None` of an anonymous client.
    pub const fn peer_signature_scheme(&self) -> Option<SignatureScheme> {
        self.connection.negotiated.peer_scheme
    }

    /// Returns whether the server asked for a second ClientHello by HelloRetryRequest (RFC 9846 section 4.2.4).
    pub const fn was_retried(&self) -> bool {
        self.connection.negotiated.retried
    }

    /// Where the transport writes what it reads. Empty while there is no room before data is consumed or a question is
    /// answered: a read of nothing would look like the end of the transport.
    pub fn rx_space(&mut self) -> &mut [u8] {
        self.connection.rx.space()
    }

    /// The transport has written `count` bytes to the start of [`rx_space`](Self::rx_space).
    ///
    /// # Errors
    /// [`ApiMisuse::CommitTooLarge`] if that is more than there is.
    pub fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.connection.rx.commit(count).map_err(|error| self.fail(error))
    }

    /// The transport has ended. Without a `close_notify` before it, that is an error: data may be missing.
    pub fn rx_eof(&mut self) {
        self.connection.rx.set_eof();
    }

    /// Bytes to write to the transport; after an error, its alert.
    pub fn tx_pending(&self) -> &[u8] {
        self.connection.tx.pending()
    }

    /// The transport has taken `count` bytes of [`tx_pending`](Self::tx_pending). More than were
    /// pending counts as all of them.
    pub fn tx_consume(&mut self, count: usize) {
        self.key_updates.unsent = self.key_updates.unsent.saturating_sub(count);
        self.connection.tx.consume(count);
    }

    fn next(&mut self, transmit: bool) -> Result<Next, Error> {
        self.send_messages()?;
        if transmit && !self.connection.tx.pending().is_empty() {
            return Ok(Next::Transmit);
        }
        if self.connection.rx.has_data() {
            return Ok(Next::Data);
        }
        if self.peer_closed {
            return Ok(if self.closed { Next::Closed } else { Next::PeerClosed });
        }
        loop {
            if let Some(next) = self.next_post()? {
                return Ok(next);
            }
            let received = if self.connection.rx.handshake().is_empty() {
                self.connection.rx.next_record()?
            } else {
                Received::Handshake
            };
            match received {
                Received::NeedInput => return Ok(self.wait()),
                Received::Data => {
                    self.data_received();
                    return Ok(Next::Data);
                }
                Received::Alert(AlertDescription::CLOSE_NOTIFY) => {
                    self.peer_closed = true;
                    self.connection.events.alert_received(AlertDescription::CLOSE_NOTIFY);
                    self.record_totals();
                    return Ok(if self.closed { Next::Closed } else { Next::PeerClosed });
                }
                Received::Alert(description) => return Err(Error::AlertReceived(description)),
                Received::Handshake => {
                    if self.handle_message()? == Handled::NotYet {
                        return Ok(self.wait());
                    }
                    if transmit && !self.connection.tx.pending().is_empty() {
                        return Ok(Next::Transmit);
                    }
                }
            }
        }
    }

    /// Whether the server has asked who we are, unless it still may.
    #[cfg(feature = "events")]
    pub(super) fn record_unasked(&self) {
        #[cfg(feature = "post-handshake-auth")]
        if self.can_request_certificate() {
            return;
        }
        self.connection.events.diagnosed(self.diagnosis());
    }

    /// How much has passed, when it is over.
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

    pub(super) fn fail(&mut self, error: Error) -> Error {
        if self.connection.set_failure(error, Stage::Done) {
            self.record_totals();
            self.connection.events.failed(Stage::Done, error);
            #[cfg(feature = "events")]
            self.connection.events.diagnosed(self.diagnosis());
            debug!("session failed: {}", error);
            if let Some(alert) = error.alert().filter(|_| !self.closed) {
                // If the provider cannot even seal the alert, the error is all that is left.
                let _unsealed = self.connection.send_alert(alert);
            }
        }
        error
    }
}
