//! Authentication of the client after the handshake (RFC 9846 section 4.7.2), in both roles.
#![cfg(feature = "post-handshake-auth")]
#![allow(missing_docs)]

use embedded_mtls::credential::Choice;
use embedded_mtls::io::Host;
use embedded_mtls::x509::TrustAnchor;
use embedded_mtls::{
    AlertClass, AlertDescription, ApiMisuse, BufferKind, Client, ClientAuth, ClientAuthStatus, Error, Event,
    PeerIncompatible, Server, Side,
};
use test_support::pair::{Setup, Sizes, TestHost, TestSession, anchors, credential, host, now, signing_key};
use test_support::pki::{CLIENT_NAME, Issued, Pki, Template, tlv};

/// A session with what it is asked and what it has received.
struct End<R: Side> {
    session: TestSession<R>,
    host: TestHost,
    received: Vec<u8>,
    answers: Vec<ClientAuthStatus>,
    yields: usize,
    /// For each request, whether the names of issuers were left out.
    left_out: Vec<bool>,
    refuses: bool,
    /// Set if the signer is ready.
    signs: bool,
    /// Questions to sign that were dropped.
    dropped: usize,
}

impl<R: Side> End<R> {
    fn new(session: TestSession<R>, host: TestHost) -> Self {
        Self {
            session,
            host,
            received: vec![],
            answers: vec![],
            yields: 0,
            left_out: vec![],
            refuses: false,
            signs: true,
            dropped: 0,
        }
    }

    /// Runs until it needs the transport.
    fn run(&mut self) -> Result<(), Error> {
        loop {
            match self.session.poll()? {
                Event::Data(data) => {
                    let count = data.len();
                    self.received.extend_from_slice(&data);
                    data.consume(count);
                }
                Event::Credential(request) => {
                    self.left_out.push(request.peer_request().are_authorities_left_out());
                    let choice = self.host.credential(&request.peer_request());
                    request.answer(choice)?;
                }
                Event::Sign(request) if self.signs => {
                    let signature = self.host.sign(&request.input).expect("a signature");
                    request.complete(&signature)?;
                }
                Event::Sign(_) => {
                    self.dropped += 1;
                    return Ok(());
                }
                Event::Time(request) => request.provide(now())?,
                Event::Authorize(request) if self.refuses => {
                    return Err(request.reject(AlertDescription::ACCESS_DENIED));
                }
                Event::Authorize(request) => request.accept()?,
                Event::ClientAuth(status) => self.answers.push(status),
                Event::Yield => self.yields += 1,
                _ => return Ok(()),
            }
        }
    }
}

/// Both ends, and how many bytes pass at once (0: all).
struct Link {
    client: End<Client>,
    server: End<Server>,
    chunk: usize,
}

impl Link {
    fn new(setup: Setup) -> Self {
        let pki = Pki::new();
        Self::with_host(
            setup,
            host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)]),
        )
    }

    fn with_host(setup: Setup, client: TestHost) -> Self {
        let chunk = setup.chunk;
        let (a, b) = setup.run().sessions();
        Self { client: End::new(a, client), server: End::new(b, host(vec![], vec![])), chunk }
    }

    /// Runs until nothing moves: the error of the client and of the server.
    fn settle(&mut self) -> (Option<Error>, Option<Error>) {
        let chunk = if self.chunk == 0 { usize::MAX } else { self.chunk };
        for _ in 0..100_000 {
            let errors = (self.client.run().err(), self.server.run().err());
            let moved = carry(&mut self.client.session, &mut self.server.session, chunk)
                + carry(&mut self.server.session, &mut self.client.session, chunk);
            if moved == 0 {
                return errors;
            }
        }
        panic!("it does not end");
    }

    /// Runs as [`Self::settle`], without errors.
    fn run(&mut self) {
        assert_eq!(self.settle(), (None, None));
    }

    /// Both ways a line, to see that both can still talk.
    fn talk(&mut self) {
        let before = (self.client.received.len(), self.server.received.len());
        assert_eq!(self.client.session.write(b"question"), Ok(8));
        assert_eq!(self.server.session.write(b"answer"), Ok(6));
        self.run();
        assert_eq!(self.server.received[before.1..], *b"question");
        assert_eq!(self.client.received[before.0..], *b"answer");
    }

    fn status(&self) -> (ClientAuthStatus, ClientAuthStatus) {
        (self.client.session.client_auth(), self.server.session.client_auth())
    }

    fn common_name(&self) -> Option<String> {
        Some(self.server.session.peer()?.common_name()?.to_owned())
    }
}

/// Carries up to `chunk` bytes.
fn carry(from: &mut TestSession<impl Side>, to: &mut TestSession<impl Side>, chunk: usize) -> usize {
    let pending = from.tx_pending().to_vec();
    let space = to.rx_space();
    let count = pending.len().min(space.len()).min(chunk);
    space[..count].copy_from_slice(&pending[..count]);
    to.rx_commit(count).expect("room");
    from.tx_consume(count);
    count
}

/// The server requests nothing at first; the client offers to answer later.
fn setup(pki: &Pki) -> Setup {
    let mut setup = Setup::new(pki);
    setup.server = embedded_mtls::ServerConfig::new(ClientAuth::None);
    setup.client = setup.client.with_post_handshake_auth(true);
    setup
}

fn roots(pki: &Pki) -> &'static [TrustAnchor<'static>] {
    anchors(&[&pki.root])
}

fn issue(pki: &Pki, name: &str) -> Issued {
    Template::client(name).signed_by(&pki.root)
}

#[test]
fn a_client_authenticates_after_the_handshake_for_any_chunk_size() {
    let pki = Pki::new();
    for chunk in [0, 1, 2, 7, 64, 301] {
        for tx in [512, 2048] {
            let mut setup = setup(&pki);
            setup.chunk = chunk;
            setup.client_sizes = Sizes { tx, ..Sizes::DEFAULT };
            setup.server_sizes = Sizes { tx, ..Sizes::DEFAULT };
            let mut link = Link::new(setup);
            assert_eq!(link.status(), (ClientAuthStatus::NotRequested, ClientAuthStatus::NotRequested));
            assert!(link.server.session.negotiated().post_handshake_auth);
            link.talk();
            assert_eq!(link.server.session.peer().map(|_| ()), None);

            link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
            link.run();
            assert_eq!(link.server.answers, [ClientAuthStatus::Accepted], "chunk {chunk}, tx {tx}");
            assert_eq!(link.common_name().as_deref(), Some(CLIENT_NAME));
            assert_eq!(link.server.session.path().map(|path| path.depth), Some(2));
            // The path of two certificates, and the CertificateVerify: one operation at a time.
            assert!(link.server.yields >= 3, "{}", link.server.yields);
            assert_eq!(link.status(), (ClientAuthStatus::Presented, ClientAuthStatus::Accepted));
            // The server may have sent this before it read the answer.
            assert_eq!(link.server.session.write(b"news"), Ok(4));
            link.run();
            assert_eq!(link.status().0, ClientAuthStatus::Presented);
            link.talk();
            assert_eq!(link.status(), (ClientAuthStatus::Accepted, ClientAuthStatus::Accepted));
        }
    }
}

#[test]
fn an_answer_that_is_larger_than_tx_leaves_in_one_piece_and_data_and_key_updates_wait() {
    let pki = Pki::new();
    let mut setup = setup(&pki);
    setup.client_sizes.tx = 420;
    let mut link = Link::new(setup);
    link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    link.server.run().unwrap();
    while carry(&mut link.server.session, &mut link.client.session, usize::MAX) > 0 {}
    link.client.run().unwrap();
    assert!(!link.client.session.tx_pending().is_empty());
    // The first part of Certificate waits to be sent: nothing may come between.
    link.client.session.tx_consume(0);
    assert_eq!(link.client.session.write(b"between"), Ok(0));
    link.client.session.request_key_update();
    link.run();
    assert_eq!(link.server.answers, [ClientAuthStatus::Accepted]);
    link.talk();
}

/// RFC 9846 section 4.7.2: the messages of an answer follow each other. Whatever of them waits for room, data waits, too.
#[test]
fn data_never_comes_between_the_messages_of_an_answer() {
    let pki = Pki::new();
    for tx in (300..1500).step_by(11) {
        let mut setup = setup(&pki);
        setup.client_sizes.tx = tx;
        let mut link = Link::new(setup);
        link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
        for _ in 0..200 {
            assert_eq!(link.client.run(), Ok(()), "tx of {tx} bytes");
            link.client.session.write(b"x").unwrap();
            assert_eq!(link.server.run(), Ok(()), "tx of {tx} bytes");
            carry(&mut link.client.session, &mut link.server.session, 97);
            carry(&mut link.server.session, &mut link.client.session, usize::MAX);
        }
        assert_eq!(link.server.answers, [ClientAuthStatus::Accepted], "tx of {tx} bytes");
    }
}

#[test]
fn a_client_may_be_asked_several_times_and_send_another_certificate_each_time() {
    let pki = Pki::new();
    let names = ["first.example", "second.example", "third.example"];
    let mut link = Link::new(setup(&pki));
    for name in names {
        let issued = issue(&pki, name);
        link.client.host = host(vec![credential(&[&issued], 0)], vec![signing_key(&issued)]);
        link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
        link.run();
        assert_eq!(link.common_name().as_deref(), Some(name));
        link.talk();
    }
    assert_eq!(link.server.answers, [ClientAuthStatus::Accepted; 3]);
}

/// The server names 254 authorities more, in 23 KB.
#[test]
fn a_late_request_with_more_names_than_rx_holds_is_answered_each_time() {
    use rcgen::PublicKeyData;
    let pki = Pki::new();
    let key: &'static [u8] = pki.root.key.subject_public_key_info().leak();
    let others = (0..254).map(|number| {
        let text = format!("Authority number {number:03} of a store with all those that anyone has heard of");
        let attribute = tlv(0x30, &[&[6, 3, 0x55, 4, 3][..], &tlv(12, text.as_bytes())].concat());
        let name: &'static [u8] = tlv(0x30, &tlv(0x31, &attribute)).leak();
        TrustAnchor::from_name_and_key(name, key).unwrap()
    });
    let authorities: &[TrustAnchor<'_>] = roots(&pki).iter().copied().chain(others).collect::<Vec<_>>().leak();
    for (rx, chunk) in [(1024, 0), (1024, 7), (2048, 0), (60_000, 0)] {
        let mut setup = setup(&pki);
        setup.chunk = chunk;
        setup.client_sizes.rx = rx;
        let mut link = Link::new(setup);
        for round in 0..2 {
            link.client.left_out.clear();
            link.server.session.request_certificate(ClientAuth::Required(authorities)).unwrap();
            link.run();
            assert_eq!(link.server.answers.pop(), Some(ClientAuthStatus::Accepted), "rx {rx}, chunk {chunk}, {round}");
            assert_eq!(link.client.left_out, [rx < 60_000]);
            link.talk();
        }
    }
}

#[test]
fn a_known_peer_stays_known_until_the_new_answer_is_fully_verified() {
    let pki = Pki::new();
    let mut first = setup(&pki);
    first.server = embedded_mtls::ServerConfig::new(ClientAuth::Required(roots(&pki)));
    let mut link = Link::new(first);
    assert_eq!(link.common_name().as_deref(), Some(CLIENT_NAME));
    let issued = issue(&pki, "another.example");
    link.client.host = host(vec![credential(&[&issued], 0)], vec![signing_key(&issued)]);
    link.client.signs = false;
    link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    link.chunk = 1;
    link.run();
    assert_eq!(link.common_name().as_deref(), Some(CLIENT_NAME));
    link.client.signs = true;
    let mut steps = 0;
    while link.server.answers.is_empty() {
        assert_eq!(link.common_name().as_deref(), Some(CLIENT_NAME), "not before it is over");
        link.client.run().unwrap();
        carry(&mut link.client.session, &mut link.server.session, 1);
        link.server.run().unwrap();
        steps += 1;
    }
    assert!(steps > 500, "{steps}");
    assert_eq!(link.common_name().as_deref(), Some("another.example"));

    // A client that then declines is still the one it was.
    link.client.host = host(vec![], vec![]);
    link.server.session.request_certificate(ClientAuth::Optional(roots(&pki))).unwrap();
    link.run();
    assert_eq!(link.server.answers, [ClientAuthStatus::Accepted, ClientAuthStatus::Declined]);
    assert_eq!(link.common_name().as_deref(), Some("another.example"));
    assert_eq!(link.server.session.client_auth(), ClientAuthStatus::Accepted);
    link.talk();
}

#[test]
fn data_and_key_updates_pass_both_ways_while_the_signature_is_on_its_way() {
    let pki = Pki::new();
    let mut link = Link::new(setup(&pki));
    link.client.signs = false;
    link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    link.run();
    assert!(link.client.dropped > 0);
    for round in 0..5 {
        link.talk();
        link.client.session.request_key_update();
        link.talk();
        link.server.session.request_key_update();
        link.talk();
        assert_eq!(link.server.answers, [], "round {round}");
    }
    link.client.signs = true;
    link.run();
    // Finished is keyed with the traffic secret of now, several KeyUpdates later.
    assert_eq!(link.server.answers, [ClientAuthStatus::Accepted]);
    assert_eq!(link.common_name().as_deref(), Some(CLIENT_NAME));
    link.talk();
}

#[test]
fn a_client_that_declines_is_accepted_or_rejected_as_the_server_requires() {
    let pki = Pki::new();
    let mut link = Link::with_host(setup(&pki), host(vec![], vec![]));
    link.server.session.request_certificate(ClientAuth::Optional(roots(&pki))).unwrap();
    link.run();
    assert_eq!(link.server.answers, [ClientAuthStatus::Declined]);
    assert_eq!(link.status(), (ClientAuthStatus::Declined, ClientAuthStatus::Declined));
    assert!(link.server.session.peer().is_none());
    link.talk();

    link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    let errors = link.settle();
    assert_eq!(errors.1, Some(PeerIncompatible::ClientCertificateRequired.into()));
    assert_eq!(errors.0, Some(Error::AlertReceived(AlertDescription::CERTIFICATE_REQUIRED)));
    let refusal = link.client.session.failure().and_then(|failure| failure.refusal()).expect("a refusal");
    assert!(refusal.credential.is_none() && refusal.alert.class() != AlertClass::Transient);
}

#[test]
fn an_invalid_late_chain_and_an_unauthorized_client_end_the_session() {
    let pki = Pki::new();
    let stranger = Template::client("stranger.example").signed_by(&Template::ca("Another root").self_signed());
    let mut link = Link::with_host(setup(&pki), host(vec![credential(&[&stranger], 0)], vec![signing_key(&stranger)]));
    // Without names of authorities, the client cannot know that it will not do.
    let mut blind = setup(&pki);
    blind.server = blind.server.with_authority_names(&[]);
    let mut wrong = Link::with_host(blind, host(vec![credential(&[&stranger], 0)], vec![signing_key(&stranger)]));
    wrong.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    let errors = wrong.settle();
    assert!(matches!(errors.1, Some(Error::Certificate(_))), "{errors:?}");
    assert_eq!(errors.0, Some(Error::AlertReceived(AlertDescription::UNKNOWN_CA)));
    let refusal = wrong.client.session.failure().and_then(|failure| failure.refusal()).expect("a refusal");
    assert_eq!(refusal.credential.and_then(|shown| shown.chain().iter().next()), Some(&stranger.der[..]));

    // With them, the host finds no credential and declines.
    link.server.session.request_certificate(ClientAuth::Optional(roots(&pki))).unwrap();
    link.run();
    assert_eq!(link.server.answers, [ClientAuthStatus::Declined]);

    let mut refused = Link::new(setup(&pki));
    refused.server.refuses = true;
    refused.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    let errors = refused.settle();
    assert_eq!(errors.0, Some(Error::AlertReceived(AlertDescription::ACCESS_DENIED)));
    assert_eq!(errors.1, Some(Error::NotAuthorized(AlertDescription::ACCESS_DENIED)));
    assert!(refused.server.session.peer().is_none(), "nobody was let in");
}

#[test]
fn only_a_server_whose_client_has_offered_it_may_ask_and_only_once_at_a_time() {
    let pki = Pki::new();
    let mut unoffered = Link::new(Setup::new(&pki));
    let not_offered = Err(ApiMisuse::PostHandshakeAuthNotOffered.into());
    assert!(!unoffered.server.session.negotiated().post_handshake_auth);
    assert_eq!(unoffered.server.session.request_certificate(ClientAuth::Required(roots(&pki))), not_offered);
    unoffered.talk();

    let mut link = Link::new(setup(&pki));
    assert_eq!(
        link.server.session.request_certificate(ClientAuth::None),
        Err(ApiMisuse::NoTrustAnchors.into()),
        "without anchors"
    );
    link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    let pending = link.server.session.request_certificate(ClientAuth::Required(roots(&pki)));
    assert_eq!(pending, Err(ApiMisuse::RequestPending.into()));
    link.run();
    assert_eq!(link.server.answers, [ClientAuthStatus::Accepted]);
    link.server.session.close();
    let closed = link.server.session.request_certificate(ClientAuth::Required(roots(&pki)));
    assert_eq!(closed, Err(ApiMisuse::ClosedForWriting.into()));
}

#[test]
fn a_client_that_has_closed_answers_nothing_and_is_not_asked() {
    let pki = Pki::new();
    let mut link = Link::new(setup(&pki));
    link.client.session.close();
    link.run();
    assert!(matches!(link.server.session.poll(), Ok(Event::PeerClosed)));
    let closed = link.server.session.request_certificate(ClientAuth::Required(roots(&pki)));
    assert_eq!(closed, Err(ApiMisuse::ClosedForWriting.into()));
    // It can still receive.
    assert_eq!(link.server.session.write(b"goodbye"), Ok(7));
    link.run();
    assert_eq!(link.client.received, b"goodbye");
}

/// The late exchange needs that memory on both sides.
#[test]
fn no_peer_memory_is_returned_where_the_client_may_be_asked_later() {
    let pki = Pki::new();
    let mut link = Link::new(setup(&pki));
    assert!(link.client.session.take_peer_memory().is_empty());
    assert!(link.server.session.take_peer_memory().is_empty());
    link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
    link.run();
    assert_eq!(link.server.answers, [ClientAuthStatus::Accepted]);
}

#[test]
fn peer_memory_that_is_too_small_for_a_late_answer_is_named_with_the_size_it_needs() {
    let pki = Pki::new();
    // Just enough for the handshake, and for the answer after it.
    let mut need = 700;
    let mut rounds = 0;
    loop {
        let mut setup = setup(&pki);
        setup.server_sizes.peer = need - 600;
        let mut link = Link::new(setup);
        link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
        match link.settle() {
            (_, Some(Error::BufferTooSmall { buffer: BufferKind::Peer, need: more })) => {
                assert!(usize::from(more) > need - 600);
                need = usize::from(more) + 600;
            }
            (None, None) => break,
            other => panic!("{other:?}"),
        }
        rounds += 1;
    }
    assert!((1..10).contains(&rounds), "{rounds}");
}

#[test]
fn a_refusal_after_a_late_decline_blames_no_credential_sent_before() {
    let pki = Pki::new();
    for accepted_before in [true, false] {
        let mut mutual = setup(&pki);
        mutual.server = embedded_mtls::ServerConfig::new(ClientAuth::Required(roots(&pki)));
        let mut link = Link::with_host(mutual, host(vec![], vec![]));
        if accepted_before {
            link.talk();
        }
        link.server.session.request_certificate(ClientAuth::Required(roots(&pki))).unwrap();
        let errors = link.settle();
        assert_eq!(errors.0, Some(Error::AlertReceived(AlertDescription::CERTIFICATE_REQUIRED)));
        let refusal = link.client.session.failure().and_then(|failure| failure.refusal()).expect("a refusal");
        assert_eq!(refusal.alert, AlertDescription::CERTIFICATE_REQUIRED);
        assert!(refusal.credential.is_none(), "none was shown");
    }

    // A server that accepts it anyway has not refused it, whatever comes later.
    let mut mutual = setup(&pki);
    mutual.server = embedded_mtls::ServerConfig::new(ClientAuth::Required(roots(&pki)));
    let mut link = Link::with_host(mutual, host(vec![], vec![]));
    link.server.session.request_certificate(ClientAuth::Optional(roots(&pki))).unwrap();
    link.talk();
    link.server.refuses = true;
    link.client.host = host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)]);
    link.server.session.request_certificate(ClientAuth::Optional(roots(&pki))).unwrap();
    assert_eq!(link.settle().0, Some(Error::AlertReceived(AlertDescription::ACCESS_DENIED)));
    let refusal = link.client.session.failure().and_then(|failure| failure.refusal()).expect("a refusal");
    assert!(refusal.credential.is_some(), "the last answer counts");
}

/// The tokens of a session are of the types of a handshake: a host serves both.
#[test]
fn a_host_of_a_handshake_answers_a_session() {
    fn answers<'b>(_: &impl Host<Choice = Choice<'b>>, _: &impl Host<Choice = Choice<'b>>) {}
    let host: TestHost = host(vec![], vec![]);
    answers(&host, &host);
}
