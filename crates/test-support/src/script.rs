//! One side of TLS 1.3 written again, independent of the core except for its primitives. It sends what
//! a test asks for: right, wrong, out of order, or under the wrong keys.
//!
//! ```text
//! let mut real = Real::client(Setup::new(&pki));
//! let mut script = Script::server(&real.take());             // it has read the ClientHello
//! let flight = script.server_flight(&pki, |message| message); // edits what goes into the transcript
//! real.feed(&script.seal_all(&flight));                       // edit `flight` to change only the wire
//! ```

use crate::messages::{
    AES_128_GCM, CHACHA20, CLIENT_CONTEXT, ECDSA_P256, FINISHED, Hello, SERVER_CONTEXT, X25519, certificate_request,
    certificate_verify, chain_of, encrypted_extensions, message, messages, record, records, vec8,
};
use crate::pair::{ClientHandshake, ServerHandshake, Setup, advance, deliver, drain};
use crate::pki::{Pki, Role};
use embedded_mtls::credential::Choice;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{Aead, AeadAlgorithm, CryptoProvider, HashAlgorithm, KeyExchange};
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::Time;
use embedded_mtls::{
    CipherSuite, Client, Error, Handshake, InvalidMessage, NamedGroup, PeerIncompatible, PeerMisbehaved, Server,
    Session, Side,
};

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

/// Seed of the script's key share.
const SEED: [u8; 32] = [0x51; 32];

/// The keys that seal a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    Plain,
    Handshake,
    Application,
}

/// The content of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub epoch: Epoch,
    pub kind: u8,
    pub bytes: Vec<u8>,
}

impl Sent {
    pub fn new(epoch: Epoch, kind: u8, bytes: &[u8]) -> Self {
        Self { epoch, kind, bytes: bytes.to_vec() }
    }

    /// The type of the message it holds.
    pub fn message(&self) -> u8 {
        self.bytes[0]
    }
}

/// The keys of one direction in one epoch.
pub struct Keys {
    suite: u16,
    secret: Vec<u8>,
    sequence: u64,
}

impl Keys {
    pub fn new(suite: u16, secret: Vec<u8>) -> Self {
        Self { suite, secret, sequence: 0 }
    }

    /// The secret they are made from.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Makes a record of `content` and `padding` zeros.
    pub fn seal(&mut self, kind: u8, content: &[u8], padding: usize) -> Vec<u8> {
        let mut inner = [content, &[kind], &vec![0; padding]].concat();
        let length = u16::try_from(inner.len() + 16).expect("a record");
        let header = [&[APPLICATION_DATA, 3, 3][..], &length.to_be_bytes()].concat();
        let (aead, nonce) = self.next();
        let tag = aead.seal(&nonce, &header, &mut inner).expect("a cipher");
        [header, inner, tag.to_vec()].concat()
    }

    /// Type and content; `None` if these are not the keys, and nothing is counted then.
    pub fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let (header, body) = record.split_at(5);
        let (inner, tag) = body.split_last_chunk().expect("a tag");
        let mut inner = inner.to_vec();
        let sequence = self.sequence;
        let (aead, nonce) = self.next();
        if aead.open(&nonce, header, &mut inner, tag).is_err() {
            self.sequence = sequence;
            return None;
        }
        let end = inner.iter().rposition(|&byte| byte != 0).expect("a content type");
        let kind = inner[end];
        inner.truncate(end);
        Some((kind, inner))
    }

    pub fn update(&mut self) {
        *self = Self::new(self.suite, expand(self.suite, &self.secret, "traffic upd", &[], self.secret.len()));
    }

    fn next(&mut self) -> (<RustCrypto as CryptoProvider>::Aead, [u8; 12]) {
        let algorithm = match CipherSuite(self.suite) {
            CipherSuite::TLS_AES_128_GCM_SHA256 => AeadAlgorithm::Aes128Gcm,
            CipherSuite::TLS_AES_256_GCM_SHA384 => AeadAlgorithm::Aes256Gcm,
            _ => AeadAlgorithm::ChaCha20Poly1305,
        };
        let key = expand(self.suite, &self.secret, "key", &[], algorithm.key_len());
        let mut nonce: [u8; 12] = expand(self.suite, &self.secret, "iv", &[], 12).try_into().expect("12 bytes");
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        self.sequence += 1;
        (RustCrypto.aead(algorithm, &key).expect("a cipher"), nonce)
    }
}

/// The side that follows a script.
pub struct Script {
    role: Role,
    pub suite: u16,
    pub transcript: Vec<u8>,
    pub client_hello: Hello,
    /// The pre-shared key of the ticket with which both sides resume; empty in a full handshake.
    pub psk: Vec<u8>,
    secret: Vec<u8>,
    /// Secrets of the client and of the server, in the handshake.
    handshake: Option<[Keys; 2]>,
    /// The same afterwards.
    application: Option<[Keys; 2]>,
}

impl Script {
    /// A server that has read the first flight of a client.
    pub fn server(flight: &[u8]) -> Self {
        let message = &records(flight)[0][5..];
        let mut script = Self::new(Role::Server, Hello::parse(message));
        script.hear(message);
        script
    }

    /// A client that will send this hello.
    pub fn client(hello: Hello) -> Self {
        Self::new(Role::Client, hello)
    }

    fn new(role: Role, client_hello: Hello) -> Self {
        let (suite, psk) = (AES_128_GCM, Vec::new());
        let (transcript, secret) = (Vec::new(), Vec::new());
        Self { role, suite, transcript, client_hello, psk, secret, handshake: None, application: None }
    }

    /// Whom the script plays.
    pub fn role(&self) -> Role {
        self.role
    }

    /// A ClientHello with a key share of the script.
    pub fn hello(group: u16) -> Hello {
        Hello::client(&[AES_128_GCM, CHACHA20], (group, &share(group)))
    }

    /// The first flight of a client.
    pub fn say_hello(&mut self) -> Vec<u8> {
        let message = self.client_hello.emit();
        let sent = self.say(Epoch::Plain, message);
        self.seal_all(&sent)
    }

    /// Takes a message of the other side into the transcript.
    pub fn hear(&mut self, message: &[u8]) {
        self.transcript.extend_from_slice(message);
    }

    /// Takes a message into the transcript that will be sent. None is one that is left out.
    pub fn say(&mut self, epoch: Epoch, message: Vec<u8>) -> Vec<Sent> {
        self.transcript.extend_from_slice(&message);
        if message.is_empty() { vec![] } else { vec![Sent { epoch, kind: HANDSHAKE, bytes: message }] }
    }

    /// Replaces the first ClientHello by its hash, after a HelloRetryRequest.
    pub fn retry(&mut self) {
        self.transcript = message(254, &self.hash());
    }

    /// The transcript hash.
    pub fn hash(&self) -> Vec<u8> {
        digest(self.suite, &self.transcript)
    }

    /// The ServerHello that fits the ClientHello.
    pub fn server_hello(&self) -> Hello {
        let group = self.client_hello.share().0;
        Hello::server(&self.client_hello.session_id, self.suite, (group, &share(group)))
    }

    /// Handshake keys from both key shares and the transcript up to ServerHello.
    pub fn agree(&mut self, (group, peer): (u16, &[u8])) {
        let private = RustCrypto.key_exchange(NamedGroup(group), &SEED).expect("a group");
        let shared = private.agree(peer).expect("a key share");
        let zeros = vec![0; self.hash().len()];
        let early = extract(self.suite, &zeros, if self.psk.is_empty() { &zeros } else { &self.psk });
        self.secret = self.stage(&early, shared.as_bytes());
        self.handshake = Some(self.traffic(["c hs traffic", "s hs traffic"]));
    }

    /// Application keys from the transcript up to the server's Finished.
    pub fn enter_application(&mut self) {
        self.secret = self.stage(&self.secret, &vec![0; self.secret.len()]);
        self.application = Some(self.traffic(["c ap traffic", "s ap traffic"]));
    }

    /// Keying material as the exporter gives it. To be asked before the client's flight.
    pub fn export(&self, label: &str, context: &[u8], len: usize) -> Vec<u8> {
        let exporter = expand(self.suite, &self.secret, "exp master", &self.hash(), self.secret.len());
        let secret = expand(self.suite, &exporter, label, &digest(self.suite, &[]), exporter.len());
        expand(self.suite, &secret, "exporter", &digest(self.suite, context), len)
    }

    /// The binder of the pre-shared key over a ClientHello up to its binders.
    pub fn binder(&self, hello: &[u8]) -> Vec<u8> {
        let early = extract(self.suite, &vec![0; self.psk.len()], &self.psk);
        let key = expand(self.suite, &early, "res binder", &digest(self.suite, &[]), self.psk.len());
        let key = expand(self.suite, &key, "finished", &[], self.psk.len());
        hmac(self.suite, &key, &[&digest(self.suite, hello)])
    }

    /// The Finished of a side over the transcript so far.
    pub fn finished(&self, role: Role) -> Vec<u8> {
        let secret = &self.handshake.as_ref().expect("keys")[index(role)].secret;
        let key = expand(self.suite, secret, "finished", &[], secret.len());
        message(FINISHED, &hmac(self.suite, &key, &[&self.hash()]))
    }

    /// The Finished of a client after the handshake, keyed with its application traffic secret of now.
    pub fn late_finished(&self) -> Vec<u8> {
        let secret = &self.application.as_ref().expect("keys")[index(Role::Client)].secret;
        let key = expand(self.suite, secret, "finished", &[], secret.len());
        message(FINISHED, &hmac(self.suite, &key, &[&self.hash()]))
    }

    /// Sends the whole flight of a server, each message edited before it goes into the transcript; one that is
    /// edited to nothing is left out.
    pub fn server_flight(&mut self, pki: &Pki, mut edit: impl FnMut(Vec<u8>) -> Vec<u8>) -> Vec<Sent> {
        let hello = edit(self.server_hello().emit());
        let mut flight = self.say(Epoch::Plain, hello);
        let share = self.client_hello.share();
        let (group, key) = (share.0, share.1.to_vec());
        self.agree((group, &key));
        for message in [encrypted_extensions(&[]), certificate_request(&[]), chain_of(&pki.server, &pki.intermediate)] {
            flight.extend(self.say(Epoch::Handshake, edit(message)));
        }
        let verify = edit(certificate_verify(ECDSA_P256, &pki.server.key, SERVER_CONTEXT, &self.hash()));
        flight.extend(self.say(Epoch::Handshake, verify));
        let finished = edit(self.finished(Role::Server));
        flight.extend(self.say(Epoch::Handshake, finished));
        self.enter_application();
        flight
    }

    /// Reads the messages of a server up to its Finished, or a HelloRetryRequest.
    pub fn hear_server(&mut self, stream: &[u8]) -> Vec<Vec<u8>> {
        let (first, rest) =
            records(stream).split_first().map(|(first, rest)| (*first, rest.concat())).expect("a record");
        let hello = Hello::parse(&first[5..]);
        self.suite = hello.suite();
        if hello.random == Hello::retry(&[], AES_128_GCM, X25519).random {
            self.retry();
            self.hear(&first[5..]);
            return vec![first[5..].to_vec()];
        }
        self.hear(&first[5..]);
        self.agree(hello.share());
        let said = self.open_messages(&rest);
        for message in &said {
            self.hear(message);
        }
        self.enter_application();
        [vec![first[5..].to_vec()], said].concat()
    }

    /// The second flight of a client with a certificate.
    pub fn client_flight(&mut self, pki: &Pki, mut edit: impl FnMut(Vec<u8>) -> Vec<u8>) -> Vec<Sent> {
        let chain = edit(chain_of(&pki.client, &pki.intermediate));
        let mut flight = self.say(Epoch::Handshake, chain);
        let verify = edit(certificate_verify(ECDSA_P256, &pki.client.key, CLIENT_CONTEXT, &self.hash()));
        flight.extend(self.say(Epoch::Handshake, verify));
        let finished = edit(self.finished(Role::Client));
        flight.extend(self.say(Epoch::Handshake, finished));
        flight
    }

    /// Returns whether there are keys of this epoch.
    pub fn has_keys(&self, epoch: Epoch) -> bool {
        match epoch {
            Epoch::Plain => true,
            Epoch::Handshake => self.handshake.is_some(),
            Epoch::Application => self.application.is_some(),
        }
    }

    /// A record.
    pub fn seal(&mut self, sent: &Sent) -> Vec<u8> {
        match sent.epoch {
            Epoch::Plain => record(sent.kind, &sent.bytes),
            Epoch::Handshake => self.keys(Epoch::Handshake, self.role).seal(sent.kind, &sent.bytes, 0),
            Epoch::Application => self.keys(Epoch::Application, self.role).seal(sent.kind, &sent.bytes, 0),
        }
    }

    pub fn seal_all(&mut self, flight: &[Sent]) -> Vec<u8> {
        flight.iter().flat_map(|sent| self.seal(sent)).collect()
    }

    /// Keys of this side or the other.
    pub fn keys(&mut self, epoch: Epoch, writer: Role) -> &mut Keys {
        let keys = if epoch == Epoch::Handshake { &mut self.handshake } else { &mut self.application };
        &mut keys.as_mut().expect("keys of this epoch")[index(writer)]
    }

    /// Returns the types and contents of the records that the peer has sent, under any keys.
    pub fn open(&mut self, stream: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let other = if self.role == Role::Client { Role::Server } else { Role::Client };
        records(stream).into_iter().map(|record| self.open_one(record, other)).collect()
    }

    /// The handshake messages in what the other side has sent; other records are left out.
    pub fn open_messages(&mut self, stream: &[u8]) -> Vec<Vec<u8>> {
        let handshake = self.open(stream).into_iter().filter(|(kind, _)| *kind == HANDSHAKE);
        messages(&handshake.flat_map(|(_, bytes)| bytes).collect::<Vec<_>>())
    }

    /// The alert at the end of what the other side has sent.
    pub fn alert(&mut self, stream: &[u8]) -> Option<u8> {
        self.open(stream).last().filter(|(kind, _)| *kind == ALERT).map(|(_, alert)| alert[1])
    }

    fn open_one(&mut self, record: &[u8], writer: Role) -> (u8, Vec<u8>) {
        if record[0] != APPLICATION_DATA {
            return (record[0], record[5..].to_vec());
        }
        for keys in [&mut self.handshake, &mut self.application].into_iter().flatten() {
            if let Some(opened) = keys[index(writer)].open(record) {
                return opened;
            }
        }
        panic!("a record that no keys open")
    }

    fn stage(&self, secret: &[u8], input: &[u8]) -> Vec<u8> {
        let salt = expand(self.suite, secret, "derived", &digest(self.suite, &[]), secret.len());
        extract(self.suite, &salt, input)
    }

    fn traffic(&self, labels: [&str; 2]) -> [Keys; 2] {
        let hash = self.hash();
        labels.map(|label| Keys::new(self.suite, expand(self.suite, &self.secret, label, &hash, hash.len())))
    }
}

const fn index(role: Role) -> usize {
    match role {
        Role::Client => 0,
        Role::Server => 1,
    }
}

/// The public half of the script's key.
fn share(group: u16) -> Vec<u8> {
    let private = RustCrypto.key_exchange(NamedGroup(group), &SEED).expect("a group");
    private.key_share().expect("a key share").as_bytes().to_vec()
}

fn hash_of(suite: u16) -> HashAlgorithm {
    match CipherSuite(suite) {
        CipherSuite::TLS_AES_256_GCM_SHA384 => HashAlgorithm::Sha384,
        _ => HashAlgorithm::Sha256,
    }
}

fn digest(suite: u16, bytes: &[u8]) -> Vec<u8> {
    RustCrypto.digest(hash_of(suite), &[bytes]).expect("a hash").as_bytes().to_vec()
}

fn hmac(suite: u16, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    RustCrypto.hmac(hash_of(suite), key, parts).expect("a hash").as_bytes().to_vec()
}

/// HKDF-Extract (RFC 5869 section 2.2).
fn extract(suite: u16, salt: &[u8], input: &[u8]) -> Vec<u8> {
    hmac(suite, salt, &[input])
}

/// HKDF-Expand-Label (RFC 9846 section 7.1).
pub fn expand(suite: u16, secret: &[u8], label: &str, context: &[u8], len: usize) -> Vec<u8> {
    let length = u16::try_from(len).expect("short").to_be_bytes();
    let label = [&length[..], &vec8(&[b"tls13 ", label.as_bytes()].concat()), &vec8(context)].concat();
    let (mut out, mut block) = (Vec::new(), Vec::new());
    for counter in 1.. {
        block = hmac(suite, secret, &[&block, &label, &[counter]]);
        out.extend_from_slice(&block);
        if out.len() >= len {
            break;
        }
    }
    out.truncate(len);
    out
}

/// The side that is tested, alone.
pub struct Real<'b, S: Side, H = SoftwareHost<'b, fn() -> Time>> {
    pub handshake: Handshake<'b, S>,
    pub host: H,
    pub end: Option<Result<(), Error>>,
    /// Returns what it has sent.
    pub out: Vec<u8>,
}

impl<H: Host<Choice = Choice<'static>>> Real<'static, Client, H> {
    /// A client that has sent its first flight.
    pub fn client<O: Host<Choice = Choice<'static>>>(setup: Setup<H, O>) -> Self {
        let handshake: ClientHandshake = setup.client_handshake().expect("a client");
        let mut real = Self { handshake, host: setup.client_host, end: None, out: Vec::new() };
        real.feed(&[]);
        real
    }
}

impl<H: Host<Choice = Choice<'static>>> Real<'static, Server, H> {
    pub fn server<O: Host<Choice = Choice<'static>>>(setup: Setup<O, H>) -> Self {
        let handshake: ServerHandshake = setup.server_handshake().expect("a server");
        Self { handshake, host: setup.server_host, end: None, out: Vec::new() }
    }
}

impl<'b, S: Side, H: Host<Choice = Choice<'b>>> Real<'b, S, H> {
    /// Delivers bytes and collects the answer.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        loop {
            while self.end.is_none() {
                self.end = advance(&mut self.handshake, &mut self.host);
                if self.handshake.tx_pending().is_empty() {
                    break;
                }
                drain(&mut self.handshake, &mut Vec::new(), &mut self.out);
            }
            drain(&mut self.handshake, &mut Vec::new(), &mut self.out);
            if bytes.is_empty() || deliver(&mut bytes, &mut self.handshake, 0) == 0 {
                return;
            }
        }
    }

    /// The transport ends.
    pub fn eof(&mut self) {
        self.handshake.rx_eof();
        self.feed(&[]);
    }

    /// Returns what was sent since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// The error it ended with; `None` if it is done.
    #[track_caller]
    pub fn error(&self) -> Option<Error> {
        self.end.expect("it has ended").err()
    }

    /// Returns its result, in the handshake or right after it; if it still waits, at the end of the transport.
    /// The alert it has sent must be that of its error.
    #[track_caller]
    pub fn verdict(mut self, script: &mut Script) -> Option<Error> {
        if self.end.is_none() {
            self.eof();
        }
        let (error, sent) = if let Some(error) = self.error() {
            (Some(error), self.take())
        } else {
            script.open(&self.take());
            let mut session = self.session();
            (session.poll().err(), session.tx_pending().to_vec())
        };
        assert_eq!(script.alert(&sent), error.and_then(Error::alert).map(|alert| alert.0), "the alert of {error:?}");
        error
    }

    pub fn session(self) -> Session<'b, S> {
        assert_eq!(self.end, Some(Ok(())));
        self.handshake.into_session().expect("it is done")
    }
}

/// A client that has sent its ClientHello, and its server.
pub fn client<H: Host<Choice = Choice<'static>>, O: Host<Choice = Choice<'static>>>(
    setup: Setup<H, O>,
) -> (Real<'static, Client, H>, Script) {
    let mut real = Real::client(setup);
    let script = Script::server(&real.take());
    (real, script)
}

/// A server that has answered the hello of a client, and that client.
pub fn server(setup: Setup) -> (Real<'static, Server>, Script) {
    let (mut real, mut script) = (Real::server(setup), Script::client(Script::hello(X25519)));
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    (real, script)
}

pub const fn misbehaved(reason: PeerMisbehaved) -> Option<Error> {
    Some(Error::PeerMisbehaved(reason))
}

pub const fn invalid(reason: InvalidMessage) -> Option<Error> {
    Some(Error::InvalidMessage(reason))
}

pub const fn incompatible(reason: PeerIncompatible) -> Option<Error> {
    Some(Error::PeerIncompatible(reason))
}
