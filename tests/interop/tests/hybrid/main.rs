//! X25519MLKEM768 with peers that have it, the OpenSSL of pyOpenSSL and rustls with aws-lc-rs, in both roles: agreed, and requested
//! where a share is missing. `tests/resumption` has the handshakes with Go.

use embedded_mtls::io::blocking::Stream;
use embedded_mtls::x509::ServerName;
use embedded_mtls::{Client, ClientAuth, ClientConfig, Entropy, Handshake, NamedGroup, Server, ServerConfig};
use interop::{credential, roots};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ConnectionCommon, SideData};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use test_support::peers::compiled::target;
use test_support::peers::ours::{anchors, buffers, leak, own, prepared};
use test_support::peers::scripted::Scripted;
use test_support::peers::world::World;
use test_support::pki::SERVER_NAME;

const HYBRID: NamedGroup = NamedGroup::X25519MLKEM768;
const X25519: NamedGroup = NamedGroup::X25519;
const P256: NamedGroup = NamedGroup::SECP256R1;

const REQUEST: &[u8] = b"GET /order HTTP/1.0\r\nHost: supplier.example.com\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 41\r\nConnection: close\r\n\r\n<Response><Status code=\"200\"/></Response>";

/// A group, and whether the server requested it.
type Agreed = (NamedGroup, bool);

/// A handshake of our client.
struct OurClient {
    lists: &'static [NamedGroup],
    shares: &'static [NamedGroup],
    server: &'static [NamedGroup],
    agreed: Agreed,
}

const OUR_CLIENT: &[OurClient] = &[
    OurClient { lists: &[HYBRID, X25519], shares: &[HYBRID], server: &[HYBRID, X25519], agreed: (HYBRID, false) },
    // A share beside the hybrid saves the round trip.
    OurClient { lists: &[HYBRID, X25519], shares: &[HYBRID, X25519], server: &[X25519], agreed: (X25519, false) },
    // A server without the hybrid requests a classical group.
    OurClient { lists: &[HYBRID, X25519], shares: &[HYBRID], server: &[X25519], agreed: (X25519, true) },
    OurClient { lists: &[HYBRID, X25519, P256], shares: &[HYBRID, X25519], server: &[P256], agreed: (P256, true) },
    // The hybrid is listed without a share, and requested.
    OurClient { lists: &[X25519, HYBRID], shares: &[X25519], server: &[HYBRID], agreed: (HYBRID, true) },
    OurClient { lists: &[X25519, HYBRID], shares: &[], server: &[HYBRID], agreed: (HYBRID, true) },
];

/// A handshake of our server, with a client that sends a share of its first group.
struct OurServer {
    has: &'static [NamedGroup],
    /// `with_retry_for_preferred_group`
    insists: bool,
    client: &'static [NamedGroup],
    agreed: Agreed,
}

const OUR_SERVER: &[OurServer] = &[
    OurServer { has: &[HYBRID, X25519], insists: false, client: &[HYBRID, X25519], agreed: (HYBRID, false) },
    OurServer { has: &[HYBRID, X25519], insists: true, client: &[X25519], agreed: (X25519, false) },
    // We request a classical group.
    OurServer { has: &[P256], insists: false, client: &[HYBRID, P256], agreed: (P256, true) },
    // It lists the hybrid without a share: we use the share that is there, unless we prefer to request the hybrid.
    OurServer { has: &[HYBRID, X25519], insists: false, client: &[X25519, HYBRID], agreed: (X25519, false) },
    OurServer { has: &[HYBRID, X25519], insists: true, client: &[X25519, HYBRID], agreed: (HYBRID, true) },
    OurServer { has: &[HYBRID], insists: false, client: &[P256, HYBRID], agreed: (HYBRID, true) },
];

/// Runs our client.
fn visit(world: &World, port: u16, case: &OurClient) -> Agreed {
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let config = ClientConfig::new(name, anchors(world)).with_groups(case.lists).with_key_shares(case.shares);
    let (_, mut host) = own(&world.client);
    let config = leak(Box::new(config));
    let handshake = Handshake::<Client>::new(config, buffers(), Entropy::from_system().unwrap()).unwrap();
    let socket = prepared(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let mut stream = Stream::open(socket, handshake, &mut host).map_err(|error| error.cause).unwrap();
    embedded_io::Write::write_all(&mut stream, REQUEST).unwrap();
    embedded_io::Write::flush(&mut stream).unwrap();
    let mut heard = [0; 15];
    embedded_io::Read::read_exact(&mut stream, &mut heard).unwrap();
    assert!(heard.starts_with(b"HTTP/1.1 200"));
    let negotiated = stream.session.negotiated();
    let agreed = (negotiated.group, negotiated.retried);
    assert_eq!(stream.session.peer().unwrap().common_name(), Some(SERVER_NAME));
    let _gone = stream.close();
    agreed
}

/// Runs our server for one client.
fn serve(world: &World, case: &OurServer) -> (u16, JoinHandle<Agreed>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = ServerConfig::new(ClientAuth::Required(anchors(world))).with_groups(case.has);
    let config = leak(Box::new(config.with_retry_for_preferred_group(case.insists)));
    let (_, mut host) = own(&world.server);
    let thread = thread::spawn(move || {
        let socket = prepared(listener.accept().unwrap().0);
        let handshake = Handshake::<Server>::new(config, buffers(), Entropy::from_system().unwrap()).unwrap();
        let mut stream = Stream::open(socket, handshake, &mut host).map_err(|error| error.cause).unwrap();
        let mut heard = [0; 4096];
        embedded_io::Read::read(&mut stream, &mut heard).unwrap();
        embedded_io::Write::write_all(&mut stream, RESPONSE).unwrap();
        embedded_io::Write::flush(&mut stream).unwrap();
        assert_eq!(stream.session.peer().unwrap().common_name(), Some("gateway-7"));
        let negotiated = stream.session.negotiated();
        let agreed = (negotiated.group, negotiated.retried);
        let _gone = stream.close();
        agreed
    });
    (port, thread)
}

/// OpenSSL with these groups. As a client it sends a share of the first.
fn openssl(groups: &[NamedGroup]) -> Scripted {
    let script = format!("{}/peers/pyopenssl.py", env!("CARGO_MANIFEST_DIR"));
    let package = target().unwrap().join("pyopenssl").display().to_string();
    let names: Vec<_> = groups.iter().map(|group| openssl_name(*group)).collect();
    let peer = Scripted::start("python3", [script, package, names.join(":")]);
    peer.unwrap_or_else(|problem| panic!("{problem}; pyOpenSSL comes with `cargo xtask setup`"))
}

fn openssl_name(group: NamedGroup) -> &'static str {
    match group {
        HYBRID => "X25519MLKEM768",
        X25519 => "x25519",
        P256 => "secp256r1",
        group => panic!("{group}"),
    }
}

#[test]
fn our_client_agrees_with_openssl() {
    let world = World::new().unwrap();
    let [chain, key, root] = ["server.pem", "server.key", "root.pem"].map(|file| world.file(file));
    for (place, case) in OUR_CLIENT.iter().enumerate() {
        let mut peer = openssl(case.server);
        peer.tell(&["serve", &chain, &key, &root]).unwrap();
        assert_eq!(visit(&world, peer.port().unwrap(), case), case.agreed, "case {place}");
        assert_eq!(peer.line().unwrap(), format!("done CN=gateway-7 group={}", openssl_name(case.agreed.0)));
    }
}

#[test]
fn openssl_agrees_with_our_server() {
    let world = World::new().unwrap();
    world.files.write("order", "an order").unwrap();
    let [chain, key, root, order] = ["client.pem", "client.key", "root.pem", "order"].map(|file| world.file(file));
    for (place, case) in OUR_SERVER.iter().enumerate() {
        let mut peer = openssl(case.client);
        let (port, server) = serve(&world, case);
        peer.tell(&["post", &port.to_string(), &chain, &key, &root, &order]).unwrap();
        assert_eq!(peer.line().unwrap(), format!("done CN={SERVER_NAME} group={}", openssl_name(case.agreed.0)));
        assert_eq!(server.join().unwrap(), case.agreed, "case {place}");
    }
}

/// aws-lc-rs with these groups. A client sends a share of the first.
fn provider(groups: &[NamedGroup]) -> Arc<CryptoProvider> {
    let kx_groups = groups.iter().map(|group| -> &'static dyn SupportedKxGroup {
        match *group {
            HYBRID => aws_lc_rs::kx_group::X25519MLKEM768,
            X25519 => aws_lc_rs::kx_group::X25519,
            P256 => aws_lc_rs::kx_group::SECP256R1,
            group => panic!("{group}"),
        }
    });
    Arc::new(CryptoProvider { kx_groups: kx_groups.collect(), ..aws_lc_rs::default_provider() })
}

/// Sends or answers, and returns the number of the group.
fn converse<D: SideData>(
    mut connection: impl DerefMut<Target = ConnectionCommon<D>>,
    socket: TcpStream,
    says: &[u8],
    is_first: bool,
) -> u16 {
    let mut socket = prepared(socket).0;
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    let mut heard = [0; 1024];
    if is_first {
        stream.write_all(says).unwrap();
    }
    assert_ne!(stream.read(&mut heard).unwrap(), 0);
    if !is_first {
        stream.write_all(says).unwrap();
    }
    connection.negotiated_key_exchange_group().unwrap().name().into()
}

#[test]
fn our_client_agrees_with_rustls() {
    let world = World::new().unwrap();
    for (place, case) in OUR_CLIENT.iter().enumerate() {
        let provider = provider(case.server);
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots(&world.root).unwrap(), provider.clone()).build().unwrap();
        let (chain, key) = credential(&world.server).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
            converse(connection, listener.accept().unwrap().0, RESPONSE, false)
        });
        assert_eq!(visit(&world, port, case), case.agreed, "case {place}");
        assert_eq!(server.join().unwrap(), case.agreed.0.0);
    }
}

#[test]
fn rustls_agrees_with_our_server() {
    let world = World::new().unwrap();
    for (place, case) in OUR_SERVER.iter().enumerate() {
        let provider = provider(case.client);
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots(&world.root).unwrap(), provider.clone()).build().unwrap();
        let (chain, key) = credential(&world.client).unwrap();
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_webpki_verifier(verifier)
            .with_client_auth_cert(chain, key)
            .unwrap();
        let (port, server) = serve(&world, case);
        let name = rustls::pki_types::ServerName::try_from(SERVER_NAME).unwrap();
        let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        assert_eq!(converse(connection, socket, REQUEST, true), case.agreed.0.0);
        assert_eq!(server.join().unwrap(), case.agreed, "case {place}");
    }
}
