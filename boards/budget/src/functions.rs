//! The stack of each public function, by the pattern that it overwrites below its caller.
//!
//! The roles are those of [`roles`](crate::roles), written on the sans-I/O API, and on streams. Each call prints the bytes and the
//! name of the function, with the stage of the handshake where it depends on it. The most bytes of all calls count.

use crate::pki::{CLIENT, CLIENT_KEY, INTERMEDIATE, NOW, ROOT, SERVER, SERVER_KEY, SERVER_NAME};
use crate::replay::Replay;
use crate::replay::machine::Stack;
use crate::roles::{ANSWER, Board, REQUEST, ROUNDS};
use crate::{Key, Provider};
use core::fmt;
use embedded_io::{Read, Write};
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::{SigningKey, SoftwareHost, StreamPlace};
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Event, Handshake, KeyHandle, Server, ServerConfig,
    Session, Side, Step,
};
use semihosting::println;

/// Runs a client on the sans-I/O API.
pub fn client(mut board: Replay, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [measured("TrustAnchor::from_certificate", || TrustAnchor::from_certificate(ROOT)).ok()?];
    let name = measured("ServerName::parse", || ServerName::parse(SERVER_NAME)).ok()?;
    let config = ClientConfig::new(name, &anchors).with_cipher_suites(board.suites()).with_groups(board.groups());
    let chain = [CLIENT, INTERMEDIATE];
    let identity = Identity::new(&chain, &CLIENT_KEY)?;
    let entropy = Entropy::new(&board.entropy());
    let made = measured("Handshake::new", || Handshake::<Client<Provider>>::new(&config, buffers, entropy));
    let mut session = shake(made.ok()?, &mut board, &identity)?;
    for _ in 0..ROUNDS {
        write(&mut session, &mut board)?;
        read(&mut session, &mut board, answer)?;
    }
    close(&mut session, &mut board)
}

/// Runs a server on the sans-I/O API.
pub fn server(mut board: Replay, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let config = ServerConfig::new(ClientAuth::Required(&anchors))
        .with_cipher_suites(board.suites())
        .with_groups(board.groups());
    let chain = [SERVER, INTERMEDIATE];
    let identity = Identity::new(&chain, &SERVER_KEY)?;
    let entropy = Entropy::new(&board.entropy());
    let made = measured("Handshake::new", || Handshake::<Server<Provider>>::new(&config, buffers, entropy));
    let mut session = shake(made.ok()?, &mut board, &identity)?;
    for _ in 0..ROUNDS {
        read(&mut session, &mut board, answer)?;
        write(&mut session, &mut board)?;
    }
    close(&mut session, &mut board)
}

/// Runs a client on a stream.
pub fn client_stream(mut board: Replay, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).ok()?, &anchors)
        .with_cipher_suites(board.suites())
        .with_groups(board.groups());
    let chain = [CLIENT, INTERMEDIATE];
    let Identity { credential, key } = Identity::new(&chain, &CLIENT_KEY)?;
    let (credentials, keys) = ([credential], [key]);
    let mut host = SoftwareHost::new(&credentials, &keys, time);
    let entropy = Entropy::new(&board.entropy());
    let mut place = StreamPlace::<_, Client<Provider>>::new();
    let (lent, transport, config, host) = (&mut place, &mut board, &config, &mut host);
    let establish = move || Stream::establish(lent, transport, config, buffers, entropy, host);
    let stream = measured("Stream::establish", establish).ok()?;
    for _ in 0..ROUNDS {
        write_stream(stream)?;
        read_stream(stream, answer)?;
    }
    measured("Stream::close", || stream.close()).ok()
}

/// Runs a server on a stream.
pub fn server_stream(mut board: Replay, buffers: Buffers<'_>, answer: &mut [u8; ANSWER]) -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let config = ServerConfig::new(ClientAuth::Required(&anchors))
        .with_cipher_suites(board.suites())
        .with_groups(board.groups());
    let chain = [SERVER, INTERMEDIATE];
    let Identity { credential, key } = Identity::new(&chain, &SERVER_KEY)?;
    let (credentials, keys) = ([credential], [key]);
    let mut host = SoftwareHost::new(&credentials, &keys, time);
    let entropy = Entropy::new(&board.entropy());
    let mut place = StreamPlace::<_, Server<Provider>>::new();
    let (lent, transport, config, host) = (&mut place, &mut board, &config, &mut host);
    let establish = move || Stream::establish(lent, transport, config, buffers, entropy, host);
    let stream = measured("Stream::establish", establish).ok()?;
    for _ in 0..ROUNDS {
        read_stream(stream, answer)?;
        write_stream(stream)?;
    }
    measured("Stream::close", || stream.close()).ok()
}

/// Validates the chain of the server without a connection.
pub fn validator() -> Option<()> {
    let anchors = [TrustAnchor::from_certificate(ROOT).ok()?];
    let name = ServerName::parse(SERVER_NAME).ok()?;
    let mut memory = [0; 1024];
    let mut validator = Validator::new(&mut memory);
    for certificate in [SERVER, INTERMEDIATE] {
        measured("Validator::push", || validator.push(Provider, certificate)).ok()?;
    }
    measured("Validator::validate", || validator.validate(Provider, Rules::server(&anchors, &name, time())).is_ok())
        .then_some(())
}

/// A credential and its key.
struct Identity<'c> {
    credential: Credential<'c>,
    key: Key,
}

impl<'c> Identity<'c> {
    fn new(chain: &'c [&'c [u8]], key: &[u8; 32]) -> Option<Self> {
        let credential = measured("Credential::new", || Credential::new(chain, KeyHandle(0))).ok()?;
        Some(Self { credential, key: Key::from_bytes(key).ok()? })
    }
}

fn time() -> Time {
    Time::Trusted(UnixTime(NOW))
}

/// Runs a handshake to its end.
fn shake<'b, R: Side>(
    mut handshake: Handshake<'b, R>,
    board: &mut Replay,
    identity: &'b Identity<'b>,
) -> Option<Session<'b, R>> {
    loop {
        let name = At("Handshake::poll", handshake.stage());
        let lent = &mut handshake;
        match measured(name, move || lent.poll()).ok()? {
            Step::Transmit => {
                let count = board.write(handshake.tx_pending()).ok()?;
                measured("Handshake::tx_consume", || handshake.tx_consume(count));
            }
            Step::NeedInput => {
                let count = board.read(handshake.rx_space()).ok()?;
                measured("Handshake::rx_commit", || handshake.rx_commit(count)).ok()?;
            }
            Step::Yield => {}
            Step::Time(request) => measured("TimeRequest::provide", || request.provide(time())).ok()?,
            Step::Credential(request) => {
                measured("CredentialRequest::answer", || request.answer(&identity.credential)).ok()?;
            }
            Step::Sign(request) => {
                let input = request.input;
                let sign = || identity.key.sign(input.message(), input.hedge());
                let signature = measured("SigningKey::sign", sign)?;
                measured("SignRequest::complete", || request.complete(&signature)).ok()?;
            }
            Step::Authorize(request) => measured("AuthorizeRequest::accept", || request.accept()).ok()?,
            Step::Done => return measured("Handshake::into_session", || handshake.into_session()).ok(),
        }
    }
}

fn write<R: Side>(session: &mut Session<'_, R>, board: &mut Replay) -> Option<()> {
    let mut rest = &REQUEST[..];
    while !rest.is_empty() {
        let count = measured("Session::write", || session.write(rest)).ok()?;
        rest = rest.get(count..)?;
        transmit(session, board)?;
    }
    Some(())
}

fn transmit<R: Side>(session: &mut Session<'_, R>, board: &mut Replay) -> Option<()> {
    while !session.tx_pending().is_empty() {
        let count = board.write(session.tx_pending()).ok()?;
        measured("Session::tx_consume", || session.tx_consume(count));
    }
    Some(())
}

fn read<R: Side>(session: &mut Session<'_, R>, board: &mut Replay, answer: &mut [u8; ANSWER]) -> Option<()> {
    let mut rest = &mut answer[..];
    while !rest.is_empty() {
        let lent = &mut *session;
        match measured("Session::poll", move || lent.poll()).ok()? {
            Event::Data(data) => {
                let count = data.len().min(rest.len());
                let (now, later) = rest.split_at_mut(count);
                now.copy_from_slice(data.get(..count)?);
                rest = later;
                measured("ReceivedData::consume", || data.consume(count));
            }
            Event::NeedInput => {
                let count = board.read(session.rx_space()).ok()?;
                measured("Session::rx_commit", || session.rx_commit(count)).ok()?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn close<R: Side>(session: &mut Session<'_, R>, board: &mut Replay) -> Option<()> {
    let mut secret = [0; 32];
    measured("Session::export", || session.export(b"EXPORTER-budget", b"", &mut secret)).ok()?;
    measured("Session::close", || session.close());
    transmit(session, board)
}

fn write_stream<R: Side>(stream: &mut Stream<'_, &mut Replay, R>) -> Option<()> {
    measured("Stream::write", || stream.write_all(&REQUEST)).ok()?;
    measured("Stream::flush", || stream.flush()).ok()
}

fn read_stream<R: Side>(stream: &mut Stream<'_, &mut Replay, R>, answer: &mut [u8; ANSWER]) -> Option<()> {
    measured("Stream::read", || stream.read_exact(answer)).ok()
}

/// A function, at a stage.
struct At<S>(&'static str, S);

impl<S: fmt::Display> fmt::Display for At<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.0, self.1)
    }
}

/// Calls a function and prints the bytes of stack that it used below this one.
fn measured<T>(name: impl fmt::Display, function: impl FnOnce() -> T) -> T {
    let stack = Stack::paint();
    let result = apart(function);
    println!("{} {name}", stack.peak());
    result
}

/// Keeps what is inlined in a frame that counts.
#[inline(never)]
fn apart<T>(function: impl FnOnce() -> T) -> T {
    function()
}
