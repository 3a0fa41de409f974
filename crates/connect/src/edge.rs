//! Connectors under crates that are built on edge-nal: edge-http, edge-ws, edge-mqtt.

use crate::connection::Connection;
use crate::device::Device;
use crate::error::Error;
use crate::half::Half;
use crate::open::Connector;
use core::cell::RefCell;
use core::future::Future;
use core::net::SocketAddr;
use core::pin::pin;
use edge_nal::{Close, Readable, TcpConnect, TcpShutdown, TcpSplit};
use embedded_io_async::{BufRead, ErrorType, Read, Write};
use embedded_mtls::credential::Choice;
use embedded_mtls::io::AsyncHost;
use embedded_mtls::{Client, Side};

/// A connection with the traits of edge-nal.
#[derive(Debug)]
pub struct Socket<'l, 'b, T, R: Side>(RefCell<Connection<'l, 'b, T, R>>);

impl<'b, T: TcpConnect, D: Device<Host: AsyncHost<Choice = Choice<'b>>>> TcpConnect for Connector<'_, 'b, T, D> {
    type Error = Error<T::Error>;
    type Socket<'a>
        = Socket<'a, 'b, T::Socket<'a>, Client<D::Provider>>
    where
        Self: 'a;

    async fn connect(&self, remote: SocketAddr) -> Result<Self::Socket<'_>, Self::Error> {
        let transport = self.network.connect(remote).await.map_err(Error::Transport)?;
        Ok(Socket(RefCell::new(self.secure(transport).await?)))
    }
}

impl<T: ErrorType, R: Side> ErrorType for Socket<'_, '_, T, R> {
    type Error = Error<T::Error>;
}

impl<T: Read + Write, R: Side> Read for Socket<'_, '_, T, R> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.get_mut().read(out).await
    }
}

impl<T: Read + Write, R: Side> Write for Socket<'_, '_, T, R> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        self.0.get_mut().write(data).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.get_mut().flush().await
    }
}

impl<T: Read + Write, R: Side> Readable for Socket<'_, '_, T, R> {
    async fn readable(&mut self) -> Result<(), Self::Error> {
        self.0.get_mut().fill_buf().await.map(|_| ())
    }
}

impl<'l, 'b, T: Read + Write, R: Side> TcpSplit for Socket<'l, 'b, T, R> {
    type Read<'a>
        = Half<'a, 'l, 'b, T, R>
    where
        Self: 'a;
    type Write<'a>
        = Half<'a, 'l, 'b, T, R>
    where
        Self: 'a;

    fn split(&mut self) -> (Self::Read<'_>, Self::Write<'_>) {
        (Half(&self.0), Half(&self.0))
    }
}

impl<T: Read + Write + TcpShutdown, R: Side> TcpShutdown for Socket<'_, '_, T, R> {
    /// Sends `close_notify` before the transport is closed for writing.
    async fn close(&mut self, what: Close) -> Result<(), Self::Error> {
        let connection = self.0.get_mut();
        if matches!(what, Close::Write | Close::Both) {
            connection.close().await?;
        }
        connection.stream_mut().map_err(Error::Tls)?.transport.close(what).await.map_err(Error::Transport)
    }

    async fn abort(&mut self) -> Result<(), Self::Error> {
        let stream = self.0.get_mut().stream_mut().map_err(Error::Tls)?;
        stream.transport.abort().await.map_err(Error::Transport)
    }
}

impl<T: Read + Write, R: Side> Readable for Half<'_, '_, '_, T, R> {
    async fn readable(&mut self) -> Result<(), Self::Error> {
        self.with(|connection, context| pin!(connection.fill_buf()).poll(context).map_ok(|_| ())).await
    }
}
