//! The packages of all lock files beside the database of `RustSec`, by cargo-audit: each entry that fits one has a judgement on the page.

use super::{PAGE, WORKSPACES, display, tool};
use crate::run::{Failure, Result, read_file, root, rows};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// The version of cargo-audit whose output is read here.
const VERSION: &str = "0.22.2";

/// The way to get the database.
pub(super) const UNCHECKED: &str = "\
    advisories: NOT checked, since no database was named. With a network:\n  \
    git clone --depth 1 https://github.com/rustsec/advisory-db target/advisory-db\n  \
    cargo xtask supply --advisories target/advisory-db";

/// An entry of the database that fits a package, or the row of the page that judges it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    id: String,
    package: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}`", self.id, self.package)
    }
}

/// Compares all lock files with the database in this folder, and the entries found with the page.
pub(super) fn check(database: &str) -> Result<()> {
    if !root().join(database).join("crates").is_dir() {
        return Err(Failure::new(format!("{database} is not the database of `RustSec`: it has no folder `crates`")));
    }
    let mut found = BTreeSet::new();
    for workspace in WORKSPACES {
        let lock = display(workspace);
        let run =
            tool("cargo-audit", VERSION)?.words("audit --json --no-fetch --db").arg(database).arg("--file").arg(&*lock);
        // It fails if there is an entry that is more than a warning.
        found.extend(entries(&run.finish()?.stdout).map_err(|why| Failure::new(format!("{why}, from: {run}")))?);
    }
    let problems = problems(&found, &judged(&read_file(PAGE)?));
    if !problems.is_empty() {
        return Err(Failure::new(problems.join("\n")));
    }
    println!("advisories: {} entries of the database fit, and {PAGE} judges each", found.len());
    Ok(())
}

/// Reads the entries from the output of cargo-audit: vulnerabilities, and warnings such as unmaintained packages.
fn entries(json: &str) -> std::result::Result<Vec<Entry>, String> {
    let report: Value = serde_json::from_str(json).map_err(|error| format!("no report ({error})"))?;
    let list = report.pointer("/vulnerabilities/list").and_then(Value::as_array).ok_or("no list of vulnerabilities")?;
    let warnings = report.get("warnings").and_then(Value::as_object).ok_or("no warnings")?;
    let warnings = warnings.values().filter_map(Value::as_array).flatten();
    let text = |entry: &Value, place| entry.pointer(place).and_then(Value::as_str).map(String::from);
    let entry = |entry: &Value| {
        let package = text(entry, "/package/name").ok_or("an entry without a package")?;
        // A yanked version has none.
        let id = text(entry, "/advisory/id").unwrap_or_else(|| "yanked".into());
        Ok(Entry { id, package })
    };
    list.iter().chain(warnings).map(entry).collect()
}

/// Reads the rows of the page.
fn judged(page: &str) -> BTreeSet<Entry> {
    let judged = |[entry, package, ..]: [String; 4]| {
        let id = entry.split([',', ' ']).next().filter(|id| id.starts_with("RUSTSEC-"))?.into();
        Some(Entry { id, package: package.split('`').nth(1)?.into() })
    };
    rows(page).filter_map(judged).collect()
}

/// Returns the entries without a judgement, and the judgements without an entry.
fn problems(found: &BTreeSet<Entry>, judged: &BTreeSet<Entry>) -> Vec<String> {
    let unjudged = found.difference(judged).map(|entry| format!("{entry}: {PAGE} has no judgement of it"));
    let obsolete =
        judged.difference(found).map(|entry| format!("{entry}: {PAGE} judges what fits no package any more"));
    unjudged.chain(obsolete).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report as cargo-audit 0.22.2 writes it, shortened.
    const REPORT: &str = r#"{"database":{"advisory-count":1225},"lockfile":{"dependency-count":394},
        "vulnerabilities":{"found":true,"count":1,"list":[
            {"advisory":{"id":"RUSTSEC-2023-0071","package":"rsa"},"package":{"name":"rsa","version":"0.10.0"}}]},
        "warnings":{"unmaintained":[
            {"kind":"unmaintained","advisory":{"id":"RUSTSEC-2024-0436"},"package":{"name":"paste","version":"1.0.15"}}],
            "yanked":[{"kind":"yanked","advisory":null,"package":{"name":"old","version":"1.0.0"}}]}}"#;

    fn entry(id: &str, package: &str) -> Entry {
        Entry { id: id.into(), package: package.into() }
    }

    #[test]
    fn vulnerabilities_and_warnings_of_a_report_are_read() {
        let wanted = [entry("RUSTSEC-2023-0071", "rsa"), entry("RUSTSEC-2024-0436", "paste"), entry("yanked", "old")];
        assert_eq!(entries(REPORT).unwrap(), wanted);
        assert!(entries("error: no such file").is_err() && entries("{}").is_err());
    }

    #[test]
    fn an_entry_without_a_judgement_is_a_problem_and_so_is_a_judgement_without_an_entry() {
        let found = BTreeSet::from([entry("RUSTSEC-2023-0071", "rsa"), entry("RUSTSEC-2024-0436", "paste")]);
        assert_eq!(problems(&found, &found), [""; 0]);
        let judged = BTreeSet::from([entry("RUSTSEC-2023-0071", "rsa"), entry("RUSTSEC-2020-0001", "gone")]);
        let problems = problems(&found, &judged);
        assert!(problems[0].contains("RUSTSEC-2024-0436") && problems[1].contains("`gone`"), "{problems:?}");
    }

    #[test]
    fn the_page_judges_the_entries_of_the_day_it_names() {
        let judged = judged(&read_file(PAGE).unwrap());
        assert!(judged.contains(&entry("RUSTSEC-2023-0071", "rsa")), "{judged:?}");
        assert!(judged.len() >= 4);
    }

    #[test]
    fn a_folder_that_is_no_database_is_refused() {
        assert!(check("docs").unwrap_err().to_string().contains("no folder `crates`"));
    }
}
