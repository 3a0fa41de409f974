//! Connections under picoserve: HTTPS on a microcontroller.

use crate::connection::Connection;
use crate::error::Error;
use crate::half::Half;
use core::cell::RefCell;
use core::future::Future;
use core::pin::pin;
use core::task::{Poll, ready};
use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::{Server, Session};
use picoserve::Timeouts;
use picoserve::io::Socket as Transport;
use picoserve::mem::{BorrowedBuffer, BorrowedCursor};
use picoserve::time::Timer;

/// A connection of an authenticated client, for picoserve.
///
/// It is closed by `close_notify`; then the transport is closed as picoserve closes it without TLS.
#[derive(Debug)]
pub struct Socket<'l, 'b, T, P: CryptoProvider = RustCrypto>(RefCell<Connection<'l, 'b, T, Server<P>>>);

/// The half of a [`Socket`] that sends: a response is written where it is encrypted.
#[derive(Debug)]
pub struct Writer<'s, 'l, 'b, T, P: CryptoProvider = RustCrypto>(Half<'s, 'l, 'b, T, Server<P>>);

impl<'l, 'b, T, P: CryptoProvider> Socket<'l, 'b, T, P> {
    /// Makes a socket of a connection that an [`Acceptor`](crate::Acceptor) has secured.
    pub const fn new(connection: Connection<'l, 'b, T, Server<P>>) -> Self {
        Self(RefCell::new(connection))
    }
}

impl<'l, 'b, T: Read + Write, P: CryptoProvider, Runtime> Transport<Runtime> for Socket<'l, 'b, T, P>
where
    T: Transport<Runtime, Error = <T as ErrorType>::Error>,
    <T as ErrorType>::Error: 'static,
{
    type Error = Error<<T as ErrorType>::Error>;
    type ReadHalf<'a>
        = Half<'a, 'l, 'b, T, Server<P>>
    where
        Self: 'a;
    type WriteHalf<'a>
        = Writer<'a, 'l, 'b, T, P>
    where
        Self: 'a;

    fn split(&mut self) -> (Self::ReadHalf<'_>, Self::WriteHalf<'_>) {
        (Half(&self.0), Writer(Half(&self.0)))
    }

    async fn abort<C: Timer<Runtime>>(
        self,
        timeouts: &Timeouts,
        timer: &C,
    ) -> Result<(), picoserve::Error<Self::Error>> {
        let Some(transport) = self.0.into_inner().into_transport() else { return Ok(()) };
        transport.abort(timeouts, timer).await.map_err(|error| convert(error, Error::Transport))
    }

    async fn shutdown<C: Timer<Runtime>>(
        self,
        timeouts: &Timeouts,
        timer: &C,
    ) -> Result<(), picoserve::Error<Self::Error>> {
        let mut connection = self.0.into_inner();
        let closed = timer.run_with_timeout(timeouts.write, connection.close()).await;
        let Some(transport) = connection.into_transport() else { return Ok(()) };
        let failure = match closed {
            Ok(Ok(())) => {
                return transport.shutdown(timeouts, timer).await.map_err(|error| convert(error, Error::Transport));
            }
            Ok(Err(error)) => picoserve::Error::Write(error),
            Err(elapsed) => picoserve::Error::WriteTimeout(elapsed),
        };
        // The first failure is the one to report.
        let _unsent = transport.abort(timeouts, timer).await;
        Err(failure)
    }
}

/// Converts the error of a transport in an error of picoserve.
fn convert<E: picoserve::io::Error, F: picoserve::io::Error>(
    error: picoserve::Error<E>,
    of: impl FnOnce(E) -> F,
) -> picoserve::Error<F> {
    use picoserve::Error::{BadRequest, Read, ReadTimeout, Write, WriteTimeout};
    match error {
        BadRequest => BadRequest,
        Read(error) => Read(of(error)),
        ReadTimeout(elapsed) => ReadTimeout(elapsed),
        Write(error) => Write(of(error)),
        WriteTimeout(elapsed) => WriteTimeout(elapsed),
    }
}

impl<T: ErrorType, P: CryptoProvider> ErrorType for Writer<'_, '_, '_, T, P> {
    type Error = Error<T::Error>;
}

impl<T: Read + Write, P: CryptoProvider> Write for Writer<'_, '_, '_, T, P> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        self.0.write(data).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush().await
    }
}

impl<T: Read + Write, P: CryptoProvider> picoserve::io::Write for Writer<'_, '_, '_, T, P> {
    async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> O, O>(&mut self, fill: F) -> Result<O, Self::Error> {
        let mut fill = Some(fill);
        self.0
            .with(|connection, context| {
                loop {
                    let session = &mut connection.stream_mut().map_err(Error::Tls)?.session;
                    let sealed = seal_with(session, &mut fill);
                    if let Ok(Some(output)) = sealed {
                        return Poll::Ready(Ok(output));
                    }
                    // Room for more, or the alert of the error.
                    let sent = ready!(pin!(connection.flush()).poll(context));
                    sealed.map_err(|error| connection.failed(error))?;
                    sent?;
                }
            })
            .await
    }
}

/// Encrypts what `fill` writes into the room for plaintext; `None` if there is no room, or if it was called before.
fn seal_with<F: FnOnce(BorrowedCursor<'_>) -> O, O>(
    session: &mut Session<'_, Server<impl CryptoProvider>>,
    fill: &mut Option<F>,
) -> Result<Option<O>, embedded_mtls::Error> {
    let mut room = session.reserve()?;
    if room.is_empty() {
        return Ok(None);
    }
    let Some(fill) = fill.take() else { return Ok(None) };
    let mut buffer = BorrowedBuffer::new(&mut room);
    let output = fill(buffer.unfilled());
    let count = buffer.len();
    room.seal(count)?;
    Ok(Some(output))
}

#[cfg(feature = "tokio")]
mod host {
    use super::{Timeouts, Timer, Transport, convert};
    use crate::tokio::Io;
    use picoserve::TokioRuntime;
    use picoserve::mem::{BorrowedBuffer, BorrowedCursor};
    use std::io;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;
    use tokio::net::tcp::{ReadHalf, WriteHalf};

    /// Bytes that are written at once.
    const ROOM: usize = 1024;

    impl picoserve::io::Write for Io<WriteHalf<'_>> {
        async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> O, O>(&mut self, fill: F) -> io::Result<O> {
            let mut room = [0; ROOM];
            let mut buffer = BorrowedBuffer::new(&mut room);
            let output = fill(buffer.unfilled());
            self.0.write_all(buffer.filled()).await.map(|()| output)
        }
    }

    impl Transport<TokioRuntime> for Io<TcpStream> {
        type Error = io::Error;
        type ReadHalf<'a> = Io<ReadHalf<'a>>;
        type WriteHalf<'a> = Io<WriteHalf<'a>>;

        fn split(&mut self) -> (Self::ReadHalf<'_>, Self::WriteHalf<'_>) {
            let (read, write) = self.0.split();
            (Io(read), Io(write))
        }

        /// The socket is closed when it is dropped.
        async fn abort<C: Timer<TokioRuntime>>(self, _: &Timeouts, _: &C) -> Result<(), picoserve::Error<io::Error>> {
            Ok(())
        }

        async fn shutdown<C: Timer<TokioRuntime>>(
            self,
            timeouts: &Timeouts,
            timer: &C,
        ) -> Result<(), picoserve::Error<io::Error>> {
            Transport::shutdown(self.0, timeouts, timer).await.map_err(|error| convert(error, |error| error.0))
        }
    }
}
