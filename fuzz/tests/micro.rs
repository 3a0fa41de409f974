//! `embedded-mtls-micro` beside RustCrypto on inputs that are the same each time. `FUZZ_ROUNDS=100` makes a hundred times as many.

use fuzz::{Random, micro, micro_client, micro_server, rounds};

/// Runs a target on random inputs, and returns how many there were and how many of them succeeded.
fn run(target: fn(&[u8]) -> bool, count: usize, length: usize) -> (usize, usize) {
    let (mut random, all) = (Random(0x6d69_6372_6f00), rounds(count));
    let succeeded = (0..all).filter(|_| target(&random.bytes(length))).count();
    (all, succeeded)
}

#[test]
fn each_operation_gives_what_rustcrypto_gives() {
    let (all, succeeded) = run(micro, 4_000, 300);
    assert!((all / 2..all * 4 / 5).contains(&succeeded), "{succeeded} of {all} succeeded");
}

#[test]
fn clients_end_as_with_rustcrypto() {
    assert!(micro_client(&[]), "a handshake without changes succeeds");
    let (all, succeeded) = run(micro_client, 300, 8);
    assert!(succeeded < all / 4, "{succeeded} of {all} succeeded");
}

#[test]
fn servers_end_as_with_rustcrypto() {
    assert!(micro_server(&[]), "a handshake without changes succeeds");
    let (all, succeeded) = run(micro_server, 300, 8);
    assert!(succeeded < all / 4, "{succeeded} of {all} succeeded");
}
