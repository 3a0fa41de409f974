//! The header of a handshake message (RFC 9846 section 4).

use super::enums::HandshakeType;
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
    /// The header at the start of `bytes`; `None` if they are too few.
    pub(crate) fn peek(bytes: &[u8]) -> Option<Self> {
        let [kind, high, middle, low] = *bytes.first_chunk::<MESSAGE_HEADER>()?;
        let length = u32::from_be_bytes([0, high, middle, low]);
        Some(Self { kind: HandshakeType(kind), length: usize::try_from(length).ok()? })
    }

    /// Refuses a length that no message of this type can have: more of it need not come, and no buffer is too small for it.
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
            // A Certificate may be as long as its header can say.
            _ => return Ok(()),
        };
        if self.length > limit { Err(InvalidMessage::MessageTooLong) } else { Ok(()) }
    }

    /// Header and body in bytes.
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
pub(crate) fn body(message: &[u8]) -> Result<&[u8], InvalidMessage> {
    let mut reader = Reader::new(message);
    reader.u8()?;
    let length = reader.u24()?;
    let body = reader.bytes(usize::try_from(length).map_err(|_| InvalidMessage::MessageTooLong)?)?;
    reader.finish()?;
    Ok(body)
}
