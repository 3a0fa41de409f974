//! Files that are written as a whole or not at all, and that only their owner may read unless they are public.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The users who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner only: it may hold a secret.
    Owner,
    /// All that the system lets by default.
    All,
}

/// A file whose bytes are on the disk. If it is dropped before it is [kept](Self::keep), it is removed: several files are written,
/// and kept only when none of them has failed.
#[must_use = "a draft that is not kept is removed"]
#[derive(Debug)]
pub(crate) struct Draft {
    written: PathBuf,
    /// The file that it replaces; `None` if it is at its place.
    replaced: Option<PathBuf>,
    is_kept: bool,
}

impl Draft {
    /// Writes a file that is not there yet.
    ///
    /// # Errors
    /// A file that is there, or that cannot be written.
    pub(crate) fn new(file: &Path, bytes: &[u8], readers: Readers) -> io::Result<Self> {
        Self::write(file.to_owned(), None, bytes, readers)
    }

    /// Writes the successor of a file beside it.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn replacing(file: &Path, bytes: &[u8], readers: Readers) -> io::Result<Self> {
        if file.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut draft = file.as_os_str().to_owned();
        draft.push(format!(".{}.draft", std::process::id()));
        // Left over where the power failed: no other process has our number.
        let _ = std::fs::remove_file(&draft);
        Self::write(draft.into(), Some(file.to_owned()), bytes, readers)
    }

    fn write(written: PathBuf, replaced: Option<PathBuf>, bytes: &[u8], readers: Readers) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if readers == Readers::Owner {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = readers;
        let mut opened = options.open(&written)?;
        let draft = Self { written, replaced, is_kept: false };
        opened.write_all(bytes)?;
        opened.sync_all()?;
        Ok(draft)
    }

    /// Puts the file into its place, in one step: whoever reads it meanwhile gets the old or the new one.
    ///
    /// # Errors
    /// A file that cannot be replaced.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        if let Some(file) = &self.replaced {
            std::fs::rename(&self.written, file)?;
        }
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            // The failure that made it useless is reported, and is the more important one.
            let _ = std::fs::remove_file(&self.written);
        }
    }
}

/// Writes a file that is not there yet, for its owner.
///
/// # Errors
/// A file that is there, or that cannot be written.
pub(crate) fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    Draft::new(file, bytes, Readers::Owner)?.keep()
}

/// Replaces a file, for its owner.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    Draft::replacing(file, bytes, Readers::Owner)?.keep()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_draft_that_is_not_kept_leaves_everything_as_it_was() {
        let folder = std::env::temp_dir().join(format!("embedded-mtls-drafts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.join(name));
        write_new(&old, b"before").unwrap();
        drop(Draft::replacing(&old, b"after", Readers::Owner).unwrap());
        drop(Draft::new(&new, b"after", Readers::All).unwrap());
        assert_eq!(fs::read(&old).unwrap(), b"before");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        replace(&old, b"after").unwrap();
        assert_eq!(fs::read(&old).unwrap(), b"after");
        // A file of somebody else is neither overwritten nor removed.
        assert_eq!(Draft::new(&old, b"other", Readers::All).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(Draft::replacing(&folder, b"other", Readers::All).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(fs::read(&old).unwrap(), b"after");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
    #[cfg(unix)]
    #[test]
    fn a_file_is_for_its_owner_unless_it_is_public() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("embedded-mtls-readers-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
        // As the system makes files by default.
        let [usual, file] = ["usual", "file"].map(|name| folder.join(name));
        fs::write(&usual, b"").unwrap();
        for (readers, wanted) in [(Readers::Owner, 0o600), (Readers::All, mode(&usual)), (Readers::Owner, 0o600)] {
            Draft::replacing(&file, b"text", readers).unwrap().keep().unwrap();
            assert_eq!(mode(&file), wanted, "{readers:?}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
