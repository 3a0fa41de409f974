//! Peers that are small programs of other stacks: how each is started, and what its answer means.

use crate::table::End;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use test_support::peers::compiled::{compile, compile_go, target};
use test_support::peers::scripted::Scripted;

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
        match self {
            Self::Go => Scripted::start(&compile_go(&source("go.go"))?, NO_ARGUMENTS),
            Self::Java => Scripted::start("java", [source("Jsse.java")]),
            Self::MbedTls => Scripted::start(&compile_mbed_tls(&source("mbedtls.c"))?, NO_ARGUMENTS),
            Self::Node => Scripted::start("node", [source("node.mjs")]),
            Self::Python => Scripted::start("python3", [source("python.py")]),
            Self::WolfSsl => Scripted::start(&compile_wolfssl(&source("wolfssl.c"))?, NO_ARGUMENTS),
        }
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

/// Waits for the end of the connection of a peer, and returns it with the facts that it prints.
pub(crate) fn end(peer: &mut Scripted) -> Result<(End, Vec<String>), String> {
    let line = peer.line()?;
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
