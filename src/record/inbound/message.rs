//! The message at the front of the handshake stream, which may have lost a part after it was hashed.

use super::{Inbound, Span};
use crate::codec::move_to_front;
use crate::crypto::CryptoProvider;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::limits::{MESSAGE_HEADER, RECORD_HEADER};
use crate::wire::enums::ContentType;
use crate::wire::handshake::MessageHeader;
use crate::wire::record::RecordHeader;
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

    /// Opens the received part of a plaintext record of a handshake message, for which the buffer was `too_small`, and returns
    /// the length of the rest, which becomes a record of its own. `None` if nothing of it has been received yet.
    ///
    /// ```text
    /// raw  [ header | part ]    becomes    [ part | header of the rest ]
    /// ```
    pub(crate) fn split_record(&mut self, too_small: Error) -> Result<Option<u16>, Error> {
        let Some((header, part)) = self.raw.of(self.buffer).split_first_chunk() else { return Err(too_small) };
        let header = RecordHeader::parse(*header);
        let rest = header.length.saturating_sub(u16::try_from(part.len()).unwrap_or(u16::MAX));
        if rest == 0 || header.content_type != ContentType::HANDSHAKE || self.protection.is_some() {
            return Err(too_small);
        }
        if part.is_empty() {
            return self.need_input(RECORD_HEADER + 1).map(|_| None);
        }
        let Span { start, end } = self.raw;
        let part = Span::new(start.saturating_add(RECORD_HEADER), end).move_to(self.buffer, start);
        self.raw = Span::new(part.end, end);
        self.reassemble(part)?;
        if let Some(place) = self.raw.of_mut(self.buffer).first_chunk_mut() {
            *place = RecordHeader { length: rest, ..header }.emit();
        }
        Ok(Some(rest))
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
