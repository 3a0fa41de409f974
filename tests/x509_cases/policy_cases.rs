//! The tables of what is expected where a program asks for more, or for something else, than RFC 5280 and RFC 9525.

use crate::*;

/// Pins of certificates and keys, in lists of all kinds.
pub(crate) const PINS: &[Row] = &[
    Row("the leaf is pinned", Path(0), |w| (w.pinned, w.trusted) = (vec![Who::Leaf], vec![])),
    Row("the key of the leaf is pinned", Path(0), |w| (w.pinned_keys, w.trusted) = (vec![Who::Leaf], vec![])),
    Row("a pin beside the root", Path(0), |w| w.pinned = vec![Who::Leaf]),
    Row("a pinned key after the root", Path(0), |w| w.pinned_keys = vec![Who::Leaf]),
    Row("an unrelated pin beside the root", Path(3), |w| w.pinned = vec![Who::Stranger]),
    Row("an unrelated pinned key beside the root", Path(3), |w| w.pinned_keys = vec![Who::Stranger]),
    Row("only an unrelated pin", Refused(2, Problem::UnknownIssuer), |w| {
        (w.pinned, w.trusted) = (vec![Who::Stranger], vec![]);
    }),
    Row("the leaf is pinned, and sent alone", Path(0), |w| {
        (w.pinned, w.trusted, w.sent) = (vec![Who::Leaf], vec![], vec![Who::Leaf]);
    }),
    Row("the leaf is pinned, and unrelated certificates are sent with it", Path(0), |w| {
        (w.pinned, w.trusted) = (vec![Who::Leaf], vec![]);
        w.sent = vec![Who::Leaf, Who::Stranger, Who::Expired, Who::Impostor];
    }),
    Row("the leaf is pinned, and the list above it is wrong", Path(0), |w| {
        (w.pinned, w.trusted) = (vec![Who::Leaf], vec![]);
        w.lower(|t| t.patched(b"200101000000Z", b"201301000000Z"));
    }),
    Row("a self-signed leaf is pinned", Path(0), |w| {
        (w.pinned, w.trusted, w.leaf_signs_itself) = (vec![Who::Leaf], vec![], true);
    }),
    Row("a self-signed leaf that is a CA", Path(0), |w| {
        (w.pinned, w.trusted, w.leaf_signs_itself) = (vec![Who::Leaf], vec![], true);
        w.leaf.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        w.leaf(|t| t.key_usages(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign]));
    }),
    Row("a pinned leaf at depth 0", Path(0), |w| (w.pinned, w.max_depth) = (vec![Who::Leaf], 0)),
    Row("a pinned CA does not issue", Refused(2, Problem::UnknownIssuer), |w| {
        (w.pinned, w.trusted) = (vec![Who::Root, Who::Upper, Who::Lower], vec![]);
    }),
    Row("a pinned CA key does not issue", Refused(2, Problem::UnknownIssuer), |w| {
        (w.pinned_keys, w.trusted) = (vec![Who::Root, Who::Upper, Who::Lower], vec![]);
    }),
    Row("a certificate of the same key and names as the pinned one", Refused(2, Problem::UnknownIssuer), |w| {
        (w.pinned, w.trusted) = (vec![Who::Renewed], vec![]);
    }),
    Row("a pinned key outlives its certificate", Path(0), |w| {
        (w.pinned_keys, w.trusted) = (vec![Who::Renewed], vec![]);
    }),
    Row("a pinned leaf that has expired", Refused(0, Problem::Expired), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| t.years(2010, 2020));
    }),
    Row("a pinned key in a certificate that has expired", Refused(0, Problem::Expired), |w| {
        w.pinned_keys = vec![Who::Leaf];
        w.leaf(|t| t.years(2010, 2020));
    }),
    Row("a pinned leaf that is not yet valid", Refused(0, Problem::NotYetValid), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| t.years(2030, 2040));
    }),
    Row("a pinned leaf of the other role", Refused(0, Problem::ExtendedKeyUsage), |w| {
        w.pinned = vec![Who::Leaf];
        let other = w.other_purpose();
        w.leaf(|t| t.purposes(&[other]));
    }),
    Row("a pinned leaf without digitalSignature", Refused(0, Problem::MissingDigitalSignature), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| t.key_usages(&[KeyUsagePurpose::KeyAgreement]));
    }),
    Row("a pinned leaf with an unknown critical extension", Refused(0, Problem::UnknownCriticalExtension), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| t.extension(PRIVATE, true, &[5, 0]));
    }),
    Row("a pinned leaf that is valid for too long", Refused(0, Problem::ValidityTooLong), |w| {
        w.pinned = vec![Who::Leaf];
        w.max_validity_days = Some(398);
    }),
    Row("a pinned leaf that violates the profile, strictly", Refused(0, Problem::MissingKeyIdentifier), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(without_authority_key);
        w.strict = true;
    }),
    Row("a certificate on another curve cannot be pinned", NoAnchor(Problem::UnsupportedKey), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| t.patched(b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01"));
    }),
    Row("a certificate that no peer may send cannot be pinned", NoAnchor(Problem::SerialNumber), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| serial(t, &[0x7f; 21]));
    }),
];

/// The common name of a server, instead of its alternative names.
pub(crate) const COMMON_NAMES: &[Row] = &[
    Row("the common name, without alternative names", Path(3), |w| {
        w.leaf(|t| t.alternatives(&[]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("the common name, beside other alternative names", Path(3), |w| {
        w.leaf(|t| t.alternatives(&[dns("other.example.com")]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("another common name, beside the right alternative name", Refused(0, Problem::CommonNameMismatch), |w| {
        w.common_name = Some(exactly("other.example.com"));
    }),
    Row("a common name inside the permitted names", Path(3), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0bexample.com")));
        w.leaf(|t| t.alternatives(&[]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("a common name outside the permitted names", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0fpartner.example")));
        w.leaf(|t| t.alternatives(&[dns("a.partner.example")]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("a common name that is not a host, below such a CA", Path(3), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0fpartner.example")));
        w.leaf(|t| common_names(t, &["Order Desk 7".into()]).alternatives(&[dns("a.partner.example")]));
        w.common_name = Some(exactly("Order Desk 7"));
    }),
    Row("a common name of one label, below such a CA", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0fpartner.example")));
        w.leaf(|t| common_names(t, &["desk".into()]).alternatives(&[dns("a.partner.example")]));
        w.common_name = Some(exactly("desk"));
    }),
    Row("the common name in another case", Refused(0, Problem::CommonNameMismatch), |w| {
        w.common_name = Some(exactly("SUPPLIER.example.COM"));
    }),
    Row("a literal wildcard", Path(3), |w| {
        w.leaf(|t| common_names(t, &["*.myhost.com".into()]));
        w.common_name = Some(exactly("*.myhost.com"));
    }),
    Row("a literal wildcard is not a pattern", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["abc.myhost.com".into()]));
        w.common_name = Some(exactly("*.myhost.com"));
    }),
    Row("a pattern", Path(3), |w| {
        w.leaf(|t| common_names(t, &["abc.myhost.com".into()]));
        w.common_name = Some(like("*.myhost.com"));
    }),
    Row("a pattern and the parent", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["myhost.com".into()]));
        w.common_name = Some(like("*.myhost.com"));
    }),
    Row("a pattern and two labels", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["a.b.myhost.com".into()]));
        w.common_name = Some(like("*.myhost.com"));
    }),
    Row("a pattern and a wildcard certificate", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["*.myhost.com".into()]));
        w.common_name = Some(like("*.myhost.com"));
    }),
    Row("a wildcard certificate for a name of ours", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["*.myhost.com".into()]));
        w.common_name = Some(exactly("abc.myhost.com"));
    }),
    Row("a zero byte after the common name", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["supplier.example.com\0.evil.example".into()]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("a letter from another alphabet", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["supplier.ex\u{430}mple.com".into()]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("a PrintableString", Path(3), |w| {
        w.leaf(|t| common_names(t, &[DnValue::PrintableString(SERVER_NAME.try_into().unwrap())]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("a BMPString", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &[DnValue::BmpString(SERVER_NAME.try_into().unwrap())]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("the first of two common names", Path(3), |w| {
        w.leaf(|t| common_names(t, &[SERVER_NAME.into(), "other.example.com".into()]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("the second of two common names", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| common_names(t, &["other.example.com".into(), SERVER_NAME.into()]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("no common name", Refused(0, Problem::CommonNameMismatch), |w| {
        w.leaf(|t| t.subject(&[(DnType::OrganizationName, SERVER_NAME.into())]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
    Row("a pinned leaf of another name", Refused(0, Problem::NameMismatch), |w| {
        (w.pinned, w.name) = (vec![Who::Leaf], "other.example.com");
    }),
    Row("a pinned leaf without alternative names", Refused(0, Problem::NameMismatch), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| t.alternatives(&[]));
    }),
    Row("a pinned leaf by its common name", Path(0), |w| {
        w.pinned = vec![Who::Leaf];
        w.leaf(|t| t.alternatives(&[]));
        w.common_name = Some(exactly(SERVER_NAME));
    }),
];
