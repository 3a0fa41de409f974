//! Programs of others: started, watched, given input, and ended in any case.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing is waited for longer.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A running program. It ends with this value.
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
}

/// The output of a program so far.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Process {
    /// Starts a program; the error explains how to install it if it is missing.
    pub fn start(program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Self, String> {
        Self::start_in(".", program, arguments)
    }

    /// Starts a program in another directory.
    pub fn start_in(
        directory: &str,
        program: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Self, String> {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| missing(program, &error))?;
        let stdout = child.stdout.take().map(Output::collect).unwrap_or_default();
        let stderr = child.stderr.take().map(Output::collect).unwrap_or_default();
        let stdin = child.stdin.take();
        Ok(Self { name: program.to_owned(), child, stdin, stdout, stderr })
    }

    /// Writes to its standard input, which stays open.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let stdin = self.stdin.as_mut().ok_or("standard input is closed")?;
        stdin.write_all(bytes).and_then(|()| stdin.flush()).map_err(|error| format!("{}: {error}", self.name))
    }

    /// Closes its standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Returns its standard output so far.
    pub fn stdout(&self) -> Vec<u8> {
        self.stdout.bytes()
    }

    /// Returns its standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.bytes()).into_owned()
    }

    /// Waits until it has done something that `done` sees, in its output or elsewhere.
    pub fn await_sign(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<(), String> {
        let until = Instant::now() + LIMIT;
        loop {
            // Looked at in this order: what it did before it ended counts.
            let ended = self.ended();
            if ended {
                self.drain();
            }
            if done(self) {
                return Ok(());
            }
            if ended || Instant::now() > until {
                return Err(format!("{} never {what}: {}", self.name, self.last_words()));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until it listens at `port` of this host.
    pub fn await_port(&mut self, port: u16) -> Result<(), String> {
        self.await_sign(&format!("listened at {port}"), |_| TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        if self.ended() {
            return Err(format!("{} found {port} taken: {}", self.name, self.last_words()));
        }
        Ok(())
    }

    /// Waits until it ends, and returns whether it succeeded.
    pub fn await_end(&mut self) -> Result<bool, String> {
        self.await_status(LIMIT).map(|status| status.success())
    }

    /// Waits until it ends, no longer than `limit`, and returns its status.
    pub fn await_status(&mut self, limit: Duration) -> Result<ExitStatus, String> {
        let until = Instant::now() + limit;
        while Instant::now() < until {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.drain();
                return Ok(status);
            }
            thread::sleep(PAUSE);
        }
        Err(format!("{} did not end: {}", self.name, self.last_words()))
    }

    fn ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// The collecting threads may be behind the end of the program.
    fn drain(&self) {
        let until = Instant::now() + LIMIT;
        while Instant::now() < until && !(self.stdout.is_complete() && self.stderr.is_complete()) {
            thread::sleep(PAUSE);
        }
    }

    /// The end of its standard error.
    fn last_words(&self) -> String {
        let stderr = self.stderr();
        let lines: Vec<_> = stderr.lines().collect();
        lines[lines.len().saturating_sub(6)..].join(" / ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

impl Output {
    fn collect(mut source: impl Read + Send + 'static) -> Self {
        let output = Self::default();
        let sink = output.clone();
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                sink.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        });
        output
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The thread that collects has dropped its half.
    fn is_complete(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// Runs a program that only prints something, such as its version.
pub fn print_of(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| missing(program, &error))?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Says how to get a program that could not be started.
pub fn missing(program: &str, error: &std::io::Error) -> String {
    let package = match program.rsplit('/').next().unwrap_or(program) {
        "gnutls-cli" | "gnutls-serv" => "gnutls-bin",
        "apache2" => "apache2-bin",
        "certutil" | "pk12util" | "selfserv" | "tstclnt" => "libnss3-tools",
        "go" => return format!("cannot run {program} ({error}): run `cargo xtask setup`"),
        "java" => "default-jdk-headless",
        "node" => "nodejs",
        other => other,
    };
    format!("cannot run {program} ({error}): run `cargo xtask setup`, or `apt-get install {package}`")
}

/// The version of a peer that is a library, as Cargo.lock pins it.
pub fn locked_version(library: &str) -> &'static str {
    let after_name =
        include_str!("../../../../Cargo.lock").split(&format!("name = \"{library}\"\nversion = \"")).nth(1);
    after_name.and_then(|rest| rest.split('"').next()).unwrap_or("of no known version")
}
