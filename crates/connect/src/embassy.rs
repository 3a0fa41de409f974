//! Sockets of embassy-net, with timeouts.
//!
//! embassy-net reports a timeout of a socket as a reset. [`Timed`] measures the time itself, so that the kind of its
//! errors is `TimedOut`, and limits any transport or network, such as the `TcpClient` of embassy-net under reqwless.

use crate::connection::Connection;
use crate::device::Device;
use crate::error::Error;
use crate::open::Connector;
use core::fmt::{Display, Formatter};
use core::future::Future;
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{ConnectError, TcpSocket};
use embassy_net::{Stack, dns, tcp};
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_mtls::credential::Choice;
use embedded_mtls::io::AsyncHost;
use embedded_mtls::{Client, Side};

/// A transport, or a network of them, with a limit for each operation.
#[derive(Clone, Copy, Debug)]
pub struct Timed<T> {
    inner: T,
    limit: Duration,
}

/// The timeouts of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The limit from resolving the name to the end of the handshake.
    pub open: Duration,
    /// The limit of each read, write and flush.
    pub idle: Duration,
    /// For closing: until the peer has acknowledged everything.
    pub close: Duration,
}

/// The error of a [`Timed`] transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimedError<E> {
    /// Nothing happened within the limit.
    Elapsed,
    /// The transport failed.
    Transport(E),
}

/// A failure to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialError {
    /// The server could not be reached.
    Connect(ConnectError),
    /// The time limit was exceeded.
    Elapsed,
    /// The name has no address.
    Name(dns::Error),
    /// The transport failed.
    Transport(tcp::Error),
}

impl<T> Timed<T> {
    /// Limits the operations of a transport, or of the transports that a network opens.
    pub const fn new(inner: T, limit: Duration) -> Self {
        Self { inner, limit }
    }

    /// Returns the transport.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

/// Awaits an operation of a transport for a limited time.
async fn within<O, E>(limit: Duration, operation: impl Future<Output = Result<O, E>>) -> Result<O, TimedError<E>> {
    with_timeout(limit, operation).await.map_err(|_| TimedError::Elapsed)?.map_err(TimedError::Transport)
}

impl<T: ErrorType> ErrorType for Timed<T> {
    type Error = TimedError<T::Error>;
}

impl<T: Read> Read for Timed<T> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        within(self.limit, self.inner.read(out)).await
    }
}

impl<T: Write> Write for Timed<T> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        within(self.limit, self.inner.write(data)).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        within(self.limit, self.inner.flush()).await
    }
}

#[cfg(feature = "nal")]
impl<T: embedded_nal_async::TcpConnect> embedded_nal_async::TcpConnect for Timed<T> {
    type Error = TimedError<T::Error>;
    type Connection<'a>
        = Timed<T::Connection<'a>>
    where
        Self: 'a;

    async fn connect(&self, remote: core::net::SocketAddr) -> Result<Self::Connection<'_>, Self::Error> {
        Ok(Timed::new(within(self.limit, self.inner.connect(remote)).await?, self.limit))
    }
}

impl<'s, 'b, D: Device<Host: AsyncHost<Choice = Choice<'b>>>> Connector<'_, 'b, Stack<'s>, D> {
    /// Resolves a name, connects to its first address and runs the handshake. The memory is for the socket: what it
    /// receives, then what it sends.
    ///
    /// # Errors
    /// The reason for the failure. The buffers are free again.
    pub async fn dial(
        &self,
        host: &str,
        port: u16,
        memory: (&'s mut [u8], &'s mut [u8]),
        timeouts: Timeouts,
    ) -> Result<Connection<'_, 'b, Timed<TcpSocket<'s>>, Client<D::Provider>>, Error<DialError>> {
        let opened = async {
            let addresses = self.network.dns_query(host, DnsQueryType::A).await.map_err(DialError::Name)?;
            let address = *addresses.first().ok_or(DialError::Name(dns::Error::Failed))?;
            let mut socket = TcpSocket::new(self.network, memory.0, memory.1);
            // An answer is awaited: what is small must not wait for more.
            socket.set_nagle_enabled(false);
            socket.connect((address, port)).await.map_err(DialError::Connect)?;
            self.secure(Timed::new(socket, timeouts.idle)).await.map_err(Error::map_transport)
        };
        with_timeout(timeouts.open, opened).await.unwrap_or(Err(Error::Transport(DialError::Elapsed)))
    }
}

impl<R: Side> Connection<'_, '_, Timed<TcpSocket<'_>>, R> {
    /// Ends the connection: sends `close_notify`, closes the socket, and waits until the peer has acknowledged both.
    /// A socket of embassy-net that is dropped sends nothing more.
    ///
    /// # Errors
    /// If `close_notify` was not sent.
    pub async fn hang_up(mut self, timeouts: Timeouts) -> Result<(), Error<TimedError<tcp::Error>>> {
        let closed = with_timeout(timeouts.close, self.close()).await;
        if let Some(socket) = self.into_transport() {
            let mut socket = socket.into_inner();
            socket.close();
            let _unsent = with_timeout(timeouts.close, socket.flush()).await;
            socket.abort();
            // Sends the reset, if one is needed.
            let _unsent = with_timeout(timeouts.close, socket.flush()).await;
        }
        closed.unwrap_or(Err(Error::Transport(TimedError::Elapsed)))
    }
}

impl From<DialError> for Error<DialError> {
    fn from(error: DialError) -> Self {
        Self::Transport(error)
    }
}

impl Error<TimedError<tcp::Error>> {
    fn map_transport(self) -> Error<DialError> {
        match self {
            Self::Busy => Error::Busy,
            Self::Transport(TimedError::Elapsed) => Error::Transport(DialError::Elapsed),
            Self::Transport(TimedError::Transport(error)) => Error::Transport(DialError::Transport(error)),
            Self::Tls(error) => Error::Tls(error),
        }
    }
}

impl<E: Display> Display for TimedError<E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Elapsed => f.write_str("the transport timed out"),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

impl Display for DialError {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        // embassy-net has no words for its errors.
        match self {
            Self::Connect(error) => write!(f, "the server was not reached: {error:?}"),
            Self::Elapsed => f.write_str("the connection timed out"),
            Self::Name(error) => write!(f, "the name was not resolved: {error:?}"),
            Self::Transport(error) => write!(f, "the socket failed: {error:?}"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for TimedError<E> {}
impl core::error::Error for DialError {}

impl<E: embedded_io::Error> embedded_io::Error for TimedError<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Elapsed => ErrorKind::TimedOut,
            Self::Transport(error) => error.kind(),
        }
    }
}

impl embedded_io::Error for DialError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Connect(ConnectError::ConnectionReset) => ErrorKind::ConnectionRefused,
            Self::Connect(ConnectError::InvalidState) => ErrorKind::InvalidInput,
            Self::Connect(ConnectError::NoRoute) => ErrorKind::AddrNotAvailable,
            Self::Connect(ConnectError::TimedOut) | Self::Elapsed => ErrorKind::TimedOut,
            Self::Name(_) => ErrorKind::NotFound,
            Self::Transport(error) => error.kind(),
        }
    }
}
