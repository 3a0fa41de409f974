//! The provider `CortexM4` against `RustCrypto` and against vectors, in the emulator.
#![no_std]
#![no_main]

use budget::recording::first_piece;
use budget::replay::{fail, machine};
use embedded_mtls::NamedGroup;
use embedded_mtls::crypto::rustcrypto::{self, RustCrypto};
use embedded_mtls::crypto::{CryptoError, CryptoProvider, HashAlgorithm, KeyExchange, SignatureAlgorithm};
use embedded_mtls_cortex_m4::{CortexM4, CortexM4SigningKey};
use semihosting::println;

/// Room for all vectors.
const VECTORS: usize = 160 * 1024;
/// Keys that are tried beside those at the ends of the range.
const KEYS: u8 = 12;
/// The order of the group.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: [u8; VECTORS] = [0; VECTORS];
    let (signatures, agreements) = vectors(machine::read(c"vectors", MEMORY));
    println!("ecdsa {signatures}");
    println!("ecdh {agreements}");
    println!("keys {}", keys());
    machine::exit(0)
}

fn expect(holds: bool, what: &str) {
    if !holds {
        fail(what);
    }
}

fn verify(key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    CortexM4.verify(SignatureAlgorithm::EcdsaP256Sha256, key, digest, signature)
}

fn agree<C: CryptoProvider + Default>(private: &[u8; 32], public: &[u8]) -> Result<[u8; 32], CryptoError> {
    C::default()
        .key_exchange(NamedGroup::SECP256R1, private)?
        .agree(public)
        .and_then(|secret| secret.as_bytes().try_into().map_err(|_| CryptoError::Invalid))
}

/// How many vectors for signatures and for key exchanges there are.
fn vectors(mut rest: &[u8]) -> (usize, usize) {
    let mut count = (0, 0);
    let mut next = || {
        let (piece, tail) = first_piece(rest)?;
        rest = tail;
        Some(piece)
    };
    while let (Some(head), Some(a), Some(b), Some(c)) = (next(), next(), next(), next()) {
        let (right, kind) = match head {
            [0, valid] => (verify(a, b, c).is_ok() == (*valid == 1), &mut count.0),
            [1, valid] => {
                let Ok(private) = a.try_into() else { fail("a private key is not 32 bytes long") };
                let secret = agree::<CortexM4>(private, b);
                (
                    secret.as_ref().is_ok_and(|secret| secret == c) == (*valid == 1) && secret.is_ok() == (*valid == 1),
                    &mut count.1,
                )
            }
            _ => fail("a vector of no known kind"),
        };
        *kind += 1;
        if !right {
            println!("vector {} of kind {}", *kind, head[0]);
            fail("a vector has another result");
        }
    }
    count
}

/// All that both providers do has to be the same. Gives the number of keys.
fn keys() -> usize {
    let end = |less: u8| {
        let mut scalar = ORDER;
        scalar[31] -= less;
        scalar
    };
    let start = |number: u8| core::array::from_fn(|index| if index == 31 { number } else { 0 });
    let ends = [start(1), start(2), start(3), end(1), end(2), end(3)];
    let mut before = RustCrypto.key_exchange(NamedGroup::SECP256R1, &start(7)).and_then(|key| key.key_share());
    let mut count = 0;
    for scalar in ends.into_iter().chain((0..KEYS).map(|number| hash(&[number]))) {
        let Ok(peer) = before else { fail("RustCrypto makes no key share") };
        before = share::<RustCrypto>(&scalar);
        let same =
            share::<CortexM4>(&scalar).ok().map(|share| *share.as_bytes().first_chunk::<65>().unwrap_or(&[0; 65]));
        let expected = before.as_ref().ok().and_then(|share| share.as_bytes().first_chunk::<65>().copied());
        expect(same.is_some() && same == expected, "another key share");
        let secret = agree::<CortexM4>(&scalar, peer.as_bytes());
        expect(secret.is_ok() && secret == agree::<RustCrypto>(&scalar, peer.as_bytes()), "another shared secret");
        signatures(&scalar);
        count += 1;
    }
    for scalar in [start(0), ORDER, [0xff; 32]] {
        expect(CortexM4SigningKey::from_bytes(&scalar).is_err(), "a scalar out of range is a key");
    }
    count
}

fn share<C: CryptoProvider + Default>(scalar: &[u8; 32]) -> Result<embedded_mtls::crypto::KeyShare, CryptoError> {
    C::default().key_exchange(NamedGroup::SECP256R1, scalar)?.key_share()
}

fn signatures(scalar: &[u8; 32]) {
    let (Ok(ours), Ok(theirs)) =
        (CortexM4SigningKey::from_bytes(scalar), rustcrypto::P256SigningKey::from_bytes(scalar))
    else {
        fail("no signing key")
    };
    let key = ours.public_key();
    expect(key == theirs.public_key(), "another public key");
    // The first three are 0 or nearly 0 modulo the order, or above it.
    for digest in [[0; 32], ORDER, [0xff; 32], hash(scalar)] {
        let (Ok(signature), Ok(expected)) = (ours.sign_digest(&digest, &[]), theirs.sign_digest(&digest, &[])) else {
            fail("no signature")
        };
        expect(signature == expected, "another signature");
        let mut buffer = [0; 72];
        expect(verify(&key, &digest, der(&signature, &mut buffer)).is_ok(), "a signature is refused");
        for byte in [3, 31, 32, 63] {
            let mut forged = signature;
            forged[byte] ^= 0x10;
            expect(verify(&key, &digest, der(&forged, &mut buffer)).is_err(), "a forged signature is accepted");
        }
        let mut other = digest;
        other[31] ^= 1;
        expect(verify(&key, &other, der(&signature, &mut buffer)).is_err(), "another digest is accepted");
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    let Ok(digest) = RustCrypto.digest(HashAlgorithm::Sha256, &[bytes]) else { fail("no SHA-256") };
    *digest.as_bytes().first_chunk().unwrap_or(&[0; 32])
}

/// `ECDSA-Sig-Value` of RFC 3279 section 2.2.3.
fn der<'a>(signature: &[u8; 64], buffer: &'a mut [u8; 72]) -> &'a [u8] {
    let mut end = 2;
    for number in signature.chunks(32) {
        let digits = &number[number.iter().take_while(|byte| **byte == 0).count().min(31)..];
        let sign = usize::from(digits[0] >= 0x80);
        buffer[end] = 2;
        buffer[end + 1] = (digits.len() + sign) as u8;
        buffer[end + 2] = 0;
        buffer[end + 2 + sign..][..digits.len()].copy_from_slice(digits);
        end += 2 + sign + digits.len();
    }
    buffer[0] = 0x30;
    buffer[1] = (end - 2) as u8;
    &buffer[..end]
}
