//! A blob on a serial line, where it is its own frame: it begins with eight known bytes, has its length in the header, and ends
//! with checksum and signature.

use core::fmt;

use crate::blob::{CHECKSUM, MAGIC};
use crate::signature::SIGNATURE;

/// Bytes up to the end of the length.
const LENGTH_END: usize = 16;

/// The beginning of the line by which a device answers, before `stored`, `refused` or what is wrong with the length.
pub const ANSWER: &str = "mtls-blob: ";

/// A receiver of blobs, without I/O: it skips whatever comes before one.
///
/// A byte that was lost or altered is noticed when the blob is opened, and after a pause of the line [`reset`](Self::reset) begins again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receiver {
    len: usize,
}

/// A blob that is longer than the memory for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Its bytes.
    pub found: usize,
    /// The bytes of the memory.
    pub wanted: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the length of the blob: found {}, wanted at most {}", self.found, self.wanted)
    }
}

impl core::error::Error for TooLong {}

impl Receiver {
    /// Returns whether a part of a blob has come.
    pub const fn is_within(self) -> bool {
        self.len > 0
    }

    /// Forgets a part of a blob.
    pub const fn reset(&mut self) {
        self.len = 0;
    }

    /// Takes the next byte of the line into `memory`, which holds what has come so far. Returns the length of the blob with its last byte;
    /// nothing of it is checked yet.
    ///
    /// # Errors
    /// [`TooLong`], once the length has come; what follows is skipped.
    pub fn take(&mut self, byte: u8, memory: &mut [u8]) -> Result<Option<usize>, TooLong> {
        if MAGIC.get(self.len).is_some_and(|wanted| *wanted != byte) {
            self.len = 0;
            // The first byte is in no other place of the magic.
            if MAGIC.first() != Some(&byte) {
                return Ok(None);
            }
        }
        let wanted = memory.len();
        let Some(place) = memory.get_mut(self.len) else { return self.refuse(self.len.saturating_add(1), wanted) };
        *place = byte;
        self.len = self.len.saturating_add(1);
        let Some((_, length)) = memory.get(..LENGTH_END).and_then(<[u8]>::split_last_chunk) else { return Ok(None) };
        if self.len < LENGTH_END {
            return Ok(None);
        }
        let signed = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let found = signed.saturating_add(CHECKSUM + SIGNATURE);
        if found > wanted {
            return self.refuse(found, wanted);
        }
        if self.len < found {
            return Ok(None);
        }
        self.reset();
        Ok(Some(found))
    }

    const fn refuse(&mut self, found: usize, wanted: usize) -> Result<Option<usize>, TooLong> {
        self.reset();
        Err(TooLong { found, wanted })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString as _;
    use std::vec;
    use std::vec::Vec;

    /// Makes a blob that is right as far as a receiver looks at it.
    fn blob(records: usize) -> Vec<u8> {
        let length = u32::try_from(32 + records).unwrap();
        let mut blob = [&MAGIC[..], &[0, 1, 0, 0], &length.to_be_bytes()].concat();
        blob.extend((16..32 + records + CHECKSUM + SIGNATURE).map(|at| u8::try_from(at % 251).unwrap()));
        blob
    }

    /// Passes bytes to a receiver, and returns each blob that it has taken.
    fn taken(receiver: &mut Receiver, bytes: &[u8], memory: &mut [u8]) -> Vec<Result<Vec<u8>, TooLong>> {
        let mut taken = Vec::new();
        for byte in bytes {
            match receiver.take(*byte, memory) {
                Ok(None) => {}
                Ok(Some(len)) => taken.push(Ok(memory[..len].to_vec())),
                Err(error) => taken.push(Err(error)),
            }
        }
        taken
    }

    #[test]
    fn blobs_are_found_between_other_bytes() {
        let (first, second) = (blob(0), blob(200));
        for noise in [&b""[..], b"\r\n", b"eMTLS", b"eMTLSbleMTLSbl", b"eeee\0\xff"] {
            let line = [noise, &first, noise, &second, noise].concat();
            let mut receiver = Receiver::default();
            assert_eq!(taken(&mut receiver, &line, &mut [0; 400]), [Ok(first.clone()), Ok(second.clone())]);
        }
    }

    #[test]
    fn a_blob_that_is_too_long_is_refused_and_the_next_one_taken() {
        let (long, good) = (blob(2000), blob(100));
        let mut receiver = Receiver::default();
        let line = [&long[..], &good].concat();
        let error = TooLong { found: long.len(), wanted: good.len() };
        assert_eq!(taken(&mut receiver, &line, &mut vec![0; good.len()]), [Err(error), Ok(good.clone())]);
        assert_eq!(error.to_string(), "the length of the blob: found 2128, wanted at most 228");
        assert!(!receiver.is_within());
        let longest = [&MAGIC[..], &[0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff]].concat();
        assert!(matches!(taken(&mut receiver, &longest, &mut [0; 400])[..], [Err(_)]));
        for len in 0..LENGTH_END {
            assert!(taken(&mut receiver, &good, &mut vec![0; len]).iter().all(Result::is_err), "{len}");
        }
    }

    #[test]
    fn a_part_is_forgotten_after_a_reset() {
        let good = blob(50);
        let mut receiver = Receiver::default();
        assert_eq!(taken(&mut receiver, &good[..40], &mut [0; 400]), []);
        assert!(receiver.is_within());
        receiver.reset();
        assert_eq!(taken(&mut receiver, &good, &mut [0; 400]), [Ok(good.clone())]);
    }
}
