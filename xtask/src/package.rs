//! The packages as they are published: each is built from its archive, with those of the others.

use crate::run::{Result, Run, cargo_home, root, told};
use std::fs;
use std::path::{Path, PathBuf};

/// Packages to publish.
const PUBLISHED: [&str; 15] = [
    "embedded-mtls",
    "embedded-mtls-aead",
    "embedded-mtls-blob",
    "embedded-mtls-cortex-m4",
    "embedded-mtls-connect",
    "embedded-mtls-embedded-tls",
    "embedded-mtls-host",
    "embedded-mtls-micro",
    "embedded-mtls-operator",
    "embedded-mtls-sim",
    "mtls",
    "mtls-cxml",
    "mtls-journal",
    "mtls-order",
    "mtls-pki",
];

/// They are built apart from the workspace.
const TARGET: &str = "target/published";

/// The root package as it is unpacked, its examples, and a package of ours that it needs.
const UNPACKED: &str = "target/published/package/embedded-mtls-0.1.0";
const EXAMPLES: &str = "check --examples --features all-algorithms,events,std --offline --target-dir ../..";
const NEEDED: &str = r#"patch.crates-io.embedded-mtls-aead.path="../embedded-mtls-aead-0.1.0""#;

/// Packages have a profile of their own each: none of them is debugged here.
const DEBUG: &str = "CARGO_PROFILE_DEV_DEBUG";

/// Packages all, and builds each from its archive; then the examples of the root package.
pub(crate) fn all() -> Result<()> {
    forget()?;
    let packages = PUBLISHED.map(|name| format!("--package {name}")).join(" ");
    // Off CI one packages with changes not committed yet.
    let dirty = if std::env::var_os("CI").is_some() { "" } else { "--allow-dirty" };
    let run =
        Run::cargo(&format!("package {packages} --target-dir {TARGET} --offline --locked {dirty}")).env(DEBUG, "0");
    println!("  $ {run}");
    run.succeed()?;
    let examples = Run::cargo(EXAMPLES).arg("--config").arg(NEEDED).env(DEBUG, "0").within(UNPACKED);
    println!("  $ {examples}");
    examples.succeed()
}

/// Has our packages unpacked and built again. Cargo takes packages of one version from a registry for the same,
/// regardless of their content: builds are kept below the target directory, sources in Cargo's home, where they outlive a checkout.
fn forget() -> Result<()> {
    remove_ours(&root().join(TARGET).join("debug/.fingerprint"))?;
    for registry in entries(&cargo_home().join("registry/src")) {
        // The registry that Cargo makes of packages not published yet has no host.
        if registry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('-')) {
            remove_ours(&registry)?;
        }
    }
    Ok(())
}

/// Removes the folders of our packages.
fn remove_ours(folder: &Path) -> Result<()> {
    for entry in entries(folder) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if PUBLISHED.iter().any(|ours| name.starts_with(ours)) {
            told(&entry, fs::remove_dir_all(&entry))?;
        }
    }
    Ok(())
}

/// Lists what is in a folder, which need not exist.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}
