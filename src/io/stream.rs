//! Streams, whatever their calls.

use super::pump::Pump;
use super::{Failure, HandshakeError};
use crate::connection::{ConnectionFailure, Handshake, Session};
use crate::handshake::Side;
use core::marker::PhantomData;
use embedded_io::{ErrorKind, ErrorType};

/// A session over a transport. Reads give 0 when the peer has closed; a flush writes all that was
/// written. Dropped without `close`, the peer sees a truncation.
///
/// `D` is the driver: see [`blocking::Stream`](super::blocking::Stream) and [`asynch::Stream`](super::asynch::Stream).
pub struct Stream<'b, T, R: Side, D> {
    pub(super) transport: T,
    pub(super) session: Session<'b, R>,
    /// The transport has taken bytes that it may still hold back.
    unflushed: bool,
    driver: PhantomData<D>,
}

debug_by_name!("Stream", [T, R: Side, D] Stream<'_, T, R, D>);

impl<'b, T, R: Side, D> Stream<'b, T, R, D> {
    /// A stream of a session and the transport it was negotiated over.
    pub const fn from_parts(transport: T, session: Session<'b, R>) -> Self {
        Self { transport, session, unflushed: false, driver: PhantomData }
    }

    /// The session: identities, parameters, exporter, key update.
    pub const fn session(&self) -> &Session<'b, R> {
        &self.session
    }

    /// The session, for what changes it.
    pub const fn session_mut(&mut self) -> &mut Session<'b, R> {
        &mut self.session
    }

    /// The transport.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// The transport, for its options. What is read from it or written to it here is lost to the session.
    pub const fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Transport and session apart; the session returns the [buffers](Session::into_buffers).
    pub fn into_parts(self) -> (T, Session<'b, R>) {
        (self.transport, self.session)
    }

    /// The same stream, with a host that answers what a session asks after the handshake: on a client who we are, on
    /// a server whether the client is authorized. Without one, such a question ends the stream's reading with
    /// [`ApiMisuse::HostNeeded`](crate::ApiMisuse::HostNeeded), until there is one: nothing is lost.
    #[cfg(feature = "post-handshake-auth")]
    pub const fn hosted<'s, H>(&'s mut self, host: &'s mut H) -> super::Hosted<'s, Self, H> {
        super::Hosted { stream: self, host }
    }

    /// The stream of a handshake that was driven to its end; or reports to the host why it failed. A transport that is
    /// reset counts as one that has ended; one that fails otherwise may go on.
    #[inline(never)] // in a frame of its own, which is not there while the handshake runs
    pub(super) fn opened(
        transport: T,
        mut handshake: Handshake<'b, R>,
        driven: Result<(), Failure<T::Error>>,
        tell: impl FnOnce(&ConnectionFailure<'_, 'b>),
    ) -> Result<Self, HandshakeError<T::Error>>
    where
        T: ErrorType,
    {
        let stage = handshake.stage();
        let cause = match driven {
            Ok(()) => match handshake.into_session() {
                Ok(session) => return Ok(Self::from_parts(transport, session)),
                Err(error) => error.into(),
            },
            Err(cause) => {
                if !matches!(&cause, Failure::Io(error) if !is_broken(error)) {
                    handshake.transport_failed();
                    if let Some(failure) = handshake.failure() {
                        tell(&failure);
                    }
                }
                cause
            }
        };
        Err(HandshakeError { stage, cause })
    }

    /// The transport, and a pump that runs until everything has left.
    pub(super) fn drain(&mut self) -> (&mut T, Pump<'_, Session<'b, R>, T::Error>)
    where
        T: ErrorType,
    {
        (&mut self.transport, Pump::drain(&mut self.session, &mut self.unflushed))
    }

    /// The transport, and a pump that runs until there is data or an end, or until this holds.
    pub(super) fn pump(&mut self, holds: fn(&Session<'b, R>) -> bool) -> (&mut T, Pump<'_, Session<'b, R>, T::Error>)
    where
        T: ErrorType,
    {
        (&mut self.transport, Pump::until(&mut self.session, &mut self.unflushed, holds))
    }

    /// Takes data that is there; 0 at the end.
    pub(super) fn take(&mut self, out: &mut [u8]) -> usize {
        let data = self.session.data();
        let count = data.len().min(out.len());
        if let (Some(out), Some(data)) = (out.get_mut(..count), data.get(..count)) {
            out.copy_from_slice(data);
        }
        self.session.consume_data(count);
        count
    }
}

/// Returns whether the peer, or a device on the path, has ended the connection. A transport may also fail because its
/// time is over or it was called at a bad moment.
fn is_broken(error: &impl embedded_io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

impl<T: ErrorType, R: Side, D> ErrorType for Stream<'_, T, R, D> {
    type Error = Failure<T::Error>;
}
