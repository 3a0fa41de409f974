//! One attempt to deliver an order: resolve, connect, mutual TLS, HTTP, cXML.

use crate::clock::Clock;
use crate::desk::{self, Desk};
use crate::fmt::Shown;
use crate::http::{self, HttpError};
use crate::memory::{Connection, first};
use crate::settings::{Board, Endpoint, Settings};
use crate::tap::Tap;
use crate::trouble::{Acceptance, Trouble};
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::TcpSocket;
use embassy_net::{IpAddress, Ipv4Address, Stack};
use embassy_time::{Duration, Instant, with_timeout};
use embedded_io_async::Read;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::{Failure, HandshakeError};
use embedded_mtls::x509::{ServerName, Time};
use embedded_mtls::{Buffers, Client, ClientAuthStatus, ClientConfig, Error, Handshake, Stage};
use logging::{debug, info, warn};

/// The time that the other side may take to close the connection, after everything else is done.
pub(crate) const GOODBYE: Duration = Duration::from_millis(500);

/// The time limit for name servers, within which queries are repeated.
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
    // Every request is followed by waiting for the answer, so small segments need not wait.
    socket.set_nagle_enabled(false);
    socket.set_timeout(Some(settings.patience));
    debug!("connecting to {}:{}", Shown(address), endpoint.port);
    if let Err(error) = socket.connect((address, endpoint.port)).await {
        warn!("no connection: {}", Shown(ConnectError(error)));
        return Err(Trouble::Network);
    }
    let rx = first(&mut memory.tls_rx, settings.rx);
    let buffers = Buffers { rx, tx: &mut memory.tls_tx, peer: &mut memory.peer };
    let transport = Tap::new(&mut socket);
    let outcome = deliver(transport, buffers, settings, board, clock, order, &mut memory.http).await;
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

/// Performs mutual TLS and HTTP over a connection.
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
    let handshake = Handshake::<Client>::new(&config, buffers, entropy).map_err(Trouble::Tls)?;
    let mut desk = Desk { board, settings, clock };
    let mut stream = Stream::open(transport, handshake, &mut desk).await.map_err(|error| refused(&error))?;
    desk::log_session(&stream.session);
    // A server that requests no certificate may not be the configured supplier.
    if stream.session.client_auth() == ClientAuthStatus::NotRequested {
        let _said = stream.close().await;
        return Err(Trouble::NotMutual);
    }

    debug!("posting {} bytes to {}", order.len(), settings.endpoint.path);
    let now = match clock.time(Instant::now()) {
        Time::Trusted(now) => Some(now),
        Time::AtLeast(_) | Time::Unknown(_) => None,
    };
    let verdict =
        http::post(&mut stream, &settings.endpoint, order, memory, now).await.map_err(|error| lost(&error))?;
    // The answer is complete: if the connection breaks now, nothing is lost.
    let _said = stream.close().await;
    let _heard = with_timeout(GOODBYE, stream.read(&mut [0])).await;
    verdict
}

/// Classifies a failed handshake. Before the server's Finished nothing is authenticated: an earlier alert may come from
/// anyone on the network path.
fn refused<E>(error: &HandshakeError<E>) -> Trouble {
    let is_proved = matches!(error.stage, Stage::Signature | Stage::Sending | Stage::Done);
    match &error.cause {
        Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated) => Trouble::Network,
        Failure::Tls(Error::AlertReceived(alert)) if is_proved => Trouble::LateRejection(*alert),
        Failure::Tls(error) => Trouble::Tls(*error),
    }
}

/// Classifies a missing answer after a completed handshake.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "its size depends on the target")]
fn lost<E>(error: &HttpError<Failure<E>>) -> Trouble {
    match *error {
        HttpError::Ended | HttpError::Stream(Failure::Io(_) | Failure::Tls(Error::ConnectionTruncated)) => {
            Trouble::Network
        }
        HttpError::Stream(Failure::Tls(Error::AlertReceived(alert))) => Trouble::LateRejection(alert),
        HttpError::Stream(Failure::Tls(error)) => Trouble::Tls(error),
        HttpError::Unreadable => Trouble::HttpUnreadable,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::Script;
    use crate::trouble::Remedy;
    use embassy_futures::block_on;
    use embedded_io::ErrorKind;
    use embedded_mtls::credential::{Choice, PeerRequest};
    use embedded_mtls::io::AsyncHost;
    use embedded_mtls::x509::{PeerIdentity, TrustAnchor};
    use embedded_mtls::{
        AlertDescription, CertificateError, CertificateProblem, Entropy, PeerMisbehaved, SignInput, Signature,
    };

    /// Stages in which the server's Finished has not come.
    const EARLY: [Stage; 11] = [
        Stage::Authorization,
        Stage::Certificate,
        Stage::CertificateRequest,
        Stage::CertificateVerify,
        Stage::ClientHello,
        Stage::CredentialChoice,
        Stage::EncryptedExtensions,
        Stage::Finished,
        Stage::Path,
        Stage::SecondClientHello,
        Stage::ServerHello,
    ];

    fn remedy(stage: Stage, error: Error) -> Remedy {
        refused(&HandshakeError::<ErrorKind> { stage, cause: Failure::Tls(error) }).remedy()
    }

    #[test]
    fn no_attacker_on_the_path_stops_an_order_permanently() {
        let certificate = CertificateError { problem: CertificateProblem::UntrustedRoot, index: 0 };
        for stage in EARLY {
            for alert in 0..=255 {
                let alert = Error::AlertReceived(AlertDescription(alert));
                assert_eq!(remedy(stage, alert), Remedy::Again, "{stage} {alert}");
            }
            assert_eq!(remedy(stage, Error::Certificate(certificate)), Remedy::Again, "{stage}");
        }
        // Plaintext records can be injected at any time.
        for error in [PeerMisbehaved::WrongEpoch, PeerMisbehaved::TooManyChangeCipherSpec] {
            let lost = lost(&HttpError::Stream(Failure::<ErrorKind>::Tls(error.into())));
            assert_eq!(lost.remedy(), Remedy::Again, "{error:?}");
        }
    }

    #[test]
    fn an_authenticated_server_may_refuse_our_certificate_permanently() {
        for stage in [Stage::Signature, Stage::Sending, Stage::Done] {
            let refusal = |alert| remedy(stage, Error::AlertReceived(alert));
            assert_eq!(refusal(AlertDescription::UNKNOWN_CA), Remedy::Human);
            assert_eq!(refusal(AlertDescription::CERTIFICATE_REQUIRED), Remedy::Human);
            // Its verdict on records that anyone may have injected.
            assert_eq!(refusal(AlertDescription::UNEXPECTED_MESSAGE), Remedy::Again);
        }
    }

    /// A key on P-256 whose private key is 1: the server is trusted by it, and never gets so far.
    const KEY: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04\
        \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
        \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

    /// Trusts no one and has no identity.
    #[derive(Default)]
    struct Stranger<'b>(core::marker::PhantomData<&'b ()>);

    impl<'b> AsyncHost for Stranger<'b> {
        type Choice = Choice<'b>;

        async fn time(&mut self) -> Time {
            Time::AtLeast(embedded_mtls::x509::UnixTime(0))
        }
        async fn credential(&mut self, _: &PeerRequest<'_>) -> Choice<'b> {
            Choice::Decline
        }
        async fn authorize(&mut self, _: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
            Ok(())
        }
        async fn sign(&mut self, _: &SignInput) -> Option<Signature> {
            None
        }
    }

    #[test]
    fn an_alert_in_place_of_a_server_hello_is_tried_again() {
        let anchors = [TrustAnchor::from_pinned_key(KEY).unwrap()];
        let config = ClientConfig::new(ServerName::parse("supplier.example").unwrap(), &anchors);
        for alert in [42, 44, 48, 49, 116] {
            let (mut rx, mut tx, mut peer) = (std::vec![0; 16_640], [0; 1024], [0; 2048]);
            let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
            let handshake = Handshake::<Client>::new(&config, buffers, Entropy::new(&[7; Entropy::LEN]));
            let mut script = Script::new("", 100);
            script.answer = std::vec![21, 3, 3, 0, 2, 2, alert];
            let error = block_on(Stream::open(&mut script, handshake.unwrap(), &mut Stranger::default())).unwrap_err();
            let trouble = refused(&error);
            assert_eq!(trouble, Trouble::Tls(Error::AlertReceived(AlertDescription(alert))));
            assert_eq!(trouble.remedy(), Remedy::Again);
        }
    }
}
