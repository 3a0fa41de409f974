//! ServerHello and HelloRetryRequest (RFC 9846 sections 4.2.3 and 4.2.4).

use super::enums::{CipherSuite, ExtensionType, HandshakeType, NamedGroup};
use super::extension::{self, Extensions, KeyShareEntry, LEGACY_VERSION, Message, TLS13, write};
use super::handshake;
use crate::codec::{Reader, Writer, read_all};
use crate::error::{Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of "HelloRetryRequest".
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A ServerHello or a HelloRetryRequest: the parts that both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerHello<'a> {
    /// Echo of the client's `legacy_session_id`.
    pub(crate) session_id: &'a [u8],
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) answer: Answer<'a>,
}

/// The parts specific to each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// ServerHello: random, the server's key share, and which ticket of the client it has accepted.
    Hello {
        random: &'a [u8; 32],
        key_share: KeyShareEntry<'a>,
        #[cfg(feature = "resumption")]
        selected_psk: Option<u16>,
    },
    /// HelloRetryRequest: the group to send a share of, a cookie to echo.
    Retry { group: Option<NamedGroup>, cookie: Option<&'a [u8]> },
}

impl<'a> ServerHello<'a> {
    #[inline(never)] // in a frame of its own, which is not there while the shared secret is computed
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let legacy_version = reader.u16()?;
        let random = reader.array()?;
        let session_id = reader.vec8()?;
        extension::check_session_id(session_id)?;
        let cipher_suite = CipherSuite(reader.u16()?);
        let compression = reader.u8()?;
        let extensions = if reader.is_empty() { &[] } else { reader.vec16()? };
        reader.finish()?;

        let retry = *random == HELLO_RETRY_REQUEST;
        let answer = parse_extensions(retry, random, extensions)?;
        // RFC 9846 section 4.2.3: "legacy_version [...] MUST be set to 0x0303".
        if legacy_version != LEGACY_VERSION {
            return Err(PeerMisbehaved::LegacyVersion.into());
        }
        // The same: compression "MUST have the value 0".
        if compression != 0 {
            return Err(InvalidMessage::IllegalValue.into());
        }
        Ok(Self { session_id, cipher_suite, answer })
    }

    // RFC 9846 section 4.3; RFC 9846 appendix E.5.
    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::SERVER_HELLO, |w| {
            w.u16(LEGACY_VERSION);
            match &self.answer {
                Answer::Hello { random, .. } => w.bytes(*random),
                Answer::Retry { .. } => w.bytes(&HELLO_RETRY_REQUEST),
            }
            w.vec8(|w| w.bytes(self.session_id));
            w.u16(self.cipher_suite.0);
            w.u8(0);
            w.vec16(|w| {
                write(w, ExtensionType::SUPPORTED_VERSIONS, |w| w.u16(TLS13));
                match &self.answer {
                    #[cfg(not(feature = "resumption"))]
                    Answer::Hello { key_share, .. } => write(w, ExtensionType::KEY_SHARE, |w| key_share.emit(w)),
                    #[cfg(feature = "resumption")]
                    Answer::Hello { key_share, selected_psk, .. } => {
                        write(w, ExtensionType::KEY_SHARE, |w| key_share.emit(w));
                        if let Some(selected) = selected_psk {
                            write(w, ExtensionType::PRE_SHARED_KEY, |w| w.u16(*selected));
                        }
                    }
                    Answer::Retry { group, cookie } => {
                        if let Some(group) = group {
                            write(w, ExtensionType::KEY_SHARE, |w| w.u16(group.0));
                        }
                        if let Some(cookie) = cookie {
                            write(w, ExtensionType::COOKIE, |w| w.vec16(|w| w.bytes(cookie)));
                        }
                    }
                }
            });
        });
    }
}

// RFC 9846 section 4.3.9; RFC 9846 appendix E.1.
fn parse_extensions<'a>(retry: bool, random: &'a [u8; 32], extensions: &'a [u8]) -> Result<Answer<'a>, Error> {
    let mut version = None;
    let mut key_share = None;
    let mut group = None;
    let mut cookie = None;
    let mut unsolicited = None;
    #[cfg(feature = "resumption")]
    let mut selected_psk = None;
    let message = if retry { Message::HelloRetryRequest } else { Message::ServerHello };
    let mut extensions = Extensions::new(extensions);
    while let Some((kind, body)) = extensions.next()? {
        match kind {
            ExtensionType::SUPPORTED_VERSIONS => version = Some(read_all(body, Reader::u16)?),
            ExtensionType::KEY_SHARE if retry => group = Some(NamedGroup(read_all(body, Reader::u16)?)),
            ExtensionType::KEY_SHARE => key_share = Some(read_all(body, KeyShareEntry::parse)?),
            ExtensionType::COOKIE if retry => {
                let value = read_all(body, Reader::vec16)?;
                if value.is_empty() {
                    return Err(InvalidMessage::EmptyVector.into());
                }
                cookie = Some(value);
            }
            #[cfg(feature = "resumption")]
            ExtensionType::PRE_SHARED_KEY if !retry => selected_psk = Some(read_all(body, Reader::u16)?),
            kind => unsolicited = unsolicited.or(Some(kind.unsolicited_in(message))),
        }
    }
    match version {
        // A server that does not support TLS 1.3 responds like this; its other extensions do not matter.
        None => return Err(PeerIncompatible::Tls13NotSelected.into()),
        // RFC 9846 section 4.3.1: a version not offered, or below TLS 1.3, is an illegal_parameter.
        Some(version) if version != TLS13 => return Err(PeerMisbehaved::SelectedNotOffered.into()),
        Some(_) => {}
    }
    if let Some(error) = unsolicited {
        return Err(error);
    }
    if retry {
        Ok(Answer::Retry { group, cookie })
    } else {
        // RFC 9846 section 4.3.11: a ticket that is accepted without a key exchange is an illegal_parameter.
        #[cfg(feature = "resumption")]
        let missing =
            if selected_psk.is_some() { PeerMisbehaved::SelectedNotOffered } else { PeerMisbehaved::MissingExtension };
        #[cfg(not(feature = "resumption"))]
        let missing = PeerMisbehaved::MissingExtension;
        let key_share = key_share.ok_or(missing)?;
        Ok(Answer::Hello {
            random,
            key_share,
            #[cfg(feature = "resumption")]
            selected_psk,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(hello: &ServerHello<'_>) {
        let mut buffer = [0; 256];
        let mut writer = Writer::new(&mut buffer);
        hello.emit(&mut writer);
        let len = writer.finish().unwrap();
        let body = handshake::body(&buffer[..len]).unwrap();
        assert_eq!(ServerHello::parse(body).as_ref(), Ok(hello));
        for end in 0..body.len() {
            assert!(ServerHello::parse(&body[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn content_is_read_as_it_was_written() {
        let key_share = KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[9; 32] };
        let mut hello = ServerHello {
            session_id: &[4; 32],
            cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
            answer: Answer::Hello {
                random: &[5; 32],
                key_share,
                #[cfg(feature = "resumption")]
                selected_psk: Some(0),
            },
        };
        round_trip(&hello);
        hello.answer = Answer::Retry { group: Some(NamedGroup::SECP256R1), cookie: Some(b"c") };
        round_trip(&hello);
    }

    #[test]
    fn a_server_hello_without_supported_versions_is_an_older_version() {
        let mut body = std::vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0xc0, 0x2b, 0]);
        assert_eq!(ServerHello::parse(&body), Err(PeerIncompatible::Tls13NotSelected.into()));
    }
}
