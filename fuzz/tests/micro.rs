//! `embedded-mtls-micro` beside RustCrypto on inputs that are the same each time. `FUZZ_ROUNDS=100` makes a hundred times as many.

use fuzz::{micro, micro_client, micro_server};

/// xorshift64.
struct Random(u64);

impl Random {
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let byte = |_| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_be_bytes()[1]
        };
        (0..length).map(byte).collect()
    }
}

/// Runs a target on random inputs, and returns how many there were and how many of them succeeded.
fn run(target: fn(&[u8]) -> bool, rounds: usize, length: usize) -> (usize, usize) {
    let times = std::env::var("FUZZ_ROUNDS").map_or(1, |times| times.parse().expect("FUZZ_ROUNDS is a number"));
    let mut random = Random(0x6d69_6372_6f00);
    let succeeded = (0..rounds * times).filter(|_| target(&random.bytes(length))).count();
    (rounds * times, succeeded)
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
