//! Random numbers that a seed determines.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use embedded_mtls::Entropy;

/// A generator of the key stream of `ChaCha` with 8 rounds, whose key is the seed. The numbers are those of the algorithm, so
/// that a seed gives the same run with any version and on any processor. It is for simulations only: it has no secrets.
pub struct Random(ChaCha8Rng);

impl Random {
    /// Creates the generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self::of(seed, [0; 3])
    }

    /// Creates a generator of its own for each `purpose`, so that drawing more for one does not change another.
    #[must_use]
    pub fn of(seed: u64, purpose: [u64; 3]) -> Self {
        let mut key = [0; 32];
        for (part, value) in key.chunks_exact_mut(8).zip([seed].into_iter().chain(purpose)) {
            part.copy_from_slice(&value.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Draws 64 bits.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws a number below `end`; 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// Returns true in `per_million` of a million cases.
    pub fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < u64::from(per_million)
    }

    /// Draws `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Draws the entropy of a handshake.
    pub fn entropy(&mut self) -> Entropy {
        Entropy::new(&self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_the_numbers_and_a_purpose_has_its_own() {
        let drawn = |purpose| {
            let mut random = Random::of(7, purpose);
            [random.next(), random.next()]
        };
        assert_eq!(drawn([1, 2, 3]), drawn([1, 2, 3]));
        assert_ne!(drawn([1, 2, 3]), drawn([1, 3, 2]));
        assert_ne!(drawn([1, 2, 3]), drawn([0, 2, 3]));
    }

    #[test]
    fn the_numbers_of_a_seed_are_those_of_the_algorithm() {
        // The key stream of ChaCha8 for a key and a nonce of zeros.
        assert_eq!(Random::new(0).next().to_le_bytes(), [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6]);
        assert_eq!(Random::new(0).bytes(), [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6, 0x7f, 0x5b]);
    }

    #[test]
    fn a_chance_is_met_about_as_often_as_it_says() {
        let mut random = Random::new(1);
        let met = (0..100_000).filter(|_| random.chance(10_000)).count();
        assert!((900..1100).contains(&met), "{met}");
        assert!((0..1000).all(|_| !random.chance(0) && random.chance(1_000_000)));
    }
}
