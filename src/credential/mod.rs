//! Our own identities: a certificate chain, and the handle of its key.

use crate::codec::Writer;
use crate::error::{ApiMisuse, Error};
use crate::wire::enums::SignatureScheme;
use crate::x509::{self, KeyAlgorithm, Name};

/// A key, as the signer knows it: the index of a software key, the slot of a secure element. The core
/// never sees a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeyHandle(pub u32);

/// A signature as signers make it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Signature {
    /// ECDSA on P-256: `r` and `s`, 32 bytes each, big-endian.
    P256([u8; 64]),
}

/// A certificate chain to show, and the handle of its key. It borrows the DER, which may lie in flash.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    chain: &'a [&'a [u8]],
    scheme: SignatureScheme,
    key: KeyHandle,
}

impl<'a> Credential<'a> {
    /// A credential from DER certificates: the leaf first, then its intermediates in order. The root
    /// need not be there.
    ///
    /// # Errors
    /// [`ApiMisuse::CredentialUnusable`] if the chain is empty, a certificate cannot be parsed, or the
    /// key of the leaf is of a kind that is not supported.
    pub fn new(chain: &'a [&'a [u8]], key: KeyHandle) -> Result<Self, Error> {
        let mut leaf = None;
        for certificate in chain.iter().rev() {
            leaf = Some(x509::own_certificate(certificate).ok_or(ApiMisuse::CredentialUnusable)?);
        }
        let scheme = match leaf.ok_or(ApiMisuse::CredentialUnusable)?.key {
            KeyAlgorithm::EcP256 => SignatureScheme::ECDSA_SECP256R1_SHA256,
            KeyAlgorithm::Unsupported => return Err(ApiMisuse::CredentialUnusable.into()),
        };
        Ok(Self { chain, scheme, key })
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

/// Writes a raw P-256 signature as DER `ECDSA-Sig-Value` (RFC 5480 appendix A); `None` if a half is zero.
pub(crate) fn ecdsa_der<'o>(r_s: &[u8; 64], out: &'o mut [u8; 72]) -> Option<&'o [u8]> {
    const SEQUENCE: u8 = 0x30;
    let (r, s) = r_s.split_at(32);
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
        let mut raw = [0; 64];
        raw[31] = 1;
        raw[32..].fill(0xff);
        let mut out = [0; 72];
        let der = ecdsa_der(&raw, &mut out).unwrap();
        assert_eq!(der[..7], [0x30, 38, 2, 1, 1, 2, 33]);
        assert_eq!(der[7..], [&[0][..], &[0xff; 32]].concat());
        assert!(ecdsa_der(&[0; 64], &mut out).is_none());
        assert_eq!(ecdsa_der(&[0xff; 64], &mut out).unwrap().len(), 72);
    }

    #[test]
    fn a_credential_without_a_certificate_is_refused() {
        assert_eq!(Credential::new(&[], KeyHandle(0)).err(), Some(ApiMisuse::CredentialUnusable.into()));
        assert_eq!(Credential::new(&[&[1, 2, 3]], KeyHandle(0)).err(), Some(ApiMisuse::CredentialUnusable.into()));
    }
}
