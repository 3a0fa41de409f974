//! The code of `boards/quick-start`, and a connection by [`Connector::dial`] with the lower level of reqwless.

use crate::host::{clock, entropy};
use core::fmt::Write as _;
use embassy_net::Stack;
use embassy_time::Duration;
use embedded_mtls::credential::{Chain, Choice};
use embedded_mtls::io::AsyncHost;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{Buffers, ClientConfig, Credential, KeyHandle};
use embedded_mtls_connect::embassy::Timeouts;
use embedded_mtls_connect::{Connector, Device, Lent, SoftwareDevice};
use gateway::Endpoint;
use gateway::provider::{Provider, SigningKey};
use quick_start::Supplier;
use reqwless::client::HttpConnection;
use reqwless::request::{Request, RequestBuilder};

/// The order.
const BODY: &[u8] = b"<cXML>100 bolts</cXML>\n";

/// Ways to open a connection.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// By the quick start.
    Client,
    /// By a call that returns it.
    Dial,
}

/// Posts once; returns the HTTP status.
pub(crate) async fn run(
    network: Stack<'static>,
    way: Way,
    endpoint: &Endpoint<'_>,
    identity: Supplier<'_>,
) -> Result<u16, &'static str> {
    network.wait_config_up().await;
    match way {
        Way::Client => {
            let mut url = heapless::String::<96>::new();
            write!(url, "http://{}:{}{}", endpoint.host, endpoint.port, endpoint.path).map_err(|_| "a long URL")?;
            quick_start::post(network, &Supplier { url: &url, ..identity }, entropy, BODY).await
        }
        Way::Dial => dial(network, endpoint, &identity).await,
    }
}

/// Posts over a connection that is opened, used and ended within limits of time.
async fn dial(network: Stack<'static>, endpoint: &Endpoint<'_>, identity: &Supplier<'_>) -> Result<u16, &'static str> {
    let anchors = [TrustAnchor::from_certificate(identity.root).map_err(|_| "no root")?];
    let credentials = [Credential::new(Chain::joined(identity.chain), KeyHandle(0)).map_err(|_| "no certificates")?];
    let keys = [SigningKey::from_der(identity.key).map_err(|_| "no key")?];
    let device = SoftwareDevice { credentials: &credentials, keys: &keys, clock, entropy }.with_provider::<Provider>();
    let config = ClientConfig::new(ServerName::parse(identity.host).map_err(|_| "no host name")?, &anchors);
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 1024], [0; 2048]);
    let lent = [Lent::new(Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer })];
    let connector = Connector::new(network, &config, device, &lent);

    let outcome = over(&connector, endpoint, identity.host).await;
    if let Some(reason) = connector.last_error() {
        defmt::warn!("TLS: {}", defmt::Display2Format(&reason));
    }
    outcome
}

/// Posts over a connection of a connector.
async fn over<'b>(
    connector: &Connector<'_, 'b, Stack<'_>, impl Device<Host: AsyncHost<Choice = Choice<'b>>>>,
    endpoint: &Endpoint<'_>,
    host: &str,
) -> Result<u16, &'static str> {
    let seconds = Duration::from_secs;
    let timeouts = Timeouts { open: seconds(20), idle: seconds(10), close: seconds(2) };
    let (mut received, mut sent) = ([0; 1536], [0; 1024]);
    let memory = (&mut received[..], &mut sent[..]);
    let mut connection =
        connector.dial(endpoint.host, endpoint.port, memory, timeouts).await.map_err(|_| "no connection")?;
    let mut http = HttpConnection::Plain(&mut connection);
    let request = Request::post(endpoint.path).host(host).body(BODY).build();
    let mut head = [0; 1024];
    let status = http.send(request, &mut head).await.map(|answer| answer.status.0).map_err(|_| "no answer");
    connection.hang_up(timeouts).await.map_err(|_| "not hung up")?;
    status
}
