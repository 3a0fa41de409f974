//! `cargo xtask budget`: what the core costs in flash, RAM and instructions, measured, beside the goals.

mod account;
mod bars;
mod builds;
mod chains;
mod charts;
mod check;
mod cores;
mod cortex_m4;
mod derived;
pub(crate) mod elf;
mod entry_points;
mod functions;
mod handshakes;
mod images;
mod page;
mod panics;
mod peers;
mod prose;
mod replay;
mod resumed;
mod table;
mod types;

pub(crate) use self::cortex_m4::check as check_cortex_m4;
pub(crate) use self::panics::check as check_panics;
pub(crate) use self::table::grouped;
use crate::run::{Failure, Result, Run, root};
use crate::setup;
use std::path::PathBuf;

/// The crate with the images and the table of types.
const CRATE: &str = "boards/budget";

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

/// The part of the builds of a section that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    All,
    First,
}

impl Extent {
    fn of<T>(self, builds: &'static [T]) -> &'static [T] {
        if self == Self::First { builds.get(..1).unwrap_or_default() } else { builds }
    }
}

/// Measures all sections of the page, or the one with a name; prints, compares with what was kept, and if asked to keeps it.
pub(crate) fn main(mode: Mode, only: Option<&str>) -> Result<()> {
    setup::targets()?;
    setup::emulator()?;
    let kept = page::kept()?;
    if mode == Mode::Quick {
        return check::compare(&kept, &page::measured(&["builds", "resumed"], Extent::First)?);
    }
    let page = page::assemble(&kept, only)?;
    println!("{page}");
    if mode == Mode::Write { page::write(&page) } else { check::compare(&kept, &page) }
}

/// Runs the quick form, as a step of the tests.
pub(crate) fn quick() -> Result<()> {
    main(Mode::Quick, None)
}

/// Measures everything, as a part of the long forms of tests.
pub(crate) fn all() -> Result<()> {
    main(Mode::Compare, None)
}

fn host() -> Result<String> {
    let version = Run::new("rustc").arg("-vV").read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(String::from).ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}

fn target_directory() -> PathBuf {
    root().join("target").join("budget")
}
