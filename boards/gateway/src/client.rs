//! One attempt to deliver an order, or to fetch a blob: resolve, connect, mutual TLS, HTTP, cXML.

use crate::clock::Clock;
use crate::desk::{self, Desk};
use crate::fmt::Shown;
use crate::memory::{Connection, first};
use crate::provider::Client;
use crate::settings::{Board, Settings};
use crate::tap::Tap;
#[cfg(feature = "resumption")]
use crate::tickets;
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::TcpSocket;
use embassy_net::{IpAddress, Ipv4Address, Stack};
use embassy_time::{Duration, Instant, with_timeout};
use embedded_io_async::Read;
use embedded_mtls::x509::{ServerName, Time};
use embedded_mtls::{Buffers, ClientConfig, Handshake};
#[cfg(feature = "post-handshake-auth")]
use embedded_mtls::{ClientAuthStatus, Session};
use logging::{debug, info, warn};
use mtls_order::{Acceptance, Endpoint, Trouble};

/// The time that the other side may take to close the connection, after everything else is done.
pub(crate) const GOODBYE: Duration = Duration::from_millis(500);

/// The time limit for name servers, within which queries are repeated.
const NAME_PATIENCE: Duration = Duration::from_secs(5);

/// The outcome of an attempt that has succeeded.
pub(crate) enum Done {
    /// A blob of this length has come, and is in the memory that the board lends for it.
    Fetched(usize),
    /// The order is delivered.
    Posted(Acceptance),
}

/// Posts an order, or with `FETCH` fetches a blob. A constant parameter, so that an image that never fetches has neither the code nor its
/// stack frame.
pub(crate) async fn attempt<const FETCH: bool, B: Board>(
    stack: Stack<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    order: &[u8],
    memory: &mut Connection,
) -> Result<Done, Trouble> {
    let endpoint = &settings.endpoint;
    let address = resolve(stack, endpoint).await?;
    let mut socket = TcpSocket::new(stack, &mut memory.tcp_rx, &mut memory.tcp_tx);
    // Every request is followed by waiting for the answer, so small segments need not wait.
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(settings.patience));
    debug!("connecting to {}:{}", Shown(address), endpoint.port);
    if let Err(error) = socket.connect((address, endpoint.port)).await {
        warn!("no connection: {}", Shown(ConnectError(error)));
        return Err(Trouble::Network);
    }
    let rx = first(&mut memory.tls_rx, settings.rx);
    let tx = first(&mut memory.tls_tx, settings.tx);
    let buffers = Buffers { rx, tx, peer: &mut memory.peer };
    let transport = Tap::new(&mut socket);
    let work = Work {
        http: &mut memory.http,
        announced: &mut memory.announced,
        #[cfg(feature = "resumption")]
        ticket: &mut memory.ticket,
    };
    let outcome = deliver::<FETCH, B>(transport, buffers, settings, board, clock, order, work).await;
    hang_up(&mut socket).await;
    outcome
}

/// Resolves the address of the server.
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

/// The memory for an attempt beside the buffers of TLS.
struct Work<'m> {
    /// The head and the body of the response, then the ticket for the next connection.
    http: &'m mut [u8],
    /// The version of the blob that the answer announces.
    announced: &'m mut Option<u64>,
    /// The ticket of the last connection.
    #[cfg(feature = "resumption")]
    ticket: &'m mut [u8],
}

/// Performs mutual TLS and HTTP over a connection.
async fn deliver<const FETCH: bool, B: Board>(
    transport: Tap<&mut TcpSocket<'_>>,
    buffers: Buffers<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    order: &[u8],
    work: Work<'_>,
) -> Result<Done, Trouble> {
    let server_name = ServerName::parse(settings.endpoint.server_name).map_err(|_| Trouble::Setup)?;
    let config = ClientConfig::new(server_name, settings.anchors).with_alpn(&[b"http/1.1"]);
    #[cfg(feature = "post-handshake-auth")]
    let config = config.with_post_handshake_auth(settings.asks_late);
    let config = settings.policy.of_client(config);
    #[cfg(feature = "resumption")]
    let config = config.with_resumption(true);
    let entropy = desk::entropy(board).ok_or(Trouble::Setup)?;
    #[cfg_attr(not(feature = "resumption"), expect(unused_mut, reason = "nothing is offered"))]
    let mut handshake = Handshake::<Client>::new(&config, buffers, entropy).map_err(Trouble::Tls)?;
    #[cfg(feature = "resumption")]
    tickets::offer(&mut handshake, work.ticket, board, settings, clock.time(Instant::now()));
    let mut desk = Desk { board, settings, clock };
    #[cfg(not(feature = "post-handshake-auth"))]
    let mut stream = mtls_order::open(transport, handshake, &mut desk).await?;
    #[cfg(feature = "post-handshake-auth")]
    let mut stream = {
        let mut stream = mtls_order::open_unasked(transport, handshake, &mut desk).await?;
        if !settings.asks_late && is_one_way(&stream.session) {
            let _said = stream.close().await;
            return Err(Trouble::NotMutual);
        }
        stream
    };
    desk::log_session(&stream.session);

    let done = if FETCH {
        let len = mtls_order::fetch_blob(&mut stream, &settings.endpoint, desk.board.blob_memory()).await?;
        debug!("received a blob of {} bytes", len);
        Ok(Done::Fetched(len))
    } else {
        debug!("posting {} bytes to {}", order.len(), settings.endpoint.path);
        let now = match clock.time(Instant::now()) {
            Time::Trusted(now) => Some(now),
            Time::AtLeast(_) | Time::Unknown(_) => None,
        };
        #[cfg(feature = "post-handshake-auth")]
        let stream = &mut stream.hosted(&mut desk);
        #[cfg(not(feature = "post-handshake-auth"))]
        let stream = &mut stream;
        let answer = mtls_order::post(stream, &settings.endpoint, order, work.http, now).await?;
        if let Some(status) = answer.status {
            info!("answer: HTTP {}", status);
        }
        *work.announced = answer.blob;
        answer.verdict.map(Done::Posted)
    };
    #[cfg(feature = "resumption")]
    tickets::keep(&mut stream.session, work.http, desk.board, clock.time(Instant::now()));
    #[cfg(feature = "post-handshake-auth")]
    // A server that asks late for the path of orders need not ask for that of the blob, which is signed.
    let done = if !FETCH && is_one_way(&stream.session) { Err(Trouble::NotMutual) } else { done };
    // The answer is complete: if the connection breaks now, nothing is lost.
    let _said = stream.close().await;
    let _heard = with_timeout(GOODBYE, stream.read(&mut [0])).await;
    done
}

/// Returns whether the server has never requested our certificate.
#[cfg(feature = "post-handshake-auth")]
fn is_one_way(session: &Session<'_, Client>) -> bool {
    session.client_auth() == ClientAuthStatus::NotRequested
}

/// Ends a connection after sending pending data, as far as the other side accepts it.
pub(crate) async fn hang_up(socket: &mut TcpSocket<'_>) {
    socket.close();
    let _unsent = with_timeout(GOODBYE, socket.flush()).await;
    socket.abort();
    // Sends the RST, if one is needed.
    let _unsent = with_timeout(GOODBYE, socket.flush()).await;
}

/// The text of an `embassy-net` error that has only a `Debug`.
struct ConnectError(embassy_net::tcp::ConnectError);

impl core::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.0, f)
    }
}
