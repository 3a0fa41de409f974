//! Certificate extensions (RFC 5280 section 4.2).

use super::{Certificate, ProfileDefect, Within};
use crate::codec::copy;
use crate::der::{self, Malformed, Reader, context, oid};
use crate::error::{CertificateProblem, Malformation};
use crate::limits::MAX_CERTIFICATE_EXTENSIONS;
use crate::role::Role;
use crate::x509::name::constraints::NameConstraints;
use crate::x509::name::general::GeneralNames;
use core::fmt;

/// The extensions of a certificate. Those that are not listed here are skipped, or noted if they are critical.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extensions<'a> {
    pub(in crate::x509) authority_key: Option<KeyHint>,
    pub(in crate::x509) basic_constraints: BasicConstraints,
    pub(in crate::x509) extended_key_usage: Option<Purposes>,
    pub(in crate::x509) key_usage: Option<KeyUsage>,
    pub(in crate::x509) name_constraints: Option<NameConstraints<'a>>,
    pub(in crate::x509) subject_alt_name: Option<GeneralNames<'a>>,
    pub(in crate::x509) subject_key: Option<KeyHint>,
    /// The object identifier of the first extension that is critical and not supported.
    pub(in crate::x509) unknown_critical: Option<&'a [u8]>,
    /// True if the subject alternative name is critical; not kept in a summary.
    pub(in crate::x509) critical_alt_name: bool,
}

/// The basic constraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BasicConstraints {
    pub(in crate::x509) is_ca: bool,
    /// The most CA certificates below that are not self-issued; 255 means 255 or more.
    pub(in crate::x509) path_len: Option<u8>,
}

/// The key usage (RFC 5280 section 4.2.1.3). `Display` lists the names of the bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeyUsage(pub(in crate::x509) u16);

/// The extended key usage (RFC 5280 section 4.2.1.12). `Display` lists the purposes; those that RFC 5280 does not
/// define are `others`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Purposes(pub(in crate::x509) u8);

/// The first bytes of a key identifier (RFC 5280 sections 4.2.1.1 and 4.2.1.2).
///
/// An identifier proves nothing: it only orders the candidates. Four bytes do that as well as twenty; if two of them
/// agree by chance one more signature is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyHint(pub(in crate::x509) [u8; 4]);

impl<'a> Extensions<'a> {
    pub(in crate::x509) const NONE: Self = Self {
        authority_key: None,
        basic_constraints: BasicConstraints { is_ca: false, path_len: None },
        extended_key_usage: None,
        key_usage: None,
        name_constraints: None,
        subject_alt_name: None,
        subject_key: None,
        unknown_critical: None,
        critical_alt_name: false,
    };

    const fn note_critical(&mut self, extension: &Extension<'a>) {
        if extension.critical && self.unknown_critical.is_none() {
            self.unknown_critical = Some(extension.oid);
        }
    }
}

impl<'a> Certificate<'a> {
    /// Parses the content of the `[3] EXPLICIT` field.
    ///
    /// Leaves the value of the extension to blame in `place`, or the object identifier of the one that is repeated.
    pub(super) fn read_extensions(&mut self, field: &'a [u8], place: &mut &'a [u8]) -> Result<(), CertificateProblem> {
        let list = Reader::inside(field, der::SEQUENCE).within(Malformation::Extensions)?;
        let mut reader = list;
        let mut count: u8 = 0;
        let mut written = false;
        // "Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension"
        loop {
            let extension = Extension::parse(&mut reader, &mut written);
            let extension = extension.within(Malformation::Extensions)?;
            if count >= MAX_CERTIFICATE_EXTENSIONS {
                return Err(CertificateProblem::Malformed(Malformation::ExtensionCount));
            }
            // RFC 5280 section 4.2: "A certificate MUST NOT include more than one instance of a
            // particular extension."
            let mut before = list;
            *place = extension.oid;
            for _ in 0..count {
                let earlier = Extension::parse(&mut before, &mut false).within(Malformation::Extensions)?;
                if earlier.oid == extension.oid {
                    return Err(CertificateProblem::DuplicateExtension);
                }
            }
            *place = extension.value;
            self.take(&extension, &mut written).within(field_of(extension.oid))?;
            if reader.is_empty() {
                self.note(written, ProfileDefect::DefaultValue);
                return Ok(());
            }
            count = count.saturating_add(1);
            *place = &[];
        }
    }

    #[inline(never)] // as `read_fields` is
    fn take(&mut self, extension: &Extension<'a>, written: &mut bool) -> Result<(), Malformed> {
        let found = &mut self.extensions;
        let value = extension.value;
        match extension.oid {
            oid::SUBJECT_KEY_IDENTIFIER => {
                let mut reader = Reader::new(value);
                found.subject_key = Some(KeyHint::new(reader.value(der::OCTET_STRING)?));
                reader.finish()?;
                found.note_critical(extension);
            }
            oid::KEY_USAGE => found.key_usage = Some(KeyUsage::parse(value)?),
            oid::SUBJECT_ALT_NAME => {
                found.subject_alt_name = Some(GeneralNames::parse(value)?);
                found.critical_alt_name = extension.critical;
            }
            oid::BASIC_CONSTRAINTS => {
                found.basic_constraints = BasicConstraints::parse(value, written)?;
                let BasicConstraints { is_ca, path_len } = found.basic_constraints;
                // "CAs MUST NOT include the pathLenConstraint field unless the cA boolean is asserted": some do, and
                // it limits nothing.
                self.note(!is_ca && path_len.is_some(), ProfileDefect::PathLength);
                // RFC 5280 sections 4.2.1.9 and 4.2.1.10: "Conforming CAs ... MUST mark this extension as critical".
                self.note(is_ca && !extension.critical, ProfileDefect::Criticality);
            }
            oid::NAME_CONSTRAINTS if cfg!(feature = "any-peer") => {
                let mut period = false;
                found.name_constraints = Some(NameConstraints::parse(value, &mut period)?);
                self.note(!extension.critical, ProfileDefect::Criticality);
                // Section 4.2.1.10 gives mailboxes and URIs a period in front, and dNSNames none.
                self.note(period, ProfileDefect::NameConstraints);
            }
            // A key identifier only orders the search. RFC 5280 sections 4.2.1.1 and 4.2.1.2: "Conforming
            // CAs MUST mark this extension as non-critical"; one that is critical asks for more.
            oid::AUTHORITY_KEY_IDENTIFIER => {
                found.authority_key = authority_key(value)?;
                found.note_critical(extension);
            }
            // policyConstraints and inhibitAnyPolicy. RFC 5280 sections 4.2.1.11 and 4.2.1.14: "Conforming
            // CAs MUST mark this extension as critical". Policies are not processed here, and a limit on
            // them that is ignored would accept what its author refuses. The same holds for name constraints
            // (section 4.2.1.10) in a build that does not process them.
            oid::POLICY_CONSTRAINTS | oid::INHIBIT_ANY_POLICY | oid::NAME_CONSTRAINTS => {
                one_value(value)?;
                found.note_critical(&Extension { critical: true, ..*extension });
            }
            oid::EXTENDED_KEY_USAGE => found.extended_key_usage = Some(Purposes::parse(value)?),
            // certificatePolicies. Every path passes, critical or not: RFC 5280 section 6.1.1 (c) starts with any-policy,
            // and what could require one (section 6.1.5 (g)) is refused below as not understood. Section 4.2.1.4: "If
            // this extension is critical, the path validation software MUST be able to interpret this extension
            // (including the optional qualifier), or MUST reject the certificate."
            oid::CERTIFICATE_POLICIES => {
                one_value(value)?;
                if !has_known_qualifiers(value) {
                    found.note_critical(extension);
                }
            }
            // RFC 5280 section 4.2: "A certificate-using system MUST reject the certificate if it
            // encounters a critical extension it does not recognize". Checked later, on the path, so
            // that such a certificate does no harm where it is not needed.
            _ => {
                // Section 4.2: "the extnValue octet string ... contain[s] the ASN.1 DER encoding of the
                // extension". Private ones hold anything.
                if extension.is_of_profile() {
                    one_value(value)?;
                }
                found.note_critical(extension);
            }
        }
        Ok(())
    }
}

/// Checks that there is one TLV and nothing else.
fn one_value(value: &[u8]) -> Result<(), Malformed> {
    let mut reader = Reader::new(value);
    reader.any()?;
    reader.finish()
}

/// Returns whether a `CertificatePolicies` has no qualifier but those of RFC 5280 section 4.2.1.4, `id-qt-cps` and
/// `id-qt-unotice`, which are for people.
fn has_known_qualifiers(value: &[u8]) -> bool {
    known_qualifiers(value).is_ok()
}

/// Fails at the first other qualifier.
#[inline(never)] // smaller than in the loop over the extensions
fn known_qualifiers(value: &[u8]) -> Result<(), Malformed> {
    let mut policies = Reader::inside(value, der::SEQUENCE)?;
    // "certificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation"
    loop {
        let mut policy = policies.nested(der::SEQUENCE)?;
        policy.value(der::OID)?;
        let mut qualifiers = Reader::new(policy.optional(der::SEQUENCE)?.unwrap_or_default());
        policy.finish()?;
        while !qualifiers.is_empty() {
            let kind = qualifiers.nested(der::SEQUENCE)?.value(der::OID)?;
            if !matches!(kind.strip_prefix(oid::POLICY_QUALIFIERS), Some([1 | 2])) {
                return Err(Malformed);
            }
        }
        if policies.is_empty() {
            return Ok(());
        }
    }
}

/// Returns the field to blame if an extension cannot be parsed.
const fn field_of(oid: &[u8]) -> Malformation {
    match oid {
        oid::SUBJECT_KEY_IDENTIFIER | oid::AUTHORITY_KEY_IDENTIFIER => Malformation::KeyIdentifier,
        oid::KEY_USAGE => Malformation::KeyUsage,
        oid::SUBJECT_ALT_NAME => Malformation::SubjectAltName,
        oid::BASIC_CONSTRAINTS => Malformation::BasicConstraints,
        oid::NAME_CONSTRAINTS => Malformation::NameConstraints,
        oid::EXTENDED_KEY_USAGE => Malformation::ExtendedKeyUsage,
        _ => Malformation::Extension,
    }
}

/// One `Extension`.
#[derive(Clone, Copy)]
pub(crate) struct Extension<'a> {
    pub(in crate::x509) oid: &'a [u8],
    critical: bool,
    pub(in crate::x509) value: &'a [u8],
}

impl<'a> Extension<'a> {
    /// Parses the next of a list. `written` notes a FALSE that is encoded.
    pub(crate) fn parse(reader: &mut Reader<'a>, written: &mut bool) -> Result<Self, Malformed> {
        let mut fields = reader.nested(der::SEQUENCE)?;
        let oid = fields.value(der::OID)?;
        let critical = fields.flag(written)?;
        let value = fields.value(der::OCTET_STRING)?;
        fields.finish()?;
        Ok(Self { oid, critical, value })
    }

    /// Returns whether it is one of id-ce or id-pe, whose values RFC 5280 defines.
    pub(crate) const fn is_of_profile(&self) -> bool {
        matches!(self.oid, [0x55, 0x1d, ..] | [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, ..])
    }
}

impl BasicConstraints {
    fn parse(value: &[u8], written: &mut bool) -> Result<Self, Malformed> {
        let mut fields = Reader::inside(value, der::SEQUENCE)?;
        let is_ca = fields.flag(written)?;
        if fields.is_empty() {
            return Ok(Self { is_ca, path_len: None });
        }
        // "Where it appears, the pathLenConstraint field MUST be greater than or equal to zero."
        let path_len = match fields.unsigned()? {
            &[len] => len,
            _ => u8::MAX,
        };
        fields.finish()?;
        Ok(Self { is_ca, path_len: Some(path_len) })
    }

    /// RFC 5280 section 6.1.4 (k): "verify that the basicConstraints extension is present and that cA is set to TRUE".
    pub(in crate::x509) const fn check_ca(self) -> Result<(), CertificateProblem> {
        if self.is_ca { Ok(()) } else { Err(CertificateProblem::NotACa) }
    }
}

impl KeyUsage {
    fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(value);
        let bits = reader.named_bits()?;
        reader.finish()?;
        // "When the keyUsage extension appears in a certificate, at least one of the bits MUST be
        // set to 1." If none is, the key may be used for nothing.
        Ok(Self(bits))
    }

    /// The bit digitalSignature.
    pub(crate) const DIGITAL_SIGNATURE: Self = Self(0x8000);
    /// The bit keyCertSign.
    pub(crate) const KEY_CERT_SIGN: Self = Self(0x0400);

    /// Checks that the key may sign. RFC 9846 section 4.5.1.2: "the digitalSignature bit MUST be set if the Key Usage
    /// extension is present".
    pub(in crate::x509) const fn check_digital_signature(usage: Option<Self>) -> Result<(), CertificateProblem> {
        match usage {
            Some(usage) if usage.0 & Self::DIGITAL_SIGNATURE.0 == 0 => Err(CertificateProblem::MissingDigitalSignature),
            _ => Ok(()),
        }
    }

    /// RFC 5280 section 6.1.4 (n): "If a key usage extension is present, verify that the keyCertSign bit is set."
    pub(in crate::x509) const fn check_cert_sign(usage: Option<Self>) -> Result<(), CertificateProblem> {
        match usage {
            Some(usage) if !usage.has_cert_sign() => Err(CertificateProblem::MissingCertSign),
            _ => Ok(()),
        }
    }

    pub(super) const fn has_cert_sign(self) -> bool {
        self.0 & Self::KEY_CERT_SIGN.0 != 0
    }
}

impl Purposes {
    const ANY: u8 = 1;
    const SERVER: u8 = 2;
    const CLIENT: u8 = 4;
    const CODE: u8 = 8;
    const EMAIL: u8 = 16;
    const TIME_STAMPING: u8 = 32;
    const OCSP: u8 = 64;
    const OTHER: u8 = 128;

    fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut list = Reader::inside(value, der::SEQUENCE)?;
        let mut purposes = 0;
        // "ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId"
        loop {
            let oid = list.value(der::OID)?;
            purposes |= match oid.strip_prefix(oid::KEY_PURPOSES) {
                Some([1]) => Self::SERVER,
                Some([2]) => Self::CLIENT,
                Some([3]) => Self::CODE,
                Some([4]) => Self::EMAIL,
                Some([8]) => Self::TIME_STAMPING,
                Some([9]) => Self::OCSP,
                None if oid == oid::ANY_PURPOSE => Self::ANY,
                _ => Self::OTHER,
            };
            if list.is_empty() {
                return Ok(Self(purposes));
            }
        }
    }

    /// RFC 5280 section 4.2.1.12: "If the extension is present, then the certificate MUST only be used
    /// for one of the purposes indicated." Checked for each certificate of a path, so that an authority
    /// for one purpose cannot issue for another, as OpenSSL and the browsers do.
    pub(in crate::x509) const fn check(purposes: Option<Self>, role: Role) -> Result<(), CertificateProblem> {
        match purposes {
            Some(purposes) if !purposes.allow(role) => Err(CertificateProblem::ExtendedKeyUsage),
            _ => Ok(()),
        }
    }

    /// Returns whether a peer of this role may use the certificate.
    pub(in crate::x509) const fn allow(self, role: Role) -> bool {
        let wanted = match role {
            Role::Server => Self::SERVER,
            Role::Client => Self::CLIENT,
        };
        self.0 & (wanted | Self::ANY) != 0
    }
}

impl KeyHint {
    #[inline(never)] // smaller than in both callers
    fn new(identifier: &[u8]) -> Self {
        let mut hint = [0; 4];
        copy(&mut hint, identifier);
        Self(hint)
    }
}

/// Writes the names whose flag is set, `none` if there is none.
fn write_names(f: &mut fmt::Formatter<'_>, names: &[&str], is_set: impl Fn(usize) -> bool) -> fmt::Result {
    let mut separator = "";
    for (_, name) in names.iter().enumerate().filter(|(place, _)| is_set(*place)) {
        write!(f, "{separator}{name}")?;
        separator = ", ";
    }
    if separator.is_empty() { f.write_str("none") } else { Ok(()) }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 9] = [
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
            "cRLSign",
            "encipherOnly",
            "decipherOnly",
        ];
        write_names(f, &NAMES, |place| self.0 << place & 0x8000 != 0)
    }
}

impl fmt::Display for Purposes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 8] = [
            "anyExtendedKeyUsage",
            "serverAuth",
            "clientAuth",
            "codeSigning",
            "emailProtection",
            "timeStamping",
            "OCSPSigning",
            "others",
        ];
        write_names(f, &NAMES, |place| self.0 >> place & 1 != 0)
    }
}

/// The `keyIdentifier` of an authority key identifier; its other fields are not used.
fn authority_key(value: &[u8]) -> Result<Option<KeyHint>, Malformed> {
    let mut fields = Reader::inside(value, der::SEQUENCE)?;
    Ok(fields.optional(context(0))?.map(KeyHint::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_length_belongs_to_a_ca_and_is_not_negative() {
        let parse = |value: &[u8]| BasicConstraints::parse(value, &mut false);
        assert_eq!(parse(&[0x30, 0]), Ok(BasicConstraints { is_ca: false, path_len: None }));
        assert_eq!(parse(&[0x30, 3, 1, 1, 0xff]), Ok(BasicConstraints { is_ca: true, path_len: None }));
        let with_len = |len| BasicConstraints { is_ca: true, path_len: Some(len) };
        assert_eq!(parse(&[0x30, 6, 1, 1, 0xff, 2, 1, 0]), Ok(with_len(0)));
        assert_eq!(parse(&[0x30, 7, 1, 1, 0xff, 2, 2, 0, 0x80]), Ok(with_len(128)));
        assert_eq!(parse(&[0x30, 7, 1, 1, 0xff, 2, 2, 1, 0]), Ok(with_len(255)));
        assert_eq!(parse(&[0x30, 6, 1, 1, 0xff, 2, 1, 0x80]), Err(Malformed));
        assert_eq!(parse(&[0x30, 3, 1, 1, 0xff, 0]), Err(Malformed));
        assert_eq!(parse(&[0x30, 8, 1, 1, 0xff, 2, 1, 0, 5, 0]), Err(Malformed));
        // Of no CA.
        assert_eq!(parse(&[0x30, 3, 2, 1, 0]), Ok(BasicConstraints { is_ca: false, path_len: Some(0) }));
        assert_eq!(parse(&[0x30, 3, 1, 1, 0]), Ok(BasicConstraints { is_ca: false, path_len: None }));
    }

    #[test]
    fn policies_are_understood_with_the_qualifiers_of_the_profile() {
        assert!(has_known_qualifiers(&[0x30, 5, 0x30, 3, 6, 1, 42]));
        for (last, known) in [(1, true), (2, true), (3, false)] {
            let qualifier = [0x30, 12, 6, 8, 0x2b, 6, 1, 5, 5, 7, 2, last, 5, 0];
            let value = [&[0x30, 21, 0x30, 19, 6, 1, 42, 0x30, 14][..], &qualifier].concat();
            assert_eq!(has_known_qualifiers(&value), known, "{last}");
        }
        for bad in [&[0x30, 0][..], &[0x30, 2, 0x30, 0], &[5, 0], &[0x30, 7, 0x30, 5, 6, 1, 42, 5, 0]] {
            assert!(!has_known_qualifiers(bad), "{bad:?}");
        }
        let second = [0x30, 12, 0x30, 3, 6, 1, 42, 0x30, 5, 6, 1, 43, 5, 0];
        assert!(!has_known_qualifiers(&second));
    }

    #[test]
    fn a_key_usage_without_a_bit_allows_nothing() {
        assert_eq!(
            KeyUsage::parse(&[3, 2, 7, 0x80]).map(|usage| KeyUsage::check_digital_signature(Some(usage))),
            Ok(Ok(()))
        );
        assert_eq!(KeyUsage::parse(&[3, 2, 1, 0x06]).map(KeyUsage::has_cert_sign), Ok(true));
        assert!(KeyUsage::check_digital_signature(KeyUsage::parse(&[3, 2, 1, 0x06]).ok()).is_err());
        for nothing in [&[3, 2, 0, 0][..], &[3, 1, 0]] {
            let usage = KeyUsage::parse(nothing).unwrap();
            assert_eq!(usage.0, 0, "{nothing:?}");
        }
        assert_eq!(KeyUsage::parse(&[3, 1, 1]), Err(Malformed));
    }

    #[test]
    fn purposes_are_distinguished_and_any_allows_all() {
        let server = Purposes::parse(&[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1]).unwrap();
        assert!(server.allow(Role::Server) && !server.allow(Role::Client));
        let any = Purposes::parse(&[0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0]).unwrap();
        assert!(any.allow(Role::Server) && any.allow(Role::Client));
        let email = Purposes::parse(&[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4]).unwrap();
        assert!(!email.allow(Role::Server) && !email.allow(Role::Client));
        let private = Purposes::parse(&[0x30, 6, 6, 4, 42, 1, 2, 3]).unwrap();
        assert!(!private.allow(Role::Server) && !private.allow(Role::Client));
        assert_eq!(Purposes::parse(&[0x30, 0]), Err(Malformed));
    }

    #[test]
    fn purposes_and_usages_are_written_with_the_names_of_the_profile() {
        use std::string::ToString;
        let written = |last| Purposes::parse(&[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, last]).unwrap().to_string();
        let names = [1, 2, 3, 4, 5, 8, 9].map(written);
        let wanted =
            ["serverAuth", "clientAuth", "codeSigning", "emailProtection", "others", "timeStamping", "OCSPSigning"];
        assert_eq!(names, wanted);
        assert_eq!(KeyUsage::parse(&[3, 2, 1, 0x06]).unwrap().to_string(), "keyCertSign, cRLSign");
        assert_eq!(KeyUsage::parse(&[3, 1, 0]).unwrap().to_string(), "none");
    }

    fn parse(field: &[u8]) -> Result<Extensions<'_>, CertificateProblem> {
        let mut certificate = Certificate::EMPTY;
        certificate.read_extensions(field, &mut &[][..])?;
        Ok(certificate.extensions)
    }

    #[test]
    fn a_duplicate_extension_is_rejected_even_if_unknown() {
        let twice = [0x30, 20, 0x30, 8, 6, 2, 0x2a, 3, 4, 2, 5, 0, 0x30, 8, 6, 2, 0x2a, 3, 4, 2, 5, 0];
        assert_eq!(parse(&twice).unwrap_err(), CertificateProblem::DuplicateExtension);
        let mut other = twice;
        other[17] = 4;
        assert!(parse(&other).is_ok_and(|found| found.unknown_critical.is_none()));
    }

    #[test]
    fn an_empty_list_of_extensions_is_rejected() {
        let empty = CertificateProblem::Malformed(Malformation::Extensions);
        assert_eq!(parse(&[0x30, 0]).unwrap_err(), empty);
    }

    /// An extension with a critical flag, of these bytes.
    fn critical(oid: &[u8], value: &[u8]) -> std::vec::Vec<u8> {
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let fields = [&[6, length(oid)], oid, &[1, 1, 0xff, 4, length(value)], value].concat();
        [&[0x30, length(&fields)], &fields[..]].concat()
    }

    #[test]
    fn the_first_critical_extension_that_is_unknown_is_reported() {
        let list = [critical(&[42, 1], &[5, 0]), critical(&[42, 2], &[5, 0])].concat();
        let field = [&[0x30, u8::try_from(list.len()).unwrap()], &list[..]].concat();
        assert_eq!(parse(&field).unwrap().unknown_critical, Some(&[42, 1][..]));
    }

    #[test]
    fn nothing_follows_the_value_of_an_extension() {
        let malformed = CertificateProblem::Malformed(Malformation::Extension);
        for oid in [oid::POLICY_CONSTRAINTS, oid::INHIBIT_ANY_POLICY, oid::CERTIFICATE_POLICIES, &[0x55, 0x1d, 99]] {
            for (value, problem) in
                [(&[0x30, 0][..], None), (&[0x30, 0, 5, 0], Some(malformed)), (&[], Some(malformed))]
            {
                let extension = critical(oid, value);
                let field = [&[0x30, u8::try_from(extension.len()).unwrap()], &extension[..]].concat();
                assert_eq!(parse(&field).err(), problem, "{oid:?} {value:?}");
            }
        }
    }
}
