//! Timeouts of embassy-net, by a clock that the test moves.

use core::convert::Infallible;
use core::future::{Future, pending};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embassy_net::tcp::ConnectError;
use embassy_time::{Duration, MockDriver};
use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};
use embedded_mtls::ClientConfig;
use embedded_mtls::x509::ServerName;
use embedded_mtls_connect::embassy::{DialError, Timed, TimedError};
use embedded_mtls_connect::{Connector, Error, Lent, SoftwareDevice};
use test_support::pair::{Sizes, anchors, entropy, leak, now};
use test_support::pki::{Pki, SERVER_NAME};

/// A transport that takes everything and receives nothing.
struct Silent;

impl ErrorType for Silent {
    type Error = Infallible;
}

impl Read for Silent {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        pending().await
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
fn a_silent_server_is_a_timeout_of_its_kind_and_the_buffers_return() {
    const LIMIT: Duration = Duration::from_secs(3);
    let config = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors(&[&Pki::new().root]));
    let config = leak(Box::new(config));
    let device: SoftwareDevice<'_> = SoftwareDevice { credentials: &[], keys: &[], clock: now, entropy: || entropy(1) };
    let lent = [Lent::new(Sizes::DEFAULT.buffers())];
    let connector = Connector::new((), config, device, &lent);
    let mut context = Context::from_waker(Waker::noop());
    let mut opening = pin!(connector.secure(Timed::new(Silent, LIMIT)));
    // The first polls yield after public-key operations.
    for _ in 0..9 {
        assert!(opening.as_mut().poll(&mut context).is_pending());
    }
    MockDriver::get().advance(LIMIT);
    let Poll::Ready(Err(error)) = opening.poll(&mut context) else { panic!("it still waits") };
    assert_eq!(error, Error::Transport(TimedError::Elapsed));
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    // A server that is slow has refused nothing.
    assert_eq!(connector.last_error(), None);
    assert!(lent[0].take().is_some());
}

#[test]
fn an_unreachable_server_has_an_error_kind() {
    let kind = |error| Error::Transport(error).kind();
    assert_eq!(kind(DialError::Connect(ConnectError::ConnectionReset)), ErrorKind::ConnectionRefused);
    assert_eq!(kind(DialError::Connect(ConnectError::TimedOut)), ErrorKind::TimedOut);
    assert_eq!(kind(DialError::Elapsed), ErrorKind::TimedOut);
    assert_eq!(kind(DialError::Name(embassy_net::dns::Error::Failed)), ErrorKind::NotFound);
}
