//! The clients against real servers.

use super::example;
use test_support::peers::process::Process;
use test_support::peers::servers::nginx;
use test_support::peers::world::{World, free_port};
use test_support::pki::SERVER_NAME;

/// Runs an example against a server of the world with an identity; returns whether it succeeded, and what it printed.
fn run(name: &str, world: &World, port: u16, shows: &str) -> (bool, String) {
    let address = format!("127.0.0.1:{port}");
    let file = |end: &str| world.file(&format!("{shows}.{end}"));
    let mut client =
        Process::start(&example(name), [&address, SERVER_NAME, &world.file("root.pem"), &file("pem"), &file("key")])
            .unwrap();
    let succeeded = client.await_end().unwrap();
    (succeeded, format!("{}{}", String::from_utf8_lossy(&client.stdout()), client.stderr()))
}

fn started(world: &World, shows: &str) -> (Process, u16) {
    let port = free_port().unwrap();
    world.files.write("order", "<order>accepted</order>").unwrap();
    let mut server = nginx(&world.files, port, shows, &[]).unwrap();
    server.await_port(port).unwrap();
    (server, port)
}

#[test]
fn reqwless_posts_to_nginx_with_a_client_certificate() {
    let world = World::new().unwrap();
    let (_server, port) = started(&world, "server");
    let (succeeded, printed) = run("reqwless", &world, port, "client");
    assert!(succeeded, "{printed}");
    assert!(printed.contains("200 <order>accepted</order>"), "{printed}");
    assert!(printed.contains("once more: 200"), "{printed}");
    assert!(world.files.read("requests.log").contains("200 SUCCESS"), "{}", world.files.read("requests.log"));
}

#[test]
fn edge_http_posts_to_nginx_with_a_client_certificate() {
    let world = World::new().unwrap();
    let (_server, port) = started(&world, "server");
    let (succeeded, printed) = run("edge_http", &world, port, "client");
    assert!(succeeded, "{printed}");
    assert!(printed.contains("200 <order>accepted</order>"), "{printed}");
    assert!(world.files.read("requests.log").contains("200 SUCCESS"), "{}", world.files.read("requests.log"));
}

#[test]
fn connections_take_turns_with_a_pool_of_buffers() {
    let world = World::new().unwrap();
    let (_server, port) = started(&world, "server");
    let (succeeded, printed) = run("pool", &world, port, "client");
    assert!(succeeded, "{printed}");
    for order in 1..=6 {
        assert!(printed.contains(&format!("order {order}: HTTP/1.1 200")), "{printed}");
    }
    assert!(printed.contains("connections at once: 2"), "{printed}");
}

#[test]
fn reqwless_gets_the_error_kind_of_a_rejected_server_and_the_connector_the_reason() {
    let world = World::new().unwrap();
    let (_server, port) = started(&world, "server-expired");
    let (succeeded, printed) = run("reqwless", &world, port, "client");
    assert!(!succeeded, "{printed}");
    assert!(printed.contains("PermissionDenied"), "{printed}");
    assert!(printed.contains("expired"), "{printed}");
}
