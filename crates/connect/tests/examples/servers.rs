//! The servers, with clients of others.

use super::example;
use test_support::peers::process::Process;
use test_support::peers::world::{World, free_port};
use test_support::pki::SERVER_NAME;

/// Starts the server with the identity of the world.
fn started(world: &World) -> (Process, u16) {
    let port = free_port().unwrap();
    let address = format!("127.0.0.1:{port}");
    let files = ["root.pem", "server.pem", "server.key"].map(|name| world.file(name));
    let mut server = Process::start(&example("picoserve"), [&address].into_iter().chain(&files)).unwrap();
    server.await_port(port).unwrap();
    (server, port)
}

/// Requests the page with curl, with an identity of the world if there is one; returns what curl printed.
fn requested(world: &World, port: u16, shows: Option<&str>) -> String {
    let root = world.file("root.pem");
    let resolve = format!("{SERVER_NAME}:{port}:127.0.0.1");
    let url = format!("https://{SERVER_NAME}:{port}/");
    let identity = shows.map(|shows| [world.file(&format!("{shows}.pem")), world.file(&format!("{shows}.key"))]);
    let mut words = vec!["-sS", "--max-time", "20", "--resolve", &resolve, "--cacert", &root];
    if let Some([certificate, key]) = &identity {
        words.extend(["--cert", certificate, "--key", key]);
    }
    words.push(&url);
    let mut curl = Process::start("curl", words).unwrap();
    curl.await_end().unwrap();
    format!("{}{}", String::from_utf8_lossy(&curl.stdout()), curl.stderr())
}

#[test]
fn picoserve_serves_curl_with_its_certificate_and_no_other_client() {
    let world = World::new().unwrap();
    let (server, port) = started(&world);
    for shows in [None, Some("client-of-other-root")] {
        let printed = requested(&world, port, shows);
        assert!(!printed.contains("You are"), "{printed}");
    }
    // The buffers came back each time: there is one set of them.
    for _ in 0..2 {
        let printed = requested(&world, port, Some("client"));
        assert!(printed.contains("You are CN=gateway-7"), "{printed}");
    }
    let log = String::from_utf8_lossy(&server.stdout()).into_owned();
    assert!(log.contains("the client sent no certificate"), "{log}");
    assert!(log.contains("neither trusted nor among the certificates sent"), "{log}");
}
