//! `mtls inspect`: names the content of files, puts chains in order, and reports what is wrong with them.
//!
//! ```text
//!   read     each file: PEM blocks, DER, a blob of a device, a dump of events
//!   traffic  captures of traffic: a diagram of each connection
//!   doctor   keys matched to certificates, chains in order, findings: the core judges them
//! ```

mod doctor;
mod read;
mod traffic;

pub use doctor::{Finding, Needs, Report, Severity, Wishes, examine};
pub use read::{Content, Item, read};
