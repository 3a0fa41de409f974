//! No branch and no index of the core depends on a secret: valgrind's memcheck runs whole handshakes, full and resumed, with all
//! secrets in memory that counts as undefined, and reports each decision that depends on it.
//!
//! A result that becomes public is defined again: key shares, signatures, sealed records, opened ones, what is signed. Where a decision depends on
//! a secret and may be known, [`REVEALED`] names the function. A comparison that is not constant in time is another function, and found.
//! Only in the release profile: checks of overflow are branches.
#![cfg(all(target_arch = "x86_64", target_os = "linux", not(debug_assertions)))]
#![allow(unexpected_cfgs, reason = "a flag of the crate `aes`, which `cargo xtask test --thorough` sets")]

#[cfg(feature = "keys")]
use embedded_mtls::crypto::rustcrypto::{Ed25519SigningKey, P384SigningKey};
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, PrivateKey, RecordKey, RunningHash, RustCrypto};
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KeyExchange, KeyShare, NONCE_LEN,
    SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::io::Host;
use embedded_mtls::x509::UnixTime;
use embedded_mtls::{
    CipherSuite, Client, Entropy, Handshake, NamedGroup, Server, Side, Signature, SignatureScheme, Step, Ticket,
    TicketKey, TicketKeys,
};
use memcheck::{findings, hide, reveal};
use std::hint::black_box;
use test_support::pair::{Setup, Sizes, TestHost, credential, deliver, drain, host, leak};
use test_support::pki::{Issued, NOW, Pki};

/// The functions in which a result that depends on a secret becomes public: what memcheck calls it, and parts of their names.
const REVEALED: [(&str, &str); 17] = [
    // The shared secret is zero.
    ("Cond", "*X25519PrivateKey*agree*"),
    // A seed or a candidate for a nonce is not below the order, or a part of a signature is zero: the next one is taken.
    ("Cond", "*elliptic_curve*secret_key*from_slice*"),
    ("Cond", "*rustcrypto*nonce*nonzero*"),
    ("Cond", "*rustcrypto*nonce*sign*"),
    // The encoding of a public key, whose length depends on its first byte.
    ("Cond", "*rustcrypto*PrivateKey*key_share*"),
    ("Value8", "*rustcrypto*PrivateKey*key_share*"),
    // A record or a ticket does not open.
    ("Cond", "*aes_gcm*decrypt*"),
    ("Cond", "*chacha20poly1305*decrypt*"),
    ("Cond", "*embedded_mtls_aead*open*"),
    ("Cond", "*WatchedKey*open*"),
    ("Cond", "*record*protect*open*"),
    ("Cond", "*handshake*ticket*keys*open*"),
    // A Finished, a binder or a stored ticket is not right.
    ("Cond", "*handshake*handle_finished*"),
    ("Cond", "*handshake*keys*receive_finished*"),
    ("Cond", "*key_schedule*verify_finished*"),
    ("Cond", "*handshake*ticket*sealed*accept*"),
    ("Cond", "*handshake*ticket*stored*"),
];

#[test]
fn no_branch_or_index_depends_on_a_secret() {
    assert_eq!(findings("handshakes_with_secrets", &REVEALED), None, "a branch or an index depends on a secret");
}

#[test]
fn no_branch_or_index_of_a_key_depends_on_it() {
    assert_eq!(findings("a_p256_key", &REVEALED), None, "a branch or an index depends on a secret");
}

/// As above, for a key on P-384, whose signatures the crate `ecdsa` makes: a candidate for a nonce is zero or not below the order, or a
/// part of a signature is zero.
#[cfg(feature = "keys")]
const REVEALED_OF_P384: [(&str, &str); 6] = [
    ("Cond", "*elliptic_curve*scalar*from_slice*"),
    ("Cond", "*elliptic_curve*secret_key*from_bytes*"),
    ("Cond", "*rfc6979*KGenerator*fill_next_k*"),
    ("Cond", "bcmp\n   fun:*ecdsa*hazmat*sign_prehashed_rfc6979*"),
    ("Cond", "*ecdsa*hazmat*sign_prehashed_rfc6979*"),
    ("Cond", "*ecdsa*Signature*from_scalars*"),
];

#[test]
#[cfg(feature = "keys")]
fn no_branch_or_index_of_another_key_depends_on_it() {
    assert_eq!(findings("a_p384_key", &REVEALED_OF_P384), None, "a branch or an index depends on a secret");
    assert_eq!(findings("an_ed25519_key", &[]), None, "a branch or an index depends on a secret");
}

#[test]
fn a_key_that_is_read_digit_by_digit_is_found() {
    assert!(findings("a_leaky_key", &REVEALED).is_some());
}

/// The software of AES and GHASH takes the place of instructions, also on this processor.
#[test]
#[cfg(aes_backend = "soft")]
fn aes_in_software_looks_nothing_up_by_its_key() {
    assert_eq!(findings("a_record", &REVEALED), None, "a branch or an index depends on a secret");
    assert!(findings("a_leaky_table", &REVEALED).is_some());
}

#[test]
fn a_comparison_that_is_not_constant_time_is_found() {
    assert!(findings("a_leaky_comparison", &REVEALED).is_some());
}

/// The software of the core, whose results are public.
#[derive(Clone, Copy)]
struct Watched;

struct WatchedKey(RecordKey);

struct WatchedExchange(PrivateKey);

impl Aead for WatchedKey {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        let mut tag = self.0.seal(nonce, aad, in_out)?;
        reveal(in_out);
        reveal(&mut tag);
        Ok(tag)
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        self.0.open(nonce, aad, in_out, tag)?;
        // The header of a record; a ticket keeps its pre-shared key, after the number of the hash.
        if aad.len() == 5 {
            reveal(in_out);
        } else {
            reveal(&mut in_out[..1]);
            reveal(&mut in_out[33..]);
        }
        Ok(())
    }
}

impl KeyExchange for WatchedExchange {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        let mut share = self.0.key_share()?;
        reveal(&mut share);
        Ok(share)
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        self.0.agree(peer)
    }
}

impl CryptoProvider for Watched {
    type Hash = RunningHash;
    type Aead = WatchedKey;
    type KeyExchange = WatchedExchange;

    const CIPHER_SUITES: &'static [CipherSuite] = RustCrypto::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = RustCrypto::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = RustCrypto::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = RustCrypto::SIGNATURE_SCHEMES;

    fn hash(self, algorithm: HashAlgorithm) -> Result<RunningHash, CryptoError> {
        RustCrypto.hash(algorithm)
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        RustCrypto.hmac(algorithm, key, message)
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<WatchedKey, CryptoError> {
        RustCrypto.aead(algorithm, key).map(WatchedKey)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; 32]) -> Result<WatchedExchange, CryptoError> {
        RustCrypto.key_exchange(group, seed).map(WatchedExchange)
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        // What is signed can be known to anyone who takes part.
        let mut signed = signed.to_vec();
        reveal(&mut signed[..]);
        RustCrypto.verify(algorithm, key, &signed, signature)
    }
}

/// A host whose key is secret.
fn secret_host(leaf: &Issued, intermediate: &Issued) -> TestHost {
    let mut scalar = leaf.key.scalar();
    hide(&mut scalar);
    let key = P256SigningKey::from_bytes(&scalar).unwrap();
    host(vec![credential(&[leaf, intermediate], 0)], vec![key])
}

/// Entropy whose random value and session ID are public, and whose seeds are not.
fn secret_entropy(number: u8) -> Entropy {
    let mut bytes: [u8; 128] =
        std::array::from_fn(|at| u8::try_from(at).unwrap().wrapping_mul(167).wrapping_add(number));
    hide(&mut bytes[64..]);
    Entropy::new(&bytes)
}

fn advance<'b, S: Side>(handshake: &mut Handshake<'b, S>, host: &mut TestHost) -> bool
where
    TestHost: Host<Choice = embedded_mtls::credential::Choice<'b>>,
{
    loop {
        let answered = match handshake.poll().expect("no error") {
            Step::Transmit | Step::NeedInput => return false,
            Step::Yield => Ok(()),
            Step::Done => return true,
            Step::Time(request) => request.provide(host.time()),
            Step::Credential(request) => {
                let choice = host.credential(&request.peer_request());
                request.answer(choice)
            }
            Step::Authorize(request) => request.accept(),
            Step::Sign(request) => {
                let mut signature = host.sign(&request.input).expect("a signature");
                if let Signature::P256(bytes) = &mut signature {
                    reveal(bytes);
                }
                request.complete(&signature)
            }
        };
        answered.expect("an answer");
    }
}

#[test]
#[ignore = "run under valgrind by another test"]
fn handshakes_with_secrets() {
    let pki = Pki::new();
    let mut key = [0x5a; TicketKey::LEN];
    // Behind its name, which is in each ticket.
    hide(&mut key[16..]);
    let keys: &'static TicketKeys = leak(Box::new(TicketKeys::new(TicketKey::new(&key))));
    let suites = [CipherSuite::TLS_CHACHA20_POLY1305_SHA256, CipherSuite::TLS_AES_128_GCM_SHA256];
    for (group, suite) in [NamedGroup::X25519, NamedGroup::SECP256R1].into_iter().zip(suites) {
        let mut ticket: Option<Vec<u8>> = None;
        for number in 0..2 {
            let mut setup = Setup::new(&pki);
            setup.client =
                setup.client.with_groups(leak(Box::new([group]))).with_cipher_suites(leak(Box::new([suite])));
            setup.client = setup.client.with_resumption(true);
            setup.server = setup.server.with_tickets(keys, 3_600);
            let mut hosts = (secret_host(&pki.client, &pki.intermediate), secret_host(&pki.server, &pki.intermediate));
            let (config, buffers) = (leak(Box::new(setup.client)), Sizes::DEFAULT.buffers());
            let mut client =
                Handshake::<Client<Watched>>::with_provider(Watched, config, buffers, secret_entropy(number)).unwrap();
            let (config, buffers) = (leak(Box::new(setup.server)), Sizes::DEFAULT.buffers());
            let mut server =
                Handshake::<Server<Watched>>::with_provider(Watched, config, buffers, secret_entropy(9)).unwrap();
            if let Some(ticket) = ticket.take() {
                let known = leak(Box::new(credential(&[&pki.client, &pki.intermediate], 0)));
                client.resume(Ticket::new(leak(ticket.into_boxed_slice())), Some(known), UnixTime(NOW)).unwrap();
            }
            let (mut up, mut down, mut done) = (Vec::new(), Vec::new(), (false, false));
            while done != (true, true) {
                done.0 = done.0 || advance(&mut client, &mut hosts.0);
                drain(&mut client, &mut up, &mut Vec::new());
                deliver(&mut up, &mut server, 0);
                done.1 = done.1 || advance(&mut server, &mut hosts.1);
                drain(&mut server, &mut down, &mut Vec::new());
                deliver(&mut down, &mut client, 0);
            }
            let (mut client, mut server) = (client.into_session().ok().unwrap(), server.into_session().ok().unwrap());
            assert_eq!(client.negotiated().resumed, number == 1);
            client.request_key_update();
            client.write(b"order").unwrap();
            client.export(b"EXPORTER-test", b"", &mut [0; 32]).unwrap();
            let sent = [client.tx_pending().to_vec(), server.tx_pending().to_vec()];
            client.tx_consume(usize::MAX);
            server.tx_consume(usize::MAX);
            server.rx_space()[..sent[0].len()].copy_from_slice(&sent[0]);
            server.rx_commit(sent[0].len()).unwrap();
            let _data = server.poll_received().unwrap();
            client.rx_space()[..sent[1].len()].copy_from_slice(&sent[1]);
            client.rx_commit(sent[1].len()).unwrap();
            let _waits = client.poll_received().unwrap();
            let mut out = vec![0; Ticket::MAX_LEN];
            let length = client.take_ticket(UnixTime(NOW), &mut out).unwrap().expect("a ticket");
            out.truncate(length);
            ticket = Some(out);
        }
    }
}

#[test]
#[ignore = "run under valgrind by another test"]
fn a_leaky_comparison() {
    let mut secret = [7_u8; 32];
    hide(&mut secret);
    let mac = Watched.hmac(HashAlgorithm::Sha256, &secret, &[b"message"]).unwrap();
    // As `verify_finished` would be without constant time.
    println!("{}", black_box(mac.as_bytes() == black_box(&[7; 32][..])));
}

/// The DER of a private key, whose number alone is secret, and which is behind these bytes.
fn secret_der<const N: usize>(before: &[u8], after: &[u8]) -> Vec<u8> {
    // Below the order of each curve.
    let number: [u8; N] = std::array::from_fn(|at| u8::try_from(at * 151 % 256).unwrap());
    let mut der = [before, &number, after].concat();
    hide(&mut der[before.len()..before.len() + N]);
    der
}

/// SEC 1, as in `EC PRIVATE KEY`, and the same in PKCS #8 (RFC 5915, RFC 5958).
#[test]
#[ignore = "run under valgrind by another test"]
fn a_p256_key() {
    let sec1 = b"\x30\x31\x02\x01\x01\x04\x20";
    let curve = b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let pkcs8 = b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20";
    for der in [secret_der::<32>(sec1, curve), secret_der::<32>(pkcs8, b"")] {
        let key = P256SigningKey::from_der(&der).unwrap();
        reveal(&mut key.sign_digest(&[7; 32], &[8; 32]).unwrap());
    }
}

#[test]
#[ignore = "run under valgrind by another test"]
#[cfg(feature = "keys")]
fn a_p384_key() {
    let sec1 = b"\x30\x3e\x02\x01\x01\x04\x30";
    let key = P384SigningKey::from_der(&secret_der::<48>(sec1, b"\xa0\x07\x06\x05\x2b\x81\x04\x00\x22")).unwrap();
    reveal(&mut key.sign_digest(&[7; 48], &[8; 32]).unwrap());
}

#[test]
#[ignore = "run under valgrind by another test"]
#[cfg(feature = "keys")]
fn an_ed25519_key() {
    let pkcs8 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let key = Ed25519SigningKey::from_der(&secret_der::<32>(pkcs8, b"")).unwrap();
    reveal(&mut key.sign(b"message"));
}

/// As a reader of DER would be that drops zeros in front of a number.
#[test]
#[ignore = "run under valgrind by another test"]
fn a_leaky_key() {
    let der = secret_der::<32>(b"\x04\x20", b"");
    println!("{}", black_box(der[2..].iter().position(|byte| *byte != 0)).is_some());
}

#[test]
#[ignore = "run under valgrind by another test"]
#[cfg(aes_backend = "soft")]
fn a_record() {
    let mut key = [7; 16];
    hide(&mut key);
    let aead = Watched.aead(AeadAlgorithm::Aes128Gcm, &key).unwrap();
    let mut record = [9; 100];
    hide(&mut record);
    black_box(aead.0.seal(&[1; NONCE_LEN], &[0; 5], &mut record)).unwrap();
}

/// As a table of AES would be.
#[test]
#[ignore = "run under valgrind by another test"]
#[cfg(aes_backend = "soft")]
fn a_leaky_table() {
    let mut key = [7_u8; 16];
    hide(&mut key);
    let table: [u8; 256] = std::array::from_fn(|at| u8::try_from(255 - at).unwrap());
    println!("{}", black_box(key.map(|byte| table[usize::from(byte)])).len());
}
