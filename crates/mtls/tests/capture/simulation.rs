//! Both sides in memory, and a capture of what passed between them.

use crate::pair::{ClientHandshake, ServerHandshake, Setup, TestSession, advance, deliver, drain, leak, read_all};
use crate::pki::{CLIENT_NAME, Pki};
use crate::tshark;
use crate::workdir::Workdir;
use embedded_mtls::io::Host;
use embedded_mtls::{Client, ClientAuth, Event, KeyLog, KeyLogLine, Server, Side};
use mtls::capture::{Capture, Conversation, End};
use std::fmt::Write as _;
use std::fs::File;
use std::sync::Mutex;

/// The message types of RFC 9846 section 4 that are looked for.
const CERTIFICATE: &str = "11";
const CERTIFICATE_REQUEST: &str = "13";
const CERTIFICATE_VERIFY: &str = "15";
const KEY_UPDATE: &str = "24";

#[derive(Default)]
struct Lines(Mutex<String>);

impl KeyLog for Lines {
    fn secret(&self, line: &KeyLogLine<'_>) {
        writeln!(self.0.lock().unwrap(), "{line}").unwrap();
    }
}

/// A capture of one simulated connection, and where its secrets are.
struct Simulation {
    files: Workdir,
    conversation: Conversation<File>,
    secrets: &'static Lines,
}

impl Simulation {
    fn new() -> Self {
        let files = Workdir::new().unwrap();
        let capture = Capture::create(&files.file("simulation.pcap")).unwrap();
        Self { conversation: capture.conversation(End::Client), files, secrets: leak(Box::default()) }
    }

    /// The handshake: the client logs its secrets.
    fn shake_hands(&mut self, mut setup: Setup) -> (TestSession<Client>, TestSession<Server>, Setup) {
        let (mut client, mut server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
        client.dangerous_set_key_log(self.secrets);
        let mut done = (None, None);
        while done != (Some(Ok(())), Some(Ok(()))) {
            done.0 = done.0.or_else(|| advance(&mut client, &mut setup.client_host));
            self.pass_up(&mut client, &mut server);
            done.1 = done.1.or_else(|| advance(&mut server, &mut setup.server_host));
            self.pass_down(&mut server, &mut client);
        }
        let sessions = (client.into_session().ok().unwrap(), server.into_session().ok().unwrap());
        (sessions.0, sessions.1, setup)
    }

    fn pass_up(&mut self, client: &mut ClientHandshake, server: &mut ServerHandshake) {
        let mut bytes = Vec::new();
        drain(client, &mut bytes, &mut Vec::new());
        self.conversation.sent(&bytes);
        deliver(&mut bytes, server, 0);
    }

    fn pass_down(&mut self, server: &mut ServerHandshake, client: &mut ClientHandshake) {
        let mut bytes = Vec::new();
        drain(server, &mut bytes, &mut Vec::new());
        self.conversation.received(&bytes);
        deliver(&mut bytes, client, 0);
    }

    /// Moves all that `from` has to send; gives the data that came out.
    fn pass(&mut self, from: &mut TestSession<impl Side>, to: &mut TestSession<impl Side>, sender: End) -> Vec<u8> {
        let bytes = from.tx_pending().to_vec();
        from.tx_consume(bytes.len());
        match sender {
            End::Client => self.conversation.sent(&bytes),
            End::Server => self.conversation.received(&bytes),
        }
        to.rx_space()[..bytes.len()].copy_from_slice(&bytes);
        to.rx_commit(bytes.len()).unwrap();
        let mut data = Vec::new();
        read_all(to, &mut data).unwrap();
        data
    }

    /// The fields of the packets that `filter` lets through, each a list.
    fn dissect(self, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
        let keys = self.files.write("keys.log", self.secrets.0.lock().unwrap().as_bytes()).unwrap();
        drop(self.conversation);
        tshark(&self.files.file("simulation.pcap"), &keys, filter, fields)
    }
}

fn post(path: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn a_simulation_opens_in_tshark_with_the_order_and_who_sent_it() {
    let mut simulation = Simulation::new();
    let (mut client, mut server, _) = simulation.shake_hands(Setup::new(&Pki::new()));
    client.write(&post("/orders", "<cXML/>")).unwrap();
    simulation.pass(&mut client, &mut server, End::Client);
    server.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    assert!(!simulation.pass(&mut server, &mut client, End::Server).is_empty());
    let fields = ["ip.src", "tls.handshake.type", "x509sat.uTF8String", "http.request.uri", "http.response.code"];
    let seen = simulation.dissect("tls", &fields);
    let of_client = |name: &str| seen.iter().any(|row| row[0] == "10.0.0.1" && row[2].contains(name));
    assert!(of_client(CLIENT_NAME), "{seen:?}");
    let types = |row: &Vec<String>, kind: &str| row[1].split(',').any(|found| found == kind);
    assert!(seen.iter().any(|row| types(row, CERTIFICATE) && types(row, CERTIFICATE_VERIFY)), "{seen:?}");
    assert!(seen.iter().any(|row| types(row, CERTIFICATE_REQUEST) && row[0] == "10.0.0.2"), "{seen:?}");
    assert!(seen.iter().any(|row| row[3] == "/orders"), "{seen:?}");
    assert!(seen.iter().any(|row| row[4] == "200"), "{seen:?}");
}

#[test]
fn messages_after_a_key_update_are_read_as_well() {
    let mut simulation = Simulation::new();
    let (mut client, mut server, _) = simulation.shake_hands(Setup::new(&Pki::new()));
    client.request_key_update();
    simulation.pass(&mut client, &mut server, End::Client);
    simulation.pass(&mut server, &mut client, End::Server);
    client.write(&post("/after", "<cXML/>")).unwrap();
    simulation.pass(&mut client, &mut server, End::Client);
    let seen = simulation.dissect("tls", &["ip.src", "tls.handshake.type", "http.request.uri"]);
    let updates: Vec<_> = seen.iter().filter(|row| row[1] == KEY_UPDATE).map(|row| row[0].as_str()).collect();
    assert_eq!(updates, ["10.0.0.1", "10.0.0.2"], "{seen:?}");
    assert!(seen.iter().any(|row| row[2] == "/after"), "{seen:?}");
}

#[test]
fn a_client_that_sends_a_certificate_after_the_handshake_is_identified() {
    let mut simulation = Simulation::new();
    let pki = Pki::new();
    let mut setup = Setup::new(&pki);
    let anchors = crate::pair::anchors(&[&pki.root]);
    setup.client = setup.client.with_post_handshake_auth(true);
    setup.server = embedded_mtls::ServerConfig::new(ClientAuth::None);
    let (mut client, mut server, mut setup) = simulation.shake_hands(setup);
    client.write(&post("/orders", "")).unwrap();
    simulation.pass(&mut client, &mut server, End::Client);
    server.request_certificate(ClientAuth::Required(anchors)).unwrap();
    simulation.pass(&mut server, &mut client, End::Server);
    while let Ok(event) = client.poll() {
        match event {
            Event::Credential(request) => {
                let choice = setup.client_host.credential(&request.peer_request());
                request.answer(choice).unwrap();
            }
            Event::Sign(request) => {
                let signature = setup.client_host.sign(&request.input).unwrap();
                request.complete(&signature).unwrap();
            }
            _ => break,
        }
    }
    simulation.pass(&mut client, &mut server, End::Client);
    let seen = simulation.dissect("tls.handshake.type == 11", &["ip.src", "frame.number", "x509sat.uTF8String"]);
    let last = seen.last().unwrap();
    assert!(last[0] == "10.0.0.1" && last[2].contains(CLIENT_NAME), "{seen:?}");
}
