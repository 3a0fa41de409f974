//! Reads files, whatever they contain.

use embedded_mtls::credential::Chain;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::events::{EventDump, Record};
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{Time, UnixTime};
use embedded_mtls_blob::Blob;
use mtls_pki::key::Key;
use mtls_pki::pem::{self, FileError, Password};
use serde::Serialize;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

use super::super::certificate::{self, Certificate, Request};
use super::super::deny::Crl;
use super::super::provision::{Fleet, Shown, own_identity, show};
use super::traffic::Traffic;

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
    /// The blob of a device; what is in it follows.
    Blob(Box<Shown>),
    /// The blob of a device, which no device accepts.
    BrokenBlob {
        /// The reason.
        why: String,
    },
    /// Captured traffic.
    Capture {
        /// Its kind, and how many packets it has.
        what: String,
        /// The diagram of each connection, in lines.
        connections: Vec<Vec<String>>,
    },
    /// A certificate.
    Certificate(Box<Certificate>),
    /// The events of a device, one in a line.
    Events {
        /// The lines, the oldest first.
        lines: Vec<String>,
        /// The same as data.
        #[serde(skip)]
        records: Vec<Record>,
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

/// Reads a file; what is encrypted is opened if there is a password. The key of a fleet verifies the blob of a device.
///
/// # Errors
/// A file that cannot be read, broken PEM, or a wrong password.
pub fn read(file: &str, password: &Password, fleet: Option<&Fleet>) -> Result<Vec<Item>, FileError> {
    let wanted = "a file with certificates, keys or events";
    let bytes = std::fs::read(file).map_err(|error| FileError::new(file, error.to_string(), wanted))?;
    if bytes.starts_with(b"eMTLSblb") {
        return Ok(of_blob(&bytes, file, fleet));
    }
    let contents = contents(&bytes, file, password)?;
    Ok((1..).zip(contents).map(|(number, content)| Item { file: file.to_owned(), number, content }).collect())
}

/// Names the contents of a file.
fn contents(bytes: &[u8], file: &str, password: &Password) -> Result<Vec<Content>, FileError> {
    if let Ok(dump) = EventDump::parse(bytes) {
        let records: Vec<_> = dump.records().collect();
        return Ok(vec![Content::Events { lines: records.iter().map(ToString::to_string).collect(), records }]);
    }
    if let Some(Traffic { what, connections }) = Traffic::read(bytes) {
        return Ok(vec![Content::Capture { what, connections }]);
    }
    if let Some(found) = pkcs7(bytes) {
        return Ok(found);
    }
    if let Some(found) = revocations(bytes) {
        return Ok(vec![found]);
    }
    let is_opened = password.is_given() && pem::is_pkcs12(bytes);
    if let Some((what, advice)) = pem::foreign(bytes).filter(|_| !is_opened) {
        let advice = if pem::is_pkcs12(bytes) { OPENED_BY } else { advice };
        return Ok(vec![of_der(bytes).unwrap_or_else(|| Content::other(what, Some(advice)))]);
    }
    let sections = pem::sections(bytes, file, password)?;
    let found = sections.iter().flat_map(|section| {
        match section.label {
            "PKCS7" | "CMS" => pkcs7(&section.der),
            "X509 CRL" => revocations(&section.der).map(|found| vec![found]),
            _ => None,
        }
        .unwrap_or_else(|| vec![of_section(section.label, &section.der, section.is_encrypted)])
    });
    Ok(found.collect())
}

/// Takes the blob of a device apart: its authorities, and its chains with their keys, each part as if it were a file.
fn of_blob(bytes: &[u8], file: &str, fleet: Option<&Fleet>) -> Vec<Item> {
    let now = if let Time::Trusted(now) | Time::AtLeast(now) = system_time() { now } else { UnixTime(0) };
    let whole = |content| Item { file: file.to_owned(), number: 1, content };
    let (shown, blob) = match (show(file, bytes, fleet, now), Blob::dangerous_unsigned(RustCrypto, bytes)) {
        (Ok(shown), Ok(blob)) => (shown, blob),
        (Err(error), _) => return vec![whole(Content::BrokenBlob { why: error.to_string() })],
        (_, Err(error)) => return vec![whole(Content::BrokenBlob { why: error.to_string() })],
    };
    let known = |der: &[u8]| of_der(der).unwrap_or_else(|| Content::other("a certificate that cannot be read", None));
    let part = |name: &str, contents: Vec<Content>| {
        let file = format!("{file} ({name})");
        (1..)
            .zip(contents)
            .map(move |(number, content)| Item { file: file.clone(), number, content })
            .collect::<Vec<_>>()
    };
    let mut items = vec![whole(Content::Blob(Box::new(shown)))];
    for identity in blob.identities() {
        let mut contents: Vec<_> = Chain::joined(identity.chain).iter().map(known).collect();
        if let Ok(Some(own)) = own_identity(&identity) {
            contents.push(Content::PrivateKey { key: own.key.kind().to_string(), public: own.key.public().to_vec() });
        }
        items.append(&mut part(identity.alias, contents));
    }
    items.append(&mut part("trusted", blob.anchors().map(known).collect()));
    items
}

/// Returns the certificates of PKCS#7 (RFC 2315 section 9.1), which are not in order; `None` if it is something else.
fn pkcs7(der: &[u8]) -> Option<Vec<Content>> {
    const SIGNED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
    let outer = AnyRef::from_der(der).ok().filter(|outer| outer.tag() == Tag::Sequence)?;
    let mut reader = SliceReader::new(outer.value()).ok()?;
    if ObjectIdentifier::decode(&mut reader).ok()? != SIGNED {
        return None;
    }
    let explicit = AnyRef::decode(&mut reader).ok()?;
    let signed = AnyRef::from_der(explicit.value()).ok().filter(|signed| signed.tag() == Tag::Sequence)?;
    let mut fields = SliceReader::new(signed.value()).ok()?;
    // Version, digests, content; then the certificates.
    for _ in 0..3 {
        fields.tlv_bytes().ok()?;
    }
    let certificates = AnyRef::decode(&mut fields).ok().filter(|field| field.tag().number() == TagNumber(0))?;
    let mut reader = SliceReader::new(certificates.value()).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        found.push(Content::Certificate(Box::new(Certificate::read(reader.tlv_bytes().ok()?)?)));
    }
    Some(found).filter(|found| !found.is_empty())
}

/// Describes a revocation list.
fn revocations(der: &[u8]) -> Option<Content> {
    let list = Crl::read(der)?;
    let until = list.next_update.map_or_else(|| "without end".to_owned(), |next| format!("until {next}"));
    let what = format!(
        "a revocation list, of {}, {} certificates, from {} {until}",
        list.issuer,
        list.serials.len(),
        list.this_update
    );
    Some(Content::other(&what, Some("mtls serve --deny and mtls provision --deny use it")))
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
        "X509 CRL" => ("a revocation list that cannot be read", "have it issued again"),
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
