//! A blocking stream over [`embedded_io::Read`] and [`embedded_io::Write`].

use super::pump::{Io, Pump, trace_to};
use super::stream::report;
use super::{Failure, HandshakeError, Host, StreamPlace};
use crate::connection::machine::Machine;
use crate::connection::{Buffers, Handshake};
use crate::credential::Choice;
use crate::error::{AlertDescription, Stage};
use crate::handshake::entropy::Entropy;
use crate::handshake::{ClientAuthStatus, Side};
use crate::x509::Trace;
use embedded_io::{Read, Write};

/// The driver that waits in its calls.
#[derive(Debug)]
pub enum Blocking {}

/// A session over a transport, see [`io::Stream`](super::Stream).
pub type Stream<'b, T, R> = super::Stream<'b, T, R, Blocking>;

impl<'b, T: Read + Write, R: Side> Stream<'b, T, R> {
    /// Runs `handshake` over `transport`. The alert of an error is sent before this returns. Pass `&mut transport` to
    /// keep the transport after an error: a TCP socket that is closed with unread bytes in it resets the connection,
    /// and the peer may lose the alert; shut down writing and read to the end first.
    ///
    /// # Errors
    /// The cause of the failure, and the stage of the handshake. To get the buffers back when a handshake fails,
    /// [`drive`] it and take its [buffers](Handshake::into_buffers).
    #[inline(never)] // so that the handshake is not copied into the frame in which it runs
    pub fn open(
        mut transport: T,
        mut handshake: Handshake<'b, R>,
        host: &mut impl Host<Choice = Choice<'b>>,
    ) -> Result<Self, HandshakeError<T::Error>> {
        let driven = drive(&mut transport, &mut handshake, host);
        Self::opened(transport, &mut handshake, driven)
    }

    /// Creates a handshake in `place`, with the default provider, and runs it there; the stream then replaces it. This
    /// needs less stack than [`Handshake::new`] and [`open`](Self::open), by one copy of the connection.
    ///
    /// A connection that is still in `place` is dropped, and its buffers with it: [take](StreamPlace::take_buffers) them
    /// first.
    ///
    /// # Errors
    /// Those of [`Handshake::new`], which lose `buffers`, and those of [`open`](Self::open), after which the buffers can be
    /// [taken](StreamPlace::take_buffers) out of the place.
    #[inline(never)]
    pub fn establish<'p>(
        place: &'p mut StreamPlace<'b, T, R>,
        mut transport: T,
        config: &'b R::Config<'b>,
        buffers: Buffers<'b>,
        entropy: Entropy,
        host: &mut impl Host<Choice = Choice<'b>>,
    ) -> Result<&'p mut Self, HandshakeError<T::Error>>
    where
        R::Provider: Default,
    {
        let handshake = place.begin(config, buffers, entropy);
        let handshake = handshake.map_err(|error| HandshakeError { stage: Stage::ClientHello, cause: error.into() })?;
        let driven = drive(&mut transport, handshake, host);
        place.end(transport, driven)
    }

    /// Announces that we will send no more data (`close_notify`, RFC 9846 section 6.1), and waits until that is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    pub fn close(&mut self) -> Result<(), Failure<T::Error>> {
        self.session.close();
        self.flush()
    }

    /// Ends the session with `alert`, see [`Session::reject`], and waits until that is sent.
    ///
    /// # Errors
    /// If it cannot be sent.
    ///
    /// [`Session::reject`]: crate::Session::reject
    pub fn reject(&mut self, alert: AlertDescription) -> Result<(), Failure<T::Error>> {
        self.session.reject(alert);
        self.flush()
    }

    /// On a client: reads until the server has accepted or rejected our certificate, and returns the status, see
    /// [`Session::client_auth`]: [`Presented`](ClientAuthStatus::Presented) if application data or the end arrived
    /// first. No data is lost: the next read returns it.
    ///
    /// If the server sends neither tickets nor unsolicited data, this waits as long as the transport does. There are no
    /// retries: a rejection is an error, and the caller decides what follows.
    ///
    /// # Errors
    /// The server's alert, see [`ConnectionFailure::refusal`], or another failure of the connection.
    ///
    /// [`Session::client_auth`]: crate::Session::client_auth
    /// [`ConnectionFailure::refusal`]: crate::ConnectionFailure::refusal
    pub fn confirm(&mut self) -> Result<ClientAuthStatus, Failure<T::Error>> {
        let (transport, mut pump) = self.pump(|session| session.client_auth() != ClientAuthStatus::Presented);
        carry(transport, &mut pump, &mut ())?;
        Ok(self.session.client_auth())
    }
}

/// Moves bytes until the connection asks a question or is ready.
pub(super) fn carry<'b, T: Read + Write, M: Machine<'b>>(
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

/// Runs a handshake until it is complete. After an error of the transport another call continues where it stopped, if
/// the transport still works.
///
/// # Errors
/// The error, after the host was informed and the alert was sent, if the transport accepted it.
pub fn drive<'b, T: Read + Write, R: Side>(
    transport: &mut T,
    handshake: &mut Handshake<'b, R>,
    host: &mut impl Host<Choice = Choice<'b>>,
) -> Result<(), Failure<T::Error>> {
    // An earlier call may have failed in a flush.
    let mut unflushed = true;
    let mut pump = Pump::until(handshake, &mut unflushed, |_| false);
    let cause = loop {
        let carried = carry(transport, &mut pump, &mut trace_to(host));
        match carried {
            Ok(Io::Ask(question)) => pump.ask(question, host),
            Ok(_) => return Ok(()),
            Err(cause) => break cause,
        }
    };
    report(handshake, &cause, |failure| host.failed(failure));
    Err(cause)
}
