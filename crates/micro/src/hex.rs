//! Numbers for tests.

use std::vec::Vec;

/// Bytes of their digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}

/// As many bytes as are wanted.
pub(crate) fn bytes<const N: usize>(digits: &str) -> [u8; N] {
    hex(digits).try_into().unwrap()
}

/// Numbers that look random and are the same in each run: SHA-256 of a counter.
pub(crate) struct Random(u64);

impl Random {
    /// Another sequence for each number.
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
