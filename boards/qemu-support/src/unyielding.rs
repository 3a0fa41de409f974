//! A gateway that does not let other tasks run during its handshake, to measure the effect of `Yield`.

use core::future::poll_fn;
use core::pin::Pin;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, RawWaker, RawWakerVTable, Waker};
use embassy_sync::waitqueue::AtomicWaker;

/// The task in which the future runs.
static TASK: AtomicWaker = AtomicWaker::new();
/// The future was woken since it was polled.
static WOKEN: AtomicBool = AtomicBool::new(false);

const METHODS: RawWakerVTable = RawWakerVTable::new(|_| WAKER, |_| wake(), |_| wake(), |_| ());
const WAKER: RawWaker = RawWaker::new(ptr::null(), &METHODS);

fn wake() {
    WOKEN.store(true, Ordering::Release);
    TASK.wake();
}

/// Awaits `future`, of which there is one. A future that yields wakes itself first; it is then polled again at once, so
/// the executor has to wait until it needs external input.
pub(crate) async fn unyielding<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    // SAFETY: the methods work on statics, from any context; there is no data.
    let waker = unsafe { Waker::from_raw(WAKER) };
    poll_fn(|context| {
        TASK.register(context.waker());
        loop {
            WOKEN.store(false, Ordering::Release);
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            if polled.is_ready() || !WOKEN.load(Ordering::Acquire) {
                return polled;
            }
        }
    })
    .await
}
