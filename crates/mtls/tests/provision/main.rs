//! `mtls provision` as people run it, and its blobs as devices read them.

#![allow(missing_docs)]

mod denials;
mod devices;

use std::process::Command;

use embedded_mtls::KeyHandle;
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
use embedded_mtls_blob::{Blob, BlobError, Content, Fault, FleetKey, Identity, Pin, StoredKey};
use mtls_pki::key::Key;
use mtls_pki::pem;
use serde_json::Value;
use test_support::peers::workdir::Workdir;

/// The password of the encrypted keys.
const PASSWORD: &str = "correct horse";

/// Runs `mtls` with these words; returns its exit code, and what it prints.
fn mtls(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mtls")).args(words).env("CRM_PASSWORD", PASSWORD).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!said.contains(PASSWORD), "a password is printed: {said}");
    (output.status.code(), said)
}

/// A folder with a PKI and the key of a fleet.
struct Desk(Workdir);

impl Desk {
    fn new(options: &[&str]) -> Self {
        let desk = Self(Workdir::new().unwrap());
        Desk::good(&[&["pki", "new", &desk.file("pki")], options].concat());
        Desk::good(&["provision", "fleet-key", &desk.file("fleet.key")]);
        desk
    }

    fn file(&self, name: &str) -> String {
        self.0.file(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap()
    }

    fn good(words: &[&str]) -> String {
        let (code, said) = mtls(words);
        assert_eq!(code, Some(0), "{said}");
        said
    }

    /// Runs a task of `mtls provision` on the blob of this folder.
    fn provision(&self, task: &str, words: &[&str]) -> (Option<i32>, String) {
        let (blob, key) = (self.file("device.bin"), self.file("fleet.key"));
        mtls(&[&["provision", task, &blob, "--fleet-key", &key], words].concat())
    }

    fn provisioned(&self, task: &str, words: &[&str]) -> String {
        let (code, said) = self.provision(task, words);
        assert_eq!(code, Some(0), "{said}");
        said
    }

    fn refused(&self, task: &str, words: &[&str], told: &str) {
        let (code, said) = self.provision(task, words);
        assert!(code == Some(1) && said.contains(told), "'{told}' is not in: {said}");
    }

    /// Makes a new blob of this certificate and key.
    fn new_blob(&self, words: &[&str]) -> String {
        let root = self.file("pki/root.pem");
        self.provisioned("new", &[&["--ca", &root], words].concat())
    }

    fn openssl(&self, words: &str, out: &str) -> String {
        let out = self.file(out);
        let words: Vec<_> = words.split(' ').chain(["-out", &out]).collect();
        let run = Command::new("openssl").args(words).output();
        let run = run.expect("openssl is needed: cargo xtask setup installs it");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        out
    }

    fn fleet_key(&self) -> FleetKey {
        let key = Key::from_pem(&self.0.read("fleet.key")).unwrap();
        FleetKey::new(key.public().try_into().unwrap())
    }

    fn open<'a>(&self, flash: &'a [u8], at_least: u64) -> Result<Blob<'a>, BlobError> {
        Blob::open(RustCrypto, flash, &self.fleet_key(), at_least)
    }
}

/// Checks that a key belongs to the certificate of an active identity.
fn signs(blob: &Blob<'_>, alias: &str) {
    let identity = blob.identity(alias).unwrap();
    let StoredKey::P256(scalar) = identity.key else { panic!("{:?}", identity.key) };
    let public = P256SigningKey::from_bytes(scalar).unwrap().public_key();
    let credential = identity.credential(KeyHandle(0)).unwrap();
    let leaf = credential.chain().iter().next().unwrap();
    assert!(leaf.windows(65).any(|part| part == public));
}

#[test]
fn an_encrypted_pkcs8_and_x509_in_one_pem_become_the_identity_of_a_device() {
    let desk = Desk::new(&[]);
    let password = desk.0.write("password", PASSWORD).unwrap();
    // As partners send it: the encrypted key and the certificates, together in one PEM file.
    let key = desk.file("pki/client.key");
    desk.openssl(&format!("pkcs8 -topk8 -in {key} -passout file:{password}"), "e.key");
    let all = ["e.key", "pki/client.pem", "pki/root.pem"].map(|name| desk.0.read(name)).concat();
    assert!(all.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let crm = desk.0.write("crm.pem", &all).unwrap();
    let endpoint = ["--host", "192.0.2.7", "--port", "8443", "--server-name", "supplier.example", "--path", "/orders"];
    let said = desk.new_blob(&[&["--cert", &crm, "--key-password", "env:CRM_PASSWORD"], &endpoint[..]].concat());
    for part in [
        "version 1, ",
        "signed by the fleet",
        "https://supplier.example:8443/orders at 192.0.2.7",
        "crm, active: key P-256, in the clear, until ",
        "warning: the key of crm lies in flash in the clear",
    ] {
        assert!(said.contains(part), "'{part}' is not in: {said}");
    }
    let flash = desk.bytes("device.bin");
    let blob = desk.open(&flash, 1).unwrap();
    signs(&blob, "crm");
    let endpoint = blob.endpoint.unwrap();
    assert_eq!((endpoint.host, endpoint.port, endpoint.path), ("192.0.2.7", 8443, "/orders"));
    // The leaf and its issuer: the root was dropped.
    let chain = blob.active().unwrap().credential(KeyHandle(0)).unwrap().chain();
    assert!(chain.iter().eq(pem::certificates(&desk.file("pki/client.pem")).unwrap().iter().map(Vec::as_slice)));
    assert_eq!(blob.trust::<1>().unwrap().len(), 1);
    // A month before the certificate expires.
    let end = blob.active().unwrap().credential(KeyHandle(0)).unwrap().not_after();
    assert_eq!(blob.renew_by.unwrap().0, end.0 - 30 * 86_400);
    // Without the password, nothing is written.
    std::fs::remove_file(desk.file("device.bin")).unwrap();
    let root = desk.file("pki/root.pem");
    desk.refused("new", &["--ca", &root, "--cert", &crm], "found an encrypted private key without a password");
    assert!(!std::fs::exists(desk.file("device.bin")).unwrap());
}

#[test]
fn every_form_of_a_key_that_openssl_writes_gives_the_same_blob() {
    let desk = Desk::new(&[]);
    let [key, cert] = ["pki/client.key", "pki/client.pem"].map(|name| desk.file(name));
    let p12 = format!("pkcs12 -export -inkey {key} -in {cert} -passout file:{}", desk.0.write("p", PASSWORD).unwrap());
    let mut contents = Vec::new();
    for (name, file, words) in [
        ("plain", &cert, vec!["--key", &key]),
        ("sec1", &cert, vec!["--key", &desk.openssl(&format!("ec -in {key}"), "sec1.key")]),
        ("der", &cert, vec!["--key", &desk.openssl(&format!("pkey -in {key} -outform DER"), "key.der")]),
        ("pkcs12", &desk.openssl(&p12, "client.p12"), vec!["--key-password", "env:CRM_PASSWORD"]),
    ] {
        desk.new_blob(&[&["--cert", file, "--alias", "client"], &words[..]].concat());
        let flash = desk.bytes("device.bin");
        signs(&desk.open(&flash, 1).unwrap(), "client");
        contents.push((name, flash[..flash.len() - 64].to_vec()));
        std::fs::remove_file(desk.file("device.bin")).unwrap();
    }
    assert!(contents.iter().all(|(name, content)| *content == contents[0].1 || panic!("{name} differs")));
}

#[test]
fn a_key_that_is_not_on_p256_is_stored_as_pkcs8() {
    let desk = Desk::new(&["--key", "rsa2048"]);
    let [key, cert] = ["pki/client.key", "pki/client.pem"].map(|name| desk.file(name));
    let pkcs1 = desk.openssl(&format!("rsa -in {key} -traditional"), "pkcs1.key");
    assert!(desk.0.read("pkcs1.key").starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    desk.new_blob(&["--cert", &cert, "--key", &pkcs1]);
    let flash = desk.bytes("device.bin");
    let blob = desk.open(&flash, 1).unwrap();
    let StoredKey::Pkcs8(der) = blob.active().unwrap().key else { panic!("{blob:?}") };
    assert_eq!(Key::from_der(der).unwrap().kind().to_string(), "rsa2048");
}

#[test]
fn identities_are_added_rotated_and_activated_and_the_version_only_rises() {
    let desk = Desk::new(&[]);
    let [cert, key, other, other_key, root] = ["client.pem", "client.key", "server.pem", "server.key", "root.pem"]
        .map(|name| desk.file(&format!("pki/{name}")));
    desk.new_blob(&["--cert", &cert, "--key", &key, "--alias", "orders"]);
    let first = desk.bytes("device.bin");
    let state = |version: u64| {
        let flash = desk.bytes("device.bin");
        let blob = desk.open(&flash, version).unwrap();
        assert_eq!(blob.version, version);
        blob.identities().for_each(|identity| signs(&blob, identity.alias));
        (blob.active().unwrap().alias.to_owned(), blob.identities().count(), blob.trust::<4>().unwrap().len())
    };
    assert_eq!(state(1), ("orders".to_owned(), 1, 1));
    desk.provisioned("add", &["--cert", &other, "--key", &other_key, "--alias", "spare"]);
    assert_eq!(state(2), ("orders".to_owned(), 2, 1));
    let before = desk.bytes("device.bin");
    desk.provisioned("rotate", &["--cert", &other, "--key", &other_key]);
    assert_eq!(state(3), ("orders".to_owned(), 2, 1));
    let after = desk.bytes("device.bin");
    let [before, after] = [&before, &after].map(|flash| desk.open(flash, 0).unwrap());
    let chain = |blob: &Blob<'_>, alias: &str| blob.identity(alias).unwrap().chain.to_vec();
    assert_ne!(chain(&before, "orders"), chain(&after, "orders"));
    assert_eq!(chain(&after, "orders"), chain(&before, "spare"), "both are now made of the same file");
    assert_eq!(chain(&after, "spare"), chain(&before, "spare"));
    desk.provisioned("activate", &["spare"]);
    assert_eq!(state(4), ("spare".to_owned(), 2, 1));
    // Another root replaces the first one, or is added to it.
    desk.provisioned("add", &["--ca", &root]);
    assert_eq!(state(5), ("spare".to_owned(), 2, 2));
    desk.provisioned("rotate", &["--ca", &root, "--pin", &other]);
    // The file of the pin has two certificates.
    assert_eq!(state(6), ("spare".to_owned(), 2, 3));
    assert!(matches!(desk.open(&desk.bytes("device.bin"), 0).unwrap().pins().next(), Some(Pin::Fingerprint(_))));
    // The first blob is refused by a device that has seen the second.
    let error = desk.open(&first, 2).unwrap_err();
    assert_eq!((error.fault, error.found, error.wanted), (Fault::Version, 1, 2));
    let words = ["--cert", &other, "--key", &other_key, "--alias", "new"];
    desk.refused("rotate", &words, "the alias: found 'new', wanted one of the blob: orders, spare");
    desk.refused("activate", &["new"], "wanted one of the blob: orders, spare");
    desk.refused(
        "add",
        &["--cert", &cert, "--key", &key, "--alias", "spare"],
        "an alias: found that of identity 1 again",
    );
    desk.refused("rotate", &[], "wanted what changes");
    desk.refused("new", &["--ca", &root], "File exists");
    assert_eq!(state(6), ("spare".to_owned(), 2, 3), "a refusal changes nothing");
}

#[test]
fn a_key_stays_outside_of_the_blob_or_is_wrapped() {
    let desk = Desk::new(&[]);
    let [cert, key] = ["pki/client.pem", "pki/client.key"].map(|name| desk.file(name));
    let said = desk.new_blob(&["--cert", &cert, "--handle", "3"]);
    assert!(said.contains("active: key number 3 of the device") && !said.contains("in the clear"), "{said}");
    let flash = desk.bytes("device.bin");
    assert_eq!(desk.open(&flash, 1).unwrap().active().unwrap().key, StoredKey::Handle(3));
    // A command that adds one to each byte.
    let words = ["--cert", &cert, "--key", &key, "--wrap"];
    desk.provisioned("rotate", &[&words[..], &[r"tr \000-\377 \001-\377\000"]].concat());
    let flash = desk.bytes("device.bin");
    let StoredKey::Wrapped(wrapped) = desk.open(&flash, 2).unwrap().active().unwrap().key else {
        panic!("not wrapped")
    };
    let scalar = Key::from_pem(&desk.0.read("pki/client.key")).unwrap().p256().unwrap();
    assert!(wrapped.iter().zip(&scalar[..]).all(|(wrapped, byte)| *wrapped == byte.wrapping_add(1)));
    desk.refused("rotate", &[&words[..], &["cat"]].concat(), "found the key itself in its output, wanted it wrapped");
    desk.refused("rotate", &[&words[..], &["false"]].concat(), "wanted a wrapped key");
    desk.refused("rotate", &["--cert", &cert, "--key", &key, "--handle", "3"], "found --key beside it");
    let two = "--handle: found '3', wanted exactly one --cert beside it";
    desk.refused("add", &["--cert", &cert, "--cert", &cert, "--handle", "3"], two);
    desk.refused("add", &["--ca", &desk.file("pki/root.pem"), "--handle", "3"], two);
}

#[test]
fn a_blob_is_shown_and_one_that_a_device_would_refuse_is_not_changed() {
    let desk = Desk::new(&[]);
    let [cert, key, public] = ["pki/client.pem", "pki/client.key", "fleet.key.pub"].map(|name| desk.file(name));
    desk.new_blob(&["--cert", &cert, "--key", &key, "--enforce", "--site-alias", "--max-depth", "2"]);
    let blob = desk.file("device.bin");
    let shown: Value =
        serde_json::from_str(&Desk::good(&["provision", "show", &blob, "--fleet-key", &public, "--json"])).unwrap();
    assert_eq!((&shown["version"], &shown["verified"]), (&1.into(), &true.into()));
    assert_eq!((&shown["policy"]["enforce"], &shown["policy"]["max_depth"]), (&true.into(), &2.into()));
    assert_eq!(shown["identities"][0]["certificates"].as_array().unwrap().len(), 2);
    let said = Desk::good(&["provision", "show", &blob]);
    assert!(said.contains("signature not checked") && said.contains("a site may choose the alias"), "{said}");
    // The public key does not sign.
    let (code, said) = mtls(&["provision", "activate", &blob, "client", "--fleet-key", &public]);
    assert!(code == Some(1) && said.contains("found a public key, wanted the private one"), "{said}");
    // Another fleet's key, and a changed byte.
    Desk::good(&["provision", "fleet-key", &desk.file("other.key")]);
    let (code, said) = mtls(&["provision", "activate", &blob, "client", "--fleet-key", &desk.file("other.key")]);
    assert!(code == Some(1) && said.contains("found one that the key of the fleet did not make"), "{said}");
    let mut damaged = desk.bytes("device.bin");
    damaged[100] ^= 1;
    desk.0.write("device.bin", &damaged).unwrap();
    desk.refused("show", &[], "the checksum: found");
    // A device would refuse an authority that is none, and an identity without certificates.
    let signer =
        P256SigningKey::from_bytes(&Key::from_pem(&desk.0.read("fleet.key")).unwrap().p256().unwrap()).unwrap();
    let leaf = &pem::certificates(&cert).unwrap()[0];
    let unusable = Identity { alias: "orders", key: StoredKey::Handle(0), chain: &[] };
    for (anchor, identity, told) in [
        (leaf, Identity { chain: leaf, ..unusable }, "its trust anchors are unusable: "),
        (&pem::certificates(&desk.file("pki/root.pem")).unwrap()[0], unusable, "the chain of orders is unusable: "),
    ] {
        let anchors = vec![anchor.as_slice()];
        let content =
            Content { version: 1, active: Some(0), anchors, identities: vec![identity], ..Content::default() };
        let sealed = content.seal(RustCrypto, |digest| signer.sign_digest(digest, &[]).ok()).unwrap();
        desk.0.write("device.bin", &sealed).unwrap();
        let (code, said) = desk.provision("show", &[]);
        assert!(code == Some(2) && said.contains(told), "{said}");
    }
    // The renewal is due.
    std::fs::remove_file(&blob).unwrap();
    let words = ["--ca", &desk.file("pki/root.pem"), "--cert", &cert, "--key", &key, "--renew-by", "2020-02-29"];
    let (code, said) = desk.provision("new", &words);
    assert!(code == Some(2) && said.contains("it was to be renewed by 2020-02-29T00:00:00Z"), "{said}");
}

#[test]
fn a_blob_is_also_a_rust_module_and_uf2_and_only_its_owner_reads_it() {
    let desk = Desk::new(&[]);
    let [cert, key, module, uf2] =
        ["pki/client.pem", "pki/client.key", "blob.rs", "blob.uf2"].map(|name| desk.file(name));
    let forms = ["--rust", &module, "--uf2", &uf2, "--flash-address", "0x101f0000"];
    let said = desk.new_blob(&[&["--cert", &cert, "--key", &key], &forms[..]].concat());
    assert!(said.contains("probe-rs download --binary-format bin --base-address 0x101f0000"), "{said}");
    let blob = desk.bytes("device.bin");
    assert!(desk.0.read("blob.rs").contains(&format!("pub static BLOB: [u8; {}] = [", blob.len())));
    let blocks = desk.bytes("blob.uf2");
    let content: Vec<u8> = blocks.chunks(512).flat_map(|block| block[32..288].to_vec()).collect();
    assert_eq!(&content[..blob.len()], blob);
    for name in ["device.bin", "blob.rs", "blob.uf2", "fleet.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(desk.file(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    // The slot is read back from flash, with what follows.
    let mut slot = blob;
    slot.resize(8192, 0xff);
    desk.0.write("slot", &slot).unwrap();
    Desk::good(&["provision", "show", &desk.file("slot"), "--fleet-key", &desk.file("fleet.key.pub")]);
}

#[test]
fn openssl_verifies_requests_for_keys_in_files_and_outside_of_them() {
    let desk = Desk::new(&[]);
    let [own, outside, public] = ["own.key", "outside.key", "outside.pub"].map(|name| desk.file(name));
    desk.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", "outside.key");
    desk.openssl(&format!("pkey -in {outside} -pubout"), "outside.pub");
    let signer = format!("openssl dgst -sha256 -sign {outside}");
    let names =
        ["--cn", "gateway-0042", "--organization", "Example Bottling", "--dns", "a.example", "--dns", "b.example"];
    for (name, words) in [
        ("made.csr", vec!["--new-key", &own]),
        ("own.csr", vec!["--key", &own]),
        ("outside.csr", vec!["--signer", &signer, "--public-key", &public]),
    ] {
        let request = desk.file(name);
        Desk::good(&[&["provision", "csr", &request], &names[..], &words].concat());
        desk.openssl(&format!("req -in {request} -verify -text -noout -nameopt RFC2253"), "text");
        let text = desk.0.read("text");
        for part in ["CN=gateway-0042,O=Example Bottling", "DNS:a.example, DNS:b.example", "ecdsa-with-SHA256"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    // With a certificate that OpenSSL issues, the key is an identity.
    let [issuer, key, request] = ["pki/issuing.pem", "pki/issuing.key", "own.csr"].map(|name| desk.file(name));
    desk.openssl(
        &format!("x509 -req -in {request} -CA {issuer} -CAkey {key} -set_serial 7 -days 90 -copy_extensions copy"),
        "own.pem",
    );
    desk.new_blob(&["--cert", &desk.file("own.pem"), "--key", &own]);
    signs(&desk.open(&desk.bytes("device.bin"), 1).unwrap(), "own");
    let unsigned = desk.file("unsigned.csr");
    let (code, said) =
        mtls(&["provision", "csr", &unsigned, "--cn", "g", "--signer", "false", "--public-key", &public]);
    assert!(code == Some(1) && said.contains("wanted a signature in DER"), "{said}");
    // The key of another, and a file with two.
    desk.openssl(&format!("pkey -in {own} -pubout"), "own.pub");
    let [other, both] = ["own.pub", "both.pub"].map(|name| desk.file(name));
    desk.0.write("both.pub", ["own.pub", "outside.pub"].map(|name| desk.0.read(name)).concat()).unwrap();
    for (public, told) in
        [(&other, "found a signature that --public-key does not verify"), (&both, "found 2 public keys, wanted one")]
    {
        let words = ["provision", "csr", &unsigned, "--cn", "g", "--signer", &signer, "--public-key", public];
        let (code, said) = mtls(&words);
        assert!(code == Some(1) && said.contains(told), "{said}");
    }
    assert!(!std::fs::exists(unsigned).unwrap());
}

#[test]
fn a_refusal_leaves_no_file() {
    let desk = Desk::new(&[]);
    let [cert, key, root, module, uf2, nowhere] =
        ["pki/client.pem", "pki/client.key", "pki/root.pem", "blob.rs", "blob.uf2", "nowhere/blob.rs"]
            .map(|name| desk.file(name));
    let files = || std::fs::read_dir(desk.file("")).unwrap().count();
    let there = files();
    let identity = ["--ca", &root, "--cert", &cert, "--key", &key];
    // The blob is longer than what is left below 4 GiB.
    let no_room = ["--rust", &module, "--uf2", &uf2, "--flash-address", "0xffffff00"];
    desk.refused("new", &[&identity[..], &no_room].concat(), "found no room for the blob behind it");
    desk.refused(
        "new",
        &[&identity[..], &["--uf2", &uf2, "--flash-address", "0", "--rust", &nowhere]].concat(),
        &nowhere,
    );
    desk.refused("new", &[&identity[..], &["--output", &module]].concat(), "a new blob is written to BLOB");
    assert_eq!(files(), there);
    desk.new_blob(&["--cert", &cert, "--key", &key]);
    let (there, before) = (files(), desk.bytes("device.bin"));
    desk.refused("rotate", &[&identity[..], &no_room].concat(), "found no room for the blob behind it");
    desk.refused("rotate", &[&identity[..], &["--rust", &nowhere]].concat(), &nowhere);
    // The blob that is there already is not overwritten, and neither form is written.
    desk.refused("new", &[&identity[..], &["--rust", &module]].concat(), "File exists");
    // A key without its public part, and one without its request.
    let (code, said) = mtls(&["provision", "fleet-key", &desk.file("pki/client"), "--rust", &module]);
    assert_eq!(code, Some(0), "{said}");
    std::fs::remove_file(desk.file("pki/client")).unwrap();
    std::fs::remove_file(&module).unwrap();
    for words in [
        &["fleet-key", &desk.file("pki/client"), "--rust", &module][..],
        &["csr", &desk.file("fleet.key"), "--cn", "g", "--new-key", &module],
        &["csr", &uf2, "--cn", "", "--new-key", &module],
    ] {
        let (code, said) = mtls(&[&["provision"], words].concat());
        assert_eq!(code, Some(1), "{said}");
    }
    assert_eq!((files(), desk.bytes("device.bin")), (there, before));
    assert!(!std::fs::exists(desk.file("pki/client")).unwrap());
}

#[test]
fn options_that_a_device_cannot_use_are_named() {
    let desk = Desk::new(&[]);
    let [cert, key, root] = ["pki/client.pem", "pki/client.key", "pki/root.pem"].map(|name| desk.file(name));
    let long = format!("/{}", "x".repeat(255));
    let endpoint = ["--ca", &root, "--host", "192.0.2.7"];
    for server in ["[::1]:123", "time.example:123", "192.0.2.1"] {
        let told = format!("--time-server: found '{server}', wanted an IPv4 address and a port, such as 192.0.2.1:123");
        desk.refused("new", &[&endpoint[..], &["--time-server", server]].concat(), &told);
    }
    let text = "wanted 1 to 255 printable ASCII characters without spaces";
    desk.refused("new", &[&endpoint[..], &["--path", &long]].concat(), &format!("--path: found '{long}', {text}"));
    for alias in ["my device", "", &long] {
        let words = ["--ca", &root, "--cert", &cert, "--key", &key, "--alias", alias];
        desk.refused("new", &words, &format!("--alias: found '{alias}', {text}"));
    }
    desk.new_blob(&["--cert", &cert, "--key", &key]);
    let two = ["--cert", &cert, "--key", &key, "--cert", &cert, "--key", &key];
    desk.refused("rotate", &two, "found 2 --cert, wanted one: each replaces the identity of --alias");
}
