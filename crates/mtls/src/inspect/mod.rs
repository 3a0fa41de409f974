//! `mtls inspect`: names the content of files, puts chains in order, and reports what is wrong with them.
//!
//! ```text
//!   read    each file: PEM blocks, DER, a blob of a device, a dump of events
//!   doctor  keys matched to certificates, chains in order, findings: the core judges them
//! ```

mod doctor;
mod read;

pub use doctor::{Finding, Needs, Report, Severity, Wishes, examine};
pub use read::{Content, Item, read};
