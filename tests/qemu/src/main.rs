//! The firmware of `boards/` in QEMU, against real servers and clients.
//!
//! ```text
//! emulated [WORD...]     the table: every row, or those that contain one of the words
//! emulated post IMAGE [NAME=VALUE...]
//!                        boots this image once, which posts an order to the program `supplier`; prints its log.
//!                        With in=FOLDER, it sees the files of that folder, and no supplier is started
//! ```
//!
//! The images, and the programs `supplier` and `gateway`, have to be built; `cargo xtask qemu` does that.

mod answers;
mod application;
mod clients;
mod emulator;
mod faults;
mod ground;
mod guide;
mod micro;
mod names;
mod once;
mod pace;
mod peers;
mod provisioned;
mod proxy;
mod quick;
mod resolver;
mod resumption;
mod rows;
mod table;
mod time_server;
mod trial;
mod wire;

use std::env;
use std::process::ExitCode;
use test_support::peers::{process, servers, workdir, world};
use test_support::pki;
use world::World;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let outcome = World::new().and_then(|world| match words.as_slice() {
        [command, image, more @ ..] if command == "post" => once::post(&world, image, more),
        _ => Ok(u8::from(!table::run(&world, &words))),
    });
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(problem) => {
            eprintln!("emulated: {problem}");
            ExitCode::FAILURE
        }
    }
}
