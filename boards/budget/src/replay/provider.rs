//! A provider that measures the public-key operations of another one.

use super::{add, now};
use core::fmt;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use embedded_mtls::crypto::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    SharedSecret, SignatureAlgorithm,
};
use embedded_mtls::io::SigningKey;
use embedded_mtls::{CipherSuite, NamedGroup, Signature, SignatureScheme};

/// A public-key operation.
#[derive(Clone, Copy)]
pub enum Operation {
    /// Making our key share.
    Share,
    /// The Diffie-Hellman function.
    Agree,
    /// Verifying a signature.
    Verify,
    /// Signing.
    Sign,
}

/// More than any handshake does.
const MOST: usize = 16;
static KINDS: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
static TICKS: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Lists the operations in order, with their ticks.
pub fn operations() -> impl Iterator<Item = (Operation, u32)> {
    KINDS.iter().zip(&TICKS).take(COUNT.load(Relaxed)).map(|(kind, ticks)| {
        let all = [Operation::Share, Operation::Agree, Operation::Verify, Operation::Sign];
        (all[kind.load(Relaxed)], ticks.load(Relaxed))
    })
}

#[inline(always)]
fn counted<T>(operation: Operation, work: impl FnOnce() -> T) -> T {
    let start = now();
    let result = work();
    let ticks = now().wrapping_sub(start);
    let index = add(&COUNT, 1);
    if let (Some(kind), Some(place)) = (KINDS.get(index), TICKS.get(index)) {
        kind.store(operation as usize, Relaxed);
        place.store(ticks, Relaxed);
    }
    result
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Share => "share",
            Self::Agree => "agree",
            Self::Verify => "verify",
            Self::Sign => "sign",
        })
    }
}

/// As `C`, counted.
#[derive(Clone, Copy, Default)]
pub struct Counted<C>(C);

/// As `K`, counted.
pub struct CountedKey<K>(K);

/// A private key that is counted when it signs.
pub struct CountedSigner<K>(pub K);

impl<K: KeyExchange> KeyExchange for CountedKey<K> {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        counted(Operation::Share, || self.0.key_share())
    }

    fn answer(&mut self, peer: &[u8]) -> Result<KeyShare, CryptoError> {
        counted(Operation::Share, || self.0.answer(peer))
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        counted(Operation::Agree, || self.0.agree(peer))
    }
}

impl<K: SigningKey> SigningKey for CountedSigner<K> {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        counted(Operation::Sign, || self.0.sign(message, hedge))
    }
}

impl<C: CryptoProvider> CryptoProvider for Counted<C> {
    type Hash = C::Hash;
    type Aead = C::Aead;
    type KeyExchange = CountedKey<C::KeyExchange>;

    const CIPHER_SUITES: &'static [CipherSuite] = C::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = C::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = C::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = C::SIGNATURE_SCHEMES;
    const CERTIFICATE_SCHEMES: &'static [SignatureScheme] = C::CERTIFICATE_SCHEMES;

    fn hash(self, algorithm: HashAlgorithm) -> Result<C::Hash, CryptoError> {
        self.0.hash(algorithm)
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        self.0.hmac(algorithm, key, message)
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<C::Aead, CryptoError> {
        self.0.aead(algorithm, key)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self::KeyExchange, CryptoError> {
        self.0.key_exchange(group, seed).map(CountedKey)
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        counted(Operation::Verify, || self.0.verify(algorithm, public_key, signed, signature))
    }
}
