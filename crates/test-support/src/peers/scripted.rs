//! Peers that are small programs of other stacks, one connection after the other: `tests/interop/peers/README.md` describes
//! their input and output.

use super::process::Process;
use std::ffi::OsStr;

/// A running peer.
pub struct Scripted {
    /// Its name: `Go 1.27.3`.
    pub name: String,
    process: Process,
    lines_read: usize,
}

impl Scripted {
    /// Starts a peer, and waits until it is ready.
    pub fn start(program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Self, String> {
        let mut peer = Self { name: String::new(), process: Process::start(program, arguments)?, lines_read: 0 };
        let line = peer.line()?;
        peer.name = line.strip_prefix("ready ").ok_or_else(|| format!("not ready: {line}"))?.into();
        Ok(peer)
    }

    /// Sends it a command.
    pub fn tell(&mut self, words: &[&str]) -> Result<(), String> {
        self.process.write(format!("{}\n", words.join(" ")).as_bytes())
    }

    /// Returns the port that it listens at, after a command to serve.
    pub fn port(&mut self) -> Result<u16, String> {
        let line = self.line()?;
        let port = line.strip_prefix("port ").and_then(|port| port.parse().ok());
        port.ok_or_else(|| format!("it did not listen: {line}"))
    }

    /// Returns the next line that it prints.
    pub fn line(&mut self) -> Result<String, String> {
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
