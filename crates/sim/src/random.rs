//! Random numbers that a seed determines.

use embedded_mtls::Entropy;

/// A generator (splitmix64). It is for simulations only: it has no secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates the generator of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Creates a generator of its own for each `purpose`, so that drawing more for one does not change another.
    #[must_use]
    pub fn of(seed: u64, purpose: [u64; 3]) -> Self {
        Self(purpose.into_iter().fold(seed, |state, part| Self(state ^ part.rotate_left(17)).next()))
    }

    /// Draws 64 bits.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
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
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.next().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
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
    fn a_chance_is_met_about_as_often_as_it_says() {
        let mut random = Random::new(1);
        let met = (0..100_000).filter(|_| random.chance(10_000)).count();
        assert!((900..1100).contains(&met), "{met}");
        assert!((0..1000).all(|_| !random.chance(0) && random.chance(1_000_000)));
    }
}
