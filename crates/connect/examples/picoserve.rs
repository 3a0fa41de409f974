//! Serves HTTPS with picoserve to authenticated clients, with buffers of fixed size.
//!
//! ```text
//! picoserve 127.0.0.1:443 root.pem server.pem server.key
//! curl --cacert root.pem --cert client.pem --key client.key https://supplier.example.com/
//! ```
//! Answers with the name of the client. Prints why a connection failed.

use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{Buffers, ClientAuth, Credential, Entropy, KeyHandle, ServerConfig};
use embedded_mtls_connect::picoserve::Socket;
use embedded_mtls_connect::tokio::Io;
use embedded_mtls_connect::{Acceptor, Lent, SoftwareDevice};
use mtls_pki::pem;
use picoserve::Router;
use picoserve::extract::State;
use picoserve::routing::get;
use std::error::Error;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, root, chain, key] = &words[..] else {
        return Err("usage: picoserve ADDRESS:PORT ROOT CHAIN KEY".into());
    };

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
    let config = ServerConfig::new(ClientAuth::Required(&anchors));
    let acceptor = Acceptor::new((), &config, device, &lent);

    let listener = TcpListener::bind(address).await?;
    println!("listening at {}", listener.local_addr()?);
    loop {
        let (transport, _) = listener.accept().await?;
        if let Err(error) = serve(&acceptor, Io(transport)).await {
            let reason = acceptor.last_error().map_or_else(String::new, |reason| format!(": {reason}"));
            println!("{error}{reason}");
        }
    }
}

/// Serves one connection.
async fn serve<'b>(
    acceptor: &Acceptor<'_, 'b, (), SoftwareDevice<'b>>,
    transport: Io<tokio::net::TcpStream>,
) -> Result<(), Box<dyn Error>> {
    let connection = acceptor.secure(transport).await?;
    let peer = connection.stream().and_then(|stream| stream.session.peer());
    let name = peer.map(|peer| peer.subject().to_string()).unwrap_or_default();

    let app =
        Router::new().route("/", get(async |State(name): State<String>| format!("You are {name}.\n"))).with_state(name);
    let config = picoserve::Config::const_default();
    let mut head = [0; 2048];
    picoserve::Server::new_tokio(&app, &config, &mut head).serve(Socket::new(connection)).await?;
    Ok(())
}
