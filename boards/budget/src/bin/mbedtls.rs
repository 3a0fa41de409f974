//! The frame and a client with Mbed TLS.
#![no_std]
#![no_main]

use budget::{frame, mbedtls};
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    let answer = unsafe { frame::present() };
    mbedtls::client(frame::Uart, mbedtls::heap(), answer);
    loop {
        core::hint::spin_loop();
    }
}
