//! Signatures in the forms that signers produce.

use crate::codec::{Writer, copy};
use crate::der::{SEQUENCE, write_unsigned};
use crate::limits::MAX_SIGNATURE;
use crate::wire::enums::SignatureScheme;

/// A signature, in one of the forms that signers produce.
#[allow(clippy::large_enum_variant, reason = "lives on the stack once a handshake, and there is no heap")]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Signature {
    /// Ed25519 (RFC 8032 section 5.1.6).
    Ed25519([u8; 64]),
    /// In the encoding of CertificateVerify, for any scheme: created by [`Signature::encoded`].
    Encoded(EncodedSignature),
    /// ECDSA on P-256: `r` and `s`, 32 bytes each, big-endian.
    P256([u8; 64]),
    /// ECDSA on P-384: `r` and `s`, 48 bytes each, big-endian.
    P384([u8; 96]),
}

/// A signature in the encoding of CertificateVerify.
#[derive(Clone, Copy)]
pub struct EncodedSignature {
    bytes: [u8; MAX_SIGNATURE],
    len: u16,
}

debug_by_name!("EncodedSignature", [] EncodedSignature);

impl Signature {
    /// Wraps a signature in the encoding of CertificateVerify: for RSA as long as the modulus, for ECDSA a DER
    /// `ECDSA-Sig-Value`. `None` if it is longer than those of all algorithms of this build.
    pub fn encoded(signature: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_SIGNATURE];
        copy(bytes.get_mut(..signature.len())?, signature);
        Some(Self::Encoded(EncodedSignature { bytes, len: u16::try_from(signature.len()).ok()? }))
    }

    /// Bytes of the longest DER `ECDSA-Sig-Value`, which is of P-384.
    pub(crate) const MAX_DER: usize = 104;

    /// Encodes it for a CertificateVerify of this scheme; `None` if it is not one of the scheme.
    pub(crate) fn encode<'s>(&'s self, scheme: SignatureScheme, der: &'s mut [u8; Self::MAX_DER]) -> Option<&'s [u8]> {
        match (self, scheme) {
            (Self::Ed25519(signature), SignatureScheme::ED25519) => Some(signature),
            (Self::Encoded(signature), _) => Some(signature.as_bytes()).filter(|bytes| !bytes.is_empty()),
            (Self::P256(r_s), SignatureScheme::ECDSA_SECP256R1_SHA256) => ecdsa_der(r_s.split_at(32), der),
            (Self::P384(r_s), SignatureScheme::ECDSA_SECP384R1_SHA384) => ecdsa_der(r_s.split_at(48), der),
            _ => None,
        }
    }
}

impl EncodedSignature {
    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }
}

/// Writes two big-endian numbers as DER `ECDSA-Sig-Value` (RFC 5480 appendix A); `None` if one is zero.
fn ecdsa_der<'o>((r, s): (&[u8], &[u8]), out: &'o mut [u8]) -> Option<&'o [u8]> {
    let (r, s) = (significant(r)?, significant(s)?);
    let mut writer = Writer::new(out);
    writer.u8(SEQUENCE);
    writer.vec8(|w| {
        write_unsigned(w, r);
        write_unsigned(w, s);
    });
    let len = writer.finish().ok()?;
    out.get(..len)
}

/// Strips leading zeros; `None` of zero.
fn significant(number: &[u8]) -> Option<&[u8]> {
    number.get(number.iter().position(|&byte| byte != 0)?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_signature_becomes_the_shortest_der() {
        let mut one = [0; 32];
        one[31] = 1;
        let mut out = [0; 72];
        let der = ecdsa_der((&one, &[0xff; 32]), &mut out).unwrap();
        assert_eq!(der[..7], [0x30, 38, 2, 1, 1, 2, 33]);
        assert_eq!(der[7..], [&[0][..], &[0xff; 32]].concat());
        assert!(ecdsa_der((&[0; 32], &one), &mut out).is_none());
        assert!(ecdsa_der((&one, &[0; 32]), &mut out).is_none());
        assert_eq!(ecdsa_der((&[0xff; 32], &[0xff; 32]), &mut out).unwrap().len(), 72);
        assert_eq!(ecdsa_der((&[0xff; 48], &[0xff; 48]), &mut [0; 104]).unwrap().len(), 104);
    }

    #[test]
    fn an_encoded_signature_is_at_most_as_long_as_the_longest_of_this_build() {
        let Some(Signature::Encoded(signature)) = Signature::encoded(&[7; 72]) else { panic!("72 bytes always fit") };
        assert_eq!(signature.as_bytes(), [7; 72]);
        assert!(Signature::encoded(&[7; MAX_SIGNATURE + 1]).is_none());
    }
}
