//! The extensions that limit the records of a connection (RFC 8449; RFC 6066 section 4).

use super::enums::ExtensionType;
use super::extension;
use crate::codec::Writer;
use crate::error::InvalidMessage;
use crate::limits::{MAX_PLAINTEXT, MIN_RECORD_SIZE_LIMIT};

/// A limit on protected records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordLimit {
    /// `record_size_limit`: the longest TLSInnerPlaintext (content, type, padding) that its sender receives. Each side
    /// has its own.
    Size(u16),
    /// `max_fragment_length`, 1 to 4: the content has at most 2^9 to 2^12 bytes, in both directions.
    Fragment(u8),
}

impl RecordLimit {
    /// Parses one of the two extensions.
    ///
    /// RFC 8449 section 4: "An endpoint MUST treat receipt of a smaller value as a fatal error and generate an
    /// '`illegal_parameter`' alert." A larger value than that of TLS 1.3 may come from a peer that knows more. RFC 6066
    /// section 4: a value other than the four allowed ones is an `illegal_parameter`.
    pub(crate) fn parse(kind: ExtensionType, body: &[u8]) -> Result<Self, InvalidMessage> {
        match (kind, body) {
            (ExtensionType::RECORD_SIZE_LIMIT, &[high, low]) => match u16::from_be_bytes([high, low]) {
                ..MIN_RECORD_SIZE_LIMIT => Err(InvalidMessage::IllegalValue),
                size => Ok(Self::Size(size)),
            },
            (ExtensionType::MAX_FRAGMENT_LENGTH, &[code @ 1..=4]) => Ok(Self::Fragment(code)),
            (ExtensionType::MAX_FRAGMENT_LENGTH, [_]) => Err(InvalidMessage::IllegalValue),
            _ => Err(InvalidMessage::Truncated),
        }
    }

    /// Returns the `max_fragment_length` nearest to a `record_size_limit`: the largest that is not above it, or the
    /// smallest.
    pub(crate) const fn fragment_for(size: u16) -> Self {
        Self::Fragment(match size {
            0..=1024 => 1,
            1025..=2048 => 2,
            2049..=4096 => 3,
            _ => 4,
        })
    }

    /// Returns how much content a record may have. RFC 8449 section 4: the limit of TLS 1.3 counts the content type.
    pub(crate) fn content(self) -> usize {
        match self {
            Self::Size(size) => usize::from(size).saturating_sub(1).min(MAX_PLAINTEXT),
            Self::Fragment(code) => 0x100_usize.wrapping_shl(code.into()),
        }
    }

    /// Writes the extension.
    pub(crate) fn emit(self, w: &mut Writer<'_>) {
        match self {
            Self::Size(size) => write(w, ExtensionType::RECORD_SIZE_LIMIT, &size.to_be_bytes()),
            Self::Fragment(code) => write(w, ExtensionType::MAX_FRAGMENT_LENGTH, &[code]),
        }
    }
}

fn write(w: &mut Writer<'_>, kind: ExtensionType, body: &[u8]) {
    extension::write(w, kind, |w| w.bytes(body));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_below_64_and_other_lengths_than_two_bytes_are_rejected() {
        let size = |body| RecordLimit::parse(ExtensionType::RECORD_SIZE_LIMIT, body);
        assert_eq!(size(&[0, 63]), Err(InvalidMessage::IllegalValue));
        assert_eq!(size(&[0, 64]), Ok(RecordLimit::Size(64)));
        assert_eq!(size(&[255, 255]), Ok(RecordLimit::Size(0xffff)));
        assert_eq!(size(&[64]), Err(InvalidMessage::Truncated));
        assert_eq!(size(&[0, 64, 0]), Err(InvalidMessage::Truncated));
    }

    #[test]
    fn fragments_have_one_of_four_lengths() {
        for code in 0..=u8::MAX {
            let expected = if (1..=4).contains(&code) {
                Ok(RecordLimit::Fragment(code))
            } else {
                Err(InvalidMessage::IllegalValue)
            };
            assert_eq!(RecordLimit::parse(ExtensionType::MAX_FRAGMENT_LENGTH, &[code]), expected);
        }
        assert!(RecordLimit::parse(ExtensionType::MAX_FRAGMENT_LENGTH, &[]).is_err());
        assert!(RecordLimit::parse(ExtensionType::MAX_FRAGMENT_LENGTH, &[1, 1]).is_err());
    }

    #[test]
    fn content_counts_no_type_and_is_never_more_than_tls_allows() {
        for (limit, content) in [
            (RecordLimit::Size(64), 63),
            (RecordLimit::Size(0x4001), 0x4000),
            (RecordLimit::Size(0xffff), 0x4000),
            (RecordLimit::Fragment(1), 512),
            (RecordLimit::Fragment(4), 4096),
        ] {
            assert_eq!(limit.content(), content, "{limit:?}");
        }
    }

    #[test]
    fn a_fragment_is_the_largest_that_is_not_above_the_size() {
        for (size, code) in [(64, 1), (513, 1), (1024, 1), (1025, 2), (2048, 2), (2049, 3), (4096, 3), (4097, 4)] {
            let fragment = RecordLimit::fragment_for(size);
            assert_eq!(fragment, RecordLimit::Fragment(code), "{size}");
            assert!(code == 1 || fragment.content() < usize::from(size), "{size}");
        }
    }
}
