//! A client with Mbed TLS that receives a recorded server.
#![no_std]
#![no_main]

use budget::recording::{CLIENT_SEED, FROM_SERVER};
use budget::{mbedtls, replay};
use semihosting as _;

#[budget::entry]
fn main() -> ! {
    replay::run(mbedtls::client, mbedtls::heap(), FROM_SERVER, CLIENT_SEED)
}
