//! The blob of the device: who it is, whom it trusts, where it posts.

use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use embedded_mtls::x509::UnixTime;
use embedded_storage::nor_flash::NorFlash;
use flash_journal::{BlobError, BlobStore};
use gateway::Shown;
use gateway::provider::Provider;
use logging::error;
use zeroize::Zeroizing;

use crate::device::Lack;

/// Bytes of the longest blob that a board reads: several chains, also of RSA.
pub(crate) const LONGEST: usize = 8 * 1024;

/// The two slots of the blob, and memory for a new one.
pub struct Blobs<F> {
    pub(crate) store: BlobStore<'static, F>,
    /// The address of the first slot.
    pub(crate) start: u32,
    /// The time of the build.
    pub(crate) built: UnixTime,
}

impl<F: NorFlash> Blobs<F> {
    /// Returns the SHA-256 digest of the newest blob with its slot; `None` if there is none.
    pub(crate) fn digest(&mut self) -> Option<Zeroizing<[u8; 32]>> {
        let digest = self.store.with_slot(|slot| Provider.digest(HashAlgorithm::Sha256, &[slot]).ok());
        Some(Zeroizing::new(*digest.flatten()?.as_bytes().first_chunk()?))
    }

    /// Logs why the device cannot work, and how to make a blob that mends it.
    pub(crate) fn explain(&mut self, lack: Lack) {
        let command = match lack {
            Lack::Blob => {
                for (address, refusal) in self.refusals() {
                    match refusal {
                        Some(refusal) => error!("flash at {:#010x}: no blob: {}", address, Shown(refusal)),
                        None => error!("flash at {:#010x}: no blob: it cannot be read", address),
                    }
                }
                error!(
                    "wanted: a blob of the fleet whose key is in this image, with an identity for this device and an endpoint"
                );
                "new"
            }
            Lack::Key => {
                error!(
                    "wanted: a newer blob with a certificate that answers the request of this device, and --handle 0"
                );
                "rotate"
            }
        };
        error!("mtls provision {} device.bin --flash-address {:#010x} ...", command, self.start);
        error!("prints the command that writes it, and mtls provision send sends it: see boards/README.md");
    }

    /// Returns why there is no blob: for each slot its address, as tools for the flash count, and what is wrong there.
    fn refusals(&mut self) -> [(u32, Option<BlobError>); 2] {
        let start = self.start;
        // The slots are in a part of the flash, from whose start they are counted.
        self.store.refusals().map(|(place, refusal)| (start + place, refusal))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Image, Storage};
    use flash_journal::Pages;
    use gateway::FleetKey;
    use mtls_journal::simulator::Flash;

    #[test]
    fn a_missing_blob_is_reported_at_the_addresses_of_the_slots() {
        type Disk = Pages<Flash<4, 4096>, 8192>;
        static IMAGE: Image<Disk> = Image::new(FleetKey::new([4; 65]), 0, 0x1000_0000, 0x2000..0x6000, 0x6000..0xa000);
        let storage = Storage::new(Pages::new(Flash::new(0xa000)));
        let mut blobs = storage.blobs(&IMAGE);
        assert_eq!(blobs.refusals().map(|(address, _)| address), [0x1000_2000, 0x1000_4000]);
        assert!(blobs.refusals().iter().all(|(_, refusal)| refusal.is_some()));
        assert_eq!(blobs.start, 0x1000_2000);
    }
}
