//! Records to send: messages are written into the borrowed buffer and sealed in place.
//!
//! ```text
//! tx = [ sent | sealed, to be sent | open record: header, plaintext | free | room for an alert ]
//! ```
//! Several messages share a record, and a message may take several records if the peer limits their size. A message
//! that does not fit waits until the transport has accepted the sealed records; ClientHello, ServerHello, Certificate and
//! CertificateRequest, which may be larger than the buffer, are sent in parts.

use super::protect::Protection;
use super::span::Span;
use crate::codec::Writer;
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, ApiMisuse, BufferKind, Error};
#[cfg(any(feature = "post-handshake-auth", feature = "resumption"))]
use crate::limits::RECORD_OVERHEAD;
use crate::limits::{ALERT_RESERVE, MAX_PLAINTEXT, MIN_TX, RECORD_HEADER, TAG_LEN};
use crate::wire::alert;
use crate::wire::enums::ContentType;
use crate::wire::record::RecordHeader;
use zeroize::Zeroize;

/// The sending half of the record layer.
pub(crate) struct Outbound<'b, C: CryptoProvider> {
    buffer: &'b mut [u8],
    /// Sealed records that the transport has not accepted yet.
    pending: Span,
    /// Plaintext of the open record, after a gap for its header; empty if none is open.
    open: Span,
    protection: Option<Protection<C>>,
    /// The content that a protected record may have.
    limit: usize,
    /// The TLSInnerPlaintext of a record is padded to a multiple of this length.
    padding: u16,
    /// A `change_cipher_spec` record has to be sent before the first protected one.
    change_cipher_spec_due: bool,
    /// A flight of handshake messages is being sent, which no other record may interrupt.
    in_flight: bool,
    /// Bytes of application data sealed since [`Self::forget_data`].
    data_count: usize,
    /// Bytes sent since the last count.
    count: usize,
}

/// The compatibility record of RFC 9846 appendix E.4, always in plaintext.
const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// The result of writing: the message is in the open record, or has to wait until `tx` is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Written {
    Yes,
    AfterTransmit,
}

/// Checks that a buffer of this length can hold an alert.
pub(crate) fn check_buffer(len: usize) -> Result<(), Error> {
    if len < MIN_TX { Err(too_small(MIN_TX)) } else { Ok(()) }
}

impl<'b, C: CryptoProvider> Outbound<'b, C> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self {
            buffer,
            pending: Span::default(),
            open: Span::default(),
            protection: None,
            limit: MAX_PLAINTEXT,
            padding: 1,
            change_cipher_spec_due: false,
            in_flight: false,
            data_count: 0,
            count: 0,
        }
    }

    /// Returns the buffer, wiped of plaintext.
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

    /// Returns whether everything written so far is sealed.
    pub(crate) const fn is_sealed(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns how many bytes were sent since the last call.
    pub(crate) fn take_count(&mut self) -> usize {
        core::mem::take(&mut self.count)
    }

    /// Sets the keys for all further records; the open record is sealed with the old ones.
    pub(crate) fn set_protection(&mut self, protection: Protection<C>) -> Result<(), Error> {
        self.flush()?;
        self.protection = Some(protection);
        Ok(())
    }

    /// Drops the keys of a connection that has failed. What is sealed can still be sent.
    pub(crate) fn forget_keys(&mut self) {
        self.protection = None;
    }

    /// Limits the content of further protected records.
    pub(crate) const fn limit_records(&mut self, content: usize) {
        self.limit = content;
    }

    /// Pads records to a multiple of this length from now on.
    pub(crate) const fn pad_records(&mut self, multiple: u16) {
        self.padding = multiple;
    }

    /// Returns the number of records sealed under the current keys.
    pub(crate) fn sequence(&self) -> u64 {
        self.protection.as_ref().map_or(0, Protection::sequence)
    }

    /// Appends as much as fits of a handshake message, beginning at byte `sent`, passes each part to `written`, and
    /// adds its length to `sent`. Unless the message is complete, call this again once `tx` is drained.
    pub(crate) fn parts(
        &mut self,
        sent: &mut usize,
        write: &dyn Fn(&mut Writer<'_>),
        written: &mut dyn FnMut(&[u8]),
    ) -> Result<Written, Error> {
        loop {
            if self.make_room().is_empty() {
                self.flush()?;
            }
            let free = self.make_room();
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

    /// Makes room for what `write` writes as a whole, and returns whether there is; fails if there never will be.
    pub(crate) fn make_room_for_message(&mut self, write: &dyn Fn(&mut Writer<'_>)) -> Result<bool, Error> {
        let mut counter = Writer::new(&mut []);
        write(&mut counter);
        self.make_room_for(counter.needed())
    }

    /// Makes room for a handshake message of `len` bytes by sealing the open record, and returns whether there is; fails if
    /// there never will be.
    pub(crate) fn make_room_for(&mut self, len: usize) -> Result<bool, Error> {
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
        let free = self.make_room();
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
    #[cfg(any(feature = "post-handshake-auth", feature = "resumption"))]
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

    /// Makes room for application data at the front of what is free.
    pub(crate) fn make_data_space(&mut self) {
        self.make_room();
    }

    /// Returns the space for application data: empty while handshake messages are written.
    pub(crate) fn data_space(&self) -> &[u8] {
        self.data_room().of(self.buffer)
    }

    pub(crate) fn data_space_mut(&mut self) -> &mut [u8] {
        self.data_room().of_mut(self.buffer)
    }

    fn data_room(&self) -> Span {
        if self.in_flight || !self.open.is_empty() { Span::default() } else { self.record_after(self.pending.end) }
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

    /// Writes an alert after everything that is sealed. The open record is dropped: an alert must not interrupt a
    /// message. There is always space.
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

    /// Sends a compatibility record before the first protected record, which may be an alert, unless
    /// [`Self::change_cipher_spec`] sends it earlier. There is always space.
    pub(crate) const fn owe_change_cipher_spec(&mut self) {
        self.change_cipher_spec_due = true;
    }

    /// Writes the compatibility record after all sealed records, if it is due.
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

    /// Returns the start of the plaintext of the open record, or of the next one.
    const fn open_start(&self) -> usize {
        if self.open.is_empty() { self.pending.end.saturating_add(RECORD_HEADER) } else { self.open.start }
    }

    /// Moves the open record to the front, writes a compatibility record that is due, and returns the room for more plaintext
    /// of the same record.
    fn make_room(&mut self) -> Span {
        self.compact();
        self.precede_protected();
        let record = self.record_after(self.open_start().saturating_sub(RECORD_HEADER));
        if self.open.is_empty() { record } else { Span::new(self.open.end, record.end.max(self.open.end)) }
    }

    /// Returns the space for the plaintext of a record that begins at `at` with its header.
    ///
    /// RFC 9846 section 5.2.
    ///
    /// RFC 8449 section 4.
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

    // RFC 9846 sections 5, 5.1 and 5.4.
    fn seal(&mut self, content_type: ContentType) -> Result<(), Error> {
        if self.open.is_empty() {
            return Ok(());
        }
        let plaintext = core::mem::take(&mut self.open);
        let padding = self.padding_of(plaintext, content_type);
        let end = plaintext.end.saturating_add(self.trailer()).saturating_add(padding);
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
            let behind = inner.get_mut(plaintext.len()..).unwrap_or_default();
            behind.fill(0);
            if let Some(first) = behind.first_mut() {
                *first = content_type.0;
            }
            *tag = protection.seal(&header, inner)?;
        }
        self.pending.end = end;
        Ok(())
    }

    /// Returns the number of zeros after the content type of a record: as the configuration asks, if the peer's limit and
    /// the buffer allow that. A full record has none.
    fn padding_of(&self, plaintext: Span, content_type: ContentType) -> usize {
        if self.protection.is_none() {
            return 0;
        }
        let reserve = if content_type == ContentType::ALERT { 0 } else { self.reserve() };
        let end = plaintext.end.saturating_add(self.trailer()).saturating_add(reserve);
        let inner = plaintext.len().saturating_add(1);
        let padded = inner.checked_next_multiple_of(self.padding.into()).unwrap_or(inner);
        let most = self.limit.saturating_sub(plaintext.len()).min(self.buffer.len().saturating_sub(end));
        padded.saturating_sub(inner).min(most)
    }

    /// Moves the remaining bytes to the front once all sealed records are sent.
    fn compact(&mut self) {
        if !self.pending.is_empty() {
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
