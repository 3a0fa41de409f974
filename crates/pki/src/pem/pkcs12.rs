//! PKCS#12 files (RFC 7292): a key and its certificates behind one password.

use p12_keystore::error::Error;
use p12_keystore::{Certificate, Pkcs12Archive};
use zeroize::Zeroizing;

use super::blocks::{Block, Label};
use super::{FileError, Password, kind};
use crate::key::Key;

/// Opens a PKCS#12 file, and returns its content as a PEM file would have it: the keys, then the certificates, those of the
/// key's chain from the leaf upwards. `None` for any other file.
///
/// The library rejects more than a million rounds of a key derivation, and more than 1 GiB for scrypt.
pub(super) fn open(bytes: &[u8], file: &str, password: &Password) -> Result<Option<Vec<Block>>, FileError> {
    if !kind::is_pkcs12(bytes) {
        return Ok(None);
    }
    let password = core::str::from_utf8(password.of("a PKCS#12 file", file)?)
        .map_err(|_| FileError::new(file, "a password that is not UTF-8", "the password of the file"))?;
    let archive = Pkcs12Archive::from_pkcs12(bytes, password).map_err(|error| explain(file, &error))?;
    let block = |label: &'static str, der: &[u8]| Block {
        label: Label::known(label),
        der: Zeroizing::new(der.to_vec()),
        is_encrypted: false,
    };
    let mut blocks: Vec<_> = archive.keys.iter().map(|bag| block("PRIVATE KEY", bag.key.as_der())).collect();
    let certificates: Vec<_> = archive.certs.iter().map(|bag| &bag.cert).collect();
    let own = match &archive.keys[..] {
        [only] => Key::from_der(only.key.as_der()).ok().and_then(|key| chain(&key, &certificates)),
        _ => None,
    };
    blocks.extend(own.unwrap_or(certificates).into_iter().map(|found| block("CERTIFICATE", found.as_der())));
    Ok(Some(blocks))
}

/// Returns the certificate of a key and those above it, without the root; `None` if there is none of the key.
fn chain<'c>(key: &Key, certificates: &[&'c Certificate]) -> Option<Vec<&'c Certificate>> {
    let leaf = certificates.iter().find(|found| super::is_of_key(key, found.as_der()))?;
    let (mut chain, mut last) = (vec![*leaf], *leaf);
    while let Some(next) = certificates
        .iter()
        .find(|found| found.subject() == last.issuer() && found.subject() != found.issuer() && !chain.contains(found))
    {
        chain.push(next);
        last = next;
    }
    Some(chain)
}

/// Explains why a file cannot be opened. The text of the library may contain parts of the file, so only its kind is used.
fn explain(file: &str, error: &Error) -> FileError {
    let wrong = || FileError::new(file, "a PKCS#12 file that this password does not open", "its password");
    let other = |found: &str| FileError::new(file, found, AGAIN);
    match error {
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) | Error::InvalidPrivateKey => wrong(),
        Error::InvalidParameters => {
            other("a PKCS#12 file that asks for more than 1,000,000 rounds, or 1 GiB of memory")
        }
        Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm => {
            other("a PKCS#12 file with an unsupported encryption")
        }
        Error::UnsupportedContentType | Error::UnsupportedCertificateType | Error::InvalidVersion => {
            other("a PKCS#12 file with unsupported content")
        }
        _ => other("a malformed PKCS#12 file"),
    }
}

/// The way to a file that can be read.
const AGAIN: &str = "one that openssl pkcs12 -export writes: openssl pkcs12 -in FILE -legacy -nodes -out new.pem, then openssl \
                     pkcs12 -export -in new.pem -out new.p12";
