//! A client that resumes a session with a recorded server.
#![no_std]
#![no_main]

use budget::recording::{CLIENT_SEED, FROM_SERVER, RESUMED_SEED};
use budget::{replay, resuming, roles};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    let buffers = unsafe { roles::buffers() };
    replay::run(resuming::client, buffers, FROM_SERVER, CLIENT_SEED + RESUMED_SEED)
}
