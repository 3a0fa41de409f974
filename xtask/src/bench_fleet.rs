//! `cargo xtask bench-fleet`: the cost of a fleet of 10 to 10,000 simulated gateways.

use crate::bench_host::processor;
use crate::budget::Mode;
use crate::budget::grouped;
use crate::run::{Failure, Result, Run, installed, keep_page, read_file};
use std::fmt::Write;

const PAGE: &str = "docs/fleet.md";

/// The numbers of gateways, and whether callgrind counts the instructions of so many: they take minutes from 100 on.
const GATEWAYS: [(u32, bool); 4] = [(10, true), (100, true), (1_000, false), (10_000, false)];
/// Orders of each gateway, and runs of which the best counts.
const ORDERS: u32 = 2;
const RUNS: usize = 3;

/// Measures, prints the page, and if asked to keeps it.
pub(crate) fn main(mode: Mode) -> Result<()> {
    if !installed("valgrind") {
        return Err(Failure::new("`valgrind` is needed: `cargo xtask setup` installs it"));
    }
    let page = page()?;
    println!("{page}");
    if mode == Mode::Write { keep_page(PAGE, &page, true, "bench-fleet") } else { Ok(()) }
}

fn page() -> Result<String> {
    let program = bench("path").read()?;
    let mut page = String::from(HEAD);
    for (gateways, is_counted) in GATEWAYS {
        eprintln!("measuring {gateways} gateways");
        let [gateway, supplier] = figures(&format!("hold {gateways}"))?;
        let [mut time, mut one, mut two] = [f64::INFINITY, 0.0, 0.0];
        for _ in 0..RUNS {
            let run = format!("run {gateways} {ORDERS}");
            let [nanoseconds, orders] = figures(&run)?;
            time = time.min(nanoseconds / 1e6);
            one = orders.max(one);
            two = figures(&format!("{run} 2"))?[1].max(two);
        }
        let counted = if is_counted { grouped(instructions(program.trim(), gateways)?) } else { String::from("–") };
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| {} | {gateway:.0} | {supplier:.0} | {time:.2} | {counted} | {one:.0} | {two:.0} |",
            grouped(u64::from(gateways))
        );
    }
    let rustc = Run::new("rustc").arg("--version").read()?;
    let _ = write!(page, "\n## Machine\n\n{}- {}\n", processor(), rustc.trim());
    Ok(page)
}

fn bench(line: &str) -> Run {
    Run::cargo("bench --quiet --package embedded-mtls-sim --bench fleet --locked --").words(line)
}

fn figures(line: &str) -> Result<[f64; 2]> {
    let output = bench(line).read()?;
    let figures: Vec<f64> = output.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    figures.try_into().map_err(|_| Failure::new(format!("two figures were expected of `{line}`: {output}")))
}

/// Counts the instructions of an order on both sides: the difference between two orders of each gateway and one.
fn instructions(program: &str, gateways: u32) -> Result<u64> {
    let [one, two] = [collected(program, gateways, 1)?, collected(program, gateways, 2)?];
    Ok(two.saturating_sub(one) / u64::from(gateways))
}

fn collected(program: &str, gateways: u32, orders: u32) -> Result<u64> {
    let log = "target/callgrind-fleet.log";
    Run::new("valgrind")
        .words("--tool=callgrind --callgrind-out-file=/dev/null")
        .arg(format!("--log-file={log}"))
        .arg(program)
        .words(&format!("once {gateways} {orders}"))
        .read()?;
    let said = read_file(log)?;
    let figure = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    figure.ok_or_else(|| Failure::new(format!("callgrind counted nothing:\n{said}")))
}

const HEAD: &str = "\
# Fleets

`cargo xtask bench-fleet --write` writes this page with `crates/sim/benches/fleet.rs`. It needs valgrind; the tests do not run it.

Each gateway delivers two orders over a network without faults, each over a connection of its own: a full mutual TLS 1.3 handshake with
X25519, P-256 certificates and RustCrypto, then a POST. Gateways and supplier run the real core in one process. What the simulation itself
takes is a part of each figure: certificates of all gateways, network, journals, and the comparison at the end.

- **A held connection** is a session with its buffers: 2 KiB to receive, so that records of up to 1 KiB arrive in one piece, 512 bytes to
  send, 1 KiB for certificates. The heap of so many open connections is measured for each side. Of the bytes, 3,584 are
  these buffers; the rest is the session on a host of 64 bits, with the feature `key-log` that the captures of the simulation need.
- **Processor time** is that of the thread, as Linux counts it, for both sides. Best of three runs of at least 2,000 orders; other programs
  may have run on the machine.
- **Instructions** are counted by callgrind, for both sides and without the certificates: the difference between two orders of each
  gateway and one. With more gateways that takes too long.
- **Orders a second** are those of a second of processor time: on one core, and on two with half of the gateways in a thread each, where the
  thread that takes longer counts.

| Gateways | Bytes of a held connection, gateway | supplier | ms of processor time for an order | Instructions for an order | Orders a second, one core | two cores |
|---:|---:|---:|---:|---:|---:|---:|
";
