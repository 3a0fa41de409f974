//! Verdicts in words: one line each, in short clauses.

use super::{Evidence, NearMiss, Verdict};
use crate::der::oid::Oid;
use crate::error::CertificateProblem;
use crate::limits::{MAX_DEPTH, MAX_SEARCH_STEPS, MAX_SIGNATURES};
use crate::role::Role;
use crate::text::Escaped;
use crate::x509::name::constraints::NameLimit;
use crate::x509::time::{SECONDS_A_DAY, Time, UnixTime};
use core::fmt::{self, Display, Formatter, Result};

/// Names and subtrees that are listed; the rest are counted.
const LISTED: usize = 8;

impl Display for Verdict<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let error = self.error();
        match self.authority() {
            Some(anchor) if self.blames_anchor() => write!(f, "{anchor}, issuer of certificate {}", error.index)?,
            _ => write!(f, "certificate {}", error.index)?,
        }
        let role = if error.index == 0 { "the leaf, " } else { "" };
        match self.subject() {
            Some(subject) if subject.is_empty() => write!(f, " ({role}no subject)")?,
            Some(subject) => write!(f, " ({role}{subject})")?,
            None if error.index == 0 => f.write_str(" (the leaf)")?,
            None => {}
        }
        write!(f, " {}", error.problem)?;
        self.write_evidence(f)?;
        if let Some(near_miss) = self.near_miss() {
            write!(f, "; {near_miss}")?;
        }
        error.problem.section().map_or(Ok(()), |section| write!(f, " ({section})"))
    }
}

impl fmt::Debug for Verdict<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Verdict")
            .field("error", &self.error())
            .field("subject", &self.subject())
            .field("issuer", &self.issuer())
            .field("authority", &self.authority())
            .field("evidence", &self.evidence())
            .finish()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Verdict<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (error, subject, issuer) = (self.error(), self.subject(), self.issuer());
        defmt::write!(f, "{} {} {} {} {}", error, subject, issuer, self.authority(), self.evidence());
    }
}

impl Verdict<'_> {
    fn write_evidence(&self, f: &mut Formatter<'_>) -> Result {
        match self.evidence() {
            // The name that was found is in the subject, which is already written.
            Evidence::CommonName { wanted, .. } => write!(f, ": wanted {wanted}"),
            Evidence::Depth { found, limit } => write_depth(f, found, limit),
            Evidence::Extension(oid) => write!(f, ": found {oid}"),
            Evidence::Field { found: [], wanted } => write!(f, ": wanted {wanted}"),
            Evidence::Field { found, wanted } => {
                f.write_str(": found ")?;
                write_excerpt(f, found)?;
                write!(f, ", wanted {wanted}")
            }
            Evidence::Issuer(issuer) => write!(f, ": {issuer}"),
            Evidence::Key(_) | Evidence::KeySize(_) | Evidence::PointForm(_) => self.write_key(f),
            Evidence::KeyUsage { found, wanted } => write!(f, ": found {found}, wanted {wanted}"),
            Evidence::NameConstraint { name, limit } => self.write_name_limit(f, &name, &limit),
            Evidence::None => Ok(()),
            Evidence::PathLength { limit } => {
                self.write_authority(f)?;
                let plural = if limit == 1 { "" } else { "s" };
                write!(f, " allows {limit} CA certificate{plural} below it, found {} or more", u16::from(limit) + 1)
            }
            Evidence::Purpose { found, wanted } => write!(f, ": found {found}, wanted {}", purpose_of(wanted)),
            Evidence::Search { signatures: MAX_SIGNATURES.., steps } => {
                write!(f, ": the limit of {MAX_SIGNATURES} signature verifications was reached after {steps} steps")
            }
            Evidence::Search { signatures, .. } => {
                write!(
                    f,
                    ": the limit of {MAX_SEARCH_STEPS} steps was reached after {signatures} signature verifications"
                )
            }
            Evidence::ServerName { wanted, found } => {
                write!(f, ": wanted {wanted}, found ")?;
                write_list(f, found.iter())
            }
            Evidence::Signature { found, algorithm, key } => {
                f.write_str(": found ")?;
                match algorithm {
                    Some(oid) => write_algorithm(f, oid)?,
                    None => found.fmt(f)?,
                }
                match (self.authority(), key) {
                    (Some(authority), Some(key)) => write!(f, ", tried the {key} key of {authority}"),
                    _ => Ok(()),
                }
            }
            Evidence::Size { found, limit } => write!(f, ": found {found}, wanted at most {limit}"),
            Evidence::Validity { not_before, not_after, time } => {
                if matches!(
                    self.error().problem,
                    CertificateProblem::AnchorExpired | CertificateProblem::AnchorNotYetValid
                ) {
                    self.write_authority(f)?;
                    f.write_str(" is valid")?;
                } else {
                    f.write_str(": valid")?;
                }
                write_validity(f, not_before, not_after, time)
            }
            Evidence::ValidityDays { found, limit } => write!(f, ": found {found}, wanted at most {limit}"),
        }
    }

    /// Writes why the key is not supported.
    fn write_key(&self, f: &mut Formatter<'_>) -> Result {
        match self.evidence() {
            Evidence::Key(oid) => {
                f.write_str(": found ")?;
                write_algorithm(f, oid)
            }
            Evidence::KeySize(bits) => write!(f, ": found RSA of {bits} bits, wanted 2048 to 4096"),
            Evidence::PointForm(2 | 3) => f.write_str(": found a compressed point, wanted an uncompressed one"),
            _ => f.write_str(": found a malformed point, wanted an uncompressed one"),
        }
    }

    /// Writes a colon and the authority, as the beginning of a clause.
    fn write_authority(&self, f: &mut Formatter<'_>) -> Result {
        match self.authority() {
            Some(authority) => write!(f, ": {authority}"),
            None => f.write_str(": it"),
        }
    }

    fn write_name_limit(&self, f: &mut Formatter<'_>, name: &dyn Display, limit: &NameLimit<'_>) -> Result {
        write!(f, ": found {name}, ")?;
        match self.authority() {
            Some(authority) => authority.fmt(f)?,
            None => f.write_str("it")?,
        }
        match limit {
            NameLimit::Excluded(subtree) => write!(f, " excludes {subtree}"),
            NameLimit::Permitted(subtrees) => {
                f.write_str(" permits ")?;
                write_list(f, subtrees.iter())
            }
        }
    }
}

/// Algorithms of keys and signatures that a build may lack, or that none has.
const ALGORITHMS: &[(&[u8], &str)] = &[
    (b"\x2a\x86\x48\xce\x3d\x04\x01", "ECDSA with SHA-1"),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", "ECDSA with SHA-384, which needs the feature `p384`"),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", "ECDSA with SHA-512"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "RSA, which needs the feature `rsa`"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", "RSA with MD5"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", "RSA with SHA-1"),
    #[cfg(feature = "rsa")]
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "RSA-PSS with parameters that TLS does not use"),
    #[cfg(not(feature = "rsa"))]
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "RSA-PSS, which needs the feature `rsa`"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "RSA with SHA-256, which needs the feature `rsa`"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", "RSA with SHA-384, which needs the feature `rsa`"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", "RSA with SHA-512, which needs the feature `rsa`"),
    (b"\x2b\x65\x70", "Ed25519, which needs the feature `ed25519`"),
    (b"\x2b\x65\x71", "Ed448"),
    (b"\x2b\x81\x04\x00\x0a", "secp256k1"),
    (b"\x2b\x81\x04\x00\x22", "P-384, which needs the feature `p384`"),
    (b"\x2b\x81\x04\x00\x23", "P-521"),
];

/// Writes the object identifier of an algorithm that is not supported, and its common name.
fn write_algorithm(f: &mut Formatter<'_>, oid: Oid<'_>) -> Result {
    oid.fmt(f)?;
    match ALGORITHMS.iter().find(|(known, _)| *known == oid.as_bytes()) {
        Some((_, name)) => write!(f, " ({name})"),
        None => Ok(()),
    }
}

fn write_depth(f: &mut Formatter<'_>, found: u8, limit: u8) -> Result {
    write!(f, ": found {found} or more, wanted at most {limit}")?;
    if usize::from(limit) == MAX_DEPTH { f.write_str(", the hard limit") } else { Ok(()) }
}

fn write_validity(f: &mut Formatter<'_>, not_before: UnixTime, not_after: UnixTime, time: Time) -> Result {
    write!(f, " from {not_before} to {not_after}, ")?;
    let (now, clock) = match time {
        Time::Trusted(now) => (now, "the current time is"),
        Time::AtLeast(now) => (now, "the current time is at least"),
        Time::Unknown(_) => return f.write_str("the current time is unknown"),
    };
    write!(f, "{clock} {now}")?;
    let days = |from: UnixTime, to: UnixTime| to.0.saturating_sub(from.0).div_euclid(SECONDS_A_DAY);
    if now > not_after {
        write!(f, ", {} days past notAfter", days(not_after, now))
    } else {
        write!(f, ", {} days before notBefore", days(now, not_before))
    }
}

/// Writes text in quotes and anything else in hexadecimal.
fn write_excerpt(f: &mut Formatter<'_>, bytes: &[u8]) -> Result {
    match core::str::from_utf8(bytes) {
        Ok(text) if bytes.len() >= 4 && bytes.iter().all(u8::is_ascii_graphic) => write!(f, "'{text}'"),
        _ => {
            for (place, byte) in bytes.iter().enumerate() {
                write!(f, "{}{byte:02x}", if place == 0 { "" } else { " " })?;
            }
            Ok(())
        }
    }
}

/// Writes the first of a list, and the number of the others.
fn write_list<T: Display>(f: &mut Formatter<'_>, mut items: impl Iterator<Item = T>) -> Result {
    let Some(first) = items.next() else { return f.write_str("none") };
    first.fmt(f)?;
    for item in items.by_ref().take(LISTED.saturating_sub(1)) {
        write!(f, ", {item}")?;
    }
    match items.count() {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

impl Display for NearMiss<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AddressAsHostName(_) => {
                f.write_str("the certificate contains the address as a dNSName, but only an iPAddress matches")
            }
            Self::CommonName(name) => write!(f, "the common name is {}, but common names are ignored", Escaped(name)),
            Self::IssuerName(authority) => {
                write!(f, "{authority} has a similar name, which differs in string type or non-ASCII characters")
            }
            Self::WildcardDepth(name) => write!(f, "{} matches exactly one additional label", Escaped(name)),
        }
    }
}

/// Returns the name of the purpose that certificates of this role need (RFC 5280 section 4.2.1.12).
const fn purpose_of(role: Role) -> &'static str {
    match role {
        Role::Client => "clientAuth",
        Role::Server => "serverAuth",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    struct Excerpt(&'static [u8]);

    impl Display for Excerpt {
        fn fmt(&self, f: &mut Formatter<'_>) -> Result {
            write_excerpt(f, self.0)
        }
    }

    #[test]
    fn an_excerpt_is_text_if_it_has_four_bytes_and_no_space_or_control_character() {
        assert_eq!(Excerpt(b"abcd").to_string(), "'abcd'");
        assert_eq!(Excerpt(b"abc").to_string(), "61 62 63");
        assert_eq!(Excerpt(b"ab d").to_string(), "61 62 20 64");
    }
}
