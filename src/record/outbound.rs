//! Records to send: messages are written into the borrowed buffer and sealed in place.
//!
//! ```text
//! tx = [ sent | sealed, to be sent | open record: header, plaintext | free | room for an alert ]
//! ```
//! Several messages share a record, and one may take several where the peer limits them. A message that does not fit
//! waits until the transport has taken what is sealed; Certificate and CertificateRequest, which may be larger than any
//! buffer, leave in parts.

use super::protect::Protection;
use super::span::Span;
use crate::codec::Writer;
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, ApiMisuse, BufferKind, Error};
#[cfg(feature = "post-handshake-auth")]
use crate::limits::RECORD_OVERHEAD;
use crate::limits::{ALERT_RESERVE, MAX_PLAINTEXT, MIN_TX, RECORD_HEADER, TAG_LEN};
use crate::wire::alert;
use crate::wire::enums::ContentType;
use crate::wire::record::RecordHeader;
use zeroize::Zeroize;

/// The sending half of the record layer.
pub(crate) struct Outbound<'b, C: CryptoProvider> {
    buffer: &'b mut [u8],
    /// Sealed records that the transport has not taken yet.
    pending: Span,
    /// Plaintext of the open record, behind a gap for its header; empty if none is open.
    open: Span,
    protection: Option<Protection<C>>,
    /// The content that a protected record may have.
    limit: usize,
    /// The first bytes are kept although they are sent: a ClientHello that is still to be hashed.
    hold: bool,
    /// A `change_cipher_spec` record has to leave before the first protected one.
    change_cipher_spec_due: bool,
    /// A flight of handshake messages is being sent, which no other record may interrupt.
    in_flight: bool,
    /// Bytes of application data that were sealed since [`Self::forget_data`].
    data_count: usize,
    /// Bytes that have left since they were counted last.
    count: usize,
}

/// The compatibility record of RFC 9846 appendix E.4, always in the clear.
const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// A message is in the open record, or has to wait until `tx` is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Written {
    Yes,
    AfterTransmit,
}

impl<'b, C: CryptoProvider> Outbound<'b, C> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Result<Self, Error> {
        if buffer.len() < MIN_TX {
            return Err(too_small(MIN_TX));
        }
        Ok(Self {
            buffer,
            pending: Span::default(),
            open: Span::default(),
            protection: None,
            limit: MAX_PLAINTEXT,
            hold: false,
            change_cipher_spec_due: false,
            in_flight: false,
            data_count: 0,
            count: 0,
        })
    }

    /// Returns the buffer, wiped: plaintext that was not sealed is not for its next user.
    pub(crate) fn into_buffer(self) -> &'b mut [u8] {
        self.buffer.zeroize();
        self.buffer
    }

    /// Bytes for the transport.
    pub(crate) fn pending(&self) -> &[u8] {
        self.pending.of(self.buffer)
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.count = self.count.saturating_add(count.min(self.pending.len()));
        self.pending.consume(count);
    }

    /// Returns whether everything that was written is sealed, and leaves without more.
    pub(crate) const fn is_sealed(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns how many bytes have left since this was asked last.
    pub(crate) fn take_count(&mut self) -> usize {
        core::mem::take(&mut self.count)
    }

    /// Keys for everything after this; what is open leaves under the old ones.
    pub(crate) fn set_protection(&mut self, protection: Protection<C>) -> Result<(), Error> {
        self.flush()?;
        self.protection = Some(protection);
        Ok(())
    }

    /// No protected record has more content than this from now on.
    pub(crate) const fn limit_records(&mut self, content: usize) {
        self.limit = content;
    }

    /// Records sealed under the keys of now.
    pub(crate) fn sequence(&self) -> u64 {
        self.protection.as_ref().map_or(0, Protection::sequence)
    }

    /// Appends a handshake message from its byte `sent` on as far as there is room, gives each part to `written`, and
    /// counts it in `sent`. It has to be written again once `tx` is drained, unless it is whole.
    pub(crate) fn parts(
        &mut self,
        sent: &mut usize,
        write: &dyn Fn(&mut Writer<'_>),
        written: &mut dyn FnMut(&[u8]),
    ) -> Result<Written, Error> {
        loop {
            if self.free().is_empty() {
                self.flush()?;
            }
            let free = self.free();
            let mut writer = Writer::window(free.of_mut(self.buffer), *sent);
            write(&mut writer);
            let total = writer.needed();
            let part = writer.written();
            if total == usize::MAX {
                return Err(too_small(total));
            }
            if !part.is_empty() {
                written(part);
                let end = free.start.saturating_add(part.len());
                *sent = sent.saturating_add(part.len());
                self.open = Span::new(self.open_start(), end);
            } else if *sent < total {
                return Ok(Written::AfterTransmit);
            }
            if *sent >= total {
                return Ok(Written::Yes);
            }
        }
    }

    /// Seals the open record, if there is one.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.seal(ContentType::HANDSHAKE)
    }

    /// Returns whether what `write` writes fits now as a whole; fails if it never will.
    pub(crate) fn has_room_for_message(&mut self, write: &dyn Fn(&mut Writer<'_>)) -> Result<bool, Error> {
        let mut counter = Writer::new(&mut []);
        write(&mut counter);
        self.has_room_for(counter.needed())
    }

    /// Returns whether a handshake message of `len` bytes fits now; fails if it never will.
    pub(crate) fn has_room_for(&mut self, len: usize) -> Result<bool, Error> {
        if self.room(len) >= len {
            return Ok(true);
        }
        self.flush()?;
        let missing = len.saturating_sub(self.room(len));
        if missing == 0 {
            return Ok(true);
        }
        if self.pending.is_empty() { Err(too_small(self.buffer.len().saturating_add(missing))) } else { Ok(false) }
    }

    /// Returns how much of a handshake message of `len` bytes fits now, in the open record and, if records are
    /// protected, in more of them.
    fn room(&mut self, len: usize) -> usize {
        let free = self.free();
        let (mut room, mut end) = (free.len(), free.end);
        while room < len && self.protection.is_some() {
            let more = self.record_after(end.saturating_add(self.trailer()));
            if more.is_empty() {
                break;
            }
            room = room.saturating_add(more.len());
            end = more.end;
        }
        room
    }

    /// Checks that a handshake message of `len` bytes fits once everything else is sent.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) fn check_holds(&self, len: usize) -> Result<(), Error> {
        let records = len.div_ceil(self.limit.max(1));
        let overhead = records.saturating_mul(RECORD_OVERHEAD).saturating_add(self.reserve());
        let need = len.saturating_add(overhead);
        if need <= self.buffer.len() { Ok(()) } else { Err(too_small(need)) }
    }

    /// Begins a flight of handshake messages after the handshake: until it ends, there is no room for application data.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) const fn begin_flight(&mut self) {
        self.in_flight = true;
    }

    /// Seals the rest of the flight.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) fn end_flight(&mut self) -> Result<(), Error> {
        self.in_flight = false;
        self.flush()
    }

    /// Returns whether a flight has begun and not ended.
    pub(crate) const fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Returns whether application data was sent since [`Self::forget_data`].
    pub(crate) const fn has_sent_data(&self) -> bool {
        self.data_count != 0
    }

    #[cfg(feature = "post-handshake-auth")]
    pub(crate) const fn forget_data(&mut self) {
        self.data_count = 0;
    }

    /// Returns the room for application data. No handshake record is open then.
    pub(crate) fn data_space(&mut self) -> &mut [u8] {
        self.data_room().of_mut(self.buffer)
    }

    fn data_room(&mut self) -> Span {
        if self.in_flight { Span::default() } else { self.free() }
    }

    /// Seals the first `count` bytes of [`Self::data_space`] as application data.
    pub(crate) fn seal_data(&mut self, count: usize) -> Result<(), Error> {
        let room = self.data_room();
        if count > room.len() {
            return Err(ApiMisuse::CommitTooLarge.into());
        }
        self.open = Span::new(room.start, room.start.saturating_add(count));
        self.data_count = self.data_count.saturating_add(count);
        self.seal(ContentType::APPLICATION_DATA)
    }

    /// Writes an alert behind everything that is sealed. What is open is dropped: no message may be
    /// cut in two by an alert. There is always room.
    pub(crate) fn alert(&mut self, description: AlertDescription) -> Result<(), Error> {
        self.open = Span::default();
        self.precede_protected();
        let start = self.pending.end.saturating_add(RECORD_HEADER);
        let bytes = alert::emit(description);
        self.open = Span::new(start, start.saturating_add(bytes.len()));
        if let Some(place) = self.open.of_mut(self.buffer).first_chunk_mut() {
            *place = bytes;
        }
        self.seal(ContentType::ALERT)
    }

    /// Sends a compatibility record before the first protected record, be that an alert, unless
    /// [`Self::change_cipher_spec`] sends it earlier. There is always room.
    pub(crate) const fn owe_change_cipher_spec(&mut self) {
        self.change_cipher_spec_due = true;
    }

    /// Writes the compatibility record behind everything that is sealed, if it is due.
    pub(crate) fn change_cipher_spec(&mut self) {
        self.compact();
        if !self.change_cipher_spec_due || !self.open.is_empty() {
            return;
        }
        let record = Span::new(self.pending.end, self.pending.end.saturating_add(CHANGE_CIPHER_SPEC.len()));
        if let Some(place) = record.of_mut(self.buffer).first_chunk_mut() {
            *place = CHANGE_CIPHER_SPEC;
            self.pending.end = record.end;
            self.change_cipher_spec_due = false;
        }
    }

    /// RFC 9846 appendix E.4: the compatibility record comes before the first protected record of each side.
    fn precede_protected(&mut self) {
        if self.protection.is_some() {
            self.change_cipher_spec();
        }
    }

    /// Keeps the ClientHello in the open record in place until [`Self::release_hello`].
    pub(crate) fn hold_hello(&mut self) {
        self.hold = true;
    }

    /// The ClientHello that was held.
    pub(crate) fn held_hello(&self) -> &[u8] {
        Span::new(RECORD_HEADER, self.pending.end).of(self.buffer)
    }

    pub(crate) fn release_hello(&mut self) {
        self.hold = false;
    }

    /// Returns the start of the plaintext of the open record, or of the next one.
    const fn open_start(&self) -> usize {
        if self.open.is_empty() { self.pending.end.saturating_add(RECORD_HEADER) } else { self.open.start }
    }

    /// Returns the space for more plaintext of the same record.
    fn free(&mut self) -> Span {
        self.compact();
        self.precede_protected();
        let record = self.record_after(self.open_start().saturating_sub(RECORD_HEADER));
        if self.open.is_empty() { record } else { Span::new(self.open.end, record.end.max(self.open.end)) }
    }

    /// Returns the space for the plaintext of a record that begins at `at` with its header.
    fn record_after(&self, at: usize) -> Span {
        let start = at.saturating_add(RECORD_HEADER);
        let limit = if self.protection.is_some() { self.limit } else { MAX_PLAINTEXT };
        let buffer_end = self.buffer.len().saturating_sub(self.reserve()).saturating_sub(self.trailer());
        Span::new(start, start.saturating_add(limit).min(buffer_end).max(start))
    }

    /// Returns the length of content type and tag, where records are protected.
    const fn trailer(&self) -> usize {
        if self.protection.is_some() { TAG_LEN + 1 } else { 0 }
    }

    /// Returns how many bytes are kept free, so that an error can be reported.
    const fn reserve(&self) -> usize {
        if self.change_cipher_spec_due { ALERT_RESERVE + CHANGE_CIPHER_SPEC.len() } else { ALERT_RESERVE }
    }

    fn seal(&mut self, content_type: ContentType) -> Result<(), Error> {
        if self.open.is_empty() {
            return Ok(());
        }
        let plaintext = core::mem::take(&mut self.open);
        let end = plaintext.end.saturating_add(self.trailer());
        let length = u16::try_from(end.saturating_sub(plaintext.start)).map_err(|_| too_small(MIN_TX))?;
        let outer = if self.protection.is_some() { ContentType::APPLICATION_DATA } else { content_type };
        let header = RecordHeader { content_type: outer, length }.emit();
        let record = Span::new(plaintext.start.saturating_sub(RECORD_HEADER), end).of_mut(self.buffer);
        let Some((head, body)) = record.split_first_chunk_mut::<RECORD_HEADER>() else {
            return Err(too_small(MIN_TX));
        };
        *head = header;
        if let Some(protection) = &mut self.protection {
            let Some((inner, tag)) = body.split_last_chunk_mut::<TAG_LEN>() else { return Err(too_small(MIN_TX)) };
            if let Some(last) = inner.last_mut() {
                *last = content_type.0;
            }
            *tag = protection.seal(&header, inner)?;
        }
        self.pending.end = end;
        Ok(())
    }

    /// Moves what is kept to the front once everything sealed is sent.
    fn compact(&mut self) {
        if self.hold || !self.pending.is_empty() {
            return;
        }
        if !self.open.is_empty() {
            self.open = self.open.move_to(self.buffer, RECORD_HEADER);
        }
        self.pending = Span::default();
    }
}

fn too_small(need: usize) -> Error {
    Error::too_small(BufferKind::Tx, need)
}
