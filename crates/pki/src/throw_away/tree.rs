//! A root and an issuing authority below it, kept in a folder.

use std::path::Path;

use rcgen::{BasicConstraints, Issuer};

use super::{Authority, Identity, PkiError, authority_params, failed, write_secret};
use crate::key::{Key, KeyKind};
use crate::pem;

/// A root and an issuing authority below it.
///
/// ```text
///   root.pem     root.key       the trust anchor of both sides
///   issuing.pem  issuing.key    signs the certificates of servers and devices
/// ```
pub struct Tree {
    /// The root.
    pub root: Authority,
    /// The authority that issues certificates.
    pub issuing: Authority,
}

/// The common name of the root.
const ROOT: &str = "Throw-away Root CA";
/// The common name of the issuing authority.
const ISSUING: &str = "Throw-away Issuing CA";

impl Tree {
    /// Creates a tree whose authorities have keys of this kind.
    ///
    /// # Errors
    /// No random numbers.
    pub fn new(kind: KeyKind) -> Result<Self, PkiError> {
        let root = Authority::root_of(kind, ROOT)?;
        let issuing = root.intermediate_of(kind, ISSUING)?;
        Ok(Self { root, issuing })
    }

    /// Writes certificates and keys of both authorities into a folder, which is created.
    ///
    /// # Errors
    /// Files that are already there, or a folder that cannot be written to.
    pub fn write_new(&self, folder: &Path) -> Result<(), PkiError> {
        for (name, authority) in [("root", &self.root), ("issuing", &self.issuing)] {
            save(folder, name, &authority.chain, authority.key())?;
        }
        Ok(())
    }

    /// Reads a tree that [`write_new`](Self::write_new) has written.
    ///
    /// # Errors
    /// A folder without such a tree.
    pub fn read(folder: &Path) -> Result<Self, PkiError> {
        let root = read(folder, "root", ROOT, BasicConstraints::Unconstrained)?;
        let issuing = read(folder, "issuing", ISSUING, BasicConstraints::Constrained(0))?;
        Ok(Self { root: Authority { is_root: true, ..root }, issuing })
    }
}

impl Identity {
    /// Writes the chain to `NAME.pem` and the key to `NAME.key` in a folder.
    ///
    /// # Errors
    /// Files that are already there, or a folder that cannot be written to.
    pub fn write_new(&self, folder: &Path, name: &str) -> Result<(), PkiError> {
        save(folder, name, &self.chain, &self.key)
    }
}

/// Writes a chain and a key.
fn save(folder: &Path, name: &str, chain: &[Vec<u8>], key: &Key) -> Result<(), PkiError> {
    std::fs::create_dir_all(folder).map_err(|error| failed(&folder.display().to_string())(&error))?;
    let path = |extension| folder.join(format!("{name}.{extension}"));
    let (certificates, secret) = (path("pem"), path("key"));
    // A key that was replaced would be lost, and with an authority's all that it has issued.
    if let Some(there) = [&certificates, &secret].into_iter().find(|file| file.exists()) {
        return Err(failed(&there.display().to_string())(&"it is already there, wanted a new folder or another name"));
    }
    let written = std::fs::write(&certificates, pem::encode("CERTIFICATE", chain.iter().map(Vec::as_slice)));
    written.map_err(|error| failed(&certificates.display().to_string())(&error))?;
    write_secret(&secret, &key.to_pem()).map_err(|error| failed(&secret.display().to_string())(&error))
}

/// Reads an authority of a tree. Its name is known, so its certificate does not have to be taken apart.
fn read(folder: &Path, name: &str, common_name: &str, depth: BasicConstraints) -> Result<Authority, PkiError> {
    let path = |extension| folder.join(format!("{name}.{extension}"));
    let (certificate, secret) = (path("pem").display().to_string(), path("key"));
    let chain = pem::certificates(&certificate).map_err(|error| PkiError(error.to_string()))?;
    let text = std::fs::read_to_string(&secret).map_err(|error| failed(&secret.display().to_string())(&error))?;
    let key = Key::from_pem(&text)?;
    let ours = |part: &[u8]| chain.first().is_some_and(|der| der.windows(part.len()).any(|found| found == part));
    if !ours(key.public()) || !ours(common_name.as_bytes()) {
        let wanted = format!("wanted the certificate of CN={common_name} and its key, as `mtls pki new` writes them");
        return Err(failed(&certificate)(&wanted));
    }
    let params = authority_params(common_name, &key, depth)?;
    Ok(Authority { issuer: Issuer::new(params, key), chain, is_root: false })
}

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose::ClientAuth;

    use super::super::Leaf;
    use super::*;

    #[test]
    fn a_tree_that_was_written_and_read_again_issues_what_the_first_one_issued() {
        let folder = std::env::temp_dir().join(format!("embedded-mtls-tree-{}", std::process::id()));
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::Rsa(2048)] {
            let tree = Tree::new(kind).unwrap();
            tree.write_new(&folder).unwrap();
            let again = Tree::read(&folder).unwrap();
            assert_eq!(again.root.chain, tree.root.chain);
            assert_eq!(again.issuing.chain, tree.issuing.chain);
            assert_eq!(again.issuing.key().to_pem(), tree.issuing.key().to_pem());
            let issued = again.issuing.issue(&Leaf::new("device", ClientAuth), KeyKind::P256).unwrap();
            assert_eq!(issued.chain[1..], tree.issuing.chain);
            let error = tree.write_new(&folder).unwrap_err().to_string();
            assert!(error.contains("root.pem: it is already there"), "{error}");
            std::fs::remove_dir_all(&folder).unwrap();
        }
        // A key that belongs to another certificate.
        Tree::new(KeyKind::P256).unwrap().write_new(&folder).unwrap();
        std::fs::copy(folder.join("root.key"), folder.join("issuing.key")).unwrap();
        let error = Tree::read(&folder).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("wanted the certificate of CN=Throw-away Issuing CA and its key"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
