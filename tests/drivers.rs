//! The drivers over transports in memory: blocking and async, futures dropped at every await point,
//! slow signers, transports that buffer, and a real socket.
#![allow(missing_docs)]

use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::io::asynch::{Stream, drive};
use embedded_mtls::io::{AsyncHost, Failure, Host};
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, TraceEvent};
use embedded_mtls::{
    AlertDescription, BufferKind, Buffers, Client, ClientConfig, ConnectionFailure, Diagnosis, Error, Handshake,
    PeerIncompatible, Server, SignInput, Signature, Stage,
};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use test_support::pair::{Setup, TestHost, anchors_der, entropy, leak, now};
use test_support::pki::Pki;

/// One direction of a connection.
#[derive(Default)]
struct Direction {
    bytes: VecDeque<u8>,
    closed: bool,
}

/// One end of a connection. Every operation is ready only when it is asked the second time, a write
/// takes and a read gives a few bytes, and what is written arrives when it is flushed.
struct End {
    incoming: Rc<RefCell<Direction>>,
    outgoing: Rc<RefCell<Direction>>,
    buffered: Vec<u8>,
    asked: bool,
    at_once: usize,
}

fn connection(at_once: usize) -> (End, End) {
    let (a, b) = (Rc::default(), Rc::default());
    let end = |incoming: &Rc<_>, outgoing: &Rc<_>| End {
        incoming: Rc::clone(incoming),
        outgoing: Rc::clone(outgoing),
        buffered: Vec::new(),
        asked: false,
        at_once,
    };
    (end(&a, &b), end(&b, &a))
}

impl End {
    /// The second time it is asked.
    async fn ready(&mut self) {
        poll_fn(|_| if std::mem::replace(&mut self.asked, true) { Poll::Ready(()) } else { Poll::Pending }).await;
        self.asked = false;
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.outgoing.borrow_mut().closed = true;
    }
}

impl ErrorType for End {
    type Error = Infallible;
}

impl Read for End {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        assert!(!out.is_empty(), "a read into nothing would look like the end");
        self.ready().await;
        poll_fn(|_| {
            let mut incoming = self.incoming.borrow_mut();
            let count = out.len().min(self.at_once).min(incoming.bytes.len());
            if count == 0 && !incoming.closed {
                return Poll::Pending;
            }
            out.iter_mut().zip(incoming.bytes.drain(..count)).for_each(|(to, from)| *to = from);
            Poll::Ready(Ok(count))
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.ready().await;
        let count = bytes.len().min(self.at_once);
        self.buffered.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        if self.buffered.is_empty() {
            return Ok(());
        }
        self.ready().await;
        self.outgoing.borrow_mut().bytes.extend(self.buffered.drain(..));
        Ok(())
    }
}

/// Polls a future that is made anew after every `budget` polls, until it is ready.
struct Cancelled {
    budget: usize,
}

impl Cancelled {
    /// One turn: the number of polls in the budget, after which the future is dropped.
    fn turn<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        (0..self.budget).find_map(|_| once(future.as_mut()))
    }
}

fn once<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Runs two futures in turns until both are ready.
fn join<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut of_a, mut of_b) = (None, None);
    for _ in 0..1_000_000 {
        of_a = of_a.or_else(|| once(a.as_mut()));
        of_b = of_b.or_else(|| once(b.as_mut()));
        if of_a.is_some() && of_b.is_some() {
            break;
        }
    }
    (of_a.expect("the first is ready"), of_b.expect("the second is ready"))
}

/// A host whose answers take a while. What it has begun survives a dropped future.
struct Slow {
    host: TestHost,
    waits: usize,
    left: usize,
    refuses: bool,
    /// The verdicts on the certificates of the peer that it received.
    heard: Vec<String>,
}

impl Slow {
    fn new(host: TestHost, waits: usize) -> Self {
        Self { host, waits, left: waits, refuses: false, heard: Vec::new() }
    }

    async fn wait(&mut self) {
        poll_fn(|_| match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Poll::Pending
            }
            None => Poll::Ready(()),
        })
        .await;
        self.left = self.waits;
    }
}

impl AsyncHost for Slow {
    type Choice = Choice<'static>;

    async fn time(&mut self) -> Time {
        self.wait().await;
        now()
    }

    async fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        self.wait().await;
        Host::credential(&mut self.host, request)
    }

    async fn authorize(&mut self, _peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        self.wait().await;
        if self.refuses { Err(AlertDescription::ACCESS_DENIED) } else { Ok(()) }
    }

    async fn sign(&mut self, request: &SignInput) -> Option<Signature> {
        self.wait().await;
        Host::sign(&mut self.host, request)
    }

    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        let verdict = failure.verdict().map(|verdict| verdict.to_string());
        let why = verdict.unwrap_or_else(|| failure.error.to_string());
        self.heard.push(format!("{}: {why}", failure.stage));
    }

    fn trace(&mut self, event: TraceEvent<'_>) {
        self.heard.push(event.to_string());
    }
}

type Sides = (Handshake<'static, Client>, Slow, Handshake<'static, Server>, Slow);

fn sides(setup: Setup, waits: usize) -> Sides {
    let (client, server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
    (client, Slow::new(setup.client_host, waits), server, Slow::new(setup.server_host, waits))
}

#[test]
fn a_handshake_whose_future_is_dropped_at_any_await_point_continues_where_it_was() {
    let pki = Pki::new();
    for (budget, at_once) in (1..=12).chain([40, 1000]).flat_map(|budget| [(budget, 7), (budget, 100_000)]) {
        let (mut client, mut client_host, mut server, mut server_host) = sides(Setup::new(&pki), 2);
        let (mut near, mut far) = connection(at_once);
        let cancelled = Cancelled { budget };
        let (mut client_done, mut server_done) = (None, None);
        for _ in 0..100_000 {
            if client_done.is_none() {
                client_done = cancelled.turn(drive(&mut near, &mut client, &mut client_host));
            }
            if server_done.is_none() {
                server_done = cancelled.turn(drive(&mut far, &mut server, &mut server_host));
            }
            if client_done.is_some() && server_done.is_some() {
                break;
            }
        }
        assert_eq!((client_done, server_done), (Some(Ok(())), Some(Ok(()))), "{budget} polls, {at_once} bytes at once");
    }
}

/// Opens both streams without a dropped future.
fn streams(at_once: usize) -> (Stream<'static, End, Client>, Stream<'static, End, Server>) {
    let (client, mut client_host, server, mut server_host) = sides(Setup::new(&Pki::new()), 1);
    let (near, far) = connection(at_once);
    let (client, server) =
        join(Stream::open(near, client, &mut client_host), Stream::open(far, server, &mut server_host));
    (client.map_err(|error| error.cause).unwrap(), server.map_err(|error| error.cause).unwrap())
}

#[test]
fn no_byte_is_lost_or_doubled_when_transfers_are_dropped_at_any_await_point() {
    let content: Vec<u8> = (0..20_000_u32).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    for (budget, at_once) in (1..=8).chain([100]).flat_map(|budget| [(budget, 50), (budget, 3000)]) {
        let (mut client, mut server) = streams(at_once);
        let cancelled = Cancelled { budget };
        let (mut sent, mut received, mut closed) = (0, Vec::new(), false);
        for round in 0..200_000 {
            if round % 1000 == 500 && !closed {
                server.session.request_key_update();
                client.session.request_key_update();
            }
            if sent < content.len() {
                sent += cancelled.turn(client.write(&content[sent..])).map_or(0, Result::unwrap);
            } else if !closed {
                closed = cancelled.turn(client.close()).is_some();
            }
            let mut buffer = [0; 333];
            match cancelled.turn(server.read(&mut buffer)).map(Result::unwrap) {
                Some(0) => break,
                Some(count) => received.extend_from_slice(&buffer[..count]),
                None => {}
            }
        }
        assert!(received == content, "{budget} polls, {at_once} bytes at once: {} bytes", received.len());
    }
}

#[test]
fn request_and_response_pass_over_async_streams_and_end_with_close_notify() {
    let (mut client, mut server) = streams(61);
    let gateway = async {
        client.write_all(b"order").await.unwrap();
        client.flush().await.unwrap();
        let mut response = [0; 8];
        client.read_exact(&mut response).await.unwrap();
        client.close().await.unwrap();
        (response, client.read(&mut [0]).await)
    };
    let supplier = async {
        let mut order = [0; 5];
        server.read_exact(&mut order).await.unwrap();
        server.write_all(b"response").await.unwrap();
        server.flush().await.unwrap();
        assert_eq!(server.read(&mut [0]).await, Ok(0));
        server.close().await.unwrap();
        order
    };
    assert_eq!(join(gateway, supplier), ((*b"response", Ok(0)), *b"order"));
}

#[test]
fn the_alert_of_a_rejection_is_sent_before_it_returns() {
    let (mut client, mut server) = streams(61);
    let gateway = async {
        client.write_all(b"order").await.unwrap();
        client.flush().await.unwrap();
        client.read(&mut [0]).await
    };
    let supplier = async {
        server.read_exact(&mut [0; 5]).await.unwrap();
        server.reject(AlertDescription::CERTIFICATE_REVOKED).await.unwrap();
        server.read(&mut [0]).await
    };
    let (heard, after) = join(gateway, supplier);
    assert_eq!(heard, Err(Failure::Tls(Error::AlertReceived(AlertDescription::CERTIFICATE_REVOKED))));
    assert_eq!(after, Err(Failure::Tls(Error::NotAuthorized(AlertDescription::CERTIFICATE_REVOKED))));
}

#[test]
fn the_alert_is_sent_before_the_error_is_returned() {
    let (client, mut client_host, server, mut server_host) = sides(Setup::new(&Pki::new()), 1);
    client_host.refuses = true;
    let (near, far) = connection(50);
    let (client, server) =
        join(Stream::open(near, client, &mut client_host), Stream::open(far, server, &mut server_host));
    let client = client.expect_err("it refuses");
    assert_eq!(client.cause, Failure::Tls(Error::NotAuthorized(AlertDescription::ACCESS_DENIED)));
    assert_eq!(client.stage, Stage::Authorization);
    let server = server.expect_err("it is refused");
    assert_eq!(server.cause, Failure::Tls(Error::AlertReceived(AlertDescription::ACCESS_DENIED)));
}

#[test]
fn a_host_learns_the_steps_of_the_search_and_why_the_certificates_were_rejected() {
    let pki = Pki::new();
    let name = ServerName::parse("other.example.com").unwrap();
    let client = ClientConfig::new(name, anchors_der(&pki.root.der));
    let (client, mut client_host, server, mut server_host) = sides(Setup { client, ..Setup::new(&pki) }, 1);
    let (near, far) = connection(50);
    let (client, server) =
        join(Stream::open(near, client, &mut client_host), Stream::open(far, server, &mut server_host));
    assert!(client.is_err() && server.is_err());
    let [read, _, refused, verdict] = &client_host.heard[..] else { panic!("{:#?}", client_host.heard) };
    assert!(read.starts_with("read certificate 0: CN=supplier.example.com,O=Example"), "{read}");
    assert!(refused.starts_with("no path: certificate 0, the leaf, does not contain the name"), "{refused}");
    assert_eq!(
        verdict,
        "path validation: certificate 0 (the leaf, CN=supplier.example.com,O=Example) does not contain \
         the name of the server: wanted other.example.com, found DNS:supplier.example.com (RFC 9525 section 6)"
    );
    let [heard] = &server_host.heard[..] else { panic!("{:#?}", server_host.heard) };
    assert!(heard.ends_with("the peer ended the connection with alert 42 (bad_certificate)"), "{heard}");
}

#[test]
fn a_server_that_requires_a_certificate_alerts_a_client_that_has_finished() {
    let mut setup = Setup::new(&Pki::new());
    setup.client_host = test_support::pair::host(vec![], vec![]);
    let (client, mut client_host, server, mut server_host) = sides(setup, 0);
    let (near, far) = connection(1000);
    let gateway = async {
        let mut stream = Stream::open(near, client, &mut client_host).await.map_err(|error| error.cause)?;
        stream.write_all(b"order").await?;
        stream.flush().await?;
        stream.read(&mut [0; 10]).await
    };
    let (client, server) = join(gateway, Stream::open(far, server, &mut server_host));
    assert_eq!(client, Err(Failure::Tls(Error::AlertReceived(AlertDescription::CERTIFICATE_REQUIRED))));
    let required = Error::PeerIncompatible(PeerIncompatible::ClientCertificateRequired);
    assert_eq!(server.expect_err("it refuses").cause, Failure::Tls(required));
}

#[test]
fn an_end_of_the_transport_is_a_truncation_in_the_handshake_and_after_it() {
    let (client, mut client_host, ..) = sides(Setup::new(&Pki::new()), 0);
    let (near, far) = connection(1000);
    drop(far);
    let (client, ()) = join(Stream::open(near, client, &mut client_host), async {});
    assert_eq!(client.expect_err("nobody is there").cause, Failure::Tls(Error::ConnectionTruncated));

    let (mut client, server) = streams(1000);
    drop(server);
    let (read, ()) = join(client.read(&mut [0; 8]), async {});
    assert_eq!(read, Err(Failure::Tls(Error::ConnectionTruncated)));
}

/// A transport that is at its end and may move between threads.
struct Ended;

impl ErrorType for Ended {
    type Error = Infallible;
}

impl Read for Ended {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl Write for Ended {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl embedded_io::Read for Ended {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl embedded_io::Write for Ended {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Compiles only if the future may move between threads; and moves it to one that runs it.
fn run_elsewhere<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run = move || {
            let mut future = pin!(future);
            (0..1000).find_map(|_| once(future.as_mut())).expect("a future that is ready")
        };
        scope.spawn(run).join().unwrap()
    })
}

/// Lends a connection everything that is optional: a ring of events, a log of secrets.
#[test]
fn handshakes_and_streams_may_move_to_another_thread_with_their_transport() {
    const fn is_send<T: Send>() {}
    const { is_send::<Stream<'static, Ended, Client>>() };
    const { is_send::<Stream<'static, Ended, Server>>() };
    let (client, _, server, _) = sides(Setup::new(&Pki::new()), 1);
    let hosts = Setup::new(&Pki::new());
    let (mut client_host, mut server_host) = (hosts.client_host, hosts.server_host);
    let of_client = run_elsewhere(async {
        let mut stream = Stream::open(Ended, client, &mut client_host).await.map_err(|error| error.cause)?;
        stream.write(b"compiled, not run").await?;
        stream.flush().await?;
        stream.read(&mut [0; 9]).await?;
        stream.confirm().await?;
        stream.close().await
    });
    assert_eq!(of_client, Err(Failure::Tls(Error::ConnectionTruncated)));
    let of_server = run_elsewhere(Stream::open(Ended, server, &mut server_host)).map(|_| ());
    assert_eq!(of_server.unwrap_err().cause, Failure::Tls(Error::ConnectionTruncated));
}

#[test]
fn the_blocking_stream_works_over_a_socket() {
    use embedded_mtls::io::StreamPlace;
    use embedded_mtls::io::blocking::Stream;
    use embedded_mtls::io::std::Socket;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let supplier = std::thread::spawn(move || {
        let mut setup = Setup::new(&Pki::new());
        let handshake = setup.server_handshake().unwrap();
        let (socket, _) = listener.accept().unwrap();
        let mut stream = Stream::open(Socket(socket), handshake, &mut setup.server_host).unwrap();
        let mut order = [0; 5];
        stream.read_exact(&mut order).unwrap();
        stream.write_all(b"response").unwrap();
        stream.flush().unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        stream.close().unwrap();
        (order, rest, stream.session.peer().unwrap().common_name().map(str::to_owned))
    });
    let mut setup = Setup::new(&Pki::new());
    let config = &*Box::leak(Box::new(setup.client));
    let socket = Socket(TcpStream::connect(address).unwrap());
    let (buffers, entropy) = (setup.client_sizes.buffers(), entropy(1));
    // As `Handshake::new` and `open`, which the server calls.
    let mut place = StreamPlace::<_, Client>::new();
    let stream = Stream::establish(&mut place, socket, config, buffers, entropy, &mut setup.client_host);
    let stream = stream.unwrap();
    stream.write_all(b"order").unwrap();
    stream.flush().unwrap();
    let mut response = [0; 8];
    stream.read_exact(&mut response).unwrap();
    stream.close().unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(response, *b"response");
    let (order, rest, name) = supplier.join().unwrap();
    assert_eq!((order, rest.len(), name.as_deref()), (*b"order", 0, Some("gateway-7")));
    let lengths = place.take_buffers().map(|buffers| (buffers.rx.len(), buffers.tx.len()));
    assert_eq!(lengths, Some((setup.client_sizes.rx, setup.client_sizes.tx)));
    assert!(place.take_buffers().is_none());
}

#[test]
fn what_a_handshake_cannot_be_made_of_is_an_error_before_anything_is_sent() {
    let mut setup = Setup::new(&Pki::new());
    let config = &*Box::leak(Box::new(setup.client));
    let mut buffers = setup.client_sizes.buffers();
    buffers.tx = &mut [];
    let (entropy, host) = (entropy(1), &mut setup.client_host);
    let mut place = embedded_mtls::io::StreamPlace::<_, Client>::new();
    let stream = embedded_mtls::io::blocking::Stream::establish(&mut place, Flooded, config, buffers, entropy, host);
    let error = stream.unwrap_err();
    assert_eq!(error.stage, Stage::ClientHello);
    assert!(
        matches!(error.cause, Failure::Tls(Error::BufferTooSmall { buffer: BufferKind::Tx, .. })),
        "{:?}",
        error.cause
    );
}

/// A transport that takes everything and fails when it is read.
struct Failing(embedded_io::ErrorKind);

impl ErrorType for Failing {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Err(self.0)
    }
}

impl embedded_io::Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl Read for Failing {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Err(self.0)
    }
}

impl Write for Failing {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A transport that takes nothing and gives the beginning of a record that is too large, without end.
struct Flooded;

impl ErrorType for Flooded {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for Flooded {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        assert!(!out.is_empty(), "a read into nothing would look like the end");
        out.iter_mut().zip([23, 3, 3, 64].into_iter().chain(std::iter::repeat(0))).for_each(|(to, from)| *to = from);
        Ok(out.len())
    }
}

impl embedded_io::Write for Flooded {
    fn write(&mut self, _: &[u8]) -> Result<usize, Self::Error> {
        Err(embedded_io::ErrorKind::TimedOut)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl Read for Flooded {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        embedded_io::Read::read(self, out)
    }
}

impl Write for Flooded {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        embedded_io::Write::write(self, bytes)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn nothing_is_read_into_a_buffer_that_is_full() {
    let unsent = Some(Failure::Io(embedded_io::ErrorKind::TimedOut));
    let mut setup = Setup::new(&Pki::new());
    let opened =
        embedded_mtls::io::blocking::Stream::open(Flooded, setup.client_handshake().unwrap(), &mut setup.client_host);
    assert_eq!(opened.err().map(|error| error.cause), unsent);
    let mut handshake = setup.client_handshake().unwrap();
    let mut transport = Flooded;
    let mut driven = pin!(drive(&mut transport, &mut handshake, &mut setup.client_host));
    let ended = (0..100).find_map(|_| once(driven.as_mut())).expect("it ends");
    assert_eq!(ended.err(), unsent);
}

/// Records the reported failure.
struct Told {
    inner: TestHost,
    told: Option<(Error, Option<Diagnosis>)>,
}

impl Host for Told {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        now()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        Host::credential(&mut self.inner, request)
    }

    fn sign(&mut self, request: &SignInput) -> Option<Signature> {
        Host::sign(&mut self.inner, request)
    }

    fn failed(&mut self, failure: &ConnectionFailure<'_, '_>) {
        self.told = Some((failure.error, Some(failure.diagnosis())));
    }
}

/// The same for both drivers; `$run` runs what each method returns.
macro_rules! buffers_come_back {
    ($driver:ident, $run:expr) => {{
        let setup = Setup::new(&Pki::new());
        let mut handshake = setup.client_handshake().unwrap();
        let mut host = Told { inner: setup.client_host, told: None };
        let mut transport = Ended;
        let driven = $run(embedded_mtls::io::$driver::drive(&mut transport, &mut handshake, &mut host));
        assert_eq!(driven.unwrap_err(), Failure::Tls(Error::ConnectionTruncated));
        assert_eq!(host.told.map(|(error, _)| error), Some(Error::ConnectionTruncated));
        let Buffers { rx, tx, peer } = handshake.into_buffers();
        assert_eq!((rx.len(), tx.len(), peer.len()), (4096, 2048, 2048));
        // A second owner has them.
        let config = leak(Box::new(setup.client));
        assert!(Handshake::<Client>::new(config, Buffers { rx, tx, peer }, entropy(3)).is_ok());
    }};
}

#[test]
fn the_buffers_of_a_handshake_that_fails_come_back_from_both_drivers() {
    buffers_come_back!(asynch, run_elsewhere);
    buffers_come_back!(blocking, |result| result);
}

#[test]
fn the_future_of_a_task_holds_the_handshake_once() {
    /// Room for a signature and its input, which are beside the handshake; with RSA that is most.
    const BESIDE: usize = 768;
    async fn task(setup: &Setup, host: &mut TestHost, transport: &mut End) -> Option<()> {
        let handshake = setup.client_handshake().ok()?;
        let mut stream = Stream::open(transport, handshake, host).await.ok()?;
        exchange(&mut stream).await
    }
    async fn exchange(stream: &mut Stream<'_, &mut End, Client>) -> Option<()> {
        stream.write_all(b"request").await.ok()?;
        stream.close().await.ok()
    }
    let handshake = size_of::<Handshake<'_, Client>>();
    let (setup, mut host) = (Setup::new(&Pki::new()), Setup::new(&Pki::new()).client_host);
    let whole = size_of_val(&task(&setup, &mut host, &mut connection(1).0));
    let open = size_of_val(&Stream::open(&mut connection(1).0, setup.client_handshake().unwrap(), &mut host));
    assert!(open <= handshake + BESIDE, "{open} bytes, of which the handshake has {handshake}");
    assert!(whole <= open + 64, "{whole} bytes, of which {open} are for the handshake");
}

#[test]
fn a_host_learns_of_a_reset_as_of_an_end_and_of_no_other_failure_of_the_transport() {
    use embedded_io::ErrorKind;
    let ended = Some((Error::ConnectionTruncated, Some(Diagnosis::ClosedAtOnce)));
    for (kind, expected) in [
        (ErrorKind::ConnectionReset, ended),
        (ErrorKind::ConnectionAborted, ended),
        (ErrorKind::BrokenPipe, ended),
        (ErrorKind::TimedOut, None),
        (ErrorKind::Interrupted, None),
    ] {
        for async_driver in [false, true] {
            let setup = Setup::new(&Pki::new());
            let handshake = setup.client_handshake().unwrap();
            let mut host = Told { inner: setup.client_host, told: None };
            let error = if async_driver {
                let mut open = pin!(Stream::open(Failing(kind), handshake, &mut host));
                let mut context = Context::from_waker(Waker::noop());
                let opened = loop {
                    if let Poll::Ready(opened) = open.as_mut().poll(&mut context) {
                        break opened;
                    }
                };
                opened.err()
            } else {
                embedded_mtls::io::blocking::Stream::open(Failing(kind), handshake, &mut host).err()
            };
            assert_eq!(error.map(|error| error.cause), Some(Failure::Io(kind)));
            assert_eq!(host.told, expected, "{kind:?} {async_driver}");
        }
    }
}
