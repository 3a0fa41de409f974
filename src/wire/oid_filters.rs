//! `oid_filters` of CertificateRequest (RFC 9846 section 4.3.5): the extensions that the client's certificate has to
//! contain, with their values.

#[cfg(test)]
use crate::codec::Writer;
use crate::codec::{Reader, read_all};
use crate::error::{Error, InvalidMessage};
use crate::limits::MAX_COMPARED_EXTENSIONS;

/// The list, as encoded in the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OidFilters<'a>(&'a [u8]);

/// One filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OidFilter<'a> {
    /// The content of the object identifier of the extension.
    pub(crate) oid: &'a [u8],
    /// DER of the values; empty: any.
    pub(crate) values: &'a [u8],
}

impl<'a> OidFilters<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let list = Self(read_all(body, Reader::vec16)?);
        let mut reader = Reader::new(list.0);
        let mut count = 0;
        while !reader.is_empty() {
            let filter = OidFilter::parse(&mut reader)?;
            if filter.oid.is_empty() {
                return Err(InvalidMessage::EmptyVector.into());
            }
            // "Any given OID MUST NOT appear more than once in the filters list." The first of them are compared, so that
            // the work grows with the length of the list.
            if list.iter().take(count.min(MAX_COMPARED_EXTENSIONS)).any(|before| before.oid == filter.oid) {
                return Err(InvalidMessage::DuplicateExtension.into());
            }
            count += 1;
        }
        Ok(list)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = OidFilter<'a>> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || OidFilter::parse(&mut reader).ok())
    }
}

impl<'a> OidFilter<'a> {
    fn parse(reader: &mut Reader<'a>) -> Result<Self, InvalidMessage> {
        let oid = reader.vec8()?;
        let values = reader.vec16()?;
        // The list holds identifiers "represented in DER-encoded [X690] format", with tag and length; the
        // content alone is understood as well, since it cannot be mistaken for anything else.
        let content = match oid {
            [0x06, len, content @ ..] if usize::from(*len) == content.len() => content,
            _ => oid,
        };
        Ok(Self { oid: content, values })
    }

    /// Writes the identifier in DER, as servers do: those of this crate send no filters.
    #[cfg(test)]
    fn emit(self, w: &mut Writer<'_>) {
        w.vec8(|w| {
            w.u8(0x06);
            w.vec8(|w| w.bytes(self.oid));
        });
        w.vec16(|w| w.bytes(self.values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// digitalSignature, clientAuth.
    const FILTERS: &[u8] = &[
        0, 28, 5, 6, 3, 0x55, 0x1d, 15, 0, 4, 3, 2, 7, 0x80, 3, 0x55, 0x1d, 37, 0, 10, 0x30, 8, 6, 6, 1, 2, 3, 4, 5, 6,
    ];

    #[test]
    fn identifiers_are_read_with_and_without_their_tag() {
        let filters = OidFilters::parse(FILTERS).unwrap();
        let expected = [
            OidFilter { oid: &[0x55, 0x1d, 15], values: &[3, 2, 7, 0x80] },
            OidFilter { oid: &[0x55, 0x1d, 37], values: &[0x30, 8, 6, 6, 1, 2, 3, 4, 5, 6] },
        ];
        assert!(filters.iter().eq(expected));
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        writer.vec16(|w| expected.iter().for_each(|filter| filter.emit(w)));
        assert!(OidFilters::parse(writer.written()).unwrap().iter().eq(expected));
        assert_eq!(OidFilters::parse(&[0, 0]).unwrap().iter().count(), 0);
    }

    #[test]
    fn a_duplicate_or_empty_identifier_is_rejected() {
        let twice = [0, 15, 5, 6, 3, 0x55, 0x1d, 15, 0, 0, 3, 0x55, 0x1d, 15, 0, 1, 9];
        assert!(OidFilters::parse(&twice).is_err(), "cut");
        let twice = [0, 14, 5, 6, 3, 0x55, 0x1d, 15, 0, 0, 3, 0x55, 0x1d, 15, 0, 0];
        assert_eq!(OidFilters::parse(&twice), Err(InvalidMessage::DuplicateExtension.into()));
        assert_eq!(OidFilters::parse(&[0, 3, 0, 0, 0]), Err(InvalidMessage::EmptyVector.into()));
        assert_eq!(OidFilters::parse(&[0, 3, 1, 0, 0]), Err(InvalidMessage::Truncated.into()));
        let many: std::vec::Vec<u8> = (0..=64).flat_map(|kind| [1, kind, 0, 0]).collect();
        assert_eq!(OidFilters::parse(&[&[1, 4][..], &many].concat()).map(|list| list.iter().count()), Ok(65));
        let twice = [&[1, 8][..], &many, &many[..4]].concat();
        assert_eq!(OidFilters::parse(&twice), Err(InvalidMessage::DuplicateExtension.into()));
    }
}
