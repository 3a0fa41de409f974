//! A server that resumes a session with a recorded client.
#![no_std]
#![no_main]

use budget::recording::{FROM_CLIENT, RESUMED_SEED, SERVER_SEED};
use budget::{replay, resuming, roles};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    let buffers = unsafe { roles::buffers() };
    replay::run(resuming::server, buffers, FROM_CLIENT, SERVER_SEED + RESUMED_SEED)
}
