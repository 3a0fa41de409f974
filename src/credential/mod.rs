//! Our own identities: a certificate chain, and the handle of its key.

use crate::codec::Writer;
use crate::error::{ApiMisuse, Error};
use crate::limits::MAX_SIGNATURE;
use crate::wire::enums::SignatureScheme;
use crate::x509::{self, KeyAlgorithm, Name};

/// A key, as the signer knows it: the index of a software key, the slot of a secure element. The core
/// never sees a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeyHandle(pub u32);

/// A signature as signers make it.
#[allow(clippy::large_enum_variant, reason = "lives on the stack once a handshake, and there is no heap")]
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Signature {
    /// As it stands in a CertificateVerify, of any scheme: made by [`Signature::encoded`].
    Encoded(EncodedSignature),
    /// Ed25519 (RFC 8032 section 5.1.6).
    Ed25519([u8; 64]),
    /// ECDSA on P-256: `r` and `s`, 32 bytes each, big-endian.
    P256([u8; 64]),
    /// ECDSA on P-384: `r` and `s`, 48 bytes each, big-endian.
    P384([u8; 96]),
}

/// A signature as it stands in a CertificateVerify.
#[derive(Clone, Copy)]
pub struct EncodedSignature {
    bytes: [u8; MAX_SIGNATURE],
    len: u16,
}

impl Signature {
    /// A signature as it stands in a CertificateVerify: for RSA as long as the modulus, for ECDSA a DER
    /// `ECDSA-Sig-Value`. `None` if it is longer than those of all algorithms of this build.
    pub fn encoded(signature: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_SIGNATURE];
        bytes.get_mut(..signature.len())?.copy_from_slice(signature);
        Some(Self::Encoded(EncodedSignature { bytes, len: u16::try_from(signature.len()).ok()? }))
    }
}

impl EncodedSignature {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }
}

/// A certificate chain to show, and the handle of its key. It borrows the DER, which may lie in flash.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    chain: &'a [&'a [u8]],
    scheme: SignatureScheme,
    algorithm: KeyAlgorithm,
    /// Bytes of the longest signature.
    signature_len: u16,
    key: KeyHandle,
}

impl<'a> Credential<'a> {
    /// A credential from DER certificates: the leaf first, then its intermediates in order. The root
    /// need not be there.
    ///
    /// It signs with the scheme of the key of the leaf; for RSA that is `rsa_pss_rsae_sha256`, unless
    /// [`with_scheme`](Self::with_scheme) says otherwise.
    ///
    /// # Errors
    /// [`ApiMisuse::CredentialUnusable`] if the chain is empty, a certificate cannot be parsed, or the
    /// key of the leaf is of a kind that is not supported.
    pub fn new(chain: &'a [&'a [u8]], key: KeyHandle) -> Result<Self, Error> {
        let mut leaf = None;
        for certificate in chain.iter().rev() {
            leaf = Some(x509::own_certificate(certificate).ok_or(ApiMisuse::CredentialUnusable)?);
        }
        let leaf = leaf.ok_or(ApiMisuse::CredentialUnusable)?;
        let scheme = leaf.key.default_scheme().ok_or(ApiMisuse::CredentialUnusable)?;
        let signature_len = u16::try_from(leaf.signature_len).map_err(|_| ApiMisuse::CredentialUnusable)?;
        Ok(Self { chain, scheme, algorithm: leaf.key, signature_len, key })
    }

    /// Signs with another scheme, of those that the key of the leaf has: RSA with another hash.
    ///
    /// # Errors
    /// [`ApiMisuse::CredentialUnusable`] if the key does not have it.
    pub fn with_scheme(self, scheme: SignatureScheme) -> Result<Self, Error> {
        self.algorithm.verifies(scheme).ok_or(ApiMisuse::CredentialUnusable)?;
        Ok(Self { scheme, ..self })
    }

    /// The certificates in DER, the leaf first.
    pub const fn chain(&self) -> &'a [&'a [u8]] {
        self.chain
    }

    /// The scheme the key signs with.
    pub const fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// The handle of the key.
    pub const fn key(&self) -> KeyHandle {
        self.key
    }

    /// Bytes of the longest signature of the key, as it stands in CertificateVerify.
    pub(crate) fn signature_len(&self) -> usize {
        self.signature_len.into()
    }

    /// Whether a signature of so many bytes can be one of the key: ECDSA's may be shorter than the
    /// longest.
    pub(crate) fn has_signatures_of(&self, len: usize) -> bool {
        match self.algorithm {
            KeyAlgorithm::EcP256 | KeyAlgorithm::EcP384 => (1..=self.signature_len()).contains(&len),
            _ => len == self.signature_len(),
        }
    }

    /// The issuers of all certificates of the chain, that of the leaf first.
    pub fn issuers(&self) -> impl Iterator<Item = Name<'a>> {
        self.chain.iter().filter_map(|certificate| x509::own_certificate(certificate)).map(|own| own.issuer)
    }

    /// Whether one of the certificates of the chain, not only the leaf, was issued by `authority`
    /// (RFC 9846 section 4.3.4 and 4.5.1.2).
    pub fn issued_by(&self, authority: &Name<'_>) -> bool {
        self.issuers().any(|issuer| issuer.matches(authority))
    }
}

/// Writes two big-endian numbers as DER `ECDSA-Sig-Value` (RFC 5480 appendix A); `None` if one is zero.
pub(crate) fn ecdsa_der<'o>(r: &[u8], s: &[u8], out: &'o mut [u8]) -> Option<&'o [u8]> {
    const SEQUENCE: u8 = 0x30;
    let (r, s) = (significant(r)?, significant(s)?);
    let mut writer = Writer::new(out);
    writer.u8(SEQUENCE);
    writer.vec8(|w| {
        write_integer(w, r);
        write_integer(w, s);
    });
    let len = writer.finish().ok()?;
    out.get(..len)
}

/// Without leading zeros.
fn significant(number: &[u8]) -> Option<&[u8]> {
    number.get(number.iter().position(|&byte| byte != 0)?..)
}

fn write_integer(w: &mut Writer<'_>, number: &[u8]) {
    const INTEGER: u8 = 0x02;
    w.u8(INTEGER);
    w.vec8(|w| {
        if number.first().is_some_and(|&byte| byte & 0x80 != 0) {
            w.u8(0);
        }
        w.bytes(number);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_signature_becomes_the_shortest_der() {
        let mut one = [0; 32];
        one[31] = 1;
        let mut out = [0; 72];
        let der = ecdsa_der(&one, &[0xff; 32], &mut out).unwrap();
        assert_eq!(der[..7], [0x30, 38, 2, 1, 1, 2, 33]);
        assert_eq!(der[7..], [&[0][..], &[0xff; 32]].concat());
        assert!(ecdsa_der(&[0; 32], &one, &mut out).is_none());
        assert!(ecdsa_der(&one, &[0; 32], &mut out).is_none());
        assert_eq!(ecdsa_der(&[0xff; 32], &[0xff; 32], &mut out).unwrap().len(), 72);
        assert_eq!(ecdsa_der(&[0xff; 48], &[0xff; 48], &mut [0; 104]).unwrap().len(), 104);
    }

    #[test]
    fn an_encoded_signature_is_at_most_as_long_as_the_longest_of_this_build() {
        let Some(Signature::Encoded(signature)) = Signature::encoded(&[7; 72]) else { panic!("72 bytes always fit") };
        assert_eq!(signature.as_bytes(), [7; 72]);
        assert!(Signature::encoded(&[7; MAX_SIGNATURE + 1]).is_none());
    }

    #[test]
    fn a_credential_without_a_certificate_is_refused() {
        assert_eq!(Credential::new(&[], KeyHandle(0)).err(), Some(ApiMisuse::CredentialUnusable.into()));
        assert_eq!(Credential::new(&[&[1, 2, 3]], KeyHandle(0)).err(), Some(ApiMisuse::CredentialUnusable.into()));
    }
}
