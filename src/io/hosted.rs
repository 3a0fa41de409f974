//! Streams with a host that answers the session's questions after the handshake.

use super::Failure;
use super::pump::Io;
use super::{AsyncHost, asynch};
use super::{Host, blocking};
use crate::connection::Session;
use crate::credential::Choice;
use crate::crypto::CryptoProvider;
use crate::handshake::config::ClientAuth;
use crate::handshake::server::Server;
use crate::handshake::{ClientAuthStatus, Side};
use embedded_io::ErrorType;

/// A stream with the host that answers its questions, see [`Stream::hosted`](super::Stream::hosted).
pub struct Hosted<'s, S, H> {
    pub(super) stream: &'s mut S,
    pub(super) host: &'s mut H,
}

debug_by_name!("Hosted", [S, H] Hosted<'_, S, H>);

impl<S: ErrorType, H> ErrorType for Hosted<'_, S, H> {
    type Error = S::Error;
}

impl<'b, T: embedded_io::Read + embedded_io::Write, P: CryptoProvider, H: Host<Choice = Choice<'b>>>
    Hosted<'_, blocking::Stream<'b, T, Server<P>>, H>
{
    /// Requests the client's certificate, see [`Session::request_certificate`], and waits for the answer:
    /// [`Accepted`](ClientAuthStatus::Accepted) or [`Declined`](ClientAuthStatus::Declined). `None` if the client sends
    /// application data before it answers, or closes: read the data, then call
    /// [`await_certificate`](Self::await_certificate).
    ///
    /// # Errors
    /// Those of [`Session::request_certificate`], a rejected answer, or a failure of the connection. The alert is sent
    /// before this returns.
    pub fn request_certificate(
        &mut self,
        client_auth: ClientAuth<'b>,
    ) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
        let requested = self.stream.session.request_certificate(client_auth);
        if requested.is_err() {
            // A final error has an alert, and explains more than a transport that does not accept it.
            let _unsent = embedded_io::Write::flush(self.stream);
        }
        requested?;
        self.await_certificate()
    }

    /// Waits for the answer to an earlier request, also if a read has already received it.
    ///
    /// # Errors
    /// As [`request_certificate`](Self::request_certificate).
    pub fn await_certificate(&mut self) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
        self.run(|session| session.certificate_answer().is_some())?;
        Ok(self.stream.session.certificate_answer())
    }
}

impl<'b, T: embedded_io::Read + embedded_io::Write, R: Side, H: Host<Choice = Choice<'b>>>
    Hosted<'_, blocking::Stream<'b, T, R>, H>
{
    fn run(&mut self, holds: fn(&Session<'b, R>) -> bool) -> Result<(), Failure<T::Error>> {
        let (transport, mut pump) = self.stream.pump(holds);
        while let Io::Ask(question) = blocking::carry(transport, &mut pump, &mut ())? {
            pump.ask(question, self.host);
        }
        Ok(())
    }
}

impl<'b, T: embedded_io::Read + embedded_io::Write, R: Side, H: Host<Choice = Choice<'b>>> embedded_io::Read
    for Hosted<'_, blocking::Stream<'b, T, R>, H>
{
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if out.is_empty() {
            return Ok(0);
        }
        self.run(|_| false)?;
        Ok(self.stream.take(out))
    }
}

impl<S: embedded_io::Write, H> embedded_io::Write for Hosted<'_, S, H> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        self.stream.write(data)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.stream.flush()
    }
}

impl<'b, T: embedded_io_async::Read + embedded_io_async::Write, P: CryptoProvider, H: AsyncHost<Choice = Choice<'b>>>
    Hosted<'_, asynch::Stream<'b, T, Server<P>>, H>
{
    /// Requests the client's certificate, see [`Session::request_certificate`], and waits for the answer:
    /// [`Accepted`](ClientAuthStatus::Accepted) or [`Declined`](ClientAuthStatus::Declined). `None` if the client sends
    /// application data before it answers, or closes: read the data, then call
    /// [`await_certificate`](Self::await_certificate).
    ///
    /// # Errors
    /// Those of [`Session::request_certificate`], a rejected answer, or a failure of the connection. The alert is sent
    /// before this returns.
    pub async fn request_certificate(
        &mut self,
        client_auth: ClientAuth<'b>,
    ) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
        let requested = self.stream.session.request_certificate(client_auth);
        if requested.is_err() {
            // A final error has an alert, and explains more than a transport that does not accept it.
            let _unsent = embedded_io_async::Write::flush(self.stream).await;
        }
        requested?;
        self.await_certificate().await
    }

    /// Waits for the answer to an earlier request, also if a read has already received it.
    ///
    /// # Errors
    /// As [`request_certificate`](Self::request_certificate).
    pub async fn await_certificate(&mut self) -> Result<Option<ClientAuthStatus>, Failure<T::Error>> {
        self.run(|session| session.certificate_answer().is_some()).await?;
        Ok(self.stream.session.certificate_answer())
    }
}

impl<'b, T: embedded_io_async::Read + embedded_io_async::Write, R: Side, H: AsyncHost<Choice = Choice<'b>>>
    Hosted<'_, asynch::Stream<'b, T, R>, H>
{
    async fn run(&mut self, holds: fn(&Session<'b, R>) -> bool) -> Result<(), Failure<T::Error>> {
        let (transport, mut pump) = self.stream.pump(holds);
        while let Io::Ask(question) = asynch::carry(transport, &mut pump, &mut ()).await? {
            pump.ask_async(question, self.host).await;
        }
        Ok(())
    }
}

impl<'b, T: embedded_io_async::Read + embedded_io_async::Write, R: Side, H: AsyncHost<Choice = Choice<'b>>>
    embedded_io_async::Read for Hosted<'_, asynch::Stream<'b, T, R>, H>
{
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if out.is_empty() {
            return Ok(0);
        }
        self.run(|_| false).await?;
        Ok(self.stream.take(out))
    }
}

impl<S: embedded_io_async::Write, H> embedded_io_async::Write for Hosted<'_, S, H> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        self.stream.write(data).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.stream.flush().await
    }
}
