//! The gateway on QEMU's lm3s6965evb.
#![no_std]
#![no_main]

mod stellaris;

use crate::stellaris::Stellaris;
use embassy_net::Runner;
use qemu_support::nic::Nic;
use qemu_support::{Registers, enable_interrupt, fail};

/// 200 MHz divided by four.
const HERTZ: u32 = 50_000_000;
/// System control.
// SAFETY: its registers, on the machine that this image is for; none of those used here moves memory.
const SYSTEM: Registers = unsafe { Registers::new(0x400f_e000, 0x1000) };
/// The Ethernet controller and its interrupt.
// SAFETY: its registers; it has no access to memory.
const CONTROLLER: Registers = unsafe { Registers::new(0x4004_8000, 0x1000) };
const INTERRUPT: u16 = 42;

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Nic<Stellaris>>) -> ! {
    runner.run().await
}

#[cortex_m_rt::entry]
fn main() -> ! {
    set_clocks();
    qemu_support::start(HERTZ);
    let nic = Stellaris::start(CONTROLLER);
    enable_interrupt(INTERRUPT);
    qemu_support::run(nic, |runner| network(runner).unwrap_or_else(|_| fail("the network was started twice")))
}

/// Runs the processor at [`HERTZ`] and gives the Ethernet controller a clock.
fn set_clocks() {
    const RCC: usize = 0x60;
    const DIVIDE_BY_FOUR: u32 = 3 << 23 | 1 << 22;
    const RCGC2: usize = 0x108;
    const ETHERNET: u32 = 1 << 28 | 1 << 30;
    SYSTEM.write(RCC, SYSTEM.read(RCC) & !(0xf << 23) | DIVIDE_BY_FOUR);
    SYSTEM.write(RCGC2, SYSTEM.read(RCGC2) | ETHERNET);
}

// SAFETY: acknowledges the interrupt of the one device that has one, or ends the machine.
#[cortex_m_rt::exception]
unsafe fn DefaultHandler(number: i16) {
    if number != INTERRUPT.cast_signed() {
        qemu_support::unexpected_interrupt();
    }
    stellaris::interrupted(CONTROLLER);
}
