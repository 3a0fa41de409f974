//! A copy of the repository in which the core has every mutant behind its switch.

use super::DIRECTORY;
use super::scan::{Edit, Mutant, Scanned};
use crate::features::{ALL, ALL_OF_TESTS};
use crate::run::{Failure, Result, Run, root, told};
use std::collections::HashSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// More rounds than any build took; each leaves out what the one before did not accept.
const ROUNDS: usize = 30;

/// The folder of the copy.
pub(super) fn tree() -> PathBuf {
    root().join(DIRECTORY).join("tree")
}

/// The copy: its mutants, and what the compiler does not accept.
pub(super) struct Tree {
    pub(super) files: Vec<Scanned>,
    /// The number of the first of the checks, which come after all mutants.
    pub(super) first_check: u32,
    /// Numbers of mutants that do not compile.
    pub(super) rejected: HashSet<u32>,
    /// Constant functions that have to stay constant: index of the file, index of the function.
    constant: HashSet<(usize, usize)>,
}

/// The place of a mutant in the text of a file with all of them.
struct Placed {
    range: Range<usize>,
    number: u32,
}

impl Tree {
    /// Copies the repository and leaves out mutants until the core and the named tests build.
    pub(super) fn build(files: Vec<Scanned>, first_check: u32, tests: &Tests) -> Result<Self> {
        copy_repository(&files)?;
        let mut copy = Self { files, first_check, rejected: HashSet::new(), constant: HashSet::new() };
        copy.recall();
        // The first is quick and finds most.
        let check = Run::cargo("check --lib");
        copy.build_with(&of_core(check))?;
        builds_of_tests(tests).iter().try_for_each(|run| copy.build_with(run))?;
        Ok(copy)
    }

    fn build_with(&mut self, run: &Run) -> Result<()> {
        println!("  $ {run}");
        for _ in 0..ROUNDS {
            let placed = self.write()?;
            let done = run.finish()?;
            if done.is_good {
                return Ok(());
            }
            let before = self.rejected.len() + self.constant.len();
            let unknown = self.leave_out(&done.stderr, &placed);
            if self.rejected.len() + self.constant.len() == before {
                // Cargo's own errors name no place in a file.
                let errors = if unknown.is_empty() { done.stderr } else { unknown.join("\n") };
                return Err(Failure::new(format!("no mutant explains these errors:\n{errors}")));
            }
            self.remember()?;
            println!(
                "  {} mutants do not compile, {} functions are constant",
                self.rejected.len(),
                self.constant.len()
            );
        }
        Err(Failure::new(format!("no success after {ROUNDS} rounds: {run}")))
    }

    /// The file with what was left out the last time, which holds for the same sources only.
    fn memory(&self) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        for file in &self.files {
            file.source.hash(&mut hasher);
            for edit in file.mutants.iter().flat_map(|mutant| &mutant.edits) {
                (&edit.range, &edit.text).hash(&mut hasher);
            }
        }
        root().join(DIRECTORY).join(format!("left-out-{:016x}", hasher.finish()))
    }

    fn recall(&mut self) {
        for line in fs::read_to_string(self.memory()).unwrap_or_default().lines() {
            match line.split_once(' ').map(|(file, constant)| (file.parse(), constant.parse())) {
                Some((Ok(file), Ok(constant))) => _ = self.constant.insert((file, constant)),
                _ => self.rejected.extend(line.parse::<u32>()),
            }
        }
    }

    fn remember(&self) -> Result<()> {
        let rejected = self.rejected.iter().map(u32::to_string);
        let constant = self.constant.iter().map(|(file, constant)| format!("{file} {constant}"));
        let lines: Vec<_> = rejected.chain(constant).collect();
        let file = self.memory();
        told(&file, fs::write(&file, lines.join("\n")))
    }

    pub(super) fn is_built(&self, file: usize, constant: Option<usize>, number: u32) -> bool {
        !self.rejected.contains(&number) && !constant.is_some_and(|index| self.constant.contains(&(file, index)))
    }

    fn write(&self) -> Result<Vec<Vec<Placed>>> {
        self.files.iter().enumerate().map(|(index, _)| self.write_file(index)).collect()
    }

    fn write_file(&self, index: usize) -> Result<Vec<Placed>> {
        let file = &self.files[index];
        let mut edits: Vec<(&Edit, usize)> = Vec::new();
        let no_longer_constant: Vec<Edit> = file
            .constants
            .iter()
            .enumerate()
            .filter(|(constant, _)| !self.constant.contains(&(index, *constant)))
            .map(|(_, constant)| Edit { range: constant.range.clone(), text: String::new(), closes: false })
            .collect();
        edits.extend(no_longer_constant.iter().map(|edit| (edit, usize::MAX)));
        for (at, mutant) in file.mutants.iter().enumerate() {
            if self.is_built(index, mutant.constant, mutant.number) {
                edits.extend(mutant.edits.iter().map(|edit| (edit, at)));
            }
        }
        // What ends here comes before what begins here; of the former the inner one first, of the latter the outer one.
        edits.sort_by_key(|(edit, at)| {
            let whole = file.mutants.get(*at).map_or(edit.range.clone(), Mutant::range);
            let order =
                if edit.closes { (usize::MAX - whole.start, usize::MAX - *at) } else { (usize::MAX - whole.end, *at) };
            (edit.range.start, !edit.closes, order, edit.range.end)
        });
        let (mut text, mut done) = (String::new(), 0);
        let mut placed: Vec<Option<Range<usize>>> = vec![None; file.mutants.len()];
        for (edit, at) in edits {
            text.push_str(&file.source[done..edit.range.start]);
            let begin = text.len();
            text.push_str(&edit.text);
            done = edit.range.end;
            if let Some(place) = placed.get_mut(at) {
                let begin = place.as_ref().map_or(begin, |place| place.start);
                *place = Some(begin..text.len());
            }
        }
        text.push_str(&file.source[done..]);
        write_if_new(&tree().join(&file.path), text.as_bytes())?;
        let numbered = |(at, range): (usize, Option<Range<usize>>)| Some((range?, file.mutants[at].number));
        let placed = placed.into_iter().enumerate().filter_map(numbered);
        Ok(placed.map(|(range, number)| Placed { range, number }).collect())
    }

    /// Leaves out what errors are about: the innermost mutant, or that a function is not constant any more. Returns the rest.
    fn leave_out(&mut self, said: &str, placed: &[Vec<Placed>]) -> Vec<String> {
        let mut unknown = Vec::new();
        for line in said.lines().filter(|line| line.contains(": error")) {
            let is_known = match line.split_once("cannot call non-const") {
                Some((_, rest)) => self.keep_constant(rest.split('`').nth(1).unwrap_or_default()),
                None => self.reject(line, placed).is_some(),
            };
            if !is_known {
                unknown.push(line.to_owned());
            }
        }
        unknown
    }

    fn reject(&mut self, line: &str, placed: &[Vec<Placed>]) -> Option<()> {
        let mut parts = line.splitn(4, ':');
        let path = parts.next()?;
        let index = self.files.iter().position(|file| file.path == path)?;
        let line_number: usize = parts.next()?.parse().ok()?;
        let column: usize = parts.next()?.parse().ok()?;
        let text = fs::read_to_string(tree().join(path)).ok()?;
        let before: usize = text.split_inclusive('\n').take(line_number - 1).map(str::len).sum();
        let of_line = text[before..].char_indices().nth(column - 1).map_or(0, |(at, _)| at);
        let at = before + of_line;
        let around = placed[index].iter().filter(|place| place.range.contains(&at));
        let innermost = around.min_by_key(|place| place.range.len())?;
        self.rejected.insert(innermost.number);
        Some(())
    }

    /// Keeps the functions constant that a name of the compiler can mean.
    fn keep_constant(&mut self, name: &str) -> bool {
        let plain: String = without_generics(name);
        let mut words: Vec<&str> = plain.split("::").filter(|word| !word.is_empty()).collect();
        let function = words.pop().unwrap_or_default();
        let of_type = words.pop().filter(|word| word.starts_with(char::is_uppercase));
        let before = self.constant.len();
        for (at, file) in self.files.iter().enumerate() {
            for (index, constant) in file.constants.iter().enumerate() {
                let mut ours = constant.name.rsplit("::");
                let is_same = ours.next() == Some(function);
                if is_same && (of_type.is_none() || ours.next() == of_type) {
                    self.constant.insert((at, index));
                }
            }
        }
        self.constant.len() > before
    }
}

/// Tests to build beside the unit tests of the core.
pub(super) enum Tests {
    /// All of the core, and the search of memory for secrets.
    All,
    /// Those with these names.
    Named(Vec<&'static str>),
}

/// Returns the builds of the unit tests and of these tests in the copy: those of the core have all features.
pub(super) fn builds_of_tests(tests: &Tests) -> Vec<Run> {
    let build = Run::cargo("test --no-run");
    match tests {
        Tests::All => {
            vec![of_core(build.clone().arg("--tests")), in_copy(build.words("--package secrets --test wiped"))]
        }
        Tests::Named(names) => {
            vec![of_core(names.iter().fold(build.arg("--lib"), |run, name| run.arg("--test").arg(*name)))]
        }
    }
}

/// Completes a command of Cargo for the core in the copy.
fn of_core(run: Run) -> Run {
    in_copy(run.words("--package embedded-mtls --features").arg(format!("{ALL},{ALL_OF_TESTS}")))
}

/// Completes a command of Cargo for the copy. Its dependencies are built already, for the repository. The setting is there
/// to differ from the repository's: Cargo names a build after its settings and its path within the workspace, and would take
/// the core of the one for that of the other.
fn in_copy(run: Run) -> Run {
    run.words("--config profile.dev.package.embedded-mtls.codegen-units=8 --message-format=short --target-dir")
        .arg(root().join("target").display().to_string())
        .within(&tree().display().to_string())
}

fn without_generics(name: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::new();
    for char in name.chars() {
        match char {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(char),
            _ => {}
        }
    }
    plain
}

/// Copies what is in the repository, apart from the files with mutants, and adds the switch to the core.
fn copy_repository(files: &[Scanned]) -> Result<()> {
    let switch = "src/mutant.rs";
    let listed = Run::new("git").words("ls-files --cached --others --exclude-standard").read()?;
    // A file may be listed and gone.
    let listed: Vec<_> = listed.lines().filter(|path| root().join(path).is_file()).collect();
    let kept: HashSet<_> = listed.iter().copied().chain([switch]).map(PathBuf::from).collect();
    remove_others(&tree(), &tree(), &kept)?;
    for path in listed.into_iter().filter(|path| files.iter().all(|file| file.path != **path)) {
        let mut bytes = told(path, fs::read(root().join(path)))?;
        if path == "src/lib.rs" {
            let text = String::from_utf8_lossy(&bytes).replacen("mod connection;", "mod connection;\nmod mutant;", 1);
            bytes = text.into_bytes();
        }
        write_if_new(&tree().join(path), &bytes)?;
    }
    write_if_new(&tree().join(switch), include_bytes!("switch.rs"))
}

/// Removes the files of an earlier copy that are not in the repository any more, which Cargo would build.
fn remove_others(copy: &Path, folder: &Path, kept: &HashSet<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = told(folder, entry)?.path();
        if path.is_dir() {
            remove_others(copy, &path, kept)?;
        } else if path.strip_prefix(copy).is_ok_and(|path| !kept.contains(path)) {
            told(&path, fs::remove_file(&path))?;
        }
    }
    Ok(())
}

/// Writes a file unless it is there already, so that Cargo builds only what has changed.
fn write_if_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    told(path, fs::create_dir_all(path.parent().unwrap_or(path)))?;
    told(path, fs::write(path, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_gone_from_the_repository_is_removed_from_the_copy() {
        let copy = root().join("target/tmp/copy-of-mutants");
        for path in ["tests/old.rs", "tests/new/main.rs"] {
            write_if_new(&copy.join(path), b"").unwrap();
        }
        remove_others(&copy, &copy, &HashSet::from([PathBuf::from("tests/new/main.rs")])).unwrap();
        assert!(!copy.join("tests/old.rs").exists() && copy.join("tests/new/main.rs").exists());
    }
}
