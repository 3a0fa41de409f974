//! The matrix: this crate against peers that are not ours, in both roles. Most rows have the library on our side, those of
//! the peers in `tests/interop/peers` and of NSS the programs `gateway` and `supplier`, with their output for people.
//!
//! `cargo test -p interop` runs all rows and prints them as a table; `cargo test -p interop -- WORD...`
//! runs those that contain one of the words. A row that is wrong ends nothing; a program that is
//! missing is a wrong row that explains how to install it.

mod apache;
mod case;
mod curl;
mod embedded_tls_peer;
mod gnutls;
mod gnutls_client;
mod gnutls_server;
mod http;
mod manners;
mod nginx;
mod nss;
mod openssl;
mod openssl_client;
mod openssl_server;
mod ours;
mod program_case;
mod programs;
mod record_limits;
mod rustls_peer;
mod rustls_rows;
mod scripted;
mod scripted_rows;
mod table;
mod web;

use programs::Programs;
use std::env;
use std::process::ExitCode;
use table::Table;
use test_support::peers::{process, programs as built, servers, world};
use test_support::pki;
use world::World;

fn main() -> ExitCode {
    // What cargo and its like pass on to any test binary is not a word to look for.
    let mut table = Table::new(env::args().skip(1).filter(|word| !word.starts_with('-')).collect());
    let world = match World::new() {
        Ok(world) => world,
        Err(problem) => {
            eprintln!("cannot make the certificates: {problem}");
            return ExitCode::FAILURE;
        }
    };
    if env::args().any(|word| word == "--record-limits") {
        return if record_limits::run(&world) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    // They are compiled and start while others have their turn.
    let programs = Programs::build();
    let scripted = scripted::start_all();
    openssl_server::rows(&mut table, &world);
    openssl_client::rows(&mut table, &world);
    gnutls_server::rows(&mut table, &world);
    gnutls_client::rows(&mut table, &world);
    curl::rows(&mut table, &world);
    nginx::rows(&mut table, &world);
    apache::rows(&mut table, &world);
    rustls_rows::rows(&mut table, &world);
    embedded_tls_peer::rows(&mut table, &world);
    scripted_rows::rows(&mut table, &world, &programs, scripted);
    nss::rows(&mut table, &world, &programs);
    if table.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
