//! The sections that follow from what is measured.

use super::CRATE;
use super::builds::{COMPACT, TUNED};
use super::handshakes::Column;
use super::page::{END, SHORT};
use super::prose::{CHOICE, TIME_AND_ENERGY};
use super::table::{Row, Table, grouped};
use crate::features::MEASURED_TARGET;
use crate::run::{Failure, Result, read_file};

/// A client and what it costs.
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) is_ours: bool,
    pub(crate) flash: u64,
    pub(crate) ram: u64,
    pub(crate) handshake: u64,
    pub(crate) record: u64,
}

/// Lists our clients in the recommended profile, without those that can negotiate more than they are measured with, then the others.
pub(crate) fn clients(rows: &[Row<'_>]) -> Vec<Client> {
    let ours = |row: &Row<'_>| {
        let same = |other: &&Row<'_>| {
            ["Compiled in", "Profile"].iter().all(|name| other.text(name) == row.text(name))
                && other.heading == row.heading
        };
        let is_single = rows.iter().filter(same).count() == 1;
        let is_wanted = row.heading == "Client and server" && row.text("Profile") == TUNED.profile && is_single;
        let client = |column: Column| column.of(row).map(|[client, _]| client);
        is_wanted.then_some(())?;
        Some(Client {
            name: format!("embedded-mtls, {}", row.text("Compiled in")),
            is_ours: true,
            flash: client(Column::Flash)?,
            ram: client(Column::Ram)?,
            handshake: client(Column::Handshake)?,
            record: client(Column::Record)?,
        })
    };
    let other = |row: &Row<'_>| {
        (row.heading == "Other clients").then_some(())?;
        Some(Client {
            name: row.text("Client").into(),
            is_ours: false,
            flash: row.number("Flash")?,
            ram: row.number("RAM")?,
            handshake: row.number("Instructions")?,
            record: row.number("Instructions, for 1 KiB")?,
        })
    };
    rows.iter().filter_map(ours).chain(rows.iter().filter_map(other)).collect()
}

/// The charts below that.
const CHARTS: &str = "
![Flash and RAM of all clients](budget-size.svg)

![Instructions of all clients](budget-speed.svg)

Our bars are blue, *micro* is P-256 and the AEADs of `embedded-mtls-micro`. A bar with a gap is longer than there is room for. The sections below
have the figures, how each was measured, and what each client checks.
";

/// Writes three numbers of our clients, and of the first other one.
pub(crate) fn short(rows: &[Row<'_>]) -> String {
    let mut table = Table::new(&["Client on a Cortex-M4"], &["Flash", "RAM with stack", "Instructions of a handshake"]);
    let clients = clients(rows);
    let others = clients.iter().filter(|client| !client.is_ours).take(1);
    for Client { name, flash, ram, handshake, .. } in clients.iter().filter(|client| client.is_ours).chain(others) {
        table.line([name], &[*flash, *ram, *handshake]);
    }
    format!("{SHORT}{}{END}{CHARTS}", table.into_text())
}

/// Cycles of a real core for ten instructions, with a cache and without.
const CACHED: u64 = 14;
const UNCACHED: u64 = 18;
/// Cycles of a millisecond, where there is a cache and where there is none.
const CACHED_CLOCK: u64 = 64_000;
const UNCACHED_CLOCK: u64 = 100_000;
/// Microwatts of the core with the cache: 3.3 mA at 3 V.
const MICROWATTS: u64 = 9_900;

/// Estimates time and energy of the handshakes of all clients.
pub(crate) fn time_and_energy(rows: &[Row<'_>]) -> String {
    let columns = ["Cycles with a cache", "ms at 64 MHz", "Energy in mJ", "Cycles with wait states", "ms at 100 MHz"];
    let mut table = Table::new(&["Handshake of a client"], &columns);
    for Client { name, handshake, .. } in clients(rows) {
        let (cached, uncached) = (handshake * CACHED / 10, handshake * UNCACHED / 10);
        // Microwatts times milliseconds are nanojoules; a hundredth of a millijoule is 10,000 of them.
        let energy = MICROWATTS * cached / CACHED_CLOCK / 10_000;
        let energy = format!("{}.{:02}", energy / 100, energy % 100);
        let [cached, time] = [cached, cached / CACHED_CLOCK].map(grouped);
        let [uncached, slow] = [uncached, uncached / UNCACHED_CLOCK].map(grouped);
        table.row([name, cached, time, energy, uncached, slow]);
    }
    format!("{TIME_AND_ENERGY}{}", table.into_text())
}

/// Writes the settings of the profiles, from the manifest of the images.
pub(crate) fn profiles() -> Result<String> {
    let manifest = format!("{CRATE}/Cargo.toml");
    let text = read_file(&manifest)?;
    let packages = text.split_once("[profile.tuned.package]\n").and_then(|(_, rest)| rest.split_once("\n\n"));
    let (packages, _) = packages.ok_or_else(|| Failure::new(format!("{manifest} has no tuned profile")))?;
    Ok(format!(
        "Begin with *tuned*: it optimizes for size, except for the few crates in which most of the time is spent. \
         In the `Cargo.toml` of the program:\n\n```toml\n[profile.release]\nopt-level = \"z\"\nlto = \"fat\"\n\
         codegen-units = 1\npanic = \"abort\"\n\n[profile.release.package]\n{packages}\n```\n\nand in its \
         `.cargo/config.toml`:\n\n```toml\n[target.{MEASURED_TARGET}]\nrustflags = [{COMPACT}]\n```\n\n{CHOICE}"
    ))
}
