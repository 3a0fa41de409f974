//! Certificates and keys, from the files that the runner writes, and signatures with these keys.

use crate::Trouble;
use crate::flags::{CredentialFlags, NotHere};
use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{ApiMisuse, CertificateProblem, Credential, Error, KeyHandle, Signature, SignatureScheme};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair,
};

/// Keys that are not of a kind that this library signs with.
const OTHER_KEYS: NotHere = NotHere("keys of other kinds: RSA-1024, P-521, ML-DSA");

/// A chain, leaf first, and its key.
pub(crate) struct Identity {
    chain: Vec<Vec<u8>>,
    key: Key,
    schemes: Vec<SignatureScheme>,
    pub(crate) handle: KeyHandle,
    /// Not to be sent to a peer that names only other issuers.
    pub(crate) must_match_issuer: bool,
}

/// A key of an external signer.
enum Key {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Identity {
    /// Reads what the flags name.
    pub(crate) fn load(handle: KeyHandle, flags: &CredentialFlags) -> Result<Self, Trouble> {
        let key = std::fs::read(&flags.key_file)?;
        let key = pem::parse(key).map_err(|error| Trouble::Failed(format!("{}: {error}", flags.key_file)))?;
        let key = Key::parse(key.contents()).ok_or(OTHER_KEYS)?;
        let possible = key.schemes();
        let wanted: Vec<_> = flags.schemes.iter().copied().filter(|scheme| possible.contains(scheme)).collect();
        let schemes = if flags.schemes.is_empty() { possible.to_vec() } else { wanted };
        Ok(Self {
            chain: certificates(&flags.cert_file)?,
            key,
            schemes,
            handle,
            must_match_issuer: flags.must_match_issuer,
        })
    }

    /// The certificates in DER.
    pub(crate) fn chain(&self) -> Vec<&[u8]> {
        self.chain.iter().map(Vec::as_slice).collect()
    }

    /// A credential of this chain for each scheme of the key, the favourite first.
    pub(crate) fn credentials<'c>(&self, chain: &'c [&'c [u8]]) -> Result<Vec<Credential<'c>>, Trouble> {
        let credential = Credential::new(chain, self.handle)?;
        self.schemes.iter().map(|&scheme| Ok(credential.with_scheme(scheme)?)).collect()
    }

    /// Signs `message`; `None` if the key cannot.
    pub(crate) fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Option<Signature> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Ecdsa(key) => Signature::encoded(key.sign(&random, message).ok()?.as_ref()),
            Key::Ed25519(key) => Signature::encoded(key.sign(message).as_ref()),
            Key::Rsa(key) => {
                let padding = match scheme {
                    SignatureScheme::RSA_PSS_RSAE_SHA256 => &RSA_PSS_SHA256,
                    SignatureScheme::RSA_PSS_RSAE_SHA384 => &RSA_PSS_SHA384,
                    SignatureScheme::RSA_PSS_RSAE_SHA512 => &RSA_PSS_SHA512,
                    _ => return None,
                };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding, &random, message, &mut signature).ok()?;
                Signature::encoded(&signature)
            }
        }
    }
}

impl Key {
    fn parse(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        for curve in [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING] {
            if let Ok(key) = EcdsaKeyPair::from_pkcs8(curve, pkcs8, &random) {
                return Some(Self::Ecdsa(key));
            }
        }
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8) {
            return Some(Self::Ed25519(key));
        }
        RsaKeyPair::from_pkcs8(pkcs8).ok().map(|key| Self::Rsa(Box::new(key)))
    }

    fn schemes(&self) -> &'static [SignatureScheme] {
        /// An uncompressed point of P-256.
        const P256_POINT: usize = 65;
        match self {
            Self::Ecdsa(key) if key.public_key().as_ref().len() == P256_POINT => {
                &[SignatureScheme::ECDSA_SECP256R1_SHA256]
            }
            Self::Ecdsa(_) => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
            Self::Ed25519(_) => &[SignatureScheme::ED25519],
            Self::Rsa(_) => &[
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                SignatureScheme::RSA_PSS_RSAE_SHA384,
                SignatureScheme::RSA_PSS_RSAE_SHA512,
            ],
        }
    }
}

/// The certificates of a PEM file, in DER.
pub(crate) fn certificates(file: &str) -> Result<Vec<Vec<u8>>, Trouble> {
    let text = std::fs::read(file)?;
    let blocks = pem::parse_many(text).map_err(|error| Trouble::Failed(format!("{file}: {error}")))?;
    Ok(blocks.into_iter().map(pem::Pem::into_contents).collect())
}

/// Returns the trust anchor; none if the runner names none, or one whose key is of another kind: nothing can be verified with it.
pub(crate) fn anchor(certificate: Option<&[u8]>) -> Result<TrustAnchor<'_>, Trouble> {
    let none = TrustAnchor::from_fingerprint([0; 32]);
    let Some(certificate) = certificate else { return Ok(none) };
    match TrustAnchor::from_certificate(certificate) {
        Err(Error::ApiMisuse(ApiMisuse::TrustAnchorUnusable(CertificateProblem::UnsupportedKey))) => Ok(none),
        other => Ok(other?),
    }
}
