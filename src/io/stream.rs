//! Streams, generic over the kind of driver.

use super::pump::Pump;
use super::{Failure, HandshakeError};
use crate::codec::copy;
use crate::connection::{ConnectionFailure, Handshake, Session};
use crate::handshake::Side;
use core::marker::PhantomData;
use embedded_io::{ErrorKind, ErrorType};

/// A session over a transport. Reads return 0 after the peer has closed; a flush sends everything written so far. If
/// the stream is dropped without `close`, the peer detects a truncation.
///
/// `D` is the driver: see [`blocking::Stream`](super::blocking::Stream) and [`asynch::Stream`](super::asynch::Stream).
pub struct Stream<'b, T, R: Side, D> {
    /// The transport, for its options. Do not read from it or write to it: the session would lose those bytes.
    pub transport: T,
    /// The session: identities, parameters, exporter, key update. Taken out of the stream, it returns its
    /// [buffers](Session::into_buffers).
    pub session: Session<'b, R>,
    /// The transport has accepted bytes that it may still buffer.
    unflushed: bool,
    driver: PhantomData<D>,
}

debug_by_name!("Stream", [T, R: Side, D] Stream<'_, T, R, D>);

impl<'b, T, R: Side, D> Stream<'b, T, R, D> {
    /// Creates a stream from a session and the transport it was negotiated over.
    pub const fn from_parts(transport: T, session: Session<'b, R>) -> Self {
        Self { transport, session, unflushed: false, driver: PhantomData }
    }

    /// Adds a host that answers the session's questions after the handshake: our credential on a client, authorization
    /// on a server. Without one, reads fail with [`ApiMisuse::HostNeeded`](crate::ApiMisuse::HostNeeded) on such a
    /// question; nothing is lost.
    #[cfg(feature = "post-handshake-auth")]
    pub const fn hosted<'s, H>(&'s mut self, host: &'s mut H) -> super::Hosted<'s, Self, H> {
        super::Hosted { stream: self, host }
    }

    /// Creates the stream of a handshake that was driven to its end.
    #[inline(never)] // in a frame of its own, which is not there while the handshake runs
    pub(super) fn opened(
        transport: T,
        handshake: &mut Handshake<'b, R>,
        driven: Result<(), Failure<T::Error>>,
    ) -> Result<Self, HandshakeError<T::Error>>
    where
        T: ErrorType,
    {
        let stage = handshake.stage();
        let session = driven.and_then(|()| Ok(handshake.take_session(|session| session)?));
        session.map(|session| Self::from_parts(transport, session)).map_err(|cause| HandshakeError { stage, cause })
    }

    /// Returns the transport and a pump that runs until everything is sent.
    pub(super) fn drain(&mut self) -> (&mut T, Pump<'_, Session<'b, R>, T::Error>)
    where
        T: ErrorType,
    {
        (&mut self.transport, Pump::drain(&mut self.session, &mut self.unflushed))
    }

    /// Returns the transport and a pump that runs until there is data or the end, or until the condition holds.
    pub(super) fn pump(&mut self, holds: fn(&Session<'b, R>) -> bool) -> (&mut T, Pump<'_, Session<'b, R>, T::Error>)
    where
        T: ErrorType,
    {
        (&mut self.transport, Pump::until(&mut self.session, &mut self.unflushed, holds))
    }

    /// Takes available data; returns 0 at the end.
    pub(super) fn take(&mut self, out: &mut [u8]) -> usize {
        let count = copy(out, self.session.data());
        self.session.consume_data(count);
        count
    }
}

/// Reports to the host why a handshake failed. A reset of the transport counts as its end; after other failures of the
/// transport the handshake may still continue.
#[inline(never)] // in a frame of its own, which is not there while the handshake runs
pub(super) fn report<R: Side, E: embedded_io::Error>(
    handshake: &mut Handshake<'_, R>,
    cause: &Failure<E>,
    tell: impl FnOnce(&ConnectionFailure<'_, '_>),
) {
    if matches!(cause, Failure::Io(error) if !is_broken(error)) {
        return;
    }
    handshake.transport_failed();
    if let Some(failure) = handshake.failure() {
        tell(&failure);
    }
}

/// Returns whether the peer, or a device on the path, has ended the connection. A transport may also fail because of a
/// timeout, or because it was called at the wrong time.
fn is_broken(error: &impl embedded_io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

impl<T: ErrorType, R: Side, D> ErrorType for Stream<'_, T, R, D> {
    type Error = Failure<T::Error>;
}
