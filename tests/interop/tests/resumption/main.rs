//! Resumption against OpenSSL, `GnuTLS`, rustls, nginx, Apache, Go and Java: each connection resumes the one before, and all depend on a certificate of
//! the client.

use embedded_io::{Read, Write};
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{ServerName, Time, UnixTime};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Entropy, Handshake, NamedGroup, Server, ServerConfig, Ticket, TicketKey,
    TicketKeys,
};
use interop::{credential, roots};
use rustls::HandshakeKind;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::LazyLock;
use std::thread;
use test_support::peers::compiled::compile_go;
use test_support::peers::ours::{anchors, buffers, leak, own, prepared};
use test_support::peers::process::Process;
use test_support::peers::scripted::Scripted;
use test_support::peers::servers;
use test_support::peers::world::{World, free_port};
use test_support::pki::SERVER_NAME;

/// Buffers with a `tx` in which no ClientHello fits: each leaves in several records.
fn small() -> Buffers<'static> {
    Buffers { tx: leak(vec![0; 240].into_boxed_slice()), ..buffers() }
}

fn now() -> UnixTime {
    match system_time() {
        Time::Trusted(now) => now,
        time => panic!("{time:?}"),
    }
}

/// A request that an echo returns, and one that a web server answers with at least as many bytes.
const LINE: &[u8] = b"hello\n";
const GET: &[u8] = b"GET /order HTTP/1.0\r\nHost: supplier.example.com\r\n\r\n";

/// Runs our client: sends a request, reads the first bytes of the answer, and returns whether it resumed, and the ticket
/// that it received.
fn visit(world: &World, port: u16, request: &[u8], ticket: Option<Vec<u8>>) -> (bool, Option<Vec<u8>>) {
    let (resumed, _, ticket) = visit_with_group(world, port, request, ticket);
    (resumed, ticket)
}

/// As [`visit`], with the group of the key exchange.
fn visit_with_group(
    world: &World,
    port: u16,
    request: &[u8],
    ticket: Option<Vec<u8>>,
) -> (bool, NamedGroup, Option<Vec<u8>>) {
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let config = leak(Box::new(ClientConfig::new(name, anchors(world)).with_resumption(true)));
    let (credential, mut host) = own(&world.client);
    let mut handshake = Handshake::<Client>::new(config, small(), Entropy::from_system().unwrap()).unwrap();
    if let Some(ticket) = ticket {
        handshake.resume(Ticket::new(leak(ticket.into_boxed_slice())), Some(credential), now()).unwrap();
    }
    let socket = prepared(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let mut stream = Stream::open(socket, handshake, &mut host).map_err(|error| error.cause).unwrap();
    stream.write_all(request).unwrap();
    stream.flush().unwrap();
    let mut heard = [0; LINE.len()];
    stream.read_exact(&mut heard).unwrap();
    let session = &mut stream.session;
    assert_eq!(session.peer().unwrap().common_name(), Some(SERVER_NAME));
    let (resumed, group) = (session.negotiated().resumed, session.negotiated().group);
    let mut out = vec![0; Ticket::MAX_LEN];
    let len = session.take_ticket(now(), &mut out).unwrap();
    let _gone = stream.close();
    (resumed, group, len.map(|len| out[..len].to_vec()))
}

/// Three visits to a server.
fn assert_resumes_at(world: &World, port: u16, request: &[u8]) {
    let (resumed, ticket) = visit(world, port, request, None);
    assert!(!resumed);
    let (resumed, next) = visit(world, port, request, Some(ticket.expect("a ticket")));
    assert!(resumed, "it knows its ticket");
    let (resumed, _) = visit(world, port, request, Some(next.expect("a ticket of a resumed session")));
    assert!(resumed, "and the next");
}

/// Runs our server for some clients: echoes the first bytes, and returns which of them resumed.
fn serve(world: &World, clients: usize) -> (u16, thread::JoinHandle<Vec<bool>>) {
    let (port, thread) = serve_with(world, clients, None);
    (port, thread::spawn(|| thread.join().unwrap().into_iter().map(|(resumed, _)| resumed).collect()))
}

/// As [`serve`], with the groups of the key exchanges; answers with these bytes, if given.
fn serve_with(
    world: &World,
    clients: usize,
    answer: Option<&'static [u8]>,
) -> (u16, thread::JoinHandle<Vec<(bool, NamedGroup)>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let keys = leak(Box::new(TicketKeys::new(TicketKey::new(&[7; TicketKey::LEN]))));
    let config = ServerConfig::new(ClientAuth::Required(anchors(world))).with_tickets(keys, 3_600);
    let config = leak(Box::new(config));
    let (_, mut host) = own(&world.server);
    let thread = thread::spawn(move || {
        let each = |_| {
            let socket = prepared(listener.accept().unwrap().0);
            let handshake = Handshake::<Server>::new(config, buffers(), Entropy::from_system().unwrap()).unwrap();
            let mut stream = Stream::open(socket, handshake, &mut host).map_err(|error| error.cause).unwrap();
            let mut heard = [0; 64];
            let count = stream.read(&mut heard).unwrap();
            stream.write_all(answer.unwrap_or(&heard[..count])).unwrap();
            stream.flush().unwrap();
            assert_eq!(stream.session.peer().unwrap().common_name(), Some("gateway-7"));
            let negotiated = stream.session.negotiated();
            let seen = (negotiated.resumed, negotiated.group);
            while matches!(stream.read(&mut heard), Ok(1..)) {}
            seen
        };
        (0..clients).map(each).collect()
    });
    (port, thread)
}

#[test]
fn our_client_resumes_at_openssl() {
    let world = World::new().unwrap();
    let port = free_port().unwrap();
    let address = format!("127.0.0.1:{port}");
    let [leaf, chain, key] = ["leaf.pem", "issuers.pem", "key"].map(|end| world.file(&format!("server.{end}")));
    let root = world.file("root.pem");
    let arguments = ["s_server", "-accept", &address, "-cert", &leaf, "-cert_chain", &chain, "-key", &key];
    let options = ["-CAfile", &root, "-Verify", "3", "-verify_return_error", "-tls1_3", "-rev"];
    let mut server = Process::start("openssl", arguments.into_iter().chain(options)).unwrap();
    server.await_port(port).unwrap();
    assert_resumes_at(&world, port, LINE);
}

#[test]
fn our_client_resumes_at_gnutls() {
    let world = World::new().unwrap();
    let port = free_port().unwrap();
    let arguments = [
        "--echo".into(),
        "--require-client-cert".into(),
        "--verify-client-cert".into(),
        format!("--port={port}"),
        format!("--x509certfile={}", world.file("server.pem")),
        format!("--x509keyfile={}", world.file("server.key")),
        format!("--x509cafile={}", world.file("root.pem")),
    ];
    let mut server = Process::start("gnutls-serv", arguments).unwrap();
    server.await_port(port).unwrap();
    assert_resumes_at(&world, port, LINE);
}

/// Waits until a web server has logged this line for each visit: the client is authenticated in all of them.
fn await_requests(server: &mut Process, world: &World, line: &str) {
    let logged = |_: &Process| world.files.read(servers::REQUESTS) == line.repeat(3);
    server.await_sign("logged three requests of the same client", logged).unwrap();
}

#[test]
fn our_client_resumes_at_nginx() {
    let world = World::new().unwrap();
    world.files.write("order", "taken").unwrap();
    let port = free_port().unwrap();
    let mut server = servers::nginx(&world.files, port, "server", &[]).unwrap();
    server.await_port(port).unwrap();
    assert_resumes_at(&world, port, GET);
    await_requests(&mut server, &world, "200 SUCCESS CN=gateway-7,O=Example\n");
}

#[test]
fn our_client_resumes_at_apache() {
    let world = World::new().unwrap();
    world.files.write("order", "taken").unwrap();
    let port = free_port().unwrap();
    let mut server = servers::apache(&world.files, port, "server", &[]).unwrap();
    server.await_port(port).unwrap();
    assert_resumes_at(&world, port, GET);
    // It admits another common name only, and knows ours each time.
    await_requests(&mut server, &world, "403 SUCCESS gateway-7\n");
}

#[test]
fn our_client_resumes_at_rustls() {
    let world = World::new().unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(&world.root).unwrap(), provider.clone()).build().unwrap();
    let (chain, key) = credential(&world.server).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    config.ticketer = ring::Ticketer::new().unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let each = |_| {
            let mut socket = prepared(listener.accept().unwrap().0).0;
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::Stream::new(&mut connection, &mut socket);
            let mut heard = [0; 6];
            std::io::Read::read_exact(&mut stream, &mut heard).unwrap();
            std::io::Write::write_all(&mut stream, &heard).unwrap();
            connection.handshake_kind()
        };
        (0..3).map(each).collect::<Vec<_>>()
    });
    assert_resumes_at(&world, port, LINE);
    let kinds = server.join().unwrap();
    // With ring it has no hybrid.
    let first = if cfg!(feature = "mlkem") { HandshakeKind::FullWithHelloRetryRequest } else { HandshakeKind::Full };
    assert_eq!(kinds, [first, HandshakeKind::Resumed, HandshakeKind::Resumed].map(Some));
}

#[test]
fn openssl_resumes_at_our_server() {
    let world = World::new().unwrap();
    let (port, server) = serve(&world, 2);
    let session = world.file("session.pem");
    for (option, reused) in [("-sess_out", "New, TLSv1.3"), ("-sess_in", "Reused, TLSv1.3")] {
        let address = format!("127.0.0.1:{port}");
        let [leaf, chain, key] = ["leaf.pem", "issuers.pem", "key"].map(|end| world.file(&format!("client.{end}")));
        let root = world.file("root.pem");
        let arguments = ["s_client", "-connect", &address, "-cert", &leaf, "-cert_chain", &chain, "-key", &key];
        let options = ["-CAfile", &root, "-servername", SERVER_NAME, "-tls1_3", option, &session];
        let mut client = Process::start("openssl", arguments.into_iter().chain(options)).unwrap();
        client.write(b"hello\n").unwrap();
        let has = |client: &Process, text: &str| String::from_utf8_lossy(&client.stdout()).contains(text);
        client.await_sign("has its line", |client| has(client, "\nhello\n")).unwrap();
        assert!(has(&client, reused), "{}", String::from_utf8_lossy(&client.stdout()));
        client.close_stdin();
        client.await_end().unwrap();
    }
    assert_eq!(server.join().unwrap(), [false, true]);
}

/// It waits for a ticket, closes, and connects again with it.
#[test]
fn gnutls_resumes_at_our_server() {
    let world = World::new().unwrap();
    let (port, server) = serve(&world, 2);
    let arguments = [
        "--resume".into(),
        "--waitresumption".into(),
        format!("--sni-hostname={SERVER_NAME}"),
        format!("--verify-hostname={SERVER_NAME}"),
        format!("--x509cafile={}", world.file("root.pem")),
        format!("--x509certfile={}", world.file("client.pem")),
        format!("--x509keyfile={}", world.file("client.key")),
        format!("--port={port}"),
        "127.0.0.1".into(),
    ];
    let mut client = Process::start("gnutls-cli", arguments).unwrap();
    let has = |client: &Process, text: &str| String::from_utf8_lossy(&client.stdout()).contains(text);
    client.await_sign("resumed", |client| has(client, "*** This is a resumed session")).unwrap();
    client.write(LINE).unwrap();
    client.await_sign("has its line", |client| has(client, "\nhello\n")).unwrap();
    client.close_stdin();
    client.await_end().unwrap();
    assert_eq!(server.join().unwrap(), [false, true]);
}

#[test]
fn rustls_resumes_at_our_server() {
    let world = World::new().unwrap();
    let (port, server) = serve(&world, 3);
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(roots(&world.root).unwrap(), provider.clone()).build().unwrap();
    let (chain, key) = credential(&world.client).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_webpki_verifier(verifier)
        .with_client_auth_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
        let name = rustls::pki_types::ServerName::try_from(SERVER_NAME).unwrap();
        let mut connection = rustls::ClientConnection::new(config.clone(), name).unwrap();
        let mut socket = prepared(TcpStream::connect(("127.0.0.1", port)).unwrap()).0;
        let mut stream = rustls::Stream::new(&mut connection, &mut socket);
        std::io::Write::write_all(&mut stream, b"hello\n").unwrap();
        let mut heard = [0; 6];
        std::io::Read::read_exact(&mut stream, &mut heard).unwrap();
        assert_eq!(connection.handshake_kind(), Some(kind));
    }
    assert_eq!(server.join().unwrap(), [false, true, true]);
}

/// A response as the programs in `tests/interop/peers` expect one.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 41\r\nConnection: close\r\n\r\n<Response><Status code=\"200\"/></Response>";

/// The group that we agree on with Go, which has the hybrid.
const GROUP_WITH_GO: NamedGroup = if cfg!(feature = "mlkem") { NamedGroup::X25519MLKEM768 } else { NamedGroup::X25519 };

fn go() -> Scripted {
    static PROGRAM: LazyLock<String> = LazyLock::new(|| compile_go(&source("go.go")).unwrap());
    Scripted::start(&PROGRAM, [""; 0]).unwrap()
}

fn java() -> Scripted {
    Scripted::start("java", [source("Jsse.java")]).unwrap()
}

fn source(file: &str) -> String {
    format!("{}/peers/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// Three visits to a peer that serves; returns whether each resumed, and its group.
fn visits_to(mut peer: Scripted) -> Vec<(bool, NamedGroup)> {
    let world = World::new().unwrap();
    let [chain, key, root] = ["server.pem", "server.key", "root.pem"].map(|file| world.file(file));
    let mut ticket = None;
    let visit = |_| {
        peer.tell(&["serve", &chain, &key, &root, "tickets"]).unwrap();
        let port = peer.port().unwrap();
        let (resumed, group, next) = visit_with_group(&world, port, GET, ticket.take());
        assert_eq!(peer.line().unwrap(), "done CN=gateway-7");
        ticket = Some(next.expect("a ticket"));
        (resumed, group)
    };
    (0..3).map(visit).collect()
}

/// Three orders that a peer posts to our server; returns whether each resumed, and its group.
fn orders_of(mut peer: Scripted) -> Vec<(bool, NamedGroup)> {
    let world = World::new().unwrap();
    world.files.write("order", "an order").unwrap();
    let [chain, key, root, order] = ["client.pem", "client.key", "root.pem", "order"].map(|file| world.file(file));
    let (port, server) = serve_with(&world, 3, Some(ANSWER));
    for _ in 0..3 {
        peer.tell(&["post", &port.to_string(), &chain, &key, &root, &order, "tickets"]).unwrap();
        assert_eq!(peer.line().unwrap(), format!("done CN={SERVER_NAME}"));
    }
    server.join().unwrap()
}

#[test]
fn our_client_resumes_at_go() {
    assert_eq!(visits_to(go()), [false, true, true].map(|resumed| (resumed, GROUP_WITH_GO)));
}

#[test]
fn go_resumes_at_our_server() {
    assert_eq!(orders_of(go()), [false, true, true].map(|resumed| (resumed, GROUP_WITH_GO)));
}

/// With the feature `mlkem` it requests a classical group.
#[test]
fn our_client_resumes_at_java() {
    assert_eq!(visits_to(java()), [false, true, true].map(|resumed| (resumed, NamedGroup::X25519)));
}

#[test]
fn java_resumes_at_our_server() {
    assert_eq!(orders_of(java()), [false, true, true].map(|resumed| (resumed, NamedGroup::X25519)));
}
