//! A client and a server in memory, with owned time and entropy: the same run each time.
//!
//! ```text
//! let pki = Pki::new();
//! let setup = Setup::new(&pki);              // required client authentication, both with credentials
//! let outcome = setup.run();                 // until both are done, or one has failed and sent its alert
//! ```

use crate::pki::{Issued, NOW, Pki, Role, SERVER_NAME};
use embedded_mtls::credential::{Choice, Mismatch, PeerRequest};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{PathFound, PeerIdentity, ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    AlertDescription, AuthorizeRequest, Buffers, Client, ClientAuth, ClientConfig, Credential, CredentialRequest,
    Diagnosis, Entropy, Error, Event, Handshake, KeyHandle, Server, ServerConfig, Session, Side, SignInput,
    SignRequest, Signature, Stage, Step,
};

pub type ClientHandshake = Handshake<'static, Client>;
pub type ServerHandshake = Handshake<'static, Server>;
pub type TestSession<R> = Session<'static, R>;

/// Test memory lives as long as the process: it keeps lifetimes out of the tests.
pub fn leak<T: ?Sized>(value: Box<T>) -> &'static mut T {
    Box::leak(value)
}

/// Leaks a list.
pub fn leak_all<T>(values: Vec<T>) -> &'static [T] {
    leak(values.into_boxed_slice())
}

/// Sizes of the lent buffers in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub rx: usize,
    pub tx: usize,
    pub peer: usize,
}

impl Sizes {
    pub const DEFAULT: Self = Self { rx: 4096, tx: 2048, peer: 2048 };

    pub fn buffers(self) -> Buffers<'static> {
        let memory = |len| leak(vec![0; len].into_boxed_slice());
        Buffers { rx: memory(self.rx), tx: memory(self.tx), peer: memory(self.peer) }
    }
}

/// The entropy of a test: bytes that count up from `seed`, mixed so that no part repeats.
pub fn entropy(seed: u8) -> Entropy {
    let mut bytes = [0; Entropy::LEN];
    for (index, byte) in (0_u8..).zip(bytes.iter_mut()) {
        *byte = index.wrapping_mul(167).wrapping_add(seed);
    }
    Entropy::new(&bytes)
}

/// The time of all tests.
pub fn now() -> Time {
    Time::Trusted(UnixTime(NOW))
}

/// A credential of certificates, the leaf first.
pub fn credential(chain: &[&Issued], key: u32) -> Credential<'static> {
    let chain: Vec<&'static [u8]> = chain.iter().map(|issued| &*leak(issued.der.clone().into_boxed_slice())).collect();
    Credential::new(leak_all(chain), KeyHandle(key)).expect("a usable chain")
}

/// A credential of certificates in DER, the leaf first.
pub fn credential_der(chain: &[Vec<u8>], key: u32) -> Credential<'static> {
    let chain: Vec<&'static [u8]> = chain.iter().map(|der| &*leak(der.clone().into_boxed_slice())).collect();
    Credential::new(leak_all(chain), KeyHandle(key)).expect("a usable chain")
}

/// One anchor, of a certificate in DER.
pub fn anchors_der(root: &[u8]) -> &'static [TrustAnchor<'static>] {
    leak_all(vec![TrustAnchor::from_certificate(leak(root.to_vec().into_boxed_slice())).expect("an anchor")])
}

/// Anchors of certificates.
pub fn anchors(roots: &[&Issued]) -> &'static [TrustAnchor<'static>] {
    leak_all(
        roots
            .iter()
            .map(|root| TrustAnchor::from_certificate(leak(root.der.clone().into_boxed_slice())).expect("an anchor"))
            .collect(),
    )
}

/// The signing key of a certificate.
pub fn signing_key(issued: &Issued) -> P256SigningKey {
    P256SigningKey::from_bytes(&issued.key.scalar()).expect("a valid scalar")
}

/// A host with one credential, or none.
pub type TestHost = SoftwareHost<'static, fn() -> Time>;

pub fn host(credentials: Vec<Credential<'static>>, keys: Vec<P256SigningKey>) -> TestHost {
    SoftwareHost::new(leak_all(credentials), leak_all(keys), now)
}

/// Both sides, ready to run.
pub struct Setup<CH = TestHost, SH = TestHost> {
    pub client: ClientConfig<'static>,
    pub server: ServerConfig<'static>,
    pub client_host: CH,
    pub server_host: SH,
    pub client_sizes: Sizes,
    pub server_sizes: Sizes,
    /// Bytes that pass at once in either direction; 0: all.
    pub chunk: usize,
}

/// The result of a run.
pub struct Outcome {
    pub client: Result<TestSession<Client>, (Error, Stage)>,
    pub server: Result<TestSession<Server>, (Error, Stage)>,
    pub wire: Wire,
    /// The verdicts of client and server on the certificates of the other, if they rejected them.
    pub verdicts: [Option<String>; 2],
    /// The names of their failures, as far as they failed in the handshake.
    pub diagnoses: [Option<Diagnosis>; 2],
}

/// The end of the side that judges a certificate, and what the other side hears.
type Judgement = (Result<Option<PathFound>, (Error, Stage)>, Option<Error>);

/// The bytes that were delivered, and those in transit.
#[derive(Default)]
pub struct Wire {
    pub to_server: Vec<u8>,
    pub to_client: Vec<u8>,
    pub from_client: Vec<u8>,
    pub from_server: Vec<u8>,
}

impl Setup {
    /// Mutual authentication under one root, all with defaults.
    pub fn new(pki: &Pki) -> Self {
        let anchors = anchors(&[&pki.root]);
        let name = ServerName::parse(SERVER_NAME).expect("a host name");
        Self {
            client: ClientConfig::new(name, anchors),
            server: ServerConfig::new(ClientAuth::Required(anchors)),
            client_host: host(vec![credential(&[&pki.client, &pki.intermediate], 0)], vec![signing_key(&pki.client)]),
            server_host: host(vec![credential(&[&pki.server, &pki.intermediate], 0)], vec![signing_key(&pki.server)]),
            client_sizes: Sizes::DEFAULT,
            server_sizes: Sizes::DEFAULT,
            chunk: 0,
        }
    }
}

impl<CH: Host<Choice = Choice<'static>>, SH: Host<Choice = Choice<'static>>> Setup<CH, SH> {
    pub fn client_handshake(&self) -> Result<ClientHandshake, Error> {
        Handshake::new(leak(Box::new(self.client)), self.client_sizes.buffers(), entropy(1))
    }

    pub fn server_handshake(&self) -> Result<ServerHandshake, Error> {
        Handshake::new(leak(Box::new(self.server)), self.server_sizes.buffers(), entropy(2))
    }

    /// Runs both sides until both are done or failed.
    pub fn run(self) -> Outcome {
        self.run_with(|_, _| {})
    }

    /// As [`Self::run`]; `tamper` sees all bytes that are on their way before each delivery.
    pub fn run_with(self, tamper: impl FnMut(&mut Vec<u8>, &mut Vec<u8>)) -> Outcome {
        self.run_all(tamper, &Refusing { client: false, server: false })
    }

    /// As [`Self::run`]; a side may refuse the other.
    pub fn run_refusing(self, refusing: &Refusing) -> Outcome {
        self.run_all(|_, _| {}, refusing)
    }

    fn run_all(self, tamper: impl FnMut(&mut Vec<u8>, &mut Vec<u8>), refusing: &Refusing) -> Outcome {
        let client = self.client_handshake().expect("a client");
        let server = self.server_handshake().expect("a server");
        self.run_from(client, server, tamper, refusing)
    }

    /// Runs handshakes that were made before.
    pub fn run_from(
        mut self,
        mut client: ClientHandshake,
        mut server: ServerHandshake,
        mut tamper: impl FnMut(&mut Vec<u8>, &mut Vec<u8>),
        refusing: &Refusing,
    ) -> Outcome {
        let mut wire = Wire::default();
        let (mut client_end, mut server_end) = (None, None);
        for _ in 0..1_000_000 {
            let before = (wire.from_client.len(), wire.from_server.len());
            if client_end.is_none() {
                client_end = advance(&mut client, &mut Gate { host: &mut self.client_host, refuses: refusing.client });
            }
            drain(&mut client, &mut wire.to_server, &mut wire.from_client);
            if server_end.is_none() {
                server_end = advance(&mut server, &mut Gate { host: &mut self.server_host, refuses: refusing.server });
            }
            drain(&mut server, &mut wire.to_client, &mut wire.from_server);
            tamper(&mut wire.to_server, &mut wire.to_client);
            let moved = deliver(&mut wire.to_server, &mut server, self.chunk)
                + deliver(&mut wire.to_client, &mut client, self.chunk);
            let sent = before != (wire.from_client.len(), wire.from_server.len());
            if moved == 0 && !sent {
                if client_end.is_some() && server_end.is_some() {
                    break;
                }
                // Nothing more will come: a side that still waits sees the end of the transport.
                client.rx_eof();
                server.rx_eof();
            }
        }
        let verdicts = [verdict(&client), verdict(&server)];
        let diagnoses =
            [client.failure().map(|failure| failure.diagnosis()), server.failure().map(|failure| failure.diagnosis())];
        Outcome { client: finish(client, client_end), server: finish(server, server_end), wire, verdicts, diagnoses }
    }
}

impl Outcome {
    /// Both sessions.
    pub fn sessions(self) -> (TestSession<Client>, TestSession<Server>) {
        match (self.client, self.server) {
            (Ok(client), Ok(server)) => (client, server),
            (client, server) => panic!("client: {:?}, server: {:?}", client.err(), server.err()),
        }
    }

    /// Gives the end of the side that judges the certificate of `judged`, with the path it has accepted or why it has
    /// refused; and what the other side hears.
    pub fn judgement(self, judged: Role) -> Judgement {
        fn of<J: Side, O: Side>(
            judge: Result<TestSession<J>, (Error, Stage)>,
            other: Result<TestSession<O>, (Error, Stage)>,
        ) -> Judgement {
            // A client is done before the server judges it, and hears of it when it reads.
            let heard = match other {
                Ok(mut session) => session.poll().err(),
                Err((error, _)) => Some(error),
            };
            (judge.map(|session| session.path()), heard)
        }
        match judged {
            Role::Client => of(self.server, self.client),
            Role::Server => of(self.client, self.server),
        }
    }

    /// The errors of client and server.
    pub fn errors(&self) -> (Option<Error>, Option<Error>) {
        (self.client.as_ref().err().map(|end| end.0), self.server.as_ref().err().map(|end| end.0))
    }
}

/// Runs one side until it needs the transport: `Some` at its end.
pub fn advance<'b, S: Side>(
    handshake: &mut Handshake<'b, S>,
    host: &mut impl Host<Choice = Choice<'b>>,
) -> Option<Result<(), Error>> {
    loop {
        let answered = match handshake.poll() {
            Ok(Step::Transmit | Step::NeedInput) => return None,
            Ok(Step::Yield) => Ok(()),
            Ok(Step::Done) => return Some(Ok(())),
            Ok(Step::Time(request)) => request.provide(host.time()),
            Ok(Step::Credential(request)) => {
                host.mismatches(&request.peer_request(), &mut |key, alias, why| {
                    request.record_mismatch(key, alias, why);
                });
                choose(request, host)
            }
            Ok(Step::Authorize(request)) => {
                check_path(&request);
                match host.authorize(&request.peer()) {
                    #[cfg(feature = "dangerous-waivers")]
                    Ok(())
                        if !request.waived().is_empty()
                            && host.dangerous_accept_waived(&request.peer(), request.waived()) =>
                    {
                        request.dangerous_accept_waived()
                    }
                    Ok(()) => request.accept(),
                    #[cfg(feature = "resumption")]
                    Err(_) if S::ROLE == embedded_mtls::Role::Server && request.peer().proved_before().is_some() => {
                        request.decline()
                    }
                    Err(alert) => Err(request.reject(alert)),
                }
            }
            Ok(Step::Sign(request)) => match host.sign(&request.input) {
                Some(signature) => request.complete(&signature),
                None => Err(request.fail()),
            },
            Err(error) => return Some(Err(error)),
        };
        if let Err(error) = answered {
            return Some(Err(error));
        }
    }
}

/// Answers with the credential that the host selects.
pub fn choose<'b>(request: CredentialRequest<'_, 'b>, host: &mut impl Host<Choice = Choice<'b>>) -> Result<(), Error> {
    let choice = host.credential(&request.peer_request());
    request.answer(choice)
}

/// Answers with the signature of the host, which has the key.
pub fn sign(request: SignRequest<'_, '_>, host: &mut impl Host) -> Result<(), Error> {
    let signature = host.sign(&request.input).expect("a key");
    request.complete(&signature)
}

/// A peer has a path, unless it has proved who it is in an earlier connection.
fn check_path(request: &AuthorizeRequest<'_, '_>) {
    #[cfg(feature = "resumption")]
    if request.peer().proved_before().is_some() {
        assert!(request.verified_path().is_none());
        return;
    }
    let path = request.verified_path().expect("it was found");
    assert_eq!(path.certificates().count(), usize::from(path.found.depth) + 1);
}

/// Puts what is to be sent on its way.
pub fn drain<S: Side>(handshake: &mut Handshake<'_, S>, to: &mut Vec<u8>, log: &mut Vec<u8>) {
    let pending = handshake.tx_pending().to_vec();
    handshake.tx_consume(pending.len());
    to.extend_from_slice(&pending);
    log.extend_from_slice(&pending);
}

/// Delivers up to `chunk` bytes (0: all) and gives how many.
pub fn deliver<S: Side>(from: &mut Vec<u8>, to: &mut Handshake<'_, S>, chunk: usize) -> usize {
    let space = to.rx_space();
    let limit = if chunk == 0 { usize::MAX } else { chunk };
    let count = from.len().min(space.len()).min(limit);
    space[..count].copy_from_slice(&from[..count]);
    to.rx_commit(count).expect("no more than there is room for");
    from.drain(..count);
    count
}

/// Returns the verdict on the certificates of the other side, if they were rejected.
fn verdict<S: Side>(handshake: &Handshake<'static, S>) -> Option<String> {
    handshake.failure()?.verdict().map(|verdict| verdict.to_string())
}

fn finish<S: Side>(
    handshake: Handshake<'static, S>,
    end: Option<Result<(), Error>>,
) -> Result<TestSession<S>, (Error, Stage)> {
    match end {
        Some(Ok(())) => handshake.into_session().map_err(|error| (error, Stage::Done)),
        Some(Err(error)) => Err((error, handshake.stage())),
        None => Err((Error::ConnectionTruncated, handshake.stage())),
    }
}

/// Moves what both sessions have to send until nothing moves, and gives what each received.
pub fn exchange(a: &mut TestSession<impl Side>, b: &mut TestSession<impl Side>) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let (mut at_a, mut at_b) = (Vec::new(), Vec::new());
    loop {
        let moved = pass(a, b, &mut at_b)? + pass(b, a, &mut at_a)?;
        if moved == 0 {
            return Ok((at_a, at_b));
        }
    }
}

/// Moves what `from` has to send to `to`; gives the number of bytes moved.
pub fn pass(
    from: &mut TestSession<impl Side>,
    to: &mut TestSession<impl Side>,
    received: &mut Vec<u8>,
) -> Result<usize, Error> {
    let mut moved = 0;
    loop {
        // Lets it answer what it has received; data is offered again.
        let _ = from.poll()?;
        let pending = from.tx_pending().to_vec();
        if pending.is_empty() {
            read_all(to, received)?;
            return Ok(moved);
        }
        let space = to.rx_space();
        let count = space.len().min(pending.len());
        if count == 0 {
            // It has to send before it can read on.
            return Ok(moved);
        }
        space[..count].copy_from_slice(&pending[..count]);
        to.rx_commit(count)?;
        from.tx_consume(count);
        moved += count;
        read_all(to, received)?;
    }
}

/// Reads what is there; nothing while it has something to send itself.
pub fn read_all(session: &mut TestSession<impl Side>, received: &mut Vec<u8>) -> Result<(), Error> {
    loop {
        match session.poll()? {
            Event::Data(data) => {
                let count = data.len();
                received.extend_from_slice(&data);
                data.consume(count);
            }
            _ => return Ok(()),
        }
    }
}

/// A pair in which one side rejects the other when asked to authorize it.
pub struct Refusing {
    pub client: bool,
    pub server: bool,
}

impl Refusing {
    pub fn run(self, setup: Setup) -> Outcome {
        setup.run_refusing(&self)
    }
}

/// A host that may refuse.
struct Gate<'h, H> {
    host: &'h mut H,
    refuses: bool,
}

impl<H: Host<Choice = Choice<'static>>> Host for Gate<'_, H> {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        self.host.time()
    }

    #[cfg(feature = "dangerous-waivers")]
    fn dangerous_accept_waived(&mut self, peer: &PeerIdentity<'_>, waived: embedded_mtls::x509::Waived) -> bool {
        self.host.dangerous_accept_waived(peer, waived)
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        self.host.credential(request)
    }

    fn mismatches(&mut self, request: &PeerRequest<'_>, each: &mut dyn FnMut(KeyHandle, &str, Mismatch)) {
        self.host.mismatches(request, each);
    }

    fn authorize(&mut self, peer: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        if self.refuses { Err(AlertDescription::ACCESS_DENIED) } else { self.host.authorize(peer) }
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.host.sign(input)
    }
}
