//! Checks the provider of the build against `RustCrypto` and against vectors, in the emulator, where its assembly runs.
//!
//! For [`Micro`](embedded_mtls_micro::Micro) it also counts the instructions of the operations on secrets.
#![no_std]
#![no_main]

use budget::recording::first_piece;
use budget::replay::{fail, machine};
use budget::{Key, Provider};
use embedded_mtls::NamedGroup;
use embedded_mtls::crypto::rustcrypto::{self, RustCrypto};
use embedded_mtls::crypto::{CryptoError, CryptoProvider, HashAlgorithm, KeyExchange, SignatureAlgorithm};
use semihosting::println;

/// Space for all vectors.
const VECTORS: usize = 160 * 1024;
/// Keys that are tried beside those at the ends of the range.
const KEYS: u8 = 12;
/// The order of the group.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[budget::entry]
fn main() -> ! {
    static mut MEMORY: [u8; VECTORS] = [0; VECTORS];
    #[cfg(feature = "micro-comparison")]
    match embedded_mtls_micro::comparison::compare() {
        Ok(cases) => println!("assembly {cases}"),
        Err(function) => fail(function),
    }
    let (signatures, agreements) = vectors(machine::read(c"vectors", MEMORY));
    println!("ecdsa {signatures}");
    println!("ecdh {agreements}");
    println!("keys {}", keys());
    #[cfg(feature = "micro-aes128-gcm")]
    println!("micro {}", micro::check());
    machine::exit(0)
}

fn expect(holds: bool, what: &str) {
    if !holds {
        fail(what);
    }
}

fn verify(key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    Provider.verify(SignatureAlgorithm::EcdsaP256Sha256, key, digest, signature)
}

fn agree<C: CryptoProvider + Default>(private: &[u8; 32], public: &[u8]) -> Result<[u8; 32], CryptoError> {
    C::default()
        .key_exchange(NamedGroup::SECP256R1, private)?
        .agree(public)
        .and_then(|secret| secret.as_bytes().try_into().map_err(|_| CryptoError::Invalid))
}

/// Returns the number of vectors for signatures and for key exchanges.
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
                let secret = agree::<Provider>(private, b);
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

/// Compares all results of both providers. Returns the number of keys.
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
            share::<Provider>(&scalar).ok().map(|share| *share.as_bytes().first_chunk::<65>().unwrap_or(&[0; 65]));
        let expected = before.as_ref().ok().and_then(|share| share.as_bytes().first_chunk::<65>().copied());
        expect(same.is_some() && same == expected, "another key share");
        let secret = agree::<Provider>(&scalar, peer.as_bytes());
        expect(secret.is_ok() && secret == agree::<RustCrypto>(&scalar, peer.as_bytes()), "another shared secret");
        signatures(&scalar);
        count += 1;
    }
    for scalar in [start(0), ORDER, [0xff; 32]] {
        expect(Key::from_bytes(&scalar).is_err(), "a scalar out of range is a key");
    }
    count
}

fn share<C: CryptoProvider + Default>(scalar: &[u8; 32]) -> Result<embedded_mtls::crypto::KeyShare, CryptoError> {
    C::default().key_exchange(NamedGroup::SECP256R1, scalar)?.key_share()
}

fn signatures(scalar: &[u8; 32]) {
    let (Ok(ours), Ok(theirs)) = (Key::from_bytes(scalar), rustcrypto::P256SigningKey::from_bytes(scalar)) else {
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

#[cfg(feature = "micro-aes128-gcm")]
mod micro {
    use super::{ORDER, expect, hash, share, verify};
    use budget::replay::machine::Stack;
    use budget::replay::timer;
    use budget::{Key, Provider};
    use core::hint::black_box;
    use embedded_mtls::NamedGroup;
    use embedded_mtls::crypto::rustcrypto::RustCrypto;
    use embedded_mtls::crypto::{Aead, AeadAlgorithm, CryptoProvider, Hash, HashAlgorithm, KeyExchange};
    use semihosting::println;

    const ALGORITHMS: [AeadAlgorithm; 2] = [AeadAlgorithm::ChaCha20Poly1305, AeadAlgorithm::Aes128Gcm];
    /// The operations of each of them.
    const NAMES: [[&str; 3]; 2] = [
        ["chacha20-poly1305-seal", "chacha20-poly1305-open", "chacha20-poly1305-open-forged"],
        ["aes128-gcm-seal", "aes128-gcm-open", "aes128-gcm-open-forged"],
    ];
    /// Longest record that is sealed.
    const LONGEST: usize = 300;
    /// Secrets beside those at the ends of the range.
    const SECRETS: u8 = 56;
    /// Ticks by which two counts of the same instructions may differ: the timer runs faster than instructions.
    const ROUNDING: u32 = 1;

    /// The number of records and of secrets.
    pub(super) fn check() -> usize {
        records() + secrets() + stack()
    }

    /// Most bytes that an operation may leave on the stack: addresses, lengths, a tag.
    const LEFT_BEHIND: usize = 96;
    /// A running hash, which is moved, leaves a copy of its state with its caller.
    const MOVED: usize = 80;

    /// Prints the stack and the instructions of each operation, and checks that those on secrets leave it wiped. Returns the number of those.
    fn stack() -> usize {
        let secret = black_box(hash(b"secret"));
        let Ok(peer) = share::<RustCrypto>(&hash(b"peer")) else { super::fail("RustCrypto makes no key share") };
        let mut record = [7; 200];
        let mut count = 0;
        let mut expect_wiped = |what: &str, cost: Cost, may_be_left: usize| {
            cost.print(what);
            expect(cost.used >= 4 * LEFT_BEHIND, "an operation uses no stack");
            expect(cost.left <= may_be_left, "an operation leaves its stack unwiped");
            count += 1;
        };
        let exchange = || Provider.key_exchange(NamedGroup::SECP256R1, black_box(&secret));
        let (Ok(first), Ok(second), Ok(key)) = (exchange(), exchange(), Key::from_bytes(&secret)) else {
            super::fail("no key")
        };
        expect_wiped("key_exchange", cost(&exchange), LEFT_BEHIND);
        expect_wiped("key_share", cost(|| first.key_share()), LEFT_BEHIND);
        expect_wiped("agree", cost(|| second.agree(peer.as_bytes())), LEFT_BEHIND);
        expect_wiped("from_bytes", cost(|| Key::from_bytes(black_box(&secret))), LEFT_BEHIND);
        expect_wiped("sign_digest", cost(|| key.sign_digest(&[3; 32], b"hedge")), LEFT_BEHIND);
        expect_wiped("hmac", cost(|| Provider.hmac(HashAlgorithm::Sha256, &secret, &[b"message"])), LEFT_BEHIND);
        let mut hashed = Provider.hash(HashAlgorithm::Sha256);
        let update = cost(|| hashed.as_mut().map(|hash| hash.update(&[9; 150])).is_ok());
        expect_wiped("update", update, LEFT_BEHIND);
        expect_wiped("finish", cost(|| hashed.map(Hash::finish)), LEFT_BEHIND + MOVED);
        for (algorithm, names) in ALGORITHMS.into_iter().zip(NAMES) {
            let Ok(key) = Provider.aead(algorithm, &secret[..algorithm.key_len()]) else {
                super::fail("no record key")
            };
            let mut tag = None;
            expect_wiped(names[0], cost(|| tag = key.seal(&[1; 12], b"header", &mut record).ok()), LEFT_BEHIND);
            let Some(tag) = tag else { super::fail("no tag") };
            expect_wiped(names[1], cost(|| key.open(&[1; 12], b"header", &mut record, &tag)), LEFT_BEHIND);
            expect_wiped(names[2], cost(|| key.open(&[2; 12], b"header", &mut record, &tag)), LEFT_BEHIND);
        }
        let Ok(signature) = key.sign_digest(&hash(b"digest"), &[]) else { super::fail("no signature") };
        let mut buffer = [0; 72];
        let signature = super::der(&signature, &mut buffer);
        cost(|| verify(&key.public_key(), &hash(b"digest"), signature)).print("verify");
        count
    }

    /// The cost of an operation.
    struct Cost {
        /// Bytes of stack, and those that it left behind.
        used: usize,
        left: usize,
        instructions: u64,
    }

    impl Cost {
        fn print(&self, what: &str) {
            println!("cost {what} {} {} {}", self.used, self.left, self.instructions);
        }
    }

    #[inline(never)]
    fn cost<T>(work: impl FnOnce() -> T) -> Cost {
        let stack = Stack::paint();
        let start = timer::ticks();
        let result = work();
        let ticks = timer::ticks().wrapping_sub(start);
        let cost = Cost { used: stack.peak(), left: stack.left_behind(), instructions: timer::instructions(ticks) };
        black_box(result);
        cost
    }

    /// Records of each length, at each place of a word, with keys of all ones, of zeros and others.
    fn records() -> usize {
        let mut text = [0; LONGEST + 4];
        let lengths = (0..=LONGEST).flat_map(|length| ALGORITHMS.map(|algorithm| (length, algorithm)));
        for (length, algorithm) in lengths {
            let key = match length % 8 {
                0 => [0xff; 32],
                1 => [0; 32],
                _ => hash(&[length as u8]),
            };
            let key = &key[..algorithm.key_len()];
            let (Ok(ours), Ok(theirs)) = (Provider.aead(algorithm, key), RustCrypto.aead(algorithm, key)) else {
                super::fail("no record key")
            };
            text.iter_mut()
                .zip((0..).map(|index: usize| key[index % 16] | (length % 2 * 255) as u8))
                .for_each(|(to, from)| *to = from);
            let mut other = text;
            let (nonce, aad) = ([length as u8; 12], &hash(key)[..length % 32]);
            let place = length % 4..length % 4 + length;
            let tag = ours.seal(&nonce, aad, &mut text[place.clone()]);
            expect(tag.is_ok() && tag == theirs.seal(&nonce, aad, &mut other[place.clone()]), "another tag");
            expect(text == other, "another record");
            expect(tag.is_ok_and(|tag| ours.open(&nonce, aad, &mut text[place], &tag).is_ok()), "a record is refused");
        }
        ALGORITHMS.len() * (LONGEST + 1)
    }

    /// Checks that an operation takes as many instructions with one secret as with any other, but for the variant with a branch, in which it has
    /// to be seen.
    fn secrets() -> usize {
        timer::start();
        let end = |less: u8| {
            let mut scalar = ORDER;
            scalar[31] -= less;
            scalar
        };
        let start = |number: u8| core::array::from_fn(|index| if index == 31 { number } else { 0 });
        let sparse = core::array::from_fn(|index| if index == 15 { 1 } else { 0 });
        let long = core::array::from_fn(|index| if index == 0 { 0 } else { 0xff });
        let ends = [start(1), start(2), start(3), end(1), end(2), end(3), sparse, long];
        let peer = share::<RustCrypto>(&start(9));
        let Ok(peer) = peer else { super::fail("RustCrypto makes no key share") };
        let mut first = None;
        let mut verified = [0; 2];
        let mut count = 0;
        let mut varies = false;
        for secret in ends.into_iter().chain((0..SECRETS).map(|number| hash(&[number, 1]))) {
            let key = || Provider.key_exchange(NamedGroup::SECP256R1, black_box(&secret));
            let (Ok(exchange), Ok(signing)) = (key(), Key::from_bytes(&secret)) else { super::fail("no key") };
            let sealed = |algorithm: AeadAlgorithm| {
                let mut record = [7; 100];
                ticks(|| {
                    let key = Provider.aead(algorithm, &secret[..algorithm.key_len()])?;
                    key.seal(&[1; 12], b"header", &mut record)
                })
            };
            let all = [
                ticks(|| exchange.key_share()),
                ticks(|| exchange.agree(peer.as_bytes())),
                ticks(|| signing.sign_digest(&hash(b"digest"), b"hedge")),
                ticks(|| Provider.hmac(HashAlgorithm::Sha256, &secret, &[b"message"])),
                sealed(ALGORITHMS[0]),
                sealed(ALGORITHMS[1]),
            ];
            let first = first.get_or_insert(all);
            for (one, other) in first.iter().zip(all) {
                varies |= one.abs_diff(other) > ROUNDING;
            }
            let Ok(signature) = signing.sign_digest(&hash(b"digest"), &[]) else { super::fail("no signature") };
            let mut buffer = [0; 72];
            let signature = super::der(&signature, &mut buffer);
            verified[count % 2] = ticks(|| verify(&signing.public_key(), &hash(b"digest"), signature));
            count += 1;
        }
        expect(
            varies == is_leaky(),
            "another number of instructions for another secret, or the same with a branch on it",
        );
        // Nothing is secret there, and it is not in constant time: what is counted can differ.
        expect(verified[0].abs_diff(verified[1]) > ROUNDING, "instructions are not counted");
        count
    }

    #[cfg(feature = "micro-comparison")]
    const fn is_leaky() -> bool {
        embedded_mtls_micro::comparison::IS_LEAKY
    }

    #[cfg(not(feature = "micro-comparison"))]
    const fn is_leaky() -> bool {
        false
    }

    fn ticks<T>(work: impl FnOnce() -> T) -> u32 {
        let start = timer::ticks();
        black_box(work());
        timer::ticks().wrapping_sub(start)
    }
}
