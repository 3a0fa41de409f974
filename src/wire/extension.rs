//! Extension blocks and the parts that several messages share (RFC 9846 section 4.3).

use super::enums::{ExtensionType, NamedGroup, SignatureScheme};
use crate::codec::{Reader, Writer, read_all};
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::limits::MAX_COMPARED_EXTENSIONS;

/// TLS 1.3 in `supported_versions`.
pub(crate) const TLS13: u16 = 0x0304;
/// `legacy_version` of every hello and record.
pub(crate) const LEGACY_VERSION: u16 = 0x0303;

/// The messages that carry an extension block, in the order of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the list follows the RFC, not our use of it")]
pub(crate) enum Message {
    ClientHello,
    HelloRetryRequest,
    ServerHello,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    NewSessionTicket,
}

impl ExtensionType {
    /// Returns whether the table of RFC 9846 section 4.3 specifies this extension for `message`; `None` for an
    /// extension that this crate does not recognize.
    ///
    /// RFC 9846 sections 4.3.5, 4.3.6 and 4.3.9.
    pub(crate) const fn allowed_in(self, message: Message) -> Option<bool> {
        use Message::{
            Certificate, CertificateRequest, ClientHello, EncryptedExtensions, HelloRetryRequest, NewSessionTicket,
            ServerHello,
        };
        Some(match self {
            Self::SERVER_NAME
            | Self::MAX_FRAGMENT_LENGTH
            | Self::SUPPORTED_GROUPS
            | Self::APPLICATION_LAYER_PROTOCOL_NEGOTIATION
            | Self::RECORD_SIZE_LIMIT => matches!(message, ClientHello | EncryptedExtensions),
            Self::STATUS_REQUEST | Self::SIGNED_CERTIFICATE_TIMESTAMP => {
                matches!(message, ClientHello | CertificateRequest | Certificate)
            }
            Self::SIGNATURE_ALGORITHMS | Self::SIGNATURE_ALGORITHMS_CERT | Self::CERTIFICATE_AUTHORITIES => {
                matches!(message, ClientHello | CertificateRequest)
            }
            Self::OID_FILTERS => matches!(message, CertificateRequest),
            Self::KEY_SHARE | Self::SUPPORTED_VERSIONS => {
                matches!(message, ClientHello | ServerHello | HelloRetryRequest)
            }
            Self::COOKIE => matches!(message, ClientHello | HelloRetryRequest),
            Self::PRE_SHARED_KEY => matches!(message, ClientHello | ServerHello),
            Self::PSK_KEY_EXCHANGE_MODES | Self::POST_HANDSHAKE_AUTH => matches!(message, ClientHello),
            Self::EARLY_DATA => matches!(message, ClientHello | EncryptedExtensions | NewSessionTicket),
            _ => return None,
        })
    }

    /// Rejects a recognized extension that is not specified for `message`, a request; an unrecognized one is ignored.
    ///
    /// RFC 9846 section 4.3: "If an implementation receives an extension which it recognizes and which is not
    /// specified for the message in which it appears, it MUST abort the handshake with an '`illegal_parameter`' alert."
    pub(crate) fn check_allowed_in(self, message: Message) -> Result<(), Error> {
        match self.allowed_in(message) {
            Some(false) => Err(InvalidMessage::IllegalValue.into()),
            Some(true) | None => Ok(()),
        }
    }

    /// Returns the error for an extension in `message`, a response, that responds to nothing that we have sent.
    ///
    /// RFC 9846 section 4.3: an `unsupported_extension`, unless [`Self::check_allowed_in`] rejects it.
    pub(crate) fn unsolicited_in(self, message: Message) -> Error {
        self.check_allowed_in(message).err().unwrap_or(PeerMisbehaved::UnsolicitedExtension.into())
    }
}

/// A cursor over the extensions of a block.
///
/// RFC 9846 section 4.3: "There MUST NOT be more than one extension of the same type in a given
/// extension block." Of the types from 64 on, none of which this crate knows, the first
/// [`MAX_COMPARED_EXTENSIONS`] are compared, so that the work grows with the length of the block.
pub(crate) struct Extensions<'a> {
    rest: Reader<'a>,
    low: u64,
    high: [u16; MAX_COMPARED_EXTENSIONS],
    count: usize,
}

impl<'a> Extensions<'a> {
    pub(crate) const fn new(block: &'a [u8]) -> Self {
        Self { rest: Reader::new(block), low: 0, high: [0; MAX_COMPARED_EXTENSIONS], count: 0 }
    }

    /// Reads the next extension; `None` at the end of the block.
    #[inline(never)] // once for all messages
    pub(crate) fn next(&mut self) -> Result<Option<(ExtensionType, &'a [u8])>, InvalidMessage> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let kind = self.rest.u16()?;
        let body = self.rest.vec16()?;
        if self.is_repeated(kind) {
            Err(InvalidMessage::DuplicateExtension)
        } else {
            Ok(Some((ExtensionType(kind), body)))
        }
    }

    fn is_repeated(&mut self, kind: u16) -> bool {
        if let Some(bit) = 1_u64.checked_shl(kind.into()) {
            let is_repeated = self.low & bit != 0;
            self.low |= bit;
            return is_repeated;
        }
        let is_repeated = self.high.iter().take(self.count).any(|&other| other == kind);
        if let Some(place) = self.high.get_mut(self.count) {
            *place = kind;
            self.count += 1;
        }
        is_repeated
    }
}

/// RFC 9846 sections 4.2.2 and 4.2.3: "opaque `legacy_session_id`<0..32>", and the same for its echo.
pub(crate) const fn check_session_id(session_id: &[u8]) -> Result<(), InvalidMessage> {
    if session_id.len() > 32 { Err(InvalidMessage::VectorTooLong) } else { Ok(()) }
}

/// Writes one extension.
pub(crate) fn write(w: &mut Writer<'_>, kind: ExtensionType, body: impl FnOnce(&mut Writer<'_>)) {
    w.u16(kind.0);
    w.vec16(body);
}

/// A list of two-byte code points, as encoded in a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CodePoints<'a>(&'a [u8]);

impl<'a> CodePoints<'a> {
    /// Parses all of `bytes` as a list; an empty list and an odd length are errors.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, InvalidMessage> {
        match bytes.len() {
            0 => Err(InvalidMessage::EmptyVector),
            len if len % 2 != 0 => Err(InvalidMessage::Truncated),
            _ => Ok(Self(bytes)),
        }
    }

    /// Parses the body of an extension that is such a list with a two-byte length.
    pub(crate) fn parse_vec16(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        Self::parse(read_all(body, Reader::vec16)?)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = u16> + 'a {
        self.0.chunks_exact(2).filter_map(|pair| pair.first_chunk().map(|pair| u16::from_be_bytes(*pair)))
    }

    pub(crate) fn contains(self, value: u16) -> bool {
        self.iter().any(|other| other == value)
    }
}

/// Writes the body of `supported_groups`.
pub(crate) fn write_groups(w: &mut Writer<'_>, groups: &[NamedGroup]) {
    write(w, ExtensionType::SUPPORTED_GROUPS, |w| w.vec16(|w| groups.iter().for_each(|group| w.u16(group.0))));
}

/// Writes `signature_algorithms`, or `signature_algorithms_cert`.
pub(crate) fn write_signature_schemes(w: &mut Writer<'_>, kind: ExtensionType, schemes: &[SignatureScheme]) {
    write(w, kind, |w| w.vec16(|w| schemes.iter().for_each(|scheme| w.u16(scheme.0))));
}

/// A key share of a hello (RFC 9846 section 4.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyShareEntry<'a> {
    pub(crate) group: NamedGroup,
    pub(crate) key_exchange: &'a [u8],
}

impl<'a> KeyShareEntry<'a> {
    pub(crate) fn parse(reader: &mut Reader<'a>) -> Result<Self, InvalidMessage> {
        let group = NamedGroup(reader.u16()?);
        let key_exchange = reader.vec16()?;
        if key_exchange.is_empty() {
            return Err(InvalidMessage::EmptyVector);
        }
        Ok(Self { group, key_exchange })
    }

    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        w.u16(self.group.0);
        w.vec16(|w| w.bytes(self.key_exchange));
    }
}

/// `ProtocolNameList` (RFC 7301 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProtocolNames<'a>(&'a [u8]);

impl<'a> ProtocolNames<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        let list = read_all(body, Reader::vec16)?;
        if list.is_empty() {
            return Err(InvalidMessage::EmptyVector);
        }
        let mut reader = Reader::new(list);
        while !reader.is_empty() {
            // "Empty strings MUST NOT be included".
            if reader.vec8()?.is_empty() {
                return Err(InvalidMessage::EmptyVector);
            }
        }
        Ok(Self(list))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || reader.vec8().ok())
    }

    pub(crate) fn emit(w: &mut Writer<'_>, names: &[&[u8]]) {
        write(w, ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, |w| {
            w.vec16(|w| names.iter().for_each(|name| w.vec8(|w| w.bytes(name))));
        });
    }
}

/// `certificate_authorities`: a list of DER-encoded names (RFC 9846 section 4.3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DistinguishedNames<'a>(&'a [u8]);

impl<'a> DistinguishedNames<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        let list = read_all(body, Reader::vec16)?;
        if list.is_empty() {
            return Err(InvalidMessage::EmptyVector);
        }
        let mut reader = Reader::new(list);
        while !reader.is_empty() {
            if reader.vec16()?.is_empty() {
                return Err(InvalidMessage::EmptyVector);
            }
        }
        Ok(Self(list))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || reader.vec16().ok())
    }

    pub(crate) fn emit(w: &mut Writer<'_>, names: impl Iterator<Item = &'a [u8]>) {
        write(w, ExtensionType::CERTIFICATE_AUTHORITIES, |w| {
            w.vec16(|w| names.for_each(|name| w.vec16(|w| w.bytes(name))));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of extensions.
    fn count(block: &[u8]) -> Result<usize, InvalidMessage> {
        let mut extensions = Extensions::new(block);
        let mut count = 0;
        while extensions.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    #[test]
    fn a_duplicate_extension_is_rejected_even_if_unknown() {
        let block = [0xfa, 0xfa, 0, 0, 0, 1, 0, 0, 0xfa, 0xfa, 0, 0];
        assert_eq!(count(&block), Err(InvalidMessage::DuplicateExtension));
    }

    #[test]
    fn a_block_may_hold_any_number_of_extensions_and_none_twice_that_matters() {
        let all: std::vec::Vec<u8> = (0..16_383).flat_map(|kind: u16| [kind.to_be_bytes(), [0, 0]].concat()).collect();
        assert_eq!(count(&all), Ok(16_383));
        for known in [0_u16, 41, 51, 63] {
            let block = [&all[..], &known.to_be_bytes(), &[0, 0]].concat();
            assert_eq!(count(&block), Err(InvalidMessage::DuplicateExtension), "{known}");
        }
    }

    #[test]
    fn the_table_of_extensions_is_that_of_rfc_9846_section_4_3() {
        const MESSAGES: [(Message, &str); 7] = [
            (Message::ClientHello, "CH"),
            (Message::HelloRetryRequest, "HRR"),
            (Message::ServerHello, "SH"),
            (Message::EncryptedExtensions, "EE"),
            (Message::CertificateRequest, "CR"),
            (Message::Certificate, "CT"),
            (Message::NewSessionTicket, "NST"),
        ];
        const TABLE: [(&str, u16, &str); 18] = [
            ("server_name", 0, "CH, EE"),
            ("max_fragment_length", 1, "CH, EE"),
            ("status_request", 5, "CH, CR, CT"),
            ("supported_groups", 10, "CH, EE"),
            ("signature_algorithms", 13, "CH, CR"),
            ("application_layer_protocol_negotiation", 16, "CH, EE"),
            ("signed_certificate_timestamp", 18, "CH, CR, CT"),
            ("record_size_limit", 28, "CH, EE"),
            ("pre_shared_key", 41, "CH, SH"),
            ("early_data", 42, "CH, EE, NST"),
            ("supported_versions", 43, "CH, HRR, SH"),
            ("cookie", 44, "CH, HRR"),
            ("psk_key_exchange_modes", 45, "CH"),
            ("certificate_authorities", 47, "CH, CR"),
            ("oid_filters", 48, "CR"),
            ("post_handshake_auth", 49, "CH"),
            ("signature_algorithms_cert", 50, "CH, CR"),
            ("key_share", 51, "CH, HRR, SH"),
        ];
        for kind in (0..=u16::MAX).map(ExtensionType) {
            let row = TABLE.iter().find(|(_, value, _)| *value == kind.0);
            let allowed = MESSAGES.map(|(message, _)| kind.allowed_in(message));
            let Some((name, _, messages)) = row else {
                assert_eq!(allowed, [None; 7], "{kind}");
                continue;
            };
            assert_eq!(kind.name(), Some(*name));
            let expected = MESSAGES.map(|(_, short)| Some(messages.split(", ").any(|other| other == short)));
            assert_eq!(allowed, expected, "{name}");
        }
    }

    #[test]
    fn a_display_name_changes_no_alert() {
        let unsupported = Error::from(PeerMisbehaved::UnsolicitedExtension);
        // The one has a name to be displayed, the other has none, and neither is recognized.
        assert!(ExtensionType::PADDING.name().is_some() && ExtensionType(0xfafa).name().is_none());
        for kind in [ExtensionType::PADDING, ExtensionType(0xfafa)] {
            for message in [Message::ServerHello, Message::EncryptedExtensions, Message::Certificate] {
                assert_eq!(kind.unsolicited_in(message), unsupported);
            }
            for message in [Message::CertificateRequest, Message::NewSessionTicket] {
                assert_eq!(kind.check_allowed_in(message), Ok(()));
            }
        }
        assert_eq!(ExtensionType::COOKIE.unsolicited_in(Message::ServerHello), InvalidMessage::IllegalValue.into());
        assert_eq!(ExtensionType::EARLY_DATA.unsolicited_in(Message::EncryptedExtensions), unsupported);
    }

    #[test]
    fn protocol_names_must_not_be_empty() {
        assert_eq!(ProtocolNames::parse(&[0, 1, 0]), Err(InvalidMessage::EmptyVector));
        let names = ProtocolNames::parse(&[0, 4, 1, b'a', 1, b'b']).unwrap();
        assert!(names.iter().eq([&b"a"[..], b"b"]));
    }

    #[test]
    fn code_points_have_names_and_numbers() {
        assert_eq!(CodePoints::parse(&[1, 2, 3]), Err(InvalidMessage::Truncated));
        assert_eq!(CodePoints::parse(&[]), Err(InvalidMessage::EmptyVector));
        assert!(CodePoints::parse(&[1, 2, 3, 4]).unwrap().contains(0x0304));
    }
}
