//! CertificateRequest (RFC 9846 section 4.4.2). Written piece by piece: the names of the
//! authorities may be larger than any buffer.

use super::enums::{ExtensionType, HandshakeType, SignatureScheme};
use super::extension::{self, CodePoints, DistinguishedNames, Message};
use super::oid_filters::OidFilters;
use crate::codec::Reader;
use crate::error::{Error, PeerMisbehaved};

/// What the server wants to know of the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateRequest<'a> {
    /// Identifies the request; empty in the handshake.
    #[cfg_attr(not(feature = "post-handshake-auth"), allow(dead_code, reason = "checked to be empty"))]
    pub(crate) context: &'a [u8],
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
        // RFC 9846 section 4.4.2: "this field SHALL be zero length unless used for the
        // post-handshake authentication exchanges".
        if body.first().is_some_and(|&length| length != 0) {
            return Err(PeerMisbehaved::CertificateContext.into());
        }
        Self::parse_any(body)
    }

    /// Parses a request, of the handshake or after it.
    pub(crate) fn parse_any(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let context = reader.vec8()?;
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
                kind => kind.check_allowed_in(Message::CertificateRequest)?,
            }
            Ok(())
        })?;
        // "The 'signature_algorithms' extension MUST be specified".
        let signature_schemes = signature_schemes.ok_or(PeerMisbehaved::MissingExtension)?;
        Ok(Self { context, signature_schemes, certificate_schemes, authorities, oid_filters })
    }
}

/// Gives the pieces of a whole CertificateRequest to `piece`, in order. `context` is empty in the handshake,
/// `certificate_schemes` if it is not to be sent.
pub(crate) fn for_each_piece<'a>(
    context: &[u8],
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
    let length = extensions_len.saturating_add(context.len()).saturating_add(3);
    let [_, high, middle, low] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let context_len = u8::try_from(context.len()).unwrap_or(u8::MAX);

    piece(&[HandshakeType::CERTIFICATE_REQUEST.0, high, middle, low, context_len]);
    piece(context);
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

    fn message(context: &[u8], certificate_schemes: &[SignatureScheme], authorities: &[&[u8]]) -> Vec<u8> {
        let mut message = Vec::new();
        let schemes = [SignatureScheme::ECDSA_SECP256R1_SHA256];
        for_each_piece(context, &schemes, certificate_schemes, authorities.iter().copied(), |piece| {
            message.extend_from_slice(piece);
        });
        message
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for authorities in [&[][..], &[&b"first"[..], b"second"]] {
            for certificate_schemes in [&[][..], &[SignatureScheme::RSA_PKCS1_SHA256]] {
                let message = message(&[], certificate_schemes, authorities);
                let request = CertificateRequest::parse(handshake::body(&message).unwrap()).unwrap();
                assert!(request.signature_schemes.iter().eq([0x0403]));
                assert_eq!(request.certificate_schemes.is_some(), !certificate_schemes.is_empty());
                assert!(request.certificate_schemes.is_none_or(|schemes| schemes.iter().eq([0x0401])));
                assert!(request.authorities.iter().eq(authorities.iter().copied()));
            }
        }
    }

    #[test]
    fn a_known_extension_of_another_message_is_illegal_and_an_unknown_one_ignored() {
        let with = |kind: [u8; 2]| [&[0, 0, 12, 0, 13, 0, 4, 0, 2, 4, 3][..], &kind, &[0, 0]].concat();
        for (kind, fine) in [([0, 5], true), ([0, 18], true), ([0xfa, 0xfa], true), ([0, 51], false), ([0, 16], false)]
        {
            let body = with(kind);
            assert_eq!(
                CertificateRequest::parse(&body).err(),
                (!fine).then_some(crate::error::InvalidMessage::IllegalValue.into()),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn only_a_request_after_the_handshake_has_a_context() {
        let message = message(b"context", &[], &[]);
        let body = handshake::body(&message).unwrap();
        assert_eq!(CertificateRequest::parse(body).err(), Some(PeerMisbehaved::CertificateContext.into()));
        assert_eq!(CertificateRequest::parse_any(body).unwrap().context, b"context");
    }

    #[test]
    fn a_request_without_signature_algorithms_is_refused() {
        assert_eq!(CertificateRequest::parse(&[0, 0, 0]).err(), Some(PeerMisbehaved::MissingExtension.into()));
        assert_eq!(CertificateRequest::parse(&[1, 7, 0, 0]).err(), Some(PeerMisbehaved::CertificateContext.into()));
    }
}
