//! Commands that hold keys, or wrap them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::args::UsageError;

/// Runs the command of an option: `input` goes through its standard input, so that it is in no list of processes, and the result
/// comes through its standard output.
///
/// # Errors
/// A command that cannot be run, fails, does not read all, or writes nothing in place of `wanted`.
pub fn through(option: &str, command: &str, input: &[u8], wanted: &str) -> Result<Zeroizing<Vec<u8>>, UsageError> {
    let failed = |why: String| UsageError(format!("{option} {command}: {why}"));
    let mut words = command.split_whitespace();
    let program = words.next().ok_or_else(|| failed("found no program".to_owned()))?;
    let child = Command::new(program).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    let sent = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    let written = Zeroizing::new(output.stdout);
    if !output.status.success() || written.is_empty() {
        return Err(failed(format!("found {} and {} bytes, wanted {wanted}", output.status, written.len())));
    }
    sent.transpose().map_err(|error| failed(error.to_string()))?;
    Ok(written)
}
