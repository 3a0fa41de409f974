//! An identity as a device gets it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use embedded_mtls::credential::Chain;
use embedded_mtls::{Credential, KeyHandle};
use embedded_mtls_blob::{Identity, StoredKey};
use mtls_pki::pem;
use zeroize::Zeroizing;

use crate::args::UsageError;
use crate::inspect::Certificate;

/// The place of the private key.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the blob, in the clear.
    Clear,
    /// In the device or its secure element, under this number: it is in no file.
    Device(u32),
    /// In the blob, as this command has wrapped it: it reads the key and writes the wrapped one.
    Wrapped(String),
}

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
    Wrapped(Vec<u8>),
}

impl Prepared {
    /// Prepares an identity whose key is in a file.
    ///
    /// # Errors
    /// A certificate that cannot be sent, or a command that fails.
    pub fn with_key(alias: &str, identity: &pem::Identity, place: &Place) -> Result<Self, UsageError> {
        let scalar = identity.key.p256();
        let key = match (place, scalar) {
            (Place::Device(handle), _) => PreparedKey::Handle(*handle),
            (Place::Clear, Some(scalar)) => PreparedKey::P256(scalar),
            (Place::Clear, None) => PreparedKey::Pkcs8(Zeroizing::new(identity.key.to_der().to_vec())),
            (Place::Wrapped(command), scalar) => {
                let key = scalar.as_ref().map_or(identity.key.to_der(), |scalar| &scalar[..]);
                PreparedKey::Wrapped(wrap(command, key)?)
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

/// Drops roots, which the server has, and which would only take memory (RFC 9846 section 4.5.1).
fn without_root(chain: &[Vec<u8>]) -> Vec<&[u8]> {
    let is_root = |der: &[u8]| Certificate::read(der).is_some_and(|read| read.is_ca && read.is_self_issued);
    let kept = chain.iter().enumerate().filter(|(place, der)| *place == 0 || !is_root(der));
    kept.map(|(_, der)| der.as_slice()).collect()
}

/// Has a command wrap a key: through its standard input and output, so that the key is in no list of processes.
fn wrap(command: &str, key: &[u8]) -> Result<Vec<u8>, UsageError> {
    let failed = |why: String| UsageError(format!("--wrap {command}: {why}"));
    let mut words = command.split_whitespace();
    let program = words.next().ok_or_else(|| failed("found no program".to_owned()))?;
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let sent = child.stdin.take().map(|mut input| input.write_all(key));
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() || output.stdout.is_empty() {
        return Err(failed(format!("found {} and {} bytes, wanted a wrapped key", output.status, output.stdout.len())));
    }
    sent.transpose().map_err(|error| failed(error.to_string()))?;
    if output.stdout.windows(key.len()).any(|part| part == key) {
        return Err(failed("found the key itself in its output, wanted it wrapped".to_owned()));
    }
    Ok(output.stdout)
}
