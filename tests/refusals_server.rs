//! Messages that a server rejects although they are in their place and under the right keys. Each row: the fault,
//! how, and the error. Each row also checks that the alert on the wire is that of the error.
#![allow(missing_docs)]
#![allow(clippy::too_many_lines, reason = "a table is as long as it is")]

use embedded_mtls::{
    AlertDescription, CertificateError, CertificateProblem, CipherSuite, ClientAuth, ClientAuthStatus, Error,
    InvalidMessage, NamedGroup, PeerIncompatible, PeerMisbehaved,
};
use test_support::messages::*;
use test_support::pair::Setup;
use test_support::pki::{BROKEN_SIGNATURES, Key, Pki, with_signature_algorithm};
use test_support::script::{ALERT, Epoch, Real, Script, Sent, incompatible, invalid, misbehaved, server};

/// Returns the error of a server for a ClientHello alone; `FINE` if it answers.
fn says(setup: Setup, hello: &[u8]) -> Option<Error> {
    let (mut real, mut script) = (Real::server(setup), Script::client(Script::hello(X25519)));
    real.feed(&record(22, hello));
    match real.end {
        None if !real.out.is_empty() => None,
        _ => real.verdict(&mut script),
    }
}

const FINE: Option<Error> = None;

#[track_caller]
fn check(rows: &[(&str, Hello, Option<Error>)]) {
    let pki = Pki::new();
    for (name, hello, expected) in rows {
        let mut setup = Setup::new(&pki);
        setup.server = setup.server.with_alpn(&[b"http/1.1"]);
        assert_eq!(says(setup, &hello.emit()), *expected, "{name}");
    }
}

fn hello() -> Hello {
    Script::hello(X25519)
}

fn shares(list: &[(u16, &[u8])]) -> Hello {
    let list: Vec<_> = list.iter().map(|share| key_share(*share)).collect();
    hello().with(KEY_SHARE, &vec16(&list.concat()))
}

fn choices(suites: &[u16], compression: &[u8]) -> Hello {
    Hello { choices: [list16(suites), vec8(compression)].concat(), ..hello() }
}

fn twice(kind: u16) -> Hello {
    let mut hello = hello();
    hello.extensions.push((kind, hello.extension(kind).unwrap_or_default().to_vec()));
    again(hello, kind)
}

/// The hello with an extension that it has once more.
fn again(mut hello: Hello, kind: u16) -> Hello {
    hello.extensions.push((kind, hello.extension(kind).unwrap_or_default().to_vec()));
    hello
}

#[test]
fn a_server_rejects_other_versions_of_tls() {
    let other = incompatible(PeerIncompatible::Tls13NotOffered);
    let legacy = misbehaved(PeerMisbehaved::LegacyVersion);
    assert_eq!(legacy.and_then(Error::alert), Some(AlertDescription::PROTOCOL_VERSION));
    check(&[
        ("a hello of TLS 1.2", hello().without(SUPPORTED_VERSIONS).without(KEY_SHARE), other),
        ("only TLS 1.2 and older", hello().with(SUPPORTED_VERSIONS, &[6, 3, 3, 3, 2, 3, 1]), other),
        ("a draft of TLS 1.3", hello().with(SUPPORTED_VERSIONS, &[2, 0x7f, 28]), other),
        ("TLS 1.3 among others", hello().with(SUPPORTED_VERSIONS, &[6, 3, 3, 3, 4, 0x7a, 0x7a]), FINE),
        ("legacy_version of SSL 3.0", Hello { version: 0x300, ..hello() }, legacy),
        ("legacy_version of TLS 1.0", Hello { version: 0x301, ..hello() }, legacy),
        ("legacy_version of TLS 1.3", Hello { version: 0x304, ..hello() }, legacy),
        ("the highest legacy_version", Hello { version: 0xffff, ..hello() }, legacy),
        ("no version at all", hello().with(SUPPORTED_VERSIONS, &[0]), invalid(InvalidMessage::EmptyVector)),
        ("half a version", hello().with(SUPPORTED_VERSIONS, &[3, 3, 4, 3]), invalid(InvalidMessage::Truncated)),
    ]);
    // A hello that ends after its compression methods: SSL 3.0 and some clients of TLS 1.0.
    let old = hello();
    let body = [&[3, 1][..], &old.random, &[0], &old.choices].concat();
    assert_eq!(says(Setup::new(&Pki::new()), &message(CLIENT_HELLO, &body)), other);
}

#[test]
fn a_server_rejects_a_bad_client_hello() {
    let illegal = invalid(InvalidMessage::IllegalValue);
    let empty = invalid(InvalidMessage::EmptyVector);
    let missing = misbehaved(PeerMisbehaved::MissingExtension);
    let not_offered = misbehaved(PeerMisbehaved::KeyShareNotOffered);
    let bad_share = misbehaved(PeerMisbehaved::KeyShareInvalid);
    let duplicate = invalid(InvalidMessage::DuplicateExtension);
    let too_long = invalid(InvalidMessage::VectorTooLong);
    let key = hello().share().1.to_vec();
    check(&[
        ("session id of 33 bytes", Hello { session_id: vec![1; 33], ..hello() }, too_long),
        ("session id of 32 bytes", Hello { session_id: vec![1; 32], ..hello() }, FINE),
        ("session id of 255 bytes", Hello { session_id: vec![1; 255], ..hello() }, too_long),
        ("no compression method", choices(&[AES_128_GCM], &[]), empty),
        ("two compression methods", choices(&[AES_128_GCM], &[0, 1]), illegal),
        ("no suite", choices(&[], &[0]), empty),
        ("only other suites", choices(&[0xc02b, 0x1304, GREASE], &[0]), incompatible(PeerIncompatible::NoCipherSuite)),
        ("no signature schemes", hello().without(SIGNATURE_ALGORITHMS), missing),
        ("empty signature schemes", hello().with(SIGNATURE_ALGORITHMS, &[0, 0]), empty),
        (
            "only other signature schemes",
            hello().with(SIGNATURE_ALGORITHMS, &list16(&[0x0804, 0x0203, GREASE])),
            incompatible(PeerIncompatible::NoCredential),
        ),
        ("no groups", hello().without(SUPPORTED_GROUPS), missing),
        ("empty groups", hello().with(SUPPORTED_GROUPS, &[0, 0]), empty),
        (
            "only other groups",
            hello().with(SUPPORTED_GROUPS, &list16(&[P521, GREASE])).with(KEY_SHARE, &[0, 0]),
            incompatible(PeerIncompatible::NoGroup),
        ),
        ("no key_share", hello().without(KEY_SHARE), missing),
        ("no share in key_share", shares(&[]), FINE),
        ("a share of a group not offered", shares(&[(0x18, &[1; 97]), (X25519, &key)]), not_offered),
        ("two shares of a group", shares(&[(X25519, &key), (X25519, &key)]), not_offered),
        ("an empty share", shares(&[(X25519, &[])]), empty),
        ("a short share", shares(&[(X25519, &[1; 31])]), bad_share),
        ("a long share", shares(&[(X25519, &[1; 33])]), bad_share),
        ("a zero share", shares(&[(X25519, &[0; 32])]), bad_share),
        ("a P-256 share that is not used", shares(&[(X25519, &key), (P256, &[1; 65])]), FINE),
        ("an extension twice", twice(SUPPORTED_GROUPS), duplicate),
        ("an unknown extension twice", twice(GREASE), duplicate),
        ("pre_shared_key before others", hello().with(45, &[1, 1]).with(41, &[0]).with(GREASE, &[]), illegal),
        ("pre_shared_key without its modes", hello().with(41, &[0]), missing),
        ("GREASE twice among the key shares", shares(&[(GREASE, &[0][..]); 2]), not_offered),
        ("two host names", hello().with(0, b"\0\x08\0\0\x01a\0\0\x01b"), illegal),
        ("an empty host name", hello().with(0, b"\0\x03\0\0\0"), illegal),
        ("an empty list of names", hello().with(0, b"\0\0"), empty),
        ("an empty list of protocols", hello().with(ALPN, &[0, 0]), empty),
        ("an empty protocol", hello().with(ALPN, &[0, 1, 0]), empty),
        (
            "only other protocols",
            hello().with(ALPN, b"\0\x03\x02h2"),
            incompatible(PeerIncompatible::NoApplicationProtocol),
        ),
        ("the right protocol", hello().with(ALPN, b"\0\x0c\x02h2\x08http/1.1"), FINE),
        ("an empty cookie", hello().with(COOKIE, &[0, 0]), empty),
        ("empty authorities", hello().with(CERTIFICATE_AUTHORITIES, &[0, 0]), empty),
    ]);
}

#[test]
fn a_server_rejects_a_bad_record_limit() {
    let illegal = invalid(InvalidMessage::IllegalValue);
    let truncated = invalid(InvalidMessage::Truncated);
    let duplicate = invalid(InvalidMessage::DuplicateExtension);
    let size = |body: &[u8]| hello().with(RECORD_SIZE_LIMIT, body);
    let fragment = |body: &[u8]| hello().with(MAX_FRAGMENT_LENGTH, body);
    check(&[
        ("record_size_limit of 63", size(&[0, 63]), illegal),
        ("record_size_limit of 0", size(&[0, 0]), illegal),
        ("record_size_limit of 64", size(&[0, 64]), FINE),
        // "a client might advertise a higher limit that is enabled by an extension or version the server does not understand"
        ("record_size_limit of 65,535", size(&[0xff, 0xff]), FINE),
        ("empty record_size_limit", size(&[]), truncated),
        ("record_size_limit of 3 bytes", size(&[0, 64, 0]), truncated),
        ("record_size_limit twice", again(size(&[0, 64]), RECORD_SIZE_LIMIT), duplicate),
        ("max_fragment_length 0", fragment(&[0]), illegal),
        ("max_fragment_length 1", fragment(&[1]), FINE),
        ("max_fragment_length 4", fragment(&[4]), FINE),
        ("max_fragment_length 5", fragment(&[5]), illegal),
        ("empty max_fragment_length", fragment(&[]), truncated),
        ("max_fragment_length twice", again(fragment(&[1]), MAX_FRAGMENT_LENGTH), duplicate),
        ("both", size(&[0, 64]).with(MAX_FRAGMENT_LENGTH, &[1]), FINE),
        // "MUST ignore a 'max_fragment_length' extension [...] if both extensions appear"
        ("both, and the one to ignore is bad", size(&[0, 64]).with(MAX_FRAGMENT_LENGTH, &[9]), FINE),
        ("both, the bad one first", fragment(&[9]).with(RECORD_SIZE_LIMIT, &[0, 64]), FINE),
    ]);
}

#[test]
fn a_server_rejects_a_share_that_is_not_a_point_of_p256() {
    let pki = Pki::new();
    for share in [&[&[4][..], &[1; 64]].concat()[..], &[&[4][..], &[0; 64]].concat(), &[0], &[2; 33], &[4; 64]] {
        let hello = shares(&[(P256, share)]).with(SUPPORTED_GROUPS, &list16(&[P256]));
        assert_eq!(says(Setup::new(&pki), &hello.emit()), misbehaved(PeerMisbehaved::KeyShareInvalid));
    }
}

#[test]
fn bytes_that_are_not_tls_are_rejected_at_the_first_record() {
    let pki = Pki::new();
    let unknown = invalid(InvalidMessage::UnknownType);
    let rows: [(&str, &[u8]); 4] = [
        ("HTTP", b"GET / HTTP/1.1\r\nHost: supplier.example.com\r\n\r\n"),
        ("SSL 2.0", &[0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10]),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("zeros", &[0; 16]),
    ];
    for (name, bytes) in rows {
        let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(hello()));
        real.feed(bytes);
        assert_eq!(real.verdict(&mut script), unknown, "{name}");
    }
}

/// A client whose only share is of a group that the server does not have.
fn retried(pki: &Pki) -> (Real<'static, embedded_mtls::Server>, Script) {
    let mut setup = Setup::new(pki);
    setup.server = setup.server.with_groups(&[NamedGroup::X25519]);
    let (mut real, mut script) = (Real::server(setup), Script::client(Script::hello(P256)));
    real.feed(&script.say_hello());
    let retry = Hello::parse(&script.hear_server(&real.take())[0]);
    assert_eq!(retry.extension(KEY_SHARE), Some(&[0, 0x1d][..]));
    (real, script)
}

#[test]
fn a_server_rejects_a_second_hello_that_changes_what_it_must_not() {
    let pki = Pki::new();
    let differs = misbehaved(PeerMisbehaved::SecondClientHelloDiffers);
    let share = misbehaved(PeerMisbehaved::KeyShareNotOffered);
    let right = hello().share().1.to_vec();
    let rows: [(&str, Hello, Option<Error>); 14] = [
        ("right", hello(), FINE),
        ("padding added", hello().with(21, &[0; 30]), FINE),
        ("random", Hello { random: [9; 32], ..hello() }, differs),
        ("session id", Hello { session_id: vec![9; 32], ..hello() }, differs),
        ("fewer suites", choices(&[AES_128_GCM], &[0]), differs),
        ("other suites", choices(&[CHACHA20, AES_128_GCM], &[0]), differs),
        ("a name", hello().with(0, b"\0\x04\0\0\x01a"), differs),
        ("a protocol", hello().with(ALPN, b"\0\x09\x08http/1.1"), differs),
        ("an unknown extension", hello().with(GREASE, &[]), differs),
        ("early_data", hello().with(EARLY_DATA, &[]), differs),
        ("the same share again", Script::hello(P256), share),
        ("no share", shares(&[]), share),
        ("two shares", shares(&[(X25519, &[9; 32]), (P256, &[4; 65])]), share),
        ("two shares of the right group", shares(&[(X25519, &right), (X25519, &right)]), share),
    ];
    for (name, hello, expected) in rows {
        let (mut real, mut script) = retried(&pki);
        real.feed(&record(22, &hello.emit()));
        let said = if real.end.is_none() && !real.out.is_empty() { None } else { real.verdict(&mut script) };
        assert_eq!(said, expected, "{name}");
    }
}

#[test]
fn a_server_rejects_what_follows_a_second_hello_in_its_record() {
    let pki = Pki::new();
    for behind in [vec![1], hello().emit()] {
        let (mut real, mut script) = retried(&pki);
        real.feed(&record(22, &[hello().emit(), behind].concat()));
        assert_eq!(real.verdict(&mut script), misbehaved(PeerMisbehaved::UnexpectedMessage));
    }
}

/// The digest of what must stay the same has no lengths of lists: here suites become an extension.
#[test]
fn a_server_rejects_a_second_hello_without_the_suite_that_it_has_selected() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.server =
        setup.server.with_groups(&[NamedGroup::X25519]).with_cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let mut first = Script::hello(P256);
    first.choices = [list16(&[CHACHA20, AES_128_GCM, 0, 0]), vec![1, 0]].concat();
    let (mut real, mut script) = (Real::server(setup), Script::client(first.clone()));
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let mut second = first.with(KEY_SHARE, hello().extension(KEY_SHARE).unwrap());
    second.choices = [list16(&[CHACHA20]), vec![1, 0]].concat();
    second.extensions.insert(0, (AES_128_GCM, vec![]));
    real.feed(&record(22, &second.emit()));
    assert_eq!(real.verdict(&mut script), misbehaved(PeerMisbehaved::SecondClientHelloDiffers));
}

#[test]
fn a_server_rejects_client_messages_before_its_retry_request() {
    let pki = Pki::new();
    for (name, behind) in [("the start of a message", vec![1]), ("a second hello", hello().emit())] {
        let mut setup = Setup::new(&pki);
        setup.server = setup.server.with_groups(&[NamedGroup::X25519]);
        let (mut real, mut script) = (Real::server(setup), Script::client(Script::hello(P256)));
        real.feed(&record(22, &[script.client_hello.emit(), behind].concat()));
        assert_eq!(real.verdict(&mut script), misbehaved(PeerMisbehaved::UnexpectedMessage), "{name}");
    }
}

/// RFC 9846 sets no limit below that of the lengths: what is not looked at is skipped.
#[test]
fn a_server_skips_more_extensions_and_key_shares_than_it_compares() {
    let pki = Pki::new();
    let own = Script::hello(X25519);
    let groups: Vec<u16> = (0x0100..0x0140).collect();
    let mut list: Vec<_> = groups.iter().map(|group| (*group, &[1; 32][..])).collect();
    list.push(own.share());
    let offered = list16(&[&groups[..], &[X25519]].concat());
    let many_shares = shares(&list).with(SUPPORTED_GROUPS, &offered);
    let mut many_extensions = hello();
    many_extensions.extensions.splice(0..0, (0..200).map(|kind| (0x4000 + kind, vec![])));
    for hello in [many_shares, many_extensions] {
        let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(hello));
        real.feed(&script.say_hello());
        script.hear_server(&real.take());
        let flight = script.client_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.verdict(&mut script), FINE);
    }
}

/// A change of one message of the client's flight, with the script before that message.
type Edit = fn(&Pki, &[u8], Vec<u8>) -> Vec<u8>;

#[track_caller]
fn check_flight(rows: &[(&str, u8, Edit, Option<Error>)]) {
    let pki = Pki::new();
    for (name, kind, edit, expected) in rows {
        let (mut real, mut script) = server(Setup::new(&pki));
        let mut shadow = Script::client(hello());
        shadow.transcript.clone_from(&script.transcript);
        let flight = script.client_flight(&pki, |message| {
            let message = if message[0] == *kind { edit(&pki, &shadow.hash(), message) } else { message };
            shadow.hear(&message);
            message
        });
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.verdict(&mut script), *expected, "{name}");
    }
}

#[test]
fn a_server_rejects_a_bad_certificate() {
    check_flight(&[
        ("left out", 11, |_, _, _| vec![], misbehaved(PeerMisbehaved::UnexpectedMessage)),
        ("empty", 11, |_, _, _| certificate(&[]), incompatible(PeerIncompatible::ClientCertificateRequired)),
        ("an empty entry", 11, |_, _, _| certificate(&[b""]), invalid(InvalidMessage::EmptyVector)),
        ("a context", 11, |_, _, _| message(11, &[1, 9, 0, 0, 0]), misbehaved(PeerMisbehaved::CertificateContext)),
        (
            "an extension that nobody asked for",
            11,
            |p, _, _| certificate_with(&[(&p.client.der, vec![(18, vec![])]), (&p.intermediate.der, vec![])]),
            misbehaved(PeerMisbehaved::UnsolicitedExtension),
        ),
    ]);
}

#[test]
fn a_server_rejects_a_bad_certificate_verify() {
    let wrong = misbehaved(PeerMisbehaved::SignatureIncorrect);
    let scheme = misbehaved(PeerMisbehaved::SignatureSchemeNotOffered);
    check_flight(&[
        ("left out", 15, |_, _, _| vec![], misbehaved(PeerMisbehaved::UnexpectedMessage)),
        ("of another key", 15, |_, h, _| certificate_verify(ECDSA_P256, &Key::new("x"), CLIENT_CONTEXT, h), wrong),
        (
            "with the context of a server",
            15,
            |p, h, _| certificate_verify(ECDSA_P256, &p.client.key, SERVER_CONTEXT, h),
            wrong,
        ),
        (
            "over another hash",
            15,
            |p, _, _| certificate_verify(ECDSA_P256, &p.client.key, CLIENT_CONTEXT, &[1; 32]),
            wrong,
        ),
        ("RSA-PSS", 15, |p, h, _| certificate_verify(0x0804, &p.client.key, CLIENT_CONTEXT, h), scheme),
        ("an empty signature", 15, |_, _, _| message(15, &[4, 3, 0, 0]), wrong),
    ]);
}

/// The oldest attack: the server's messages are reflected.
#[test]
fn the_servers_own_signature_is_rejected_from_a_client() {
    let pki = Pki::new();
    let (mut real, mut script) = (Real::server(Setup::new(&pki)), Script::client(hello()));
    real.feed(&script.say_hello());
    let said = script.hear_server(&real.take());
    let of = |kind: u8| said.iter().find(|message| message[0] == kind).expect("it was said").clone();
    let (theirs, verify) = (of(CERTIFICATE), of(CERTIFICATE_VERIFY));
    let flight = script.client_flight(&pki, |message| match message[0] {
        CERTIFICATE => theirs.clone(),
        CERTIFICATE_VERIFY => verify.clone(),
        _ => message,
    });
    real.feed(&script.seal_all(&flight));
    // Its purpose is the first thing that is wrong with it.
    let Some(Error::Certificate(error)) = real.verdict(&mut script) else { panic!("accepted") };
    assert_eq!(error.problem, embedded_mtls::CertificateProblem::ExtendedKeyUsage);
}

#[test]
fn a_server_rejects_a_bad_finished() {
    let wrong = misbehaved(PeerMisbehaved::FinishedIncorrect);
    check_flight(&[
        ("left out", 20, |_, _, _| vec![], Some(Error::ConnectionTruncated)),
        ("zeros", 20, |_, _, _| message(20, &[0; 32]), wrong),
        (
            "one bit",
            20,
            |_, _, mut m| {
                m[4] ^= 0x80;
                m
            },
            wrong,
        ),
    ]);
}

#[test]
fn a_client_without_a_certificate_is_accepted_where_it_is_optional() {
    let pki = Pki::new();
    let optional = |setup: Setup| {
        let anchors = test_support::pair::anchors(&[&pki.root]);
        Setup { server: embedded_mtls::ServerConfig::new(ClientAuth::Optional(anchors)), ..setup }
    };
    for (verify, expected) in [(false, FINE), (true, misbehaved(PeerMisbehaved::UnexpectedMessage))] {
        let (mut real, mut script) = server(optional(Setup::new(&pki)));
        let flight = script.client_flight(&pki, |message| match message[0] {
            CERTIFICATE => certificate(&[]),
            CERTIFICATE_VERIFY if !verify => vec![],
            _ => message,
        });
        real.feed(&script.seal_all(&flight));
        if expected.is_some() {
            assert_eq!(real.verdict(&mut script), expected, "a CertificateVerify without a certificate");
        } else {
            let session = real.session();
            assert_eq!(session.client_auth(), ClientAuthStatus::Declined);
            assert!(session.peer().is_none());
        }
    }
}

/// To the side that requests certificates, an alert is never a refusal, whatever the client answered.
#[test]
fn an_alert_to_a_server_is_not_a_refusal_of_a_credential() {
    let pki = Pki::new();
    let anchors = test_support::pair::anchors(&[&pki.root]);
    let unknown = AlertDescription::UNKNOWN_CA;
    for shows in [false, true] {
        let optional = || {
            let config = embedded_mtls::ServerConfig::new(ClientAuth::Optional(anchors));
            let (real, mut script) = server(Setup { server: config, ..Setup::new(&pki) });
            let flight = script.client_flight(&pki, |message| match message[0] {
                CERTIFICATE if !shows => certificate(&[]),
                CERTIFICATE_VERIFY if !shows => vec![],
                _ => message,
            });
            (real, script, flight)
        };
        // In place of the client's Finished.
        let (mut real, mut script, mut flight) = optional();
        flight.pop();
        flight.push(Sent::new(Epoch::Handshake, ALERT, &[2, unknown.0]));
        real.feed(&script.seal_all(&flight));
        assert_eq!(real.error(), Some(Error::AlertReceived(unknown)));
        assert!(
            real.handshake.failure().is_none_or(|failure| failure.refusal().is_none()),
            "client shows one: {shows}"
        );

        let (mut real, mut script, flight) = optional();
        real.feed(&script.seal_all(&flight));
        let mut session = real.session();
        let bytes = script.seal(&Sent::new(Epoch::Application, ALERT, &[2, unknown.0]));
        session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
        session.rx_commit(bytes.len()).unwrap();
        assert_eq!(session.poll().err(), Some(Error::AlertReceived(unknown)));
        assert!(session.failure().and_then(|failure| failure.refusal()).is_none(), "client shows one: {shows}");
    }
}

/// RFC 9846 section 4.5.1.3: whoever would need MD5 to validate a certificate "MUST abort the handshake with a
/// '`bad_certificate`' alert"; here the same goes for SHA-1.
#[test]
fn a_server_rejects_a_certificate_signed_with_md5_or_sha_1() {
    let pki = Pki::new();
    for identifier in BROKEN_SIGNATURES {
        let leaf = with_signature_algorithm(&pki.client.der, identifier);
        let chain = certificate(&[&leaf, &pki.intermediate.der]);
        let (mut real, mut script) = server(Setup::new(&pki));
        let flight =
            script.client_flight(&pki, |message| if message[0] == CERTIFICATE { chain.clone() } else { message });
        real.feed(&script.seal_all(&flight));
        let problem = CertificateProblem::UnsupportedSignature;
        let expected = Error::Certificate(CertificateError { index: 0, problem });
        assert_eq!(expected.alert(), Some(AlertDescription::BAD_CERTIFICATE));
        assert_eq!(real.verdict(&mut script), Some(expected), "{identifier:02x?}");
    }
}
