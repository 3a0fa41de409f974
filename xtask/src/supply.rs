//! The packages that the lock files name: where they come from, their licences, those that are there in several versions, and
//! those that their authors have withdrawn.

mod advisories;
mod bills;

use crate::run::{Failure, Result, Run, cargo_home, installed, keep_page, read_file, root, told};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// The directories of workspaces, each with a lock file.
const WORKSPACES: [&str; 5] = [".", "boards", "boards/budget", "crates/benchmarks", "fuzz"];

/// The only registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The licences that a package may have. None asks more of a product than to name the authors; that of `MPL-2.0` also asks to
/// publish changes to its own files.
const LICENCES: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The page, whose part from this heading on is written by `--write`.
const PAGE: &str = "docs/supply-chain.md";
const HEADING: &str = "## The lock files\n";

/// A package of a lock file.
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// Checks all lock files and the page; with the database of `RustSec` in a folder, also that no entry is without a judgement.
pub(crate) fn run(write: bool, database: Option<&str>) -> Result<()> {
    lock_files(write)?;
    if let Some(database) = database {
        return advisories::check(database);
    }
    println!("{}", advisories::UNCHECKED);
    Ok(())
}

/// Writes a bill of material for each package into this folder.
pub(crate) fn bills(folder: &str) -> Result<()> {
    bills::write(folder)
}

/// Checks all lock files and the page.
fn lock_files(write: bool) -> Result<()> {
    let mut page = String::from("| Lock file | Licences | In several versions |\n|---|---|---|\n");
    let mut problems = Vec::new();
    for workspace in WORKSPACES {
        Run::cargo("fetch --locked --quiet").within(workspace).succeed()?;
        let path = root().join(workspace).join("Cargo.lock");
        let packages = packages(&read(&path)?);
        let others: Vec<_> = packages.iter().filter(|package| package.source.is_some()).collect();
        let mut licences = BTreeSet::new();
        let mut versions = BTreeMap::<&str, Vec<&str>>::new();
        for package in &others {
            versions.entry(&package.name).or_default().push(&package.version);
            problems.extend(package.problem(&path));
            match package.licence() {
                Ok(licence) if is_allowed(&licence) => drop(licences.insert(normal(&licence))),
                Ok(licence) => problems.push(format!("{package}: its licence is not on the list: {licence}")),
                Err(failure) => problems.push(failure.to_string()),
            }
        }
        let several = versions.iter().filter(|(_, versions)| versions.len() > 1);
        let several: Vec<_> = several.map(|(name, versions)| format!("{name} {}", versions.join(", "))).collect();
        let several = if several.is_empty() { "none".into() } else { several.join("; ") };
        let licences = licences.into_iter().collect::<Vec<_>>().join("; ");
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {licences} | {several} |", display(workspace));
    }
    if !problems.is_empty() {
        return Err(Failure::new(problems.join("\n")));
    }
    compare(&page, write)
}

/// Checks all lock files and the page.
pub(crate) fn check() -> Result<()> {
    run(false, None)
}

fn display(workspace: &str) -> String {
    if workspace == "." { "Cargo.lock".into() } else { format!("{workspace}/Cargo.lock") }
}

fn read(path: &Path) -> Result<String> {
    told(path, std::fs::read_to_string(path))
}

fn compare(table: &str, write: bool) -> Result<()> {
    let there = read_file(PAGE)?;
    let (head, _) =
        there.split_once(HEADING).ok_or_else(|| Failure::new(format!("{PAGE} has no `{}`", HEADING.trim())))?;
    keep_page(PAGE, &format!("{head}{HEADING}\n{table}"), write, "supply")
}

fn packages(lock: &str) -> Vec<Package> {
    let blocks = lock.split("[[package]]").skip(1);
    let package = |block: &str| {
        let value = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))?;
            line.strip_suffix('"').map(String::from)
        };
        Some(Package {
            name: value("name")?,
            version: value("version")?,
            source: value("source"),
            checksum: value("checksum"),
        })
    };
    blocks.filter_map(package).collect()
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

impl Package {
    /// Returns what is wrong with the place it comes from, and whether it was withdrawn.
    fn problem(&self, lock: &Path) -> Option<String> {
        let lock = lock.display();
        if self.source.as_deref() != Some(REGISTRY) {
            return Some(format!("{self} in {lock} is not from crates.io"));
        }
        if self.checksum.is_none() {
            return Some(format!("{self} in {lock} has no checksum"));
        }
        self.is_yanked().then(|| format!("{self} in {lock} was withdrawn by its authors (yanked)"))
    }

    /// Reads its licence from its manifest, as it was downloaded.
    fn licence(&self) -> Result<String> {
        let directory = format!("{}-{}", self.name, self.version);
        let sources = cargo_home().join("registry/src");
        for registry in told(&sources, std::fs::read_dir(&sources))? {
            let manifest = told(&sources, registry)?.path().join(&directory).join("Cargo.toml");
            if let Ok(manifest) = std::fs::read_to_string(manifest) {
                let licence = manifest.lines().find_map(|line| line.strip_prefix("license = \"")?.strip_suffix('"'));
                return licence.map(String::from).ok_or_else(|| Failure::new(format!("{self} names no licence")));
            }
        }
        Err(Failure::new(format!("{self} is not in {}: cargo fetch", sources.display())))
    }

    /// Returns whether the index calls this version yanked, as it was when Cargo last asked.
    fn is_yanked(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        let place = match name.len() {
            1 => format!("1/{name}"),
            2 => format!("2/{name}"),
            3 => format!("3/{}/{name}", name.get(..1).unwrap_or_default()),
            _ => format!("{}/{}/{name}", name.get(..2).unwrap_or_default(), name.get(2..4).unwrap_or_default()),
        };
        let Ok(registries) = std::fs::read_dir(cargo_home().join("registry/index")) else { return false };
        registries.flatten().any(|registry| {
            let cached = std::fs::read(registry.path().join(".cache").join(&place)).unwrap_or_default();
            is_yanked(&String::from_utf8_lossy(&cached), &self.version)
        })
    }
}

/// Returns whether a file of the index, one object for each version, calls this one yanked.
fn is_yanked(index: &str, version: &str) -> bool {
    let wanted = format!("\"vers\":\"{version}\"");
    index.split(['\0', '\n']).any(|entry| entry.contains(&wanted) && entry.contains("\"yanked\":true"))
}

/// Writes an expression as SPDX has it, with the alternatives of each part in alphabetical order.
fn normal(licence: &str) -> String {
    let parts = licence.replace(" / ", " OR ").replace('/', " OR ");
    let part = |part: &str| {
        let mut names: Vec<_> = part.trim_matches(['(', ')']).split(" OR ").collect();
        names.sort_unstable();
        names.join(" OR ")
    };
    let parts: Vec<_> = parts.split(" AND ").map(part).collect();
    match &parts[..] {
        [one] => one.clone(),
        many => many
            .iter()
            .map(|part| if part.contains(" OR ") { format!("({part})") } else { part.clone() })
            .collect::<Vec<_>>()
            .join(" AND "),
    }
}

/// Returns whether each part of the expression has an alternative that is on the list.
fn is_allowed(licence: &str) -> bool {
    let licence = normal(licence);
    let is_listed = |name: &str| LICENCES.contains(&name);
    licence.split(" AND ").all(|part| part.trim_matches(['(', ')']).split(" OR ").any(is_listed))
}

/// Returns a subcommand of Cargo: that of the machine, or one of its own below `target`.
fn tool(name: &str, version: &str) -> Result<Run> {
    if installed(name) {
        return Ok(Run::new(name));
    }
    let folder = format!("target/{name}");
    let program = root().join(&folder).join("bin").join(name);
    if !program.exists() {
        let run = Run::cargo("install --locked --root").arg(folder).arg(format!("{name}@{version}"));
        println!("  $ {run}");
        run.succeed()?;
    }
    Ok(Run::new(&program.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_allowed_if_one_alternative_of_each_part_is() {
        for licence in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
            assert!(is_allowed(licence), "{licence}");
        }
        for licence in ["GPL-3.0", "MIT AND GPL-3.0", "", "(MIT OR ISC) AND (GPL-2.0 OR GPL-3.0)"] {
            assert!(!is_allowed(licence), "{licence}");
        }
        assert_eq!(normal("MIT/Apache-2.0"), "Apache-2.0 OR MIT");
    }

    #[test]
    fn a_package_that_is_not_from_the_registry_or_without_checksum_is_found() {
        let lock = "[[package]]\nname = \"one\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"two\"\nversion = \"2.0.0\"\n\
                    source = \"git+https://example.com\"\n\n[[package]]\nname = \"no-such-package\"\nversion = \"3.0.0\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let packages = packages(lock);
        let problems: Vec<_> = packages.iter().filter(|package| package.source.is_some()).collect();
        let problems: Vec<_> = problems.iter().map(|package| package.problem(Path::new("x")).unwrap()).collect();
        assert!(problems[0].contains("not from crates.io") && problems[1].contains("no checksum"), "{problems:?}");
        assert!(problems.len() == 2 && packages[2].licence().is_err());
    }

    #[test]
    fn a_withdrawn_version_is_found() {
        let index = "1.0.0\0{\"vers\":\"1.0.0\",\"yanked\":true}\0\n1.0.1\0{\"vers\":\"1.0.1\",\"yanked\":false}\0";
        assert!(is_yanked(index, "1.0.0") && !is_yanked(index, "1.0.1") && !is_yanked(index, "1.0.2"));
    }
}
