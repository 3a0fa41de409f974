//! First flights as other implementations send them, and what a server answers.
#![allow(missing_docs)]

use embedded_mtls::{Error, PeerMisbehaved, Server};
use test_support::messages::*;
use test_support::pair::Setup;
use test_support::pki::Pki;
use test_support::script::{ALERT, HANDSHAKE, Real, Script, misbehaved};

/// The records of a file in `tests/data`, one a line.
fn recorded(text: &str) -> Vec<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
}

fn wolfssl() -> [Vec<u8>; 2] {
    recorded(include_str!("data/wolfssl-hellos.hex")).try_into().expect("two hellos")
}

/// A server that has been sent this, and the first message of its answer.
fn answer(setup: Setup, flight: &[u8]) -> (Real<'static, Server>, Hello) {
    let mut real = Real::server(setup);
    real.feed(flight);
    let out = real.take();
    let first = records(&out)[0];
    assert_eq!(first[0], HANDSHAKE, "{first:02x?}");
    (real, Hello::parse(&first[5..]))
}

fn is_retry(hello: &Hello) -> bool {
    hello.random == Hello::retry(&[], AES_128_GCM, X25519).random
}

#[test]
fn a_server_takes_the_share_of_a_wolfssl_client_instead_of_asking_for_another() {
    let [first, _] = wolfssl();
    let (real, hello) = answer(Setup::new(&Pki::new()), &first);
    assert_eq!(real.end, None);
    assert!(!is_retry(&hello));
    assert_eq!(hello.share().0, P256);
}

/// The order of extensions counts as a modification; so those clients cannot connect where they are sent back.
#[test]
fn a_server_that_insists_on_its_preferred_group_rejects_the_second_hello_of_a_wolfssl_client() {
    let [first, second] = wolfssl();
    let mut setup = Setup::new(&Pki::new());
    setup.server = setup.server.with_retry_for_preferred_group(true);
    let (mut real, hello) = answer(setup, &first);
    assert!(is_retry(&hello));
    assert_eq!(hello.extension(KEY_SHARE), Some(&X25519.to_be_bytes()[..]));
    real.feed(&second);
    assert_eq!(real.end, Some(Err(Error::PeerMisbehaved(PeerMisbehaved::SecondClientHelloDiffers))));
    assert_eq!(real.take(), record(ALERT, &[2, 47]));
}

/// Among the shares that a client sends, the server selects that of the group it prefers.
#[test]
fn a_server_takes_the_best_share_of_several() {
    let pki = Pki::new();
    for shares in [[P256, X25519], [X25519, P256]] {
        let keys: Vec<_> = shares.iter().flat_map(|group| key_share(Script::hello(*group).share())).collect();
        let mut script = Script::client(Script::hello(X25519).with(KEY_SHARE, &vec16(&keys)));
        let (_, hello) = answer(Setup::new(&pki), &script.say_hello());
        assert!(!is_retry(&hello));
        assert_eq!(hello.share().0, X25519, "{shares:?}");
    }
}

/// RFC 9846 appendix E.5: "MUST abort the handshake with a '`protocol_version`' alert".
#[test]
fn a_hello_of_ssl_3_is_rejected_by_its_version() {
    let hello = Hello { version: 0x300, ..Script::hello(X25519) };
    let mut real = Real::server(Setup::new(&Pki::new()));
    real.feed(&record(HANDSHAKE, &hello.emit()));
    assert_eq!(real.end, Some(Err(misbehaved(PeerMisbehaved::LegacyVersion).unwrap())));
    assert_eq!(real.take(), record(ALERT, &[2, 70]));
}
