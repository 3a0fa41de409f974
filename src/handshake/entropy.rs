//! All randomness of one handshake.

use crate::codec::copy;
use crate::crypto::{CryptoError, CryptoProvider, HashAlgorithm, KEY_SEED_LEN};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The randomness of one handshake, as data: 128 bytes from a cryptographically secure source,
/// **never used twice**. Wiped when dropped.
///
/// The handshake uses no other generator, so tests and recorded handshakes replay exactly. Further randomness, such as
/// hedges of signatures, is expanded from these bytes. A board fills it from its hardware generator.
#[derive(ZeroizeOnDrop)]
pub struct Entropy {
    random: [u8; 32],
    session_id: [u8; 32],
    first_seed: [u8; KEY_SEED_LEN],
    second_seed: [u8; KEY_SEED_LEN],
}

debug_by_name!("Entropy", [] Entropy);

impl Entropy {
    /// The number of bytes.
    pub const LEN: usize = 128;

    /// Creates entropy from these bytes.
    pub fn new(bytes: &[u8; Self::LEN]) -> Self {
        // Each part is read where it goes: a variable would leave a copy on the stack.
        let part = |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        Self { random: part(0), session_id: part(32), first_seed: part(64), second_seed: part(96) }
    }

    /// Reads entropy from the operating system.
    ///
    /// # Errors
    /// The error of the operating system.
    #[cfg(feature = "std")]
    pub fn from_system() -> std::io::Result<Self> {
        let mut bytes = zeroize::Zeroizing::new([0; Self::LEN]);
        getrandom::fill(&mut *bytes).map_err(std::io::Error::from)?;
        Ok(Self::new(&bytes))
    }

    /// Returns the `random` of our hello.
    ///
    /// RFC 9846 section 4.2.3.
    pub(crate) const fn random(&self) -> &[u8; 32] {
        &self.random
    }

    /// Returns the `legacy_session_id` of a client in compatibility mode.
    pub(crate) const fn session_id(&self) -> &[u8; 32] {
        &self.session_id
    }

    /// Returns the seed of the key share at this index of a ClientHello.
    ///
    /// RFC 9846 section 4.3.8.
    pub(crate) const fn seed(&self, place: usize) -> &[u8; KEY_SEED_LEN] {
        if place == 0 { &self.first_seed } else { &self.second_seed }
    }

    /// Sets a seed at the first unused index, for the share that a HelloRetryRequest requests; `used` seeds are already
    /// used.
    pub(crate) fn renew_seed<C: CryptoProvider>(&mut self, provider: C, used: usize) -> Result<(), CryptoError> {
        if used <= 1 {
            self.first_seed = self.second_seed;
            return Ok(());
        }
        let mut seed = provider.hmac(HashAlgorithm::Sha256, &self.second_seed, &[b"HelloRetryRequest"])?;
        let renewed = seed.as_bytes().first_chunk().copied();
        seed.zeroize();
        self.first_seed = renewed.ok_or(CryptoError::Invalid)?;
        Ok(())
    }

    /// Returns the seed of a server's key share.
    pub(crate) const fn first_seed(&self) -> &[u8; KEY_SEED_LEN] {
        &self.first_seed
    }

    /// Returns the seed of the contexts of a server's later requests, and of its tickets, since a server needs no session
    /// ID of its own.
    #[cfg(any(feature = "post-handshake-auth", feature = "resumption"))]
    pub(crate) const fn context_seed(&self) -> &[u8; 32] {
        &self.session_id
    }

    /// Expands the seeds to a further `seed` for the purpose in `label` (HMAC-SHA-256). Call it before the seeds are
    /// wiped; the result does not reveal them.
    pub(crate) fn expand<C: CryptoProvider>(
        &self,
        provider: C,
        label: &[u8],
        seed: &mut [u8; KEY_SEED_LEN],
    ) -> Result<(), CryptoError> {
        let mut mac = provider.hmac(HashAlgorithm::Sha256, &self.second_seed, &[&self.first_seed, label])?;
        copy(seed, mac.as_bytes().get(..KEY_SEED_LEN).ok_or(CryptoError::Invalid)?);
        mac.zeroize();
        Ok(())
    }

    /// Wipes the seeds after the key exchange: a recorded connection must stay secret if this memory is read later.
    pub(crate) fn forget_seeds(&mut self) {
        self.first_seed.zeroize();
        self.second_seed.zeroize();
    }
}
