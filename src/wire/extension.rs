//! Extension blocks and the parts that several messages share (RFC 9846 section 4.3).

use super::enums::{ExtensionType, NamedGroup, SignatureScheme};
use crate::codec::{Reader, Writer, read_all};
use crate::error::{Error, InvalidMessage};
use crate::limits::MAX_COMPARED_EXTENSIONS;

/// TLS 1.3 in `supported_versions`.
pub(crate) const TLS13: u16 = 0x0304;
/// `legacy_version` of every hello and record.
pub(crate) const LEGACY_VERSION: u16 = 0x0303;

/// Calls `each` for every extension of a block with its body.
///
/// RFC 9846 section 4.3: "There MUST NOT be more than one extension of the same type in a given
/// extension block." Of the types from 64 on, none of which this crate knows, the first
/// [`MAX_COMPARED_EXTENSIONS`] are compared, so that the work grows with the length of the block.
pub(crate) fn for_each<'a>(
    block: &'a [u8],
    mut each: impl FnMut(ExtensionType, &'a [u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut low = 0_u64;
    let mut high = [0_u16; MAX_COMPARED_EXTENSIONS];
    let mut count = 0;
    let mut reader = Reader::new(block);
    while !reader.is_empty() {
        let kind = reader.u16()?;
        let body = reader.vec16()?;
        let is_repeated = if let Some(bit) = 1_u64.checked_shl(kind.into()) {
            let is_repeated = low & bit != 0;
            low |= bit;
            is_repeated
        } else {
            let is_repeated = high.iter().take(count).any(|&other| other == kind);
            if let Some(place) = high.get_mut(count) {
                *place = kind;
                count += 1;
            }
            is_repeated
        };
        if is_repeated {
            return Err(InvalidMessage::DuplicateExtension.into());
        }
        each(ExtensionType(kind), body)?;
    }
    Ok(())
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

/// A list of two-byte code points, as it stands in a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CodePoints<'a>(&'a [u8]);

impl<'a> CodePoints<'a> {
    /// Takes the whole of `bytes` as a list; empty and odd ones are errors.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, InvalidMessage> {
        match bytes.len() {
            0 => Err(InvalidMessage::EmptyVector),
            len if len % 2 != 0 => Err(InvalidMessage::Truncated),
            _ => Ok(Self(bytes)),
        }
    }

    /// The body of an extension that is one such list behind a two-byte length.
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

/// A key share as it stands in a hello (RFC 9846 section 4.3.8).
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_that_stands_twice_is_refused_even_if_unknown() {
        let block = [0xfa, 0xfa, 0, 0, 0, 1, 0, 0, 0xfa, 0xfa, 0, 0];
        assert_eq!(for_each(&block, |_, _| Ok(())), Err(InvalidMessage::DuplicateExtension.into()));
    }

    #[test]
    fn a_block_may_hold_any_number_of_extensions_and_none_twice_that_matters() {
        let all: std::vec::Vec<u8> = (0..16_383).flat_map(|kind: u16| [kind.to_be_bytes(), [0, 0]].concat()).collect();
        let mut count = 0;
        let each = |_, _: &[u8]| {
            count += 1;
            Ok(())
        };
        assert_eq!(for_each(&all, each), Ok(()));
        assert_eq!(count, 16_383);
        for known in [0_u16, 41, 51, 63] {
            let block = [&all[..], &known.to_be_bytes(), &[0, 0]].concat();
            assert_eq!(for_each(&block, |_, _| Ok(())), Err(InvalidMessage::DuplicateExtension.into()), "{known}");
        }
    }

    #[test]
    fn protocol_names_must_not_be_empty() {
        assert_eq!(ProtocolNames::parse(&[0, 1, 0]), Err(InvalidMessage::EmptyVector));
        let names = ProtocolNames::parse(&[0, 4, 1, b'a', 1, b'b']).unwrap();
        assert!(names.iter().eq([&b"a"[..], b"b"]));
    }

    #[test]
    fn code_points_come_in_pairs() {
        assert_eq!(CodePoints::parse(&[1, 2, 3]), Err(InvalidMessage::Truncated));
        assert_eq!(CodePoints::parse(&[]), Err(InvalidMessage::EmptyVector));
        assert!(CodePoints::parse(&[1, 2, 3, 4]).unwrap().contains(0x0304));
    }
}
