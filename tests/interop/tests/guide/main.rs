//! Runs the commands of `docs/guide.md`, except those that need the firmware: `cargo xtask qemu guide` runs these.

use std::process::ExitCode;

use test_support::peers::guide::{Part, run};
use test_support::peers::programs::build;

fn main() -> ExitCode {
    match build().and_then(|programs| run(Part::All, &programs)) {
        Ok(count) => {
            println!("{count} passed, 0 failed");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}
