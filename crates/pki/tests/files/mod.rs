//! Files of a test: passwords as a user passes them, and damaged keys.

use mtls_pki::pem::Password;
use std::path::PathBuf;

/// A file of its own for a test, which is removed at the end.
pub(crate) struct TemporaryFile(pub(crate) PathBuf);

impl TemporaryFile {
    pub(crate) fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let file = std::env::temp_dir().join(format!("embedded-mtls-{name}-{}", std::process::id()));
        std::fs::write(&file, content).unwrap();
        Self(file)
    }

    /// Returns the password in it.
    pub(crate) fn password(&self) -> Password {
        Password::parse("--key-password", &format!("file:{}", self.0.display())).unwrap()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
