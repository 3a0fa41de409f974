//! Both sides of a handshake under one root, and everything that a case can change about them.

use embedded_mtls::credential::{Choice, PeerRequest};
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, UnixTime};
use embedded_mtls::{
    AlertDescription, ClientAuth, ClientConfig, Diagnosis, Error, PeerIncompatible, ServerConfig, SignInput, Signature,
};
use test_support::pair::{
    Outcome, Setup, TestHost, anchors, anchors_der, credential, credential_der, host, leak_all, signing_key,
};
use test_support::pki::{BadChain, Defect, Issued, Pki, Role, SERVER_NAME, Template};

/// Both sides under one root, and everything that a case can change about them.
pub(crate) struct World {
    pub(crate) pki: Pki,
    pub(crate) setup: Setup<TestHost, Gatekeeper>,
    pub(crate) tamper: Tamper,
}

/// Changes what is in flight to the server and to the client.
type Tamper = fn(&mut Vec<u8>, &mut Vec<u8>);

/// A server's host that can be made to refuse.
pub(crate) struct Gatekeeper {
    pub(crate) inner: TestHost,
    /// Its answer to the authenticated client.
    pub(crate) refusal: Option<AlertDescription>,
    /// Serves no name that a client asks for.
    pub(crate) nameless: bool,
    /// Its key works.
    pub(crate) signs: bool,
}

impl Host for Gatekeeper {
    type Choice = Choice<'static>;

    fn time(&mut self) -> Time {
        self.inner.time()
    }

    fn credential(&mut self, request: &PeerRequest<'_>) -> Choice<'static> {
        if self.nameless { Choice::Fail(PeerIncompatible::UnknownServerName) } else { self.inner.credential(request) }
    }

    fn authorize(&mut self, _: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        self.refusal.map_or(Ok(()), Err)
    }

    fn sign(&mut self, input: &SignInput) -> Option<Signature> {
        self.inner.sign(input).filter(|_| self.signs)
    }
}

/// The failure as one side observes it.
pub(crate) struct Seen {
    pub(crate) error: Option<Error>,
    pub(crate) verdict: Option<String>,
    pub(crate) diagnosis: Option<Diagnosis>,
}

impl World {
    pub(crate) fn new() -> Self {
        let pki = Pki::new();
        let base = Setup::new(&pki);
        let setup = Setup {
            client: base.client,
            server: base.server,
            client_host: base.client_host,
            server_host: Gatekeeper { inner: base.server_host, refusal: None, nameless: false, signs: true },
            client_sizes: base.client_sizes,
            server_sizes: base.server_sizes,
            chunk: 0,
        };
        Self { pki, setup, tamper: |_, _| {} }
    }

    /// Lets the server send this chain.
    pub(crate) fn server_sends(&mut self, chain: &[&Issued]) {
        self.setup.server_host.inner = host(vec![credential(chain, 0)], vec![signing_key(chain[0])]);
    }

    /// Makes the client send this chain, regardless of the server's request.
    pub(crate) fn client_sends(&mut self, chain: &[&Issued]) {
        self.setup.client_host = host(vec![credential(chain, 0)], vec![signing_key(chain[0])]);
        self.setup.server = self.setup.server.with_authority_names(&[]);
    }

    /// Lets the client connect to this name.
    pub(crate) fn client_wants(&mut self, name: &'static str) {
        self.setup.client = ClientConfig::new(ServerName::parse(name).unwrap(), anchors(&[&self.pki.root]));
    }

    /// Gives the server a chain with this defect.
    pub(crate) fn bad_server(&mut self, defect: Defect) {
        let bad = BadChain::new(defect, Role::Server);
        let name = ServerName::parse(SERVER_NAME).unwrap();
        self.setup.client = ClientConfig::new(name, anchors_der(&bad.anchor));
        let key = P256SigningKey::from_bytes(&bad.key.scalar()).unwrap();
        self.setup.server_host.inner = host(vec![credential_der(&bad.chain, 0)], vec![key]);
    }

    /// Gives the client a chain with this defect.
    pub(crate) fn bad_client(&mut self, defect: Defect) {
        let bad = BadChain::new(defect, Role::Client);
        self.setup.server = ServerConfig::new(ClientAuth::Required(anchors_der(&bad.anchor))).with_authority_names(&[]);
        let key = P256SigningKey::from_bytes(&bad.key.scalar()).unwrap();
        self.setup.client_host = host(vec![credential_der(&bad.chain, 0)], vec![key]);
    }

    /// Gives the server a leaf that the intermediate issues.
    pub(crate) fn server_leaf(&mut self, template: Template) {
        let leaf = template.signed_by(&self.pki.intermediate);
        let intermediate = self.pki.intermediate.der.clone();
        let key = signing_key(&leaf);
        self.setup.server_host.inner = host(vec![credential_der(&[leaf.der, intermediate], 0)], vec![key]);
    }

    /// Runs the handshake.
    pub(crate) fn run(self) -> [Seen; 2] {
        let Outcome { client, server, verdicts: [by_client, by_server], diagnoses: [of_client, of_server], .. } =
            self.setup.run_with(self.tamper);
        let (client, late) = match client {
            Err((error, _)) => (Some(error), of_client),
            // A refusal that comes late is there with the next poll.
            Ok(mut session) => (session.poll().err(), session.diagnosis()),
        };
        let server = server.err().map(|(error, _)| error);
        [
            Seen { error: client, verdict: by_client, diagnosis: late },
            Seen { error: server, verdict: by_server, diagnosis: of_server },
        ]
    }
}

/// Returns the first second of a year, as a trusted clock gives it.
pub(crate) fn at(year: u16) -> Time {
    Time::Trusted(UnixTime::from_civil(year, 1, 1, 0, 0, 0).unwrap())
}

/// Returns a host of the leaf of this role with another clock.
pub(crate) fn clocked(pki: &Pki, role: Role, clock: fn() -> Time) -> TestHost {
    let leaf = pki.leaf(role);
    SoftwareHost::new(
        leak_all(vec![credential(&[leaf, &pki.intermediate], 0)]),
        leak_all(vec![signing_key(leaf)]),
        clock,
    )
}

/// A case: what is changed, and the diagnoses of client and server.
pub(crate) struct Case(pub(crate) &'static str, pub(crate) fn(&mut World), pub(crate) [Option<Diagnosis>; 2]);

impl Case {
    /// Runs the handshake of this case.
    pub(crate) fn run(&self) -> [Seen; 2] {
        let mut world = World::new();
        (self.1)(&mut world);
        world.run()
    }
}

/// Expects these diagnoses of client and server.
pub(crate) const fn both(client: Diagnosis, server: Diagnosis) -> [Option<Diagnosis>; 2] {
    [Some(client), Some(server)]
}
