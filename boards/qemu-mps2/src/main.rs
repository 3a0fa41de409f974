//! The gateway on QEMU's mps2-an386.
#![no_std]
#![no_main]

mod lan9118;

use crate::lan9118::Lan9118;
use embassy_net::Runner;
use qemu_support::nic::Nic;
use qemu_support::{Registers, enable_interrupt, fail};

/// SYSCLK of the machine.
const HERTZ: u32 = 25_000_000;
/// The LAN9118 and its interrupt.
// SAFETY: its registers, on the machine that this image is for; it has no access to memory.
const CONTROLLER: Registers = unsafe { Registers::new(0x4020_0000, 0x100) };
const INTERRUPT: u16 = 13;

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Nic<Lan9118>>) -> ! {
    runner.run().await
}

#[cortex_m_rt::entry]
fn main() -> ! {
    qemu_support::start(HERTZ);
    let Some(nic) = Lan9118::start(CONTROLLER) else { fail("there is no LAN9118") };
    enable_interrupt(INTERRUPT);
    qemu_support::run(nic, |runner| network(runner).unwrap_or_else(|_| fail("the network was started twice")))
}

// SAFETY: acknowledges the interrupt of the one device that has one, or ends the machine.
#[cortex_m_rt::exception]
unsafe fn DefaultHandler(number: i16) {
    if number != INTERRUPT.cast_signed() {
        qemu_support::unexpected_interrupt();
    }
    lan9118::interrupted(CONTROLLER);
}
