//! The blob of the device: who it is, whom it trusts, where it posts.

use embassy_time::{Duration, Timer};
use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use embedded_storage::nor_flash::NorFlash;
use flash_journal::{BlobSlots, BlobStore};
use gateway::Shown;
use gateway::provider::Provider;
use logging::error;
use static_cell::ConstStaticCell;
use zeroize::Zeroizing;

use crate::storage::Image;

/// Bytes of the longest blob that a board reads: several chains, also of RSA.
pub(crate) const LONGEST: usize = 8 * 1024;

/// The pause between two messages about a missing blob.
const PAUSE: Duration = Duration::from_secs(30);

/// Memory for a blob.
type Memory = [u8; LONGEST];

/// The two slots of the blob, and memory for the one in use and for a new one.
pub struct Blobs<F> {
    pub(crate) store: BlobStore<'static, F>,
    pub(crate) in_use: &'static mut [u8],
    pub(crate) image: &'static Image,
}

impl<F: NorFlash> Blobs<F> {
    pub(crate) fn new(slots: BlobSlots<F>, image: &'static Image) -> Self {
        static ROOM: ConstStaticCell<[Memory; 3]> = ConstStaticCell::new([[0; LONGEST]; 3]);
        let [in_use, received, scratch] = ROOM.take();
        Self { store: BlobStore::new(slots, received, scratch), in_use, image }
    }

    /// Returns the digest of the newest blob, which nobody knows who has not read the flash if a private key lies in it. Waits until
    /// there is a blob.
    pub async fn secret(&mut self) -> Zeroizing<[u8; 32]> {
        while self.store.load(self.in_use).is_none() {
            self.wait().await;
        }
        let digest = Provider.digest(HashAlgorithm::Sha256, &[&*self.in_use]).ok();
        Zeroizing::new(digest.and_then(|digest| digest.as_bytes().first_chunk().copied()).unwrap_or_default())
    }

    /// Logs why there is no blob, and how to make one; then gives it time to come.
    pub(crate) async fn wait(&mut self) {
        let base = self.image.base;
        for (place, refusal) in self.store.refusals() {
            match refusal {
                Some(refusal) => error!("flash at {:#010x}: no blob: {}", base + place, Shown(refusal)),
                None => error!("flash at {:#010x}: no blob: it cannot be read", base + place),
            }
        }
        error!(
            "wanted: a blob of the fleet whose key is in this image, with an identity for this device and an endpoint"
        );
        error!("mtls provision new device.bin --flash-address {:#010x} ...", base + self.image.slots.start);
        error!("prints the command that writes it: see boards/README.md. Looking again in {} s", PAUSE.as_secs());
        Timer::after(PAUSE).await;
    }
}
