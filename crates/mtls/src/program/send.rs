//! `mtls provision send`: a blob to a device at a serial line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::Args;
use embedded_mtls_blob::{ANSWER, Receiver};

use super::drafts::at;
use super::progress;
use crate::args::UsageError;
use crate::report::{printable, say};

/// Exit codes, for the help.
pub(super) const SEND_EXIT_CODES: &str = "\
Exit codes: 0, the device has stored the blob; 1, wrong options, a file or a line that cannot be used, or no answer; 2, the device \
has refused the blob";

/// Seconds for which a device may be silent behind the blob: it checks signatures and erases flash.
const PATIENCE: u64 = 20;

/// The options of `mtls provision send`.
#[derive(Args, Debug)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text")]
pub(super) struct SendArgs {
    /// The file of the blob
    blob: PathBuf,
    /// The serial line of the device, such as /dev/ttyACM0
    #[arg(long, value_name = "DEVICE")]
    serial: PathBuf,
    /// The rate of the line in bits per second
    #[arg(long, value_name = "RATE", default_value_t = 115_200, value_parser = clap::value_parser!(u32).range(300..))]
    baud: u32,
}

impl SendArgs {
    pub(super) fn run(&self) -> Result<u8, UsageError> {
        let Self { blob, serial, baud } = self;
        let bytes = fs::read(blob).map_err(|error| at(blob, &error))?;
        let len = whole(&bytes).ok_or_else(|| UsageError(format!("{}: found no blob, wanted one", blob.display())))?;
        let line = open(serial, *baud).map_err(|problem| UsageError(format!("{}: {problem}", serial.display())))?;
        // A byte takes ten bits.
        let bits = u64::try_from(len).unwrap_or(u64::MAX).saturating_mul(10);
        let time = Duration::from_secs(PATIENCE.saturating_add(bits / u64::from(*baud)));
        let (sender, answer) = mpsc::channel();
        let waiting = progress::wait(format!("{len} bytes to {}", serial.display()));
        // Reading and writing may wait forever, if nothing is at the line.
        thread::spawn(move || sender.send(exchange(line, &bytes[..len])));
        let answer = answer.recv_timeout(time).unwrap_or_else(|_| {
            Err(io::Error::other(format!("no answer in {} s: is the device waiting for a blob?", time.as_secs())))
        });
        waiting.finish_and_clear();
        let answer = answer.map_err(|error| at(serial, &error))?;
        say!("{}: {}", serial.display(), printable(&answer));
        Ok(if answer == "stored" { 0 } else { 2 })
    }
}

/// Returns the length of the blob with which a file begins.
fn whole(bytes: &[u8]) -> Option<usize> {
    let (mut receiver, mut memory) = (Receiver::default(), vec![0; bytes.len()]);
    let taken = bytes.iter().enumerate().find_map(|(at, byte)| Some((at, receiver.take(*byte, &mut memory).ok()??)));
    taken.and_then(|(at, len)| (at + 1 == len).then_some(len))
}

/// Opens a serial line that passes each byte as it is.
fn open(path: &Path, baud: u32) -> Result<File, String> {
    let line = OpenOptions::new().read(true).write(true).open(path).map_err(|error| error.to_string())?;
    // Of POSIX; the option for the line is not.
    let option = if cfg!(target_os = "linux") { "-F" } else { "-f" };
    let rate = baud.to_string();
    let set = Command::new("stty").arg(option).arg(path).args([&rate, "raw", "-echo"]).output();
    match set {
        Ok(output) if output.status.success() => Ok(line),
        Ok(output) => Err(format!("stty: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("stty, which sets the rate of a line: {error}")),
    }
}

/// Sends a blob, and returns what the device says about it.
fn exchange(mut line: File, blob: &[u8]) -> io::Result<String> {
    line.write_all(blob)?;
    line.flush()?;
    for answer in BufReader::new(line).split(b'\n') {
        // The line may also have a log, of which the first line is only a part.
        let answer = String::from_utf8_lossy(&answer?).into_owned();
        if let Some((_, answer)) = answer.trim_end().split_once(ANSWER) {
            return Ok(answer.to_owned());
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_blob_at_the_beginning_is_sent() {
        let blob = [&b"eMTLSblb"[..], &[0, 1, 0, 0, 0, 0, 0, 32], &[7; 16 + 96]].concat();
        assert_eq!(whole(&blob), Some(128));
        assert_eq!(whole(&[&blob[..], &[0xff; 100]].concat()), Some(128));
        for bad in [&blob[..127], &[&[0_u8][..], &blob[..]].concat(), &[]] {
            assert_eq!(whole(bad), None);
        }
    }
}
