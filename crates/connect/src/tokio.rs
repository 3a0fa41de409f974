//! Sockets of tokio as transports, for programs and tests on a host.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::ready;
use embedded_io_async::{ErrorType, Read, Write};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A stream of tokio as a transport.
#[derive(Debug)]
pub struct Io<T>(pub T);

impl<T> ErrorType for Io<T> {
    type Error = io::Error;
}

impl<T: AsyncRead + Unpin> Read for Io<T> {
    async fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| {
            let mut space = ReadBuf::new(out);
            ready!(Pin::new(&mut self.0).poll_read(context, &mut space))?;
            Ok(space.filled().len()).into()
        })
        .await
    }
}

impl<T: AsyncWrite + Unpin> Write for Io<T> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut self.0).poll_write(context, bytes)).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|context| Pin::new(&mut self.0).poll_flush(context)).await
    }
}

/// The network of the host.
#[derive(Clone, Copy, Debug)]
pub struct Network;

impl Network {
    /// Connects to an address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub async fn open(self, remote: core::net::SocketAddr) -> io::Result<Io<TcpStream>> {
        TcpStream::connect(remote).await.map(Io)
    }
}

#[cfg(feature = "nal")]
impl embedded_nal_async::TcpConnect for Network {
    type Error = io::Error;
    type Connection<'a> = Io<TcpStream>;

    async fn connect(&self, remote: core::net::SocketAddr) -> io::Result<Self::Connection<'_>> {
        self.open(remote).await
    }
}

#[cfg(feature = "edge-nal")]
mod edge {
    use super::{Io, Network};
    use core::future::poll_fn;
    use core::pin::Pin;
    use edge_nal::{Close, Readable, TcpConnect, TcpShutdown, TcpSplit};
    use std::io;
    use tokio::io::AsyncWrite;
    use tokio::net::TcpStream;
    use tokio::net::tcp::{ReadHalf, WriteHalf};

    impl TcpConnect for Network {
        type Error = io::Error;
        type Socket<'a> = Io<TcpStream>;

        async fn connect(&self, remote: core::net::SocketAddr) -> io::Result<Self::Socket<'_>> {
            self.open(remote).await
        }
    }

    impl Readable for Io<TcpStream> {
        async fn readable(&mut self) -> io::Result<()> {
            self.0.readable().await
        }
    }

    impl Readable for Io<ReadHalf<'_>> {
        async fn readable(&mut self) -> io::Result<()> {
            self.0.readable().await
        }
    }

    impl TcpSplit for Io<TcpStream> {
        type Read<'a> = Io<ReadHalf<'a>>;
        type Write<'a> = Io<WriteHalf<'a>>;

        fn split(&mut self) -> (Self::Read<'_>, Self::Write<'_>) {
            let (read, write) = self.0.split();
            (Io(read), Io(write))
        }
    }

    impl TcpShutdown for Io<TcpStream> {
        async fn close(&mut self, what: Close) -> io::Result<()> {
            if what == Close::Read {
                return Ok(());
            }
            poll_fn(|context| Pin::new(&mut self.0).poll_shutdown(context)).await
        }

        /// The socket is closed when it is dropped.
        async fn abort(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
