//! Certificates and keys from files, PEM or DER: chains, trust anchors, keys in PKCS#8, SEC 1 and PKCS#1.
//!
//! The core accepts only DER, and never sees a key. Every error names the file, what was found in it and what is
//! required.

mod blocks;
mod key;
mod kind;
mod password;
#[cfg(feature = "pkcs12")]
mod pkcs12;
mod quote;

use core::fmt;
use std::path::Path;

use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{ApiMisuse, CertificateProblem, Credential, Error, Escaped, KeyHandle};
use zeroize::Zeroizing;

pub use self::password::Password;
pub use self::quote::quoted;

pub(crate) use self::kind::content;

use self::blocks::{Block, blocks};
use super::key::Key;

/// One of our identities: a chain and its private key.
#[derive(Clone)]
pub struct Identity {
    /// DER certificates, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The private key of the leaf.
    pub key: Key,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// A certificate or key, in DER, by which a server is trusted regardless of its issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The whole certificate.
    Certificate(Vec<u8>),
    /// SHA-256 of the whole certificate.
    Fingerprint([u8; 32]),
    /// The public key (`SubjectPublicKeyInfo`).
    Key(Vec<u8>),
}

/// An unusable file. Its content is not quoted, since it may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    file: String,
    found: String,
    wanted: String,
}

impl FileError {
    /// Creates an error of the form `file`: `found`, wanted `wanted`.
    pub fn new(file: &str, found: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self { file: file.to_owned(), found: found.into(), wanted: wanted.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, found, wanted } = self;
        write!(f, "{}: found {}, wanted {wanted}", Escaped(file), Escaped(found))
    }
}

impl core::error::Error for FileError {}

/// Reads the certificates of a file, in their order.
///
/// # Errors
/// A file that cannot be read or contains no certificate.
pub fn certificates(file: &str) -> Result<Vec<Vec<u8>>, FileError> {
    certificates_in(&read(file)?, file)
}

/// Certificates of authorities to trust, and unusable ones of the same file.
#[derive(Debug, Default)]
pub struct Authorities {
    /// The usable ones, in order.
    pub usable: Vec<Vec<u8>>,
    /// The reasons why the others are skipped.
    pub passed_over: Vec<FileError>,
}

/// Reads the certificates of authorities to trust. An unusable one does not affect the others; one that is not a CA
/// certificate is an error.
///
/// # Errors
/// A file that cannot be read or contains no usable CA certificate.
pub fn authorities(file: &str) -> Result<Authorities, FileError> {
    let certificates = certificates(file)?;
    let (count, mut found) = (certificates.len(), Authorities::default());
    let unfit = |number: usize, why: String| {
        let which = format!("that certificate {number} of {count} {why}");
        FileError::new(file, which, "CA certificates")
    };
    for (number, certificate) in (1..).zip(certificates) {
        match standing(&certificate) {
            Standing::Authority => found.usable.push(certificate),
            Standing::Leaf(why) => return Err(unfit(number, why)),
            Standing::Unusable(why) => found.passed_over.push(unfit(number, why)),
        }
    }
    if found.usable.is_empty() && !found.passed_over.is_empty() {
        return Err(found.passed_over.swap_remove(0));
    }
    Ok(found)
}

/// The role in which a certificate can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The certificate of an authority.
    Authority,
    /// It is not a CA certificate.
    Leaf(String),
    /// It cannot be used, for this reason.
    Unusable(String),
}

/// Determines how a certificate can be trusted.
pub fn standing(certificate: &[u8]) -> Standing {
    match TrustAnchor::from_certificate(certificate) {
        Ok(_) => Standing::Authority,
        Err(Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(problem))) => match problem {
            CertificateProblem::NotACa => Standing::Leaf(problem.to_string()),
            CertificateProblem::UnsupportedKey => {
                Standing::Unusable(problem.to_string() + key::needed_by(certificate).as_deref().unwrap_or_default())
            }
            _ => Standing::Unusable(problem.to_string()),
        },
        Err(other) => Standing::Unusable(other.to_string()),
    }
}

/// Reads pins: certificates of servers, or their public keys.
///
/// # Errors
/// A file that cannot be read or contains nothing to pin.
pub fn pins(file: &str) -> Result<Vec<Pin>, FileError> {
    let blocks = blocks(&read(file)?, file)?;
    let mut pins = Vec::new();
    for block in &blocks {
        match block.label.name() {
            "PUBLIC KEY" => pins.push(Pin::Key(block.der.to_vec())),
            _ => pins.extend(certificate_of(block, file)?.map(Pin::Certificate)),
        }
    }
    if pins.is_empty() {
        return Err(FileError::new(file, labels(&blocks), "BEGIN CERTIFICATE or BEGIN PUBLIC KEY"));
    }
    Ok(pins)
}

/// Reads one of our identities. Chain and key may be in one file; an encrypted key needs its password.
///
/// # Errors
/// Files that cannot be read, do not match, or have unusable content.
pub fn identity(chain_file: &str, key_file: &str, password: &Password) -> Result<Identity, FileError> {
    let blocks = opened(&read(chain_file)?, chain_file, password)?;
    let chain = certificates_among(&blocks, chain_file)?;
    let key = match key_file {
        same if same == chain_file => key::key_among(&blocks, chain_file, password)?,
        other => key::key_among(&opened(&read(other)?, other, password)?, other, password)?,
    };
    let identity = Identity { chain, key };
    match key::owner(&identity) {
        Some(0) => usable(identity, chain_file),
        Some(n) => Err(FileError::new(
            chain_file,
            format!("that certificate {} of {} belongs to the key of {key_file}", n + 1, identity.chain.len()),
            "that one first, then the certificate of its issuer, and so on",
        )),
        None => Err(FileError::new(
            chain_file,
            format!("no certificate for the key of {key_file}: {}", key::whose(&identity)),
            "the certificate of that key first",
        )),
    }
}

/// Returns the identity if the core can send it.
fn usable(identity: Identity, chain_file: &str) -> Result<Identity, FileError> {
    let chain: Vec<_> = identity.chain.iter().map(Vec::as_slice).collect();
    if Credential::new(&chain, KeyHandle(0)).is_ok() {
        return Ok(identity);
    }
    let why = match chain.first().map(|leaf| standing(leaf)) {
        Some(Standing::Unusable(why)) => why,
        _ => "cannot be used as ours".to_owned(),
    };
    let compressed = if key::is_compressed(&identity) { "; its key is a compressed point" } else { "" };
    let found = format!("that certificate 1 {why}{compressed}");
    Err(FileError::new(chain_file, found, "X.509 version 3 certificates whose key is an uncompressed point"))
}

/// The content of a file, regardless of its name.
#[derive(Default)]
pub struct Held {
    /// DER certificates, in their order.
    pub certificates: Vec<Vec<u8>>,
    /// Public keys in DER that are not part of a certificate.
    pub public_keys: Vec<Vec<u8>>,
    /// The private key.
    pub key: Option<Key>,
}

impl Held {
    /// Reads a file with certificates, keys or both.
    ///
    /// # Errors
    /// A file that cannot be read or contains neither.
    pub fn read(file: &str, password: &Password) -> Result<Self, FileError> {
        let bytes = read(file)?;
        let blocks = opened(&bytes, file, password)?;
        let mut held = Self::default();
        for block in &blocks {
            held.certificates.extend(certificate_of(block, file)?);
            if block.label.name() == "PUBLIC KEY" {
                held.public_keys.push(block.der.to_vec());
            }
        }
        if blocks.iter().any(|block| block.label.is_private_key()) {
            held.key = Some(key::key_among(&blocks, file, password)?);
        } else if held.certificates.is_empty() && held.public_keys.is_empty() {
            return Err(FileError::new(file, labels(&blocks), "a certificate or a key"));
        }
        Ok(held)
    }
}

/// A PEM block of any kind.
pub struct Section {
    /// The text after `BEGIN`.
    pub label: &'static str,
    /// The content.
    pub der: Zeroizing<Vec<u8>>,
    /// True if its headers say that the content is encrypted.
    pub is_encrypted: bool,
}

/// Returns the blocks of a file with this content; what is encrypted is opened if there is a password.
///
/// # Errors
/// Neither PEM nor DER, a broken block, or a wrong password.
pub fn sections(bytes: &[u8], file: &str, password: &Password) -> Result<Vec<Section>, FileError> {
    let section = |Block { label, der, is_encrypted }| match label.name() {
        "ENCRYPTED PRIVATE KEY" if password.is_given() => {
            let der = Zeroizing::new(key::decrypted(&der, file, password)?.as_bytes().to_vec());
            Ok(Section { label: "PRIVATE KEY", der, is_encrypted })
        }
        label => Ok(Section { label, der, is_encrypted }),
    };
    opened(bytes, file, password)?.into_iter().map(section).collect()
}

/// Returns the blocks of a file, those of a PKCS#12 file as a PEM file would have them.
fn opened(bytes: &[u8], file: &str, password: &Password) -> Result<Vec<Block>, FileError> {
    #[cfg(feature = "pkcs12")]
    if let Some(blocks) = pkcs12::open(bytes, file, password)? {
        return Ok(blocks);
    }
    #[cfg(not(feature = "pkcs12"))]
    let _ = password;
    blocks(bytes, file)
}

/// Describes the content of a file that is not PEM, and what to convert it to; `None` if it may be PEM.
pub fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    kind::foreign(bytes)
}

/// Returns whether a file begins as PKCS#12 does.
pub fn is_pkcs12(bytes: &[u8]) -> bool {
    kind::is_pkcs12(bytes)
}

/// Returns whether a certificate contains the public key of `key`, or `der` is this public key.
pub fn is_of_key(key: &Key, der: &[u8]) -> bool {
    key::is_in(key, der)
}

/// Writes blocks of `label` as PEM.
pub fn encode<'a>(label: &str, blocks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    blocks.into_iter().map(|der| ::pem::encode_config(&::pem::Pem::new(label, der), config)).collect()
}

/// Reads a file.
fn read(file: &str) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let bytes =
        std::fs::read(Path::new(file)).map_err(|error| FileError::new(file, error.to_string(), "a PEM file"))?;
    Ok(Zeroizing::new(bytes))
}

/// Returns the certificates among the PEM blocks.
fn certificates_in(bytes: &[u8], file: &str) -> Result<Vec<Vec<u8>>, FileError> {
    certificates_among(&blocks(bytes, file)?, file)
}

/// Returns the certificates among the blocks of a file.
fn certificates_among(blocks: &[Block], file: &str) -> Result<Vec<Vec<u8>>, FileError> {
    let mut chain = Vec::new();
    for block in blocks {
        chain.extend(certificate_of(block, file)?);
    }
    if chain.is_empty() {
        return Err(FileError::new(file, labels(blocks), "at least one block BEGIN CERTIFICATE"));
    }
    Ok(chain)
}

/// Returns the certificate in a block; `None` if it contains something that often accompanies certificates. Anything
/// else is an error, since silently skipping it would cause a failure later.
fn certificate_of(block: &Block, file: &str) -> Result<Option<Vec<u8>>, FileError> {
    let refuse = |wanted: &str| Err(FileError::new(file, format!("BEGIN {}", block.label.name()), wanted));
    match block.label.name() {
        "CERTIFICATE" => Ok(Some(block.der.to_vec())),
        "TRUSTED CERTIFICATE" => match trusted(&block.der) {
            Some(certificate) => Ok(Some(certificate.to_vec())),
            None => refuse("a plain certificate: openssl x509 -in FILE -out new.pem removes the trust settings"),
        },
        "PKCS7" | "CMS" => refuse("certificates: openssl pkcs7 -in FILE -print_certs -out new.pem extracts them"),
        "X509 CRL" => refuse("certificates only: revocation lists are not supported"),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            refuse("a certificate: a CA has to sign the request first")
        }
        "EC PARAMETERS" | "DH PARAMETERS" | "PUBLIC KEY" => Ok(None),
        _ if block.label.is_private_key() => Ok(None),
        _ => refuse("BEGIN CERTIFICATE"),
    }
}

/// Returns the certificate before the data that `openssl x509 -trustout` appends, unless that data limits the trust
/// (`X509_CERT_AUX`: two lists, then a name): ignoring it would trust the certificate for more.
fn trusted(der: &[u8]) -> Option<&[u8]> {
    let (certificate, settings) = kind::split_value(der)?;
    let says_nothing = match kind::split_value(settings) {
        None => settings.is_empty(),
        Some((settings, _)) => matches!(settings, [_, 0] | [_, 0..0x80, 0x0c | 0x04, ..]),
    };
    says_nothing.then_some(certificate)
}

/// Lists the labels of the blocks, for messages.
fn labels(blocks: &[Block]) -> String {
    let labels: Vec<_> = blocks.iter().map(|block| format!("BEGIN {}", block.label.name())).collect();
    labels.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_keeps_its_order_and_der_is_named() {
        let text = encode("CERTIFICATE", [&[0x30, 0][..], &[0x30, 1, 0]]);
        assert_eq!(certificates_in(text.as_bytes(), "c").unwrap(), [vec![0x30, 0], vec![0x30, 1, 0]]);
        assert_eq!(certificates_in(&[0x30, 5, 0x30, 3, 2, 1, 9], "c.der").unwrap(), [vec![0x30, 5, 0x30, 3, 2, 1, 9]]);
        let der = certificates_in(&[0x30, 0x82], "c.der").unwrap_err().to_string();
        assert!(der.starts_with("c.der: found other DER"), "{der}");
        let cut = certificates_in(text.trim_end().trim_end_matches('-').as_bytes(), "c.pem").unwrap_err().to_string();
        assert!(cut.starts_with("c.pem: found broken PEM"), "{cut}");
    }

    /// A file with this text, gone afterwards.
    fn with_file<R>(name: &str, text: &str, work: impl FnOnce(&str) -> R) -> R {
        let file = std::env::temp_dir().join(format!("embedded-mtls-pem-{name}-{}.pem", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let result = work(file.to_str().unwrap());
        std::fs::remove_file(file).unwrap();
        result
    }

    #[test]
    fn a_leaf_is_not_a_ca() {
        let pki = super::super::throw_away::Pki::new().unwrap();
        let both = encode("CERTIFICATE", [&pki.root[..], &pki.supplier.chain[0]]);
        let error = with_file("leaf", &both, |file| authorities(file).unwrap_err().to_string());
        assert!(error.contains("found that certificate 2 of 2 ") && error.contains("is not a CA"), "{error}");
    }

    #[test]
    fn an_unusable_ca_is_reported_and_the_others_are_used() {
        let pki = super::super::throw_away::Pki::new().unwrap();
        // The end of a SubjectPublicKeyInfo's identifier: no curve that is known.
        let mut odd = pki.root.clone();
        let curve = odd.windows(10).position(|bytes| bytes == [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]).unwrap();
        odd[curve + 9] = 9;
        let both = encode("CERTIFICATE", [&odd[..], &pki.root]);
        let found = with_file("both", &both, |file| authorities(file).unwrap());
        let [told] = &found.passed_over[..] else { panic!("{found:?}") };
        assert!(told.to_string().contains("found that certificate 1 of 2 has a public key whose type"), "{told}");
        assert_eq!(found.usable, std::slice::from_ref(&pki.root));
        let error = with_file("alone", &encode("CERTIFICATE", [&odd[..]]), |file| authorities(file).unwrap_err());
        assert!(error.to_string().contains("found that certificate 1 of 1 "), "{error}");
    }

    #[test]
    fn blocks_that_hold_no_certificate_are_never_skipped_silently() {
        let pki = super::super::throw_away::Pki::new().unwrap();
        let good = encode("CERTIFICATE", [&pki.root[..]]);
        for (label, told) in [
            ("PKCS7", "openssl pkcs7"),
            ("X509 CRL", "revocation lists are not supported"),
            ("CERTIFICATE REQUEST", "a CA has to sign the request first"),
            ("hunter2", "found BEGIN of an unknown kind"),
        ] {
            let text = good.clone() + &encode(label, [&[0x30, 0][..]]);
            let error = certificates_in(text.as_bytes(), "c.pem").unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
        }
        let text = encode("EC PARAMETERS", [&[6, 0][..]]) + &good;
        assert_eq!(certificates_in(text.as_bytes(), "c.pem").unwrap(), [pki.root]);
    }

    #[test]
    fn a_trusted_certificate_is_read_unless_its_settings_would_be_lost() {
        let pki = super::super::throw_away::Pki::new().unwrap();
        let read = |settings: &[u8]| {
            let text = encode("TRUSTED CERTIFICATE", [&[&pki.root[..], settings].concat()[..]]);
            certificates_in(text.as_bytes(), "c.pem")
        };
        for harmless in [&[][..], &[0x30, 0], &[0x30, 3, 12, 1, b'a']] {
            assert_eq!(read(harmless).unwrap(), std::slice::from_ref(&pki.root));
        }
        for settings in [&[0x30, 4, 0x30, 2, 6, 0][..], &[0x30, 2, 0xa0, 0]] {
            let error = read(settings).unwrap_err().to_string();
            assert!(error.contains("found BEGIN TRUSTED CERTIFICATE") && error.contains("openssl x509"), "{error}");
        }
    }

    #[test]
    fn each_cause_of_a_key_without_its_certificate_is_told() {
        use super::super::key::KeyKind;
        use super::super::throw_away::{Authority, Leaf, self_signed};
        use rcgen::ExtendedKeyUsagePurpose::ClientAuth;
        let [ours, others] = [(); 2].map(|()| self_signed(&Leaf::new("gateway", ClientAuth)).unwrap());
        let refusal = |certificates: &[&Vec<u8>], key: &Identity| {
            let text = encode("CERTIFICATE", certificates.iter().map(|der| der.as_slice()));
            let text = text + &key.key.to_pem();
            with_file("cause", &text, |file| identity(file, file, &Password::none()).unwrap_err().to_string())
        };
        let [own, other] = [&ours.chain[0], &others.chain[0]];
        let told = refusal(&[other], &ours);
        assert!(told.contains("none of 1 has it, though the first has a key on P-256"), "{told}");
        let told = refusal(&[other, own], &ours);
        assert!(told.contains("that certificate 2 of 2 belongs to the key"), "{told}");
        // Signed with Ed25519, whose identifier is not that of the key.
        let authority = Authority::root_of(KeyKind::Ed25519, "Root").unwrap();
        let [p256, p384] = [KeyKind::P256, KeyKind::P384]
            .map(|kind| authority.issue(&Leaf::new("gateway", ClientAuth), kind).unwrap());
        let told = refusal(&[&p384.chain[0]], &ours);
        assert!(told.contains("has a key on P-384, ours is on P-256"), "{told}");
        let told = refusal(&[&p256.chain[0]], &p384);
        assert!(told.contains("has a key on P-256, ours is on P-384"), "{told}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error =
            identity("/nonexistent/chain.pem", "/nonexistent/key.pem", &Password::none()).unwrap_err().to_string();
        assert!(error.starts_with("/nonexistent/chain.pem: found No such file"), "{error}");
    }
}
