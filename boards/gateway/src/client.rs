//! One attempt to deliver an order: resolve, connect, mutual TLS, HTTP, cXML.

use crate::clock::Clock;
use crate::desk::{self, Desk};
use crate::fmt::Shown;
use crate::http::{self, HttpError};
use crate::memory::Connection;
use crate::settings::{Board, Endpoint, Settings};
use crate::tap::Tap;
use crate::trouble::{Acceptance, Trouble};
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{Error as TcpError, TcpSocket};
use embassy_net::{IpAddress, Ipv4Address, Stack};
use embassy_time::{Duration, with_timeout};
use embedded_io_async::Read;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::{Failure, HandshakeError};
use embedded_mtls::x509::ServerName;
use embedded_mtls::{Buffers, Client, ClientAuthStatus, ClientConfig, Error, Handshake};

/// How long the other side may take to say goodbye: by then all is done.
pub(crate) const GOODBYE: Duration = Duration::from_millis(500);

/// How long name servers may take; they are asked again meanwhile.
const NAME_PATIENCE: Duration = Duration::from_secs(5);

/// Posts `order`.
pub(crate) async fn attempt<B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    order: &[u8],
    memory: &mut Connection,
) -> Result<Acceptance, Trouble> {
    let endpoint = &settings.endpoint;
    let address = resolve(stack, endpoint).await?;
    let mut socket = TcpSocket::new(stack, &mut memory.tcp_rx, &mut memory.tcp_tx);
    // Answers are waited for; what is small need not be.
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(settings.patience));
    debug!("connecting to {}:{}", Shown(address), endpoint.port);
    if let Err(error) = socket.connect((address, endpoint.port)).await {
        warn!("no connection: {}", Shown(ConnectError(error)));
        return Err(Trouble::Network);
    }
    let buffers = Buffers { rx: &mut memory.tls_rx, tx: &mut memory.tls_tx, peer: &mut memory.peer };
    let transport = Tap::new(&mut socket);
    let outcome = deliver(transport, buffers, settings, board, clock, order, &mut memory.http).await;
    hang_up(&mut socket).await;
    outcome
}

/// The address of the server.
async fn resolve(stack: Stack<'_>, endpoint: &Endpoint<'_>) -> Result<IpAddress, Trouble> {
    if let Ok(address) = endpoint.host.parse::<Ipv4Address>() {
        return Ok(IpAddress::Ipv4(address));
    }
    if stack.config_v4().is_none_or(|config| config.dns_servers.is_empty()) {
        return Err(Trouble::NoNameServer);
    }
    debug!("asking for the address of {}", endpoint.host);
    let found = with_timeout(NAME_PATIENCE, stack.dns_query(endpoint.host, DnsQueryType::A)).await;
    let found = found.map_err(|_silent| Trouble::NoNameServer)?;
    let address = found.ok().and_then(|addresses| addresses.first().copied()).ok_or(Trouble::NoAddress)?;
    info!("{} has the address {}", endpoint.host, Shown(address));
    Ok(address)
}

/// Mutual TLS and HTTP over a connection.
async fn deliver<B: Board>(
    transport: Tap<&mut TcpSocket<'_>>,
    buffers: Buffers<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    order: &[u8],
    memory: &mut [u8],
) -> Result<Acceptance, Trouble> {
    let server_name = ServerName::parse(settings.endpoint.server_name).map_err(|_| Trouble::Setup)?;
    let config = ClientConfig::new(server_name, settings.anchors).with_alpn(&[b"http/1.1"]);
    let entropy = desk::entropy(board).ok_or(Trouble::Setup)?;
    let handshake = Handshake::<Client, RustCrypto>::new(&config, buffers, entropy).map_err(Trouble::Tls)?;
    let mut desk = Desk { board, settings, clock };
    let mut stream = Stream::open(transport, handshake, &mut desk).await.map_err(refused)?;
    desk::log_session(stream.session());
    // Whoever does not ask who we are may not be the supplier that was set up.
    if stream.session().client_auth() == ClientAuthStatus::NotRequested {
        let _said = stream.close().await;
        return Err(Trouble::NotMutual);
    }

    debug!("posting {} bytes to {}", order.len(), settings.endpoint.path);
    let verdict = http::post(&mut stream, &settings.endpoint, order, memory).await.map_err(|error| lost(&error))?;
    // The answer is here: if the connection breaks now, nothing is lost.
    let _said = stream.close().await;
    let _heard = with_timeout(GOODBYE, stream.read(&mut [0])).await;
    verdict
}

/// Why the handshake failed.
fn refused(error: HandshakeError<TcpError>) -> Trouble {
    match error.cause {
        Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated) => Trouble::Network,
        Failure::Tls(error) => Trouble::Tls(error),
    }
}

/// Why no answer came though the handshake was done.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "its size depends on the target")]
fn lost(error: &HttpError<Failure<TcpError>>) -> Trouble {
    match *error {
        HttpError::Ended | HttpError::Stream(Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated)) => {
            Trouble::Network
        }
        HttpError::Stream(Failure::Tls(Error::AlertReceived(alert))) => Trouble::LateRejection(alert),
        HttpError::Stream(Failure::Tls(error)) => Trouble::Tls(error),
        HttpError::Unreadable => Trouble::HttpUnreadable,
    }
}

/// Ends a connection: what was written is sent, as long as the other side takes it.
pub(crate) async fn hang_up(socket: &mut TcpSocket<'_>) {
    socket.close();
    let _unsent = with_timeout(GOODBYE, socket.flush()).await;
    socket.abort();
    // Sends the RST, if one is needed.
    let _unsent = with_timeout(GOODBYE, socket.flush()).await;
}

/// Words for what `embassy-net` has only a `Debug` for.
struct ConnectError(embassy_net::tcp::ConnectError);

impl core::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.0, f)
    }
}
