//! `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), written again from a key that was read.
//!
//! The parser accepts exactly one encoding of each kind of key, so only the key has to be kept; only
//! `id-RSASSA-PSS` has parameters that may be written in several ways.

use crate::crypto::{CryptoProvider, HashAlgorithm};
use crate::der::{BIT_STRING, Head, NULL, OID, SEQUENCE, oid};
use crate::x509::certificate::FINGERPRINT;
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey};

/// Returns the SHA-256 of the structure.
pub(crate) fn sha256<C: CryptoProvider>(provider: C, key: &PublicKey<'_>) -> Option<[u8; FINGERPRINT]> {
    // RFC 5480 section 2.1.1, RFC 8410 section 3, RFC 3279 section 2.3.1.
    let (algorithm, [parameters_head, parameters]) = match key.algorithm() {
        KeyAlgorithm::EcP256 => (oid::EC_PUBLIC_KEY, [&[OID, 8][..], oid::SECP256R1]),
        KeyAlgorithm::EcP384 => (oid::EC_PUBLIC_KEY, [&[OID, 5][..], oid::SECP384R1]),
        KeyAlgorithm::Ed25519 => (oid::ED25519, [&[][..]; 2]),
        KeyAlgorithm::Rsa => (oid::RSA_ENCRYPTION, [&[NULL, 0][..], &[]]),
        _ => return None,
    };
    let algorithm_head = Head::of(OID, &[algorithm])?;
    let identifier = Head::of(SEQUENCE, &[algorithm_head.as_bytes(), algorithm, parameters_head, parameters])?;
    // A BIT STRING begins with the number of bits that are not used.
    let bits = Head::of(BIT_STRING, &[&[0], key.as_bytes()])?;
    let mut parts = [
        &[][..],
        identifier.as_bytes(),
        algorithm_head.as_bytes(),
        algorithm,
        parameters_head,
        parameters,
        bits.as_bytes(),
        &[0],
        key.as_bytes(),
    ];
    let info = Head::of(SEQUENCE, &parts)?;
    let [head, ..] = &mut parts;
    *head = info.as_bytes();
    provider.digest(HashAlgorithm::Sha256, &parts).ok()?.as_bytes().first_chunk().copied()
}
