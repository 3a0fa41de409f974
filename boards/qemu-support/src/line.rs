//! The second UART of the mps2-an386, a CMSDK APB UART, as the serial line over which a blob comes.

use crate::registers::Registers;
use core::convert::Infallible;
use embassy_time::{Duration, Timer};
use embedded_io_async::{ErrorType, Read, Write};

// SAFETY: UART1 of the machine that the feature `full` is for; it has no access to memory.
const UART: Registers = unsafe { Registers::new(0x4000_5000, 0x14) };

/// The byte that has come, or that is to be sent.
const DATA: usize = 0x0;
const STATE: usize = 0x4;
/// The last byte to send has not been sent.
const SENDING: u32 = 1;
/// A byte has come.
const CAME: u32 = 2;
const CONTROL: usize = 0x8;
const ENABLED: u32 = 3;
const DIVIDER: usize = 0x10;
/// The smallest divider that the UART takes; QEMU's line has no rate.
const SMALLEST: u32 = 16;

/// The pause between two looks at the UART, in which the machine sleeps: QEMU does not pass bytes on as long as its registers are read.
const POLL: Duration = Duration::from_micros(50);

/// The line. It is polled, so that nothing is lost while the flash is written: QEMU waits until a byte is taken.
pub(crate) struct Line(());

impl Line {
    /// Switches the UART on.
    pub(crate) fn start() -> Self {
        UART.write(DIVIDER, SMALLEST);
        UART.write(CONTROL, ENABLED);
        Self(())
    }
}

impl ErrorType for Line {
    type Error = Infallible;
}

impl Read for Line {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = out.first_mut() else { return Ok(0) };
        while UART.read(STATE) & CAME == 0 {
            Timer::after(POLL).await;
        }
        *first = UART.read(DATA).to_le_bytes()[0];
        Ok(1)
    }
}

impl Write for Line {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first() else { return Ok(0) };
        while UART.read(STATE) & SENDING != 0 {
            Timer::after(POLL).await;
        }
        UART.write(DATA, (*first).into());
        Ok(1)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        while UART.read(STATE) & SENDING != 0 {
            Timer::after(POLL).await;
        }
        Ok(())
    }
}
