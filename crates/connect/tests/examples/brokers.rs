//! The MQTT client, with a broker of others.

use super::example;
use test_support::peers::process::Process;
use test_support::peers::world::{World, free_port};
use test_support::pki::SERVER_NAME;

/// Starts mosquitto, which knows its users by their certificates and gives each a topic of its own.
fn started(world: &World) -> (Process, u16) {
    let port = free_port().unwrap();
    let [root, certificate, key] = ["root.pem", "server.pem", "server.key"].map(|name| world.file(name));
    let rules = world.files.write("rules", "pattern readwrite orders/%u\n").unwrap();
    let configuration = format!(
        "listener {port} 127.0.0.1
cafile {root}
certfile {certificate}
keyfile {key}
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {rules}
user root
log_dest stderr
log_type all
"
    );
    let configuration = world.files.write("mosquitto.conf", configuration).unwrap();
    let mut broker = Process::start("mosquitto", ["-c", &configuration]).unwrap();
    broker.await_port(port).unwrap();
    (broker, port)
}

/// Publishes to a topic with an identity of the world; returns whether it succeeded, and what it printed.
fn published(world: &World, port: u16, shows: &str, topic: &str) -> (bool, String) {
    let address = format!("127.0.0.1:{port}");
    let file = |end: &str| world.file(&format!("{shows}.{end}"));
    let (root, certificate, key) = (world.file("root.pem"), file("pem"), file("key"));
    let words = [&address, SERVER_NAME, &root, &certificate, &key, topic];
    let mut client = Process::start(&example("mqtt"), words).unwrap();
    let succeeded = client.await_end().unwrap();
    (succeeded, format!("{}{}", String::from_utf8_lossy(&client.stdout()), client.stderr()))
}

#[test]
fn mosquitto_delivers_to_the_user_that_the_certificate_names() {
    let world = World::new().unwrap();
    let (broker, port) = started(&world);
    let (succeeded, printed) = published(&world, port, "client", "orders/gateway-7");
    assert!(succeeded, "{printed}");
    assert!(printed.contains("100 bolts"), "{printed}");
    assert!(broker.stderr().contains("u'gateway-7'"), "{}", broker.stderr());
}

#[test]
fn mosquitto_rejects_a_certificate_of_another_root_and_the_connector_has_the_reason() {
    let world = World::new().unwrap();
    let (_broker, port) = started(&world);
    let (succeeded, printed) = published(&world, port, "client-of-other-root", "orders/gateway-7");
    assert!(!succeeded, "{printed}");
    assert!(printed.contains("PermissionDenied") && printed.contains("unknown_ca"), "{printed}");
}
