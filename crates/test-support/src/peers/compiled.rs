//! Peers that are compiled first.

use super::process::missing;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the built programs: a test is in `target/PROFILE/deps`.
pub fn target() -> Result<PathBuf, String> {
    let test = env::current_exe().map_err(|error| error.to_string())?;
    test.ancestors().nth(3).map(Path::to_path_buf).ok_or_else(|| "no target directory".into())
}

/// Builds with the Go that `cargo xtask setup` installs, and nothing from any network. The output is kept.
pub fn compile_go(source: &str) -> Result<String, String> {
    let home = target()?.join("go");
    let program = home.join("peer").display().to_string();
    let go = home.join("go/bin/go").display().to_string();
    let mut command = Command::new(&go);
    command.args(["build", "-o", &program, source]);
    command.env("GOCACHE", home.join("cache")).env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
    compile(command, &go).map(|()| program)
}

/// Runs a compiler.
pub fn compile(mut command: Command, compiler: &str) -> Result<(), String> {
    let output = command.output().map_err(|error| missing(compiler, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{compiler}: {said}; a missing library comes with `cargo xtask setup`"))
}
