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
    /// Features of the crate with the images.
    features: &'static str,
    /// What they mean.
    algorithms: &'static str,
    /// Flags for the compiler beside those of the crate, as Cargo's configuration writes them.
    flags: &'static str,
}

/// The algorithms that other implementations were measured with.
const MINIMAL: Build =
    Build { profile: "all-small", what: "s", features: "", algorithms: "AES-128-GCM, P-256", flags: "" };

const BUILDS: &[Build] = &[
    Build {
        profile: "compact",
        what: "s, compact AES and SHA-2",
        flags: r#"'--cfg=aes_backend_soft="compact"', '--cfg=sha2_backend_soft="compact"'"#,
        ..MINIMAL
    },
    MINIMAL,
    Build { profile: "ec-fast", what: "s, elliptic curves at 3", ..MINIMAL },
    Build { features: "all-algorithms", algorithms: "with ChaCha20-Poly1305, X25519", ..MINIMAL },
];

/// The images that hold more than the frame, as the columns of the table.
const IMAGES: [&str; 3] = ["client", "server", "both"];

/// Size of a type in bytes.
pub(crate) struct TypeSize {
    name: String,
    host: u64,
    device: u64,
}

/// What the images of one build add to the empty one, in bytes.
pub(crate) struct BuildSize {
    build: &'static Build,
    flash: [u64; IMAGES.len()],
    /// Of the image with both roles.
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

fn images() -> Result<Vec<BuildSize>> {
    BUILDS.iter().map(measure).collect()
}

fn measure(build: &'static Build) -> Result<BuildSize> {
    let Build { profile, what, features, algorithms, flags } = build;
    eprintln!("building the images: {algorithms}, opt-level {what}");
    let line = format!("build --quiet --locked --bins --profile {profile} --target {MEASURED_TARGET} --target-dir");
    Run::cargo(&line)
        .arg(target_directory().to_string_lossy())
        .arg(format!("--features={features}"))
        .arg("--config")
        .arg(format!("target.{MEASURED_TARGET}.rustflags=[{flags}]"))
        .within(CRATE)
        .succeed()?;
    let directory = target_directory().join(MEASURED_TARGET).join(profile);
    let empty = elf::sections(&directory.join("empty"))?;
    let mut size = BuildSize { build, flash: [0; IMAGES.len()], statics: 0 };
    for (image, flash) in IMAGES.iter().zip(&mut size.flash) {
        let full = elf::sections(&directory.join(image))?;
        *flash = over(full.flash, empty.flash)?;
        size.statics = over(full.ram, empty.ram)?;
    }
    Ok(size)
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
