//! A server that receives a recorded client.
#![no_std]
#![no_main]

use budget::recording::{FROM_CLIENT, SERVER_SEED};
use budget::{replay, roles};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    let buffers = unsafe { roles::buffers() };
    replay::run(roles::server, buffers, FROM_CLIENT, SERVER_SEED)
}
