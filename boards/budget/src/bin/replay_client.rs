//! A client that hears a recorded server.
#![no_std]
#![no_main]

use budget::recording::{CLIENT_SEED, FROM_SERVER};
use budget::{replay, roles};
use semihosting as _;

#[cortex_m_rt::entry]
fn main() -> ! {
    replay::run(roles::client, FROM_SERVER, CLIENT_SEED)
}
