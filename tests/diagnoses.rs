//! Diagnoses: each as it comes out of a handshake that really fails, and the page of the documentation that shows them.
#![cfg(feature = "post-handshake-auth")]
#![allow(missing_docs)]

use embedded_mtls::credential::Choice;
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls::io::{Host, SoftwareHost};
use embedded_mtls::x509::{PeerIdentity, ServerName, Time, TrustAnchor, UnixTime};
use embedded_mtls::{
    AlertDescription, ClientAuth, ClientConfig, Credential, CredentialRequest, Diagnosis, Error, NamedGroup,
    PeerIncompatible, Server, ServerConfig, SignRequest, Signature,
};
use rcgen::ExtendedKeyUsagePurpose;
use std::fmt::Write as _;
use std::fs;
use test_support::pair::{
    Outcome, Setup, Sizes, TestHost, anchors, anchors_der, credential, credential_der, host, leak_all, now, signing_key,
};
use test_support::pki::{BadChain, Defect, Issued, Pki, Role, SERVER_NAME, Template};
use test_support::script::{ALERT, Epoch, Sent, client, server};

/// Set to rewrite the page instead of comparing it.
const REWRITE: &str = "REWRITE_DIAGNOSES";

/// A server's host that can be made to refuse.
struct Porter {
    inner: TestHost,
    /// What it answers to the client that has proved who it is.
    refusal: Option<AlertDescription>,
    /// Serves no name that a client asks for.
    nameless: bool,
    /// Its key works.
    signs: bool,
}

impl Host<'static, Server, RustCrypto> for Porter {
    fn time(&mut self) -> Time {
        Host::<Server, RustCrypto>::time(&mut self.inner)
    }

    fn credential(
        &mut self,
        request: &CredentialRequest<'_, 'static, Server, RustCrypto>,
    ) -> Option<&'static Credential<'static>> {
        self.inner.credential(request)
    }

    fn choose(&mut self, request: &CredentialRequest<'_, 'static, Server, RustCrypto>) -> Choice<'static> {
        if self.nameless { Choice::Fail(PeerIncompatible::UnknownServerName) } else { self.inner.choose(request) }
    }

    fn authorize(&mut self, _: &PeerIdentity<'_>) -> Result<(), AlertDescription> {
        self.refusal.map_or(Ok(()), Err)
    }

    fn sign(&mut self, request: &SignRequest<'_, 'static, Server, RustCrypto>) -> Option<Signature> {
        self.inner.sign(request).filter(|_| self.signs)
    }
}

/// What is on its way in both directions, to be changed.
type Tamper = fn(&mut Vec<u8>, &mut Vec<u8>);

/// Both sides under one root, and everything that a case can change about them.
struct World {
    pki: Pki,
    setup: Setup<TestHost, Porter>,
    tamper: Tamper,
}

/// What one side has to say of its failure.
struct Seen {
    error: Option<Error>,
    verdict: Option<String>,
    diagnosis: Option<Diagnosis>,
}

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let base = Setup::new(&pki);
        let setup = Setup {
            client: base.client,
            server: base.server,
            client_host: base.client_host,
            server_host: Porter { inner: base.server_host, refusal: None, nameless: false, signs: true },
            client_sizes: base.client_sizes,
            server_sizes: base.server_sizes,
            chunk: 0,
        };
        Self { pki, setup, tamper: |_, _| {} }
    }

    /// The server shows this chain.
    fn server_shows(&mut self, chain: &[&Issued]) {
        self.setup.server_host.inner = host(vec![credential(chain, 0)], vec![signing_key(chain[0])]);
    }

    /// The client shows this chain, whatever the server asks for.
    fn client_shows(&mut self, chain: &[&Issued]) {
        self.setup.client_host = host(vec![credential(chain, 0)], vec![signing_key(chain[0])]);
        self.setup.server = self.setup.server.with_certificate_authorities(false);
    }

    fn client_wants(&mut self, name: &'static str) {
        self.setup.client = ClientConfig::new(ServerName::parse(name).unwrap(), anchors(&[&self.pki.root]));
    }

    fn bad_server(&mut self, defect: Defect) {
        let bad = BadChain::new(defect, Role::Server);
        let name = ServerName::parse(SERVER_NAME).unwrap();
        self.setup.client = ClientConfig::new(name, anchors_der(&bad.anchor));
        let key = P256SigningKey::from_bytes(&bad.key.scalar()).unwrap();
        self.setup.server_host.inner = host(vec![credential_der(&bad.chain, 0)], vec![key]);
    }

    fn bad_client(&mut self, defect: Defect) {
        let bad = BadChain::new(defect, Role::Client);
        self.setup.server =
            ServerConfig::new(ClientAuth::Required(anchors_der(&bad.anchor))).with_certificate_authorities(false);
        let key = P256SigningKey::from_bytes(&bad.key.scalar()).unwrap();
        self.setup.client_host = host(vec![credential_der(&bad.chain, 0)], vec![key]);
    }

    /// A leaf that the intermediate issues for the server.
    fn server_leaf(&mut self, template: Template) {
        let leaf = template.signed_by(&self.pki.intermediate);
        let intermediate = self.pki.intermediate.der.clone();
        let key = signing_key(&leaf);
        self.setup.server_host.inner = host(vec![credential_der(&[leaf.der, intermediate], 0)], vec![key]);
    }

    fn run(self) -> [Seen; 2] {
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

fn at(year: u16) -> Time {
    Time::Trusted(UnixTime::from_civil(year, 1, 1, 0, 0, 0).unwrap())
}

/// A host of the leaf of this role with another clock.
fn clocked(pki: &Pki, role: Role, clock: fn() -> Time) -> TestHost {
    let leaf = pki.leaf(role);
    SoftwareHost::new(
        leak_all(vec![credential(&[leaf, &pki.intermediate], 0)]),
        leak_all(vec![signing_key(leaf)]),
        clock,
    )
}

/// What is done to the world, and what client and server then say.
struct Case(&'static str, fn(&mut World), [Option<Diagnosis>; 2]);

const fn both(client: Diagnosis, server: Diagnosis) -> [Option<Diagnosis>; 2] {
    [Some(client), Some(server)]
}

const CASES: &[Case] = &[
    Case("a mutual handshake in which nothing is wrong", |_| (), [None, None]),
    Case(
        "we trust another root than that of the server, which sends its intermediate and asks for our certificate",
        |w| {
            let root = Template::ca("Root of the server").self_signed();
            let issuer = Template::ca("Issuer of the server").signed_by(&root);
            let leaf = Role::Server.template().signed_by(&issuer);
            w.server_shows(&[&leaf, &issuer]);
        },
        both(Diagnosis::TheirsNotTrusted, Diagnosis::OursNotTrusted),
    ),
    Case(
        "a proxy shows the right name under an authority of its own, with its intermediate; it cannot ask for our \
         certificate",
        |w| {
            let root = Template::ca("Inspection Root").self_signed();
            let issuer = Template::ca("Inspection Issuer").signed_by(&root);
            let leaf = Role::Server.template().signed_by(&issuer);
            w.server_shows(&[&leaf, &issuer]);
            w.setup.server = ServerConfig::new(ClientAuth::None);
        },
        both(Diagnosis::InterposedProxy, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the same with its root",
        |w| {
            let root = Template::ca("Inspection Root").self_signed();
            let leaf = Role::Server.template().signed_by(&root);
            w.server_shows(&[&leaf, &root]);
            w.setup.server = ServerConfig::new(ClientAuth::None);
        },
        both(Diagnosis::InterposedProxy, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the same without either",
        |w| {
            let root = Template::ca("Inspection Root").self_signed();
            let leaf = Role::Server.template().signed_by(&root);
            w.server_shows(&[&leaf]);
            w.setup.server = ServerConfig::new(ClientAuth::None);
        },
        both(Diagnosis::InterposedProxy, Diagnosis::OursIncomplete),
    ),
    Case(
        "the server does not ask for a certificate",
        |w| w.setup.server = ServerConfig::new(ClientAuth::None),
        [Some(Diagnosis::CertificateNotAsked), None],
    ),
    Case(
        "the server answers in TLS 1.2",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = old_server_hello();
                }
            };
        },
        [Some(Diagnosis::Tls12Only), Some(Diagnosis::Tls12Only)],
    ),
    Case(
        "the server refuses TLS 1.3 with an alert",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = vec![21, 3, 3, 0, 2, 2, 70];
                }
            };
        },
        [Some(Diagnosis::Tls12Only), Some(Diagnosis::ClosedOnOurs)],
    ),
    Case(
        "the client offers TLS 1.2",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    *to_server = old_client_hello();
                }
            };
        },
        both(Diagnosis::Tls12Only, Diagnosis::Tls12Only),
    ),
    Case(
        "the server sends its certificate without the intermediate",
        |w| {
            let leaf = w.pki.server.clone();
            w.server_shows(&[&leaf]);
        },
        both(Diagnosis::TheirsIncomplete, Diagnosis::OursIncomplete),
    ),
    Case(
        "the client sends its certificate without the intermediate",
        |w| {
            let leaf = w.pki.client.clone();
            w.client_shows(&[&leaf]);
        },
        both(Diagnosis::OursIncomplete, Diagnosis::TheirsIncomplete),
    ),
    Case(
        "the client shows a whole chain of another root",
        |w| {
            let root = Template::ca("Other Root").self_signed();
            let issuer = Template::ca("Other Intermediate").signed_by(&root);
            let leaf = Role::Client.template().signed_by(&issuer);
            w.client_shows(&[&leaf, &issuer]);
        },
        both(Diagnosis::OursNotTrusted, Diagnosis::TheirsNotTrusted),
    ),
    Case(
        "the server's certificate is self-signed",
        |w| {
            let leaf = Role::Server.template().self_signed();
            w.server_shows(&[&leaf]);
        },
        both(Diagnosis::TheirsNotTrusted, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the server's certificate has expired",
        |w| w.bad_server(Defect::Expired),
        both(Diagnosis::TheirsExpired, Diagnosis::OursExpired),
    ),
    Case(
        "the client's certificate has expired",
        |w| w.bad_client(Defect::Expired),
        both(Diagnosis::OursExpired, Diagnosis::TheirsExpired),
    ),
    Case(
        "the client's certificate is valid, and the server's clock is in the year 2045",
        |w| w.setup.server_host.inner = clocked(&w.pki, Role::Server, || at(2045)),
        both(Diagnosis::ClockWrong, Diagnosis::TheirsExpired),
    ),
    Case(
        "the client's clock stands at 1970, and it trusts it",
        |w| w.setup.client_host = clocked(&w.pki, Role::Client, || at(1970)),
        both(Diagnosis::ClockWrong, Diagnosis::OursExpired),
    ),
    Case(
        "the server shows a certificate for clients",
        |w| w.bad_server(Defect::ExtendedKeyUsageOfTheOtherRole),
        both(Diagnosis::TheirsWrongPurpose, Diagnosis::OursWrongPurpose),
    ),
    Case(
        "the client shows a certificate for servers",
        |w| w.bad_client(Defect::ExtendedKeyUsageOfTheOtherRole),
        both(Diagnosis::OursWrongPurpose, Diagnosis::TheirsWrongPurpose),
    ),
    Case(
        "the server's certificate is for another host",
        |w| w.bad_server(Defect::OtherName),
        both(Diagnosis::NameMismatch, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "the wildcard of the server's certificate stands for one label less",
        |w| {
            w.server_leaf(Template::server("*.example.com"));
            w.client_wants("orders.supplier.example.com");
        },
        both(Diagnosis::NameNearMiss, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "the server's address stands in its certificate as a host name",
        |w| {
            w.server_leaf(Template::server("192.0.2.7"));
            w.client_wants("192.0.2.7");
        },
        both(Diagnosis::NameNearMiss, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "the client has no certificate",
        |w| w.setup.client_host = host(vec![], vec![]),
        both(Diagnosis::OursMissing, Diagnosis::TheirsMissing),
    ),
    Case(
        "the server's rules do not name the client",
        |w| w.setup.server_host.refusal = Some(AlertDescription::ACCESS_DENIED),
        both(Diagnosis::AccessDenied, Diagnosis::TheirsNotAllowed),
    ),
    Case(
        "the server knows that the client's certificate is revoked",
        |w| w.setup.server_host.refusal = Some(AlertDescription::CERTIFICATE_REVOKED),
        both(Diagnosis::OursRevoked, Diagnosis::TheirsNotAllowed),
    ),
    Case(
        "the server does not like the client's certificate and does not say why",
        |w| w.setup.server_host.refusal = Some(AlertDescription::BAD_CERTIFICATE),
        both(Diagnosis::OursRefused, Diagnosis::TheirsNotAllowed),
    ),
    Case(
        "the client's key is not that of its certificate",
        |w| {
            let chain = credential(&[&w.pki.client, &w.pki.intermediate], 0);
            w.setup.client_host = host(vec![chain], vec![signing_key(&w.pki.server)]);
        },
        both(Diagnosis::OursUnproven, Diagnosis::TheirsUnproven),
    ),
    Case(
        "the server's intermediate stands deeper than its authority allows",
        |w| w.bad_server(Defect::PathLengthExceeded),
        both(Diagnosis::TheirsInvalid, Diagnosis::OursRefusedByClient),
    ),
    Case(
        "no group in common",
        |w| {
            w.setup.client = w.setup.client.with_groups(&[NamedGroup::X25519]);
            w.setup.server = w.setup.server.with_groups(&[NamedGroup::SECP256R1]);
        },
        both(Diagnosis::NoCommonGround, Diagnosis::NoCommonGround),
    ),
    Case(
        "no application protocol in common",
        |w| {
            w.setup.client = w.setup.client.with_alpn(&[b"h2"]);
            w.setup.server = w.setup.server.with_alpn(&[b"http/1.1"]);
        },
        both(Diagnosis::NoCommonProtocol, Diagnosis::NoCommonProtocol),
    ),
    Case(
        "the server has no host of this name",
        |w| w.setup.server_host.nameless = true,
        both(Diagnosis::ServerNameUnknown, Diagnosis::ServerNameUnknown),
    ),
    Case(
        "the server's key cannot sign",
        |w| w.setup.server_host.signs = false,
        both(Diagnosis::TheirProgram, Diagnosis::OurProgram),
    ),
    Case(
        "the client's buffer is smaller than a record of the server",
        |w| w.setup.client_sizes = Sizes { rx: 60, ..Sizes::DEFAULT },
        both(Diagnosis::RecordTooLarge, Diagnosis::OurRecordTooLarge),
    ),
    Case(
        "a bit of a record is flipped on its way to the server",
        |w| {
            w.tamper = |to_server, _| {
                if let [23, .., last] = &mut to_server[..] {
                    *last ^= 1;
                }
            };
        },
        both(Diagnosis::Tampered, Diagnosis::Tampered),
    ),
    Case(
        "the answer of the server is lost, and the connection ends",
        |w| w.tamper = |_, to_client| to_client.clear(),
        both(Diagnosis::ClosedAtOnce, Diagnosis::ClosedOnOurs),
    ),
    Case(
        "all that the server says under its keys is lost, and the connection ends",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&23) {
                    to_client.clear();
                }
            };
        },
        both(Diagnosis::ConnectionCut, Diagnosis::ClosedOnOurs),
    ),
    Case(
        "the server answers with a message that does not belong there",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = vec![22, 3, 3, 0, 4, 20, 0, 0, 0];
                }
            };
        },
        [Some(Diagnosis::ProtocolBroken), Some(Diagnosis::ProtocolBroken)],
    ),
    Case(
        "somebody on the way answers with the alert that our certificate is revoked, before one was asked for",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = vec![21, 3, 3, 0, 2, 2, 44];
                }
            };
        },
        [Some(Diagnosis::RefusedUnseen), Some(Diagnosis::ClosedOnOurs)],
    ),
    Case(
        "somebody on the way sends an alert about the server's certificate, before that has chosen one",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    *to_server = vec![21, 3, 3, 0, 2, 2, 42];
                }
            };
        },
        [Some(Diagnosis::ClosedAtOnce), Some(Diagnosis::RefusedUnseen)],
    ),
    Case(
        "a server answers in plain HTTP",
        |w| {
            w.tamper = |_, to_client| {
                if to_client.first() == Some(&22) {
                    *to_client = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
                }
            };
        },
        both(Diagnosis::NotTls, Diagnosis::ProtocolBroken),
    ),
    Case(
        "a load balancer puts a PROXY protocol header in front of what the client says",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    to_server.splice(..0, *b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n");
                }
            };
        },
        both(Diagnosis::ProtocolBroken, Diagnosis::NotTls),
    ),
    Case(
        "the connection is open, and the client says nothing and ends it",
        |w| w.tamper = |to_server, _| to_server.clear(),
        both(Diagnosis::ClosedAtOnce, Diagnosis::ClosedAtOnce),
    ),
    Case(
        "the server names more authorities than the client's buffer can hold, in small records",
        |w| {
            let roots: Vec<_> = (0..20).map(|number| Template::ca(&format!("Root {number}")).self_signed()).collect();
            let roots = anchors(&roots.iter().collect::<Vec<_>>());
            w.setup.server = ServerConfig::new(ClientAuth::Required(roots));
            w.setup.client_sizes = Sizes { rx: 600, ..Sizes::DEFAULT };
            w.setup.server_sizes = Sizes { tx: 300, ..Sizes::DEFAULT };
        },
        both(Diagnosis::MessageTooLarge, Diagnosis::OurRecordTooLarge),
    ),
    Case(
        "a client asks in plain HTTP",
        |w| {
            w.tamper = |to_server, _| {
                if to_server.first() == Some(&22) {
                    *to_server = b"GET / HTTP/1.1\r\n\r\n".to_vec();
                }
            };
        },
        both(Diagnosis::ProtocolBroken, Diagnosis::NotTls),
    ),
    Case(
        "more authorities stand above the server's certificate than the client allows",
        |w| w.setup.client = w.setup.client.with_max_depth(1),
        both(Diagnosis::TheirsTooDeep, Diagnosis::OursNotTrusted),
    ),
    Case(
        "the client's trust anchor has expired",
        |w| {
            let root = Template::ca("Old Root").years(2020, 2021).self_signed();
            let leaf = Role::Server.template().signed_by(&root);
            w.server_shows(&[&leaf]);
            w.setup.client = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), anchors(&[&root]));
        },
        both(Diagnosis::OurAnchorExpired, Diagnosis::OursExpired),
    ),
    Case(
        "the client pins a certificate, and the server has a new one",
        |w| {
            let old = Template::server("old.example.com").signed_by(&w.pki.intermediate);
            let leaf = w.pki.server.clone();
            w.server_shows(&[&leaf]);
            let pin = vec![TrustAnchor::from_pinned_certificate::<RustCrypto>(&old.der).unwrap()];
            w.setup.client = ClientConfig::new(ServerName::parse(SERVER_NAME).unwrap(), leak_all(pin));
        },
        both(Diagnosis::TheirsNotTrusted, Diagnosis::OursIncomplete),
    ),
    Case(
        "the client's certificate is self-signed",
        |w| {
            let leaf = Role::Client.template().self_signed();
            w.client_shows(&[&leaf]);
        },
        both(Diagnosis::OursNotTrusted, Diagnosis::TheirsNotTrusted),
    ),
];

/// The certificate that we send.
#[derive(Clone, Copy)]
enum Own {
    /// A certificate in which nothing is wrong, with its intermediate.
    Valid,
    Expired,
    /// Of the other role.
    WrongPurpose,
    /// A client sends none.
    None,
}

/// The last word of the other side, once it has what we send.
#[derive(Clone, Copy)]
enum Word {
    Alert(u8),
    End,
    /// The transport fails.
    Reset,
}

/// A role, what we send and what the other side then says, as a script that plays it: real implementations say much
/// less than this crate. The rows of `tests/interop` show that they do.
struct Told(&'static str, Role, Own, Word, Diagnosis);

const TOLD: &[Told] = &[
    Told(
        "a server refuses the certificate of the client with the alert that Java has for everything",
        Role::Client,
        Own::Valid,
        Word::Alert(46),
        Diagnosis::OursRefused,
    ),
    Told("the same, and it has expired", Role::Client, Own::Expired, Word::Alert(46), Diagnosis::OursExpired),
    Told(
        "a server does not trust the certificate of the client, which has expired as well",
        Role::Client,
        Own::Expired,
        Word::Alert(48),
        Diagnosis::OursExpired,
    ),
    Told(
        "the certificate of the client is for servers, which Go and wolfSSL do not say",
        Role::Client,
        Own::WrongPurpose,
        Word::Alert(42),
        Diagnosis::OursWrongPurpose,
    ),
    Told(
        "Java asks for a certificate, and the client has none",
        Role::Client,
        Own::None,
        Word::Alert(42),
        Diagnosis::OursMissing,
    ),
    Told(
        "GnuTLS does not accept the certificate of the client, whatever the reason",
        Role::Client,
        Own::Valid,
        Word::Alert(49),
        Diagnosis::AccessDenied,
    ),
    Told("the same, and it has expired", Role::Client, Own::Expired, Word::Alert(49), Diagnosis::OursExpired),
    Told(
        "Mbed TLS asks for a certificate, and the client has none",
        Role::Client,
        Own::None,
        Word::Alert(41),
        Diagnosis::OursMissing,
    ),
    Told(
        "Apache counts the authorities above the certificate of the client, and finds too many",
        Role::Client,
        Own::Valid,
        Word::Alert(80),
        Diagnosis::OursTooDeep,
    ),
    Told(
        "Node.js refuses the certificate of the client, and only closes the connection",
        Role::Client,
        Own::Valid,
        Word::End,
        Diagnosis::ClosedOnOurs,
    ),
    Told("the same, and it has expired", Role::Client, Own::Expired, Word::End, Diagnosis::OursExpired),
    Told("the same, and it is for servers", Role::Client, Own::WrongPurpose, Word::Reset, Diagnosis::OursWrongPurpose),
    Told(
        "a server asks for a certificate, the client has none, and the connection is reset",
        Role::Client,
        Own::None,
        Word::Reset,
        Diagnosis::ClosedOnOurs,
    ),
    Told(
        "a client refuses the certificate of the server with the alert that Go has for everything",
        Role::Server,
        Own::Valid,
        Word::Alert(42),
        Diagnosis::OursRefusedByClient,
    ),
    Told("the same, and it has expired", Role::Server, Own::Expired, Word::Alert(46), Diagnosis::OursExpired),
    Told(
        "the same, and it is for clients",
        Role::Server,
        Own::WrongPurpose,
        Word::Alert(42),
        Diagnosis::OursWrongPurpose,
    ),
    Told(
        "a client on Node.js refuses the certificate of the server, and only closes the connection",
        Role::Server,
        Own::Valid,
        Word::End,
        Diagnosis::ClosedOnOurs,
    ),
    Told("the same, and it has expired", Role::Server, Own::Expired, Word::Reset, Diagnosis::OursExpired),
];

/// Puts the certificate in place and lets the script say its word.
fn told(Told(_, role, own, word, _): &Told) -> Seen {
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    let leaf = match own {
        Own::Valid | Own::None => role.template(),
        Own::Expired => role.template().years(2020, 2026),
        Own::WrongPurpose => role.template().purposes(&[match role {
            Role::Client => ExtendedKeyUsagePurpose::ServerAuth,
            Role::Server => ExtendedKeyUsagePurpose::ClientAuth,
        }]),
    };
    let leaf = leaf.signed_by(&pki.intermediate);
    let shows = if matches!(own, Own::None) { vec![] } else { vec![credential(&[&leaf, &pki.intermediate], 0)] };
    let host = host(shows, vec![signing_key(&leaf)]);
    match role {
        Role::Client => {
            setup.client_host = host;
            let (mut real, mut script) = client(setup);
            let flight = script.server_flight(&pki, |message| message);
            real.feed(&script.seal_all(&flight));
            let mut session = real.session();
            let error = match word {
                Word::Alert(alert) => {
                    let bytes = script.seal(&Sent::new(Epoch::Application, ALERT, &[2, *alert]));
                    session.rx_space()[..bytes.len()].copy_from_slice(&bytes);
                    session.rx_commit(bytes.len()).unwrap();
                    session.poll().err()
                }
                Word::End => {
                    session.rx_eof();
                    session.poll().err()
                }
                Word::Reset => Some(session.transport_failed()),
            };
            Seen { error, verdict: None, diagnosis: session.diagnosis() }
        }
        Role::Server => {
            setup.server_host = host;
            let (mut real, mut script) = server(setup);
            match word {
                Word::Alert(alert) => {
                    let sent = script.seal(&Sent::new(Epoch::Handshake, ALERT, &[2, *alert]));
                    real.feed(&sent);
                }
                Word::End => real.eof(),
                Word::Reset => real.end = Some(Err(real.handshake.transport_failed())),
            }
            Seen { error: real.error(), verdict: None, diagnosis: real.handshake.diagnosis_at(now()) }
        }
    }
}

/// Diagnoses of certificates by programs that were built without an algorithm, which the build of this test never is:
/// `tests/interop/tests/left_out` has their handshakes.
const BY_BUILD: &[(&str, &str, Diagnosis)] = &[
    (
        "a server has nothing in common with a client that was built without RSA",
        "the peer ended the connection with alert 40 (handshake_failure)",
        Diagnosis::RsaPerhapsNeeded,
    ),
    (
        "the server has an RSA certificate, and the client was built without RSA",
        "its key is of a kind that is not supported: found 1.2.840.113549.1.1.1",
        Diagnosis::RsaNotBuilt,
    ),
    (
        "the server has a certificate on P-384, and the client was built without it",
        "its key is of a kind that is not supported: found 1.3.132.0.34",
        Diagnosis::P384NotBuilt,
    ),
    (
        "the server has an Ed25519 certificate, and the client was built without it",
        "its key is of a kind that is not supported: found 1.3.101.112",
        Diagnosis::Ed25519NotBuilt,
    ),
];

/// What well-known servers answer by HTTP, though TLS is the reason.
const BY_HTTP: &[(&str, u16, &str, Diagnosis)] = &[
    (
        "Apache asks for a certificate in a `<Location>` only, and the client did not offer that",
        403,
        "Reason: Cannot perform Post-Handshake Authentication.",
        Diagnosis::PostHandshakeNeeded,
    ),
    ("nginx, and the client showed none", 400, "No required SSL certificate was sent", Diagnosis::OursMissing),
    ("nginx, and it does not accept the client's", 400, "The SSL certificate error", Diagnosis::OursRefused),
    ("IIS, and the client showed none", 403, "HTTP Error 403.7 - Forbidden", Diagnosis::OursMissing),
    ("IIS, which has no mapping for the client", 403, "HTTP Error 403.12 - Forbidden", Diagnosis::AccessDenied),
    ("IIS, and the client's was revoked", 403, "HTTP Error 403.13 - Forbidden", Diagnosis::OursRevoked),
    ("IIS, which does not trust the client's", 403, "HTTP Error 403.16 - Forbidden", Diagnosis::OursNotTrusted),
    ("IIS, and the client's has expired", 403, "HTTP Error 403.17 - Forbidden", Diagnosis::OursExpired),
    ("any server whose rules do not name the client", 403, "Forbidden", Diagnosis::Forbidden),
    (
        "F5 BIG-IP in front of the server",
        403,
        "The requested URL was rejected. Please consult with your administrator.",
        Diagnosis::FirewallRefused,
    ),
    ("a server that takes passwords", 401, "Unauthorized", Diagnosis::LoginRequired),
    ("a server that does not know the name", 421, "Misdirected Request", Diagnosis::MisdirectedRequest),
    ("a proxy that opens TLS", 407, "Proxy Authentication Required", Diagnosis::ProxyLoginRequired),
];

/// A ServerHello of TLS 1.2: no `supported_versions`.
fn old_server_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0, 0, 0]].concat();
    record(2, &body)
}

/// A ClientHello of TLS 1.2: no extensions.
fn old_client_hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
    record(1, &body)
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 3, 0, length + 4, kind, 0, 0, length][..], body].concat()
}

fn run(case: &Case) -> [Seen; 2] {
    let mut world = World::new();
    case.1(&mut world);
    world.run()
}

#[test]
fn each_failure_gets_its_name_on_both_sides() {
    let wrong: Vec<_> = CASES
        .iter()
        .filter_map(|case| {
            let seen = run(case);
            let found = [seen[0].diagnosis, seen[1].diagnosis];
            (found != case.2).then(|| format!("{}: {found:?}, {:?} {:?}", case.0, seen[0].error, seen[1].error))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for row in TOLD {
        let seen = told(row);
        assert_eq!(seen.diagnosis, Some(row.4), "{}: {:?}", row.0, seen.error);
    }
    for (what, status, body, expected) in BY_HTTP {
        assert_eq!(Diagnosis::of_http(*status, body.as_bytes(), true), Some(*expected), "{what}");
    }
}

/// One diagnosis on the page: what was done, who says so, and what.
fn section(page: &mut String, diagnosis: Diagnosis) {
    writeln!(page, "\n## {diagnosis:?}\n").unwrap();
    writeln!(page, "{}. **{}**: {}.\n", sentence(diagnosis.cause()), who(diagnosis), diagnosis.remedy()).unwrap();
    page.push_str("| When | Who says so | What it observed |\n|---|---|---|\n");
    for case in CASES.iter().filter(|case| case.2.contains(&Some(diagnosis))) {
        let seen = run(case);
        for (side, seen) in ["client", "server"].iter().zip(seen).filter(|(_, seen)| seen.diagnosis == Some(diagnosis))
        {
            let observed = match (seen.verdict, seen.error) {
                (Some(verdict), _) => verdict,
                (None, Some(error)) => error.to_string(),
                (None, None) => "a session in which nobody asked".to_owned(),
            };
            writeln!(page, "| {} | {side} | {} |", case.0, observed.replace('|', "\\|")).unwrap();
        }
    }
    for row in TOLD.iter().filter(|row| row.4 == diagnosis) {
        let side = if matches!(row.1, Role::Client) { "client" } else { "server" };
        let observed = told(row).error.expect("it has failed");
        writeln!(page, "| {} | {side} | {observed} |", row.0).unwrap();
    }
    for (what, observed, _) in BY_BUILD.iter().filter(|row| row.2 == diagnosis) {
        writeln!(page, "| {what} | client | {observed} |").unwrap();
    }
    for (what, status, body, _) in BY_HTTP.iter().filter(|row| row.3 == diagnosis) {
        writeln!(page, "| {what} | client | HTTP {status}: {body} |").unwrap();
    }
}

fn who(diagnosis: Diagnosis) -> String {
    sentence(&diagnosis.responsible().to_string())
}

/// With a capital.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn page() -> String {
    let mut page = format!(
        "# Diagnoses\n\nWhat `Handshake::diagnosis`, `Session::diagnosis` and `Diagnosis::of_http` say about failures, each \
         from a handshake that really fails: the cause, who has to act and what helps. *We* is the side that says so, and \
         *ours* is what the other side judged of us. Written by the tests; `{REWRITE}=1 cargo test --features \
         post-handshake-auth --test diagnoses page` rewrites it.\n"
    );
    for diagnosis in Diagnosis::ALL {
        section(&mut page, *diagnosis);
    }
    page
}

#[test]
fn the_page_of_diagnoses_shows_what_is_really_said() {
    let (file, page) = (concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnoses.md"), page());
    for diagnosis in Diagnosis::ALL {
        let shown = CASES.iter().any(|case| case.2.contains(&Some(*diagnosis)))
            || TOLD.iter().any(|row| row.4 == *diagnosis)
            || BY_BUILD.iter().any(|row| row.2 == *diagnosis)
            || BY_HTTP.iter().any(|row| row.3 == *diagnosis);
        assert!(shown, "no case is diagnosed as {diagnosis:?}");
    }
    if std::env::var_os(REWRITE).is_some() {
        fs::write(file, page).unwrap();
        return;
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    let differ = kept.lines().zip(page.lines()).find(|(kept, new)| kept != new);
    assert!(kept == page, "docs/diagnoses.md is old ({REWRITE}=1 rewrites it), first in {differ:#?}");
}

#[test]
fn a_refusal_by_http_is_told_after_what_we_know_of_our_own_certificate() {
    let pki = Pki::new();
    for (years, expected) in [((2020, 2040), Diagnosis::OursRefused), ((2020, 2026), Diagnosis::OursExpired)] {
        let leaf = Role::Client.template().years(years.0, years.1).signed_by(&pki.intermediate);
        let mut setup = Setup::new(&pki);
        setup.client_host = host(vec![credential(&[&leaf, &pki.intermediate], 0)], vec![signing_key(&leaf)]);
        let (mut real, mut script) = client(setup);
        let flight = script.server_flight(&pki, |message| message);
        real.feed(&script.seal_all(&flight));
        let session = real.session();
        assert_eq!(session.diagnosis_of_http(400, b"The SSL certificate error"), Some(expected));
        assert_eq!(session.diagnosis_of_http(407, b""), Some(Diagnosis::ProxyLoginRequired));
        assert_eq!(session.diagnosis_of_http(404, b""), None);
    }
}
