//! Certificate (RFC 9846 section 4.5.1), read and written in parts, since a chain may be larger than any buffer.

use super::enums::HandshakeType;
use super::extension::{Extensions, Message};
use super::handshake;
use crate::codec::{Reader, Writer};
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::limits::{ENTRY_PREFIX, ENTRY_SUFFIX};
use core::cmp::Ordering;

/// The start of a Certificate message: header, request context, length of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CertificatePrefix {
    /// Bytes of the list that follows.
    pub(crate) list: usize,
}

impl CertificatePrefix {
    /// Parses header, context and length of the list; nothing else may be in `bytes`.
    ///
    /// RFC 9846 section 4.5.1: "If this message is in response to a CertificateRequest, the value of
    /// `certificate_request_context` in that message. Otherwise (in the case of server authentication), this
    /// field SHALL be zero length."
    pub(crate) fn parse(bytes: &[u8], context: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let _kind = reader.u8()?;
        let length = reader.u24()?;
        if reader.vec8()? != context {
            return Err(PeerMisbehaved::CertificateContext.into());
        }
        // In a shorter message, the bytes that follow are not its list.
        let expected = length.checked_sub(context.len().saturating_add(4)).ok_or(InvalidMessage::Truncated)?;
        let list = reader.u24()?;
        match list.cmp(&expected) {
            Ordering::Less => return Err(InvalidMessage::TrailingBytes.into()),
            Ordering::Equal => {}
            Ordering::Greater => return Err(InvalidMessage::Truncated.into()),
        }
        reader.finish()?;
        Ok(Self { list })
    }
}

/// Returns the length of the request context of the message that begins with `bytes`, if it equals that of `context`.
pub(crate) fn context_len(bytes: &[u8], context: &[u8]) -> Result<usize, Error> {
    let mut reader = Reader::new(bytes);
    let _kind = reader.u8()?;
    // In a shorter message, the bytes that follow are not its context.
    if reader.u24()? < 4 {
        return Err(InvalidMessage::Truncated.into());
    }
    let len = usize::from(reader.u8()?);
    if len == context.len() { Ok(len) } else { Err(PeerMisbehaved::CertificateContext.into()) }
}

/// Returns the length of the entry that starts with `bytes`; `Err(n)` if at least `n` bytes are needed to know it. Without
/// its certificate, which was taken, it is that of the extensions.
pub(crate) fn entry_len(bytes: &[u8], is_taken: bool) -> Result<usize, usize> {
    let extensions_at =
        if is_taken { 0 } else { Reader::new(bytes).u24().map_err(|_| ENTRY_PREFIX)?.saturating_add(ENTRY_PREFIX) };
    let enough = extensions_at.saturating_add(ENTRY_SUFFIX);
    let extensions = Reader::new(bytes.get(extensions_at..).unwrap_or_default()).u16().map_err(|_| enough)?;
    Ok(enough.saturating_add(usize::from(extensions)))
}

/// Returns the certificate of a whole entry; empty if it was taken.
///
/// Extensions in an entry answer extensions of the hello or the request; none that this crate
/// sends has an answer here. RFC 9846 section 4.5.1: "Extensions in the Certificate message from
/// the server MUST correspond to ones from the ClientHello message."
pub(crate) fn parse_entry(entry: &[u8], is_taken: bool) -> Result<&[u8], Error> {
    let mut reader = Reader::new(entry);
    let certificate = if is_taken { &[] } else { reader.vec24()? };
    if certificate.is_empty() && !is_taken {
        return Err(InvalidMessage::EmptyVector.into());
    }
    if let Some((kind, _)) = Extensions::new(reader.vec16()?).next()? {
        return Err(kind.unsolicited_in(Message::Certificate));
    }
    reader.finish()?;
    Ok(certificate)
}

/// Writes a Certificate with `chain`. `context` is that of the request, and empty in the handshake.
pub(crate) fn emit<'c>(w: &mut Writer<'_>, context: &[u8], chain: impl Iterator<Item = &'c [u8]>) {
    handshake::write(w, HandshakeType::CERTIFICATE, |w| {
        w.vec8(|w| w.bytes(context));
        w.vec24(|w| {
            for certificate in chain {
                w.vec24(|w| w.bytes(certificate));
                w.vec16(|_| {});
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CERTIFICATE_PREFIX;

    #[test]
    fn content_is_read_as_it_was_written() {
        let chain: [&[u8]; 2] = [&[7; 300], &[8; 5]];
        let mut buffer = [0; 400];
        let mut writer = Writer::new(&mut buffer);
        emit(&mut writer, b"context", chain.iter().copied());
        let message = writer.written();
        assert_eq!(message.len(), CERTIFICATE_PREFIX + 7 + 300 + 5 + 2 * (ENTRY_PREFIX + ENTRY_SUFFIX));
        assert!(handshake::body(message).is_ok());
        assert_eq!(context_len(message, b"another"), Ok(7));
        let (prefix, mut rest) = message.split_at(CERTIFICATE_PREFIX + 7);
        assert_eq!(CertificatePrefix::parse(prefix, b"context").unwrap().list, rest.len());
        assert_eq!(CertificatePrefix::parse(prefix, b"another"), Err(PeerMisbehaved::CertificateContext.into()));
        for certificate in chain {
            assert_eq!(entry_len(&[], false), Err(3));
            assert_eq!(entry_len(&rest[..3], false), Err(certificate.len() + 5));
            let (entry, next) = rest.split_at(entry_len(rest, false).unwrap());
            assert_eq!(parse_entry(entry, false), Ok(certificate));
            let extensions = &entry[ENTRY_PREFIX + certificate.len()..];
            assert_eq!(entry_len(&extensions[..1], true), Err(2));
            assert_eq!((entry_len(extensions, true), parse_entry(extensions, true)), (Ok(2), Ok(&[][..])));
            rest = next;
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn a_request_context_in_the_handshake_is_rejected() {
        assert_eq!(context_len(&[11, 0, 0, 5, 1, 0, 0, 0], &[]), Err(PeerMisbehaved::CertificateContext.into()));
        assert_eq!(context_len(&[11, 0, 0, 3, 0, 0, 0, 0], &[]), Err(InvalidMessage::Truncated.into()));
        let parse = |prefix: [u8; 8]| CertificatePrefix::parse(&prefix, &[]);
        assert_eq!(parse([11, 0, 0, 4, 0, 0, 0, 70]), Err(InvalidMessage::Truncated.into()));
        assert_eq!(parse([11, 0, 0, 5, 0, 0, 0, 0]), Err(InvalidMessage::TrailingBytes.into()));
    }

    #[test]
    fn an_unsolicited_entry_extension_is_rejected() {
        assert_eq!(
            parse_entry(&[0, 0, 1, 9, 0, 4, 0, 5, 0, 0], false),
            Err(PeerMisbehaved::UnsolicitedExtension.into())
        );
        assert_eq!(parse_entry(&[0, 0, 1, 9, 0, 4, 0, 51, 0, 0], false), Err(InvalidMessage::IllegalValue.into()));
    }
}
