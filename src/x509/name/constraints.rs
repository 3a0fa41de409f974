//! Name constraints (RFC 5280 section 4.2.1.10): the names that certificates below a CA may contain.

use super::Name;
use super::address;
use super::general::{GeneralName, GeneralNames};
use super::likeness::Likeness;
use super::server::{
    ends_in_number, has_byte, is_host_name, is_preferred_name, is_same_or_below, same_ignoring_case, split_once,
};
use crate::der::{self, Malformed, Reader, context_constructed, oid};
use crate::error::CertificateProblem;
use core::fmt;
use core::net::IpAddr;
use core::ops::ControlFlow;

const PERMITTED: u8 = context_constructed(0);
const EXCLUDED: u8 = context_constructed(1);
/// Longest mailbox that is compared: 64 bytes before the `@`, 255 after it (RFC 5321 section 4.5.3.1).
const MAX_MAILBOX: usize = 320;
/// Bytes of a URI within which its authority must end: the rest is not read.
const MAX_AUTHORITY: usize = 512;
/// The prefix of an IPv4 address in the form of an IPv6 one (RFC 4291 section 2.5.5.2).
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/// Bytes of two directory names whose comparison is a step. Real names have 50 to 150 bytes.
const BYTES_PER_STEP: usize = 256;

/// A `NameConstraints`, as the content of its SEQUENCE.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameConstraints<'a>(&'a [u8]);

/// The limit that a name exceeds (RFC 5280 section 4.2.1.10).
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NameLimit<'a> {
    /// It is inside an excluded subtree, or may be.
    Excluded(Subtree<'a>),
    /// It is in none of the subtrees that are permitted for names of its form.
    Permitted(Subtrees<'a>),
}

/// All subtrees that an authority permits, of each form.
#[derive(Clone, Copy, Debug)]
pub struct Subtrees<'a>(NameConstraints<'a>);

/// The base of a subtree of names. `Display` writes it as OpenSSL does: `DNS:example.com`, `IP:10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree<'a>(GeneralName<'a>);

impl<'a> Subtrees<'a> {
    /// Lists the subtrees in the order of the certificate.
    pub fn iter(&self) -> impl Iterator<Item = Subtree<'a>> + use<'a> {
        self.0.subtrees(PERMITTED).map(Subtree)
    }
}

impl fmt::Display for Subtree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GeneralName::Ip(range) = self.0 else { return self.0.to_public().fmt(f) };
        let Some((network, mask)) = address_and_mask(range) else { return f.write_str("IP:?") };
        let prefix = mask.iter().fold(0_u32, |sum, byte| sum.saturating_add(byte.count_ones()));
        write!(f, "{}/{prefix}", GeneralName::Ip(network).to_public())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Subtree<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        match self.0 {
            GeneralName::Ip(range) => defmt::write!(f, "Ip({=[u8]})", range),
            name => name.to_public().format(f),
        }
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Subtrees<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        for subtree in self.iter() {
            defmt::write!(f, "{} ", subtree);
        }
    }
}

/// The relation of a name to a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// The subtree does not constrain names of this form.
    OtherForm,
    Inside,
    /// A wildcard some of whose names are inside, or another name of something that is.
    PartlyInside,
    Outside,
    /// The name cannot be interpreted, or the form is not supported: neither answer would be safe.
    Unclear,
}

impl<'a> NameConstraints<'a> {
    /// Parses the value of the extension. All of it is checked, so that a constraint that cannot be interpreted
    /// refuses the certificate that contains it. `period` notes that the base for a dNSName begins with a period, as none
    /// does in RFC 5280.
    #[inline(never)] // smaller than in the loop over the extensions
    pub(crate) fn parse(value: &'a [u8], period: &mut bool) -> Result<Self, Malformed> {
        let mut fields = Reader::inside(value, der::SEQUENCE)?;
        let content = fields.rest();
        // "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence."
        if content.is_empty() {
            return Err(Malformed);
        }
        for list in [PERMITTED, EXCLUDED] {
            let Some(list) = fields.optional(list)? else { continue };
            let mut list = Reader::new(list);
            // "GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree"
            loop {
                let base = base(&mut list)?;
                *period |= matches!(base, GeneralName::Dns([b'.', ..]));
                if !is_valid_base(base) {
                    return Err(Malformed);
                }
                if list.is_empty() {
                    break;
                }
            }
        }
        fields.finish()?;
        Ok(Self(content))
    }

    /// Makes constraints that were parsed before.
    pub(crate) const fn from_checked(content: &'a [u8]) -> Self {
        Self(content)
    }

    pub(crate) const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns the limit that this name exceeds; `None` if it is allowed.
    pub(crate) fn limit_of(self, name: GeneralName<'_>) -> Option<NameLimit<'a>> {
        self.check(name, &mut { u32::MAX }).err()?;
        Some(match self.subtrees(EXCLUDED).find(|base| may_be_inside(name, *base)) {
            Some(base) => NameLimit::Excluded(Subtree(base)),
            None => NameLimit::Permitted(Subtrees(self)),
        })
    }

    /// Checks one name. Each comparison costs a step of `budget`, one of long directory names several.
    #[inline(never)] // smaller than in the loop over the names of a path
    pub(crate) fn check(self, name: GeneralName<'_>, budget: &mut u32) -> Result<(), CertificateProblem> {
        let mut permitted = None;
        for base in self.subtrees(PERMITTED) {
            spend(budget, steps(name, base))?;
            match relation(name, base) {
                Relation::OtherForm => {}
                Relation::Inside => permitted = Some(true),
                Relation::PartlyInside | Relation::Outside | Relation::Unclear => permitted = permitted.or(Some(false)),
            }
        }
        for base in self.subtrees(EXCLUDED) {
            spend(budget, steps(name, base))?;
            if may_be_inside(name, base) {
                return Err(CertificateProblem::NameNotPermitted);
            }
        }
        // No permitted subtree of this form: "If no name of the type is in the certificate, the
        // certificate is acceptable", and vice versa.
        if permitted == Some(false) { Err(CertificateProblem::NameNotPermitted) } else { Ok(()) }
    }

    fn subtrees(self, list: u8) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        let mut fields = Reader::new(self.0);
        let permitted = fields.optional(PERMITTED).ok().flatten();
        let excluded = fields.optional(EXCLUDED).ok().flatten();
        let mut reader = Reader::new(if list == PERMITTED { permitted } else { excluded }.unwrap_or(&[]));
        core::iter::from_fn(move || base(&mut reader).ok())
    }
}

/// Calls `each` with every name of a certificate to which constraints apply, until it breaks: each common name that
/// `by_common_name` treats as a name of another form, and each `emailAddress`; the subject; the alternative names.
pub(crate) fn each_name<'n, B>(
    subject: Name<'n>,
    alternatives: Option<GeneralNames<'n>>,
    by_common_name: &dyn Fn(&'n [u8]) -> Option<GeneralName<'n>>,
    each: &mut dyn FnMut(GeneralName<'n>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    for attribute in subject.attributes() {
        // "When a constraint has been imposed on the rfc822Name name form, but the certificate does not include a subject
        // alternative name, the constraint MUST be applied to the attribute of type emailAddress in the subject
        // distinguished name." Beside alternative names it is applied as well, as OpenSSL does: an authority may not put
        // there what it may not put elsewhere.
        let name = match attribute.oid {
            oid::COMMON_NAME => by_common_name(attribute.value),
            // A guard calls the comparison of slices; a pattern compares byte by byte in place, in more code.
            oid if oid == oid::EMAIL_ADDRESS => Some(GeneralName::Email(attribute.value)),
            _ => None,
        };
        if let Some(name) = name {
            each(name)?;
        }
    }
    // "Restrictions of the form directoryName MUST be applied to the subject field in the certificate (when the
    // certificate includes a non-empty subject field)"
    if !subject.is_empty() {
        each(GeneralName::Directory(subject))?;
    }
    alternatives.map_or(ControlFlow::Continue(()), |names| names.iter().try_for_each(each))
}

/// Parses the next `GeneralSubtree`. "Within this profile, the minimum and maximum fields are
/// not used with any name forms, thus, the minimum MUST be zero, and maximum MUST be absent."
fn base<'a>(list: &mut Reader<'a>) -> Result<GeneralName<'a>, Malformed> {
    let mut subtree = list.nested(der::SEQUENCE)?;
    let base = GeneralName::parse(&mut subtree)?;
    subtree.finish()?;
    Ok(base)
}

/// Returns the steps that a comparison costs. Each form has a limit of length, except for directory names, which can be
/// as long as a certificate.
fn steps(name: GeneralName<'_>, base: GeneralName<'_>) -> u32 {
    match (name, base) {
        (GeneralName::Directory(name), GeneralName::Directory(base)) => {
            let bytes = name.as_der().len().saturating_add(base.as_der().len());
            u32::try_from(bytes / BYTES_PER_STEP).unwrap_or(u32::MAX).saturating_add(1)
        }
        _ => 1,
    }
}

fn spend(budget: &mut u32, steps: u32) -> Result<(), CertificateProblem> {
    *budget = budget.checked_sub(steps).ok_or(CertificateProblem::SearchExhausted)?;
    Ok(())
}

fn is_valid_base(base: GeneralName<'_>) -> bool {
    match base {
        // An empty base holds all names of its form. An address is no base, nor a name: RFC 1123 section 2.1, "the
        // highest-level component label will be alphabetic".
        GeneralName::Dns(host) => {
            host.is_empty() || is_host_name(host.strip_prefix(b".").unwrap_or(host)) && !ends_in_number(host)
        }
        GeneralName::Uri(host) => is_host_or_domain(host),
        GeneralName::Email(mailbox) => match split_mailbox(mailbox) {
            Some((local, host)) => is_local_part(local) && is_preferred_name(host),
            None => is_host_or_domain(mailbox),
        },
        GeneralName::Ip(range) => address_and_mask(range).is_some_and(|(_, mask)| is_prefix(mask)),
        GeneralName::Address(_) | GeneralName::Directory(_) | GeneralName::Other(_) => true,
    }
}

fn is_host_or_domain(name: &[u8]) -> bool {
    name.is_empty() || is_preferred_name(name.strip_prefix(b".").unwrap_or(name))
}

/// "Any name matching a restriction in the excludedSubtrees field is invalid regardless of information appearing in the
/// permittedSubtrees", and so is one whose match is unclear.
fn may_be_inside(name: GeneralName<'_>, base: GeneralName<'_>) -> bool {
    matches!(relation(name, base), Relation::Inside | Relation::PartlyInside | Relation::Unclear)
}

fn relation(name: GeneralName<'_>, base: GeneralName<'_>) -> Relation {
    match (name, base) {
        (GeneralName::Directory(name), GeneralName::Directory(base)) => match name.begins_with(&base) {
            Likeness::Different => Relation::Outside,
            Likeness::Same => Relation::Inside,
            Likeness::Unclear => Relation::Unclear,
        },
        (GeneralName::Dns(name), GeneralName::Dns(base)) => relation_to_dns(name, base),
        (GeneralName::Email(name), GeneralName::Email(base)) => relation_to_email(name, base),
        (GeneralName::Ip(name), GeneralName::Ip(base)) => relation_to_ip(name, base),
        (GeneralName::Address(text), GeneralName::Ip(base)) => match address::parse(text) {
            Some(IpAddr::V4(address)) => relation_to_ip(&address.octets(), base),
            Some(IpAddr::V6(address)) => relation_to_ip(&address.octets(), base),
            None => Relation::Unclear,
        },
        (GeneralName::Uri(name), GeneralName::Uri(base)) => match host_of_uri(name) {
            Some(host) => inside(is_in_host_or_domain(host, base)),
            // "If a constraint is applied to the uniformResourceIdentifier name form and a subsequent
            // certificate includes a ... uniformResourceIdentifier that does not include an authority
            // component with a host name specified as a fully qualified domain name ..., then the
            // application MUST reject the certificate."
            None => Relation::Unclear,
        },
        // "If a name constraints extension that is marked as critical imposes constraints on a
        // particular name form, and an instance of that name form appears ..., then the application
        // MUST either process the constraint or reject the certificate."
        (GeneralName::Other(name), GeneralName::Other(base)) if name == base => Relation::Unclear,
        _ => Relation::OtherForm,
    }
}

const fn inside(yes: bool) -> Relation {
    if yes { Relation::Inside } else { Relation::Outside }
}

// RFC 5280 section 7.2.
fn relation_to_dns(name: &[u8], base: &[u8]) -> Relation {
    let parent = name.strip_prefix(b"*.");
    let host = parent.unwrap_or(name);
    if !is_host_name(host) || ends_in_number(host) {
        return Relation::Unclear;
    }
    // RFC 5280 has no dot in front for this form: "Any DNS name that can be constructed by simply adding zero or more
    // labels to the left-hand side of the name satisfies the name constraint." Where authorities put one, OpenSSL,
    // GnuTLS, Go and rustls-webpki read it as for mailboxes: one label or more.
    if let Some(domain) = base.strip_prefix(b".") {
        return inside(is_same_or_below(host, domain) && (parent.is_some() || host.len() > domain.len()));
    }
    if base.is_empty() || is_same_or_below(host, base) {
        return Relation::Inside;
    }
    // `*.example.com` includes `a.example.com`, which may be the base.
    let (_, above_base) = split_once(base, b'.');
    if parent.is_some_and(|parent| same_ignoring_case(parent, above_base.unwrap_or_default())) {
        Relation::PartlyInside
    } else {
        Relation::Outside
    }
}

/// "A name constraint for Internet mail addresses MAY specify a particular mailbox, all addresses at a
/// particular host, or all mailboxes in a domain."
fn relation_to_email(name: &[u8], base: &[u8]) -> Relation {
    let Some((local, host)) = split_mailbox(name).filter(|_| name.len() <= MAX_MAILBOX) else {
        return Relation::Unclear;
    };
    if !is_local_part(local) || !is_preferred_name(host) {
        return Relation::Unclear;
    }
    match split_mailbox(base) {
        Some((_, base_host)) if !same_ignoring_case(host, base_host) => Relation::Outside,
        // RFC 5280 section 7.5: the local part is compared exactly, the host without regard to case.
        Some((base_local, _)) if local == base_local => Relation::Inside,
        // RFC 5321 section 4.1.2: quotes are no part of a mailbox, so that `"a"@example.com` may be `a@example.com`.
        Some((base_local, _)) if local.starts_with(b"\"") || base_local.starts_with(b"\"") => Relation::Unclear,
        Some(_) => Relation::Outside,
        None => inside(is_in_host_or_domain(host, base)),
    }
}

fn relation_to_ip(name: &[u8], base: &[u8]) -> Relation {
    let Some((network, mask)) = address_and_mask(base) else { return Relation::Unclear };
    // An IPv4 address in the form of an IPv6 one is excluded with the one it means, and permitted by neither. So is one of IPv4
    // by a network of that form; `::/0` is no such network, and does not constrain IPv4.
    let of_other_form = |yes| if yes { Relation::PartlyInside } else { Relation::Outside };
    match (name.len(), network.len()) {
        (4, 4) | (16, 16) => inside(is_in_network(name, network, mask)),
        (16, 4) => of_other_form(unmapped(name).is_some_and(|name| is_in_network(name, network, mask))),
        (4, 16) => of_other_form(match (unmapped(network), mask.split_at_checked(MAPPED.len())) {
            (Some(network), Some((prefix, mask))) => {
                prefix.iter().all(|&byte| byte == 0xff) && is_in_network(name, network, mask)
            }
            _ => false,
        }),
        _ => Relation::Unclear,
    }
}

fn is_in_network(name: &[u8], network: &[u8], mask: &[u8]) -> bool {
    name.iter().zip(network).zip(mask).all(|((name, network), mask)| name & mask == network & mask)
}

/// Returns the IPv4 address that an IPv6 one maps.
fn unmapped(address: &[u8]) -> Option<&[u8]> {
    address.strip_prefix(&MAPPED)
}

/// "When the constraint begins with a period, it MAY be expanded with one or more labels. ... When the
/// constraint does not begin with a period, it specifies a host."
fn is_in_host_or_domain(host: &[u8], base: &[u8]) -> bool {
    match base.strip_prefix(b".") {
        Some(domain) => host.len() > domain.len() && is_same_or_below(host, domain),
        None => base.is_empty() || same_ignoring_case(host, base),
    }
}

/// Splits a mailbox at the last `@` into local part and host.
fn split_mailbox(mailbox: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = mailbox.iter().rposition(|&byte| byte == b'@')?;
    let (local, rest) = mailbox.split_at(at);
    Some((local, rest.strip_prefix(b"@")?))
}

/// RFC 5280 section 4.2.1.6: "the format of a 'Mailbox' as defined in Section 4.1.2 of RFC 2821", whose local
/// part is a quoted string, or atoms with dots between them: an `@` in them is a second host.
fn is_local_part(local: &[u8]) -> bool {
    if let [b'"', quoted @ .., b'"'] = local {
        return is_quoted(quoted);
    }
    let mut before = b'.';
    let valid = local.iter().all(|&byte| {
        let dot = byte == b'.' && before != b'.';
        before = byte;
        dot || byte.is_ascii_alphanumeric() || has_byte(b"!#$%&'*+-/=?^_`{|}~", byte)
    });
    valid && before != b'.'
}

/// Checks the content of a quoted string: printable, and a quote or a backslash only after a backslash.
fn is_quoted(content: &[u8]) -> bool {
    let mut escaped = false;
    for &byte in content {
        if !(b' '..=b'~').contains(&byte) || byte == b'"' && !escaped {
            return false;
        }
        escaped = byte == b'\\' && !escaped;
    }
    !escaped
}

/// Returns the host name in the authority of a URI (RFC 3986 section 3.2); `None` if there is none, or an address, or
/// something that another parser of URIs might interpret differently: a second `@`, a port that is not a number, a
/// backslash, a percent sign or any other character that is not valid in a host name.
fn host_of_uri(uri: &[u8]) -> Option<&[u8]> {
    let head = uri.get(..MAX_AUTHORITY).unwrap_or(uri);
    let (scheme, rest) = split_once(head, b':');
    // RFC 3986 section 3.1: "scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )".
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || has_byte(b"+-.", *byte));
    let rest = rest?.strip_prefix(b"//").filter(|_| is_scheme)?;
    let authority = rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()?;
    if authority.len() == rest.len() && head.len() < uri.len() {
        return None;
    }
    // RFC 3986 section 3.2.1: "userinfo = *( unreserved / pct-encoded / sub-delims / ":" )".
    let is_of_userinfo = |byte: &u8| byte.is_ascii_alphanumeric() || has_byte(b"-._~%!$&'()*+,;=:", *byte);
    let host_and_port = match split_once(authority, b'@') {
        (userinfo, Some(host_and_port)) => Some(host_and_port).filter(|_| userinfo.iter().all(is_of_userinfo))?,
        (host_and_port, None) => host_and_port,
    };
    let (host, port) = split_once(host_and_port, b':');
    let port = port.unwrap_or_default();
    (is_preferred_name(host) && !ends_in_number(host) && port.iter().all(u8::is_ascii_digit)).then_some(host)
}

/// "For IPv4 addresses, the iPAddress field of `GeneralName` MUST contain eight (8) octets, encoded in the
/// style of RFC 4632 (CIDR)"; for IPv6 thirty-two.
fn address_and_mask(range: &[u8]) -> Option<(&[u8], &[u8])> {
    match range.len() {
        8 => range.split_at_checked(4),
        32 => range.split_at_checked(16),
        _ => None,
    }
}

/// Returns whether the mask is ones followed by zeros.
fn is_prefix(mask: &[u8]) -> bool {
    let mut before = 0xff;
    mask.iter().all(|&byte| {
        let zeros = !byte;
        let valid = if before == 0xff { zeros & zeros.wrapping_add(1) == 0 } else { byte == 0 };
        before = byte;
        valid
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(name: &str, base: &str) -> Relation {
        relation(GeneralName::Dns(name.as_bytes()), GeneralName::Dns(base.as_bytes()))
    }

    fn email(name: &str, base: &str) -> Relation {
        relation(GeneralName::Email(name.as_bytes()), GeneralName::Email(base.as_bytes()))
    }

    fn uri(name: &str, base: &str) -> Relation {
        relation(GeneralName::Uri(name.as_bytes()), GeneralName::Uri(base.as_bytes()))
    }

    #[test]
    fn a_dns_name_is_in_the_subtree_of_its_rightmost_labels() {
        assert_eq!(dns("example.com", "example.com"), Relation::Inside);
        assert_eq!(dns("a.b.Example.com", "eXample.com"), Relation::Inside);
        assert_eq!(dns("badexample.com", "example.com"), Relation::Outside);
        assert_eq!(dns("example.com", "a.example.com"), Relation::Outside);
        assert_eq!(dns("anything.org", ""), Relation::Inside);
        assert_eq!(dns("under_score.org", "org"), Relation::Inside);
        assert_eq!(dns("under_score.org", "com"), Relation::Outside);
        assert_eq!(dns("a.under_score.org", "Under_Score.org"), Relation::Inside);
        assert_eq!(dns("*.under_score.org", "a.under_score.org"), Relation::PartlyInside);
        assert_eq!(dns("exa mple.com", "example.org"), Relation::Unclear);
        assert_eq!(dns("10.0.0.1", ""), Relation::Unclear);
        assert_eq!(dns("0x0a000001", ""), Relation::Unclear);
    }

    #[test]
    fn a_base_with_a_leading_dot_contains_only_subdomains() {
        assert_eq!(dns("a.Example.com", ".example.com"), Relation::Inside);
        assert_eq!(dns("b.a.example.com", ".example.com"), Relation::Inside);
        assert_eq!(dns("*.example.com", ".example.com"), Relation::Inside);
        assert_eq!(dns("example.com", ".example.com"), Relation::Outside);
        assert_eq!(dns("badexample.com", ".example.com"), Relation::Outside);
        assert_eq!(dns("*.com", ".example.com"), Relation::Outside);
    }

    #[test]
    fn a_wildcard_is_inside_only_if_all_its_names_are() {
        assert_eq!(dns("*.example.com", "example.com"), Relation::Inside);
        assert_eq!(dns("*.a.example.com", "example.com"), Relation::Inside);
        assert_eq!(dns("*.example.com", "foo.example.com"), Relation::PartlyInside);
        assert_eq!(dns("*.example.com", "bar.foo.example.com"), Relation::Outside);
        assert_eq!(dns("*.example.com", "foo.example.org"), Relation::Outside);
        assert_eq!(dns("*.", ""), Relation::Unclear);
    }

    #[test]
    fn a_mailbox_a_host_and_a_domain_are_distinguished() {
        assert_eq!(email("a@Example.com", "a@example.COM"), Relation::Inside);
        assert_eq!(email("A@example.com", "a@example.com"), Relation::Outside);
        assert_eq!(email("a@example.com", "example.com"), Relation::Inside);
        assert_eq!(email("a@b.example.com", "example.com"), Relation::Outside);
        assert_eq!(email("a@b.example.com", ".example.com"), Relation::Inside);
        assert_eq!(email("a@example.com", ".example.com"), Relation::Outside);
        assert_eq!(email("a@b.example.org", ".example.com"), Relation::Outside);
        assert_eq!(email("a@example.com", ""), Relation::Inside);
        assert_eq!(email("example.com", "example.com"), Relation::Unclear);
        assert_eq!(email("a@b_c.com", "b_c.com"), Relation::Unclear);
        assert_eq!(email("*@example.com", "**@example.com"), Relation::Outside);
    }

    #[test]
    fn a_mailbox_of_320_bytes_is_compared_and_a_longer_one_is_unclear() {
        let host = std::format!("{}example.com", "a.".repeat(121));
        assert_eq!(host.len(), 253);
        for (local, relation) in [(66, Relation::Inside), (67, Relation::Unclear)] {
            assert_eq!(email(&std::format!("{}@{host}", "a".repeat(local)), &host), relation);
        }
    }

    #[test]
    fn a_mailbox_with_two_hosts_is_invalid() {
        assert_eq!(email("a@evil.org@example.com", "example.com"), Relation::Unclear);
        assert_eq!(email("\"a@evil.org\"@example.com", "example.com"), Relation::Inside);
        assert_eq!(email("\"a\\\"b\"@example.com", "example.com"), Relation::Inside);
        assert_eq!(email("\"a\\\\\"@example.com", "example.com"), Relation::Inside);
        for local in ["", ".", "a.", ".a", "a..b", "a b", "a\"b", "\"", "\"a\\\"", "\"a\"b\"", "\"\u{7}\"", "\u{e4}"] {
            assert_eq!(email(&std::format!("{local}@example.com"), "example.com"), Relation::Unclear, "{local}");
        }
        // Who reads `"evil"@` as `evil@` may be right, so neither is surely another mailbox.
        assert_eq!(email("\"evil\"@example.com", "evil@example.com"), Relation::Unclear);
        assert_eq!(email("evil@example.com", "\"evil\"@Example.com"), Relation::Unclear);
        assert_eq!(email("\"evil\"@example.com", "\"evil\"@example.com"), Relation::Inside);
        assert_eq!(email("\"evil\"@example.org", "evil@example.com"), Relation::Outside);
        assert_eq!(email("o'neill+tls_1.x@example.com", "example.com"), Relation::Inside);
    }

    #[test]
    fn a_uri_is_compared_by_its_host() {
        assert_eq!(uri("https://example.com/x", "example.com"), Relation::Inside);
        assert_eq!(uri("https://user:pw@Example.com:8443?q", "example.com"), Relation::Inside);
        assert_eq!(uri("https://a.example.com", "example.com"), Relation::Outside);
        assert_eq!(uri("https://a.example.com", ".example.com"), Relation::Inside);
        assert_eq!(uri("https://example.com", ".example.com"), Relation::Outside);
        assert_eq!(uri("https://a.example.org", ".example.com"), Relation::Outside);
        assert_eq!(uri("https://example.com", ""), Relation::Inside);
        assert_eq!(uri("urn:uuid:1", "example.com"), Relation::Unclear);
        assert_eq!(uri("https://10.0.0.1/", "example.com"), Relation::Unclear);
        assert_eq!(uri("https://[::1]/", "example.com"), Relation::Unclear);
        assert_eq!(uri("https://example.com", "example.com"), Relation::Inside);
        assert_eq!(uri("coap+tcp://example.com:", "example.com"), Relation::Inside);
        let path = std::format!("https://example.com/{}", "p".repeat(1000));
        assert_eq!(uri(&path, "example.com"), Relation::Inside);
    }

    #[test]
    fn a_uri_with_an_ambiguous_host_is_unclear() {
        for unclear in [
            // A browser treats the backslash as a slash, others treat the part after the `@` as the host.
            "https://evil.org\\@example.com/",
            "https:\\\\evil.org/@example.com",
            "https:/\\evil.org/",
            "https://evil.org@evil.com@example.com/",
            "https://user@pw@example.com/",
            "https://evil.org:443@evil.com:@example.com/",
            "https://example.com:evil.org/",
            "https://example.com:80:90/",
            "https://example.com:4 43/",
            "https://ex%61mple.com/",
            "https://example.com%2f@example.com%2f/",
            "https://[example.com]/",
            "https://example.com]/",
            "https://[user@example.com/",
            "https://us er@example.com/",
            "https://us\u{7}er@example.com/",
            "https://us\u{e4}er@example.com/",
            "https://exa\tmple.com/",
            "https://example.com\n/",
            "https://example.com\0.evil.org/",
            "https://example.com ",
            " https://example.com/",
            "ht\ntps://example.com/",
            "1https://example.com/",
            "://example.com/",
            "//example.com/",
            "https:///example.com/",
            "https://@/",
            "https:///",
            "https://:443/",
            "https://user@:443/",
            "https:example.com",
            "https:/example.com",
            "https://example.com./",
            "https://.example.com/",
            "https://exam_ple.com/",
            "https://*.example.com/",
            "https://ex\u{e4}mple.com/",
            "https://10.0.0.1:443/",
            "https://0x0a000001/",
            "https://example.0xa/",
            "https://167772161/",
            "mailto:user@example.com",
        ] {
            assert_eq!(uri(unclear, "example.com"), Relation::Unclear, "{unclear:?}");
            assert!(may_be_inside(GeneralName::Uri(unclear.as_bytes()), GeneralName::Uri(b"evil.org")), "{unclear:?}");
        }
        let long = std::format!("https://{}@example.com/", "u".repeat(MAX_AUTHORITY));
        assert_eq!(uri(&long, "example.com"), Relation::Unclear);
        // The part that is read ends in the middle of the host.
        let head = std::format!("https://{}@example.com", "u".repeat(MAX_AUTHORITY - 20));
        assert_eq!((head.len(), uri(&head, "example.com")), (MAX_AUTHORITY, Relation::Inside));
        assert_eq!(uri(&(head + ".evil.org/"), "example.com"), Relation::Unclear);
        let long = std::format!("https://example.com{}", ":".repeat(MAX_AUTHORITY));
        assert_eq!(uri(&long, "example.com"), Relation::Unclear);
    }

    #[test]
    fn an_address_is_compared_by_its_masked_bits() {
        let ip = |name: &[u8], base: &[u8]| relation(GeneralName::Ip(name), GeneralName::Ip(base));
        assert_eq!(ip(&[10, 1, 2, 3], &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::Inside);
        assert_eq!(ip(&[10, 2, 2, 3], &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::Outside);
        assert_eq!(ip(&[0; 16], &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::Outside);
        assert_eq!(ip(&[0; 5], &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::Unclear);
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3];
        assert_eq!(ip(&mapped, &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::PartlyInside);
        assert_eq!(ip(&mapped, &[10, 2, 0, 0, 255, 255, 0, 0]), Relation::Outside);
        assert_eq!(ip(&mapped, &[0; 32]), Relation::Inside);
        assert_eq!(ip(&mapped, &[0; 8]), Relation::PartlyInside);
        let network =
            |prefix: [u8; 12], bits: [u8; 12]| [&prefix[..], &[10, 1, 0, 0], &bits, &[255, 255, 0, 0]].concat();
        assert_eq!(ip(&[10, 1, 2, 3], &network(MAPPED, [255; 12])), Relation::PartlyInside);
        assert_eq!(ip(&[10, 2, 2, 3], &network(MAPPED, [255; 12])), Relation::Outside);
        assert_eq!(ip(&[10, 1, 2, 3], &network([0; 12], [255; 12])), Relation::Outside);
        // A network that holds more than all of IPv4 is not of that form.
        let larger = [&MAPPED[..], &[0; 4], &[255; 10], &[0; 6]].concat();
        assert_eq!(ip(&[10, 1, 2, 3], &larger), Relation::Outside);
        // Those who may not certify IPv6 are forbidden all of it, beside the IPv4 networks that they may.
        assert_eq!(ip(&[10, 1, 2, 3], &[0; 32]), Relation::Outside);
        let text = |name: &str, base: &[u8]| relation(GeneralName::Address(name.as_bytes()), GeneralName::Ip(base));
        assert_eq!(text("10.1.2.3", &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::Inside);
        assert_eq!(text("10.2.2.3", &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::Outside);
        assert_eq!(text("::ffff:a01:203", &[10, 1, 0, 0, 255, 255, 0, 0]), Relation::PartlyInside);
        assert_eq!(relation(GeneralName::Address(b"10.1.2.3"), GeneralName::Dns(b"example.com")), Relation::OtherForm);
        assert!(is_prefix(&[255, 254, 0, 0]) && is_prefix(&[0, 0]) && is_prefix(&[255]));
        assert!(!is_prefix(&[255, 253]) && !is_prefix(&[0, 128]) && !is_prefix(&[254, 128]));
    }

    #[test]
    fn a_base_that_cannot_be_parsed_rejects_the_ca() {
        let parse = |base: &[u8]| {
            let len = u8::try_from(base.len()).unwrap();
            let value = [&[0x30, len + 4, 0xa0, len + 2, 0x30, len][..], base].concat();
            NameConstraints::parse(&value, &mut false).is_ok()
        };
        assert!(parse(b"\x82\x03a.b"));
        assert!(parse(b"\x82\x00"));
        assert!(parse(b"\x82\x04.a.b"));
        assert!(parse(b"\x82\x03a_b"));
        assert!(parse(b"\x86\x00") && parse(b"\x81\x00") && parse(b"\x81\x05a@b.c"));
        assert!(!parse(b"\x81\x05a@b_c"));
        assert!(!parse(b"\x86\x03a_b"));
        assert!(!parse(b"\x81\x03a_b"));
        assert!(!parse(b"\x82\x01."));
        assert!(!parse(b"\x82\x05..a.b"));
        assert!(!parse(b"\x82\x09.10.0.0.0"));
        assert!(!parse(b"\x82\x05*.a.b"));
        assert!(!parse(b"\x82\x0810.0.0.0"));
        assert!(!parse(b"\xa2\x05\x16\x03a.b"));
        assert!(!parse(b"\x82\x03a.b\x81\x01\x05"));
        assert!(!parse(b"\x87\x04\x0a\x00\x00\x00"));
        assert!(!parse(b"\x81\x02@a"));
        for (content, is_right) in [
            // Two bases, of which the second is no host name; what follows both lists, and both in the wrong order.
            (&b"\xa0\x0a\x30\x03\x82\x01a\x30\x03\x82\x01b"[..], true),
            (b"\xa0\x0a\x30\x03\x82\x01a\x30\x03\x82\x01.", false),
            (b"\xa0\x05\x30\x03\x82\x01a\xa1\x05\x30\x03\x82\x01b", true),
            (b"\xa0\x05\x30\x03\x82\x01a\xa1\x05\x30\x03\x82\x01b\x05\x00", false),
            (b"\xa1\x05\x30\x03\x82\x01b\xa0\x05\x30\x03\x82\x01a", false),
        ] {
            let value = [&[0x30, u8::try_from(content.len()).unwrap()], content].concat();
            assert_eq!(NameConstraints::parse(&value, &mut false).is_ok(), is_right, "{content:?}");
        }
        assert!(NameConstraints::parse(&[0x30, 0], &mut false).is_err());
        assert!(NameConstraints::parse(&[0x30, 2, 0xa0, 0], &mut false).is_err());
    }

    #[test]
    fn excluded_wins_and_other_forms_are_not_judged() {
        // permitted: dns example.com; excluded: dns bad.example.com, registeredID
        let value =
            b"\x30\x2b\xa0\x0f\x30\x0d\x82\x0bexample.com\xa1\x18\x30\x11\x82\x0fbad.example.com\x30\x03\x88\x01\x2a";
        let constraints = NameConstraints::parse(value, &mut false).unwrap();
        let check = |name| constraints.check(name, &mut 10);
        assert!(check(GeneralName::Dns(b"a.example.com")).is_ok());
        assert!(check(GeneralName::Dns(b"a.bad.example.com")).is_err());
        assert!(check(GeneralName::Dns(b"*.example.com")).is_err());
        assert!(check(GeneralName::Dns(b"example.org")).is_err());
        assert!(check(GeneralName::Ip(&[10, 0, 0, 1])).is_ok());
        assert!(check(GeneralName::Other(8)).is_err());
        assert!(check(GeneralName::Other(0)).is_ok());
        let exhausted = constraints.check(GeneralName::Dns(b"a.example.com"), &mut 2);
        assert_eq!(exhausted, Err(CertificateProblem::SearchExhausted));
    }

    #[test]
    fn an_empty_subject_is_no_name_to_constrain() {
        let mut forms = std::vec::Vec::new();
        for subject in [&b"\x30\x00"[..], b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01A"] {
            let none = |_| None;
            let counted = each_name::<()>(Name::from_der(subject).unwrap(), None, &none, &mut |name| {
                forms.push(matches!(name, GeneralName::Directory(name) if name.as_der() == subject));
                ControlFlow::Continue(())
            });
            assert!(counted.is_continue());
        }
        assert_eq!(forms, [true]);
    }

    #[test]
    fn a_comparison_of_long_directory_names_takes_many_steps() {
        // A name of one attribute of `length` bytes.
        let name = |length: u16| {
            let header = |tag: u8, length: u16| [&[tag, 0x82][..], &length.to_be_bytes()].concat();
            let value = [header(0x0c, length), std::vec![b'a'; length.into()]].concat();
            let oid = [0x06, 3, 0x55, 0x04, 0x0a];
            let attribute = [header(0x30, length + 9), oid.to_vec(), value].concat();
            [header(0x30, length + 17), header(0x31, length + 13), attribute].concat()
        };
        let (short_der, long) = (name(300), name(20_000));
        let [short, long] = [&short_der, &long].map(|der| GeneralName::Directory(Name::from_der(der).unwrap()));
        assert_eq!(steps(short, short), 3);
        assert_eq!(steps(long, short), 80);
        assert_eq!(steps(long, GeneralName::Dns(b"example.com")), 1);
        for (list, within) in [(PERMITTED, Err(CertificateProblem::NameNotPermitted)), (EXCLUDED, Ok(()))] {
            let subtree = [0xa4, 0x30, list, 0x30].into_iter().fold(short_der.clone(), |content, tag| {
                let length = u16::try_from(content.len()).unwrap().to_be_bytes();
                [&[tag, 0x82][..], &length, &content].concat()
            });
            let constraints = NameConstraints::parse(&subtree, &mut false).unwrap();
            assert_eq!(constraints.check(long, &mut 80), within);
            assert_eq!(constraints.check(long, &mut 79), Err(CertificateProblem::SearchExhausted));
        }
    }
}
