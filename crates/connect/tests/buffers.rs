//! Lent buffers return.

use core::convert::Infallible;
use core::future::{Future, pending};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io_async::{ErrorType, Read, Write};
use embedded_mtls::ClientConfig;
use embedded_mtls::x509::ServerName;
use embedded_mtls_connect::{Connector, Error, Lent, SoftwareDevice};
use test_support::pair::{Sizes, anchors, entropy, leak, now};
use test_support::pki::{Pki, SERVER_NAME};

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
