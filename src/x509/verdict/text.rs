//! Verdicts in words: one line each, in short clauses.

use super::{Authority, Evidence, NearMiss, Verdict};
use crate::error::CertificateProblem;
use crate::limits::{MAX_SEARCH_STEPS, MAX_SIGNATURES};
use crate::text::Escaped;
use crate::x509::name::constraints::NameLimit;
use crate::x509::path::rules::Purpose;
use crate::x509::time::{SECONDS_A_DAY, Time, UnixTime};
use core::fmt::{Display, Formatter, Result};

/// Names and subtrees that are listed; of the rest the number is said.
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
        self.section().map_or(Ok(()), |section| write!(f, " ({section})"))
    }
}

impl Verdict<'_> {
    fn write_evidence(&self, f: &mut Formatter<'_>) -> Result {
        match self.evidence() {
            // What was found stands in the subject, in front.
            Evidence::CommonName { wanted, .. } => write!(f, ": wanted {wanted}"),
            Evidence::Depth { found, limit } => write!(f, ": found {found} or more, wanted at most {limit}"),
            Evidence::Extension(oid) | Evidence::Key(oid) => write!(f, ": found {oid}"),
            Evidence::Issuer(issuer) => write!(f, ": wanted {issuer}"),
            Evidence::KeyUsage { found, wanted } => write!(f, ": found {found}, wanted {wanted}"),
            Evidence::NameConstraint { name, limit } => self.write_name_limit(f, &name, &limit),
            Evidence::None => Ok(()),
            Evidence::PathLength { limit } => {
                self.write_authority(f)?;
                let plural = if limit == 1 { "" } else { "s" };
                write!(f, " allows {limit} CA certificate{plural} below it, found {} or more", u16::from(limit) + 1)
            }
            Evidence::Purpose { found, wanted } => write!(f, ": found {found}, wanted {wanted}"),
            Evidence::Search { signatures, steps } => write!(
                f,
                ": {signatures} signatures and {steps} steps, at most {MAX_SIGNATURES} and {MAX_SEARCH_STEPS}"
            ),
            Evidence::ServerName { wanted, found } => {
                write!(f, ": wanted {wanted}, found ")?;
                write_list(f, found.iter())
            }
            Evidence::Signature { found, algorithm, key } => {
                match algorithm {
                    Some(oid) => write!(f, ": found {oid}")?,
                    None => write!(f, ": found {found}")?,
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

    /// A colon and the authority, as the beginning of a clause.
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

fn write_validity(f: &mut Formatter<'_>, not_before: UnixTime, not_after: UnixTime, time: Time) -> Result {
    write!(f, " from {not_before} to {not_after}, ")?;
    let (now, clock) = match time {
        Time::Trusted(now) => (now, "now it is"),
        Time::AtLeast(now) => (now, "now it is at least"),
        Time::Unknown(_) => return f.write_str("and nobody knows the time"),
    };
    write!(f, "{clock} {now}")?;
    let days = |from: UnixTime, to: UnixTime| to.seconds().saturating_sub(from.seconds()).div_euclid(SECONDS_A_DAY);
    if now > not_after {
        write!(f, ", {} days too late", days(not_after, now))
    } else {
        write!(f, ", {} days too early", days(now, not_before))
    }
}

/// The first of a list, and how many there are beside them.
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

impl Display for Authority<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} ({})", self.place, self.subject)
    }
}

impl Display for NearMiss<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AddressAsHostName(_) => f.write_str("the address stands there as a host name, which does not count"),
            Self::CommonName(name) => write!(f, "the common name is {}, which does not count", Escaped(name)),
            Self::WildcardDepth(name) => write!(f, "{} stands for exactly one label more", Escaped(name)),
        }
    }
}

impl Display for Purpose {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::ClientAuth => "clientAuth",
            Self::ServerAuth => "serverAuth",
        })
    }
}
