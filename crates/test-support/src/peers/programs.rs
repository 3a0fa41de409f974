//! The programs of this repository, `gateway`, `supplier` and `rotation`, built as a laboratory has them.

use std::path::PathBuf;
use std::process::Command;

/// The features of the core they are built with: all algorithms, and all that they have options for.
const FEATURES: &str = "all-algorithms,key-log,post-handshake-auth";

/// Builds them, and gives the directory they are in.
pub fn build() -> Result<PathBuf, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let programs = "--package embedded-mtls --example gateway --example supplier --example rotation";
    let arguments = format!("build --locked --features {FEATURES} {programs}");
    let status = Command::new(cargo).args(arguments.split(' ')).status().map_err(|error| format!("cargo: {error}"))?;
    // A test lies in target/PROFILE/deps.
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = test.ancestors().nth(3).ok_or("no target directory")?;
    if status.success() { Ok(target.join("debug/examples")) } else { Err(format!("cargo build: {status}")) }
}
