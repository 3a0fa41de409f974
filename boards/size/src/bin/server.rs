//! The frame and a server.
#![no_std]
#![no_main]

use panic_halt as _;
use size::{frame, roles};

#[cortex_m_rt::entry]
fn main() -> ! {
    frame::present();
    // SAFETY: the only call of this image.
    roles::server(unsafe { roles::buffers() });
    loop {
        core::hint::spin_loop();
    }
}
