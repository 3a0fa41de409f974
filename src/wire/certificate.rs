//! Certificate (RFC 9846 section 4.5.1), read and written piece by piece: a chain may be larger than
//! any buffer.

use super::enums::HandshakeType;
use crate::codec::Reader;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::limits::{CERTIFICATE_PREFIX, ENTRY_PREFIX, ENTRY_SUFFIX};
use core::cmp::Ordering;

/// The start of a Certificate message in the handshake: header, empty request context, length of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CertificatePrefix {
    /// Bytes of the list that follows.
    pub(crate) list: usize,
}

impl CertificatePrefix {
    /// RFC 9846 section 4.5.1: the context of a certificate in the handshake "SHALL be zero length".
    pub(crate) fn parse(bytes: [u8; CERTIFICATE_PREFIX]) -> Result<Self, Error> {
        let mut reader = Reader::new(&bytes);
        let _kind = reader.u8()?;
        // Of a shorter message, what follows is not its context and its list.
        let expected = reader.u24()?.checked_sub(4).ok_or(InvalidMessage::Truncated)?;
        if reader.u8()? != 0 {
            return Err(PeerMisbehaved::CertificateContext.into());
        }
        let list = reader.u24()?;
        match list.cmp(&expected) {
            Ordering::Less => return Err(InvalidMessage::TrailingBytes.into()),
            Ordering::Equal => {}
            Ordering::Greater => return Err(InvalidMessage::Truncated.into()),
        }
        let list = usize::try_from(list).map_err(|_| InvalidMessage::MessageTooLong)?;
        Ok(Self { list })
    }

    pub(crate) fn emit(self) -> [u8; CERTIFICATE_PREFIX] {
        let [_, high, middle, low] = u24(self.list.saturating_add(4));
        let [_, list_high, list_middle, list_low] = u24(self.list);
        [HandshakeType::CERTIFICATE.0, high, middle, low, 0, list_high, list_middle, list_low]
    }
}

/// How many bytes an entry takes that starts with `bytes`: `Err(n)` if at least `n` bytes are needed to say it.
pub(crate) fn entry_len(bytes: &[u8]) -> Result<usize, usize> {
    let [high, middle, low] = *bytes.first_chunk::<ENTRY_PREFIX>().ok_or(ENTRY_PREFIX)?;
    let certificate = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
    let extensions_at = certificate.saturating_add(ENTRY_PREFIX);
    let enough = extensions_at.saturating_add(ENTRY_SUFFIX);
    let suffix = bytes.get(extensions_at..enough).and_then(<[u8]>::first_chunk::<ENTRY_SUFFIX>).ok_or(enough)?;
    Ok(enough.saturating_add(usize::from(u16::from_be_bytes(*suffix))))
}

/// The certificate of a whole entry.
///
/// Extensions in an entry answer extensions of the hello or the request; none that this crate
/// sends has an answer here. RFC 9846 section 4.5.1: "Extensions in the Certificate message from
/// the server MUST correspond to ones from the ClientHello message."
pub(crate) fn parse_entry(entry: &[u8]) -> Result<&[u8], Error> {
    let mut reader = Reader::new(entry);
    let length = reader.u24()?;
    let certificate = reader.bytes(usize::try_from(length).map_err(|_| InvalidMessage::MessageTooLong)?)?;
    if certificate.is_empty() {
        return Err(InvalidMessage::EmptyVector.into());
    }
    if !reader.vec16()?.is_empty() {
        return Err(PeerMisbehaved::UnsolicitedExtension.into());
    }
    reader.finish()?;
    Ok(certificate)
}

/// Bytes of the list that holds `chain`.
fn list_len<'c>(chain: impl Iterator<Item = &'c [u8]>) -> usize {
    chain.fold(0_usize, |sum, certificate| {
        sum.saturating_add(certificate.len()).saturating_add(ENTRY_PREFIX + ENTRY_SUFFIX)
    })
}

/// Gives the pieces of a whole Certificate message with `chain` to `piece`, in order.
pub(crate) fn for_each_piece<'c>(chain: impl Iterator<Item = &'c [u8]> + Clone, mut piece: impl FnMut(&[u8])) {
    piece(&CertificatePrefix { list: list_len(chain.clone()) }.emit());
    for certificate in chain {
        let [_, length @ ..] = u24(certificate.len());
        piece(&length);
        piece(certificate);
        piece(&[0; ENTRY_SUFFIX]);
    }
}

/// The low three bytes of a length behind one that is zero for every length a message can have.
fn u24(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_chain_is_read_back_entry_by_entry() {
        let chain: [&[u8]; 2] = [&[7; 300], &[8; 5]];
        let mut message = Vec::new();
        for_each_piece(chain.iter().copied(), |piece| message.extend_from_slice(piece));
        let (prefix, mut rest) = message.split_first_chunk().unwrap();
        assert_eq!(CertificatePrefix::parse(*prefix).unwrap().list, rest.len());
        for certificate in chain {
            assert_eq!(entry_len(&[]), Err(3));
            assert_eq!(entry_len(&rest[..3]), Err(certificate.len() + 5));
            let (entry, next) = rest.split_at(entry_len(rest).unwrap());
            assert_eq!(parse_entry(entry), Ok(certificate));
            rest = next;
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn a_request_context_in_the_handshake_is_refused() {
        let prefix = [11, 0, 0, 5, 1, 0, 0, 0];
        assert_eq!(CertificatePrefix::parse(prefix), Err(PeerMisbehaved::CertificateContext.into()));
        assert_eq!(CertificatePrefix::parse([11, 0, 0, 0, 15, 0, 0, 70]), Err(InvalidMessage::Truncated.into()));
        assert_eq!(CertificatePrefix::parse([11, 0, 0, 5, 0, 0, 0, 0]), Err(InvalidMessage::TrailingBytes.into()));
    }

    #[test]
    fn an_entry_extension_nobody_asked_for_is_refused() {
        assert_eq!(parse_entry(&[0, 0, 1, 9, 0, 4, 0, 5, 0, 0]), Err(PeerMisbehaved::UnsolicitedExtension.into()));
    }
}
