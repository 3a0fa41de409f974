//! Our keys of every kind, in every form in which they are kept, with OpenSSL, nginx and curl on the other side.

use std::process::{Command, Output};

use test_support::peers::process::Process;
use test_support::peers::servers;
use test_support::peers::workdir::Workdir;
use test_support::peers::world::free_port;

use crate::says;

const MTLS: &str = env!("CARGO_BIN_EXE_mtls");
const NAME: &str = "supplier.example";
const CLIENT: &str = "gateway-0042.plant.example";
/// The password of encrypted files, and the variable with it.
const PASSWORD: &str = "hunter2";
const VARIABLE: &str = "EMBEDDED_MTLS_TEST_PASSWORD";

/// Runs a program until it ends.
fn run(program: &str, words: &[&str]) -> Output {
    Command::new(program).args(words).env(VARIABLE, PASSWORD).output().unwrap()
}

/// Runs a program that has to succeed.
fn succeed(program: &str, words: &[&str]) -> String {
    let output = run(program, words);
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{program} {words:?}: {told}");
    told
}

/// A folder in which `mtls pki new` has written a PKI.
pub(crate) struct Folder(Workdir);

impl Folder {
    /// Creates one whose server and client have keys of this kind.
    pub(crate) fn new(kind: &str) -> Self {
        let files = Workdir::new().unwrap();
        succeed(MTLS, &["pki", "new", &files.file("pki"), "--key", kind]);
        for name in ["root.pem", "server.pem", "server.key", "issuing.pem", "issuing.key", "client.pem", "client.key"] {
            std::fs::rename(files.file(&format!("pki/{name}")), files.file(name)).unwrap();
        }
        std::fs::copy(files.file("server.pem"), files.file("server.leaf.pem")).unwrap();
        files.write("order", "taken").unwrap();
        Self(files)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.file(name)
    }

    /// Has OpenSSL write a file of this name; `words` are separated by spaces.
    pub(crate) fn openssl(&self, words: &str, out: &str) -> String {
        let out = self.file(out);
        let words: Vec<_> = words
            .split(' ')
            .map(
                |word| if word.ends_with(".key") || word.ends_with(".pem") { self.file(word) } else { word.to_owned() },
            )
            .collect();
        let words: Vec<_> = words.iter().map(String::as_str).chain(["-out", &out]).collect();
        succeed("openssl", &words);
        out
    }

    /// Checks a server as a client with these files.
    pub(crate) fn check(&self, port: u16, cert: &str, key: &[&str]) -> Output {
        let (target, root) = (format!("127.0.0.1:{port}"), self.file("root.pem"));
        let words = ["check", &target, "--sni", NAME, "--ca", &root, "--cert", cert];
        run(MTLS, &[&words[..], key, &["--key-password", &format!("env:{VARIABLE}"), "--path", "/order"]].concat())
    }

    /// Starts `openssl s_server`, which requires a certificate.
    pub(crate) fn server(&self) -> (Process, u16) {
        let (port, issuers) = (free_port().unwrap(), self.file("issuing.pem"));
        let options = ["-www -Verify 3 -verify_return_error -cert_chain", &issuers];
        (servers::openssl(&self.0, port, "server", &options).unwrap(), port)
    }

    /// Starts `mtls serve` for one connection.
    fn serve(&self) -> (Process, String) {
        let [cert, key, root] = ["server.pem", "server.key", "root.pem"].map(|name| self.file(name));
        let words =
            ["serve", "--listen", "127.0.0.1:0", "--once", "1", "--cert", &cert, "--key", &key, "--client-ca", &root];
        let mut server = Process::start(MTLS, words).unwrap();
        let address = |server: &Process| {
            let told = String::from_utf8_lossy(&server.stdout()).into_owned();
            let (line, _) = told.split_once('\n')?;
            line.strip_prefix("listening on ").map(str::to_owned)
        };
        server.await_sign("said where it listens", |server| address(server).is_some()).unwrap();
        let address = address(&server).unwrap();
        (server, address)
    }
}

/// Wants a check to pass.
fn passed(output: &Output) {
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&output.stderr));
    says(&told, &["accepted"]);
}

#[test]
fn openssl_accepts_our_keys_of_every_kind_in_every_form() {
    const PKCS8: &str = "pkcs8 -topk8 -in client.key";
    for (kind, forms) in [
        ("rsa2048", &["rsa -traditional -in client.key", "pkey -in client.key -outform DER"][..]),
        ("rsa3072", &["rsa -traditional -in client.key -outform DER"]),
        ("p384", &["ec -in client.key", "ec -in client.key -outform DER"]),
        ("ed25519", &["pkey -in client.key -outform DER"]),
    ] {
        let folder = Folder::new(kind);
        let (_server, port) = folder.server();
        let encrypted = [
            format!("{PKCS8} -v2 aes-256-cbc -passout pass:{PASSWORD}"),
            format!("{PKCS8} -scrypt -passout pass:{PASSWORD} -outform DER"),
        ];
        passed(&folder.check(port, &folder.file("client.pem"), &["--key", &folder.file("client.key")]));
        for form in forms.iter().copied().chain(encrypted.iter().map(String::as_str)) {
            let key = folder.openssl(form, "converted");
            passed(&folder.check(port, &folder.file("client.pem"), &["--key", &key]));
        }
    }
}

#[test]
fn one_pkcs12_file_is_certificate_and_key() {
    for (kind, form) in [("rsa2048", ""), ("p256", " -legacy"), ("p384", " -legacy -descert")] {
        let folder = Folder::new(kind);
        let (_server, port) = folder.server();
        let words = format!("pkcs12 -export{form} -in client.pem -inkey client.key -passout pass:{PASSWORD}");
        passed(&folder.check(port, &folder.openssl(&words, "client.p12"), &[]));
    }
}

#[test]
fn nginx_accepts_our_rsa_and_p384_keys() {
    for kind in ["rsa2048", "p384"] {
        let folder = Folder::new(kind);
        let port = free_port().unwrap();
        let mut server = servers::nginx(&folder.0, port, "server", &[]).unwrap();
        server.await_port(port).unwrap();
        passed(&folder.check(port, &folder.file("client.pem"), &["--key", &folder.file("client.key")]));
    }
}

#[test]
fn a_key_that_signs_by_pss_with_sha_384_only_does_so() {
    let folder = Folder::new("p256");
    let options = "-pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha384 -pkeyopt rsa_pss_keygen_mgf1_md:sha384 \
                   -pkeyopt rsa_pss_keygen_saltlen:48";
    folder.openssl(&format!("genpkey -algorithm RSA-PSS {options}"), "pss.key");
    let request = format!("req -new -x509 -key pss.key -subj /CN={CLIENT} -days 90 -CA issuing.pem -CAkey issuing.key");
    let extensions = "-addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=clientAuth";
    let leaf = folder.openssl(&format!("{request} {extensions} -sha384"), "leaf");
    let chain = [leaf, folder.file("issuing.pem")].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    let chain = folder.0.write("pss.pem", chain).unwrap();
    let (_server, port) = folder.server();
    passed(&folder.check(port, &chain, &["--key", &folder.file("pss.key")]));
}

#[test]
fn curl_and_openssl_accept_a_supplier_with_a_key_of_each_kind() {
    for kind in ["rsa2048", "p384", "ed25519"] {
        let folder = Folder::new(kind);
        let [cert, key, root] = ["client.pem", "client.key", "root.pem"].map(|name| folder.file(name));
        let (mut server, address) = folder.serve();
        let (_, port) = address.rsplit_once(':').unwrap();
        let (url, to) = (format!("https://{NAME}:{port}/"), format!("{NAME}:{port}:127.0.0.1"));
        let words = [
            "-sS",
            "--tls13-ciphers",
            "TLS_AES_128_GCM_SHA256",
            "--resolve",
            &to,
            "--cacert",
            &root,
            "--cert",
            &cert,
            "--key",
            &key,
            &url,
        ];
        says(&succeed("curl", &words), &[CLIENT]);
        assert!(server.await_end().unwrap());

        let (_server, address) = folder.serve();
        let words =
            ["s_client", "-connect", &address, "-verify_return_error", "-verify_hostname", NAME, "-CAfile", &root];
        let mut client =
            Process::start("openssl", [&words[..], &["-cert", &cert, "-key", &key, "-cert_chain", &cert]].concat())
                .unwrap();
        client.close_stdin();
        assert!(client.await_end().unwrap(), "{kind}: {}", client.stderr());
    }
}

#[test]
fn an_unusable_key_is_named_before_anything_is_sent() {
    let folder = Folder::new("rsa2048");
    let refused = |key: &str, words: &[&str]| {
        // Nobody listens at this port.
        let output = folder.check(9, &folder.file("client.pem"), &["--key", key]);
        assert_eq!(output.status.code(), Some(1));
        says(&String::from_utf8_lossy(&output.stderr), words);
    };
    let weak = folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024", "weak.key");
    refused(
        &weak,
        &["found an RSA key with 1024 bits, which is too weak, wanted a key on P-256 or P-384, for Ed25519"],
    );
    let p521 = folder.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521", "p521.key");
    refused(&p521, &["found an EC key on P-521, wanted a key on P-256"]);
    let sec1 = folder.openssl("ecparam -name secp521r1 -genkey -noout", "sec1.key");
    refused(&sec1, &["found an EC key that is malformed or on an unsupported curve"]);
    refused(
        &folder.file("server.key"),
        &["client.pem: found no certificate for the key of", "though the first has a key for RSA"],
    );
    let p256 = folder.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", "p256.key");
    refused(&p256, &["the first of 2 has a key for RSA, ours is on P-256"]);
}
