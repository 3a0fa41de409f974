//! Certificates: parsing, path validation, the identity of the peer, and why a path is rejected.
//!
//! A certificate is parsed once, in place, by a reader of this crate that does not allocate and cannot panic.
//! A *summary* of it is kept in memory of the caller, about 350 bytes for a P-256 certificate. When all
//! certificates have arrived, the summaries are searched for a path from the leaf to a [`TrustAnchor`]: RFC 5280
//! section 6 without policies, in any order of the certificates.
//!
//! A TLS connection does all that. [`Validator`] does it without one.

mod anchor;
mod certificate;
mod identity;
mod name;
mod path;
mod time;
mod validator;
mod verdict;

pub use self::anchor::TrustAnchor;
pub use self::certificate::algorithm::{KeyAlgorithm, SignatureKind};
pub use self::certificate::extensions::{KeyUsage, Purposes};
pub use self::identity::PeerIdentity;
pub use self::name::common::CommonName;
pub use self::name::constraints::{NameLimit, Subtree, Subtrees};
pub use self::name::general::{SubjectAltName, SubjectAltNames};
pub use self::name::server::{DnsName, ServerName};
pub use self::name::{Attribute, Name};
pub use self::path::rules::Rules;
pub use self::path::summaries::Place;
pub use self::path::trace::{Trace, TraceEvent};
pub use self::path::verified::{PathCertificate, PathFound, VerifiedPath};
pub use self::path::waiver::{Waived, Waivers};
pub use self::time::{Civil, Time, UnixTime, ValidityCheck, ValidityNotChecked};
pub use self::validator::Validator;
pub use self::verdict::{Evidence, NearMiss, Verdict};
pub use crate::der::oid::Oid;
pub use crate::error::WaivableCause;

#[cfg(feature = "resumption")]
pub(crate) use self::identity::fingerprint;
pub(crate) use self::identity::own::{OwnCertificate, first_certificate, is_sha1};
pub(crate) use self::name::server::is_host_name;
pub(crate) use self::path::proof::{ChainAccepted, ChainVerified};
pub(crate) use self::path::search::Search;
pub(crate) use self::path::summaries::Summaries;
pub(crate) use self::time::SECONDS_A_DAY;
