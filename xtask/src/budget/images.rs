//! Building the images, and what they take in flash and RAM.

use super::builds::{Build, DEVICE};
use super::cores::{CORTEX_M4, Core};
use super::{CRATE, elf, target_directory};
use crate::run::{Failure, Result, Run};
use std::path::PathBuf;

/// The images that hold more than the frame, as the columns of the table.
pub(crate) const IMAGES: [&str; 3] = ["client", "server", "both"];

/// The sizes of the images of one build beyond the empty one, in bytes.
pub(crate) struct Sizes {
    pub(crate) flash: [u64; IMAGES.len()],
    /// Static RAM.
    pub(crate) statics: u64,
}

/// Builds the images for flash and reads their sections.
pub(crate) fn measure(build: &Build) -> Result<Sizes> {
    compile(build, &["empty", "client", "server", "both"], "")?;
    let mut sizes = Sizes { flash: [0; IMAGES.len()], statics: 0 };
    for (name, flash) in IMAGES.iter().zip(&mut sizes.flash) {
        *flash = flash_over_empty(&CORTEX_M4, build, name)?;
        sizes.statics = sizes.statics.max(statics_over_empty(&CORTEX_M4, build, name)?);
    }
    Ok(sizes)
}

/// Returns the flash of an image beyond the empty one.
pub(crate) fn flash_over_empty(core: &Core, build: &Build, name: &str) -> Result<u64> {
    over(elf::sections(&image(core, build, name))?.flash, elf::sections(&image(core, build, "empty"))?.flash)
}

/// Returns the static RAM of an image beyond the empty one.
pub(crate) fn statics_over_empty(core: &Core, build: &Build, name: &str) -> Result<u64> {
    over(elf::sections(&image(core, build, name))?.ram, elf::sections(&image(core, build, "empty"))?.ram)
}

/// Builds these programs of the crate for a Cortex-M4, with `feature` beside those of the build.
pub(crate) fn compile(build: &Build, programs: &[&str], feature: &str) -> Result<()> {
    compile_for(&CORTEX_M4, build, programs, feature)
}

/// Builds them for another core.
pub(crate) fn compile_for(core: &Core, build: &Build, programs: &[&str], feature: &str) -> Result<()> {
    compilation(core, build, programs, feature).succeed()
}

/// Returns the command that does that.
pub(crate) fn compilation(core: &Core, build: &Build, programs: &[&str], feature: &str) -> Run {
    let Core { target, .. } = core;
    let Build { profile, features, flags, .. } = build;
    let line = format!("build --quiet --locked --profile {profile} --target {target} --target-dir");
    let run = Run::cargo(&line)
        .arg(target_directory().to_string_lossy())
        .arg(format!("--features={features},{feature}"))
        .arg("--config")
        .arg(format!("target.{target}.rustflags=[{flags}]"));
    let run = if *features == DEVICE { run.arg("--no-default-features") } else { run };
    programs.iter().fold(run, |run, program| run.words("--bin").arg(*program)).within(CRATE)
}

/// Returns the path of a program of a build.
pub(crate) fn image(core: &Core, build: &Build, program: &str) -> PathBuf {
    target_directory().join(core.target).join(build.profile).join(program)
}

fn over(full: u64, empty: u64) -> Result<u64> {
    full.checked_sub(empty).ok_or_else(|| Failure::new("an image is smaller than the empty one"))
}
