//! Counts mutual handshakes per second in memory, both sides on one core: chains of two certificates with P-256 keys, AES-128-GCM,
//! key exchange on the named group.
//!
//! ```text
//! cargo run --release -p test-support --example handshakes -- x25519 2000
//! ```
//!
//! The instructions of one handshake are the difference of two runs under `valgrind --tool=callgrind`, with 2 and with 12.

use embedded_mtls::{CipherSuite, NamedGroup};
use std::env;
use std::time::Instant;
use test_support::pair::Setup;
use test_support::pki::Pki;

fn main() {
    let mut arguments = env::args().skip(1);
    let group = arguments.next().unwrap_or_else(|| "x25519".into());
    let count: u32 = arguments.next().map_or(2_000, |count| count.parse().expect("a number of handshakes"));
    let groups: &[NamedGroup] = match group.as_str() {
        "x25519" => &[NamedGroup::X25519],
        "secp256r1" => &[NamedGroup::SECP256R1],
        other => panic!("{other} is neither x25519 nor secp256r1"),
    };
    let pki = Pki::new();
    let start = Instant::now();
    for _ in 0..count {
        let mut setup = Setup::new(&pki);
        setup.client = setup.client.with_groups(groups).with_cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
        assert_eq!(setup.run().errors(), (None, None));
    }
    println!("{group}: {:.0} handshakes per second", f64::from(count) / start.elapsed().as_secs_f64());
}
