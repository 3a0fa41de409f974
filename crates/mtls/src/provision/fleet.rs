//! The key of the owner of a fleet.

use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls_blob::{Content, FleetKey};
use mtls_pki::key::{Key, KeyKind};
use mtls_pki::pem::{self, Held, Password};

use crate::args::UsageError;

/// The key of a fleet: its private part to sign, or its public part to verify.
pub struct Fleet {
    public: FleetKey,
    private: Option<P256SigningKey>,
}

/// The beginning of a `SubjectPublicKeyInfo` with a point on P-256 (RFC 5480 section 2).
const INFO: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3,
    0x42, 0,
];

/// Returns the point of a public key on P-256.
pub fn point(info: &[u8]) -> Option<[u8; 65]> {
    info.strip_prefix(&INFO)?.try_into().ok()
}

impl Fleet {
    /// Makes a key; returns it with its files: the private key and the public one, in PEM.
    ///
    /// # Errors
    /// No random numbers.
    pub fn generate() -> Result<(Self, [String; 2]), UsageError> {
        let key = Key::generate(KeyKind::P256).map_err(|error| UsageError(error.to_string()))?;
        let files = [key.to_pem(), pem::encode("PUBLIC KEY", [&[&INFO, key.public()].concat()[..]])];
        Ok((Self::of(&key).ok_or_else(|| UsageError("the new key is unusable".to_owned()))?, files))
    }

    /// Reads a key in PEM or DER: a private one, or a public one, which only verifies.
    ///
    /// # Errors
    /// A file that cannot be read, or a key that is not on P-256.
    pub fn read(file: &str, password: &Password) -> Result<Self, UsageError> {
        let held = Held::read(file, password)?;
        let found = match (&held.key, &held.public_keys[..]) {
            (Some(key), _) => Self::of(key),
            (None, [info]) => point(info).map(|point| Self { public: FleetKey::new(point), private: None }),
            _ => None,
        };
        let wanted = "one on P-256, as mtls provision fleet-key makes it";
        found.ok_or_else(|| UsageError(format!("{file}: found no key or another key, wanted {wanted}")))
    }

    fn of(key: &Key) -> Option<Self> {
        let private = P256SigningKey::from_bytes(&*key.p256()?).ok()?;
        Some(Self { public: FleetKey::new(private.public_key()), private: Some(private) })
    }

    /// Returns the public key, which firmware has.
    pub const fn public(&self) -> &FleetKey {
        &self.public
    }

    /// Signs a blob.
    ///
    /// # Errors
    /// A public key, or a content that a device would refuse.
    pub fn seal(&self, content: &Content<'_>) -> Result<Vec<u8>, UsageError> {
        let wanted = "--fleet-key: found a public key, wanted the private one, which signs";
        let private = self.private.as_ref().ok_or_else(|| UsageError(wanted.to_owned()))?;
        let sealed = content.seal(RustCrypto, |digest| {
            let mut hedge = [0; 32];
            getrandom::fill(&mut hedge).ok()?;
            private.sign_digest(digest, &hedge).ok()
        });
        sealed.map_err(|error| UsageError(error.to_string()))
    }
}
