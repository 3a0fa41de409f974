//! Writing a blob, on a host.

use alloc::vec::Vec;
use core::fmt;

use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::UnixTime;

use crate::blob::{FORMAT, MAGIC, NONE_ACTIVE};
use crate::records::{ANCHORS, DENIED, ENDPOINT, IDENTITY, PIN, POLICY};
use crate::signature::digest;
use crate::{Blob, BlobError, Denied, Endpoint, Identity, Pin, Policy, Serials, StoredKey};

/// The content of a blob.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content<'a> {
    /// The version: at least 1, and higher than that of the blob that it replaces.
    pub version: u64,
    /// The time by which it is to be renewed.
    pub renew_by: Option<UnixTime>,
    /// The place of the active identity.
    pub active: Option<u8>,
    /// The server to which the device connects.
    pub endpoint: Option<Endpoint<'a>>,
    /// The rules of the owner of the fleet.
    pub policy: Policy,
    /// The certificates of the authorities, in DER.
    pub anchors: Vec<&'a [u8]>,
    /// The pins.
    pub pins: Vec<Pin<'a>>,
    /// The identities.
    pub identities: Vec<Identity<'a>>,
    /// The certificates and keys that are trusted no longer.
    pub denied: Vec<Denied<'a>>,
}

/// The reason why no blob was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// A reader would refuse it.
    Invalid(BlobError),
    /// A value stands for none, and would be read as none.
    Reserved,
    /// A field is longer than its length can say.
    TooLong {
        /// The name of the field.
        field: &'static str,
        /// Its bytes.
        found: usize,
        /// The maximum.
        wanted: usize,
    },
    /// It cannot be hashed or signed.
    Unsigned,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => write!(f, "a device would refuse the blob: {error}"),
            Self::Reserved => f.write_str(
                "found a value that stands for none (version 0, active 255, depth 255, 0 days, the time 0), wanted another",
            ),
            Self::TooLong { field, found, wanted } => {
                write!(f, "the length of {field}: found {found} bytes, wanted at most {wanted}")
            }
            Self::Unsigned => f.write_str("the blob cannot be signed"),
        }
    }
}

impl core::error::Error for WriteError {}

impl<'a> Content<'a> {
    /// Takes the content of a blob, to write its successor: with the next version.
    pub fn after(blob: &Blob<'a>) -> Self {
        Self {
            version: blob.version.saturating_add(1),
            renew_by: blob.renew_by,
            active: blob.active,
            endpoint: blob.endpoint,
            policy: blob.policy,
            anchors: blob.anchors().collect(),
            pins: blob.pins().collect(),
            identities: blob.identities().collect(),
            denied: blob.deny_list().iter().collect(),
        }
    }

    /// Writes the blob; `sign` signs a SHA-256 digest with the private key of the fleet, and returns r and s.
    ///
    /// # Errors
    /// [`WriteError`] if a device would refuse it, or if it is not signed.
    pub fn seal<C: CryptoProvider>(
        &self,
        provider: C,
        sign: impl FnOnce(&[u8; 32]) -> Option<[u8; 64]>,
    ) -> Result<Vec<u8>, WriteError> {
        let mut bytes = self.encode()?;
        let read = Blob::parse(&bytes).map_err(WriteError::Invalid)?;
        let values = (read.renew_by, read.active, read.policy);
        if self.version == 0 || values != (self.renew_by, self.active, self.policy) {
            return Err(WriteError::Reserved);
        }
        let checksum = digest(provider, &bytes).ok_or(WriteError::Unsigned)?;
        let signature = sign(&checksum).ok_or(WriteError::Unsigned)?;
        bytes.extend(checksum);
        bytes.extend(signature);
        Ok(bytes)
    }

    /// Writes header and records.
    fn encode(&self) -> Result<Vec<u8>, WriteError> {
        let mut records = Vec::new();
        if let Some(endpoint) = &self.endpoint {
            record(&mut records, (ENDPOINT, "the endpoint"), &encode_endpoint(endpoint)?)?;
        }
        record(&mut records, (POLICY, "the policy"), &encode_policy(&self.policy))?;
        if !self.anchors.is_empty() {
            record(&mut records, (ANCHORS, "the trust anchors"), &self.anchors.concat())?;
        }
        for pin in &self.pins {
            let pin = match pin {
                Pin::Fingerprint(sha256) => [&[Pin::FINGERPRINT][..], sha256].concat(),
                Pin::Key(info) => [&[Pin::KEY][..], info].concat(),
            };
            record(&mut records, (PIN, "a pin"), &pin)?;
        }
        for identity in &self.identities {
            record(&mut records, (IDENTITY, "an identity"), &encode_identity(identity)?)?;
        }
        for denied in &self.denied {
            record(&mut records, (DENIED, "what is denied"), &encode_denied(denied)?)?;
        }
        let len = crate::blob::HEADER.saturating_add(records.len());
        let len = u32::try_from(len).map_err(|_| too_long("the content", len, 0xffff_ffff))?;
        let mut bytes = Vec::from(MAGIC);
        bytes.extend(FORMAT.to_be_bytes());
        bytes.extend([0, self.active.unwrap_or(NONE_ACTIVE)]);
        bytes.extend(len.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.renew_by.map_or(0, |time| time.0).to_be_bytes());
        bytes.append(&mut records);
        Ok(bytes)
    }
}

const fn too_long(field: &'static str, found: usize, wanted: usize) -> WriteError {
    WriteError::TooLong { field, found, wanted }
}

/// Writes a record behind its number and its length; its name is for errors.
fn record(out: &mut Vec<u8>, (tag, name): (u8, &'static str), content: &[u8]) -> Result<(), WriteError> {
    let error = too_long(name, content.len(), 0xff_ffff);
    let len = u32::try_from(content.len()).map_err(|_| error)?;
    let [0, length @ ..] = len.to_be_bytes() else { return Err(error) };
    out.push(tag);
    out.extend(length);
    out.extend(content);
    Ok(())
}

/// Writes a text behind its length.
fn text(out: &mut Vec<u8>, name: &'static str, text: &str) -> Result<(), WriteError> {
    out.push(u8::try_from(text.len()).map_err(|_| too_long(name, text.len(), 255))?);
    out.extend(text.as_bytes());
    Ok(())
}

fn encode_endpoint(endpoint: &Endpoint<'_>) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    text(&mut out, "the host", endpoint.host)?;
    out.extend(endpoint.port.to_be_bytes());
    text(&mut out, "the server name", endpoint.server_name)?;
    text(&mut out, "the path", endpoint.path)?;
    text(&mut out, "the time server", endpoint.time_server)?;
    Ok(out)
}

fn encode_policy(policy: &Policy) -> Vec<u8> {
    let flags = [
        (policy.enforce, Policy::ENFORCE),
        (policy.site_chooses_alias, Policy::SITE_ALIAS),
        (policy.site_chooses_endpoint, Policy::SITE_ENDPOINT),
    ];
    let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0_u16, |all, (_, flag)| all | flag);
    let mut out = Vec::from(flags.to_be_bytes());
    out.extend([policy.max_depth.unwrap_or(Policy::DEFAULT_DEPTH), 0]);
    out.extend(policy.max_validity_days.unwrap_or(0).to_be_bytes());
    out
}

fn encode_identity(identity: &Identity<'_>) -> Result<Vec<u8>, WriteError> {
    let handle;
    let (kind, key) = match identity.key {
        StoredKey::P256(scalar) => (StoredKey::P256_SCALAR, &scalar[..]),
        StoredKey::Handle(number) => {
            handle = number.to_be_bytes();
            (StoredKey::HANDLE, &handle[..])
        }
        StoredKey::Wrapped(bytes) => (StoredKey::WRAPPED, bytes),
        StoredKey::Pkcs8(der) => (StoredKey::PKCS8, der),
    };
    let mut out = Vec::new();
    text(&mut out, "an alias", identity.alias)?;
    out.push(kind);
    out.extend(u16::try_from(key.len()).map_err(|_| too_long("a key", key.len(), 0xffff))?.to_be_bytes());
    out.extend(key);
    out.extend(identity.chain);
    Ok(out)
}

fn encode_denied(denied: &Denied<'_>) -> Result<Vec<u8>, WriteError> {
    let (issuer, serials) = match denied {
        Denied::Key(sha256) => return Ok([&[Denied::KEY][..], sha256].concat()),
        Denied::Certificates { issuer, serials } => (issuer.as_der(), serials),
    };
    let mut out = Vec::from([Denied::CERTIFICATES]);
    let len = u16::try_from(issuer.len()).map_err(|_| too_long("the name of an issuer", issuer.len(), 0xffff))?;
    out.extend(len.to_be_bytes());
    out.extend(issuer);
    out.extend(serials.as_bytes());
    Ok(out)
}

impl Serials<'_> {
    /// Writes serial numbers, each as in its DER, in the form that [`Serials::parse`] reads.
    ///
    /// # Errors
    /// [`WriteError::TooLong`]: a number of more than 20 bytes (RFC 5280 section 4.1.2.2).
    pub fn encode<'s>(serials: impl IntoIterator<Item = &'s [u8]>) -> Result<Vec<u8>, WriteError> {
        let mut out = Vec::new();
        for serial in serials {
            let len = u8::try_from(serial.len()).ok().filter(|len| *len <= Self::MAX);
            out.push(len.ok_or(too_long("a serial number", serial.len(), Self::MAX.into()))?);
            out.extend(serial);
        }
        Ok(out)
    }
}
