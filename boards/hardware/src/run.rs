//! The main loop: post the waiting order or a new one, wait, repeat.

use core::fmt::Write as _;

use embassy_net::{HardwareAddress, Stack};
use embassy_time::{Duration, Timer};
use embedded_mtls::KeyHandle;
use embedded_storage::nor_flash::NorFlash;
use gateway::enrolment::{self, OWN_KEY};
use gateway::{Memory, Retry, Role, Site, StoredKey, Task, device, sample};
use heapless::String;
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

/// Runs the gateway for ever, each time with the newest blob. While there is none, it says so, and requests a certificate: for the first
/// key of a secure element, or for one that it makes.
///
/// # Panics
/// If it is called twice.
pub async fn run<R: FnMut(&mut [u8]) -> bool, F: NorFlash, K: Keys>(
    stack: Stack<'_>,
    mut device: Device<'_, R, F, K>,
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
        let Some(blob) = device.blobs.store.load(in_use) else {
            // The authority answers with a certificate for a blob with the handle of this key.
            if let Some(name) = name(stack).filter(|_| requests) {
                requests = match device.keys.public_key(StoredKey::Handle(OWN_KEY)) {
                    Some(point) => enrolment::request_of(&mut device, KeyHandle(OWN_KEY), &point, &name).await,
                    None => K::MAKES_OWN_KEY && enrolment::request(&mut device, &name),
                };
            }
            device.blobs.wait().await;
            continue;
        };
        // The application has logged the outcome; an undelivered order waits in the journal.
        let _outcome = device::run::<MAX_ANCHORS, _>(stack, &blob, &task, &mut device, memory).await;
        info!("next order in {} s", PAUSE.as_secs());
        Timer::after(PAUSE).await;
    }
}

/// Returns the name of the device: `gateway-` and its address in the network.
fn name(stack: Stack<'_>) -> Option<String<24>> {
    let mut name = String::new();
    name.push_str("gateway-").ok()?;
    let HardwareAddress::Ethernet(address) = stack.hardware_address();
    address.0.iter().try_for_each(|byte| write!(name, "{byte:02x}")).ok()?;
    Some(name)
}
