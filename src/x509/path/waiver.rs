//! Waivers: causes of refusal that a program lets pass on purpose, where the feature `dangerous-waivers` is
//! compiled in. Without it a set of waivers is always empty, and takes no space and no code.

use crate::error::{CertificateError, CertificateProblem, Malformation};
use core::fmt;

/// Why a certificate path is refused, as far as a program can waive it. All other causes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WaivableCause {
    /// A certificate of the path, or the anchor, is not valid now.
    Expired,
    /// The path breaks another rule, down to signatures that do not verify.
    Invalid,
    /// The leaf is its own issuer and neither pinned nor an anchor.
    SelfSigned,
    /// The path ends in an authority that is no anchor, or is not known at all.
    UntrustedRoot,
}

impl WaivableCause {
    /// The cause that covers a broken rule; `None` if nothing does. This is the only place that decides it.
    ///
    /// | Cause | What it covers |
    /// |---|---|
    /// | `Expired` | validity of the leaf, of authorities and of the anchor, over or not begun |
    /// | `SelfSigned` | a leaf that issued itself |
    /// | `UntrustedRoot` | a root or an issuer that is no anchor, or only has the name of one |
    /// | `Invalid` | key usages, constraints, profile, length of validity, signatures between certificates |
    /// | none | names; what cannot be parsed; a key that cannot be used; the limits of the search |
    ///
    /// A name is never waived: not the one that was asked for, host name, address or common name, nor one that an
    /// authority forbids. The leaf has to be a certificate with a key that CertificateVerify can be
    /// verified with; another certificate that cannot be parsed is left out of the search, and what is missing then
    /// is an issuer.
    pub const fn of(problem: CertificateProblem) -> Option<Self> {
        match problem {
            CertificateProblem::AnchorExpired
            | CertificateProblem::AnchorNotYetValid
            | CertificateProblem::Expired
            | CertificateProblem::NotYetValid => Some(Self::Expired),
            CertificateProblem::SelfSigned => Some(Self::SelfSigned),
            CertificateProblem::AnchorSignatureInvalid
            | CertificateProblem::UnknownIssuer
            | CertificateProblem::UntrustedRoot => Some(Self::UntrustedRoot),
            CertificateProblem::CertSignWithoutCa
            | CertificateProblem::ConstraintNotCritical
            | CertificateProblem::ExtendedKeyUsage
            | CertificateProblem::Malformed(
                Malformation::DefaultValue
                | Malformation::GeneralizedTime
                | Malformation::PathLength
                | Malformation::SignatureParameters,
            )
            | CertificateProblem::MissingCertSign
            | CertificateProblem::MissingDigitalSignature
            | CertificateProblem::MissingKeyIdentifier
            | CertificateProblem::NameConstraintsOnLeaf
            | CertificateProblem::NotACa
            | CertificateProblem::PathLengthExceeded
            | CertificateProblem::SignatureInvalid
            | CertificateProblem::UnknownCriticalExtension
            | CertificateProblem::UnsupportedSignature
            | CertificateProblem::ValidityTooLong => Some(Self::Invalid),
            CertificateProblem::CommonNameMismatch
            | CertificateProblem::DepthExceeded
            | CertificateProblem::DuplicateExtension
            | CertificateProblem::ListTooLong
            | CertificateProblem::Malformed(_)
            | CertificateProblem::NameMismatch
            | CertificateProblem::NameNotPermitted
            | CertificateProblem::SearchExhausted
            | CertificateProblem::SerialNumber
            | CertificateProblem::SignatureAlgorithmMismatch
            | CertificateProblem::SubjectMissing
            | CertificateProblem::TooLarge
            | CertificateProblem::UnsupportedKey
            | CertificateProblem::UnsupportedVersion => None,
        }
    }

    const ALL: [(Self, &'static str); 4] = [
        (Self::Expired, "expired"),
        (Self::Invalid, "invalid"),
        (Self::SelfSigned, "self-signed"),
        (Self::UntrustedRoot, "untrusted root"),
    ];

    #[cfg(feature = "dangerous-waivers")]
    const fn bit(self) -> u8 {
        match self {
            Self::Expired => 1,
            Self::Invalid => 2,
            Self::SelfSigned => 4,
            Self::UntrustedRoot => 8,
        }
    }
}

impl fmt::Display for WaivableCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Self::ALL.iter().find(|(cause, _)| cause == self).map_or("", |(_, text)| text);
        f.write_str(text)
    }
}

/// A set of causes that are waived: [`NONE`](Self::NONE) but on purpose.
///
/// With the feature `dangerous-waivers` the functions that begin with `dangerous_` add to it. `Display` lists the
/// causes, as in `expired, untrusted root`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waivers {
    #[cfg(feature = "dangerous-waivers")]
    causes: u8,
}

impl Waivers {
    /// Nothing is waived.
    pub const NONE: Self = Self {
        #[cfg(feature = "dangerous-waivers")]
        causes: 0,
    };

    /// Whether nothing is waived.
    pub const fn is_empty(self) -> bool {
        #[cfg(feature = "dangerous-waivers")]
        return self.causes == 0;
        #[cfg(not(feature = "dangerous-waivers"))]
        true
    }

    /// Whether this cause is waived.
    pub const fn contains(self, cause: WaivableCause) -> bool {
        #[cfg(feature = "dangerous-waivers")]
        return self.causes & cause.bit() != 0;
        #[cfg(not(feature = "dangerous-waivers"))]
        {
            let _ = cause;
            false
        }
    }
}

#[cfg(feature = "dangerous-waivers")]
impl Waivers {
    /// **Dangerous**: waives [`WaivableCause::Expired`]. A key that leaked long ago is as good as a new one.
    #[must_use]
    pub const fn dangerous_waive_expired(self) -> Self {
        self.and(WaivableCause::Expired)
    }

    /// **Dangerous**: waives [`WaivableCause::Invalid`]. Signatures between certificates and what authorities may
    /// issue count no more: whoever can send packets can be the peer.
    #[must_use]
    pub const fn dangerous_waive_invalid(self) -> Self {
        self.and(WaivableCause::Invalid)
    }

    /// **Dangerous**: waives [`WaivableCause::SelfSigned`]. Whoever can send packets can be the peer. To trust one
    /// self-signed certificate, pin it: [`TrustAnchor::from_pinned_certificate`](crate::x509::TrustAnchor).
    #[must_use]
    pub const fn dangerous_waive_self_signed(self) -> Self {
        self.and(WaivableCause::SelfSigned)
    }

    /// **Dangerous**: waives [`WaivableCause::UntrustedRoot`]. Whoever can send packets can be the peer.
    #[must_use]
    pub const fn dangerous_waive_untrusted_root(self) -> Self {
        self.and(WaivableCause::UntrustedRoot)
    }

    const fn and(self, cause: WaivableCause) -> Self {
        Self { causes: self.causes | cause.bit() }
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self { causes: self.causes & other.causes }
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self { causes: self.causes | other.causes }
    }
}

/// What was waived to accept a path; empty of one that is valid.
///
/// `Display` lists the causes, as in `expired, untrusted root`, or says `nothing`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waived {
    causes: Waivers,
    #[cfg(feature = "dangerous-waivers")]
    refusal: Option<CertificateError>,
}

impl Waived {
    /// Nothing: the path is valid.
    pub(crate) const NOTHING: Self = Self {
        causes: Waivers::NONE,
        #[cfg(feature = "dangerous-waivers")]
        refusal: None,
    };

    #[cfg(feature = "dangerous-waivers")]
    pub(crate) const fn of(causes: Waivers, refusal: CertificateError) -> Self {
        Self { causes, refusal: Some(refusal) }
    }

    /// Whether nothing was.
    pub const fn is_empty(self) -> bool {
        self.refusal().is_none()
    }

    /// Exactly the causes that the accepted path gave to refuse it.
    pub const fn causes(self) -> Waivers {
        self.causes
    }

    /// The error with which the peer would have been refused.
    pub const fn refusal(self) -> Option<CertificateError> {
        #[cfg(feature = "dangerous-waivers")]
        return self.refusal;
        #[cfg(not(feature = "dangerous-waivers"))]
        None
    }
}

/// How a search treats the rules that are broken: it tolerates some causes, and remembers those it met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leniency {
    #[cfg(feature = "dangerous-waivers")]
    tolerated: Waivers,
    #[cfg(feature = "dangerous-waivers")]
    met: Waivers,
}

impl Leniency {
    /// Tolerates nothing.
    #[cfg(not(feature = "dangerous-waivers"))]
    pub(crate) const STRICT: Self = Self {};

    #[cfg(feature = "dangerous-waivers")]
    pub(crate) const fn tolerating(tolerated: Waivers) -> Self {
        Self { tolerated, met: Waivers::NONE }
    }

    /// What was broken and tolerated.
    #[cfg_attr(not(feature = "dangerous-waivers"), allow(clippy::unused_self, reason = "with waivers it is used"))]
    pub(crate) const fn met(self) -> Waivers {
        #[cfg(feature = "dangerous-waivers")]
        return self.met;
        #[cfg(not(feature = "dangerous-waivers"))]
        Waivers::NONE
    }

    /// Lets a broken rule pass if that is tolerated.
    pub(crate) fn excuse(&mut self, checked: Result<(), CertificateProblem>) -> Result<(), CertificateProblem> {
        checked.or_else(|problem| self.object(problem))
    }

    /// A rule is broken: an error, unless that is tolerated.
    #[cfg_attr(not(feature = "dangerous-waivers"), allow(clippy::unused_self, reason = "with waivers it is used"))]
    pub(crate) const fn object(&mut self, problem: CertificateProblem) -> Result<(), CertificateProblem> {
        #[cfg(feature = "dangerous-waivers")]
        if let Some(cause) = WaivableCause::of(problem)
            && self.tolerated.contains(cause)
        {
            self.met = self.met.and(cause);
            return Ok(());
        }
        Err(problem)
    }
}

impl fmt::Display for Waivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        let names = WaivableCause::ALL.iter().filter(|(cause, _)| self.contains(*cause));
        for (place, (_, name)) in names.enumerate() {
            write!(f, "{}{name}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Waived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.causes.fmt(f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Waivers {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", defmt::Display2Format(self));
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Waived {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.causes.format(f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CertificateProblem as Problem;
    use WaivableCause::{Expired, Invalid, SelfSigned, UntrustedRoot};

    /// Every variant, in the order of its declaration.
    const ALL: &[(Problem, Option<WaivableCause>)] = &[
        (Problem::AnchorExpired, Some(Expired)),
        (Problem::AnchorNotYetValid, Some(Expired)),
        (Problem::AnchorSignatureInvalid, Some(UntrustedRoot)),
        (Problem::CertSignWithoutCa, Some(Invalid)),
        (Problem::CommonNameMismatch, None),
        (Problem::ConstraintNotCritical, Some(Invalid)),
        (Problem::DepthExceeded, None),
        (Problem::DuplicateExtension, None),
        (Problem::Expired, Some(Expired)),
        (Problem::ExtendedKeyUsage, Some(Invalid)),
        (Problem::ListTooLong, None),
        (Problem::Malformed(Malformation::Der), None),
        (Problem::MissingCertSign, Some(Invalid)),
        (Problem::MissingDigitalSignature, Some(Invalid)),
        (Problem::MissingKeyIdentifier, Some(Invalid)),
        (Problem::NameConstraintsOnLeaf, Some(Invalid)),
        (Problem::NameMismatch, None),
        (Problem::NameNotPermitted, None),
        (Problem::NotACa, Some(Invalid)),
        (Problem::NotYetValid, Some(Expired)),
        (Problem::PathLengthExceeded, Some(Invalid)),
        (Problem::SearchExhausted, None),
        (Problem::SelfSigned, Some(SelfSigned)),
        (Problem::SerialNumber, None),
        (Problem::SignatureAlgorithmMismatch, None),
        (Problem::SignatureInvalid, Some(Invalid)),
        (Problem::SubjectMissing, None),
        (Problem::TooLarge, None),
        (Problem::UnknownCriticalExtension, Some(Invalid)),
        (Problem::UnknownIssuer, Some(UntrustedRoot)),
        (Problem::UnsupportedKey, None),
        (Problem::UnsupportedSignature, Some(Invalid)),
        (Problem::UnsupportedVersion, None),
        (Problem::UntrustedRoot, Some(UntrustedRoot)),
        (Problem::ValidityTooLong, Some(Invalid)),
    ];

    #[test]
    fn every_rule_has_its_cause_or_none() {
        use std::{format, string::String, vec::Vec};
        let source = include_str!("../../error/certificate.rs");
        let (_, rest) = source.split_once("pub enum CertificateProblem {\n").unwrap();
        let (body, _) = rest.split_once("\n}\n").unwrap();
        let name = |text: &str| String::from(text.split(['(', ',']).next().unwrap());
        let declared: Vec<_> = body.lines().map(str::trim).filter(|line| !line.starts_with("///")).map(name).collect();
        let listed: Vec<_> = ALL.iter().map(|(problem, _)| name(&format!("{problem:?}"))).collect();
        assert_eq!(listed, declared);
        for (problem, cause) in ALL {
            assert_eq!(WaivableCause::of(*problem), *cause, "{problem:?}");
        }
        let early = Problem::Malformed(Malformation::GeneralizedTime);
        assert_eq!(WaivableCause::of(early), Some(Invalid), "what is read all the same can be waived");
    }

    #[test]
    fn nothing_is_waived_by_itself() {
        assert!(Waivers::NONE.is_empty() && Waivers::default() == Waivers::NONE && Waived::NOTHING.is_empty());
        assert!(WaivableCause::ALL.iter().all(|(cause, _)| !Waivers::NONE.contains(*cause)));
    }

    #[cfg(not(feature = "dangerous-waivers"))]
    #[test]
    fn without_the_feature_waivers_are_nothing_at_all() {
        assert_eq!((size_of::<Waivers>(), size_of::<Waived>(), size_of::<Leniency>()), (0, 0, 0));
        let mut strict = Leniency::STRICT;
        for (problem, _) in ALL {
            assert_eq!(strict.excuse(Err(*problem)), Err(*problem));
        }
    }

    #[cfg(feature = "dangerous-waivers")]
    #[test]
    fn each_waiver_adds_its_own_cause() {
        use std::string::ToString;
        let each = [
            (Waivers::NONE.dangerous_waive_expired(), Expired),
            (Waivers::NONE.dangerous_waive_invalid(), Invalid),
            (Waivers::NONE.dangerous_waive_self_signed(), SelfSigned),
            (Waivers::NONE.dangerous_waive_untrusted_root(), UntrustedRoot),
        ];
        for ((waivers, cause), (_, name)) in each.into_iter().zip(WaivableCause::ALL) {
            assert!(WaivableCause::ALL.iter().all(|(other, _)| waivers.contains(*other) == (*other == cause)));
            assert_eq!(waivers.to_string(), name);
        }
        assert_eq!(Waivers::NONE.to_string(), "nothing");
        assert_eq!(each[3].0.dangerous_waive_expired().to_string(), "expired, untrusted root");
    }
}
