//! Rejections of a resumption on each side: a table for every field. The alert on the wire is that of the error.
#![cfg(feature = "resumption")]
#![allow(missing_docs)]
#![allow(clippy::too_many_lines, reason = "a table is as long as it is")]

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use embedded_mtls::x509::UnixTime;
use embedded_mtls::{CipherSuite, Credential, Error, InvalidMessage, PeerMisbehaved, Ticket, TicketKey, TicketKeys};
use test_support::messages::*;
use test_support::pair::{Refusing, Setup, credential, exchange, leak};
use test_support::pki::{NOW, Pki};
use test_support::script::{Real, Script, expand, invalid, misbehaved};

const NOBODY_REFUSES: Refusing = Refusing { client: false, server: false };

fn setup(pki: &Pki) -> Setup {
    let mut setup = Setup::new(pki);
    let keys = leak(Box::new(TicketKeys::new(TicketKey::new(&[1; TicketKey::LEN]))));
    setup.client = setup.client.with_resumption(true);
    setup.server = setup.server.with_tickets(keys, 3_600);
    setup
}

fn at(seconds: i64) -> UnixTime {
    UnixTime(NOW + seconds)
}

fn mine(pki: &Pki) -> &'static Credential<'static> {
    leak(Box::new(credential(&[&pki.client, &pki.intermediate], 0)))
}

/// The ticket of a full handshake, as the client keeps it.
fn ticket(pki: &Pki) -> Vec<u8> {
    let (mut client, mut server) = setup(pki).run().sessions();
    exchange(&mut client, &mut server).unwrap();
    let mut out = vec![0; Ticket::MAX_LEN];
    let len = client.take_ticket(at(0), &mut out).unwrap().expect("a ticket");
    out.truncate(len);
    out
}

fn offer(setup: &Setup, pki: &Pki, ticket: &[u8]) -> test_support::pair::ClientHandshake {
    let mut client = setup.client_handshake().unwrap();
    let bytes = leak(ticket.to_vec().into_boxed_slice());
    client.resume(Ticket::new(bytes), Some(mine(pki)), at(1)).unwrap();
    client
}

/// A ClientHello with the ticket, and the pre-shared key of that.
struct Offered {
    hello: Hello,
    psk: Vec<u8>,
}

impl Offered {
    fn new(pki: &Pki) -> Self {
        let (ticket, setup) = (ticket(pki), setup(pki));
        let client = offer(&setup, pki, &ticket);
        let server = setup.server_handshake().unwrap();
        let outcome = setup.run_from(client, server, |_, _| {}, &NOBODY_REFUSES);
        let hello = Hello::parse(&messages(&records(&outcome.wire.from_client)[0][5..])[0]);
        Self { hello, psk: ticket[2..34].to_vec() }
    }

    fn identity(&self) -> &[u8] {
        let body = self.hello.extension(PRE_SHARED_KEY).unwrap();
        let list = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
        &body[2..list]
    }

    fn binder(&self) -> &[u8] {
        let body = self.hello.extension(PRE_SHARED_KEY).unwrap();
        &body[body.len() - 32..]
    }

    /// The hello with these identities and binders.
    fn with(&self, identities: &[&[u8]], binders: &[&[u8]]) -> Hello {
        let binders: Vec<_> = binders.iter().map(|binder| vec8(binder)).collect();
        let body = [vec16(&identities.concat()), vec16(&binders.concat())].concat();
        self.hello.clone().with(PRE_SHARED_KEY, &body)
    }

    /// Puts the right binder into the last place of `binders` places, computed without the core.
    fn bind(&self, hello: &Hello, binders: usize) -> Hello {
        let sha256 = |bytes: &[u8]| RustCrypto.digest(HashAlgorithm::Sha256, &[bytes]).unwrap().as_bytes().to_vec();
        let hmac = |key: &[u8], bytes: &[u8]| {
            RustCrypto.hmac(HashAlgorithm::Sha256, key, &[bytes]).unwrap().as_bytes().to_vec()
        };
        let early = hmac(&[0; 32], &self.psk);
        let key = expand(AES_128_GCM, &early, "res binder", &sha256(b""), 32);
        let key = expand(AES_128_GCM, &key, "finished", b"", 32);
        let message = hello.emit();
        let binder = hmac(&key, &sha256(&message[..message.len() - 2 - 33 * binders]));
        let body = hello.extension(PRE_SHARED_KEY).unwrap();
        let body = [&body[..body.len() - 32], &binder].concat();
        hello.clone().with(PRE_SHARED_KEY, &body)
    }
}

/// The ticket that a server selects, or its error.
type Answer = Result<Option<u16>, Error>;

fn says(pki: &Pki, hello: &Hello) -> Answer {
    let (mut real, mut script) = (Real::server(setup(pki)), Script::client(Script::hello(X25519)));
    real.feed(&record(22, &hello.emit()));
    if real.end.is_none() && !real.out.is_empty() {
        let answer = Hello::parse(&messages(&records(&real.out)[0][5..])[0]);
        return Ok(answer.extension(PRE_SHARED_KEY).map(|body| u16::from_be_bytes(body.try_into().unwrap())));
    }
    Err(real.verdict(&mut script).expect("an error"))
}

fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

#[test]
fn a_server_rejects_what_is_malformed_and_ignores_what_is_unknown() {
    let pki = Pki::new();
    let offered = Offered::new(&pki);
    let (one, binder) = (offered.identity(), offered.binder());
    let other = [vec16(b"a ticket of somebody else"), vec![1, 2, 3, 4]].concat();
    let empty = [vec16(b""), vec![0; 4]].concat();
    let hello = &offered.hello;
    let fails = |reason: Option<Error>| Err(reason.unwrap());
    let rows: Vec<(&str, Hello, Answer)> = vec![
        ("nothing", hello.clone(), Ok(Some(0))),
        ("the same, bound again", offered.bind(hello, 1), Ok(Some(0))),
        ("a binder of zeros", offered.with(&[one], &[&[0; 32]]), fails(misbehaved(PeerMisbehaved::BinderIncorrect))),
        ("a binder of SHA-384", offered.with(&[one], &[&[7; 48]]), fails(misbehaved(PeerMisbehaved::BinderIncorrect))),
        (
            "a binder that is too short",
            offered.with(&[one], &[&binder[1..]]),
            fails(invalid(InvalidMessage::Truncated)),
        ),
        ("no binder", offered.with(&[one], &[]), fails(invalid(InvalidMessage::EmptyVector))),
        ("no identity", offered.with(&[], &[binder]), fails(invalid(InvalidMessage::EmptyVector))),
        ("an empty identity", offered.with(&[&empty], &[binder]), fails(invalid(InvalidMessage::EmptyVector))),
        ("a binder more", offered.with(&[one], &[binder, binder]), fails(invalid(InvalidMessage::IllegalValue))),
        ("an identity more", offered.with(&[one, &other], &[binder]), fails(invalid(InvalidMessage::IllegalValue))),
        (
            "bytes behind the binders",
            {
                let body = [hello.extension(PRE_SHARED_KEY).unwrap(), &[0]].concat();
                hello.clone().with(PRE_SHARED_KEY, &body)
            },
            fails(invalid(InvalidMessage::TrailingBytes)),
        ),
        ("an extension behind it", hello.clone().with(GREASE, b""), fails(invalid(InvalidMessage::IllegalValue))),
        (
            "another field of the hello changed",
            Hello { random: [9; 32], ..hello.clone() },
            fails(misbehaved(PeerMisbehaved::BinderIncorrect)),
        ),
        (
            "no modes",
            hello.clone().without(PSK_KEY_EXCHANGE_MODES),
            fails(misbehaved(PeerMisbehaved::MissingExtension)),
        ),
        (
            "an empty list of modes",
            hello.clone().with(PSK_KEY_EXCHANGE_MODES, &[0]),
            fails(invalid(InvalidMessage::EmptyVector)),
        ),
        (
            "modes without a length",
            hello.clone().with(PSK_KEY_EXCHANGE_MODES, &[]),
            fails(invalid(InvalidMessage::Truncated)),
        ),
        ("the mode without a key exchange", hello.clone().with(PSK_KEY_EXCHANGE_MODES, &[1, 0]), Ok(None)),
        ("an unknown ticket", offered.with(&[&other], &[binder]), Ok(None)),
        ("an unknown ticket first", offered.bind(&offered.with(&[&other, one], &[&[0; 32], binder]), 2), Ok(Some(1))),
        (
            "the right one behind as many as are tried",
            offered.bind(&offered.with(&[&other, &other, &other, &other, one], &[&[0; 32][..]; 5]), 5),
            Ok(None),
        ),
        (
            "the right one in the last place that is tried",
            offered.bind(&offered.with(&[&other, &other, &other, one], &[&[0; 32][..]; 4]), 4),
            Ok(Some(3)),
        ),
        (
            "only the binder of the selected one counts",
            offered.with(&[one, &other], &[binder, &[0; 32]]),
            fails(misbehaved(PeerMisbehaved::BinderIncorrect)),
        ),
        (
            "0-RTT data announced",
            {
                // Before the last extension; the binder covers it.
                let mut hello = hello.clone();
                let last = hello.extensions.pop().unwrap();
                hello.extensions.extend([(EARLY_DATA, vec![]), last]);
                offered.bind(&hello, 1)
            },
            Ok(Some(0)),
        ),
        ("another server name", offered.bind(&named(hello, "b.example"), 1), Ok(None)),
        (
            "a ticket instead of signature_algorithms",
            offered.bind(&hello.clone().without(SIGNATURE_ALGORITHMS), 1),
            Ok(Some(0)),
        ),
        (
            "an unknown ticket instead of signature_algorithms",
            offered.with(&[&other], &[binder]).without(SIGNATURE_ALGORITHMS),
            fails(misbehaved(PeerMisbehaved::MissingExtension)),
        ),
        (
            "a ticket instead of signature_algorithms, in a mode that we do not have",
            hello.clone().with(PSK_KEY_EXCHANGE_MODES, &[1, 0]).without(SIGNATURE_ALGORITHMS),
            fails(misbehaved(PeerMisbehaved::MissingExtension)),
        ),
        ("no server name", offered.bind(&hello.clone().without(SERVER_NAME_EXTENSION), 1), Ok(None)),
    ];
    for (name, hello, expected) in rows {
        assert_eq!(says(&pki, &hello), expected, "{name}");
    }
}

fn named(hello: &Hello, name: &str) -> Hello {
    let body = vec16(&[&[0][..], &vec16(name.as_bytes())].concat());
    hello.clone().with(SERVER_NAME_EXTENSION, &body)
}

/// RFC 6066 section 3: "When resuming a session, the server MUST NOT include a `server_name` extension in the server hello",
/// which TLS 1.3 has moved to EncryptedExtensions.
#[test]
fn a_server_that_resumes_neither_repeats_the_name_nor_asks_for_a_certificate() {
    let pki = Pki::new();
    let offered = Offered::new(&pki);
    let share = Script::hello(X25519).extension(KEY_SHARE).unwrap().to_vec();
    let hello = offered.bind(&offered.hello.clone().with(KEY_SHARE, &share), 1);
    assert!(hello.extension(SERVER_NAME_EXTENSION).is_some());
    let (mut real, mut script) = (Real::server(setup(&pki)), Script::client(hello));
    script.psk.clone_from(&offered.psk);
    real.feed(&script.say_hello());
    let said = script.hear_server(&real.take());
    assert_eq!(
        said.iter().map(|message| message[0]).collect::<Vec<_>>(),
        [SERVER_HELLO, ENCRYPTED_EXTENSIONS, FINISHED]
    );
    // The client has asked for a limit of records, too.
    assert_eq!(said[1], encrypted_extensions(&[(RECORD_SIZE_LIMIT, said[1][10..].to_vec())]));
}

#[test]
fn every_bit_of_a_ticket_counts() {
    let pki = Pki::new();
    let offered = Offered::new(&pki);
    let len = offered.identity().len() - 4;
    // The ticket, after its length. A changed one is not known, and its binder is not checked.
    for at in 2..len {
        let hello = offered.with(&[&changed(offered.identity(), at)], &[offered.binder()]);
        assert_eq!(says(&pki, &hello), Ok(None), "byte {at}");
    }
    // The age is bound, but it is not judged: there is no 0-RTT data that could be replayed.
    let aged = changed(offered.identity(), len);
    let hello = offered.with(&[&aged], &[offered.binder()]);
    assert_eq!(says(&pki, &hello).err(), misbehaved(PeerMisbehaved::BinderIncorrect));
    assert_eq!(says(&pki, &offered.bind(&hello, 1)), Ok(Some(0)));
}

#[test]
fn every_bit_of_a_binder_counts() {
    let pki = Pki::new();
    let offered = Offered::new(&pki);
    for at in 0..32 {
        let hello = offered.with(&[offered.identity()], &[&changed(offered.binder(), at)]);
        assert_eq!(says(&pki, &hello).err(), misbehaved(PeerMisbehaved::BinderIncorrect), "byte {at}");
    }
}

/// Returns the error of a client for a ServerHello that was changed in transit.
fn hears(pki: &Pki, ticket: Option<&[u8]>, edit: impl Fn(Hello) -> Hello, config: fn(Setup) -> Setup) -> Option<Error> {
    let setup = config(setup(pki));
    let client = match ticket {
        Some(ticket) => offer(&setup, pki, ticket),
        None => setup.client_handshake().unwrap(),
    };
    let server = setup.server_handshake().unwrap();
    let mut edited = false;
    let tamper = |_: &mut Vec<u8>, to_client: &mut Vec<u8>| {
        if to_client.is_empty() || edited {
            return;
        }
        edited = true;
        let first = records(to_client)[0].to_vec();
        let hello = edit(Hello::parse(&messages(&first[5..])[0]));
        *to_client = [&record(22, &hello.emit())[..], &to_client[first.len()..]].concat();
    };
    setup.run_from(client, server, tamper, &NOBODY_REFUSES).client.err().map(|(error, _)| error)
}

#[test]
fn a_client_rejects_answers_that_do_not_match_its_ticket() {
    let pki = Pki::new();
    let ticket = ticket(&pki);
    let same: fn(Setup) -> Setup = |setup| setup;
    // A server of other keys, which does not resume.
    let full: fn(Setup) -> Setup = |mut setup| {
        let keys = leak(Box::new(TicketKeys::new(TicketKey::new(&[2; TicketKey::LEN]))));
        setup.server = setup.server.with_tickets(keys, 3_600);
        setup
    };
    let other_hash: fn(Setup) -> Setup = |mut setup| {
        setup.server = setup.server.with_cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
        setup
    };
    let offered = Some(&ticket[..]);
    let select = |index: u16| move |hello: Hello| hello.with(PRE_SHARED_KEY, &index.to_be_bytes());
    assert_eq!(hears(&pki, offered, |hello| hello, same), None);
    assert_eq!(hears(&pki, offered, |hello| hello, full), None);
    let illegal = misbehaved(PeerMisbehaved::SelectedNotOffered);
    assert_eq!(hears(&pki, offered, select(1), same), illegal, "an index that was not offered");
    assert_eq!(hears(&pki, offered, select(u16::MAX), same), illegal);
    assert_eq!(hears(&pki, offered, select(0), other_hash), illegal, "a suite of another hash");
    assert_eq!(hears(&pki, offered, |hello| hello.without(KEY_SHARE), same), illegal, "no key exchange");
    let unsolicited = misbehaved(PeerMisbehaved::UnsolicitedExtension);
    assert_eq!(hears(&pki, None, select(0), same), unsolicited, "nothing was offered");
    // Nobody on the way can make them resume, or keep them from it: their keys differ then.
    assert_eq!(hears(&pki, offered, select(0), full), Some(Error::DecryptFailed));
    assert_eq!(hears(&pki, offered, |hello| hello.without(PRE_SHARED_KEY), same), Some(Error::DecryptFailed));
    for body in [&[][..], &[0], &[0, 0, 0]] {
        let error = hears(&pki, offered, |hello| hello.with(PRE_SHARED_KEY, body), same);
        assert!(matches!(error, Some(Error::InvalidMessage(_))), "{body:?}");
    }
    let twice = |mut hello: Hello| {
        hello.extensions.extend([(PRE_SHARED_KEY, vec![0, 0])]);
        hello
    };
    assert_eq!(hears(&pki, offered, twice, same), invalid(InvalidMessage::DuplicateExtension));
}
