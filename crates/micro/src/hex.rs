//! Numbers for tests.

use std::vec::Vec;

use crate::number::{self, Number};

/// Decodes hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}

/// Returns this number of bytes.
pub(crate) fn bytes<const N: usize>(digits: &str) -> [u8; N] {
    hex(digits).try_into().unwrap()
}

/// Numbers that look random and are the same in each run: SHA-256 of a counter.
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
pub(crate) fn edges(modulus: &Number) -> Vec<Number> {
    let mut edges = std::vec![[0; 8], [u32::MAX; 8], *modulus];
    for place in 0..256 {
        let mut power = [0; 8];
        power[place / 32] = 1 << (place % 32);
        edges.push(power);
        if place % 32 < 2 {
            edges.push(number::add(modulus, &power).0);
            edges.push(number::subtract(modulus, &power).0);
            edges.push(number::subtract(&power, &[1, 0, 0, 0, 0, 0, 0, 0]).0);
            edges.push(number::subtract(&[0; 8], &power).0);
        }
    }
    for word in 0..8 {
        let mut sparse = [0; 8];
        sparse[word] = u32::MAX;
        edges.push(sparse);
        edges.push(sparse.map(|word| !word));
    }
    edges
}
