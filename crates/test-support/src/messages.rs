//! Handshake messages as bytes, written again for the tests: nothing is checked, so that everything
//! can be wrong.

use crate::pki::{Issued, Key};
use sha2::{Digest, Sha256};

pub const CLIENT_HELLO: u8 = 1;
pub const SERVER_HELLO: u8 = 2;
pub const NEW_SESSION_TICKET: u8 = 4;
pub const ENCRYPTED_EXTENSIONS: u8 = 8;
pub const CERTIFICATE: u8 = 11;
pub const CERTIFICATE_REQUEST: u8 = 13;
pub const CERTIFICATE_VERIFY: u8 = 15;
pub const FINISHED: u8 = 20;
pub const KEY_UPDATE: u8 = 24;

pub const SERVER_NAME_EXTENSION: u16 = 0;
pub const MAX_FRAGMENT_LENGTH: u16 = 1;
pub const SUPPORTED_GROUPS: u16 = 10;
pub const SIGNATURE_ALGORITHMS: u16 = 13;
pub const ALPN: u16 = 16;
pub const RECORD_SIZE_LIMIT: u16 = 28;
pub const PRE_SHARED_KEY: u16 = 41;
pub const EARLY_DATA: u16 = 42;
pub const SUPPORTED_VERSIONS: u16 = 43;
pub const PSK_KEY_EXCHANGE_MODES: u16 = 45;
pub const COOKIE: u16 = 44;
pub const CERTIFICATE_AUTHORITIES: u16 = 47;
pub const POST_HANDSHAKE_AUTH: u16 = 49;
pub const SIGNATURE_ALGORITHMS_CERT: u16 = 50;
pub const KEY_SHARE: u16 = 51;
/// A code point that is never assigned (RFC 8701).
pub const GREASE: u16 = 0x7a7a;

pub const X25519: u16 = 0x1d;
pub const P256: u16 = 0x17;
/// A group that no build of ours has.
pub const P521: u16 = 0x19;
pub const AES_128_GCM: u16 = 0x1301;
pub const CHACHA20: u16 = 0x1303;
pub const ECDSA_P256: u16 = 0x0403;

/// A vector with a length of one byte.
pub fn vec8(content: &[u8]) -> Vec<u8> {
    [&[u8::try_from(content.len()).expect("short")], content].concat()
}

/// A vector with a length of two bytes.
pub fn vec16(content: &[u8]) -> Vec<u8> {
    [&u16::try_from(content.len()).expect("short").to_be_bytes(), content].concat()
}

/// A vector with a length of three bytes.
pub fn vec24(content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).expect("short").to_be_bytes()[1..], content].concat()
}

/// A list of code points behind its length.
pub fn list16(points: &[u16]) -> Vec<u8> {
    vec16(&points.iter().flat_map(|point| point.to_be_bytes()).collect::<Vec<_>>())
}

/// A handshake message.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &vec24(body)[..]].concat()
}

/// A record in the clear.
pub fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &vec16(content)[..]].concat()
}

/// The records of a stream, headers included. What is not whole is left out.
pub fn records(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut list = Vec::new();
    while stream.len() >= 5 {
        let total = 5 + usize::from(u16::from_be_bytes([stream[3], stream[4]]));
        if total > stream.len() {
            break;
        }
        let (record, rest) = stream.split_at(total);
        list.push(record);
        stream = rest;
    }
    list
}

/// The messages of a handshake stream.
pub fn messages(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Vec::new();
    while stream.len() >= 4 {
        let total = 4 + u32::from_be_bytes([0, stream[1], stream[2], stream[3]]) as usize;
        let (message, rest) = stream.split_at(total);
        list.push(message.to_vec());
        stream = rest;
    }
    list
}

/// Extensions in order.
pub type Extensions = Vec<(u16, Vec<u8>)>;

/// An extension block.
pub fn block(extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let each = extensions.iter().map(|(kind, body)| [&kind.to_be_bytes()[..], &vec16(body)].concat());
    vec16(&each.collect::<Vec<_>>().concat())
}

/// A ClientHello, a ServerHello or a HelloRetryRequest: they differ in what `choices` holds.
#[derive(Clone, Debug)]
pub struct Hello {
    pub kind: u8,
    pub version: u16,
    pub random: [u8; 32],
    pub session_id: Vec<u8>,
    /// ClientHello: lists of suites and compression methods; ServerHello: one of each.
    pub choices: Vec<u8>,
    pub extensions: Extensions,
}

impl Hello {
    pub fn client(suites: &[u16], share: (u16, &[u8])) -> Self {
        let extensions = vec![
            (SUPPORTED_GROUPS, list16(&[X25519, P256])),
            (SIGNATURE_ALGORITHMS, list16(&[ECDSA_P256])),
            (SUPPORTED_VERSIONS, vec![2, 3, 4]),
            (KEY_SHARE, vec16(&key_share(share))),
        ];
        let choices = [list16(suites), vec![1, 0]].concat();
        Self { kind: CLIENT_HELLO, version: 0x303, random: [0xc1; 32], session_id: vec![], choices, extensions }
    }

    pub fn server(session_id: &[u8], suite: u16, share: (u16, &[u8])) -> Self {
        let extensions = vec![(SUPPORTED_VERSIONS, vec![3, 4]), (KEY_SHARE, key_share(share))];
        Self {
            kind: SERVER_HELLO,
            version: 0x303,
            random: [0x5e; 32],
            session_id: session_id.to_vec(),
            choices: [&suite.to_be_bytes()[..], &[0]].concat(),
            extensions,
        }
    }

    /// A HelloRetryRequest.
    pub fn retry(session_id: &[u8], suite: u16, group: u16) -> Self {
        let mut hello = Self::server(session_id, suite, (group, &[]));
        hello.random = Sha256::digest("HelloRetryRequest").into();
        hello.with(KEY_SHARE, &group.to_be_bytes())
    }

    pub fn parse(message: &[u8]) -> Self {
        let id_len = usize::from(message[38]);
        let (session_id, rest) = message[39..].split_at(id_len);
        let choices = if message[0] == CLIENT_HELLO {
            let suites = 2 + usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            suites + 1 + usize::from(rest[suites])
        } else {
            3
        };
        let (choices, rest) = rest.split_at(choices);
        Self {
            kind: message[0],
            version: u16::from_be_bytes([message[4], message[5]]),
            random: message[6..38].try_into().expect("32 bytes"),
            session_id: session_id.to_vec(),
            choices: choices.to_vec(),
            extensions: parse_block(rest),
        }
    }

    pub fn emit(&self) -> Vec<u8> {
        let body = [
            &self.version.to_be_bytes()[..],
            &self.random,
            &vec8(&self.session_id),
            &self.choices,
            &block(&self.extensions),
        ];
        message(self.kind, &body.concat())
    }

    /// The body of an extension.
    pub fn extension(&self, kind: u16) -> Option<&[u8]> {
        self.extensions.iter().find(|extension| extension.0 == kind).map(|extension| &extension.1[..])
    }

    /// Replaces an extension in place, or adds it at the end.
    #[must_use]
    pub fn with(mut self, kind: u16, body: &[u8]) -> Self {
        match self.extensions.iter_mut().find(|extension| extension.0 == kind) {
            Some(extension) => extension.1 = body.to_vec(),
            None => self.extensions.push((kind, body.to_vec())),
        }
        self
    }

    #[must_use]
    pub fn without(mut self, kind: u16) -> Self {
        self.extensions.retain(|extension| extension.0 != kind);
        self
    }

    /// The suite of a ServerHello.
    pub fn suite(&self) -> u16 {
        u16::from_be_bytes([self.choices[0], self.choices[1]])
    }

    /// The groups of the key shares of a ClientHello.
    pub fn shared_groups(&self) -> Vec<u16> {
        kinds(&parse_block(self.extension(KEY_SHARE).expect("key shares")))
    }

    /// Group and key of the only key share.
    pub fn share(&self) -> (u16, &[u8]) {
        let body = self.extension(KEY_SHARE).expect("a key share");
        let entry = if self.kind == CLIENT_HELLO { &body[2..] } else { body };
        (u16::from_be_bytes([entry[0], entry[1]]), &entry[4..])
    }
}

/// The entries of an extension block, or of a list of key shares, which looks the same.
pub fn parse_block(block: &[u8]) -> Extensions {
    let mut rest = &block[2..];
    assert_eq!(usize::from(u16::from_be_bytes([block[0], block[1]])), rest.len(), "the length of a block");
    let mut list = Vec::new();
    while let [k0, k1, l0, l1, tail @ ..] = rest {
        let (body, tail) = tail.split_at(usize::from(u16::from_be_bytes([*l0, *l1])));
        list.push((u16::from_be_bytes([*k0, *k1]), body.to_vec()));
        rest = tail;
    }
    assert!(rest.is_empty(), "a block ends with an entry");
    list
}

/// The types of extensions.
pub fn kinds(extensions: &[(u16, Vec<u8>)]) -> Vec<u16> {
    extensions.iter().map(|extension| extension.0).collect()
}

/// A key share entry.
pub fn key_share((group, key): (u16, &[u8])) -> Vec<u8> {
    [&group.to_be_bytes()[..], &vec16(key)].concat()
}

pub fn encrypted_extensions(extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    message(ENCRYPTED_EXTENSIONS, &block(extensions))
}

/// A CertificateRequest; without more it asks for ECDSA on P-256.
pub fn certificate_request(more: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut extensions = vec![(SIGNATURE_ALGORITHMS, list16(&[ECDSA_P256]))];
    extensions.extend_from_slice(more);
    message(CERTIFICATE_REQUEST, &[vec![0], block(&extensions)].concat())
}

/// A Certificate without extensions.
pub fn certificate(chain: &[&[u8]]) -> Vec<u8> {
    certificate_with(&chain.iter().map(|der| (*der, vec![])).collect::<Vec<_>>())
}

/// A Certificate whose entries have extensions.
pub fn certificate_with(entries: &[(&[u8], Extensions)]) -> Vec<u8> {
    let entries = entries.iter().map(|(der, extensions)| [vec24(der), block(extensions)].concat());
    message(CERTIFICATE, &[vec![0], vec24(&entries.collect::<Vec<_>>().concat())].concat())
}

/// The chain of a leaf and its intermediate.
pub fn chain_of(leaf: &Issued, intermediate: &Issued) -> Vec<u8> {
    certificate(&[&leaf.der, &intermediate.der])
}

/// Context strings of RFC 9846 section 4.5.2.
pub const SERVER_CONTEXT: &str = "TLS 1.3, server CertificateVerify";
pub const CLIENT_CONTEXT: &str = "TLS 1.3, client CertificateVerify";

/// A CertificateVerify over a transcript hash.
pub fn certificate_verify(scheme: u16, key: &Key, context: &str, hash: &[u8]) -> Vec<u8> {
    let content = [&[b' '; 64], context.as_bytes(), &[0], hash].concat();
    message(CERTIFICATE_VERIFY, &[scheme.to_be_bytes().to_vec(), vec16(&key.sign_der(&content))].concat())
}

pub fn key_update(request: u8) -> Vec<u8> {
    message(KEY_UPDATE, &[request])
}

pub fn session_ticket(ticket: &[u8], extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let head = [&[0, 0, 0, 60, 1, 2, 3, 4][..], &vec8(&[0])].concat();
    message(NEW_SESSION_TICKET, &[head, vec16(ticket), block(extensions)].concat())
}
