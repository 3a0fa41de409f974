//! Connectors and acceptors: they open connections with buffers that are lent to them.

use crate::connection::{Connection, Home};
use crate::device::Device;
use crate::error::{Error, Reason};
use crate::resumption::Resumption;
use core::cell::Cell;
use embedded_io_async::{Read, Write};
use embedded_mtls::credential::Choice;
use embedded_mtls::io::asynch::{Stream, drive};
use embedded_mtls::io::{AsyncHost, Failure};
use embedded_mtls::{Buffers, Client, ClientConfig, Handshake, Server, ServerConfig, Side};

/// Buffers that a connection borrows and returns when it is dropped, and so does a future that opens one. A list of
/// them allows as many connections at once.
pub struct Lent<'b>(Cell<Option<Buffers<'b>>>);

impl<'b> Lent<'b> {
    /// Lends buffers.
    pub const fn new(buffers: Buffers<'b>) -> Self {
        Self(Cell::new(Some(buffers)))
    }

    /// Takes the buffers, unless a connection has them.
    pub fn take(&self) -> Option<Buffers<'b>> {
        self.0.take()
    }

    pub(crate) fn put_back(&self, buffers: Buffers<'b>) {
        self.0.set(Some(buffers));
    }
}

impl core::fmt::Debug for Lent<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Lent")
    }
}

/// Opens connections as a client, to one server name.
///
/// `T` is the network below, with the traits that a feature requires. For another name, see
/// [`with_config`](Self::with_config).
#[derive(Debug)]
pub struct Connector<'l, 'b, T, D: Device> {
    pub(crate) network: T,
    config: &'b ClientConfig<'b>,
    device: D,
    lent: &'l [Lent<'b>],
    last_error: Cell<Option<Reason>>,
    resumption: Resumption<'l, 'b, Client<D::Provider>>,
}

/// Accepts connections as a server.
#[derive(Debug)]
pub struct Acceptor<'l, 'b, T, D: Device> {
    #[allow(dead_code, reason = "read under a feature")]
    pub(crate) network: T,
    config: &'b ServerConfig<'b>,
    device: D,
    lent: &'l [Lent<'b>],
    last_error: Cell<Option<Reason>>,
    resumption: Resumption<'l, 'b, Server<D::Provider>>,
}

macro_rules! end {
    ($end:ident, $config:ident, $side:ident) => {
        impl<'l, 'b, T, D: Device<Host: AsyncHost<Choice = Choice<'b>>>> $end<'l, 'b, T, D> {
            /// Makes one over a network. The configuration holds the trust anchors.
            pub const fn new(network: T, config: &'b $config<'b>, device: D, lent: &'l [Lent<'b>]) -> Self {
                Self { network, config, device, lent, last_error: Cell::new(None), resumption: Resumption::NONE }
            }

            /// Returns one with another configuration, over the same network, device and lent buffers.
            #[must_use]
            pub fn with_config(&self, config: &'b $config<'b>) -> Self
            where
                T: Clone,
                D: Clone,
            {
                Self::new(self.network.clone(), config, self.device.clone(), self.lent)
            }

            /// Returns the reason of the last TLS failure, in the handshake or after it.
            pub const fn last_error(&self) -> Option<Reason> {
                self.last_error.get()
            }

            /// Runs the handshake over a transport that is connected.
            ///
            /// # Errors
            /// The reason of the failure. The buffers are free again, unless they or the configuration were rejected at
            /// once; then no handshake has begun, and each attempt fails.
            pub async fn secure<S: Read + Write>(
                &self,
                transport: S,
            ) -> Result<Connection<'_, 'b, S, $side<D::Provider>>, Error<S::Error>> {
                open(transport, self.config, &self.device, self.lent, &self.last_error, self.resumption).await
            }
        }
    };
}

end!(Connector, ClientConfig, Client);
end!(Acceptor, ServerConfig, Server);

#[cfg(feature = "resumption")]
impl<'l, 'b, T, D: Device> Connector<'l, 'b, T, D> {
    /// Stores the tickets of the server in `tickets`, and resumes the last session with the next connection. The
    /// configuration has to [request](ClientConfig::with_resumption) tickets. A connector for
    /// [another name](Self::with_config) has no tickets until it gets its own.
    #[must_use]
    pub fn with_tickets(mut self, tickets: &'l crate::Tickets<'b>) -> Self {
        self.resumption = Resumption::with(tickets);
        self
    }
}

/// A handshake that returns its buffers when it is dropped.
struct Opening<'l, 'b, R: Side> {
    handshake: Option<Handshake<'b, R>>,
    home: &'l Lent<'b>,
}

impl<R: Side> Drop for Opening<'_, '_, R> {
    fn drop(&mut self) {
        if let Some(handshake) = self.handshake.take() {
            self.home.put_back(handshake.into_buffers());
        }
    }
}

async fn open<'l, 'b, T: Read + Write, R: Side, D: Device<Host: AsyncHost<Choice = Choice<'b>>>>(
    mut transport: T,
    config: &'b R::Config<'b>,
    device: &D,
    lent: &'l [Lent<'b>],
    last_error: &'l Cell<Option<Reason>>,
    resumption: Resumption<'l, 'b, R>,
) -> Result<Connection<'l, 'b, T, R>, Error<T::Error>>
where
    R::Provider: Default,
{
    let refuse = |error, stage| {
        last_error.set(Some(Reason { stage, error }));
        Error::Tls(error)
    };
    let (lent, buffers) = lent.iter().find_map(|lent| lent.take().map(|buffers| (lent, buffers))).ok_or(Error::Busy)?;
    if let Err(error) = Handshake::<R>::check(config, &buffers) {
        lent.put_back(buffers);
        return Err(refuse(error, None));
    }
    let mut handshake = Handshake::new(config, buffers, device.entropy()).map_err(|error| refuse(error, None))?;
    resumption.offer(&mut handshake);
    let mut opening = Opening { handshake: Some(handshake), home: lent };
    let mut host = device.host();
    if let Some(handshake) = &mut opening.handshake
        && let Err(cause) = drive(&mut transport, handshake, &mut host).await
    {
        return Err(match (handshake.failure(), cause) {
            // An alert may have come before the transport ended.
            (Some(failure), _) => refuse(failure.error, Some(failure.stage)),
            (None, Failure::Tls(error)) => refuse(error, Some(handshake.stage())),
            // A slow transport, or one called at a bad moment, is no evidence about the peer.
            (None, Failure::Io(error)) => Error::Transport(error),
        });
    }
    // The handshake is complete: from here on, only the session has the buffers.
    let session = opening.handshake.take().ok_or(Error::Busy)?.into_session().map_err(|error| refuse(error, None))?;
    Ok(Connection::new(Stream::from_parts(transport, session), Home { lent, last_error, resumption }))
}
