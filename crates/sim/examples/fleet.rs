//! Runs a fleet in a scenario of your own, and prints what happened to its orders.
//!
//! ```sh
//! cargo run --release -p embedded-mtls-sim --example fleet -- my-scenario.txt
//! ```
//!
//! Without a file it runs the scenario below. The exit status is that of the promise: every order arrives once, or is
//! still queued.

use std::error::Error;

use embedded_mtls_sim::{Scenario, run};

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
    let text = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file)?,
        None => AFTERNOON.to_owned(),
    };
    let scenario: Scenario = text.parse()?;
    let report = run(&scenario)?;
    println!("{report}");
    report.verify()?;
    println!("no order was lost, altered or delivered twice");
    Ok(())
}
