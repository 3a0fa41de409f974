//! Files that a command writes together.

use std::path::{Path, PathBuf};

use crate::args::UsageError;
use crate::files::{Draft, Readers};

/// Files that are written together: whatever fails while they are written leaves none.
#[derive(Default)]
pub(super) struct Drafts(Vec<(PathBuf, Draft)>);

impl Drafts {
    /// Writes a file that is not there yet.
    pub(super) fn new_file(&mut self, file: &Path, bytes: &[u8], readers: Readers) -> Result<(), UsageError> {
        self.add(file, Draft::new(file, bytes, readers))
    }

    /// Writes the successor of a file.
    pub(super) fn replacing(&mut self, file: &Path, bytes: &[u8], readers: Readers) -> Result<(), UsageError> {
        self.add(file, Draft::replacing(file, bytes, readers))
    }

    fn add(&mut self, file: &Path, draft: std::io::Result<Draft>) -> Result<(), UsageError> {
        self.0.push((file.to_owned(), draft.map_err(|error| at(file, &error))?));
        Ok(())
    }

    /// Puts them into their places.
    pub(super) fn keep(self) -> Result<(), UsageError> {
        self.0.into_iter().try_for_each(|(file, draft)| draft.keep().map_err(|error| at(&file, &error)))
    }
}

/// Names the file of an error.
pub(super) fn at(file: &Path, error: &std::io::Error) -> UsageError {
    UsageError(format!("{}: {error}", file.display()))
}
