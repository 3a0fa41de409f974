//! The frame, a client and a server, one after the other in the same buffers.
#![no_std]
#![no_main]

use budget::{frame, roles};
use embedded_mtls::Buffers;
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only calls of this image.
    let (answer, Buffers { rx, tx, peer }) = unsafe { (frame::present(), roles::buffers()) };
    roles::client(frame::Uart, Buffers { rx, tx, peer }, answer);
    roles::server(frame::Uart, Buffers { rx, tx, peer }, answer);
    loop {
        core::hint::spin_loop();
    }
}
