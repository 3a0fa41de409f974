//! Servers for one connection each, in threads of this process.

use p256::pkcs8::EncodePrivateKey;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use test_support::pki::{Key, Pki};
use test_support::script::Script;

pub(crate) struct Server {
    pub(crate) port: u16,
    thread: JoinHandle<()>,
}

/// Shows a chain, whether the key fits it or not.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

impl Server {
    /// rustls, which sends this chain and signs with this key.
    pub(crate) fn of_rustls(chain: &[Vec<u8>], key: &Key) -> Self {
        let secret = p256::SecretKey::from_slice(&key.scalar()).unwrap().to_pkcs8_der().unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(secret.as_bytes().to_vec()));
        let key = ring::sign::any_supported_type(&key).unwrap();
        let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shows(Arc::new(CertifiedKey::new(chain, key)))));
        Self::start(move |mut socket| {
            let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
            // A client that refuses it goes away in the middle.
            let _ = connection.complete_io(&mut socket);
        })
    }

    /// A server of the good PKI that sends its flight as changed by `edit`.
    pub(crate) fn scripted(edit: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static) -> Self {
        Self::start(move |mut socket| {
            let mut script = Script::server(&read_record(&mut socket));
            let flight = script.server_flight(&Pki::new(), without_request(edit));
            socket.write_all(&script.seal_all(&flight)).unwrap();
            // Whatever it answers: until it goes away.
            let _ = socket.read_to_end(&mut Vec::new());
        })
    }

    fn start(serve: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { port, thread: thread::spawn(move || serve(listener.accept().unwrap().0)) }
    }

    pub(crate) fn join(self) {
        self.thread.join().unwrap();
    }
}

/// No CertificateRequest: the client has no certificate, and is not asked for one.
fn without_request(mut edit: impl FnMut(Vec<u8>) -> Vec<u8>) -> impl FnMut(Vec<u8>) -> Vec<u8> {
    const CERTIFICATE_REQUEST: u8 = 13;
    move |message| if message[0] == CERTIFICATE_REQUEST { Vec::new() } else { edit(message) }
}

fn read_record(socket: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 5];
    socket.read_exact(&mut header).unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    socket.read_exact(&mut body).unwrap();
    [&header[..], &body].concat()
}
