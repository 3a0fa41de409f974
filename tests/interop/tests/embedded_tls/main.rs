//! embedded-tls as a client with our verifier: it accepts exactly the servers that our own client accepts.

mod servers;

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::std::Socket;
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{ApiMisuse, BufferKind, CertificateError, Error, PeerMisbehaved};
use embedded_mtls_embedded_tls::Verifier;
use embedded_tls::blocking::{Aes128GcmSha256, CryptoProvider, TlsConfig, TlsConnection, TlsContext, TlsVerifier};
use embedded_tls::{CryptoRngCore, TlsError};
use servers::Server;
use std::net::TcpStream;
use test_support::messages::{CERTIFICATE, CERTIFICATE_VERIFY};
use test_support::pki::{BadChain, Defect, Key, NOW, Pki, Role, SERVER_NAME};

/// The environment that embedded-tls requires of its application.
struct Provider<'a> {
    random: rand_core::OsRng,
    verifier: Verifier<'a, RustCrypto>,
}

impl CryptoProvider for Provider<'_> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = [u8; 64];

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut self.random
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }
}

/// The end of a connection at the client.
#[derive(Debug)]
struct End {
    /// The result of `open`.
    opened: Result<(), TlsError>,
    /// The common name of the server, or why there is none.
    authenticated: Result<String, Error>,
}

struct Client<'a> {
    anchor: &'a [u8],
    /// The name in the rules, and the one that is passed to embedded-tls.
    name: &'a str,
    announced: Option<&'a str>,
    memory: usize,
}

impl<'a> Client<'a> {
    fn of(anchor: &'a [u8]) -> Self {
        Self { anchor, name: SERVER_NAME, announced: Some(SERVER_NAME), memory: 4096 }
    }

    fn run(&self, server: Server) -> End {
        let anchors = [TrustAnchor::from_certificate(self.anchor).unwrap()];
        let name = ServerName::parse(self.name).unwrap();
        let rules = Rules::server(&anchors, &name, Time::Trusted(UnixTime(NOW)));
        let (mut received, mut sent) = (vec![0; 17 * 1024], vec![0; 16 * 1024]);
        let mut memory = vec![0; self.memory];
        let socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        let mut connection = TlsConnection::<_, Aes128GcmSha256>::new(Socket(socket), &mut received, &mut sent);
        let config = match self.announced {
            Some(name) => TlsConfig::new().with_server_name(name),
            None => TlsConfig::new(),
        };
        let mut provider =
            Provider { random: rand_core::OsRng, verifier: Verifier::new(RustCrypto, rules, &mut memory) };
        let opened = connection.open(TlsContext::new(&config, &mut provider));
        let identity = provider.verifier.authenticated();
        let authenticated = identity.map(|identity| identity.common_name().unwrap_or_default().to_owned());
        drop(connection);
        server.join();
        End { opened, authenticated }
    }
}

fn misbehaved(end: &End) -> Option<PeerMisbehaved> {
    match end.authenticated {
        Err(Error::PeerMisbehaved(reason)) => Some(reason),
        _ => None,
    }
}

#[test]
fn the_good_chain_is_accepted() {
    let pki = Pki::new();
    let server = Server::of_rustls(&pki.chain(Role::Server), &pki.server.key);
    let end = Client::of(&pki.root.der).run(server);
    assert!(end.opened.is_ok(), "{end:?}");
    assert_eq!(end.authenticated, Ok(SERVER_NAME.to_owned()));
}

#[test]
fn each_of_the_ten_bad_chains_is_rejected_for_its_reason() {
    let mut seen = Vec::new();
    for defect in Defect::ALL {
        let bad = BadChain::new(defect, Role::Server);
        let end = Client::of(&bad.anchor).run(Server::of_rustls(&bad.chain, &bad.key));
        let expected = Error::Certificate(CertificateError { index: bad.index, problem: bad.problem });
        assert!(matches!(end.opened, Err(TlsError::InvalidCertificate)), "{defect:?}: {end:?}");
        assert_eq!(end.authenticated, Err(expected), "{defect:?}");
        assert!(!seen.contains(&expected), "{expected} stands for two defects");
        seen.push(expected);
    }
    assert_eq!(seen.len(), 10);
}

#[test]
fn the_chain_of_another_server_does_not_help_without_its_key() {
    let pki = Pki::new();
    let server = Server::of_rustls(&pki.chain(Role::Server), &Key::new("not that of the server"));
    let end = Client::of(&pki.root.der).run(server);
    assert!(matches!(end.opened, Err(TlsError::InvalidSignature)), "{end:?}");
    assert_eq!(misbehaved(&end), Some(PeerMisbehaved::SignatureIncorrect));
}

#[test]
fn a_flipped_bit_in_the_signature_is_found() {
    let pki = Pki::new();
    let flip = |mut message: Vec<u8>| {
        if message[0] == CERTIFICATE_VERIFY {
            *message.last_mut().unwrap() ^= 1;
        }
        message
    };
    let end = Client::of(&pki.root.der).run(Server::scripted(flip));
    assert!(matches!(end.opened, Err(TlsError::InvalidSignature)), "{end:?}");
    assert_eq!(misbehaved(&end), Some(PeerMisbehaved::SignatureIncorrect));
}

/// A flaw of embedded-tls 0.19: `open` succeeds though the verifier saw no certificate or no signature. That is why
/// `authenticated` has to be asked.
#[test]
fn a_server_that_omits_its_authentication_is_accepted_by_embedded_tls_and_not_by_us() {
    let pki = Pki::new();
    let without = |left_out: &'static [u8]| {
        Server::scripted(move |message| if left_out.contains(&message[0]) { Vec::new() } else { message })
    };
    for left_out in [&[CERTIFICATE_VERIFY][..], &[CERTIFICATE, CERTIFICATE_VERIFY]] {
        let end = Client::of(&pki.root.der).run(without(left_out));
        assert!(end.opened.is_ok(), "embedded-tls asks for it now: {end:?}");
        assert_eq!(misbehaved(&end), Some(PeerMisbehaved::UnexpectedMessage), "{left_out:?}");
    }
    let end = Client::of(&pki.root.der).run(without(&[CERTIFICATE]));
    assert!(end.opened.is_err(), "{end:?}");
    assert_eq!(misbehaved(&end), Some(PeerMisbehaved::UnexpectedMessage));
    let end = Client::of(&pki.root.der).run(without(&[]));
    assert!(end.opened.is_ok() && end.authenticated.is_ok(), "{end:?}");
}

#[test]
fn the_name_in_the_rules_counts_even_if_embedded_tls_has_none_or_another() {
    let pki = Pki::new();
    let server = || Server::of_rustls(&pki.chain(Role::Server), &pki.server.key);
    let client = || Client::of(&pki.root.der);
    let end = Client { announced: None, ..client() }.run(server());
    assert!(end.authenticated.is_ok(), "{end:?}");
    let end = Client { announced: None, name: "other.example.com", ..client() }.run(server());
    assert!(matches!(end.authenticated, Err(Error::Certificate(_))), "{end:?}");
    let end = Client { name: "other.example.com", ..client() }.run(server());
    assert_eq!(end.authenticated, Err(Error::ApiMisuse(ApiMisuse::ServerNameInvalid)));
    assert!(end.opened.is_err(), "{end:?}");
}

#[test]
fn without_a_name_every_server_is_refused() {
    let mut memory = [0; 1024];
    let verifier = Verifier::new(RustCrypto, Rules::client(&[], Time::dangerous_unknown()), &mut memory);
    assert_eq!(verifier.authenticated().err(), Some(ApiMisuse::ServerNameInvalid.into()));
}

#[test]
fn too_little_memory_is_an_error_that_names_the_required_size() {
    let pki = Pki::new();
    let server = || Server::of_rustls(&pki.chain(Role::Server), &pki.server.key);
    let end = Client { memory: 500, ..Client::of(&pki.root.der) }.run(server());
    let Err(Error::BufferTooSmall { buffer: BufferKind::Peer, need }) = end.authenticated else { panic!("{end:?}") };
    let memory = usize::from(need);
    let end = Client { memory, ..Client::of(&pki.root.der) }.run(server());
    assert!(end.opened.is_ok() && end.authenticated.is_ok(), "{end:?}");
}
