//! KeyUpdate (RFC 9846 section 4.7.3).

use super::enums::HandshakeType;
use super::handshake;
use crate::codec::{Reader, Writer, read_all};
use crate::error::InvalidMessage;

/// A KeyUpdate, which may request that the peer update its keys, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyUpdate {
    NotRequested,
    Requested,
}

impl KeyUpdate {
    /// RFC 9846 section 4.7.3: "If an implementation receives any other value, it MUST terminate
    /// the connection with an '`illegal_parameter`' alert."
    pub(crate) fn parse(body: &[u8]) -> Result<Self, InvalidMessage> {
        match read_all(body, Reader::u8)? {
            0 => Ok(Self::NotRequested),
            1 => Ok(Self::Requested),
            _ => Err(InvalidMessage::IllegalValue),
        }
    }

    pub(crate) fn emit(self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::KEY_UPDATE, |w| {
            w.u8(match self {
                Self::NotRequested => 0,
                Self::Requested => 1,
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        for message in [KeyUpdate::NotRequested, KeyUpdate::Requested] {
            let mut buffer = [0; 8];
            let mut writer = Writer::new(&mut buffer);
            message.emit(&mut writer);
            assert_eq!(KeyUpdate::parse(handshake::body(writer.written()).unwrap()), Ok(message));
        }
    }

    #[test]
    fn a_key_update_has_two_values() {
        assert_eq!(KeyUpdate::parse(&[0]), Ok(KeyUpdate::NotRequested));
        assert_eq!(KeyUpdate::parse(&[1]), Ok(KeyUpdate::Requested));
        assert_eq!(KeyUpdate::parse(&[2]), Err(InvalidMessage::IllegalValue));
        assert_eq!(KeyUpdate::parse(&[0, 0]), Err(InvalidMessage::TrailingBytes));
    }
}
