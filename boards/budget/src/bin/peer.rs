//! The frame and a client with embedded-tls.
#![no_std]
#![no_main]

use budget::{frame, peer};
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only calls of this image.
    let (answer, buffers) = unsafe { (frame::present(), peer::buffers()) };
    peer::client(frame::Uart, buffers, answer);
    loop {
        core::hint::spin_loop();
    }
}
