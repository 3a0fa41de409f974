//! A provider without any security, so that all code of the image is the core's.
//!
//! Every result comes from the UART or goes there: the optimizer can neither know it nor leave out what is done with it.

use budget::frame::Uart;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    MAX_KEY_SHARE_LEN, MAX_SHARED_SECRET_LEN, NONCE_LEN, SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::io::SigningKey;
use embedded_mtls::{CipherSuite, NamedGroup, Signature, SignatureScheme};

/// Everything that the names of the core offer.
#[derive(Clone, Copy, Default)]
pub(crate) struct NoSecurity;

/// A hash that sends what it hashes, and receives the digest.
#[derive(Clone)]
pub(crate) struct Sent(HashAlgorithm);

/// A key that sends what it should seal, and receives whether what it opens is genuine.
pub(crate) struct Shown;

/// A private key that is received.
pub(crate) struct Received;

/// Receives whether something holds.
fn holds() -> Result<(), CryptoError> {
    match Uart.take() {
        0 => Ok(()),
        1 => Err(CryptoError::Failed),
        2 => Err(CryptoError::Forged),
        3 => Err(CryptoError::Invalid),
        _ => Err(CryptoError::Unsupported),
    }
}

fn send(parts: &[&[u8]]) {
    parts.iter().for_each(|part| part.iter().for_each(|byte| Uart.give(*byte)));
}

fn receive<const N: usize>() -> [u8; N] {
    core::array::from_fn(|_| Uart.take())
}

fn digest(algorithm: HashAlgorithm) -> Digest {
    match algorithm {
        HashAlgorithm::Sha256 => Digest::from(&receive::<32>()),
        HashAlgorithm::Sha384 => Digest::from(&receive::<48>()),
        _ => Digest::from(&receive::<64>()),
    }
}

impl Hash for Sent {
    fn update(&mut self, bytes: &[u8]) {
        send(&[bytes]);
    }

    fn finish(self) -> Digest {
        digest(self.0)
    }
}

impl Aead for Shown {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        send(&[nonce, aad, in_out]);
        holds().map(|()| receive())
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        send(&[nonce, aad, tag]);
        holds()?;
        in_out.iter_mut().for_each(|byte| *byte = Uart.take());
        Ok(())
    }
}

impl KeyExchange for Received {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        holds()?;
        KeyShare::new(&receive::<MAX_KEY_SHARE_LEN>())
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        send(&[peer]);
        holds().map(|()| SharedSecret::new(receive::<MAX_SHARED_SECRET_LEN>()))
    }
}

impl CryptoProvider for NoSecurity {
    type Hash = Sent;
    type Aead = Shown;
    type KeyExchange = Received;

    const CIPHER_SUITES: &'static [CipherSuite] = RustCrypto::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = RustCrypto::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = RustCrypto::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = RustCrypto::SIGNATURE_SCHEMES;
    const CERTIFICATE_SCHEMES: &'static [SignatureScheme] = RustCrypto::CERTIFICATE_SCHEMES;

    fn hash(self, algorithm: HashAlgorithm) -> Result<Self::Hash, CryptoError> {
        holds().map(|()| Sent(algorithm))
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        send(&[key]);
        send(message);
        holds().map(|()| digest(algorithm))
    }

    fn aead(self, _: AeadAlgorithm, key: &[u8]) -> Result<Self::Aead, CryptoError> {
        send(&[key]);
        holds().map(|()| Shown)
    }

    fn key_exchange(self, _: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self::KeyExchange, CryptoError> {
        send(&[seed]);
        holds().map(|()| Received)
    }

    fn verify(
        self,
        _: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        send(&[public_key, signed, signature]);
        holds()
    }
}

/// Any key: its signatures are received.
pub(crate) struct AnyKey;

impl SigningKey for AnyKey {
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        send(&[message, hedge]);
        holds().ok()?;
        Signature::encoded(&receive::<72>())
    }
}
