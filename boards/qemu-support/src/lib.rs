//! Code shared by the machines that QEMU emulates.
//!
//! A board has its memory map, its Ethernet controller and a `main`; the rest is here: [`start`] before anything else,
//! then [`run`], which never returns. Files, arguments, random numbers and the exit status are those of the host, by
//! semihosting: the machines have neither a random number generator nor persistent flash, which is a file.
#![no_std]

mod arguments;
mod executor;
mod files;
mod firmware;
#[cfg(feature = "full")]
mod flash;
mod guard;
mod host;
#[cfg(feature = "full")]
mod line;
pub mod nic;
#[cfg(feature = "full")]
mod provisioned;
#[cfg(feature = "full")]
mod quick;
mod registers;
#[cfg(feature = "full")]
mod shared;
mod signer;
mod stack;
mod start;
mod time;
mod unyielding;
#[cfg(feature = "full")]
mod web;

pub use crate::registers::Registers;
pub use crate::start::{fail, run, start, unexpected_interrupt};

/// Unmasks an interrupt.
pub fn enable_interrupt(number: u16) {
    #[derive(Clone, Copy)]
    struct Number(u16);
    // SAFETY: the number is a constant of the machine's vector table, the same for each value of the type.
    unsafe impl cortex_m::interrupt::InterruptNumber for Number {
        fn number(self) -> u16 {
            self.0
        }
    }
    // SAFETY: no critical section is built on masking single interrupts.
    unsafe { cortex_m::peripheral::NVIC::unmask(Number(number)) }
}

/// Fills `out` with random bytes of the host, or ends the machine.
#[cfg(feature = "full")]
fn random(out: &mut [u8]) {
    if !host::random(out) {
        fail("the host has no random numbers");
    }
}
