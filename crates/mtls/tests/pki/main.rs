//! `mtls pki` as people run it: what it issues is used by `mtls serve` and `mtls order post`, each a program of its own.

#![allow(missing_docs)]

use std::process::{Command, Output};

use embedded_mtls::CertificateProblem as Problem;
use serde_json::Value;
use test_support::peers::process::{LIMIT, Process};
use test_support::peers::workdir::Workdir;

const MTLS: &str = env!("CARGO_BIN_EXE_mtls");
const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/order.xml");
const CLIENT: &str = "gateway-0042.plant.example";

/// Runs `mtls` until it ends.
fn mtls(words: &[&str]) -> Output {
    Command::new(MTLS).args(words).output().unwrap()
}

/// Runs `mtls`, which has to succeed; gives what it prints.
fn succeed(words: &[&str]) -> String {
    let output = mtls(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with a PKI.
struct Folder(Workdir);

impl Folder {
    fn new(options: &[&str]) -> Self {
        let there = Self(Workdir::new().unwrap());
        succeed(&[&["pki", "new", &there.file("")], options].concat());
        there
    }

    fn file(&self, name: &str) -> String {
        self.0.file(&format!("pki/{name}"))
    }

    /// Starts a supplier that shows these files, accepts this client only, and ends after one connection.
    fn serve(&self, shows: &str) -> (Process, String) {
        let [cert, key] = self.pair(shows);
        let root = self.file("root.pem");
        let words = ["serve", "--listen", "127.0.0.1:0", "--once", "1", "--require-cn", CLIENT];
        let files = ["--cert", &cert, "--key", &key, "--client-ca", &root];
        let mut server = Process::start(MTLS, [&words[..], &files].concat()).unwrap();
        let address = |server: &Process| {
            let said = String::from_utf8(server.stdout()).unwrap();
            let (line, _) = said.split_once('\n')?;
            line.strip_prefix("listening on ").map(str::to_owned)
        };
        server.await_sign("said where it listens", |server| address(server).is_some()).unwrap();
        let address = address(&server).unwrap();
        (server, address)
    }

    fn pair(&self, name: &str) -> [String; 2] {
        ["pem", "key"].map(|extension| self.file(&format!("{name}.{extension}")))
    }

    /// Posts an order to a supplier with these files, as a gateway with those; gives the exit code, what the gateway says, and
    /// what the supplier says.
    fn post(&self, shows: &str, own: &str) -> (Option<i32>, String, String) {
        let (mut server, address) = self.serve(shows);
        let [cert, key] = self.pair(own);
        let root = self.file("root.pem");
        let to = ["order", "post", "--connect", &address, "--server-name", "supplier.example", "--order", ORDER];
        // Sent whoever issued it: the supplier is to judge.
        let alias = own;
        let files = ["--ca", &root, "--cert", &cert, "--key", &key, "--alias", alias];
        let output = mtls(&[&to[..], &files].concat());
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if output.status.code() != Some(1) {
            server.await_status(LIMIT).unwrap();
        }
        (output.status.code(), said, String::from_utf8_lossy(&server.stdout()).into_owned())
    }
}

/// Wants these words in a text.
fn says(text: &str, words: &str) {
    assert!(text.contains(words), "'{words}' is not in:\n{text}");
}

#[test]
fn an_order_is_posted_with_what_one_command_has_created() {
    for kind in ["p256", "p384", "ed25519", "rsa2048"] {
        let folder = Folder::new(&["--ca-key", kind, "--key", kind]);
        let (code, said, served) = folder.post("server", "client");
        assert_eq!(code, Some(0), "{kind}: {said}");
        says(&served, CLIENT);
    }
}

/// Each fault: the exit code of a gateway that finds it in the server's certificates, the number of the certificate at fault,
/// and the rule that it breaks.
const FAULTS: [(&str, i32, u8, Problem); 17] = [
    ("bad-signature", 26, 0, Problem::SignatureInvalid),
    ("expired", 22, 0, Problem::Expired),
    ("expired-issuer", 22, 1, Problem::Expired),
    ("forbidden-name", 26, 0, Problem::NameNotPermitted),
    ("missing-intermediate", 24, 0, Problem::UnknownIssuer),
    ("no-digital-signature", 26, 0, Problem::MissingDigitalSignature),
    ("not-a-ca", 26, 1, Problem::NotACa),
    ("not-yet-valid", 22, 0, Problem::NotYetValid),
    ("path-too-long", 26, 1, Problem::PathLengthExceeded),
    ("rebuilt-root", 24, 1, Problem::AnchorSignatureInvalid),
    ("self-signed", 23, 0, Problem::SelfSigned),
    ("sha1-signature", 26, 0, Problem::UnsupportedSignature),
    ("unknown-ca", 24, 1, Problem::UnknownIssuer),
    ("unknown-extension", 26, 0, Problem::UnknownCriticalExtension),
    ("weak-key", 26, 1, Problem::UnsupportedKey),
    ("wrong-name", 25, 0, Problem::NameMismatch),
    ("wrong-purpose", 26, 0, Problem::ExtendedKeyUsage),
];

#[test]
fn each_bad_certificate_is_rejected_for_its_fault_on_either_side() {
    let folder = Folder::new(&["--bad", "all"]);
    for (fault, code, index, problem) in FAULTS {
        let certificate = format!("certificate {index} (");
        let (found, said, _) = folder.post(&format!("server-{fault}"), "client");
        assert_eq!(found, Some(code), "server, {fault}: {said}");
        says(&said, &certificate);
        says(&said, &problem.to_string());

        let (found, said, served) = folder.post("server", &format!("client-{fault}"));
        if problem == Problem::NameMismatch {
            // A client's certificate needs no particular name for TLS: the rules of the supplier reject it by HTTP.
            assert_eq!(found, Some(30), "client, {fault}: {said}");
            says(&served, "other.example");
            continue;
        }
        assert_eq!(found, Some(21), "client, {fault}: {said}");
        says(&served, &certificate);
        says(&served, &problem.to_string());
    }
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_found_before_anything_is_sent() {
    let folder = Folder::new(&["--bad", "wrong-key"]);
    let (code, said, _) = folder.post("server", "client-wrong-key");
    assert_eq!(code, Some(1), "{said}");
    says(&said, "no certificate for the key of");
}

#[test]
fn every_fault_that_the_help_lists_is_tested() {
    let help = succeed(&["pki", "new", "--help"]);
    let faults = help.split("Faults:").nth(1).and_then(|rest| rest.split("Exit codes").next()).unwrap();
    let listed: Vec<_> = faults.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(listed.len(), FAULTS.len() + 1);
    for fault in listed.into_iter().filter(|fault| *fault != "wrong-key") {
        assert!(FAULTS.iter().any(|(tested, ..)| *tested == fault), "{fault}");
    }
}

#[test]
fn a_ca_issues_more_certificates_later_and_lists_them_as_json() {
    let folder = Folder::new(&["--key", "p384"]);
    let words =
        ["pki", "issue", &folder.file(""), "--client", CLIENT, "--file", "second", "--bad", "expired", "--json"];
    let listed: Value = serde_json::from_str(&succeed(&words)).unwrap();
    let [good, bad] = &listed.as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!(good["certificates"], folder.file("second.pem"));
    assert_eq!((&good["role"], &good["algorithm"], &good["bad"]), (&"client".into(), &"p256".into(), &Value::Null));
    assert_eq!(bad["key"], folder.file("second-expired.key"));
    assert_eq!((&bad["bad"], &bad["description"]), (&"expired".into(), &"it expired an hour ago".into()));

    let words = ["pki", "issue", &folder.file(""), "--server", "supplier.example", "--server", "127.0.0.1"];
    says(&succeed(&words), "server supplier.example, 127.0.0.1 (p256)");
    let (code, said, _) = folder.post("supplier.example", "second");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn nothing_is_overwritten_and_a_folder_without_a_ca_is_named() {
    let folder = Folder::new(&[]);
    for words in [&["pki", "new"][..], &["pki", "issue", "--client", "client"]] {
        let output = mtls(&[words, &[folder.file("").as_str()]].concat());
        assert_eq!(output.status.code(), Some(1));
        says(&String::from_utf8_lossy(&output.stderr), "it is already there, wanted a new folder or another name");
    }
    let output = mtls(&["pki", "issue", &folder.0.file("nowhere"), "--client", "x"]);
    assert_eq!(output.status.code(), Some(1));
    says(&String::from_utf8_lossy(&output.stderr), "nowhere/root.pem");
    let output = mtls(&["pki", "issue", &folder.file("")]);
    assert_eq!(output.status.code(), Some(1), "neither a server nor a client");
}

#[test]
fn settings_name_the_files_of_the_folder_and_the_client() {
    let folder = Folder::new(&[]);
    let place = std::fs::canonicalize(folder.file("")).unwrap();
    for (server, words) in [
        ("apache", &["SSLVerifyClient require\nSSLVerifyDepth 3\n", "%{SSL_CLIENT_S_DN_CN} == \"device-7\""][..]),
        ("nginx", &["ssl_verify_client on;", "CN=device-7(,|$)"]),
        ("haproxy", &["verify required", "ssl_c_s_dn(CN) -m str device-7"]),
        ("iis", &["clientcertnegotiation=enable", "SslRequireCert"]),
        ("f5", &["peer-cert-mode require", "CN=device-7"]),
    ] {
        let told = succeed(&["pki", "config", server, &folder.file(""), "--client", "device-7"]);
        for words in words {
            says(&told, words);
        }
        says(&told, &place.display().to_string());
        assert!(!told.contains("{folder}") && !told.contains("{client}") && !told.contains("{name}"), "{told}");
    }
}
