//! Blobs in place of files: servers are checked as a device meets them, and blobs are inspected.

use serde_json::Value;
use test_support::peers::process::Process;

use super::{Desk, mtls};

/// A supplier, and a blob with which devices connect to it.
struct Ground {
    desk: Desk,
    _server: Process,
    port: String,
    blob: String,
}

impl Ground {
    fn new() -> Self {
        let desk = Desk::new(&[]);
        let [cert, key, root] = ["pki/server.pem", "pki/server.key", "pki/root.pem"].map(|name| desk.file(name));
        Desk::good(&["pki", "issue", &desk.file("pki"), "--client", "gateway-0043", "--file", "other"]);
        desk.new_blob(&[]);
        std::fs::rename(desk.file("device.bin"), desk.file("next.bin")).unwrap();
        let announced = format!("gateway-0042.plant.example={}", desk.file("next.bin"));
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--cert",
            &cert,
            "--key",
            &key,
            "--client-ca",
            &root,
            "--blob",
            &announced,
        ];
        let mut server = Process::start(env!("CARGO_BIN_EXE_mtls"), words).unwrap();
        let port = |server: &Process| {
            let told = String::from_utf8_lossy(&server.stdout()).into_owned();
            Some(told.split_once('\n')?.0.rsplit_once(':')?.1.to_owned())
        };
        server.await_sign("said where it listens", |server| port(server).is_some()).unwrap();
        let port = port(&server).unwrap();
        let [cert, key] = ["pki/client.pem", "pki/client.key"].map(|name| desk.file(name));
        let endpoint =
            ["--host", "127.0.0.1", "--port", &port, "--server-name", "supplier.example", "--path", "/orders"];
        desk.new_blob(&[&["--cert", &cert, "--key", &key], &endpoint[..]].concat());
        let blob = desk.file("device.bin");
        Self { desk, _server: server, port, blob }
    }

    /// Checks the server of the blob.
    fn check(&self, words: &[&str]) -> (Option<i32>, String) {
        let key = self.desk.file("fleet.key.pub");
        mtls(&[&["check", "--blob", &self.blob, "--fleet-key-pub", &key], words].concat())
    }
}

#[test]
fn a_server_is_checked_with_what_a_device_has() {
    let ground = Ground::new();
    let (code, said) = ground.check(&[]);
    assert_eq!(code, Some(0), "{said}");
    for words in ["sending client", "GET /orders: HTTP 200", "device.bin), depth 2", "'supplier.example' is one of: "] {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
    assert!(!said.contains("-cert "), "the key is in no file: {said}");
    // A path of the command line wins, also if it is the usual one.
    let (code, said) = ground.check(&["--path", "/"]);
    assert!(code == Some(0) && said.contains("GET /: HTTP 200"), "{said}");
    // Another host with the same trust and identity.
    let (code, said) = ground.check(&["127.0.0.1:1", "--no-http"]);
    assert_eq!(code, Some(10), "{said}");
    ground.desk.provisioned("rotate", &["--deny", &ground.desk.file("pki/server.pem")]);
    let (code, said) = ground.check(&[]);
    assert!(code != Some(0) && said.contains("on the deny list: certificate "), "{said}");
    ground.desk.provisioned("rotate", &["--cert", &ground.desk.file("pki/client.pem"), "--handle", "7"]);
    let (_, said) = ground.check(&[]);
    assert!(said.contains("the key of client is not here, but in the device: no certificate is sent"), "{said}");
    let (code, said) = ground.check(&["--alias", "other"]);
    assert!(code == Some(1) && said.contains("the site has an alias, which the policy of the fleet locks"), "{said}");
    let (code, said) = ground.check(&["--ca", &ground.desk.file("pki/root.pem")]);
    assert!(code == Some(1) && said.contains("cannot be used with"), "{said}");
}

#[test]
fn a_server_announces_the_blob_of_a_client_and_gives_it_to_no_other() {
    let ground = Ground::new();
    let desk = &ground.desk;
    let to = format!("127.0.0.1:{}", ground.port);
    let root = desk.file("pki/root.pem");
    let order = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/order.xml");
    for (client, announced, status) in [("client", Value::from(1), "HTTP 200"), ("other", Value::Null, "HTTP 404")] {
        let [cert, key] = ["pem", "key"].map(|kind| desk.file(&format!("pki/{client}.{kind}")));
        let own = ["--ca", &root, "--cert", &cert, "--key", &key];
        let post = ["order", "post", "--connect", &to, "--server-name", "supplier.example", "--order", order, "--json"];
        let told: Value = serde_json::from_str(&Desk::good(&[&post[..], &own].concat())).unwrap();
        assert_eq!(told["blob"], announced, "{client}");
        let check = ["check", &to, "--sni", "supplier.example", "--path", "/.well-known/mtls-blob"];
        let (_, said) = mtls(&[&check[..], &own].concat());
        assert!(said.contains(&format!("GET /.well-known/mtls-blob: {status}")), "{said}");
    }
}

#[test]
fn a_blob_that_no_device_accepts_is_used_for_no_check_and_named_by_an_inspection() {
    let ground = Ground::new();
    let desk = &ground.desk;
    Desk::good(&["provision", "fleet-key", &desk.file("other.key")]);
    let foreign = desk.file("other.key.pub");
    let damaged =
        desk.bytes("device.bin").iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 99)).collect::<Vec<_>>();
    let damaged = desk.0.write("damaged.bin", damaged).unwrap();
    for (blob, key, told) in [
        (&ground.blob, &foreign, "found one that the key of the fleet did not make"),
        (&damaged, &desk.file("fleet.key.pub"), "it is damaged or incomplete"),
    ] {
        let (code, said) = mtls(&["check", "--blob", blob, "--fleet-key-pub", key]);
        assert!(code == Some(1) && said.contains(told), "{said}");
        let (code, said) = mtls(&["inspect", blob, "--fleet-key-pub", key]);
        assert!(code == Some(3) && said.contains(told) && said.contains("no device accepts this blob"), "{said}");
    }
    let (code, said) = mtls(&["inspect", &ground.blob, "--fleet-key-pub", &desk.file("fleet.key.pub")]);
    assert_eq!(code, Some(0), "{said}");
    for words in [
        "the blob of a device, version 1, ",
        " bytes, signed by the fleet",
        "    endpoint  https://supplier.example:",
        "└─ CN=gateway-0042.plant.example",
        "its key: ",
        "bytes of peer memory",
    ] {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
    let said = Desk::good(&["inspect", &ground.blob, "--json"]);
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&told["items"][0]["kind"], &told["items"][0]["verified"]), (&"blob".into(), &false.into()));
    // A slot whose renewal is due.
    std::fs::remove_file(&ground.blob).unwrap();
    let words = ["--ca", &desk.file("pki/root.pem"), "--renew-by", "2020-02-29"];
    assert_eq!(desk.provision("new", &words).0, Some(2));
    let (code, said) = mtls(&["inspect", &ground.blob]);
    assert!(code == Some(2) && said.contains("warning: it was to be renewed by 2020-02-29"), "{said}");
}
