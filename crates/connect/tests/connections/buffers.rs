//! Lent buffers return.

use super::ends::{End, join};
use core::convert::Infallible;
use core::future::{Future, pending};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};
use embedded_mtls::x509::ServerName;
use embedded_mtls::{BufferKind, ClientConfig};
use embedded_mtls_connect::{Acceptor, Connector, Error, Lent, SoftwareDevice};
use std::rc::Rc;
use test_support::pair::{Setup, Sizes, anchors, credential, entropy, leak, leak_all, now, signing_key};
use test_support::pki::{CLIENT_NAME, Pki, SERVER_NAME};

/// A transport that takes everything, and has the end or nothing to read.
struct Silent {
    has_ended: bool,
}

impl ErrorType for Silent {
    type Error = Infallible;
}

impl Read for Silent {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        if self.has_ended { Ok(0) } else { pending().await }
    }
}

impl Write for Silent {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn buffers_return_from_a_handshake_that_fails_or_is_dropped() {
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors(&[&Pki::new().root]));
    let config = leak(Box::new(config));
    let device: SoftwareDevice<'_> = SoftwareDevice { credentials: &[], keys: &[], clock: now, entropy: || entropy(1) };
    let lent = [Lent::new(Sizes::DEFAULT.buffers())];
    let connector = Connector::new((), config, device, &lent);
    let mut context = Context::from_waker(Waker::noop());
    // One that waits has them all.
    {
        let mut waiting = pin!(connector.secure(Silent { has_ended: false }));
        // The first polls yield after public-key operations.
        for _ in 0..9 {
            assert!(waiting.as_mut().poll(&mut context).is_pending());
        }
        let second = pin!(connector.secure(Silent { has_ended: true })).poll(&mut context);
        assert!(matches!(second, Poll::Ready(Err(Error::Busy))));
    }
    // It was dropped: the next has them, and fails at the end of the transport.
    let mut third = pin!(connector.secure(Silent { has_ended: true }));
    let failed = loop {
        if let Poll::Ready(result) = third.as_mut().poll(&mut context) {
            break result;
        }
    };
    assert!(matches!(failed, Err(Error::Tls(embedded_mtls::Error::ConnectionTruncated))), "{failed:?}");
    assert_eq!(connector.last_error().unwrap().error, embedded_mtls::Error::ConnectionTruncated);
    assert!(lent[0].take().is_some());
}

#[test]
fn buffers_that_are_rejected_at_once_return_too() {
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors(&[&Pki::new().root]));
    let config = leak(Box::new(config));
    let device: SoftwareDevice<'_> = SoftwareDevice { credentials: &[], keys: &[], clock: now, entropy: || entropy(1) };
    let lent = [Lent::new(Sizes { tx: 20, ..Sizes::DEFAULT }.buffers())];
    let connector = Connector::new((), config, device, &lent);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        let refused = pin!(connector.secure(Silent { has_ended: true })).poll(&mut context);
        let Poll::Ready(Err(Error::Tls(error))) = refused else { panic!("{refused:?}") };
        assert!(matches!(error, embedded_mtls::Error::BufferTooSmall { buffer: BufferKind::Tx, .. }), "{error}");
        assert_eq!(connector.last_error().unwrap().error, error);
    }
    assert_eq!(lent[0].take().unwrap().tx.len(), 20);
}

/// Connections that come one after the other have the same buffers, on both sides.
#[test]
fn an_acceptor_serves_connection_after_connection_with_the_same_buffers() {
    let pki = Pki::new();
    let setup = Setup::new(&pki);
    let identity = |issued| {
        let credentials = leak_all(vec![credential(&[issued, &pki.intermediate], 0)]);
        let keys = leak_all(vec![signing_key(issued)]);
        SoftwareDevice { credentials, keys, clock: now, entropy: || entropy(3) }
    };
    let (client, server) = (identity(&pki.client), identity(&pki.server));
    let (client_lent, server_lent) = ([Lent::new(Sizes::DEFAULT.buffers())], [Lent::new(Sizes::DEFAULT.buffers())]);
    let connector = Connector::new((), leak(Box::new(setup.client)), client, &client_lent);
    let acceptor = Acceptor::new((), leak(Box::new(setup.server)), server, &server_lent);
    for _ in 0..3 {
        let (near, far) = End::pair();
        let (connected, accepted) = join(connector.secure(near), acceptor.secure(far));
        let (mut connected, mut accepted) = (connected.unwrap(), accepted.unwrap());
        let peer = accepted.stream().unwrap().session.peer().and_then(|peer| peer.common_name()).map(str::to_owned);
        assert_eq!(peer.as_deref(), Some(CLIENT_NAME));
        let mut line = [0; 9];
        let ((), count) = join(
            async {
                connected.write_all(b"order").await.unwrap();
                connected.close().await.unwrap();
            },
            async { accepted.read(&mut line).await.unwrap() },
        );
        assert_eq!(&line[..count], b"order");
        // Nobody else gets in meanwhile.
        let busy = pin!(acceptor.secure(End::default())).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(busy, Poll::Ready(Err(Error::Busy))));
    }
}

#[test]
fn an_acceptor_keeps_the_reason_why_it_rejected_a_client_and_the_client_learns_it_by_reading_or_writing() {
    let pki = Pki::new();
    let setup = Setup::new(&pki);
    let credentials = leak_all(vec![credential(&[&pki.server, &pki.intermediate], 0)]);
    let keys = leak_all(vec![signing_key(&pki.server)]);
    let server = SoftwareDevice { credentials, keys, clock: now, entropy: || entropy(3) };
    let nobody: SoftwareDevice<'_> = SoftwareDevice { credentials: &[], keys: &[], clock: now, entropy: || entropy(1) };
    let (client_lent, server_lent) = ([Lent::new(Sizes::DEFAULT.buffers())], [Lent::new(Sizes::DEFAULT.buffers())]);
    let connector = Connector::new((), leak(Box::new(setup.client)), nobody, &client_lent);
    let acceptor = Acceptor::new((), leak(Box::new(setup.server)), server, &server_lent);
    for is_broken in [false, true] {
        let (near, far) = End::pair();
        let broken = Rc::clone(&near.is_broken);
        let (connected, refused) = join(connector.secure(near), acceptor.secure(far));
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "{refused:?}");
        assert!(acceptor.last_error().unwrap().stage.is_some());
        // The client had finished before. It learns it with its first read, or when it can send no more.
        let mut connected = connected.unwrap();
        broken.set(is_broken);
        let order = async {
            if is_broken {
                connected.write_all(b"order").await?;
                connected.flush().await?;
            }
            connected.read(&mut [0; 9]).await
        };
        let (told, ()) = join(async { order.await.map_err(|error| error.kind()) }, async {});
        assert_eq!(told, Err(ErrorKind::PermissionDenied));
        assert_eq!(connector.last_error().unwrap().stage, None);
    }
    assert!(server_lent[0].take().is_some(), "its buffers are free");
}
