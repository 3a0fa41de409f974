//! Certificates: reading them, finding a path to a trust anchor, saying who the peer is and what is
//! wrong.
//!
//! A certificate is read once, where it lies, by a reader of this crate that does not allocate and
//! cannot panic. A *summary* of it is kept in memory that the caller lends, about 350 bytes for a P-256
//! certificate. When all are there, a path from the leaf to a [`TrustAnchor`] is searched over the
//! summaries: RFC 5280 section 6 without policies, in whatever order they came.
//!
//! A TLS connection does all that by itself. [`Validator`] does it without one.

mod algorithm;
mod anchor;
mod certificate;
mod common_name;
mod constraints;
mod der;
mod extensions;
mod general_name;
mod identity;
#[cfg(feature = "post-handshake-auth")]
mod kept;
mod key_info;
mod name;
mod note;
mod oid;
mod own;
mod path;
mod path_found;
mod rules;
mod server_name;
mod summary;
mod time;
mod trace;
mod validator;
mod variables;
mod verdict;
mod verdict_text;
mod verified;
mod waiver;

pub use self::algorithm::{KeyAlgorithm, SignatureKind};
pub use self::anchor::TrustAnchor;
pub use self::common_name::CommonName;
pub use self::constraints::{NameLimit, Subtree, Subtrees};
pub use self::extensions::{KeyUsage, Purposes};
pub use self::general_name::{SubjectAltName, SubjectAltNames};
pub use self::identity::PeerIdentity;
pub use self::name::{Attribute, Attributes, Name};
pub use self::oid::Oid;
pub use self::path_found::PathFound;
pub use self::rules::{Purpose, Rules};
pub use self::server_name::{DnsName, ServerName};
pub use self::summary::Place;
pub use self::time::{Time, UnixTime, ValidityCheck, ValidityNotChecked};
pub use self::trace::{NoTrace, Trace, TraceEvent};
pub use self::validator::Validator;
pub use self::variables::{Variable, VariableName, VariableValue, Verify};
pub use self::verdict::{Authority, Evidence, NearMiss, Verdict};
pub use self::verified::{PathCertificate, VerifiedPath};
pub use self::waiver::{WaivableCause, Waived, Waivers};

#[cfg(not(feature = "post-handshake-auth"))]
pub(crate) use self::identity::LeafSummary;
pub(crate) use self::own::{OwnCertificate, first_certificate, is_sha1};
pub(crate) use self::path::{ChainAccepted, ChainVerified, PeerChain, Search};
