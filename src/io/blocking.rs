//! A blocking stream over [`embedded_io::Read`] and [`embedded_io::Write`].

use super::machine::{Driven, Io};
use super::pump::{Pump, trace_to};
use super::{Failure, HandshakeError, Host};
use crate::connection::Handshake;
use crate::handshake::{ClientAuthStatus, Side};
use crate::x509::{NoTrace, Trace};
use embedded_io::{Read, Write};

/// The driver that waits in its calls.
#[derive(Debug)]
pub enum Blocking {}

/// A session over a transport, see [`io::Stream`](super::Stream).
pub type Stream<'b, T, R> = super::Stream<'b, T, R, Blocking>;

impl<'b, T: Read + Write, R: Side> Stream<'b, T, R> {
    /// Runs `handshake` over `transport`. The alert of an error is sent before this returns. Lend the transport
    /// (`&mut transport`) if you want it back after an error: a TCP socket that is closed with unread bytes in
    /// it resets the connection, and the peer may lose the alert; shut down writing and read to the end first.
    ///
    /// # Errors
    /// Where the handshake was, and what went wrong.
    #[inline(never)] // so that the handshake is not copied into the frame in which it runs
    pub fn open(
        mut transport: T,
        mut handshake: Handshake<'b, R>,
        host: &mut impl Host<'b>,
    ) -> Result<Self, HandshakeError<T::Error>> {
        let driven = drive(&mut transport, &mut handshake, host);
        Self::opened(transport, handshake, driven, |failure| host.failed(failure))
    }

    /// Says that nothing more comes from us and waits until it is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub fn close(&mut self) -> Result<(), Failure<T::Error>> {
        self.session.close();
        self.flush()
    }

    /// On a client: reads until the server has accepted our certificate, or rejected it. Gives what
    /// is known, see [`Session::client_auth`]: [`Presented`](ClientAuthStatus::Presented) if application data or the
    /// end came first. Nothing is lost: the data is there for the next read.
    ///
    /// A server that sends neither tickets nor data unasked gives no sign, and this waits as long as the transport
    /// does. Nothing is tried again here: a refusal is an error, and what follows from it is up to the caller.
    ///
    /// # Errors
    /// The alert of the server, [`Session::refusal`] says of what; or why the connection failed otherwise.
    ///
    /// [`Session::client_auth`]: crate::Session::client_auth
    /// [`Session::refusal`]: crate::Session::refusal
    pub fn confirm(&mut self) -> Result<ClientAuthStatus, Failure<T::Error>> {
        let (transport, mut pump) = self.pump(|session| session.client_auth() != ClientAuthStatus::Presented);
        carry(transport, &mut pump, &mut NoTrace)?;
        Ok(self.session.client_auth())
    }
}

/// Moves bytes until the connection asks something, or is ready.
pub(super) fn carry<'b, T: Read + Write, M: Driven<'b>>(
    transport: &mut T,
    pump: &mut Pump<'_, M, T::Error>,
    trace: &mut impl Trace,
) -> Result<Io<'b>, Failure<T::Error>> {
    loop {
        match pump.next(trace)? {
            Io::Write => {
                let result = transport.write(pump.pending());
                pump.wrote(result);
            }
            Io::Flush => pump.flushed(transport.flush()),
            Io::Read => {
                let result = transport.read(pump.space()?);
                pump.received(result)?;
            }
            Io::Yield => {}
            io @ (Io::Ask(_) | Io::Ready) => return Ok(io),
        }
    }
}

fn drive<'b, T: Read + Write, R: Side>(
    transport: &mut T,
    handshake: &mut Handshake<'b, R>,
    host: &mut impl Host<'b>,
) -> Result<(), Failure<T::Error>> {
    let mut unflushed = false;
    let mut pump = Pump::until(handshake, &mut unflushed, |_| false);
    loop {
        let io = carry(transport, &mut pump, &mut trace_to(host))?;
        let Io::Ask(question) = io else { return Ok(()) };
        pump.ask(question, host);
    }
}
