//! Certificates and keys that are trusted no longer: on devices, and at a server while it runs.

use embedded_mtls::AlertDescription;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::x509::Validator;
use serde_json::Value;
use test_support::peers::process::{LIMIT, Process};

use super::{Desk, mtls};
use mtls_pki::pem;

/// A PKI with two clients, and OpenSSL as the keeper of its revocation list.
struct Lists {
    desk: Desk,
    config: String,
}

impl Lists {
    fn new(options: &[&str]) -> Self {
        let desk = Desk::new(options);
        Desk::good(&["pki", "issue", &desk.file("pki"), "--client", "gateway-0043", "--file", "other"]);
        desk.0.write("index.txt", "").unwrap();
        desk.0.write("number", "01\n").unwrap();
        let [index, number] = ["index.txt", "number"].map(|name| desk.file(name));
        let text = format!(
            "[ca]\ndefault_ca=a\n[a]\ndatabase={index}\ncrlnumber={number}\ndefault_md=sha256\ndefault_crl_days=30\n\
             [extensions]\nauthorityKeyIdentifier=keyid\n"
        );
        let config = desk.0.write("ca.cnf", text).unwrap();
        Self { desk, config }
    }

    fn file(&self, name: &str) -> String {
        self.desk.file(name)
    }

    /// Revokes a certificate.
    fn revoke(&self, name: &str) {
        let words = format!("ca -config {} {} -revoke {}", self.config, self.signer("issuing"), self.file(name));
        let done = std::process::Command::new("openssl").args(words.split(' ')).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn signer(&self, name: &str) -> String {
        format!("-cert {} -keyfile {}", self.file(&format!("pki/{name}.pem")), self.file(&format!("pki/{name}.key")))
    }

    /// Writes a list.
    fn list(&self, out: &str, words: &str) -> String {
        let words = format!("ca -gencrl -config {} {}{words}", self.config, self.signer("issuing"));
        self.desk.openssl(&words, out)
    }
}

/// Returns what a blob answers to the owner of a certificate.
fn answer(desk: &Desk, certificate: &str) -> Option<AlertDescription> {
    let flash = desk.bytes("device.bin");
    let list = desk.open(&flash, 1).unwrap().deny_list();
    let chain = pem::certificates(&desk.file(certificate)).unwrap();
    let mut memory = vec![0; 4096];
    let mut validator = Validator::new(&mut memory);
    validator.push(RustCrypto, &chain[0]).unwrap();
    list.authorize(RustCrypto, &validator.identity().unwrap()).err()
}

#[test]
fn a_revocation_list_of_openssl_becomes_the_deny_list_of_a_device() {
    for kind in ["p256", "rsa2048", "ed25519", "p384"] {
        let lists = Lists::new(&["--ca-key", kind]);
        let desk = &lists.desk;
        lists.revoke("pki/client.pem");
        let [root, issuing] = ["pki/root.pem", "pki/issuing.pem"].map(|name| lists.file(name));
        // Version 1 has no extensions.
        let old = lists.list("old.crl", "");
        let new = lists.list("new.crl", " -crlexts extensions");
        let der = desk.openssl(&format!("crl -in {new} -outform DER"), "crl.der");
        for list in [&old, &new, &der] {
            let said = desk.new_blob(&["--crl", list, "--crl-issuer", &issuing]);
            assert!(said.contains("denies    of CN="), "{said}");
            assert_eq!(answer(desk, "pki/client.pem"), Some(AlertDescription::CERTIFICATE_REVOKED), "{kind}");
            assert_eq!(answer(desk, "pki/other.pem"), None);
            std::fs::remove_file(desk.file("device.bin")).unwrap();
        }
        let unsigned = "found a list of CN=";
        desk.refused("new", &["--ca", &root, "--crl", &new], unsigned);
    }
}

#[test]
fn a_revocation_list_that_nobody_vouches_for_is_refused_and_an_old_one_warns() {
    let lists = Lists::new(&[]);
    let desk = &lists.desk;
    lists.revoke("pki/client.pem");
    let [root, issuing] = ["pki/root.pem", "pki/issuing.pem"].map(|name| lists.file(name));
    let trusted = ["--ca", &root, "--crl-issuer", &issuing, "--deny"];
    let list = lists.list("list.crl", "");
    let der = desk.openssl(&format!("crl -in {list} -outform DER"), "list.der");
    let mut forged = std::fs::read(&der).unwrap();
    // A digit of the date of the next list, which is signed.
    let mut dates = (0..forged.len()).filter(|at| forged[*at..].starts_with(&[0x17, 13]));
    let at = dates.nth(1).unwrap() + 13;
    forged[at] ^= 1;
    let forged = desk.0.write("forged.crl", forged).unwrap();
    desk.refused("new", &[&trusted[..], &[&forged]].concat(), "found a signature that CN=");
    let future = lists.list("future.crl", " -crl_lastupdate 20990101000000Z -crl_nextupdate 20990201000000Z");
    desk.refused("new", &[&trusted[..], &[&future]].concat(), "wanted one that is not from the future");
    for (extension, told) in [
        ("2.5.29.27=critical,DER:02:01:01", "found a list of changes (deltaCRLIndicator)"),
        ("2.5.29.27=DER:02:01:01", "found a list of changes (deltaCRLIndicator)"),
        ("2.5.29.28=critical,DER:30:03:84:01:ff", "found an indirect list (indirectCRL)"),
        ("2.5.29.28=DER:30:04:83:02:06:40", "found a list of some reasons only (onlySomeReasons)"),
        ("1.2.3.4=critical,DER:05:00", "found the critical extension 1.2.3.4"),
    ] {
        let usual = "authorityKeyIdentifier=keyid";
        let before = desk.0.read("ca.cnf");
        desk.0.write("ca.cnf", before.replace(usual, extension)).unwrap();
        let odd = lists.list("odd.crl", " -crlexts extensions");
        desk.refused("new", &[&trusted[..], &[&odd]].concat(), told);
        desk.0.write("ca.cnf", before).unwrap();
    }
    let both = [desk.0.read("list.crl"), desk.0.read("pki/client.pem")].concat();
    let both = desk.0.write("both.pem", both).unwrap();
    desk.refused("new", &[&trusted[..], &[&both]].concat(), "found a revocation list beside something else");
    desk.refused("new", &[&trusted[..], &[&lists.file("fleet.key")]].concat(), "found BEGIN PRIVATE KEY");
    desk.refused("new", &[&trusted[..], &[&issuing]].concat(), "found certificates of authorities only");
    let expired = lists.list("expired.crl", " -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z");
    let said = desk.provisioned("new", &[&trusted[..], &[&expired]].concat());
    assert!(said.contains("was to be replaced by 2020-02-01T00:00:00Z: what was revoked since is not on it"), "{said}");
    assert_eq!(answer(desk, "pki/client.pem"), Some(AlertDescription::CERTIFICATE_REVOKED));
}

#[test]
fn a_revocation_list_counts_only_if_its_signer_may_sign_lists_by_a_fitting_algorithm() {
    let lists = Lists::new(&[]);
    let desk = &lists.desk;
    let [root, issuing] = ["pki/root.pem", "pki/issuing.pem"].map(|name| lists.file(name));
    let usage = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign";
    let subject = "-subj /CN=a -days 30 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256";
    let weak =
        desk.openssl(&format!("req -x509 {subject} {usage} -keyout {}", lists.file("pki/weak.key")), "pki/weak.pem");
    let words = format!("ca -gencrl -config {} {}", lists.config, lists.signer("weak"));
    let list = desk.openssl(&words, "weak.crl");
    let told = "found a list of CN=a, wanted one of a CA whose key usage has cRLSign";
    desk.refused("new", &["--ca", &root, "--crl-issuer", &weak, "--deny", &list], told);
    let list = lists.list("list.crl", "");
    let der = std::fs::read(desk.openssl(&format!("crl -in {list} -outform DER"), "list.der")).unwrap();
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA224, in one of its two places and in both.
    let id = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
    let places: Vec<_> = (0..der.len()).filter(|at| der[*at..].starts_with(&id)).map(|at| at + id.len()).collect();
    for patched in [&places[..1], &places[1..], &places[..]] {
        let mut der = der.clone();
        for at in patched {
            der[*at] = 1;
        }
        let odd = desk.0.write("odd.crl", der).unwrap();
        let told = "wanted one that fits the key of CN=";
        desk.refused("new", &["--ca", &root, "--crl-issuer", &issuing, "--deny", &odd], told);
    }
}

#[test]
fn a_key_that_no_handshake_compares_is_refused_and_its_certificate_is_denied_by_number() {
    let lists = Lists::new(&[]);
    let desk = &lists.desk;
    let root = lists.file("pki/root.pem");
    for (key, kind) in [
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "P-521"),
        ("-algorithm ED448", "Ed448"),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "RSA with 1024 bits"),
        ("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "RSA for PSS only"),
    ] {
        let private = desk.openssl(&format!("genpkey {key}"), "odd.key");
        let public = desk.openssl(&format!("pkey -in {private} -pubout"), "odd.pub");
        let told = format!("found a public key that no handshake compares ({kind}), wanted one on P-256 or P-384");
        desk.refused("new", &["--ca", &root, "--deny", &public], &told);
    }
    // A point on P-256 in the compressed form, which no peer can send.
    let key = lists.file("pki/client.key");
    let public = desk.openssl(&format!("ec -in {key} -pubout -conv_form compressed"), "compressed.pub");
    desk.refused("new", &["--ca", &root, "--deny", &public], "found a public key that no handshake compares (P-256)");
    let private = lists.file("odd.key");
    let certificate = desk.openssl(
        &format!("req -x509 -key {private} -subj /CN=b -days 30 -addext basicConstraints=critical,CA:FALSE"),
        "odd.pem",
    );
    let said = desk.provisioned("new", &["--ca", &root, "--deny", &certificate]);
    let told = "is denied, but no other one with its key, which no handshake compares (RSA for PSS only)";
    assert!(said.contains(told) && said.contains("denies    of CN=b"), "{said}");
    assert!(!said.contains("the key with SHA-256"), "{said}");
}

#[test]
fn denials_are_added_to_a_blob_or_replace_what_it_denies() {
    let lists = Lists::new(&[]);
    let desk = &lists.desk;
    let [client, other, key] = ["pki/client.pem", "pki/other.pem", "pki/client.key"].map(|name| lists.file(name));
    let public = desk.openssl(&format!("pkey -in {key} -pubout"), "client.pub");
    // As it is sent: with its intermediate, which is not denied with it.
    desk.new_blob(&["--deny", &public]);
    let answers = || [answer(desk, "pki/client.pem"), answer(desk, "pki/other.pem"), answer(desk, "pki/server.pem")];
    let (by_key, by_number) = (Some(AlertDescription::ACCESS_DENIED), Some(AlertDescription::CERTIFICATE_REVOKED));
    assert_eq!(answers(), [by_key, None, None]);
    desk.provisioned("add", &["--deny", &other]);
    assert_eq!(answers(), [by_key, by_number, None]);
    let shown = Desk::good(&["provision", "show", &desk.file("device.bin"), "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["denied"].as_array().unwrap().len(), 3, "{shown}");
    desk.provisioned("rotate", &["--deny", &client]);
    assert_eq!(answers(), [by_number, None, None]);
    // What has nothing to do with it leaves it as it is.
    desk.provisioned("rotate", &["--ca", &lists.file("pki/root.pem")]);
    assert_eq!(answers(), [by_number, None, None]);
}

/// Posts an order as a client; returns the exit code, and what the program says.
fn post(lists: &Lists, port: u16, client: &str) -> (Option<i32>, String) {
    let address = format!("127.0.0.1:{port}");
    let [cert, key, root] = [format!("pki/{client}.pem"), format!("pki/{client}.key"), "pki/root.pem".to_owned()]
        .map(|name| lists.file(&name));
    let order = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/order.xml");
    let to = ["order", "post", "--connect", &address, "--server-name", "supplier.example", "--order", order];
    mtls(&[&to[..], &["--ca", &root, "--cert", &cert, "--key", &key]].concat())
}

/// Returns what a program has written.
fn told(server: &Process) -> String {
    String::from_utf8_lossy(&server.stdout()).into_owned()
}

/// Starts a server with this deny list for so many connections; also returns its port.
fn serve(lists: &Lists, list: &str, connections: &str) -> (Process, u16) {
    let [cert, key, root, issuing] =
        ["pki/server.pem", "pki/server.key", "pki/root.pem", "pki/issuing.pem"].map(|name| lists.file(name));
    let own = ["serve", "--listen", "127.0.0.1:0", "--cert", &cert, "--key", &key, "--client-ca", &root];
    let words = [&own[..], &["--deny", list, "--crl-issuer", &issuing, "--once", connections]].concat();
    let mut server = Process::start(env!("CARGO_BIN_EXE_mtls"), words).unwrap();
    let port = |server: &Process| told(server).split_once('\n')?.0.rsplit_once(':')?.1.parse().ok();
    server.await_sign("said where it listens", |server| port(server).is_some()).unwrap();
    let port = port(&server).unwrap();
    (server, port)
}

#[test]
fn a_stolen_gateway_is_out_at_once_and_others_of_its_ca_are_not() {
    let lists = Lists::new(&[]);
    // With a number.
    let listed = || lists.list("list.crl", " -crlexts extensions");
    let list = listed();
    let (mut server, port) = serve(&lists, &list, "7");
    let posted = |client: &str| post(&lists, port, client);
    assert_eq!(posted("client").0, Some(0));
    let before = lists.desk.0.read("list.crl");
    lists.revoke("pki/client.pem");
    listed();
    let (code, said) = posted("client");
    assert!(code == Some(21) && said.contains("with alert 44 "), "{said}");
    assert_eq!(posted("other").0, Some(0));
    // Neither does the list from before let it in again.
    std::fs::write(&list, before).unwrap();
    assert_eq!(posted("client").0, Some(21));
    // A list that is not to be believed changes nothing, also not if it denies nobody.
    std::fs::write(lists.file("index.txt"), "").unwrap();
    std::fs::write(&list, lists.desk.0.read("list.crl").replace('M', "N")).unwrap();
    assert_eq!((posted("client").0, posted("other").0), (Some(21), Some(0)));
    listed();
    assert_eq!(posted("client").0, Some(0), "it was found again");
    server.await_status(LIMIT).unwrap();
    let told = told(&server);
    for words in [
        "deny list: certificates: 1, keys: 0",
        "handshake failed: on the deny list: certificate ",
        "wanted one that is not older than that of ",
        "; certificates: 1, keys: 0 as before",
        "deny list: certificates: 0, keys: 0",
    ] {
        let count = match words.split(' ').next() {
            Some("handshake") => 3,
            Some(";") => 2,
            _ => 1,
        };
        assert_eq!(told.matches(words).count(), count, "'{words}': {told}");
    }
}

#[test]
fn a_client_that_is_denied_while_it_is_connected_is_out_with_its_next_request() {
    let lists = Lists::new(&[]);
    let list = lists.list("list.crl", " -crlexts extensions");
    let (mut server, port) = serve(&lists, &list, "1");
    let [cert, key, root] = ["pki/client.pem", "pki/client.key", "pki/root.pem"].map(|name| lists.file(name));
    let to = format!("127.0.0.1:{port}");
    let own = ["-cert", &cert, "-cert_chain", &cert, "-key", &key, "-CAfile", &root];
    let mut client = Process::start("openssl", [&["s_client", "-quiet", "-connect", &to][..], &own].concat()).unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: supplier.example\r\n\r\n";
    let answers = |client: &Process| String::from_utf8_lossy(&client.stdout()).matches("HTTP/1.1 200").count();
    for answered in 1..=2 {
        client.write(request).unwrap();
        client.await_sign("got an answer", |client| answers(client) == answered).unwrap();
    }
    lists.revoke("pki/client.pem");
    lists.list("list.crl", " -crlexts extensions");
    client.write(request).unwrap();
    client.await_status(LIMIT).unwrap();
    assert_eq!(answers(&client), 2);
    assert!(client.stderr().contains("certificate revoked"), "{}", client.stderr());
    server.await_status(LIMIT).unwrap();
    let told = told(&server);
    assert!(
        told.contains("broken: ended with alert 44 (certificate_revoked): on the deny list: certificate "),
        "{told}"
    );
}
