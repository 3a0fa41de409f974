//! The packages as they are published: each is built from its archive, with those of the others.

use crate::run::{Failure, Result, Run, root};
use std::fs;

/// Packages to publish.
const PUBLISHED: [&str; 10] = [
    "embedded-mtls",
    "embedded-mtls-aead",
    "embedded-mtls-cortex-m4",
    "embedded-mtls-connect",
    "embedded-mtls-embedded-tls",
    "embedded-mtls-micro",
    "embedded-mtls-operator",
    "mtls",
    "mtls-cxml",
    "mtls-pki",
];

/// They are built apart from the workspace.
const TARGET: &str = "target/published";

/// Packages all, and builds each from its archive.
pub(crate) fn all() -> Result<()> {
    forget()?;
    let packages = PUBLISHED.map(|name| format!("--package {name}")).join(" ");
    // Off CI one packages with changes not committed yet.
    let dirty = if std::env::var_os("CI").is_some() { "" } else { "--allow-dirty" };
    let run = Run::cargo(&format!("package {packages} --target-dir {TARGET} --offline --locked {dirty}"));
    println!("  $ {run}");
    run.succeed()
}

/// Has our packages built again. To Cargo a package of the same version from a registry is the same, whatever is in it.
fn forget() -> Result<()> {
    let builds = root().join(TARGET).join("debug/.fingerprint");
    for entry in fs::read_dir(&builds).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = PUBLISHED.iter().any(|ours| name.to_string_lossy().starts_with(ours));
        if is_ours {
            fs::remove_dir_all(entry.path())
                .map_err(|error| Failure::new(format!("{}: {error}", entry.path().display())))?;
        }
    }
    Ok(())
}
