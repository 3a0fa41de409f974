//! `mtls inspect` as people run it: on certificates of other programs, on those of `mtls pki`, and on other files.

#![allow(missing_docs)]

use std::process::Command;

use embedded_mtls::CertificateProblem as Problem;
use serde_json::Value;
use test_support::peers::workdir::Workdir;

const MTLS: &str = env!("CARGO_BIN_EXE_mtls");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");

/// Runs `mtls` with these words; returns its exit code and what it prints.
fn mtls(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(MTLS).args(words).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Inspects files; returns the exit code and the report.
fn inspect(words: &[&str]) -> (Option<i32>, String) {
    mtls(&[&["inspect"], words].concat())
}

/// Inspects files; returns the report as JSON.
fn json(words: &[&str]) -> Value {
    serde_json::from_str(&inspect(&[words, &["--json"]].concat()).1).unwrap()
}

fn says(text: &str, words: &str) {
    assert!(text.contains(words), "'{words}' is not in:\n{text}");
}

/// A folder with a PKI.
fn pki(options: &[&str]) -> Workdir {
    let there = Workdir::new().unwrap();
    let (code, said) = mtls(&[&["pki", "new", &there.file("pki")], options].concat());
    assert_eq!(code, Some(0), "{said}");
    there
}

#[test]
fn certificates_that_openssl_has_issued_are_put_in_order_whatever_their_algorithm() {
    for (case, key, signature, features) in [
        ("ed25519", "Ed25519", "Ed25519", &["ed25519"][..]),
        ("p384-sha384", "P-384", "ECDSA with SHA-384", &["p384"]),
        ("rsa2048-pkcs1-sha256", "RSA with 2048 bits", "RSA with SHA-256", &["rsa"]),
        ("rsa4096-pkcs1-sha512", "RSA with 4096 bits", "RSA with SHA-512", &["rsa"]),
        ("rsa2048-pss-sha384", "RSA with 2048 bits", "RSA-PSS", &["rsa"]),
    ] {
        let file = |name: &str| format!("{ROOT}tests/data/algorithms/{case}/{name}.der");
        let report = json(&[&file("root"), &file("server")]);
        assert_eq!(report["items"][1]["key"], key, "{case}: {report}");
        assert_eq!(report["items"][1]["signature"], signature, "{case}: {report}");
        assert_eq!(report["chains"][0]["chain"], serde_json::json!([1, 0]), "{case}: {report}");
        assert_eq!(report["chains"][0]["needs"]["features"], serde_json::json!(features), "{case}: {report}");
        assert_eq!(report["exit_code"], 0, "{case}: {report}");
    }
}

#[test]
fn every_root_of_the_operating_system_is_read() {
    let folder = "/usr/share/ca-certificates/mozilla";
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let files: Vec<_> = files.map(|entry| entry.unwrap().path().display().to_string()).collect();
    let words: Vec<_> = files.iter().map(String::as_str).chain(["--warn-days", "0"]).collect();
    let report = json(&words);
    let items = report["items"].as_array().unwrap();
    assert!(items.len() > 100, "{} items", items.len());
    for item in items {
        assert_eq!((&item["kind"], &item["is_self_issued"]), (&"certificate".into(), &true.into()), "{item}");
        assert!(!item["key"].as_str().unwrap().starts_with("algorithm"), "{item}");
    }
}

#[test]
fn a_good_chain_with_its_key_needs_nothing() {
    let there = pki(&[]);
    let file = |name: &str| there.file(&format!("pki/{name}"));
    let words = [&*file("server.pem"), &file("server.key"), "--ca", &file("root.pem"), "--host", "supplier.example"];
    let (code, said) = inspect(&words);
    assert_eq!(code, Some(0), "{said}");
    says(&said, "a certificate, CN=supplier.example,O=Example Bottling");
    says(&said, "DNS:supplier.example, DNS:localhost, IP:127.0.0.1, IP:::1");
    says(&said, "    CN=Throw-away Issuing CA,O=Example Bottling (");
    says(&said, "    └─ CN=supplier.example,O=Example Bottling (");
    says(&said, "its key: ");
    says(&said, "a device needs: features none; ");
    assert!(!said.contains("FAULT") && !said.contains("warning"), "{said}");
}

#[test]
fn the_memory_that_is_named_is_enough_for_a_device_and_one_byte_less_is_not() {
    let there = pki(&[]);
    let file = there.file("pki/server.pem");
    let needed = json(&[&file])["chains"][0]["needs"]["peer"].as_u64().unwrap();
    let chain = mtls_pki::pem::certificates(&file).unwrap();
    for (size, is_enough) in [(needed, true), (needed - 1, false)] {
        let mut memory = vec![0; usize::try_from(size).unwrap()];
        let mut validator = embedded_mtls::x509::Validator::new(&mut memory);
        let provider = embedded_mtls::crypto::rustcrypto::RustCrypto;
        let pushed = chain.iter().all(|der| validator.push(provider, der).is_ok());
        assert_eq!(pushed, is_enough, "{size}");
    }
}

#[test]
fn what_was_found_is_told_also_if_the_page_cannot_be_written() {
    let there = pki(&["--bad", "expired"]);
    let bad = there.file("pki/server-expired.pem");
    let (code, said) = inspect(&[&bad, "--report", &there.file("missing/page.html")]);
    assert_eq!(code, Some(3), "{said}");
    says(&said, &Problem::Expired.to_string());
    says(&said, "mtls: warning: --report ");
}

#[test]
fn the_doctor_names_the_fault_of_each_bad_certificate() {
    let there = pki(&["--bad", "all"]);
    let file = |name: &str| there.file(&format!("pki/{name}"));
    for (fault, problem) in [
        ("bad-signature", Problem::SignatureInvalid),
        ("expired", Problem::Expired),
        ("expired-issuer", Problem::Expired),
        ("forbidden-name", Problem::NameNotPermitted),
        ("missing-intermediate", Problem::UnknownIssuer),
        ("no-digital-signature", Problem::MissingDigitalSignature),
        ("not-a-ca", Problem::NotACa),
        ("not-yet-valid", Problem::NotYetValid),
        ("path-too-long", Problem::PathLengthExceeded),
        ("rebuilt-root", Problem::AnchorSignatureInvalid),
        ("self-signed", Problem::SelfSigned),
        ("sha1-signature", Problem::UnsupportedSignature),
        ("unknown-ca", Problem::UnknownIssuer),
        ("unknown-extension", Problem::UnknownCriticalExtension),
        ("weak-key", Problem::UnsupportedKey),
        ("wrong-name", Problem::NameMismatch),
        ("wrong-purpose", Problem::ExtendedKeyUsage),
    ] {
        let bad = file(&format!("server-{fault}.pem"));
        let (code, said) = inspect(&[&bad, "--ca", &file("root.pem"), "--host", "supplier.example"]);
        assert_eq!(code, Some(3), "{fault}: {said}");
        says(&said, &problem.to_string());
    }
    let (code, said) = inspect(&[&file("server-wrong-key.pem"), &file("server-wrong-key.key")]);
    assert_eq!(code, Some(3), "{said}");
    says(&said, "no certificate here belongs to this key");
}

#[test]
fn a_chain_out_of_order_and_what_does_not_belong_to_it_are_named() {
    let there = pki(&[]);
    let other = pki(&[]);
    let read = |folder: &Workdir, name: &str| folder.read(&format!("pki/{name}.pem"));
    let leaf = read(&there, "server").split_inclusive("-----END CERTIFICATE-----\n").next().unwrap().to_owned();
    let parts = [&read(&there, "issuing"), &leaf, &read(&there, "root"), &read(&other, "issuing")];
    let file = there.write("mixed.pem", parts.map(String::as_str).concat()).unwrap();
    let (code, said) = inspect(&[&file]);
    assert_eq!(code, Some(2), "{said}");
    says(&said, "wanted the leaf first, then each issuer: 2, 1, 3");
    says(&said, "note: ");
    says(&said, "the root CN=Throw-away Root CA,O=Example Bottling does not have to be sent");
    says(&said, "is above no certificate of this chain");

    let (code, said) = inspect(&[&there.file("pki/server.pem"), "--warn-days", "100"]);
    assert_eq!(code, Some(2), "{said}");
    says(&said, "warning: CN=supplier.example,O=Example Bottling ");
    says(&said, "note: its issuer CN=Throw-away Root CA,O=Example Bottling is not here");
}

#[test]
fn other_files_are_named_as_what_they_are() {
    let there = Workdir::new().unwrap();
    let data = |name: &str| format!("{ROOT}tests/data/keys/{name}");
    let pkcs7 = [0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 2];
    let pkcs12 = [&[0x30, 16, 2, 1, 3][..], &[0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 1]].concat();
    for (file, words) in [
        (data("p256.pkcs8.pem"), "a private key, p256"),
        (data("p256.sec1.der"), "a private key, p256"),
        (data("p384.pkcs8.der"), "a private key, p384"),
        (data("ed25519.pkcs8.der"), "a private key, ed25519"),
        (data("rsa.pkcs8.der"), "a private key, rsa2048"),
        (data("p256.encrypted.der"), "an encrypted private key"),
        (data("p384.public.der"), "a public key, P-384"),
        (there.write("a.p7b", pkcs7).unwrap(), "certificates as PKCS#7"),
        (there.write("a.p12", pkcs12).unwrap(), "a PKCS#12 file"),
        (there.write("a.jks", [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]).unwrap(), "a Java keystore (JKS)"),
    ] {
        let (code, said) = inspect(&[&file]);
        assert_eq!(code, Some(0), "{file}: {said}");
        says(&said, words);
    }
    let (code, said) = inspect(&[&there.file("nowhere.pem")]);
    assert_eq!(code, Some(1), "{said}");
    let text = there.write("text", "no PEM").unwrap();
    let (code, said) = inspect(&[&text]);
    assert_eq!(code, Some(1), "{said}");
    says(&said, "no PEM block");
}

#[test]
fn what_is_encrypted_is_opened_if_there_is_a_password() {
    let there = Workdir::new().unwrap();
    let data = |name: &str| format!("{ROOT}crates/pki/tests/data/{name}");
    let password = format!("file:{}", there.write("password", "hunter2\n").unwrap());
    let (code, said) = inspect(&[&data("modern.p12")]);
    assert_eq!(code, Some(0), "{said}");
    says(&said, "--key-password opens it");
    let report = json(&[&data("modern.p12"), "--key-password", &password]);
    let kinds: Vec<_> = report["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["private-key", "certificate", "certificate"], "{report}");
    assert_eq!(report["chains"][0]["key"], 0, "{report}");
    let report = json(&[&data("key-scrypt.pem"), "--key-password", &password]);
    assert_eq!((&report["items"][0]["kind"], &report["items"][0]["key"]), (&"private-key".into(), &"p256".into()));
    let password = format!("file:{}", there.write("password", "hunter3\n").unwrap());
    let (code, said) = inspect(&[&data("modern.p12"), "--key-password", &password]);
    assert_eq!(code, Some(1), "{said}");
    says(&said, "this password does not open");
}

#[test]
fn a_validity_that_no_public_authority_may_grant_is_noted_for_servers() {
    let note = |days: &str| {
        let there = pki(&["--days", days]);
        let file = |name: &str| there.file(&format!("pki/{name}.pem"));
        let (_, client) = inspect(&[&file("client")]);
        assert!(!client.contains("public authorities may issue"), "{client}");
        inspect(&[&file("server")]).1
    };
    says(&note("201"), "is valid for 201 days: public authorities may issue at most ");
    assert!(!note("46").contains("public authorities may issue"));
}

#[test]
fn a_request_is_matched_with_its_certificate() {
    let there = pki(&[]);
    let file = |name: &str| there.file(&format!("pki/{name}"));
    let key = mtls_pki::key::Key::from_pem(&there.read("pki/client.key")).unwrap();
    let request = rcgen::CertificateParams::default().serialize_request(&key).unwrap();
    let request = there.write("client.csr", request.der()).unwrap();
    let report = json(&[&request, &file("client.pem"), &file("client.key")]);
    assert_eq!(report["items"][0]["kind"], "request", "{report}");
    assert_eq!(report["items"][0]["key"], "P-256", "{report}");
    assert_eq!(report["chains"][0]["key"], 3, "{report}");
    says(&report["findings"][0]["text"].to_string(), "a certificate for this request is here");
    // A request explains a key that no certificate has yet.
    let (code, said) = inspect(&[&request, &file("client.key"), &file("server.pem")]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_events_of_a_device_are_printed() {
    use core::sync::atomic::AtomicU8;
    use embedded_mtls::events::EventRing;
    use embedded_mtls::x509::{ServerName, TrustAnchor};
    use embedded_mtls::{Client, ClientConfig, Entropy, Handshake};
    let memory: Vec<_> = (0..1024).map(|_| AtomicU8::new(0)).collect();
    let ring = EventRing::new(&memory).unwrap();
    let there = pki(&[]);
    let root = mtls_pki::pem::certificates(&there.file("pki/root.pem")).unwrap().remove(0);
    let anchors = [TrustAnchor::from_certificate(&root).unwrap()];
    let config = ClientConfig::new(ServerName::parse("supplier.example").unwrap(), &anchors);
    let mut memory = mtls::tls::DeviceMemory::new();
    let mut handshake = Handshake::<Client>::new(&config, memory.lend(), Entropy::from_system().unwrap()).unwrap();
    handshake.set_events(ring);
    while handshake.tx_pending().is_empty() {
        let _ = handshake.poll().unwrap();
    }
    let mut dump = vec![0; 1024];
    let length = ring.copy_to(&mut dump);
    let file = there.write("events.bin", &dump[..length]).unwrap();
    let (code, said) = inspect(&[&file]);
    assert_eq!(code, Some(0), "{said}");
    says(&said, "the events of a device, ");
    says(&said, "ClientHello");
    let page = there.file("page.html");
    let (code, said) = inspect(&[&file, "--report", &page]);
    assert_eq!(code, Some(0), "{said}");
    let page = std::fs::read_to_string(page).unwrap();
    for words in ["connection 1", "the handshake has not ended", "ClientHello, ", "#1 new connection as client"] {
        says(&page, words);
    }
}

/// Runs a program that writes a file.
fn run(program: &str, words: &str) {
    let done = Command::new(program).args(words.split(' ')).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}: cargo xtask setup installs it"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&[done.stdout, done.stderr].concat()));
}

#[test]
fn what_openssl_and_keytool_write_is_taken_apart_or_named() {
    let there = pki(&[]);
    let [client, root, issuing, key, list] =
        ["pki/client.pem", "pki/root.pem", "pki/issuing.pem", "pki/issuing.key", "list.crl"]
            .map(|name| there.file(name));
    for form in ["PEM", "DER"] {
        let file = there.file(&format!("chain.{form}.p7b"));
        run("openssl", &format!("crl2pkcs7 -nocrl -certfile {client} -certfile {root} -outform {form} -out {file}"));
        let (code, said) = inspect(&[&file]);
        assert_eq!(code, Some(0), "{said}");
        says(&said, "└─ CN=gateway-0042.plant.example");
        says(&said, "bytes of peer memory");
    }
    let index = there.write("index.txt", "").unwrap();
    let config = format!("[ca]\ndefault_ca=a\n[a]\ndatabase={index}\ndefault_md=sha256\ndefault_crl_days=30\n");
    let config = there.write("ca.cnf", config).unwrap();
    run("openssl", &format!("ca -gencrl -config {config} -cert {issuing} -keyfile {key} -out {list}"));
    run("openssl", &format!("crl -in {list} -outform DER -out {list}.der"));
    for list in [&list, &format!("{list}.der")] {
        let (code, said) = inspect(&[list]);
        assert_eq!(code, Some(0), "{said}");
        says(&said, "a revocation list, of CN=");
        says(&said, "O=Example Bottling, 0 certificates, from 20");
    }
    let store = there.file("store.jks");
    let words =
        "-genkeypair -keyalg EC -groupname secp256r1 -alias a -dname CN=a -storepass changeit -keypass changeit";
    run("keytool", &format!("{words} -storetype JKS -keystore {store}"));
    let (code, said) = inspect(&[&store]);
    assert_eq!(code, Some(0), "{said}");
    says(&said, "a Java keystore (JKS)");
    says(&said, "keytool -importkeystore");
}

#[test]
fn packets_of_captures_are_counted() {
    let there = Workdir::new().unwrap();
    let block = |kind: u32, content: &[u8]| {
        let len = u32::try_from(content.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &len, content, &len].concat()
    };
    let section = block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    let next = [section, block(1, &[0; 8]), block(6, &[0; 20]), block(6, &[0; 20]), block(3, &[0; 4])].concat();
    let packet = [&[0; 8][..], &2_u32.to_be_bytes(), &2_u32.to_be_bytes(), &[7, 7]].concat();
    let classic = [&0xa1b2_c3d4_u32.to_be_bytes()[..], &[0; 20], &packet, &packet].concat();
    for (bytes, told) in [
        (&next[..], "a capture of traffic (pcapng) with 3 packets"),
        (&next[..next.len() - 1], "a capture of traffic (pcapng) with 2 whole packets; its end is missing"),
        (&classic, "a capture of traffic (pcap) with 2 packets"),
        (&classic[..classic.len() - 1], "a capture of traffic (pcap) with 1 whole packets; its end is missing"),
    ] {
        let (code, said) = inspect(&[&there.write("capture", bytes).unwrap()]);
        assert_eq!(code, Some(0), "{said}");
        says(&said, told);
    }
}
