//! The header of a record (RFC 9846 section 5.1).

use super::enums::ContentType;
use super::extension::LEGACY_VERSION;
use crate::limits::RECORD_HEADER;

/// Type and length of the fragment; the version is ignored.
///
/// RFC 9846 section 5.1: `legacy_record_version` "MUST be ignored for all purposes".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) content_type: ContentType,
    pub(crate) length: u16,
}

impl RecordHeader {
    // RFC 9846 appendices E and E.2.
    pub(crate) fn parse(bytes: [u8; RECORD_HEADER]) -> Self {
        let [content_type, _, _, high, low] = bytes;
        Self { content_type: ContentType(content_type), length: u16::from_be_bytes([high, low]) }
    }

    // RFC 9846 appendix E.5.
    pub(crate) fn emit(self) -> [u8; RECORD_HEADER] {
        let [major, minor] = LEGACY_VERSION.to_be_bytes();
        let [high, low] = self.length.to_be_bytes();
        [self.content_type.0, major, minor, high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        let header = RecordHeader { content_type: ContentType::HANDSHAKE, length: 0x0102 };
        assert_eq!(header.emit(), [22, 3, 3, 1, 2]);
        assert_eq!(RecordHeader::parse(header.emit()), header);
        assert_eq!(RecordHeader::parse([22, 3, 1, 1, 2]), header, "the version does not matter");
    }
}
