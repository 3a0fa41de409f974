//! Mutants: one change of the core each, which a test has to find. `docs/mutants.md` keeps what came of it.
//!
//! A compilation for each mutant would take days. Instead a copy of the core has all of them, each behind a switch that the
//! environment turns (`switch.rs`), and its tests are built once. They run once without a mutant, to see which test reaches
//! which mutants, then for each mutant the tests that reach it until one fails.

mod checks;
mod copy;
mod page;
mod scan;
mod trial;

use crate::run::{Failure, Result, root, told};
use checks::CHECKS;
use copy::{Tests, Tree};
use page::Page;
use scan::Scanned;
use std::fs;
use std::path::Path;
use trial::{Program, Trials, Verdict};

/// The folder of the copy and of the results, from the root of the repository.
const DIRECTORY: &str = "target/mutants";

/// A part of the core.
struct Module {
    name: &'static str,
    /// Files, and folders with all below them.
    files: &'static [&'static str],
}

const MODULES: [Module; 6] = [
    Module { name: "key-schedule", files: &["src/key_schedule.rs"] },
    Module { name: "transcript", files: &["src/transcript.rs"] },
    Module { name: "record", files: &["src/record/"] },
    Module { name: "credential", files: &["src/credential/"] },
    Module { name: "handshake", files: &["src/handshake/"] },
    Module { name: "x509", files: &["src/x509/"] },
];

/// The results of one module.
#[derive(Default)]
struct Outcome {
    found: usize,
    endless: usize,
    not_built: usize,
    survivors: Vec<String>,
}

/// The mutants to try.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extent {
    #[default]
    All,
    /// Instead of mutants, the table of checks.
    Checks,
    /// Those that were not found the last time.
    Survivors,
}

/// Runs the mutants of the named modules, or of all, and fails if one survives for no known reason; with `write`, keeps what
/// came of it in the page.
pub(crate) fn run(names: &[String], extent: Extent, write: bool) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| MODULES.iter().all(|module| module.name != name.as_str())) {
        let known = MODULES.each_ref().map(|module| module.name).join(", ");
        return Err(Failure::new(format!("there is no module `{unknown}`; the modules are: {known}")));
    }
    if extent == Extent::Checks {
        // The table is short, and breaks checks of several modules.
        return if names.is_empty() { checks(write) } else { Err(Failure::new("`--checks` takes no module")) };
    }
    let is_asked = |module: &&Module| names.is_empty() || names.iter().any(|name| name == module.name);
    let modules: Vec<_> = MODULES.iter().filter(is_asked).collect();
    let copy = copy(&Tests::All)?;
    let trials = Trials::prepare()?;
    let mut page = Page::read()?;
    let mut unexplained = Vec::new();
    for module in modules {
        let outcome = module.run(&copy, &trials, extent)?;
        unexplained.extend(outcome.survivors.iter().filter(|survivor| page.reason(survivor).is_none()).cloned());
        page.keep(module, &outcome);
        if write {
            page.store(true)?;
        }
    }
    if unexplained.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("these survive, and {} has no reason:\n  {}", page::PAGE, unexplained.join("\n  "))))
}

/// Breaks the checks of the table one after the other: the test of each has to fail. With `write`, keeps the table in the
/// page.
fn checks(write: bool) -> Result<()> {
    let mut names: Vec<_> = CHECKS.iter().map(|check| check.test.0).collect();
    names.sort_unstable();
    names.dedup();
    let tests = Tests::Named(names);
    let copy = copy(&tests)?;
    checks::run(&copy, &Program::build(&tests)?)?;
    if write { Page::read()?.store(true) } else { Ok(()) }
}

/// Makes the copy, with which these tests build.
fn copy(tests: &Tests) -> Result<Tree> {
    let (files, first_check) = files()?;
    Tree::build(files, first_check, tests)
}

/// Scans the files of all modules. The numbers of mutants do not depend on the modules that are asked for, so the copy
/// is the same for all.
fn files() -> Result<(Vec<Scanned>, u32)> {
    let mut paths = Vec::new();
    for file in MODULES.iter().flat_map(|module| module.files) {
        collect(&root().join(file), &mut paths)?;
    }
    paths.sort();
    let mut next = 0;
    let scan = |path: &String| scan::scan(path, crate::run::read_file(path)?, &mut next);
    let mut files = paths.iter().map(scan).collect::<Result<Vec<_>>>()?;
    for (check, number) in CHECKS.iter().zip(next..) {
        let file = files.iter_mut().find(|file| file.path == check.file);
        let file = file.ok_or_else(|| Failure::new(format!("{} is in no module", check.file)))?;
        check.add(file, number)?;
    }
    Ok((files, next))
}

fn collect(path: &Path, paths: &mut Vec<String>) -> Result<()> {
    if path.is_dir() {
        for entry in told(path, fs::read_dir(path))? {
            collect(&told(path, entry)?.path(), paths)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
        let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        paths.push(name);
    }
    Ok(())
}

impl Module {
    fn run(&self, copy: &Tree, trials: &Trials, extent: Extent) -> Result<Outcome> {
        println!("{}", self.name);
        let kept = root().join(DIRECTORY).join(format!("{}.txt", self.name));
        let earlier = fs::read_to_string(&kept).unwrap_or_default();
        let before = |name: &str| {
            earlier.lines().find_map(|line| match line.split_once(' ')? {
                ("Found", known) if known == name => Some(Verdict::Found),
                ("Endless", known) if known == name => Some(Verdict::Endless),
                _ => None,
            })
        };
        let mut outcome = Outcome::default();
        let mut found = Vec::new();
        for (at, file) in copy.files.iter().enumerate().filter(|(_, file)| self.has(&file.path)) {
            for mutant in file.mutants.iter().filter(|mutant| mutant.number < copy.first_check) {
                if !copy.is_built(at, mutant.constant, mutant.number) {
                    outcome.not_built += 1;
                    continue;
                }
                let known = if extent == Extent::Survivors { before(&mutant.name) } else { None };
                let verdict = match known {
                    Some(verdict) => verdict,
                    None => trials.run(mutant.number)?,
                };
                match verdict {
                    Verdict::Found => outcome.found += 1,
                    Verdict::Endless => outcome.endless += 1,
                    Verdict::Survived | Verdict::Unreached => {
                        println!("  {verdict:?}: {}", mutant.name);
                        outcome.survivors.push(mutant.name.clone());
                        continue;
                    }
                }
                found.push(format!("{verdict:?} {}", mutant.name));
            }
        }
        told(&kept, fs::write(&kept, found.join("\n")))?;
        Ok(outcome)
    }

    /// Returns whether a file, or a mutant by its name, is one of this module.
    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| name.starts_with(file))
    }
}

#[cfg(test)]
mod tests {
    use super::checks::Check;
    use super::*;

    #[test]
    fn an_unknown_module_is_an_error_that_lists_the_modules() {
        let error = run(&["recrod".to_owned()], Extent::All, false).unwrap_err().to_string();
        assert!(error.contains("`recrod`") && error.contains("transcript, record"), "{error}");
    }

    #[test]
    fn the_checks_are_not_those_of_a_module() {
        let error = run(&["record".to_owned()], Extent::Checks, false).unwrap_err().to_string();
        assert!(error.contains("takes no module"), "{error}");
    }

    #[test]
    fn every_check_is_in_its_file_once_and_its_test_exists() {
        files().unwrap();
        for Check { test: (file, name), .. } in &CHECKS {
            let texts =
                ["tests/{}.rs", "tests/{}/main.rs"].map(|path| crate::run::read_file(&path.replace("{}", file)));
            let has = |text: &String| text.contains(&format!("fn {name}()"));
            assert!(texts.iter().flatten().any(has), "{file}: {name}");
        }
    }
}
