//! The header of a handshake message (RFC 9846 section 4).

use super::enums::HandshakeType;
use crate::codec::{Reader, Writer};
use crate::error::InvalidMessage;
use crate::limits::MESSAGE_HEADER;

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
