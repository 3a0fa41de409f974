//! The frame alone.
#![no_std]
#![no_main]

use budget::frame;
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    unsafe { frame::present() };
    loop {
        core::hint::spin_loop();
    }
}
