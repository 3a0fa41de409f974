//! Runs BoGo against the shim, and judges what came of its tests by `config.json` and `docs/bogo.md`.
//!
//! ```text
//! bogo RUNNER [--write] [WORD...]     all tests, or those with one of the words in their name
//! ```
//!
//! `cargo xtask bogo` makes the runner and calls this. What is in `config.json`:
//!
//! - `DisabledTests`: tests that fail, each by its full name, with the reason. They are run anyway: one that passes
//!   is an error, so the list does not age.
//! - `ErrorMap`: for each error of BoringSSL that a test expects, the error of the shim.
//!
//! `rustls.txt` has the tests that rustls passes; the page tells which of them do not pass here, and why.

mod compared;
mod outcome;
mod page;

use compared::Compared;
use outcome::{Outcome, Results};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// The tests known to fail, with the reason, by name.
pub(crate) type Exceptions = BTreeMap<String, String>;

/// Tests that run at a time on each core: they mostly wait for each other's bytes.
const SHARE: usize = 2;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bogo: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: impl Iterator<Item = String>) -> Result<(), String> {
    let runner = args.next().ok_or("give the path of the runner; `cargo xtask bogo` makes it")?;
    let (options, words): (Vec<_>, Vec<_>) = args.partition(|arg| arg.starts_with('-'));
    let write = match options.as_slice() {
        [] => false,
        [option] if option == "--write" && words.is_empty() => true,
        other => return Err(format!("{other:?} is not understood")),
    };
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.json");
    let exceptions = exceptions(&config)?;
    let patterns: Vec<_> = words.iter().map(|word| format!("*{word}*")).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from) * SHARE;
    let results = test(&runner, &config, &patterns, workers)?;
    let problems = problems(&results, &exceptions, words.is_empty());
    println!("{}", page::counts(&results, &exceptions));
    if let [_, ..] = problems.as_slice() {
        return Err(format!("{}\n{} in all", problems.join("\n"), problems.len()));
    }
    if !words.is_empty() {
        return Ok(());
    }
    // One after the other, so that the reasons are in the order of the tests.
    let reasons = |names: &[String]| test(&runner, &config, names, 1)?.reasons();
    let compared = Compared::new(&results, &compared::passed(), reasons)?;
    page::compare(&results, &exceptions, &compared, write)
}

fn exceptions(config: &Path) -> Result<Exceptions, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", config.display());
    let text = std::fs::read_to_string(config).map_err(|error| told(&error))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| told(&error))?;
    let list = value.get("DisabledTests").and_then(Value::as_object).ok_or_else(|| told(&"no `DisabledTests`"))?;
    let entry = |(name, reason): (&String, &Value)| match reason.as_str() {
        Some(reason) if !name.contains(['*', '?', '[']) => Ok((name.clone(), reason.to_owned())),
        _ => Err(told(&format!("`{name}` has to be the full name of one test, with a reason"))),
    };
    list.iter().map(entry).collect()
}

/// Runs the tests, those that are known to fail, too.
fn test(runner: &str, config: &Path, patterns: &[String], workers: usize) -> Result<Results, String> {
    let here = std::env::current_exe().map_err(|error| error.to_string())?;
    let shim = here.with_file_name("bogo-shim");
    let not_run: PathBuf = std::env::temp_dir().join(format!("bogo-not-run-{}", std::process::id()));
    let output = Command::new(runner)
        .args([
            "-pipe",
            "-allow-unimplemented",
            "-include-disabled",
            "-num-workers",
            &workers.to_string(),
            "-shim-path",
        ])
        .arg(&shim)
        .arg("-shim-config")
        .arg(config)
        .args(["-test", &patterns.join(";")])
        .env("BOGO_NOT_RUN", &not_run)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{runner}: {error}"))?;
    let reasons = std::fs::read_to_string(&not_run).unwrap_or_default();
    // It is not there if every test was run.
    let _gone = std::fs::remove_file(&not_run);
    let results = Results::parse(&String::from_utf8_lossy(&output.stdout), &reasons);
    if results.outcomes.is_empty() {
        return Err(format!("the runner ran no test: {}\n{}", output.status, String::from_utf8_lossy(&output.stdout)));
    }
    Ok(results)
}

/// Lists the differences from `config.json`.
fn problems(results: &Results, exceptions: &Exceptions, all: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, outcome) in &results.outcomes {
        match (outcome, exceptions.contains_key(name)) {
            (Outcome::Failed(text), false) => problems.push(format!("FAILED {name}\n{text}")),
            (Outcome::Passed, true) => problems.push(format!("{name} passes: take it out of config.json")),
            (Outcome::NotRun, true) => problems.push(format!("{name} is not run: take it out of config.json")),
            (Outcome::Failed(_), true) | (Outcome::Passed | Outcome::NotRun, false) => {}
        }
    }
    let unknown = exceptions.keys().filter(|name| all && !results.outcomes.contains_key(*name));
    problems.extend(unknown.map(|name| format!("{name} is no test of the runner: take it out of config.json")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_without_a_reason_and_a_reason_without_a_failure_are_problems() {
        let results = Results::parse("PASSED (a)\nFAILED (b)\nwhy\nPASSED (c)\nFAILED (d)\nUNIMPLEMENTED (e)\n", "");
        let exceptions = ["c", "d", "e", "f"].map(|name| (name.to_owned(), "reason".to_owned())).into();
        let found = problems(&results, &exceptions, true);
        assert_eq!(
            found,
            [
                "FAILED b\nwhy",
                "c passes: take it out of config.json",
                "e is not run: take it out of config.json",
                "f is no test of the runner: take it out of config.json"
            ]
        );
    }

    #[test]
    fn every_exception_is_one_test_with_a_reason() {
        let exceptions = exceptions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config.json")).unwrap();
        assert!(exceptions.values().all(|reason| reason.len() > 20), "{exceptions:?}");
    }
}
