//! The project's own commands: `cargo xtask <command>`. `cargo xtask help` lists them.

mod bench_fleet;
mod bench_host;
mod boards;
mod bogo;
mod budget;
mod cli;
mod features;
mod fuzz;
mod mutants;
mod package;
mod plan;
mod rfc;
mod run;
mod setup;
mod step;
mod supply;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::main(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
