//! The frame, and the validation of one chain by this crate.
#![no_std]
#![no_main]

use budget::{Provider, chains, frame};
use embedded_io::Write;
use panic_halt as _;

#[budget::entry]
fn main() -> ! {
    // SAFETY: the only call of this image.
    unsafe { frame::present() };
    let Ok(()) = frame::Uart.write_all(&[u8::from(chains::ours::<Provider>().is_some())]);
    loop {
        core::hint::spin_loop();
    }
}
