//! The halves of a session: both ways at once, dropped at every await point, counting wake-ups, at OpenSSL and nginx.
#![allow(missing_docs)]

use core::cell::RefCell;
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use embassy_sync::blocking_mutex::raw::{CriticalSectionRawMutex, NoopRawMutex};
use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::asynch::Stream;
use embedded_mtls::io::std::system_time;
use embedded_mtls::io::{Failure, SoftwareHost};
use embedded_mtls::x509::ServerName;
use embedded_mtls::{
    AlertDescription, ApiMisuse, Buffers, Client, ClientAuth, ClientAuthStatus, ClientConfig, Error, Handshake, Server,
    ServerConfig, Session, Side,
};
use embedded_mtls_connect::split::{Reader, Split, Writer};
use embedded_mtls_connect::tokio::Io;
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;
use test_support::pair::{Setup, TestSession, anchors, credential_der, entropy, host, leak, leak_all};
use test_support::peers::servers::{nginx, openssl};
use test_support::peers::world::{World, free_port};
use test_support::pki::{CLIENT_NAME, Pki, SERVER_NAME};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// One direction of a connection with room for a few bytes. Each operation is ready at the earliest when it is polled
/// the second time, and a future that is dropped takes its waker along.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    room: usize,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone)]
struct End {
    pipe: Rc<RefCell<Pipe>>,
}

/// Removes the waker of a future that is dropped.
struct Waiting<'p> {
    pipe: &'p RefCell<Pipe>,
    slot: fn(&mut Pipe) -> &mut Option<Waker>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *(self.slot)(&mut self.pipe.borrow_mut()) = None;
    }
}

fn pipe(room: usize) -> End {
    End { pipe: Rc::new(RefCell::new(Pipe { room, ..Pipe::default() })) }
}

impl End {
    /// Polls once in vain, then until `ready` returns something.
    async fn wait<T>(
        &self,
        slot: fn(&mut Pipe) -> &mut Option<Waker>,
        mut ready: impl FnMut(&mut Pipe) -> Option<T>,
    ) -> T {
        let _waiting = Waiting { pipe: &self.pipe, slot };
        let mut polled = false;
        poll_fn(|context| {
            if !std::mem::replace(&mut polled, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut pipe = self.pipe.borrow_mut();
            if let Some(value) = ready(&mut pipe) {
                return Poll::Ready(value);
            }
            *slot(&mut pipe) = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn end(&self) {
        let mut pipe = self.pipe.borrow_mut();
        pipe.closed = true;
        pipe.reader.take().into_iter().for_each(Waker::wake);
    }
}

impl ErrorType for End {
    type Error = Infallible;
}

impl Read for End {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        assert!(!out.is_empty(), "a read into nothing would look like the end");
        let read = |pipe: &mut Pipe| {
            let count = out.len().min(pipe.bytes.len());
            if count == 0 && !pipe.closed {
                return None;
            }
            out.iter_mut().zip(pipe.bytes.drain(..count)).for_each(|(to, from)| *to = from);
            pipe.writer.take().into_iter().for_each(Waker::wake);
            Some(count)
        };
        Ok(self.wait(|pipe| &mut pipe.reader, read).await)
    }
}

impl Write for End {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let write = |pipe: &mut Pipe| {
            let count = bytes.len().min(pipe.room - pipe.bytes.len());
            pipe.bytes.extend(&bytes[..count]);
            pipe.reader.take().into_iter().for_each(Waker::wake);
            (count > 0).then_some(count)
        };
        Ok(self.wait(|pipe| &mut pipe.writer, write).await)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        self.wait(|pipe| &mut pipe.writer, |_| Some(())).await;
        Ok(())
    }
}

/// A task that is polled only if it was woken.
struct Task<'t> {
    future: Pin<Box<dyn Future<Output = ()> + 't>>,
    woken: Arc<Woken>,
    done: bool,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs tasks until all are done. That no task is woken while one is not done is a deadlock, or a wake-up that was lost.
fn run<'t>(futures: Vec<Pin<Box<dyn Future<Output = ()> + 't>>>) {
    let task = |future| Task { future, woken: Arc::new(Woken(AtomicBool::new(true))), done: false };
    let mut tasks: Vec<Task<'_>> = futures.into_iter().map(task).collect();
    while tasks.iter().any(|task| !task.done) {
        let mut polled = false;
        for task in tasks.iter_mut().filter(|task| !task.done) {
            if task.woken.0.swap(false, Ordering::Relaxed) {
                polled = true;
                let waker = Waker::from(Arc::clone(&task.woken));
                task.done = task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            }
        }
        assert!(polled, "nobody is woken");
    }
}

type Halves<R> = Split<'static, NoopRawMutex, End, R>;
type Incoming<'s, R> = Reader<'s, 'static, NoopRawMutex, End, End, R>;
type Outgoing<'s, R> = Writer<'s, 'static, NoopRawMutex, End, R>;

fn memory(len: usize) -> &'static mut [u8] {
    leak(vec![0; len].into_boxed_slice())
}

/// Halves of both sides, over pipes with this much room, and the pipes: to the server, to the client.
fn halves(setup: Setup, room: usize) -> (Halves<Client>, Halves<Server>, End, End) {
    let (client, server) = setup.run().sessions();
    let (up, down) = (pipe(room), pipe(room));
    (Split::new(client, up.clone(), memory(100)), Split::new(server, down.clone(), memory(300)), up, down)
}

/// The bytes that one side sends.
fn data(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|place| ((place * 31) >> 3).to_le_bytes()[0] ^ seed).collect()
}

/// Sends all, with a KeyUpdate that asks for another every 20,000 bytes, and closes.
async fn send<R: Side>(mut writer: Outgoing<'_, R>, bytes: Vec<u8>) {
    for part in bytes.chunks(20_000) {
        writer.write_all(part).await.unwrap();
        writer.session().await.request_key_update();
    }
    writer.close().await.unwrap();
}

async fn receive<R: Side>(mut reader: Incoming<'_, R>, expected: Vec<u8>) {
    let (mut all, mut part) = (Vec::new(), [0; 700]);
    loop {
        match reader.read(&mut part).await.unwrap() {
            0 => break,
            count => all.extend_from_slice(&part[..count]),
        }
    }
    assert!(all == expected, "{} bytes of {}", all.len(), expected.len());
}

#[test]
fn large_transfers_pass_both_ways_at_once_with_key_updates_between_them() {
    const LEN: usize = 256 * 1024;
    for room in [1, 300, 100_000] {
        let len = if room == 1 { 3000 } else { LEN };
        let (mut client, mut server, up, down) = halves(Setup::new(&Pki::new()), room);
        let (incoming, outgoing) = client.split(down, memory(200));
        let (server_incoming, server_outgoing) = server.split(up, memory(100));
        run(vec![
            Box::pin(send(outgoing, data(len, 1))),
            Box::pin(receive(incoming, data(len, 2))),
            Box::pin(send(server_outgoing, data(len, 2))),
            Box::pin(receive(server_incoming, data(len, 1))),
        ]);
    }
}

/// Polls a future that is made anew after every `budget` polls, until it is ready.
async fn again<T>(budget: usize, mut turn: impl AsyncFnMut() -> T) -> T {
    loop {
        let mut future = pin!(turn());
        let mut left = budget;
        let ready = poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => {
                left -= 1;
                if left == 0 { Poll::Ready(None) } else { Poll::Pending }
            }
        })
        .await;
        match ready {
            Some(value) => return value,
            None => yield_now().await,
        }
    }
}

async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

async fn send_again<R: Side>(mut writer: Outgoing<'_, R>, bytes: Vec<u8>, budget: usize) {
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let part = &rest[..rest.len().min(500)];
        let count = again(budget, async || writer.write(part).await.unwrap()).await;
        rest = &rest[count..];
        writer.session().await.request_key_update();
    }
    again(budget, async || writer.close().await.unwrap()).await;
}

async fn receive_again<R: Side>(mut reader: Incoming<'_, R>, expected: Vec<u8>, budget: usize) {
    let (mut all, mut part) = (Vec::new(), [0; 77]);
    loop {
        let (count, bytes) = again(budget, async || (reader.read(&mut part).await.unwrap(), part)).await;
        if count == 0 {
            break;
        }
        all.extend_from_slice(&bytes[..count]);
    }
    assert!(all == expected, "{} bytes of {}, {budget} polls", all.len(), expected.len());
}

#[test]
fn no_byte_is_lost_or_doubled_when_either_future_is_dropped_at_any_await_point() {
    const LEN: usize = 6000;
    // A future needs three polls to move something: one in vain, one that does it, and one after the wake-up of a full
    // or an empty pipe.
    for budget in (2..=9).chain([20, 100]) {
        let (mut client, mut server, up, down) = halves(Setup::new(&Pki::new()), 150);
        let (incoming, outgoing) = client.split(down, memory(64));
        let (server_incoming, server_outgoing) = server.split(up, memory(90));
        run(vec![
            Box::pin(send_again(outgoing, data(LEN, 1), budget)),
            Box::pin(receive_again(incoming, data(LEN, 2), budget)),
            Box::pin(send_again(server_outgoing, data(LEN, 2), budget)),
            Box::pin(receive_again(server_incoming, data(LEN, 1), budget)),
        ]);
    }
}

/// A reader answers on its own as long as there is no writer.
#[test]
fn a_key_update_is_answered_while_the_writer_has_nothing_to_do() {
    let (client, mut server) = Setup::new(&Pki::new()).run().sessions();
    let (up, down) = (pipe(1000), pipe(1000));
    let mut split: Halves<Client> = Split::new(client, up.clone(), memory(100));
    let (mut incoming, _writer) = split.split(down.clone(), memory(100));
    server.request_key_update();
    down.pipe.borrow_mut().bytes.extend(server.tx_pending());
    let mut space = [0; 10];
    let mut read = pin!(incoming.read(&mut space));
    for _ in 0..20 {
        assert!(read.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    // With 5 bytes of header, 5 of KeyUpdate, 1 of type and 16 of tag.
    assert_eq!(up.pipe.borrow().bytes.len(), 27);
}

#[test]
fn a_reader_distinguishes_a_close_from_a_truncation() {
    let (mut client, mut server, up, down) = halves(Setup::new(&Pki::new()), 1000);
    let (mut incoming, mut outgoing) = client.split(down, memory(100));
    let (mut server_incoming, mut server_outgoing) = server.split(up.clone(), memory(100));
    run(vec![Box::pin(async {
        outgoing.write_all(b"the last").await.unwrap();
        outgoing.close().await.unwrap();
        assert_eq!(outgoing.write(b"more").await, Err(Failure::Tls(Error::ApiMisuse(ApiMisuse::ClosedForWriting))));
        let mut line = [0; 20];
        assert_eq!(server_incoming.read(&mut line).await, Ok(8));
        assert_eq!(server_incoming.read(&mut line).await, Ok(0));
        // The other direction is still open, and its transport ends.
        server_outgoing.write_all(b"still").await.unwrap();
        server_outgoing.flush().await.unwrap();
        assert_eq!(incoming.read(&mut line).await, Ok(5));
    })]);
    let ended = incoming.into_transport();
    ended.end();
    let (mut incoming, _) = client.split(ended, memory(100));
    run(vec![Box::pin(async {
        let read = incoming.read(&mut [0; 20]).await;
        assert_eq!(read, Err(Failure::Tls(Error::ConnectionTruncated)));
    })]);
}

#[test]
fn the_alert_of_a_reader_leaves_before_its_error_and_fails_both_halves_of_the_peer() {
    let (mut client, mut server, up, down) = halves(Setup::new(&Pki::new()), 1000);
    let (mut incoming, mut outgoing) = client.split(down, memory(100));
    let (mut server_incoming, mut server_outgoing) = server.split(up.clone(), memory(100));
    run(vec![Box::pin(async {
        outgoing.write_all(b"damaged").await.unwrap();
        outgoing.flush().await.unwrap();
        *up.pipe.borrow_mut().bytes.back_mut().unwrap() ^= 1;
        assert_eq!(server_incoming.read(&mut [0; 20]).await, Err(Failure::Tls(Error::DecryptFailed)));
        let alert = Failure::Tls(Error::AlertReceived(AlertDescription::BAD_RECORD_MAC));
        assert_eq!(incoming.read(&mut [0; 20]).await, Err(alert));
        assert_eq!(outgoing.write(b"more").await, Err(alert));
        assert_eq!(server_outgoing.write(b"more").await, Err(Failure::Tls(Error::DecryptFailed)));
    })]);
}

#[test]
fn a_client_is_authenticated_while_data_passes() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    setup.client = setup.client.with_post_handshake_auth(true);
    let mut client_host = Setup::new(&pki).client_host;
    let mut server_host = host(vec![], vec![]);
    let (mut client, mut server, up, down) = halves(setup, 500);
    let (mut incoming, _outgoing) = client.split(down, memory(100));
    let (mut server_incoming, mut server_outgoing) = server.split(up, memory(100));
    let roots = anchors(&[&pki.root]);
    run(vec![
        Box::pin(async {
            let mut line = [0; 20];
            let unhosted = incoming.read(&mut line).await;
            assert_eq!(unhosted, Err(Failure::Tls(Error::ApiMisuse(ApiMisuse::HostNeeded))));
            // The data is there before the signature is made, and a read that has nothing else to do makes it.
            assert_eq!(incoming.read_hosted(&mut line, &mut client_host).await, Ok(6));
            assert_eq!(incoming.read_hosted(&mut line, &mut client_host).await, Ok(8));
        }),
        Box::pin(async {
            server_outgoing.session().await.request_certificate(ClientAuth::Required(roots)).unwrap();
            server_outgoing.write_all(b"behind").await.unwrap();
            server_outgoing.flush().await.unwrap();
            {
                let mut space = [0; 20];
                let mut read = pin!(server_incoming.read_hosted(&mut space, &mut server_host));
                poll_fn(|context| {
                    assert!(read.as_mut().poll(context).is_pending(), "the client sends no data");
                    match pin!(server_outgoing.session()).poll(context) {
                        Poll::Ready(session) if session.certificate_answer().is_some() => Poll::Ready(()),
                        _ => Poll::Pending,
                    }
                })
                .await;
            }
            let session = server_incoming.session().await;
            assert_eq!(session.certificate_answer(), Some(ClientAuthStatus::Accepted));
            assert_eq!(session.peer().and_then(|peer| peer.common_name()), Some(CLIENT_NAME));
            drop(session);
            server_outgoing.write_all(b"accepted").await.unwrap();
            server_outgoing.flush().await.unwrap();
        }),
    ]);
}

#[test]
fn the_session_and_the_transport_come_back_from_the_halves() {
    let (mut client, _, up, down) = halves(Setup::new(&Pki::new()), 1000);
    let (_, mut outgoing) = client.split(down, memory(100));
    run(vec![Box::pin(async { outgoing.write_all(b"not flushed").await.unwrap() })]);
    let (transport, session): (End, TestSession<Client>) = client.into_parts();
    assert!(Rc::ptr_eq(&transport.pipe, &up.pipe));
    assert!(!session.tx_pending().is_empty());
    let Buffers { rx, .. } = session.into_buffers();
    assert_eq!(rx.len(), 4096);
}

type SocketReader = Reader<'static, 'static, CriticalSectionRawMutex, Io<OwnedReadHalf>, Io<OwnedWriteHalf>, Client>;
type SocketWriter = Writer<'static, 'static, CriticalSectionRawMutex, Io<OwnedWriteHalf>, Client>;

/// Halves of a client's session over a socket of tokio.
async fn connect(world: &World, port: u16) -> (SocketReader, SocketWriter) {
    let name = ServerName::parse(SERVER_NAME).unwrap();
    let config = leak(Box::new(ClientConfig::new(name, anchors(&[&world.root]))));
    let credentials = leak_all(vec![credential_der(&world.client.chain, 0)]);
    let key = P256SigningKey::from_bytes(&world.client.scalar).unwrap();
    let mut host = SoftwareHost::new(credentials, leak_all(vec![key]), system_time as fn() -> _);
    let buffers = Buffers { rx: memory(16_640), tx: memory(2048), peer: memory(2048) };
    let handshake = Handshake::<Client>::new(config, buffers, entropy(7)).unwrap();
    let socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // The future of the handshake is a task of its own, too.
    let opened = tokio::spawn(async move { Stream::open(Io(socket), handshake, &mut host).await });
    let stream = opened.await.unwrap().unwrap();
    let (socket, session): (_, Session<'static, Client>) = (stream.transport, stream.session);
    let (incoming, outgoing) = socket.0.into_split();
    let split = leak(Box::new(Split::<CriticalSectionRawMutex, _, _>::new(session, Io(outgoing), memory(512))));
    split.split(Io(incoming), memory(512))
}

/// Reads this many bytes, or fewer if the server closes.
async fn read_up_to(mut reader: SocketReader, len: usize) -> Vec<u8> {
    let (mut all, mut space) = (Vec::new(), [0; 700]);
    while all.len() < len {
        match reader.read(&mut space).await.unwrap() {
            0 => break,
            count => all.extend_from_slice(&space[..count]),
        }
    }
    all
}

/// Sends all, with a KeyUpdate that asks for another every 10,000 bytes.
async fn write_with_key_updates(mut writer: SocketWriter, bytes: Vec<u8>) -> SocketWriter {
    for part in bytes.chunks(10_000) {
        writer.write_all(part).await.unwrap();
        writer.session().await.request_key_update();
    }
    writer.flush().await.unwrap();
    writer
}

/// Both halves as tasks of an executor with several threads, against another implementation: 256 KiB both ways at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_on_several_threads_exchange_data_with_openssl() {
    const LEN: usize = 256 * 1024;
    let world = World::new().unwrap();
    let port = free_port().unwrap();
    let chain = world.file("server.pem");
    let options = ["-tls1_3", "-Verify 3", "-quiet", "-cert_chain", &chain];
    let mut server = openssl(&world.files, port, "server", &options).unwrap();
    let (reader, writer) = connect(&world, port).await;

    let reading = tokio::spawn(read_up_to(reader, LEN));
    let writing = tokio::spawn(write_with_key_updates(writer, data(LEN, 1)));
    let server = tokio::task::spawn_blocking(move || {
        server.write(&data(LEN, 2)).unwrap();
        server
    });
    let mut writer = writing.await.unwrap();
    assert!(reading.await.unwrap() == data(LEN, 2));
    // It stops sending when it learns that nothing more comes.
    writer.close().await.unwrap();
    let mut server = server.await.unwrap();
    let received = tokio::task::spawn_blocking(move || {
        server.await_sign("received everything", |server| server.stdout().len() >= LEN).unwrap();
        server.stdout()
    });
    assert!(received.await.unwrap() == data(LEN, 1));
}

/// The HTTP server behind nginx: it leaves HTTP with the response to a request, whose head it returns, and then sends
/// everything back.
fn echo(listener: &TcpListener) -> std::io::Result<String> {
    let (mut stream, _) = listener.accept()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n")?;
    std::io::copy(&mut stream.try_clone()?, &mut stream)?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// As `WebSockets` pass nginx: data in both directions, after a request that it answers before anything else. With an echo,
/// neither direction gets far without the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_on_several_threads_exchange_data_through_nginx() {
    const LEN: usize = 256 * 1024;
    let world = World::new().unwrap();
    let port = free_port().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let location = format!(
        "location / {{ proxy_pass http://{}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
         proxy_set_header Connection upgrade; proxy_set_header Client $ssl_client_s_dn; }}",
        listener.local_addr().unwrap()
    );
    let mut server = nginx(&world.files, port, "server", &[&location]).unwrap();
    server.await_port(port).unwrap();
    let behind = tokio::task::spawn_blocking(move || echo(&listener));
    let (mut reader, mut writer) = connect(&world, port).await;

    let request = format!("GET / HTTP/1.1\r\nHost: {SERVER_NAME}\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    writer.write_all(request.as_bytes()).await.unwrap();
    writer.flush().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(reader.read(&mut byte).await.unwrap(), 1);
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));

    let reading = tokio::spawn(read_up_to(reader, LEN));
    let writing = tokio::spawn(write_with_key_updates(writer, data(LEN, 1)));
    let mut writer = writing.await.unwrap();
    let received = reading.await.unwrap();
    assert!(received == data(LEN, 1), "{} bytes of {LEN}", received.len());
    // nginx passes the end on.
    writer.close().await.unwrap();
    let request = behind.await.unwrap().unwrap();
    assert!(request.contains(&format!("Client: CN={CLIENT_NAME}")), "{request}");
}
