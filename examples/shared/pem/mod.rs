//! Certificates and keys from PEM files: chains, trust anchors, PKCS#8 and SEC1 keys on P-256.
//!
//! The core knows DER chains and 32-byte keys only. Every error names the file, what was found in it and what is wanted.

use core::fmt;
use std::path::Path;

use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{ApiMisuse, Credential, Error, KeyHandle};
use p256::SecretKey;
use p256::pkcs8::{EncodePublicKey as _, ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

/// An own identity: who we are, and the key that proves it.
#[derive(Clone)]
pub(crate) struct Identity {
    /// DER certificates, leaf first.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The private key of the leaf: a P-256 scalar.
    pub(crate) key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// What a server is trusted by, whoever issued its certificate. In DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// The whole certificate.
    Certificate(Vec<u8>),
    /// The public key (`SubjectPublicKeyInfo`).
    Key(Vec<u8>),
}

/// A file that is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileError {
    file: String,
    found: String,
    wanted: String,
}

impl FileError {
    /// `file`: `found`, wanted `wanted`.
    pub(crate) fn new(file: &str, found: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self { file: file.to_owned(), found: found.into(), wanted: wanted.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}, wanted {}", self.file, self.found, self.wanted)
    }
}

/// Reads the certificates of a file, in their order.
pub(crate) fn certificates(file: &str) -> Result<Vec<Vec<u8>>, FileError> {
    certificates_in(&read(file)?, file)
}

/// Reads the certificates of authorities that are to be trusted.
pub(crate) fn authorities(file: &str) -> Result<Vec<Vec<u8>>, FileError> {
    let certificates = certificates(file)?;
    for (number, certificate) in (1..).zip(&certificates) {
        if let Err(error) = TrustAnchor::from_certificate(certificate) {
            let why = match error {
                Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(problem)) => problem.to_string(),
                other => other.to_string(),
            };
            let found = format!("that certificate {number} of {} {why}", certificates.len());
            return Err(FileError::new(file, found, "certificates of authorities"));
        }
    }
    Ok(certificates)
}

/// Reads what is to be pinned: certificates of servers, or their public keys.
pub(crate) fn pins(file: &str) -> Result<Vec<Pin>, FileError> {
    let blocks = blocks(&read(file)?, file)?;
    let labels = labels(&blocks);
    let pin = |block: ::pem::Pem| match block.tag() {
        "CERTIFICATE" => Some(Pin::Certificate(block.into_contents())),
        "PUBLIC KEY" => Some(Pin::Key(block.into_contents())),
        _ => None,
    };
    let pins: Vec<_> = blocks.into_iter().filter_map(pin).collect();
    if pins.is_empty() {
        return Err(FileError::new(file, labels, "BEGIN CERTIFICATE or BEGIN PUBLIC KEY"));
    }
    Ok(pins)
}

/// Reads an own identity. Chain and key may stand in one file.
pub(crate) fn identity(chain_file: &str, key_file: &str) -> Result<Identity, FileError> {
    let identity = Identity { chain: certificates(chain_file)?, key: key_in(&read(key_file)?, key_file)? };
    match owner(&identity)? {
        Some(0) => usable(identity, chain_file),
        Some(n) => Err(FileError::new(
            chain_file,
            format!("that certificate {} of {} belongs to the key of {key_file}", n + 1, identity.chain.len()),
            "that one first, then the certificate of its issuer, and so on",
        )),
        None => Err(FileError::new(
            chain_file,
            format!("no certificate for the key of {key_file}"),
            "the certificate of that key first; do both files belong together?",
        )),
    }
}

/// Gives the identity back if the core can show it.
fn usable(identity: Identity, chain_file: &str) -> Result<Identity, FileError> {
    let chain: Vec<_> = identity.chain.iter().map(Vec::as_slice).collect();
    match Credential::new(&chain, KeyHandle(0)) {
        Ok(_) => Ok(identity),
        Err(_) => {
            Err(FileError::new(chain_file, "a certificate that cannot be read", "X.509 certificates of version 3"))
        }
    }
}

/// Whether a private key stands in a file.
pub(crate) fn has_key(file: &str) -> Result<bool, FileError> {
    Ok(blocks(&read(file)?, file)?.iter().any(|block| block.tag().ends_with("PRIVATE KEY")))
}

/// Writes blocks of `label` as PEM.
pub(crate) fn encode<'a>(label: &str, blocks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    blocks.into_iter().map(|der| ::pem::encode_config(&::pem::Pem::new(label, der), config)).collect()
}

/// Reads a file.
fn read(file: &str) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let bytes =
        std::fs::read(Path::new(file)).map_err(|error| FileError::new(file, error.to_string(), "a PEM file"))?;
    Ok(Zeroizing::new(bytes))
}

/// The PEM blocks of a file.
fn blocks(bytes: &[u8], file: &str) -> Result<Vec<::pem::Pem>, FileError> {
    if bytes.first() == Some(&0x30) {
        return Err(FileError::new(file, "DER", "PEM: openssl x509 (or pkey) -inform DER -in FILE converts it"));
    }
    let broken = |why: String| FileError::new(file, format!("broken PEM ({why})"), "whole PEM blocks");
    let blocks = ::pem::parse_many(bytes).map_err(|error| broken(error.to_string()))?;
    // The library passes over a block at the end of the file that has no end of its own.
    let begun = bytes.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
    if begun != blocks.len() {
        return Err(broken(format!("{begun} blocks begin, {} are whole", blocks.len())));
    }
    Ok(blocks)
}

/// How a PEM block begins (RFC 7468 section 2).
const BEGIN: &[u8] = b"-----BEGIN ";

/// The certificates among the PEM blocks.
fn certificates_in(bytes: &[u8], file: &str) -> Result<Vec<Vec<u8>>, FileError> {
    let blocks = blocks(bytes, file)?;
    let labels = labels(&blocks);
    let chain: Vec<_> =
        blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE").map(::pem::Pem::into_contents).collect();
    if chain.is_empty() {
        return Err(FileError::new(file, labels, "at least one block BEGIN CERTIFICATE"));
    }
    Ok(chain)
}

/// The labels of the blocks, to be read by people.
fn labels(blocks: &[::pem::Pem]) -> String {
    if blocks.is_empty() {
        return "no PEM block".to_owned();
    }
    let labels: Vec<_> = blocks.iter().map(|block| format!("BEGIN {}", block.tag())).collect();
    labels.join(", ")
}

/// The one private key among the PEM blocks.
fn key_in(bytes: &[u8], file: &str) -> Result<Zeroizing<[u8; 32]>, FileError> {
    let blocks = blocks(bytes, file)?;
    let mut keys = blocks.iter().filter(|block| block.tag().ends_with("PRIVATE KEY"));
    let (Some(block), None) = (keys.next(), keys.next()) else {
        return Err(FileError::new(file, labels(&blocks), "one block BEGIN PRIVATE KEY or BEGIN EC PRIVATE KEY"));
    };
    if block.tag() == "ENCRYPTED PRIVATE KEY" || block.headers().get("Proc-Type").is_some() {
        return Err(FileError::new(
            file,
            "an encrypted private key",
            "a plain one: openssl pkey -in FILE -out plain.pem asks for its password and decrypts it",
        ));
    }
    let key = match block.tag() {
        "PRIVATE KEY" => pkcs8(block.contents(), file)?,
        "EC PRIVATE KEY" => SecretKey::from_sec1_der(block.contents())
            .map_err(|_| FileError::new(file, "an EC key that is not on P-256, or broken", WANTED_KEY))?,
        other => return Err(FileError::new(file, format!("BEGIN {other}"), WANTED_KEY)),
    };
    Ok(Zeroizing::new(key.to_bytes().into()))
}

/// The one kind of key that the programs sign with.
const WANTED_KEY: &str =
    "a P-256 key: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem makes one";

/// Reads a PKCS#8 key (RFC 5958), and says which kind of key it is if it is another one.
fn pkcs8(der: &[u8], file: &str) -> Result<SecretKey, FileError> {
    const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
    let info = PrivateKeyInfoRef::try_from(der)
        .map_err(|error| FileError::new(file, format!("broken PKCS#8 ({error})"), WANTED_KEY))?;
    let curve = info.algorithm.parameters_oid().ok();
    if info.algorithm.oid != EC {
        return Err(FileError::new(file, format!("a key for {}", algorithm(info.algorithm.oid)), WANTED_KEY));
    }
    if curve != Some(P256) {
        let name = curve.map_or_else(|| "an unnamed curve".to_owned(), algorithm);
        return Err(FileError::new(file, format!("an EC key on {name}"), WANTED_KEY));
    }
    SecretKey::try_from(info).map_err(|error| FileError::new(file, format!("a broken EC key ({error})"), WANTED_KEY))
}

/// The usual name of an algorithm or a curve.
fn algorithm(oid: ObjectIdentifier) -> String {
    let name = match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}

/// Which certificate of the chain holds the public half of the key.
///
/// A P-256 key has exactly one DER encoding as `SubjectPublicKeyInfo`, so the certificate of the key contains these 91
/// bytes. This is a help for people: the peer checks the real thing, a signature.
fn owner(identity: &Identity) -> Result<Option<usize>, FileError> {
    let broken = |error: String| FileError::new("the private key", error, WANTED_KEY);
    let key = SecretKey::from_slice(&*identity.key).map_err(|error| broken(error.to_string()))?;
    let public = key.public_key().to_public_key_der().map_err(|error| broken(error.to_string()))?;
    let wanted = public.as_bytes();
    Ok(identity.chain.iter().position(|certificate| certificate.windows(wanted.len()).any(|bytes| bytes == wanted)))
}

#[cfg(test)]
mod tests {
    use p256::pkcs8::EncodePrivateKey as _;

    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_slice(&[7; 32]).unwrap()
    }

    fn pkcs8_of(algorithm: &[u8]) -> String {
        let mut der = vec![0x30, u8::try_from(algorithm.len() + 6).unwrap(), 2, 1, 0];
        der.extend_from_slice(algorithm);
        der.extend_from_slice(&[4, 1, 0]);
        encode("PRIVATE KEY", [&der[..]])
    }

    fn refusal(text: &str) -> String {
        key_in(text.as_bytes(), "key.pem").unwrap_err().to_string()
    }

    #[test]
    fn pkcs8_and_sec1_give_the_same_key() {
        let pkcs8 = encode("PRIVATE KEY", [key().to_pkcs8_der().unwrap().as_bytes()]);
        let sec1 = encode("EC PRIVATE KEY", [&key().to_sec1_der().unwrap()[..]]);
        assert_eq!(*key_in(pkcs8.as_bytes(), "key.pem").unwrap(), [7; 32]);
        assert_eq!(*key_in(sec1.as_bytes(), "key.pem").unwrap(), [7; 32]);
    }

    #[test]
    fn text_and_other_blocks_and_windows_line_ends_around_a_key_are_skipped() {
        let key = encode("EC PRIVATE KEY", [&key().to_sec1_der().unwrap()[..]]);
        let text = format!("Bag Attributes: none\n{}{key}", encode("EC PARAMETERS", [&[5, 0][..]]));
        assert_eq!(*key_in(text.replace('\n', "\r\n").as_bytes(), "key.pem").unwrap(), [7; 32]);
    }

    #[test]
    fn an_encrypted_key_is_refused_with_the_command_that_decrypts_it() {
        let pkcs8 = refusal(&encode("ENCRYPTED PRIVATE KEY", [&[0x30, 0][..]]));
        assert!(pkcs8.starts_with("key.pem: found an encrypted private key, wanted a plain one: openssl pkey "));
        let traditional = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAA=\n\
                           -----END EC PRIVATE KEY-----\n";
        assert_eq!(refusal(traditional), pkcs8);
    }

    #[test]
    fn a_key_of_another_kind_is_named() {
        let rsa = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
        let p384 = [0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22];
        let ed25519 = [0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
        assert!(refusal(&pkcs8_of(&rsa)).contains("found a key for RSA, wanted a P-256 key"));
        assert!(refusal(&pkcs8_of(&p384)).contains("found an EC key on P-384, wanted a P-256 key"));
        assert!(refusal(&pkcs8_of(&ed25519)).contains("found a key for Ed25519, wanted a P-256 key"));
        assert!(refusal(&encode("RSA PRIVATE KEY", [&[0x30, 0][..]])).contains("found BEGIN RSA PRIVATE KEY"));
    }

    #[test]
    fn a_file_without_a_key_or_with_two_lists_its_blocks() {
        let one = encode("PRIVATE KEY", [key().to_pkcs8_der().unwrap().as_bytes()]);
        assert!(refusal(&one.repeat(2)).contains("found BEGIN PRIVATE KEY, BEGIN PRIVATE KEY, wanted one block"));
        assert!(refusal(&encode("CERTIFICATE", [&[0x30, 0][..]])).contains("found BEGIN CERTIFICATE, wanted one"));
        assert!(refusal("nothing").contains("found no PEM block, wanted one block"));
    }

    #[test]
    fn a_chain_keeps_its_order_and_der_is_named() {
        let text = encode("CERTIFICATE", [&[0x30, 0][..], &[0x30, 1, 0]]);
        assert_eq!(certificates_in(text.as_bytes(), "c").unwrap(), [vec![0x30, 0], vec![0x30, 1, 0]]);
        let der = certificates_in(&[0x30, 0x82], "c.der").unwrap_err().to_string();
        assert!(der.starts_with("c.der: found DER, wanted PEM"), "{der}");
        let cut = certificates_in(text.trim_end().trim_end_matches('-').as_bytes(), "c.pem").unwrap_err().to_string();
        assert!(cut.starts_with("c.pem: found broken PEM"), "{cut}");
    }

    #[test]
    fn a_leaf_is_no_authority() {
        let pki = super::super::pki::Pki::new().unwrap();
        let file = std::env::temp_dir().join(format!("embedded-mtls-authorities-{}.pem", std::process::id()));
        std::fs::write(&file, encode("CERTIFICATE", [&pki.root[..], &pki.supplier.chain[0]])).unwrap();
        let error = authorities(file.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains("found that certificate 2 of 2 ") && error.contains("is no CA"), "{error}");
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = identity("/nonexistent/chain.pem", "/nonexistent/key.pem").unwrap_err().to_string();
        assert!(error.starts_with("/nonexistent/chain.pem: found No such file"), "{error}");
    }
}
