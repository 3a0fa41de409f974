//! The proof that nothing in the core can panic: an image without a panic handler that works links only then.

use super::builds::{Build, TUNED};
use super::{elf, images, target_directory};
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, told};
use crate::setup;
use std::path::{Path, PathBuf};

/// The image: every algorithm and every feature of the core, in both roles, with cryptography that cannot panic.
const IMAGE: Build = Build { features: "everything", flags: r"'-Csave-temps'", ..TUNED };

/// Parts of the names of functions of the standard library that end in a panic.
const PANICS: &[&str] = &["panicking", "index_fail", "mismatch_fail", "unwrap_failed", "expect_failed"];

/// Links the image; if it does not link, the error names the functions that can panic.
///
/// # Errors
/// The functions, or another error of the build.
pub(crate) fn check() -> Result<()> {
    setup::targets()?;
    let name = "no_panic";
    images::compile(&IMAGE, &[name], "").map_err(|failure| {
        let directory = target_directory().join(MEASURED_TARGET).join(IMAGE.profile).join("deps");
        let callers = newest(&directory, name).and_then(|object| callers(&object)).unwrap_or_default();
        if callers.is_empty() { failure } else { Failure::new(format!("these can panic:\n{}", callers.join("\n"))) }
    })
}

/// Returns the newest object file of the whole program.
fn newest(directory: &Path, name: &str) -> Result<PathBuf> {
    let files = told(directory, directory.read_dir())?;
    let objects = files.filter_map(|file| Some(file.ok()?.path())).filter(|path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with(name) && file.ends_with(".rcgu.o")
    });
    let newest = objects.max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok());
    newest.ok_or_else(|| Failure::new("the compiler has left no object file"))
}

/// Returns the functions, not of the standard library, that call one which panics.
fn callers(object: &Path) -> Result<Vec<String>> {
    let panics = |name: &str| PANICS.iter().any(|panic| name.contains(panic));
    let calls = elf::calls(object)?.into_iter().filter(|(caller, callee)| panics(callee) && !panics(caller));
    let mut lines: Vec<String> = calls.map(|(caller, callee)| format!("  {caller} calls {callee}")).collect();
    lines.sort();
    lines.dedup();
    Ok(lines)
}
