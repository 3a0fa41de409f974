//! Received records, which are opened in place in the borrowed buffer.
//!
//! ```text
//! rx = [ dead | reassembled handshake | dead | opened data | raw records | free ]
//! ```
//! A handshake message may be split over records; its fragments are joined at the front. Application data is borrowed
//! from where it was opened.

mod message;

use super::protect::Protection;
use super::span::Span;
use crate::crypto::CryptoProvider;
use crate::error::{AlertDescription, ApiMisuse, BufferKind, Error, InvalidMessage, PeerMisbehaved};
use crate::limits::{
    MAX_CHANGE_CIPHER_SPEC, MAX_CIPHERTEXT, MAX_EMPTY_RECORDS, MAX_INNER_PLAINTEXT, MAX_PLAINTEXT,
    MAX_SKIPPED_EARLY_DATA, MESSAGE_HEADER, MIN_RECORD_SIZE_LIMIT, RECORD_HEADER, RECORD_OVERHEAD, RECORD_SHARE_OF_RX,
    TAG_LEN,
};
use crate::wire::alert;
use crate::wire::enums::ContentType;
use crate::wire::handshake::MessageHeader;
use crate::wire::record::RecordHeader;
use zeroize::Zeroize;

/// The receiving half of the record layer.
pub(crate) struct Inbound<'b, C: CryptoProvider> {
    buffer: &'b mut [u8],
    handshake: Span,
    data: Span,
    raw: Span,
    /// The longest TLSInnerPlaintext that the peer may send.
    limit: usize,
    /// Bytes of the message at the front of the handshake stream that are dropped unread.
    discard: usize,
    protection: Option<Protection<C>>,
    /// The previous keys, until the current ones have opened a record: for an alert of a peer that has not changed its
    /// keys.
    former: Option<Protection<C>>,
    tolerance: Tolerance,
    eof: bool,
    /// Bytes received since the last count.
    count: usize,
    /// Bytes of the handshake stream that were consumed.
    position: usize,
    /// Bytes of the message at the front that are in the transcript already, since a part behind them was cut out.
    hashed: usize,
    /// The buffer cannot hold the awaited message, or a part of it, regardless of the size of records.
    message_too_large: bool,
}

/// The deviations that are accepted, and how often.
struct Tolerance {
    change_cipher_spec: u8,
    empty_records: u8,
    /// Bytes of 0-RTT data that may still be skipped (RFC 9846 section 4.3.10).
    early_data: usize,
    /// The peer may not have keys yet, and would send its alert in plaintext.
    plaintext_alert: bool,
    /// Application data without content (RFC 9846 section 5.1), which may only come after the handshake.
    empty_data: bool,
}

/// One opened record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// The transport has to deliver more bytes first.
    NeedInput,
    /// More bytes of the handshake stream.
    Handshake,
    /// Application data, see [`Inbound::data`].
    Data,
    Alert(AlertDescription),
}

impl<'b, C: CryptoProvider> Inbound<'b, C> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self {
            buffer,
            handshake: Span::default(),
            data: Span::default(),
            raw: Span::default(),
            limit: MAX_INNER_PLAINTEXT.into(),
            discard: 0,
            protection: None,
            former: None,
            tolerance: Tolerance {
                change_cipher_spec: 0,
                empty_records: MAX_EMPTY_RECORDS,
                early_data: 0,
                plaintext_alert: false,
                empty_data: false,
            },
            eof: false,
            count: 0,
            position: 0,
            hashed: 0,
            message_too_large: false,
        }
    }

    /// Returns the buffer, wiped of decrypted data.
    pub(crate) fn into_buffer(self) -> &'b mut [u8] {
        self.buffer.zeroize();
        self.buffer
    }

    /// Makes space for received bytes by moving what is kept to the front, and returns it.
    pub(crate) fn make_space(&mut self) -> &mut [u8] {
        self.compact();
        self.buffer.get_mut(self.raw.end..).unwrap_or(&mut [])
    }

    /// Records that the transport has written `count` bytes into the [space](Self::make_space).
    pub(crate) fn commit(&mut self, count: usize) -> Result<(), Error> {
        let end = self.raw.end.saturating_add(count);
        if end > self.buffer.len() {
            return Err(ApiMisuse::CommitTooLarge.into());
        }
        self.raw.end = end;
        self.count = self.count.saturating_add(count);
        Ok(())
    }

    /// Returns how many bytes were received since the last call.
    pub(crate) fn take_count(&mut self) -> usize {
        core::mem::take(&mut self.count)
    }

    /// Returns the position of the message at the front in the handshake stream.
    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    /// Records that the transport will deliver no more bytes.
    pub(crate) fn set_eof(&mut self) {
        self.eof = true;
    }

    /// Records that the first ClientHello was sent or received: from now on compatibility records are dropped.
    pub(crate) fn begin_handshake(&mut self) {
        self.tolerance.change_cipher_spec = MAX_CHANGE_CIPHER_SPEC;
    }

    /// Accepts a plaintext alert until the peer's first protected record: the peer may fail before it has keys, and its
    /// alert explains more than a record that cannot be opened.
    pub(crate) fn tolerate_plaintext_alert(&mut self) {
        self.tolerance.plaintext_alert = true;
    }

    /// Skips the 0-RTT data that a client has announced, which this crate never accepts.
    pub(crate) fn skip_early_data(&mut self) {
        self.tolerance.early_data = MAX_SKIPPED_EARLY_DATA;
    }

    /// Ends skipping of 0-RTT data: none can follow a second ClientHello.
    pub(crate) fn end_early_data(&mut self) {
        self.tolerance.early_data = 0;
    }

    /// Changes from the tolerances of a handshake to those of a session.
    pub(crate) fn end_handshake(&mut self) {
        self.tolerance.empty_data = true;
        self.tolerance.change_cipher_spec = 0;
        self.tolerance.early_data = 0;
        self.tolerance.plaintext_alert = false;
    }

    /// Returns the limit of a TLSInnerPlaintext for this buffer: that of TLS, or less.
    #[inline(never)] // asked for in three places
    pub(crate) fn record_size_limit(&self) -> u16 {
        if self.buffer.len() >= MAX_PLAINTEXT + RECORD_OVERHEAD {
            return MAX_INNER_PLAINTEXT;
        }
        let inner = self.buffer.len() / RECORD_SHARE_OF_RX + 1;
        u16::try_from(inner).unwrap_or(MAX_INNER_PLAINTEXT).max(MIN_RECORD_SIZE_LIMIT)
    }

    /// Enforces [`Self::record_size_limit`], to which the peer has agreed.
    ///
    /// RFC 8449 section 4: "A TLS endpoint that receives a record larger than its advertised limit MUST generate a fatal
    /// '`record_overflow`' alert".
    pub(crate) fn limit_records(&mut self) {
        self.limit = self.record_size_limit().into();
    }

    /// Sets the next keys. Only at a message boundary.
    ///
    /// RFC 9846 section 5.1: "Handshake messages MUST NOT span key changes. Implementations MUST
    /// verify that all messages immediately preceding a key change align with a record boundary".
    pub(crate) fn set_protection(&mut self, protection: Protection<C>) -> Result<(), Error> {
        if self.handshake.is_empty() && self.discard == 0 {
            self.protection = Some(protection);
            Ok(())
        } else {
            Err(PeerMisbehaved::KeyChangeInsideMessage.into())
        }
    }

    /// Drops the keys of a connection that has failed.
    pub(crate) fn forget_keys(&mut self) {
        self.protection = None;
        self.former = None;
    }

    /// Sets the keys that follow a server's Finished, and keeps the previous ones for its alerts.
    ///
    /// A server changes its keys with its Finished (RFC 9846 section 7.3). Mbed TLS, for example, does so only at the
    /// end of the handshake, and therefore sends its alert about a rejected client under the handshake keys.
    pub(crate) fn set_application_protection(&mut self, protection: Protection<C>) -> Result<(), Error> {
        let former = self.protection.take();
        self.set_protection(protection)?;
        self.former = former;
        Ok(())
    }

    /// Makes the header of the next message available; `None` if it has not been received yet.
    pub(crate) fn receive_header(&mut self) -> Result<Option<MessageHeader>, Error> {
        self.receive(MESSAGE_HEADER)?;
        Ok(self.header())
    }

    /// Makes at least `count` bytes of the handshake stream available.
    pub(crate) fn receive(&mut self, count: usize) -> Result<bool, Error> {
        while self.handshake.len() < count {
            self.message_too_large = !self.could_hold(count);
            let received = if self.message_too_large { Err(too_small(0)) } else { self.next_record() };
            match received.map_err(|error| self.or_size_for(count, error))? {
                Received::Handshake => {}
                Received::NeedInput => return Ok(false),
                Received::Data => return Err(PeerMisbehaved::UnexpectedMessage.into()),
                Received::Alert(description) => return Err(Error::AlertReceived(description)),
            }
        }
        Ok(true)
    }

    /// Asks for a buffer in which a message of `count` bytes fits too, if it was too small.
    #[cold]
    fn or_size_for(&self, count: usize, error: Error) -> Error {
        let Error::BufferTooSmall { need, .. } = error else { return error };
        let enough = if self.protection.is_some() && self.limit < MAX_INNER_PLAINTEXT.into() {
            // Wherever records end whose content takes half of the buffer.
            count.saturating_add(RECORD_HEADER + TAG_LEN).saturating_mul(RECORD_SHARE_OF_RX).saturating_sub(1)
        } else {
            count.saturating_add(self.overhead())
        };
        too_small(enough.max(need.into()))
    }

    /// Returns whether the buffer was too small for a message, or a part of one, as opposed to a record.
    pub(crate) const fn is_message_too_large(&self) -> bool {
        self.message_too_large
    }

    /// Returns whether the buffer can ever hold a message of `total` bytes.
    pub(crate) const fn could_hold(&self, total: usize) -> bool {
        total.saturating_add(self.overhead()) <= self.buffer.len()
    }

    /// Returns the number of bytes that a record has besides its content.
    const fn overhead(&self) -> usize {
        if self.protection.is_some() { RECORD_OVERHEAD } else { RECORD_HEADER }
    }

    /// Returns whether the buffer holds a message of `total` bytes wherever the records of the peer end: all but its last
    /// byte, and behind them the longest record.
    pub(crate) const fn holds_in_any_records(&self, total: usize) -> bool {
        total.saturating_add(self.limit).saturating_add(RECORD_HEADER + TAG_LEN) <= self.buffer.len().saturating_add(1)
    }

    /// Drops `count` bytes of the handshake stream.
    pub(crate) fn consume(&mut self, count: usize) {
        self.position = self.position.wrapping_add(count);
        self.handshake.consume(count);
    }

    /// Drops the next `count` bytes of the handshake stream, including those not yet received.
    pub(crate) fn discard(&mut self, count: usize) {
        let here = count.min(self.handshake.len());
        self.consume(here);
        self.discard = count.saturating_sub(here);
    }

    /// Drops the received part of the handshake stream.
    pub(crate) fn discard_handshake(&mut self) {
        self.handshake.consume(usize::MAX);
    }

    /// Returns the application data that is not yet consumed.
    pub(crate) fn data(&self) -> &[u8] {
        self.data.of(self.buffer)
    }

    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        self.data.of_mut(self.buffer)
    }

    pub(crate) const fn has_data(&self) -> bool {
        !self.data.is_empty()
    }

    pub(crate) fn consume_data(&mut self, count: usize) {
        self.data.consume(count);
    }

    /// Opens the next record that is not to be ignored.
    pub(crate) fn next_record(&mut self) -> Result<Received, Error> {
        loop {
            let Some(header) = self.raw.of(self.buffer).first_chunk::<RECORD_HEADER>() else {
                return self.need_input(RECORD_HEADER);
            };
            let header = RecordHeader::parse(*header);
            Self::check_header(header)?;
            let total = usize::from(header.length).saturating_add(RECORD_HEADER);
            if self.raw.len() < total {
                return self.need_input(total);
            }
            let record = Span::new(self.raw.start, self.raw.start.saturating_add(total));
            self.raw.consume(total);
            if let Some((content_type, content)) = self.open(header, record)?
                && let Some(received) = self.deliver(content_type, content)?
            {
                return Ok(received);
            }
        }
    }

    fn need_input(&mut self, record: usize) -> Result<Received, Error> {
        self.check_capacity(self.handshake.len().saturating_add(record))?;
        // RFC 9846 section 6.1: an end without close_notify is a truncation.
        if self.eof { Err(Error::ConnectionTruncated) } else { Ok(Received::NeedInput) }
    }

    fn check_capacity(&self, need: usize) -> Result<(), Error> {
        if need <= self.buffer.len() { Ok(()) } else { Err(too_small(need)) }
    }

    /// Checks type and length (RFC 9846 sections 5.1 and 5.2).
    ///
    /// RFC 9846 appendix E.5.
    fn check_header(header: RecordHeader) -> Result<(), Error> {
        let limit = match header.content_type {
            ContentType::HANDSHAKE | ContentType::ALERT | ContentType::CHANGE_CIPHER_SPEC => MAX_PLAINTEXT,
            ContentType::APPLICATION_DATA => MAX_CIPHERTEXT,
            // "If a TLS implementation receives an unexpected record type, it MUST terminate the
            // connection with an 'unexpected_message' alert."
            _ => return Err(InvalidMessage::UnknownType.into()),
        };
        if usize::from(header.length) > limit {
            return Err(InvalidMessage::RecordTooLong.into());
        }
        Ok(())
    }

    /// Returns content type and position of the content of one whole record; `None` for a record to ignore.
    fn open(&mut self, header: RecordHeader, record: Span) -> Result<Option<(ContentType, Span)>, Error> {
        let fragment = Span::new(record.start.saturating_add(RECORD_HEADER), record.end);
        match (header.content_type, &mut self.protection) {
            (ContentType::CHANGE_CIPHER_SPEC, _) => self.ignore_change_cipher_spec(fragment).map(|()| None),
            (ContentType::APPLICATION_DATA, Some(_)) => self.open_protected(record),
            (ContentType::APPLICATION_DATA, None) => {
                // After a HelloRetryRequest, 0-RTT data may still be in transit (RFC 9846 section 4.3.10).
                if !self.inside_message() && self.skip_as_early_data(record) {
                    Ok(None)
                } else {
                    Err(PeerMisbehaved::WrongEpoch.into())
                }
            }
            (ContentType::ALERT, Some(_)) if self.tolerance.plaintext_alert => Ok(Some((ContentType::ALERT, fragment))),
            (_, Some(_)) => Err(PeerMisbehaved::WrongEpoch.into()),
            (content_type, None) => Ok(Some((content_type, fragment))),
        }
    }

    /// RFC 9846 section 5: "An implementation may receive an unencrypted record of type
    /// `change_cipher_spec` consisting of the single byte value 0x01 at any time after the first
    /// ClientHello message has been sent or received and before the peer's Finished message has
    /// been received and MUST simply drop it without further processing."
    fn ignore_change_cipher_spec(&mut self, fragment: Span) -> Result<(), Error> {
        if fragment.of(self.buffer) != [1] || self.inside_message() {
            return Err(PeerMisbehaved::UnexpectedMessage.into());
        }
        self.tolerance.change_cipher_spec =
            self.tolerance.change_cipher_spec.checked_sub(1).ok_or(PeerMisbehaved::TooManyChangeCipherSpec)?;
        Ok(())
    }

    fn open_protected(&mut self, record: Span) -> Result<Option<(ContentType, Span)>, Error> {
        let Some(protection) = &mut self.protection else { return Err(PeerMisbehaved::WrongEpoch.into()) };
        let bytes = record.of_mut(self.buffer);
        let Some((header, fragment)) = bytes.split_first_chunk_mut::<RECORD_HEADER>() else {
            return Err(InvalidMessage::Truncated.into());
        };
        // RFC 9846 section 5.2: a fragment too short for a tag cannot be opened either.
        let Some((inner, tag)) = fragment.split_last_chunk_mut::<TAG_LEN>() else {
            return if self.skip_as_early_data(record) { Ok(None) } else { Err(Error::DecryptFailed) };
        };
        let mut by_former = false;
        if let Err(error) = protection.open(header, inner, tag) {
            by_former = self.former.as_mut().is_some_and(|former| former.open(header, inner, tag).is_ok());
            if !by_former {
                return if error == Error::DecryptFailed && self.skip_as_early_data(record) {
                    Ok(None)
                } else {
                    Err(error)
                };
            }
        }
        self.tolerance.early_data = 0;
        self.tolerance.plaintext_alert = false;
        // RFC 9846 section 5.4: "If a receiving implementation does not find a non-zero octet in the
        // cleartext, it MUST terminate the connection with an 'unexpected_message' alert."
        let at = inner.iter().rposition(|&byte| byte != 0).ok_or(PeerMisbehaved::UnexpectedMessage)?;
        let content_type = inner.get(at).map_or(ContentType(0), |&byte| ContentType(byte));
        if by_former && content_type != ContentType::ALERT {
            return Err(Error::DecryptFailed);
        }
        self.former = None;
        if inner.len() > self.limit {
            return Err(InvalidMessage::RecordTooLong.into());
        }
        let start = record.start.saturating_add(RECORD_HEADER);
        Ok(Some((content_type, Span::new(start, start.saturating_add(at)))))
    }

    /// Returns whether a record that cannot be opened is 0-RTT data to skip.
    fn skip_as_early_data(&mut self, record: Span) -> bool {
        match self.tolerance.early_data.checked_sub(record.len()) {
            Some(left) => {
                self.tolerance.early_data = left;
                true
            }
            None => false,
        }
    }

    /// Returns whether a handshake message is incomplete.
    const fn inside_message(&self) -> bool {
        !self.handshake.is_empty() || self.discard > 0
    }

    fn deliver(&mut self, content_type: ContentType, content: Span) -> Result<Option<Received>, Error> {
        // RFC 9846 section 5.1: "Handshake messages MUST NOT be interleaved with other record types." A fatal alert is
        // allowed, since nothing follows it: a peer that cannot finish its message, for example because its key failed,
        // reports why.
        let inside = self.inside_message();
        if inside && content_type != ContentType::HANDSHAKE && content_type != ContentType::ALERT {
            return Err(PeerMisbehaved::UnexpectedMessage.into());
        }
        match content_type {
            ContentType::HANDSHAKE => self.reassemble(content),
            // RFC 9846 section 5.4: a zero-length Alert, like a zero-length Handshake, is an unexpected_message.
            ContentType::ALERT if content.is_empty() => Err(InvalidMessage::EmptyRecord.into()),
            ContentType::ALERT => {
                let description = alert::parse(content.of(self.buffer))?;
                if inside && !description.is_fatal() {
                    return Err(PeerMisbehaved::UnexpectedMessage.into());
                }
                // RFC 9846 section 6.1: user_canceled is followed by close_notify and has no effect of its own.
                if description == AlertDescription::USER_CANCELED {
                    return self.count_empty().map(|()| None);
                }
                Ok(Some(Received::Alert(description)))
            }
            ContentType::APPLICATION_DATA if content.is_empty() && self.tolerance.empty_data => {
                self.count_empty().map(|()| None)
            }
            ContentType::APPLICATION_DATA => {
                self.tolerance.empty_records = MAX_EMPTY_RECORDS;
                self.data = content;
                Ok(Some(Received::Data))
            }
            // RFC 9846 section 5: a protected change_cipher_spec, too, is an unexpected_message.
            _ => Err(PeerMisbehaved::UnexpectedMessage.into()),
        }
    }

    fn reassemble(&mut self, mut content: Span) -> Result<Option<Received>, Error> {
        // RFC 9846 section 5.1: "Implementations MUST NOT send zero-length fragments of Handshake types".
        if content.is_empty() {
            return Err(InvalidMessage::EmptyRecord.into());
        }
        let dropped = self.discard.min(content.len());
        self.discard = self.discard.saturating_sub(dropped);
        content.consume(dropped);
        if content.is_empty() {
            return Ok(None);
        }
        if self.handshake.is_empty() {
            self.handshake = content;
        } else {
            self.handshake.end = content.move_to(self.buffer, self.handshake.end).end;
        }
        Ok(Some(Received::Handshake))
    }

    fn count_empty(&mut self) -> Result<(), Error> {
        self.tolerance.empty_records =
            self.tolerance.empty_records.checked_sub(1).ok_or(PeerMisbehaved::TooManyEmptyRecords)?;
        Ok(())
    }

    /// Moves the remaining bytes to the front if less than half of the buffer is free behind them.
    fn compact(&mut self) {
        if !self.data.is_empty() {
            return;
        }
        if self.handshake.is_empty() {
            self.handshake = Span::default();
        }
        if self.raw.is_empty() {
            self.raw = Span::new(self.handshake.end, self.handshake.end);
        }
        if self.buffer.len().saturating_sub(self.raw.end) < self.buffer.len() / 2 {
            self.handshake = self.handshake.move_to(self.buffer, 0);
            self.raw = self.raw.move_to(self.buffer, self.handshake.end);
        }
    }
}

fn too_small(need: usize) -> Error {
    Error::too_small(BufferKind::Rx, need)
}
