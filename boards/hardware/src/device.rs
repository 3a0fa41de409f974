//! The functions of the device, from its peripherals.

use embassy_time::{Duration, Instant, Timer};
use embedded_io_async::{Read, Write};
use embedded_mtls::KeyHandle;
use embedded_mtls::x509::UnixTime;
use embedded_storage::nor_flash::NorFlash;
use flash_journal::FlashJournal;
use gateway::enrolment::OWN_KEY;
use gateway::provider::SigningKey;
use gateway::{
    Blob, Board, Journal, NotProvisioned, Provisioned, Role, Site, StoredKey, Unreadable, enrolment, serial,
    software_key,
};
use logging::error;
use zeroize::Zeroizing;

use crate::blobs::Blobs;
use crate::run::MAX_ANCHORS;

/// A generator of random numbers, the blob, a journal, and the keys of the device.
pub struct Device<'m, R, F: NorFlash, K> {
    /// Fills memory with random bytes from the hardware generator; `false` if none are available.
    pub generator: R,
    /// The blob.
    pub blobs: Blobs<F>,
    /// The journal of the order.
    pub journal: FlashJournal<'m, F>,
    /// The keys.
    pub keys: K,
}

/// The place of the device's keys.
#[allow(async_fn_in_trait, reason = "single-threaded executors need no Send bound")]
pub trait Keys {
    /// True if a device without a blob makes a key in software and requests a certificate for it. A secure element makes its keys
    /// itself, and a key in flash would be worth less: the request is for the key of handle 0, if it has one.
    const MAKES_OWN_KEY: bool;

    /// Returns the public key of an identity, whose key is as a blob has it: its uncompressed point. `None` if the key cannot be used here.
    /// A secure element was asked for it at the start.
    fn public_key(&self, key: StoredKey<'_>) -> Option<[u8; 65]>;

    /// Takes the key of the identity in use, as the blob has it; `false` if it cannot be used here.
    fn take(&mut self, key: StoredKey<'_>) -> bool;

    /// Signs a SHA-256 digest with ECDSA on P-256, returning `r` and `s`; `None` if it cannot. `hedge` is added to the
    /// nonce.
    async fn sign(&mut self, key: KeyHandle, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]>;
}

/// Keys on P-256 in software. They lie in flash in the clear, in the blob or, if the device has made its key itself, in the journal: anyone
/// who can read the flash has them.
///
/// A secure element protects its keys better, and replaces this type: a struct with the `embedded_hal_async::i2c::I2c` of
/// the board that takes a `StoredKey::Handle`, makes no key of its own, and whose `sign` sends the digest and waits. For an ATECC608 that is the
/// command Nonce in pass-through mode with the digest, then Sign in external mode with the slot of the key, which is the
/// handle; its answer is `r` and `s` in the form required here. It takes about 100 ms, during which other tasks run. The
/// certificate is then issued for the key that the chip generated, and the blob made with `--handle`.
#[derive(Default)]
pub struct SoftwareKeys(Option<SigningKey>);

impl Keys for SoftwareKeys {
    const MAKES_OWN_KEY: bool = true;

    fn public_key(&self, key: StoredKey<'_>) -> Option<[u8; 65]> {
        software_key(key).map(|key| key.public_key())
    }

    fn take(&mut self, key: StoredKey<'_>) -> bool {
        self.0 = software_key(key);
        self.0.is_some()
    }

    async fn sign(&mut self, _key: KeyHandle, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]> {
        // There is one credential, so there is one key.
        self.0.as_ref()?.sign_digest(digest, hedge).ok()
    }
}

/// A blob with which the device can work only after its owner has acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// There is none.
    Blob,
    /// The key of its certificates, which the device had made, is lost.
    Key,
}

/// The pause between two looks for a blob with which the device can work.
const PAUSE: Duration = Duration::from_secs(30);

impl<R: FnMut(&mut [u8]) -> bool, F: NorFlash, K: Keys> Device<'_, R, F, K> {
    /// Returns the SHA-256 digest of the newest blob with its slot, a secret if the blob has a private key in the clear. Waits until there is
    /// a blob, in flash or from the serial line.
    pub async fn secret(&mut self, line: &mut (impl Read + Write)) -> Zeroizing<[u8; 32]> {
        loop {
            if let Some(digest) = self.blobs.digest() {
                return digest;
            }
            self.wait(Lack::Blob, line).await;
        }
    }

    /// Logs what the device lacks, and gives it time to come.
    pub(crate) async fn wait(&mut self, lack: Lack, line: &mut (impl Read + Write)) {
        self.blobs.explain(lack);
        error!("looking again in {} s", PAUSE.as_secs());
        self.rest(line, Instant::now() + PAUSE, true).await;
    }

    /// Takes blobs from the serial line until `end`; if the device needs one, only until one is stored.
    pub(crate) async fn rest(&mut self, line: &mut (impl Read + Write), end: Instant, needs_blob: bool) {
        while serial::take_blob(line, self, end).await {
            if needs_blob {
                return;
            }
        }
        Timer::at(end).await;
    }

    /// Copies the newest blob into `in_use`.
    pub(crate) fn find<'u>(&mut self, in_use: &'u mut [u8]) -> Result<Blob<'u>, Lack> {
        let Self { blobs, journal, keys, .. } = self;
        let blob = blobs.store.load(in_use).ok_or(Lack::Blob)?;
        let (own_key, public_key) = (own_key(journal), |key: StoredKey<'_>| keys.public_key(key));
        // The site has no settings: see `run`.
        if enrolment::is_key_lost(&blob, &Site::default(), Role::Gateway, own_key, public_key) {
            return Err(Lack::Key);
        }
        Ok(blob)
    }

    /// Requests a certificate for the first key of a secure element, or for one that the device makes if it has none; `false` if that is
    /// impossible.
    pub(crate) async fn request(&mut self, name: &str) -> bool {
        match self.keys.public_key(StoredKey::Handle(OWN_KEY)) {
            Some(point) => enrolment::request_of(self, KeyHandle(OWN_KEY), &point, name).await,
            None => K::MAKES_OWN_KEY && enrolment::request(self, name),
        }
    }
}

/// Checks that the device can work with a blob.
fn usable<F: NorFlash>(
    blob: &Blob<'_>,
    journal: &mut FlashJournal<'_, F>,
    keys: &impl Keys,
    built: UnixTime,
) -> Result<(), NotProvisioned> {
    let public_key = |key| enrolment::find_key(key, || own_key(journal), |key| keys.public_key(key));
    // The site has no settings: see `run`.
    Provisioned::<MAX_ANCHORS>::check(blob, &Site::default(), Role::Gateway, built, public_key)
}

fn own_key<F: NorFlash>(journal: &mut FlashJournal<'_, F>) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
    journal.own_key().map_err(|_| Unreadable)
}

impl<R, F: NorFlash, K> Journal for Device<'_, R, F, K> {
    fn load(&mut self, memory: &mut [u8]) -> Option<usize> {
        self.journal.load(memory)
    }

    fn store(&mut self, order: &[u8]) -> bool {
        self.journal.store(order)
    }

    fn clear(&mut self) -> bool {
        self.journal.clear()
    }
}

impl<R: FnMut(&mut [u8]) -> bool, F: NorFlash, K: Keys> Board for Device<'_, R, F, K> {
    fn entropy(&mut self, out: &mut [u8]) -> bool {
        (self.generator)(out)
    }

    fn blob_memory(&mut self) -> &mut [u8] {
        self.blobs.store.memory()
    }

    fn take_blob(&mut self, len: usize) -> bool {
        let Self { blobs, journal, keys, .. } = self;
        let built = blobs.built;
        blobs.store.take(len, |blob| usable(blob, journal, keys, built))
    }

    fn take_key(&mut self, key: StoredKey<'_>) -> bool {
        let Self { journal, keys, .. } = self;
        enrolment::find_key(key, || own_key(journal), |key| keys.take(key).then_some(())).is_some()
    }

    fn own_key(&mut self) -> Result<Option<Zeroizing<[u8; 32]>>, Unreadable> {
        own_key(&mut self.journal)
    }

    fn keep_own_key(&mut self, key: &[u8; 32]) -> bool {
        self.journal.keep_own_key(key)
    }

    async fn sign(&mut self, key: KeyHandle, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]> {
        self.keys.sign(key, digest, hedge).await
    }

    fn take_ticket(&mut self, memory: &mut [u8]) -> Option<usize> {
        self.journal.take_ticket(memory)
    }

    fn keep_ticket(&mut self, ticket: &[u8]) -> bool {
        self.journal.keep_ticket(ticket)
    }

    #[cfg(all(target_os = "none", target_arch = "arm"))]
    fn stack(&self) -> Option<(usize, usize)> {
        Some(high_water::usage(0))
    }

    #[cfg(not(all(target_os = "none", target_arch = "arm")))]
    fn stack(&self) -> Option<(usize, usize)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::LONGEST;
    use crate::{Image, Storage};
    use core::convert::Infallible;
    use embassy_futures::block_on;
    use embedded_io_async::ErrorType;
    use embedded_mtls_blob::{Content, Endpoint, Identity};
    use flash_journal::Pages;
    use gateway::FleetKey;
    use gateway::provider::Provider;
    use mtls_journal::simulator::Flash;
    use std::boxed::Box;
    use std::vec;
    use std::vec::Vec;

    type Disk = Pages<Flash<4, 4096>, 8192>;

    const ROOT: &[u8] = include_bytes!("../../../tests/data/algorithms/p256-sha384/root.der");
    const CLIENT: &[u8] = include_bytes!("../../../tests/data/algorithms/p256-sha384/client.der");
    /// The key of the client, in PKCS#8.
    const KEY: &[u8] = include_bytes!("../../../tests/data/algorithms/p256-sha384/leaf-key.der");

    /// A serial line.
    struct Line {
        comes: Vec<u8>,
        said: Vec<u8>,
    }

    impl ErrorType for Line {
        type Error = Infallible;
    }

    impl Read for Line {
        async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
            self.comes.as_slice().read(out).await.map(|count| self.comes.drain(..count).count())
        }
    }

    impl Write for Line {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            self.said.extend(bytes);
            Ok(bytes.len())
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    /// Makes a blob for the key that the device has made, with the chain of the client.
    fn blob(version: u64, fleet: &SigningKey) -> Vec<u8> {
        let endpoint = Endpoint { host: "h", port: 1, server_name: "s", path: "/", time_server: "" };
        let identities = vec![Identity { alias: "a", key: StoredKey::Handle(OWN_KEY), chain: CLIENT }];
        let (active, endpoint, anchors) = (Some(0), Some(endpoint), vec![ROOT]);
        let content = Content { version, active, endpoint, anchors, identities, ..Content::default() };
        content.seal(Provider, |digest| fleet.sign_digest(digest, &[]).ok()).unwrap()
    }

    #[test]
    fn a_device_that_has_lost_its_key_makes_another_and_works_with_the_answer_to_its_request() {
        let fleet = SigningKey::from_bytes(&[1; 32]).unwrap();
        let (slots, journal) = (0x2000..0x6000, 0x6000..0xa000);
        let image = Image::<Disk>::new(FleetKey::new(fleet.public_key()), 0, 0, slots, journal);
        let mut flash = Flash::new(0xa000);
        let lost = blob(1, &fleet);
        flash.bytes[0x2000..][..lost.len()].copy_from_slice(&lost);
        let storage = Storage::new(Pages::new(flash));
        // RFC 5958 section 2 and RFC 5915 section 3: the scalar of the client is behind two versions.
        let at = KEY.windows(5).position(|window| window == [2, 1, 1, 4, 32]).unwrap() + 5;
        let (certified, mut numbers) = (KEY[at..].first_chunk::<32>().unwrap(), vec![[3; 32]]);
        let generator = |out: &mut [u8]| {
            numbers.pop().is_some_and(|bytes| {
                out.copy_from_slice(&bytes);
                true
            })
        };
        let memory = Box::leak(Box::new([[0; LONGEST]; 2]));
        let (blobs, journal) = (storage.blobs_with(&image, memory), storage.journal(&image));
        let mut device = Device { generator, blobs, journal, keys: SoftwareKeys::default() };
        let mut in_use = [0; LONGEST];
        let mut found = |device: &mut Device<'_, _, _, _>| device.find(&mut in_use).map(|blob| blob.version);

        assert_eq!(found(&mut device), Err(Lack::Key));
        assert!(block_on(device.request("gateway-7")));
        assert_eq!(device.own_key(), Ok(Some(Zeroizing::new([3; 32]))));
        // The certificates are still those of the last key, and a second request needs no other number.
        assert_eq!(found(&mut device), Err(Lack::Key));
        assert!(block_on(device.request("gateway-7")));
        // The blob with the answer, as far as this device can tell: one for the key that it has now.
        assert!(device.keep_own_key(certified));
        let answer = blob(2, &fleet);
        let mut line = Line { comes: [b"login: ", &answer[..]].concat(), said: Vec::new() };
        block_on(device.rest(&mut line, Instant::MAX, true));
        assert_eq!((line.said.as_slice(), found(&mut device)), (&b"mtls-blob: stored\n"[..], Ok(2)));
    }
}
