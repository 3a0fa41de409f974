//! Keys wear out: after 2^24 records a session changes them by itself. That many records are really written, by a provider
//! that seals nothing.
#![allow(missing_docs)]

use embedded_mtls::credential::Choice;
use embedded_mtls::crypto::rustcrypto::{PrivateKey, RunningHash, RustCrypto};
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, NONCE_LEN,
    SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::io::Host;
use embedded_mtls::{CipherSuite, Client, Event, Handshake, NamedGroup, Server, Session, Side, SignatureScheme, Step};
use test_support::messages::*;
use test_support::pair::{Setup, entropy, leak, now};
use test_support::pki::Pki;
use test_support::script::{APPLICATION_DATA, HANDSHAKE};

/// As [`RustCrypto`], but for records: the ciphertext is the plaintext, the tag zero.
#[derive(Clone, Copy, Debug, Default)]
struct InTheClear;

/// Seals nothing.
struct NoCipher;

impl Aead for NoCipher {
    fn seal(&self, _: &[u8; NONCE_LEN], _: &[u8], _: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        Ok([0; TAG_LEN])
    }

    fn open(&self, _: &[u8; NONCE_LEN], _: &[u8], _: &mut [u8], _: &[u8; TAG_LEN]) -> Result<(), CryptoError> {
        Ok(())
    }
}

impl CryptoProvider for InTheClear {
    type Hash = RunningHash;
    type Aead = NoCipher;
    type KeyExchange = PrivateKey;

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

    fn aead(self, _: AeadAlgorithm, _: &[u8]) -> Result<NoCipher, CryptoError> {
        Ok(NoCipher)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<PrivateKey, CryptoError> {
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

/// Runs one side until it needs the transport; `true` at its end.
fn advance<S: Side>(side: &mut Handshake<'static, S>, host: &mut impl Host<Choice = Choice<'static>>) -> bool {
    loop {
        let answered = match side.poll().expect("a handshake") {
            Step::Transmit | Step::NeedInput => return false,
            Step::Done => return true,
            Step::Yield => Ok(()),
            Step::Time(request) => request.provide(now()),
            Step::Credential(request) => {
                let choice = host.credential(&request.peer_request());
                request.answer(choice)
            }
            Step::Authorize(request) => request.accept(),
            Step::Sign(request) => {
                let signature = host.sign(request.input()).expect("a key");
                request.complete(&signature)
            }
        };
        answered.expect("an answer");
    }
}

fn carry<A: Side, B: Side>(from: &mut Handshake<'_, A>, to: &mut Handshake<'_, B>) {
    let sent = from.tx_pending().to_vec();
    from.tx_consume(sent.len());
    to.rx_space()[..sent.len()].copy_from_slice(&sent);
    to.rx_commit(sent.len()).expect("room");
}

/// The session of a client.
fn session() -> Session<'static, Client<InTheClear>> {
    let setup = Setup::new(&Pki::new());
    let (mut client_host, mut server_host) = (setup.client_host, setup.server_host);
    let mut client: Handshake<'static, Client<InTheClear>> =
        Handshake::new(leak(Box::new(setup.client)), setup.client_sizes.buffers(), entropy(1)).expect("a client");
    let mut server: Handshake<'static, Server<InTheClear>> =
        Handshake::new(leak(Box::new(setup.server)), setup.server_sizes.buffers(), entropy(2)).expect("a server");
    loop {
        if advance(&mut client, &mut client_host) {
            return client.into_session().expect("it is done");
        }
        carry(&mut client, &mut server);
        advance(&mut server, &mut server_host);
        carry(&mut server, &mut client);
    }
}

/// RFC 9846 section 5.5 allows 2^24.5 full-size records with AES-GCM.
#[test]
fn a_session_changes_its_keys_by_itself_before_they_wear_out() {
    let mut session = session();
    session.tx_consume(usize::MAX);
    let data = [b"x", &[APPLICATION_DATA][..], &[0; TAG_LEN]].concat();
    let data = record(APPLICATION_DATA, &data);
    for number in 0..1_u64 << 24 {
        assert_eq!(session.write(b"x"), Ok(1));
        assert!(session.tx_pending() == data, "record {number}");
        session.tx_consume(data.len());
    }
    assert_eq!(session.write(b"x"), Ok(1));
    let update = [&key_update(0)[..], &[HANDSHAKE], &[0; TAG_LEN]].concat();
    assert_eq!(session.tx_pending(), [record(APPLICATION_DATA, &update), data.clone()].concat());
    session.tx_consume(usize::MAX);
    assert_eq!(session.write(b"x"), Ok(1));
    assert_eq!(session.tx_pending(), data);
    session.tx_consume(usize::MAX);
    assert!(matches!(session.poll(), Ok(Event::NeedInput)));
}
