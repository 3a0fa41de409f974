//! Recordings of one side of a connection, split where it was flushed: each piece has a length of two bytes in front.

use embedded_mtls::{CipherSuite, NamedGroup};

/// The parameters that both sides negotiate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The only cipher suite.
    pub suites: &'static [CipherSuite],
    /// The only group.
    pub groups: &'static [NamedGroup],
}

/// Name of the file in which what the client sends is kept.
pub const FROM_CLIENT: &core::ffi::CStr = c"from-client";
/// Name of the file in which what the server sends is kept.
pub const FROM_SERVER: &core::ffi::CStr = c"from-server";
/// Name of the file with the ticket that a client resumes its session with.
pub const TICKET: &core::ffi::CStr = c"ticket";

impl Choice {
    /// The suite and the group with these names.
    pub fn parse(suite: &str, group: &str) -> Option<Self> {
        let suites: &[CipherSuite] = match suite {
            "aes128-gcm" => &[CipherSuite::TLS_AES_128_GCM_SHA256],
            "chacha20-poly1305" => &[CipherSuite::TLS_CHACHA20_POLY1305_SHA256],
            _ => return None,
        };
        let groups: &[NamedGroup] = match group {
            "secp256r1" => &[NamedGroup::SECP256R1],
            "x25519" => &[NamedGroup::X25519],
            "X25519MLKEM768" => &[NamedGroup::X25519MLKEM768],
            _ => return None,
        };
        Some(Self { suites, groups })
    }
}

/// The entropy of a side: bytes that count up from `seed`, mixed so that no part repeats.
pub fn entropy(seed: u8) -> [u8; 128] {
    let mut next = seed;
    core::array::from_fn(|_| {
        next = next.wrapping_mul(5).wrapping_add(113);
        next
    })
}

/// Seed of the entropy of the client.
pub const CLIENT_SEED: u8 = 1;
/// Seed of the entropy of the server.
pub const SERVER_SEED: u8 = 2;

/// Seed of the entropy of both sides when they resume a session, added to the other one.
pub const RESUMED_SEED: u8 = 2;

/// The first piece of a recording, and what follows it.
pub fn first_piece(recording: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = recording.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
