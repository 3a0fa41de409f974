//! A blob that comes over a serial line, for a device without one or without a way to a server: `mtls provision send` sends it.
//!
//! The line needs no flow control and no secrecy beyond that of the blob, whose signature is checked as of one from a server.

use crate::settings::Board;
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{Read, Write};
use embedded_mtls_blob::{ANSWER, Receiver, TooLong};
use logging::{info, warn};

/// The pause of the line after which a part of a blob is forgotten.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits for a blob, has the board store it, and answers; `true` if it is stored, `false` if it is refused or the line has ended. What
/// has come is lost if the future is dropped.
///
/// # Errors
/// That of the line.
pub async fn take_blob<L: Read + Write>(line: &mut L, board: &mut impl Board) -> Result<bool, L::Error> {
    let mut receiver = Receiver::default();
    let mut part = [0; 32];
    loop {
        let read = line.read(&mut part);
        let count = if receiver.is_within() {
            let Ok(count) = with_timeout(PAUSE, read).await else {
                warn!("a blob on the serial line ends in the middle");
                receiver.reset();
                continue;
            };
            count?
        } else {
            read.await?
        };
        if count == 0 {
            return Ok(false);
        }
        let taken = part.iter().take(count).find_map(|byte| receiver.take(*byte, board.blob_memory()).transpose());
        match taken {
            None => {}
            Some(Ok(len)) => {
                info!("a blob of {} bytes from the serial line", len);
                let is_stored = board.take_blob(len);
                say(line, if is_stored { "stored\n" } else { "refused: the log of the device has the reason\n" })
                    .await?;
                return Ok(is_stored);
            }
            Some(Err(TooLong { found, wanted })) => {
                warn!("a blob on the serial line has {} bytes, wanted at most {}", found, wanted);
                say(line, "refused: it is longer than the memory of the device\n").await?;
            }
        }
    }
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
    use core::convert::Infallible;
    use embassy_futures::block_on;
    use embedded_io_async::ErrorType;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    /// A line on which bytes come in parts of 7.
    struct Line {
        comes: Vec<u8>,
        said: Vec<u8>,
    }

    impl ErrorType for Line {
        type Error = Infallible;
    }

    impl Read for Line {
        async fn read(&mut self, out: &mut [u8]) -> Result<usize, Infallible> {
            let count = self.comes.len().min(out.len()).min(7);
            out[..count].copy_from_slice(&self.comes[..count]);
            self.comes.drain(..count);
            Ok(count)
        }
    }

    impl Write for Line {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            self.said.extend(bytes);
            Ok(bytes.len())
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    /// Makes bytes that look like a blob with a content of this length.
    fn blob(len: u8) -> Vec<u8> {
        let head = [&b"eMTLSblb"[..], &[0, 1, 0, 0, 0, 0, 0, len]].concat();
        [head, vec![7; usize::from(len) - 16 + 96]].concat()
    }

    /// Lets a board of `memory` bytes take a blob from a line; returns the outcome, what is stored, and the answer.
    fn take(comes: Vec<u8>, memory: usize, stores: bool) -> (bool, Vec<u8>, String) {
        let mut line = Line { comes, said: Vec::new() };
        let mut shelf = Shelf { memory: vec![0; memory], is_broken: !stores, ..Shelf::default() };
        let Ok(outcome) = block_on(take_blob(&mut line, &mut shelf));
        (outcome, shelf.stored, String::from_utf8(line.said).unwrap())
    }

    #[test]
    fn a_blob_is_stored_and_answered() {
        let (stored, refused) = ("mtls-blob: stored\n", "mtls-blob: refused: the log of the device has the reason\n");
        let noisy = [&b"login: "[..], &blob(40)].concat();
        assert_eq!(take(noisy, 200, true), (true, blob(40), stored.into()));
        assert_eq!(take(blob(40), 200, false), (false, blob(40), refused.into()));
    }

    #[test]
    fn a_blob_that_is_too_long_or_ends_early_is_not_stored() {
        let long = "mtls-blob: refused: it is longer than the memory of the device\n";
        assert_eq!(take(blob(200), 200, true), (false, Vec::new(), long.into()));
        assert_eq!(take(blob(40)[..130].to_vec(), 200, true), (false, Vec::new(), String::new()));
    }
}
