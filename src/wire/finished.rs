//! Finished (RFC 9846 section 4.5.3).

use super::enums::HandshakeType;
use super::handshake;
use crate::codec::Writer;
use crate::error::InvalidMessage;

/// Proof that the sender has the keys of the handshake, and has seen the same messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finished<'a> {
    /// A MAC as long as the hash of the cipher suite.
    pub(crate) verify_data: &'a [u8],
}

impl<'a> Finished<'a> {
    /// Parses the whole body, which has no length field: verification checks its length.
    #[allow(clippy::unnecessary_wraps, reason = "parsed like every other message")]
    pub(crate) const fn parse(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        Ok(Self { verify_data: body })
    }

    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::FINISHED, |w| w.bytes(self.verify_data));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        let message = Finished { verify_data: &[7; 32] };
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        message.emit(&mut writer);
        let written = writer.written();
        assert_eq!(written.len(), 36);
        assert_eq!(Finished::parse(handshake::body(written).unwrap()), Ok(message));
    }
}
