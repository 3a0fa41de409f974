//! Rejections in both roles when a client is asked after the handshake, and the messages of RFC 9846:
//! the other side is a script that shares no code with the core but the primitives.
#![cfg(feature = "post-handshake-auth")]
#![allow(missing_docs)]

use embedded_mtls::credential::Choice;
use embedded_mtls::io::Host;
use embedded_mtls::{
    AlertDescription, Client, ClientAuth, ClientAuthStatus, Error, Event, PeerIncompatible, PeerMisbehaved, Server,
    ServerConfig, Side,
};
use test_support::messages::*;
use test_support::pair::{
    ServerHandshake, Setup, TestSession, anchors, choose, credential, entropy, host, leak, now, read_all, sign,
    signing_key,
};
use test_support::pki::{Pki, Role};
use test_support::script::{ALERT, APPLICATION_DATA, Epoch, HANDSHAKE, Real, Script, Sent, client};

/// A session of a client that has sent no certificate yet, and its server.
fn client_session(pki: &Pki, offers: bool) -> (TestSession<Client>, Script) {
    let mut setup = Setup::new(pki);
    setup.client = setup.client.with_post_handshake_auth(offers);
    let (mut real, mut script) = client(setup);
    assert_eq!(script.client_hello.extension(POST_HANDSHAKE_AUTH), offers.then_some(&[][..]));
    let flight = script.server_flight(pki, |message| if message[0] == CERTIFICATE_REQUEST { vec![] } else { message });
    real.feed(&script.seal_all(&flight));
    let last = script.open(&real.take());
    script.hear(&last.last().expect("Finished").1);
    (real.session(), script)
}

/// A session of a server that has asked for nothing yet, and the client it talks to.
fn server_session(pki: &Pki) -> (TestSession<Server>, Script) {
    let mut setup = Setup::new(pki);
    setup.server = ServerConfig::new(ClientAuth::None);
    let (mut real, mut script) = (
        test_support::script::Real::server(setup),
        Script::client(Script::hello(X25519).with(POST_HANDSHAKE_AUTH, &[])),
    );
    real.feed(&script.say_hello());
    script.hear_server(&real.take());
    let finished = script.finished(Role::Client);
    let flight = script.say(Epoch::Handshake, finished);
    real.feed(&script.seal_all(&flight));
    (real.session(), script)
}

fn late_request(context: &[u8]) -> Vec<u8> {
    late_request_of(context, &[(SIGNATURE_ALGORITHMS, list16(&[ECDSA_P256]))])
}

fn late_request_of(context: &[u8], extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    message(CERTIFICATE_REQUEST, &[vec8(context), block(extensions)].concat())
}

fn handshake(message: &[u8]) -> Sent {
    Sent::new(Epoch::Application, HANDSHAKE, message)
}

fn data(content: &[u8]) -> Sent {
    Sent::new(Epoch::Application, APPLICATION_DATA, content)
}

/// Runs a session with the identity of the client in `pki`, and authorizes every authenticated peer.
fn run(session: &mut TestSession<impl Side>, pki: &Pki) -> Result<Vec<ClientAuthStatus>, Error> {
    let mut host = host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)]);
    let mut answers = Vec::new();
    loop {
        match session.poll()? {
            Event::Credential(request) => {
                let Choice::Send(credential) = host.credential(&request.peer_request()) else { panic!("it fits") };
                request.answer(credential)?;
            }
            Event::Sign(request) => {
                let signature = host.sign(&request.input);
                request.complete(&signature.expect("a signature"))?;
            }
            Event::Time(request) => request.provide(now())?,
            Event::Authorize(request) => request.accept()?,
            Event::ClientAuth(status) => answers.push(status),
            Event::Yield => {}
            _ => return Ok(answers),
        }
    }
}

/// The type of a record that was opened, and its content.
type Record = (u8, Vec<u8>);

/// Delivers the bytes of the script and runs the session; returns its answer, opened, and its error.
fn say(
    session: &mut TestSession<impl Side>,
    script: &mut Script,
    pki: &Pki,
    said: &[Sent],
) -> (Vec<Record>, Result<Vec<ClientAuthStatus>, Error>) {
    let bytes = script.seal_all(said);
    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    session.rx_commit(bytes.len()).expect("room");
    let mut sent = Vec::new();
    let mut answers = Vec::new();
    let result = loop {
        let result = run(session, pki);
        let pending = session.tx_pending().to_vec();
        session.tx_consume(pending.len());
        sent.extend_from_slice(&pending);
        match result {
            Ok(more) => answers.extend(more),
            Err(error) => break Err(error),
        }
        if pending.is_empty() {
            break Ok(answers);
        }
    };
    (script.open(&sent), result)
}

#[track_caller]
fn refuses(session: &mut TestSession<impl Side>, script: &mut Script, pki: &Pki, said: &[Sent], error: Error) {
    let (sent, result) = say(session, script, pki, said);
    assert_eq!(result, Err(error));
    let alert = error.alert().expect("an alert").0;
    assert_eq!(sent.last(), Some(&(21, vec![2, alert])));
}

fn misbehaved(reason: PeerMisbehaved) -> Error {
    Error::PeerMisbehaved(reason)
}

/// `Transcript-Hash(Handshake Context, ...)`: the handshake, the request and what follows it.
struct Exchange<'s> {
    script: &'s mut Script,
    before: Vec<u8>,
}

impl<'s> Exchange<'s> {
    fn new(script: &'s mut Script, request: &[u8]) -> Self {
        let before = script.transcript.clone();
        script.hear(request);
        Self { script, before }
    }

    /// Certificate, CertificateVerify and Finished of a client, by the book.
    fn answer(&mut self, pki: &Pki, context: &[u8]) -> [Vec<u8>; 3] {
        let chain = chain_of(&pki.client, &pki.intermediate);
        let chain = message(CERTIFICATE, &[vec8(context), chain[5..].to_vec()].concat());
        self.script.hear(&chain);
        let verify = certificate_verify(ECDSA_P256, &pki.client.key, CLIENT_CONTEXT, &self.script.hash());
        self.script.hear(&verify);
        let finished = self.script.late_finished();
        [chain, verify, finished]
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.script.transcript = std::mem::take(&mut self.before);
    }
}

#[test]
fn the_answer_of_a_client_is_that_of_the_rfc_and_nothing_comes_between() {
    let pki = Pki::new();
    let (mut session, mut script) = client_session(&pki, true);
    for (round, context) in [&b""[..], b"one", &[7; 255]].into_iter().enumerate() {
        let request = late_request(context);
        let update = [handshake(&key_update(0))];
        let (sent, result) = say(&mut session, &mut script, &pki, &update[..usize::from(round == 2)]);
        assert!(result.is_ok() && sent.is_empty());
        if round == 2 {
            script.keys(Epoch::Application, Role::Server).update();
        }
        let (sent, result) = say(&mut session, &mut script, &pki, &[handshake(&request)]);
        assert_eq!(result, Ok(vec![]));
        assert!(sent.iter().all(|(kind, _)| *kind == HANDSHAKE));
        let stream: Vec<u8> = sent.into_iter().flat_map(|(_, content)| content).collect();
        let said = messages(&stream);
        let exchange = Exchange::new(&mut script, &request);
        let chain = chain_of(&pki.client, &pki.intermediate);
        assert_eq!(said[0], message(CERTIFICATE, &[vec8(context), chain[5..].to_vec()].concat()));
        exchange.script.hear(&said[0]);
        let content = [&[b' '; 64], CLIENT_CONTEXT.as_bytes(), &[0], &exchange.script.hash()].concat();
        assert!(pki.client.key.verifies(&content, &said[1][8..]), "CertificateVerify");
        exchange.script.hear(&said[1]);
        assert_eq!(said[2], exchange.script.late_finished());
        assert_eq!(said.len(), 3);
        drop(exchange);
        assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
    }
}

#[test]
fn a_server_accepts_the_answer_of_the_rfc_after_data_and_key_updates() {
    let pki = Pki::new();
    let (mut session, mut script) = server_session(&pki);
    let roots = anchors(&[&pki.root]);
    let mut contexts = Vec::new();
    for round in 0..3 {
        session.request_certificate(ClientAuth::Required(roots)).unwrap();
        let (sent, _) = say(&mut session, &mut script, &pki, &[]);
        let request = sent[0].1.clone();
        let context = request[5..5 + usize::from(request[4])].to_vec();
        assert_eq!(context.len(), 16);
        contexts.push(context.clone());
        // The client continues for a while as if nothing had happened.
        let (_, result) = say(&mut session, &mut script, &pki, &[data(b"order"), handshake(&key_update(0))]);
        assert_eq!(result, Ok(vec![]));
        let mut received = Vec::new();
        read_all(&mut session, &mut received).unwrap();
        assert_eq!(received, b"order");
        say(&mut session, &mut script, &pki, &[]).1.unwrap();
        script.keys(Epoch::Application, Role::Client).update();
        let answer = Exchange::new(&mut script, &request).answer(&pki, &context).map(|message| handshake(&message));
        let (_, result) = say(&mut session, &mut script, &pki, &answer);
        assert_eq!(result, Ok(vec![ClientAuthStatus::Accepted]), "round {round}");
        assert_eq!(session.peer().unwrap().public_key(), pki.client.key.point());
    }
    // RFC 9846 section 4.4.2: unique, and unpredictable.
    assert!(contexts[0] != contexts[1] && contexts[1] != contexts[2] && contexts[0] != contexts[2]);
}

#[test]
fn a_client_rejects_what_it_did_not_offer_what_comes_twice_and_what_never_ends() {
    let pki = Pki::new();
    let unexpected = misbehaved(PeerMisbehaved::UnexpectedMessage);
    let (mut session, mut script) = client_session(&pki, false);
    refuses(&mut session, &mut script, &pki, &[handshake(&late_request(b"context"))], unexpected);

    let (mut session, mut script) = client_session(&pki, true);
    let request = [handshake(&late_request(b"context"))];
    say(&mut session, &mut script, &pki, &request).1.unwrap();
    refuses(&mut session, &mut script, &pki, &request, misbehaved(PeerMisbehaved::CertificateContext));

    let (mut session, mut script) = client_session(&pki, true);
    for number in 0..8 {
        say(&mut session, &mut script, &pki, &[handshake(&late_request(&[number]))]).1.unwrap();
    }
    let ninth = [handshake(&late_request(&[8]))];
    refuses(&mut session, &mut script, &pki, &ninth, misbehaved(PeerMisbehaved::TooManyMessages));

    // With data between them there may be as many as the server likes.
    let (mut session, mut script) = client_session(&pki, true);
    for number in 0..40 {
        let said = [data(b"x"), handshake(&late_request(&[number]))];
        say(&mut session, &mut script, &pki, &said).1.unwrap();
        read_all(&mut session, &mut Vec::new()).unwrap();
        assert_eq!(say(&mut session, &mut script, &pki, &[]).1, Ok(vec![]), "request {number}");
    }

    let (mut session, mut script) = client_session(&pki, true);
    let empty = [handshake(&late_request_of(b"c", &[]))];
    refuses(&mut session, &mut script, &pki, &empty, misbehaved(PeerMisbehaved::MissingExtension));
}

/// RFC 9846 section 4.4.2: a context is unique in its connection.
#[test]
fn a_context_does_not_come_again_after_others() {
    let pki = Pki::new();
    for again in [0, 1, 2, 3] {
        let (mut session, mut script) = client_session(&pki, true);
        for context in 0..4 {
            say(&mut session, &mut script, &pki, &[handshake(&late_request(&[context]))]).1.unwrap();
        }
        let again = [handshake(&late_request(&[again]))];
        refuses(&mut session, &mut script, &pki, &again, misbehaved(PeerMisbehaved::CertificateContext));
    }
}

/// A server requests after it has checked what the handshake had, and may do so again before it has read an answer.
#[test]
fn a_first_request_proves_that_the_certificate_was_accepted_and_a_second_proves_nothing() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.client = setup.client.with_post_handshake_auth(true);
    let (mut real, mut script) = client(setup);
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    for (_, message) in script.open(&real.take()) {
        script.hear(&message);
    }
    let mut session = real.session();
    assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
    for (context, status) in [(b"one", ClientAuthStatus::Accepted), (b"two", ClientAuthStatus::Presented)] {
        let request = script.seal(&handshake(&late_request(context)));
        session.rx_space()[..request.len()].copy_from_slice(&request);
        session.rx_commit(request.len()).unwrap();
        assert!(matches!(session.poll(), Ok(Event::Credential(_))));
        assert_eq!(session.client_auth(), status);
        say(&mut session, &mut script, &pki, &[]).1.unwrap();
        assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
    }
}

#[test]
fn two_requests_in_one_record_are_answered_one_after_the_other_and_data_does_not_wait_for_the_signature() {
    let pki = Pki::new();
    let (mut session, mut script) = client_session(&pki, true);
    let both = [late_request(b"one"), late_request(b"two")].concat();
    let (first, result) = say(&mut session, &mut script, &pki, &[handshake(&both), data(b"and data")]);
    assert_eq!(result, Ok(vec![]));
    // The second is not signed yet; the data after it has already arrived.
    let mut received = Vec::new();
    read_all(&mut session, &mut received).unwrap();
    assert_eq!(received, b"and data");
    let (second, _) = say(&mut session, &mut script, &pki, &[]);
    for (sent, context) in [(first, b"one"), (second, b"two")] {
        let stream: Vec<u8> = sent.into_iter().flat_map(|(_, content)| content).collect();
        let said = messages(&stream);
        assert_eq!(said.iter().map(|message| message[0]).collect::<Vec<_>>(), [11, 15, 20]);
        assert_eq!(said[0][5..8], *context);
    }
}

#[test]
fn a_second_request_fills_rx_until_the_first_is_signed_and_nothing_of_what_follows_is_lost() {
    let pki = Pki::new();
    let (mut session, mut script) = client_session(&pki, true);
    let bytes = script.seal_all(&[handshake(&late_request(b"one"))]);
    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
    session.rx_commit(bytes.len()).unwrap();
    let mut host = host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)]);
    let Ok(Event::Credential(request)) = session.poll() else { panic!("it was asked") };
    let Choice::Send(shown) = host.credential(&request.peer_request()) else { panic!("it fits") };
    request.answer(shown).unwrap();

    // The key takes its time; the server asks again, and continues to send data.
    let mut said = vec![handshake(&late_request(b"two"))];
    said.extend((0..40).map(|number: u8| data(&[number; 100])));
    let mut waiting = script.seal_all(&said);
    loop {
        assert!(matches!(session.poll(), Ok(Event::Sign(_))), "nothing else can be done");
        let space = session.rx_space();
        if space.is_empty() {
            break;
        }
        let count = space.len().min(waiting.len());
        space[..count].copy_from_slice(&waiting[..count]);
        session.rx_commit(count).unwrap();
        waiting.drain(..count);
    }
    assert!(!waiting.is_empty(), "rx is full of what has to wait");
    assert!(matches!(session.poll(), Ok(Event::Sign(_))), "and it is still no error");

    let mut sent = Vec::new();
    let mut received = Vec::new();
    for _ in 0..100 {
        run(&mut session, &pki).unwrap();
        sent.extend_from_slice(session.tx_pending());
        session.tx_consume(usize::MAX);
        read_all(&mut session, &mut received).unwrap();
        let space = session.rx_space();
        let count = space.len().min(waiting.len());
        space[..count].copy_from_slice(&waiting[..count]);
        session.rx_commit(count).unwrap();
        waiting.drain(..count);
    }
    let expected: Vec<u8> = (0..40_u8).flat_map(|number| [number; 100]).collect();
    assert!(received == expected);
    let stream: Vec<u8> = script.open(&sent).into_iter().flat_map(|(_, content)| content).collect();
    let kinds: Vec<u8> = messages(&stream).iter().map(|message| message[0]).collect();
    assert_eq!(kinds, [11, 15, 20, 11, 15, 20], "both were answered, in order");
}

#[test]
fn another_request_proves_nothing_about_a_late_answer_but_a_ticket_or_data_does() {
    let pki = Pki::new();
    for shows in [handshake(&session_ticket(b"ticket", &[])), data(b"answer")] {
        let (mut session, mut script) = client_session(&pki, true);
        say(&mut session, &mut script, &pki, &[handshake(&late_request(b"one"))]).1.unwrap();
        say(&mut session, &mut script, &pki, &[handshake(&late_request(b"two"))]).1.unwrap();
        assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
        session.write(b"question").unwrap();
        say(&mut session, &mut script, &pki, &[shows]).1.unwrap();
        assert_eq!(session.client_auth(), ClientAuthStatus::Accepted);
    }
}

/// A rewrite of Certificate, CertificateVerify and Finished, for a request with this context.
type Edit = fn([Vec<u8>; 3], &[u8]) -> Vec<Sent>;

/// Answers that are wrong in one part, with the error of each.
fn wrong_answers() -> [(&'static str, Edit, Error); 8] {
    let unexpected = misbehaved(PeerMisbehaved::UnexpectedMessage);
    [
        (
            "another context",
            |[mut chain, ..], _| {
                chain[5] ^= 1;
                vec![handshake(&chain)]
            },
            misbehaved(PeerMisbehaved::CertificateContext),
        ),
        (
            "no context",
            |[chain, ..], _| vec![handshake(&message(CERTIFICATE, &[&[0][..], &chain[21..]].concat()))],
            misbehaved(PeerMisbehaved::CertificateContext),
        ),
        (
            "another signature",
            |[chain, mut verify, _], _| {
                *verify.last_mut().unwrap() ^= 1;
                vec![handshake(&chain), handshake(&verify)]
            },
            misbehaved(PeerMisbehaved::SignatureIncorrect),
        ),
        (
            "another Finished",
            |[chain, verify, mut finished], _| {
                finished[4] ^= 1;
                vec![handshake(&chain), handshake(&verify), handshake(&finished)]
            },
            misbehaved(PeerMisbehaved::FinishedIncorrect),
        ),
        (
            "data between",
            |[chain, verify, finished], _| {
                vec![handshake(&chain), data(b"between"), handshake(&verify), handshake(&finished)]
            },
            unexpected,
        ),
        (
            "a KeyUpdate between",
            |[chain, verify, _], _| vec![handshake(&chain), handshake(&verify), handshake(&key_update(0))],
            unexpected,
        ),
        ("no CertificateVerify", |[chain, _, finished], _| vec![handshake(&chain), handshake(&finished)], unexpected),
        (
            "no certificate",
            |_, context| vec![handshake(&message(CERTIFICATE, &[vec8(context), vec24(&[])].concat()))],
            PeerIncompatible::ClientCertificateRequired.into(),
        ),
    ]
}

#[test]
fn a_server_rejects_an_answer_that_is_wrong_in_any_part() {
    let pki = Pki::new();
    let roots = anchors(&[&pki.root]);
    for (name, edit, error) in wrong_answers() {
        let (mut session, mut script) = server_session(&pki);
        session.request_certificate(ClientAuth::Required(roots)).unwrap();
        let (sent, _) = say(&mut session, &mut script, &pki, &[]);
        let request = sent[0].1.clone();
        let context = request[5..21].to_vec();
        let answer = Exchange::new(&mut script, &request).answer(&pki, &context);
        let (sent, result) = say(&mut session, &mut script, &pki, &edit(answer, &context));
        assert_eq!(result, Err(error), "{name}");
        assert_eq!(sent.last(), Some(&(21, vec![2, error.alert().unwrap().0])), "{name}");
        assert!(session.peer().is_none(), "{name}");
    }
}

#[test]
fn a_server_rejects_an_answer_to_a_request_it_did_not_send() {
    let pki = Pki::new();
    let (mut session, mut script) = server_session(&pki);
    let chain = chain_of(&pki.client, &pki.intermediate);
    refuses(&mut session, &mut script, &pki, &[handshake(&chain)], misbehaved(PeerMisbehaved::UnexpectedMessage));
    let (mut session, mut script) = server_session(&pki);
    let request = [handshake(&late_request(b"context"))];
    refuses(&mut session, &mut script, &pki, &request, misbehaved(PeerMisbehaved::UnexpectedMessage));
}

#[test]
fn an_offer_with_a_body_is_rejected() {
    let pki = Pki::new();
    let (mut real, mut script) = (
        test_support::script::Real::server(Setup::new(&pki)),
        Script::client(Script::hello(X25519).with(POST_HANDSHAKE_AUTH, &[0])),
    );
    real.feed(&script.say_hello());
    assert_eq!(real.error().and_then(Error::alert), Some(AlertDescription::DECODE_ERROR));
}

/// RFC 9846 section 4.4.2: "the server SHOULD make the context unpredictable to the client".
#[test]
fn contexts_of_late_requests_differ_from_connection_to_connection() {
    let pki = Pki::new();
    let context = |seed| {
        let setup = Setup::new(&pki);
        let config = leak(Box::new(setup.server));
        let handshake: ServerHandshake =
            embedded_mtls::Handshake::new(config, setup.server_sizes.buffers(), entropy(seed)).unwrap();
        let mut real = Real { handshake, host: setup.server_host, end: None, out: Vec::new() };
        let mut script = Script::client(Script::hello(X25519).with(POST_HANDSHAKE_AUTH, &[]));
        real.feed(&script.say_hello());
        script.hear_server(&real.take());
        let flight = script.client_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        let mut session = real.session();
        session.request_certificate(ClientAuth::Required(anchors(&[&pki.root]))).unwrap();
        let opened = script.open(session.tx_pending());
        opened[0].1[4..][..17].to_vec()
    };
    assert_eq!(context(2), context(2));
    assert_ne!(context(2), context(3));
}

#[test]
fn a_refusal_in_the_middle_of_a_late_answer_is_one_of_that_answer() {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    setup.client_sizes.tx = 512;
    setup.client = setup.client.with_post_handshake_auth(true);
    let (mut real, mut script) = client(setup);
    let flight = script.server_flight(&pki, |message| if message[0] == CERTIFICATE_REQUEST { vec![] } else { message });
    real.feed(&script.seal_all(&flight));
    script.open(&real.take());
    let mut session = real.session();
    let mut host = host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)]);
    give(&mut session, &script.seal(&handshake(&late_request(b"one"))));
    loop {
        match session.poll().unwrap() {
            Event::Credential(request) => choose(request, &mut host).unwrap(),
            Event::Sign(request) => sign(request, &mut host).unwrap(),
            Event::Transmit => break,
            other => panic!("{other:?}"),
        }
    }
    // The first part of the Certificate leaves, and the server judges the leaf in it.
    session.tx_consume(usize::MAX);
    give(&mut session, &script.seal(&Sent::new(Epoch::Application, ALERT, &[2, 48])));
    assert_eq!(session.poll_received().err(), Some(Error::AlertReceived(AlertDescription::UNKNOWN_CA)));
    let refusal = session.failure().and_then(|failure| failure.refusal()).expect("it was refused");
    assert!(refusal.credential.is_some());
    assert_eq!(session.client_auth(), ClientAuthStatus::Presented);
}

/// A client that has closed its direction cannot answer, and still receives data from the server.
#[test]
fn requests_to_a_client_that_has_closed_hold_nothing_up() {
    for requests in 1..=3 {
        let pki = Pki::new();
        let (mut session, mut script) = client_session(&pki, true);
        session.close();
        session.tx_consume(usize::MAX);
        let mut said: Vec<Sent> = (0..requests).map(|number: u8| handshake(&late_request(&[number, 7]))).collect();
        said.extend((0..40).map(|number: u8| data(&[number; 1000])));
        let mut waiting = script.seal_all(&said);
        let mut received = 0;
        loop {
            match session.poll().unwrap() {
                Event::Credential(request) => request.answer(Choice::Decline).unwrap(),
                Event::Data(data) => {
                    received += data.len();
                    data.consume(usize::MAX);
                }
                Event::NeedInput if waiting.is_empty() => break,
                Event::NeedInput => {
                    let count = session.rx_space().len().min(waiting.len());
                    assert!(count > 0, "it waits for ever");
                    let rest = waiting.split_off(count);
                    give(&mut session, &waiting);
                    waiting = rest;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(received, 40_000);
    }
}

fn give(session: &mut TestSession<impl Side>, bytes: &[u8]) {
    session.rx_space()[..bytes.len()].copy_from_slice(bytes);
    session.rx_commit(bytes.len()).unwrap();
}
