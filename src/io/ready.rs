//! Whether a stream would wait: `ReadReady` and `WriteReady`.
//!
//! A transport that has bytes may have a part of a record only, and one that has room may have less than a record needs.
//! So what it has or takes at once is moved first, and then the session tells.

use super::{Failure, asynch, blocking};
use crate::connection::Session;
use crate::connection::session::Next;
use crate::handshake::{Side, Stop};
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io::{ReadReady, WriteReady};

impl<T: embedded_io::Read + ReadReady, R: Side> ReadReady for blocking::Stream<'_, T, R> {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        let Self { transport, session, .. } = self;
        is_readable(session, |space| if transport.read_ready()? { transport.read(space).map(Some) } else { Ok(None) })
    }
}

impl<T: embedded_io::Write + WriteReady, R: Side> WriteReady for blocking::Stream<'_, T, R> {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        let Self { transport, session, .. } = self;
        is_writable(
            session,
            |pending| {
                if transport.write_ready()? { transport.write(pending).map(Some) } else { Ok(None) }
            },
        )
    }
}

impl<T: embedded_io_async::Read + ReadReady, R: Side> ReadReady for asynch::Stream<'_, T, R> {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        let Self { transport, session, .. } = self;
        is_readable(session, |space| {
            if transport.read_ready()? { at_once(transport.read(space)).transpose() } else { Ok(None) }
        })
    }
}

impl<T: embedded_io_async::Write + WriteReady, R: Side> WriteReady for asynch::Stream<'_, T, R> {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        let Self { transport, session, .. } = self;
        is_writable(session, |pending| {
            if transport.write_ready()? { at_once(transport.write(pending)).transpose() } else { Ok(None) }
        })
    }
}

/// Tells whether a read would return at once: with data, the end, an error, or a question that needs a host. `read`
/// returns `None` if the transport has nothing.
fn is_readable<R: Side, E>(
    session: &mut Session<'_, R>,
    mut read: impl FnMut(&mut [u8]) -> Result<Option<usize>, E>,
) -> Result<bool, Failure<E>> {
    loop {
        match session.next(false) {
            Ok(Next::Stop(Stop::NeedInput)) => {}
            Ok(Next::Stop(Stop::Transmit | Stop::Yield | Stop::Done)) => continue,
            Ok(Next::Stop(Stop::Ask(_)) | Next::Data | Next::PeerClosed | Next::Closed) | Err(_) => return Ok(true),
        }
        match read(session.rx_space()).map_err(Failure::Io)? {
            Some(0) => session.rx_eof(),
            Some(count) => session.rx_commit(count)?,
            None => return Ok(false),
        }
    }
}

/// Tells whether a write would return at once: with some of the data taken, or an error. `write` returns `None` if the
/// transport takes nothing.
fn is_writable<R: Side, E>(
    session: &mut Session<'_, R>,
    mut write: impl FnMut(&[u8]) -> Result<Option<usize>, E>,
) -> Result<bool, Failure<E>> {
    loop {
        let is_full = session.reserve().is_ok_and(|mut room| room.bytes().is_empty());
        if !is_full {
            return Ok(true);
        }
        match write(session.tx_pending()).map_err(Failure::Io)? {
            Some(count @ 1..) => session.tx_consume(count),
            Some(0) | None => return Ok(false),
        }
    }
}

/// Returns the output of a future that is ready, and drops one that is not.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
