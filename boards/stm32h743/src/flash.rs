//! Bank 2 of the flash; a word whose writing was interrupted can be read.

use core::arch::asm;
use embassy_stm32::flash::{Bank2Region, Blocking, Error};
use embassy_stm32::pac;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// Bank 2. A word of 256 bits whose writing lost its power has a code that does not fit: reading it is a bus fault, which
/// would stop the device at each start. Here it gives some bytes; the checksums of the journal tell that they are none of its
/// own.
pub(crate) struct Bank2(pub(crate) Bank2Region<'static, Blocking>);

impl ErrorType for Bank2 {
    type Error = Error;
}

impl ReadNorFlash for Bank2 {
    const READ_SIZE: usize = <Bank2Region<'static, Blocking> as ReadNorFlash>::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        let result = without_bus_faults(|| self.0.read(offset, bytes));
        forget_errors();
        result
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Bank2 {
    const WRITE_SIZE: usize = <Bank2Region<'static, Blocking> as NorFlash>::WRITE_SIZE;
    const ERASE_SIZE: usize = <Bank2Region<'static, Blocking> as NorFlash>::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        forget_errors();
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        forget_errors();
        self.0.write(offset, bytes)
    }
}

/// Clears what earlier reads have left, also those that the core made on its own account: the HAL takes it for an error of its
/// next write.
fn forget_errors() {
    pac::FLASH.bank(1).ccr().write(|flags| {
        flags.set_clr_dbeccerr(true);
        flags.set_clr_rdperr(true);
        flags.set_clr_rdserr(true);
        flags.set_clr_sneccerr(true);
    });
}

/// Does `work`, in which a load that faults gives any value (`ARMv7-M` B3.2.8: `BFHFNMIGN`, which counts while `FAULTMASK` is
/// set). No interrupt is served meanwhile.
fn without_bus_faults<T>(work: impl FnOnce() -> T) -> T {
    const CCR: *mut u32 = 0xe000_ed14 as *mut u32;
    const BFHFNMIGN: u32 = 1 << 8;
    // SAFETY: the register is always there, and nothing else changes it. Without interrupts, and on the only core, nobody
    // sees it or `FAULTMASK` between the two blocks; memory is read and written by `work` alone, which is safe code.
    unsafe {
        CCR.write_volatile(CCR.read_volatile() | BFHFNMIGN);
        asm!("cpsid f", "dsb", "isb", options(nostack, preserves_flags));
    }
    let result = work();
    // SAFETY: as above.
    unsafe {
        asm!("dsb", "cpsie f", "isb", options(nostack, preserves_flags));
        CCR.write_volatile(CCR.read_volatile() & !BFHFNMIGN);
    }
    result
}
