//! `cargo run --release --example compare -- SECONDS [SEED]`: the comparison with rustls-webpki on random inputs, and
//! how often which verdict came.

use fuzz::{Verdicts, agreement, differential};
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("a number"));
    let seconds = arguments.next().unwrap_or(10);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let seed = arguments.next().unwrap_or(clock.as_secs());
    println!("seed {seed}");
    let mut failed = false;
    for (name, target) in [("common ground", agreement as fn(&[u8]) -> Verdicts), ("oddities", differential)] {
        failed |= compare(name, target, seed, Duration::from_secs(seconds) / 2);
    }
    std::process::exit(failed.into());
}

/// Prints the counts; `true` if a difference has no reason.
fn compare(name: &str, target: fn(&[u8]) -> Verdicts, seed: u64, time: Duration) -> bool {
    let (start, mut state) = (Instant::now(), seed | 1);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let (mut chains, mut unexplained) = (0_u64, 0);
    while start.elapsed() < time && unexplained < 10 {
        let mut input = [0; 400];
        for chunk in input.chunks_mut(8) {
            // xorshift64.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_be_bytes());
        }
        chains += 1;
        match catch_unwind(|| target(&input)) {
            Ok(verdicts) => *counts.entry(format!("{verdicts:?}")).or_default() += 1,
            Err(_) => unexplained += 1,
        }
    }
    println!("\n== {name}: {chains} chains, {unexplained} differences without a reason");
    for (verdicts, count) in counts {
        println!("{count:>10}  {verdicts}");
    }
    unexplained > 0
}
