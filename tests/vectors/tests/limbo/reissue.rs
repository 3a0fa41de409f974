//! Issues the certificates of a case again, for the other role.
//!
//! Each P-256 key is replaced by one of ours, serverAuth and clientAuth change places, and whoever signed
//! a certificate signs it again. All else, right or wrong, stays as it is.

use crate::pki::{self, Key};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, VerifyingKey};

/// id-ecPublicKey and secp256r1 of a `SubjectPublicKeyInfo`, up to the point.
const KEY_OF_P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
const ECDSA_WITH_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x03";
const POINT: usize = 65;
/// serverAuth and clientAuth, up to the last byte, which is 1 or 2.
const PURPOSE: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03";

/// A certificate, taken apart.
struct Parts<'a> {
    tbs: &'a [u8],
    signature: &'a [u8],
    /// The position of the public key in `tbs`.
    point: usize,
}

impl<'a> Parts<'a> {
    /// `None` unless the key is on P-256 and the signature ECDSA with SHA-256.
    fn of(certificate: &'a [u8]) -> Option<Self> {
        let (0x30, content, []) = value(certificate)? else { return None };
        let (0x30, _, behind) = value(content)? else { return None };
        let tbs = &content[..content.len() - behind.len()];
        behind.strip_prefix(ECDSA_WITH_SHA256)?;
        let (0x03, [0, signature @ ..], []) = value(&behind[ECDSA_WITH_SHA256.len() - 1..])? else { return None };
        let point = places(tbs, KEY_OF_P256).next()? + KEY_OF_P256.len();
        (point + POINT <= tbs.len()).then_some(Self { tbs, signature, point })
    }

    fn key(&self) -> &'a [u8] {
        &self.tbs[self.point..][..POINT]
    }

    fn is_signed_by(&self, key: &[u8]) -> bool {
        let parts = (VerifyingKey::from_sec1_bytes(key), DerSignature::from_bytes(self.signature));
        matches!(parts, (Ok(key), Ok(signature)) if key.verify(self.tbs, &signature).is_ok())
    }
}

/// Tag and value of the first TLV, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), rest.get(2..)?),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(len)?;
    Some((tag, value, rest))
}

fn places(bytes: &[u8], wanted: &[u8]) -> impl Iterator<Item = usize> {
    (0..bytes.len()).filter(move |&at| bytes[at..].starts_with(wanted))
}

/// Our key in place of another one.
fn stand_in(point: &[u8]) -> Key {
    Key::new(&format!("{point:02x?}"))
}

/// The same certificates for the other role, in the same order; `None` if a key or a signature of
/// them is not P-256.
pub(crate) fn for_the_other_role(certificates: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let parts = certificates.iter().map(|der| Parts::of(der)).collect::<Option<Vec<_>>>()?;
    let mut keys: Vec<_> = parts.iter().map(Parts::key).collect();
    keys.sort_unstable();
    keys.dedup();
    let reissue = |parts: &Parts<'_>| {
        let mut tbs = parts.tbs.to_vec();
        tbs[parts.point..][..POINT].copy_from_slice(stand_in(parts.key()).point());
        for at in places(parts.tbs, PURPOSE) {
            if let Some(purpose @ (1 | 2)) = tbs.get_mut(at + PURPOSE.len()) {
                *purpose = 3 - *purpose;
            }
        }
        let signer = keys.iter().find(|key| parts.is_signed_by(key));
        pki::sign(&tbs, &signer.map_or_else(|| Key::new("nobody in this case"), |key| stand_in(key)))
    };
    Some(parts.iter().map(reissue).collect())
}
