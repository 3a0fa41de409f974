//! Reports of `gateway` about failures with real servers: the diagnosis names the cause, and who has to act.

#![allow(missing_docs)]

use embedded_mtls::Diagnosis;
use embedded_mtls_operator::Finding;
use process::{LIMIT, Process};
use std::path::PathBuf;
use std::sync::OnceLock;
use test_support::peers::{process, programs as built, servers, world};
use world::{World, free_port};

const ORDER: &str = include_str!("../../../../examples/data/order.xml");
/// The response to an order: a cXML Response.
const TAKEN: &str = r#"<cXML payloadID="1@a" timestamp="t"><Response><Status code="200" text="OK"/></Response></cXML>"#;
/// `openssl s_server` requires a certificate.
const ASKS: &str = "-Verify 3";
/// `SSLVerifyClient` in a location, and nowhere else.
const PER_DIRECTORY: &[&str] =
    &["SSLVerifyClient none", "<Location /order>", "SSLVerifyClient require", "SSLVerifyDepth 3", "</Location>"];

/// The world, and where a server of it listens.
struct Ground {
    world: World,
    port: u16,
}

impl Ground {
    fn new() -> Self {
        let world = World::new().unwrap();
        world.files.write("order.xml", ORDER).unwrap();
        world.files.write("order", TAKEN).unwrap();
        Self { world, port: free_port().unwrap() }
    }

    /// Starts `openssl s_server`, which sends these files.
    fn openssl(&self, shows: &str, options: &[&str]) -> Process {
        servers::openssl(&self.world.files, self.port, shows, &[&["-quiet"], options].concat()).unwrap()
    }

    fn apache(&self, options: &[&str]) -> Process {
        let mut server = servers::apache(&self.world.files, self.port, "server", options).unwrap();
        server.await_port(self.port).unwrap();
        server
    }

    fn nginx(&self) -> Process {
        let mut server = servers::nginx(&self.world.files, self.port, "server", &[]).unwrap();
        server.await_port(self.port).unwrap();
        server
    }

    /// Posts the order as this client, or as none; gives the exit code and all that is printed.
    fn post(&self, client: Option<&str>, options: &[&str]) -> (i32, String) {
        let mut line = format!(
            "--connect 127.0.0.1:{} --server-name supplier.example.com --ca {} --order {} --path /order {}",
            self.port,
            self.world.file("root.pem"),
            self.world.file("order.xml"),
            options.join(" ")
        );
        if let Some(client) = client {
            let chain = self.world.file(&format!("{client}.pem"));
            let key = self.world.file(&format!("{}.key", client.trim_end_matches(".leaf")));
            line = format!("{line} --cert {chain} --key {key}");
        }
        let program = programs().join("gateway").display().to_string();
        let mut gateway = Process::start(&program, line.split_whitespace()).unwrap();
        let status = gateway.await_status(LIMIT).unwrap();
        let printed = String::from_utf8_lossy(&gateway.stdout()).into_owned() + &gateway.stderr();
        (status.code().unwrap_or(-1), printed)
    }
}

fn programs() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built::build().unwrap_or_else(|problem| panic!("{problem}")))
}

/// Checks that the output names the failure like this, with who has to act and the remedy.
fn is_diagnosed((code, printed): &(i32, String), exit_code: i32, finding: impl Into<Finding>) {
    let finding = finding.into();
    assert!(printed.contains(&finding.to_string()), "{finding:?} wanted:\n{printed}");
    assert_eq!(*code, exit_code, "{printed}");
}

#[test]
fn openssl_that_speaks_tls_1_2_only() {
    let ground = Ground::new();
    let _server = ground.openssl("server", &[ASKS, "-tls1_2"]);
    is_diagnosed(&ground.post(Some("client"), &[]), 20, Diagnosis::Tls12Only);
}

#[test]
fn a_proxy_with_an_authority_of_its_own_and_the_right_name() {
    let ground = Ground::new();
    let issuers = ground.world.file("server-of-other-root.issuers.pem");
    // It cannot pass on that the server asks.
    let _server = ground.openssl("server-of-other-root", &["-cert_chain", &issuers]);
    let outcome = ground.post(Some("client"), &["--events"]);
    is_diagnosed(&outcome, 24, Diagnosis::InterposedProxy);
    // Its names are in the verdict and among the events.
    assert!(outcome.1.contains("CN=Other Intermediate"), "{}", outcome.1);
    assert!(outcome.1.contains("#1 issued by Other Intermediate"), "{}", outcome.1);
    let told = format!("#1 diagnosis: {}", Diagnosis::InterposedProxy);
    assert!(outcome.1.contains(&told), "{}", outcome.1);
}

#[test]
fn openssl_under_another_root_that_asks_for_our_certificate() {
    let ground = Ground::new();
    let issuers = ground.world.file("server-of-other-root.issuers.pem");
    let _server = ground.openssl("server-of-other-root", &[ASKS, "-cert_chain", &issuers]);
    is_diagnosed(&ground.post(Some("client"), &[]), 24, Diagnosis::TheirsNotTrusted);
}

#[test]
fn openssl_that_sends_no_intermediate() {
    let ground = Ground::new();
    let _server = ground.openssl("server", &[ASKS]);
    is_diagnosed(&ground.post(Some("client"), &[]), 24, Diagnosis::TheirsIncomplete);
}

#[test]
fn openssl_with_an_expired_certificate_one_for_another_name_and_one_for_clients() {
    for (shows, code, diagnosis) in [
        ("server-expired", 22, Diagnosis::TheirsExpired),
        ("server-of-other-name", 25, Diagnosis::NameMismatch),
        ("server-for-clients", 26, Diagnosis::TheirsWrongPurpose),
    ] {
        let ground = Ground::new();
        let issuers = ground.world.file(&format!("{shows}.issuers.pem"));
        let _server = ground.openssl(shows, &[ASKS, "-cert_chain", &issuers]);
        is_diagnosed(&ground.post(Some("client"), &[]), code, diagnosis);
    }
}

#[test]
fn apache_that_rejects_our_certificate() {
    let ground = Ground::new();
    let _server = ground.apache(&[]);
    is_diagnosed(&ground.post(None, &[]), 21, Diagnosis::OursMissing);
    is_diagnosed(&ground.post(Some("client-expired"), &[]), 21, Diagnosis::OursExpired);
    is_diagnosed(&ground.post(Some("client.leaf"), &[]), 21, Diagnosis::OursMissing);
    // Its common name is not the wanted one.
    is_diagnosed(&ground.post(Some("client"), &[]), 30, Finding::Forbidden);
}

#[test]
fn apache_that_does_not_ask_at_all() {
    let ground = Ground::new();
    let _server = ground.apache(&["SSLVerifyClient none"]);
    let outcome = ground.post(Some("client-deep"), &[]);
    is_diagnosed(&outcome, 27, Diagnosis::CertificateNotAsked);
    assert!(!outcome.1.contains("request  POST"), "{}", outcome.1);
    let outcome = ground.post(Some("client-deep"), &["--one-way"]);
    is_diagnosed(&outcome, 30, Diagnosis::CertificateNotAsked);
    assert!(outcome.1.contains("asked    for no certificate: this is not mutual TLS"), "{}", outcome.1);
}

#[test]
fn apache_that_asks_in_one_location_only() {
    let ground = Ground::new();
    let _server = ground.apache(PER_DIRECTORY);
    is_diagnosed(&ground.post(Some("client-deep"), &[]), 27, Diagnosis::CertificateNotAsked);
    is_diagnosed(&ground.post(Some("client-deep"), &["--one-way"]), 30, Finding::PostHandshakeNeeded);
    assert!(ground.world.files.read(servers::ERRORS).contains("AH10158"));

    let (code, printed) = ground.post(Some("client-deep"), &["--post-handshake-auth"]);
    assert_eq!(code, 0, "{printed}");
    let later = printed.split_once("asked    for no certificate yet").map(|(_, later)| later);
    let asked = later.and_then(|later| later.split_once("asked    after the handshake, for this path\n"));
    assert!(asked.is_some_and(|(_, asked)| asked.starts_with("asked    for a certificate of")), "{printed}");
    assert!(!printed.contains("not mutual TLS") && !printed.contains("that means"), "{printed}");
}

#[test]
fn nginx_that_rejects_by_http() {
    let ground = Ground::new();
    let _server = ground.nginx();
    is_diagnosed(&ground.post(None, &[]), 30, Diagnosis::OursMissing);
    // The server reports less than we know.
    is_diagnosed(&ground.post(Some("client-expired"), &[]), 30, Diagnosis::OursExpired);
}
