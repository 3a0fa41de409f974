//! No crate that the default core is built from may need a heap.
//!
//! The images in `boards/budget` also prove that no allocator is needed: they have none and link.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Features that pull in an allocator or an operating system.
const FORBIDDEN: &[&str] = &["alloc", "std"];

/// Prints of `cargo`, run on this package.
fn cargo(arguments: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The dependencies of the default core on a microcontroller, with the features they are built with.
fn tree() -> String {
    let edges = "--edges normal,features,no-proc-macro";
    cargo(&format!("tree --package embedded-mtls {edges} --target thumbv7em-none-eabihf --prefix none --locked"))
}

/// Lines such as `subtle feature "std"`.
fn forbidden(tree: &str) -> Vec<&str> {
    let bad = |line: &&str| FORBIDDEN.iter().any(|feature| line.contains(&format!("feature \"{feature}\"")));
    tree.lines().filter(bad).collect()
}

/// Names and versions of the crates, such as `("subtle", "2.6.1")`.
fn crates(tree: &str) -> BTreeSet<(&str, &str)> {
    tree.lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or(rest)))
        // The crates of this repository have `no_std` in their first lines.
        .filter(|(name, _)| !["embedded-mtls", "embedded-mtls-aead"].contains(name))
        .collect()
}

/// Returns whether a source text uses `alloc` without a feature that enables it.
fn needs_alloc(source: &str) -> bool {
    let mut gated = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("extern crate alloc") && !gated {
            return true;
        }
        gated = line.starts_with("#[cfg(") || gated && line.starts_with("#[");
    }
    false
}

/// Directories of crates, read from the output of `cargo metadata`.
fn directories(metadata: &str, name: &str, version: &str) -> Vec<PathBuf> {
    let end = format!("{name}-{version}/Cargo.toml");
    metadata
        .split("\"manifest_path\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| path.ends_with(&end))
        .filter_map(|path| Some(Path::new(path).parent()?.to_path_buf()))
        .collect()
}

#[test]
fn no_crate_of_the_default_core_needs_a_heap_or_an_operating_system() {
    let tree = tree();
    assert!(tree.contains("sha2 v"), "this is not the tree of the default core:\n{tree}");
    assert_eq!(forbidden(&tree), [""; 0]);
}

#[test]
fn no_crate_of_the_default_core_uses_alloc() {
    let (tree, metadata) = (tree(), cargo("metadata --format-version 1 --locked"));
    for (name, version) in crates(&tree) {
        let found = directories(&metadata, name, version);
        assert!(!found.is_empty(), "the source of {name} {version} was not found");
        for directory in found {
            let source = std::fs::read_to_string(directory.join("src/lib.rs")).unwrap();
            assert!(!needs_alloc(&source), "{name} {version} uses alloc without a feature");
        }
    }
}

#[test]
fn a_crate_that_needs_a_heap_is_found() {
    let tree = "embedded-mtls v0.1.0 (/src)\nsubtle v2.6.1 (*)\nsubtle feature \"std\"\nder feature \"alloc\"";
    assert_eq!(forbidden(tree), ["subtle feature \"std\"", "der feature \"alloc\""]);
    assert_eq!(crates(tree).into_iter().collect::<Vec<_>>(), [("subtle", "2.6.1")]);
    assert!(needs_alloc("#![no_std]\nextern crate alloc;\n"));
    assert!(!needs_alloc("#[cfg(feature = \"alloc\")]\n#[macro_use]\nextern crate alloc;\n"));
    assert!(!needs_alloc("#[cfg(feature = \"alloc\")]\nextern crate alloc;\n"));
}
