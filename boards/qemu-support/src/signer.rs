//! A key in another task, as slow as a secure element on I²C: while it signs, everything else continues.

use core::sync::atomic::{AtomicU32, Ordering};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Ticker, Timer};
use gateway::provider::SigningKey;

/// The duration of a signature.
const DELAY: Duration = Duration::from_millis(300);
/// The interval of the heartbeat.
const BEAT: Duration = Duration::from_millis(10);

type Mailbox<T> = Signal<CriticalSectionRawMutex, T>;

static KEY: Mailbox<SigningKey> = Signal::new();
/// A digest, and the hedge of its signature.
static TASK: Mailbox<([u8; 32], [u8; 32])> = Signal::new();
static SIGNATURE: Mailbox<Option<[u8; 64]>> = Signal::new();
static BEATS: AtomicU32 = AtomicU32::new(0);

/// Hands the key over to the task.
pub(crate) fn hand_over(key: SigningKey) {
    KEY.signal(key);
}

/// Lets the task sign, and logs the heartbeats in the meantime.
pub(crate) async fn sign(digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]> {
    let before = BEATS.load(Ordering::Relaxed);
    // Discard the result of a dropped request.
    SIGNATURE.reset();
    TASK.signal((*digest, hedge.first_chunk().copied().unwrap_or_default()));
    let signature = SIGNATURE.wait().await;
    defmt::info!("{} heartbeats while the signer signed", BEATS.load(Ordering::Relaxed).wrapping_sub(before));
    signature
}

/// The chip.
#[embassy_executor::task]
pub(crate) async fn signer() -> ! {
    let key = KEY.wait().await;
    loop {
        let (digest, hedge) = TASK.wait().await;
        Timer::after(DELAY).await;
        SIGNATURE.signal(key.sign_digest(&digest, &hedge).ok());
    }
}

/// Another task, which has nothing to do with the handshake.
#[embassy_executor::task]
pub(crate) async fn heart() -> ! {
    let mut ticker = Ticker::every(BEAT);
    loop {
        ticker.next().await;
        BEATS.fetch_add(1, Ordering::Relaxed);
    }
}
