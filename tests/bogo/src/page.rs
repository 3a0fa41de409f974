//! `docs/bogo.md`: what is run, what is not, and why. It also keeps the counts, so none can fall unseen.

use crate::Exceptions;
use crate::compared::Compared;
use crate::outcome::{Outcome, Results};
use std::fmt::Write as _;
use std::path::Path;

/// The page, from the root of the repository.
const PAGE: &str = "docs/bogo.md";

const INTRODUCTION: &str = "\
# BoGo

BoGo is BoringSSL's test suite: a TLS peer that misbehaves in every way its authors could think of and checks the resulting
alerts. `cargo xtask bogo` runs it against a small program on the public API, the shim in `tests/bogo/src/shim`. The runner
is built from registry packages in `target/bogo`; this repository contains none of it.

A test passes only if the alert on the wire is the expected one and the shim's error is the one that `ErrorMap` in
`tests/bogo/config.json` assigns to it. In tests named `-async`, bytes are sent and received one at a time.

`cargo xtask bogo --write` writes this page; the test command compares it, including the counts.
";

const COMPARED: &str = "
## Compared with rustls

`tests/bogo/rustls.txt` lists the tests that rustls passes with TLS 1.3 alone, and says how this was measured: with its own program
and its own exceptions, and with the runner of this page. The test command compares the list with the results here.
";

/// The counts in a few lines.
pub(crate) fn counts(results: &Results, exceptions: &Exceptions) -> String {
    let mut text = String::new();
    for (what, count) in summary(results, exceptions) {
        let _ = writeln!(text, "  {count:>6} {what}");
    }
    for (reason, count) in by_count(results) {
        let _ = writeln!(text, "         {count:>6} {reason}");
    }
    text.trim_end().to_owned()
}

/// Compares the page with what it would be now, or writes it.
pub(crate) fn compare(
    results: &Results,
    exceptions: &Exceptions,
    compared: &Compared,
    write: bool,
) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE);
    let page = page(results, exceptions) + &beside_rustls(compared);
    if write {
        return std::fs::write(&path, page).map_err(|error| format!("{PAGE}: {error}"));
    }
    let kept = std::fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    if kept == page {
        return Ok(());
    }
    let mut old: Vec<_> = kept.lines().filter(|line| !page.lines().any(|other| other == *line)).collect();
    let new: Vec<_> = page.lines().filter(|line| !kept.lines().any(|other| other == *line)).collect();
    old.extend(["now it is:"].into_iter().chain(new));
    Err(format!("{PAGE} says otherwise; if that is right, `cargo xtask bogo --write`:\n{}", old.join("\n")))
}

fn summary(results: &Results, exceptions: &Exceptions) -> [(&'static str, usize); 4] {
    let failed = |known: bool| {
        results.count(|name, outcome| matches!(outcome, Outcome::Failed(_)) && exceptions.contains_key(name) == known)
    };
    [
        ("pass", results.count(|_, outcome| *outcome == Outcome::Passed)),
        ("fail", failed(false)),
        ("fail, for the reasons below", failed(true)),
        ("are not run", results.count(|_, outcome| *outcome == Outcome::NotRun)),
    ]
}

/// Why tests are not run, the most frequent reason first.
fn by_count(results: &Results) -> Vec<(&str, usize)> {
    let mut reasons: Vec<_> = results.not_run.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    reasons.sort_by_key(|&(reason, count)| (usize::MAX - count, reason));
    reasons
}

fn page(results: &Results, exceptions: &Exceptions) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n| Tests | |\n|--:|---|\n");
    for (what, count) in summary(results, exceptions).into_iter().filter(|(what, _)| *what != "fail") {
        let _ = writeln!(text, "| {count} | {what} |");
    }
    text.push_str("\n## Failures and their reasons\n");
    let mut reasons: Vec<_> = exceptions.values().collect();
    reasons.sort();
    reasons.dedup();
    for reason in reasons {
        let _ = writeln!(text, "\n{reason}\n");
        for (name, _) in exceptions.iter().filter(|(_, other)| *other == reason) {
            let _ = writeln!(text, "- `{name}`");
        }
    }
    text.push_str(
        "\n## Tests that are not run\n\nTests of features that this library omits deliberately, by the first feature they need:\n",
    );
    text.push_str("\n| Tests | Feature |\n|--:|---|\n");
    for (reason, count) in by_count(results) {
        let _ = writeln!(text, "| {count} | {reason} |");
    }
    text
}

/// The tests that rustls passes, and what came of them here.
fn beside_rustls(compared: &Compared) -> String {
    let mut text = String::from(COMPARED);
    let not_run: usize = compared.not_run.values().map(Vec::len).sum();
    let total = compared.passed + compared.failed.len() + not_run;
    text.push_str("\n| Tests | |\n|--:|---|\n");
    for (count, what) in [
        (total, "pass in rustls"),
        (compared.passed, "of them pass here"),
        (compared.failed.len(), "of them fail here, for the reasons above"),
        (not_run, "of them are not run here, for the reasons below"),
        (compared.passed_here_only, "more pass here, and not in rustls"),
    ] {
        let _ = writeln!(text, "| {count} | {what} |");
    }
    let _ = writeln!(text, "\nThose that fail here: {}.", names(&compared.failed));
    let mut reasons: Vec<_> = compared.not_run.iter().collect();
    reasons.sort_by_key(|(reason, tests)| (usize::MAX - tests.len(), *reason));
    for (reason, tests) in reasons {
        let _ = writeln!(text, "\n**{reason}** ({}): {}.", tests.len(), names(tests));
    }
    text
}

fn names(tests: &[String]) -> String {
    tests.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparison_has_each_test_with_its_reason() {
        let not_run = [("few", vec!["a"]), ("many", vec!["b", "c"])];
        let not_run = not_run.map(|(reason, tests)| (reason.into(), tests.into_iter().map(String::from).collect()));
        let compared = Compared { passed: 5, passed_here_only: 2, failed: vec!["d".into()], not_run: not_run.into() };
        let text = beside_rustls(&compared);
        let end = "Those that fail here: `d`.\n\n**many** (2): `b`, `c`.\n\n**few** (1): `a`.\n";
        assert!(text.contains("| 9 | pass in rustls |") && text.ends_with(end), "{text}");
    }
}
