//! The time driver of embassy on `SysTick`: it ticks each millisecond, and is read in between.

use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use critical_section::Mutex;
use embassy_time_driver::{Driver, TICK_HZ};
use embassy_time_queue_utils::Queue;

const TICKS_PER_MS: u64 = TICK_HZ / 1000;
/// Interrupt Control and State Register, and its bit for a pending `SysTick`.
const ICSR: *const u32 = 0xe000_ed04 as *const u32;
const PENDSTSET: u32 = 1 << 26;

struct SysTickDriver {
    /// Wraps after 49 days, longer than an emulated machine runs.
    milliseconds: AtomicU32,
    /// The last time that was returned.
    last: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
    next: Mutex<Cell<u64>>,
}

embassy_time_driver::time_driver_impl!(static DRIVER: SysTickDriver = SysTickDriver {
    milliseconds: AtomicU32::new(0),
    last: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new(Queue::new())),
    next: Mutex::new(Cell::new(u64::MAX)),
});

/// Starts `SysTick` on a processor of `hertz`.
pub(crate) fn start(timer: &mut SYST, hertz: u32) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(hertz / 1000 - 1);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
}

impl Driver for SysTickDriver {
    fn now(&self) -> u64 {
        critical_section::with(|section| {
            let mut milliseconds = u64::from(self.milliseconds.load(Ordering::Relaxed));
            let mut current = SYST::get_current();
            // SAFETY: a register that may be read at any time.
            if unsafe { ICSR.read_volatile() } & PENDSTSET != 0 {
                // It has wrapped, and its handler has not run yet.
                current = SYST::get_current();
                milliseconds += 1;
            }
            let reload = SYST::get_reload();
            let passed = u64::from(reload.saturating_sub(current));
            let now = milliseconds * TICKS_PER_MS + passed * TICKS_PER_MS / (u64::from(reload) + 1);
            // QEMU wraps a moment before it reports that; time must not go back in the meantime.
            let last = self.last.borrow(section);
            last.set(last.get().max(now));
            last.get()
        })
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow_ref_mut(section);
            if queue.schedule_wake(at, waker) {
                self.next.borrow(section).set(queue.next_expiration(self.now()));
            }
        });
    }
}

#[cortex_m_rt::exception]
fn SysTick() {
    let milliseconds = DRIVER.milliseconds.load(Ordering::Relaxed).wrapping_add(1);
    DRIVER.milliseconds.store(milliseconds, Ordering::Relaxed);
    let now = u64::from(milliseconds) * TICKS_PER_MS;
    critical_section::with(|section| {
        let next = DRIVER.next.borrow(section);
        if next.get() <= now {
            next.set(DRIVER.queue.borrow_ref_mut(section).next_expiration(now));
        }
    });
}
