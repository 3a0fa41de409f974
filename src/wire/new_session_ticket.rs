//! NewSessionTicket (RFC 9846 section 4.7.1).

#[cfg(any(test, feature = "resumption"))]
use super::enums::HandshakeType;
use super::extension::{Extensions, Message};
#[cfg(any(test, feature = "resumption"))]
use super::handshake;
#[cfg(any(test, feature = "resumption"))]
use crate::codec::Writer;
use crate::codec::{Reader, read_all};
use crate::error::{Error, InvalidMessage};

/// A ticket for resumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "resumption"), allow(dead_code, reason = "only the form is checked"))]
pub(crate) struct NewSessionTicket<'a> {
    /// Seconds; 0 means "discard immediately".
    pub(crate) lifetime: u32,
    /// `ticket_age_add`, which the client adds to the age of the ticket.
    pub(crate) age_add: u32,
    /// `ticket_nonce`, from which the pre-shared key is derived.
    pub(crate) nonce: &'a [u8],
    pub(crate) ticket: &'a [u8],
}

impl<'a> NewSessionTicket<'a> {
    // RFC 9846 section 9.3.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let (ticket, extensions) = read_all(body, |reader: &mut Reader<'a>| {
            let ticket = Self {
                lifetime: reader.u32()?,
                age_add: reader.u32()?,
                nonce: reader.vec8()?,
                ticket: reader.vec16()?,
            };
            if ticket.ticket.is_empty() {
                return Err(InvalidMessage::EmptyVector);
            }
            Ok((ticket, reader.vec16()?))
        })?;
        // "Clients MUST ignore unrecognized extensions."
        let mut extensions = Extensions::new(extensions);
        while let Some((kind, _)) = extensions.next()? {
            kind.check_allowed_in(Message::NewSessionTicket)?;
        }
        Ok(ticket)
    }

    /// Writes a ticket without extensions: without 0-RTT there are none.
    #[cfg(any(test, feature = "resumption"))]
    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::NEW_SESSION_TICKET, |w| {
            w.bytes(&self.lifetime.to_be_bytes());
            w.bytes(&self.age_add.to_be_bytes());
            w.vec8(|w| w.bytes(self.nonce));
            w.vec16(|w| w.bytes(self.ticket));
            w.vec16(|_| {});
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        let ticket = NewSessionTicket { lifetime: 7_200, age_add: 0x0102_0304, nonce: b"nonce", ticket: b"ticket" };
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        ticket.emit(&mut writer);
        assert_eq!(NewSessionTicket::parse(handshake::body(writer.written()).unwrap()), Ok(ticket));
    }

    #[test]
    fn a_ticket_is_checked_for_its_form() {
        let expected = NewSessionTicket { lifetime: 9, age_add: 0x0102_0304, nonce: &[7], ticket: &[5, 6] };
        let ticket = [0, 0, 0, 9, 1, 2, 3, 4, 1, 7, 0, 2, 5, 6, 0, 0];
        assert_eq!(NewSessionTicket::parse(&ticket), Ok(expected));
        assert_eq!(NewSessionTicket::parse(&ticket[..15]), Err(InvalidMessage::Truncated.into()));
        let with = |kind| [&ticket[..14], &[0, 4, 0, kind, 0, 0]].concat();
        assert_eq!(NewSessionTicket::parse(&with(42)), Ok(expected));
        assert_eq!(NewSessionTicket::parse(&with(51)), Err(InvalidMessage::IllegalValue.into()));
        let empty = [0, 0, 0, 9, 1, 2, 3, 4, 1, 7, 0, 0, 0, 0];
        assert_eq!(NewSessionTicket::parse(&empty), Err(InvalidMessage::EmptyVector.into()));
    }
}
