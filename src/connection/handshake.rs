//! A handshake that is driven from outside.

use super::machine::Machine;
use super::request::{AuthorizeRequest, CredentialRequest, SignRequest, TimeRequest};
use super::{Buffers, ConnectionFailure, Session};
use crate::crypto::HashAlgorithm;
use crate::error::{ApiMisuse, Error, Stage};
#[cfg(feature = "events")]
use crate::events::{EventRing, Recorder};
use crate::handshake::connection::Connection;
use crate::handshake::entropy::Entropy;
#[cfg(feature = "key-log")]
use crate::handshake::key_log::KeyLog;
use crate::handshake::{Input, Negotiated, Question, Side, Stop, Wait};
use crate::limits::LAST_READS;
use crate::record::inbound::Received;
use crate::record::outbound::check_buffer;
use crate::transcript::Transcript;
use crate::wire::enums::{CipherSuite, NamedGroup};
use crate::x509::Trace;
use core::fmt;

/// One TLS 1.3 handshake, as [`Client`](crate::Client) or [`Server`](crate::Server), over lent [`Buffers`]. It does no
/// I/O: [`poll`](Self::poll) returns what it needs next.
///
/// The contract: *`poll` is idempotent until something changes; any `Err` is final and sticky; its alert waits in
/// [`tx_pending`](Self::tx_pending); drain it before closing the transport.*
pub struct Handshake<'b, R: Side> {
    pub(super) config: &'b R::Config<'b>,
    pub(super) connection: Connection<'b, R::Provider>,
    state: R::State<'b>,
    pub(super) entropy: Entropy,
}

/// The next step that a handshake needs.
#[must_use]
#[allow(clippy::large_enum_variant, reason = "lives on the stack for the time of an answer, and there is no heap")]
pub enum Step<'c, 'b> {
    /// Write [`tx_pending`](Handshake::tx_pending) to the transport, then [`tx_consume`](Handshake::tx_consume).
    Transmit,
    /// Read from the transport into [`rx_space`](Handshake::rx_space), then [`rx_commit`](Handshake::rx_commit),
    /// or [`rx_eof`](Handshake::rx_eof) at its end.
    NeedInput,
    /// A public-key operation was done. Let other tasks run, then poll again.
    Yield,
    /// Provide the time.
    Time(TimeRequest<'c, 'b>),
    /// Choose the credential to send.
    Credential(CredentialRequest<'c, 'b>),
    /// Authorize the peer, which is authenticated.
    Authorize(AuthorizeRequest<'c, 'b>),
    /// Sign with the key of the chosen credential.
    Sign(SignRequest<'c, 'b>),
    /// The handshake is complete: call [`into_session`](Handshake::into_session).
    Done,
}

impl<R: Side> fmt::Debug for Handshake<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Step<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transmit => "Transmit",
            Self::NeedInput => "NeedInput",
            Self::Yield => "Yield",
            Self::Time(_) => "Time",
            Self::Credential(_) => "Credential",
            Self::Authorize(_) => "Authorize",
            Self::Sign(_) => "Sign",
            Self::Done => "Done",
        })
    }
}

impl<'b, R: Side> Handshake<'b, R> {
    /// Creates a handshake that has not begun.
    ///
    /// # Errors
    /// [`Error::ApiMisuse`] for a configuration that can never work, [`Error::BufferTooSmall`] for a `tx` that cannot
    /// hold even an alert.
    pub fn new(config: &'b R::Config<'b>, buffers: Buffers<'b>, entropy: Entropy) -> Result<Self, Error>
    where
        R::Provider: Default,
    {
        Self::with_provider(R::Provider::default(), config, buffers, entropy)
    }

    /// Creates a handshake as [`new`](Self::new) does, with a provider that is a handle, such as a reference to an
    /// accelerator and its lock.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    #[inline(never)] // so that its copies of the handshake are not in the frame in which the handshake runs
    pub fn with_provider(
        provider: R::Provider,
        config: &'b R::Config<'b>,
        buffers: Buffers<'b>,
        entropy: Entropy,
    ) -> Result<Self, Error> {
        // All that can fail comes first, so that the handshake is made in its place.
        let transcript = Self::prepare(provider, config, &buffers)?;
        Ok(Self::begin(provider, transcript, config, buffers, entropy))
    }

    /// Checks the settings, and makes the transcript.
    pub(crate) fn prepare(
        provider: R::Provider,
        config: &R::Config<'_>,
        buffers: &Buffers<'_>,
    ) -> Result<Transcript<R::Provider>, Error> {
        Self::check(config, buffers)?;
        Ok(Transcript::new(provider, HashAlgorithm::Sha256)?)
    }

    /// Creates a handshake from what [`prepare`](Self::prepare) has checked and made.
    #[inline] // in its place
    pub(crate) fn begin(
        provider: R::Provider,
        transcript: Transcript<R::Provider>,
        config: &'b R::Config<'b>,
        buffers: Buffers<'b>,
        entropy: Entropy,
    ) -> Self {
        let parameters = R::parameters(config);
        let cipher_suite = parameters.cipher_suites::<R::Provider>().first().copied().unwrap_or(CipherSuite(0));
        let group = parameters.groups::<R::Provider>().first().copied().unwrap_or(NamedGroup(0));
        let negotiated = Negotiated::nothing(cipher_suite, group);
        let Buffers { rx, tx, peer } = buffers;
        let mut connection = Connection::new(provider, [rx, tx, peer], transcript, negotiated);
        connection.tx.pad_records(parameters.padding);
        Self { config, connection, state: R::start(), entropy }
    }

    /// Checks what [`new`](Self::new) checks, which keeps the buffers when it fails.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn check(config: &R::Config<'_>, buffers: &Buffers<'_>) -> Result<(), Error> {
        R::check(config)?;
        check_buffer(buffers.tx.len())
    }

    /// Continues as far as possible and returns what is needed next. Performs at most one public-key operation per
    /// call.
    ///
    /// # Errors
    /// The reason why the handshake failed. It is final: every later call returns the same error.
    pub fn poll(&mut self) -> Result<Step<'_, 'b>, Error> {
        Ok(match self.next(&mut ())? {
            Stop::Transmit => Step::Transmit,
            Stop::NeedInput => Step::NeedInput,
            Stop::Yield => Step::Yield,
            Stop::Ask(Question::Time) => Step::Time(TimeRequest { machine: self }),
            Stop::Ask(Question::Credential) => Step::Credential(CredentialRequest { machine: self }),
            Stop::Ask(Question::Authorize) => Step::Authorize(AuthorizeRequest { machine: self }),
            Stop::Ask(Question::Sign(credential)) => {
                let input = self.sign_input(credential).map_err(|error| self.fail(error))?;
                Step::Sign(SignRequest { machine: self, input })
            }
            Stop::Done => Step::Done,
        })
    }

    /// Converts the handshake into a session, after [`poll`](Self::poll) has returned [`Step::Done`].
    ///
    /// # Errors
    /// The error of the handshake; [`ApiMisuse::HandshakeUnfinished`] if it is not complete.
    pub fn into_session(mut self) -> Result<Session<'b, R>, Error> {
        self.take_session(|session| session)
    }

    /// Creates the session as [`into_session`](Self::into_session) does, without copying the handshake, and passes it
    /// to `hold` to be built in its final place.
    #[inline(never)] // as `with_provider`
    pub(crate) fn take_session<S>(&mut self, hold: impl FnOnce(Session<'b, R>) -> S) -> Result<S, Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        let state = core::mem::replace(&mut self.state, R::failed());
        let established = R::finish(state).ok_or(ApiMisuse::HandshakeUnfinished)?;
        self.connection.end_flight_received();
        self.connection.end_flight_sent();
        self.connection.events.done();
        let session = Session::new(self.connection.take(), established, self.config, &self.entropy);
        #[cfg(feature = "events")]
        session.record_unasked();
        Ok(hold(session))
    }

    /// Ends the handshake in any state and returns its buffers for another connection. `rx` and `tx` are wiped.
    pub fn into_buffers(self) -> Buffers<'b> {
        Buffers::of(self.connection)
    }

    /// Returns the stage of the handshake, or the one in which it failed.
    pub fn stage(&self) -> Stage {
        self.connection.failure.map_or_else(|| R::profile(&self.state).0, |(_, stage)| stage)
    }

    /// Returns the failure of the handshake with everything that explains it, in one value without role and provider;
    /// `None` if it has not failed.
    pub fn failure(&self) -> Option<ConnectionFailure<'_, 'b>> {
        ConnectionFailure::of(&self.connection, R::ROLE)
    }

    /// **Dangerous**: passes all secrets of the connection to `log`, for decrypting a capture. Call it before the first
    /// poll.
    #[cfg(feature = "key-log")]
    pub const fn dangerous_set_key_log(&mut self, log: &'b dyn KeyLog) {
        self.connection.key_log.sink = Some(log);
    }

    /// Sets a ring in which the connection records what happens until the end of its session. Call it before the first
    /// poll. The ring counts it as a new connection.
    #[cfg(feature = "events")]
    pub fn set_events(&mut self, ring: EventRing<'b>) {
        self.connection.events = Recorder::begin(ring, R::ROLE);
    }

    /// Looks for an alert in the received data and fails with it if there is one: for a transport that accepts no more
    /// bytes and may still hold the peer's reason. Nothing else may be called after this.
    fn look_for_alert(&mut self) -> Option<Error> {
        loop {
            match self.connection.rx.next_record() {
                Ok(Received::Alert(description)) => {
                    return Some(self.fail(Error::AlertReceived(description)));
                }
                Ok(Received::Handshake) => self.connection.rx.discard_handshake(),
                Ok(Received::Data | Received::NeedInput) | Err(_) => return None,
            }
        }
    }

    /// Fails because the transport broke: with an alert that was received before, or with a [truncated
    /// connection](Error::ConnectionTruncated), for [`failure`](Self::failure) to explain.
    pub fn transport_failed(&mut self) -> Error {
        match self.connection.failure {
            Some((error, _)) => error,
            None => self.look_for_alert().unwrap_or_else(|| self.fail(Error::ConnectionTruncated)),
        }
    }

    /// Returns the space for received bytes, which is empty only if nothing is needed.
    pub fn rx_space(&mut self) -> &mut [u8] {
        self.connection.rx.make_space()
    }

    /// Records that the transport has written `count` bytes to the start of [`rx_space`](Self::rx_space).
    ///
    /// # Errors
    /// [`ApiMisuse::CommitTooLarge`] if that exceeds the available space.
    pub fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.connection.end_flight_sent();
        self.connection.rx.commit(count).map_err(|error| self.fail(error))
    }

    /// Records that the transport has ended.
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
        self.connection.end_flight_received();
        self.connection.negotiated.certificate_sent |=
            count != 0 && self.connection.tx.is_sealed() && R::has_written_certificate(&self.state);
        self.connection.tx.consume(count);
    }

    /// Runs the states until one stops.
    fn run(&mut self, trace: &mut impl Trace) -> Result<Stop<'b>, Error> {
        loop {
            let (_, wait) = R::profile(&self.state);
            let is_pending = !self.connection.tx.pending().is_empty();
            let stop = match wait {
                // Send everything that the peer may be waiting for before waiting for the peer.
                Wait::Hello | Wait::Message(_) if is_pending => Some(Stop::Transmit),
                wait => match self.connection.await_input(wait)? {
                    None => self.handle(Input::Ready, trace)?,
                    stop => stop,
                },
            };
            let is_pending = !self.connection.tx.pending().is_empty();
            match stop {
                None => {}
                Some(Stop::Transmit) if !is_pending => {}
                Some(stop @ (Stop::Transmit | Stop::Yield)) => return Ok(stop),
                Some(_) if is_pending => return Ok(Stop::Transmit),
                Some(stop) => return Ok(stop),
            }
        }
    }

    /// Runs the handler of the state.
    fn handle(&mut self, input: Input<'_, 'b>, trace: &mut impl Trace) -> Result<Option<Stop<'b>>, Error> {
        let (stage, _) = R::profile(&self.state);
        let next = R::handle(&mut self.state, input, &mut self.connection, &mut self.entropy, self.config, trace);
        if let Err(error) = next {
            self.set_failure(error, stage);
        }
        next
    }

    /// Records the first error and sends its alert; later errors are ignored.
    fn set_failure(&mut self, error: Error, stage: Stage) {
        if !self.connection.set_failure(error, stage) {
            return;
        }
        self.connection.end_flight_received();
        self.connection.events.failed(stage, error);
        #[cfg(feature = "events")]
        self.connection.events.diagnosed(self.failure().map(|failure| failure.diagnosis()));
        debug!("handshake failed at {}: {}", stage, error);
        self.connection.end(error.alert());
        self.entropy.forget_seeds();
        // Some failures are found outside of a handler.
        self.state = R::failed();
    }
}

impl<'b, R: Side> Machine<'b> for Handshake<'b, R> {
    type Side = R;
    const LAST_READS: Option<u8> = Some(LAST_READS);

    fn connection(&self) -> &Connection<'b, R::Provider> {
        &self.connection
    }

    fn connection_mut(&mut self) -> &mut Connection<'b, R::Provider> {
        &mut self.connection
    }

    fn next(&mut self, trace: &mut impl Trace) -> Result<Stop<'b>, Error> {
        if let Some((error, _)) = self.connection.failure {
            return Err(error);
        }
        self.run(trace).map_err(|error| self.fail(error))
    }

    fn next_received(&mut self) -> Result<Stop<'b>, Error> {
        self.look_for_alert().map_or(Ok(Stop::NeedInput), Err)
    }

    fn answer(&mut self, answer: Input<'_, 'b>, trace: &mut impl Trace) -> Result<(), Error> {
        // Tokens are created only for the state that asks.
        if !matches!(R::profile(&self.state).1, Wait::Answer(_)) {
            return Err(self.fail(ApiMisuse::AnswerUnexpected.into()));
        }
        // No state whose handler takes an answer stops before the next one.
        self.handle(answer, trace).map(|_| ())
    }

    fn fail(&mut self, error: Error) -> Error {
        self.set_failure(error, self.stage());
        error
    }

    fn tx_consume(&mut self, count: usize) {
        self.tx_consume(count);
    }

    fn rx_commit(&mut self, count: usize) -> Result<(), Error> {
        self.rx_commit(count)
    }
}

#[cfg(all(test, feature = "rustcrypto", feature = "aes128-gcm"))]
mod tests {
    use super::*;
    use crate::codec::Writer;
    use crate::crypto::rustcrypto::RustCrypto;
    use crate::crypto::{CryptoProvider, KeyExchange};
    use crate::handshake::client::Client;
    use crate::handshake::config::{ClientAuth, ClientConfig, ServerConfig};
    use crate::handshake::server::Server;
    use crate::wire::client_hello::ClientHello;
    use crate::wire::extension::KeyShareEntry;
    use crate::wire::handshake::body;
    use crate::wire::server_hello::{Answer as HelloAnswer, ServerHello};
    use crate::x509::{ServerName, TrustAnchor};

    fn is_wiped(entropy: &Entropy) -> bool {
        [0, 1].iter().all(|place| *entropy.seed(*place) == [0; 32])
    }

    fn feed<R: Side>(handshake: &mut Handshake<'_, R>, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        let record = [&[22, 3, 3][..], &length, message].concat();
        handshake.rx_space()[..record.len()].copy_from_slice(&record);
        handshake.rx_commit(record.len()).unwrap();
    }

    /// A recorded conversation must stay secret if this memory is read later.
    #[test]
    fn the_seeds_of_the_key_exchange_are_wiped_as_soon_as_it_is_over() {
        let anchors = [TrustAnchor::from_fingerprint([1; 32])];
        let config = ClientConfig::new(ServerName::parse("server.example").unwrap(), &anchors);
        let config = config.with_groups(&[NamedGroup::SECP256R1]);
        let (mut rx, mut tx, mut peer) = ([0; 2048], [0; 1024], [0; 1024]);
        let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
        let mut client = Handshake::<Client>::new(&config, buffers, Entropy::new(&[7; 128])).unwrap();
        while matches!(client.poll(), Ok(Step::Yield)) {}
        let hello = client.tx_pending()[5..].to_vec();
        client.tx_consume(usize::MAX);
        assert!(!is_wiped(&client.entropy));

        let offer = ClientHello::parse(body(&hello).unwrap()).unwrap();
        let group = offer.mandatory().unwrap().key_shares.iter().next().unwrap().group;
        let share = RustCrypto.key_exchange(group, &[9; 32]).unwrap().key_share().unwrap();
        let answer = ServerHello {
            session_id: offer.session_id,
            cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
            answer: HelloAnswer::Hello {
                random: &[3; 32],
                key_share: KeyShareEntry { group, key_exchange: share.as_bytes() },
                #[cfg(feature = "resumption")]
                selected_psk: None,
            },
        };
        let mut message = [0; 256];
        let mut writer = Writer::new(&mut message);
        answer.emit(&mut writer);
        let length = writer.finish().unwrap();
        feed(&mut client, &message[..length]);
        assert!(matches!(client.poll(), Ok(Step::Yield)));
        assert_eq!(client.stage(), Stage::EncryptedExtensions);
        assert!(is_wiped(&client.entropy), "of a client");

        let config = ServerConfig::new(ClientAuth::None);
        let (mut rx, mut tx, mut peer) = ([0; 2048], [0; 1024], [0; 1024]);
        let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
        let mut server = Handshake::<Server>::new(&config, buffers, Entropy::new(&[8; 128])).unwrap();
        feed(&mut server, &hello);
        let credential = crate::credential::placeholder(offer.mandatory_schemes().unwrap().iter().next().unwrap());
        match server.poll() {
            Ok(Step::Credential(request)) => request.answer(&credential).unwrap(),
            other => panic!("{other:?}"),
        }
        assert!(!is_wiped(&server.entropy));
        // Its own share, and the shared secret.
        for _ in 0..2 {
            assert!(matches!(server.poll(), Ok(Step::Yield)));
        }
        assert!(is_wiped(&server.entropy), "of a server");
    }
}
