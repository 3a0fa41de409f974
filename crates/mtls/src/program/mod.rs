//! The programs, each from command line to exit code.

mod csr;
mod deny;
mod device;
mod drafts;
mod explain;
mod fleet;
mod inspect;
mod mtls;
mod options;
mod order;
mod pki;
mod post;
mod progress;
mod provision;
mod script;
mod send;
mod serve;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

pub use self::mtls::mtls;
pub use self::post::gateway;
pub use self::serve::supplier;

/// Parses a command line and does its task; help and errors are printed.
fn run<P: clap::Parser>(words: impl IntoIterator<Item = OsString>, task: impl FnOnce(P) -> ExitCode) -> ExitCode {
    match P::try_parse_from(words) {
        Ok(parsed) => task(parsed),
        Err(error) => {
            let _ = error.print();
            // Help and version are no errors.
            ExitCode::from(u8::from(error.use_stderr()))
        }
    }
}
