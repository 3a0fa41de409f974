//! `mtls inspect`: names the content of files, puts chains in order, and reports what is wrong with them.
//!
//! ```text
//!   read         each file: PEM blocks, DER, a dump of events
//!   certificate  a certificate taken apart, for show
//!   doctor       keys matched to certificates, chains in order, findings: the core judges them
//! ```

mod certificate;
mod doctor;
mod read;

pub use certificate::{Certificate, Request};
pub use doctor::{Finding, Needs, Report, Severity, Wishes, examine};
pub use read::{Content, Item, read};
