//! Key exchange by X25519MLKEM768, in both roles: agreed, requested, left out, and what is rejected.
#![cfg(feature = "mlkem")]
#![allow(missing_docs)]

use embedded_mtls::{BufferKind, Error, NamedGroup, PeerIncompatible, PeerMisbehaved};
use test_support::messages::*;
use test_support::pair::{Outcome, Refusing, Setup, Sizes, credential, exchange, leak, leak_all};
use test_support::pki::Pki;
use test_support::script::{Real, Script, client, misbehaved};

const HYBRID: NamedGroup = NamedGroup::X25519MLKEM768;
const ENCAPSULATION_KEY: usize = 1_184;
const CIPHERTEXT: usize = 1_088;

fn setup(pki: &Pki, at_client: &[NamedGroup], at_server: &[NamedGroup]) -> Setup {
    let mut setup = Setup::new(pki);
    setup.client = setup.client.with_groups(leak_all(at_client.to_vec()));
    setup.server = setup.server.with_groups(leak_all(at_server.to_vec()));
    setup
}

#[track_caller]
fn agrees(outcome: Outcome, group: NamedGroup, retried: bool) {
    let (mut client, mut server) = outcome.sessions();
    for negotiated in [client.negotiated(), server.negotiated()] {
        assert_eq!((negotiated.group, negotiated.retried), (group, retried));
    }
    let mut exported = [[0; 32], [1; 32]];
    client.export(b"EXPORTER-test", b"", &mut exported[0]).unwrap();
    server.export(b"EXPORTER-test", b"", &mut exported[1]).unwrap();
    assert_eq!(exported[0], exported[1]);
    client.write(b"ping").unwrap();
    server.write(b"pong").unwrap();
    assert_eq!(exchange(&mut client, &mut server), Ok((b"pong".to_vec(), b"ping".to_vec())));
}

/// A client's hello, with this share of the hybrid.
fn hello_with(share: &[u8]) -> Vec<u8> {
    let groups = list16(&[HYBRID.0, X25519]);
    let hello = Script::hello(X25519).with(SUPPORTED_GROUPS, &groups);
    hello.with(KEY_SHARE, &vec16(&key_share((HYBRID.0, share)))).emit()
}

/// A share that a client of ours sends.
fn right_share(pki: &Pki) -> Vec<u8> {
    let (_, script) = client(setup(pki, &[HYBRID], &[HYBRID]));
    let (group, share) = script.client_hello.share();
    assert_eq!(group, HYBRID.0);
    share.to_vec()
}

/// Runs both sides while `change` changes the ServerHello, and returns the client's error.
fn with_server_hello(pki: &Pki, change: impl Fn(Hello) -> Hello) -> Option<Error> {
    let mut is_changed = false;
    let outcome = setup(pki, &[HYBRID], &[HYBRID]).run_with(|_, to_client| {
        if is_changed || to_client.is_empty() {
            return;
        }
        let first = records(to_client)[0].to_vec();
        let changed = record(22, &change(Hello::parse(&first[5..])).emit());
        to_client.splice(..first.len(), changed);
        is_changed = true;
    });
    assert!(is_changed);
    outcome.client.err().map(|(error, _)| error)
}

#[test]
fn both_sides_prefer_the_hybrid_by_default() {
    let pki = Pki::new();
    let (_, script) = client(Setup::new(&pki));
    assert_eq!(script.client_hello.share().0, HYBRID.0);
    assert_eq!(script.client_hello.share().1.len(), ENCAPSULATION_KEY + 32);
    for chunk in [0, 1, 7, 1_000] {
        agrees(Setup { chunk, ..Setup::new(&pki) }.run(), HYBRID, false);
    }
}

#[test]
fn the_same_entropy_gives_the_same_bytes() {
    let pki = Pki::new();
    let [first, second] = [0, 1].map(|_| Setup::new(&pki).run().wire);
    assert_eq!((first.from_client, first.from_server), (second.from_client, second.from_server));
}

#[test]
fn a_server_without_the_hybrid_requests_a_classical_group() {
    let pki = Pki::new();
    for group in [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        agrees(setup(&pki, &[HYBRID, group], &[group]).run(), group, true);
    }
    let outcome = setup(&pki, &[HYBRID], &[NamedGroup::X25519]).run();
    assert_eq!(outcome.errors().1, Some(PeerIncompatible::NoGroup.into()));
}

#[test]
fn a_classical_share_beside_the_hybrid_saves_the_retry() {
    let pki = Pki::new();
    for shares in [[HYBRID, NamedGroup::X25519], [NamedGroup::X25519, HYBRID]] {
        for group in shares {
            let mut setup = setup(&pki, leak_all(shares.to_vec()), &[group]);
            setup.client = setup.client.with_key_shares(leak_all(shares.to_vec()));
            agrees(setup.run(), group, false);
        }
        let mut setup = setup(&pki, leak_all(shares.to_vec()), &[HYBRID, NamedGroup::X25519]);
        setup.client = setup.client.with_key_shares(leak_all(shares.to_vec()));
        agrees(setup.run(), HYBRID, false);
    }
}

#[test]
fn a_client_that_lists_the_hybrid_without_a_share_answers_the_retry() {
    let pki = Pki::new();
    let shares: [&[NamedGroup]; 3] = [&[], &[NamedGroup::X25519], &[NamedGroup::X25519, NamedGroup::SECP256R1]];
    for shares in shares {
        let mut setup = setup(&pki, &[NamedGroup::X25519, NamedGroup::SECP256R1, HYBRID], &[HYBRID]);
        setup.client = setup.client.with_key_shares(leak_all(shares.to_vec()));
        agrees(setup.run(), HYBRID, true);
    }
    // Requested in place of a share that would do, only if so configured.
    for preferred in [false, true] {
        let mut setup = setup(&pki, &[NamedGroup::X25519, HYBRID], &[HYBRID, NamedGroup::X25519]);
        setup.server = setup.server.with_retry_for_preferred_group(preferred);
        agrees(setup.run(), if preferred { HYBRID } else { NamedGroup::X25519 }, preferred);
    }
}

#[test]
fn a_client_that_does_not_list_the_hybrid_rejects_it() {
    let pki = Pki::new();
    let (mut real, script) = client(setup(&pki, &[NamedGroup::X25519], &[]));
    real.feed(&record(22, &Hello::retry(&script.client_hello.session_id, AES_128_GCM, HYBRID.0).emit()));
    assert_eq!(real.error(), Some(PeerMisbehaved::HelloRetryRequestIllegal.into()));

    let (mut real, script) = client(setup(&pki, &[NamedGroup::X25519], &[]));
    let share = vec![1; CIPHERTEXT + 32];
    real.feed(&record(22, &Hello::server(&script.client_hello.session_id, AES_128_GCM, (HYBRID.0, &share)).emit()));
    assert_eq!(real.error(), Some(PeerMisbehaved::KeyShareNotOffered.into()));
}

#[test]
fn a_server_rejects_a_bad_share_with_illegal_parameter() {
    let pki = Pki::new();
    let right = right_share(&pki);
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut share = right.clone();
        change(&mut share);
        share
    };
    let rows = [
        ("one byte", vec![1]),
        ("X25519 alone", right[ENCAPSULATION_KEY..].to_vec()),
        ("ML-KEM alone", right[..ENCAPSULATION_KEY].to_vec()),
        ("a byte less", changed(&|share| share.truncate(share.len() - 1))),
        ("a byte more", changed(&|share| share.push(0))),
        ("of the length of a server's", changed(&|share| share.truncate(CIPHERTEXT + 32))),
        (
            "a coefficient of the modulus",
            changed(&|share| {
                share[0] = 0x01;
                share[1] = share[1] & 0xf0 | 0x0d;
            }),
        ),
        ("all coefficients too large", changed(&|share| share[..ENCAPSULATION_KEY - 32].fill(0xff))),
        ("a point of X25519 that gives zero", changed(&|share| share[ENCAPSULATION_KEY..].fill(0))),
    ];
    for (name, share) in rows {
        let hello = hello_with(&share);
        let (mut real, mut script) = (Real::server(setup(&pki, &[], &[HYBRID])), Script::client(Hello::parse(&hello)));
        real.feed(&record(22, &hello));
        // The verdict checks that the alert on the wire is that of the error: illegal_parameter.
        assert_eq!(real.verdict(&mut script), misbehaved(PeerMisbehaved::KeyShareInvalid), "{name}");
    }
    let mut real = Real::server(setup(&pki, &[], &[HYBRID]));
    real.feed(&record(22, &hello_with(&right)));
    let answer = real.take();
    assert_eq!(Hello::parse(&records(&answer)[0][5..]).share().1.len(), CIPHERTEXT + 32);
}

#[test]
fn a_client_rejects_a_bad_share() {
    let pki = Pki::new();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        with_server_hello(&pki, |hello| {
            let mut share = hello.share().1.to_vec();
            change(&mut share);
            hello.with(KEY_SHARE, &key_share((HYBRID.0, &share)))
        })
    };
    let invalid = Some(PeerMisbehaved::KeyShareInvalid.into());
    assert_eq!(with(&|share| share.truncate(share.len() - 1)), invalid);
    assert_eq!(with(&|share| share.push(0)), invalid);
    assert_eq!(with(&|share| *share = share[CIPHERTEXT..].to_vec()), invalid);
    assert_eq!(with(&|share| share.truncate(CIPHERTEXT)), invalid);
    assert_eq!(with(&|share| share.resize(ENCAPSULATION_KEY + 32, 1)), invalid);
    assert_eq!(with(&|share| share[CIPHERTEXT..].fill(0)), invalid);
    // ML-KEM rejects implicitly: another secret, so that the first protected record does not open.
    assert_eq!(with(&|share| share[0] ^= 1), Some(Error::DecryptFailed));
    assert_eq!(with(&|_| {}), None);
}

/// 1 KiB each way, or less: both hellos are longer than `tx` and than `rx`.
#[test]
fn the_shares_pass_through_buffers_that_cannot_hold_them() {
    let pki = Pki::new();
    let groups: [&[NamedGroup]; 2] = [&[HYBRID, NamedGroup::X25519], &[NamedGroup::X25519, HYBRID]];
    for (at_client, retried) in groups.into_iter().zip([false, true]) {
        for tx in [160, 161, 162, 163, 164, 512, 1_023, 1_024, 1_025, 1_239, 1_240, 1_500, 2_048] {
            let mut setup = setup(&pki, at_client, &[HYBRID]);
            setup.client_sizes = Sizes { rx: 1_024, tx, peer: 2_048 };
            setup.server_sizes = setup.client_sizes;
            setup.chunk = [0, 1, 100][tx % 3];
            agrees(setup.run(), HYBRID, retried);
        }
    }
}

#[test]
fn a_buffer_without_room_for_the_shares_is_an_error_that_names_the_size() {
    let pki = Pki::new();
    let [to_server, to_client] = {
        let wire = Setup::new(&pki).run().wire;
        [wire.from_client, wire.from_server].map(|sent| records(&sent)[0].len())
    };
    for tx in [512, 2_048] {
        let with = |rx, peer| {
            let mut small = Setup::new(&pki);
            small.client_sizes = Sizes { rx, tx, peer };
            small.server_sizes = Sizes { tx, ..Sizes::DEFAULT };
            small.run().errors().0
        };
        let refused = Error::BufferTooSmall { buffer: BufferKind::Rx, need: to_client.into() };
        assert_eq!(with(1_024, to_client - 6), Some(refused));
        assert_eq!(with(to_client - 1, to_client - 6), Some(refused));
        assert_eq!(with(1_024, to_client - 5), None);
        assert_eq!(with(to_client, to_client - 6), None);

        let with = |rx, peer| {
            let mut small = Setup::new(&pki);
            small.client_sizes = Sizes { tx, ..Sizes::DEFAULT };
            small.server_sizes = Sizes { rx, tx, peer };
            small.run().errors().1
        };
        let refused = Error::BufferTooSmall { buffer: BufferKind::Rx, need: to_server.into() };
        assert_eq!(with(1_024, to_server - 6), Some(refused));
        assert_eq!(with(to_server - 1, to_server - 6), Some(refused));
        assert_eq!(with(1_024, to_server - 5), None);
        assert_eq!(with(to_server, to_server - 6), None);
    }
}

/// A ticket lies in the peer memory while the ServerHello is collected there; so does the ClientHello while the server
/// restores its client.
#[cfg(feature = "resumption")]
#[test]
fn a_hybrid_session_is_resumed_through_buffers_that_cannot_hold_its_hellos() {
    use embedded_mtls::x509::UnixTime;
    use embedded_mtls::{Ticket, TicketKey, TicketKeys};

    let pki = Pki::new();
    let keys: &'static TicketKeys = leak(Box::new(TicketKeys::new(TicketKey::new(&[1; TicketKey::LEN]))));
    let at = |seconds| UnixTime(test_support::pki::NOW + seconds);
    let with = |retried: bool| {
        let groups: &[NamedGroup] = if retried { &[NamedGroup::X25519, HYBRID] } else { &[HYBRID] };
        let mut setup = setup(&pki, groups, &[HYBRID]);
        setup.client = setup.client.with_resumption(true);
        setup.server = setup.server.with_tickets(keys, 3_600);
        setup.client_sizes = Sizes { rx: 1_024, tx: 512, peer: 2_048 };
        setup.server_sizes = Sizes { rx: 1_024, tx: 1_024, peer: 2_560 };
        setup
    };
    for retried in [false, true] {
        let (mut client, mut server) = with(retried).run().sessions();
        exchange(&mut client, &mut server).unwrap();
        let mut ticket = [0; Ticket::MAX_LEN];
        let len = client.take_ticket(at(0), &mut ticket).unwrap().expect("a ticket");

        let setup = with(retried);
        let (mut client, server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
        let mine = leak(Box::new(credential(&[&pki.client, &pki.intermediate], 0)));
        client.resume(Ticket::new(leak(Box::new(ticket)).get_mut(..len).unwrap()), Some(mine), at(1)).unwrap();
        let outcome = setup.run_from(client, server, |_, _| {}, &Refusing { client: false, server: false });
        assert!(outcome.client.as_ref().is_ok_and(|client| client.negotiated().resumed), "{:?}", outcome.errors());
        agrees(outcome, HYBRID, retried);
    }
}
