//! The commands of `docs/guide.md`, which tests run.
//!
//! Each `sh` block is run by a shell of its own, in one directory; its output has to contain the lines of the `text`
//! block after it. A block that begins with `# NAME` and is not `sh` is a file of that name. Blocks `sh board` need the
//! firmware and QEMU.

use std::path::Path;
use std::process::Command;

use super::process::Process;
use super::workdir::Workdir;
use super::world::free_port;

const GUIDE: &str = include_str!("../../../../docs/guide.md");
const ORDER: &str = include_str!("../../../../examples/data/order.xml");
/// Ports that the guide names, in the order in which its servers start; each run has its own instead.
const PORTS: [&str; 9] = ["8442", "8443", "8444", "8445", "8446", "8447", "8448", "8449", "8450"];

/// A fenced block.
struct Block {
    /// Its first line in the guide.
    line: usize,
    language: String,
    text: String,
}

/// The part of the guide to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it, without the firmware.
    All,
    /// The chapter that ends with the firmware, with it.
    WithBoard,
}

/// Runs the blocks of a part with the programs of a directory; returns how many commands were run.
///
/// # Errors
/// The line of the guide, and what went wrong there.
pub fn run(part: Part, programs: &Path) -> Result<usize, String> {
    let directory = Workdir::new()?;
    let place = Place { directory: directory.file(""), path: path(programs) };
    directory.write("order.xml", ORDER)?;
    let ports = PORTS.map(|_| free_port().expect("a free port"));
    let mut servers = Vec::new();
    let _daemons = Daemons(&place);
    let mut count = 0;
    let mut printed = String::new();
    for block in blocks(&guide(part, ports)) {
        let at = |problem: String| format!("docs/guide.md: line {}: {problem}", block.line);
        match (block.language.as_str(), file_name(&block.text)) {
            ("sh board", _) if part == Part::All => printed.clear(),
            ("sh" | "sh board", _) => {
                let (once, server) = background(&block.text);
                printed = place.shell(once).map_err(at)?;
                if let Some(server) = server {
                    servers.push(place.serve(server, &ports, servers.len()).map_err(at)?);
                }
                count += 1;
            }
            ("text", _) if !printed.is_empty() => expect(&block.text, &printed).map_err(at)?,
            (_, Some(name)) => directory.write(name, &block.text).map(drop).map_err(at)?,
            _ => {}
        }
    }
    Ok(count)
}

/// The guide, or its chapter with a board, with free ports in it. Lines keep their numbers.
fn guide(part: Part, ports: [u16; PORTS.len()]) -> String {
    let chapter = |heading: usize| GUIDE.get(heading..).and_then(|rest| rest.find("\n## ")).unwrap_or(0);
    let board = GUIDE.find("```sh board").expect("a block with the firmware");
    let text = match part {
        Part::All => GUIDE,
        Part::WithBoard => GUIDE.get(..board + chapter(board)).unwrap_or(GUIDE),
    };
    PORTS.iter().zip(ports).fold(text.to_owned(), |guide, (named, free)| guide.replace(named, &free.to_string()))
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in guide.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block { line: number + 1, language: language.to_owned(), text: String::new() });
            }
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

/// The directory of the commands, and the programs they find.
struct Place {
    directory: String,
    path: String,
}

impl Place {
    /// Runs commands that have to succeed; gives what they print.
    fn shell(&self, commands: &str) -> Result<String, String> {
        let mut command = Command::new("timeout");
        // As on a screen: errors are where they occurred.
        let commands = format!("exec 2>&1\n{commands}");
        command
            .args(["300", "bash", "-e", "-o", "pipefail", "-c", &commands])
            .current_dir(&self.directory)
            .env("PATH", &self.path)
            .env("REPOSITORY", repository());
        let output = command.output().map_err(|error| format!("bash: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() { Ok(text) } else { Err(format!("{commands}\n{}\n{text}", output.status)) }
    }

    /// Starts a server and waits until its port is open.
    fn serve(&self, command: &str, ports: &[u16], number: usize) -> Result<Process, String> {
        let line = format!("cd '{}' && export PATH='{}' && exec {command}", self.directory, self.path);
        let mut server = Process::start("bash", ["-c", &line])?;
        let port = *ports.get(number).ok_or("more servers than ports")?;
        server.await_port(port)?;
        Ok(server)
    }
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

/// The root of the repository.
fn repository() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").display().to_string()
}

fn path(programs: &Path) -> String {
    format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default())
}

/// Servers that have started others and written their own number into a file: they are asked to end, with the others,
/// before they are killed.
struct Daemons<'d>(&'d Place);

impl Drop for Daemons<'_> {
    fn drop(&mut self) {
        let numbers = "for file in *.pid; do kill $(cat $file); done 2> /dev/null; \
                       for _ in $(seq 50); do ls *.pid > /dev/null 2>&1 || break; sleep 0.1; done";
        let _none_left = Command::new("bash").args(["-c", numbers]).current_dir(&self.0.directory).status();
    }
}
