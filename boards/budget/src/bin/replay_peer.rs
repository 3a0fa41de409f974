//! A client with embedded-tls that receives a recorded server.
#![no_std]
#![no_main]

use budget::recording::{CLIENT_SEED, FROM_SERVER};
use budget::{peer, replay};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    let buffers = unsafe { peer::buffers() };
    replay::run(peer::client, buffers, FROM_SERVER, CLIENT_SEED)
}
