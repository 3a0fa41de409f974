//! A client that is asked after the handshake, over the streams of both drivers: nothing that was answered is lost.
#![cfg(feature = "post-handshake-auth")]
#![allow(missing_docs)]

use embedded_io::{ErrorType, Read, Write};
use embedded_mtls::credential::{Choice, Entry, NoMatch, PeerRequest, Selector};
use embedded_mtls::io::{Failure, Host, SoftwareHost, asynch, blocking};
use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{
    AlertDescription, ApiMisuse, Client, ClientAuth, ClientAuthStatus, Error, Event, PeerIncompatible, Server,
    ServerConfig, Side, SignInput, Signature,
};
use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use test_support::pair::{Setup, TestHost, TestSession, anchors, credential, host, now, signing_key};
use test_support::pki::{CLIENT_NAME, Pki, Template};

/// A transport whose other end is held by the test: its input, and its output.
#[derive(Clone, Default)]
struct Wire {
    incoming: Rc<RefCell<Vec<u8>>>,
    outgoing: Rc<RefCell<Vec<u8>>>,
}

impl ErrorType for Wire {
    type Error = Infallible;
}

impl Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        let mut incoming = self.incoming.borrow_mut();
        let count = out.len().min(incoming.len());
        out[..count].copy_from_slice(&incoming[..count]);
        incoming.drain(..count);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.outgoing.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl embedded_io_async::Read for Wire {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        Read::read(self, out)
    }
}

impl embedded_io_async::Write for Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Write::write(self, bytes)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Wire {
    /// Delivers the bytes written here to `session`.
    fn carry_to(&self, session: &mut TestSession<impl Side>) {
        let bytes = std::mem::take(&mut *self.outgoing.borrow_mut());
        session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
        session.rx_commit(bytes.len()).expect("room");
    }

    /// Puts here what `session` has to send.
    fn carry_from(&self, session: &mut TestSession<impl Side>) {
        self.incoming.borrow_mut().extend_from_slice(session.tx_pending());
        session.tx_consume(usize::MAX);
    }
}

/// Runs a future whose transport is always ready; it yields after each public-key operation.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    (0..100)
        .find_map(|_| match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
        .expect("nothing is waited for")
}

/// Sessions of a client that offers to be asked late, and of a server that has not asked yet.
fn sessions(pki: &Pki) -> (TestSession<Client>, TestSession<Server>) {
    let mut setup = Setup::new(pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    setup.client = setup.client.with_post_handshake_auth(true);
    setup.run().sessions()
}

fn identity(pki: &Pki) -> TestHost {
    host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)])
}

/// Lets a client answer what it is asked.
fn answer(session: &mut TestSession<impl Side>, host: &mut TestHost) {
    loop {
        match session.poll().expect("no error") {
            Event::Credential(request) => {
                let Choice::Send(credential) = host.credential(&request.peer_request()) else { panic!("it fits") };
                request.answer(credential).unwrap();
            }
            Event::Sign(request) => {
                let signature = host.sign(&request.input);
                request.complete(&signature.expect("a signature")).unwrap();
            }
            _ => return,
        }
    }
}

/// A server asks while data is on its way, reads past the answer, and only then wants to know what it was.
/// The macro is the story for both drivers: `$run` runs what each method gives.
macro_rules! read_past_the_answer {
    ($stream:ident, $run:expr, $read:path) => {{
        let pki = Pki::new();
        let roots: &'static [TrustAnchor<'static>] = anchors(&[&pki.root]);
        let (mut client, server) = sessions(&pki);
        let wire = Wire::default();
        let mut stream = $stream::Stream::from_parts(wire.clone(), server);
        let mut nobody = host(vec![], vec![]);
        let mut hosted = stream.hosted(&mut nobody);

        client.write(b"early").unwrap();
        wire.carry_from(&mut client);
        assert_eq!($run(hosted.request_certificate(ClientAuth::Required(roots))), Ok(None), "data came before");
        wire.carry_to(&mut client);
        answer(&mut client, &mut identity(&pki));
        client.write(b"late").unwrap();
        wire.carry_from(&mut client);
        for expected in [&b"early"[..], b"late"] {
            let mut line = [0; 16];
            let count = $run($read(&mut hosted, &mut line)).unwrap();
            assert_eq!(&line[..count], expected);
        }
        // Nothing more comes, and nothing more is needed.
        for _ in 0..2 {
            assert_eq!($run(hosted.await_certificate()), Ok(Some(ClientAuthStatus::Accepted)));
        }
        let session = &stream.session;
        assert_eq!(session.certificate_answer(), Some(ClientAuthStatus::Accepted));
        assert_eq!(session.peer().and_then(|peer| peer.common_name()), Some(CLIENT_NAME));

        // Asked again, the old answer is no answer.
        stream.session.request_certificate(ClientAuth::Required(roots)).unwrap();
        assert_eq!(stream.session.certificate_answer(), None);
    }};
}

#[test]
fn a_read_that_passes_the_answer_of_a_client_does_not_lose_it() {
    read_past_the_answer!(blocking, |result| result, Read::read);
    read_past_the_answer!(asynch, finish, embedded_io_async::Read::read);
}

/// A client is asked by a server, and its stream has no host, and then one.
macro_rules! asked_without_a_host {
    ($stream:ident, $run:expr, $read:path) => {{
        let pki = Pki::new();
        let (client, mut server) = sessions(&pki);
        server.request_certificate(ClientAuth::Optional(anchors(&[&pki.root]))).unwrap();
        server.write(b"data").unwrap();
        let wire = Wire::default();
        wire.carry_from(&mut server);
        let mut stream = $stream::Stream::from_parts(wire.clone(), client);
        for _ in 0..2 {
            let read = $run($read(&mut stream, &mut [0; 16]));
            assert_eq!(read, Err(Failure::Tls(ApiMisuse::HostNeeded.into())));
        }
        assert!(stream.session.failure().is_none());
        assert_eq!($run($read(&mut stream.hosted(&mut identity(&pki)), &mut [0; 16])), Ok(4));
    }};
}

#[test]
fn a_stream_without_a_host_stays_at_the_question_until_it_gets_one() {
    asked_without_a_host!(blocking, |result| result, Read::read);
    asked_without_a_host!(asynch, finish, embedded_io_async::Read::read);
}

/// Checks a request on a session that has failed and whose alert is still unsent; returns its result, and the client's error.
macro_rules! request_after_a_failure {
    ($stream:ident, $run:expr) => {{
        let pki = Pki::new();
        let (mut client, mut server) = sessions(&pki);
        let failure = server.rx_commit(usize::MAX).unwrap_err();
        let wire = Wire::default();
        let mut stream = $stream::Stream::from_parts(wire.clone(), server);
        let mut nobody = host(vec![], vec![]);
        let roots: &'static [TrustAnchor<'static>] = anchors(&[&pki.root]);
        let requested = $run(stream.hosted(&mut nobody).request_certificate(ClientAuth::Required(roots)));
        assert_eq!(requested, Err(Failure::Tls(failure)));
        wire.carry_to(&mut client);
        assert_eq!(client.poll().err(), Some(Error::AlertReceived(AlertDescription::INTERNAL_ERROR)));
    }};
}

#[test]
fn the_alert_of_a_failure_is_sent_before_a_request_for_a_certificate_returns_it() {
    request_after_a_failure!(blocking, |result| result);
    request_after_a_failure!(asynch, finish);
}

/// Makes a fixed choice, and never sends a certificate or signs.
struct Decided(Choice<'static>);

impl Host for Decided {
    type Choice = Choice<'static>;

    fn time(&mut self) -> embedded_mtls::x509::Time {
        now()
    }

    fn credential(&mut self, _: &PeerRequest<'_>) -> Choice<'static> {
        self.0
    }

    fn sign(&mut self, _: &SignInput) -> Option<Signature> {
        None
    }
}

/// Returns the result of a client's read when `server` asks and `choice` is made, in both drivers; and the bytes it sends.
fn read_when_asked(choice: Choice<'static>) -> (Result<usize, Failure<Infallible>>, Vec<u8>) {
    let run = |async_driver: bool| {
        let pki = Pki::new();
        let (client, mut server) = sessions(&pki);
        let wire = Wire::default();
        server.request_certificate(ClientAuth::Optional(anchors(&[&pki.root]))).unwrap();
        server.write(b"data").unwrap();
        wire.carry_from(&mut server);
        let mut host = Decided(choice);
        let mut line = [0; 16];
        let result = if async_driver {
            let mut stream = asynch::Stream::from_parts(wire.clone(), client);
            let mut hosted = stream.hosted(&mut host);
            finish(embedded_io_async::Read::read(&mut hosted, &mut line))
        } else {
            let mut stream = blocking::Stream::from_parts(wire.clone(), client);
            stream.hosted(&mut host).read(&mut line)
        };
        let said = wire.outgoing.borrow().clone();
        wire.carry_to(&mut server);
        (result, said, server.poll().err())
    };
    let (result, said, error) = run(false);
    assert_eq!((&result, &said, error), (&run(true).0, &run(true).1, run(true).2));
    let alert = match result {
        Ok(_) => None,
        Err(_) => Some(Error::AlertReceived(AlertDescription::HANDSHAKE_FAILURE)),
    };
    assert_eq!(error, alert);
    (result, said)
}

#[test]
fn a_client_that_is_asked_late_follows_every_choice_of_its_host() {
    assert_eq!(read_when_asked(Choice::Decline).0, Ok(4));
    let none = PeerIncompatible::NoCredential;
    assert_eq!(read_when_asked(Choice::Fail(none)).0, Err(Failure::Tls(none.into())));
}

#[test]
fn a_keystore_without_a_match_ends_the_session_when_its_policy_is_to_fail() {
    let pki = Pki::new();
    let stranger = Template::client("stranger.example").signed_by(&Template::ca("Another root").self_signed());
    let entries = test_support::pair::leak_all(vec![Entry::new("only", credential(&[&stranger], 0))]);
    let keys = test_support::pair::leak_all(vec![signing_key(&stranger)]);
    for (no_match, expected) in
        [(NoMatch::Decline, Ok(4)), (NoMatch::Fail, Err(Failure::Tls(PeerIncompatible::NoCredential.into())))]
    {
        let (client, mut server) = sessions(&pki);
        let wire = Wire::default();
        server.request_certificate(ClientAuth::Optional(anchors(&[&pki.root]))).unwrap();
        server.write(b"data").unwrap();
        wire.carry_from(&mut server);
        let mut host = SoftwareHost::with_selector(Selector { no_match, ..Selector::new(entries) }, keys, now);
        let mut stream = blocking::Stream::from_parts(wire.clone(), client);
        assert_eq!(stream.hosted(&mut host).read(&mut [0; 16]), expected);
    }
}
