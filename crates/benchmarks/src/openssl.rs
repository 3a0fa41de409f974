//! The OpenSSL of the system.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use openssl::ec::EcKey;
use openssl::pkey::PKey;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode, SslStream, SslVerifyMode,
    SslVersion,
};
use openssl::x509::X509;
use test_support::pki::{Issued, Pki, SERVER_NAME};

use crate::{End, Implementation, sec1};

/// Both sides, configured.
pub struct OpenSsl {
    client: SslContext,
    server: SslContext,
}

impl OpenSsl {
    pub fn new(pki: &Pki, group: &str) -> Self {
        let group = match group {
            "x25519" => "X25519",
            "secp256r1" => "P-256",
            other => panic!("{other} is neither x25519 nor secp256r1"),
        };
        let [client, server] = [&pki.client, &pki.server].map(|issued| context(issued, pki, group));
        Self { client, server }
    }
}

fn context(issued: &Issued, pki: &Pki, group: &str) -> SslContext {
    let certificate = |issued: &Issued| X509::from_der(&issued.der).expect("a certificate");
    let mut context: SslContextBuilder = SslContext::builder(SslMethod::tls()).expect("a context");
    context.set_min_proto_version(Some(SslVersion::TLS1_3)).expect("TLS 1.3");
    context.set_ciphersuites("TLS_AES_128_GCM_SHA256").expect("the suite");
    context.set_groups_list(group).expect("the group");
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    context.set_num_tickets(0).expect("no tickets");
    context.set_options(SslOptions::NO_TICKET);
    context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    context.cert_store_mut().add_cert(certificate(&pki.root)).expect("a root");
    context.set_certificate(&certificate(issued)).expect("a certificate");
    context.add_extra_chain_cert(certificate(&pki.intermediate)).expect("an intermediate");
    let key = EcKey::private_key_from_der(&sec1(issued)).expect("a key");
    context.set_private_key(&PKey::from_ec_key(key).expect("a key")).expect("a key");
    context.build()
}

impl Implementation for OpenSsl {
    fn client(&self) -> Box<dyn End> {
        let mut ssl = Ssl::new(&self.client).expect("a client");
        ssl.set_connect_state();
        ssl.set_hostname(SERVER_NAME).expect("a name");
        ssl.param_mut().set_host(SERVER_NAME).expect("a name");
        Box::new(Connection::new(ssl))
    }

    fn server(&self) -> Box<dyn End> {
        let mut ssl = Ssl::new(&self.server).expect("a server");
        ssl.set_accept_state();
        Box::new(Connection::new(ssl))
    }
}

/// Bytes in transit.
#[derive(Clone, Default)]
struct Wire(Rc<RefCell<[Vec<u8>; 2]>>);

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let received = &mut self.0.borrow_mut()[0];
        let count = received.len().min(into.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        into[..count].copy_from_slice(&received[..count]);
        received.drain(..count);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut()[1].extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Connection {
    stream: SslStream<Wire>,
    wire: Wire,
}

impl Connection {
    fn new(ssl: Ssl) -> Self {
        let wire = Wire::default();
        Self { stream: SslStream::new(ssl, wire.clone()).expect("a stream"), wire }
    }

    /// Exchanges the bytes in transit for those of the caller.
    fn swap(&self, received: &mut Vec<u8>) {
        std::mem::swap(&mut self.wire.0.borrow_mut()[0], received);
    }
}

impl End for Connection {
    fn step(&mut self, received: &mut Vec<u8>, to_send: &mut Vec<u8>) -> bool {
        self.wire.0.borrow_mut()[0].append(received);
        let done = match self.stream.do_handshake() {
            Ok(()) => true,
            Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::WouldBlock) => false,
            Err(error) => panic!("{error}"),
        };
        to_send.append(&mut self.wire.0.borrow_mut()[1]);
        done
    }

    fn send(&mut self, content: &[u8], to_send: &mut Vec<u8>) {
        self.stream.write_all(content).expect("memory");
        to_send.append(&mut self.wire.0.borrow_mut()[1]);
    }

    fn receive(&mut self, received: &mut Vec<u8>) -> usize {
        self.swap(received);
        let (mut arrived, mut content) = (0, [0; crate::RECORD]);
        while let Ok(count @ 1..) = self.stream.ssl_read(&mut content) {
            arrived += count;
        }
        self.swap(received);
        arrived
    }
}
