//! Blobs that a server has for its clients: the option `--blob` of `mtls serve`.
//!
//! The server only carries them: a device verifies the signature of its fleet. A blob may hold the key of its device, so that no other
//! client gets it.

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls_blob::Blob;

use super::args::UsageError;

/// The files of blobs, by the common names of the clients that they are for.
#[derive(Clone, Debug, Default)]
pub struct Blobs(Vec<(String, String)>);

/// A blob as it is sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) version: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Blobs {
    /// Takes the common name of each client, and the file of its blob. The files are read again for each answer.
    ///
    /// # Errors
    /// A client with two blobs, and a file that no device could use.
    pub fn new(files: Vec<(String, String)>) -> Result<Self, UsageError> {
        for (place, (name, file)) in files.iter().enumerate() {
            if files.iter().take(place).any(|(before, _)| before == name) {
                return Err(UsageError(format!("--blob {name}: found it twice, wanted one blob for each client")));
            }
            Sent::read(file).map_err(|why| UsageError(format!("--blob {why}")))?;
        }
        Ok(Self(files))
    }

    /// Reads the blob of a client, if there is one for it.
    pub(crate) fn of(&self, common_name: Option<&str>) -> Option<Result<Sent, String>> {
        let (_, file) = self.0.iter().find(|(name, _)| Some(name.as_str()) == common_name)?;
        Some(Sent::read(file))
    }
}

impl Sent {
    fn read(file: &str) -> Result<Self, String> {
        let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        let blob = Blob::dangerous_unsigned(RustCrypto, &bytes).map_err(|error| format!("{file}: {error}"))?;
        // A copy of a slot has more behind the blob.
        Ok(Self { version: blob.version, bytes: bytes.get(..blob.size()).unwrap_or(&bytes).to_vec() })
    }
}
