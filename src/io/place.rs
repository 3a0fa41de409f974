//! The memory of a connection over a blocking transport, from its handshake to its end.

use super::blocking::Stream;
use super::{Failure, HandshakeError};
use crate::connection::{Buffers, Handshake};
use crate::error::{ApiMisuse, Error, Stage};
use crate::handshake::Side;
use crate::handshake::entropy::Entropy;
use embedded_io::ErrorType;

/// Memory for one connection: first for its handshake, then for the stream that replaces it. Separate memory for both would
/// take twice as much. It takes about 900 bytes on a 32-bit device, like its [`Handshake`].
///
/// It may be a variable of the program, or a part of its static memory. One place can serve many connections, one after the
/// other.
pub struct StreamPlace<'b, T, R: Side>(Content<'b, T, R>);

debug_by_name!("StreamPlace", [T, R: Side] StreamPlace<'_, T, R>);

/// The content of a place.
#[allow(clippy::large_enum_variant, reason = "the handshake takes the place of the stream")]
enum Content<'b, T, R: Side> {
    Nothing,
    Handshake(Handshake<'b, R>),
    Stream(Stream<'b, T, R>),
}

impl<T, R: Side> Default for StreamPlace<'_, T, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'b, T, R: Side> StreamPlace<'b, T, R> {
    /// Creates a place without a connection.
    pub const fn new() -> Self {
        Self(Content::Nothing)
    }

    /// Ends the connection without sending anything, drops its transport, and returns its buffers, `rx` and `tx` wiped;
    /// `None` if the place is empty. Call [`close`](Stream::close) first to end it properly.
    pub fn take_buffers(&mut self) -> Option<Buffers<'b>> {
        match core::mem::replace(&mut self.0, Content::Nothing) {
            Content::Nothing => None,
            Content::Handshake(handshake) => Some(handshake.into_buffers()),
            Content::Stream(stream) => Some(stream.session.into_buffers()),
        }
    }

    /// Begins a handshake here.
    #[inline(never)] // in a frame of its own, which is not there while the handshake runs
    pub(super) fn begin(
        &mut self,
        config: &'b R::Config<'b>,
        buffers: Buffers<'b>,
        entropy: Entropy,
    ) -> Result<&mut Handshake<'b, R>, Error>
    where
        R::Provider: Default,
    {
        let provider = R::Provider::default();
        let transcript = Handshake::<R>::prepare(provider, config, &buffers)?;
        self.0 = Content::Handshake(Handshake::begin(provider, transcript, config, buffers, entropy));
        match &mut self.0 {
            Content::Handshake(handshake) => Ok(handshake),
            _ => Err(ApiMisuse::HandshakeUnfinished.into()),
        }
    }

    /// Replaces the handshake, which was driven to its end, by its stream.
    #[inline(never)] // as `begin`
    pub(super) fn end(
        &mut self,
        transport: T,
        driven: Result<(), Failure<T::Error>>,
    ) -> Result<&mut Stream<'b, T, R>, HandshakeError<T::Error>>
    where
        T: ErrorType,
    {
        let unfinished =
            HandshakeError { stage: Stage::Done, cause: Failure::Tls(ApiMisuse::HandshakeUnfinished.into()) };
        let Content::Handshake(handshake) = &mut self.0 else { return Err(unfinished) };
        let stage = handshake.stage();
        driven.map_err(|cause| HandshakeError { stage, cause })?;
        // Not by `Stream::opened`, which would move the stream once more: that takes 1.9 KB more stack.
        let stream = handshake.take_session(|session| Content::Stream(Stream::from_parts(transport, session)));
        self.0 = stream.map_err(|error| HandshakeError { stage, cause: error.into() })?;
        match &mut self.0 {
            Content::Stream(stream) => Ok(stream),
            _ => Err(unfinished),
        }
    }
}
