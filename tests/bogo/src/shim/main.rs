//! The shim: the program that BoGo starts for each of its tests, with flags for its behavior.
//!
//! It connects to the runner, sends its number, and speaks TLS through the public API, in either role. It sends back
//! the data that it reads with every bit inverted. The runner looks at the alerts, at what is sent back, and at the exit code:
//!
//! | Exit code | Meaning |
//! |---|---|
//! | 0 | the connections had the outcome that the flags expect |
//! | 1 | one failed, or had another outcome; standard error explains |
//! | 89 | a flag asks for what there is not, on purpose; the reason is appended to the file in `BOGO_NOT_RUN` |

mod conversation;
mod expect;
mod flags;
mod host;
mod identity;
mod transport;

use flags::{Flags, NotHere};
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};
use std::process::ExitCode;

/// "Not implemented": counted apart by the runner, and not as a failure.
const NOT_HERE: u8 = 89;

/// Why the shim ends without success.
enum Trouble {
    /// A connection failed, or a check of what came out of it.
    Failed(String),
    /// The test is about what there is not.
    NotHere(NotHere),
}

impl From<NotHere> for Trouble {
    fn from(reason: NotHere) -> Self {
        Self::NotHere(reason)
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<embedded_mtls::Error> for Trouble {
    fn from(error: embedded_mtls::Error) -> Self {
        Self::Failed(format!("{error:?}"))
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "-is-handshaker-supported") {
        println!("No");
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Failed(what)) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
        Err(Trouble::NotHere(reason)) => {
            note(reason);
            ExitCode::from(NOT_HERE)
        }
    }
}

/// Keeps the reason for the summary: the runner itself only counts.
fn note(NotHere(reason): NotHere) {
    let Some(path) = std::env::var_os("BOGO_NOT_RUN") else {
        return eprintln!("{reason}");
    };
    // One write of one line: shims that run at the same time do not mix theirs.
    let line = format!("{reason}\n");
    let written =
        std::fs::File::options().append(true).create(true).open(&path).map(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written.and_then(|written| written) {
        eprintln!("{}: {error}", path.display());
    }
}

fn run(args: &[String]) -> Result<(), Trouble> {
    let first = Flags::parse(args, 0)?;
    let mut ticket = None;
    for number in 0..=first.resume_count {
        let flags = Flags::parse(args, number)?;
        let stream = if flags.ipv6 {
            TcpStream::connect((Ipv6Addr::LOCALHOST, flags.port))?
        } else {
            TcpStream::connect((Ipv4Addr::LOCALHOST, flags.port))?
        };
        stream.set_nodelay(true)?;
        (&stream).write_all(&flags.shim_id.to_le_bytes())?;
        let resumed = conversation::run(&flags, &stream, &mut ticket)?;
        let expected = number > 0 && !flags.expects_no_resumption;
        if resumed != expected {
            return Err(Trouble::Failed(format!("resumed: {resumed}")));
        }
    }
    Ok(())
}
