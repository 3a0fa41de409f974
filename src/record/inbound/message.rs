//! The message at the front of the handshake stream, which may have lost a part after it was hashed.

use super::Inbound;
use crate::codec::move_to_front;
use crate::crypto::CryptoProvider;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::limits::MESSAGE_HEADER;
use crate::wire::handshake::MessageHeader;
use core::ops::Range;

impl<C: CryptoProvider> Inbound<'_, C> {
    /// Returns the received part of the handshake stream.
    pub(crate) fn handshake(&self) -> &[u8] {
        self.handshake.of(self.buffer)
    }

    /// Returns the header of the message at the front of the handshake stream.
    pub(crate) fn header(&self) -> Option<MessageHeader> {
        MessageHeader::peek(self.handshake())
    }

    /// Returns the message at the front, if it is whole.
    pub(crate) fn message(&self) -> Result<&[u8], Error> {
        let total = self.header().ok_or(InvalidMessage::Truncated)?.total();
        Ok(self.handshake().get(..total).ok_or(InvalidMessage::Truncated)?)
    }

    /// Parses the body of the message at the front, which is whole.
    pub(crate) fn current<'m, M, E: Into<Error>>(
        &'m self,
        parse: impl FnOnce(&'m [u8]) -> Result<M, E>,
    ) -> Result<M, Error> {
        parse(self.body()?).map_err(Into::into)
    }

    /// Returns the body of the message at the front, if it is whole.
    #[inline(never)] // once for all parsers
    fn body(&self) -> Result<&[u8], Error> {
        Ok(self.message()?.get(MESSAGE_HEADER..).ok_or(InvalidMessage::Truncated)?)
    }

    /// Drops the message at the front.
    pub(crate) fn consume_message(&mut self) {
        let total = self.header().map_or(0, MessageHeader::total);
        self.consume(total);
        self.hashed = 0;
    }

    /// Returns the message at the front, if it is whole and ends the sender's flight: anything after it in the same
    /// record was sent before our answer, and so in an unexpected order (RFC 9846 section 4).
    pub(crate) fn last_message(&self) -> Result<&[u8], Error> {
        let message = self.message()?;
        if message.len() < self.handshake.len() { Err(PeerMisbehaved::UnexpectedMessage.into()) } else { Ok(message) }
    }

    /// Returns the first `end` bytes of the message at the front, without those that are in the transcript already.
    pub(crate) fn unhashed(&self, end: usize) -> &[u8] {
        self.handshake().get(self.hashed..end).unwrap_or_default()
    }

    /// Cuts a received `part` out of the message at the front, which is now in the transcript up to the end of the part.
    /// Reduces the `lengths` that include it, given by their ends; each must be large enough.
    pub(crate) fn cut(&mut self, part: Range<usize>, lengths: [usize; 4]) {
        let message = self.handshake.of_mut(self.buffer);
        let count = part.end.wrapping_sub(part.start);
        for end in lengths {
            if let Some(length) = message.get_mut(..end).and_then(<[u8]>::last_chunk_mut) {
                // The byte in front of a length of two bytes stays as it is.
                let [a, b, c] = *length;
                let length_now = u32::from_be_bytes([0, a, b, c]).wrapping_sub(u32::try_from(count).unwrap_or(0));
                let [_, bytes @ ..] = length_now.to_be_bytes();
                *length = bytes;
            }
        }
        move_to_front(message, part.end..message.len(), part.start);
        self.handshake.end = self.handshake.end.wrapping_sub(count);
        self.hashed = part.start;
    }

    /// Returns whether a part of the message at the front was cut out.
    pub(crate) const fn is_cut(&self) -> bool {
        self.hashed > 0
    }
}
