//! CertificateRequest (RFC 9846 section 4.4.2).

use super::enums::{ExtensionType, HandshakeType, SignatureScheme};
use super::extension::{self, CodePoints, DistinguishedNames, Extensions, Message};
use super::handshake;
use super::oid_filters::OidFilters;
use crate::codec::{Reader, Writer};
use crate::error::{Error, PeerMisbehaved};

/// A request for the client's certificate (RFC 9846 section 4.4.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateRequest<'a> {
    /// Identifies the request; empty in the handshake.
    #[cfg_attr(not(feature = "post-handshake-auth"), allow(dead_code, reason = "checked to be empty"))]
    pub(crate) context: &'a [u8],
    pub(crate) signature_schemes: CodePoints<'a>,
    /// `signature_algorithms_cert`.
    pub(crate) certificate_schemes: Option<CodePoints<'a>>,
    /// Issuers that the server accepts; empty if it names none.
    pub(crate) authorities: DistinguishedNames<'a>,
    /// Extensions that the client's certificate must have; empty if the server requires none.
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
    ///
    /// RFC 9846 section 9.3.
    pub(crate) fn parse_any(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let context = reader.vec8()?;
        let extensions = reader.vec16()?;
        reader.finish()?;

        let mut signature_schemes = None;
        let mut certificate_schemes = None;
        let mut authorities = DistinguishedNames::default();
        let mut oid_filters = OidFilters::default();
        let mut extensions = Extensions::new(extensions);
        while let Some((kind, body)) = extensions.next()? {
            match kind {
                ExtensionType::SIGNATURE_ALGORITHMS => signature_schemes = Some(CodePoints::parse_vec16(body)?),
                ExtensionType::SIGNATURE_ALGORITHMS_CERT => certificate_schemes = Some(CodePoints::parse_vec16(body)?),
                ExtensionType::CERTIFICATE_AUTHORITIES => authorities = DistinguishedNames::parse(body)?,
                ExtensionType::OID_FILTERS => oid_filters = OidFilters::parse(body)?,
                // "Clients MUST ignore unrecognized extensions".
                kind => kind.check_allowed_in(Message::CertificateRequest)?,
            }
        }
        // "The 'signature_algorithms' extension MUST be specified".
        let signature_schemes = signature_schemes.ok_or(PeerMisbehaved::MissingExtension)?;
        Ok(Self { context, signature_schemes, certificate_schemes, authorities, oid_filters })
    }
}

/// A CertificateRequest as a server writes it, with the names of the certification authorities as an iterator: they may
/// be larger than any buffer.
#[derive(Clone, Copy)]
pub(crate) struct OwnRequest<'a, N> {
    /// Empty in the handshake.
    pub(crate) context: &'a [u8],
    pub(crate) signature_schemes: &'a [SignatureScheme],
    /// `signature_algorithms_cert`; empty to omit it.
    pub(crate) certificate_schemes: &'a [SignatureScheme],
    pub(crate) authorities: N,
}

impl<'a, N: Iterator<Item = &'a [u8]> + Clone> OwnRequest<'_, N> {
    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::CERTIFICATE_REQUEST, |w| {
            w.vec8(|w| w.bytes(self.context));
            w.vec16(|w| {
                extension::write_signature_schemes(w, ExtensionType::SIGNATURE_ALGORITHMS, self.signature_schemes);
                if !self.certificate_schemes.is_empty() {
                    let kind = ExtensionType::SIGNATURE_ALGORITHMS_CERT;
                    extension::write_signature_schemes(w, kind, self.certificate_schemes);
                }
                if self.authorities.clone().next().is_some() {
                    DistinguishedNames::emit(w, self.authorities.clone());
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn message(context: &[u8], certificate_schemes: &[SignatureScheme], authorities: &[&[u8]]) -> Vec<u8> {
        let signature_schemes = &[SignatureScheme::ECDSA_SECP256R1_SHA256];
        let authorities = authorities.iter().copied();
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        OwnRequest { context, signature_schemes, certificate_schemes, authorities }.emit(&mut writer);
        assert!(writer.needed() <= 64);
        writer.written().to_vec()
    }

    #[test]
    fn content_is_read_as_it_was_written() {
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
    fn a_request_without_signature_algorithms_is_rejected() {
        assert_eq!(CertificateRequest::parse(&[0, 0, 0]).err(), Some(PeerMisbehaved::MissingExtension.into()));
        assert_eq!(CertificateRequest::parse(&[1, 7, 0, 0]).err(), Some(PeerMisbehaved::CertificateContext.into()));
    }
}
