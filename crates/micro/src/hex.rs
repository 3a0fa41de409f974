//! Bytes from hexadecimal digits, for tests.

use std::vec::Vec;

/// Decodes hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(2).map(byte).collect()
}

/// Returns this number of bytes.
pub(crate) fn bytes<const N: usize>(digits: &str) -> [u8; N] {
    hex(digits).try_into().unwrap()
}
