//! The handshakes in `tests/data`: their sides, and the bytes that these send, by any provider.

use crate::pair::Setup;
use crate::pki::Pki;
use embedded_mtls::{CipherSuite, ClientAuth, NamedGroup, ServerConfig, SignatureScheme};
use std::path::PathBuf;

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
pub fn setups(pki: &Pki) -> [(&'static str, Setup); 4] {
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
    let mut small = pinned(pki);
    small.client = small
        .client
        .with_cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256])
        .with_groups(&[NamedGroup::SECP256R1]);
    [("mutual", pinned(pki)), ("mutual-retried", retried), ("mutual-small", small), ("server-only", anonymous)]
}

/// The place of a recording.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/data/handshake-{name}.hex"))
}

/// Reads the bytes of the client and the server.
pub fn read(name: &str) -> (Vec<u8>, Vec<u8>) {
    let text = std::fs::read_to_string(path(name)).expect("a recording");
    let mut sides = [Vec::new(), Vec::new()];
    let mut side = 0;
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line {
            "client" => side = 0,
            "server" => side = 1,
            digits => {
                let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
                sides[side].extend(pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")));
            }
        }
    }
    let [client, server] = sides;
    (client, server)
}
