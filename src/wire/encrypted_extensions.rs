//! EncryptedExtensions (RFC 9846 section 4.4.1).

use super::enums::{ExtensionType, HandshakeType};
use super::extension::{self, Extensions, Message, ProtocolNames};
use super::handshake;
use super::record_limit::RecordLimit;
use crate::codec::{Reader, Writer, read_all};
use crate::error::{Error, InvalidMessage, PeerMisbehaved};

/// The server's responses that are not associated with certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EncryptedExtensions<'a> {
    /// The selected application protocol.
    pub(crate) protocol: Option<&'a [u8]>,
    /// The server used the name we sent.
    pub(crate) server_name: bool,
    /// The answer to `record_size_limit` or `max_fragment_length`.
    pub(crate) record_limit: Option<RecordLimit>,
}

impl<'a> EncryptedExtensions<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut message = Self { protocol: None, server_name: false, record_limit: None };
        let mut extensions = Extensions::new(read_all(body, Reader::vec16)?);
        while let Some((kind, body)) = extensions.next()? {
            match kind {
                ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => {
                    let mut names = ProtocolNames::parse(body)?.iter();
                    // RFC 7301 section 3.1: the list "MUST contain exactly one ProtocolName".
                    match (names.next(), names.next()) {
                        (Some(name), None) => message.protocol = Some(name),
                        _ => return Err(InvalidMessage::IllegalValue.into()),
                    }
                }
                ExtensionType::SERVER_NAME if body.is_empty() => message.server_name = true,
                ExtensionType::SERVER_NAME => return Err(InvalidMessage::TrailingBytes.into()),
                ExtensionType::RECORD_SIZE_LIMIT | ExtensionType::MAX_FRAGMENT_LENGTH => {
                    // RFC 8449 section 5: "A client MUST treat receipt of both 'max_fragment_length' and
                    // 'record_size_limit' as a fatal error, and it SHOULD generate an 'illegal_parameter' alert."
                    if message.record_limit.replace(RecordLimit::parse(kind, body)?).is_some() {
                        return Err(InvalidMessage::IllegalValue.into());
                    }
                }
                // The server's own preference, for later connections (RFC 9846 section 4.3.7).
                ExtensionType::SUPPORTED_GROUPS => {}
                // Responses that earlier versions sent in their hello, and that were not requested.
                ExtensionType::STATUS_REQUEST | ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => {
                    return Err(PeerMisbehaved::UnsolicitedExtension.into());
                }
                kind => return Err(kind.unsolicited_in(Message::EncryptedExtensions)),
            }
        }
        Ok(message)
    }

    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::ENCRYPTED_EXTENSIONS, |w| {
            w.vec16(|w| {
                if self.server_name {
                    extension::write(w, ExtensionType::SERVER_NAME, |_| {});
                }
                if let Some(limit) = self.record_limit {
                    limit.emit(w);
                }
                if let Some(protocol) = self.protocol {
                    ProtocolNames::emit(w, &[protocol]);
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        for record_limit in [None, Some(RecordLimit::Size(64)), Some(RecordLimit::Fragment(4))] {
            let message = EncryptedExtensions { protocol: Some(b"http/1.1"), server_name: true, record_limit };
            let mut buffer = [0; 64];
            let mut writer = Writer::new(&mut buffer);
            message.emit(&mut writer);
            let len = writer.finish().unwrap();
            assert_eq!(EncryptedExtensions::parse(handshake::body(&buffer[..len]).unwrap()), Ok(message));
        }
    }

    #[test]
    fn an_unknown_answer_is_unsupported_and_a_misplaced_one_illegal() {
        assert_eq!(
            EncryptedExtensions::parse(&[0, 4, 0xfa, 0xfa, 0, 0]),
            Err(PeerMisbehaved::UnsolicitedExtension.into())
        );
        assert_eq!(EncryptedExtensions::parse(&[0, 4, 0, 51, 0, 0]), Err(InvalidMessage::IllegalValue.into()));
    }
}
