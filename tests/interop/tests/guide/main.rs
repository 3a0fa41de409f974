//! Runs the commands of `docs/guide.md`.
//!
//! Each `sh` block is run by a shell of its own, in one directory; its output has to contain the lines of the `text`
//! block after it. A block that begins with `# NAME` and is not `sh` is a file of that name.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};
use test_support::peers::world::free_port;
use test_support::peers::{process, programs as built};

use process::Process;

const GUIDE: &str = include_str!("../../../../docs/guide.md");
const ORDER: &str = include_str!("../../../../examples/data/order.xml");
/// Ports that the guide names; each run has its own instead.
const PORTS: [&str; 8] = ["8443", "8444", "8445", "8446", "8447", "8448", "8449", "8450"];

/// A fenced block.
struct Block<'g> {
    /// Its first line in the guide.
    line: usize,
    language: &'g str,
    text: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(count) => {
            println!("{count} passed, 0 failed");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("docs/guide.md: {problem}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}

/// Runs all blocks; gives how many commands were run.
fn run() -> Result<usize, String> {
    let programs = built::build()?;
    let directory = Directory::new()?;
    directory.write("order.xml", ORDER)?;
    let ports = PORTS.map(|_| free_port().expect("a free port"));
    let mut servers = Vec::new();
    let _daemons = Daemons(&directory.0);
    let mut count = 0;
    let mut printed = String::new();
    for block in blocks(&guide(ports)) {
        let at = |problem: String| format!("line {}: {problem}", block.line);
        match (block.language, file_name(&block.text)) {
            ("sh", _) => {
                let (once, server) = background(&block.text);
                printed = shell(once, &directory.0, &programs).map_err(at)?;
                if let Some(server) = server {
                    servers.push(serve(server, &directory.0, &programs, &ports, servers.len()).map_err(at)?);
                }
                count += 1;
            }
            ("text", _) if !printed.is_empty() => expect(&block.text, &printed).map_err(at)?,
            (_, Some(name)) => directory.write(name, &block.text).map_err(at)?,
            _ => {}
        }
    }
    Ok(count)
}

/// The guide with free ports in it.
fn guide(ports: [u16; PORTS.len()]) -> String {
    PORTS.iter().zip(ports).fold(GUIDE.to_owned(), |guide, (named, free)| guide.replace(named, &free.to_string()))
}

fn blocks(guide: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in guide.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Block { line: number + 1, language, text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    blocks
}

/// The name in the first line of a file.
fn file_name(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix("# ")
}

/// Splits a block into the commands that end, and a last one that stays in the background.
fn background(commands: &str) -> (&str, Option<&str>) {
    let trimmed = commands.trim_end();
    let Some(rest) = trimmed.strip_suffix('&') else { return (commands, None) };
    // A line that ends with a backslash continues in the next one.
    let mut ends = rest.match_indices('\n').filter(|(end, _)| !rest[..*end].ends_with('\\'));
    let start = ends.next_back().map_or(0, |(end, _)| end + 1);
    (&commands[..start], Some(rest[start..].trim()))
}

/// Runs commands that have to succeed; gives what they print.
fn shell(commands: &str, directory: &Path, programs: &Path) -> Result<String, String> {
    let mut command = Command::new("timeout");
    // As on a screen: errors are where they occurred.
    let commands = format!("exec 2>&1\n{commands}");
    command
        .args(["60", "bash", "-e", "-o", "pipefail", "-c", &commands])
        .current_dir(directory)
        .env("PATH", path(programs));
    let output = command.output().map_err(|error| format!("bash: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(format!("{commands}\n{}\n{text}", output.status)) }
}

/// Starts a server and waits until its port is open.
fn serve(command: &str, directory: &Path, programs: &Path, ports: &[u16], number: usize) -> Result<Process, String> {
    let line = format!("cd '{}' && export PATH='{}' && exec {command}", directory.display(), path(programs));
    let mut server = Process::start("bash", ["-c", &line])?;
    let port = *ports.get(number).ok_or("more servers than ports")?;
    server.await_port(port)?;
    Ok(server)
}

/// Requires each line of `wanted` in the output, in this order; `...` matches anything.
fn expect(wanted: &str, printed: &str) -> Result<(), String> {
    let mut rest = printed;
    for part in wanted.lines().flat_map(|line| line.split("...")).map(str::trim).filter(|part| !part.is_empty()) {
        let place = rest.find(part).ok_or_else(|| format!("wanted '{part}', found:\n{printed}"))?;
        rest = &rest[place + part.len()..];
    }
    Ok(())
}

fn path(programs: &Path) -> String {
    format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default())
}

/// Servers that have started others and written their own number into a file: they are asked to end, with the others,
/// before they are killed.
struct Daemons<'d>(&'d Path);

impl Drop for Daemons<'_> {
    fn drop(&mut self) {
        let numbers = "for file in *.pid; do kill $(cat $file); done 2> /dev/null; \
                       for _ in $(seq 50); do ls *.pid > /dev/null 2>&1 || break; sleep 0.1; done";
        let _none_left = Command::new("bash").args(["-c", numbers]).current_dir(self.0).status();
    }
}

/// A directory that goes with this value.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Self, String> {
        let path = env::temp_dir().join(format!("embedded-mtls-guide-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        fs::write(self.0.join(name), text).map_err(|error| format!("{name}: {error}"))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // At worst, they remain in the temporary directory.
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}
