//! An embassy executor that sleeps with WFI.
//!
//! QEMU does not sleep on WFE, which the stock executor for Cortex-M uses: an idle machine would keep a whole core of
//! the host busy.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use embassy_executor::{Spawner, raw};
use embassy_time::Instant;
use static_cell::StaticCell;

static PENDING: AtomicBool = AtomicBool::new(false);
/// Microseconds.
static LONGEST_ROUND: AtomicU32 = AtomicU32::new(0);

/// The longest time in microseconds that a task had to wait because others ran.
pub(crate) fn longest_round() -> u32 {
    LONGEST_ROUND.load(Ordering::Relaxed)
}

/// Called by wakers, from tasks and from interrupts.
// SAFETY: the name is the one that embassy-executor asks for; nothing else has it.
#[unsafe(export_name = "__pender")]
extern "Rust" fn pend(_context: *mut ()) {
    PENDING.store(true, Ordering::Release);
}

/// Runs the tasks that `init` spawns.
pub(crate) fn run(init: impl FnOnce(Spawner)) -> ! {
    static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();
    let executor: &'static raw::Executor = EXECUTOR.init_with(|| raw::Executor::new(ptr::null_mut()));
    init(executor.spawner());
    loop {
        PENDING.store(false, Ordering::Release);
        let start = Instant::now();
        // SAFETY: called here only, and the loop is entered once.
        unsafe { executor.poll() };
        let took = u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX);
        LONGEST_ROUND.store(longest_round().max(took), Ordering::Relaxed);
        // Masked interrupts still end a WFI, so none is missed between the check and the sleep.
        cortex_m::interrupt::disable();
        if !PENDING.load(Ordering::Acquire) {
            cortex_m::asm::wfi();
        }
        // SAFETY: outside of any critical section.
        unsafe { cortex_m::interrupt::enable() };
    }
}
