//! Posts a document with reqwless, over mutual TLS, with buffers of fixed size, then requests one on the lower level of
//! reqwless.
//!
//! ```text
//! reqwless 127.0.0.1:443 supplier.example.com root.pem client.pem client.key
//! ```
//! Prints the answer. If TLS fails, prints reqwless's error kind and the reason behind it.

use core::net::{IpAddr, SocketAddr};
use embedded_io_async::{Read, Write};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{Buffers, ClientConfig, Credential, Entropy, KeyHandle};
use embedded_mtls_connect::{Connector, Lent, SoftwareDevice, tokio::Network};
use embedded_nal_async::{AddrType, Dns};
use mtls_pki::pem;
use reqwless::client::{HttpClient, HttpConnection};
use reqwless::headers::ContentType;
use reqwless::request::{Method, Request, RequestBuilder};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, name, root, chain, key] = &words[..] else {
        return Err("usage: reqwless ADDRESS:PORT NAME ROOT CHAIN KEY".into());
    };
    let address: SocketAddr = address.parse()?;

    // Our identity and trust anchors, which a device has in flash.
    let root = pem::certificates(root)?;
    let anchors = [TrustAnchor::from_certificate(root.first().ok_or("no certificate")?)?];
    let identity = pem::identity(chain, key, &pem::Password::none())?;
    let chain: Vec<&[u8]> = identity.chain.iter().map(Vec::as_slice).collect();
    let credentials = [Credential::new(&chain, KeyHandle(0))?];
    let keys = [P256SigningKey::from_der(identity.key.to_der()).map_err(|_| "an unusable key")?];
    let device = SoftwareDevice {
        credentials: &credentials,
        keys: &keys,
        clock: system_time,
        entropy: || Entropy::from_system().expect("the entropy of the system"),
    };

    // One connection at a time: one set of buffers.
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 1024], [0; 2048]);
    let lent = [Lent::new(Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer })];
    let config = ClientConfig::new(ServerName::parse(name)?, &anchors);
    let connector = Connector::new(Network, &config, device, &lent);

    let url = format!("http://{name}:{}/order", address.port());
    match post(&connector, address.ip(), &url).await {
        Ok((status, body)) => println!("{status} {body}"),
        Err(error) => {
            let reason = connector.last_error().map_or_else(String::new, |reason| format!(": {reason}"));
            return Err(format!("{error:?}{reason}").into());
        }
    }
    let connection = connector.secure(Network.open(address).await?).await?;
    let status = get(connection, name).await.map_err(|error| format!("{error:?}"))?;
    println!("once more: {status}");
    Ok(())
}

async fn post<T: embedded_nal_async::TcpConnect>(
    network: &T,
    server: IpAddr,
    url: &str,
) -> Result<(u16, String), reqwless::Error> {
    // The scheme is http because TLS is below reqwless.
    let names = Address(server);
    let mut client = HttpClient::new(network, &names);
    let mut request =
        client.request(Method::POST, url).await?.content_type(ContentType::TextPlain).body(b"100 bolts".as_slice());
    let mut headers = [0; 1024];
    let response = request.send(&mut headers).await?;
    let status = response.status.0;
    let body = response.body().read_to_end().await?;
    Ok((status, String::from_utf8_lossy(body).into_owned()))
}

async fn get(connection: impl Read + Write, name: &str) -> Result<u16, reqwless::Error> {
    let mut connection = HttpConnection::Plain(connection);
    let mut headers = [0; 1024];
    Ok(connection.send(Request::get("/order").host(name).build(), &mut headers).await?.status.0)
}

/// Resolves each name to one address; a device asks DNS.
struct Address(IpAddr);

impl Dns for Address {
    type Error = core::convert::Infallible;

    async fn get_host_by_name(&self, _: &str, _: AddrType) -> Result<IpAddr, Self::Error> {
        Ok(self.0)
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }
}
