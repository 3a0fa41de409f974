//! The page `docs/mutants.md`.

use super::checks::{CHECKS, Check};
use super::{MODULES, Module, Outcome};
use crate::run::{Result, keep_page, read_file, rows};
use std::fmt::Write;

/// The page that keeps the results.
pub(super) const PAGE: &str = "docs/mutants.md";

const INTRODUCTION: &str = "# Mutants

Tests that still pass after the code was made wrong prove nothing about it. `cargo xtask mutants MODULE... --write` makes the \
core wrong in one place after the other, runs the tests that reach it, and writes this page. A copy of the core in \
`target/mutants` has all mutants, each behind a switch that the environment turns, so that the tests are built once; a first \
run without a mutant shows which test reaches which mutants. The command is not a part of the test command. \
`--survivors` tries only what was not found the last time.

A mutant changes one thing: a condition is never or always met, one side of `&&` or `||` does not matter, a comparison includes \
or excludes its limit or is negated, a sum is a difference, a call, an assignment or a check with `?` is left out, an arm of a \
`match` is left out, a function returns at once with the simplest value, or succeeds where it would have ended with a check. It is \
*found* if a test fails, *endless* if a program of tests calls the switches more than twenty times as often as without it (and a million times more), or \
takes longer than five minutes, and *not built* if the compiler rejects it or has to evaluate the function at compile time. What remains has *survived*, and needs a reason \
here, or the command fails; a survivor in a check of security needs a test.

";

const CHECKED: &str = "
## Checks broken by hand

`cargo xtask mutants --checks` breaks each of these in the same copy, sees the test fail, and sees it pass without the change. \
`xtask/src/mutants/checks.rs` has the code and what stands in for it. Sections are those of RFC 9846, and of RFC 5280 for certificates.

| Check | File | Test |
|---|---|---|
";

/// The page: rows of modules, and of survivors with their reasons.
pub(super) struct Page {
    modules: Vec<[String; 6]>,
    survivors: Vec<[String; 2]>,
}

/// Returns the rows of tables whose first cell is code.
fn rows_of_code<const CELLS: usize>(text: &str) -> Vec<[String; CELLS]> {
    rows(text).filter(|cells: &[String; CELLS]| cells[0].starts_with('`')).collect()
}

impl Page {
    pub(super) fn read() -> Result<Self> {
        let text = read_file(PAGE)?;
        Ok(Self { modules: rows_of_code(&text), survivors: rows_of_code(&text) })
    }

    /// Returns why a survivor is no reason to worry.
    pub(super) fn reason(&self, survivor: &str) -> Option<&str> {
        let row = self.survivors.iter().find(|row| row[0] == code(survivor))?;
        (!row[1].is_empty() && row[1] != "?").then_some(&row[1])
    }

    /// Replaces what the page has of a module.
    pub(super) fn keep(&mut self, module: &Module, outcome: &Outcome) {
        let Outcome { found, endless, not_built, survivors } = outcome;
        let counts = [found + endless + not_built + survivors.len(), *found, *endless, *not_built, survivors.len()];
        let [all, found, endless, not_built, survived] = counts.map(|count| count.to_string());
        self.modules.retain(|row| row[0] != code(module.name));
        self.modules.push([code(module.name), all, found, endless, not_built, survived]);
        self.modules.sort();
        let mut rows: Vec<_> = survivors.iter().map(|mutant| [code(mutant), self.told(mutant)]).collect();
        rows.sort();
        self.survivors.retain(|row| !module.has(row[0].trim_start_matches('`')));
        self.survivors.extend(rows);
        self.survivors.sort();
    }

    fn told(&self, survivor: &str) -> String {
        self.reason(survivor).unwrap_or("?").to_owned()
    }

    fn text(&self) -> String {
        let mut text = String::from(INTRODUCTION);
        let is_missing = |module: &&Module| self.modules.iter().all(|row| row[0] != code(module.name));
        let missing: Vec<_> = MODULES.iter().filter(is_missing).map(|module| code(module.name)).collect();
        if !missing.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, "Modules that are not listed were not run yet: {}.\n\n", missing.join(", "));
        }
        text.push_str("| Module | Mutants | Found | Endless | Not built | Survived |\n|---|---|---|---|---|---|\n");
        for row in &self.modules {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text.push_str("\n## Survivors\n\n| Mutant | Reason |\n|---|---|\n");
        for row in &self.survivors {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text.push_str(CHECKED);
        for Check { rule, file, test: (program, name), .. } in &CHECKS {
            let _ = writeln!(text, "| {rule} | {} | {} |", code(file), code(&format!("{program}: {name}")));
        }
        text
    }

    /// Writes the page, or checks that it is what would be written.
    pub(super) fn store(&self, write: bool) -> Result<()> {
        keep_page(PAGE, &self.text(), write, "mutants")
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
        page.store(false).unwrap();
        for [mutant, reason] in &page.survivors {
            assert!(reason.len() > 10, "no reason: {mutant}");
            assert!(MODULES.iter().any(|module| module.has(mutant.trim_start_matches('`'))), "{mutant}");
        }
        for row in &page.modules {
            let [all, found, endless, not_built, survived] =
                [1, 2, 3, 4, 5].map(|at| row[at].parse::<usize>().unwrap());
            assert_eq!(all, found + endless + not_built + survived, "{}", row[0]);
            let module = MODULES.iter().find(|module| code(module.name) == row[0]).unwrap();
            let listed = page.survivors.iter().filter(|row| module.has(row[0].trim_start_matches('`'))).count();
            assert_eq!(listed, survived, "{}", row[0]);
        }
    }
}
