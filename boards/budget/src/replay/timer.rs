//! The timer of the emulated board. It counts instructions: under QEMU's `-icount shift=6` each takes the same virtual time.

/// Logarithm of the nanoseconds that an instruction takes.
const SHIFT: u32 = 6;

pub use self::machine::{start, ticks};

/// Converts ticks to instructions.
pub fn instructions(ticks: u32) -> u64 {
    (u64::from(ticks) * machine::TICK) >> SHIFT
}

/// CMSDK timer 0: control at 0, value at 4, reload at 8. Counts down.
#[cfg(any(mps2, mps2_secure))]
mod machine {
    /// Nanoseconds of a tick: at 25 MHz with a Cortex-M3 or M4, at 20 MHz with a Cortex-M33.
    pub(super) const TICK: u64 = if cfg!(mps2_secure) { 50 } else { 40 };

    /// A Cortex-M33 starts secure: there it is the secure address.
    const TIMER: *mut u32 = if cfg!(mps2_secure) { 0x5000_0000 } else { 0x4000_0000 } as *mut u32;

    /// Starts the timer at zero.
    pub fn start() {
        // SAFETY: registers of the timer, which nothing else uses.
        unsafe {
            TIMER.write_volatile(0);
            TIMER.add(2).write_volatile(u32::MAX);
            TIMER.write_volatile(1);
        }
    }

    /// Returns the ticks since the timer was started.
    #[inline(always)]
    pub fn ticks() -> u32 {
        // SAFETY: a register of the timer that is always readable.
        u32::MAX - unsafe { TIMER.add(1).read_volatile() }
    }
}

/// `mcycle` of a RISC-V core, which QEMU lets count nanoseconds of virtual time.
#[cfg(riscv_virt)]
mod machine {
    use super::SHIFT;
    use core::arch::asm;

    /// A tick is an instruction.
    pub(super) const TICK: u64 = 1 << SHIFT;

    /// Does nothing: the register always counts.
    pub fn start() {}

    /// Returns the instructions since the start of the core.
    #[inline(always)]
    pub fn ticks() -> u32 {
        loop {
            let (high, low, again): (u32, u32, u32);
            // SAFETY: reads registers.
            unsafe {
                asm!("csrr {}, mcycleh", "csrr {}, mcycle", "csrr {}, mcycleh",
                    out(reg) high, out(reg) low, out(reg) again, options(nomem, nostack));
            }
            if high == again {
                return (high << (u32::BITS - SHIFT)) | (low >> SHIFT);
            }
        }
    }
}
