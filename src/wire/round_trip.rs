//! Messages and extensions of any bytes: what we write as well is the same when it is parsed again; a ClientHello and a
//! CertificateRequest are read in full. Only for tests and for the fuzz target `messages`.

use super::certificate;
use super::certificate_request::CertificateRequest;
use super::certificate_verify::CertificateVerify;
use super::client_hello::ClientHello;
use super::encrypted_extensions::EncryptedExtensions;
use super::enums::ExtensionType;
use super::extension::{CodePoints, DistinguishedNames, KeyShareEntry, ProtocolNames};
use super::finished::Finished;
use super::handshake::MessageHeader;
use super::key_update::KeyUpdate;
use super::new_session_ticket::NewSessionTicket;
use super::record::RecordHeader;
use super::record_limit::RecordLimit;
use super::server_hello::ServerHello;
use crate::codec::{Writer, read_all};
use crate::limits::MESSAGE_HEADER;
use std::vec;
use std::vec::Vec;

/// Bytes in front of the body of an extension: type and length.
const EXTENSION_HEADER: usize = 4;

/// Writes a message that was parsed, and parses it again: it is the same. Unknown extensions may be missing then.
macro_rules! again {
    ($message:ident, $body:expr) => {
        $message::parse($body).is_ok_and(|message| {
            let bytes = written(|w| message.emit(w));
            assert_eq!($message::parse(body_of(&bytes)), Ok(message));
            true
        })
    };
}

/// Writes a message that has only one encoding.
macro_rules! once {
    ($message:ident, $body:expr) => {
        $message::parse($body).is_ok_and(|message| {
            assert_eq!(body_of(&written(|w| message.emit(w))), $body);
            true
        })
    };
}

/// Parses the input, whose first byte selects the message, and writes it again. Returns whether it was parsed.
///
/// # Panics
/// If it is not the same when it is parsed again; for messages with only one encoding, if other bytes are written.
#[cfg_attr(not(fuzzing), allow(unreachable_pub, reason = "the fuzz target is another crate"))]
pub fn round_trip(input: &[u8]) -> bool {
    let Some((kind, body)) = input.split_first() else { return false };
    match kind % 16 {
        0 => again!(ServerHello, body),
        1 => again!(EncryptedExtensions, body),
        2 => again!(NewSessionTicket, body),
        3 => once!(CertificateVerify, body),
        4 => once!(Finished, body),
        5 => once!(KeyUpdate, body),
        6 => hello(body),
        7 => request(body),
        8 => certificates(body),
        9 => offers(body),
        10 => limit(ExtensionType::RECORD_SIZE_LIMIT, body),
        11 => limit(ExtensionType::MAX_FRAGMENT_LENGTH, body),
        12 => protocols(body),
        13 => authorities(body),
        14 => share(body),
        _ => headers(body),
    }
}

/// Returns what `emit` writes, once into nothing and once into enough.
fn written(emit: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut counted = Writer::new(&mut []);
    emit(&mut counted);
    let mut bytes = vec![0; counted.needed()];
    let mut writer = Writer::new(&mut bytes);
    emit(&mut writer);
    assert_eq!(writer.finish(), Ok(bytes.len()), "it needs as much as it said");
    bytes
}

fn body_of(message: &[u8]) -> &[u8] {
    let header = MessageHeader::peek(message);
    assert_eq!(header.map(MessageHeader::total), Some(message.len()), "the header has the length of the message");
    message.get(MESSAGE_HEADER..).unwrap_or_default()
}

fn body_of_extension(extension: &[u8]) -> &[u8] {
    extension.get(EXTENSION_HEADER..).unwrap_or_default()
}

/// Visits each part of a ClientHello, which is written from another type.
fn hello(body: &[u8]) -> bool {
    ClientHello::parse(body).is_ok_and(|hello| {
        let mut constant = 0;
        hello.for_each_constant_part(|part| constant += part.len());
        assert!(constant >= hello.random.len() + hello.session_id.len());
        let _ = hello.mandatory().is_ok();
        hello.key_shares.into_iter().flat_map(super::client_hello::KeyShares::iter).for_each(|share| {
            assert!(!share.key_exchange.is_empty());
        });
        for list in [hello.signature_schemes, hello.certificate_schemes, hello.groups].into_iter().flatten() {
            assert!(list.iter().all(|code| list.contains(code)));
        }
        true
    })
}

fn request(body: &[u8]) -> bool {
    CertificateRequest::parse_any(body).is_ok_and(|request| {
        assert!(request.signature_schemes.iter().count() > 0);
        assert!(request.oid_filters.iter().all(|filter| !filter.oid.is_empty()));
        assert!(request.authorities.iter().all(|name| !name.is_empty()));
        // Only one without a context belongs to the handshake.
        assert_eq!(CertificateRequest::parse(body).is_ok(), request.context.is_empty());
        true
    })
}

/// A list of entries, read one by one as it arrives.
fn certificates(body: &[u8]) -> bool {
    let (mut rest, mut chain) = (body, Vec::new());
    while let Ok(len) = certificate::entry_len(rest, false) {
        let Some((entry, others)) = rest.split_at_checked(len) else { return false };
        let Ok(certificate) = certificate::parse_entry(entry, false) else { return false };
        chain.push(certificate);
        rest = others;
    }
    if !rest.is_empty() {
        return false;
    }
    let bytes = written(|w| certificate::emit(w, &[], chain.iter().copied()));
    assert_eq!(body_of(&bytes).get(MESSAGE_HEADER..), Some(body), "behind the context and the length of the list");
    true
}

/// A client offers one ticket, so each of several is written alone.
#[cfg(feature = "resumption")]
fn offers(body: &[u8]) -> bool {
    use super::pre_shared_key::OfferedPsks;
    OfferedPsks::parse(body).is_ok_and(|offers| {
        let all: Vec<_> = offers.iter().collect();
        assert!(!all.is_empty() && offers.binders_len() < body.len());
        for offer in all {
            let bytes = written(|w| offer.emit(w));
            let alone = OfferedPsks::parse(body_of_extension(&bytes)).map(|offers| offers.iter().collect::<Vec<_>>());
            assert_eq!(alone, Ok(vec![offer]));
        }
        true
    })
}

#[cfg(not(feature = "resumption"))]
const fn offers(_: &[u8]) -> bool {
    false
}

fn limit(kind: ExtensionType, body: &[u8]) -> bool {
    RecordLimit::parse(kind, body).is_ok_and(|limit| {
        assert_eq!(body_of_extension(&written(|w| limit.emit(w))), body);
        true
    })
}

fn protocols(body: &[u8]) -> bool {
    ProtocolNames::parse(body).is_ok_and(|names| {
        let all: Vec<_> = names.iter().collect();
        assert_eq!(body_of_extension(&written(|w| ProtocolNames::emit(w, &all))), body);
        true
    })
}

fn authorities(body: &[u8]) -> bool {
    DistinguishedNames::parse(body).is_ok_and(|names| {
        assert_eq!(body_of_extension(&written(|w| DistinguishedNames::emit(w, names.iter()))), body);
        true
    })
}

fn share(body: &[u8]) -> bool {
    let _ = CodePoints::parse_vec16(body).is_ok_and(|list| list.iter().all(|code| list.contains(code)));
    read_all(body, KeyShareEntry::parse).is_ok_and(|share| {
        assert_eq!(written(|w| share.emit(w)), body);
        true
    })
}

fn headers(body: &[u8]) -> bool {
    let alert = super::alert::parse(body).is_ok_and(|alert| {
        assert_eq!(super::alert::parse(&super::alert::emit(alert)), Ok(alert));
        true
    });
    let record = body.first_chunk().is_some_and(|header| {
        let header = RecordHeader::parse(*header);
        assert_eq!(RecordHeader::parse(header.emit()), header);
        true
    });
    alert || record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc8448::{hex, simple};

    /// A message or extension of each kind, which the byte in front selects.
    fn samples() -> Vec<Vec<u8>> {
        let message = |digits: &str| hex(digits).split_off(MESSAGE_HEADER);
        let certificates = message(simple::CERTIFICATE).split_off(MESSAGE_HEADER);
        let offer = [&[0, 7, 0, 1, 9, 0, 0, 0, 5, 0, 33, 32][..], &[8; 32]].concat();
        let bodies = [
            message(simple::SERVER_HELLO),
            message(simple::ENCRYPTED_EXTENSIONS),
            message(simple::NEW_SESSION_TICKET),
            message(simple::CERTIFICATE_VERIFY),
            message(simple::SERVER_FINISHED),
            vec![1],
            message(simple::CLIENT_HELLO),
            vec![1, 5, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3],
            certificates,
            offer,
            vec![8, 0],
            vec![2],
            b"\x00\x0c\x08http/1.1\x02h2".to_vec(),
            b"\x00\x06\x00\x04\x30\x02\x31\x00".to_vec(),
            vec![0, 29, 0, 2, 1, 2],
            vec![2, 40],
        ];
        (0..).zip(bodies).map(|(kind, body)| [vec![kind], body].concat()).collect()
    }

    #[test]
    fn whatever_is_parsed_is_the_same_when_it_is_written() {
        let samples = samples();
        for sample in samples.iter().filter(|sample| cfg!(feature = "resumption") || sample[0] != 9) {
            assert!(round_trip(sample), "{}", sample[0]);
        }
    }

    #[test]
    fn changed_messages_are_refused_or_are_the_same_when_they_are_written() {
        let mut accepted = 0;
        for sample in samples() {
            for at in 1..sample.len() {
                for value in [0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, sample[at] ^ 1, sample[at].wrapping_add(1)] {
                    let mut changed = sample.clone();
                    changed[at] = value;
                    accepted += usize::from(round_trip(&changed));
                }
                let _ = round_trip(&sample[..at]);
            }
        }
        assert!(accepted > 1000, "{accepted} of them were parsed");
    }
}
