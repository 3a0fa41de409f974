//! An async stream over [`embedded_io_async::Read`] and [`embedded_io_async::Write`]; the sockets of
//! embassy-net fit.
//!
//! Cancel-safe, if `read` and `write` of the transport are (bytes are taken if and only if the future is
//! ready), as those of embassy-net are: everything that was received or written is in the session, not in a future. A
//! future may be dropped at any await point and the operation started again. What
//! [`write`](embedded_io_async::Write::write) has taken is sent by the next operation that sends.

use super::machine::{Driven, Io};
use super::pump::{Pump, trace_to_async};
use super::{AsyncHost, Failure, HandshakeError};
use crate::connection::Handshake;
use crate::handshake::{ClientAuthStatus, Side};
use crate::x509::{NoTrace, Trace};
use core::future::{Future, poll_fn};
use core::task::Poll;
use embedded_io_async::{Read, Write};

/// The driver whose calls are futures.
#[derive(Debug)]
pub enum Asynch {}

/// A session over a transport, see [`io::Stream`](super::Stream).
pub type Stream<'b, T, R> = super::Stream<'b, T, R, Asynch>;

impl<'b, T: Read + Write, R: Side> Stream<'b, T, R> {
    /// Runs `handshake` over `transport`; lets other tasks run after each public-key operation. The
    /// alert of an error is sent before this returns.
    ///
    /// # Errors
    /// Where the handshake was, and what went wrong.
    #[allow(clippy::manual_async_fn, reason = "the parameters of an `async fn` are in its future twice")]
    pub fn open(
        mut transport: T,
        mut handshake: Handshake<'b, R>,
        host: &mut impl AsyncHost<'b>,
    ) -> impl Future<Output = Result<Self, HandshakeError<T::Error>>> {
        async move {
            let driven = drive(&mut transport, &mut handshake, host).await;
            Self::opened(transport, handshake, driven, |failure| host.failed(failure))
        }
    }

    /// Says that nothing more comes from us and waits until it is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub async fn close(&mut self) -> Result<(), Failure<T::Error>> {
        self.session.close();
        self.flush().await
    }

    /// See [`blocking::Stream::confirm`](super::blocking::Stream::confirm).
    ///
    /// # Errors
    /// The alert of the server, [`Session::refusal`](crate::Session::refusal) says of what; or why the connection
    /// failed otherwise.
    pub async fn confirm(&mut self) -> Result<ClientAuthStatus, Failure<T::Error>> {
        let (transport, mut pump) = self.pump(|session| session.client_auth() != ClientAuthStatus::Presented);
        carry(transport, &mut pump, &mut NoTrace).await?;
        Ok(self.session.client_auth())
    }
}

/// Moves bytes until the connection asks something, or is ready.
pub(super) async fn carry<'b, T: Read + Write, M: Driven<'b>>(
    transport: &mut T,
    pump: &mut Pump<'_, M, T::Error>,
    trace: &mut impl Trace,
) -> Result<Io<'b>, Failure<T::Error>> {
    loop {
        match pump.next(trace)? {
            Io::Write => {
                let result = transport.write(pump.pending()).await;
                pump.wrote(result);
            }
            Io::Flush => pump.flushed(transport.flush().await),
            Io::Read => {
                let result = transport.read(pump.space()?).await;
                pump.received(result)?;
            }
            Io::Yield => yield_now().await,
            io @ (Io::Ask(_) | Io::Ready) => return Ok(io),
        }
    }
}

/// Goes to the end of the executor's queue once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a handshake until it is done. Dropped and called again, it goes on where it was.
///
/// # Errors
/// The error. Its alert was sent, as far as the transport took it.
pub async fn drive<'b, T: Read + Write, R: Side>(
    transport: &mut T,
    handshake: &mut Handshake<'b, R>,
    host: &mut impl AsyncHost<'b>,
) -> Result<(), Failure<T::Error>> {
    // A future that was dropped may have been in a flush.
    let mut unflushed = true;
    let mut pump = Pump::until(handshake, &mut unflushed, |_| false);
    loop {
        let io = carry(transport, &mut pump, &mut trace_to_async(host)).await?;
        let Io::Ask(question) = io else { return Ok(()) };
        pump.ask_async(question, host).await;
    }
}
