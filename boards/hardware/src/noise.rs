//! Random numbers for a chip without a generator, from a source of unknown quality.
//!
//! ```text
//! raw bits ──▶ health tests ──▶ 4096 of them ──┐
//! the blob, with the key of the device ────────┼──▶ pool: HMAC-SHA-256 ──▶ output, and the seed of the next start
//! seed that the last start has left ───────────┘
//! ```
//!
//! The output is as good as the best of the three inputs. Without the key of the device it cannot be guessed even if
//! all raw bits are known (the idea of RFC 8937), and no start repeats another, since the seed is used once.

use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use gateway::provider::Provider;
use zeroize::Zeroizing;

/// Raw bits for each request, a tenth of a bit of entropy in each of them: more than the 320 that a key of 256 bits
/// requires (NIST SP 800-90B section 3.1.5.1.2).
const NOISE: usize = 4096 / 8;

/// NIST SP 800-90B section 4.4, for a tenth of a bit of entropy in each, and one false alarm in 2^30. This many equal
/// bits in a row are a failure.
const REPETITIONS: u16 = 301;
/// This many bits equal to the first of a window are a failure.
const PROPORTION: u16 = 999;
/// Bits of a window.
const WINDOW: u16 = 1024;

/// The labels for the uses of the pool.
mod label {
    pub(super) const NOISE: u8 = 0;
    pub(super) const OUTPUT: u8 = 1;
    pub(super) const STEP: u8 = 2;
}

/// Random numbers derived from the bits of `source`.
pub struct Noise<S> {
    source: S,
    pool: Zeroizing<[u8; 32]>,
    health: Health,
}

impl<S: FnMut() -> bool> Noise<S> {
    /// Creates a generator from a source of raw bits and inputs that are secret or unique: the key of the device, the
    /// seed that the last start has stored, the number of the chip.
    pub fn new(source: S, secrets: &[&[u8]]) -> Option<Self> {
        let pool = hmac(&[0; 32], secrets)?;
        Some(Self { source, pool, health: Health::default() })
    }

    /// Fills `out`; `false` if the raw bits are not noise. After that it always fails until the next start.
    pub fn fill(&mut self, out: &mut [u8]) -> bool {
        self.draw(out).is_some()
    }

    /// Returns the seed for the next start.
    pub fn seed(&mut self) -> Option<[u8; 32]> {
        let mut seed = [0; 32];
        self.fill(&mut seed).then_some(seed)
    }

    fn draw(&mut self, out: &mut [u8]) -> Option<()> {
        let mut noise = Zeroizing::new([0; NOISE]);
        for byte in noise.iter_mut() {
            for _ in 0..8 {
                let bit = (self.source)();
                self.health.check(bit);
                *byte = *byte << 1 | u8::from(bit);
            }
        }
        if self.health.failed {
            return None;
        }
        self.pool = hmac(&self.pool, &[&[label::NOISE], &*noise])?;
        for (number, block) in (0_u32..).zip(out.chunks_mut(32)) {
            let bytes = hmac(&self.pool, &[&[label::OUTPUT], &number.to_be_bytes()])?;
            block.copy_from_slice(bytes.get(..block.len())?);
        }
        // Earlier output cannot be computed from the new state.
        self.pool = hmac(&self.pool, &[&[label::STEP]])?;
        Some(())
    }
}

fn hmac(key: &[u8; 32], message: &[&[u8]]) -> Option<Zeroizing<[u8; 32]>> {
    let digest = Provider.hmac(HashAlgorithm::Sha256, key, message).ok()?;
    digest.as_bytes().first_chunk().copied().map(Zeroizing::new)
}

/// The tests of NIST SP 800-90B section 4.4: repetition count and adaptive proportion.
#[derive(Default)]
struct Health {
    last: bool,
    repetitions: u16,
    /// The first of the window, how many were equal to it, and how many there were.
    first: bool,
    equal: u16,
    seen: u16,
    failed: bool,
}

impl Health {
    fn check(&mut self, bit: bool) {
        self.repetitions = if bit == self.last { self.repetitions.saturating_add(1) } else { 1 };
        self.last = bit;
        if self.seen.is_multiple_of(WINDOW) {
            (self.first, self.equal, self.seen) = (bit, 0, 0);
        }
        self.seen += 1;
        self.equal += u16::from(bit == self.first);
        self.failed |= self.repetitions >= REPETITIONS || self.equal >= PROPORTION;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits that look like noise (Knuth's MMIX generator), with the given number of ones in 256.
    fn bits(mut state: u64, ones: u8) -> impl FnMut() -> bool {
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) < u64::from(ones)
        }
    }

    fn drawn(source: impl FnMut() -> bool, secrets: &[&[u8]]) -> Option<[u8; 70]> {
        let mut out = [0; 70];
        Noise::new(source, secrets)?.fill(&mut out).then_some(out)
    }

    #[test]
    fn each_of_noise_key_and_seed_changes_all() {
        let secrets: [&[u8]; 2] = [&[1; 32], &[2; 32]];
        let reference = drawn(bits(1, 128), &secrets).unwrap();
        assert_eq!(drawn(bits(1, 128), &secrets), Some(reference));
        for other in [
            drawn(bits(2, 128), &secrets),
            drawn(bits(1, 128), &[&[3; 32], &[2; 32]]),
            drawn(bits(1, 128), &[&[1; 32], &[3; 32]]),
        ] {
            let equal = other.unwrap().iter().zip(&reference).filter(|(a, b)| a == b).count();
            assert!(equal < 5, "{equal} bytes are the same");
        }
    }

    #[test]
    fn nothing_is_drawn_twice() {
        let mut noise = Noise::new(bits(1, 128), &[]).unwrap();
        let mut blocks = std::vec::Vec::new();
        for _ in 0..3 {
            let mut out = [0; 64];
            assert!(noise.fill(&mut out));
            blocks.extend(out.as_chunks::<32>().0.to_vec());
        }
        blocks.push(noise.seed().unwrap());
        let count = blocks.len();
        blocks.sort_unstable();
        blocks.dedup();
        assert_eq!((count, blocks.len()), (7, 7));
    }

    #[test]
    fn a_source_that_is_stuck_gives_nothing_even_if_it_recovers() {
        for stuck in [false, true] {
            let (mut good, mut count) = (bits(1, 128), 0_u32);
            let mut noise = Noise::new(
                move || {
                    count += 1;
                    if (5000..5400).contains(&count) { stuck } else { good() }
                },
                &[],
            )
            .unwrap();
            assert_eq!([(); 3].map(|()| noise.fill(&mut [0; 8])), [true, false, false]);
        }
    }

    #[test]
    fn a_source_that_hardly_changes_gives_nothing_and_a_biased_one_does() {
        assert_eq!(drawn(bits(1, 2), &[]), None);
        assert_eq!(drawn(bits(1, 254), &[]), None);
        assert!(drawn(bits(1, 64), &[]).is_some());
        // Equal bits never come too often behind each other here, but too often at all.
        let mut count = 0_u32;
        let comb = move || {
            count += 1;
            !count.is_multiple_of(100)
        };
        assert_eq!(drawn(comb, &[]), None);
    }
}
