//! Running other programs, and saying clearly what failed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a command of this program could not do its work.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// The result of every function here.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Makes an error a failure that names the file or folder.
pub(crate) fn told<T>(place: impl AsRef<Path>, result: std::result::Result<T, impl fmt::Display>) -> Result<T> {
    result.map_err(|error| Failure::new(format!("{}: {error}", place.as_ref().display())))
}

/// Reads a file of the repository, or one with an absolute path.
pub(crate) fn read_file(path: &str) -> Result<String> {
    told(path, std::fs::read_to_string(root().join(path)))
}

/// Returns the rows of tables in Markdown that have this number of cells, with their headings.
pub(crate) fn rows<const CELLS: usize>(text: &str) -> impl Iterator<Item = [String; CELLS]> {
    text.lines().filter_map(|line| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").map(str::to_owned);
        cells.collect::<Vec<_>>().try_into().ok()
    })
}

/// Writes a page of the repository, or checks that it is what `command --write` would write.
pub(crate) fn keep_page(page: &str, wanted: &str, write: bool, command: &str) -> Result<()> {
    if write {
        return told(page, std::fs::write(root().join(page), wanted));
    }
    if read_file(page)? == wanted {
        Ok(())
    } else {
        Err(Failure::new(format!("{page} is out of date; `cargo xtask {command} --write` writes it")))
    }
}

/// Returns the folder in which Cargo keeps sources and its index.
pub(crate) fn cargo_home() -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// A program to run with its arguments; prints as a line for the shell.
#[derive(Clone)]
pub(crate) struct Run {
    program: String,
    args: Vec<String>,
    variables: Vec<(&'static str, String)>,
    directory: Option<String>,
}

/// A program that has ended.
pub(crate) struct Finished {
    pub(crate) is_good: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn new(program: &str) -> Self {
        Self { program: program.into(), args: Vec::new(), variables: Vec::new(), directory: None }
    }

    /// `cargo` with the words of `line`.
    pub(crate) fn cargo(line: &str) -> Self {
        Self::new("cargo").words(line)
    }

    /// Adds the words of `line`; none of them holds a space.
    pub(crate) fn words(mut self, line: &str) -> Self {
        self.args.extend(line.split_whitespace().map(String::from));
        self
    }

    /// Adds one argument as it is.
    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs in this directory of the repository instead of its root.
    pub(crate) fn within(mut self, directory: &str) -> Self {
        self.directory = Some(directory.into());
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let directory = self.directory.as_ref().map_or_else(root, |directory| root().join(directory));
        command
            .args(&self.args)
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .current_dir(directory)
            .stdin(Stdio::null());
        // Debian keeps servers where only root looks; the tests start some.
        if let Ok(path) = std::env::join_paths(directories_of_programs()) {
            command.env("PATH", path);
        }
        command
    }

    /// Runs it with its output on the terminal; anything but success is a failure.
    pub(crate) fn succeed(&self) -> Result<()> {
        let status = self.command().status().map_err(|error| self.not_started(&error))?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("{status} from: {self}"))) }
    }

    /// Runs it and gives what it printed to its standard output.
    pub(crate) fn read(&self) -> Result<String> {
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|error| self.not_started(&error))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(Failure::new(format!("{} from: {self}", output.status)))
        }
    }

    /// Runs it to its end, however it ends.
    pub(crate) fn finish(&self) -> Result<Finished> {
        let output = self.command().output().map_err(|error| self.not_started(&error))?;
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        Ok(Finished { is_good: output.status.success(), stdout, stderr })
    }

    /// Runs it: it has to fail, and to say `reason`.
    pub(crate) fn be_refused(&self, reason: &str) -> Result<()> {
        let output = self.command().output().map_err(|error| self.not_started(&error))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            Err(Failure::new(format!("this should have been refused: {self}")))
        } else if said.contains(reason) {
            Ok(())
        } else {
            Err(Failure::new(format!("this should have been refused with \"{reason}\": {self}\nit said:\n{said}")))
        }
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        Failure::new(format!("`{}` could not be started ({error}); wanted to run: {self}", self.program))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(directory) = &self.directory {
            write!(f, "cd {directory} && ")?;
        }
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&self.program)?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Returns whether a program can be found, also in root's directories.
pub(crate) fn installed(program: &str) -> bool {
    if program.starts_with('/') {
        return Path::new(program).exists();
    }
    directories_of_programs().iter().any(|directory| directory.join(program).is_file())
}

fn directories_of_programs() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let only_roots = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(only_roots).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_prints_as_a_line_for_the_shell() {
        let run = Run::cargo("doc --no-deps").env("RUSTDOCFLAGS", "-D warnings").within("boards/budget").arg("it's");
        assert_eq!(run.to_string(), r"cd boards/budget && RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'it'\''s'");
    }

    #[test]
    fn the_rows_of_a_table_are_those_with_its_number_of_cells() {
        let text = "| `a` | b |\n|---|---|\n| `one` | of \\|\\| two |\n| one | two | three |\ntext\n";
        assert_eq!(rows(text).collect::<Vec<_>>(), [["`a`", "b"], ["`one`", "of \\|\\| two"]]);
    }

    #[test]
    fn a_failing_program_is_a_failure_that_names_it() {
        let error = Run::cargo("no-such-subcommand").be_refused("no such sentence").unwrap_err();
        assert!(error.to_string().contains("cargo no-such-subcommand"), "{error}");
        let error = Run::new("no-such-program").succeed().unwrap_err();
        assert!(error.to_string().contains("could not be started"), "{error}");
    }
}
