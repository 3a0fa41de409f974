//! What is left of the secrets of a connection in the memory of this process: in use, after a failure, and when it is dropped. All of
//! it is searched, by way of `/proc/self/mem`. This program keeps the secrets inverted, so that it holds no copy of its own.
//!
//! The compiler moves values and leaves copies in the frames of functions that have returned, which no library can wipe;
//! `SECURITY.md` says so. So the stack is counted apart.
#![cfg(target_os = "linux")]
#![allow(clippy::too_many_lines, reason = "one process, one search after the other")]

use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::crypto::{CryptoProvider, HashAlgorithm};
use embedded_mtls::x509::UnixTime;
use embedded_mtls::{
    AlertDescription, CipherSuite, Entropy, Handshake, KeyLog, KeyLogLine, Ticket, TicketKey, TicketKeys,
};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use test_support::messages::records;
use test_support::pair::{ClientHandshake, ServerHandshake, Setup, advance, deliver, drain, exchange, leak};
use test_support::pki::{NOW, Pki};

/// The first bytes of a secret, inverted, and its name.
type Secret = (String, [u8; 16]);

/// A record that no key opens.
const BROKEN: [u8; 45] = {
    let mut record = [0; 45];
    (record[0], record[1], record[2], record[4]) = (23, 3, 3, 40);
    record
};

#[derive(Default)]
struct Log(Mutex<Vec<Secret>>);

impl KeyLog for Log {
    fn secret(&self, line: &KeyLogLine<'_>) {
        let mut secrets = self.0.lock().unwrap();
        secrets.push((line.label.to_owned(), inverted(line.secret)));
        if line.label.contains("TRAFFIC") {
            // HKDF-Expand-Label(secret, "key", "", 32): one block.
            let block: &[u8] = b"\0\x20\x09tls13 key\0\x01";
            secrets.push((format!("key of {}", line.label), mac(line.secret, &[block])));
        }
    }
}

fn inverted(secret: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| !secret[at])
}

/// The MAC, inverted.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    inverted(RustCrypto.hmac(HashAlgorithm::Sha256, key, parts).unwrap().as_bytes())
}

/// The places of secrets on the stack of this thread, and elsewhere.
#[derive(Debug, Default, PartialEq, Eq)]
struct Left {
    stack: Vec<String>,
    elsewhere: Vec<String>,
}

fn search(secrets: &[Secret]) -> Left {
    let here = 0_u8;
    let on_stack = std::ptr::from_ref(&here).addr() as u64;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut piece = vec![0_u8; 1 << 20];
    let own = piece.as_ptr().addr() as u64..piece.as_ptr().addr() as u64 + piece.len() as u64;
    let mut left = Left::default();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|access| access.starts_with("rw"))) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut at = from;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(piece.len());
            if memory.read_exact_at(&mut piece[..length], at).is_err() {
                break;
            }
            for (offset, window) in piece[..length].windows(16).enumerate() {
                let found =
                    secrets.iter().find(|(_, secret)| window.iter().zip(secret).all(|(byte, other)| *byte == !*other));
                let address = at + offset as u64;
                if let Some((name, _)) = found.filter(|_| !own.contains(&address)) {
                    let list = if (from..to).contains(&on_stack) { &mut left.stack } else { &mut left.elsewhere };
                    list.push(name.clone());
                }
            }
            // Overlapping, so that none is cut.
            at += if length == piece.len() { length as u64 - 15 } else { length as u64 };
        }
    }
    // What was searched is a copy of it.
    piece.fill(0);
    std::hint::black_box(&mut piece);
    left
}

fn run(client: &mut ClientHandshake, server: &mut ServerHandshake, setup: &mut Setup) {
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut done = (None, None);
    while done != (Some(Ok(())), Some(Ok(()))) {
        done.0 = done.0.or_else(|| advance(client, &mut setup.client_host));
        drain(client, &mut up, &mut Vec::new());
        deliver(&mut up, server, 0);
        done.1 = done.1.or_else(|| advance(server, &mut setup.server_host));
        drain(server, &mut down, &mut Vec::new());
        deliver(&mut down, client, 0);
    }
}

/// Makes handshakes that are done, and logs their secrets.
fn connected(mut setup: Setup, log: &'static Log) -> (ClientHandshake, ServerHandshake) {
    let mut client = setup.client_handshake().unwrap();
    let mut server = setup.server_handshake().unwrap();
    client.dangerous_set_key_log(log);
    run(&mut client, &mut server, &mut setup);
    (client, server)
}

fn setup(pki: &Pki, keys: &'static TicketKeys) -> Setup {
    let mut setup = Setup::new(pki);
    // Its keys are in memory as they are.
    setup.client = setup.client.with_cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256]);
    setup.client = setup.client.with_resumption(true);
    setup.server = setup.server.with_tickets(keys, 3_600);
    setup
}

/// Lets a client's handshake fail before the ServerHello or after it: its seeds, its keys and its hedge are forgotten at once.
fn a_handshake_that_fails_forgets_its_secrets(mut setup: Setup, log: &'static Log, after_hello: bool) {
    // Others each time: the stack keeps those of the last.
    let mask = if after_hello { 0x39 } else { 0x5c };
    let bytes: [u8; Entropy::LEN] = std::array::from_fn(|at| u8::try_from(at * 5 % 251).unwrap_or_default() ^ mask);
    let hedge = mac(&bytes[96..], &[&bytes[64..96], b"CertificateVerify"]);
    let seeds =
        [("first seed", 64), ("second seed", 96)].map(|(name, at)| (String::from(name), inverted(&bytes[at..])));
    let mut secrets = vec![(String::from("hedge"), hedge)];
    // Without optimization, a state is copied with the bytes that it does not use, in which the stack has left a seed.
    if !(after_hello && cfg!(debug_assertions)) {
        secrets.extend(seeds);
    }
    let buffers = setup.client_sizes.buffers();
    // First: a value that is moved takes along what the stack held before in the bytes that it does not use.
    let mut server: Box<ServerHandshake> = Box::new(setup.server_handshake().unwrap());
    let client = Handshake::new(leak(Box::new(setup.client)), buffers, Entropy::new(&bytes));
    let mut client: Box<ClientHandshake> = Box::new(client.unwrap());
    client.dangerous_set_key_log(log);
    let (mut up, mut down) = (Vec::new(), Vec::new());
    assert!(advance(&mut client, &mut setup.client_host).is_none());
    drain(&mut client, &mut up, &mut Vec::new());
    if after_hello {
        deliver(&mut up, &mut server, 0);
        assert!(advance(&mut server, &mut setup.server_host).is_none());
        drain(&mut server, &mut down, &mut Vec::new());
        let mut hello = records(&down)[0].to_vec();
        deliver(&mut hello, &mut client, 0);
        assert!(advance(&mut client, &mut setup.client_host).is_none());
    }
    secrets.append(&mut log.0.lock().unwrap());
    let mut in_use = search(&secrets).elsewhere;
    in_use.sort_unstable();
    // Keys of both sides, and what only the client has.
    let wanted: &[&str] = if after_hello {
        &[
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "hedge",
            "key of CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "key of CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "key of SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "key of SERVER_HANDSHAKE_TRAFFIC_SECRET",
        ]
    } else {
        &["first seed", "second seed"]
    };
    assert_eq!(in_use, wanted);
    deliver(&mut BROKEN.to_vec(), &mut client, 0);
    assert!(matches!(advance(&mut client, &mut setup.client_host), Some(Err(_))));
    if after_hello {
        drain(&mut client, &mut up, &mut Vec::new());
        deliver(&mut up, &mut server, 0);
        let mut step = || {
            drain(&mut server, &mut down, &mut Vec::new());
            advance(&mut server, &mut setup.server_host)
        };
        assert!(matches!((0..9).find_map(|_| step()), Some(Err(_))));
    }
    assert_eq!(search(&secrets).elsewhere, [""; 0], "after the ServerHello: {after_hello}");
}

/// One test, since all secrets of the process are searched.
#[test]
fn no_secret_outlives_its_connection() {
    let pki = Pki::new();
    let keys: &'static TicketKeys = leak(Box::new(TicketKeys::new(TicketKey::new(&[0x5a; TicketKey::LEN]))));
    let log: &'static Log = leak(Box::default());

    for after_hello in [false, true] {
        a_handshake_that_fails_forgets_its_secrets(setup(&pki, keys), log, after_hello);
    }

    // A connection that fails. Its handshakes are on the stack, where moving them leaves copies; its sessions are not.
    let ticket = {
        let (client, server) = connected(setup(&pki, keys), log);
        let mut client = Box::new(client.into_session().ok().unwrap());
        let mut server = Box::new(server.into_session().ok().unwrap());
        let secrets = log.0.lock().unwrap().clone();
        assert_eq!(secrets.len(), 9);
        let in_use = search(&secrets).elsewhere;
        for name in [
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
            "EXPORTER_SECRET",
            "key of CLIENT_TRAFFIC_SECRET_0",
            "key of SERVER_TRAFFIC_SECRET_0",
        ] {
            assert!(in_use.iter().filter(|found| *found == name).count() >= 2, "the search finds {name}: {in_use:?}");
        }
        // The client keeps one for alerts of the server about its flight, until a record opens under the next.
        let handshake: Vec<_> = in_use.iter().filter(|name| name.contains("HANDSHAKE")).collect();
        assert_eq!(handshake, ["key of SERVER_HANDSHAKE_TRAFFIC_SECRET"]);

        exchange(&mut client, &mut server).unwrap();
        let in_use = search(&secrets).elsewhere;
        assert!(!in_use.iter().any(|name| name.contains("HANDSHAKE")), "those of the handshake are gone: {in_use:?}");
        let mut ticket = vec![0; Ticket::MAX_LEN];
        let length = client.take_ticket(UnixTime(NOW), &mut ticket).unwrap().unwrap();
        ticket.truncate(length);

        // A record that does not open ends both sessions.
        for broken in 0..2 {
            let space = if broken == 0 { client.rx_space() } else { server.rx_space() };
            space[..BROKEN.len()].copy_from_slice(&BROKEN);
            if broken == 0 {
                client.rx_commit(BROKEN.len()).unwrap();
                assert!(client.poll_received().is_err());
            } else {
                server.rx_commit(BROKEN.len()).unwrap();
                assert!(server.poll_received().is_err());
            }
        }
        let failed = search(&secrets);
        assert_eq!(failed.elsewhere, [""; 0], "RFC 9846 section 6: a failed connection forgets its keys at once");
        ticket
    };

    // A client that fails while it keeps the key for alerts of the server.
    {
        log.0.lock().unwrap().clear();
        let (client, server) = connected(setup(&pki, keys), log);
        let mut client = Box::new(client.into_session().ok().unwrap());
        let secrets = log.0.lock().unwrap().clone();
        drop(server);
        assert!(search(&secrets).elsewhere.contains(&String::from("key of SERVER_HANDSHAKE_TRAFFIC_SECRET")));
        client.reject(AlertDescription::ACCESS_DENIED);
        assert_eq!(search(&secrets).elsewhere, [""; 0]);
    }

    // A client that fails after it has offered a ticket.
    {
        let secret = [(String::from("pre-shared key"), inverted(&ticket[2..]))];
        let mut setup = setup(&pki, keys);
        let mut client = Box::new(setup.client_handshake().unwrap());
        let credential = test_support::pair::credential(&[&pki.client, &pki.intermediate], 0);
        let offered = leak(ticket.clone().into_boxed_slice());
        client.resume(Ticket::new(offered), Some(leak(Box::new(credential))), UnixTime(NOW)).unwrap();
        assert!(advance(&mut client, &mut setup.client_host).is_none());
        let of_both = search(&secret).elsewhere.len();
        drain(&mut client, &mut Vec::new(), &mut Vec::new());
        deliver(&mut BROKEN.to_vec(), &mut client, 0);
        assert!(matches!(advance(&mut client, &mut setup.client_host), Some(Err(_))));
        let of_ours = search(&secret).elsewhere.len();
        assert_eq!((of_both, of_ours), (2, 1), "ours is offered below");
    }

    // The pre-shared key of a ticket, on both sides of a session that resumes.
    let secrets = {
        let mut secrets = std::mem::take(&mut *log.0.lock().unwrap());
        secrets.push((String::from("pre-shared key"), inverted(&ticket[2..])));
        let mut setup = setup(&pki, keys);
        let mut client = setup.client_handshake().unwrap();
        let mut server = setup.server_handshake().unwrap();
        client.dangerous_set_key_log(log);
        let bytes = leak(ticket.into_boxed_slice());
        let credential = test_support::pair::credential(&[&pki.client, &pki.intermediate], 0);
        client.resume(Ticket::new(bytes), Some(leak(Box::new(credential))), UnixTime(NOW)).unwrap();
        run(&mut client, &mut server, &mut setup);
        let client = Box::new(client.into_session().ok().unwrap());
        let server = Box::new(server.into_session().ok().unwrap());
        assert!(client.negotiated().resumed && server.negotiated().resumed);
        drop((client, server));
        secrets.append(&mut log.0.lock().unwrap());
        secrets
    };

    // A private key, and the randomness of a handshake.
    let mut bytes: [u8; 128] = std::array::from_fn(|at| u8::try_from(at * 3 % 251).unwrap_or_default() ^ 0xa7);
    let more = [("private key", 64), ("seed of a key exchange", 96)]
        .map(|(name, at)| (name.to_owned(), inverted(&bytes[at..])));
    let scalar: [u8; 32] = bytes[64..96].try_into().unwrap();
    let scalar = Box::new(scalar);
    let signer = Box::new(P256SigningKey::from_bytes(&scalar).unwrap());
    let entropy = Box::new(Entropy::new(&bytes));
    assert!(signer.sign_digest(&[7; 32], b"").is_ok());
    drop((signer, entropy));
    let mut scalar = scalar;
    scalar.fill(0);
    std::hint::black_box(&mut *scalar);
    bytes.fill(0);
    std::hint::black_box(&mut bytes);

    let secrets = [&secrets[..], &more].concat();
    assert_eq!(secrets.len(), 21);
    let left = search(&secrets);
    println!("left on the stack: {:?}", left.stack);
    assert_eq!(left.elsewhere, [""; 0], "outside of the stack");
}
