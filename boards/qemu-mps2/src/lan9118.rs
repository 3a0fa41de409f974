//! The LAN9118 Ethernet controller of SMSC.

use core::ops::Range;
use qemu_support::Registers;
use qemu_support::nic::{self, Buffer, CHECKSUM, Controller, MTU, Nic};

/// Distances of the registers (data sheet of the LAN9118, section 5).
mod register {
    pub(super) const RX_DATA: usize = 0x00;
    pub(super) const TX_DATA: usize = 0x20;
    pub(super) const RX_STATUS: usize = 0x40;
    pub(super) const TX_STATUS: usize = 0x48;
    pub(super) const ID_REV: usize = 0x50;
    pub(super) const IRQ_CFG: usize = 0x54;
    pub(super) const INT_STS: usize = 0x58;
    pub(super) const INT_EN: usize = 0x5c;
    pub(super) const BYTE_TEST: usize = 0x64;
    pub(super) const FIFO_INT: usize = 0x68;
    pub(super) const RX_CFG: usize = 0x6c;
    pub(super) const TX_CFG: usize = 0x70;
    pub(super) const HW_CFG: usize = 0x74;
    pub(super) const RX_FIFO_INF: usize = 0x7c;
    pub(super) const TX_FIFO_INF: usize = 0x80;
    pub(super) const MAC_CSR_CMD: usize = 0xa4;
    pub(super) const MAC_CSR_DATA: usize = 0xa8;
    pub(super) const AFC_CFG: usize = 0xac;
}

/// Registers of the MAC behind `MAC_CSR_CMD`.
mod mac {
    pub(super) const CR: u32 = 1;
    pub(super) const ADDRH: u32 = 2;
    pub(super) const ADDRL: u32 = 3;
}

const IDENTIFICATION: u32 = 0x0118;
const BYTE_ORDER: u32 = 0x8765_4321;
const SOFT_RESET: u32 = 1;
/// 5 KiB for sending, each frame stored before it leaves.
const TX_FIFO: u32 = 5 << 16 | 1 << 20;
const BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;
/// Full duplex, transmitter and receiver on.
const MAC_ON: u32 = 1 << 20 | 1 << 3 | 1 << 2;
const TX_ON: u32 = 1 << 1;
/// The line to the processor: enabled, active high, driven both ways. Before this it is active low.
const LINE: u32 = 1 << 8 | 1 << 4 | 1;
/// The interrupt that a frame waits, at a level of none.
const RX_WAITS: u32 = 1 << 3;
const FIFO_LEVELS: u32 = 0x48 << 24;
const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;
const RX_ERROR: u32 = 1 << 15;

/// The controller.
pub(crate) struct Lan9118(Registers);

/// The handler of its interrupt.
pub(crate) fn interrupted(registers: Registers) {
    // `receive` unmasks it when there is nothing left to read.
    registers.write(register::INT_EN, 0);
    registers.write(register::INT_STS, u32::MAX);
    nic::frame_came();
}

impl Lan9118 {
    /// Resets it and lets it receive; `None`: it is not there.
    pub(crate) fn start(registers: Registers) -> Option<Nic<Self>> {
        if registers.read(register::BYTE_TEST) != BYTE_ORDER || registers.read(register::ID_REV) >> 16 != IDENTIFICATION
        {
            return None;
        }
        registers.write(register::HW_CFG, SOFT_RESET);
        while registers.read(register::HW_CFG) & SOFT_RESET != 0 {}
        registers.write(register::HW_CFG, TX_FIFO);
        registers.write(register::AFC_CFG, 0x006e_3740);
        registers.write(register::INT_EN, 0);
        registers.write(register::INT_STS, u32::MAX);
        registers.write(register::IRQ_CFG, LINE);
        registers.write(register::FIFO_INT, FIFO_LEVELS);
        registers.write(register::RX_CFG, 0);
        let [low, high] = [mac::ADDRL, mac::ADDRH].map(|number| read_mac(registers, number).to_le_bytes());
        write_mac(registers, mac::CR, MAC_ON);
        registers.write(register::TX_CFG, TX_ON);
        registers.write(register::INT_EN, RX_WAITS);
        Some(Nic::new(Self(registers), [low[0], low[1], low[2], low[3], high[0], high[1]]))
    }
}

fn read_mac(registers: Registers, number: u32) -> u32 {
    await_mac(registers);
    registers.write(register::MAC_CSR_CMD, BUSY | MAC_READ | number);
    await_mac(registers);
    registers.read(register::MAC_CSR_DATA)
}

fn write_mac(registers: Registers, number: u32, value: u32) {
    await_mac(registers);
    registers.write(register::MAC_CSR_DATA, value);
    registers.write(register::MAC_CSR_CMD, BUSY | number);
    await_mac(registers);
}

fn await_mac(registers: Registers) {
    while registers.read(register::MAC_CSR_CMD) & BUSY != 0 {}
}

impl Controller for Lan9118 {
    const IN_FRONT: usize = 0;

    fn waits(&self) -> bool {
        self.0.read(register::RX_FIFO_INF) >> 16 & 0xff != 0
    }

    fn listen(&self) {
        self.0.write(register::INT_EN, RX_WAITS);
    }

    fn receive(&self, buffer: &mut Buffer) -> Range<usize> {
        let status = self.0.read(register::RX_STATUS);
        let len = (status >> 16 & 0x3fff) as usize;
        // All of it has to be read, also what does not fit.
        let mut words = buffer.chunks_exact_mut(4);
        for _ in 0..len.div_ceil(4) {
            let word = self.0.read(register::RX_DATA).to_le_bytes();
            if let Some(place) = words.next() {
                place.copy_from_slice(&word);
            }
        }
        let good = status & RX_ERROR == 0 && (CHECKSUM..=MTU + CHECKSUM).contains(&len);
        0..if good { len - CHECKSUM } else { 0 }
    }

    fn send(&self, buffer: &mut Buffer, len: usize) {
        let len_word = u32::try_from(len).unwrap_or(0);
        self.0.write(register::TX_DATA, FIRST_AND_LAST | len_word);
        self.0.write(register::TX_DATA, len_word);
        for word in buffer[..len.next_multiple_of(4)].chunks_exact(4) {
            self.0.write(register::TX_DATA, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
        // How it went is of no interest: what is lost, TCP sends again.
        while self.0.read(register::TX_FIFO_INF) >> 16 & 0xff != 0 {
            self.0.read(register::TX_STATUS);
        }
    }
}
