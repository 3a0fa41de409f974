//! Connectors under crates that are built on embedded-nal-async.

use crate::connection::Connection;
use crate::device::Device;
use crate::error::Error;
use crate::open::Connector;
use core::net::SocketAddr;
use embedded_mtls::Client;
use embedded_mtls::credential::Choice;
use embedded_mtls::io::AsyncHost;
use embedded_nal_async::TcpConnect;

impl<'b, T: TcpConnect, D: Device<Host: AsyncHost<Choice = Choice<'b>>>> TcpConnect for Connector<'_, 'b, T, D> {
    type Error = Error<T::Error>;
    type Connection<'a>
        = Connection<'a, 'b, T::Connection<'a>, Client<D::Provider>>
    where
        Self: 'a;

    async fn connect(&self, remote: SocketAddr) -> Result<Self::Connection<'_>, Self::Error> {
        let transport = self.network.connect(remote).await.map_err(Error::Transport)?;
        self.secure(transport).await
    }
}
