//! The trials: which tests reach which mutants, and whether one of them fails with a mutant.

use super::DIRECTORY;
use super::copy::{self, Tests, tree};
use crate::run::{Failure, Result, root};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The exit code of the switch for tests that do not come to an end.
const ENDLESS: i32 = 86;
/// The factor by which tests may take more calls of the switch than without a mutant.
const MORE_CALLS: u64 = 20;
/// Long enough for every test of one program; for mutants that wait without a call of the switch.
const LONGEST: Duration = Duration::from_mins(5);
/// The programs that try a mutant first, each by one test. Most mutants fail there.
const FIRST: usize = 12;

/// Tests that read the sources, and are not about what the code does.
const OF_SOURCES: [&str; 2] = ["layering", "repository"];

/// The name of a thread that a test started: any test can be the one.
const ANY: &str = "?";

/// The fate of a mutant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Found,
    Endless,
    Survived,
    /// No test runs it.
    Unreached,
}

/// A program of tests.
pub(super) struct Program {
    file: PathBuf,
    /// The tests that reach a mutant, those that reach the fewest mutants first, with the number of these.
    reach: HashMap<u32, Vec<(usize, String)>>,
    /// The time that all of them take.
    time: Duration,
    /// The calls of the switch without a mutant.
    calls: u64,
}

/// The programs of tests, the quickest first.
pub(super) struct Trials(Vec<Program>);

impl Trials {
    /// Builds the tests and sees what they reach.
    pub(super) fn prepare() -> Result<Self> {
        let programs = Program::build(&Tests::All)?.into_iter();
        let of_code = programs.filter(|program| !OF_SOURCES.iter().any(|name| program.is_of(name)));
        let mut prepared = of_code.map(Program::prepare).collect::<Result<Vec<_>>>()?;
        prepared.retain(|program| !program.reach.is_empty());
        prepared.sort_by_key(|program| program.time);
        Ok(Self(prepared))
    }

    /// Runs the tests that reach a mutant, until one fails.
    pub(super) fn run(&self, mutant: u32) -> Result<Verdict> {
        let reached: Vec<_> =
            self.0.iter().filter_map(|program| Some((program, program.reach.get(&mutant)?))).collect();
        if reached.is_empty() {
            return Ok(Verdict::Unreached);
        }
        let mut first: Vec<_> = reached.iter().map(|(program, tests)| (*program, &tests[..1])).collect();
        first.sort_by_key(|(_, tests)| tests[0].0);
        first.truncate(FIRST);
        for (program, tests) in first.into_iter().chain(reached.iter().map(|(program, tests)| (*program, &tests[..]))) {
            let names: Vec<_> = tests.iter().map(|(_, name)| name.as_str()).collect();
            let verdict = program.run(Some(mutant), &names)?;
            if verdict != Verdict::Survived {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Survived)
    }
}

impl Program {
    /// Builds the unit tests and these tests.
    pub(super) fn build(tests: &Tests) -> Result<Vec<Self>> {
        let mut programs = Vec::new();
        for run in copy::builds_of_tests(tests) {
            let done = run.finish()?;
            if !done.is_good {
                return Err(Failure::new(format!("the tests do not build:\n{}", done.stderr)));
            }
            let executables = done.stderr.lines().filter_map(|line| line.trim_start().strip_prefix("Executable "));
            let files = executables.filter_map(|line| Some(line.rsplit_once('(')?.1.trim_end_matches(')').to_owned()));
            programs.extend(files.map(|file| Self {
                file: tree().join(file),
                reach: HashMap::new(),
                time: Duration::ZERO,
                calls: 0,
            }));
        }
        Ok(programs)
    }

    /// Returns whether it has the tests of this file.
    pub(super) fn is_of(&self, test: &str) -> bool {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        name.rsplit_once('-').is_some_and(|(name, _)| name == test)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        // More than one thread, since threads have the names of their tests then.
        command.arg("--test-threads=2").current_dir(tree()).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn failed(&self, what: impl std::fmt::Display) -> Failure {
        Failure::new(format!("{}: {what}", self.file.display()))
    }

    /// Runs all tests without a mutant and notes what they reach.
    fn prepare(mut program: Self) -> Result<Self> {
        let record = root().join(DIRECTORY).join("reached");
        let _ = std::fs::remove_file(&record);
        let begun = std::time::Instant::now();
        let mut command = program.command();
        let status = command.env("MUTANTS_REACHED", &record).stdout(Stdio::null()).status();
        let status = status.map_err(|error| program.failed(error))?;
        if !status.success() {
            return Err(program.failed(format!("the tests fail without a mutant: {status}")));
        }
        let listed = program.command().args(["--list", "--format=terse"]).output();
        let listed = listed.map_err(|error| program.failed(error))?.stdout;
        let listed = String::from_utf8_lossy(&listed);
        let tests = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        // There is no record of tests that reach nothing.
        program.read(&std::fs::read_to_string(&record).unwrap_or_default(), &tests);
        program.time = begun.elapsed();
        println!("  {} reaches {} mutants in {:?}", program.file.display(), program.reach.len(), program.time);
        Ok(program)
    }

    fn read(&mut self, record: &str, tests: &HashSet<&str>) {
        let mut names = HashMap::new();
        let mut reached: BTreeMap<&str, HashSet<u32>> = BTreeMap::new();
        for line in record.lines() {
            if let Some((thread, name)) = line.split_once(" = ") {
                names.insert(thread, if tests.contains(name) { name } else { ANY });
                continue;
            }
            let mut words = line.split(' ');
            let name = words.next().and_then(|thread| names.get(thread));
            let mutant = words.next().and_then(|number| number.parse().ok());
            let calls = words.next().and_then(|number| number.parse().ok());
            if let (Some(name), Some(mutant), Some(calls)) = (name, mutant, calls) {
                reached.entry(name).or_default().insert(mutant);
                self.calls = self.calls.max(calls);
            }
        }
        let mut tests: Vec<_> = reached.iter().collect();
        tests.sort_by_key(|(name, mutants)| (mutants.len(), **name));
        for (name, mutants) in tests {
            for mutant in mutants {
                self.reach.entry(*mutant).or_default().push((mutants.len(), (*name).to_owned()));
            }
        }
    }

    /// Runs the named tests, with a mutant or without, until one fails.
    pub(super) fn run(&self, mutant: Option<u32>, tests: &[&str]) -> Result<Verdict> {
        let mut command = self.command();
        if !tests.contains(&ANY) {
            command.arg("--exact").args(tests);
        }
        if let Some(mutant) = mutant {
            command.env("MUTANT", mutant.to_string());
        }
        if self.calls > 0 {
            let limit = self.calls.saturating_mul(MORE_CALLS).saturating_add(1_000_000);
            command.env("MUTANT_LIMIT", limit.to_string());
        }
        command.stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.failed(error))?;
        let out = child.stdout.take().ok_or_else(|| self.failed("no output"))?;
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(std::result::Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        let verdict = loop {
            match lines.recv_timeout(LONGEST) {
                Ok(line) if line.ends_with("... FAILED") => break Some(Verdict::Found),
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Timeout) => break Some(Verdict::Endless),
                Err(mpsc::RecvTimeoutError::Disconnected) => break None,
            }
        };
        if verdict.is_some() {
            let _ = child.kill();
        }
        let status = child.wait().map_err(|error| self.failed(error))?;
        Ok(verdict.unwrap_or(match status.code() {
            Some(0) => Verdict::Survived,
            Some(ENDLESS) => Verdict::Endless,
            _ => Verdict::Found,
        }))
    }
}
