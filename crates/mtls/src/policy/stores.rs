//! Stores as folders and files next to the policy file.
//!
//! ```text
//! policy.xml
//! gateway.ref          one line: the name of the store to which ref://gateway points
//! gateway-2026/        a store of identities
//!   orders.pem           alias orders: its certificate, then its intermediates
//!   orders.key           its key, which may be in orders.pem instead
//!   issuing-ca.pem       a file without a key: a certificate that completes the chains above
//! suppliers/           a store of trust anchors
//!   root.pem             certificates of authorities
//!   partner.pem          certificates of peers, or public keys, that are trusted by themselves; what they are decides
//! ```
//!
//! The content of a file determines its kind, so that files may have other names and the extensions `.crt`, `.cer`,
//! `.key`, `.der`, `.p12` or `.pfx`, as Kubernetes (`tls.crt`, `tls.key`, `ca.crt`), certbot (`fullchain.pem`, `privkey.pem`, ...) and AWS
//! (`NAME-certificate.pem.crt`, `NAME-private.pem.key`, ...) write them. The alias is the name of the certificate's
//! file.
//!
//! Either kind of store may be a single file instead: `gateway-2026.pem` with chain and key, whose alias is its name;
//! `suppliers.pem` with certificates of authorities.

use std::path::{Path, PathBuf};

use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{Credential, KeyHandle};
use mtls_pki::pem::{self, FileError, Held, Identity, Password, Pin, Standing};

use super::ssl_info::is_file_name;

/// Maximum number of certificates in a chain: more indicate a cycle.
const LONGEST_CHAIN: usize = 10;

/// The folder of a policy file, and the password of the encrypted keys in it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    password: Password,
}

impl Folder {
    /// Returns the folder of a file.
    pub(crate) fn of(file: &str, password: Password) -> Self {
        Self { path: Path::new(file).parent().map(Path::to_path_buf).unwrap_or_default(), password }
    }

    /// Returns the store that a reference currently points to.
    pub(crate) fn target(&self, reference: &str) -> Result<String, FileError> {
        let file = self.path(&format!("{reference}.ref"));
        let wanted = "a line with the name of a store next to it";
        let text = std::fs::read_to_string(&file).map_err(|error| FileError::new(&file, error.to_string(), wanted))?;
        let name = text.trim();
        let found = || format!("'{}'", name.escape_debug());
        if is_file_name(name) { Ok(name.to_owned()) } else { Err(FileError::new(&file, found(), wanted)) }
    }

    /// Reads the identities of a store, each with its alias, in the order of the aliases.
    pub(crate) fn identities(&self, store: &str) -> Result<Vec<(String, Identity)>, FileError> {
        let Some(files) = self.files(store)? else {
            let file = self.path(&format!("{store}.pem"));
            return Ok(vec![(store.to_owned(), pem::identity(&file, &file, &self.password)?)]);
        };
        let mut identities = Vec::new();
        for pem in files.iter().filter(|pem| pem.held.key.is_some()) {
            let Some(certificate) = pem.certificate(&files)? else { continue };
            let alias = certificate.alias();
            if identities.iter().any(|(known, _)| known == alias) {
                let found = format!("two keys for the alias {alias}, the second in {}", pem.file);
                return Err(FileError::new(&self.path(store), found, "one key for each certificate"));
            }
            identities.push((alias.to_owned(), pem::identity(&certificate.file, &pem.file, &self.password)?));
        }
        identities.sort_by(|(a, _), (b, _)| a.cmp(b));
        let others: Vec<_> = files.into_iter().filter(|pem| pem.held.key.is_none()).collect();
        let others: Vec<_> = others.into_iter().flat_map(|pem| pem.held.certificates).collect();
        for (_, identity) in &mut identities {
            complete(&mut identity.chain, &others);
        }
        let found = "no identity";
        let wanted = "ALIAS.pem with a certificate and ALIAS.key with its key";
        if identities.is_empty() { Err(FileError::new(&self.path(store), found, wanted)) } else { Ok(identities) }
    }

    /// Reads the trust anchors of a store: authorities and pins.
    pub(crate) fn anchors(&self, store: &str) -> Result<Anchors, FileError> {
        let files = match self.files(store)? {
            Some(files) => trusted(&files),
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

    /// Lists the PEM files of a store in their order; `None` if the store is a single file.
    fn files(&self, store: &str) -> Result<Option<Vec<Pem>>, FileError> {
        let folder = self.path(store);
        if !Path::new(&folder).is_dir() {
            if Path::new(&format!("{folder}.pem")).is_file() {
                return Ok(None);
            }
            let wanted = format!("a folder, or a file {store}.pem");
            return Err(FileError::new(&folder, "nothing of this name", wanted));
        }
        let unreadable = |error: std::io::Error| FileError::new(&folder, error.to_string(), "a readable folder");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let name = name.to_string_lossy();
            if let Some(stem) = stem(&name).filter(|stem| is_file_name(stem)) {
                let file = format!("{folder}/{name}");
                files.push(Pem { held: Held::read(&file, &self.password)?, file, stem: stem.to_owned() });
            }
        }
        files.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(Some(files))
    }

    fn path(&self, name: &str) -> String {
        self.path.join(name).to_string_lossy().into_owned()
    }
}

/// The trust anchors of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchors {
    pub(crate) authorities: Vec<Vec<u8>>,
    pub(crate) pins: Vec<Pin>,
    /// The files that cannot be used, with the reasons.
    pub(crate) passed_over: Vec<FileError>,
}

impl Anchors {
    /// Adds block `number` of `file`. The certificate decides, not the name of the file: that of a CA is an authority,
    /// any other one is pinned.
    fn add(&mut self, pin: Pin, file: &str, number: usize) {
        if let Pin::Certificate(certificate) = &pin {
            match pem::standing(certificate) {
                Standing::Authority => return self.authorities.push(certificate.clone()),
                Standing::Unusable(why) => {
                    let found = format!("that certificate {number} {why}");
                    return self.passed_over.push(FileError::new(file, found, "readable certificates"));
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
    /// Its name without the extension.
    stem: String,
    held: Held,
}

impl Pem {
    /// Finds the file with the certificate for the key in this one; `None` if that file also holds the key. Names
    /// decide only among several.
    fn certificate<'p>(&'p self, files: &'p [Self]) -> Result<Option<&'p Self>, FileError> {
        if !self.held.certificates.is_empty() {
            return Ok(Some(self));
        }
        let Some(key) = &self.held.key else { return Ok(None) };
        let is_of_key = |pem: &&Self| pem.held.certificates.iter().any(|der| pem::is_of_key(key, der));
        let is_named_so = |pem: &&Self| pem.stem == self.stem && !pem.held.certificates.is_empty();
        let mut found: Vec<_> = files.iter().filter(is_of_key).collect();
        if found.iter().any(|pem| pem.held.key.is_some()) {
            return Ok(None);
        }
        if found.iter().any(is_named_so) {
            found.retain(is_named_so);
        }
        let Some(longest) = found.iter().max_by_key(|pem| pem.held.certificates.len()) else {
            // Errors in a file of the same name are reported when the two are combined.
            let wanted = "next to it a file with its certificate";
            let none = || FileError::new(&self.file, "a key without its certificate in any file of the store", wanted);
            return files.iter().find(is_named_so).map(Some).ok_or_else(none);
        };
        // cert.pem of certbot is the beginning of its fullchain.pem.
        if found.iter().all(|pem| longest.held.certificates.starts_with(&pem.held.certificates)) {
            return Ok(Some(longest));
        }
        let names: Vec<_> = found.iter().map(|pem| pem.file.as_str()).collect();
        let found = format!("several certificates for this key: {}", names.join(", "));
        Err(FileError::new(&self.file, found, "one of them, or one with the name of the key's file"))
    }

    /// Returns the alias of the identity whose certificate is here. AWS writes `NAME-certificate.pem.crt`.
    fn alias(&self) -> &str {
        self.stem.strip_suffix("-certificate.pem").unwrap_or(&self.stem)
    }
}

/// Returns the name of a file of a store without its extension; `None` if the file does not belong to a store.
fn stem(name: &str) -> Option<&str> {
    let of_acm = || name.strip_suffix(".txt").filter(|stem| OF_ACM.contains(stem));
    ENDS.iter().find_map(|end| name.strip_suffix(end)).or_else(of_acm)
}

/// The extensions of files with certificates and keys.
const ENDS: [&str; 7] = [".pem", ".crt", ".cer", ".key", ".der", ".p12", ".pfx"];

/// The file names of an export of AWS Certificate Manager, without `.txt`.
const OF_ACM: [&str; 3] = ["Certificate", "CertificateChain", "PrivateKey"];

/// Returns the files of a store that hold trusted peers. A file with one of our own keys, or with its certificate or
/// public key, belongs to our identity, as in a folder that holds everything. An authority remains one even next to its
/// key.
fn trusted(files: &[Pem]) -> Vec<String> {
    let keys: Vec<_> = files.iter().filter_map(|pem| pem.held.key.as_ref()).collect();
    let is_ours =
        |der: &Vec<u8>| keys.iter().any(|key| pem::is_of_key(key, der)) && pem::standing(der) != Standing::Authority;
    let is_own = |pem: &&Pem| {
        let Held { certificates, public_keys, key } = &pem.held;
        key.is_some() && certificates.is_empty() || certificates.iter().chain(public_keys).any(is_ours)
    };
    files.iter().filter(|pem| !is_own(pem)).map(|pem| pem.file.clone()).collect()
}

/// Adds the certificates of the issuers that are available; a root is not sent.
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

/// Returns whether this is the certificate of an intermediate authority whose name is that of the issuer of `below`.
fn is_issuer(certificate: &[u8], below: &Credential<'_>) -> bool {
    let certificates = [certificate];
    let (Ok(authority), Ok(itself)) =
        (TrustAnchor::from_certificate(certificate), Credential::new(&certificates, KeyHandle(0)))
    else {
        return false;
    };
    authority
        .subject()
        .is_some_and(|subject| below.certificate_of(&subject).is_some() && itself.certificate_of(&subject).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mtls_pki::throw_away::{Authority, Leaf};
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
            Folder { path: self.0.clone(), password: Password::none() }
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
        let key = identity.key.to_pem();
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
            assert_eq!(
                (name.as_str(), &found.chain, found.key.to_der()),
                (alias, &identity.chain, identity.key.to_der()),
                "{store}"
            );
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
    fn the_kind_of_a_certificate_decides_and_not_the_name_of_its_file() {
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
    fn files_are_taken_as_kubernetes_certbot_and_aws_name_them() {
        let root = Authority::root("Root").unwrap();
        let identity = root.intermediate("Issuing").unwrap().leaf(&Leaf::new("gateway", ClientAuth)).unwrap();
        let key = identity.key.to_pem();
        let (leaf, above) = identity.chain.split_first().unwrap();
        let (leaf, above, full) = (certificates([leaf]), certificates(above), certificates(&identity.chain));
        let authority = root.certificate().to_vec();
        let root = certificates([&authority]);
        let public = public_key(&identity);
        let issuing = identity.chain[1].clone();
        for (store, files, alias, trusted) in [
            ("kubernetes", &[("tls.crt", &full), ("tls.key", &key), ("ca.crt", &root)][..], "tls", vec![&authority]),
            (
                "certbot",
                &[("fullchain.pem", &full), ("privkey.pem", &key), ("cert.pem", &leaf), ("chain.pem", &above)],
                "fullchain",
                vec![&issuing],
            ),
            (
                "aws",
                &[
                    ("0a1b-certificate.pem.crt", &full),
                    ("0a1b-private.pem.key", &key),
                    ("0a1b-public.pem.key", &public),
                    ("AmazonRootCA1.pem", &root),
                ],
                "0a1b",
                vec![&authority],
            ),
            (
                "acm",
                &[("Certificate.txt", &leaf), ("CertificateChain.txt", &above), ("PrivateKey.txt", &key)],
                "Certificate",
                vec![&issuing],
            ),
        ] {
            let there = Temporary::new(store);
            for (name, text) in files {
                there.write(&format!("{store}/{name}"), text);
            }
            // What a mounted secret and certbot have besides.
            for name in ["README", "notes.txt", "..data.pem"] {
                there.write(&format!("{store}/{name}"), "no PEM");
            }
            let found = there.folder().identities(store).unwrap();
            let [(name, found)] = &found[..] else { panic!("{store}: {found:?}") };
            assert_eq!(
                (name.as_str(), &found.chain, found.key.to_der()),
                (alias, &identity.chain, identity.key.to_der()),
                "{store}"
            );
            // Who we are is not whom we trust, though one folder may have both.
            let found = there.folder().anchors(store).unwrap();
            assert_eq!((found.authorities.iter().collect::<Vec<_>>(), found.pins), (trusted, vec![]), "{store}");
        }
    }

    #[test]
    fn a_ca_is_trusted_even_beside_its_key_but_an_identity_is_not() {
        let there = Temporary::new("beside");
        let root = Authority::root("Root").unwrap();
        let leaf = root.leaf(&Leaf::new("gateway", ClientAuth)).unwrap();
        let peer = root.leaf(&Leaf::new("peer", ClientAuth)).unwrap().chain.remove(0);
        let (root_key, leaf_key) = (root.key().to_pem(), leaf.key.to_pem());
        let own = &root.certificate().to_vec();
        for (name, certificate, key) in [("root", own, root_key), ("own", &leaf.chain[0], leaf_key)] {
            there.write(&format!("trust/{name}.crt"), &certificates([certificate]));
            there.write(&format!("trust/{name}.key"), &key);
        }
        there.write("trust/peer.cer", &certificates([&peer]));
        there.write("trust/both.pem", &(certificates(&leaf.chain[..1]) + &leaf.key.to_pem()));
        let found = there.folder().anchors("trust").unwrap();
        assert_eq!((found.authorities, found.pins), (vec![root.certificate().to_vec()], vec![Pin::Certificate(peer)]));
    }

    #[test]
    fn ambiguity_is_rejected_with_the_names_of_the_files() {
        let root = Authority::root("Root").unwrap();
        let [ours, others] = [(); 2].map(|()| root.leaf(&Leaf::new("gateway", ClientAuth)).unwrap());
        let key = ours.key.to_pem();
        let refusal = |files: &[(&str, &str)]| {
            let there = Temporary::new("ambiguous");
            for (name, text) in files {
                there.write(&format!("store/{name}"), text);
            }
            let found = there.folder().identities("store");
            found.map(|found| found[0].0.clone()).map_err(|error| error.to_string())
        };
        let certificate = certificates(&ours.chain);
        // The same key under two certificates: the name decides, or it is an error.
        let mut renewed = ours.chain[0].clone();
        *renewed.last_mut().unwrap() ^= 1;
        let renewed = certificates([&renewed]);
        let told = refusal(&[("a.crt", &certificate), ("b.crt", &renewed), ("c.key", &key)]).unwrap_err();
        assert!(told.contains("c.key: found several certificates for this key: "), "{told}");
        assert!(told.contains("a.crt, ") && told.contains("b.crt"), "{told}");
        assert_eq!(refusal(&[("a.crt", &certificate), ("b.crt", &renewed), ("a.key", &key)]).as_deref(), Ok("a"));
        let told = refusal(&[("a.crt", &certificate), ("b.key", &key), ("c.key", &key)]).unwrap_err();
        assert!(told.contains("found two keys for the alias a, ") && told.contains("c.key"), "{told}");
        let told = refusal(&[("a.pem", &certificates(&others.chain)), ("b.key", &key)]).unwrap_err();
        assert!(told.contains("b.key: found a key without its certificate in any file of the store"), "{told}");
        let told = refusal(&[("a.crt", &certificates(&others.chain)), ("a.key", &key)]).unwrap_err();
        assert!(told.contains("a.crt: found no certificate for the key of ") && told.contains("a.key"), "{told}");
        // The same key once more is no second one.
        assert_eq!(refusal(&[("a.pem", &(certificate + &key)), ("a.key", &key)]).as_deref(), Ok("a"));
    }

    /// The public key of an identity as AWS saves it.
    fn public_key(identity: &Identity) -> String {
        use p256::pkcs8::EncodePublicKey as _;
        let key = p256::SecretKey::from_slice(identity.key.p256().unwrap().as_slice()).unwrap();
        pem::encode("PUBLIC KEY", [key.public_key().to_public_key_der().unwrap().as_bytes()])
    }

    #[test]
    fn a_reference_is_a_line_with_the_name_of_a_store() {
        let there = Temporary::new("references");
        there.write("gateway.ref", "gateway-2026\n");
        assert_eq!(there.folder().target("gateway").as_deref(), Ok("gateway-2026"));
        there.write("gateway.ref", "../elsewhere\n");
        let error = there.folder().target("gateway").unwrap_err().to_string();
        assert!(
            error.ends_with("gateway.ref: found '../elsewhere', wanted a line with the name of a store next to it"),
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
