//! Our private keys: those with which the core signs in memory, and RSA, for which it has no signer.

use embedded_mtls::Signature;
#[cfg(feature = "rsa")]
use embedded_mtls::crypto::SignatureAlgorithm;
use embedded_mtls::io::{AnySigningKey, SigningKey};
#[cfg(feature = "rsa")]
use embedded_mtls::{Credential, KeyHandle};
use mtls_pki::key::KeyKind;
#[cfg(feature = "rsa")]
use mtls_pki::key::{Key, PssHash};
use mtls_pki::pem::Identity;

/// A private key of any kind.
#[derive(Debug)]
pub enum OwnKey {
    /// ECDSA or Ed25519.
    Core(AnySigningKey),
    /// RSA, which signs by PSS with this hash.
    #[cfg(feature = "rsa")]
    Rsa(Key, PssHash),
}

impl OwnKey {
    /// Takes the key of an identity.
    ///
    /// # Errors
    /// A kind of key that is not compiled in, or a chain that cannot be sent.
    pub fn of(identity: &Identity) -> Result<Self, String> {
        match identity.key.kind() {
            #[cfg(feature = "rsa")]
            KeyKind::Rsa(_) => Ok(Self::Rsa(identity.key.clone(), hash(identity)?)),
            #[cfg(not(feature = "rsa"))]
            KeyKind::Rsa(_) => Err("an RSA key needs a build with the feature rsa".to_owned()),
            _ => {
                let key = AnySigningKey::from_der(identity.key.to_der());
                key.map(Self::Core).map_err(|error| format!("a private key is unusable: {error:?}"))
            }
        }
    }
}

impl SigningKey for OwnKey {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        match self {
            Self::Core(key) => key.sign(message, hedge),
            #[cfg(feature = "rsa")]
            Self::Rsa(key, hash) => Signature::encoded(&key.sign_pss(*hash, message)?),
        }
    }
}

/// Returns the hash of the scheme with which the core sends this identity.
#[cfg(feature = "rsa")]
fn hash(identity: &Identity) -> Result<PssHash, String> {
    let chain: Vec<&[u8]> = identity.chain.iter().map(Vec::as_slice).collect();
    let credential = Credential::new(&chain, KeyHandle(0)).map_err(|error| error.to_string())?;
    match SignatureAlgorithm::of(credential.scheme()) {
        Some(SignatureAlgorithm::RsaPssSha256) => Ok(PssHash::Sha256),
        Some(SignatureAlgorithm::RsaPssSha384) => Ok(PssHash::Sha384),
        Some(SignatureAlgorithm::RsaPssSha512) => Ok(PssHash::Sha512),
        _ => Err("the certificate of an RSA key has a key of another kind".to_owned()),
    }
}
