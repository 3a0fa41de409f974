//! A client that receives a recorded server.
#![no_std]
#![no_main]

use budget::recording::{CLIENT_SEED, FROM_SERVER};
use budget::{replay, roles};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    let buffers = unsafe { roles::buffers() };
    replay::run(roles::client, buffers, FROM_SERVER, CLIENT_SEED)
}
