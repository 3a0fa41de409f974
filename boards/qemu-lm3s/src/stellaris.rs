//! The Ethernet controller of the LM3S6965, for embassy-net: frames through its FIFO, by the processor.

use core::task::Context;
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState};
use embassy_sync::waitqueue::AtomicWaker;
use qemu_support::Registers;

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

/// Longest frame, without its checksum.
const MTU: usize = 1514;
const CHECKSUM: usize = 4;
/// Each frame in the FIFO has its length in front.
const LENGTH: usize = 2;
/// The header, which the length of a frame that is sent does not count.
const HEADER: usize = 14;
const BUFFER: usize = (LENGTH + MTU + CHECKSUM).next_multiple_of(4);

static WAKER: AtomicWaker = AtomicWaker::new();

/// The controller.
pub(crate) struct Stellaris {
    registers: Registers,
    address: [u8; 6],
    frames: &'static mut Frames,
}

/// Memory of a frame in each direction.
pub(crate) struct Frames {
    received: [u8; BUFFER],
    sent: [u8; BUFFER],
}

impl Frames {
    pub(crate) const EMPTY: Self = Self { received: [0; BUFFER], sent: [0; BUFFER] };
}

/// The handler of its interrupt.
pub(crate) fn interrupted(registers: Registers) {
    // `receive` unmasks it when there is nothing left to read.
    registers.write(register::MACIM, 0);
    // Only this one: to acknowledge a transmission error empties the FIFO, in which a frame may be half written.
    registers.write(register::MACRIS, RX_INT);
    WAKER.wake();
}

impl Stellaris {
    /// Empties it and lets it receive.
    pub(crate) fn start(registers: Registers, frames: &'static mut Frames) -> Self {
        registers.write(register::MACIM, 0);
        registers.write(register::MACRCTL, RESET_FIFO);
        registers.write(register::MACRIS, ALL_INTS);
        let [low, high] = [register::MACIA0, register::MACIA1].map(|offset| registers.read(offset).to_le_bytes());
        registers.write(register::MACTCTL, TX_ON);
        registers.write(register::MACRCTL, RX_ON);
        registers.write(register::MACIM, RX_INT);
        Self { registers, address: [low[0], low[1], low[2], low[3], high[0], high[1]], frames }
    }

    fn waits(&self) -> bool {
        self.registers.read(register::MACNP) & 0x3f != 0
    }

    fn tokens(&mut self) -> (RxToken<'_>, TxToken<'_>) {
        let Self { registers, frames: Frames { received, sent }, .. } = self;
        (RxToken { registers: *registers, frame: received }, TxToken { registers: *registers, frame: sent })
    }
}

/// A frame that waits.
pub(crate) struct RxToken<'a> {
    registers: Registers,
    frame: &'a mut [u8; BUFFER],
}

impl embassy_net_driver::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        let Self { registers, frame } = self;
        let mut words = frame.chunks_exact_mut(4);
        let mut next = || {
            let word = registers.read(register::MACDATA).to_le_bytes();
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
        // An empty frame is dropped by the network stack.
        f(&mut frame[LENGTH..if good { len - CHECKSUM } else { LENGTH }])
    }
}

/// Room for a frame.
pub(crate) struct TxToken<'a> {
    registers: Registers,
    frame: &'a mut [u8; BUFFER],
}

impl embassy_net_driver::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let Self { registers, frame } = self;
        let result = f(&mut frame[LENGTH..LENGTH + len]);
        let payload = u16::try_from(len.saturating_sub(HEADER)).unwrap_or(0);
        frame[..LENGTH].copy_from_slice(&payload.to_le_bytes());
        for word in frame[..(LENGTH + len).next_multiple_of(4)].chunks_exact(4) {
            registers.write(register::MACDATA, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
        registers.write(register::MACTR, NEW_TRANSMISSION);
        while registers.read(register::MACTR) & NEW_TRANSMISSION != 0 {}
        result
    }
}

impl Driver for Stellaris {
    type RxToken<'a> = RxToken<'a>;
    type TxToken<'a> = TxToken<'a>;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(RxToken<'_>, TxToken<'_>)> {
        if !self.waits() {
            WAKER.register(context.waker());
            self.registers.write(register::MACIM, RX_INT);
            // One may have come in between.
            if !self.waits() {
                return None;
            }
        }
        Some(self.tokens())
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<TxToken<'_>> {
        Some(self.tokens().1)
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        // Else the window of TCP would be this many segments.
        capabilities.max_burst_size = None;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}
