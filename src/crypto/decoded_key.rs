//! Private keys in DER, as OpenSSL and provisioning tools write them: SEC 1 (RFC 5915) and PKCS#8 (RFC 5958), not encrypted.
//!
//! ```text
//! SEC 1    { 1, private key, [0] curve, [1] public key }
//! PKCS#8   { 0 or 1, { algorithm, curve }, SEC 1 or the 32 bytes of Ed25519, [0] attributes, [1] public key }
//! ```

use super::CryptoError;
use crate::der::{BIT_STRING, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, context, context_constructed, oid};

/// A private key, borrowed from its DER.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodedKey<'a> {
    /// The private key of RFC 8032 section 5.1.5.
    Ed25519(&'a [u8; 32]),
    /// A scalar on P-256, big-endian.
    P256(&'a [u8; 32]),
    /// A scalar on P-384, big-endian.
    P384(&'a [u8; 48]),
}

debug_by_name!("DecodedKey", [] DecodedKey<'_>);

impl<'a> DecodedKey<'a> {
    /// Parses SEC 1 or PKCS#8.
    ///
    /// # Errors
    /// [`CryptoError::Invalid`] if the bytes are neither, for example an encrypted key; [`CryptoError::Unsupported`] if
    /// the key is of another algorithm or curve.
    pub fn from_der(der: &'a [u8]) -> Result<Self, CryptoError> {
        let mut key = Reader::inside(der, SEQUENCE)?;
        match key.value(INTEGER)? {
            // RFC 5958 section 2: version 1 if the public key follows.
            [0 | 1] if key.rest().first() == Some(&SEQUENCE) => pkcs8(key),
            [1] => sec1(key, None),
            _ => Err(CryptoError::Invalid),
        }
    }
}

/// Parses what follows the version of a `OneAsymmetricKey` (RFC 5958 section 2).
fn pkcs8(mut key: Reader<'_>) -> Result<DecodedKey<'_>, CryptoError> {
    let mut algorithm = key.nested(SEQUENCE)?;
    let name = algorithm.value(OID)?;
    let private = key.value(OCTET_STRING)?;
    key.optional(context_constructed(0))?;
    key.optional(context(1))?;
    key.finish()?;
    match name {
        oid::EC_PUBLIC_KEY => {
            let curve = algorithm.value(OID)?;
            algorithm.finish()?;
            let mut inner = Reader::inside(private, SEQUENCE)?;
            match inner.value(INTEGER)? {
                [1] => sec1(inner, Some(curve)),
                _ => Err(CryptoError::Invalid),
            }
        }
        oid::ED25519 => {
            algorithm.finish()?;
            // RFC 8410 section 7: an OCTET STRING within the OCTET STRING.
            let mut inner = Reader::new(private);
            let private = inner.value(OCTET_STRING)?;
            inner.finish()?;
            private.try_into().map(DecodedKey::Ed25519).map_err(|_| CryptoError::Invalid)
        }
        _ => Err(CryptoError::Unsupported),
    }
}

/// Parses what follows the version of an `ECPrivateKey` (RFC 5915 section 3). PKCS#8 names the curve outside; if both
/// name it, they must agree.
fn sec1<'a>(mut key: Reader<'a>, outer: Option<&'a [u8]>) -> Result<DecodedKey<'a>, CryptoError> {
    let private = key.value(OCTET_STRING)?;
    let inner = match key.optional(context_constructed(0))? {
        Some(parameters) => {
            let mut parameters = Reader::new(parameters);
            let curve = parameters.value(OID)?;
            parameters.finish()?;
            Some(curve)
        }
        None => None,
    };
    if let Some(public) = key.optional(context_constructed(1))? {
        let mut public = Reader::new(public);
        public.value(BIT_STRING)?;
        public.finish()?;
    }
    key.finish()?;
    let curve = inner.or(outer).ok_or(CryptoError::Invalid)?;
    if outer.is_some_and(|outer| outer != curve) {
        return Err(CryptoError::Invalid);
    }
    match curve {
        oid::SECP256R1 => private.try_into().map(DecodedKey::P256).map_err(|_| CryptoError::Invalid),
        oid::SECP384R1 => private.try_into().map(DecodedKey::P384).map_err(|_| CryptoError::Invalid),
        _ => Err(CryptoError::Unsupported),
    }
}
