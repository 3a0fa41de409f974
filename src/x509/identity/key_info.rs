//! `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), written again from a key that was read.
//!
//! The reader accepts exactly one encoding of each kind of key, so nothing but the key has to be kept; only
//! `id-RSASSA-PSS` has parameters that may be written in several ways.

use crate::crypto::{CryptoProvider, Hash, HashAlgorithm};
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey};
use crate::x509::path::summary::FINGERPRINT;

/// `AlgorithmIdentifier`s: `id-ecPublicKey` with secp256r1 and secp384r1 (RFC 5480 section 2.1.1), `id-Ed25519` (RFC 8410
/// section 3), `rsaEncryption` (RFC 3279 section 2.3.1).
const EC_P256: &[u8] = b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const EC_P384: &[u8] = b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
const ED25519: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// SHA-256 of the structure.
pub(crate) fn sha256<C: CryptoProvider>(key: &PublicKey<'_>) -> Option<[u8; FINGERPRINT]> {
    let identifier = match key.algorithm {
        KeyAlgorithm::EcP256 => EC_P256,
        KeyAlgorithm::EcP384 => EC_P384,
        KeyAlgorithm::Ed25519 => ED25519,
        KeyAlgorithm::Rsa => RSA,
        _ => return None,
    };
    // A BIT STRING begins with the number of bits that are not used.
    let bits = Head::new(0x03, key.bytes.len().checked_add(1)?)?;
    let len = identifier.len().checked_add(bits.as_bytes().len())?.checked_add(1)?.checked_add(key.bytes.len())?;
    let mut hash = C::hash(HashAlgorithm::Sha256).ok()?;
    for part in [Head::new(0x30, len)?.as_bytes(), identifier, bits.as_bytes(), &[0], key.bytes] {
        hash.update(part);
    }
    hash.finish().as_bytes().first_chunk().copied()
}

/// Tag and length of DER in the fewest bytes.
struct Head {
    bytes: [u8; 4],
    len: usize,
}

impl Head {
    fn new(tag: u8, len: usize) -> Option<Self> {
        let [high, low] = u16::try_from(len).ok()?.to_be_bytes();
        let (bytes, len) = match len {
            0..0x80 => ([tag, low, 0, 0], 2),
            0x80..0x100 => ([tag, 0x81, low, 0], 3),
            _ => ([tag, 0x82, high, low], 4),
        };
        Some(Self { bytes, len })
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_fewest_bytes() {
        for (len, expected) in [
            (0x7f, &[0x30, 0x7f][..]),
            (0x80, &[0x30, 0x81, 0x80]),
            (0xff, &[0x30, 0x81, 0xff]),
            (0x100, &[0x30, 0x82, 1, 0]),
            (0xffff, &[0x30, 0x82, 0xff, 0xff]),
        ] {
            assert_eq!(Head::new(0x30, len).unwrap().as_bytes(), expected);
        }
        assert!(Head::new(0x30, 0x10000).is_none());
    }
}
