//! A provider that is a handle of something: here of a lock around a peripheral, as a driver of an accelerator has it.

use embedded_mtls::crypto::rustcrypto::{PrivateKey, RecordKey, RunningHash, RustCrypto};
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    NONCE_LEN, SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::x509::{Rules, Time, UnixTime, Validator};
use embedded_mtls::{
    AlertDescription, CertificateError, CertificateProblem, CipherSuite, Client, Error, Handshake, NamedGroup, Server,
    Side, SignatureScheme,
};
use std::collections::BTreeMap;
use std::sync::Mutex;
use test_support::messages::{EARLY_DATA, X25519, record};
use test_support::pair::{Setup, TestSession, advance, anchors, deliver, drain, entropy, exchange, leak};
use test_support::pki::{NOW, Pki};
use test_support::script::{APPLICATION_DATA, Script};

/// The operations of the peripheral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Agree,
    Expand,
    Hash,
    Hmac,
    KeyExchange,
    Open,
    Seal,
    Share,
    Verify,
}

impl Operation {
    /// All but the hash, which is begun before there is a handshake.
    const ALL: [Self; 8] =
        [Self::Agree, Self::Expand, Self::Hmac, Self::KeyExchange, Self::Open, Self::Seal, Self::Share, Self::Verify];
}

/// A peripheral that does one thing at a time.
#[derive(Default)]
struct Peripheral {
    done: Mutex<BTreeMap<Operation, usize>>,
    /// It fails in this operation.
    broken: Option<Operation>,
}

/// A handle of it.
#[derive(Clone, Copy)]
struct Accelerator(&'static Peripheral);

/// Something that was made with the handle and needs it again.
#[derive(Clone)]
struct Through<T>(Accelerator, T);

impl Accelerator {
    fn new(broken: Option<Operation>) -> Self {
        Self(leak(Box::new(Peripheral { broken, ..Peripheral::default() })))
    }

    /// Takes the lock for the time of an operation. Nobody else holds it: operations do not overlap.
    fn run<T>(self, operation: Operation, work: impl FnOnce() -> Result<T, CryptoError>) -> Result<T, CryptoError> {
        let mut done = self.0.done.try_lock().expect("one operation at a time");
        *done.entry(operation).or_default() += 1;
        if self.0.broken == Some(operation) { Err(CryptoError::Failed) } else { work() }
    }

    fn count(self, operation: Operation) -> usize {
        self.0.done.lock().unwrap().get(&operation).copied().unwrap_or_default()
    }
}

impl Hash for Through<RunningHash> {
    fn update(&mut self, bytes: &[u8]) {
        self.1.update(bytes);
    }

    fn finish(self) -> Digest {
        self.1.finish()
    }
}

impl Aead for Through<RecordKey> {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        self.0.run(Operation::Seal, || self.1.seal(nonce, aad, in_out))
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        self.0.run(Operation::Open, || self.1.open(nonce, aad, in_out, tag))
    }
}

impl KeyExchange for Through<PrivateKey> {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        self.0.run(Operation::Share, || self.1.key_share())
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        self.0.run(Operation::Agree, || self.1.agree(peer))
    }
}

impl CryptoProvider for Accelerator {
    type Hash = Through<RunningHash>;
    type Aead = Through<RecordKey>;
    type KeyExchange = Through<PrivateKey>;

    const CIPHER_SUITES: &'static [CipherSuite] = RustCrypto::CIPHER_SUITES;
    const NAMED_GROUPS: &'static [NamedGroup] = RustCrypto::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = RustCrypto::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = RustCrypto::SIGNATURE_SCHEMES;

    fn hash(self, algorithm: HashAlgorithm) -> Result<Self::Hash, CryptoError> {
        self.run(Operation::Hash, || RustCrypto.hash(algorithm)).map(|hash| Through(self, hash))
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        self.run(Operation::Hmac, || RustCrypto.hmac(algorithm, key, message))
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self::Aead, CryptoError> {
        self.run(Operation::Expand, || RustCrypto.aead(algorithm, key)).map(|key| Through(self, key))
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self::KeyExchange, CryptoError> {
        self.run(Operation::KeyExchange, || RustCrypto.key_exchange(group, seed)).map(|key| Through(self, key))
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.run(Operation::Verify, || RustCrypto.verify(algorithm, public_key, signed, signature))
    }
}

/// Both ends of a connection: a session, or why there is none.
type Ends = (Result<TestSession<Client<Accelerator>>, Error>, Result<TestSession<Server<Accelerator>>, Error>);

/// Runs a client and a server, each with a handle of its own.
fn run(client: Accelerator, server: Accelerator) -> Ends {
    let Setup {
        client: client_config,
        server: server_config,
        mut client_host,
        mut server_host,
        client_sizes,
        server_sizes,
        ..
    } = Setup::new(&Pki::new());
    let (client_config, server_config) = (leak(Box::new(client_config)), leak(Box::new(server_config)));
    let mut client =
        Handshake::<Client<Accelerator>>::with_provider(client, client_config, client_sizes.buffers(), entropy(1));
    let mut server =
        Handshake::<Server<Accelerator>>::with_provider(server, server_config, server_sizes.buffers(), entropy(2));
    let (Ok(near), Ok(far)) = (&mut client, &mut server) else { panic!("nothing is wrong with the configurations") };
    let (mut up, mut down, mut log) = (Vec::new(), Vec::new(), Vec::new());
    let (mut near_end, mut far_end) = (None, None);
    for _ in 0..50 {
        near_end = near_end.or_else(|| advance(near, &mut client_host));
        drain(near, &mut up, &mut log);
        deliver(&mut up, far, 0);
        far_end = far_end.or_else(|| advance(far, &mut server_host));
        drain(far, &mut down, &mut log);
        deliver(&mut down, near, 0);
    }
    let lost = Err(Error::ConnectionTruncated);
    (
        near_end.unwrap_or(lost).and_then(|()| client?.into_session()),
        far_end.unwrap_or(lost).and_then(|()| server?.into_session()),
    )
}

#[test]
fn every_operation_of_a_connection_goes_through_the_handle_it_was_given() {
    let (client, server) = (Accelerator::new(None), Accelerator::new(None));
    let (Ok(mut near), Ok(mut far)) = run(client, server) else { panic!("nothing is wrong") };
    let before = [client, server].map(|handle| (handle.count(Operation::Seal), handle.count(Operation::Open)));
    near.write(b"order").unwrap();
    far.write(b"answer").unwrap();
    assert_eq!(exchange(&mut near, &mut far), Ok((b"answer".to_vec(), b"order".to_vec())));
    for (handle, before) in [client, server].into_iter().zip(before) {
        // A leaf and an intermediate of the other side, and its CertificateVerify.
        assert_eq!(handle.count(Operation::Verify), 3);
        assert_eq!((handle.count(Operation::Share), handle.count(Operation::Agree)), (1, 1));
        assert!(handle.count(Operation::Hash) > 0 && handle.count(Operation::Hmac) > 0);
        // Keys of both directions, of the handshake and of the application.
        assert_eq!(handle.count(Operation::Expand), 4);
        assert_eq!((handle.count(Operation::Seal), handle.count(Operation::Open)), (before.0 + 1, before.1 + 1));
    }
    near.request_key_update();
    exchange(&mut near, &mut far).unwrap();
    assert_eq!([client, server].map(|handle| handle.count(Operation::Expand)), [6, 6], "a session keeps the handle");
}

/// The error of an end; of one that is done, the next it receives.
fn heard<R: Side>(end: Result<TestSession<R>, Error>) -> Option<Error> {
    match end {
        Ok(mut session) => session.poll().err(),
        Err(error) => Some(error),
    }
}

#[test]
fn a_peripheral_that_fails_ends_the_handshake_without_blaming_the_peer() {
    for broken in Operation::ALL {
        let told = Error::AlertReceived(AlertDescription::INTERNAL_ERROR);
        let (near, far) = run(Accelerator::new(Some(broken)), Accelerator::new(None));
        assert_eq!(near.err(), Some(Error::ProviderFailed), "of a client: {broken:?}");
        // Records that cannot be sealed are not sent, and after its hello a server reads no plaintext.
        let is_told = !matches!(broken, Operation::Seal);
        assert_eq!(heard(far) == Some(told), is_told, "of a client: {broken:?}");
        let (near, far) = run(Accelerator::new(None), Accelerator::new(Some(broken)));
        assert_eq!(far.err(), Some(Error::ProviderFailed), "of a server: {broken:?}");
        // Behind ServerHello an alert is sealed, for which there are no keys.
        let is_told = !matches!(broken, Operation::Expand | Operation::Seal);
        assert_eq!(heard(near) == Some(told), is_told, "of a server: {broken:?}");
    }
}

#[test]
fn a_certificate_that_could_not_be_hashed_is_not_kept_without_its_hash() {
    let pki = Pki::new();
    let mut memory = vec![0; 4096];
    let mut validator = Validator::new(&mut memory);
    let (sound, broken) = (Accelerator::new(None), Accelerator::new(Some(Operation::Hash)));
    assert_eq!(validator.push(broken, &pki.client.der), Err(Error::ProviderFailed), "the fingerprint of the leaf");
    assert!(validator.identity().is_none());
    validator.push(sound, &pki.client.der).unwrap();
    assert_eq!(validator.push(broken, &pki.intermediate.der), Err(Error::ProviderFailed), "what is signed");
}

#[test]
fn a_path_whose_signatures_nobody_could_verify_is_not_verified() {
    let pki = Pki::new();
    let anchors = anchors(&[&pki.root]);
    let validate = |broken| {
        let (mut memory, provider) = (vec![0; 4096], Accelerator::new(broken));
        let mut validator = Validator::new(&mut memory);
        for issued in [&pki.client, &pki.intermediate] {
            validator.push(provider, &issued.der).unwrap();
        }
        let rules = Rules::client(anchors, Time::Trusted(UnixTime(NOW)));
        validator.validate(provider, rules).map(|path| path.found.depth).map_err(|verdict| verdict.error())
    };
    assert_eq!(validate(None), Ok(2));
    // The signature that was to be verified first is the intermediate's, by the anchor.
    let unverified = CertificateError { index: 1, problem: CertificateProblem::UnsupportedSignature };
    assert_eq!(validate(Some(Operation::Verify)), Err(unverified));
}

/// RFC 9846 section 4.3.10: records that fail deprotection are skipped. One that nobody could try to open may be the client's Finished.
#[test]
fn a_record_that_a_peripheral_fails_to_open_is_not_skipped_as_early_data() {
    let Setup { server: config, mut server_host, server_sizes, .. } = Setup::new(&Pki::new());
    let (broken, config) = (Accelerator::new(Some(Operation::Open)), leak(Box::new(config)));
    let server = Handshake::<Server<Accelerator>>::with_provider(broken, config, server_sizes.buffers(), entropy(2));
    let mut server = server.unwrap();
    let mut client = Script::client(Script::hello(X25519).with(EARLY_DATA, &[]));
    let mut up = [client.say_hello(), record(APPLICATION_DATA, &[7; 100])].concat();
    let step = |_| {
        deliver(&mut up, &mut server, 0);
        let end = advance(&mut server, &mut server_host);
        drain(&mut server, &mut Vec::new(), &mut Vec::new());
        end
    };
    assert_eq!((0..9).find_map(step), Some(Err(Error::ProviderFailed)));
}
