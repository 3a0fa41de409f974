//! Fields with values that they must not have: the legacy ones of each hello, and those of other messages.

use std::sync::LazyLock;

use embedded_mtls::{AlertDescription, Error};
use test_support::messages::*;
use test_support::pki::Key;

use crate::change::Cell;
use crate::peer::Line::{self, *};
use crate::peer::{Peer, TALKS, Talk, World};

/// A change of one message, which the peer has in its own transcript.
type Edit = fn(&Peer<'_>, Vec<u8>) -> Vec<u8>;

/// A fault: the messages that can have it, its name, the change, and the alert of RFC 9846; none where it is harmless.
struct Fault(&'static [Line], &'static str, Edit, Option<AlertDescription>);

const HELLOS: &[Line] = &[ClientHello, SecondClientHello, HelloRetryRequest, ServerHello];
const OF_CLIENT: &[Line] = &[ClientHello, SecondClientHello];
const OF_SERVER: &[Line] = &[HelloRetryRequest, ServerHello];

const ILLEGAL: Option<AlertDescription> = Some(AlertDescription::ILLEGAL_PARAMETER);
const VERSION: Option<AlertDescription> = Some(AlertDescription::PROTOCOL_VERSION);
const DECODE: Option<AlertDescription> = Some(AlertDescription::DECODE_ERROR);
const DECRYPT: Option<AlertDescription> = Some(AlertDescription::DECRYPT_ERROR);
const MISSING: Option<AlertDescription> = Some(AlertDescription::MISSING_EXTENSION);

fn hello(bytes: &[u8], edit: impl FnOnce(Hello) -> Hello) -> Vec<u8> {
    edit(Hello::parse(bytes)).emit()
}

/// Replaces the bytes from `at` on.
fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

fn flipped(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    bytes
}

fn verify(peer: &Peer<'_>, scheme: u16, key: &Key, context: &str) -> Vec<u8> {
    certificate_verify(scheme, key, context, &peer.script.hash())
}

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    // RFC 9846 sections 4.2.2 and 4.2.3, appendix E.5.
    Fault(HELLOS, "legacy_version of SSL 3.0", |_, m| hello(&m, |h| Hello { version: 0x300, ..h }), VERSION),
    Fault(HELLOS, "legacy_version of TLS 1.0", |_, m| hello(&m, |h| Hello { version: 0x301, ..h }), VERSION),
    Fault(HELLOS, "legacy_version of TLS 1.3", |_, m| hello(&m, |h| Hello { version: 0x304, ..h }), VERSION),
    Fault(HELLOS, "legacy_version 0xffff", |_, m| hello(&m, |h| Hello { version: 0xffff, ..h }), VERSION),
    Fault(HELLOS, "legacy_session_id of 33 bytes", |_, m| hello(&m, |h| Hello { session_id: vec![7; 33], ..h }), DECODE),
    Fault(OF_SERVER, "another legacy_session_id_echo", |_, m| hello(&m, |h| Hello { session_id: vec![7; 32], ..h }), ILLEGAL),
    Fault(OF_SERVER, "a legacy_compression_method", |_, m| hello(&m, |h| Hello { choices: vec![0x13, 1, 1], ..h }), ILLEGAL),
    Fault(OF_CLIENT, "another legacy_compression_method", |_, m| hello(&m, |h| {
        Hello { choices: [list16(&[AES_128_GCM, CHACHA20]), vec8(&[1])].concat(), ..h }
    }), ILLEGAL),
    Fault(OF_CLIENT, "two legacy_compression_methods", |_, m| hello(&m, |h| {
        Hello { choices: [list16(&[AES_128_GCM, CHACHA20]), vec8(&[0, 1])].concat(), ..h }
    }), ILLEGAL),
    Fault(OF_CLIENT, "no legacy_compression_method", |_, m| hello(&m, |h| {
        Hello { choices: [list16(&[AES_128_GCM, CHACHA20]), vec8(&[])].concat(), ..h }
    }), DECODE),
    Fault(&[ServerHello], "a random value that tells of a downgrade to TLS 1.2", |_, m| hello(&m, |mut h| {
        h.random[24..].copy_from_slice(b"DOWNGRD\x01");
        h
    }), None),
    Fault(OF_SERVER, "a cipher suite that does not exist", |_, m| hello(&m, |h| Hello { choices: vec![0x13, 0x7f, 0], ..h }), ILLEGAL),
    Fault(OF_SERVER, "TLS 1.2 in supported_versions", |_, m| hello(&m, |h| h.with(SUPPORTED_VERSIONS, &[3, 3])), ILLEGAL),
    Fault(OF_SERVER, "no supported_versions", |_, m| hello(&m, |h| h.without(SUPPORTED_VERSIONS)), VERSION),
    Fault(OF_CLIENT, "no supported_versions", |_, m| hello(&m, |h| h.without(SUPPORTED_VERSIONS)), VERSION),
    Fault(&[ClientHello], "no key_share", |_, m| hello(&m, |h| h.without(KEY_SHARE)), MISSING),
    Fault(&[ClientHello], "no supported_groups", |_, m| hello(&m, |h| h.without(SUPPORTED_GROUPS)), MISSING),
    Fault(&[ClientHello], "early_data with a body", |_, m| hello(&m, |mut h| {
        h.extensions.insert(0, (EARLY_DATA, vec![0]));
        h
    }), DECODE),
    Fault(&[SecondClientHello], "another random value", |_, m| hello(&m, |h| Hello { random: [9; 32], ..h }), ILLEGAL),
    Fault(&[SecondClientHello], "another legacy_session_id", |_, m| hello(&m, |h| Hello { session_id: vec![9; 32], ..h }), ILLEGAL),
    Fault(&[ServerHello], "a key share of zeros", |_, m| hello(&m, |h| {
        let (group, len) = (h.share().0, h.share().1.len());
        h.with(KEY_SHARE, &key_share((group, &vec![0; len])))
    }), ILLEGAL),
    Fault(&[ServerHello], "a key share of another group", |_, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((P521, &[4; 133])))), ILLEGAL),
    Fault(&[ServerHello], "a ticket without a key exchange", |_, m| hello(&m, |h| h.without(KEY_SHARE).with(PRE_SHARED_KEY, &[0, 0])), ILLEGAL),
    Fault(&[HelloRetryRequest], "the group of the share that was sent", |_, m| hello(&m, |h| h.with(KEY_SHARE, &X25519.to_be_bytes())), ILLEGAL),
    Fault(&[HelloRetryRequest], "a group that was not offered", |_, m| hello(&m, |h| h.with(KEY_SHARE, &P521.to_be_bytes())), ILLEGAL),
    Fault(&[HelloRetryRequest], "nothing to change", |_, m| hello(&m, |h| h.without(KEY_SHARE)), ILLEGAL),
    Fault(&[HelloRetryRequest], "an empty cookie", |_, m| hello(&m, |h| h.with(COOKIE, &[0, 0])), DECODE),
    Fault(&[EncryptedExtensions], "a protocol that was not offered", |_, _| encrypted_extensions(&[(ALPN, vec16(&vec8(b"h2")))]), ILLEGAL),
    Fault(&[EncryptedExtensions], "an empty protocol", |_, _| encrypted_extensions(&[(ALPN, vec16(&vec8(b"")))]), DECODE),
    Fault(&[CertificateRequest], "a context", |_, m| message(CERTIFICATE_REQUEST, &[&[1, 9][..], &m[5..]].concat()), ILLEGAL),
    Fault(&[CertificateRequest, LateRequest], "no signature_algorithms", |_, m| {
        message(CERTIFICATE_REQUEST, &[&m[4..5 + usize::from(m[4])], &block(&[])].concat())
    }, MISSING),
    Fault(&[Certificate], "a context", |_, m| message(CERTIFICATE, &[&[1, 9][..], &m[5..]].concat()), ILLEGAL),
    Fault(&[LateCertificate], "another context", |_, m| { let byte = [m[5] ^ 1]; patched(m, 5, &byte) }, ILLEGAL),
    Fault(&[LateCertificate], "no context", |_, m| message(CERTIFICATE, &[&[0][..], &m[21..]].concat()), ILLEGAL),
    Fault(&[Certificate, LateCertificate], "an empty entry", |_, m| {
        message(CERTIFICATE, &[&m[4..5 + usize::from(m[4])], &vec24(&[0, 0, 0, 0, 0])].concat())
    }, DECODE),
    Fault(&[CertificateVerify, LateCertificateVerify], "the signature of another key", |p, _| {
        let context = if p.role() == test_support::pki::Role::Client { CLIENT_CONTEXT } else { SERVER_CONTEXT };
        verify(p, ECDSA_P256, &Key::new("another"), context)
    }, DECRYPT),
    Fault(&[CertificateVerify, LateCertificateVerify], "the context string of the other role", |p, _| {
        let (client, server) = (&p.world.pki.client.key, &p.world.pki.server.key);
        match p.role() {
            test_support::pki::Role::Client => verify(p, ECDSA_P256, client, SERVER_CONTEXT),
            test_support::pki::Role::Server => verify(p, ECDSA_P256, server, CLIENT_CONTEXT),
        }
    }, DECRYPT),
    Fault(&[CertificateVerify, LateCertificateVerify], "a scheme that was not offered", |_, m| patched(m, 4, &[2, 3]), ILLEGAL),
    Fault(&[CertificateVerify, LateCertificateVerify], "a scheme of PKCS #1 v1.5", |_, m| patched(m, 4, &[4, 1]), ILLEGAL),
    Fault(&[CertificateVerify, LateCertificateVerify], "an empty signature", |_, _| message(CERTIFICATE_VERIFY, &[4, 3, 0, 0]), DECRYPT),
    Fault(&[Finished, LateFinished], "a bit is changed", |_, m| flipped(m), DECRYPT),
    Fault(&[NewSessionTicket], "an empty ticket", |_, _| session_ticket(b"", &[]), DECODE),
    Fault(&[KeyUpdate], "request_update of 2", |_, _| key_update(2), ILLEGAL),
];

/// A message with a fault: the line, the fault, the alert that it has to get, and the end of the conversation.
type Faulty = (Line, &'static str, Option<AlertDescription>, Result<(), Error>);

/// Every fault in every message that can have it, in every conversation.
pub(crate) static FAULTY: LazyLock<Vec<Faulty>> = LazyLock::new(|| {
    let world = World::new();
    let pairs = FAULTS.iter().flat_map(|fault| fault.0.iter().map(move |line| (fault, *line)));
    let of_line = |(fault, line): (&'static Fault, Line)| {
        let seen = TALKS.map(|talk| run(&world, talk, line, fault));
        seen.into_iter().flatten().map(move |seen| (line, fault.1, fault.3, seen))
    };
    pairs.flat_map(of_line).collect()
});

/// Runs a conversation with a fault in one message.
fn run(world: &World, talk: Talk, line: Line, fault: &Fault) -> Cell {
    let at = talk.lines.iter().position(|other| *other == line)?;
    let mut peer = Peer::new(world, talk);
    talk.lines[..at].iter().for_each(|line| peer.say(*line));
    let bytes = peer.message(line);
    let bytes = fault.2(&peer, bytes);
    peer.say_bytes(line, &bytes);
    for line in &talk.lines[at + 1..] {
        if peer.subject.error().is_none() {
            peer.say(*line);
        }
    }
    let verdict = peer.verdict(false);
    if verdict.is_ok() {
        peer.prove();
    }
    Some(verdict)
}
