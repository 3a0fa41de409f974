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
}

/// Clients on a Cortex-M4.
pub(crate) const CLIENTS: &[Peer] = &[
    Peer { name: "Mbed TLS 4.0.0, p256-m, -Os -flto", flash: 43_308, ram: 15_260 },
    Peer { name: "Mbed TLS 3.6.6, p256-m, -Os -flto", flash: 44_556, ram: 12_524 },
    Peer { name: "wolfSSL 5.9.4, smallest profile with client certificates, -Os -flto", flash: 66_232, ram: 10_980 },
    Peer { name: "embedded-tls 0.19, opt-level z (part of the checks)", flash: 77_464, ram: 32_468 },
    Peer { name: "embedded-tls 0.19, opt-level s (part of the checks)", flash: 88_920, ram: 34_716 },
    Peer { name: "wolfSSL 5.9.4 with assembly, -Os -flto", flash: 100_612, ram: 15_656 },
    Peer { name: "rustls 0.23.46 with RustCrypto, opt-level s (heap)", flash: 239_876, ram: 31_624 },
];

/// Flash that a client may take at first.
pub(crate) const FIRST_BAR: u64 = 80_000;
/// Flash that a client is to take in the end.
pub(crate) const GOAL: u64 = 40_000;
