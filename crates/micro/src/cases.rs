//! Numbers and bytes for tests and for the comparison: extreme ones and random ones.
#![forbid(unsafe_code)]

use core::iter::once;

use crate::number::{self, Number};

/// Numbers that look random and are the same in each run: SHA-256 of a counter.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Starts a sequence of its own for each number.
    pub(crate) fn new(sequence: u32) -> Self {
        Self(u64::from(sequence) << 32)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        for chunk in array.chunks_mut(32) {
            let mut hash = crate::sha256::Sha256::new();
            hash.update(&self.0.to_le_bytes());
            self.0 += 1;
            chunk.iter_mut().zip(hash.finish()).for_each(|(to, from)| *to = from);
        }
        array
    }
}

/// Numbers at the ends and with few bits: 0 to 3, all ones, each power of 2, and those around it, around multiples of 2^32 and around
/// the modulus.
pub(crate) fn edges(modulus: &Number) -> impl Iterator<Item = Number> + Clone {
    let modulus = *modulus;
    let powers = (0..256).flat_map(move |place| {
        let power = with_word(place / 32, 1 << (place % 32));
        let around = [
            number::add(&modulus, &power).0,
            number::subtract(&modulus, &power).0,
            number::subtract(&power, &with_word(0, 1)).0,
            number::subtract(&[0; 8], &power).0,
        ];
        once(power).chain(around.into_iter().take(if place % 32 < 2 { 4 } else { 0 }))
    });
    let words = (0..8).map(|word| with_word(word, u32::MAX));
    let sparse = words.flat_map(|number| [number, number.map(|word| !word)]);
    [[0; 8], [u32::MAX; 8], modulus].into_iter().chain(powers).chain(sparse)
}

/// Numbers below a modulus: at the ends, sparse, and random ones.
pub(crate) fn numbers_below(modulus: &Number, sequence: u32) -> impl Iterator<Item = Number> + Clone {
    let mut random = Random::new(sequence);
    let random = (0..50).map(move |_| number::from_bytes(&random.array()));
    edges(modulus).chain(random).filter(|number| number::subtract(number, modulus).1 != 0)
}

/// The number with one word other than 0.
fn with_word(place: usize, word: u32) -> Number {
    core::array::from_fn(|index| if index == place { word } else { 0 })
}

/// Zeros, ones, one bit set or cleared at each place, and random bytes.
#[cfg(comparison)]
pub(crate) fn patterns<const N: usize>(sequence: u32) -> impl Iterator<Item = [u8; N]> + Clone {
    let mut random = Random::new(sequence);
    let random = (0..64).map(move |_| random.array());
    let bits =
        (0..8 * N).map(|place| core::array::from_fn(|index| if index == place / 8 { 1 << (place % 8) } else { 0 }));
    let bits = bits.flat_map(|bytes: [u8; N]| [bytes, bytes.map(|byte| !byte)]);
    [[0; N], [0xff; N]].into_iter().chain(bits).chain(random)
}
