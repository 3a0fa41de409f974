//! Our server and embedded-tls, a client in a thread of this process.
//!
//! It sends one certificate and never its issuers, so that of the client has to come from the root;
//! it has one group, P-256; it sends no alert when it refuses a server, it only goes away; and it does
//! not tell which alert ended a session.

use crate::case::ServerCase;
use crate::http::{self, Message};
use crate::ours::{SupplierSetup, connect, linger, prepare};
use crate::pki::{Issued, SERVER_NAME};
use crate::process::locked_version;
use crate::table::{End, Outcome, Role, Table};
use crate::world::{Identity, World};
use embedded_mtls::AlertDescription;
use embedded_mtls::io::std::Socket;
use embedded_tls::blocking::{
    Aes128GcmSha256, Aes256GcmSha384, Certificate, CryptoProvider, TlsCipherSuite, TlsConfig, TlsConnection,
    TlsContext, TlsVerifier,
};
use embedded_tls::pki::CertVerifier;
use embedded_tls::{CryptoRngCore, SignatureScheme, TlsError};
use p256_of_embedded_tls::ecdsa::signature::SignerMut;
use p256_of_embedded_tls::ecdsa::{DerSignature, SigningKey};
use rand_core::OsRng;
use std::time::SystemTime;

/// A case, who the client is, and its suite.
type Row<'w> = (ServerCase, Option<&'w Identity>, Suite);

#[derive(Clone, Copy)]
enum Suite {
    Aes128,
    Aes256,
}

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = format!("embedded-tls {}", locked_version("embedded-tls"));
    for (case, identity, suite) in orders(world).into_iter().chain(refused_by_us(world)).chain(refusing_us(world)) {
        table.row(&peer, Role::Server, case.name, &case.expected, || match suite {
            Suite::Aes128 => run::<Aes128GcmSha256>(&case, world, identity),
            Suite::Aes256 => run::<Aes256GcmSha384>(&case, world, identity),
        });
    }
}

fn run<S: TlsCipherSuite + 'static>(
    case: &ServerCase,
    world: &World,
    identity: Option<&Identity>,
) -> Result<Outcome, String> {
    let supplier = case.supplier.start()?;
    let socket = connect(supplier.port).and_then(|socket| prepare(&socket).map(|()| socket));
    let socket = socket.map_err(|error| error.to_string())?;
    let transport = socket.try_clone().map_err(|error| error.to_string())?;
    let end = match post::<S>(Socket(transport), &world.root, identity, case) {
        Ok(()) => End::Done,
        Err(TlsError::HandshakeAborted(_, alert)) => End::Got(alert as u8),
        Err(error) => End::Refused(format!("{error:?}")),
    };
    linger(&socket);
    Ok(supplier.join().with_peer(end, case.order))
}

fn post<S: TlsCipherSuite + 'static>(
    socket: Socket,
    root: &Issued,
    identity: Option<&Identity>,
    case: &ServerCase,
) -> Result<(), TlsError> {
    // A larger second buffer would make it write records that are longer than TLS allows.
    let (mut received, mut sent) = (vec![0; 17 * 1024], vec![0; 16 * 1024]);
    let mut connection = TlsConnection::<_, S>::new(socket, &mut received, &mut sent);
    let protocols: Vec<_> = case.options.iter().map(|name| name.as_bytes()).collect();
    let config = TlsConfig::new().with_server_name(SERVER_NAME);
    let config = if protocols.is_empty() { config } else { config.with_alpn(&protocols) };
    connection.open(TlsContext::new(&config, Provider::new(root, identity)))?;
    let mut request = &http::post(case.order)[..];
    while !request.is_empty() {
        let count = connection.write(request)?;
        request = &request[count..];
    }
    connection.flush()?;
    let response = read_message(|buffer| connection.read(buffer))?;
    if response.body != http::answer_to(case.order) {
        return Err(TlsError::InvalidApplicationData);
    }
    connection.close().map(|_| ()).map_err(|(_, error)| error)
}

fn read_message(mut read: impl FnMut(&mut [u8]) -> Result<usize, TlsError>) -> Result<Message, TlsError> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match read(&mut buffer)? {
            0 => return Err(TlsError::ConnectionClosed),
            count => received.extend_from_slice(&buffer[..count]),
        }
        if let Some(message) = Message::parse(&received) {
            return Ok(message);
        }
    }
}

/// The environment that embedded-tls requires of its application.
struct Provider<'a, S: TlsCipherSuite> {
    random: OsRng,
    verifier: CertVerifier<'a, S, SystemTime, 4096>,
    identity: Option<&'a Identity>,
}

impl<'a, S: TlsCipherSuite> Provider<'a, S> {
    fn new(root: &'a Issued, identity: Option<&'a Identity>) -> Self {
        Self { random: OsRng, verifier: CertVerifier::new(Certificate::X509(&root.der)), identity }
    }
}

impl<S: TlsCipherSuite> CryptoProvider for Provider<'_, S> {
    type CipherSuite = S;
    type Signature = DerSignature;

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut self.random
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<S>, TlsError> {
        Ok(&mut self.verifier)
    }

    fn signer(&mut self) -> Result<(impl SignerMut<DerSignature>, SignatureScheme), TlsError> {
        let scalar = self.identity.ok_or(TlsError::InvalidPrivateKey)?.scalar;
        let key = SigningKey::from_bytes(&scalar.into()).map_err(|_| TlsError::InvalidPrivateKey)?;
        Ok((key, SignatureScheme::EcdsaSecp256r1Sha256))
    }

    fn client_cert(&mut self) -> Option<Certificate<impl AsRef<[u8]>>> {
        self.identity.map(|identity| Certificate::X509(identity.chain[0].as_slice()))
    }
}

fn orders(world: &World) -> Vec<Row<'_>> {
    let supplier = SupplierSetup::required(&world.server, &world.root).until_client_closes();
    let case = |name, facts: &[&str]| ServerCase::order(name, supplier).facts(facts);
    let client = Some(&world.client_of_root);
    let without_key_update = ServerCase {
        expected: Outcome::of(
            End::Failed("the connection ended without close_notify".into()),
            End::Refused("Unimplemented".into()),
            &["POST"],
        ),
        ..ServerCase::order("we ask for new keys, which it does not know", supplier.with_key_update())
    };
    vec![
        (case("an order", &["secp256r1", "CN=gateway-7"]), client, Suite::Aes128),
        (case("AES-256-GCM", &["TLS_AES_256_GCM_SHA384"]), client, Suite::Aes256),
        (
            case("ALPN", &["ALPN http/1.1"]).options(&["http/1.1"]).config(|config| config.with_alpn(&[b"http/1.1"])),
            client,
            Suite::Aes128,
        ),
        (case("100 KB each way", &[]).posts(http::much()), client, Suite::Aes128),
        (
            ServerCase::order(
                "optional, it has none",
                SupplierSetup::optional(&world.server, &world.root).until_client_closes(),
            ),
            None,
            Suite::Aes128,
        ),
        (
            ServerCase::order("not asked", SupplierSetup::without_client_auth(&world.server).until_client_closes()),
            None,
            Suite::Aes128,
        ),
        (without_key_update, client, Suite::Aes128),
    ]
}

/// We refuse it.
fn refused_by_us(world: &World) -> Vec<Row<'_>> {
    let supplier = SupplierSetup::required(&world.server, &world.root);
    let case = |name, identity, alert: AlertDescription, cause| {
        let expected = Outcome::of(End::Sent(alert.0), End::Refused("InternalError".into()), &[cause]);
        (ServerCase { expected, ..ServerCase::order(name, supplier) }, identity, Suite::Aes128)
    };
    vec![
        case("it has no certificate", None, AlertDescription::CERTIFICATE_REQUIRED, "ClientCertificateRequired"),
        case(
            "its certificate is of another CA",
            Some(&world.client_of_other_root),
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        ),
        case("it leaves out the intermediate", Some(&world.client), AlertDescription::UNKNOWN_CA, "UnknownIssuer"),
        case(
            "its certificate has expired",
            Some(&world.client_expired_of_root),
            AlertDescription::CERTIFICATE_EXPIRED,
            "Expired",
        ),
    ]
}

/// It rejects us.
fn refusing_us(world: &World) -> Vec<Row<'_>> {
    let case = |name, identity, reason: &str| {
        let us = End::Failed("the connection ended without close_notify".into());
        let expected = Outcome::of(us, End::Refused(reason.into()), &[]);
        let case = ServerCase::order(name, SupplierSetup::required(identity, &world.root));
        (ServerCase { expected, ..case }, Some(&world.client_of_root), Suite::Aes128)
    };
    vec![
        case("our certificate is of another CA", &world.server_of_other_root, "InvalidCertificate"),
        case("our certificate has expired", &world.server_expired, "InvalidCertificate"),
        case("we have another name", &world.server_of_other_name, "InvalidCertificate"),
    ]
}
