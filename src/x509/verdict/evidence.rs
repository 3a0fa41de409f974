//! The evidence for a refusal: what was found, what was required, and near misses.

use super::{Blame, Blamed, FailedPath, Part, Source, Verdict};
use crate::der::oid::Oid;
use crate::error::CertificateProblem as Problem;
use crate::limits::MAX_CERTIFICATE;
use crate::role::Role;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::algorithm::{KeyAlgorithm, SignatureKind};
use crate::x509::certificate::extensions::{KeyUsage, Purposes};
use crate::x509::certificate::unsupported::Unsupported;
use crate::x509::name::Name;
use crate::x509::name::common::CommonName;
use crate::x509::name::constraints::NameLimit;
use crate::x509::name::general::{GeneralName, GeneralNames, SubjectAltName, SubjectAltNames};
use crate::x509::name::server::ServerName;
use crate::x509::path::summaries::Place;
use crate::x509::path::verified::PathCertificate;
use crate::x509::time::{SECONDS_A_DAY, Time, UnixTime};
use core::ops::ControlFlow;

/// The evidence for a problem: what was found and what was required.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Evidence<'a> {
    /// The common name is another one.
    CommonName {
        /// The name or the pattern that was wanted.
        wanted: CommonName<'a>,
        /// The first common name of the certificate, if it is text.
        #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
        found: Option<&'a str>,
    },
    /// The path would have more CA certificates than the configuration allows.
    Depth {
        /// CA certificates above the leaf, at least.
        found: u8,
        /// The most that are allowed.
        limit: u8,
    },
    /// The extension: the critical one that is not supported, or the duplicate one.
    Extension(Oid<'a>),
    /// A field that cannot be parsed, or breaks the profile.
    Field {
        /// The beginning of its content, at most 24 bytes; empty if that is not known.
        found: &'a [u8],
        /// The value that was wanted.
        wanted: &'static str,
    },
    /// The name of the unknown issuer.
    Issuer(Name<'a>),
    /// The algorithm of the key, or its curve, that is not supported.
    Key(Oid<'a>),
    /// The bits of an RSA key that is too small or too large.
    KeySize(u32),
    /// The key usage lacks a bit.
    KeyUsage {
        /// All that it allows.
        found: KeyUsage,
        /// The bit that is required.
        wanted: KeyUsage,
    },
    /// A name that [the authority](Verdict::authority) does not allow.
    NameConstraint {
        /// The name.
        name: SubjectAltName<'a>,
        /// The limit that it exceeds.
        limit: NameLimit<'a>,
    },
    /// Nothing beyond the rule.
    None,
    /// [The authority](Verdict::authority) allows fewer CA certificates below it.
    PathLength {
        /// The most CA certificates that are not self-issued; at least one more was found.
        limit: u8,
    },
    /// The form of a point that is not uncompressed: its first byte (SEC 1 section 2.3.3).
    PointForm(u8),
    /// The extended key usage of the certificate to blame, or of the anchor that is [the authority](Verdict::authority).
    Purpose {
        /// All purposes that it has.
        found: Purposes,
        /// The role of the peer, whose purpose is required.
        wanted: Role,
    },
    /// The search has reached its limits.
    Search {
        /// Signatures that were verified.
        signatures: u8,
        /// Steps that were taken.
        steps: u32,
    },
    /// The name of the server is not among those of the certificate.
    ServerName {
        /// The name that was wanted.
        wanted: ServerName<'a>,
        /// The names that the certificate has.
        found: SubjectAltNames<'a>,
    },
    /// The signature of the certificate does not match the key of [the authority](Verdict::authority).
    Signature {
        /// The kind of the signature.
        found: SignatureKind,
        /// Its algorithm, if it is not supported.
        algorithm: Option<Oid<'a>>,
        /// The kind of the key.
        key: Option<KeyAlgorithm>,
    },
    /// The certificate is too large, or the list too long.
    Size {
        /// Bytes of the certificate, or certificates in the list.
        found: u32,
        /// The most that are allowed.
        limit: u32,
    },
    /// The validity of the certificate to blame, or of the anchor that is [the authority](Verdict::authority).
    Validity {
        /// The first second.
        not_before: UnixTime,
        /// The last second.
        not_after: UnixTime,
        /// The current time, as far as it is known.
        time: Time,
    },
    /// The leaf is valid for too long.
    ValidityDays {
        /// Days, a part of a day counted as one.
        found: u32,
        /// The most that are allowed.
        limit: u16,
    },
}

/// A name of the certificate that nearly matches the required one, and is often what its owner intended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NearMiss<'a> {
    /// The address is in a `dNSName`; it must be in an `iPAddress`.
    AddressAsHostName(&'a str),
    /// The name is only in the common name, which does not count (RFC 9525 section 1.3).
    CommonName(&'a str),
    /// [The authority](Verdict::authority) has almost the name of the issuer: only PrintableString and UTF8String are compared
    /// as text, and only in ASCII without regard to case (RFC 5280 section 7.1).
    IssuerName(PathCertificate<'a>),
    /// The wildcard matches exactly one label (RFC 9525 section 6.3), and the wanted name has more or fewer.
    WildcardDepth(&'a str),
}

impl<'a> Evidence<'a> {
    /// Looks for the evidence; `None` if the rule explains everything.
    pub(super) fn of(verdict: &Verdict<'a>) -> Option<Self> {
        let (blame, blamed) = (verdict.blame, verdict.blamed());
        let Source::Path(path) = &verdict.source else { return Self::in_itself(blame.error.problem, &blamed) };
        if let Some(evidence) = blamed.summary.and_then(|summary| Self::in_path(blame, &summary, path)) {
            return Some(evidence);
        }
        // Nothing is kept of the fields of an anchor that break the profile.
        let blamed = if verdict.blames_anchor() { Blamed::default() } else { blamed };
        Self::in_itself(blame.error.problem, &blamed).or_else(|| Self::of_limit(blame.error.problem, path))
    }

    /// Compares a certificate with its issuer and the rules.
    fn in_path(blame: Blame, summary: &Certificate<'a>, path: &FailedPath<'a>) -> Option<Self> {
        let rules = &path.rules;
        let issuer = match blame.part {
            Part::Anchor(anchor) => rules.issuer(path.list, Place::Anchor(anchor)),
            Part::Issuer(issuer) => rules.issuer(path.list, issuer),
            Part::Depth(_) | Part::None => None,
        };
        Some(match blame.error.problem {
            Problem::AnchorExpired | Problem::AnchorNotYetValid => {
                let (not_before, not_after) = issuer?.validity?;
                Self::Validity { not_before, not_after, time: rules.time }
            }
            Problem::AnchorSignatureInvalid | Problem::SignatureInvalid | Problem::UnsupportedSignature => {
                Self::signature(summary, issuer.map(|issuer| issuer.key.algorithm()))
            }
            Problem::CommonNameMismatch => {
                Self::CommonName { wanted: rules.common_name?, found: summary.subject.common_name() }
            }
            Problem::DepthExceeded => {
                let Part::Depth(found) = blame.part else { return None };
                Self::Depth { found, limit: rules.depth_limit() }
            }
            Problem::Expired | Problem::NotYetValid => {
                Self::Validity { not_before: summary.not_before, not_after: summary.not_after, time: rules.time }
            }
            Problem::ExtendedKeyUsage => {
                let found = issuer.map_or(summary.extensions.extended_key_usage, |anchor| anchor.purposes)?;
                Self::Purpose { found, wanted: rules.role }
            }
            Problem::NameMismatch => {
                let found =
                    SubjectAltNames(summary.extensions.subject_alt_name.unwrap_or(GeneralNames::from_checked(&[])));
                Self::ServerName { wanted: *rules.server_name?, found }
            }
            Problem::NameNotPermitted => {
                let limits = issuer?.name_constraints?;
                let mut exceeds = |name: GeneralName<'a>| {
                    let limit = limits.limit_of(name);
                    limit.map_or(ControlFlow::Continue(()), |limit| ControlFlow::Break((name.to_public(), limit)))
                };
                let found = rules.each_name(summary, blame.error.index == 0, &mut exceeds);
                let (name, limit) = found.break_value()?;
                Self::NameConstraint { name, limit }
            }
            Problem::PathLengthExceeded => Self::PathLength { limit: issuer?.path_len? },
            Problem::UnknownIssuer => Self::Issuer(summary.issuer),
            Problem::ValidityTooLong => Self::days(summary, rules.max_validity_days?),
            _ => return None,
        })
    }

    /// Takes the evidence from a certificate alone.
    fn in_itself(problem: Problem, blamed: &Blamed<'a>) -> Option<Self> {
        let (summary, found) = (blamed.summary, blamed.unreadable.found());
        let field = |found, wanted| Some(Self::Field { found, wanted });
        let usage = |wanted| Some(Self::KeyUsage { found: summary?.extensions.key_usage?, wanted });
        match problem {
            Problem::DuplicateExtension => (!found.is_empty()).then_some(Self::Extension(Oid(found))),
            Problem::Malformed(malformation) => field(found, malformation.wanted()),
            Problem::MissingCertSign => usage(KeyUsage::KEY_CERT_SIGN),
            Problem::MissingDigitalSignature => usage(KeyUsage::DIGITAL_SIGNATURE),
            Problem::SerialNumber => {
                field(summary.map_or(found, |summary| summary.serial), "a positive number of at most 20 bytes")
            }
            Problem::UnknownCriticalExtension => {
                summary?.extensions.unknown_critical.map(|oid| Self::Extension(Oid(oid)))
            }
            Problem::UnsupportedKey => Some(match Unsupported::of(summary?.key.as_bytes()) {
                Unsupported::Algorithm(oid) => Self::Key(Oid(oid)),
                Unsupported::PointForm(form) => Self::PointForm(form),
                Unsupported::RsaBits(bits) => Self::KeySize(bits),
            }),
            Problem::UnsupportedVersion => field(found, "02 01 02 (version 3)"),
            _ => None,
        }
    }

    /// Takes the evidence from the limits of the search.
    fn of_limit(problem: Problem, path: &FailedPath<'_>) -> Option<Self> {
        let most = u32::from(u8::MAX);
        Some(match problem {
            Problem::ListTooLong => Self::Size { found: most.saturating_add(1), limit: most },
            Problem::TooLarge => {
                Self::Size { found: path.oversize, limit: u32::try_from(MAX_CERTIFICATE).unwrap_or(u32::MAX) }
            }
            Problem::SearchExhausted => {
                let (signatures, steps) = path.spent;
                Self::Search { signatures, steps }
            }
            _ => return None,
        })
    }

    fn signature(summary: &Certificate<'a>, key: Option<KeyAlgorithm>) -> Self {
        let unsupported = summary.signature_kind == SignatureKind::Unsupported;
        let algorithm = unsupported.then_some(Oid(summary.signature));
        Self::Signature { found: summary.signature_kind, algorithm, key }
    }

    fn days(summary: &Certificate<'_>, limit: u16) -> Self {
        let seconds = summary.not_after.0.saturating_sub(summary.not_before.0);
        let days = seconds.div_euclid(SECONDS_A_DAY).saturating_add(1);
        Self::ValidityDays { found: u32::try_from(days).unwrap_or(u32::MAX), limit }
    }
}

impl<'a> NearMiss<'a> {
    pub(super) fn of(verdict: &Verdict<'a>) -> Option<Self> {
        let (wanted, found) = match verdict.evidence() {
            Evidence::Issuer(_) => return verdict.authority().map(Self::IssuerName),
            Evidence::ServerName { wanted, found } => (wanted, found),
            _ => return None,
        };
        let mut host_names = found.0.iter().filter_map(|name| match (name, name.to_public()) {
            (GeneralName::Dns(_), SubjectAltName::Dns(name)) => Some(name),
            _ => None,
        });
        let near = match wanted {
            ServerName::Ip(_) => host_names.find(|name| wanted.is_text(name)).map(Self::AddressAsHostName),
            ServerName::Dns(wanted) => {
                let is_parent = |parent| wanted.is_same_or_below(parent);
                host_names.find(|name| name.strip_prefix("*.").is_some_and(is_parent)).map(Self::WildcardDepth)
            }
        };
        near.or_else(|| {
            let name = verdict.subject()?.common_name()?;
            wanted.is_text(name).then_some(Self::CommonName(name))
        })
    }
}
