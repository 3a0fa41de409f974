//! Peers that are small programs of other stacks, one connection after the other: `tests/interop/peers/README.md` describes
//! their input and output.

use crate::process::Process;
use crate::table::End;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use test_support::peers::compiled::{compile, compile_go, target};

/// A running peer.
pub(crate) struct Scripted {
    /// Its name in the table: `Go 1.27.3`.
    pub(crate) name: String,
    process: Process,
    lines_read: usize,
}

/// A peer that is on its way.
pub(crate) type Starting = JoinHandle<Result<Scripted, String>>;

/// The stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    Go,
    Java,
    MbedTls,
    Node,
    Python,
    WolfSsl,
}

impl Stack {
    pub(crate) const ALL: [Self; 6] = [Self::Go, Self::Java, Self::MbedTls, Self::Node, Self::Python, Self::WolfSsl];

    /// Compiles it where that is needed, starts it, and waits until it is ready.
    pub(crate) fn start(self) -> Result<Scripted, String> {
        let source = |file: &str| sources().join(file).display().to_string();
        let process = match self {
            Self::Go => Process::start(&compile_go(&source("go.go"))?, NO_ARGUMENTS),
            Self::Java => Process::start("java", [source("Jsse.java")]),
            Self::MbedTls => Process::start(&compile_mbed_tls(&source("mbedtls.c"))?, NO_ARGUMENTS),
            Self::Node => Process::start("node", [source("node.mjs")]),
            Self::Python => Process::start("python3", [source("python.py")]),
            Self::WolfSsl => Process::start(&compile_wolfssl(&source("wolfssl.c"))?, NO_ARGUMENTS),
        };
        let mut peer = Scripted { name: String::new(), process: process?, lines_read: 0 };
        let line = peer.line()?;
        peer.name = line.strip_prefix("ready ").ok_or_else(|| format!("not ready: {line}"))?.into();
        Ok(peer)
    }
}

const NO_ARGUMENTS: [&str; 0] = [];

/// The server's PEM files where records have 512 bytes. wolfSSL 5.5.4 fails if a record of its Certificate would end between the
/// two bytes behind a certificate, as after the usual leaf of 500 bytes: `AddCertExt` in its `src/tls13.c` writes both.
pub(crate) const LONG_LEAF: &str = "server-long";

/// Starts all of them in the background.
pub(crate) fn start_all() -> Vec<(Stack, Starting)> {
    Stack::ALL.map(|stack| (stack, thread::spawn(move || stack.start()))).into()
}

impl Scripted {
    /// Sends it a command.
    pub(crate) fn tell(&mut self, words: &[&str]) -> Result<(), String> {
        self.process.write(format!("{}\n", words.join(" ")).as_bytes())
    }

    /// The port that it listens at, after a command to serve.
    pub(crate) fn port(&mut self) -> Result<u16, String> {
        let line = self.line()?;
        let port = line.strip_prefix("port ").and_then(|port| port.parse().ok());
        port.ok_or_else(|| format!("it did not listen: {line}"))
    }

    /// Waits for the end of its connection, and returns it with the facts that it prints.
    pub(crate) fn end(&mut self) -> Result<(End, Vec<String>), String> {
        let line = self.line()?;
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let end = match (word, rest.parse()) {
            ("done", _) => return Ok((End::Done, rest.split(' ').map(|fact| format!("it saw {fact}")).collect())),
            ("got", Ok(alert)) => End::Got(alert),
            ("sent", Ok(alert)) => End::Sent(alert),
            ("refused", _) => End::Refused(rest.into()),
            _ => End::Failed(rest.into()),
        };
        Ok((end, Vec::new()))
    }

    /// Returns the next line that it prints.
    fn line(&mut self) -> Result<String, String> {
        let read = self.lines_read;
        let nth = |process: &Process| {
            let printed = String::from_utf8_lossy(&process.stdout()).into_owned();
            let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
            whole.lines().nth(read).map(str::to_owned)
        };
        self.process.await_sign("answered", |process| nth(process).is_some())?;
        self.lines_read += 1;
        nth(&self.process).ok_or_else(|| "no answer".into())
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn compile_wolfssl(source: &str) -> Result<String, String> {
    let program = target()?.join("peer-wolfssl").display().to_string();
    let mut command = Command::new("gcc");
    command.args(WARNINGS).args(["-o", &program, source, "-lwolfssl"]);
    compile(command, "gcc").map(|()| program)
}

/// Builds the whole library, whose source `cargo xtask setup` fetches. That takes long: it is repeated only for newer
/// sources.
fn compile_mbed_tls(source: &str) -> Result<String, String> {
    let home = target()?.join("mbedtls");
    let library = home.join("mbedtls-rs-sys/mbedtls");
    let program = home.join("peer");
    let name = program.display().to_string();
    let made_of = [PathBuf::from(source), sources().join("peer.h"), library.clone()];
    if is_newer(&program, &made_of) {
        return Ok(name);
    }
    let mut command = Command::new("gcc");
    command.args(["-O1", "-o", &name, source]);
    for directory in ["include", "library", "3rdparty/everest/include", "3rdparty/p256-m"] {
        command.arg("-I").arg(library.join(directory));
    }
    for directory in ["library", "3rdparty/p256-m", "3rdparty/p256-m/p256-m"] {
        command.args(c_files(&library.join(directory))?);
    }
    // The other files there are parts of the last.
    for file in ["everest", "x25519", "Hacl_Curve25519_joined"] {
        command.arg(library.join(format!("3rdparty/everest/library/{file}.c")));
    }
    compile(command, "gcc").map(|()| name)
}

/// Returns whether a file is there, and newer than all of these.
fn is_newer(file: &Path, than: &[PathBuf]) -> bool {
    let time = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    let made = time(file);
    made.is_some() && than.iter().all(|source| time(source) < made)
}

fn c_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let missing = |error| format!("{}: {error}; it comes with `cargo xtask setup`", directory.display());
    let entries = fs::read_dir(directory).map_err(missing)?;
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "c")).collect())
}

const WARNINGS: [&str; 3] = ["-Wall", "-Wextra", "-Werror"];
