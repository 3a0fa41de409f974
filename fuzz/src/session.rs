//! Sessions after their handshake: records of the peer and calls of the program, in any order.

use crate::choices::Choices;
use crate::{
    CLIENT_CHAIN, NoSecurity, ROOT, SERVER_CHAIN, SERVER_NAME, STEPS_PER_BYTE, any_signature, entropy, fill, now, step,
};
use embedded_mtls::credential::Choice;
use embedded_mtls::crypto::TAG_LEN;
use embedded_mtls::x509::{ServerName, TrustAnchor, UnixTime};
use embedded_mtls::{
    Buffers, Client, ClientAuth, ClientConfig, Credential, Error, Event, Handshake, KeyHandle, Server, ServerConfig,
    Session, Side, Step, TicketKey, TicketKeys,
};

/// The content types of records.
const TYPES: &[u8] = &[22, 22, 23, 21, 20, 0, 24, 22];
/// The types of messages: NewSessionTicket, CertificateRequest, Certificate, CertificateVerify, Finished, KeyUpdate, ClientHello.
const MESSAGES: &[u8] = &[4, 13, 11, 15, 20, 24, 1];
/// The most calls of a program, and records, in one session.
const ACTIONS: usize = 64;
const NOW: UnixTime = UnixTime(1_800_000_000);

/// The outcome of a session.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    failure: Option<Error>,
    received: Vec<u8>,
    sent: Vec<u8>,
}

/// A client and a server in a session. The input drives one of them, once with whole records and once with pieces of them.
/// Returns whether it did not fail.
pub fn session(input: &[u8]) -> bool {
    let Some((first, rest)) = input.split_first() else { return false };
    let drives_client = first % 2 == 0;
    let whole = driven(drives_client, rest, usize::MAX);
    assert_eq!(driven(drives_client, rest, 7), whole, "the end depends on how the bytes are cut");
    whole.failure.is_none()
}

/// Returns the tickets of a session as [`ticket`](crate::ticket) takes them: the one that a client stores, without its
/// checksum, and the state in it that a server has sealed.
#[must_use]
pub fn recorded_tickets() -> [Vec<u8>; 2] {
    connected(|Connected { mut client, mut server, credentials: [credential, _], .. }| {
        assert_eq!(server.send_ticket(NOW), Ok(true));
        assert!(matches!(server.poll(), Ok(Event::Transmit)));
        let sent = server.tx_pending();
        feed(&mut client, credential, sent, usize::MAX, &mut Outcome::default()).expect("a good ticket");
        let mut stored = vec![0; 4096];
        let length = client.take_ticket(NOW, &mut stored).expect("a session").expect("a ticket");
        stored.truncate(length - 8);
        // Headers of record and message, lifetime, age_add, nonce; then suite, name, salt, state and tag.
        let nonce = usize::from(sent[17]);
        let length = usize::from(u16::from_be_bytes([sent[18 + nonce], sent[19 + nonce]]));
        let state = &sent[20 + nonce..][..length][33..length - TAG_LEN];
        [[&[0], &stored[..]].concat(), [&[1, 0], state].concat()]
    })
}

/// Drives one of both.
fn driven(drives_client: bool, input: &[u8], chunk: usize) -> Outcome {
    let choices = Choices::new(input);
    connected(|Connected { client, server, credentials: [of_client, of_server], anchors }| {
        if drives_client {
            drive(client, of_client, choices, chunk, |session| session.take_ticket(NOW, &mut [0; 4096]).map(drop))
        } else {
            drive(server, of_server, choices, chunk, |session| {
                session.send_ticket(NOW)?;
                session.request_certificate(ClientAuth::Optional(anchors))
            })
        }
    })
}

/// Both sides after their handshake, with the credentials of client and server.
struct Connected<'b> {
    client: Session<'b, Client<NoSecurity>>,
    server: Session<'b, Server<NoSecurity>>,
    credentials: [&'b Credential<'b>; 2],
    anchors: &'b [TrustAnchor<'b>],
}

/// Connects both.
fn connected<R>(then: impl for<'b> FnOnce(Connected<'b>) -> R) -> R {
    let anchors = [TrustAnchor::from_certificate(ROOT).expect("a root")];
    let keys = TicketKeys::new(TicketKey::new(&[5; TicketKey::LEN]));
    let name = ServerName::parse(SERVER_NAME).expect("a name");
    let of_client = ClientConfig::new(name, &anchors).with_post_handshake_auth(true).with_resumption(true);
    let of_server = ServerConfig::new(ClientAuth::Required(&anchors)).with_tickets(&keys, 3600);
    let of_server = of_server.with_post_handshake_anchors(&anchors);
    let credentials =
        [&CLIENT_CHAIN, &SERVER_CHAIN].map(|chain| Credential::new(chain, KeyHandle(0)).expect("a chain"));
    let [client_credential, server_credential] = &credentials;
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 512], [0; 2048]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let mut client = Handshake::<Client<NoSecurity>>::new(&of_client, buffers, entropy()).expect("a client");
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 512], [0; 2048]);
    let buffers = Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer };
    let mut server = Handshake::<Server<NoSecurity>>::new(&of_server, buffers, entropy()).expect("a server");
    let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
    let mut done = [false; 2];
    while done != [true; 2] {
        done = [
            advance(&mut client, client_credential, &mut to_client, &mut to_server),
            advance(&mut server, server_credential, &mut to_server, &mut to_client),
        ];
    }
    then(Connected {
        client: client.into_session().expect("it is done"),
        server: server.into_session().expect("it is done"),
        credentials: [client_credential, server_credential],
        anchors: &anchors,
    })
}

/// Runs a handshake until it is done, or until it needs more input than there is.
fn advance<'b, S: Side>(
    handshake: &mut Handshake<'b, S>,
    credential: &'b Credential<'b>,
    input: &mut Vec<u8>,
    sent: &mut Vec<u8>,
) -> bool {
    let mut rest = &input[..];
    let is_done = loop {
        if rest.is_empty() && matches!(handshake.poll(), Ok(Step::NeedInput)) {
            break false;
        }
        if step(handshake, (credential, any_signature), &mut rest, usize::MAX, sent).expect("a good handshake") {
            break true;
        }
    };
    *input = rest.to_vec();
    is_done
}

/// Does what the input says. `tickets` is what only one role can do.
fn drive<'b, S: Side>(
    mut session: Session<'b, S>,
    credential: &'b Credential<'b>,
    mut choices: Choices<'_>,
    chunk: usize,
    special: impl Fn(&mut Session<'b, S>) -> Result<(), Error>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for _ in 0..ACTIONS {
        if choices.is_empty() {
            break;
        }
        let mut bytes = Vec::new();
        let done = match choices.below(9) {
            0 => raw(&mut choices, &mut bytes),
            1 => session.write(&[9; 300][..choices.below(256)]).map(drop),
            2 => special(&mut session),
            3 => {
                session.request_key_update();
                Ok(())
            }
            4 if choices.rarely(4) => {
                session.close();
                Ok(())
            }
            5 => session.export(b"EXPORTER-fuzz", &[], &mut [0; 40]),
            6 | 7 => message(&mut choices, &mut bytes),
            _ => record(&mut choices, &mut bytes),
        };
        // The program called what it may not call now, or the session has failed.
        assert!(matches!(done, Ok(()) | Err(Error::ApiMisuse(_) | Error::BufferTooSmall { .. })), "{done:?}");
        if let Err(error) = feed(&mut session, credential, &bytes, chunk, &mut outcome) {
            assert_eq!(session.poll().err(), Some(error), "an error is sticky");
            outcome.failure = Some(error);
            break;
        }
    }
    outcome.sent.extend_from_slice(session.tx_pending());
    outcome
}

#[expect(clippy::unnecessary_wraps, reason = "as what a session does")]
fn raw(choices: &mut Choices<'_>, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let length = choices.below(256);
    bytes.extend_from_slice(choices.take(length));
    Ok(())
}

/// A message in a record of its own, with the length that it has.
fn message(choices: &mut Choices<'_>, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let kind = choices.one_of(MESSAGES);
    let length = choices.below(256);
    let body = choices.take(length);
    let [_, high, middle, low] = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    sealed(22, &[&[kind, high, middle, low], body].concat(), bytes);
    Ok(())
}

fn record(choices: &mut Choices<'_>, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let (kind, length) = (choices.one_of(TYPES), choices.below(256));
    let content = choices.take(length);
    sealed(kind, content, bytes);
    Ok(())
}

/// Writes a record as the provider without security seals it.
fn sealed(kind: u8, content: &[u8], bytes: &mut Vec<u8>) {
    let length = u16::try_from(content.len() + 1 + TAG_LEN).unwrap_or_default();
    bytes.extend([23, 3, 3].into_iter().chain(length.to_be_bytes()));
    bytes.extend(content.iter().chain(&[kind]).chain(&[0; TAG_LEN]));
}

/// Lets a session read `input`, until it needs more or has ended.
fn feed<'b, S: Side>(
    session: &mut Session<'b, S>,
    credential: &'b Credential<'b>,
    mut input: &[u8],
    chunk: usize,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    for _ in 0..STEPS_PER_BYTE * (input.len() + 64) {
        match session.poll()? {
            Event::Transmit => {
                outcome.sent.extend_from_slice(session.tx_pending());
                session.tx_consume(usize::MAX);
            }
            Event::Data(data) => {
                outcome.received.extend_from_slice(&data);
                let count = data.len();
                assert!(count > 0, "no data");
                data.consume(count);
            }
            Event::NeedInput if input.is_empty() => return Ok(()),
            Event::NeedInput => {
                let count = fill(session.rx_space(), &mut input, chunk);
                session.rx_commit(count)?;
            }
            Event::PeerClosed | Event::Closed => return Ok(()),
            Event::Credential(request) if request.peer_request().accepts(credential) => request.answer(credential)?,
            Event::Credential(request) => request.answer(Choice::Decline)?,
            Event::Sign(request) => {
                let signature = any_signature(&request.input).expect("a signature");
                request.complete(&signature)?;
            }
            Event::Time(request) => request.provide(now())?,
            Event::Authorize(request) => request.accept()?,
            _ => {}
        }
    }
    panic!("a session that never ends");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_update_is_answered_and_the_data_behind_it_received() {
        for drives_client in [true, false] {
            // A KeyUpdate that requests one; a record of data.
            let outcome = driven(drives_client, &[6, 5, 1, 1, 8, 2, 2, b'h', b'i'], usize::MAX);
            let mut answer = Vec::new();
            sealed(22, &[24, 0, 0, 1, 0], &mut answer);
            assert_eq!((outcome.failure, &outcome.received[..]), (None, &b"hi"[..]));
            // A server sends a ticket first.
            assert!(outcome.sent.ends_with(&answer), "{outcome:?}");
        }
    }

    #[test]
    fn a_message_that_does_not_belong_there_ends_the_session() {
        for drives_client in [true, false] {
            // A Finished.
            let outcome = driven(drives_client, &[6, 4, 0], usize::MAX);
            assert!(matches!(outcome.failure, Some(Error::PeerMisbehaved(_))), "{outcome:?}");
        }
    }
}
