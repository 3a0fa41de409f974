//! `cargo xtask budget`: what the core costs in flash, RAM and instructions, measured, beside the goals.

mod builds;
mod chains;
mod check;
mod cortex_m4;
mod document;
pub(crate) mod elf;
mod entry_points;
mod images;
mod panics;
mod peers;
mod replay;
mod resumed;

use self::builds::{BUILDS, Build, Choice, HYBRID_BUILDS};
pub(crate) use self::cortex_m4::check as check_cortex_m4;
pub(crate) use self::panics::check as check_panics;
use self::replay::Cost;
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, Run, root};
use crate::setup;
use std::path::PathBuf;

/// The crate with the images and the table of types.
const CRATE: &str = "boards/budget";

/// The prefix of each symbol of the table of types.
const SIZE_OF: &str = "size_of ";

/// Size of a type in bytes.
pub(crate) struct TypeSize {
    name: String,
    host: u64,
    device: u64,
}

/// The cost of one build.
pub(crate) struct Measured {
    build: &'static Build,
    sizes: images::Sizes,
    /// The figures of each choice, as client and as server.
    handshakes: Vec<(Choice, [Cost; 2])>,
}

/// The action on the figures.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All are measured and compared with those that were kept.
    #[default]
    Compare,
    /// The first build alone is measured and compared, and the first that resumes a session.
    Quick,
    /// All are measured and kept.
    Write,
}

/// Measures, prints, compares with what was kept, and if asked to keeps it.
pub(crate) fn main(mode: Mode) -> Result<()> {
    setup::targets()?;
    setup::emulator()?;
    if mode == Mode::Quick {
        let measured = measure(&BUILDS[..1])?;
        return check::compare(&document::kept()?, &document::page(&[], &measured, &resumed::quick()?, &[], &[], &[])?);
    }
    let (measured, resumed, hybrid) = (measure(BUILDS)?, resumed::measure()?, measure(HYBRID_BUILDS)?);
    let text = document::page(&types()?, &measured, &resumed, &hybrid, &chains::measure()?, &peers::measure()?)?;
    println!("{text}");
    if mode == Mode::Write {
        return document::write(&text);
    }
    check::compare(&document::kept()?, &text)
}

/// The quick form, as a step of the tests.
pub(crate) fn quick() -> Result<()> {
    main(Mode::Quick)
}

fn measure(builds: &'static [Build]) -> Result<Vec<Measured>> {
    let mut choices: Vec<Choice> = builds.iter().flat_map(|build| build.choices).copied().collect();
    choices.sort_by_key(|choice| (choice.suite, choice.group));
    choices.dedup();
    eprintln!("recording {} handshakes", choices.len());
    choices.into_iter().try_for_each(|choice| replay::record(choice, ""))?;
    builds.iter().map(measure_build).collect()
}

fn measure_build(build: &'static Build) -> Result<Measured> {
    eprintln!("building and running: {}, {}", build.algorithms, build.what);
    let sizes = images::measure(build)?;
    images::compile(build, &["replay_client", "replay_server"], "replay")?;
    let both = |choice: &Choice| {
        Ok((*choice, [replay::run(build, "client", *choice)?, replay::run(build, "server", *choice)?]))
    };
    Ok(Measured { build, sizes, handshakes: build.choices.iter().map(both).collect::<Result<_>>()? })
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

fn host() -> Result<String> {
    let version = Run::new("rustc").arg("-vV").read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(String::from).ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}

fn target_directory() -> PathBuf {
    root().join("target").join("budget")
}
