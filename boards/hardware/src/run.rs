//! The main loop: post the waiting order or a new one, wait, repeat.

use embassy_net::Stack;
use embassy_time::{Duration, Instant};
use embedded_io_async::{Read, Write};
use embedded_storage::nor_flash::NorFlash;
use gateway::{Memory, Retry, Role, Site, Task, device, enrolment, sample};
use logging::info;
use static_cell::ConstStaticCell;

use crate::blobs::LONGEST;
use crate::device::{Device, Keys};

/// The pause between two runs. Your gateway waits for its machine instead.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// The time limit of an attempt: a handshake on a slow core, and a slow server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Most trust anchors and pins in a blob.
pub(crate) const MAX_ANCHORS: usize = 4;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

/// Memory for the blob in use, from which connections borrow.
static IN_USE: ConstStaticCell<[u8; LONGEST]> = ConstStaticCell::new([0; LONGEST]);

/// Runs the gateway for ever, each time with the newest blob. While there is none, or the key of its certificates is lost, it says so, and
/// requests a certificate: for the first key of a secure element, or for one that it makes. Between two orders it takes blobs from the serial
/// line.
///
/// # Panics
/// If it is called twice.
pub async fn run<R: FnMut(&mut [u8]) -> bool, F: NorFlash, K: Keys>(
    stack: Stack<'_>,
    mut device: Device<'_, R, F, K>,
    mut line: impl Read + Write,
) -> ! {
    let (memory, in_use) = (MEMORY.take(), IN_USE.take());
    let task = Task {
        // What the blob leaves to a site, your gateway takes from its own settings.
        site: Site::default(),
        role: Role::Gateway,
        asks_late: cfg!(feature = "post-handshake-auth"),
        // Your gateway puts here what its machine has run out of.
        order: sample::ORDER,
        built: device.blobs.built,
        patience: PATIENCE,
        retry: Retry::USUAL,
        rx: usize::MAX,
        tx: usize::MAX,
    };
    // A device that cannot make a key, or keep it, does not try again.
    let mut requests = true;
    loop {
        let blob = match device.find(in_use) {
            Ok(blob) => blob,
            Err(lack) => {
                // The authority answers with a certificate for a blob with the handle of this key.
                if let Some(name) = enrolment::name(stack).filter(|_| requests) {
                    requests = device.request(&name).await;
                }
                device.wait(lack, &mut line).await;
                continue;
            }
        };
        // The application has logged the outcome; an undelivered order waits in the journal.
        let outcome = device::run::<MAX_ANCHORS, _>(stack, &blob, &task, &mut device, memory).await;
        info!("next order in {} s", PAUSE.as_secs());
        // A newer blob is often what its owner does about an order that is not delivered: it is tried again with that at once.
        device.rest(&mut line, Instant::now() + PAUSE, outcome.is_err()).await;
    }
}
