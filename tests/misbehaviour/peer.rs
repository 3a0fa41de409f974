//! A peer that has the right keys and sends what it likes: its own transcript holds whatever it has sent.

use embedded_mtls::x509::UnixTime;
use embedded_mtls::{ClientAuth, Error, NamedGroup, Ticket, TicketKey, TicketKeys};
use test_support::messages::*;
use test_support::pair::{Refusing, Setup, Sizes, TestHost, anchors, credential, exchange, host, leak, signing_key};
use test_support::pki::{NOW, Pki, Role, SERVER_NAME};
use test_support::script::{ALERT, APPLICATION_DATA, Epoch, HANDSHAKE, Keys, Script};

use crate::subject::{Subject, Tested};

/// What the peer says in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    ClientHello,
    /// The second ClientHello, after a HelloRetryRequest.
    SecondClientHello,
    HelloRetryRequest,
    ServerHello,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    CertificateVerify,
    Finished,
    NewSessionTicket,
    KeyUpdate,
    /// A KeyUpdate that requests another.
    UpdateRequest,
    /// A CertificateRequest after the handshake.
    LateRequest,
    LateCertificate,
    LateCertificateVerify,
    LateFinished,
    Data,
}

use Line::*;

impl Line {
    /// Names it in the documentation.
    pub(crate) fn name(self) -> String {
        match self {
            SecondClientHello => "second ClientHello".to_owned(),
            UpdateRequest => "KeyUpdate that requests one".to_owned(),
            LateRequest => "CertificateRequest".to_owned(),
            Data => "data".to_owned(),
            line => format!("{line:?}").trim_start_matches("Late").to_owned(),
        }
    }

    /// The keys that belong to it.
    pub(crate) fn epoch(self) -> Epoch {
        match self {
            ClientHello | SecondClientHello | HelloRetryRequest | ServerHello => Epoch::Plain,
            EncryptedExtensions | CertificateRequest | Certificate | CertificateVerify | Finished => Epoch::Handshake,
            _ => Epoch::Application,
        }
    }
}

/// A conversation with the tested side: how it begins, and what a correct peer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Talk {
    pub(crate) name: &'static str,
    /// The role of the side that is tested.
    pub(crate) tested: Role,
    pub(crate) resumes: bool,
    /// Said before, without faults.
    pub(crate) before: &'static [Line],
    pub(crate) lines: &'static [Line],
    /// The progress of the tested side after all of it.
    pub(crate) progress: usize,
}

const fn talk(name: &'static str, tested: Role, lines: &'static [Line]) -> Talk {
    Talk { name, tested, resumes: false, before: &[], lines, progress: 1 }
}

const SERVER_FLIGHT: &[Line] =
    &[ServerHello, EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished];
const CLIENT_FLIGHT: &[Line] = &[ClientHello, Certificate, CertificateVerify, Finished];

pub(crate) const TALKS: [Talk; 11] = [
    talk("A client in a full handshake", Role::Client, SERVER_FLIGHT),
    talk(
        "A client after a HelloRetryRequest",
        Role::Client,
        &[
            HelloRetryRequest,
            ServerHello,
            EncryptedExtensions,
            CertificateRequest,
            Certificate,
            CertificateVerify,
            Finished,
        ],
    ),
    Talk {
        resumes: true,
        ..talk("A client that resumes", Role::Client, &[ServerHello, EncryptedExtensions, Finished])
    },
    Talk {
        before: SERVER_FLIGHT,
        ..talk(
            "A client after the handshake",
            Role::Client,
            &[NewSessionTicket, KeyUpdate, UpdateRequest, LateRequest, Data],
        )
    },
    talk("A server in a full handshake", Role::Server, CLIENT_FLIGHT),
    talk(
        "A server after a HelloRetryRequest",
        Role::Server,
        &[ClientHello, SecondClientHello, Certificate, CertificateVerify, Finished],
    ),
    Talk { resumes: true, ..talk("A server that resumes", Role::Server, &[ClientHello, Finished]) },
    Talk {
        before: CLIENT_FLIGHT,
        ..talk("A server after the handshake", Role::Server, &[KeyUpdate, UpdateRequest, Data])
    },
    Talk {
        before: CLIENT_FLIGHT,
        progress: 2,
        ..talk(
            "A server that has requested a certificate after the handshake",
            Role::Server,
            &[LateCertificate, LateCertificateVerify, LateFinished],
        )
    },
    Talk {
        resumes: true,
        ..talk(
            "A client that resumes after a HelloRetryRequest",
            Role::Client,
            &[HelloRetryRequest, ServerHello, EncryptedExtensions, Finished],
        )
    },
    Talk {
        resumes: true,
        ..talk(
            "A server that resumes after a HelloRetryRequest",
            Role::Server,
            &[ClientHello, SecondClientHello, Finished],
        )
    },
];

impl Talk {
    /// Returns whether the server asks the client to try again with another group.
    pub(crate) fn retries(&self) -> bool {
        self.lines.contains(&HelloRetryRequest) || self.lines.contains(&SecondClientHello)
    }
}

/// What both sides share in all conversations.
pub(crate) struct World {
    pub(crate) pki: Pki,
    ticket: Vec<u8>,
    /// The identity of the ticket in a ClientHello: its bytes and its obfuscated age.
    identity: Vec<u8>,
}

impl World {
    pub(crate) fn new() -> Self {
        let pki = Pki::new();
        let mut world = Self { pki, ticket: Vec::new(), identity: Vec::new() };
        let (mut client, mut server) = world.setup().run().sessions();
        exchange(&mut client, &mut server).expect("a ticket passes");
        let mut ticket = vec![0; Ticket::MAX_LEN];
        let len = client.take_ticket(UnixTime(NOW), &mut ticket).expect("room").expect("a ticket");
        ticket.truncate(len);
        world.ticket = ticket;
        // What the client makes of it.
        let setup = world.setup();
        let (client, server) = (world.client(&setup), setup.server_handshake().expect("a server"));
        let outcome = setup.run_from(client, server, |_, _| {}, &Refusing { client: false, server: false });
        let hello = Hello::parse(&messages(&records(&outcome.wire.from_client)[0][5..])[0]);
        let body = hello.extension(PRE_SHARED_KEY).expect("it is offered");
        let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
        world.identity = body[2..end].to_vec();
        world
    }

    fn setup(&self) -> Setup {
        let mut setup = Setup::new(&self.pki);
        let keys = leak(Box::new(TicketKeys::new(TicketKey::new(&[1; TicketKey::LEN]))));
        let sizes = Sizes { rx: 20_000, ..Sizes::DEFAULT };
        (setup.client_sizes, setup.server_sizes) = (sizes, sizes);
        setup.client = setup.client.with_resumption(true).with_post_handshake_auth(true).with_alpn(&[b"http/1.1"]);
        setup.server = setup.server.with_tickets(keys, 3_600).with_alpn(&[b"http/1.1"]);
        setup
    }

    /// A client that offers the ticket.
    fn client(&self, setup: &Setup) -> test_support::pair::ClientHandshake {
        let mut client = setup.client_handshake().expect("a client");
        let mine = leak(Box::new(credential(&[&self.pki.client, &self.pki.intermediate], 0)));
        let ticket = Ticket::new(leak(self.ticket.clone().into_boxed_slice()));
        client.resume(ticket, Some(mine), UnixTime(NOW + 1)).expect("a good ticket");
        client
    }

    fn psk(&self) -> &[u8] {
        &self.ticket[2..34]
    }
}

/// The peer, with the side it talks to.
pub(crate) struct Peer<'w> {
    pub(crate) world: &'w World,
    pub(crate) script: Script,
    pub(crate) subject: Box<dyn Subject>,
    pub(crate) talk: Talk,
    /// What the tested side has sent, and the peer has not read yet.
    heard: Vec<u8>,
    /// The contents of the last record that the tested side has sent.
    last: Option<(u8, Vec<u8>)>,
    /// The CertificateRequest that the peer has received after the handshake.
    request: Vec<u8>,
}

fn host_of(issued: &test_support::pki::Issued, pki: &Pki) -> TestHost {
    host(vec![credential(&[issued, &pki.intermediate], 0)], vec![signing_key(issued)])
}

impl<'w> Peer<'w> {
    pub(crate) fn new(world: &'w World, talk: Talk) -> Self {
        let mut setup = world.setup();
        let pki = &world.pki;
        let (script, subject): (Script, Box<dyn Subject>) = if talk.tested == Role::Client {
            let handshake =
                if talk.resumes { world.client(&setup) } else { setup.client_handshake().expect("a client") };
            let mut subject = Tested::new(handshake, host_of(&pki.client, pki));
            (Script::server(&subject.take()), Box::new(subject))
        } else {
            if talk.retries() {
                setup.server = setup.server.with_groups(&[NamedGroup::X25519]);
            }
            let handshake = setup.server_handshake().expect("a server");
            let group = if talk.retries() { P256 } else { X25519 };
            let hello = Script::hello(group).with(POST_HANDSHAKE_AUTH, &[]);
            (Script::client(hello), Box::new(Tested::new(handshake, host_of(&pki.server, pki))))
        };
        let (heard, last, request) = (Vec::new(), None, Vec::new());
        let mut peer = Self { world, script, subject, talk, heard, last, request };
        if talk.resumes {
            peer.script.psk = world.psk().to_vec();
            if talk.tested == Role::Server {
                peer.offer_ticket();
            }
        }
        for line in talk.before {
            peer.say(*line);
        }
        if talk.lines.contains(&LateCertificate) {
            peer.subject.ask(ClientAuth::Required(anchors(&[&pki.root])));
            peer.feed(&[]);
            peer.listen();
            let request = std::mem::take(&mut peer.request);
            assert_eq!(request.first(), Some(&CERTIFICATE_REQUEST));
            peer.script.hear(&request);
            peer.request = request;
        }
        peer
    }

    fn offer_ticket(&mut self) {
        // The ticket is for this name and protocol.
        let name = vec16(&[&[0][..], &vec16(SERVER_NAME.as_bytes())].concat());
        let hello = self.script.client_hello.clone().with(SERVER_NAME_EXTENSION, &name);
        self.script.client_hello = self.bound(&hello.with(PSK_KEY_EXCHANGE_MODES, &[1, 1]));
    }

    /// The hello with the ticket and its binder.
    fn bound(&self, hello: &Hello) -> Hello {
        let body = |binder: &[u8]| [vec16(&self.world.identity), vec16(&vec8(binder))].concat();
        let bytes = hello.clone().with(PRE_SHARED_KEY, &body(&[0; 32])).emit();
        let before = [&self.script.transcript[..], &bytes[..bytes.len() - 35]].concat();
        hello.clone().with(PRE_SHARED_KEY, &body(&self.script.binder(&before)))
    }

    pub(crate) fn role(&self) -> Role {
        self.script.role()
    }

    /// A message as it would be right now; application data for [`Data`].
    pub(crate) fn message(&self, line: Line) -> Vec<u8> {
        let (script, pki) = (&self.script, &self.world.pki);
        let (mine, context) = match self.role() {
            Role::Client => (&pki.client, CLIENT_CONTEXT),
            Role::Server => (&pki.server, SERVER_CONTEXT),
        };
        let chain = chain_of(mine, &pki.intermediate);
        match line {
            ClientHello => script.client_hello.emit(),
            SecondClientHello => {
                let share = Script::hello(X25519).share().1.to_vec();
                let hello = script.client_hello.clone().with(KEY_SHARE, &vec16(&key_share((X25519, &share))));
                if self.talk.resumes { self.bound(&hello).emit() } else { hello.emit() }
            }
            HelloRetryRequest => Hello::retry(&script.client_hello.session_id, script.suite, P256).emit(),
            ServerHello if self.talk.resumes => script.server_hello().with(PRE_SHARED_KEY, &[0, 0]).emit(),
            ServerHello => script.server_hello().emit(),
            EncryptedExtensions => encrypted_extensions(&[]),
            CertificateRequest => certificate_request(&[]),
            Certificate => chain,
            CertificateVerify | LateCertificateVerify => {
                certificate_verify(ECDSA_P256, &mine.key, context, &script.hash())
            }
            Finished if !script.has_keys(Epoch::Handshake) => message(FINISHED, &[0; 32]),
            Finished => script.finished(self.role()),
            NewSessionTicket => session_ticket(b"ticket", &[]),
            KeyUpdate => key_update(0),
            UpdateRequest => key_update(1),
            LateRequest => {
                let schemes = (SIGNATURE_ALGORITHMS, list16(&[ECDSA_P256]));
                message(CERTIFICATE_REQUEST, &[vec8(b"context"), block(&[schemes])].concat())
            }
            LateCertificate => {
                let context = self.request.get(5..21).unwrap_or_default();
                message(CERTIFICATE, &[&vec8(context)[..], &chain[5..]].concat())
            }
            LateFinished if !script.has_keys(Epoch::Application) => message(FINISHED, &[0; 32]),
            LateFinished => script.late_finished(),
            Data => b"order".to_vec(),
        }
    }

    /// Says a line as it should be.
    pub(crate) fn say(&mut self, line: Line) {
        let bytes = self.message(line);
        self.say_bytes(line, &bytes);
    }

    /// Sends other bytes in place of a line, which the peer itself takes for it.
    pub(crate) fn say_bytes(&mut self, line: Line, bytes: &[u8]) {
        self.hear(line, bytes);
        let kind = if line == Data { APPLICATION_DATA } else { HANDSHAKE };
        let record = self.seal(line.epoch(), kind, bytes);
        self.feed(&record);
        if self.subject.error().is_none() {
            self.change_keys(line);
        }
    }

    /// Takes a message of its own into its transcript, as far as it belongs there.
    pub(crate) fn hear(&mut self, line: Line, bytes: &[u8]) {
        match line {
            HelloRetryRequest => self.script.retry(),
            NewSessionTicket | KeyUpdate | UpdateRequest | LateRequest | Data => return,
            _ => {}
        }
        self.script.hear(bytes);
    }

    /// Changes to the keys that follow a line.
    pub(crate) fn change_keys(&mut self, line: Line) {
        let role = self.role();
        match line {
            ClientHello | SecondClientHello => self.answer_of_server(),
            HelloRetryRequest => self.second_hello(),
            ServerHello => {
                let (group, share) = self.script.client_hello.share();
                let share = share.to_vec();
                self.script.agree((group, &share));
            }
            Finished if role == Role::Server => self.script.enter_application(),
            KeyUpdate | UpdateRequest if self.script.has_keys(Epoch::Application) => {
                self.script.keys(Epoch::Application, role).update();
            }
            _ => self.listen(),
        }
    }

    /// A record under the keys of an epoch, or under some of its own where there are none.
    pub(crate) fn seal(&mut self, epoch: Epoch, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let role = self.role();
        match epoch {
            Epoch::Plain => record(kind, bytes),
            epoch if self.script.has_keys(epoch) => self.script.keys(epoch, role).seal(kind, bytes, 0),
            _ => strange_keys().seal(kind, bytes, 0),
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.subject.feed(bytes);
        self.heard.extend(self.subject.take());
    }

    /// Reads the flight of a server, if there is one.
    fn answer_of_server(&mut self) {
        if self.heard.first() != Some(&HANDSHAKE) {
            return;
        }
        let heard = std::mem::take(&mut self.heard);
        let said = self.script.hear_server(&heard);
        if said.len() > 1 {
            return;
        }
        assert_eq!(Hello::parse(&said[0]).extension(KEY_SHARE), Some(&X25519.to_be_bytes()[..]));
    }

    /// Reads the second ClientHello, if there is one.
    fn second_hello(&mut self) {
        let whole = records(&self.heard).into_iter().find(|record| record[0] == HANDSHAKE).map(<[u8]>::to_vec);
        if let Some(record) = whole {
            self.heard.clear();
            self.script.client_hello = Hello::parse(&record[5..]);
            self.script.hear(&record[5..]);
        }
    }

    /// Reads what the tested side has sent under keys.
    pub(crate) fn listen(&mut self) {
        let other = if self.role() == Role::Client { Role::Server } else { Role::Client };
        for record in records(&std::mem::take(&mut self.heard)) {
            if record[0] == APPLICATION_DATA && !self.script.has_keys(Epoch::Handshake) {
                continue;
            }
            for (kind, content) in self.script.open(record) {
                let message = if kind == HANDSHAKE { content[0] } else { 0 };
                match message {
                    KEY_UPDATE => self.script.keys(Epoch::Application, other).update(),
                    CERTIFICATE_REQUEST => self.request.clone_from(&content),
                    _ => {}
                }
                self.last = Some((kind, content));
            }
        }
    }

    /// Returns the error of the tested side, after the end of the transport if `eof` is set or if it waits. The alert that
    /// it has sent must be that of its error.
    #[track_caller]
    pub(crate) fn verdict(&mut self, eof: bool) -> Result<(), Error> {
        if self.subject.error().is_none() {
            if !eof && self.subject.progress() >= self.talk.progress {
                return Ok(());
            }
            self.subject.eof();
        }
        self.heard.extend(self.subject.take());
        self.listen();
        // No error after close_notify, which it has received.
        let Some(error) = self.subject.error() else { return Ok(()) };
        let sent = self.last.as_ref().filter(|(kind, _)| *kind == ALERT).map(|(_, alert)| alert.clone());
        assert_eq!(sent, error.alert().map(|alert| vec![2, alert.0]), "the alert of {error:?}");
        Err(error)
    }

    /// Proves that both sides have the same keys now.
    #[track_caller]
    pub(crate) fn prove(&mut self) {
        self.say(Data);
        assert!(self.subject.received().ends_with(b"order"), "{:?}", self.subject.error());
    }
}

/// Keys that nobody has agreed on.
pub(crate) fn strange_keys() -> Keys {
    Keys::new(AES_128_GCM, vec![0xa5; 32])
}
