//! Building the images, and what they take in flash and RAM.

use super::builds::{Build, DEVICE};
use super::{CRATE, elf, target_directory};
use crate::features::MEASURED_TARGET;
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
    let empty = elf::sections(&image(build, "empty"))?;
    let mut sizes = Sizes { flash: [0; IMAGES.len()], statics: 0 };
    for (name, flash) in IMAGES.iter().zip(&mut sizes.flash) {
        let full = elf::sections(&image(build, name))?;
        *flash = over(full.flash, empty.flash)?;
        sizes.statics = sizes.statics.max(over(full.ram, empty.ram)?);
    }
    Ok(sizes)
}

/// Returns the flash of an image beyond the empty one.
pub(crate) fn flash_over_empty(build: &Build, name: &str) -> Result<u64> {
    over(elf::sections(&image(build, name))?.flash, elf::sections(&image(build, "empty"))?.flash)
}

/// Returns the static RAM of an image beyond the empty one.
pub(crate) fn statics_over_empty(build: &Build, name: &str) -> Result<u64> {
    over(elf::sections(&image(build, name))?.ram, elf::sections(&image(build, "empty"))?.ram)
}

/// Builds these programs of the crate, with `feature` beside those of the build.
pub(crate) fn compile(build: &Build, programs: &[&str], feature: &str) -> Result<()> {
    compilation(build, programs, feature).succeed()
}

/// Returns the command that does that.
pub(crate) fn compilation(build: &Build, programs: &[&str], feature: &str) -> Run {
    compilation_for(MEASURED_TARGET, build, programs, feature)
}

/// Returns the command for another target.
pub(crate) fn compilation_for(target: &str, build: &Build, programs: &[&str], feature: &str) -> Run {
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
pub(crate) fn image(build: &Build, program: &str) -> PathBuf {
    image_for(MEASURED_TARGET, build, program)
}

/// Returns the path of a program that is built for another target.
pub(crate) fn image_for(target: &str, build: &Build, program: &str) -> PathBuf {
    target_directory().join(target).join(build.profile).join(program)
}

fn over(full: u64, empty: u64) -> Result<u64> {
    full.checked_sub(empty).ok_or_else(|| Failure::new("an image is smaller than the empty one"))
}
