//! `mtls check` as people run it, against OpenSSL, nginx, Apache, `HAProxy`, a proxy, and ports where something else listens.

#![allow(missing_docs)]

mod keys;
mod settings;
mod ways;

use mtls::check::{Outcome, Own, Plan, Report, StepName, Target, Trust, check};
use mtls_pki::pem;
use test_support::peers::process::{LIMIT, Process};
use test_support::peers::servers;
use test_support::peers::world::{World, free_port};

/// The name in the certificates of the servers.
pub(crate) const SERVER_NAME: &str = "supplier.example.com";
/// `openssl s_server` requires a certificate that it can verify.
const ASKS: &str = "-Verify 3 -verify_return_error";

/// The PKI, and the port at which a server of it listens.
pub(crate) struct Ground {
    pub(crate) world: World,
    pub(crate) port: u16,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let world = World::new().unwrap();
        world.files.write("order", "taken").unwrap();
        Self { world, port: free_port().unwrap() }
    }

    /// Starts `openssl s_server`, which sends these files and answers by HTTP.
    pub(crate) fn openssl(&self, shows: &str, options: &[&str]) -> Process {
        servers::openssl(&self.world.files, self.port, shows, &[&["-www"], options].concat()).unwrap()
    }

    /// Starts one that sends its whole chain.
    fn complete(&self, shows: &str, options: &[&str]) -> Process {
        let issuers = self.world.file(&format!("{shows}.issuers.pem"));
        self.openssl(shows, &[&["-cert_chain", issuers.as_str()], options].concat())
    }

    /// A check of the server, as this client or as none.
    pub(crate) fn plan(&self, client: Option<&str>) -> Plan {
        let root = self.world.file("root.pem");
        let authorities = pem::authorities(&root).unwrap().usable;
        let trust = Trust { authorities, origin: root.clone(), files: vec![root], ..Trust::default() };
        let own = |name: &str| {
            let files = (self.world.file(&format!("{name}.pem")), self.world.file(&format!("{name}.key")));
            Own {
                alias: name.to_owned(),
                identity: pem::identity(&files.0, &files.1, &pem::Password::none()).unwrap(),
                files,
            }
        };
        Plan {
            connect_to: Some(Target { host: "127.0.0.1".to_owned(), port: self.port }),
            identities: client.map(own).into_iter().collect(),
            patience: LIMIT,
            ..Plan::new(Target { host: SERVER_NAME.to_owned(), port: 443 }, trust)
        }
    }
}

/// The words of a step, in one string.
pub(crate) fn facts(report: &Report, name: StepName) -> String {
    report.step(name).unwrap_or_else(|| panic!("no {name:?} in {report}")).facts.join("\n")
}

/// Requires the check to fail at this step with this exit code, after passing every step before; returns the whole report.
pub(crate) fn failed(report: &Report, step: StepName, exit_code: u8) -> String {
    let fault = report.fault.as_ref().unwrap_or_else(|| panic!("no fault in {report}"));
    assert_eq!((fault.step, fault.exit_code, report.exit_code), (step, exit_code, exit_code), "{report}");
    let (last, before) = report.steps.split_last().unwrap();
    assert_eq!((last.name, last.outcome), (step, Outcome::Failed), "{report}");
    assert!(before.iter().all(|step| step.outcome != Outcome::Failed), "{report}");
    assert!(!fault.responsible.is_empty() && !fault.remedy.is_empty() && !fault.cause.ends_with('.'), "{report}");
    report.to_string()
}

/// Wants all of these words.
pub(crate) fn says(text: &str, words: &[&str]) {
    for words in words {
        assert!(text.contains(words), "'{words}' is not in:\n{text}");
    }
}

#[test]
fn a_correct_server_passes_every_step_in_order() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[ASKS]);
    let report = check(&ground.plan(Some("client")));
    assert_eq!((report.outcome, report.exit_code), (Outcome::Passed, 0), "{report}");
    let steps: Vec<_> = report.steps.iter().map(|step| step.name).collect();
    assert_eq!(
        steps,
        [
            StepName::Dns,
            StepName::Tcp,
            StepName::Versions,
            StepName::Handshake,
            StepName::Chain,
            StepName::Name,
            StepName::Dates,
            StepName::Purposes,
            StepName::ClientAuthentication,
            StepName::Alpn,
            StepName::Http,
            StepName::Records,
            StepName::Resumption,
        ]
    );
    says(&facts(&report, StepName::Versions), &["also supports TLS 1.2"]);
    let handshake = facts(&report, StepName::Handshake);
    says(&handshake, &["TLS_", ", x25519"]);
    assert!(
        !handshake.contains("HelloRetryRequest"),
        "a server without X25519MLKEM768 costs no round trip: {handshake}"
    );
    says(&facts(&report, StepName::Chain), &["sent 0: ", "sent 1: ", "trusted by ", "depth 2"]);
    says(
        &facts(&report, StepName::ClientAuthentication),
        &["requests a certificate issued by ", "sending client", "accepted"],
    );
    says(&facts(&report, StepName::Http), &["GET /: HTTP 200"]);
    says(&facts(&report, StepName::Records), &["serves a device with 1024 bytes", "largest had 534 bytes"]);
    assert_eq!(facts(&report, StepName::Resumption), "resumes the session");
    says(&report.openssl, &["-verify_hostname supplier.example.com", "-cert_chain", "client.key"]);
}

#[test]
fn the_line_of_openssl_connects_to_the_same_server() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[ASKS]);
    let line = check(&ground.plan(Some("client"))).openssl;
    let mut words = line.split_whitespace();
    let mut openssl = Process::start(words.next().unwrap(), words).unwrap();
    openssl.close_stdin();
    assert!(openssl.await_end().unwrap(), "{line}: {}", openssl.stderr());
    says(&String::from_utf8_lossy(&openssl.stdout()), &["Verify return code: 0 (ok)"]);
}

#[test]
fn each_fault_of_the_servers_certificate_stops_the_check_at_its_step() {
    for (shows, step, code, words) in [
        ("server-expired", StepName::Dates, 22, "the server's own: CN=supplier.example.com"),
        ("server-of-other-name", StepName::Name, 25, "the server's own: CN="),
        ("server-for-clients", StepName::Purposes, 26, "the server's own: CN=supplier.example.com"),
        ("server-of-other-root", StepName::Chain, 24, "number 1 above the server's own: CN=Other Intermediate"),
    ] {
        let ground = Ground::new();
        let _server = ground.complete(shows, &[ASKS]);
        let told = failed(&check(&ground.plan(Some("client"))), step, code);
        says(&told, &[&format!("certificate     {words}"), "who has to act", "remedy", "openssl s_client"]);
    }
}

#[test]
fn a_missing_intermediate_is_named_and_the_owner_of_the_server_has_to_act() {
    let ground = Ground::new();
    let _server = ground.openssl("server", &[ASKS]);
    let report = check(&ground.plan(Some("client")));
    failed(&report, StepName::Chain, 24);
    let fault = report.fault.unwrap();
    assert_eq!(fault.cause, embedded_mtls::Diagnosis::TheirsIncomplete.cause());
    assert_eq!(fault.responsible, embedded_mtls::Responsible::Peer.to_string());
    says(&fault.certificate.unwrap(), &["the server's own", "issued by CN=Example Intermediate"]);
}

#[test]
fn after_a_fault_others_are_searched_only_on_request_and_without_sending_our_certificate() {
    let ground = Ground::new();
    let mut server = ground.complete("server-of-other-root", &[ASKS, "-msg"]);
    let plan = Plan { server_name: Some("another.example".to_owned()), ..ground.plan(Some("client")) };
    assert!(check(&plan).further.is_empty());
    let report = check(&Plan { insecure: true, ..plan });
    let first = report.fault.as_ref().unwrap();
    let [further] = &report.further[..] else { panic!("{report}") };
    let mut steps = [first.step, further.step];
    steps.sort_unstable();
    assert_eq!(steps, [StepName::Chain, StepName::Name], "{report}");
    // Each of the three handshakes ends with our alert.
    server.await_sign("received three alerts", |server| received(server, "Alert") >= 3).unwrap();
    assert_eq!(received(&server, "CertificateVerify"), 0);
    drop(server);

    // Otherwise the assertion above means nothing.
    let mut server = ground.complete("server", &[ASKS, "-msg"]);
    assert_eq!(check(&ground.plan(Some("client"))).exit_code, 0);
    server.await_sign("received a proof", |server| received(server, "CertificateVerify") > 0).unwrap();
}

/// Counts the messages of a kind that a server has logged as received.
fn received(server: &Process, kind: &str) -> usize {
    let told = String::from_utf8_lossy(&server.stdout()).into_owned();
    told.lines().filter(|line| line.starts_with("<<< ") && line.contains(kind)).count()
}

#[test]
fn a_client_without_the_right_certificate_learns_what_is_required_and_why_its_own_does_not_match() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[ASKS]);
    let told = failed(&check(&ground.plan(None)), StepName::ClientAuthentication, 21);
    says(&told, &["requests a certificate issued by CN=Example Root", "none was given"]);
    let told = failed(&check(&ground.plan(Some("client-of-other-root"))), StepName::ClientAuthentication, 21);
    says(&told, &["not sending client-of-other-root: no certificate of the chain", "sending none: none matches"]);
    // A CA of the same name with another key: only the server can find out.
    let told = failed(&check(&ground.plan(Some("client-of-false-root"))), StepName::ClientAuthentication, 21);
    says(&told, &["sending client-of-false-root", "certificate     ours, client-of-false-root"]);
}

#[test]
fn a_server_that_requests_no_certificate_fails_the_check_unless_one_way_is_set() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[]);
    let told = failed(&check(&ground.plan(Some("client"))), StepName::ClientAuthentication, 27);
    says(&told, &[embedded_mtls::Diagnosis::CertificateNotAsked.cause().trim_start_matches("the ")]);
    let report = check(&Plan { one_way: true, ..ground.plan(Some("client")) });
    assert_eq!(report.exit_code, 0, "{report}");
}

#[test]
fn a_certificate_that_ends_soon_is_a_warning_with_an_exit_code_of_its_own() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[ASKS]);
    let report = check(&Plan { warn_days: u16::MAX, ..ground.plan(Some("client")) });
    assert_eq!((report.outcome, report.exit_code), (Outcome::Warned, mtls::check::WARNED), "{report}");
    assert_eq!(report.step(StepName::Dates).unwrap().outcome, Outcome::Warned);
    assert_eq!(report.warnings.len(), 2, "theirs and ours: {:?}", report.warnings);
}

#[test]
fn nginx_rejects_by_http_and_the_check_still_names_client_authentication() {
    let ground = Ground::new();
    let mut server = servers::nginx(&ground.world.files, ground.port, "server", &[]).unwrap();
    server.await_port(ground.port).unwrap();
    let plan = |client| Plan { path: Some("/order".to_owned()), ..ground.plan(client) };
    let report = check(&plan(Some("client")));
    assert_eq!(report.exit_code, 0, "{report}");
    says(&facts(&report, StepName::Versions), &["nothing below TLS 1.3"]);
    says(&facts(&report, StepName::Alpn), &["http/1.1"]);
    let told = failed(&check(&plan(None)), StepName::ClientAuthentication, 30);
    says(&told, &["HTTP 400"]);
}

#[test]
fn apache_that_asks_for_one_path_only_is_diagnosed_as_needing_post_handshake_authentication() {
    let ground = Ground::new();
    let options =
        &["SSLVerifyClient none", "<Location /order>", "SSLVerifyClient require", "SSLVerifyDepth 3", "</Location>"];
    let mut server = servers::apache(&ground.world.files, ground.port, "server", options).unwrap();
    server.await_port(ground.port).unwrap();
    let client = "client-deep";
    let report = check(&Plan { path: Some("/order".to_owned()), ..ground.plan(Some(client)) });
    assert_eq!(report.exit_code, 0, "{report}");
    says(&facts(&report, StepName::ClientAuthentication), &["after the handshake, for this path only", client]);
    says(&facts(&report, StepName::Http), &["HTTP 200"]);
}

#[test]
fn apache_that_allows_another_common_name_rejects_in_the_http_step() {
    let ground = Ground::new();
    let mut server = servers::apache(&ground.world.files, ground.port, "server", &[]).unwrap();
    server.await_port(ground.port).unwrap();
    let told = failed(&check(&ground.plan(Some("client"))), StepName::Http, 30);
    says(&told, &["HTTP 403", "Require expr"]);
}

#[test]
fn a_server_with_tls_1_2_only_is_named_as_such() {
    let ground = Ground::new();
    let _server = ground.complete("server", &[ASKS, "-tls1_2"]);
    let report = check(&ground.plan(Some("client")));
    failed(&report, StepName::Handshake, 20);
    says(&facts(&report, StepName::Versions), &["TLS 1.2"]);
    assert_eq!(report.fault.unwrap().cause, embedded_mtls::Diagnosis::Tls12Only.cause());
}
