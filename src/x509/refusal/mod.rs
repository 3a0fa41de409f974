//! Why a path was refused, in full: who is to blame, which rule, what was found and what was wanted.
//!
//! Nothing of this is kept for the case that somebody asks. It is put together from the summaries and the
//! rules when it is asked for, and a program that never asks has no code of it.

mod text;

use crate::der::oid::Oid;
use crate::error::{CertificateError, CertificateProblem, Error};
use crate::limits::MAX_CERTIFICATE;
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
use crate::x509::certificate::extensions::{KeyUsage, Purposes};
use crate::x509::certificate::unsupported::Unsupported;
use crate::x509::certificate::{Certificate, Origin, found};
use crate::x509::name::Name;
use crate::x509::name::common::CommonName;
use crate::x509::name::constraints::NameLimit;
use crate::x509::name::general::{GeneralName, GeneralNames, SubjectAltName, SubjectAltNames};
use crate::x509::name::server::ServerName;
use crate::x509::path::note::{Clue, Note};
use crate::x509::path::rules::{Purpose, Rules};
use crate::x509::path::summaries::{List, Place};
use crate::x509::path::summary::Summary;
use crate::x509::time::{SECONDS_A_DAY, Time, UnixTime};

/// Why a certificate path was refused. It lends what it says from the summaries and the configuration: 72 bytes on a
/// 32-bit machine, 112 on a 64-bit one.
///
/// `Display` writes it in one line: the certificate, the rule it broke, what was found and wanted, the section.
/// What stands in it comes from a certificate that was refused: it explains, and proves nothing.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Verdict<'a> {
    error: CertificateError,
    subject: Option<Name<'a>>,
    issuer: Option<Name<'a>>,
    authority: Option<Authority<'a>>,
    evidence: Evidence<'a>,
}

/// An authority above the certificate to blame, or a trust anchor that is to blame itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Authority<'a> {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub subject: Name<'a>,
}

/// What was found, and what was wanted.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Evidence<'a> {
    /// The common name is another one.
    CommonName {
        /// The name that was wanted, or the pattern of it.
        wanted: CommonName<'a>,
        /// The first common name of the certificate, if it is text.
        #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
        found: Option<&'a str>,
    },
    /// The path would have more CA certificates than the configuration allows.
    Depth {
        /// CA certificates above the leaf, at least.
        found: u8,
        /// How many are allowed.
        limit: u8,
    },
    /// The extension: the critical one that is not understood, or the one that stands twice.
    Extension(Oid<'a>),
    /// A field that cannot be read, or breaks the profile.
    Field {
        /// The beginning of what stands there; empty if it is not known.
        found: Excerpt<'a>,
        /// The value that is wanted there.
        wanted: &'static str,
    },
    /// The name of the issuer that nobody has.
    Issuer(Name<'a>),
    /// The algorithm of the key, or its curve, that is not supported.
    Key(Oid<'a>),
    /// The bits of an RSA key that is too small or too large.
    KeySize(u32),
    /// What the key may do.
    KeyUsage {
        /// All that it may.
        found: KeyUsage,
        /// What it has to be allowed to do.
        wanted: KeyUsage,
    },
    /// A name that [the authority](Verdict::authority) does not allow.
    NameConstraint {
        /// The name.
        name: SubjectAltName<'a>,
        /// What it breaks.
        limit: NameLimit<'a>,
    },
    /// The rule says it all.
    None,
    /// How many CA certificates [the authority](Verdict::authority) allows below it.
    PathLength {
        /// CA certificates that are not self-issued; at least one more was found.
        limit: u8,
    },
    /// The form of a point that is not uncompressed: its first byte (SEC 1 section 2.3.3).
    PointForm(u8),
    /// For which roles the certificate was issued: the one to blame, or that of the anchor which is
    /// [the authority](Verdict::authority).
    Purpose {
        /// All that it has.
        found: Purposes,
        /// The one it has to have.
        wanted: Purpose,
    },
    /// What the search took until it was given up.
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
    /// How the certificate is signed, and the key of [the authority](Verdict::authority), which does not fit.
    Signature {
        /// The kind of the signature.
        found: SignatureKind,
        /// Its algorithm, if it is not supported.
        algorithm: Option<Oid<'a>>,
        /// The kind of the key.
        key: Option<KeyAlgorithm>,
    },
    /// How large it is.
    Size {
        /// Bytes of the certificate, or certificates in the list.
        found: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// From when to when the certificate is valid: the one to blame, or that of the anchor which is
    /// [the authority](Verdict::authority).
    Validity {
        /// The first second.
        not_before: UnixTime,
        /// The last second.
        not_after: UnixTime,
        /// What is known of the time.
        time: Time,
    },
    /// For how long the leaf is valid.
    ValidityDays {
        /// Days, a part of a day counted as one.
        found: u32,
        /// How many are allowed.
        limit: u16,
    },
}

/// The beginning of a field of a certificate, at most 24 bytes.
///
/// `Display` writes a text in quotes and all else in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Excerpt<'a>(&'a [u8]);

impl<'a> Excerpt<'a> {
    /// The bytes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// A name of the certificate that is nearly the one that was wanted: often what its owner meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NearMiss<'a> {
    /// The address stands there as a host name; it has to be an `iPAddress`.
    AddressAsHostName(&'a str),
    /// The name stands in the common name only, which does not count (RFC 9525 section 1.3).
    CommonName(&'a str),
    /// [The authority](Verdict::authority) has almost the name of the issuer: only PrintableString and UTF8String are compared
    /// as text, and only in ASCII without regard to case (RFC 5280 section 7.1).
    IssuerName(Authority<'a>),
    /// The wildcard stands for one label only (RFC 9525 section 6.3), and more or less are wanted.
    WildcardDepth(&'a str),
}

/// Why no path was accepted: the result of a search, from which the whole [`Verdict`] can be read while the certificates
/// and the rules are there.
#[derive(Clone, Copy, Debug)]
pub struct PathRefusal<'a> {
    list: List<'a>,
    rules: Rules<'a>,
    note: Note,
    /// Signatures and steps that the search took.
    spent: (u8, u32),
    /// Bytes of the last certificate that was too large.
    oversize: u32,
}

impl From<PathRefusal<'_>> for Error {
    fn from(refusal: PathRefusal<'_>) -> Self {
        refusal.error().into()
    }
}

impl<'a> PathRefusal<'a> {
    pub(crate) const fn new(list: List<'a>, rules: Rules<'a>, note: Note, spent: (u8, u32), oversize: u32) -> Self {
        Self { list, rules, note, spent, oversize }
    }

    /// The certificate to blame and the rule it broke.
    pub const fn error(&self) -> CertificateError {
        self.note.error
    }

    /// Explains the refusal in full.
    pub fn verdict(&self) -> Verdict<'a> {
        let note = self.note;
        let summary = self.list.get(note.error.index);
        let unreadable = self.list.unreadable(note.error.index).unwrap_or_default();
        let authority = match note.clue {
            Clue::By(place) => self.subject_of(place).map(|subject| Authority { place, subject }),
            Clue::None if note.error.problem == CertificateProblem::UnknownIssuer => {
                summary.and_then(|summary| self.almost_named(&summary.issuer))
            }
            Clue::Depth(_) | Clue::None => None,
        };
        Verdict {
            error: note.error,
            subject: summary.map_or(unreadable.subject, |summary| Some(summary.subject)),
            issuer: summary.map(|summary| summary.issuer),
            authority,
            evidence: summary
                .and_then(|summary| self.evidence(note, &summary))
                .or_else(|| in_itself(note.error.problem, summary.as_ref(), unreadable.found))
                .or_else(|| self.size_evidence(note.error.problem))
                .unwrap_or(Evidence::None),
        }
    }

    fn subject_of(&self, place: Place) -> Option<Name<'a>> {
        match place {
            Place::Anchor(place) => self.rules.authority(place).map(|anchor| anchor.subject),
            Place::Sent(place) => self.list.get(place).map(|summary| summary.subject),
        }
    }

    /// An authority that has almost this name, and none has the name itself.
    fn almost_named(&self, name: &Name<'_>) -> Option<Authority<'a>> {
        let anchors = (0..=u8::MAX).take(self.rules.anchors.len()).map(Place::Anchor);
        anchors.chain(self.list.indices().map(Place::Sent)).find_map(|place| {
            let subject = self.subject_of(place)?;
            (!subject.matches(name) && subject.is_almost(name)).then_some(Authority { place, subject })
        })
    }

    fn evidence(&self, note: Note, summary: &Summary<'a>) -> Option<Evidence<'a>> {
        use CertificateProblem as Problem;
        let rules = &self.rules;
        let anchor = match note.clue {
            Clue::By(Place::Anchor(place)) => self.rules.authority(place),
            _ => None,
        };
        let ca = match note.clue {
            Clue::By(Place::Sent(place)) => self.list.get(place),
            _ => None,
        };
        let validity = |not_before, not_after| Some(Evidence::Validity { not_before, not_after, time: rules.time });
        match note.error.problem {
            Problem::AnchorExpired | Problem::AnchorNotYetValid => {
                anchor?.validity.and_then(|(not_before, not_after)| validity(not_before, not_after))
            }
            Problem::AnchorSignatureInvalid | Problem::SignatureInvalid | Problem::UnsupportedSignature => {
                Some(signature(summary, anchor.map(|anchor| anchor.key).or(ca.map(|ca| ca.key))))
            }
            Problem::CommonNameMismatch => {
                Some(Evidence::CommonName { wanted: rules.common_name?, found: summary.subject.common_name() })
            }
            Problem::DepthExceeded => {
                let Clue::Depth(found) = note.clue else { return None };
                Some(Evidence::Depth { found, limit: rules.depth_limit() })
            }
            Problem::Expired | Problem::NotYetValid => validity(summary.not_before, summary.not_after),
            Problem::ExtendedKeyUsage => {
                let found = anchor.map_or(summary.extended_key_usage, |anchor| anchor.purposes)?;
                Some(Evidence::Purpose { found, wanted: rules.purpose })
            }
            Problem::NameMismatch => {
                let found = SubjectAltNames(summary.subject_alt_name.unwrap_or(GeneralNames::from_checked(&[])));
                Some(Evidence::ServerName { wanted: *rules.server_name?, found })
            }
            Problem::NameNotPermitted => {
                let limits = anchor.map_or(ca.and_then(|ca| ca.name_constraints), |anchor| anchor.name_constraints);
                let (name, limit) = if note.error.index == 0 {
                    limits?.offence(rules.names_of_leaf(summary))?
                } else {
                    limits?.offence(summary.names())?
                };
                Some(Evidence::NameConstraint { name: name.to_public(), limit })
            }
            Problem::PathLengthExceeded => {
                let limit = anchor.map_or(ca.and_then(|ca| ca.basic_constraints.path_len), |anchor| anchor.path_len);
                Some(Evidence::PathLength { limit: limit? })
            }
            Problem::UnknownIssuer => Some(Evidence::Issuer(summary.issuer)),
            Problem::ValidityTooLong => Some(days(summary, rules.max_validity_days?)),
            _ => None,
        }
    }

    fn size_evidence(&self, problem: CertificateProblem) -> Option<Evidence<'a>> {
        let most = u32::from(u8::MAX);
        Some(match problem {
            CertificateProblem::ListTooLong => Evidence::Size { found: most.saturating_add(1), limit: most },
            CertificateProblem::TooLarge => {
                Evidence::Size { found: self.oversize, limit: u32::try_from(MAX_CERTIFICATE).unwrap_or(u32::MAX) }
            }
            CertificateProblem::SearchExhausted => {
                let (signatures, steps) = self.spent;
                Evidence::Search { signatures, steps }
            }
            _ => return None,
        })
    }
}

/// Explains a certificate by itself, without a path and rules for it.
fn in_itself<'a>(problem: CertificateProblem, summary: Option<&Summary<'a>>, found: &'a [u8]) -> Option<Evidence<'a>> {
    use CertificateProblem as Problem;
    let field = |found, wanted| Some(Evidence::Field { found: Excerpt(found), wanted });
    let usage = |wanted| Some(Evidence::KeyUsage { found: summary?.key_usage?, wanted });
    match problem {
        Problem::DuplicateExtension => (!found.is_empty()).then_some(Evidence::Extension(Oid(found))),
        Problem::Malformed(malformation) => field(found, malformation.wanted()),
        Problem::MissingCertSign => usage(KeyUsage::KEY_CERT_SIGN),
        Problem::MissingDigitalSignature => usage(KeyUsage::DIGITAL_SIGNATURE),
        Problem::SerialNumber => {
            field(summary.map_or(found, |summary| summary.serial), "a positive number of at most 20 bytes")
        }
        Problem::UnknownCriticalExtension => summary?.unknown_critical.map(|oid| Evidence::Extension(Oid(oid))),
        Problem::UnsupportedKey => Some(match Unsupported::of(summary?.key.bytes) {
            Unsupported::Algorithm(oid) => Evidence::Key(Oid(oid)),
            Unsupported::PointForm(form) => Evidence::PointForm(form),
            Unsupported::RsaBits(bits) => Evidence::KeySize(bits),
        }),
        Problem::UnsupportedVersion => field(found, "02 01 02, version 3"),
        _ => None,
    }
}

fn signature<'a>(summary: &Summary<'a>, key: Option<PublicKey<'_>>) -> Evidence<'a> {
    let unsupported = summary.signature_kind == SignatureKind::Unsupported;
    Evidence::Signature {
        found: summary.signature_kind,
        algorithm: unsupported.then_some(Oid(summary.signature)),
        key: key.map(|key| key.algorithm),
    }
}

fn days<'a>(summary: &Summary<'_>, limit: u16) -> Evidence<'a> {
    let seconds = summary.not_after.seconds().saturating_sub(summary.not_before.seconds());
    let days = seconds.div_euclid(SECONDS_A_DAY).saturating_add(1);
    Evidence::ValidityDays { found: u32::try_from(days).unwrap_or(u32::MAX), limit }
}

impl<'a> Verdict<'a> {
    /// On a certificate that has no path: one that cannot be a trust anchor or stand in a credential. `error` is that of
    /// [`ApiMisuse::CredentialUnusable`](crate::ApiMisuse::CredentialUnusable), or has the problem of
    /// [`ApiMisuse::TrustAnchorUnusable`](crate::ApiMisuse::TrustAnchorUnusable) and a place that the reader knows.
    pub fn of_certificate(certificate: &'a [u8], error: CertificateError) -> Self {
        let parsed = Certificate::parse(certificate, Origin::Anchor).ok();
        let summary = parsed.map(|parsed| Summary { serial: parsed.serial, ..Summary::new(&parsed, &[], None) });
        let found = found::excerpt(certificate, error.problem);
        Self {
            error,
            subject: summary.map_or_else(|| found::subject(certificate), |summary| Some(summary.subject)),
            issuer: summary.map(|summary| summary.issuer),
            authority: None,
            evidence: in_itself(error.problem, summary.as_ref(), found).unwrap_or(Evidence::None),
        }
    }

    /// The certificate to blame and the rule it broke: what [`Error`](crate::Error) holds.
    pub const fn error(&self) -> CertificateError {
        self.error
    }

    /// Whose certificate it is; `None` if it could not be read.
    pub const fn subject(&self) -> Option<Name<'a>> {
        self.subject
    }

    /// Who issued it, as it says; `None` if it could not be read.
    pub const fn issuer(&self) -> Option<Name<'a>> {
        self.issuer
    }

    /// The authority whose limit was broken, whose key does not fit, or whose name is almost that of an unknown issuer, or
    /// the trust anchor that broke the rule itself.
    pub const fn authority(&self) -> Option<Authority<'a>> {
        self.authority
    }

    /// What was found, and what was wanted.
    pub const fn evidence(&self) -> Evidence<'a> {
        self.evidence
    }

    /// Where the rule stands, as in `RFC 5280 section 4.1.2.5`; `None` of a limit that is our own.
    pub const fn section(&self) -> Option<&'static str> {
        self.error.problem.section()
    }

    /// A name of the certificate that is nearly the one that was wanted.
    pub fn near_miss(&self) -> Option<NearMiss<'a>> {
        let (wanted, found) = match self.evidence {
            Evidence::Issuer(_) => return self.authority.map(NearMiss::IssuerName),
            Evidence::ServerName { wanted, found } => (wanted, found),
            _ => return None,
        };
        let host_names = || {
            found.0.iter().filter_map(|name| match (name, name.to_public()) {
                (GeneralName::Dns(_), SubjectAltName::Dns(name)) => Some(name),
                _ => None,
            })
        };
        let common_name = || {
            let name = self.subject?.common_name()?;
            wanted.is_text(name).then_some(NearMiss::CommonName(name))
        };
        match wanted {
            ServerName::Ip(_) => {
                host_names().find(|name| wanted.is_text(name)).map(NearMiss::AddressAsHostName).or_else(common_name)
            }
            ServerName::Dns(wanted) => {
                let other_depth =
                    |name: &&str| name.strip_prefix("*.").is_some_and(|parent| wanted.is_same_or_below(parent));
                host_names().find(other_depth).map(NearMiss::WildcardDepth).or_else(common_name)
            }
        }
    }

    /// Whether the rule was broken by the certificate of the anchor, which is then the authority.
    pub(crate) const fn blames_anchor(&self) -> bool {
        matches!(self.authority, Some(Authority { place: Place::Anchor(_), .. }))
            && matches!(
                self.error.problem,
                CertificateProblem::CertSignWithoutCa
                    | CertificateProblem::ConstraintNotCritical
                    | CertificateProblem::ExtendedKeyUsage
                    | CertificateProblem::MissingKeyIdentifier
            )
    }
}
