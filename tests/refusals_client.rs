//! Messages that a client rejects although they are in their place and under the right keys: the server that
//! sends it has it in its own transcript. Each row: the fault, how, and the error. Each row also checks that
//! the alert on the wire is that of the error.
#![allow(missing_docs)]
#![allow(clippy::too_many_lines, reason = "a table is as long as it is")]

use embedded_mtls::{
    AlertDescription, CertificateError, CertificateProblem, CipherSuite, Error, InvalidMessage, NamedGroup,
    PeerIncompatible, PeerMisbehaved,
};
use test_support::messages::*;
use test_support::pair::Setup;
use test_support::pki::{BROKEN_SIGNATURES, Key, Pki, with_signature_algorithm};
use test_support::script::{Script, client, incompatible, invalid, misbehaved};

/// A change of one message of the server's flight; other messages pass.
type Edit = fn(&Pki, &Script, Vec<u8>) -> Vec<u8>;
type Row = (&'static str, u8, Edit, Option<Error>);

/// Runs a flight in which all messages of type `kind` are edited.
fn verdict(setup: Setup, pki: &Pki, kind: u8, edit: Edit) -> Option<Error> {
    let (mut real, mut script) = client(setup);
    let flight = server_flight(&mut script, pki, kind, edit);
    real.feed(&flight);
    real.verdict(&mut script)
}

fn server_flight(script: &mut Script, pki: &Pki, kind: u8, edit: Edit) -> Vec<u8> {
    // An edit sees the transcript as it is when the message is made.
    let mut shadow = Script::client(script.client_hello.clone());
    shadow.suite = script.suite;
    shadow.transcript.clone_from(&script.transcript);
    let flight = script.server_flight(pki, |message| {
        let message = if message[0] == kind { edit(pki, &shadow, message) } else { message };
        shadow.hear(&message);
        message
    });
    script.seal_all(&flight)
}

#[track_caller]
fn check(rows: &[Row]) {
    let pki = Pki::new();
    for (name, kind, edit, expected) in rows {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_alpn(&[b"http/1.1"]).with_middlebox_compatibility(true);
        assert_eq!(verdict(setup, &pki, *kind, *edit), *expected, "{name}");
    }
}

fn hello(message: &[u8], edit: impl FnOnce(Hello) -> Hello) -> Vec<u8> {
    edit(Hello::parse(message)).emit()
}

fn extensions(list: &[(u16, &[u8])]) -> Vec<u8> {
    encrypted_extensions(&list.iter().map(|(kind, body)| (*kind, body.to_vec())).collect::<Vec<_>>())
}

const fn illegal() -> Option<Error> {
    misbehaved(PeerMisbehaved::SelectedNotOffered)
}

#[test]
fn a_client_rejects_a_bad_server_hello() {
    check(&[
        ("session id not echoed", 2, |_, _, m| hello(&m, |h| Hello { session_id: vec![], ..h }), illegal()),
        ("another session id", 2, |_, _, m| hello(&m, |h| Hello { session_id: vec![7; 32], ..h }), illegal()),
        ("unknown suite", 2, |_, _, m| hello(&m, |h| Hello { choices: vec![0x13, 4, 0], ..h }), illegal()),
        ("suite of TLS 1.2", 2, |_, _, m| hello(&m, |h| Hello { choices: vec![0xc0, 0x2b, 0], ..h }), illegal()),
        (
            "compression",
            2,
            |_, _, m| hello(&m, |h| Hello { choices: vec![0x13, 1, 1], ..h }),
            invalid(InvalidMessage::IllegalValue),
        ),
        (
            "legacy_version 0x0304",
            2,
            |_, _, m| hello(&m, |h| Hello { version: 0x304, ..h }),
            misbehaved(PeerMisbehaved::LegacyVersion),
        ),
        (
            "legacy_version of SSL 3.0",
            2,
            |_, _, m| hello(&m, |h| Hello { version: 0x300, ..h }),
            misbehaved(PeerMisbehaved::LegacyVersion),
        ),
        (
            "TLS 1.2",
            2,
            |_, _, m| hello(&m, |h| h.without(SUPPORTED_VERSIONS).without(KEY_SHARE)),
            incompatible(PeerIncompatible::Tls13NotSelected),
        ),
        (
            "TLS 1.0",
            2,
            |_, _, m| hello(&m, |h| Hello { version: 0x301, ..h }.without(SUPPORTED_VERSIONS).without(KEY_SHARE)),
            incompatible(PeerIncompatible::Tls13NotSelected),
        ),
        ("TLS 1.2 in supported_versions", 2, |_, _, m| hello(&m, |h| h.with(SUPPORTED_VERSIONS, &[3, 3])), illegal()),
        ("an unknown version", 2, |_, _, m| hello(&m, |h| h.with(SUPPORTED_VERSIONS, &[0x7a, 0x7a])), illegal()),
        (
            "no key share",
            2,
            |_, _, m| hello(&m, |h| h.without(KEY_SHARE)),
            misbehaved(PeerMisbehaved::MissingExtension),
        ),
        (
            "key share of another group",
            2,
            |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((P256, &[4; 65])))),
            misbehaved(PeerMisbehaved::KeyShareNotOffered),
        ),
        (
            "key share too short",
            2,
            |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((X25519, &[4; 31])))),
            misbehaved(PeerMisbehaved::KeyShareInvalid),
        ),
        (
            "key share too long",
            2,
            |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((X25519, &[4; 33])))),
            misbehaved(PeerMisbehaved::KeyShareInvalid),
        ),
        (
            "key share zero",
            2,
            |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((X25519, &[0; 32])))),
            misbehaved(PeerMisbehaved::KeyShareInvalid),
        ),
        (
            "key share of small order",
            2,
            |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((X25519, &[&[1][..], &[0; 31]].concat())))),
            misbehaved(PeerMisbehaved::KeyShareInvalid),
        ),
        (
            "key share empty",
            2,
            |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((X25519, &[])))),
            invalid(InvalidMessage::EmptyVector),
        ),
        (
            "pre_shared_key selected",
            2,
            |_, _, m| hello(&m, |h| h.with(41, &[0, 0])),
            misbehaved(PeerMisbehaved::UnsolicitedExtension),
        ),
        (
            "unknown extension",
            2,
            |_, _, m| hello(&m, |h| h.with(GREASE, &[])),
            misbehaved(PeerMisbehaved::UnsolicitedExtension),
        ),
        (
            "ALPN in the clear",
            2,
            |_, _, m| hello(&m, |h| h.with(ALPN, &vec16(&vec8(b"http/1.1")))),
            invalid(InvalidMessage::IllegalValue),
        ),
        (
            "an extension twice",
            2,
            |_, _, m| {
                hello(&m, |mut h| {
                    h.extensions.push((SUPPORTED_VERSIONS, vec![3, 4]));
                    h
                })
            },
            invalid(InvalidMessage::DuplicateExtension),
        ),
    ]);
}

#[test]
fn a_p256_share_that_is_not_a_point_is_rejected() {
    let pki = Pki::new();
    let no_points: [Edit; 4] = [
        |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((P256, &[&[4][..], &[1; 64]].concat())))),
        |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((P256, &[&[4][..], &[0; 64]].concat())))),
        |_, _, m| hello(&m, |h| h.with(KEY_SHARE, &key_share((P256, &[0])))),
        // The right point, compressed.
        |_, _, m| {
            hello(&m, |h| {
                let point = h.share().1.to_vec();
                h.with(KEY_SHARE, &key_share((P256, &[&[2 + (point[64] & 1)], &point[1..33]].concat())))
            })
        },
    ];
    for edit in no_points {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_groups(&[NamedGroup::SECP256R1]);
        assert_eq!(verdict(setup, &pki, SERVER_HELLO, edit), misbehaved(PeerMisbehaved::KeyShareInvalid));
    }
}

#[test]
fn a_client_rejects_bad_encrypted_extensions() {
    let unsolicited = misbehaved(PeerMisbehaved::UnsolicitedExtension);
    let misplaced = invalid(InvalidMessage::IllegalValue);
    let truncated = invalid(InvalidMessage::Truncated);
    check(&[
        ("unknown", 8, |_, _, _| extensions(&[(GREASE, b"")]), unsolicited),
        ("early_data", 8, |_, _, _| extensions(&[(EARLY_DATA, b"")]), unsolicited),
        ("status_request", 8, |_, _, _| extensions(&[(5, b"")]), unsolicited),
        ("record_size_limit of 63", 8, |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0, 63])]), misplaced),
        ("record_size_limit of 64", 8, |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0, 64])]), None),
        ("record_size_limit of TLS 1.3", 8, |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0x40, 1])]), None),
        ("record_size_limit above it", 8, |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0xff, 0xff])]), None),
        ("empty record_size_limit", 8, |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, b"")]), truncated),
        ("record_size_limit of 3 bytes", 8, |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0, 64, 0])]), truncated),
        (
            "record_size_limit twice",
            8,
            |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0, 64]), (RECORD_SIZE_LIMIT, &[0, 64])]),
            invalid(InvalidMessage::DuplicateExtension),
        ),
        ("max_fragment_length", 8, |_, _, _| extensions(&[(MAX_FRAGMENT_LENGTH, &[3])]), None),
        ("another max_fragment_length", 8, |_, _, _| extensions(&[(MAX_FRAGMENT_LENGTH, &[2])]), illegal()),
        ("max_fragment_length 0", 8, |_, _, _| extensions(&[(MAX_FRAGMENT_LENGTH, &[0])]), misplaced),
        ("max_fragment_length 5", 8, |_, _, _| extensions(&[(MAX_FRAGMENT_LENGTH, &[5])]), misplaced),
        ("empty max_fragment_length", 8, |_, _, _| extensions(&[(MAX_FRAGMENT_LENGTH, b"")]), truncated),
        (
            "both limits of records",
            8,
            |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0, 64]), (MAX_FRAGMENT_LENGTH, &[1])]),
            misplaced,
        ),
        (
            "both, the older first",
            8,
            |_, _, _| extensions(&[(MAX_FRAGMENT_LENGTH, &[1]), (RECORD_SIZE_LIMIT, &[0, 64])]),
            misplaced,
        ),
        ("client_certificate_type", 8, |_, _, _| extensions(&[(19, &[0])]), unsolicited),
        ("key_share", 8, |_, _, _| extensions(&[(KEY_SHARE, b"")]), misplaced),
        ("supported_versions", 8, |_, _, _| extensions(&[(SUPPORTED_VERSIONS, &[3, 4])]), misplaced),
        ("signature_algorithms", 8, |_, _, _| extensions(&[(SIGNATURE_ALGORITHMS, &[0, 2, 4, 3])]), misplaced),
        ("certificate_authorities", 8, |_, _, _| extensions(&[(CERTIFICATE_AUTHORITIES, b"")]), misplaced),
        ("twice", 8, |_, _, _| extensions(&[(0, b""), (0, b"")]), invalid(InvalidMessage::DuplicateExtension)),
        ("name with content", 8, |_, _, _| extensions(&[(0, b"x")]), invalid(InvalidMessage::TrailingBytes)),
        ("ALPN not offered", 8, |_, _, _| extensions(&[(ALPN, b"\0\x03\x02h2")]), illegal()),
        ("two of ALPN", 8, |_, _, _| extensions(&[(ALPN, b"\0\x0c\x08http/1.1\x02h2")]), misplaced),
        ("none of ALPN", 8, |_, _, _| extensions(&[(ALPN, b"\0\0")]), invalid(InvalidMessage::EmptyVector)),
        ("ALPN", 8, |_, _, _| extensions(&[(ALPN, b"\0\x09\x08http/1.1")]), None),
        ("server_name", 8, |_, _, _| extensions(&[(0, b"")]), None),
        ("supported_groups", 8, |_, _, _| extensions(&[(SUPPORTED_GROUPS, &[0, 2, 0, 0x17])]), None),
    ]);
    let setup = Setup::new(&Pki::new());
    let said = verdict(setup, &Pki::new(), 8, |_, _, _| extensions(&[(ALPN, b"\0\x09\x08http/1.1")]));
    assert_eq!(said, unsolicited, "ALPN of a client that offers none");
}

/// RFC 9846 section 4.3: "Implementations MUST NOT send extension responses if the remote endpoint did not send the
/// corresponding extension requests". The client knows both extensions and has sent neither.
#[test]
fn a_client_rejects_answers_to_extensions_that_it_did_not_send() {
    let pki = Pki::new();
    let unsolicited = misbehaved(PeerMisbehaved::UnsolicitedExtension);
    let mut setup = Setup::new(&pki);
    setup.client = setup.client.with_sent_server_name(None);
    assert_eq!(verdict(setup, &pki, 8, |_, _, _| extensions(&[(SERVER_NAME_EXTENSION, b"")])), unsolicited);
    let protocol: Edit = |_, _, _| extensions(&[(ALPN, b"\0\x09\x08http/1.1")]);
    assert_eq!(verdict(Setup::new(&pki), &pki, 8, protocol), unsolicited);
}

/// A client whose `rx` holds every record offers neither of the extensions that limit records.
#[test]
fn a_client_rejects_a_record_limit_that_it_did_not_request() {
    let pki = Pki::new();
    let unsolicited = misbehaved(PeerMisbehaved::UnsolicitedExtension);
    let rows: [(&str, Edit); 2] = [
        ("record_size_limit", |_, _, _| extensions(&[(RECORD_SIZE_LIMIT, &[0x40, 1])])),
        // What the largest buffer asks for that does not hold every record.
        ("max_fragment_length", |_, _, _| extensions(&[(MAX_FRAGMENT_LENGTH, &[4])])),
    ];
    for (rx, expected) in [(16_405, None), (16_406, unsolicited)] {
        for (name, edit) in rows {
            let mut setup = Setup::new(&pki);
            setup.client_sizes.rx = rx;
            assert_eq!(verdict(setup, &pki, ENCRYPTED_EXTENSIONS, edit), expected, "{name} with {rx} bytes of buffer");
        }
    }
}

/// The table of RFC 9846 section 4.3 has them in ClientHello and EncryptedExtensions only.
#[test]
fn a_client_rejects_record_limits_in_other_messages() {
    let misplaced = invalid(InvalidMessage::IllegalValue);
    check(&[
        (
            "record_size_limit in ServerHello",
            2,
            |_, _, m| hello(&m, |h| h.with(RECORD_SIZE_LIMIT, &[0, 64])),
            misplaced,
        ),
        (
            "max_fragment_length in ServerHello",
            2,
            |_, _, m| hello(&m, |h| h.with(MAX_FRAGMENT_LENGTH, &[1])),
            misplaced,
        ),
        (
            "record_size_limit in CertificateRequest",
            13,
            |_, _, _| certificate_request(&[(RECORD_SIZE_LIMIT, vec![0, 64])]),
            misplaced,
        ),
        (
            "max_fragment_length in CertificateRequest",
            13,
            |_, _, _| certificate_request(&[(MAX_FRAGMENT_LENGTH, vec![1])]),
            misplaced,
        ),
        (
            "record_size_limit in Certificate",
            11,
            |p, _, _| certificate_with(&[(&p.server.der, vec![(RECORD_SIZE_LIMIT, vec![0, 64])])]),
            misplaced,
        ),
        (
            "max_fragment_length in Certificate",
            11,
            |p, _, _| certificate_with(&[(&p.server.der, vec![(MAX_FRAGMENT_LENGTH, vec![1])])]),
            misplaced,
        ),
    ]);
    let pki = Pki::new();
    for (kind, body) in [(RECORD_SIZE_LIMIT, &[0, 64][..]), (MAX_FRAGMENT_LENGTH, &[1])] {
        let (mut real, mut script) = client(Setup::new(&pki));
        let retry = Hello::retry(&script.client_hello.session_id, AES_128_GCM, P256).with(kind, body);
        real.feed(&record(22, &retry.emit()));
        assert_eq!(real.verdict(&mut script), misplaced, "{kind} in HelloRetryRequest");
    }
}

#[test]
fn a_client_rejects_a_bad_certificate_request() {
    fn request(context: &[u8], list: &[(u16, &[u8])]) -> Vec<u8> {
        let list: Vec<_> = list.iter().map(|(kind, body)| (*kind, body.to_vec())).collect();
        message(CERTIFICATE_REQUEST, &[vec8(context), block(&list)].concat())
    }
    const SCHEMES: (u16, &[u8]) = (SIGNATURE_ALGORITHMS, &[0, 2, 4, 3]);
    let empty = invalid(InvalidMessage::EmptyVector);
    check(&[
        ("context", 13, |_, _, _| request(b"x", &[SCHEMES]), misbehaved(PeerMisbehaved::CertificateContext)),
        ("no schemes", 13, |_, _, _| request(b"", &[]), misbehaved(PeerMisbehaved::MissingExtension)),
        ("empty schemes", 13, |_, _, _| request(b"", &[(SIGNATURE_ALGORITHMS, &[0, 0])]), empty),
        ("half a scheme", 13, |_, _, _| request(b"", &[(13, &[0, 3, 4, 3, 4])]), invalid(InvalidMessage::Truncated)),
        ("empty authorities", 13, |_, _, _| request(b"", &[SCHEMES, (CERTIFICATE_AUTHORITIES, &[0, 0])]), empty),
        ("empty authority", 13, |_, _, _| request(b"", &[SCHEMES, (CERTIFICATE_AUTHORITIES, &[0, 2, 0, 0])]), empty),
        ("twice", 13, |_, _, _| request(b"", &[SCHEMES, SCHEMES]), invalid(InvalidMessage::DuplicateExtension)),
        ("left out", 13, |_, _, _| vec![], None),
    ]);
}

#[test]
fn a_client_rejects_a_bad_certificate() {
    check(&[
        ("left out", 11, |_, _, _| vec![], misbehaved(PeerMisbehaved::UnexpectedMessage)),
        ("empty", 11, |_, _, _| certificate(&[]), misbehaved(PeerMisbehaved::EmptyServerCertificate)),
        ("an empty entry", 11, |_, _, _| certificate(&[b""]), invalid(InvalidMessage::EmptyVector)),
        (
            "context",
            11,
            |p, _, _| message(11, &[vec![1, 9], vec24(&[vec24(&p.server.der), vec![0, 0]].concat())].concat()),
            misbehaved(PeerMisbehaved::CertificateContext),
        ),
        (
            "status_request that nobody asked for",
            11,
            |p, _, _| certificate_with(&[(&p.server.der, vec![(5, vec![1])]), (&p.intermediate.der, vec![])]),
            misbehaved(PeerMisbehaved::UnsolicitedExtension),
        ),
        (
            "key_share in an entry",
            11,
            |p, _, _| certificate_with(&[(&p.server.der, vec![(KEY_SHARE, vec![])]), (&p.intermediate.der, vec![])]),
            invalid(InvalidMessage::IllegalValue),
        ),
        (
            "unknown extension behind the second",
            11,
            |p, _, _| certificate_with(&[(&p.server.der, vec![]), (&p.intermediate.der, vec![(GREASE, vec![])])]),
            misbehaved(PeerMisbehaved::UnsolicitedExtension),
        ),
        (
            "an entry longer than the list",
            11,
            |_, _, _| message(11, &[vec![0], vec24(&[0, 2, 0, 1, 1, 1])].concat()),
            invalid(InvalidMessage::Truncated),
        ),
    ]);
}

#[test]
fn a_client_rejects_a_bad_certificate_verify() {
    let wrong = misbehaved(PeerMisbehaved::SignatureIncorrect);
    let scheme = misbehaved(PeerMisbehaved::SignatureSchemeNotOffered);
    check(&[
        ("left out", 15, |_, _, _| vec![], misbehaved(PeerMisbehaved::UnexpectedMessage)),
        (
            "of another key",
            15,
            |_, s, _| certificate_verify(ECDSA_P256, &Key::new("another"), SERVER_CONTEXT, &s.hash()),
            wrong,
        ),
        (
            "with the context of a client",
            15,
            |p, s, _| certificate_verify(ECDSA_P256, &p.server.key, CLIENT_CONTEXT, &s.hash()),
            wrong,
        ),
        (
            "over another hash",
            15,
            |p, _, _| certificate_verify(ECDSA_P256, &p.server.key, SERVER_CONTEXT, &[0; 32]),
            wrong,
        ),
        ("RSA-PSS", 15, |p, s, _| certificate_verify(0x0804, &p.server.key, SERVER_CONTEXT, &s.hash()), scheme),
        (
            "ECDSA with SHA-1",
            15,
            |p, s, _| certificate_verify(0x0203, &p.server.key, SERVER_CONTEXT, &s.hash()),
            scheme,
        ),
        ("Ed25519", 15, |p, s, _| certificate_verify(0x0807, &p.server.key, SERVER_CONTEXT, &s.hash()), scheme),
        ("an empty signature", 15, |_, _, _| message(15, &[4, 3, 0, 0]), wrong),
        ("a signature that is no DER", 15, |_, _, _| message(15, &[4, 3, 0, 3, 1, 2, 3]), wrong),
    ]);
}

#[test]
fn a_client_rejects_a_bad_finished() {
    check(&[
        ("left out", 20, |_, _, _| vec![], Some(Error::ConnectionTruncated)),
        (
            "one bit",
            20,
            |_, _, mut m| {
                m[35] ^= 1;
                m
            },
            misbehaved(PeerMisbehaved::FinishedIncorrect),
        ),
        ("zeros", 20, |_, _, _| message(20, &[0; 32]), misbehaved(PeerMisbehaved::FinishedIncorrect)),
        ("as long as SHA-384", 20, |_, _, _| message(20, &[0; 48]), invalid(InvalidMessage::TrailingBytes)),
    ]);
}

/// A HelloRetryRequest, and the results of the client for it and for a ServerHello after it.
#[test]
fn a_client_rejects_a_bad_hello_retry_request() {
    type Retry = fn(&Script) -> Hello;
    let id = |script: &Script| script.client_hello.session_id.clone();
    let good: Retry = |s| Hello::retry(&s.client_hello.session_id, AES_128_GCM, P256);
    let pki = Pki::new();
    let setup = || {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_middlebox_compatibility(true);
        setup
    };
    let refused: [(&str, Retry, Option<Error>); 8] = [
        ("the group already sent", |s| Hello::retry(&s.client_hello.session_id, AES_128_GCM, X25519), hrr_illegal()),
        ("a group not offered", |s| Hello::retry(&s.client_hello.session_id, AES_128_GCM, P521), hrr_illegal()),
        ("a suite not offered", |s| Hello::retry(&s.client_hello.session_id, 0x1304, P256), illegal()),
        ("another session id", |_| Hello::retry(&[], AES_128_GCM, P256), illegal()),
        (
            "no change",
            |s| Hello::retry(&s.client_hello.session_id, AES_128_GCM, P256).without(KEY_SHARE),
            hrr_illegal(),
        ),
        (
            "an empty cookie",
            |s| Hello::retry(&s.client_hello.session_id, AES_128_GCM, P256).with(COOKIE, &[0, 0]),
            invalid(InvalidMessage::EmptyVector),
        ),
        (
            "an unknown extension",
            |s| Hello::retry(&s.client_hello.session_id, AES_128_GCM, P256).with(GREASE, &[]),
            misbehaved(PeerMisbehaved::UnsolicitedExtension),
        ),
        (
            "no version",
            |s| Hello::retry(&s.client_hello.session_id, AES_128_GCM, P256).without(SUPPORTED_VERSIONS),
            incompatible(PeerIncompatible::Tls13NotSelected),
        ),
    ];
    for (name, retry, expected) in refused {
        let (mut real, mut script) = client(setup());
        real.feed(&record(22, &retry(&script).emit()));
        assert_eq!(real.verdict(&mut script), expected, "{name}");
    }

    let then: [(&str, Retry, Option<Error>); 4] = [
        ("a second HelloRetryRequest", good, misbehaved(PeerMisbehaved::UnexpectedMessage)),
        ("another suite", |s| Hello { choices: vec![0x13, 3, 0], ..s.server_hello() }, illegal()),
        (
            "the first group",
            |s| s.server_hello().with(KEY_SHARE, &key_share((X25519, &[9; 32]))),
            misbehaved(PeerMisbehaved::KeyShareNotOffered),
        ),
        ("the right hello", |s| s.server_hello(), Some(Error::ConnectionTruncated)),
    ];
    for (name, hello, expected) in then {
        let (mut real, mut script) = client(setup());
        real.feed(&record(22, &good(&script).with(COOKIE, &vec16(b"cookie")).emit()));
        let second = real.take();
        let second = records(&second).into_iter().find(|record| record[0] == 22).expect("a second hello").to_vec();
        let mut script2 = Script::server(&second);
        assert_eq!(script2.client_hello.extension(COOKIE), Some(&vec16(b"cookie")[..]), "the cookie comes back");
        assert_eq!(script2.client_hello.share().0, P256);
        assert_eq!(id(&script2), id(&script));
        real.feed(&record(22, &hello(&script2).emit()));
        if expected == Some(Error::ConnectionTruncated) {
            script = script2;
        } else {
            script2.suite = AES_128_GCM;
        }
        assert_eq!(real.verdict(&mut script), expected, "{name}");
    }
}

#[test]
fn a_client_rejects_server_messages_before_its_second_hello() {
    type Behind = fn(&Script) -> Vec<u8>;
    let pki = Pki::new();
    let behind: [(&str, Behind); 3] = [
        ("the start of a message", |_| vec![2]),
        ("a ServerHello", |script| script.server_hello().emit()),
        ("the request again", |script| Hello::retry(&script.client_hello.session_id, AES_128_GCM, P256).emit()),
    ];
    for (name, behind) in behind {
        let (mut real, mut script) = client(Setup::new(&pki));
        let retry = Hello::retry(&script.client_hello.session_id, AES_128_GCM, P256).emit();
        real.feed(&record(22, &[retry, behind(&script)].concat()));
        assert_eq!(real.verdict(&mut script), misbehaved(PeerMisbehaved::UnexpectedMessage), "{name}");
    }
}

const fn hrr_illegal() -> Option<Error> {
    misbehaved(PeerMisbehaved::HelloRetryRequestIllegal)
}

/// Algorithms of the build count for nothing where this configuration does not offer them.
#[test]
fn a_client_rejects_a_suite_that_it_knows_and_did_not_offer() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.client = setup.client.with_cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256]);
    // The script answers with AES-128-GCM.
    assert_eq!(verdict(setup, &pki, SERVER_HELLO, |_, _, message| message), illegal());
}

/// A session id over 32 bytes is no wrong echo, but no ServerHello.
#[test]
fn a_client_rejects_a_session_id_echo_that_is_too_long() {
    check(&[(
        "session id of 33 bytes",
        SERVER_HELLO,
        |_, _, m| hello(&m, |h| Hello { session_id: vec![7; 33], ..h }),
        invalid(InvalidMessage::VectorTooLong),
    )]);
}

/// RFC 9846 section 4.5.1.3: whoever would need MD5 to validate a certificate "MUST abort the handshake with a
/// '`bad_certificate`' alert"; here the same goes for SHA-1.
#[test]
fn a_client_rejects_a_certificate_signed_with_md5_or_sha_1() {
    let pki = Pki::new();
    for identifier in BROKEN_SIGNATURES {
        let leaf = with_signature_algorithm(&pki.server.der, identifier);
        let chain = certificate(&[&leaf, &pki.intermediate.der]);
        let (mut real, mut script) = client(Setup::new(&pki));
        let flight =
            script.server_flight(&pki, |message| if message[0] == CERTIFICATE { chain.clone() } else { message });
        real.feed(&script.seal_all(&flight));
        let problem = CertificateProblem::UnsupportedSignature;
        let expected = Error::Certificate(CertificateError { index: 0, problem });
        assert_eq!(expected.alert(), Some(AlertDescription::BAD_CERTIFICATE));
        assert_eq!(real.verdict(&mut script), Some(expected), "{identifier:02x?}");
    }
}
