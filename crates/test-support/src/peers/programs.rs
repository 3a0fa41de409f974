//! The programs of this repository, `gateway` and `supplier`.

use std::path::PathBuf;
use std::process::Command;

/// Builds them, and gives the directory they are in.
pub fn build() -> Result<PathBuf, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["build", "--locked", "--package", "mtls", "--bins"];
    let status = Command::new(cargo).args(arguments).status().map_err(|error| format!("cargo: {error}"))?;
    // A test is in target/PROFILE/deps.
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = test.ancestors().nth(3).ok_or("no target directory")?;
    if status.success() { Ok(target.join("debug")) } else { Err(format!("cargo build: {status}")) }
}
