//! Captures that tshark reads with our key log: of a simulation, and of the two programs on a real socket.

#![allow(missing_docs)]

mod programs;
mod simulation;

use process::Process;
use test_support::peers::{process, workdir, world};
use test_support::{pair, pki};

/// Runs tshark on a capture with the secrets in `keys`; returns the fields of each packet that matches `filter`.
fn tshark(capture: &str, keys: &str, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let key_log = format!("tls.keylog_file:{keys}");
    let mut arguments = vec!["-n", "-r", capture, "-o", &key_log, "-Y", filter, "-T", "fields"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    let mut process = Process::start("tshark", arguments).unwrap_or_else(|problem| panic!("{problem}"));
    process.close_stdin();
    assert_eq!(process.await_end(), Ok(true), "{}", process.stderr());
    let printed = String::from_utf8_lossy(&process.stdout()).into_owned();
    printed.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}
