//! Writing a blob, on a host.

use alloc::vec::Vec;
use core::fmt;

use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::UnixTime;

use crate::blob::{FORMAT, MAGIC, NONE_ACTIVE};
use crate::records::{ANCHORS, ENDPOINT, IDENTITY, PIN, POLICY};
use crate::signature::digest;
use crate::{Blob, BlobError, Endpoint, Identity, Pin, Policy, StoredKey};

/// All that a blob says.
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
}

/// A content that makes no valid blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// A reader would refuse it.
    Invalid(BlobError),
    /// A field is longer than its length can say.
    TooLong,
    /// It cannot be hashed or signed.
    Unsigned,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => write!(f, "a device would refuse the blob: {error}"),
            Self::TooLong => f.write_str("found a field that is too long: texts have at most 255 bytes"),
            Self::Unsigned => f.write_str("the blob cannot be signed"),
        }
    }
}

impl core::error::Error for WriteError {}

/// A finished blob.
pub type Sealed = Vec<u8>;

impl<'a> Content<'a> {
    /// Takes the content of a blob, to write its successor: with the next version.
    pub fn after(blob: &Blob<'a>) -> Self {
        let place = |active: Identity<'_>| blob.identities().position(|identity| identity.alias == active.alias);
        Self {
            version: blob.version.saturating_add(1),
            renew_by: blob.renew_by,
            active: blob.active().and_then(place).and_then(|place| u8::try_from(place).ok()),
            endpoint: blob.endpoint,
            policy: blob.policy,
            anchors: blob.anchors().collect(),
            pins: blob.pins().collect(),
            identities: blob.identities().collect(),
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
    ) -> Result<Sealed, WriteError> {
        let mut bytes = self.encode()?;
        Blob::parse(&bytes).map_err(WriteError::Invalid)?;
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
            record(&mut records, ENDPOINT, &encode_endpoint(endpoint)?)?;
        }
        record(&mut records, POLICY, &encode_policy(&self.policy))?;
        if !self.anchors.is_empty() {
            record(&mut records, ANCHORS, &self.anchors.concat())?;
        }
        for pin in &self.pins {
            let pin = match pin {
                Pin::Fingerprint(sha256) => [&[Pin::FINGERPRINT][..], sha256].concat(),
                Pin::Key(info) => [&[Pin::KEY][..], info].concat(),
            };
            record(&mut records, PIN, &pin)?;
        }
        for identity in &self.identities {
            record(&mut records, IDENTITY, &encode_identity(identity)?)?;
        }
        let len = crate::blob::HEADER.checked_add(records.len()).and_then(|len| u32::try_from(len).ok());
        let mut bytes = Vec::from(MAGIC);
        bytes.extend(FORMAT.to_be_bytes());
        bytes.extend([0, self.active.unwrap_or(NONE_ACTIVE)]);
        bytes.extend(len.ok_or(WriteError::TooLong)?.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.renew_by.map_or(0, |time| time.0).to_be_bytes());
        bytes.append(&mut records);
        Ok(bytes)
    }
}

fn record(out: &mut Vec<u8>, tag: u8, content: &[u8]) -> Result<(), WriteError> {
    let len = u32::try_from(content.len()).map_err(|_| WriteError::TooLong)?;
    let [0, length @ ..] = len.to_be_bytes() else { return Err(WriteError::TooLong) };
    out.push(tag);
    out.extend(length);
    out.extend(content);
    Ok(())
}

/// Writes a text behind its length.
fn text(out: &mut Vec<u8>, text: &str) -> Result<(), WriteError> {
    out.push(u8::try_from(text.len()).map_err(|_| WriteError::TooLong)?);
    out.extend(text.as_bytes());
    Ok(())
}

fn encode_endpoint(endpoint: &Endpoint<'_>) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    text(&mut out, endpoint.host)?;
    out.extend(endpoint.port.to_be_bytes());
    for name in [endpoint.server_name, endpoint.path, endpoint.time_server] {
        text(&mut out, name)?;
    }
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
    text(&mut out, identity.alias)?;
    out.push(kind);
    out.extend(u16::try_from(key.len()).map_err(|_| WriteError::TooLong)?.to_be_bytes());
    out.extend(key);
    out.extend(identity.chain);
    Ok(out)
}
