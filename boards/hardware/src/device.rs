//! The functions of the device, from its peripherals.

use embedded_mtls::KeyHandle;
use embedded_storage::nor_flash::NorFlash;
use flash_journal::FlashJournal;
use gateway::provider::SigningKey;
use gateway::{Board, Journal};

/// A generator of random numbers, a journal, and the key of the only credential.
pub struct Device<'m, R, F: NorFlash, S> {
    /// Fills memory with random bytes from the hardware generator; `false` if none are available.
    pub generator: R,
    /// The journal of the order.
    pub journal: FlashJournal<'m, F>,
    /// The signer.
    pub signer: S,
}

/// A signer with the key of the device's credential.
#[allow(async_fn_in_trait, reason = "single-threaded executors need no Send bound")]
pub trait Signer {
    /// Signs a SHA-256 digest with ECDSA on P-256, returning `r` and `s`; `None` if it cannot. `hedge` is added to the
    /// nonce.
    async fn sign(&mut self, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]>;
}

/// A key in software. It is part of the image, so anyone who can read the flash has it.
///
/// A secure element protects it better, and replaces this type: a struct with the `embedded_hal_async::i2c::I2c` of the
/// board whose `sign` sends the digest and waits. For an ATECC608 that is the command Nonce in pass-through mode with
/// the digest, then Sign in external mode with the slot of the key; its answer is `r` and `s` in the form required
/// here. It takes about 100 ms, during which other tasks run. The certificate is then issued for the key that the chip
/// generated, and the provisioned directory needs no `gateway.key`.
pub struct SoftwareKey(SigningKey);

impl SoftwareKey {
    /// Creates a key from its private scalar; `None` if it is not between 0 and the order of the group.
    pub fn new(scalar: &[u8; 32]) -> Option<Self> {
        SigningKey::from_bytes(scalar).ok().map(Self)
    }
}

impl Signer for SoftwareKey {
    async fn sign(&mut self, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]> {
        self.0.sign_digest(digest, hedge).ok()
    }
}

impl<R, F: NorFlash, S> Journal for Device<'_, R, F, S> {
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

impl<R: FnMut(&mut [u8]) -> bool, F: NorFlash, S: Signer> Board for Device<'_, R, F, S> {
    fn entropy(&mut self, out: &mut [u8]) -> bool {
        (self.generator)(out)
    }

    async fn sign(&mut self, _key: KeyHandle, digest: &[u8; 32], hedge: &[u8]) -> Option<[u8; 64]> {
        // There is one credential, so there is one key.
        self.signer.sign(digest, hedge).await
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
