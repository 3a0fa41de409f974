//! Connections that return their buffers.

use crate::error::{Error, Reason};
use crate::open::Lent;
use crate::resumption::Resumption;
use core::cell::Cell;
use embedded_io_async::{BufRead, Error as _, ErrorKind, ErrorType, Read, Write};
use embedded_mtls::io::Failure;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::{ApiMisuse, Error as TlsError, Side};

/// The source of a connection's buffers, and the place for the reason of its failure.
pub(crate) struct Home<'l, 'b, R: Side> {
    pub(crate) lent: &'l Lent<'b>,
    pub(crate) last_error: &'l Cell<Option<Reason>>,
    pub(crate) resumption: Resumption<'l, 'b, R>,
}

/// A session over a transport. Its buffers return to the list when it is dropped.
///
/// Call [`close`](Self::close) before you drop it; otherwise the peer detects a truncation.
pub struct Connection<'l, 'b, T, R: Side> {
    /// `None` only while the connection is dropped.
    stream: Option<Stream<'b, T, R>>,
    home: Home<'l, 'b, R>,
}

impl<T, R: Side> core::fmt::Debug for Connection<'_, '_, T, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Connection")
    }
}

impl<'l, 'b, T, R: Side> Connection<'l, 'b, T, R> {
    pub(crate) const fn new(stream: Stream<'b, T, R>, home: Home<'l, 'b, R>) -> Self {
        Self { stream: Some(stream), home }
    }

    /// Returns the stream, with the session and the transport; `Some` as long as the connection exists.
    pub const fn stream(&self) -> Option<&Stream<'b, T, R>> {
        self.stream.as_ref()
    }

    /// Returns the stream, mutably.
    ///
    /// # Errors
    /// None as long as the connection exists.
    pub fn stream_mut(&mut self) -> Result<&mut Stream<'b, T, R>, embedded_mtls::Error> {
        self.stream.as_mut().ok_or_else(|| ApiMisuse::ClosedForWriting.into())
    }

    /// Sends `close_notify`.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub async fn close(&mut self) -> Result<(), Error<T::Error>>
    where
        T: Read + Write,
    {
        let result = self.stream_mut().map_err(Error::Tls)?.close().await;
        self.sent(result).await
    }

    /// Returns the transport; the buffers return to the list. `Some` as long as the connection exists.
    #[cfg(any(feature = "embassy-net", feature = "picoserve"))]
    pub(crate) fn into_transport(mut self) -> Option<T> {
        self.part()
    }

    /// Takes the connection apart.
    fn part(&mut self) -> Option<T> {
        let Stream { transport, session, .. } = self.stream.take()?;
        self.home.lent.put_back(session.into_buffers());
        Some(transport)
    }

    /// Keeps the reason of a failure to send. A peer that has ended the connection may have sent an alert before, which
    /// is the better reason.
    async fn sent<O>(&mut self, result: Result<O, Failure<T::Error>>) -> Result<O, Error<T::Error>>
    where
        T: Read + Write,
    {
        if let Err(Failure::Io(error)) = &result
            && matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
            && let Ok(stream) = self.stream_mut()
            && let Err(Failure::Tls(alert @ TlsError::AlertReceived(_))) = stream.fill_buf().await
        {
            return Err(self.failed(alert));
        }
        self.note(result)
    }

    /// Stores a ticket that was received. One that cannot be stored is no reason to end the connection.
    fn keep_ticket(&mut self) {
        if let Some(stream) = &mut self.stream
            && let Err(error) = self.home.resumption.keep(&mut stream.session)
        {
            self.home.last_error.set(Some(Reason { stage: None, error }));
        }
    }

    /// Keeps the reason of a failure.
    fn note<O, E>(&self, result: Result<O, Failure<E>>) -> Result<O, Error<E>> {
        result.map_err(|failure| match failure {
            Failure::Io(error) => Error::Transport(error),
            Failure::Tls(error) => self.failed(error),
        })
    }

    /// Keeps an error of TLS as the reason of a failure.
    pub(crate) fn failed<E>(&self, error: embedded_mtls::Error) -> Error<E> {
        self.home.last_error.set(Some(Reason { stage: None, error }));
        Error::Tls(error)
    }
}

impl<T, R: Side> Drop for Connection<'_, '_, T, R> {
    fn drop(&mut self) {
        self.part();
    }
}

impl<T: ErrorType, R: Side> ErrorType for Connection<'_, '_, T, R> {
    type Error = Error<T::Error>;
}

impl<T: Read + Write, R: Side> Read for Connection<'_, '_, T, R> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        let result = self.stream_mut().map_err(Error::Tls)?.read(out).await;
        self.keep_ticket();
        self.note(result)
    }
}

impl<T: Read + Write, R: Side> BufRead for Connection<'_, '_, T, R> {
    async fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        let filled = self.stream_mut().map_err(Error::Tls)?.fill_buf().await.map(|_| ());
        self.keep_ticket();
        self.note(filled)?;
        // Available data returns at once.
        self.stream_mut().map_err(Error::Tls)?.fill_buf().await.map_err(Error::from)
    }

    fn consume(&mut self, count: usize) {
        if let Ok(stream) = self.stream_mut() {
            stream.consume(count);
        }
    }
}

impl<T: Read + Write, R: Side> Write for Connection<'_, '_, T, R> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        let result = self.stream_mut().map_err(Error::Tls)?.write(data).await;
        self.sent(result).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        let result = self.stream_mut().map_err(Error::Tls)?.flush().await;
        self.sent(result).await
    }
}
