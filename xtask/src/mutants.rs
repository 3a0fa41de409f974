//! Mutants: one change of the core each, by cargo-mutants, which a test has to find. `docs/mutants.md` keeps what came of it.

use crate::features::{ALL, ALL_OF_TESTS};
use crate::run::{Failure, Result, Run, root};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The folder of the tool and of its results, from the root of the repository.
const DIRECTORY: &str = "target/mutants";
/// Another version makes other mutants.
const VERSION: &str = "27.1.0";
/// The page that keeps the results.
const PAGE: &str = "docs/mutants.md";

/// Exit codes of a run to its end: all found, some survived, some made a test run forever.
const COMPLETE: [i32; 3] = [0, 2, 3];

/// A part of the core, with the tests beside the unit tests that have to find its mutants.
struct Module {
    name: &'static str,
    files: &'static [&'static str],
    tests: &'static [&'static str],
}

const MODULES: [Module; 6] = [
    Module { name: "key-schedule", files: &["src/key_schedule.rs"], tests: &["key_log", "misbehaviour"] },
    Module { name: "transcript", files: &["src/transcript.rs"], tests: &["key_log", "misbehaviour"] },
    Module {
        name: "record",
        files: &["src/record/**"],
        tests: &["buffers", "data", "key_limit", "misbehaviour", "record_limits", "records"],
    },
    Module { name: "credential", files: &["src/credential/**"], tests: &["needs", "offers", "rotation", "selection"] },
    Module {
        name: "handshake",
        files: &["src/handshake/**"],
        tests: &[
            "misbehaviour",
            "offers",
            "post_handshake",
            "post_handshake_refusals",
            "refusals_client",
            "refusals_server",
            "resumption",
            "resumption_refusals",
            "selection",
        ],
    },
    Module {
        name: "x509",
        files: &["src/x509/**"],
        tests: &["x509_cases", "x509_certificates", "x509_chains", "x509_rules"],
    },
];

/// The results of one module.
struct Outcome {
    found: usize,
    endless: usize,
    not_built: usize,
    survivors: Vec<String>,
}

/// Runs the mutants of the named modules, or of all, and fails if one survives for no known reason; with `write`, keeps what
/// came of it in the page.
pub(crate) fn run(names: &[String], write: bool, install: bool) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| MODULES.iter().all(|module| module.name != name.as_str())) {
        let known = MODULES.each_ref().map(|module| module.name).join(", ");
        return Err(Failure::new(format!("there is no module `{unknown}`; the modules are: {known}")));
    }
    tool(install)?;
    let mut page = Page::read()?;
    let mut unexplained = Vec::new();
    for module in MODULES.iter().filter(|module| names.is_empty() || names.iter().any(|name| name == module.name)) {
        let outcome = module.run()?;
        unexplained.extend(outcome.survivors.iter().filter(|survivor| page.reason(survivor).is_none()).cloned());
        page.keep(module, &outcome);
        if write {
            page.write()?;
        }
    }
    if unexplained.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("these survive, and {PAGE} has no reason:\n  {}", unexplained.join("\n  "))))
}

/// Makes sure that the tool is there.
fn tool(install: bool) -> Result<()> {
    if root().join(DIRECTORY).join("bin/cargo-mutants").exists() {
        return Ok(());
    }
    let run = Run::cargo("install --locked --root").arg(DIRECTORY).arg(format!("cargo-mutants@{VERSION}"));
    if !install {
        return Err(Failure::new(format!("cargo-mutants is missing: {run}")));
    }
    println!("  $ {run}");
    run.succeed()
}

impl Module {
    fn run(&self) -> Result<Outcome> {
        let out = format!("{DIRECTORY}/{}", self.name);
        let told = |error: std::io::Error| Failure::new(format!("{out}: {error}"));
        fs::create_dir_all(root().join(&out)).map_err(told)?;
        let features = format!("{ALL},{ALL_OF_TESTS}");
        // The copy starts from what is built already.
        let mut run = Run::new(&format!("{DIRECTORY}/bin/cargo-mutants"))
            .words("mutants --package embedded-mtls --copy-target=true --colors=never --no-shuffle --timeout 300")
            .arg("--features")
            .arg(features)
            .arg(format!("--output={out}"))
            .arg("--cargo-arg=--lib");
        for test in self.tests {
            run = run.arg(format!("--cargo-arg=--test={test}"));
        }
        for file in self.files {
            run = run.arg("--file").arg(*file);
        }
        println!("  $ {run}");
        let code = run.code()?;
        if !COMPLETE.contains(&code) {
            return Err(Failure::new(format!("exit code {code} from: {run}")));
        }
        Outcome::read(&root().join(out).join("mutants.out"))
    }
}

impl Outcome {
    fn read(directory: &Path) -> Result<Self> {
        let lines = |name: &str| -> Result<Vec<String>> {
            let file = directory.join(name);
            let text = fs::read_to_string(&file).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
            Ok(text.lines().map(without_place).collect())
        };
        Ok(Self {
            found: lines("caught.txt")?.len(),
            endless: lines("timeout.txt")?.len(),
            not_built: lines("unviable.txt")?.len(),
            survivors: lines("missed.txt")?,
        })
    }
}

/// Leaves the line and the column out of the name of a mutant, which change with every change of the file.
fn without_place(mutant: &str) -> String {
    let mut parts = mutant.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(what)) => format!("{file}:{what}"),
        _ => mutant.to_owned(),
    }
}

/// The page: rows of modules, and of survivors with their reasons.
struct Page {
    modules: Vec<[String; 6]>,
    survivors: Vec<[String; 2]>,
}

/// The rows of a table in Markdown whose first cell is code.
fn rows<const CELLS: usize>(text: &str) -> Vec<[String; CELLS]> {
    let row = |line: &str| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").map(str::to_owned).collect();
        cells.first().is_some_and(|cell| cell.starts_with('`')).then(|| cells.try_into().ok())?
    };
    text.lines().filter_map(row).collect()
}

impl Page {
    fn read() -> Result<Self> {
        let file = root().join(PAGE);
        let text = fs::read_to_string(&file).map_err(|error| Failure::new(format!("{PAGE}: {error}")))?;
        Ok(Self { modules: rows(&text), survivors: rows(&text) })
    }

    /// Returns why a survivor is no reason to worry.
    fn reason(&self, survivor: &str) -> Option<&str> {
        let row = self.survivors.iter().find(|row| row[0] == code(survivor))?;
        (!row[1].is_empty() && row[1] != "?").then_some(&row[1])
    }

    /// Replaces what the page has of a module.
    fn keep(&mut self, module: &Module, outcome: &Outcome) {
        let Outcome { found, endless, not_built, survivors } = outcome;
        let counts = [found + endless + not_built + survivors.len(), *found, *endless, *not_built, survivors.len()];
        let [all, found, endless, not_built, survived] = counts.map(|count| count.to_string());
        self.modules.retain(|row| row[0] != code(module.name));
        self.modules.push([code(module.name), all, found, endless, not_built, survived]);
        self.modules.sort();
        let mut rows: Vec<_> = survivors.iter().map(|mutant| [code(mutant), self.told(mutant)]).collect();
        rows.sort();
        rows.dedup();
        self.survivors.retain(|row| !module.has(&row[0]));
        self.survivors.extend(rows);
        self.survivors.sort();
    }

    fn told(&self, survivor: &str) -> String {
        self.reason(survivor).unwrap_or("?").to_owned()
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# Mutants\n\nTests that still pass after the code was made wrong prove nothing about it. `cargo xtask mutants MODULE... --write` \
             changes one operator or one function at a time in a copy of the core, with cargo-mutants {VERSION}, runs the unit tests \
             and some of the tests on the public API, and writes this page. It takes hours and is not a part of the test command. A \
             mutant is *found* if a test fails, *endless* if one runs for five minutes, and *not built* if it does not compile. A \
             survivor needs a reason here, or the command fails; a survivor in a check of security needs a test.\n\nModules that are \
             not listed were not run yet: "
        );
        let is_missing = |module: &&Module| self.modules.iter().all(|row| row[0] != code(module.name));
        let missing: Vec<_> = MODULES.iter().filter(is_missing).map(|module| code(module.name)).collect();
        text.push_str(if missing.is_empty() { "none" } else { "" });
        text.push_str(&missing.join(", "));
        text.push_str(
            ".\n\n| Module | Mutants | Found | Endless | Not built | Survived |\n|---|---|---|---|---|---|\n",
        );
        for row in &self.modules {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text.push_str("\n## Survivors\n\n| Mutant | Reason |\n|---|---|\n");
        for row in &self.survivors {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text
    }

    fn write(&self) -> Result<()> {
        fs::write(root().join(PAGE), self.text()).map_err(|error| Failure::new(format!("{PAGE}: {error}")))
    }
}

impl Module {
    /// Returns whether a mutant, quoted as code, is one of a file of this module.
    fn has(&self, mutant: &str) -> bool {
        self.files.iter().any(|file| mutant.trim_start_matches('`').starts_with(file.trim_end_matches("**")))
    }
}

/// Quotes a name for the page; a bar would end the cell.
fn code(name: &str) -> String {
    format!("`{}`", name.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_reason_for_each_survivor_and_counts_them() {
        let page = Page::read().unwrap();
        assert_eq!(fs::read_to_string(root().join(PAGE)).unwrap(), page.text());
        for [mutant, reason] in &page.survivors {
            assert!(reason.len() > 10, "no reason: {mutant}");
            assert!(MODULES.iter().any(|module| module.has(mutant)), "{mutant}");
        }
        for row in &page.modules {
            let [all, found, endless, not_built, survived] =
                [1, 2, 3, 4, 5].map(|at| row[at].parse::<usize>().unwrap());
            assert_eq!(all, found + endless + not_built + survived, "{}", row[0]);
        }
    }

    #[test]
    fn a_mutant_is_the_same_wherever_it_is_in_its_file() {
        let name = "src/record/span.rs: replace < with <= in Span::new";
        assert_eq!(without_place("src/record/span.rs:12:34: replace < with <= in Span::new"), name);
        assert!(MODULES[2].has(&code(name)) && !MODULES[0].has(&code(name)));
    }

    #[test]
    fn an_unknown_module_is_an_error_that_lists_the_modules() {
        let error = run(&["recrod".to_owned()], false, false).unwrap_err().to_string();
        assert!(error.contains("`recrod`") && error.contains("transcript, record"), "{error}");
    }

    #[test]
    fn every_test_of_a_module_exists() {
        for test in MODULES.iter().flat_map(|module| module.tests) {
            let file = root().join("tests").join(test);
            assert!(file.is_dir() || file.with_extension("rs").is_file(), "{test}");
        }
    }
}
