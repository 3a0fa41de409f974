//! NewSessionTicket (RFC 9846 section 4.7.1).

#[cfg(test)]
use super::enums::{ExtensionType, HandshakeType};
use super::extension::{self, Message};
#[cfg(test)]
use super::handshake;
#[cfg(test)]
use crate::codec::Writer;
use crate::codec::{Reader, read_all};
use crate::error::{Error, InvalidMessage};

/// A ticket for resumption. This crate does not resume; it parses the ticket and drops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewSessionTicket {
    /// Seconds; 0 means "discard immediately".
    pub(crate) lifetime: u32,
}

impl NewSessionTicket {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Error> {
        let (lifetime, extensions) = read_all(body, |reader: &mut Reader<'_>| {
            let lifetime = reader.u32()?;
            let _age_add = reader.u32()?;
            let _nonce = reader.vec8()?;
            if reader.vec16()?.is_empty() {
                return Err(InvalidMessage::EmptyVector);
            }
            Ok((lifetime, reader.vec16()?))
        })?;
        // "Clients MUST ignore unrecognized extensions."
        extension::for_each(extensions, |kind, _| kind.check_allowed_in(Message::NewSessionTicket))?;
        Ok(Self { lifetime })
    }

    /// Writes a ticket without meaning; servers of this crate send none.
    #[cfg(test)]
    fn emit(self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::NEW_SESSION_TICKET, |w| {
            w.bytes(&self.lifetime.to_be_bytes());
            w.bytes(&[1, 2, 3, 4]);
            w.vec8(|w| w.bytes(b"nonce"));
            w.vec16(|w| w.bytes(b"ticket"));
            w.vec16(|w| extension::write(w, ExtensionType::EARLY_DATA, |w| w.bytes(&[0, 0, 0, 5])));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let ticket = NewSessionTicket { lifetime: 7_200 };
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        ticket.emit(&mut writer);
        assert_eq!(NewSessionTicket::parse(handshake::body(writer.written()).unwrap()), Ok(ticket));
    }

    #[test]
    fn a_ticket_is_checked_for_its_form() {
        let ticket = [0, 0, 0, 9, 1, 2, 3, 4, 1, 7, 0, 2, 5, 6, 0, 0];
        assert_eq!(NewSessionTicket::parse(&ticket), Ok(NewSessionTicket { lifetime: 9 }));
        assert_eq!(NewSessionTicket::parse(&ticket[..15]), Err(InvalidMessage::Truncated.into()));
        let with = |kind| [&ticket[..14], &[0, 4, 0, kind, 0, 0]].concat();
        assert_eq!(NewSessionTicket::parse(&with(42)), Ok(NewSessionTicket { lifetime: 9 }));
        assert_eq!(NewSessionTicket::parse(&with(51)), Err(InvalidMessage::IllegalValue.into()));
        let empty = [0, 0, 0, 9, 1, 2, 3, 4, 1, 7, 0, 0, 0, 0];
        assert_eq!(NewSessionTicket::parse(&empty), Err(InvalidMessage::EmptyVector.into()));
    }
}
