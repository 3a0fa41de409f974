//! The trace of the search for a path, step by step.

use super::summaries::Place;
use super::verified::PathFound;
use crate::error::CertificateError;
use crate::x509::name::Name;
use crate::x509::time::UnixTime;
use core::fmt;

/// A receiver of the events of a search for a path: a closure, or `()`, which ignores them and costs nothing.
///
/// The search is bounded, and so is its trace: about ten events for a leaf and an intermediate, and never more
/// than three for each step of the search, of which there are at most 10,000.
pub trait Trace {
    /// Receives an event. Nothing in it is verified before [`TraceEvent::Found`].
    fn event(&mut self, event: TraceEvent<'_>);
}

impl Trace for () {
    #[inline(always)]
    fn event(&mut self, _: TraceEvent<'_>) {}
}

impl<F: FnMut(TraceEvent<'_>)> Trace for F {
    fn event(&mut self, event: TraceEvent<'_>) {
        self(event);
    }
}

/// A step of the search. `Display` writes it in one line. Certificates are counted from 0, the leaf.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TraceEvent<'a> {
    /// An anchor ends the path; now its signatures are verified, from the anchor down.
    Anchor {
        /// The anchor, by its place in `Rules::anchors`.
        anchor: u8,
        /// CA certificates above the leaf, the anchor counted.
        depth: u8,
    },
    /// An anchor or a certificate has the name of the issuer.
    Candidate {
        /// The certificate whose issuer is searched for.
        index: u8,
        /// The candidate.
        issuer: Place,
        /// Its name.
        subject: Name<'a>,
    },
    /// No candidate issuer remains.
    DeadEnd {
        /// The certificate, and the problem that follows.
        error: CertificateError,
    },
    /// The path is found and verified.
    Found {
        /// The path.
        path: PathFound,
        /// Signatures that were verified.
        signatures: u8,
        /// Steps that were taken.
        steps: u32,
    },
    /// There is no path, for this reason.
    NoPath {
        /// The certificate to blame, and the rule it broke.
        error: CertificateError,
        /// Signatures that were verified.
        signatures: u8,
        /// Steps that were taken.
        steps: u32,
    },
    /// A certificate was read.
    Read {
        /// Its place.
        index: u8,
        /// Its subject.
        subject: Name<'a>,
        /// The issuer that it names.
        issuer: Name<'a>,
        /// The last second at which it is valid.
        not_after: UnixTime,
    },
    /// The candidate breaks a rule, or its key did not sign the certificate.
    Rejected {
        /// The certificate whose issuer is searched for.
        index: u8,
        /// The candidate.
        issuer: Place,
        /// The certificate to blame, and the rule it broke.
        error: CertificateError,
    },
    /// A certificate could not be read. Unless it is the leaf, the search continues without it.
    Unreadable {
        /// Its place, and why.
        error: CertificateError,
    },
    /// A signature of the path is valid, verified now or before.
    Verified {
        /// The certificate that is signed.
        index: u8,
        /// The issuer that signed it.
        issuer: Place,
    },
}

impl fmt::Display for TraceEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor { anchor, depth } => {
                write!(f, "reached trust anchor {anchor} at depth {depth}, verifying signatures")
            }
            Self::Candidate { index, issuer, subject } => {
                write!(f, "candidate issuer of certificate {index}: {issuer}, {subject}")
            }
            Self::DeadEnd { error } => write!(f, "dead end: {error}"),
            Self::Found { path, signatures, steps } => {
                write!(f, "path found: depth {}, ", path.depth)?;
                match path.anchor {
                    Some(anchor) => write!(f, "trust anchor {anchor}, ")?,
                    None => f.write_str("no trust anchor, ")?,
                }
                if !path.waived.is_empty() {
                    write!(f, "waived: {}, ", path.waived)?;
                }
                write!(f, "valid until {}; {signatures} signatures, {steps} steps", path.not_after)
            }
            Self::NoPath { error, signatures, steps } => {
                write!(f, "no path: {error}; {signatures} signatures, {steps} steps")
            }
            Self::Read { index, subject, issuer, .. } => {
                write!(f, "read certificate {index}: {subject}, issued by {issuer}")
            }
            Self::Rejected { index, issuer, error } => {
                write!(f, "rejected {issuer} as the issuer of certificate {index}: {error}")
            }
            Self::Unreadable { error } => write!(f, "could not read a certificate: {error}"),
            Self::Verified { index, issuer } => write!(f, "verified the signature of {issuer} on certificate {index}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor(place) => write!(f, "trust anchor {place}"),
            Self::Sent(place) => write!(f, "certificate {place}"),
        }
    }
}
