//! Mutual handshakes with this provider: with itself, with `RustCrypto`, and with OpenSSL, in both roles and with both cipher suites.

use embedded_io::{Read, Write};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::std::{Socket, system_time};
use embedded_mtls::x509::{ServerName, Time};
use embedded_mtls::{
    CipherSuite, Client, ClientAuth, ClientConfig, Entropy, Handshake, NamedGroup, Server, ServerConfig, Side,
};
use embedded_mtls_micro::{Micro, MicroSigningKey};
use std::net::{TcpListener, TcpStream};
use std::thread;
use test_support::pair::{Sizes, anchors, credential_der, leak, leak_all};
use test_support::peers::process::{LIMIT, Process};
use test_support::peers::servers;
use test_support::peers::world::{Identity, World, free_port};
use test_support::pki::SERVER_NAME;

const SUITES: [CipherSuite; 2] = [CipherSuite::TLS_CHACHA20_POLY1305_SHA256, CipherSuite::TLS_AES_128_GCM_SHA256];
const NAMES: [&str; 2] = ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];
const GROUPS: &[NamedGroup] = &[NamedGroup::SECP256R1];
/// Room for records as long as OpenSSL sends them.
const SIZES: Sizes = Sizes { rx: 17 * 1024, ..Sizes::DEFAULT };
/// Several records of the test's buffers.
const TEXT: &[u8] = &[b'x'; 9_000];

type MicroHost = SoftwareHost<'static, fn() -> Time, MicroSigningKey>;

fn host(identity: &Identity) -> MicroHost {
    let keys = leak_all(vec![MicroSigningKey::from_bytes(&identity.scalar).unwrap()]);
    SoftwareHost::new(leak_all(vec![credential_der(&identity.chain, 0)]), keys, system_time)
}

fn client_config(world: &World, suite: CipherSuite) -> &'static ClientConfig<'static> {
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let config = ClientConfig::new(name, anchors(&[&world.root])).with_groups(GROUPS);
    leak(Box::new(config.with_cipher_suites(leak_all(vec![suite]))))
}

fn server_config(world: &World, suite: CipherSuite) -> &'static ServerConfig<'static> {
    let config = ServerConfig::new(ClientAuth::Required(anchors(&[&world.root]))).with_groups(GROUPS);
    leak(Box::new(config.with_cipher_suites(leak_all(vec![suite]))))
}

fn open<S: Side>(
    socket: TcpStream,
    handshake: Handshake<'static, S>,
    mut host: MicroHost,
) -> Stream<'static, Socket, S> {
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket.set_write_timeout(Some(LIMIT)).unwrap();
    Stream::open(Socket(socket), handshake, &mut host).map_err(|error| error.cause).unwrap()
}

/// Sends a text to an echo, and compares what comes back.
fn client<P: CryptoProvider + Default + 'static>(world: &World, port: u16, suite: CipherSuite) {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let entropy = Entropy::from_system().unwrap();
    let handshake = Handshake::<Client<P>>::new(client_config(world, suite), SIZES.buffers(), entropy).unwrap();
    let mut stream = open(socket, handshake, host(&world.client));
    assert_eq!(stream.session.negotiated().cipher_suite, suite);
    assert_eq!(stream.session.peer().unwrap().common_name(), Some(SERVER_NAME));
    stream.write_all(TEXT).unwrap();
    stream.flush().unwrap();
    let mut heard = vec![0; TEXT.len()];
    stream.read_exact(&mut heard).unwrap();
    assert!(heard == TEXT);
    let _gone = stream.close();
}

/// Starts an echo for one client.
fn server<P: CryptoProvider + Default + 'static>(world: &World, suite: CipherSuite) -> (u16, thread::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (config, host) = (server_config(world, suite), host(&world.server));
    let echo = move || {
        let entropy = Entropy::from_system().unwrap();
        let handshake = Handshake::<Server<P>>::new(config, SIZES.buffers(), entropy).unwrap();
        let mut stream = open(listener.accept().unwrap().0, handshake, host);
        assert_eq!(stream.session.peer().unwrap().common_name(), Some("gateway-7"));
        let mut heard = vec![0; TEXT.len()];
        stream.read_exact(&mut heard).unwrap();
        stream.write_all(&heard).unwrap();
        stream.flush().unwrap();
        let _end = stream.read(&mut heard);
    };
    (port, thread::spawn(echo))
}

#[test]
fn micro_and_rustcrypto_shake_hands_in_each_role() {
    let world = World::new().unwrap();
    for suite in SUITES {
        let (port, echo) = server::<Micro>(&world, suite);
        client::<Micro>(&world, port, suite);
        echo.join().unwrap();
        let (port, echo) = server::<RustCrypto>(&world, suite);
        client::<Micro>(&world, port, suite);
        echo.join().unwrap();
        let (port, echo) = server::<Micro>(&world, suite);
        client::<RustCrypto>(&world, port, suite);
        echo.join().unwrap();
    }
}

#[test]
fn a_client_shakes_hands_with_openssl() {
    let world = World::new().unwrap();
    for suite in SUITES {
        let port = free_port().unwrap();
        let chain = world.file("server.pem");
        let options =
            ["-Verify 4 -verify_return_error -tls1_3 -groups P-256 -rev -quiet", &format!("-cert_chain {chain}")];
        let _server = servers::openssl(&world.files, port, "server", &options).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let entropy = Entropy::from_system().unwrap();
        let config = client_config(&world, suite);
        let handshake = Handshake::<Client<Micro>>::new(config, SIZES.buffers(), entropy).unwrap();
        let mut stream = open(socket, handshake, host(&world.client));
        stream.write_all(b"olleh\n").unwrap();
        stream.flush().unwrap();
        let mut heard = [0; 6];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello\n");
        assert_eq!(stream.session.negotiated().cipher_suite, suite);
    }
}

#[test]
fn a_server_shakes_hands_with_openssl() {
    let world = World::new().unwrap();
    for (suite, name) in SUITES.into_iter().zip(NAMES) {
        let (port, echo) = server::<Micro>(&world, suite);
        let address = format!("127.0.0.1:{port}");
        let [leaf, key, chain, root] =
            ["client.leaf.pem", "client.key", "client.pem", "root.pem"].map(|name| world.file(name));
        let words = [
            "s_client",
            "-connect",
            &address,
            "-cert",
            &leaf,
            "-key",
            &key,
            "-cert_chain",
            &chain,
            "-CAfile",
            &root,
            "-verify_return_error",
            "-ciphersuites",
            name,
            "-groups",
            "P-256",
            "-quiet",
            "-servername",
            SERVER_NAME,
        ];
        let mut client = Process::start("openssl", words).unwrap();
        client.write(TEXT).unwrap();
        client.await_sign("the echo", |client| client.stdout().ends_with(TEXT)).unwrap();
        drop(client);
        echo.join().unwrap();
    }
}
