//! A CertificateRequest that is too long for `rx` (RFC 9846 section 4.4.2).
//!
//! Servers that accept all public authorities name 150 of them or more, in up to 64 KB. The names only "guide certificate
//! selection" (RFC 9846 section 4.3.4). So a name for which there is no room is hashed and dropped, and the lengths around
//! it are reduced: a valid request remains, which is parsed like every other. Only the last name always stays, since a list
//! must not be empty.
//!
//! ```text
//! type length | context | length | extensions … | 47 length | length | length name | length name | …
//!        ▲                   ▲                         ▲         ▲     ╰─ dropped ─╯
//!        ╰───────────────────┴──────── reduced ────────┴─────────╯
//! ```

use crate::crypto::CryptoProvider;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::handshake::connection::Connection;
use crate::limits::MESSAGE_HEADER;
use crate::wire::enums::ExtensionType;
use crate::wire::handshake::MessageHeader;

/// Type and length of an extension.
const EXTENSION_HEADER: usize = 2 + 2;

/// Makes the request at the front available, without names of issuers for which `rx` has no room. Returns whether it has
/// been received. The transcript is the one that continues with the request. Only a request after the handshake may have a
/// context.
#[inline(never)]
pub(super) fn receive_request<P: CryptoProvider>(cx: &mut Connection<'_, P>, is_late: bool) -> Result<bool, Error> {
    loop {
        let total = cx.rx.header().map_or(0, MessageHeader::total);
        let received = cx.rx.receive(total);
        if !matches!(received, Err(Error::BufferTooSmall { .. })) {
            return received;
        }
        if !is_late && cx.rx.handshake().get(MESSAGE_HEADER).is_some_and(|context| *context != 0) {
            return Err(PeerMisbehaved::CertificateContext.into());
        }
        match find(cx.rx.handshake(), total) {
            Ok([extensions, first, second]) => {
                cx.transcript.update(cx.rx.unhashed(second));
                cx.rx.cut(first..second, [MESSAGE_HEADER, extensions, first.wrapping_sub(2), first]);
            }
            Err(0) => return Err(InvalidMessage::Truncated.into()),
            Err(need) if cx.rx.receive(need.min(total))? => {}
            Err(_) => return Ok(false),
        }
    }
}

/// Finds the first two names of a list that has more than one, in the received part of a message of `total` bytes. Returns
/// where the extensions begin and the positions of the lengths of both names, or how many bytes have to be received first; 0 if
/// a length is wrong.
fn find(message: &[u8], total: usize) -> Result<[usize; 3], usize> {
    let number = |place: usize| {
        let bytes = message.get(place..).and_then(|rest| rest.first_chunk());
        bytes.map_or(Err(place.wrapping_add(4)), |bytes| Ok(usize::from(u16::from_be_bytes(*bytes))))
    };
    let context = message.get(MESSAGE_HEADER).ok_or(MESSAGE_HEADER + 1)?;
    let extensions = MESSAGE_HEADER.wrapping_add(1).wrapping_add(usize::from(*context)).wrapping_add(2);
    let mut end = extensions;
    if end.wrapping_add(number(end.wrapping_sub(2))?) != total {
        return Err(0);
    }
    loop {
        let (kind, body) = (number(end)?, end.wrapping_add(EXTENSION_HEADER));
        end = body.wrapping_add(number(body.wrapping_sub(2))?);
        if end > total {
            return Err(0);
        }
        if kind == usize::from(ExtensionType::CERTIFICATE_AUTHORITIES.0) {
            let first = body.wrapping_add(2);
            let len = number(first)?;
            let second = first.wrapping_add(2).wrapping_add(len);
            if first.wrapping_add(number(body)?) != end || second > end || len == 0 {
                return Err(0);
            }
            if second < end {
                return if second <= message.len() { Ok([extensions, first, second]) } else { Err(second) };
            }
        }
    }
}
