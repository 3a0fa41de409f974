//! The key log: the lines that tools for captures know, the same on both sides, and the right secrets.
#![cfg(feature = "key-log")]
#![allow(missing_docs)]

use std::fmt::Write;

use embedded_mtls::{KeyLog, KeyLogLine};
use std::sync::Mutex;
use test_support::messages::{Hello, records};
use test_support::pair::{Setup, advance, deliver, drain, leak};
use test_support::pki::{Pki, Role};
use test_support::script::{Epoch, client};

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl KeyLog for Lines {
    fn secret(&self, line: &KeyLogLine<'_>) {
        self.0.lock().unwrap().push(line.to_string());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn both_sides_log_the_same_five_secrets_in_the_format_of_nss() {
    let mut setup = Setup::new(&Pki::new());
    let (client_lines, server_lines): (&Lines, &Lines) = (leak(Box::default()), leak(Box::default()));
    let (mut client, mut server) = (setup.client_handshake().unwrap(), setup.server_handshake().unwrap());
    client.dangerous_set_key_log(client_lines);
    server.dangerous_set_key_log(server_lines);
    let (mut up, mut down, mut log) = (Vec::new(), Vec::new(), Vec::new());
    let mut done = (None, None);
    while done != (Some(Ok(())), Some(Ok(()))) {
        done.0 = done.0.or_else(|| advance(&mut client, &mut setup.client_host));
        drain(&mut client, &mut up, &mut log);
        deliver(&mut up, &mut server, 0);
        done.1 = done.1.or_else(|| advance(&mut server, &mut setup.server_host));
        drain(&mut server, &mut down, &mut Vec::new());
        deliver(&mut down, &mut client, 0);
    }
    let lines = client_lines.0.lock().unwrap();
    assert_eq!(*lines, *server_lines.0.lock().unwrap());
    let random = hex(&Hello::parse(&records(&log)[0][5..]).random);
    let labels = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
    ];
    assert_eq!(lines.len(), labels.len());
    for (line, label) in lines.iter().zip(labels) {
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(words[..2], [label, &random]);
        assert_eq!(words[2].len(), 64);
    }
}

#[test]
fn the_secrets_are_those_that_an_independent_key_schedule_gives() {
    let pki = Pki::new();
    let lines: &Lines = leak(Box::default());
    let (mut real, mut script) = client(Setup::new(&pki));
    real.handshake.dangerous_set_key_log(lines);
    let flight = script.server_flight(&pki, |message| message);
    real.feed(&script.seal_all(&flight));
    let expected: Vec<_> = [Epoch::Handshake, Epoch::Application]
        .into_iter()
        .flat_map(|epoch| [(epoch, Role::Client), (epoch, Role::Server)])
        .map(|(epoch, role)| hex(script.keys(epoch, role).secret()))
        .collect();
    let lines = lines.0.lock().unwrap();
    let secrets: Vec<_> = lines.iter().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(secrets[..4], expected);
}
