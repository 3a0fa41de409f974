//! A blob that comes over a serial line, for a device without one or without a way to a server: `mtls provision send` sends it.
//!
//! The line needs no flow control and no secrecy beyond that of the blob, whose signature is checked as of one from a server.

use crate::settings::Board;
use embassy_futures::yield_now;
use embassy_time::{Duration, Instant, with_deadline};
use embedded_io_async::{Read, Write};
use embedded_mtls_blob::{ANSWER, Receiver, TooLong};
use logging::{info, warn};

/// The pause of the line after which a part of a blob is forgotten.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes blobs from a line, has the board store them, and answers each; `true` as soon as one is stored, `false` at `end` or the end of the
/// line. A blob that is on its way at `end` is taken, too. A part of one is lost if the line fails, or if the future is dropped.
pub async fn take_blob<L: Read + Write>(line: &mut L, board: &mut impl Board, end: Instant) -> bool {
    let mut receiver = Receiver::default();
    let (mut part, mut has_failed) = ([0; 32], false);
    loop {
        let limit = if receiver.is_within() { Instant::now().saturating_add(PAUSE) } else { end };
        match with_deadline(limit, line.read(&mut part)).await {
            Ok(Ok(0)) => return false,
            Ok(Ok(count)) => {
                let mut bytes = part.iter().take(count);
                if let Some(taken) = bytes.find_map(|byte| receiver.take(*byte, board.blob_memory()).transpose())
                    && answer(line, board, taken).await
                {
                    return true;
                }
            }
            // What has come while nobody looked, perhaps, or a line that is not connected.
            Ok(Err(_)) => {
                if !has_failed {
                    warn!("the serial line fails: bytes are lost");
                }
                has_failed = true;
                receiver.reset();
                yield_now().await;
            }
            Err(_) if receiver.is_within() => {
                warn!("a blob on the serial line ends in the middle");
                receiver.reset();
            }
            Err(_) => return false,
        }
        // A line that is never silent does not keep the device from its work.
        if !receiver.is_within() && Instant::now() >= end {
            return false;
        }
    }
}

/// Has the board store a blob, and answers; `true` if it is stored.
async fn answer<L: Write>(line: &mut L, board: &mut impl Board, taken: Result<usize, TooLong>) -> bool {
    let is_stored = match taken {
        Ok(len) => {
            info!("a blob of {} bytes from the serial line", len);
            board.take_blob(len)
        }
        Err(TooLong { found, wanted }) => {
            warn!("a blob on the serial line has {} bytes, wanted at most {}", found, wanted);
            false
        }
    };
    let text = match taken {
        Ok(_) if is_stored => "stored\n",
        Ok(_) => "refused: the log of the device has the reason\n",
        Err(_) => "refused: it is longer than the memory of the device\n",
    };
    if say(line, text).await.is_err() {
        warn!("the serial line fails: it has no answer");
    }
    is_stored
}

async fn say<L: Write>(line: &mut L, text: &str) -> Result<(), L::Error> {
    line.write_all(ANSWER.as_bytes()).await?;
    line.write_all(text.as_bytes()).await?;
    line.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::Shelf;
    use core::future::pending;
    use embassy_futures::block_on;
    use embedded_io_async::{ErrorKind, ErrorType};
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    /// A line on which bytes come in parts of 7, with some faults behind the first ones.
    #[derive(Default)]
    struct Line {
        first: Vec<u8>,
        faults: usize,
        comes: Vec<u8>,
        /// It stays open behind them, and silent.
        is_open: bool,
        said: Vec<u8>,
    }

    impl ErrorType for Line {
        type Error = ErrorKind;
    }

    impl Read for Line {
        async fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
            let comes = match self.faults.checked_sub(1) {
                Some(rest) if self.first.is_empty() => {
                    self.faults = rest;
                    return Err(ErrorKind::Other);
                }
                _ if self.first.is_empty() => &mut self.comes,
                _ => &mut self.first,
            };
            let count = comes.len().min(out.len()).min(7);
            if count == 0 && self.is_open {
                pending::<()>().await;
            }
            out[..count].copy_from_slice(&comes[..count]);
            comes.drain(..count);
            Ok(count)
        }
    }

    impl Write for Line {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
            self.said.extend(bytes);
            Ok(bytes.len())
        }

        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    /// Makes bytes that look like a blob with a content of this length.
    fn blob(len: u8) -> Vec<u8> {
        let head = [&b"eMTLSblb"[..], &[0, 1, 0, 0, 0, 0, 0, len]].concat();
        [head, vec![7; usize::from(len) - 16 + 96]].concat()
    }

    const NOW: Instant = Instant::MIN;
    const NEVER: Instant = Instant::MAX;

    /// Lets a board of `memory` bytes take a blob from a line until `end`; returns the outcome, what is stored, and the answer.
    fn take(mut line: Line, end: Instant, memory: usize, stores: bool) -> (bool, Vec<u8>, String) {
        let mut shelf = Shelf { memory: vec![0; memory], is_broken: !stores, ..Shelf::default() };
        let outcome = block_on(take_blob(&mut line, &mut shelf, end));
        (outcome, shelf.stored, String::from_utf8(line.said).unwrap())
    }

    fn line(comes: Vec<u8>) -> Line {
        Line { comes, ..Line::default() }
    }

    #[test]
    fn a_blob_is_stored_and_answered() {
        let (stored, refused) = ("mtls-blob: stored\n", "mtls-blob: refused: the log of the device has the reason\n");
        let noisy = [&b"login: "[..], &blob(40)].concat();
        assert_eq!(take(line(noisy), NEVER, 200, true), (true, blob(40), stored.into()));
        assert_eq!(take(line(blob(40)), NEVER, 200, false), (false, blob(40), refused.into()));
    }

    #[test]
    fn a_blob_that_is_too_long_or_ends_early_is_not_stored() {
        let long = "mtls-blob: refused: it is longer than the memory of the device\n";
        assert_eq!(take(line(blob(200)), NEVER, 200, true), (false, Vec::new(), long.into()));
        assert_eq!(take(line(blob(40)[..130].to_vec()), NEVER, 200, true), (false, Vec::new(), String::new()));
    }

    #[test]
    fn a_blob_that_a_fault_of_the_line_has_torn_is_forgotten() {
        let broken = Line { first: blob(40)[..30].to_vec(), faults: 3, comes: blob(40), ..Line::default() };
        let (is_stored, stored, _) = take(broken, NEVER, 200, true);
        assert_eq!((is_stored, stored), (true, blob(40)));
    }

    #[test]
    fn at_the_end_of_the_time_only_a_blob_on_its_way_is_taken() {
        assert!(take(line(blob(40)), NOW, 200, true).0);
        let nothing = (false, Vec::new(), String::new());
        for comes in [Vec::new(), b"login: ".repeat(100)] {
            assert_eq!(take(Line { comes, is_open: true, ..Line::default() }, NOW, 200, true), nothing);
        }
        assert_eq!(take(Line { faults: usize::MAX, ..Line::default() }, NOW, 200, true), nothing);
    }
}
