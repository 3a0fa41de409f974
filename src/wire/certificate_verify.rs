//! CertificateVerify (RFC 9846 section 4.5.2).

use super::enums::{HandshakeType, SignatureScheme};
use super::handshake;
use crate::codec::{Reader, Writer, read_all};
use crate::error::InvalidMessage;

/// Proof that the sender holds the key of its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CertificateVerify<'a> {
    pub(crate) scheme: SignatureScheme,
    pub(crate) signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    /// Bytes of the message around its signature.
    pub(crate) const OVERHEAD: usize = 8;

    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        read_all(body, |reader: &mut Reader<'a>| {
            Ok(Self { scheme: SignatureScheme(reader.u16()?), signature: reader.vec16()? })
        })
    }

    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::CERTIFICATE_VERIFY, |w| {
            w.u16(self.scheme.0);
            w.vec16(|w| w.bytes(self.signature));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_as_it_was_written() {
        let message = CertificateVerify { scheme: SignatureScheme::ECDSA_SECP256R1_SHA256, signature: b"signature" };
        let mut buffer = [0; 32];
        let mut writer = Writer::new(&mut buffer);
        message.emit(&mut writer);
        let len = writer.finish().unwrap();
        assert_eq!(len, CertificateVerify::OVERHEAD + 9);
        assert_eq!(CertificateVerify::parse(handshake::body(&buffer[..len]).unwrap()), Ok(message));
    }
}
