//! The tables of what is expected of certificate paths.

use crate::*;
use core::time::Duration;
use embedded_mtls::Malformation as Field;
use rcgen::BasicConstraints;

pub(crate) const LISTS: &[Row] = &[
    Row("a good chain", Path(3), |_| {}),
    Row("a good chain in reverse order", Path(3), |w| w.sent = vec![Who::Leaf, Who::Upper, Who::Lower]),
    Row("the root is sent as well", Path(3), |w| w.sent.push(Who::Root)),
    Row("every certificate twice", Path(3), |w| w.sent.extend(w.sent.clone())),
    Row("an unrelated certificate among them", Path(3), |w| w.sent.insert(1, Who::Stranger)),
    Row("an expired copy first", Path(3), |w| w.sent.insert(1, Who::Expired)),
    Row("an expired copy only", Refused(1, Problem::Expired), |w| w.sent[1] = Who::Expired),
    Row("a CA of the same name first", Path(3), |w| w.sent.insert(1, Who::Impostor)),
    Row("only a CA of the same name", Refused(0, Problem::SignatureInvalid), |w| w.sent[1] = Who::Impostor),
    Row("the lower CA is missing", Refused(0, Problem::UnknownIssuer), |w| w.sent = vec![Who::Leaf, Who::Upper]),
    Row("the upper CA is missing", Refused(1, Problem::UnknownIssuer), |w| w.sent = vec![Who::Leaf, Who::Lower]),
    Row("the leaf alone", Refused(0, Problem::UnknownIssuer), |w| w.sent = vec![Who::Leaf]),
    Row("the root in place of the intermediates", Refused(0, Problem::UnknownIssuer), |w| {
        w.sent = vec![Who::Leaf, Who::Root];
    }),
    Row("no certificate", Refused(0, Problem::Malformed(Field::Missing)), |w| w.sent = vec![]),
    Row("a self-signed leaf", Refused(0, Problem::SelfSigned), |w| w.leaf_signs_itself = true),
];

pub(crate) const ANCHORS: &[Row] = &[
    Row("the upper CA is the anchor", Path(2), |w| w.trusted = vec![Who::Upper]),
    Row("the lower CA is the anchor", Path(1), |w| w.trusted = vec![Who::Lower]),
    Row("all CAs are anchors", Path(1), |w| w.trusted = vec![Who::Root, Who::Upper, Who::Lower]),
    Row("a CA with the name of the root beside it", Path(3), |w| w.trusted = vec![Who::Twin, Who::Root]),
    Row("a CA with the name of the root", Refused(2, Problem::AnchorSignatureInvalid), |w| w.trusted = vec![Who::Twin]),
    Row("an unrelated CA is trusted", Refused(2, Problem::UnknownIssuer), |w| w.trusted = vec![Who::Stranger]),
    Row("no trust anchor", Refused(2, Problem::UnknownIssuer), |w| w.trusted = vec![]),
    Row("an untrusted root", Refused(3, Problem::UntrustedRoot), |w| {
        w.trusted = vec![Who::Stranger];
        w.sent.push(Who::Root);
    }),
    Row("a leaf as an anchor", NoAnchor(Problem::NotACa), |w| w.trusted = vec![Who::Leaf]),
    Row("a root without keyCertSign", NoAnchor(Problem::MissingCertSign), |w| {
        w.root(|t| t.key_usages(&[KeyUsagePurpose::CrlSign]));
    }),
    Row("a root that is not a CA", NoAnchor(Problem::NotACa), |w| w.root.params.is_ca = IsCa::ExplicitNoCa),
    Row("a root with an unknown critical extension", NoAnchor(Problem::UnknownCriticalExtension), |w| {
        w.root(|t| t.extension(PRIVATE, true, &[5, 0]));
    }),
    Row("a root with the serial number 0", Path(3), |w| w.root(|t| serial(t, &[0]))),
    Row("three levels are allowed", Path(3), |w| w.max_depth = 3),
    Row("two levels are allowed", Refused(0, Problem::DepthExceeded), |w| w.max_depth = 2),
];

pub(crate) const VALIDITY: &[Row] = &[
    Row("an expired leaf", Refused(0, Problem::Expired), |w| w.leaf(|t| t.years(2010, 2020))),
    Row("a leaf that is not yet valid", Refused(0, Problem::NotYetValid), |w| w.leaf(|t| t.years(2030, 2040))),
    Row("an expired lower CA", Refused(1, Problem::Expired), |w| w.lower(|t| t.years(2010, 2020))),
    Row("a lower CA that is not yet valid", Refused(1, Problem::NotYetValid), |w| w.lower(|t| t.years(2030, 2040))),
    Row("an expired upper CA", Refused(2, Problem::Expired), |w| w.upper(|t| t.years(2010, 2020))),
    Row("an upper CA that is not yet valid", Refused(2, Problem::NotYetValid), |w| w.upper(|t| t.years(2030, 2040))),
    Row("an expired root", Refused(2, Problem::AnchorExpired), |w| w.root(|t| t.years(2010, 2020))),
    Row("a root that is not yet valid", Refused(2, Problem::AnchorNotYetValid), |w| w.root(|t| t.years(2030, 2040))),
    Row("all expired: the leaf is blamed", Refused(0, Problem::Expired), |w| w.time = at(4_000_000_000)),
    Row("an expired root above an anchor", Path(2), |w| {
        w.root(|t| t.years(2010, 2020));
        w.trusted = vec![Who::Upper];
    }),
    Row("expired at the date of the build", Refused(0, Problem::Expired), |w| {
        w.leaf(|t| t.years(2010, 2020));
        w.time = Time::AtLeast(UnixTime(NOW));
    }),
    Row("not yet valid at the date of the build", Path(3), |w| {
        w.leaf(|t| t.years(2030, 2040));
        w.time = Time::AtLeast(UnixTime(NOW));
    }),
    Row("expired, and the time is unknown", Path(3), |w| {
        w.leaf(|t| t.years(2010, 2020));
        w.time = Time::dangerous_unknown();
    }),
    // From the first of January 2026 to that of 2027, both inclusive: 365 days and one second.
    Row("valid for a day less than allowed", Path(3), |w| {
        w.leaf(|t| t.years(2026, 2027));
        w.max_validity_days = Some(366);
    }),
    Row("valid for a second more than allowed", Refused(0, Problem::ValidityTooLong), |w| {
        w.leaf(|t| t.years(2026, 2027));
        w.max_validity_days = Some(365);
    }),
    Row("valid for exactly as long as allowed", Path(3), |w| {
        w.leaf(|t| t.years(2026, 2027));
        w.leaf.params.not_after -= Duration::from_secs(1);
        w.max_validity_days = Some(365);
    }),
    Row("the validity of CAs is not limited", Path(3), |w| {
        w.leaf(|t| t.years(2026, 2027));
        w.max_validity_days = Some(398);
    }),
    Row("valid beyond 2049", Path(3), |w| w.leaf(|t| t.years(2020, 2051))),
];

pub(crate) const AUTHORITIES: &[Row] = &[
    Row("the lower one is not a CA", Refused(1, Problem::NotACa), |w| w.lower.params.is_ca = IsCa::ExplicitNoCa),
    Row("the lower CA without basic constraints", Refused(1, Problem::NotACa), |w| w.lower.params.is_ca = IsCa::NoCa),
    Row("the upper one is not a CA", Refused(2, Problem::NotACa), |w| w.upper.params.is_ca = IsCa::ExplicitNoCa),
    Row("the upper one allows none below", Refused(1, Problem::PathLengthExceeded), |w| w.upper(|t| t.path_len(0))),
    Row("the upper one allows one below", Path(3), |w| w.upper(|t| t.path_len(1))),
    Row("the lower one allows none below", Path(3), |w| w.lower(|t| t.path_len(0))),
    Row("the root allows none below", Refused(2, Problem::PathLengthExceeded), |w| w.root(|t| t.path_len(0))),
    Row("the root allows one below", Refused(1, Problem::PathLengthExceeded), |w| w.root(|t| t.path_len(1))),
    Row("the root allows two below", Path(3), |w| w.root(|t| t.path_len(2))),
    Row("a longer path length below does not widen the limit", Refused(1, Problem::PathLengthExceeded), |w| {
        w.upper(|t| t.path_len(0));
        w.lower(|t| t.path_len(9));
    }),
    Row("the lower CA without keyCertSign", Refused(1, Problem::MissingCertSign), |w| {
        w.lower(|t| t.key_usages(&[KeyUsagePurpose::CrlSign]));
    }),
    Row("the upper CA without keyCertSign", Refused(2, Problem::MissingCertSign), |w| {
        w.upper(|t| t.key_usages(&[KeyUsagePurpose::DigitalSignature]));
    }),
    Row("a CA without key usage", Path(3), |w| w.lower(|t| t.key_usages(&[]))),
    Row("a CA with further key usages", Path(3), |w| {
        w.lower(|t| t.key_usages(&[KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature]));
    }),
    Row("a leaf that is a CA", Path(3), |w| w.leaf.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
    Row("a leaf without basic constraints", Path(3), |w| w.leaf.params.is_ca = IsCa::NoCa),
];

pub(crate) const USES: &[Row] = &[
    Row("a leaf without key usage", Path(3), |w| w.leaf(|t| t.key_usages(&[]))),
    Row("a leaf for key agreement only", Refused(0, Problem::MissingDigitalSignature), |w| {
        w.leaf(|t| t.key_usages(&[KeyUsagePurpose::KeyAgreement]));
    }),
    Row("a leaf for contentCommitment only", Refused(0, Problem::MissingDigitalSignature), |w| {
        w.leaf(|t| t.key_usages(&[KeyUsagePurpose::ContentCommitment]));
    }),
    Row("a leaf for keyEncipherment as well", Path(3), |w| {
        w.leaf(|t| t.key_usages(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]));
    }),
    Row("a leaf of the other role", Refused(0, Problem::ExtendedKeyUsage), |w| {
        let other = w.other_purpose();
        w.leaf(|t| t.purposes(&[other]));
    }),
    Row("a leaf of both roles", Path(3), |w| {
        let both = [w.own_purpose(), w.other_purpose()];
        w.leaf(|t| t.purposes(&both));
    }),
    Row("a leaf for any purpose", Path(3), |w| w.leaf(|t| t.purposes(&[ExtendedKeyUsagePurpose::Any]))),
    Row("a leaf without a purpose", Path(3), |w| w.leaf(|t| t.purposes(&[]))),
    Row("a leaf for mail", Refused(0, Problem::ExtendedKeyUsage), |w| {
        w.leaf(|t| t.purposes(&[ExtendedKeyUsagePurpose::EmailProtection]));
    }),
    Row("a leaf for code signing", Refused(0, Problem::ExtendedKeyUsage), |w| {
        w.leaf(|t| t.purposes(&[ExtendedKeyUsagePurpose::CodeSigning]));
    }),
    Row("a leaf for mail and for its role", Path(3), |w| {
        let purposes = [ExtendedKeyUsagePurpose::EmailProtection, w.own_purpose()];
        w.leaf(|t| t.purposes(&purposes));
    }),
    Row("a lower CA for the role", Path(3), |w| {
        let own = w.own_purpose();
        w.lower(|t| t.purposes(&[own]));
    }),
    Row("a lower CA for the other role", Refused(1, Problem::ExtendedKeyUsage), |w| {
        let other = w.other_purpose();
        w.lower(|t| t.purposes(&[other]));
    }),
    Row("a lower CA for any purpose", Path(3), |w| w.lower(|t| t.purposes(&[ExtendedKeyUsagePurpose::Any]))),
    Row("a lower CA for mail", Refused(1, Problem::ExtendedKeyUsage), |w| {
        w.lower(|t| t.purposes(&[ExtendedKeyUsagePurpose::EmailProtection]));
    }),
    Row("an upper CA for the other role", Refused(2, Problem::ExtendedKeyUsage), |w| {
        let other = w.other_purpose();
        w.upper(|t| t.purposes(&[other]));
    }),
    Row("a root for the other role", Refused(2, Problem::ExtendedKeyUsage), |w| {
        let other = w.other_purpose();
        w.root(|t| t.purposes(&[other]));
    }),
    Row("a root for the role", Path(3), |w| {
        let own = w.own_purpose();
        w.root(|t| t.purposes(&[own]));
    }),
];

pub(crate) const NAMES: &[Row] = &[
    Row("the domain is permitted below", Path(3), |w| w.lower(|t| t.constraints(&[below("example.com")], &[]))),
    Row("the domain is permitted above", Path(3), |w| w.upper(|t| t.constraints(&[below("example.com")], &[]))),
    Row("the domain is permitted by the root", Path(3), |w| w.root(|t| t.constraints(&[below("example.com")], &[]))),
    Row("another domain is permitted below", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[below("example.org")], &[]));
    }),
    Row("another domain is permitted above", Refused(0, Problem::NameNotPermitted), |w| {
        w.upper(|t| t.constraints(&[below("example.org")], &[]));
    }),
    Row("another domain is permitted by the root", Refused(0, Problem::NameNotPermitted), |w| {
        w.root(|t| t.constraints(&[below("example.org")], &[]));
    }),
    Row("two domains are permitted", Path(3), |w| {
        w.lower(|t| t.constraints(&[below("example.org"), below("example.com")], &[]));
    }),
    Row("the lower CA permits it and the upper does not", Refused(0, Problem::NameNotPermitted), |w| {
        w.upper(|t| t.constraints(&[below("example.org")], &[]));
        w.lower(|t| t.constraints(&[below("example.com")], &[]));
    }),
    Row("the upper CA permits it and the lower does not", Refused(0, Problem::NameNotPermitted), |w| {
        w.upper(|t| t.constraints(&[below("example.com")], &[]));
        w.lower(|t| t.constraints(&[below("a.example.com")], &[]));
    }),
    Row("the domain is excluded below", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[below("example.com")]));
    }),
    Row("the domain is excluded above", Refused(0, Problem::NameNotPermitted), |w| {
        w.upper(|t| t.constraints(&[], &[below("example.com")]));
    }),
    Row("another domain is excluded", Path(3), |w| w.lower(|t| t.constraints(&[], &[below("example.org")]))),
    Row("permitted and excluded", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[below("example.com")], &[below("com")]));
    }),
    Row("a part of a label is not a domain", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[below("ample.com")], &[]));
    }),
    Row("only networks are constrained", Path(3), |w| w.lower(|t| t.constraints(&[net([10, 0, 0, 0], 8)], &[]))),
    Row("one name of two is not permitted", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[below("example.com")], &[]));
        w.holds(dns("gateway.example.org"));
    }),
    Row("a wildcard may match an excluded name", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[below("a.b.example.com")]));
        w.holds(dns("*.b.example.com"));
    }),
    Row("an address in the permitted network", Path(3), |w| {
        w.lower(|t| t.constraints(&[net([10, 1, 0, 0], 16)], &[]));
        w.holds(SanType::IpAddress([10, 1, 2, 3].into()));
    }),
    Row("an address outside the permitted network", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[net([10, 1, 0, 0], 16)], &[]));
        w.holds(SanType::IpAddress([10, 2, 2, 3].into()));
    }),
    Row("an address in an excluded network", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[net([10, 2, 0, 0], 15)]));
        w.holds(SanType::IpAddress([10, 3, 2, 3].into()));
    }),
    Row("a range whose mask is not a prefix", Refused(1, Problem::Malformed(Field::NameConstraints)), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(&[0x87, 8, 10, 0, 0, 0, 255, 0, 255, 0])));
    }),
    Row("a range of the root whose mask is not a prefix", NoAnchor(Problem::Malformed(Field::NameConstraints)), |w| {
        w.root(|t| t.extension(NAME_CONSTRAINTS, true, &permits(&[0x87, 8, 0, 0, 0, 0, 0, 0, 0, 1])));
    }),
    Row("a host with an underscore in the permitted domain", Path(3), |w| {
        w.lower(|t| t.constraints(&[below("example.com")], &[]));
        w.holds(dns("erp_gate.example.com"));
    }),
    Row("a host with an underscore in the excluded domain", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[below("erp_gate.example.org")]));
        w.holds(dns("a.erp_gate.example.org"));
    }),
    Row("an excluded address mapped to IPv6", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[net([10, 2, 0, 0], 15)]));
        w.holds(SanType::IpAddress(std::net::Ipv4Addr::new(10, 3, 2, 3).to_ipv6_mapped().into()));
    }),
    Row("an IPv6 address where IPv4 is permitted", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[net([10, 1, 0, 0], 16)], &[]));
        w.holds(SanType::IpAddress([0x20; 16].into()));
    }),
    Row("a mailbox on the permitted host", Path(3), |w| {
        w.lower(|t| t.constraints(&[mail("example.com")], &[]));
        w.holds(SanType::Rfc822Name("ops@example.com".try_into().unwrap()));
    }),
    Row("an address as a host name where host names are constrained", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[below("example.org")]));
        w.holds(dns("10.0.0.1"));
    }),
    Row("an address as the base of host names", Refused(1, Problem::Malformed(Field::NameConstraints)), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0810.0.0.1")));
    }),
    Row("a base of host names in constructed encoding", Refused(1, Problem::Malformed(Field::NameConstraints)), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\xa2\x0d\x16\x0bexample.org")));
    }),
    Row("a mailbox with two hosts", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[mail("example.com")], &[]));
        w.holds(SanType::Rfc822Name("ops@example.org@example.com".try_into().unwrap()));
    }),
    Row("a mailbox with a quoted local part", Path(3), |w| {
        w.lower(|t| t.constraints(&[mail("example.com")], &[]));
        w.holds(SanType::Rfc822Name("\"ops@example.org\"@example.com".try_into().unwrap()));
    }),
    Row("a mailbox on another host", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[mail("example.com")], &[]));
        w.holds(SanType::Rfc822Name("ops@mail.example.com".try_into().unwrap()));
    }),
    Row("the organization is permitted below", Path(3), |w| {
        w.lower(|t| t.constraints(&[organisation("Example")], &[]));
    }),
    Row("the organization is permitted above", Path(3), |w| w.root(|t| t.constraints(&[organisation("Example")], &[]))),
    Row("another organization is permitted below", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[organisation("Other")], &[]));
    }),
    Row("another organization is permitted above", Refused(1, Problem::NameNotPermitted), |w| {
        w.upper(|t| t.constraints(&[organisation("Other")], &[]));
    }),
    Row("another organization is permitted by the root", Refused(2, Problem::NameNotPermitted), |w| {
        w.root(|t| t.constraints(&[organisation("Other")], &[]));
    }),
    Row("the organization is excluded", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[organisation("Example")]));
    }),
    Row("the excluded organization in another string type", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[organisation("Evil")]));
        w.leaf(|t| t.subject(&[(DnType::OrganizationName, DnValue::BmpString("EVIL".try_into().unwrap()))]));
    }),
    Row("an organization that may be the excluded one", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[organisation("Evil")]));
        w.leaf(|t| t.subject(&[(DnType::OrganizationName, "Ev\u{ad}il".into())]));
    }),
    Row("another organization is excluded", Path(3), |w| {
        w.lower(|t| t.constraints(&[], &[organisation("Evil")]));
        w.leaf(|t| t.subject(&[(DnType::OrganizationName, "M\u{fc}ller".into())]));
    }),
    Row("an excluded mailbox in the subject, beside alternative names", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[mail("evil.example")]));
        w.leaf(|t| t.subject(&[(email_address(), DnValue::Ia5String("ceo@evil.example".try_into().unwrap()))]));
    }),
    Row("constraints on a leaf of the name of its issuer", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[], &[below("example.com")]));
        w.leaf(|t| t.named("Lower"));
    }),
    Row("constraints that are not critical hold too", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, false, &permits(b"\x82\x03org")));
    }),
    Row("a constraint with a leading dot", Path(3), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0c.example.com")));
    }),
    Row("the same, strictly", Refused(1, Problem::Malformed(Field::NameConstraints)), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0c.example.com")));
        w.strict = true;
    }),
    Row("the domain itself below a constraint with a leading dot", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x0c.example.com")));
        w.holds(dns("example.com"));
    }),
    Row("a constraint that is only a dot", Refused(1, Problem::Malformed(Field::NameConstraints)), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x01.")));
    }),
    Row("a constraint with a wildcard", Refused(1, Problem::Malformed(Field::NameConstraints)), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x05*.com")));
    }),
    Row("a URI where URIs are constrained", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x86\x0bexample.com")));
        w.holds(SanType::URI("https://example.org/".try_into().unwrap()));
    }),
    Row("a URI whose host other parsers would read differently", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x86\x0bexample.com")));
        w.holds(SanType::URI("https://evil.example\\@example.com/".try_into().unwrap()));
    }),
    Row("a URI on the permitted host", Path(3), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x86\x0bexample.com")));
        w.holds(SanType::URI("https://example.com/".try_into().unwrap()));
    }),
    Row("a URI without a host where URIs are constrained", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x86\x0bexample.com")));
        w.holds(SanType::URI("urn:gateway:7".try_into().unwrap()));
    }),
    Row("a URI without a host where they are not", Path(3), |w| {
        w.holds(SanType::URI("urn:gateway:7".try_into().unwrap()));
    }),
    Row("constraints without a subtree", Refused(1, Problem::Malformed(Field::NameConstraints)), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, true, &[0x30, 0]));
    }),
    Row("constraints in a leaf", Refused(0, Problem::NameConstraintsOnLeaf), |w| {
        w.leaf(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x03com")));
    }),
    Row("constraints in a leaf that is an authority", Path(3), |w| {
        w.leaf(|t| t.extension(NAME_CONSTRAINTS, true, &permits(b"\x82\x03com")));
        w.leaf.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }),
];

pub(crate) const EXTENSIONS: &[Row] = &[
    Row("an unknown critical extension in the leaf", Refused(0, Problem::UnknownCriticalExtension), |w| {
        w.leaf(|t| t.extension(PRIVATE, true, &[5, 0]));
    }),
    Row("an unknown critical extension below", Refused(1, Problem::UnknownCriticalExtension), |w| {
        w.lower(|t| t.extension(PRIVATE, true, &[5, 0]));
    }),
    Row("an unknown critical extension above", Refused(2, Problem::UnknownCriticalExtension), |w| {
        w.upper(|t| t.extension(PRIVATE, true, &[5, 0]));
    }),
    Row("an unknown extension", Path(3), |w| w.leaf(|t| t.extension(PRIVATE, false, &[5, 0]))),
    Row("a private extension that is not DER", Path(3), |w| w.leaf(|t| t.extension(PRIVATE, false, b"serial 7"))),
    Row("an extension of RFC 5280 that is not DER", Refused(0, Problem::Malformed(Field::Extension)), |w| {
        w.leaf(|t| t.extension(&[1, 3, 6, 1, 5, 5, 7, 1, 1], false, b"malformed"));
    }),
    Row("an extension of RFC 5280 with trailing bytes", Refused(1, Problem::Malformed(Field::Extension)), |w| {
        w.lower(|t| t.extension(&[2, 5, 29, 31], false, &[0x30, 0, 0]));
    }),
    Row("policies", Path(3), |w| w.lower(|t| t.extension(POLICIES, false, &[0x30, 0]))),
    Row("critical policies", Path(3), |w| {
        w.lower(|t| t.extension(POLICIES, true, b"\x30\x08\x30\x06\x06\x04\x55\x1d\x20\x00"));
        w.leaf(|t| t.extension(POLICIES, true, b"\x30\x0a\x30\x08\x06\x06\x67\x81\x0c\x01\x02\x02"));
    }),
    Row("critical policies with an unknown qualifier", Refused(1, Problem::UnknownCriticalExtension), |w| {
        w.lower(|t| t.extension(POLICIES, true, b"\x30\x0e\x30\x0c\x06\x01\x2a\x30\x07\x30\x05\x06\x01\x2b\x05\x00"));
    }),
    Row("empty critical policies", Refused(1, Problem::UnknownCriticalExtension), |w| {
        w.lower(|t| t.extension(POLICIES, true, &[0x30, 0]));
    }),
    Row("policy constraints, critical or not", Refused(1, Problem::UnknownCriticalExtension), |w| {
        w.lower(|t| t.extension(&[2, 5, 29, 36], false, &[0x30, 3, 0x80, 1, 0]));
    }),
    Row("any policy is inhibited, critical or not", Refused(1, Problem::UnknownCriticalExtension), |w| {
        w.lower(|t| t.extension(&[2, 5, 29, 54], false, &[2, 1, 0]));
    }),
    Row("a critical authority key identifier", Refused(0, Problem::UnknownCriticalExtension), |w| {
        w.leaf(|t| without_authority_key(t).extension(&[2, 5, 29, 35], true, &[0x30, 3, 0x80, 1, 7]));
    }),
    Row("a second key usage", Refused(0, Problem::DuplicateExtension), |w| {
        w.leaf(|t| t.extension(&[2, 5, 29, 15], true, &[3, 2, 7, 0x80]));
    }),
    Row("a second unknown extension", Refused(1, Problem::DuplicateExtension), |w| {
        w.lower(|t| t.extension(PRIVATE, false, &[5, 0]).extension(PRIVATE, false, &[5, 0]));
    }),
];

pub(crate) const PROFILE: &[Row] = &[
    Row("a good chain, strictly", Path(3), |w| w.strict = true),
    Row("a leaf without an authority key identifier", Path(3), |w| w.leaf(without_authority_key)),
    Row("the same, strictly", Refused(0, Problem::MissingKeyIdentifier), |w| {
        w.leaf(without_authority_key);
        w.strict = true;
    }),
    Row("a CA without an authority key identifier, strictly", Refused(2, Problem::MissingKeyIdentifier), |w| {
        w.upper(without_authority_key);
        w.strict = true;
    }),
    Row("a root without an authority key identifier, strictly", Path(3), |w| {
        w.root(without_authority_key);
        w.strict = true;
    }),
    Row("a CA without a subject key identifier", Path(3), |w| w.lower(|t| plain_ca(t, true))),
    Row("the same, strictly", Refused(1, Problem::MissingKeyIdentifier), |w| {
        w.lower(|t| plain_ca(t, true));
        w.strict = true;
    }),
    Row("basic constraints that are not critical", Path(3), |w| w.lower(|t| plain_ca(t, false))),
    Row("the same, strictly", Refused(1, Problem::ConstraintNotCritical), |w| {
        w.lower(|t| plain_ca(t, false));
        w.strict = true;
    }),
    Row("basic constraints of the root that are not critical", Path(3), |w| w.root(|t| plain_ca(t, false))),
    Row("the same, strictly", Refused(2, Problem::ConstraintNotCritical), |w| {
        w.root(|t| plain_ca(t, false));
        w.strict = true;
    }),
    Row("name constraints that are not critical", Path(3), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, false, &permits(b"\x82\x03com")));
    }),
    Row("the same, strictly", Refused(1, Problem::ConstraintNotCritical), |w| {
        w.lower(|t| t.extension(NAME_CONSTRAINTS, false, &permits(b"\x82\x03com")));
        w.strict = true;
    }),
    Row("a leaf with keyCertSign", Path(3), |w| {
        w.leaf(|t| t.key_usages(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign]));
    }),
    Row("the same, strictly", Refused(0, Problem::CertSignWithoutCa), |w| {
        w.leaf(|t| t.key_usages(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign]));
        w.strict = true;
    }),
];

pub(crate) const FIELDS: &[Row] = &[
    Row("a leaf named only by critical alternative names", Path(3), |w| {
        w.leaf(|t| nameless(t, true, b"\x82\x14supplier.example.com"));
    }),
    Row("the same, strictly", Path(3), |w| {
        w.leaf(|t| nameless(t, true, b"\x82\x14supplier.example.com"));
        w.strict = true;
    }),
    Row("non-critical alternative names with an empty subject", Path(3), |w| {
        w.leaf(|t| nameless(t, false, b"\x82\x14supplier.example.com"));
    }),
    Row("the same, strictly", Refused(0, Problem::SubjectMissing), |w| {
        w.leaf(|t| nameless(t, false, b"\x82\x14supplier.example.com"));
        w.strict = true;
    }),
    Row("a leaf without any name", Refused(0, Problem::SubjectMissing), |w| {
        w.leaf(|t| t.subject(&[]).alternatives(&[]));
    }),
    Row("empty alternative names", Refused(0, Problem::Malformed(Field::SubjectAltName)), |w| {
        w.leaf(|t| nameless(t, true, &[]));
    }),
    Row("a serial number of 20 bytes", Path(3), |w| w.leaf(|t| serial(t, &[0x7f; 20]))),
    Row("a serial number of 20 bytes after a zero", Path(3), |w| w.leaf(|t| serial(t, &[0x80; 20]))),
    Row("the same, strictly", Refused(0, Problem::SerialNumber), |w| {
        w.leaf(|t| serial(t, &[0x80; 20]));
        w.strict = true;
    }),
    Row("a serial number of 21 bytes", Refused(0, Problem::SerialNumber), |w| w.leaf(|t| serial(t, &[0x7f; 21]))),
    Row("the serial number 0", Path(3), |w| w.leaf(|t| serial(t, &[0]))),
    Row("the same, strictly", Refused(0, Problem::SerialNumber), |w| {
        w.leaf(|t| serial(t, &[0]));
        w.strict = true;
    }),
    Row("the serial number 0 of a CA", Path(3), |w| w.lower(|t| serial(t, &[0]))),
    Row("the same, strictly", Refused(1, Problem::SerialNumber), |w| {
        w.lower(|t| serial(t, &[0]));
        w.strict = true;
    }),
    Row("a negative serial number", Path(3), |w| w.leaf(negative_serial)),
    Row("the same, strictly", Refused(0, Problem::SerialNumber), |w| {
        w.leaf(negative_serial);
        w.strict = true;
    }),
    Row("version 1", Refused(0, Problem::UnsupportedVersion), |w| w.leaf.rewrites.push(version_1)),
    Row("version 2", Refused(0, Problem::UnsupportedVersion), |w| {
        w.leaf(|t| t.patched(&[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1]));
    }),
    Row("two signature algorithms", Refused(0, Problem::SignatureAlgorithmMismatch), |w| {
        w.leaf(|t| t.patched(b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x03"));
    }),
    Row("a date with a zone", Refused(0, Problem::Malformed(Field::NotBefore)), |w| {
        w.leaf(|t| t.patched(b"200101000000Z", b"2001010000+01"));
    }),
    Row("an invalid date", Refused(1, Problem::Malformed(Field::NotBefore)), |w| {
        w.lower(|t| t.patched(b"200101000000Z", b"201301000000Z"));
    }),
    Row("a key on another curve", Refused(0, Problem::UnsupportedKey), |w| {
        w.leaf(|t| t.patched(b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01"));
    }),
    Row("a leaf with the key of its issuer", Path(3), |w| w.leaf.key = Key::new("Lower")),
];

/// Departures from the requirements of RFC 5280 and DER on CAs, as real ones make them: accepted by default, and rejected strictly.
pub(crate) const TOLERATED: &[Row] = &[
    Row("a GeneralizedTime before 2050", Path(3), |w| w.leaf.rewrites.push(generalized_time)),
    Row("the same, strictly", Refused(0, Problem::Malformed(Field::GeneralizedTime)), |w| {
        w.leaf.rewrites.push(generalized_time);
        w.strict = true;
    }),
    Row(
        "a GeneralizedTime before 2050 of the root, strictly",
        Refused(2, Problem::Malformed(Field::GeneralizedTime)),
        |w| {
            w.root.rewrites.push(generalized_time);
            w.strict = true;
        },
    ),
    Row("an encoded cA FALSE", Path(3), |w| w.leaf(|t| constrained(t, &[0x30, 3, 1, 1, 0]))),
    Row("the same, strictly", Refused(0, Problem::Malformed(Field::DefaultValue)), |w| {
        w.leaf(|t| constrained(t, &[0x30, 3, 1, 1, 0]));
        w.strict = true;
    }),
    Row("an encoded critical FALSE", Path(3), |w| w.leaf.rewrites.push(critical_false)),
    Row("the same, strictly", Refused(0, Problem::Malformed(Field::DefaultValue)), |w| {
        w.leaf.rewrites.push(critical_false);
        w.strict = true;
    }),
    Row("a path length of a leaf", Path(3), |w| w.leaf(|t| constrained(t, &[0x30, 3, 2, 1, 0]))),
    Row("the same, strictly", Refused(0, Problem::Malformed(Field::PathLength)), |w| {
        w.leaf(|t| constrained(t, &[0x30, 3, 2, 1, 0]));
        w.strict = true;
    }),
    Row("a path length does not make a CA", Refused(1, Problem::NotACa), |w| {
        w.lower(|t| constrained(t, &[0x30, 3, 2, 1, 0]));
    }),
    Row("NULL as the parameters of ECDSA", Path(3), |w| {
        for template in [&mut w.leaf, &mut w.lower, &mut w.root] {
            template.rewrites.push(null_parameters);
        }
    }),
    Row("the same, strictly", Refused(0, Problem::Malformed(Field::SignatureParameters)), |w| {
        w.leaf.rewrites.push(null_parameters);
        w.strict = true;
    }),
    Row("an empty key usage", Refused(0, Problem::MissingDigitalSignature), |w| {
        w.leaf(|t| t.key_usages(&[]).extension(KEY_USAGE, true, &[3, 1, 0]));
    }),
    Row("an empty key usage of a CA", Refused(1, Problem::MissingCertSign), |w| {
        w.lower(|t| t.key_usages(&[]).extension(KEY_USAGE, true, &[3, 1, 0]));
    }),
];

/// Keys that are not supported.
pub(crate) const KEYS: &[Row] = &[
    Row("a CA with an RSA key of 1024 bits", Refused(1, Problem::UnsupportedKey), |w| {
        w.lower.rewrites.push(|tbs| with_key(tbs, &rsa_key(1024)));
    }),
    Row("a CA with an RSA key of 8192 bits", Refused(1, Problem::UnsupportedKey), |w| {
        w.lower.rewrites.push(|tbs| with_key(tbs, &rsa_key(8192)));
    }),
    Row("a CA on P-521", Refused(1, Problem::UnsupportedKey), |w| {
        w.lower.rewrites.push(|tbs| with_key(tbs, &ec_key(b"\x2b\x81\x04\x00\x23", &[4; 133])));
    }),
    Row("a leaf with a compressed point", Refused(0, Problem::UnsupportedKey), |w| {
        w.leaf.rewrites.push(|tbs| with_key(tbs, &ec_key(b"\x2a\x86\x48\xce\x3d\x03\x01\x07", &[2; 33])));
    }),
];

/// Fields that cannot be read.
pub(crate) const MALFORMED: &[Row] = &[
    Row("PEM", Refused(0, Problem::Malformed(Field::Der)), |w| {
        w.leaf.spoil = Some(|_| b"-----BEGIN CERTIFICATE".to_vec());
    }),
    Row("a private key", Refused(0, Problem::Malformed(Field::Der)), |w| {
        w.leaf.spoil = Some(|_| tlv(0x30, &[&[2, 1, 1][..], &tlv(4, &[0x55; 32])].concat()));
    }),
    Row("an indefinite length", Refused(0, Problem::Malformed(Field::Der)), |w| {
        w.leaf.spoil = Some(|der| [&[0x30, 0x80], &der[4..], &[0, 0]].concat());
    }),
    Row("one byte too few", Refused(0, Problem::Malformed(Field::Truncated)), |w| {
        w.leaf.spoil = Some(|der| der[..der.len() - 1].to_vec());
    }),
    Row("one byte too many", Refused(0, Problem::Malformed(Field::Trailing)), |w| {
        w.leaf.spoil = Some(|der| [der, &[0]].concat());
    }),
    Row("a serial number with a redundant zero", Refused(0, Problem::Malformed(Field::SerialNumber)), |w| {
        w.leaf(|t| serial(t, &[0x11; 8]).patched(&[2, 8, 0x11, 0x11], &[2, 8, 0, 0x11]));
    }),
    Row("a malformed algorithm", Refused(0, Problem::Malformed(Field::SignatureAlgorithm)), |w| {
        w.leaf(|t| {
            t.patched(
                b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
                b"\x31\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
            )
        });
    }),
    Row("a malformed issuer", Refused(0, Problem::Malformed(Field::Issuer)), |w| {
        w.leaf(|t| t.patched(b"\x0c\x05Lower", b"\x0c\x06Lower"));
    }),
    Row("an empty issuer", Refused(0, Problem::Malformed(Field::IssuerEmpty)), |w| {
        w.lower(|t| t.subject(&[]));
    }),
    Row("a notAfter that is not a date", Refused(0, Problem::Malformed(Field::NotAfter)), |w| {
        w.leaf(|t| t.patched(b"400101000000Z", b"400230000000Z"));
    }),
    Row("a malformed subject", Refused(0, Problem::Malformed(Field::Subject)), |w| {
        w.leaf(|t| t.named("nobody").patched(b"\x0c\x06nobody", b"\x0c\x07nobody"));
    }),
    Row("a malformed key", Refused(0, Problem::Malformed(Field::PublicKey)), |w| {
        w.leaf(|t| t.patched(b"\x03\x42\x00\x04", b"\x03\x42\x01\x04"));
    }),
    Row("basic constraints of a negative length", Refused(0, Problem::Malformed(Field::BasicConstraints)), |w| {
        w.leaf(|t| constrained(t, &[0x30, 3, 2, 1, 0xff]));
    }),
    Row("a key usage of 9 unused bits", Refused(0, Problem::Malformed(Field::KeyUsage)), |w| {
        w.leaf(|t| t.key_usages(&[]).extension(KEY_USAGE, true, &[3, 2, 9, 0x80]));
    }),
    Row("an empty extended key usage", Refused(0, Problem::Malformed(Field::ExtendedKeyUsage)), |w| {
        w.leaf(|t| t.purposes(&[]).extension(&[2, 5, 29, 37], false, &[0x30, 0]));
    }),
    Row(
        "an authority key identifier that is not a SEQUENCE",
        Refused(0, Problem::Malformed(Field::KeyIdentifier)),
        |w| {
            w.leaf(|t| without_authority_key(t).extension(&[2, 5, 29, 35], false, &[4, 1, 7]));
        },
    ),
    Row("more than 32 extensions", Refused(0, Problem::Malformed(Field::ExtensionCount)), |w| {
        w.leaf(|t| (0..32).fold(t, |t, n| t.extension(&[1, 3, 6, 1, 4, 1, 32_473, 7, n], false, &[5, 0])));
    }),
    Row("a list of extensions that is a SET", Refused(0, Problem::Malformed(Field::Extensions)), |w| {
        w.leaf.rewrites.push(|tbs| extensions_as(tbs, 0x31));
    }),
    Row("a field after the extensions", Refused(0, Problem::Malformed(Field::TbsCertificate)), |w| {
        w.leaf.rewrites.push(|tbs| [tbs, &[5, 0]].concat());
    }),
    Row("a unique identifier", Path(3), |w| w.leaf.rewrites.push(|tbs| with_unique_identifier(tbs, &[7, 0x80]))),
    Row("a unique identifier with 8 unused bits", Refused(0, Problem::Malformed(Field::TbsCertificate)), |w| {
        w.leaf.rewrites.push(|tbs| with_unique_identifier(tbs, &[8, 0x80]));
    }),
    Row("an empty unique identifier", Refused(0, Problem::Malformed(Field::TbsCertificate)), |w| {
        w.leaf.rewrites.push(|tbs| with_unique_identifier(tbs, &[]));
    }),
];

/// Certificates that cannot be read, beside what is wrong.
pub(crate) const UNREADABLE: &[Row] = &[
    Row("a malformed issuer is the cause", Refused(1, Problem::Malformed(Field::NotBefore)), |w| {
        w.lower(|t| t.patched(b"200101000000Z", b"201301000000Z"));
    }),
    Row("a malformed certificate that is not needed", Path(3), |w| w.sent.insert(1, Who::Garbled)),
    Row("an unrelated malformed certificate is not the cause", Refused(0, Problem::UnknownIssuer), |w| {
        w.sent = vec![Who::Leaf, Who::Garbled];
    }),
    Row(
        "an unrelated malformed certificate before the malformed issuer",
        Refused(2, Problem::Malformed(Field::NotBefore)),
        |w| {
            w.sent = vec![Who::Leaf, Who::Garbled, Who::Lower, Who::Upper];
            w.lower(|t| t.patched(b"200101000000Z", b"201301000000Z"));
        },
    ),
    Row("an unrelated malformed certificate beside an untrusted root", Refused(4, Problem::UntrustedRoot), |w| {
        w.trusted = vec![Who::Stranger];
        w.sent.insert(1, Who::Garbled);
        w.sent.push(Who::Root);
    }),
    Row("an unrelated malformed certificate beside a self-signed leaf", Refused(0, Problem::SelfSigned), |w| {
        w.leaf_signs_itself = true;
        w.sent.push(Who::Garbled);
    }),
];

/// About common names of clients, by which programs know them.
pub(crate) const CLIENT_NAMES: &[Row] = &[
    Row("a common name inside the permitted domain", Path(3), |w| {
        w.lower(|t| t.constraints(&[below("plant-a.example")], &[]));
        w.leaf(|t| t.named("gateway.plant-a.example").alternatives(&[]));
    }),
    Row("a common name outside the permitted domain", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[below("plant-a.example")], &[]));
        w.leaf(|t| t.named("gateway.plant-b.example").alternatives(&[]));
    }),
    Row("the same, beside a name that is permitted", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[below("plant-a.example")], &[]));
        w.leaf(|t| t.named("gateway.plant-b.example").alternatives(&[dns("gateway.plant-a.example")]));
    }),
    Row("a common name in an excluded domain", Refused(0, Problem::NameNotPermitted), |w| {
        w.root(|t| t.constraints(&[], &[below("plant-b.example")]));
        w.leaf(|t| t.named("gateway.plant-b.example").alternatives(&[]));
    }),
    Row("a wildcard as a common name, outside the permitted domain", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[below("plant-a.example")], &[]));
        w.leaf(|t| t.named("*.plant-b.example").alternatives(&[]));
    }),
    Row("a common name that is not a host, where domains are permitted", Path(3), |w| {
        w.lower(|t| t.constraints(&[below("plant-a.example")], &[]));
        w.leaf(|t| t.named("gateway-7").alternatives(&[]));
    }),
    Row("an address as a common name, in the permitted network", Path(3), |w| {
        w.lower(|t| t.constraints(&[net([10, 1, 0, 0], 16)], &[]));
        w.leaf(|t| t.named("10.1.2.3").alternatives(&[]));
    }),
    Row("an address as a common name, outside the permitted network", Refused(0, Problem::NameNotPermitted), |w| {
        w.lower(|t| t.constraints(&[net([10, 1, 0, 0], 16)], &[]));
        w.leaf(|t| t.named("10.2.2.3").alternatives(&[]));
    }),
    Row("an address as a common name, in an excluded network", Refused(0, Problem::NameNotPermitted), |w| {
        w.upper(|t| t.constraints(&[], &[net([10, 0, 0, 0], 8)]));
        w.leaf(|t| t.named("10.2.2.3").alternatives(&[]));
    }),
    Row("an address as a common name, where domains are permitted", Path(3), |w| {
        w.lower(|t| t.constraints(&[below("plant-a.example")], &[]));
        w.leaf(|t| t.named("10.2.2.3").alternatives(&[]));
    }),
    Row("a CA whose common name is a host, where domains are permitted", Path(3), |w| {
        w.upper(|t| t.constraints(&[below("example.com")], &[]));
        w.lower(|t| t.named("ca.example.org"));
    }),
];

/// About the name that a client asks for; a server asks for none.
pub(crate) const SERVER_NAMES: &[Row] = &[
    Row("another name", Refused(0, Problem::NameMismatch), |w| w.name = "other.example.com"),
    Row("another case", Path(3), |w| w.name = "Supplier.EXAMPLE.com"),
    Row("the parent", Refused(0, Problem::NameMismatch), |w| w.name = "example.com"),
    Row("a child", Refused(0, Problem::NameMismatch), |w| w.name = "a.supplier.example.com"),
    Row("a wildcard", Path(3), |w| w.leaf(|t| t.alternatives(&[dns("*.example.com")]))),
    Row("a wildcard for two labels", Refused(0, Problem::NameMismatch), |w| {
        w.leaf(|t| t.alternatives(&[dns("*.com")]));
    }),
    Row("a wildcard that is a part of a label", Refused(0, Problem::NameMismatch), |w| {
        w.leaf(|t| t.alternatives(&[dns("suppl*.example.com")]));
    }),
    Row("a wildcard in the middle", Refused(0, Problem::NameMismatch), |w| {
        w.leaf(|t| t.alternatives(&[dns("supplier.*.com")]));
    }),
    Row("the common name only", Refused(0, Problem::NameMismatch), |w| w.leaf(|t| t.alternatives(&[]))),
    Row("the second of two names", Path(3), |w| {
        w.leaf(|t| t.alternatives(&[dns("a.example.com"), dns(SERVER_NAME)]));
    }),
    Row("an address", Path(3), |w| {
        w.name = "10.0.0.1";
        w.holds(SanType::IpAddress([10, 0, 0, 1].into()));
    }),
    Row("another address", Refused(0, Problem::NameMismatch), |w| {
        w.name = "10.0.0.2";
        w.holds(SanType::IpAddress([10, 0, 0, 1].into()));
    }),
    Row("an address as a host name", Refused(0, Problem::NameMismatch), |w| {
        w.name = "10.0.0.1";
        w.holds(dns("10.0.0.1"));
    }),
    Row("a mailbox is not a host name", Refused(0, Problem::NameMismatch), |w| {
        let mailbox = SanType::Rfc822Name(SERVER_NAME.try_into().unwrap());
        w.leaf(|t| t.alternatives(&[mailbox]));
    }),
    Row("a URI is not a host name", Refused(0, Problem::NameMismatch), |w| {
        let uri = SanType::URI("https://supplier.example.com".try_into().unwrap());
        w.leaf(|t| t.alternatives(&[uri]));
    }),
];
