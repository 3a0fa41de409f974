//! The directory that a machine sees: its credentials, and the journal of its order.

use crate::pki::Issued;
use crate::workdir::Workdir;
use crate::world::Identity;

/// The file in which an order waits.
const JOURNAL: &str = "queue.xml";

/// A directory for one machine. It goes with this value.
pub(crate) struct Ground {
    files: Workdir,
    has_identity: bool,
}

impl Ground {
    /// Makes it with the trust anchor of the machine, and its identity.
    pub(crate) fn new(root: &Issued, identity: Option<&Identity>) -> Result<Self, String> {
        let files = Workdir::new()?;
        files.write("root.der", &root.der)?;
        if let Some(identity) = identity {
            files.write("identity.der", identity.chain.concat())?;
            files.write("identity.scalar", identity.scalar)?;
            files.write("identity.key", identity.key_pkcs8()?)?;
        }
        Ok(Self { files, has_identity: identity.is_some() })
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<(), String> {
        self.files.write(name, content).map(|_| ())
    }

    /// Returns its directory.
    pub(crate) fn directory(&self) -> String {
        self.files.file("")
    }

    /// Returns whether the machine has a certificate to send.
    pub(crate) const fn has_identity(&self) -> bool {
        self.has_identity
    }

    /// The order that waits.
    pub(crate) fn journal(&self) -> Option<Vec<u8>> {
        std::fs::read(self.files.file(JOURNAL)).ok()
    }
}
