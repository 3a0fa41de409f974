//! Whole handshakes, byte for byte as they were recorded: time and entropy are owned and signatures
//! deterministic, so that nothing that is sent may change unnoticed.
//!
//! A change that is meant is recorded anew with `EMBEDDED_MTLS_RECORD=1 cargo test --test recorded`.
#![allow(missing_docs)]

use std::fmt::Write;
use test_support::pair::exchange;
use test_support::pki::Pki;
use test_support::recorded::{path, read, setups};
use test_support::script::Real;

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
