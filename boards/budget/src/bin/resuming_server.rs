//! The frame and a server with tickets.
#![no_std]
#![no_main]

use budget::{frame, resuming, roles};
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only calls of this image.
    let (answer, buffers) = unsafe { (frame::present(), roles::buffers()) };
    resuming::server(frame::Uart, buffers, answer);
    loop {
        core::hint::spin_loop();
    }
}
