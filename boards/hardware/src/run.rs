//! The main loop: post the waiting order or a new one, wait, repeat.

use embassy_net::Stack;
use embassy_time::{Duration, Timer};
use embedded_mtls::x509::UnixTime;
use embedded_storage::nor_flash::NorFlash;
use gateway::{Board, Memory, Retry, Role, Site, Task, device, sample};
use logging::info;
use static_cell::ConstStaticCell;

use crate::blobs::Blobs;

/// The pause between two runs. Your gateway waits for its machine instead.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// The time limit of an attempt: a handshake on a slow core, and a slow server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Most trust anchors and pins in a blob.
const MAX_ANCHORS: usize = 4;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

/// Runs the gateway for ever, each time with the newest blob. While there is none, it says so.
///
/// # Panics
/// If it is called twice.
pub async fn run<F: NorFlash>(stack: Stack<'_>, mut blobs: Blobs<F>, board: &mut impl Board) -> ! {
    let memory = MEMORY.take();
    let task = Task {
        // What the blob leaves to a site, your gateway takes from its own settings.
        site: Site::default(),
        role: Role::Gateway,
        // Your gateway puts here what its machine has run out of.
        order: sample::ORDER,
        built: UnixTime(blobs.image.built),
        patience: PATIENCE,
        retry: Retry::USUAL,
        rx: usize::MAX,
        tx: usize::MAX,
    };
    loop {
        let Some(blob) = blobs.slots.load(blobs.in_use) else {
            blobs.wait().await;
            continue;
        };
        // The application has logged the outcome; an undelivered order waits in the journal.
        let _outcome = device::run::<MAX_ANCHORS, _>(stack, &blob, &task, board, memory).await;
        info!("next order in {} s", PAUSE.as_secs());
        Timer::after(PAUSE).await;
    }
}
