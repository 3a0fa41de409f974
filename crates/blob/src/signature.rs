//! The signature of the fleet: ECDSA on P-256 with SHA-256.

use embedded_mtls::crypto::{CryptoError, CryptoProvider, HashAlgorithm, SignatureAlgorithm};

/// Bytes of a signature: r and s.
pub(crate) const SIGNATURE: usize = 64;
/// Bytes of the longest `ECDSA-Sig-Value` on P-256.
const MAX_DER: usize = 72;

/// The public key of the owner of a fleet, which is a part of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetKey([u8; 65]);

impl FleetKey {
    /// Takes an uncompressed point on P-256 (SEC 1 section 2.3.3). One that is not on the curve accepts no signature.
    pub const fn new(point: [u8; 65]) -> Self {
        Self(point)
    }

    /// Returns the point.
    pub const fn point(&self) -> &[u8; 65] {
        &self.0
    }

    /// Verifies a signature of `content`, whose SHA-256 is `digest`.
    pub(crate) fn verify<C: CryptoProvider>(
        &self,
        provider: C,
        content: &[u8],
        digest: &[u8; 32],
        signature: &[u8; SIGNATURE],
    ) -> Result<(), CryptoError> {
        let mut der = [0; MAX_DER];
        let signature = sig_value(signature, &mut der).ok_or(CryptoError::Invalid)?;
        let signed = if C::VERIFIES_MESSAGES { content } else { digest };
        provider.verify(SignatureAlgorithm::EcdsaP256Sha256, &self.0, signed, signature)
    }
}

/// Hashes the content of a blob.
pub(crate) fn digest<C: CryptoProvider>(provider: C, content: &[u8]) -> Option<[u8; 32]> {
    let digest = provider.digest(HashAlgorithm::Sha256, &[content]).ok()?;
    digest.as_bytes().try_into().ok()
}

/// Writes r and s as DER `ECDSA-Sig-Value` (RFC 3279 section 2.2.3), as providers take it.
fn sig_value<'o>(r_s: &[u8; SIGNATURE], out: &'o mut [u8; MAX_DER]) -> Option<&'o [u8]> {
    let (r, s) = r_s.split_at(SIGNATURE / 2);
    let mut end = 2_usize;
    for number in [r, s] {
        let number = number.get(number.iter().position(|byte| *byte != 0)?..)?;
        let is_high = number.first().is_some_and(|first| first & 0x80 != 0);
        let padding: &[u8] = if is_high { &[0] } else { &[] };
        let len = u8::try_from(number.len().checked_add(padding.len())?).ok()?;
        for byte in [2, len].iter().chain(padding).chain(number) {
            *out.get_mut(end)? = *byte;
            end = end.checked_add(1)?;
        }
    }
    let [sequence, len, ..] = out;
    (*sequence, *len) = (0x30, u8::try_from(end.checked_sub(2)?).ok()?);
    out.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_fewest_bytes() {
        let mut r_s = [0; 64];
        (r_s[31], r_s[32]) = (1, 0x80);
        let mut out = [0; MAX_DER];
        let der = sig_value(&r_s, &mut out).unwrap();
        assert_eq!(der[..9], [0x30, 38, 2, 1, 1, 2, 33, 0, 0x80]);
        assert_eq!(der.len(), 40);
        assert_eq!(sig_value(&[0xff; 64], &mut out).unwrap().len(), MAX_DER);
        assert_eq!(sig_value(&[0; 64], &mut out), None);
    }
}
