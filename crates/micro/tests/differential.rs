//! Random cases, 20,000 in all, in which this back end has to give what RustCrypto gives.
//!
//! The cases are the same in each run. With `MICRO_CASES=500` there are 500 times as many, ten million, in 45 minutes of one core: `cargo xtask test
//! --thorough`. With `MICRO_SEED=1`, or another number below 256, they are other ones.

use std::str::FromStr;

use embedded_mtls::NamedGroup;
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoProvider, Hash, HashAlgorithm, KeyExchange, KeyShare, SignatureAlgorithm,
};
use embedded_mtls_micro::{Micro, MicroSigningKey};

/// Bytes that look random: SHA-256 of a counter, by RustCrypto.
struct Random {
    counter: u64,
    left: Vec<u8>,
}

impl Random {
    fn new(sequence: u64) -> Self {
        let seed: u64 = from_environment("MICRO_SEED", 0);
        assert!(seed < 256, "MICRO_SEED is below 256");
        Self { counter: (seed << 8 | sequence) << 48, left: Vec::new() }
    }

    fn byte(&mut self) -> u8 {
        if self.left.is_empty() {
            let digest = RustCrypto.digest(HashAlgorithm::Sha256, &[&self.counter.to_le_bytes()]).unwrap();
            self.counter += 1;
            self.left = digest.as_bytes().to_vec();
        }
        self.left.pop().unwrap()
    }

    fn flag(&mut self) -> bool {
        self.byte() < 128
    }

    /// Below a limit, small numbers more often than large ones.
    fn length(&mut self, limit: usize) -> usize {
        let wide = usize::from(self.byte()) << 8 | usize::from(self.byte());
        (wide >> (self.byte() % 12)) % limit
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.byte())
    }

    /// A number with long runs of ones and zeros in one of two, which makes carries.
    fn number(&mut self) -> [u8; 32] {
        let mut number: [u8; 32] = self.array();
        if self.flag() {
            for _ in 0..4 {
                let (start, value) = (usize::from(self.byte() % 32), if self.flag() { 0 } else { 0xff });
                let end = start + usize::from(self.byte() % 16);
                number.iter_mut().take(end).skip(start).for_each(|byte| *byte = value);
            }
        }
        number
    }
}

/// Returns the number of cases of this test, or a multiple of it.
fn cases(count: u32) -> u32 {
    count * from_environment("MICRO_CASES", 1)
}

fn from_environment<T: FromStr>(name: &str, default: T) -> T {
    let Ok(value) = std::env::var(name) else { return default };
    value.parse().unwrap_or_else(|_| panic!("{name} is a number"))
}

fn both<T: PartialEq + std::fmt::Debug>(case: u32, ours: T, theirs: T) -> T {
    assert!(ours == theirs, "case {case}: {ours:02x?} and not {theirs:02x?}");
    drop(theirs);
    ours
}

#[test]
fn records_are_sealed_and_opened_alike() {
    let mut random = Random::new(1);
    for case in 0..cases(6000) {
        let algorithm = if random.flag() { AeadAlgorithm::ChaCha20Poly1305 } else { AeadAlgorithm::Aes128Gcm };
        let key = random.bytes(algorithm.key_len());
        let (ours, theirs) = (Micro.aead(algorithm, &key).unwrap(), RustCrypto.aead(algorithm, &key).unwrap());
        let nonce = random.array();
        let length = random.length(64);
        let aad = random.bytes(length);
        let length = random.length(1200);
        let text = random.bytes(length);
        let (mut by_us, mut by_them) = (text.clone(), text.clone());
        let tag = both(case, ours.seal(&nonce, &aad, &mut by_us), theirs.seal(&nonce, &aad, &mut by_them)).unwrap();
        both(case, &by_us, &by_them);
        assert_eq!(ours.open(&nonce, &aad, &mut by_them, &tag), Ok(()), "case {case}");
        assert_eq!(by_them, text, "case {case}");
    }
}

#[test]
fn digests_and_hmacs_are_the_same() {
    let sha256 = HashAlgorithm::Sha256;
    let mut random = Random::new(2);
    for case in 0..cases(8000) {
        let length = random.length(700);
        let message = random.bytes(length);
        let (head, tail) = message.split_at(random.length(length + 1));
        let mut hash = Micro.hash(sha256).unwrap();
        hash.update(head);
        hash.update(tail);
        let expected = RustCrypto.digest(sha256, &[&message]).unwrap();
        both(case, hash.finish().as_bytes(), expected.as_bytes());
        let length = random.length(150);
        let key = random.bytes(length);
        let [ours, theirs] =
            [Micro.hmac(sha256, &key, &[head, tail]), RustCrypto.hmac(sha256, &key, &[&message])].map(Result::unwrap);
        both(case, ours.as_bytes(), theirs.as_bytes());
    }
}

fn share<C: CryptoProvider>(provider: C, seed: &[u8; 32]) -> KeyShare {
    provider.key_exchange(NamedGroup::SECP256R1, seed).unwrap().key_share().unwrap()
}

fn agree<C: CryptoProvider>(provider: C, seed: &[u8; 32], peer: &[u8]) -> Vec<u8> {
    let key = provider.key_exchange(NamedGroup::SECP256R1, seed).unwrap();
    key.agree(peer).unwrap().as_bytes().to_vec()
}

#[test]
fn keys_agree() {
    let mut random = Random::new(3);
    let mut peer = share(Micro, &[7; 32]);
    for case in 0..cases(3000) {
        let seed = random.number();
        both(case, agree(Micro, &seed, peer.as_bytes()), agree(RustCrypto, &seed, peer.as_bytes()));
        let (ours, theirs) = (share(Micro, &seed), share(RustCrypto, &seed));
        both(case, ours.as_bytes(), theirs.as_bytes());
        peer = ours;
    }
}

#[test]
fn signatures_are_the_same_and_verified_alike() {
    let mut random = Random::new(4);
    for case in 0..cases(3000) {
        let scalar = random.number();
        let (ours, theirs) = (MicroSigningKey::from_bytes(&scalar), P256SigningKey::from_bytes(&scalar));
        // One in 2^32 is none, and so are some with long runs of ones or zeros.
        let (Ok(ours), Ok(theirs)) = (&ours, &theirs) else {
            both(case, ours.is_ok(), theirs.is_ok());
            continue;
        };
        let public = both(case, ours.public_key(), theirs.public_key());
        let (digest, length) = (random.number(), random.length(40));
        let hedge = random.bytes(length);
        let signature = both(case, ours.sign_digest(&digest, &hedge), theirs.sign_digest(&digest, &hedge)).unwrap();
        let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
        assert_eq!(Micro.verify(algorithm, &public, &digest, &der(&signature)), Ok(()), "case {case}");
        let mut other = signature;
        other[usize::from(random.byte() % 64)] ^= 1 << (random.byte() % 8);
        let expected = RustCrypto.verify(algorithm, &public, &digest, &der(&other)).unwrap_err();
        assert_eq!(Micro.verify(algorithm, &public, &digest, &der(&other)), Err(expected), "case {case}");
    }
}

/// `ECDSA-Sig-Value` of RFC 3279 section 2.2.3.
fn der(signature: &[u8; 64]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count().min(31)..];
        let zero = usize::from(digits[0] >= 0x80);
        [&[2, u8::try_from(digits.len() + zero).unwrap()], &[0][..zero], digits].concat()
    };
    let numbers = [number(&signature[..32]), number(&signature[32..])].concat();
    [&[0x30, u8::try_from(numbers.len()).unwrap()], &numbers[..]].concat()
}
