//! Single fields of a certificate: of one that cannot be parsed, and those that are not kept of one of ours.

use super::extensions::Extension;
use crate::der::{self, Reader, context, context_constructed};
use crate::x509::name::Name;

/// The number of fields between the version and the subject (RFC 5280 section 4.1).
const BEFORE_SUBJECT: usize = 4;
/// The number of fields between the version and the unique identifiers.
const BEFORE_OPTIONAL: usize = 6;

/// Returns the subject, if at least that can be parsed.
pub(crate) fn subject(certificate: &[u8]) -> Option<Name<'_>> {
    Name::parse(&mut fields_behind(BEFORE_SUBJECT, certificate)?).ok()
}

/// Returns the value of an extension (RFC 5280 section 4.2).
pub(crate) fn extension<'a>(certificate: &'a [u8], oid: &[u8]) -> Option<&'a [u8]> {
    let mut fields = fields_behind(BEFORE_OPTIONAL, certificate)?;
    for unique_identifier in [context(1), context(2)] {
        fields.optional(unique_identifier).ok()?;
    }
    let mut list = fields.nested(context_constructed(3)).ok()?.nested(der::SEQUENCE).ok()?;
    while let Ok(extension) = Extension::parse(&mut list, &mut false) {
        if extension.oid == oid {
            return Some(extension.value);
        }
    }
    None
}

/// Opens the signed part, and skips the version, if it is encoded, and the `count` fields behind it.
fn fields_behind(count: usize, certificate: &[u8]) -> Option<Reader<'_>> {
    let mut fields = Reader::inside(certificate, der::SEQUENCE).ok()?.nested(der::SEQUENCE).ok()?;
    fields.optional(context_constructed(0)).ok()?;
    for _ in 0..count {
        fields.any().ok()?;
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_found_after_unique_identifiers() {
        // Six fields, and both identifiers; an extension of 42 with a NULL.
        let fields = [5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 0, 0x81, 1, 0, 0x82, 1, 0];
        let extensions = [0xa3, 11, 0x30, 9, 0x30, 7, 6, 1, 42, 4, 2, 5, 0];
        let signed = [&fields[..], &extensions].concat();
        let certificate = [&[0x30, 33, 0x30, 31], &signed[..]].concat();
        assert_eq!(extension(&certificate, &[42]), Some(&[5, 0][..]));
        assert_eq!(extension(&certificate, &[43]), None);
    }
}
