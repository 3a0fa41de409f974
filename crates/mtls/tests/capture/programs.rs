//! The two programs on a real socket: `--capture` and `--keylog` of either side.

use crate::process::Process;
use crate::tshark;
use crate::world::{WANTED_NAME, World, free_port};

const ORDER: &str = include_str!("../../../../examples/data/order.xml");

/// Posts an order; each side writes a capture and a key log of its own.
fn post_order(world: &World) {
    let file = |name: &str| world.file(name);
    world.files.write("order.xml", ORDER).unwrap();
    let port = free_port().unwrap().to_string();
    let listen = format!("127.0.0.1:{port}");
    let line = format!(
        "--listen {listen} --once 1 --cert {} --key {} --client-ca {} --capture {} --keylog {}",
        file("server.pem"),
        file("server.key"),
        file("root.pem"),
        file("supplier.pcap"),
        file("supplier.keys"),
    );
    let mut supplier = Process::start(env!("CARGO_BIN_EXE_supplier"), line.split(' ')).unwrap();
    supplier.await_sign("listened", |process| !process.stdout().is_empty()).unwrap();
    let line = format!(
        "--connect {listen} --server-name supplier.example.com --ca {} --cert {} --key {} --order {} --capture {} --keylog {}",
        file("root.pem"),
        file("client-deep.pem"),
        file("client-deep.key"),
        file("order.xml"),
        file("gateway.pcap"),
        file("gateway.keys"),
    );
    let mut gateway = Process::start(env!("CARGO_BIN_EXE_gateway"), line.split(' ')).unwrap();
    let accepted = gateway.await_end().unwrap();
    let printed = String::from_utf8_lossy(&gateway.stdout()).into_owned();
    assert!(accepted, "{printed}{}", gateway.stderr());
    assert_eq!(supplier.await_end(), Ok(true));
}

#[test]
fn captures_of_the_programs_open_in_tshark_with_the_secrets_of_either_side() {
    let world = World::new().unwrap();
    post_order(&world);
    let fields = ["ip.src", "x509sat.uTF8String", "http.request.method", "http.response.code"];
    for (capture, keys) in [("gateway.pcap", "supplier.keys"), ("supplier.pcap", "gateway.keys")] {
        let seen = tshark(&world.file(capture), &world.file(keys), "tls", &fields);
        assert!(seen.iter().any(|row| row[0] == "10.0.0.1" && row[1].contains(WANTED_NAME)), "{seen:?}");
        assert!(seen.iter().any(|row| row[2] == "POST"), "{seen:?}");
        assert!(seen.iter().any(|row| row[3] == "200"), "{seen:?}");
    }
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(world.file("gateway.keys")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "nobody else may read the secrets");
}
