//! Inputs that are the same each time.

/// Returns this number, or as many times as `FUZZ_ROUNDS` says.
pub fn rounds(count: usize) -> usize {
    count * std::env::var("FUZZ_ROUNDS").map_or(1, |times| times.parse().expect("FUZZ_ROUNDS is a number"))
}

/// Random numbers that are always the same (xorshift64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// Returns the next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or_default() % end
    }

    /// Returns a byte.
    pub const fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[1]
    }

    /// Returns this many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }
}
