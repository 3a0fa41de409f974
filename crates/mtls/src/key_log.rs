//! Secrets of connections in a file for Wireshark: **for laboratories only**.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use embedded_mtls::{KeyLog, KeyLogLine};

/// A file in the format of NSS (`SSLKEYLOGFILE`). Lines are appended.
#[derive(Debug)]
pub(crate) struct KeyLogFile(Mutex<File>);

impl KeyLogFile {
    /// Opens the file, or creates it with access for its owner only.
    pub(crate) fn open(path: &str) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(|file| Self(Mutex::new(file)))
    }
}

impl KeyLog for KeyLogFile {
    fn secret(&self, line: &KeyLogLine<'_>) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One write per line. Write errors lose lines and do not affect the connection.
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}
