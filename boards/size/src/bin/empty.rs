//! The frame alone.
#![no_std]
#![no_main]

use panic_halt as _;
use size::frame;

#[cortex_m_rt::entry]
fn main() -> ! {
    frame::present();
    loop {
        core::hint::spin_loop();
    }
}
