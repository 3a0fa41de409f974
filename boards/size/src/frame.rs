//! What every image has: transport, entropy, clock, certificates, request.

use core::convert::Infallible;
use core::ptr;
use embedded_io::{ErrorType, Read, Write};

/// The root both sides trust.
pub static ROOT: &[u8] = include_bytes!("../pki/root.der");
/// The certificate authority between the root and the leaves.
pub static INTERMEDIATE: &[u8] = include_bytes!("../pki/intermediate.der");
/// The leaf of the client.
pub static CLIENT: &[u8] = include_bytes!("../pki/client.der");
/// The leaf of the server.
pub static SERVER: &[u8] = include_bytes!("../pki/server.der");
/// Stands for a private key: any scalar costs the same flash.
pub static KEY: [u8; 32] = [0x5a; 32];
/// What the client posts and the server answers.
pub static REQUEST: [u8; 1024] = [b'x'; 1024];

/// Bytes of the buffer for received records: one record of 2 KiB with its overhead.
pub const RX: usize = 2048 + 22;
/// Bytes of the buffer for records to send.
pub const TX: usize = 1024 + 22;
/// Bytes for what is kept of the peer's certificates.
pub const PEER: usize = 1024;

/// The UART of the Arm mps2 boards: data at 0, state at 4 (bit 0: cannot take, bit 1: has a byte).
const UART: *mut u32 = 0x4000_4000 as *mut u32;

/// A polled UART as transport.
pub struct Uart;

impl Uart {
    fn state(&self) -> u32 {
        // SAFETY: a device register that is always readable.
        unsafe { ptr::read_volatile(UART.add(1)) }
    }

    fn take(&self) -> u8 {
        while self.state() & 2 == 0 {}
        // SAFETY: a device register that is always readable.
        (unsafe { ptr::read_volatile(UART) }) as u8
    }

    fn give(&self, byte: u8) {
        while self.state() & 1 != 0 {}
        // SAFETY: a device register that is always writable.
        unsafe { ptr::write_volatile(UART, u32::from(byte)) }
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

/// Random bytes from outside, as an entropy source would give them.
pub fn entropy<const N: usize>() -> [u8; N] {
    core::array::from_fn(|_| Uart.take())
}

/// Seconds since 1970 from outside, as a clock would give them.
pub fn seconds() -> i64 {
    i64::from_be_bytes(entropy())
}

/// Lends what lies in a `static` once, at the start of `main`.
///
/// # Safety
/// Called once for each `place`.
pub unsafe fn lend<const N: usize>(place: *mut [u8; N]) -> &'static mut [u8] {
    // SAFETY: the caller lends each place once, so this is the only reference.
    unsafe { &mut *place }
}

/// Sends all that every image has, so that it is in the empty one as well.
pub fn present() {
    for part in [ROOT, INTERMEDIATE, CLIENT, SERVER, &KEY, &REQUEST] {
        let Ok(()) = Uart.write_all(part);
    }
    let mut answer = [0; 16];
    let Ok(_) = Uart.read(&mut answer);
    let seed: [u8; 128] = entropy();
    let Ok(()) = Uart.write_all(&seed);
    let Ok(()) = Uart.write_all(&seconds().to_le_bytes());
    let Ok(()) = Uart.write_all(&answer);
}
