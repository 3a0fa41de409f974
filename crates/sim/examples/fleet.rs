//! Runs a fleet in a scenario of your own, and prints what happened to its orders.
//!
//! ```sh
//! cargo run --release -p embedded-mtls-sim --example fleet -- crates/sim/examples/day.txt --report run.html --capture run.pcapng
//! ```
//! Without a file it runs the scenario below. It fails if an order was lost, altered or late.

use std::error::Error;
use std::time::Duration;

use embedded_mtls_sim::{Run, Scenario};

const HOUR: Duration = Duration::from_secs(3600);

/// An afternoon of a plant with a bad network and a supplier who is often restarted.
const AFTERNOON: &str = "
    seed = 7
    gateways = 20
    duration = 4 h
    interval = 30 min     # an order of each gateway
    patience = 60 s       # the time limit of an attempt
    # The network: of a million segments.
    min_delay = 20 ms
    max_delay = 900 ms
    lost = 50_000
    corrupted = 5_000
    reset = 10_000
    forged = 5_000        # alerts that an attacker inserts
    # Gateways: how often power and network are lost in a day.
    power_cuts_per_day = 12
    partitions_per_day = 6
    journal_cuts = 20_000 # of a million changes of the journal
    # The supplier.
    restarts_per_day = 24
    slow = 10_000         # of a million answers
    busy = 50_000
";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut text, mut page, mut capture) = (AFTERNOON.to_owned(), None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--report" => page = arguments.next(),
            "--capture" => capture = arguments.next(),
            file => text = std::fs::read_to_string(file)?,
        }
    }
    let scenario: Scenario = text.parse()?;
    let gateways = if capture.is_some() { 0..scenario.gateways } else { 0..0 };
    let report =
        Run::new(&scenario).capture(gateways).on_progress(HOUR, |progress| eprintln!("{progress}")).finish()?;
    println!("{report}");
    page.map_or(Ok(()), |file| std::fs::write(file, report.to_html()))?;
    capture.zip(report.capture.as_ref()).map_or(Ok(()), |(file, capture)| std::fs::write(file, capture.bytes()))?;
    report.verify()?;
    println!("no order was lost, altered, late or delivered twice");
    Ok(())
}
