//! A server that hears a recorded client.
#![no_std]
#![no_main]

use budget::recording::{FROM_CLIENT, SERVER_SEED};
use budget::{replay, roles};
use semihosting as _;

#[cortex_m_rt::entry]
fn main() -> ! {
    replay::run(roles::server, FROM_CLIENT, SERVER_SEED)
}
