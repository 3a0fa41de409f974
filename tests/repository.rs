//! What the documents say about the repository is true.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Lines of a table of a manifest, such as `[features]`.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let heading = format!("[{name}]");
    let lines = manifest.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with('[')).collect()
}

/// Keys of a table of a manifest.
fn keys<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let entry = |line: &'a str| line.split_once('=').map(|(key, _)| key.trim_end().trim_end_matches(".workspace"));
    section(manifest, name).into_iter().filter(|line| !line.starts_with('#')).filter_map(entry).collect()
}

/// Rows of the tables below a heading, as name in the first column and the rest.
fn rows<'a>(document: &'a str, heading: &str) -> Vec<(&'a str, &'a str)> {
    let below = document.split_once(&format!("\n{heading}\n")).map_or("", |(_, below)| below);
    let part = below.split("\n## ").next().unwrap_or_default();
    part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).collect()
}

#[test]
fn every_dependency_has_its_reason_in_the_architecture() {
    let architecture = read("ARCHITECTURE.md");
    let reasons = rows(&architecture, "## Dependencies");
    let mut used = Vec::new();
    let manifests = [
        "Cargo.toml",
        "xtask/Cargo.toml",
        "tests/interop/Cargo.toml",
        "tests/qemu/Cargo.toml",
        "tests/vectors/Cargo.toml",
    ];
    for manifest in manifests.into_iter().filter(|name| root().join(name).exists()) {
        let manifest = read(manifest);
        let headings = manifest.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
        for table in headings.filter(|name| name.ends_with("dependencies") && !name.starts_with("workspace")) {
            used.extend(keys(&manifest, table).into_iter().map(String::from));
        }
    }
    assert!(used.len() > 10, "{used:?}");
    for name in &used {
        let reason = reasons.iter().find(|(row, _)| row == name).map(|(_, reason)| reason.trim_matches([' ', '|']));
        assert!(reason.is_some_and(|reason| !reason.is_empty()), "no reason for the dependency `{name}`");
    }
    for (name, _) in reasons {
        assert!(used.iter().any(|used| used == name), "`{name}` has a reason and is no dependency");
    }
}

#[test]
fn every_feature_is_explained_in_the_crate_documentation() {
    let (manifest, documentation) = (read("Cargo.toml"), read("src/lib.rs"));
    for name in keys(&manifest, "features") {
        assert!(documentation.contains(&format!("//! | `{name}` |")), "the feature `{name}` is not in the table");
    }
}

#[test]
fn every_example_that_the_readme_runs_exists() {
    let readme = read("README.md");
    let mut names =
        readme.split("--example ").skip(1).filter_map(|rest| rest.split([' ', '\n', '`']).next()).peekable();
    assert!(names.peek().is_some());
    for name in names {
        let file = root().join(format!("examples/{name}.rs"));
        let directory = root().join(format!("examples/{name}/main.rs"));
        assert!(file.exists() || directory.exists(), "README.md runs the example `{name}`, which does not exist");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
        let document = read(name);
        for target in document.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let local = !target.is_empty() && !target.contains("://");
            assert!(!local || root().join(target).exists(), "{name} links to {target}, which does not exist");
        }
    }
}

#[test]
fn no_file_is_longer_than_one_can_keep_in_mind() {
    let mut files = Vec::new();
    for directory in ["src", "examples", "xtask", "boards"] {
        collect(&root().join(directory), &mut files);
    }
    assert!(files.len() > 20);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let length = code.lines().count();
        assert!(length < 550, "{} has {length} lines of code; CONTRIBUTING.md allows 550", file.display());
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
