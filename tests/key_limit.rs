//! Keys wear out: after the number of records that RFC 9846 section 5.5 or the provider allows, a session changes them.
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

/// A provider like [`RustCrypto`], except for records: the ciphertext is the plaintext, the tag zero.
#[derive(Clone, Copy, Debug, Default)]
struct InTheClear<const RECORDS: u64>;

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

impl<const RECORDS: u64> CryptoProvider for InTheClear<RECORDS> {
    type Hash = RunningHash;
    type Aead = NoCipher;
    type KeyExchange = PrivateKey;

    const CIPHER_SUITES: &'static [CipherSuite] = RustCrypto::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = RustCrypto::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = RustCrypto::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = RustCrypto::SIGNATURE_SCHEMES;
    const RECORDS_PER_KEY: u64 = RECORDS;

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
                let signature = host.sign(&request.input).expect("a key");
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

/// The sessions of a client and a server with this provider.
fn sessions<P: CryptoProvider + Default>() -> (Session<'static, Client<P>>, Session<'static, Server<P>>) {
    let setup = Setup::new(&Pki::new());
    let (mut client_host, mut server_host) = (setup.client_host, setup.server_host);
    let mut client: Handshake<'static, Client<P>> =
        Handshake::new(leak(Box::new(setup.client)), setup.client_sizes.buffers(), entropy(1)).expect("a client");
    let mut server: Handshake<'static, Server<P>> =
        Handshake::new(leak(Box::new(setup.server)), setup.server_sizes.buffers(), entropy(2)).expect("a server");
    loop {
        let is_done = advance(&mut client, &mut client_host);
        carry(&mut client, &mut server);
        if advance(&mut server, &mut server_host) && is_done {
            return (client.into_session().expect("it is done"), server.into_session().expect("it is done"));
        }
        carry(&mut server, &mut client);
    }
}

/// Writes this number of records of one byte, and checks that each is one and that the next comes after a KeyUpdate.
fn wears_out_after<S: Side>(session: &mut Session<'_, S>, count: u64) {
    let data = [b"x", &[APPLICATION_DATA][..], &[0; TAG_LEN]].concat();
    let data = record(APPLICATION_DATA, &data);
    for number in 0..count {
        assert_eq!(session.write(b"x"), Ok(1));
        assert_eq!(session.tx_pending(), data, "record {number}");
        session.tx_consume(data.len());
    }
    assert_eq!(session.write(b"x"), Ok(1));
    let update = [&key_update(0)[..], &[HANDSHAKE], &[0; TAG_LEN]].concat();
    assert_eq!(session.tx_pending(), [record(APPLICATION_DATA, &update), data].concat());
    session.tx_consume(usize::MAX);
}

/// RFC 9846 section 5.5: keys are updated "prior to reaching these limits". With each new key the count begins again.
#[test]
fn both_sides_change_their_keys_by_themselves_before_they_wear_out() {
    let (mut client, mut server) = sessions::<InTheClear<50>>();
    client.tx_consume(usize::MAX);
    server.tx_consume(usize::MAX);
    wears_out_after(&mut client, 50);
    wears_out_after(&mut client, 49);
    wears_out_after(&mut server, 50);
    wears_out_after(&mut server, 49);
    assert!(matches!(client.poll(), Ok(Event::NeedInput)));
}

/// 2^24 full-size records are fewer than the 2^24.5 that RFC 9846 section 5.5 allows with AES-GCM.
#[test]
fn keys_wear_out_after_2_to_24_records_if_the_provider_says_nothing() {
    assert_eq!(RustCrypto::RECORDS_PER_KEY, 1 << 24);
}
