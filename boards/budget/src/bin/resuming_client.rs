//! The frame and a client with tickets.
#![no_std]
#![no_main]

use budget::{frame, resuming, roles};
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only calls of this image.
    let (answer, buffers) = unsafe { (frame::present(), roles::buffers()) };
    resuming::client(frame::Uart, buffers, answer);
    loop {
        core::hint::spin_loop();
    }
}
