//! One HTTPS POST with a client certificate: what is the same on every board with embassy-net.
#![no_std]
#![forbid(unsafe_code)]

use embassy_net::Stack;
use embassy_net::dns::DnsSocket;
use embassy_net::tcp::client::{TcpClient, TcpClientState};
use embassy_time::Duration;
use embedded_mtls::credential::Chain;
#[cfg(not(feature = "micro"))]
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::x509::{ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{Buffers, ClientConfig, Credential, Entropy, KeyHandle};
use embedded_mtls_connect::embassy::Timed;
use embedded_mtls_connect::{Connector, Lent, SoftwareDevice};
#[cfg(feature = "micro")]
use embedded_mtls_micro::{Micro, MicroSigningKey as P256SigningKey};
use reqwless::client::HttpClient;
use reqwless::request::{Method, RequestBuilder};

/// The server, and our identity in DER.
pub struct Supplier<'a> {
    /// The name in its certificate.
    pub host: &'a str,
    /// It begins with `http`: TLS is below what reqwless sees.
    pub url: &'a str,
    /// The root of the server.
    pub root: &'a [u8],
    /// Our certificates, with the leaf first.
    pub chain: &'a [u8],
    /// The private key of our leaf.
    pub key: &'a [u8],
}

/// Certificates are validated at the date of the build; a device that knows the time returns `Time::Trusted`.
fn clock() -> Time {
    Time::AtLeast(UnixTime(env!("BUILT").parse().unwrap_or_default()))
}

/// Posts `body` and returns the status of the answer. `entropy` draws from the board's generator of random numbers.
///
/// # Errors
///
/// A sentence for the log if the identity cannot be used, or if the server does not answer.
pub async fn post(
    stack: Stack<'_>,
    supplier: &Supplier<'_>,
    entropy: fn() -> Entropy,
    body: &[u8],
) -> Result<u16, &'static str> {
    let anchors = [TrustAnchor::from_certificate(supplier.root).map_err(|_| "the root cannot be used")?];
    let chain = Chain::joined(supplier.chain);
    let credentials = [Credential::new(chain, KeyHandle(0)).map_err(|_| "the certificates cannot be used")?];
    let keys = [P256SigningKey::from_der(supplier.key).map_err(|_| "the key cannot be used")?];
    let device = SoftwareDevice { credentials: &credentials, keys: &keys, clock, entropy };
    #[cfg(feature = "micro")]
    let device = embedded_mtls_connect::Device::with_provider::<Micro>(device);

    let config = ClientConfig::new(ServerName::parse(supplier.host).map_err(|_| "no host name")?, &anchors);
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 1024], [0; 2048]);
    let lent = [Lent::new(Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer })];
    let sockets = TcpClientState::<1, 1024, 2048>::new();
    let tcp = Timed::new(TcpClient::new(stack, &sockets), Duration::from_secs(10));
    let connector = Connector::new(tcp, &config, device, &lent);

    let dns = DnsSocket::new(stack);
    let mut client = HttpClient::new(&connector, &dns);
    let mut head = [0; 1024];
    let sent = async {
        let mut request = client.request(Method::POST, supplier.url).await?.body(body);
        Ok::<_, reqwless::Error>(request.send(&mut head).await?.status.0)
    };
    let status = sent.await;
    if let Some(reason) = connector.last_error() {
        defmt::warn!("TLS: {}", defmt::Display2Format(&reason));
    }
    status.map_err(|_| "no answer")
}
