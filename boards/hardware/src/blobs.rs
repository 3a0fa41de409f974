//! The blob of the device: who it is, whom it trusts, where it posts.

use embassy_time::{Duration, Timer};
use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use embedded_storage::nor_flash::NorFlash;
use flash_journal::{BlobError, BlobSlots, BlobStore};
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

    /// Returns the SHA-256 digest of the newest blob, a secret if the blob has a private key in the clear. Waits until there is a blob.
    pub async fn secret(&mut self) -> Zeroizing<[u8; 32]> {
        while self.store.load(self.in_use).is_none() {
            self.wait().await;
        }
        let digest = Provider.digest(HashAlgorithm::Sha256, &[&*self.in_use]).ok();
        Zeroizing::new(digest.and_then(|digest| digest.as_bytes().first_chunk().copied()).unwrap_or_default())
    }

    /// Logs why there is no blob, and how to make one; then gives it time to come.
    pub(crate) async fn wait(&mut self) {
        for (address, refusal) in self.refusals() {
            match refusal {
                Some(refusal) => error!("flash at {:#010x}: no blob: {}", address, Shown(refusal)),
                None => error!("flash at {:#010x}: no blob: it cannot be read", address),
            }
        }
        error!(
            "wanted: a blob of the fleet whose key is in this image, with an identity for this device and an endpoint"
        );
        error!("mtls provision new device.bin --flash-address {:#010x} ...", self.start());
        error!("prints the command that writes it: see boards/README.md. Looking again in {} s", PAUSE.as_secs());
        Timer::after(PAUSE).await;
    }

    /// Returns why there is no blob: for each slot its address, as tools for the flash count, and what is wrong there.
    fn refusals(&mut self) -> [(u32, Option<BlobError>); 2] {
        let start = self.start();
        // The slots are in a part of the flash, from whose start they are counted.
        self.store.refusals().map(|(place, refusal)| (start + place, refusal))
    }

    /// Returns the address of the first slot.
    const fn start(&self) -> u32 {
        self.image.base + self.image.slots.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Storage;
    use gateway::FleetKey;
    use mtls_journal::simulator::Flash;

    #[test]
    fn a_missing_blob_is_reported_at_the_addresses_of_the_slots() {
        static IMAGE: Image = Image {
            fleet_key: FleetKey::new([4; 65]),
            built: 0,
            base: 0x1000_0000,
            slots: 0x1000..0x3000,
            journal: 0x3000..0x7000,
        };
        let storage = Storage::new(Flash::<4, 4096>::new(0x8000));
        let mut blobs = storage.blobs(&IMAGE);
        assert_eq!(blobs.refusals().map(|(address, _)| address), [0x1000_1000, 0x1000_2000]);
        assert!(blobs.refusals().iter().all(|(_, refusal)| refusal.is_some()));
        assert_eq!(blobs.start(), 0x1000_1000);
    }
}
