//! The supplier's side of one connection: mutual TLS, an order, an answer.

use crate::client::hang_up;
use crate::clock::Clock;
use crate::desk::{self, Desk};
use crate::memory::{Memory, first};
use crate::provider::Server;
use crate::settings::{Board, Settings};
use crate::tap::Tap;
use embassy_net::Stack;
use embassy_net::tcp::{Error as TcpError, TcpSocket};
use embassy_time::Instant;
use embedded_io_async::Read;
use embedded_mtls::io::Failure;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::{Buffers, ClientAuth, Error, Handshake, ServerConfig};
use heapless::String;
use logging::info;
use mtls_order::cxml::{self, Stamp};
use mtls_order::{HttpError, Trouble, read_order, write_response};

/// Bytes of the answer.
const ANSWER: usize = 384;

/// Waits for a client at `port` and accepts its order. Returns whether there was one.
pub(crate) async fn connection<B: Board>(
    stack: Stack<'_>,
    port: u16,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    memory: &mut Memory,
) -> Result<(), Trouble> {
    let Memory { connection: memory, order } = memory;
    let mut socket = TcpSocket::new(stack, &mut memory.tcp_rx, &mut memory.tcp_tx);
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(settings.patience));
    socket.accept(port).await.map_err(|_| Trouble::Network)?;
    let rx = first(&mut memory.tls_rx, settings.rx);
    let tx = first(&mut memory.tls_tx, settings.tx);
    let buffers = Buffers { rx, tx, peer: &mut memory.peer };
    let transport = Tap::new(&mut socket);
    let outcome = take(transport, buffers, settings, board, clock, &mut memory.http, order).await;
    hang_up(&mut socket).await;
    outcome
}

async fn take<B: Board>(
    transport: Tap<&mut TcpSocket<'_>>,
    buffers: Buffers<'_>,
    settings: &Settings<'_>,
    board: &mut B,
    clock: &Clock,
    head: &mut [u8],
    body: &mut [u8],
) -> Result<(), Trouble> {
    let config = ServerConfig::new(ClientAuth::Required(settings.anchors)).with_alpn(&[b"http/1.1"]);
    let config = settings.policy.of_server(config);
    let entropy = desk::entropy(board).ok_or(Trouble::Setup)?;
    let mut serial = [0; 8];
    if !board.entropy(&mut serial) {
        return Err(Trouble::Setup);
    }
    let handshake = Handshake::<Server>::new(&config, buffers, entropy).map_err(Trouble::Tls)?;
    let mut desk = Desk { board, settings, clock };
    let mut stream = Stream::open(transport, handshake, &mut desk).await.map_err(|error| tls(error.cause))?;
    desk::log_session(&stream.session);

    let came = read_order(&mut stream, head, body).await.map_err(|error| lost(&error))?;
    let (line, code, text) = match came {
        Err(refusal) => (refusal.status(), 406, "no order"),
        Ok(len) => {
            let order = body.get_mut(..len).unwrap_or_default();
            let fingerprint = desk::fingerprint(order);
            match cxml::payload_id(order) {
                Some(payload_id) => {
                    info!("order {}: {} bytes, SHA-256 {:016x}", payload_id, len, fingerprint);
                    ((200, "OK"), 200, "accepted")
                }
                None => ((200, "OK"), 406, "this is not an OrderRequest"),
            }
        }
    };
    info!("answering HTTP {}, cXML {}", line.0, code);
    let stamp = Stamp { serial: u64::from_be_bytes(serial), time: clock.estimate(Instant::now()) };
    let mut answer = String::<ANSWER>::new();
    let written = cxml::response(&mut answer, stamp, settings.order.sender.identity, code, text);
    written.map_err(|_| Trouble::Setup)?;
    write_response(&mut stream, line, answer.as_bytes()).await.map_err(|error| lost(&error))?;
    stream.close().await.map_err(tls)?;
    // Wait until the client has closed as well, so that a reset does not discard what it has not read yet.
    let _heard = stream.read(&mut [0]).await;
    Ok(())
}

fn tls(failure: Failure<TcpError>) -> Trouble {
    match failure {
        Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated) => Trouble::Network,
        Failure::Tls(error) => Trouble::Tls(error),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "its size depends on the target")]
fn lost(error: &HttpError<Failure<TcpError>>) -> Trouble {
    match *error {
        HttpError::Ended => Trouble::Network,
        HttpError::Stream(failure) => tls(failure),
        HttpError::Unreadable => Trouble::HttpUnreadable,
    }
}
