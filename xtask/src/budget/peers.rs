//! What other implementations need for the same work, measured once with the same method.
//!
//! The work: TLS 1.3 client, `TLS_AES_128_GCM_SHA256`, secp256r1, P-256 certificates, leaf and
//! intermediate from both sides. Flash: `.text`, `.rodata` and `.data` of the linked image, less a
//! frame of start-up code, UART, certificates and a request of 1 KiB. RAM: static data, heap and the
//! painted peak of the stack, with records of 2 KiB.

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
    peer("embedded-tls 0.19, opt-level z (part of the checks)", 77_464, 32_468, 95_150_000, 325_000),
    peer("embedded-tls 0.19, opt-level s (part of the checks)", 88_920, 34_716, 57_300_000, 259_000),
    peer("rustls 0.23.46 with RustCrypto, opt-level s (heap)", 239_876, 31_624, 51_740_000, 255_000),
];

/// What a client may take at first.
pub(crate) const FIRST_BAR: Peer = peer("*first bar*", 80_000, 14_000, 40_000_000, 200_000);
/// What a client is to take in the end.
pub(crate) const GOAL: Peer = peer("*goal*", 40_000, 8_000, 4_500_000, 26_000);
