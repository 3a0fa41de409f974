//! Words and halves of words.
#![forbid(unsafe_code)]

/// The lower half.
#[inline]
#[allow(clippy::as_conversions, clippy::cast_possible_truncation, reason = "the upper half is what has to go")]
pub(crate) const fn low(wide: u64) -> u32 {
    wide as u32
}

/// The upper half.
#[inline]
pub(crate) const fn high(wide: u64) -> u32 {
    low(wide >> 32)
}

/// Words of bytes, the lowest first.
#[inline]
pub(crate) fn little_endian<const WORDS: usize, const BYTES: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    const { assert!(4 * WORDS == BYTES) };
    let mut words = [0; WORDS];
    let (chunks, _) = bytes.as_chunks();
    words.iter_mut().zip(chunks).for_each(|(word, chunk)| *word = u32::from_le_bytes(*chunk));
    words
}

/// Words of bytes, each with the highest byte first.
#[inline]
pub(crate) fn big_endian<const WORDS: usize, const BYTES: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    little_endian(bytes).map(u32::swap_bytes)
}
