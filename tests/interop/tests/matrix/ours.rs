//! Our side, of either role: the library behind sockets, one connection at a time.

use crate::http::{self, Message};
use crate::pki::{Issued, SERVER_NAME};
use crate::process::LIMIT;
use crate::table::{End, Outcome};
use crate::world::Identity;
use embedded_io::{Read, Write};
use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::blocking::Stream;
use embedded_mtls::io::std::{Socket, system_time};
use embedded_mtls::io::{Failure, Host, SoftwareHost};
use embedded_mtls::x509::{ServerName, Time, TrustAnchor};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Error, Handshake, KeyHandle, Server, ServerConfig,
    Session, Side, SignInput, Signature,
};
use embedded_mtls_micro::{Micro, MicroSigningKey};
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

type OurStream<R> = Stream<'static, Socket, R>;

/// The end of a connection on our side, with the facts about it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) facts: Facts,
}

/// The facts about a connection on our side.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Suite, group and protocol, once there is a session.
    pub(crate) session: Vec<String>,
    /// The identity of the peer.
    pub(crate) peer: Option<String>,
    /// The document of the peer, if it was complete.
    pub(crate) message: Option<Message>,
    /// Why we ended it.
    pub(crate) cause: Option<String>,
}

/// The task of our client on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Posts this and reads the response.
    Post(&'static [u8]),
    /// The same, with new keys in both directions before.
    PostAfterKeyUpdate(&'static [u8]),
    /// Sends this to a peer that sends it back.
    Echo(&'static [u8]),
    /// Only listens: for peers that will refuse us.
    Listen,
}

/// Bytes of the usual `rx`, which holds any record.
const RX: usize = 17 * 1024;

/// Our client.
#[derive(Clone, Copy)]
pub(crate) struct Gateway {
    config: ClientConfig<'static>,
    own: Own,
    rx: usize,
}

/// The setup of our server.
#[derive(Clone, Copy)]
pub(crate) struct SupplierSetup {
    config: ServerConfig<'static>,
    own: Own,
    pub(crate) key_update: bool,
    rx: usize,
    client_closes: bool,
    /// The authentication that is requested of the client when its request has arrived.
    late: Option<ClientAuth<'static>>,
}

/// Our server, for one connection.
pub(crate) struct Supplier {
    pub(crate) port: u16,
    thread: JoinHandle<Ended>,
}

/// Our credentials, whether we heed what the peer asks for, and whether the cryptography is that of `embedded-mtls-micro`.
#[derive(Clone, Copy)]
struct Own {
    credentials: &'static [Credential<'static>],
    keys: &'static [P256SigningKey],
    micro_keys: &'static [MicroSigningKey],
    heedless: bool,
    with_micro: bool,
}

/// Memory of one run: it keeps lifetimes out of the cases.
fn leak<T>(values: Vec<T>) -> &'static mut [T] {
    Box::leak(values.into_boxed_slice())
}

/// The trust anchor that a certificate is.
pub(crate) fn anchors(root: &Issued) -> &'static [TrustAnchor<'static>] {
    leak(vec![TrustAnchor::from_certificate(leak(root.der.clone())).expect("an anchor")])
}

impl Own {
    fn new(identities: &[&Identity]) -> Self {
        let credential = |(key, identity): (u32, &&Identity)| {
            let chain = identity.chain.iter().map(|der| &*leak(der.clone())).collect();
            Credential::new(&*leak(chain), KeyHandle(key)).expect("a usable chain")
        };
        let key = |identity: &&Identity| P256SigningKey::from_bytes(&identity.scalar).expect("a scalar");
        let micro_key = |identity: &&Identity| MicroSigningKey::from_bytes(&identity.scalar).expect("a scalar");
        Self {
            credentials: leak((0..).zip(identities).map(credential).collect()),
            keys: leak(identities.iter().map(key).collect()),
            micro_keys: leak(identities.iter().map(micro_key).collect()),
            heedless: false,
            with_micro: false,
        }
    }
}

impl Host for Own {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        system_time()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        if self.heedless {
            return self.credentials.first().into();
        }
        SoftwareHost::new(self.credentials, self.keys, system_time).credential(request)
    }

    fn sign(&mut self, request: &SignInput) -> Option<Signature> {
        if self.with_micro {
            return SoftwareHost::new(self.credentials, self.micro_keys, system_time).sign(request);
        }
        SoftwareHost::new(self.credentials, self.keys, system_time).sign(request)
    }
}

impl Gateway {
    /// Shows one of `identities`, trusts `root` and expects the usual server.
    pub(crate) fn new(identities: &[&Identity], root: &Issued) -> Self {
        let name = ServerName::parse(SERVER_NAME).expect("a host name");
        Self { config: ClientConfig::new(name, anchors(root)), own: Own::new(identities), rx: RX }
    }

    /// Sets another configuration.
    pub(crate) fn with(mut self, change: impl FnOnce(ClientConfig<'static>) -> ClientConfig<'static>) -> Self {
        self.config = change(self.config);
        self
    }

    /// Sends its first identity, regardless of the server's request.
    pub(crate) const fn heedless(mut self) -> Self {
        self.own.heedless = true;
        self
    }

    /// Sets another `rx`.
    pub(crate) const fn with_rx(mut self, len: usize) -> Self {
        self.rx = len;
        self
    }

    /// Uses the cryptography of `embedded-mtls-micro`.
    pub(crate) const fn with_micro(mut self) -> Self {
        self.own.with_micro = true;
        self
    }

    /// Connects as soon as there is a listener, and does `task`.
    pub(crate) fn run(self, port: u16, task: Task) -> Ended {
        match connect(port) {
            Ok(socket) if self.own.with_micro => self.talk::<Micro>(&socket, task),
            Ok(socket) => self.talk::<RustCrypto>(&socket, task),
            Err(error) => Ended { end: End::Failed(format!("connect: {error}")), facts: Facts::default() },
        }
    }

    fn talk<P: CryptoProvider + Default>(self, socket: &TcpStream, task: Task) -> Ended {
        let handshake = Handshake::<Client<P>>::new(leak_one(self.config), buffers(self.rx), entropy());
        converse(socket, handshake, &mut { self.own }, |stream, own, facts| be_client(stream, task, own, facts))
    }

    /// Runs as [`Self::run`], on a thread of its own.
    pub(crate) fn spawn(self, port: u16, task: Task) -> JoinHandle<Ended> {
        thread::spawn(move || self.run(port, task))
    }
}

impl SupplierSetup {
    /// Sends `identity`, and accepts clients with a certificate under `root`.
    pub(crate) fn required(identity: &Identity, root: &Issued) -> Self {
        Self::new(identity, ClientAuth::Required(anchors(root)))
    }

    /// Sends `identity`, and accepts clients with a certificate under `root`, or none.
    pub(crate) fn optional(identity: &Identity, root: &Issued) -> Self {
        Self::new(identity, ClientAuth::Optional(anchors(root)))
    }

    /// Sends `identity`, and requests no certificate.
    pub(crate) fn without_client_auth(identity: &Identity) -> Self {
        Self::new(identity, ClientAuth::None)
    }

    fn new(identity: &Identity, client_auth: ClientAuth<'static>) -> Self {
        Self {
            config: ServerConfig::new(client_auth),
            own: Own::new(&[identity]),
            key_update: false,
            rx: RX,
            client_closes: false,
            late: None,
        }
    }

    /// Sets another configuration.
    pub(crate) fn with(mut self, change: impl FnOnce(ServerConfig<'static>) -> ServerConfig<'static>) -> Self {
        self.config = change(self.config);
        self
    }

    /// Sets another `rx`.
    pub(crate) const fn with_rx(mut self, len: usize) -> Self {
        self.rx = len;
        self
    }

    /// Uses the cryptography of `embedded-mtls-micro`.
    pub(crate) const fn with_micro(mut self) -> Self {
        self.own.with_micro = true;
        self
    }

    /// Takes new keys, and asks for new ones, before it reads.
    pub(crate) const fn with_key_update(mut self) -> Self {
        self.key_update = true;
        self
    }

    /// Shows `identity`, and asks the client who it is, under `root`, when its request is here.
    pub(crate) fn asks_late(identity: &Identity, root: &Issued) -> Self {
        let late = Some(ClientAuth::Required(anchors(root)));
        Self { late, ..Self::without_client_auth(identity) }
    }

    /// Leaves it to the client to close first.
    pub(crate) const fn until_client_closes(mut self) -> Self {
        self.client_closes = true;
        self
    }

    /// Listens for one connection.
    pub(crate) fn start(self) -> Result<Supplier, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let thread = thread::spawn(move || match accept(&listener) {
            Ok(socket) if self.own.with_micro => self.talk::<Micro>(&socket),
            Ok(socket) => self.talk::<RustCrypto>(&socket),
            Err(error) => Ended { end: End::Failed(format!("accept: {error}")), facts: Facts::default() },
        });
        Ok(Supplier { port, thread })
    }

    fn talk<P: CryptoProvider + Default>(self, socket: &TcpStream) -> Ended {
        let handshake = Handshake::<Server<P>>::new(leak_one(self.config), buffers(self.rx), entropy());
        converse(socket, handshake, &mut { self.own }, |stream, own, facts| be_server(stream, &self, own, facts))
    }
}

impl Supplier {
    /// Returns the end of its connection.
    pub(crate) fn join(self) -> Ended {
        join(self.thread)
    }
}

/// The result of a thread of ours; a panic there is a failure like others.
pub(crate) fn join(thread: JoinHandle<Ended>) -> Ended {
    thread.join().unwrap_or_else(|_| Ended { end: End::Failed("panicked".into()), facts: Facts::default() })
}

impl Ended {
    /// Combines it with the end for the peer. `body` is the expected document of the peer.
    pub(crate) fn with_peer(self, peer: End, body: &[u8]) -> Outcome {
        let facts = self.facts.list(body);
        Outcome { us: self.end, peer, facts }
    }
}

impl Facts {
    /// The facts in the form of the table: why we ended it, what was sent, by whom, and how.
    fn list(self, body: &[u8]) -> Vec<String> {
        let said = self.message.map(|message| {
            let title = message.title();
            if message.body == body {
                title
            } else {
                format!("{title} with a wrong body of {} bytes", message.body.len())
            }
        });
        let peer = self.peer.map(|name| format!("CN={name}"));
        self.cause.into_iter().chain(said).chain(self.session).chain(peer).collect()
    }
}

fn leak_one<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn buffers(rx: usize) -> Buffers<'static> {
    Buffers { rx: leak(vec![0; rx]), tx: leak(vec![0; 4096]), peer: leak(vec![0; 4096]) }
}

fn entropy() -> Entropy {
    Entropy::from_system().expect("a system with entropy")
}

pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let until = Instant::now() + LIMIT;
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            result => return result,
        }
    }
}

pub(crate) fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let until = Instant::now() + LIMIT;
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                thread::sleep(Duration::from_millis(5));
            }
            result => {
                let (socket, _) = result?;
                socket.set_nonblocking(false)?;
                return Ok(socket);
            }
        }
    }
}

/// Runs a connection to its end, and the end of the socket so that an alert of ours is not lost.
fn converse<S: Side>(
    socket: &TcpStream,
    handshake: Result<Handshake<'static, S>, Error>,
    own: &mut Own,
    talk: impl FnOnce(&mut OurStream<S>, &mut Own, &mut Facts) -> Result<(), Failure<io::Error>>,
) -> Ended {
    let mut facts = Facts::default();
    let prepared = prepare(socket).and_then(|()| socket.try_clone()).map_err(Failure::Io);
    let result = prepared.and_then(|transport| {
        let mut stream = Stream::open(Socket(transport), handshake?, own).map_err(|error| error.cause)?;
        facts.session = describe(&stream.session);
        facts.peer = stream.session.peer().and_then(|peer| peer.common_name().map(str::to_owned));
        talk(&mut stream, own, &mut facts)
    });
    let end = match result {
        Ok(()) if facts.message.is_none() => End::Failed("it closed without a message".into()),
        Ok(()) => End::Done,
        Err(failure) => {
            linger(socket);
            let (end, cause) = end_of(&failure);
            facts.cause = cause;
            end
        }
    };
    Ended { end, facts }
}

/// No wait without a bound, no wait for more to send.
pub(crate) fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(LIMIT))?;
    socket.set_write_timeout(Some(LIMIT))
}

/// Suite, group and protocol.
fn describe(session: &Session<'_, impl Side>) -> Vec<String> {
    let agreed = session.negotiated();
    let protocol = agreed.alpn.map(|name| format!("ALPN {}", String::from_utf8_lossy(name)));
    [agreed.cipher_suite.to_string(), agreed.group.to_string()].into_iter().chain(protocol).collect()
}

/// A socket that is closed with unread data is reset, and what was sent may be lost.
pub(crate) fn linger(mut socket: &TcpStream) {
    let _gone = socket.shutdown(Shutdown::Write);
    let mut rest = [0; 4096];
    let until = Instant::now() + LIMIT;
    while let Ok(1..) = io::Read::read(&mut socket, &mut rest) {
        if Instant::now() > until {
            break;
        }
    }
}

/// The end of a connection for us, and our reason if we ended it.
fn end_of(failure: &Failure<io::Error>) -> (End, Option<String>) {
    let error = match failure {
        Failure::Io(error) => return (End::Failed(error.to_string()), None),
        Failure::Tls(Error::AlertReceived(alert)) => return (End::Got(alert.0), None),
        Failure::Tls(error) => *error,
    };
    let Some(alert) = error.alert() else { return (End::Failed(error.to_string()), None) };
    let cause = match error {
        Error::Certificate(error) => format!("{:?}", error.problem),
        Error::PeerIncompatible(reason) => format!("{reason:?}"),
        Error::PeerMisbehaved(reason) => format!("{reason:?}"),
        error => format!("{error:?}"),
    };
    (End::Sent(alert.0), Some(cause))
}

fn be_client(
    stream: &mut OurStream<Client<impl CryptoProvider>>,
    task: Task,
    own: &mut Own,
    facts: &mut Facts,
) -> Result<(), Failure<io::Error>> {
    match task {
        Task::Listen => {
            let mut nothing = [0; 16];
            while stream.read(&mut nothing)? > 0 {}
            return Ok(());
        }
        Task::Echo(data) => {
            stream.write_all(data)?;
            stream.flush()?;
            facts.message = Some(read_echo(&mut stream.hosted(own), data.len())?);
            facts.session.extend(late_status(stream));
            stream.close()?;
            return read_to_end(stream);
        }
        Task::Post(order) => stream.write_all(&http::post(order))?,
        Task::PostAfterKeyUpdate(order) => {
            stream.session.request_key_update();
            stream.write_all(&http::post(order))?;
        }
    }
    stream.flush()?;
    facts.message = read_message(&mut stream.hosted(own))?;
    facts.session.extend(late_status(stream));
    stream.close()?;
    read_to_end(stream)
}

/// The outcome of our answer, where we have offered to answer late.
fn late_status(stream: &OurStream<Client<impl CryptoProvider>>) -> Option<String> {
    let session = &stream.session;
    session.negotiated().post_handshake_auth.then(|| format!("{:?}", session.client_auth()))
}

fn be_server(
    stream: &mut OurStream<Server<impl CryptoProvider>>,
    setup: &SupplierSetup,
    own: &mut Own,
    facts: &mut Facts,
) -> Result<(), Failure<io::Error>> {
    if setup.key_update {
        stream.session.request_key_update();
        let _leaves_with = stream.session.poll()?;
        stream.flush()?;
    }
    facts.message = read_message(stream)?;
    if let Some(client_auth) = setup.late {
        let mut hosted = stream.hosted(own);
        let mut answer = hosted.request_certificate(client_auth)?;
        // What a client sends before it answers is of no interest here.
        while answer.is_none() && hosted.read(&mut [0; 64])? > 0 {
            answer = hosted.await_certificate()?;
        }
        facts.session.extend(answer.map(|status| format!("{status:?}")));
        facts.peer = stream.session.peer().and_then(|peer| peer.common_name().map(str::to_owned));
    }
    if let Some(request) = &facts.message {
        stream.write_all(&http::response(&http::answer_to(&request.body)))?;
        stream.flush()?;
    }
    if setup.client_closes {
        read_to_end(stream)?;
        return stream.close();
    }
    stream.close()?;
    read_to_end(stream)
}

fn read_message(stream: &mut impl Read<Error = Failure<io::Error>>) -> Result<Option<Message>, Failure<io::Error>> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(None),
            count => received.extend_from_slice(&buffer[..count]),
        }
        if let Some(message) = Message::parse(&received) {
            return Ok(Some(message));
        }
    }
}

fn read_echo(stream: &mut impl Read<Error = Failure<io::Error>>, len: usize) -> Result<Message, Failure<io::Error>> {
    let mut echo = vec![0; len];
    let mut rest = &mut echo[..];
    while !rest.is_empty() {
        match stream.read(rest)? {
            0 => return Err(Error::ConnectionTruncated.into()),
            count => rest = &mut rest[count..],
        }
    }
    Ok(Message { head: "echo".into(), body: echo })
}

fn read_to_end(stream: &mut OurStream<impl Side>) -> Result<(), Failure<io::Error>> {
    let mut rest = [0; 4096];
    while stream.read(&mut rest)? > 0 {}
    Ok(())
}
