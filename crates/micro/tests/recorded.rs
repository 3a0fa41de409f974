//! The recorded handshakes of the core, byte for byte with this provider, as far as it has their algorithms; and mutated, to end as with
//! RustCrypto.

use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, SignatureAlgorithm,
};
use embedded_mtls::io::SoftwareHost;
use embedded_mtls::x509::Time;
use embedded_mtls::{CipherSuite, Client, Error, Handshake, NamedGroup, Server, Side, SignatureScheme};
use embedded_mtls_micro::{Micro, MicroSigningKey};
use test_support::pair::{Setup, credential, entropy, leak, leak_all, now};
use test_support::pki::{Issued, Pki};
use test_support::recorded::{read, setups};
use test_support::script::Real;

const RECORDED_SCHEMES: [SignatureScheme; 12] = [
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PSS_PSS_SHA256,
    SignatureScheme::RSA_PSS_PSS_SHA384,
    SignatureScheme::RSA_PSS_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// This provider with the list of schemes that RustCrypto sends: in the recordings that of all its features, else that of these tests.
#[derive(Clone, Copy, Default)]
struct Listing<const RECORDED: bool>;

impl<const RECORDED: bool> CryptoProvider for Listing<RECORDED> {
    type Hash = <Micro as CryptoProvider>::Hash;
    type Aead = <Micro as CryptoProvider>::Aead;
    type KeyExchange = <Micro as CryptoProvider>::KeyExchange;

    const CIPHER_SUITES: &'static [CipherSuite] = Micro::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = Micro::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = Micro::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = Micro::SIGNATURE_SCHEMES;
    const CERTIFICATE_SCHEMES: &'static [SignatureScheme] =
        if RECORDED { &RECORDED_SCHEMES } else { RustCrypto::CERTIFICATE_SCHEMES };

    fn hash(self, algorithm: HashAlgorithm) -> Result<Self::Hash, CryptoError> {
        Micro.hash(algorithm)
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        Micro.hmac(algorithm, key, message)
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self::Aead, CryptoError> {
        Micro.aead(algorithm, key)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self::KeyExchange, CryptoError> {
        Micro.key_exchange(group, seed)
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        Micro.verify(algorithm, public_key, signed, signature)
    }
}

type MicroHost = SoftwareHost<'static, fn() -> Time, MicroSigningKey>;

/// A recording whose client has X25519 in it, which this provider does not have.
const WITH_X25519: [&str; 2] = ["mutual", "mutual-retried"];

/// A host that signs with a key of this crate, whatever the provider is.
fn host(pki: &Pki, leaf: &Issued) -> MicroHost {
    let keys = leak_all(vec![MicroSigningKey::from_bytes(&leaf.key.scalar()).unwrap()]);
    SoftwareHost::new(leak_all(vec![credential(&[leaf, &pki.intermediate], 0)]), keys, now)
}

fn real<S: Side>(handshake: Result<Handshake<'static, S>, Error>, host: MicroHost) -> Real<'static, S, MicroHost> {
    let mut real = Real { handshake: handshake.unwrap(), host, end: None, out: Vec::new() };
    real.feed(&[]);
    real
}

fn client<P: CryptoProvider + Default>(pki: &Pki, setup: &Setup) -> Real<'static, Client<P>, MicroHost> {
    let config = leak(Box::new(setup.client));
    real(Handshake::new(config, setup.client_sizes.buffers(), entropy(1)), host(pki, &pki.client))
}

fn server<P: CryptoProvider + Default>(pki: &Pki, setup: &Setup) -> Real<'static, Server<P>, MicroHost> {
    let config = leak(Box::new(setup.server));
    real(Handshake::new(config, setup.server_sizes.buffers(), entropy(2)), host(pki, &pki.server))
}

#[test]
fn each_side_answers_a_recording_with_the_recorded_bytes() {
    let pki = Pki::new();
    let mut clients = 0;
    for (name, setup) in setups(&pki) {
        let (from_client, from_server) = read(name);
        // The server of this one knows P-256 alone, and asks for another share.
        if name != "mutual" {
            let mut server = server::<Listing<true>>(&pki, &setup);
            server.feed(&from_client);
            assert_eq!(server.end, Some(Ok(())), "{name}");
            assert!(server.out == from_server, "{name}, the server");
        }
        if !WITH_X25519.contains(&name) {
            let mut client = client::<Listing<true>>(&pki, &setup);
            client.feed(&from_server);
            assert_eq!(client.end, Some(Ok(())), "{name}");
            assert!(client.out == from_client, "{name}, the client");
            clients += 1;
        }
    }
    assert_eq!(clients, 2);
}

/// xorshift32.
fn next(state: &mut u32) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    usize::try_from(*state).unwrap()
}

/// Changes, removes or inserts bytes in a place or two, half of them among the first 200 bytes, where the hello is.
fn mutate(input: &[u8], state: &mut u32) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=next(state) % 2 {
        let end = if next(state).is_multiple_of(2) { bytes.len() } else { bytes.len().min(200) };
        let at = next(state) % end;
        match next(state) % 5 {
            0 | 1 => bytes[at] ^= 1 << (next(state) % 8),
            2 => bytes.truncate(at + 1),
            3 => drop(bytes.remove(at)),
            _ => bytes.insert(at, u8::try_from(next(state) % 256).unwrap()),
        }
    }
    bytes
}

/// Feeds the same to a side with each provider: they have to end alike and to have sent the same.
fn compare<S: Side, O: Side>(
    input: &[u8],
    (mut ours, mut theirs): (Real<'static, S, MicroHost>, Real<'static, O, MicroHost>),
) -> Option<Result<(), Error>> {
    ours.feed(input);
    theirs.feed(input);
    assert_eq!(ours.end, theirs.end);
    assert!(ours.out == theirs.out, "other bytes were sent, {:?}", ours.end);
    ours.end
}

#[test]
fn mutated_handshakes_end_as_with_rustcrypto() {
    let pki = Pki::new();
    let mut state = 0x9e37_79b9;
    let mut ends = Vec::new();
    for (name, setup) in setups(&pki).into_iter().filter(|(name, _)| !WITH_X25519.contains(name)) {
        let (from_client, from_server) = read(name);
        for _ in 0..300 {
            let input = mutate(&from_server, &mut state);
            ends.push(compare(&input, (client::<Listing<false>>(&pki, &setup), client::<RustCrypto>(&pki, &setup))));
            let input = mutate(&from_client, &mut state);
            ends.push(compare(&input, (server::<Listing<false>>(&pki, &setup), server::<RustCrypto>(&pki, &setup))));
        }
    }
    ends.sort_by_key(|end| format!("{end:?}"));
    ends.dedup();
    assert!(ends.len() > 20, "the mutations reach few errors: {ends:?}");
}
