//! The examples against programs of others.

mod brokers;
mod clients;
mod servers;

use std::path::PathBuf;

/// Returns the program of an example, which Cargo builds beside the tests only when asked to.
fn example(name: &str) -> String {
    let test = std::env::current_exe().expect("a path");
    let built: PathBuf = test.ancestors().nth(2).expect("target/debug/deps").join("examples").join(name);
    assert!(
        built.exists(),
        "{}: build it with `cargo build --package embedded-mtls-connect --examples`",
        built.display()
    );
    built.display().to_string()
}
