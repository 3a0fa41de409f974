//! Writes inputs to begin with, for the targets that would not find them for a long time: `cargo run --example seeds DIRECTORY`.

use std::fs;
use std::path::Path;

const HOST: &str = "<VirtualHost name=\"default\"><SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled>\
    <KeyStore>keys</KeyStore><KeyAlias>a</KeyAlias><TrustStore>trust</TrustStore></SSLInfo></VirtualHost>";
const REQUEST: &str = "POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

fn main() {
    let directory = std::env::args().nth(1).expect("a directory");
    let (from_client, from_server) = fuzz::recorded();
    let mut seeds: Vec<(&str, Vec<u8>)> = vec![
        ("client", from_server),
        ("server", from_client),
        ("certificate", fuzz::certificates()),
        ("events", vec![0; 400]),
        ("order", include_bytes!("../../examples/data/order.xml").to_vec()),
        ("order", fuzz::ANSWER.into()),
        ("order", REQUEST.into()),
        ("policy", fuzz::POLICY.into()),
        ("policy", HOST.into()),
    ];
    seeds.extend(fuzz::recorded_tickets().map(|ticket| ("tickets", ticket)));
    // A byte in front selects the message; a client or a server.
    seeds.extend((0..16).map(|kind| ("messages", vec![kind, 0])));
    seeds.extend(
        (0..2).map(|role| ("session", vec![role, 6, 5, 1, 1, 8, 2, 5, 104, 101, 108, 108, 111, 3, 2, 1, 0, 7, 2, 1])),
    );
    for (number, (target, bytes)) in seeds.iter().enumerate() {
        let folder = Path::new(&directory).join(target);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("seed-{number}")), bytes).expect("a file");
    }
}
