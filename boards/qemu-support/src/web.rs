//! A web server that knows its clients by their certificates: picoserve over mutual TLS.

use crate::host::{clock, entropy};
use crate::shared::Shared;
use core::fmt::Write as _;
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, with_timeout};
use embedded_mtls::credential::Expiry;
use embedded_mtls::x509::{Time, TrustAnchor};
use embedded_mtls::{Buffers, ClientAuth, Credential, ServerConfig};
use embedded_mtls_connect::picoserve::Socket;
use embedded_mtls_connect::{Acceptor, Device, Lent, SoftwareDevice};
use gateway::provider::{Provider, SigningKey};
use picoserve::Router;
use picoserve::extract::State;
use picoserve::routing::get;

/// Bytes of a page.
const PAGE: usize = 256;
/// The time limit for a client's handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The page: the name of the client, as its certificate has it, and the days left to our certificates.
type Page = heapless::String<PAGE>;

/// The memory of a connection.
struct Memory {
    tcp_rx: &'static mut [u8; 1536],
    tcp_tx: &'static mut [u8; 1536],
    tls_rx: &'static mut [u8; 4096],
    tls_tx: &'static mut [u8; 1024],
    peer: &'static mut [u8; 2048],
    head: &'static mut [u8; 1024],
}

impl Memory {
    /// Takes all of it; `None` if it is taken.
    fn take() -> Option<Self> {
        let mut shared = Shared::take()?;
        Some(Self {
            tcp_rx: shared.lend()?,
            tcp_tx: shared.lend()?,
            tls_rx: shared.lend()?,
            tls_tx: shared.lend()?,
            peer: shared.lend()?,
            head: shared.lend()?,
        })
    }
}

/// Serves pages at `port` until this many connections have ended.
pub(crate) async fn serve(
    network: Stack<'static>,
    (port, connections): (u16, u16),
    anchors: &[TrustAnchor<'_>],
    credentials: &[Credential<'_>],
    keys: &[SigningKey],
) {
    let Some(Memory { tcp_rx, tcp_tx, tls_rx, tls_tx, peer, head }) = Memory::take() else {
        crate::fail("the memory of the web server is taken")
    };
    let config = ServerConfig::new(ClientAuth::Required(anchors));
    let lent = [Lent::new(Buffers { rx: tls_rx, tx: tls_tx, peer })];
    let device = SoftwareDevice { credentials, keys, clock, entropy }.with_provider::<Provider>();
    let acceptor = Acceptor::new((), &config, device, &lent);
    network.wait_config_up().await;
    for number in 1..=connections {
        defmt::info!("connection {} of {}: listening at port {}", number, connections, port);
        let mut socket = TcpSocket::new(network, tcp_rx, tcp_tx);
        if socket.accept(port).await.is_err() {
            continue;
        }
        let opened = with_timeout(HANDSHAKE, acceptor.secure(socket)).await;
        let Ok(Ok(connection)) = opened else {
            let reason = acceptor.last_error();
            defmt::warn!("no handshake: {}", reason.as_ref().map(defmt::Display2Format));
            continue;
        };
        let peer = connection.stream().and_then(|stream| stream.session.peer());
        let page = peer.map(|peer| page(&peer.subject(), credentials));
        let app = Router::new().route("/", get(page_of)).with_state(page.unwrap_or_default());
        let config = picoserve::Config::const_default();
        match picoserve::Server::new(&app, &config, head).serve(Socket::new(connection)).await {
            Ok(_) => {}
            // A client may also reset the connection when it has its page.
            Err(error) => defmt::warn!("the connection ended: {}", defmt::Debug2Format(&error)),
        }
    }
}

/// Answers a request with the page of its client.
async fn page_of(State(page): State<Page>) -> Page {
    defmt::info!("the page is sent");
    page
}

fn page(name: &impl core::fmt::Display, credentials: &[Credential<'_>]) -> Page {
    let mut page = Page::new();
    if let (Some(credential), Time::AtLeast(now) | Time::Trusted(now)) = (credentials.first(), clock()) {
        let expiry = Expiry::at(credential.not_after(), now);
        let (end, days) = (expiry.not_after, expiry.days_left());
        // A day and a number fit. The machine knows only the date of its build.
        let _fits = writeln!(page, "This device has certificates until {end}: at most {days} days left.");
    }
    // A name that is too long is truncated.
    let _cut = writeln!(page, "You are {name}.");
    page
}
