//! Whole handshakes, byte for byte as they were recorded: time and entropy are owned and signatures
//! deterministic, so that nothing that is sent may change unnoticed.
//!
//! A change that is meant is recorded anew with `EMBEDDED_MTLS_RECORD=1 cargo test --test recorded`.
#![allow(missing_docs)]

use embedded_mtls::{CipherSuite, ClientAuth, NamedGroup, ServerConfig, SignatureScheme};
use std::fmt::Write;
use std::path::PathBuf;
use test_support::pair::{Setup, exchange};
use test_support::pki::Pki;
use test_support::script::Real;

/// Sets up an offer that does not depend on other features and later versions.
fn pinned(pki: &Pki) -> Setup {
    let mut setup = Setup::new(pki);
    setup.client = setup
        .client
        .with_cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_CHACHA20_POLY1305_SHA256])
        .with_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
        .with_signature_schemes(&[SignatureScheme::ECDSA_SECP256R1_SHA256]);
    setup.server = setup.server.with_signature_schemes(&[SignatureScheme::ECDSA_SECP256R1_SHA256]);
    setup
}

/// Client and server of each recording.
fn setups(pki: &Pki) -> [(&'static str, Setup); 3] {
    let mut retried = pinned(pki);
    retried.client = retried
        .client
        .with_cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256])
        .with_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
        .with_alpn(&[b"http/1.1"]);
    retried.server = retried.server.with_groups(&[NamedGroup::SECP256R1]).with_alpn(&[b"http/1.1"]);
    let mut anonymous = pinned(pki);
    anonymous.server = ServerConfig::new(ClientAuth::None);
    anonymous.client = anonymous.client.with_groups(&[NamedGroup::SECP256R1]);
    anonymous.client = anonymous.client.with_cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    anonymous.client = anonymous.client.with_middlebox_compatibility(false);
    [("mutual", pinned(pki)), ("mutual-retried", retried), ("server-only", anonymous)]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/handshake-{name}.hex"))
}

fn write(name: &str, client: &[u8], server: &[u8]) -> String {
    let mut text = format!("# All that is sent in the handshake \"{name}\" of tests/recorded.rs.\n");
    for (side, bytes) in [("client", client), ("server", server)] {
        writeln!(text, "\n{side}").unwrap();
        for line in bytes.chunks(48) {
            for byte in line {
                write!(text, "{byte:02x}").unwrap();
            }
            text.push('\n');
        }
    }
    text
}

/// Reads the bytes of the client and the server.
fn read(name: &str) -> (Vec<u8>, Vec<u8>) {
    let text = std::fs::read_to_string(path(name)).expect("a recording");
    let mut sides = [Vec::new(), Vec::new()];
    let mut side = 0;
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line {
            "client" => side = 0,
            "server" => side = 1,
            digits => {
                let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
                sides[side].extend(pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()));
            }
        }
    }
    let [client, server] = sides;
    (client, server)
}

#[test]
fn both_sides_send_the_recorded_bytes() {
    let pki = Pki::new();
    for (name, setup) in setups(&pki) {
        let outcome = setup.run();
        let (client, server) = (outcome.wire.from_client.clone(), outcome.wire.from_server.clone());
        let (mut a, mut b) = outcome.sessions();
        a.write(b"order").unwrap();
        assert_eq!(exchange(&mut a, &mut b).unwrap().1, b"order");
        if std::env::var_os("EMBEDDED_MTLS_RECORD").is_some() {
            std::fs::write(path(name), write(name, &client, &server)).expect("a place for recordings");
        }
        assert!((client, server) == read(name), "{name}: other bytes than were recorded");
    }
}

#[test]
fn each_side_alone_answers_a_recording_with_the_recorded_bytes() {
    let pki = Pki::new();
    for (name, setup) in setups(&pki) {
        let (from_client, from_server) = read(name);
        let mut client = Real::client(setup);
        client.feed(&from_server);
        assert_eq!(client.end, Some(Ok(())), "{name}");
        assert!(client.out == from_client, "{name}, the client");
    }
    for (name, setup) in setups(&pki) {
        let (from_client, from_server) = read(name);
        let mut server = Real::server(setup);
        server.feed(&from_client);
        assert_eq!(server.end, Some(Ok(())), "{name}");
        assert!(server.out == from_server, "{name}, the server");
    }
}
