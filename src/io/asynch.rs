//! An async stream over [`embedded_io_async::Read`] and [`embedded_io_async::Write`]; the sockets of
//! embassy-net fit.
//!
//! Cancel-safe if the transport's `read` and `write` are (they transfer bytes if and only if the future completes),
//! like those of embassy-net: all received or written data is in the session, not in a future. A future may be dropped
//! at any await point and the operation started again. Data accepted by [`write`](embedded_io_async::Write::write) is
//! sent by the next operation that sends.

pub use super::pump::answer;
use super::pump::{Io, Pump, trace_to_async};
use super::stream::report;
use super::{AsyncHost, Failure, HandshakeError};
use crate::connection::Handshake;
use crate::connection::machine::Machine;
use crate::credential::Choice;
use crate::error::AlertDescription;
use crate::handshake::{ClientAuthStatus, Side};
use crate::x509::Trace;
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
    /// The future holds the handshake once. For a task to be no larger, it makes the handshake itself, keeps the stream by
    /// `let mut stream = Stream::open(…).await?`, and passes it to one other `async fn`: the compiler keeps room of
    /// their own for parameters, for temporary values, and for a variable that is there at more than one `await`.
    ///
    /// # Errors
    /// The cause of the failure, and the stage of the handshake. To get the buffers back when a handshake fails,
    /// [`drive`] it and take its [buffers](Handshake::into_buffers).
    #[allow(clippy::manual_async_fn, reason = "the parameters of an `async fn` are in its future twice")]
    pub fn open(
        mut transport: T,
        mut handshake: Handshake<'b, R>,
        host: &mut impl AsyncHost<Choice = Choice<'b>>,
    ) -> impl Future<Output = Result<Self, HandshakeError<T::Error>>> {
        async move {
            let driven = drive(&mut transport, &mut handshake, host).await;
            Self::opened(transport, &mut handshake, driven)
        }
    }

    /// Announces that we will send no more data, and waits until that is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub async fn close(&mut self) -> Result<(), Failure<T::Error>> {
        self.session.close();
        self.flush().await
    }

    /// Ends the session with `alert`, see [`Session::reject`](crate::Session::reject), and waits until that is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub async fn reject(&mut self, alert: AlertDescription) -> Result<(), Failure<T::Error>> {
        self.session.reject(alert);
        self.flush().await
    }

    /// See [`blocking::Stream::confirm`](super::blocking::Stream::confirm).
    ///
    /// # Errors
    /// The server's alert, see [`ConnectionFailure::refusal`](crate::ConnectionFailure::refusal), or another failure of the connection.
    pub async fn confirm(&mut self) -> Result<ClientAuthStatus, Failure<T::Error>> {
        let (transport, mut pump) = self.pump(|session| session.client_auth() != ClientAuthStatus::Presented);
        carry(transport, &mut pump, &mut ()).await?;
        Ok(self.session.client_auth())
    }
}

/// Moves bytes until the connection asks a question or is ready.
pub(super) async fn carry<'b, T: Read + Write, M: Machine<'b>>(
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

/// Yields to the executor once.
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

/// Runs a handshake until it is complete. If the future is dropped, another call continues where it stopped.
///
/// # Errors
/// The error, after the host was informed and the alert was sent, if the transport accepted it.
pub async fn drive<'b, T: Read + Write, R: Side>(
    transport: &mut T,
    handshake: &mut Handshake<'b, R>,
    host: &mut impl AsyncHost<Choice = Choice<'b>>,
) -> Result<(), Failure<T::Error>> {
    // A dropped future may have been in a flush.
    let mut unflushed = true;
    let mut pump = Pump::until(handshake, &mut unflushed, |_| false);
    let cause = loop {
        let carried = carry(transport, &mut pump, &mut trace_to_async(host)).await;
        match carried {
            Ok(Io::Ask(question)) => pump.ask_async(question, host).await,
            Ok(_) => return Ok(()),
            Err(cause) => break cause,
        }
    };
    report(handshake, &cause, |failure| host.failed(failure));
    Err(cause)
}
