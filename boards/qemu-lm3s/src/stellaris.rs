//! The Ethernet controller of the LM3S6965.

use core::ops::Range;
use qemu_support::Registers;
use qemu_support::nic::{self, Buffer, CHECKSUM, Controller, MTU, Nic};

/// Distances of the registers (data sheet of the LM3S6965, section 15).
mod register {
    /// Interrupt status; writing acknowledges.
    pub(super) const MACRIS: usize = 0x00;
    pub(super) const MACIM: usize = 0x04;
    pub(super) const MACRCTL: usize = 0x08;
    pub(super) const MACTCTL: usize = 0x0c;
    pub(super) const MACDATA: usize = 0x10;
    pub(super) const MACIA0: usize = 0x14;
    pub(super) const MACIA1: usize = 0x18;
    pub(super) const MACNP: usize = 0x34;
    pub(super) const MACTR: usize = 0x38;
}

/// The interrupt that a frame came.
const RX_INT: u32 = 1;
const ALL_INTS: u32 = 0x7f;
const RESET_FIFO: u32 = 1 << 4;
/// Receiver on, multicast as well.
const RX_ON: u32 = 0b11;
/// Transmitter on, with padding and checksum, full duplex.
const TX_ON: u32 = 0b1111;
const NEW_TRANSMISSION: u32 = 1;

/// Each frame in the FIFO has its length in front.
const LENGTH: usize = 2;
/// The header, which the length of a frame that is sent does not count.
const HEADER: usize = 14;

/// The controller.
pub(crate) struct Stellaris(Registers);

/// The handler of its interrupt.
pub(crate) fn interrupted(registers: Registers) {
    // `receive` unmasks it when there is nothing left to read.
    registers.write(register::MACIM, 0);
    // Only this one: to acknowledge a transmission error empties the FIFO, in which a frame may be half written.
    registers.write(register::MACRIS, RX_INT);
    nic::frame_came();
}

impl Stellaris {
    /// Empties it and lets it receive.
    pub(crate) fn start(registers: Registers) -> Nic<Self> {
        registers.write(register::MACIM, 0);
        registers.write(register::MACRCTL, RESET_FIFO);
        registers.write(register::MACRIS, ALL_INTS);
        let [low, high] = [register::MACIA0, register::MACIA1].map(|offset| registers.read(offset).to_le_bytes());
        registers.write(register::MACTCTL, TX_ON);
        registers.write(register::MACRCTL, RX_ON);
        registers.write(register::MACIM, RX_INT);
        Nic::new(Self(registers), [low[0], low[1], low[2], low[3], high[0], high[1]])
    }
}

impl Controller for Stellaris {
    const IN_FRONT: usize = LENGTH;

    fn waits(&self) -> bool {
        self.0.read(register::MACNP) & 0x3f != 0
    }

    fn listen(&self) {
        self.0.write(register::MACIM, RX_INT);
    }

    fn receive(&self, buffer: &mut Buffer) -> Range<usize> {
        let mut words = buffer.chunks_exact_mut(4);
        let mut next = || {
            let word = self.0.read(register::MACDATA).to_le_bytes();
            if let Some(place) = words.next() {
                place.copy_from_slice(&word);
            }
            word
        };
        // The length counts itself and the checksum. All of it has to be read, also what does not fit.
        let first = next();
        let len = usize::from(u16::from_le_bytes([first[0], first[1]]));
        for _ in 1..len.div_ceil(4) {
            next();
        }
        let good = (LENGTH + CHECKSUM..=LENGTH + MTU + CHECKSUM).contains(&len);
        LENGTH..if good { len - CHECKSUM } else { LENGTH }
    }

    fn send(&self, buffer: &mut Buffer, len: usize) {
        let payload = u16::try_from(len.saturating_sub(HEADER)).unwrap_or(0);
        buffer[..LENGTH].copy_from_slice(&payload.to_le_bytes());
        for word in buffer[..(LENGTH + len).next_multiple_of(4)].chunks_exact(4) {
            self.0.write(register::MACDATA, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
        self.0.write(register::MACTR, NEW_TRANSMISSION);
        while self.0.read(register::MACTR) & NEW_TRANSMISSION != 0 {}
    }
}
