//! Differences between this crate and rustls-webpki, with reasons. A difference without a row here is a bug.
//!
//! A row counts as the reason of a difference only if there is none without its oddity; see
//! [`differential`](crate::differential).

use crate::template::Oddity;

/// The side that rejects what the other accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    ByUs,
    ByThem,
}
use Refused::{ByThem, ByUs};

/// A possible cause of a difference, the side that rejects it, and the reason.
pub(crate) const DIFFERENCES: &[(Oddity, Refused, &str)] = &[
    (
        Oddity::ConstraintForm,
        ByThem,
        "webpki refuses names whose constraints it cannot judge: directory names, mailboxes, URIs; we judge them \
         (RFC 5280 section 4.2.1.10)",
    ),
    (
        Oddity::ConstraintOnLeaf,
        ByUs,
        "RFC 5280 section 4.2.1.10: name constraints \"MUST be used only in a CA certificate\"",
    ),
    (
        Oddity::ConstraintSyntax,
        ByUs,
        "a base that is none of its form is found when the certificate is read, not when a name of that form comes \
         (RFC 5280 section 4.2.1.10); that of webpki may begin with a dot",
    ),
    (Oddity::DateOrder, ByUs, "an anchor has a validity (RFC 5937 section 2), which webpki does not look at"),
    (
        Oddity::DnsNameSyntax,
        ByUs,
        "a name that is no host name cannot be told to lie outside of any constraint on host names; webpki has a \
         syntax of its own",
    ),
    (
        Oddity::DnsNameSyntax,
        ByThem,
        "a wildcard below a top-level domain stands for no server, and lies inside of constraints or outside like any \
         other (RFC 5280 section 4.2.1.10); to webpki it is malformed",
    ),
    (
        Oddity::DuplicateExtension,
        ByUs,
        "RFC 5280 section 4.2: no certificate has an extension twice; webpki looks among those that it reads",
    ),
    (
        Oddity::ExtensionSyntax,
        ByUs,
        "all extensions of RFC 5280 are read with the certificate; webpki reads some later, leniently or not at all",
    ),
    (
        Oddity::ExtensionSyntax,
        ByThem,
        "a path length of 256 is one (RFC 5280 section 4.2.1.9: INTEGER (0..MAX)); webpki reads one byte",
    ),
    (Oddity::FlippedBit, ByUs, "whatever it makes: most of them an encoding that we read more strictly"),
    (Oddity::FlippedBit, ByThem, "the bit of an upper-case letter in a name (see `NameInAnotherCase`)"),
    (
        Oddity::IpSyntax,
        ByUs,
        "an address of another length cannot be told to lie outside of a constraint (RFC 5280 section 4.2.1.10)",
    ),
    (
        Oddity::KeyUsage,
        ByUs,
        "RFC 5280 section 6.1.4 (n) and RFC 9846 section 4.5.1 ask for keyCertSign and digitalSignature, webpki for none",
    ),
    (Oddity::LeafIsCa, ByThem, "RFC 5280 section 4.2.1.9: the last certificate of a path \"can be a CA certificate\""),
    (
        Oddity::LimitsOfAnchor,
        ByUs,
        "of an anchor webpki keeps name, key and name constraints, we also validity, path length and purposes \
         (RFC 5937 section 2), and it has to be an authority",
    ),
    (
        Oddity::NameInAnotherCase,
        ByThem,
        "names are compared without regard to case and spaces (RFC 5280 section 7.1), by webpki byte by byte",
    ),
    (
        Oddity::NoSubject,
        ByUs,
        "RFC 5280 section 4.1.2.6: a certificate that has neither a subject nor an alternative name names nobody",
    ),
    (
        Oddity::Policies,
        ByUs,
        "what constrains policies is refused, critical or not, since we do not process them (RFC 5280 section 6.1); \
         lists that webpki does not read have to be DER",
    ),
    (
        Oddity::Policies,
        ByThem,
        "critical policies without constraints are processed by not asking for any (RFC 5280 section 6.1.1 (c)); \
         webpki knows no policies",
    ),
    (
        Oddity::PurposeAny,
        ByThem,
        "anyExtendedKeyUsage allows all purposes (RFC 5280 section 4.2.1.12); to webpki it is none of those it knows",
    ),
    (
        Oddity::SelfIssued,
        ByThem,
        "path lengths do not count self-issued certificates (RFC 5280 section 6.1.4 (l)), those of webpki do",
    ),
    (
        Oddity::Serial,
        ByUs,
        "RFC 5280 section 4.1.2.2: a serial number is an INTEGER of at most 20 bytes; webpki takes any",
    ),
    (Oddity::Version, ByUs, "an anchor of version 1 has no extensions, and so no limits, to webpki"),
];
