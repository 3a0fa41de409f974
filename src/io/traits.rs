//! The traits of embedded-io and embedded-io-async, as streams implement them.

use super::pump::Io;
use super::{Failure, asynch, blocking};
use crate::connection::Session;
use crate::connection::machine::Machine;
use crate::error::ApiMisuse;
use crate::handshake::{Side, Stop};
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io::{ReadReady, WriteReady};

impl<T: embedded_io::Read + embedded_io::Write, R: Side> embedded_io::Read for blocking::Stream<'_, T, R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if out.is_empty() {
            return Ok(0);
        }
        embedded_io::BufRead::fill_buf(self)?;
        Ok(self.take(out))
    }
}

impl<T: embedded_io::Read + embedded_io::Write, R: Side> embedded_io::BufRead for blocking::Stream<'_, T, R> {
    fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        let (transport, mut pump) = self.pump(|_| false);
        match blocking::carry(transport, &mut pump, &mut ())? {
            Io::Ask(_) => Err(Failure::Tls(ApiMisuse::HostNeeded.into())),
            _ => Ok(self.session.data()),
        }
    }

    fn consume(&mut self, count: usize) {
        self.session.consume_data(count);
    }
}

impl<T: embedded_io::Read + embedded_io::Write, R: Side> embedded_io::Write for blocking::Stream<'_, T, R> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            let written = self.session.write(data);
            if let Ok(count @ 1..) = written {
                return Ok(count);
            }
            // Makes space for more, or sends the alert of the error.
            let sent = self.flush();
            written?;
            sent?;
        }
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        let (transport, mut pump) = self.drain();
        blocking::carry(transport, &mut pump, &mut ()).map(|_| ())
    }
}

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

impl<T: embedded_io_async::Read + embedded_io_async::Write, R: Side> embedded_io_async::Read
    for asynch::Stream<'_, T, R>
{
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if out.is_empty() {
            return Ok(0);
        }
        embedded_io_async::BufRead::fill_buf(self).await?;
        Ok(self.take(out))
    }
}

impl<T: embedded_io_async::Read + embedded_io_async::Write, R: Side> embedded_io_async::BufRead
    for asynch::Stream<'_, T, R>
{
    async fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        let (transport, mut pump) = self.pump(|_| false);
        match asynch::carry(transport, &mut pump, &mut ()).await? {
            Io::Ask(_) => Err(Failure::Tls(ApiMisuse::HostNeeded.into())),
            _ => Ok(self.session.data()),
        }
    }

    fn consume(&mut self, count: usize) {
        self.session.consume_data(count);
    }
}

impl<T: embedded_io_async::Read + embedded_io_async::Write, R: Side> embedded_io_async::Write
    for asynch::Stream<'_, T, R>
{
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            let written = self.session.write(data);
            if let Ok(count @ 1..) = written {
                return Ok(count);
            }
            // Makes space for more, or sends the alert of the error.
            let sent = self.flush().await;
            written?;
            sent?;
        }
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        let (transport, mut pump) = self.drain();
        asynch::carry(transport, &mut pump, &mut ()).await.map(|_| ())
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

// The available bytes may be only part of a record, and the available space less than a record. Therefore first move
// what the transport has or accepts at once, then ask the session.

/// Returns whether a read would return at once: with data, the end, an error, or a question that needs a host. `read`
/// returns `None` if the transport has no bytes.
fn is_readable<R: Side, E>(
    session: &mut Session<'_, R>,
    mut read: impl FnMut(&mut [u8]) -> Result<Option<usize>, E>,
) -> Result<bool, Failure<E>> {
    loop {
        match session.next_received() {
            Ok(Stop::NeedInput) => {}
            Ok(Stop::Transmit | Stop::Yield) => continue,
            Ok(Stop::Ask(_) | Stop::Done) | Err(_) => return Ok(true),
        }
        match read(session.rx_space()).map_err(Failure::Io)? {
            Some(0) => session.rx_eof(),
            Some(count) => session.rx_commit(count)?,
            None => return Ok(false),
        }
    }
}

/// Returns whether a write would return at once: with some of the data accepted, or an error. `write` returns `None` if
/// the transport accepts no bytes.
fn is_writable<R: Side, E>(
    session: &mut Session<'_, R>,
    mut write: impl FnMut(&[u8]) -> Result<Option<usize>, E>,
) -> Result<bool, Failure<E>> {
    loop {
        let is_full = session.reserve().is_ok_and(|room| room.is_empty());
        if !is_full {
            return Ok(true);
        }
        match write(session.tx_pending()).map_err(Failure::Io)? {
            Some(count @ 1..) => session.tx_consume(count),
            Some(0) | None => return Ok(false),
        }
    }
}

/// Returns the output of a future if it is ready, and drops it otherwise.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
