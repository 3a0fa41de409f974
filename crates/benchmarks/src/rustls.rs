//! rustls with a provider.

use std::io::Read;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivateSec1KeyDer, ServerName};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig, ServerConnection,
    SideData,
};
use test_support::pki::{Issued, Pki, SERVER_NAME};

use crate::{End, Implementation, sec1};

/// Both sides, configured.
pub struct Rustls {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: ServerName<'static>,
}

impl Rustls {
    pub fn new(mut provider: CryptoProvider, pki: &Pki, group: &str) -> Self {
        let group = match group {
            "x25519" => rustls::NamedGroup::X25519,
            "secp256r1" => rustls::NamedGroup::secp256r1,
            other => panic!("{other} is neither x25519 nor secp256r1"),
        };
        provider.kx_groups.retain(|supported| supported.name() == group);
        provider.cipher_suites.retain(|supported| supported.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256);
        let provider = Arc::new(provider);
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(pki.root.der.clone())).expect("a root");
        let roots = Arc::new(roots);
        let of_servers = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone()).build();
        let of_clients = WebPkiClientVerifier::builder_with_provider(roots, provider.clone()).build();
        let (chain, key) = identity(&pki.client, pki);
        let mut client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&TLS13])
            .expect("TLS 1.3")
            .with_webpki_verifier(of_servers.expect("a verifier"))
            .with_client_auth_cert(chain, key)
            .expect("a key");
        client.resumption = Resumption::disabled();
        let (chain, key) = identity(&pki.server, pki);
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .expect("TLS 1.3")
            .with_client_cert_verifier(of_clients.expect("a verifier"))
            .with_single_cert(chain, key)
            .expect("a key");
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        let name = ServerName::try_from(SERVER_NAME).expect("a host name");
        Self { client: Arc::new(client), server: Arc::new(server), name }
    }
}

fn identity(issued: &Issued, pki: &Pki) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = [issued, &pki.intermediate].map(|issued| CertificateDer::from(issued.der.clone()));
    (chain.to_vec(), PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(sec1(issued))))
}

impl Implementation for Rustls {
    fn client(&self) -> Box<dyn End> {
        Box::new(ClientConnection::new(self.client.clone(), self.name.clone()).expect("a client"))
    }

    fn server(&self) -> Box<dyn End> {
        Box::new(ServerConnection::new(self.server.clone()).expect("a server"))
    }
}

impl<C: DerefMut + Deref<Target = ConnectionCommon<D>>, D: SideData> End for C {
    fn step(&mut self, received: &mut Vec<u8>, to_send: &mut Vec<u8>) -> bool {
        take(self, received);
        while self.wants_write() {
            self.write_tls(to_send).expect("memory");
        }
        !self.is_handshaking()
    }

    fn send(&mut self, content: &[u8], to_send: &mut Vec<u8>) {
        use std::io::Write;
        self.writer().write_all(content).expect("room");
        while self.wants_write() {
            self.write_tls(to_send).expect("memory");
        }
    }

    fn receive(&mut self, received: &mut Vec<u8>) -> usize {
        let mut arrived = 0;
        let mut content = [0; crate::RECORD];
        let mut left = &received[..];
        while !left.is_empty() {
            self.read_tls(&mut left).expect("memory");
            self.process_new_packets().expect("records that open");
            while let Ok(count @ 1..) = self.reader().read(&mut content) {
                arrived += count;
            }
        }
        received.clear();
        arrived
    }
}

fn take<D: SideData>(connection: &mut ConnectionCommon<D>, received: &mut Vec<u8>) {
    let mut left = &received[..];
    while !left.is_empty() {
        connection.read_tls(&mut left).expect("memory");
        connection.process_new_packets().expect("a handshake");
    }
    received.clear();
}
