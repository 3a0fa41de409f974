//! ClientHello (RFC 9846 section 4.2.2) with its extensions.

use super::enums::{CipherSuite, ExtensionType, HandshakeType, NamedGroup, SignatureScheme};
use super::extension::{
    self, CodePoints, DistinguishedNames, Extensions, KeyShareEntry, LEGACY_VERSION, Message, ProtocolNames, TLS13,
    write,
};
use super::handshake;
#[cfg(feature = "resumption")]
use super::pre_shared_key::{self, OfferedPsk, OfferedPsks};
use super::record_limit::RecordLimit;
use crate::codec::{Reader, Writer, read_all};
use crate::error::{Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};
use crate::limits::MAX_OFFERED_SHARES;

/// A ClientHello as read by a server. Absent lists are `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientHello<'a> {
    pub(crate) random: &'a [u8; 32],
    /// `legacy_session_id`, up to 32 bytes, echoed by the server.
    pub(crate) session_id: &'a [u8],
    pub(crate) cipher_suites: CodePoints<'a>,
    pub(crate) signature_schemes: Option<CodePoints<'a>>,
    /// `signature_algorithms_cert`.
    pub(crate) certificate_schemes: Option<CodePoints<'a>>,
    pub(crate) groups: Option<CodePoints<'a>>,
    pub(crate) key_shares: Option<KeyShares<'a>>,
    pub(crate) server_name: Option<&'a str>,
    pub(crate) protocols: Option<ProtocolNames<'a>>,
    pub(crate) authorities: Option<DistinguishedNames<'a>>,
    pub(crate) cookie: Option<&'a [u8]>,
    /// `record_size_limit`, or without it `max_fragment_length`.
    pub(crate) record_limit: Option<RecordLimit>,
    /// The client sends 0-RTT data that must be skipped (RFC 9846 section 4.3.10).
    pub(crate) early_data: bool,
    /// The client answers a CertificateRequest after the handshake (RFC 9846 section 4.3.6).
    pub(crate) post_handshake_auth: bool,
    /// The client resumes sessions, with a key exchange (`psk_dhe_ke`).
    #[cfg(feature = "resumption")]
    pub(crate) resumes: bool,
    #[cfg(feature = "resumption")]
    pub(crate) psks: Option<OfferedPsks<'a>>,
    extensions: &'a [u8],
}

/// The key shares of a ClientHello; an empty list requests a HelloRetryRequest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyShares<'a>(&'a [u8]);

impl<'a> KeyShares<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, InvalidMessage> {
        let list = read_all(body, Reader::vec16)?;
        let mut reader = Reader::new(list);
        while !reader.is_empty() {
            KeyShareEntry::parse(&mut reader)?;
        }
        Ok(Self(list))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = KeyShareEntry<'a>> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || KeyShareEntry::parse(&mut reader).ok())
    }
}

impl<'a> ClientHello<'a> {
    /// Parses the body of a ClientHello that offers TLS 1.3.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body);
        let legacy_version = reader.u16()?;
        let random = reader.array()?;
        let session_id = reader.vec8()?;
        extension::check_session_id(session_id)?;
        let cipher_suites = CodePoints::parse(reader.vec16()?)?;
        let compression = reader.vec8()?;
        // "opaque legacy_compression_methods<1..2^8-1>"
        if compression.is_empty() {
            return Err(InvalidMessage::EmptyVector.into());
        }
        if reader.is_empty() {
            return Err(PeerIncompatible::Tls13NotOffered.into());
        }
        let extensions = reader.vec16()?;
        reader.finish()?;

        let mut hello = Self {
            random,
            session_id,
            cipher_suites,
            signature_schemes: None,
            certificate_schemes: None,
            groups: None,
            key_shares: None,
            server_name: None,
            protocols: None,
            authorities: None,
            cookie: None,
            record_limit: None,
            early_data: false,
            post_handshake_auth: false,
            #[cfg(feature = "resumption")]
            resumes: false,
            #[cfg(feature = "resumption")]
            psks: None,
            extensions,
        };
        hello.parse_extensions()?;
        // RFC 9846 section 4.2.2: legacy_version "MUST be set to 0x0303"; appendix E.5 specifies the alert.
        if legacy_version != LEGACY_VERSION {
            return Err(PeerMisbehaved::LegacyVersion.into());
        }
        // RFC 9846 section 4.2.2: "this list MUST contain exactly one byte, set to zero [...] the
        // server MUST abort the handshake with an 'illegal_parameter' alert".
        if compression != [0] {
            return Err(InvalidMessage::IllegalValue.into());
        }
        Ok(hello)
    }

    // RFC 9846 sections 4.5.1.1 and 9.3; RFC 9846 appendix E.2.
    fn parse_extensions(&mut self) -> Result<(), Error> {
        let mut tls13 = false;
        let mut psks = None;
        let mut psk_modes = false;
        let mut fragment = None;
        let mut extensions = Extensions::new(self.extensions);
        while let Some((kind, body)) = extensions.next()? {
            // RFC 9846 section 4.3.11: "Servers MUST check that it is the last extension".
            if psks.is_some() {
                return Err(InvalidMessage::IllegalValue.into());
            }
            match kind {
                ExtensionType::SUPPORTED_VERSIONS => {
                    tls13 = CodePoints::parse(read_all(body, Reader::vec8)?)?.contains(TLS13);
                }
                ExtensionType::SIGNATURE_ALGORITHMS => self.signature_schemes = Some(CodePoints::parse_vec16(body)?),
                ExtensionType::SIGNATURE_ALGORITHMS_CERT => {
                    self.certificate_schemes = Some(CodePoints::parse_vec16(body)?);
                }
                ExtensionType::SUPPORTED_GROUPS => self.groups = Some(CodePoints::parse_vec16(body)?),
                ExtensionType::KEY_SHARE => self.key_shares = Some(KeyShares::parse(body)?),
                ExtensionType::SERVER_NAME => self.server_name = parse_server_name(body)?,
                ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => {
                    self.protocols = Some(ProtocolNames::parse(body)?);
                }
                ExtensionType::CERTIFICATE_AUTHORITIES => self.authorities = Some(DistinguishedNames::parse(body)?),
                ExtensionType::COOKIE => {
                    let cookie = read_all(body, Reader::vec16)?;
                    if cookie.is_empty() {
                        return Err(InvalidMessage::EmptyVector.into());
                    }
                    self.cookie = Some(cookie);
                }
                ExtensionType::RECORD_SIZE_LIMIT => self.record_limit = Some(RecordLimit::parse(kind, body)?),
                ExtensionType::MAX_FRAGMENT_LENGTH => fragment = Some(body),
                // RFC 9846 sections 4.3.6 and 4.3.10: "The 'extension_data' field [...] is zero length", and "Empty".
                ExtensionType::EARLY_DATA if body.is_empty() => self.early_data = true,
                ExtensionType::POST_HANDSHAKE_AUTH if body.is_empty() => self.post_handshake_auth = true,
                ExtensionType::EARLY_DATA | ExtensionType::POST_HANDSHAKE_AUTH => {
                    return Err(InvalidMessage::TrailingBytes.into());
                }
                ExtensionType::PSK_KEY_EXCHANGE_MODES => psk_modes = self.take_psk_modes(body)?,
                ExtensionType::PRE_SHARED_KEY => psks = Some(body),
                // Unknown extensions and GREASE: RFC 9846 section 4.2.2, "Servers MUST ignore unrecognized extensions".
                kind => kind.check_allowed_in(Message::ClientHello)?,
            }
        }
        if !tls13 {
            return Err(PeerIncompatible::Tls13NotOffered.into());
        }
        // RFC 9846 section 4.3.9: "If clients offer 'pre_shared_key' without a 'psk_key_exchange_modes' extension, servers
        // MUST abort the handshake."
        if psks.is_some() && !psk_modes {
            return Err(PeerMisbehaved::MissingExtension.into());
        }
        #[cfg(feature = "resumption")]
        {
            self.psks = psks.map(OfferedPsks::parse).transpose()?;
        }
        // RFC 8449 section 5: a server "MUST ignore a 'max_fragment_length' extension that appears in a ClientHello if
        // both extensions appear".
        if let (None, Some(body)) = (self.record_limit, fragment) {
            self.record_limit = Some(RecordLimit::parse(ExtensionType::MAX_FRAGMENT_LENGTH, body)?);
        }
        Ok(())
    }

    #[cfg(feature = "resumption")]
    fn take_psk_modes(&mut self, body: &[u8]) -> Result<bool, Error> {
        self.resumes = pre_shared_key::has_key_exchange(body)?;
        Ok(true)
    }

    #[cfg(not(feature = "resumption"))]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "there is nothing to take")]
    const fn take_psk_modes(&self, _: &[u8]) -> Result<bool, Error> {
        Ok(true)
    }

    /// Visits the parts that a second ClientHello must not change, in order
    /// (RFC 9846 section 4.2.2: `key_share`, `early_data`, cookie, `pre_shared_key` and padding may differ).
    pub(crate) fn for_each_constant_part(&self, mut part: impl FnMut(&[u8])) {
        part(self.random);
        part(&[u8::try_from(self.session_id.len()).unwrap_or(u8::MAX)]);
        part(self.session_id);
        self.cipher_suites.iter().for_each(|suite| part(&suite.to_be_bytes()));
        let mut extensions = Extensions::new(self.extensions);
        // They were all read when the hello was parsed.
        while let Ok(Some((kind, body))) = extensions.next() {
            match kind {
                ExtensionType::KEY_SHARE
                | ExtensionType::EARLY_DATA
                | ExtensionType::COOKIE
                | ExtensionType::PRE_SHARED_KEY
                | ExtensionType::PADDING => {}
                _ => {
                    part(&kind.0.to_be_bytes());
                    part(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
                    part(body);
                }
            }
        }
    }

    /// Returns the lists for the key exchange. RFC 9846 section 9.2 requires both, and `signature_algorithms` of a ClientHello
    /// without a pre-shared key.
    pub(crate) fn mandatory(&self) -> Result<Mandatory<'a>, Error> {
        match (self.groups, self.key_shares) {
            (Some(groups), Some(key_shares)) if self.offers_psk() || self.signature_schemes.is_some() => {
                Ok(Mandatory { groups, key_shares })
            }
            _ => Err(PeerMisbehaved::MissingExtension.into()),
        }
    }

    /// Returns the schemes for a server that authenticates with a certificate, without which it "MUST abort the
    /// handshake" (RFC 9846 section 4.3.3).
    pub(crate) fn mandatory_schemes(&self) -> Result<CodePoints<'a>, Error> {
        Ok(self.signature_schemes.ok_or(PeerMisbehaved::MissingExtension)?)
    }

    #[cfg(feature = "resumption")]
    const fn offers_psk(&self) -> bool {
        self.psks.is_some()
    }

    #[cfg(not(feature = "resumption"))]
    #[allow(clippy::unused_self, reason = "the hello of a build without resumption has none")]
    const fn offers_psk(&self) -> bool {
        false
    }
}

/// The lists that the key exchange requires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mandatory<'a> {
    pub(crate) groups: CodePoints<'a>,
    pub(crate) key_shares: KeyShares<'a>,
}

/// `server_name` with one host name (RFC 6066 section 3). Names of other types and host names that are not printable
/// ASCII are ignored.
fn parse_server_name(body: &[u8]) -> Result<Option<&str>, InvalidMessage> {
    const HOST_NAME: u8 = 0;
    let mut list = Reader::new(read_all(body, Reader::vec16)?);
    if list.is_empty() {
        return Err(InvalidMessage::EmptyVector);
    }
    let mut host = None;
    while !list.is_empty() {
        let kind = list.u8()?;
        let name = list.vec16()?;
        if kind == HOST_NAME {
            // "The ServerNameList MUST NOT contain more than one name of the same name_type."
            if host.is_some() || name.is_empty() {
                return Err(InvalidMessage::IllegalValue);
            }
            host = Some(name);
        }
    }
    Ok(host.and_then(|name| core::str::from_utf8(name).ok()).filter(|name| name.bytes().all(|b| b.is_ascii_graphic())))
}

/// A ClientHello as written by a client.
#[derive(Clone, Copy)]
pub(crate) struct ClientHelloOffer<'a> {
    pub(crate) random: &'a [u8; 32],
    pub(crate) session_id: &'a [u8],
    pub(crate) cipher_suites: &'a [CipherSuite],
    pub(crate) groups: &'a [NamedGroup],
    pub(crate) signature_schemes: &'a [SignatureScheme],
    /// `signature_algorithms_cert`; empty to omit it.
    pub(crate) certificate_schemes: &'a [SignatureScheme],
    pub(crate) key_shares: [Option<KeyShareEntry<'a>>; MAX_OFFERED_SHARES],
    pub(crate) server_name: Option<&'a str>,
    pub(crate) protocols: &'a [&'a [u8]],
    pub(crate) cookie: Option<&'a [u8]>,
    pub(crate) post_handshake_auth: bool,
    /// The limit of the records that the client receives, if it is below that of TLS.
    pub(crate) record_size_limit: Option<u16>,
    /// The client takes tickets.
    #[cfg(feature = "resumption")]
    pub(crate) resumes: bool,
    #[cfg(feature = "resumption")]
    pub(crate) psk: Option<OfferedPsk<'a>>,
}

impl ClientHelloOffer<'_> {
    pub(crate) fn emit(&self, w: &mut Writer<'_>) {
        handshake::write(w, HandshakeType::CLIENT_HELLO, |w| {
            w.u16(LEGACY_VERSION);
            w.bytes(self.random);
            w.vec8(|w| w.bytes(self.session_id));
            w.vec16(|w| self.cipher_suites.iter().for_each(|suite| w.u16(suite.0)));
            w.vec8(|w| w.u8(0));
            w.vec16(|w| self.emit_extensions(w));
        });
    }

    // RFC 9846 sections 4.3, 4.3.1 and 4.3.3; RFC 9846 appendix E.5.
    fn emit_extensions(&self, w: &mut Writer<'_>) {
        if let Some(name) = self.server_name {
            write(w, ExtensionType::SERVER_NAME, |w| {
                w.vec16(|w| {
                    w.u8(0);
                    w.vec16(|w| w.bytes(name.as_bytes()));
                });
            });
        }
        extension::write_groups(w, self.groups);
        extension::write_signature_schemes(w, ExtensionType::SIGNATURE_ALGORITHMS, self.signature_schemes);
        if !self.certificate_schemes.is_empty() {
            extension::write_signature_schemes(w, ExtensionType::SIGNATURE_ALGORITHMS_CERT, self.certificate_schemes);
        }
        if !self.protocols.is_empty() {
            ProtocolNames::emit(w, self.protocols);
        }
        if self.post_handshake_auth {
            write(w, ExtensionType::POST_HANDSHAKE_AUTH, |_| {});
        }
        if let Some(size) = self.record_size_limit {
            // RFC 8449 section 5: a client may send both, for servers that support only the older one.
            RecordLimit::Size(size).emit(w);
            RecordLimit::fragment_for(size).emit(w);
        }
        write(w, ExtensionType::SUPPORTED_VERSIONS, |w| w.vec8(|w| w.u16(TLS13)));
        if let Some(cookie) = self.cookie {
            write(w, ExtensionType::COOKIE, |w| w.vec16(|w| w.bytes(cookie)));
        }
        write(w, ExtensionType::KEY_SHARE, |w| {
            w.vec16(|w| self.key_shares.iter().flatten().for_each(|share| share.emit(w)));
        });
        #[cfg(feature = "resumption")]
        {
            if self.resumes {
                pre_shared_key::emit_modes(w);
            }
            // RFC 9846 section 4.3.11: it "MUST be the last extension in the ClientHello".
            if let Some(psk) = &self.psk {
                psk.emit(w);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: ClientHelloOffer<'_> = ClientHelloOffer {
        random: &[1; 32],
        session_id: &[2; 32],
        cipher_suites: &[CipherSuite::TLS_AES_128_GCM_SHA256],
        groups: &[NamedGroup::X25519, NamedGroup::SECP256R1],
        signature_schemes: &[SignatureScheme::ECDSA_SECP256R1_SHA256],
        certificate_schemes: &[SignatureScheme::RSA_PKCS1_SHA256],
        key_shares: [
            Some(KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[3; 32] }),
            Some(KeyShareEntry { group: NamedGroup::SECP256R1, key_exchange: &[4; 65] }),
        ],
        server_name: Some("supplier.example"),
        protocols: &[b"http/1.1"],
        cookie: Some(b"cookie"),
        post_handshake_auth: true,
        record_size_limit: Some(600),
        #[cfg(feature = "resumption")]
        resumes: true,
        #[cfg(feature = "resumption")]
        psk: Some(OfferedPsk { identity: b"ticket", obfuscated_age: 7, binder: &[5; 32] }),
    };

    fn message(offer: &ClientHelloOffer<'_>, buffer: &mut [u8]) -> usize {
        let mut writer = Writer::new(buffer);
        offer.emit(&mut writer);
        writer.finish().unwrap()
    }

    #[test]
    fn content_is_read_as_it_was_written() {
        let mut buffer = [0; 512];
        let len = message(&OFFER, &mut buffer);
        let hello = ClientHello::parse(handshake::body(&buffer[..len]).unwrap()).unwrap();
        let mandatory = hello.mandatory().unwrap();
        assert_eq!(hello.random, OFFER.random);
        assert_eq!(hello.session_id, OFFER.session_id);
        assert!(hello.cipher_suites.iter().eq([0x1301]));
        assert!(mandatory.groups.iter().eq([0x1d, 0x17]));
        assert!(hello.mandatory_schemes().unwrap().iter().eq([0x0403]));
        assert!(hello.certificate_schemes.unwrap().iter().eq([0x0401]));
        assert!(mandatory.key_shares.iter().eq(OFFER.key_shares.into_iter().flatten()));
        assert_eq!(hello.server_name, OFFER.server_name);
        assert!(hello.protocols.unwrap().iter().eq(OFFER.protocols.iter().copied()));
        assert_eq!(hello.cookie, OFFER.cookie);
        assert!(hello.post_handshake_auth);
        assert_eq!(hello.record_limit, Some(RecordLimit::Size(600)));
        #[cfg(feature = "resumption")]
        assert!(hello.resumes && hello.psks.unwrap().iter().eq(OFFER.psk));
    }

    #[test]
    fn every_cut_of_a_hello_is_rejected() {
        let mut buffer = [0; 512];
        let len = message(&OFFER, &mut buffer);
        let body = handshake::body(&buffer[..len]).unwrap();
        for end in 0..body.len() {
            assert!(ClientHello::parse(&body[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn two_host_names_are_rejected_and_other_types_ignored() {
        assert_eq!(parse_server_name(&[0, 8, 0, 0, 1, b'a', 0, 0, 1, b'b']), Err(InvalidMessage::IllegalValue));
        assert_eq!(parse_server_name(&[0, 4, 9, 0, 1, b'a']), Ok(None));
        assert_eq!(parse_server_name(&[0, 4, 0, 0, 1, b'a']), Ok(Some("a")));
    }
}
