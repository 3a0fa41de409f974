//! CertificateRequest (RFC 9846 section 4.4.2). Written piece by piece: the names of the
//! authorities may be larger than any buffer.

use super::enums::{ExtensionType, HandshakeType, SignatureScheme};
use super::extension::{self, CodePoints, DistinguishedNames};
use super::oid_filters::OidFilters;
use crate::codec::Reader;
use crate::error::{Error, PeerMisbehaved};

/// What the server wants to know of the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateRequest<'a> {
    pub(crate) signature_schemes: CodePoints<'a>,
    /// `signature_algorithms_cert`.
    pub(crate) certificate_schemes: Option<CodePoints<'a>>,
    /// Issuers the server trusts; empty if it does not say.
    pub(crate) authorities: DistinguishedNames<'a>,
    /// What the client's certificate has to hold; empty if the server does not say.
    pub(crate) oid_filters: OidFilters<'a>,
}

impl<'a> CertificateRequest<'a> {
    /// Parses a request of the handshake.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        // RFC 9846 section 4.4.2: "this field SHALL be zero length unless used for the
        // post-handshake authentication exchanges".
        if !reader.vec8()?.is_empty() {
            return Err(PeerMisbehaved::CertificateContext.into());
        }
        let extensions = reader.vec16()?;
        reader.finish()?;

        let mut signature_schemes = None;
        let mut certificate_schemes = None;
        let mut authorities = DistinguishedNames::default();
        let mut oid_filters = OidFilters::default();
        extension::for_each(extensions, |kind, body| {
            match kind {
                ExtensionType::SIGNATURE_ALGORITHMS => signature_schemes = Some(CodePoints::parse_vec16(body)?),
                ExtensionType::SIGNATURE_ALGORITHMS_CERT => certificate_schemes = Some(CodePoints::parse_vec16(body)?),
                ExtensionType::CERTIFICATE_AUTHORITIES => authorities = DistinguishedNames::parse(body)?,
                ExtensionType::OID_FILTERS => oid_filters = OidFilters::parse(body)?,
                // "Clients MUST ignore unrecognized extensions".
                _ => {}
            }
            Ok(())
        })?;
        // "The 'signature_algorithms' extension MUST be specified".
        let signature_schemes = signature_schemes.ok_or(PeerMisbehaved::MissingExtension)?;
        Ok(Self { signature_schemes, certificate_schemes, authorities, oid_filters })
    }
}

/// Gives the pieces of a whole CertificateRequest to `piece`, in order. `certificate_schemes` is empty
/// if it is not to be sent.
pub(crate) fn for_each_piece<'a>(
    schemes: &[SignatureScheme],
    certificate_schemes: &[SignatureScheme],
    authorities: impl Iterator<Item = &'a [u8]> + Clone,
    mut piece: impl FnMut(&[u8]),
) {
    let names_len = authorities.clone().fold(0_usize, |sum, name| sum.saturating_add(name.len()).saturating_add(2));
    let lists = [
        (ExtensionType::SIGNATURE_ALGORITHMS, schemes),
        (ExtensionType::SIGNATURE_ALGORITHMS_CERT, certificate_schemes),
    ];
    let lists = lists.iter().filter(|(_, schemes)| !schemes.is_empty());
    let schemes_len =
        lists.clone().fold(0_usize, |sum, (_, schemes)| sum.saturating_add(list_len(schemes)).saturating_add(6));
    let names_extension = if names_len == 0 { 0 } else { names_len.saturating_add(6) };
    let extensions_len = schemes_len.saturating_add(names_extension);
    let [_, high, middle, low] = u32::try_from(extensions_len.saturating_add(3)).unwrap_or(u32::MAX).to_be_bytes();

    piece(&[HandshakeType::CERTIFICATE_REQUEST.0, high, middle, low, 0]);
    piece(&u16_bytes(extensions_len));
    for (kind, schemes) in lists {
        piece(&kind.0.to_be_bytes());
        piece(&u16_bytes(list_len(schemes).saturating_add(2)));
        piece(&u16_bytes(list_len(schemes)));
        for scheme in *schemes {
            piece(&scheme.0.to_be_bytes());
        }
    }
    if names_len > 0 {
        piece(&ExtensionType::CERTIFICATE_AUTHORITIES.0.to_be_bytes());
        piece(&u16_bytes(names_len.saturating_add(2)));
        piece(&u16_bytes(names_len));
        for name in authorities {
            piece(&u16_bytes(name.len()));
            piece(name);
        }
    }
}

fn list_len(schemes: &[SignatureScheme]) -> usize {
    schemes.len().saturating_mul(2)
}

/// The largest list of names a CertificateRequest can hold, in bytes with their lengths.
pub(crate) const MAX_AUTHORITIES: usize = 0xfe00;

/// A length that the configuration has bounded by [`MAX_AUTHORITIES`].
fn u16_bytes(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::handshake;
    use std::vec::Vec;

    fn message(certificate_schemes: &[SignatureScheme], authorities: &[&[u8]]) -> Vec<u8> {
        let mut message = Vec::new();
        let schemes = [SignatureScheme::ECDSA_SECP256R1_SHA256];
        for_each_piece(&schemes, certificate_schemes, authorities.iter().copied(), |piece| {
            message.extend_from_slice(piece);
        });
        message
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for authorities in [&[][..], &[&b"first"[..], b"second"]] {
            for certificate_schemes in [&[][..], &[SignatureScheme::RSA_PKCS1_SHA256]] {
                let message = message(certificate_schemes, authorities);
                let request = CertificateRequest::parse(handshake::body(&message).unwrap()).unwrap();
                assert!(request.signature_schemes.iter().eq([0x0403]));
                assert_eq!(request.certificate_schemes.is_some(), !certificate_schemes.is_empty());
                assert!(request.certificate_schemes.is_none_or(|schemes| schemes.iter().eq([0x0401])));
                assert!(request.authorities.iter().eq(authorities.iter().copied()));
            }
        }
    }

    #[test]
    fn a_request_without_signature_algorithms_is_refused() {
        assert_eq!(CertificateRequest::parse(&[0, 0, 0]).err(), Some(PeerMisbehaved::MissingExtension.into()));
        assert_eq!(CertificateRequest::parse(&[1, 7, 0, 0]).err(), Some(PeerMisbehaved::CertificateContext.into()));
    }
}
