//! An async stream over [`embedded_io_async::Read`] and [`embedded_io_async::Write`]; the sockets of
//! embassy-net fit.
//!
//! Cancel-safe, if `read` and `write` of the transport are (bytes are taken if and only if the future is
//! ready), as those of embassy-net are: everything that was received or written lies in the session, not in a future. A
//! future may be dropped at any await point and the operation started again. What
//! [`write`](embedded_io_async::Write::write) has taken is sent by the next operation that sends.

use super::answers::{AsyncAnswers, NoHost};
use super::{AsyncHost, Failure, HandshakeError, is_broken};
use crate::connection::{Event, Handshake, Session, Step};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Stage};
use crate::handshake::{ClientAuthStatus, Side};
use crate::limits::LAST_READS;
use crate::x509::TraceEvent;
use core::future::poll_fn;
use core::task::Poll;
use embedded_io_async::{ErrorType, Read, Write};

/// A session over a transport. See [`blocking::Stream`](super::blocking::Stream).
pub struct Stream<'b, T, C: CryptoProvider> {
    transport: T,
    session: Session<'b, C>,
    /// The transport has taken bytes that it may still hold back.
    unflushed: bool,
}

debug_by_name!("Stream", [T, C: CryptoProvider] Stream<'_, T, C>);

impl<'b, T: Read + Write, C: CryptoProvider> Stream<'b, T, C> {
    /// Runs `handshake` over `transport`; lets other tasks run after each public-key operation. The
    /// alert of an error is sent before this returns.
    ///
    /// # Errors
    /// Where the handshake was, and what went wrong.
    pub async fn open<S: Side>(
        mut transport: T,
        mut handshake: Handshake<'b, S, C>,
        host: &mut impl AsyncHost<'b, S, C>,
    ) -> Result<Self, HandshakeError<T::Error>> {
        if let Err(cause) = drive(&mut transport, &mut handshake, host).await {
            let stage = handshake.stage();
            let failed = match &cause {
                Failure::Tls(error) => Some(*error),
                Failure::Io(error) => is_broken(error).then(|| handshake.transport_failed()),
            };
            if let Some(error) = failed {
                host.failed(error, &handshake);
            }
            // The transport may be what failed; the error that is known is the one to report.
            if transport.write_all(handshake.tx_pending()).await.is_ok() {
                let _unsent = transport.flush().await;
            }
            return Err(HandshakeError { stage, cause });
        }
        match handshake.into_session() {
            Ok(session) => Ok(Self { transport, session, unflushed: false }),
            Err(error) => Err(HandshakeError { stage: Stage::Done, cause: error.into() }),
        }
    }

    /// A stream of a session and the transport it was negotiated over.
    pub const fn from_parts(transport: T, session: Session<'b, C>) -> Self {
        Self { transport, session, unflushed: false }
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
    pub async fn close(&mut self) -> Result<(), Failure<T::Error>> {
        self.session.close();
        self.transmit().await
    }

    /// Transport and session apart.
    pub fn into_parts(self) -> (T, Session<'b, C>) {
        (self.transport, self.session)
    }

    /// See [`blocking::Stream::confirm`](super::blocking::Stream::confirm).
    ///
    /// # Errors
    /// The alert of the server, [`Session::refusal`] says of what; or why the connection failed otherwise.
    pub async fn confirm(&mut self) -> Result<ClientAuthStatus, Failure<T::Error>> {
        let mut unsent = None;
        while self.session.client_auth() == ClientAuthStatus::Presented {
            let event = if unsent.is_some() { self.session.poll_received() } else { self.session.poll() };
            match event {
                Ok(Event::Transmit) => unsent = self.transmit().await.err(),
                Ok(Event::NeedInput) => self.fill(&mut unsent).await?,
                Ok(_) => break,
                Err(error) => return Err(self.fail(error).await),
            }
        }
        Ok(self.session.client_auth())
    }

    /// See [`blocking::Stream::hosted`](super::blocking::Stream::hosted).
    #[cfg(feature = "post-handshake-auth")]
    pub const fn hosted<'s, S: Side, H: AsyncHost<'b, S, C>>(
        &'s mut self,
        host: &'s mut H,
    ) -> Hosted<'s, 'b, T, S, C, H> {
        Hosted { stream: self, host, side: core::marker::PhantomData }
    }

    async fn read_with(
        &mut self,
        out: &mut [u8],
        host: &mut impl AsyncAnswers<'b, C>,
    ) -> Result<usize, Failure<T::Error>> {
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
                Ok(Event::Transmit) => unsent = self.transmit().await.err(),
                Ok(Event::NeedInput) => self.fill(&mut unsent).await?,
                Ok(Event::PeerClosed | Event::Closed) => return Ok(0),
                #[cfg(feature = "post-handshake-auth")]
                Ok(Event::Yield) => yield_now().await,
                #[cfg(feature = "post-handshake-auth")]
                Ok(question) => {
                    if let Err(error) = host.answer(question).await {
                        return Err(self.fail(error).await);
                    }
                }
                Err(error) => return Err(self.fail(error).await),
            }
        }
    }

    /// Runs until the client has answered a request for its certificate.
    #[cfg(feature = "post-handshake-auth")]
    async fn await_answer(
        &mut self,
        host: &mut impl AsyncAnswers<'b, C>,
    ) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
        let mut unsent = None;
        loop {
            // Also a read may have come past the answer.
            if let Some(status) = self.session.certificate_answer() {
                return Ok(Some(status));
            }
            let event = if unsent.is_some() { self.session.poll_received() } else { self.session.poll() };
            match event {
                Ok(Event::Data(_) | Event::PeerClosed | Event::Closed) => return Ok(None),
                Ok(Event::Transmit) => unsent = self.transmit().await.err(),
                Ok(Event::NeedInput) => self.fill(&mut unsent).await?,
                Ok(Event::Yield) => yield_now().await,
                Ok(question) => {
                    if let Err(error) = host.answer(question).await {
                        return Err(self.fail(error).await);
                    }
                }
                Err(error) => return Err(self.fail(error).await),
            }
        }
    }

    /// Reads from the transport. What could not be sent is the error if nothing comes either.
    async fn fill(&mut self, unsent: &mut Option<Failure<T::Error>>) -> Result<(), Failure<T::Error>> {
        // A flush may have been dropped.
        if unsent.is_none() {
            *unsent = self.transmit().await.err();
        }
        match (self.transport.read(self.session.rx_space()).await, unsent.take()) {
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

    async fn transmit(&mut self) -> Result<(), Failure<T::Error>> {
        while !self.session.tx_pending().is_empty() {
            let count = write_some(&mut self.transport, self.session.tx_pending()).await?;
            self.unflushed = true;
            self.session.tx_consume(count);
        }
        if self.unflushed {
            self.transport.flush().await.map_err(Failure::Io)?;
            self.unflushed = false;
        }
        Ok(())
    }

    /// Sends the alert of `error`, as far as the transport still takes it.
    async fn fail(&mut self, error: Error) -> Failure<T::Error> {
        let _unsent = self.transmit().await;
        Failure::Tls(error)
    }
}

/// Runs a handshake until it is done. Dropped and called again, it goes on where it was.
///
/// # Errors
/// What went wrong; the alert waits in [`Handshake::tx_pending`].
pub async fn drive<'b, T: Read + Write, S: Side, C: CryptoProvider>(
    transport: &mut T,
    handshake: &mut Handshake<'b, S, C>,
    host: &mut impl AsyncHost<'b, S, C>,
) -> Result<(), Failure<T::Error>> {
    loop {
        match handshake.poll_traced(&mut |event: TraceEvent<'_>| host.trace(event))? {
            Step::Transmit => {
                let count = match write_some(transport, handshake.tx_pending()).await {
                    Ok(count) => count,
                    Err(failure) => return Err(last_words(transport, handshake).await.unwrap_or(failure)),
                };
                handshake.tx_consume(count);
            }
            // Here and not after the last write: a future that was dropped in a flush would not come
            // back to it.
            Step::NeedInput => {
                transport.flush().await.map_err(Failure::Io)?;
                match transport.read(handshake.rx_space()).await.map_err(Failure::Io)? {
                    0 => handshake.rx_eof(),
                    count => handshake.rx_commit(count)?,
                }
            }
            Step::Yield => yield_now().await,
            Step::Time(request) => request.provide(host.time().await)?,
            Step::Credential(request) => {
                let choice = host.choose(&request).await;
                request.answer(choice)?;
            }
            Step::Authorize(request) => match host.authorize(&request.peer()).await {
                #[cfg(feature = "dangerous-waivers")]
                Ok(())
                    if !request.waived().is_empty()
                        && host.dangerous_accept_waived(&request.peer(), request.waived()).await =>
                {
                    request.dangerous_accept_waived()?;
                }
                Ok(()) => request.accept()?,
                Err(alert) => return Err(request.reject(alert).into()),
            },
            Step::Sign(request) => match host.sign(&request).await {
                Some(signature) => request.complete(&signature)?,
                None => return Err(request.fail().into()),
            },
            Step::Done => return transport.flush().await.map_err(Failure::Io),
        }
    }
}

/// What a peer that takes nothing more said before, if it was an alert: it is the better explanation.
async fn last_words<T: Read + Write, S: Side, C: CryptoProvider>(
    transport: &mut T,
    handshake: &mut Handshake<'_, S, C>,
) -> Option<Failure<T::Error>> {
    for _ in 0..LAST_READS {
        if let Some(error) = handshake.look_for_alert() {
            return Some(Failure::Tls(error));
        }
        match transport.read(handshake.rx_space()).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => handshake.rx_commit(count).ok()?,
        }
    }
    None
}

/// A transport that takes nothing is gone.
async fn write_some<T: Write>(transport: &mut T, bytes: &[u8]) -> Result<usize, Failure<T::Error>> {
    match transport.write(bytes).await.map_err(Failure::Io)? {
        0 => Err(Failure::Tls(Error::ConnectionTruncated)),
        count => Ok(count),
    }
}

/// Goes to the end of the executor's queue once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<T: ErrorType, C: CryptoProvider> ErrorType for Stream<'_, T, C> {
    type Error = Failure<T::Error>;
}

impl<T: Read + Write, C: CryptoProvider> Read for Stream<'_, T, C> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        self.read_with(out, &mut NoHost).await
    }
}

impl<T: Read + Write, C: CryptoProvider> Write for Stream<'_, T, C> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            match self.session.write(data) {
                Ok(0) => self.transmit().await?,
                Ok(count) => return Ok(count),
                Err(error) => return Err(self.fail(error).await),
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.transmit().await
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
    use crate::io::{AsyncHost, Failure};
    use embedded_io_async::{ErrorType, Read, Write};

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

    impl<'b, T: Read + Write, C: CryptoProvider, H: AsyncHost<'b, Client, C>> Read for Hosted<'_, 'b, T, Client, C, H> {
        async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
            self.stream.read_with(out, &mut ClientHost(&mut *self.host)).await
        }
    }

    impl<'b, T: Read + Write, C: CryptoProvider, H: AsyncHost<'b, Server, C>> Read for Hosted<'_, 'b, T, Server, C, H> {
        async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
            self.stream.read_with(out, &mut ServerHost(&mut *self.host)).await
        }
    }

    impl<'b, T: Read + Write, C: CryptoProvider, H: AsyncHost<'b, Server, C>> Hosted<'_, 'b, T, Server, C, H> {
        /// Asks the client who it is, see [`Session::request_certificate`](crate::Session::request_certificate), and
        /// waits for its answer: [`Accepted`](ClientAuthStatus::Accepted) or [`Declined`](ClientAuthStatus::Declined).
        /// `None` if the client sends application data before it answers, or closes: read that, and then
        /// [`await_certificate`](Self::await_certificate) again.
        ///
        /// # Errors
        /// Those of [`Session::request_certificate`](crate::Session::request_certificate), and why the answer was
        /// refused or the connection failed. The alert is sent before this returns.
        pub async fn request_certificate(
            &mut self,
            client_auth: ClientAuth<'b>,
        ) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
            self.stream.session.request_certificate(client_auth)?;
            self.await_certificate().await
        }

        /// Waits for the answer to a request that was made; gives it also if a read has come past it.
        ///
        /// # Errors
        /// As [`request_certificate`](Self::request_certificate).
        pub async fn await_certificate(&mut self) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
            self.stream.await_answer(&mut ServerHost(&mut *self.host)).await
        }
    }

    impl<T: Read + Write, S, C: CryptoProvider, H> Write for Hosted<'_, '_, T, S, C, H> {
        async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
            self.stream.write(data).await
        }

        async fn flush(&mut self) -> Result<(), Self::Error> {
            self.stream.flush().await
        }
    }
}
