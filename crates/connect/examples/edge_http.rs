//! Posts a document with edge-http, over mutual TLS, with buffers of fixed size.
//!
//! ```text
//! edge_http 127.0.0.1:443 supplier.example.com root.pem client.pem client.key
//! ```
//! Prints the answer. If TLS fails, prints the error and its reason.

use core::net::SocketAddr;
use edge_http::Method;
use edge_http::io::client::Connection;
use embedded_io_async::{Read, Write};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{Buffers, ClientConfig, Credential, Entropy, KeyHandle};
use embedded_mtls_connect::{Connector, Lent, SoftwareDevice, tokio::Network};
use mtls_pki::pem;
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, name, root, chain, key] = &words[..] else {
        return Err("usage: edge_http ADDRESS:PORT NAME ROOT CHAIN KEY".into());
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

    match Box::pin(post(&connector, address, name)).await {
        Ok((status, body)) => println!("{status} {body}"),
        Err(error) => {
            let reason = connector.last_error().map_or_else(String::new, |reason| format!(": {reason}"));
            return Err(format!("{error:?}{reason}").into());
        }
    }
    Ok(())
}

async fn post<T: edge_nal::TcpConnect>(
    network: &T,
    server: SocketAddr,
    name: &str,
) -> Result<(u16, String), edge_http::io::Error<T::Error>> {
    const ORDER: &str = "100 bolts";
    let mut memory = [0; 2048];
    let mut connection: Connection<'_, T> = Connection::new(&mut memory, network, server);
    let length = ORDER.len().to_string();
    let headers = [("Host", name), ("Content-Type", "text/plain"), ("Content-Length", &length)];
    connection.initiate_request(true, Method::Post, "/order", &headers).await?;
    connection.write_all(ORDER.as_bytes()).await?;
    connection.initiate_response().await?;
    let status = connection.headers()?.code;
    let mut body = Vec::new();
    let mut part = [0; 256];
    loop {
        match connection.read(&mut part).await? {
            0 => return Ok((status, String::from_utf8_lossy(&body).into_owned())),
            count => body.extend_from_slice(&part[..count]),
        }
    }
}
