//! Reads files, whatever they contain.

use embedded_mtls::events::EventDump;
use mtls_pki::key::Key;
use mtls_pki::pem::{self, FileError, Password};
use serde::Serialize;

use super::certificate::{self, Certificate, Request};

/// Something that a file contains.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// The file.
    pub file: String,
    /// Its number in the file, beginning with 1.
    pub number: usize,
    /// The content.
    #[serde(flatten)]
    pub content: Content,
}

/// The kind of an item, with its content.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Content {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// The events of a device, one in a line.
    Events {
        /// The lines, the oldest first.
        lines: Vec<String>,
    },
    /// Something else, which is only named.
    Other {
        /// Its name.
        what: String,
        /// The way to make it usable.
        #[serde(skip_serializing_if = "Option::is_none")]
        advice: Option<String>,
    },
    /// A private key.
    PrivateKey {
        /// The kind of the key.
        key: String,
        /// The public key as certificates contain it.
        #[serde(skip)]
        public: Vec<u8>,
    },
    /// A public key.
    PublicKey {
        /// The kind of the key.
        key: String,
    },
    /// A request for a certificate.
    Request(Request),
}

impl Content {
    fn other(what: &str, advice: Option<&str>) -> Self {
        Self::Other { what: what.to_owned(), advice: advice.map(str::to_owned) }
    }
}

/// Reads a file; what is encrypted is opened if there is a password.
///
/// # Errors
/// A file that cannot be read, broken PEM, or a wrong password.
pub fn read(file: &str, password: &Password) -> Result<Vec<Item>, FileError> {
    let wanted = "a file with certificates, keys or events";
    let bytes = std::fs::read(file).map_err(|error| FileError::new(file, error.to_string(), wanted))?;
    let contents = contents(&bytes, file, password)?;
    Ok((1..).zip(contents).map(|(number, content)| Item { file: file.to_owned(), number, content }).collect())
}

/// Names the contents of a file.
fn contents(bytes: &[u8], file: &str, password: &Password) -> Result<Vec<Content>, FileError> {
    if let Ok(dump) = EventDump::parse(bytes) {
        return Ok(vec![Content::Events { lines: dump.records().map(|record| record.to_string()).collect() }]);
    }
    let is_opened = password.is_given() && pem::is_pkcs12(bytes);
    if let Some((what, advice)) = pem::foreign(bytes).filter(|_| !is_opened) {
        let advice = if pem::is_pkcs12(bytes) { OPENED_BY } else { advice };
        return Ok(vec![of_der(bytes).unwrap_or_else(|| Content::other(what, Some(advice)))]);
    }
    let sections = pem::sections(bytes, file, password)?;
    Ok(sections.iter().map(|section| of_section(section.label, &section.der, section.is_encrypted)).collect())
}

/// The advice for encrypted files.
const OPENED_BY: &str = "--key-password opens it";

/// Recognizes DER by reading it; `None` if it is of another kind.
fn of_der(der: &[u8]) -> Option<Content> {
    if let Some(certificate) = Certificate::read(der) {
        return Some(Content::Certificate(Box::new(certificate)));
    }
    if let Some(request) = Request::read(der) {
        return Some(Content::Request(request));
    }
    if let Ok(key) = Key::from_der(der) {
        return Some(Content::PrivateKey { key: key.kind().to_string(), public: key.public().to_vec() });
    }
    certificate::public_key(der).map(|key| Content::PublicKey { key })
}

/// Names a PEM block. Its label decides what it is; the content only fills that.
fn of_section(label: &str, der: &[u8], is_encrypted: bool) -> Content {
    if is_encrypted || label == "ENCRYPTED PRIVATE KEY" {
        return Content::other("an encrypted private key", Some(OPENED_BY));
    }
    let known = match label {
        "PKCS7" | "CMS" => ("certificates as PKCS#7", "openssl pkcs7 -in FILE -print_certs -out new.pem extracts them"),
        "PKCS12" => ("a PKCS#12 file", "openssl pkcs12 -in FILE -nodes -out new.pem extracts its content"),
        "X509 CRL" => ("a revocation list", "it is not used: revocation is not checked"),
        "EC PARAMETERS" | "DH PARAMETERS" => return Content::other("parameters of a key, which are ignored", None),
        _ => match of_der(der) {
            Some(content) => return content,
            None if label == "CERTIFICATE" => ("a certificate that cannot be read", "have it issued again"),
            None if label.ends_with("PRIVATE KEY") => {
                ("a private key of an unsupported kind", "use P-256, P-384, Ed25519 or RSA")
            }
            None => return Content::other(&format!("BEGIN {label}"), None),
        },
    };
    Content::other(known.0, Some(known.1))
}
