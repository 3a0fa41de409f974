//! The parts that every image for flash has: transport, entropy, clock, certificates, request.

use crate::Key;
use crate::pki::{CLIENT, CLIENT_KEY, INTERMEDIATE, ROOT, SERVER, SERVER_KEY};
use crate::roles::{ANSWER, Board, REQUEST};
use core::convert::Infallible;
use core::ptr;
use embedded_io::{ErrorType, Read, Write};
use embedded_mtls::x509::{Time, UnixTime};

/// The UART of the Arm mps2 boards: data at 0, state at 4 (bit 0: cannot take, bit 1: has a byte).
const UART: *mut u32 = 0x4000_4000 as *mut u32;

/// A polled UART as transport, and as the source of everything else.
pub struct Uart;

impl Uart {
    fn state(&self) -> u32 {
        // SAFETY: a device register that is always readable.
        unsafe { ptr::read_volatile(UART.add(1)) }
    }

    /// Receives a byte.
    pub fn take(&self) -> u8 {
        while self.state() & 2 == 0 {}
        // SAFETY: a device register that is always readable.
        (unsafe { ptr::read_volatile(UART) }) as u8
    }

    /// Sends a byte.
    pub fn give(&self, byte: u8) {
        while self.state() & 1 != 0 {}
        // SAFETY: a device register that is always writable.
        unsafe { ptr::write_volatile(UART, u32::from(byte)) }
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        core::array::from_fn(|_| self.take())
    }
}

impl Board for Uart {
    type Provider = crate::Provider;
    type Key = Key;

    fn key(&self, scalar: &[u8; 32]) -> Option<Key> {
        Key::from_bytes(scalar).ok()
    }

    fn entropy(&self) -> [u8; 128] {
        self.random()
    }

    fn time() -> Time {
        Time::Trusted(UnixTime(i64::from_be_bytes(Uart.random())))
    }

    /// Sends the received data out of the device, so that it has to be decrypted.
    fn answered(answer: &[u8]) {
        let Ok(()) = Uart.write_all(answer);
    }
}

#[cfg(feature = "resumption")]
impl crate::resuming::Store for Uart {
    fn ticket(&mut self) -> &'static mut [u8] {
        static mut PLACE: [u8; embedded_mtls::Ticket::MAX_LEN] = [0; embedded_mtls::Ticket::MAX_LEN];
        // SAFETY: the client of an image calls this once, so this is the only reference.
        let place = unsafe { &mut *ptr::addr_of_mut!(PLACE) };
        let len = usize::from(u16::from_be_bytes(self.random()));
        let ticket = place.get_mut(..len).unwrap_or_default();
        ticket.iter_mut().for_each(|byte| *byte = self.take());
        ticket
    }

    fn keep(ticket: &[u8]) {
        let Ok(()) = Uart.write_all(ticket);
    }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let mut count = 0;
        for byte in buffer.iter_mut() {
            *byte = self.take();
            count += 1;
            if self.state() & 2 == 0 {
                break;
            }
        }
        Ok(count)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        bytes.iter().for_each(|byte| self.give(*byte));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Sends everything that every image has, so that the empty one contains it as well, and returns the memory for
/// answers.
///
/// # Safety
/// Called once, at the start of `main`.
pub unsafe fn present() -> &'static mut [u8; ANSWER] {
    static mut PLACE: [u8; ANSWER] = [0; ANSWER];
    for part in [ROOT, INTERMEDIATE, CLIENT, SERVER, &CLIENT_KEY, &SERVER_KEY, &REQUEST] {
        let Ok(()) = Uart.write_all(part);
    }
    // SAFETY: the caller calls this once, so this is the only reference.
    let answer = unsafe { &mut *ptr::addr_of_mut!(PLACE) };
    answer.iter_mut().for_each(|byte| *byte = Uart.take());
    let Ok(()) = Uart.write_all(answer);
    let Ok(()) = Uart.write_all(&Uart.entropy());
    let Ok(()) = Uart.write_all(&Uart.random::<8>());
    answer
}
