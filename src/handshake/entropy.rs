//! All randomness of one handshake.

use crate::crypto::{CryptoError, CryptoProvider, HashAlgorithm, KEY_SEED_LEN};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The randomness of one handshake, as data: 128 bytes from a cryptographically secure source,
/// **never used twice**. Wiped when dropped.
///
/// The handshake needs no generator beside it, so tests and recorded handshakes replay exactly. What is needed beyond
/// these bytes, such as the hedges of signatures, is expanded from them. A board fills it from its hardware generator.
#[derive(ZeroizeOnDrop)]
pub struct Entropy {
    random: [u8; 32],
    session_id: [u8; 32],
    first_seed: [u8; KEY_SEED_LEN],
    second_seed: [u8; KEY_SEED_LEN],
}

debug_by_name!("Entropy", [] Entropy);

impl Entropy {
    /// Bytes that are needed.
    pub const LEN: usize = 128;

    /// Takes the bytes as they come.
    pub fn new(bytes: &[u8; Self::LEN]) -> Self {
        let mut entropy = Self {
            random: [0; 32],
            session_id: [0; 32],
            first_seed: [0; KEY_SEED_LEN],
            second_seed: [0; KEY_SEED_LEN],
        };
        let parts = [&mut entropy.random, &mut entropy.session_id, &mut entropy.first_seed, &mut entropy.second_seed];
        for (part, chunk) in parts.into_iter().zip(bytes.chunks_exact(32)) {
            part.copy_from_slice(chunk);
        }
        entropy
    }

    /// Entropy from the operating system.
    ///
    /// # Errors
    /// The error of the operating system.
    #[cfg(feature = "std")]
    pub fn from_system() -> std::io::Result<Self> {
        let mut bytes = zeroize::Zeroizing::new([0; Self::LEN]);
        getrandom::fill(&mut *bytes).map_err(std::io::Error::from)?;
        Ok(Self::new(&bytes))
    }

    /// `random` of our hello.
    pub(crate) const fn random(&self) -> &[u8; 32] {
        &self.random
    }

    /// `legacy_session_id` of a client in compatibility mode.
    pub(crate) const fn session_id(&self) -> &[u8; 32] {
        &self.session_id
    }

    /// The seed of the key share in this place of a ClientHello.
    pub(crate) const fn seed(&self, place: usize) -> &[u8; KEY_SEED_LEN] {
        if place == 0 { &self.first_seed } else { &self.second_seed }
    }

    /// Puts a seed in the first place of which no share was made yet, for the share that a HelloRetryRequest asks
    /// for; of the seeds there are, so many were used.
    pub(crate) fn renew_seed<C: CryptoProvider>(&mut self, provider: C, used: usize) -> Result<(), CryptoError> {
        if used <= 1 {
            self.first_seed = self.second_seed;
            return Ok(());
        }
        let mut seed = provider.hmac(HashAlgorithm::Sha256, &self.second_seed, &[b"HelloRetryRequest"])?;
        if let Some(bytes) = seed.as_bytes().first_chunk() {
            self.first_seed = *bytes;
        }
        seed.zeroize();
        Ok(())
    }

    /// The seed of the key share of a server.
    pub(crate) const fn first_seed(&self) -> &[u8; KEY_SEED_LEN] {
        &self.first_seed
    }

    /// Returns the seed of the contexts of a server's later requests: a server has no use for a session id of
    /// its own.
    #[cfg(feature = "post-handshake-auth")]
    pub(crate) const fn context_seed(&self) -> &[u8; 32] {
        &self.session_id
    }

    /// Expands the seeds to a further `seed` for the use that `label` names (HMAC-SHA-256). To be called before they
    /// are forgotten; it does not tell what they were.
    pub(crate) fn expand<C: CryptoProvider>(
        &self,
        provider: C,
        label: &[u8],
        seed: &mut [u8; KEY_SEED_LEN],
    ) -> Result<(), CryptoError> {
        let mut mac = provider.hmac(HashAlgorithm::Sha256, &self.second_seed, &[&self.first_seed, label])?;
        seed.copy_from_slice(mac.as_bytes().get(..KEY_SEED_LEN).ok_or(CryptoError::Invalid)?);
        mac.zeroize();
        Ok(())
    }

    /// Wipes the seeds: the key exchange is over, and what is recorded must stay secret when this memory
    /// is read later.
    pub(crate) fn forget_seeds(&mut self) {
        self.first_seed.zeroize();
        self.second_seed.zeroize();
    }
}
