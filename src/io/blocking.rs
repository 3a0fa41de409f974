//! A blocking stream over [`embedded_io::Read`] and [`embedded_io::Write`].

use super::answers::{Answers, NoHost};
use super::{Failure, HandshakeError, Host, is_broken};
use crate::connection::{Event, Handshake, Session, Step};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Stage};
use crate::handshake::{ClientAuthStatus, Side};
use crate::limits::LAST_READS;
use crate::x509::TraceEvent;
use embedded_io::{ErrorType, Read, Write};

/// A session over a transport. Reads give 0 when the peer has closed; a flush writes all that was
/// written. Dropped without [`close`](Self::close), the peer sees a truncation.
pub struct Stream<'b, T, C: CryptoProvider> {
    transport: T,
    session: Session<'b, C>,
}

debug_by_name!("Stream", [T, C: CryptoProvider] Stream<'_, T, C>);

impl<'b, T: Read + Write, C: CryptoProvider> Stream<'b, T, C> {
    /// Runs `handshake` over `transport`. The alert of an error is sent before this returns. Lend the transport
    /// (`&mut transport`) if you want it back after an error: a TCP socket that is closed with unread bytes in
    /// it resets the connection, and the peer may lose the alert; shut down writing and read to the end first.
    ///
    /// # Errors
    /// Where the handshake was, and what went wrong.
    #[inline(never)] // so that the handshake is not copied into the frame in which it runs
    pub fn open<S: Side>(
        mut transport: T,
        mut handshake: Handshake<'b, S, C>,
        host: &mut impl Host<'b, S, C>,
    ) -> Result<Self, HandshakeError<T::Error>> {
        if let Err(cause) = drive(&mut transport, &mut handshake, host) {
            let stage = handshake.stage();
            let failed = match &cause {
                Failure::Tls(error) => Some(*error),
                Failure::Io(error) => is_broken(error).then(|| handshake.transport_failed()),
            };
            if let Some(error) = failed {
                host.failed(error, &handshake);
            }
            // The transport may be what failed; the error that is known is the one to report.
            let _unsent = transport.write_all(handshake.tx_pending()).and_then(|()| transport.flush());
            return Err(HandshakeError { stage, cause });
        }
        Self::finish(transport, handshake)
    }

    /// In a frame of its own, which is not there while the handshake runs.
    #[inline(never)]
    fn finish<S: Side>(transport: T, handshake: Handshake<'b, S, C>) -> Result<Self, HandshakeError<T::Error>> {
        match handshake.into_session() {
            Ok(session) => Ok(Self { transport, session }),
            Err(error) => Err(HandshakeError { stage: Stage::Done, cause: error.into() }),
        }
    }

    /// A stream of a session and the transport it was negotiated over.
    pub const fn from_parts(transport: T, session: Session<'b, C>) -> Self {
        Self { transport, session }
    }

    /// The session: identities, parameters, exporter, key update.
    pub const fn session(&self) -> &Session<'b, C> {
        &self.session
    }

    /// The session, for what changes it.
    pub const fn session_mut(&mut self) -> &mut Session<'b, C> {
        &mut self.session
    }

    /// Says that nothing more comes from us and waits until it is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub fn close(&mut self) -> Result<(), Failure<T::Error>> {
        self.session.close();
        self.transmit()
    }

    /// Transport and session apart.
    pub fn into_parts(self) -> (T, Session<'b, C>) {
        (self.transport, self.session)
    }

    /// On a client: reads until the server has shown that it accepts our certificate, or that it does not. Gives what
    /// is known, see [`Session::client_auth`]: [`Presented`](ClientAuthStatus::Presented) if application data or the
    /// end came first. Nothing is lost: the data is there for the next read.
    ///
    /// A server that sends neither tickets nor data unasked shows nothing, and this waits as long as the transport
    /// does. Nothing is tried again here: a refusal is an error, and what follows from it is up to the caller.
    ///
    /// # Errors
    /// The alert of the server, [`Session::refusal`] says of what; or why the connection failed otherwise.
    pub fn confirm(&mut self) -> Result<ClientAuthStatus, Failure<T::Error>> {
        let mut unsent = None;
        while self.session.client_auth() == ClientAuthStatus::Presented {
            let event = if unsent.is_some() { self.session.poll_received() } else { self.session.poll() };
            match event {
                Ok(Event::Transmit) => unsent = self.transmit().err(),
                Ok(Event::NeedInput) => self.fill(&mut unsent)?,
                Ok(_) => break,
                Err(error) => return Err(self.fail(error)),
            }
        }
        Ok(self.session.client_auth())
    }

    /// The same stream, with somebody who answers what a session asks after the handshake: on a client who we are, on
    /// a server who may in. Without one, such a question ends the stream's reading with
    /// [`ApiMisuse::HostNeeded`](crate::ApiMisuse::HostNeeded).
    #[cfg(feature = "post-handshake-auth")]
    pub const fn hosted<'s, S: Side, H: Host<'b, S, C>>(&'s mut self, host: &'s mut H) -> Hosted<'s, 'b, T, S, C, H> {
        Hosted { stream: self, host, side: core::marker::PhantomData }
    }

    fn read_with(&mut self, out: &mut [u8], host: &mut impl Answers<'b, C>) -> Result<usize, Failure<T::Error>> {
        #[cfg(not(feature = "post-handshake-auth"))]
        let _ = host;
        if out.is_empty() {
            return Ok(0);
        }
        // A peer that has refused us takes nothing more, and its alert, which says why, lies before us.
        let mut unsent = None;
        loop {
            let event = if unsent.is_some() { self.session.poll_received() } else { self.session.poll() };
            match event {
                Ok(Event::Data(mut data)) => {
                    let count = data.bytes().len().min(out.len());
                    if let (Some(out), Some(bytes)) = (out.get_mut(..count), data.bytes().get(..count)) {
                        out.copy_from_slice(bytes);
                    }
                    data.consume(count);
                    return Ok(count);
                }
                Ok(Event::Transmit) => unsent = self.transmit().err(),
                Ok(Event::NeedInput) => self.fill(&mut unsent)?,
                Ok(Event::PeerClosed | Event::Closed) => return Ok(0),
                #[cfg(feature = "post-handshake-auth")]
                Ok(question) => {
                    if let Err(error) = host.answer(question) {
                        return Err(self.fail(error));
                    }
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    /// Runs until the client has answered a request for its certificate.
    #[cfg(feature = "post-handshake-auth")]
    fn await_answer(&mut self, host: &mut impl Answers<'b, C>) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
        let mut unsent = None;
        loop {
            // Also a read may have come past the answer.
            if let Some(status) = self.session.certificate_answer() {
                return Ok(Some(status));
            }
            let event = if unsent.is_some() { self.session.poll_received() } else { self.session.poll() };
            match event {
                Ok(Event::Data(_) | Event::PeerClosed | Event::Closed) => return Ok(None),
                Ok(Event::Transmit) => unsent = self.transmit().err(),
                Ok(Event::NeedInput) => self.fill(&mut unsent)?,
                Ok(question) => {
                    if let Err(error) = host.answer(question) {
                        return Err(self.fail(error));
                    }
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    /// Reads from the transport. What could not be sent is the error if nothing comes either.
    fn fill(&mut self, unsent: &mut Option<Failure<T::Error>>) -> Result<(), Failure<T::Error>> {
        match (self.transport.read(self.session.rx_space()), unsent.take()) {
            (Ok(0) | Err(_), Some(error)) => Err(error),
            (Err(error), None) => Err(Failure::Io(error)),
            (Ok(0), None) => {
                self.session.rx_eof();
                Ok(())
            }
            (Ok(count), before) => {
                *unsent = before;
                self.session.rx_commit(count).map_err(Failure::Tls)
            }
        }
    }

    fn transmit(&mut self) -> Result<(), Failure<T::Error>> {
        while !self.session.tx_pending().is_empty() {
            let count = write_some(&mut self.transport, self.session.tx_pending())?;
            self.session.tx_consume(count);
        }
        self.transport.flush().map_err(Failure::Io)
    }

    /// Sends the alert of `error`, as far as the transport still takes it.
    fn fail(&mut self, error: Error) -> Failure<T::Error> {
        let _unsent = self.transmit();
        Failure::Tls(error)
    }
}

fn drive<'b, T: Read + Write, S: Side, C: CryptoProvider>(
    transport: &mut T,
    handshake: &mut Handshake<'b, S, C>,
    host: &mut impl Host<'b, S, C>,
) -> Result<(), Failure<T::Error>> {
    loop {
        match handshake.poll_traced(&mut |event: TraceEvent<'_>| host.trace(event))? {
            Step::Transmit => {
                let count = match write_some(transport, handshake.tx_pending()) {
                    Ok(count) => count,
                    Err(failure) => return Err(last_words(transport, handshake).unwrap_or(failure)),
                };
                handshake.tx_consume(count);
                if handshake.tx_pending().is_empty() {
                    transport.flush().map_err(Failure::Io)?;
                }
            }
            Step::NeedInput => match transport.read(handshake.rx_space()).map_err(Failure::Io)? {
                0 => handshake.rx_eof(),
                count => handshake.rx_commit(count)?,
            },
            Step::Yield => {}
            Step::Time(request) => request.provide(host.time())?,
            Step::Credential(request) => {
                let choice = host.choose(&request);
                request.answer(choice)?;
            }
            Step::Authorize(request) => match host.authorize(&request.peer()) {
                #[cfg(feature = "dangerous-waivers")]
                Ok(())
                    if !request.waived().is_empty()
                        && host.dangerous_accept_waived(&request.peer(), request.waived()) =>
                {
                    request.dangerous_accept_waived()?;
                }
                Ok(()) => request.accept()?,
                Err(alert) => return Err(request.reject(alert).into()),
            },
            Step::Sign(request) => match host.sign(&request) {
                Some(signature) => request.complete(&signature)?,
                None => return Err(request.fail().into()),
            },
            Step::Done => return Ok(()),
        }
    }
}

/// What a peer that takes nothing more said before, if it was an alert: it is the better explanation.
fn last_words<T: Read + Write, S: Side, C: CryptoProvider>(
    transport: &mut T,
    handshake: &mut Handshake<'_, S, C>,
) -> Option<Failure<T::Error>> {
    for _ in 0..LAST_READS {
        if let Some(error) = handshake.look_for_alert() {
            return Some(Failure::Tls(error));
        }
        match transport.read(handshake.rx_space()) {
            Ok(0) | Err(_) => return None,
            Ok(count) => handshake.rx_commit(count).ok()?,
        }
    }
    None
}

/// A transport that takes nothing is gone.
fn write_some<T: Write>(transport: &mut T, bytes: &[u8]) -> Result<usize, Failure<T::Error>> {
    match transport.write(bytes).map_err(Failure::Io)? {
        0 => Err(Failure::Tls(Error::ConnectionTruncated)),
        count => Ok(count),
    }
}

impl<T: ErrorType, C: CryptoProvider> ErrorType for Stream<'_, T, C> {
    type Error = Failure<T::Error>;
}

impl<T: Read + Write, C: CryptoProvider> Read for Stream<'_, T, C> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        self.read_with(out, &mut NoHost)
    }
}

impl<T: Read + Write, C: CryptoProvider> Write for Stream<'_, T, C> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            match self.session.write(data) {
                Ok(0) => self.transmit()?,
                Ok(count) => return Ok(count),
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.transmit()
    }
}

#[cfg(feature = "post-handshake-auth")]
pub use self::hosted::Hosted;

#[cfg(feature = "post-handshake-auth")]
mod hosted {
    use super::Stream;
    use crate::crypto::CryptoProvider;
    use crate::handshake::ClientAuthStatus;
    use crate::handshake::client::Client;
    use crate::handshake::config::ClientAuth;
    use crate::handshake::server::Server;
    use crate::io::answers::{ClientHost, ServerHost};
    use crate::io::{Failure, Host};
    use embedded_io::{ErrorType, Read, Write};

    /// A stream with the one who answers what it asks, see [`Stream::hosted`].
    pub struct Hosted<'s, 'b, T, S, C: CryptoProvider, H> {
        pub(super) stream: &'s mut Stream<'b, T, C>,
        pub(super) host: &'s mut H,
        pub(super) side: core::marker::PhantomData<S>,
    }

    debug_by_name!("Hosted", [T, S, C: CryptoProvider, H] Hosted<'_, '_, T, S, C, H>);

    impl<T: ErrorType, S, C: CryptoProvider, H> ErrorType for Hosted<'_, '_, T, S, C, H> {
        type Error = Failure<T::Error>;
    }

    impl<'b, T: Read + Write, C: CryptoProvider, H: Host<'b, Client, C>> Read for Hosted<'_, 'b, T, Client, C, H> {
        fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
            self.stream.read_with(out, &mut ClientHost(&mut *self.host))
        }
    }

    impl<'b, T: Read + Write, C: CryptoProvider, H: Host<'b, Server, C>> Read for Hosted<'_, 'b, T, Server, C, H> {
        fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
            self.stream.read_with(out, &mut ServerHost(&mut *self.host))
        }
    }

    impl<'b, T: Read + Write, C: CryptoProvider, H: Host<'b, Server, C>> Hosted<'_, 'b, T, Server, C, H> {
        /// Asks the client who it is, see [`Session::request_certificate`](crate::Session::request_certificate), and
        /// waits for its answer: [`Accepted`](ClientAuthStatus::Accepted) or [`Declined`](ClientAuthStatus::Declined).
        /// `None` if the client sends application data before it answers, or closes: read that, and then
        /// [`await_certificate`](Self::await_certificate) again.
        ///
        /// # Errors
        /// Those of [`Session::request_certificate`](crate::Session::request_certificate), and why the answer was
        /// refused or the connection failed. The alert is sent before this returns.
        pub fn request_certificate(
            &mut self,
            client_auth: ClientAuth<'b>,
        ) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
            self.stream.session.request_certificate(client_auth)?;
            self.await_certificate()
        }

        /// Waits for the answer to a request that was made; gives it also if a read has come past it.
        ///
        /// # Errors
        /// As [`request_certificate`](Self::request_certificate).
        pub fn await_certificate(&mut self) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
            self.stream.await_answer(&mut ServerHost(&mut *self.host))
        }
    }

    impl<T: Read + Write, S, C: CryptoProvider, H> Write for Hosted<'_, '_, T, S, C, H> {
        fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
            self.stream.write(data)
        }

        fn flush(&mut self) -> Result<(), Self::Error> {
            self.stream.flush()
        }
    }
}
