//! `embedded-mtls-micro` beside RustCrypto: each operation by itself, and whole handshakes.

use crate::choices::Choices;
use crate::{End, client_of, server_of};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, KEY_SEED_LEN, KeyExchange,
    SignatureAlgorithm,
};
use embedded_mtls::io::SigningKey;
use embedded_mtls::{CipherSuite, NamedGroup, SignInput, Signature, SignatureScheme};
use embedded_mtls_micro::{Micro, MicroSigningKey};
use std::fmt::Debug;
use std::sync::OnceLock;

static CLIENT_KEY: &[u8; 32] = include_bytes!("../../boards/budget/pki/client.key");
static SERVER_KEY: &[u8; 32] = include_bytes!("../../boards/budget/pki/server.key");
/// Most changes of what a peer sends.
const CHANGES: usize = 4;
/// Longest text of a record.
const LONGEST: usize = 700;

/// One operation with both providers, which have to agree. Returns whether it succeeded.
pub fn micro(input: &[u8]) -> bool {
    let mut choices = Choices::new(input);
    match choices.below(5) {
        0 => digests(choices),
        1 => records(choices),
        2 => agreements(choices),
        3 => signatures(choices),
        _ => verifications(choices),
    }
}

/// Both are the same; returns whether they are a success.
fn same<T: Debug + PartialEq>(ours: &Result<T, CryptoError>, theirs: &Result<T, CryptoError>) -> bool {
    assert_eq!(ours, theirs);
    ours.is_ok()
}

fn bytes<const N: usize>(choices: &mut Choices) -> [u8; N] {
    [(); N].map(|()| choices.byte())
}

/// A number, of which one in four has a run of ones or zeros to its end.
fn number(choices: &mut Choices) -> [u8; 32] {
    let run = choices.byte();
    let mut number: [u8; 32] = bytes(choices);
    if run < 64 {
        let value = if run.is_multiple_of(2) { 0 } else { 0xff };
        number.iter_mut().skip(usize::from(run / 2)).for_each(|byte| *byte = value);
    }
    number
}

/// Changes one bit, or none for half of the inputs.
fn damage(choices: &mut Choices, bytes: &mut [u8]) {
    let (place, bit) = (choices.byte(), choices.byte());
    if bit < 128 {
        let len = bytes.len();
        bytes[usize::from(place) % len] ^= 1 << (bit % 8);
    }
}

fn digests(mut choices: Choices) -> bool {
    let (key, cut) = (number(&mut choices), choices.byte());
    let message = choices.rest();
    let (head, tail) = message.split_at(usize::from(cut).min(message.len()));
    let mut hash = Micro.hash(HashAlgorithm::Sha256).expect("SHA-256");
    hash.update(head);
    hash.update(tail);
    let expected = RustCrypto.digest(HashAlgorithm::Sha256, &[message]).expect("SHA-256");
    assert_eq!(hash.finish().as_bytes(), expected.as_bytes());
    let hmac = |digest: Result<Digest, CryptoError>| digest.map(|digest| digest.as_bytes().to_vec());
    let key = &key[..usize::from(cut % 33)];
    same(
        &hmac(Micro.hmac(HashAlgorithm::Sha256, key, &[head, tail])),
        &hmac(RustCrypto.hmac(HashAlgorithm::Sha256, key, &[message])),
    )
}

fn records(mut choices: Choices) -> bool {
    let algorithm = choices.one_of(&[AeadAlgorithm::ChaCha20Poly1305, AeadAlgorithm::Aes128Gcm]);
    let (key, nonce, aad) = (number(&mut choices), bytes(&mut choices), number(&mut choices));
    let key = &key[..algorithm.key_len()];
    let aad = &aad[..choices.below(33)];
    let mut change = [choices.byte(), choices.byte()];
    let rest = choices.rest();
    let mut text = rest[..rest.len().min(LONGEST)].to_vec();
    let (ours, theirs) = (Micro.aead(algorithm, key).expect("a key"), RustCrypto.aead(algorithm, key).expect("a key"));
    let mut other = text.clone();
    let tag = ours.seal(&nonce, aad, &mut text);
    same(&tag, &theirs.seal(&nonce, aad, &mut other));
    assert_eq!(text, other);
    let mut tag = tag.expect("a tag");
    let place = if text.is_empty() || change[0].is_multiple_of(2) { &mut tag[..] } else { &mut text[..] };
    change[0] /= 2;
    damage(&mut Choices::new(&change), place);
    other.clone_from(&text);
    let is_opened = same(&ours.open(&nonce, aad, &mut text, &tag), &theirs.open(&nonce, aad, &mut other, &tag));
    assert_eq!(text, other, "also a record that is refused is the same");
    is_opened
}

fn share<P: CryptoProvider>(provider: P, seed: &[u8; KEY_SEED_LEN]) -> Result<Vec<u8>, CryptoError> {
    let key = provider.key_exchange(NamedGroup::SECP256R1, seed)?;
    key.key_share().map(|share| share.as_bytes().to_vec())
}

fn agree<P: CryptoProvider>(provider: P, seed: &[u8; KEY_SEED_LEN], peer: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let key = provider.key_exchange(NamedGroup::SECP256R1, seed)?;
    key.agree(peer).map(|secret| secret.as_bytes().to_vec())
}

fn agreements(mut choices: Choices) -> bool {
    let seed = number(&mut choices);
    let shared = share(Micro, &number(&mut choices));
    same(&share(Micro, &seed), &share(RustCrypto, &seed));
    let mut peer = shared.expect("a share");
    damage(&mut choices, &mut peer);
    same(&agree(Micro, &seed, &peer), &agree(RustCrypto, &seed, &peer))
}

fn signatures(mut choices: Choices) -> bool {
    let scalar = number(&mut choices);
    let (ours, theirs) = (MicroSigningKey::from_bytes(&scalar), P256SigningKey::from_bytes(&scalar));
    let (Ok(ours), Ok(theirs)) = (&ours, &theirs) else {
        assert_eq!(ours.err(), theirs.err());
        return false;
    };
    assert_eq!(ours.public_key(), theirs.public_key());
    let digest = number(&mut choices);
    let hedge = choices.rest();
    same(&ours.sign_digest(&digest, hedge), &theirs.sign_digest(&digest, hedge))
}

/// Any signature with any key, or a right one that is damaged.
fn verifications(mut choices: Choices) -> bool {
    let Ok(key) = P256SigningKey::from_bytes(&number(&mut choices)) else { return false };
    let (mut public, mut digest) = (key.public_key(), number(&mut choices));
    let right = key.sign_digest(&digest, &[]).expect("a signature");
    let mut signature = der(&right);
    match choices.below(6) {
        0 => damage(&mut choices, &mut public),
        1 => damage(&mut choices, &mut digest),
        2 => damage(&mut choices, &mut signature),
        3 => signature = der(&[number(&mut choices), number(&mut choices)].concat()),
        4 => signature = choices.rest().to_vec(),
        _ => {}
    }
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    same(
        &Micro.verify(algorithm, &public, &digest, &signature),
        &RustCrypto.verify(algorithm, &public, &digest, &signature),
    )
}

/// `ECDSA-Sig-Value` of RFC 3279 section 2.2.3.
fn der(signature: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count().min(31)..];
        let zero = usize::from(digits[0] >= 0x80);
        [&[2, u8::try_from(digits.len() + zero).expect("short")], &[0][..zero], digits].concat()
    };
    let numbers = [number(&signature[..32]), number(&signature[32..])].concat();
    [&[0x30, u8::try_from(numbers.len()).expect("short")], &numbers[..]].concat()
}

/// A client of each provider reads what its server sends, with changes: both have to end alike, and to have sent the same.
/// Returns whether the handshake succeeded.
pub fn micro_client(changes: &[u8]) -> bool {
    let input = changed(&flights().1, changes);
    let (mut by_us, mut by_them) = (Vec::new(), Vec::new());
    let ours = client_of::<Micro>(sign_as_client, &input, usize::MAX, &mut by_us);
    let theirs = client_of::<Reference>(sign_as_client, &input, usize::MAX, &mut by_them);
    ends(&(ours, by_us), &(theirs, by_them))
}

/// The same for a server.
pub fn micro_server(changes: &[u8]) -> bool {
    let input = changed(&flights().0, changes);
    let (mut by_us, mut by_them) = (Vec::new(), Vec::new());
    let ours = server_of::<Micro>(sign_as_server, &input, usize::MAX, &mut by_us);
    let theirs = server_of::<Reference>(sign_as_server, &input, usize::MAX, &mut by_them);
    ends(&(ours, by_us), &(theirs, by_them))
}

fn ends(ours: &(End, Vec<u8>), theirs: &(End, Vec<u8>)) -> bool {
    assert_eq!(ours, theirs);
    !matches!(ours.0, End::Handshake(_))
}

/// Both flights of a good handshake, made by RustCrypto.
fn flights() -> &'static (Vec<u8>, Vec<u8>) {
    static FLIGHTS: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    FLIGHTS.get_or_init(|| {
        let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
        // Each round lets both sides come further, until neither sends more.
        loop {
            let before = (from_client.len(), from_server.len());
            let (mut client, mut server) = (Vec::new(), Vec::new());
            client_of::<Reference>(sign_as_client, &from_server, usize::MAX, &mut client);
            server_of::<Reference>(sign_as_server, &client, usize::MAX, &mut server);
            (from_client, from_server) = (client, server);
            if before == (from_client.len(), from_server.len()) {
                return (from_client, from_server);
            }
        }
    })
}

/// Makes a few changes: for each a place, in half of them among the first 256 bytes with the hello, a kind and a value.
fn changed(flight: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = flight.to_vec();
    for [kind, high, low, value] in changes.as_chunks().0.iter().take(CHANGES) {
        let high = if kind % 2 == 0 { 0 } else { *high };
        let at = usize::from(u16::from_be_bytes([high, *low])) % bytes.len().max(1);
        match (kind / 2 % 8, bytes.get_mut(at)) {
            (0..4, Some(byte)) => *byte ^= 1 << (value % 8),
            (4, Some(byte)) => *byte = *value,
            (5, Some(_)) => drop(bytes.remove(at)),
            (6, Some(_)) => bytes.truncate(at),
            _ => bytes.insert(at, *value),
        }
    }
    bytes
}

fn sign_as_client(input: &SignInput) -> Option<Signature> {
    MicroSigningKey::from_bytes(CLIENT_KEY).ok()?.sign(input.message(), input.hedge())
}

fn sign_as_server(input: &SignInput) -> Option<Signature> {
    MicroSigningKey::from_bytes(SERVER_KEY).ok()?.sign(input.message(), input.hedge())
}

/// RustCrypto with the algorithms of the other provider alone, so that both say the same in their hellos.
#[derive(Clone, Copy, Default)]
struct Reference;

impl CryptoProvider for Reference {
    type Hash = <RustCrypto as CryptoProvider>::Hash;
    type Aead = <RustCrypto as CryptoProvider>::Aead;
    type KeyExchange = <RustCrypto as CryptoProvider>::KeyExchange;

    const CIPHER_SUITES: &'static [CipherSuite] = Micro::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = Micro::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = Micro::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = Micro::SIGNATURE_SCHEMES;

    fn hash(self, algorithm: HashAlgorithm) -> Result<Self::Hash, CryptoError> {
        RustCrypto.hash(algorithm)
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        RustCrypto.hmac(algorithm, key, message)
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self::Aead, CryptoError> {
        RustCrypto.aead(algorithm, key)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self::KeyExchange, CryptoError> {
        RustCrypto.key_exchange(group, seed)
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        RustCrypto.verify(algorithm, public_key, signed, signature)
    }
}
