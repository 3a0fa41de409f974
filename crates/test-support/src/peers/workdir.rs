//! A directory of our own, with the PKI as PEM files in it.

use crate::peers::world::Identity;
use p256::pkcs8::der::pem::{LineEnding, encode_string};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

/// A directory that goes with this value.
pub struct Workdir(PathBuf);

impl Workdir {
    pub fn new() -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("embedded-mtls-interop-{}-{count}", process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Returns the path that a file of this name has, or would have.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<String, String> {
        let path = self.file(name);
        fs::write(&path, content).map_err(|error| format!("{path}: {error}"))?;
        Ok(path)
    }

    /// Reads a file that another program wrote; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read(self.file(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Writes `name.pem` (the whole chain), `name.leaf.pem`, `name.issuers.pem` and `name.key`.
    pub fn write_identity(&self, name: &str, identity: &Identity) -> Result<(), String> {
        let (leaf, issuers) = identity.chain.split_first().ok_or("an empty chain")?;
        self.write(&format!("{name}.pem"), certificates_pem(&identity.chain))?;
        self.write(&format!("{name}.leaf.pem"), certificates_pem([leaf]))?;
        self.write(&format!("{name}.issuers.pem"), certificates_pem(issuers))?;
        self.write(&format!("{name}.key"), identity.key_pem()?).map(|_| ())
    }
}

impl Drop for Workdir {
    fn drop(&mut self) {
        // Left behind in the temporary directory at worst.
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}

pub fn certificates_pem<'a>(chain: impl IntoIterator<Item = &'a Vec<u8>>) -> String {
    chain.into_iter().map(|der| encode_string("CERTIFICATE", LineEnding::LF, der).expect("a label")).collect()
}
