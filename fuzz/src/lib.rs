//! The functions behind the fuzz targets. Every function here takes any bytes and must neither panic nor hang, and what
//! it asserts must hold for all of them.
//!
//! The cryptography is a fake, so that a fuzzer gets past records, signatures and Finished: all
//! keys, digests and tags are zero. **It has no security at all** and exists only here. The targets `micro`, `micro_client` and `micro_server`
//! have none of it: they compare `embedded-mtls-micro` with RustCrypto.
//!
//! `cargo fuzz run client` explores; `cargo test` runs some tens of thousands of mutated handshakes,
//! the same ones each time.

mod blobs;
mod chain;
mod choices;
mod differences;
mod differential;
mod fake;
mod micro;
mod names;
mod random;
mod ring;
mod session;
mod tagged;
mod template;
mod texts;
mod tickets;

pub use blobs::blob;
pub use differential::{Verdicts, agreement, differential};
pub use fake::NoSecurity;
pub use micro::{micro, micro_client, micro_server};
pub use names::{der, name_constraints, server_name};
pub use random::{Random, rounds};
pub use ring::events;
pub use session::{recorded_tickets, session};
pub use template::Oddity;
pub use texts::{ANSWER, POLICY, order, policy};
pub use tickets::ticket;

use embedded_mtls::credential::Choice;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::x509::{Rules, ServerName, Time, TrustAnchor, UnixTime, Validator};
use embedded_mtls::{
    ApiMisuse, Buffers, Client, ClientAuth, ClientConfig, Credential, Entropy, Error, Event, Handshake, KeyHandle,
    Server, ServerConfig, Session, Side, SignInput, Signature, Step,
};

static ROOT: &[u8] = include_bytes!("../../boards/budget/pki/root.der");
static INTERMEDIATE: &[u8] = include_bytes!("../../boards/budget/pki/intermediate.der");
static CLIENT: &[u8] = include_bytes!("../../boards/budget/pki/client.der");
static SERVER: &[u8] = include_bytes!("../../boards/budget/pki/server.der");
/// Name in the certificate of the server.
const SERVER_NAME: &str = "supplier.example";
/// More steps than any handshake over an input of this size can take.
const STEPS_PER_BYTE: usize = 64;

/// Signs for one side.
type Signer = fn(&SignInput) -> Option<Signature>;

/// The result of one side.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The handshake failed.
    Handshake(Error),
    /// The peer closed a session after this number of bytes of application data.
    Session(usize),
    /// The session failed.
    SessionFailed(Error),
}

/// A client reads `input`, whole and in small pieces: both have to end in the same way.
pub fn client(input: &[u8]) {
    let whole = run_client(input, usize::MAX, &mut Vec::new());
    assert_eq!(run_client(input, 7, &mut Vec::new()), whole, "the end depends on how the bytes are cut");
}

/// A server that requires client certificates reads `input`, whole and in small pieces.
pub fn server(input: &[u8]) {
    let whole = run_server(input, usize::MAX, &mut Vec::new());
    assert_eq!(run_server(input, 7, &mut Vec::new()), whole, "the end depends on how the bytes are cut");
}

/// Returns what both sides of a successful handshake send.
pub fn recorded() -> (Vec<u8>, Vec<u8>) {
    let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
    // Each round lets both sides come further, until neither sends more.
    loop {
        let before = (from_client.len(), from_server.len());
        let (mut client, mut server) = (Vec::new(), Vec::new());
        run_client(&from_server, usize::MAX, &mut client);
        run_server(&client, usize::MAX, &mut server);
        (from_client, from_server) = (client, server);
        if before == (from_client.len(), from_server.len()) {
            return (from_client, from_server);
        }
    }
}

/// `input` is a list of certificates, each behind a length of two bytes.
pub fn certificate(input: &[u8]) {
    let mut memory = [0; 4096];
    let mut validator = Validator::new(&mut memory);
    let mut rest = input;
    while let Some((length, tail)) = rest.split_first_chunk() {
        let (certificate, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)).min(tail.len()));
        rest = tail;
        let _ = TrustAnchor::from_certificate(certificate).map(|anchor| anchor.subject().map(|name| name.to_string()));
        if validator.push(NoSecurity, certificate).is_err() {
            break;
        }
    }
    let anchors = [TrustAnchor::from_certificate(ROOT).expect("a root")];
    let name = ServerName::parse(SERVER_NAME).expect("a name");
    let _ = validator.validate(NoSecurity, Rules::server(&anchors, &name, now()));
    if let Some(leaf) = validator.identity() {
        let _ = leaf.subject().to_string();
        let _ = leaf.subject_alt_names().count();
    }
}

static CLIENT_CHAIN: [&[u8]; 2] = [CLIENT, INTERMEDIATE];
static SERVER_CHAIN: [&[u8]; 2] = [SERVER, INTERMEDIATE];

/// Returns a list of certificates as [`certificate`] takes it.
pub fn certificates() -> Vec<u8> {
    let prefixed = |der: &&[u8]| [&u16::try_from(der.len()).unwrap_or(u16::MAX).to_be_bytes()[..], der].concat();
    [SERVER, INTERMEDIATE, ROOT].iter().flat_map(prefixed).collect()
}

/// A client without security that reads `input`; what it sends goes to `sent`.
fn run_client(input: &[u8], chunk: usize, sent: &mut Vec<u8>) -> End {
    client_of::<NoSecurity>(any_signature, input, chunk, sent)
}

/// A server without security that reads `input`; what it sends goes to `sent`.
fn run_server(input: &[u8], chunk: usize, sent: &mut Vec<u8>) -> End {
    server_of::<NoSecurity>(any_signature, input, chunk, sent)
}

/// Signs for a provider that takes any signature.
fn any_signature(_: &SignInput) -> Option<Signature> {
    Signature::encoded(&[1; 70])
}

/// A client that reads `input`; what it sends goes to `sent`.
fn client_of<P: CryptoProvider + Default>(signer: Signer, input: &[u8], chunk: usize, sent: &mut Vec<u8>) -> End {
    let anchors = [TrustAnchor::from_certificate(ROOT).expect("a root")];
    let name = ServerName::parse(SERVER_NAME).expect("a name");
    let config = ClientConfig::new(name, &anchors).with_alpn(&[b"http/1.1"]);
    let credential = Credential::new(&CLIENT_CHAIN, KeyHandle(0)).expect("a chain");
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 512], [0; 2048]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let handshake = Handshake::<Client<P>>::new(&config, buffers, entropy()).expect("a client");
    run(handshake, (&credential, signer), input, chunk, sent)
}

/// A server that reads `input`; what it sends goes to `sent`.
fn server_of<P: CryptoProvider + Default>(signer: Signer, input: &[u8], chunk: usize, sent: &mut Vec<u8>) -> End {
    let anchors = [TrustAnchor::from_certificate(ROOT).expect("a root")];
    let config = ServerConfig::new(ClientAuth::Required(&anchors)).with_alpn(&[b"http/1.1"]);
    let credential = Credential::new(&SERVER_CHAIN, KeyHandle(0)).expect("a chain");
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 512], [0; 2048]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let handshake = Handshake::<Server<P>>::new(&config, buffers, entropy()).expect("a server");
    run(handshake, (&credential, signer), input, chunk, sent)
}

/// Feeds `input` to one side and returns how it ended. Its output goes to `sent`.
fn run<'b, S: Side>(
    mut handshake: Handshake<'b, S>,
    identity: (&'b Credential<'b>, Signer),
    mut input: &[u8],
    chunk: usize,
    sent: &mut Vec<u8>,
) -> End {
    for _ in 0..STEPS_PER_BYTE * (input.len() + 64) {
        match step(&mut handshake, identity, &mut input, chunk, sent) {
            Ok(false) => {}
            Ok(true) => {
                let session = handshake.into_session().expect("it is done");
                assert!(session.peer().is_some(), "a session without an authenticated peer");
                return run_session(session, input, chunk);
            }
            Err(error) => {
                assert_eq!(handshake.poll().err(), Some(error), "an error is sticky");
                assert_eq!(error.alert().is_some(), !handshake.tx_pending().is_empty(), "{error}");
                return End::Handshake(error);
            }
        }
    }
    panic!("a handshake that never ends");
}

/// Fills the space of a side with at most `chunk` bytes of the input, and returns their number.
fn fill(space: &mut [u8], input: &mut &[u8], chunk: usize) -> usize {
    assert!(!space.is_empty(), "input is needed and there is no room");
    let count = space.len().min(input.len()).min(chunk);
    let (now, later) = input.split_at(count);
    space[..count].copy_from_slice(now);
    *input = later;
    count
}

/// One step; `true` when it is done.
fn step<'b, S: Side>(
    handshake: &mut Handshake<'b, S>,
    (credential, signer): (&'b Credential<'b>, Signer),
    input: &mut &[u8],
    chunk: usize,
    sent: &mut Vec<u8>,
) -> Result<bool, Error> {
    match handshake.poll()? {
        Step::Transmit => {
            let count = handshake.tx_pending().len();
            assert!(count > 0, "nothing to transmit");
            sent.extend_from_slice(handshake.tx_pending());
            handshake.tx_consume(count);
        }
        Step::NeedInput if input.is_empty() => handshake.rx_eof(),
        Step::NeedInput => {
            let count = fill(handshake.rx_space(), input, chunk);
            handshake.rx_commit(count)?;
        }
        Step::Yield => {}
        Step::Time(request) => request.provide(now())?,
        Step::Credential(request) if request.peer_request().accepts(credential) => request.answer(credential)?,
        Step::Credential(request) => request.answer(Choice::Decline)?,
        Step::Authorize(request) => request.accept()?,
        Step::Sign(request) => {
            let signature = signer(&request.input).ok_or(ApiMisuse::SignatureMalformed)?;
            request.complete(&signature)?;
        }
        Step::Done => return Ok(true),
    }
    Ok(false)
}

fn run_session(mut session: Session<'_, impl Side>, mut input: &[u8], chunk: usize) -> End {
    let mut received = 0;
    for _ in 0..STEPS_PER_BYTE * (input.len() + 64) {
        match session.poll() {
            Ok(Event::Transmit) => session.tx_consume(usize::MAX),
            Ok(Event::Data(data)) => {
                let count = data.len();
                assert!(count > 0, "no data");
                received += count;
                data.consume(count);
            }
            Ok(Event::NeedInput) if input.is_empty() => session.rx_eof(),
            Ok(Event::NeedInput) => {
                let count = fill(session.rx_space(), &mut input, chunk);
                session.rx_commit(count).expect("no more than there is room for");
            }
            Ok(_) => return End::Session(received),
            Err(error) => return End::SessionFailed(error),
        }
    }
    panic!("a session that never ends");
}

fn entropy() -> Entropy {
    Entropy::new(&[7; Entropy::LEN])
}

/// A time at which the certificates are valid.
fn now() -> Time {
    Time::Trusted(UnixTime(1_800_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUNDS: usize = 10_000;

    /// xorshift32: owned randomness.
    fn next(state: &mut u32) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        usize::try_from(*state).unwrap()
    }

    /// Changes, removes, repeats or inserts bytes in a few places.
    fn mutate(input: &[u8], state: &mut u32) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=next(state) % 4 {
            if bytes.is_empty() {
                break;
            }
            let at = next(state) % bytes.len();
            let end = bytes.len().min(at + 1 + next(state) % 40);
            match next(state) % 6 {
                0 => bytes[at] ^= 1 << (next(state) % 8),
                1 => bytes[at] = [0, 1, 2, 3, 4, 0x14, 0x15, 0x16, 0x17, 0x7f, 0x80, 0xff][next(state) % 12],
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..end)),
                4 => bytes.splice(at..at, input[at.min(input.len() - 1)..end.min(input.len())].to_vec()).for_each(drop),
                _ => bytes.insert(at, u8::try_from(next(state) % 256).unwrap()),
            }
        }
        bytes
    }

    #[test]
    fn a_recorded_handshake_is_accepted_by_both_sides() {
        let (from_client, from_server) = recorded();
        // Neither side closes, so what ends the session is the end of the input.
        assert_eq!(
            run_client(&from_server, usize::MAX, &mut Vec::new()),
            End::SessionFailed(Error::ConnectionTruncated)
        );
        assert_eq!(
            run_server(&from_client, usize::MAX, &mut Vec::new()),
            End::SessionFailed(Error::ConnectionTruncated)
        );
        assert!(from_client.len() > 1000 && from_server.len() > 1000, "both sent their chains");
        let without_finished = &from_client[..from_client.len() - 60];
        assert_eq!(
            run_server(without_finished, usize::MAX, &mut Vec::new()),
            End::Handshake(Error::ConnectionTruncated)
        );
    }

    #[test]
    fn mutated_handshakes_neither_panic_nor_hang_and_end_alike_however_they_are_cut() {
        let (from_client, from_server) = recorded();
        let mut state = 0x9e37_79b9;
        for _ in 0..rounds(ROUNDS) {
            client(&mutate(&from_server, &mut state));
            server(&mutate(&from_client, &mut state));
        }
    }

    #[test]
    fn mutated_certificates_neither_panic_nor_hang() {
        let mut state = 0x1234_5678;
        let list = certificates();
        for _ in 0..rounds(ROUNDS) {
            certificate(&mutate(&list, &mut state));
        }
    }
}
