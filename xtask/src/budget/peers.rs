//! The cost of other implementations for the same task: embedded-tls measured with ours, the others once with the same
//! method.
//!
//! The work: TLS 1.3 client, `TLS_AES_128_GCM_SHA256`, secp256r1, P-256 certificates, leaf and
//! intermediate from both sides. Flash: `.text`, `.rodata` and `.data` of the linked image, less a
//! frame of start-up code, UART, certificates and a request of 1 KiB. RAM: static data, heap and the
//! painted peak of the stack, with records of 2 KiB.

use super::builds::{Build, FAST, GCM_P256, SMALL, TUNED};
use super::{images, replay};
use crate::run::Result;

/// One implementation in one configuration.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) flash: u64,
    pub(crate) ram: u64,
    /// Instructions of a handshake.
    pub(crate) handshake: u64,
    /// Instructions for 1 KiB.
    pub(crate) record: u64,
}

const fn peer(name: &'static str, flash: u64, ram: u64, handshake: u64, record: u64) -> Peer {
    Peer { name, flash, ram, handshake, record }
}

/// Clients on a Cortex-M4.
pub(crate) const CLIENTS: &[Peer] = &[
    peer("Mbed TLS 4.0.0, p256-m, -Os -flto", 43_308, 15_260, 87_010_000, 167_000),
    peer("Mbed TLS 3.6.6, p256-m, -Os -flto", 44_556, 12_524, 87_010_000, 167_000),
    peer("wolfSSL 5.9.4, smallest profile with client certificates, -Os -flto", 66_232, 10_980, 101_400_000, 2_082_000),
    peer("wolfSSL 5.9.4 with assembly, small tables, -Os -flto", 83_412, 15_656, 7_950_000, 73_000),
    peer("wolfSSL 5.9.4 with assembly, -Os -flto", 100_612, 15_656, 6_670_000, 73_000),
    peer("rustls 0.23.46 with RustCrypto, opt-level s (heap)", 239_876, 31_624, 51_740_000, 255_000),
];

/// The first bar for a client.
pub(crate) const FIRST_BAR: Peer = peer("*first bar*", 80_000, 14_000, 40_000_000, 200_000);
/// Instructions for 1 KiB with ChaCha20-Poly1305 at first.
pub(crate) const FIRST_BAR_CHACHA: u64 = 40_000;
/// The goal for a client.
pub(crate) const GOAL: Peer = peer("*goal*", 40_000, 8_000, 4_500_000, 26_000);

/// embedded-tls in the profiles that ours is built in, with the features of the crate that it needs.
const MEASURED: &[(&str, &str, Build)] = &[
    ("embedded-tls 0.19, tuned (part of the checks)", EMBEDDED_TLS, TUNED),
    ("embedded-tls 0.19, small (part of the checks)", EMBEDDED_TLS, SMALL),
    ("embedded-tls 0.19, fast (part of the checks)", EMBEDDED_TLS, FAST),
];

const EMBEDDED_TLS: &str = "embedded-tls";

/// Builds and runs those that are measured beside ours.
pub(crate) fn measure() -> Result<Vec<Peer>> {
    replay::record(GCM_P256, EMBEDDED_TLS)?;
    MEASURED.iter().map(|(name, features, build)| one(name, &Build { features, ..*build })).collect()
}

fn one(name: &'static str, build: &Build) -> Result<Peer> {
    eprintln!("building and running: {name}");
    images::compile(build, &["empty", "peer"], "")?;
    let flash = images::flash_over_empty(build, "peer")?;
    let statics = images::statics_over_empty(build, "peer")?;
    images::compile(build, &["replay_peer"], "replay")?;
    let total = replay::run_peer(build, GCM_P256, EMBEDDED_TLS)?;
    Ok(Peer { name, flash, ram: statics + total.stack, handshake: total.handshake, record: total.record })
}
