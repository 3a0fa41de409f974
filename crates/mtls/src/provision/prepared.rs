//! An identity as a device gets it.

use embedded_mtls::credential::Chain;
use embedded_mtls::{Credential, KeyHandle};
use embedded_mtls_blob::{Identity, StoredKey};
use mtls_pki::key::Key;
use mtls_pki::pem;
use zeroize::Zeroizing;

use super::through;
use crate::args::UsageError;
use crate::certificate::Certificate;

/// An identity with everything that a blob borrows.
pub struct Prepared {
    alias: String,
    chain: Vec<u8>,
    key: PreparedKey,
}

/// A key as it is stored.
enum PreparedKey {
    Handle(u32),
    P256(Zeroizing<[u8; 32]>),
    Pkcs8(Zeroizing<Vec<u8>>),
    Wrapped(Zeroizing<Vec<u8>>),
}

impl Prepared {
    /// Prepares an identity whose key is in a file: it goes into the blob in the clear, or as the command `wrap` has wrapped it.
    ///
    /// # Errors
    /// A certificate that cannot be sent, or a command that fails.
    pub fn with_key(alias: &str, identity: &pem::Identity, wrap: Option<&str>) -> Result<Self, UsageError> {
        let key = match (wrap, identity.key.p256()) {
            (None, Some(scalar)) => PreparedKey::P256(scalar),
            (None, None) => PreparedKey::Pkcs8(Zeroizing::new(identity.key.to_der().to_vec())),
            (Some(command), scalar) => {
                let key = scalar.as_ref().map_or(identity.key.to_der(), |scalar| &scalar[..]);
                PreparedKey::Wrapped(wrapped(command, key)?)
            }
        };
        Self::of(alias, &identity.chain, key)
    }

    /// Prepares an identity whose key is in the device.
    ///
    /// # Errors
    /// A certificate that cannot be sent.
    pub fn of_device(alias: &str, chain: &[Vec<u8>], handle: u32) -> Result<Self, UsageError> {
        Self::of(alias, chain, PreparedKey::Handle(handle))
    }

    fn of(alias: &str, chain: &[Vec<u8>], key: PreparedKey) -> Result<Self, UsageError> {
        let chain = without_root(chain).concat();
        let credential = Credential::new(Chain::joined(&chain), KeyHandle(0));
        credential.map_err(|error| UsageError(format!("{alias}: {error}")))?;
        Ok(Self { alias: alias.to_owned(), chain, key })
    }

    /// Returns it as a blob has it.
    pub fn identity(&self) -> Identity<'_> {
        let key = match &self.key {
            PreparedKey::Handle(handle) => StoredKey::Handle(*handle),
            PreparedKey::P256(scalar) => StoredKey::P256(scalar),
            PreparedKey::Pkcs8(der) => StoredKey::Pkcs8(der),
            PreparedKey::Wrapped(bytes) => StoredKey::Wrapped(bytes),
        };
        Identity { alias: &self.alias, key, chain: &self.chain }
    }
}

/// Takes the identity of a blob with its key; `None` if the key is in the device, or wrapped for it.
///
/// # Errors
/// A key that is of no known kind.
pub fn own_identity(identity: &Identity<'_>) -> Result<Option<pem::Identity>, String> {
    let key = match identity.key {
        StoredKey::P256(scalar) => Key::from_der(&sec1(scalar)),
        StoredKey::Pkcs8(der) => Key::from_der(der),
        StoredKey::Handle(_) | StoredKey::Wrapped(_) => return Ok(None),
    };
    let chain = Chain::joined(identity.chain).iter().map(<[u8]>::to_vec).collect();
    Ok(Some(pem::Identity { chain, key: key.map_err(|error| error.to_string())? }))
}

/// Encodes a key on P-256 as SEC 1 does.
fn sec1(scalar: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    const CURVE: [u8; 12] = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    Zeroizing::new([&[0x30, 49, 2, 1, 1, 4, 32], &scalar[..], &CURVE].concat())
}

/// Drops roots, which the server has, and which would only take memory (RFC 9846 section 4.5.1).
fn without_root(chain: &[Vec<u8>]) -> Vec<&[u8]> {
    let is_root = |der: &[u8]| Certificate::read(der).is_some_and(|read| read.is_ca && read.is_self_issued);
    let kept = chain.iter().enumerate().filter(|(place, der)| *place == 0 || !is_root(der));
    kept.map(|(_, der)| der.as_slice()).collect()
}

/// Has a command wrap a key.
fn wrapped(command: &str, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, UsageError> {
    let wrapped = through("--wrap", command, key, "a wrapped key")?;
    if wrapped.windows(key.len()).any(|part| part == key) {
        let why = "found the key itself in its output, wanted it wrapped";
        return Err(UsageError(format!("--wrap {command}: {why}")));
    }
    Ok(wrapped)
}
