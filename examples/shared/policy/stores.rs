//! Stores as folders and files beside the policy file.
//!
//! ```text
//! policy.xml
//! gateway.ref          one line: the name of the store to which ref://gateway points
//! gateway-2026/        a store of identities
//!   orders.pem           alias orders: its certificate, then its intermediates
//!   orders.key           its key; it may stand in orders.pem as well
//!   issuing-ca.pem       a file without a key: a certificate that completes the chains above
//! suppliers/           a store of trust anchors
//!   root.pem             certificates of authorities
//!   partner.pem          certificates of peers, or public keys, that are trusted by themselves; what they are decides
//! ```
//!
//! Either kind of store may be one file instead: `gateway-2026.pem` with chain and key, whose alias is its own name;
//! `suppliers.pem` with certificates of authorities.

use std::path::{Path, PathBuf};

use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{Credential, KeyHandle};

use super::super::pem::{self, FileError, Identity, Pin, Standing};
use super::ssl_info::is_file_name;

/// Certificates of a chain, at most: more are a circle.
const LONGEST_CHAIN: usize = 10;

/// The folder of a policy file.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The folder in which a file lies.
    pub(crate) fn of(file: &str) -> Self {
        Self(Path::new(file).parent().map(Path::to_path_buf).unwrap_or_default())
    }

    /// To which store a reference points now.
    pub(crate) fn target(&self, reference: &str) -> Result<String, FileError> {
        let file = self.path(&format!("{reference}.ref"));
        let wanted = "a line with the name of a store beside it";
        let text = std::fs::read_to_string(&file).map_err(|error| FileError::new(&file, error.to_string(), wanted))?;
        let name = text.trim();
        let found = || format!("'{}'", name.escape_debug());
        if is_file_name(name) { Ok(name.to_owned()) } else { Err(FileError::new(&file, found(), wanted)) }
    }

    /// The identities of a store, each with its alias, in the order of the aliases.
    pub(crate) fn identities(&self, store: &str) -> Result<Vec<(String, Identity)>, FileError> {
        let Some(files) = self.files(store)? else {
            let file = self.path(&format!("{store}.pem"));
            return Ok(vec![(store.to_owned(), pem::identity(&file, &file)?)]);
        };
        let (mut identities, mut others) = (Vec::new(), Vec::new());
        for Pem { file, stem } in files {
            let key = self.path(&format!("{store}/{stem}.key"));
            if Path::new(&key).exists() {
                identities.push((stem, pem::identity(&file, &key)?));
            } else if pem::has_key(&file)? {
                identities.push((stem, pem::identity(&file, &file)?));
            } else {
                others.append(&mut pem::certificates(&file)?);
            }
        }
        for (_, identity) in &mut identities {
            complete(&mut identity.chain, &others);
        }
        let found = "no identity";
        let wanted = "ALIAS.pem with a certificate and ALIAS.key with its key";
        if identities.is_empty() { Err(FileError::new(&self.path(store), found, wanted)) } else { Ok(identities) }
    }

    /// The trust anchors of a store: authorities, and pins.
    pub(crate) fn anchors(&self, store: &str) -> Result<Anchors, FileError> {
        let files = match self.files(store)? {
            Some(files) => files.into_iter().map(|Pem { file, .. }| file).collect(),
            None => vec![self.path(&format!("{store}.pem"))],
        };
        let mut anchors = Anchors::default();
        for file in files {
            for (number, pin) in (1..).zip(pem::pins(&file)?) {
                anchors.add(pin, &file, number);
            }
        }
        if anchors.authorities.is_empty() && anchors.pins.is_empty() {
            let wanted = "NAME.pem with certificates of authorities, or of peers themselves";
            let unusable = anchors.passed_over.into_iter().next();
            return Err(unusable.unwrap_or_else(|| FileError::new(&self.path(store), "no trust anchor", wanted)));
        }
        Ok(anchors)
    }

    /// The PEM files of a store in their order; `None` if the store is a file itself.
    fn files(&self, store: &str) -> Result<Option<Vec<Pem>>, FileError> {
        let folder = self.path(store);
        if !Path::new(&folder).is_dir() {
            if Path::new(&format!("{folder}.pem")).is_file() {
                return Ok(None);
            }
            let wanted = format!("a folder, or a file {store}.pem");
            return Err(FileError::new(&folder, "nothing of this name", wanted));
        }
        let unreadable =
            |error: std::io::Error| FileError::new(&folder, error.to_string(), "a folder that can be read");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let name = name.to_string_lossy();
            if let Some(stem) = name.strip_suffix(".pem").filter(|stem| is_file_name(stem)) {
                files.push(Pem { file: format!("{folder}/{name}"), stem: stem.to_owned() });
            }
        }
        files.sort_by(|a, b| a.stem.cmp(&b.stem));
        Ok(Some(files))
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

/// The trust anchors of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchors {
    pub(crate) authorities: Vec<Vec<u8>>,
    pub(crate) pins: Vec<Pin>,
    /// What cannot be used, and why.
    pub(crate) passed_over: Vec<FileError>,
}

impl Anchors {
    /// Adds what stands in block `number` of `file`. What a certificate is decides, and no name of a file: that of a CA is an
    /// authority, every other one stands for itself.
    fn add(&mut self, pin: Pin, file: &str, number: usize) {
        if let Pin::Certificate(certificate) = &pin {
            match pem::standing(certificate) {
                Standing::Authority => return self.authorities.push(certificate.clone()),
                Standing::Unusable(why) => {
                    let found = format!("that certificate {number} {why}");
                    return self.passed_over.push(FileError::new(file, found, "certificates that can be read"));
                }
                Standing::Leaf(_) => {}
            }
        }
        self.pins.push(pin);
    }
}

/// A file of a store.
struct Pem {
    file: String,
    /// Its name without `.pem`.
    stem: String,
}

/// Adds the certificates of the issuers, as far as they are there; a root is not sent.
fn complete(chain: &mut Vec<Vec<u8>>, others: &[Vec<u8>]) {
    while chain.len() < LONGEST_CHAIN {
        let next = chain.last().and_then(|last| {
            let certificates = [last.as_slice()];
            let last = Credential::new(&certificates, KeyHandle(0)).ok()?;
            others.iter().find(|other| is_issuer(other, &last))
        });
        match next {
            Some(issuer) => chain.push(issuer.clone()),
            None => return,
        }
    }
}

/// Whether this is the certificate of an intermediate authority whose name is that of the issuer of `below`.
fn is_issuer(certificate: &[u8], below: &Credential<'_>) -> bool {
    let certificates = [certificate];
    let (Ok(authority), Ok(itself)) =
        (TrustAnchor::from_certificate(certificate), Credential::new(&certificates, KeyHandle(0)))
    else {
        return false;
    };
    authority.subject().is_some_and(|subject| below.issued_by(&subject) && !itself.issued_by(&subject))
}

#[cfg(test)]
mod tests {
    use super::super::super::pki::{Authority, Leaf, key_pem};
    use super::*;
    use rcgen::ExtendedKeyUsagePurpose::ClientAuth;

    /// A folder that is gone with the test.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("embedded-mtls-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn write(&self, name: &str, text: &str) {
            let file = self.0.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }

        fn folder(&self) -> Folder {
            Folder(self.0.clone())
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn certificates<'a>(chain: impl IntoIterator<Item = &'a Vec<u8>>) -> String {
        pem::encode("CERTIFICATE", chain.into_iter().map(Vec::as_slice))
    }

    // U30: "either one file with all certificates under one alias, or all certificates of the chain separately"
    #[test]
    fn a_chain_is_the_same_in_one_file_and_in_several() {
        let root = Authority::root("Root").unwrap();
        let issuing = root.intermediate("Issuing").unwrap();
        let identity = issuing.leaf(&Leaf::new("gateway", ClientAuth)).unwrap();
        let key = key_pem(&identity.key).unwrap();
        let there = Temporary::new("chains");
        let (leaf, above) = identity.chain.split_first().unwrap();
        there.write("one/orders.pem", &certificates(&identity.chain));
        there.write("one/orders.key", &key);
        there.write("several/orders.pem", &certificates([leaf]));
        there.write("several/orders.key", &key);
        there.write("several/a.pem", &certificates(above));
        there.write("several/root.pem", &certificates([&root.certificate().to_vec()]));
        there.write("joined/orders.pem", &(certificates(&identity.chain) + &key));
        there.write("alone.pem", &(certificates(&identity.chain) + &key));
        for (store, alias) in [("one", "orders"), ("several", "orders"), ("joined", "orders"), ("alone", "alone")] {
            let found = there.folder().identities(store).unwrap();
            let [(name, found)] = &found[..] else { panic!("{store}: {found:?}") };
            assert_eq!((name.as_str(), &found.chain, &found.key), (alias, &identity.chain, &identity.key), "{store}");
        }
        there.write("trust/x.pem", &certificates([&root.certificate().to_vec()]));
        there.write("trust/y.pem", &certificates(above));
        there.write("trust/partner.pin.pem", &certificates([leaf]));
        there.write("both.pem", &certificates([&root.certificate().to_vec(), &above[0]]));
        let found = there.folder().anchors("trust").unwrap();
        assert_eq!(found.authorities, there.folder().anchors("both").unwrap().authorities);
        assert_eq!(found.pins, [Pin::Certificate(leaf.clone())]);
    }

    #[test]
    fn what_a_certificate_is_decides_and_not_how_its_file_is_called() {
        let root = Authority::root("Root").unwrap();
        let leaf = root.leaf(&Leaf::new("partner", ClientAuth)).unwrap().chain.remove(0);
        let there = Temporary::new("standing");
        let trusted = |name: &str, certificate: &Vec<u8>| {
            there.write(name, &certificates([certificate]));
            let found = there.folder().anchors("trust").unwrap();
            std::fs::remove_file(there.0.join(name)).unwrap();
            (found.authorities, found.pins)
        };
        let certificate = root.certificate().to_vec();
        for name in ["trust/any.pem", "trust/partner.pin.pem"] {
            assert_eq!(trusted(name, &leaf), (vec![], vec![Pin::Certificate(leaf.clone())]), "{name}");
            assert_eq!(trusted(name, &certificate), (vec![certificate.clone()], vec![]), "{name}");
        }
        there.write("trust/root.pem", &certificates([&certificate, &vec![0x30, 0]]));
        let found = there.folder().anchors("trust").unwrap();
        let [told] = &found.passed_over[..] else { panic!("{found:?}") };
        assert!(told.to_string().contains("root.pem: found that certificate 2 "), "{told}");
    }

    #[test]
    fn a_reference_is_a_line_with_the_name_of_a_store() {
        let there = Temporary::new("references");
        there.write("gateway.ref", "gateway-2026\n");
        assert_eq!(there.folder().target("gateway").as_deref(), Ok("gateway-2026"));
        there.write("gateway.ref", "../elsewhere\n");
        let error = there.folder().target("gateway").unwrap_err().to_string();
        assert!(
            error.ends_with("gateway.ref: found '../elsewhere', wanted a line with the name of a store beside it"),
            "{error}"
        );
        there.write("gateway.ref", "one\ntwo\n");
        let error = there.folder().target("gateway").unwrap_err().to_string();
        assert!(error.contains(r"found 'one\ntwo', wanted a line"), "{error}");
        assert!(there.folder().target("nobody").unwrap_err().to_string().contains("nobody.ref: found No such file"));
        let error = there.folder().identities("gateway-2026").unwrap_err().to_string();
        assert!(
            error.ends_with("gateway-2026: found nothing of this name, wanted a folder, or a file gateway-2026.pem"),
            "{error}"
        );
        std::fs::create_dir_all(there.0.join("empty")).unwrap();
        assert!(
            there.folder().identities("empty").unwrap_err().to_string().contains("empty: found no identity, wanted")
        );
        assert!(
            there.folder().anchors("empty").unwrap_err().to_string().contains("empty: found no trust anchor, wanted")
        );
    }
}
