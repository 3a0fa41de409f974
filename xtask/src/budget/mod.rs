//! `cargo xtask budget`: what the core costs in flash and RAM, measured, beside the goals.

mod document;
mod elf;
mod peers;

use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, Run, root};
use crate::setup;
use std::path::PathBuf;

/// The crate with the images and the table of types.
const CRATE: &str = "boards/size";

/// What each symbol of the table of types begins with.
const SIZE_OF: &str = "size_of ";

/// A way to build the images.
struct Build {
    /// Name of the Cargo profile.
    profile: &'static str,
    /// What it means.
    what: &'static str,
    /// Flags for the compiler beside those of the crate, as Cargo's configuration writes them.
    flags: &'static str,
}

const BUILDS: &[Build] = &[
    Build { profile: "ec-fast", what: "opt-level s, elliptic curves at 3", flags: "" },
    Build { profile: "all-small", what: "opt-level s", flags: "" },
    Build {
        profile: "compact",
        what: "opt-level s, compact AES and SHA-2",
        flags: r#"'--cfg=aes_backend_soft="compact"', '--cfg=sha2_backend_soft="compact"'"#,
    },
];

/// What an image holds beside the frame.
const IMAGES: &[(&str, &str)] = &[("client", "client"), ("server", "server"), ("both", "client and server")];

/// Size of a type in bytes.
pub(crate) struct TypeSize {
    name: String,
    host: u64,
    device: u64,
}

/// What an image adds to the empty one, in bytes.
pub(crate) struct ImageSize {
    holds: &'static str,
    built: &'static str,
    flash: u64,
    statics: u64,
}

/// Measures, prints, and with `write` keeps the figures in the documents.
pub(crate) fn main(write: bool) -> Result<()> {
    setup::targets()?;
    let text = document::page(&types()?, &images()?);
    println!("{text}");
    if write { document::write(&text) } else { Ok(()) }
}

fn types() -> Result<Vec<TypeSize>> {
    let host = host()?;
    let on_device = type_table(MEASURED_TARGET)?;
    let on_host = type_table(&host)?;
    let pair = |(name, device): (String, u64)| {
        let (_, host) = on_host
            .iter()
            .find(|(other, _)| *other == name)
            .ok_or_else(|| Failure::new(format!("the size of `{name}` is not in the object for the host")))?;
        Ok(TypeSize { name, host: *host, device })
    };
    on_device.into_iter().map(pair).collect()
}

/// Names and sizes of the types, read from an object file in which each type has a symbol of its size.
fn type_table(target: &str) -> Result<Vec<(String, u64)>> {
    let object = target_directory().join(format!("types-{target}.o"));
    let build = format!("rustc --quiet --locked --lib --features types --profile types --target {target} --target-dir");
    Run::cargo(&build)
        .arg(target_directory().to_string_lossy())
        .arg("--")
        .arg(format!("--emit=obj={}", object.display()))
        .within(CRATE)
        .succeed()?;
    let sizes = elf::symbols(&object, SIZE_OF)?;
    if sizes.is_empty() {
        return Err(Failure::new(format!("{}: no symbol begins with `{SIZE_OF}`", object.display())));
    }
    Ok(sizes)
}

fn images() -> Result<Vec<ImageSize>> {
    let mut sizes = Vec::new();
    for Build { profile, what, flags } in BUILDS {
        eprintln!("building the images: {what}");
        let build =
            format!("build --quiet --locked --bins --profile {profile} --target {MEASURED_TARGET} --target-dir");
        Run::cargo(&build)
            .arg(target_directory().to_string_lossy())
            .arg("--config")
            .arg(format!("target.{MEASURED_TARGET}.rustflags=[{flags}]"))
            .within(CRATE)
            .succeed()?;
        let directory = target_directory().join(MEASURED_TARGET).join(profile);
        let empty = elf::sections(&directory.join("empty"))?;
        for (image, holds) in IMAGES {
            let full = elf::sections(&directory.join(image))?;
            sizes.push(ImageSize {
                holds,
                built: what,
                flash: over(full.flash, empty.flash)?,
                statics: over(full.ram, empty.ram)?,
            });
        }
    }
    Ok(sizes)
}

fn over(full: u64, empty: u64) -> Result<u64> {
    full.checked_sub(empty).ok_or_else(|| Failure::new("an image is smaller than the empty one"))
}

fn host() -> Result<String> {
    let version = Run::new("rustc").arg("-vV").read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(String::from).ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}

fn target_directory() -> PathBuf {
    root().join("target").join("size")
}
