//! Prints the stack of each public function.
#![no_std]
#![no_main]

use budget::recording::{CLIENT_SEED, FROM_CLIENT, FROM_SERVER, SERVER_SEED};
use budget::replay::{self, Role, fail, machine};
use budget::{functions, roles};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    let (choice, form) = replay::words();
    let role: Option<(Role<_>, _, _)> = match form {
        "client" => Some((functions::client, FROM_SERVER, CLIENT_SEED)),
        "server" => Some((functions::server, FROM_CLIENT, SERVER_SEED)),
        "client_stream" => Some((functions::client_stream, FROM_SERVER, CLIENT_SEED)),
        "server_stream" => Some((functions::server_stream, FROM_CLIENT, SERVER_SEED)),
        _ => None,
    };
    let done = if let Some((role, peer, seed)) = role {
        let (board, answer) = replay::board(choice, peer, seed);
        // SAFETY: the only call of this image.
        role(board, unsafe { roles::buffers() }, answer)
    } else {
        functions::validator()
    };
    if done.is_none() {
        fail("it did not come to its end");
    }
    machine::exit(0)
}
