//! The frame and a client.
#![no_std]
#![no_main]

use budget::{frame, roles};
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only calls of this image.
    let (answer, buffers) = unsafe { (frame::present(), roles::buffers()) };
    roles::client(frame::Uart, buffers, answer);
    loop {
        core::hint::spin_loop();
    }
}
