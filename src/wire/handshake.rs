//! The header of a handshake message (RFC 9846 section 4).

use super::enums::HandshakeType;
#[cfg(any(test, feature = "resumption"))]
use crate::codec::read_all;
use crate::codec::{Reader, Writer};
use crate::error::InvalidMessage;
use crate::limits::{
    MAX_CERTIFICATE_REQUEST, MAX_CERTIFICATE_VERIFY, MAX_CLIENT_HELLO, MAX_ENCRYPTED_EXTENSIONS, MAX_FINISHED,
    MAX_KEY_UPDATE, MAX_SERVER_HELLO, MAX_TICKET, MESSAGE_HEADER,
};

/// Type and length of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageHeader {
    pub(crate) kind: HandshakeType,
    pub(crate) length: usize,
}

impl MessageHeader {
    /// Returns the header at the start of `bytes`; `None` if there are too few.
    pub(crate) fn peek(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        Some(Self { kind: HandshakeType(reader.u8().ok()?), length: reader.u24().ok()? })
    }

    /// Rejects a length that no message of this type can have, without waiting for the rest or blaming a buffer.
    ///
    /// RFC 9846 section 6.2, `decode_error`: "the length of the message was incorrect".
    pub(crate) const fn check_length(self) -> Result<(), InvalidMessage> {
        let limit = match self.kind {
            HandshakeType::CLIENT_HELLO => MAX_CLIENT_HELLO,
            HandshakeType::SERVER_HELLO => MAX_SERVER_HELLO,
            HandshakeType::NEW_SESSION_TICKET => MAX_TICKET,
            HandshakeType::ENCRYPTED_EXTENSIONS => MAX_ENCRYPTED_EXTENSIONS,
            HandshakeType::CERTIFICATE_REQUEST => MAX_CERTIFICATE_REQUEST,
            HandshakeType::CERTIFICATE_VERIFY => MAX_CERTIFICATE_VERIFY,
            HandshakeType::FINISHED => MAX_FINISHED,
            HandshakeType::KEY_UPDATE => MAX_KEY_UPDATE,
            // A Certificate may have any length that fits its header.
            _ => return Ok(()),
        };
        if self.length > limit { Err(InvalidMessage::MessageTooLong) } else { Ok(()) }
    }

    /// Returns the length of header and body.
    pub(crate) const fn total(self) -> usize {
        self.length.saturating_add(MESSAGE_HEADER)
    }
}

/// Writes a whole message.
pub(crate) fn write(w: &mut Writer<'_>, kind: HandshakeType, body: impl FnOnce(&mut Writer<'_>)) {
    w.u8(kind.0);
    w.vec24(body);
}

/// Skips the header of a message that is known to be whole.
#[cfg(any(test, feature = "resumption"))]
pub(crate) fn body(message: &[u8]) -> Result<&[u8], InvalidMessage> {
    read_all(message, |reader| {
        reader.u8()?;
        reader.vec24()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        let mut buffer = [0; 300];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer, HandshakeType::FINISHED, |w| w.bytes(&[7; 260]));
        let message = writer.written();
        let header = MessageHeader { kind: HandshakeType::FINISHED, length: 260 };
        assert_eq!(MessageHeader::peek(message), Some(header));
        assert_eq!(header.total(), message.len());
        assert_eq!(body(message), Ok(&[7; 260][..]));
        assert_eq!(MessageHeader::peek(&message[..3]), None);
        assert_eq!(body(&message[..263]), Err(InvalidMessage::Truncated));
        assert_eq!(body(&[message, &[0]].concat()), Err(InvalidMessage::TrailingBytes));
    }

    #[test]
    fn a_message_that_is_too_long_for_its_type_is_rejected() {
        let check = |kind, length| MessageHeader { kind, length }.check_length();
        assert_eq!(check(HandshakeType::FINISHED, MAX_FINISHED), Ok(()));
        assert_eq!(check(HandshakeType::FINISHED, MAX_FINISHED + 1), Err(InvalidMessage::MessageTooLong));
        assert_eq!(check(HandshakeType::CERTIFICATE, 0xff_ffff), Ok(()));
    }
}
