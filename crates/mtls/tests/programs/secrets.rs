//! Programs print nothing of the content of files: every reader, with every kind of broken file.

use super::policy::Folder;
use super::*;
use mtls::args::UsageError;
use mtls::cxml::{Order, Status};
use mtls::policy::{Around, Rules, SslInfo};
use mtls_pki::pem;

/// Parts of secrets, in the forms in which a reader may have them in its hands.
struct Secrets {
    parts: Vec<String>,
}

impl Secrets {
    /// Fails if a message contains any of it.
    fn assert_hidden(&self, message: &str, who: &str) {
        for part in &self.parts {
            assert!(!message.contains(part.as_str()), "{who} shows a secret: {message}");
        }
        assert!(message.chars().all(|character| character == '\n' || !character.is_control()), "{who}: {message:?}");
    }
}

/// A key, and everything that people and their tools make of the file of one.
fn broken_keys() -> (Secrets, Vec<(&'static str, Vec<u8>)>) {
    let key = Pki::new().unwrap().gateway.key.to_pem();
    let lines: Vec<_> = key.lines().map(str::to_owned).collect();
    let body = lines[1..lines.len() - 1].concat();
    // Every part of 16 characters: 12 bytes of the key.
    let parts = body.as_bytes().windows(16).map(|part| String::from_utf8(part.to_vec()).unwrap()).collect();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let text = |text: String| text.into_bytes();
    let files = vec![
        ("whole", text(key.clone())),
        ("blank lines", text(key.replace('\n', "\n\n"))),
        ("blank lines and a bad character", text(key.replace('\n', "\n\n").replacen('M', "M*", 1))),
        ("on one line", text(key.replace('\n', " "))),
        ("line ends as two characters", text(key.replace('\n', "\\n"))),
        ("without END", text(lines[..lines.len() - 1].join("\n"))),
        ("without BEGIN", text(lines[1..].join("\n"))),
        ("with another END", text(key.replace("END PRIVATE", "END EC PRIVATE"))),
        ("with the key as its label", text(key.replace("PRIVATE KEY", &body))),
        ("with the key as a header", text(key.replacen('\n', &format!("\nX: {body}\n\n"), 1))),
        ("with a key as a header without value", text(key.replacen('\n', &format!("\n{body}:\n\n"), 1))),
        ("cut short", text(key.replacen(&lines[2], &lines[2][..5], 1))),
        ("with a character that is not base64", text(key.replacen(&lines[1], &format!("{}!", lines[1]), 1))),
        ("without dashes", text(key.replace("-----", "----"))),
        ("base64 alone", text(body.clone())),
        ("with control characters", text(key.replace('\n', "\u{1b}[2J\n"))),
        ("UTF-8 with a mark", text(format!("\u{feff}{key}"))),
        ("UTF-16", [&[0xff, 0xfe][..], &utf16(&key)].concat()),
        ("UTF-16 without a mark", utf16(&key)),
        ("not UTF-8", [key.as_bytes(), &[0xff, 0xfe, 0x80]].concat()),
        ("labelled as a certificate", text(key.replace("PRIVATE KEY", "CERTIFICATE"))),
        ("labelled as a public key", text(key.replace("PRIVATE KEY", "PUBLIC KEY"))),
        ("labelled as RSA", text(key.replace("PRIVATE KEY", "RSA PRIVATE KEY"))),
        ("labelled as SEC1", text(key.replace("PRIVATE KEY", "EC PRIVATE KEY"))),
        ("labelled as encrypted", text(key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"))),
        ("in XML", text(format!("<SSLInfo><Enabled>{body}</Enabled></SSLInfo>"))),
        ("as a name in XML", text(format!("<SSLInfo><KeyStore>{body}</KeyStore></SSLInfo>"))),
        ("as an alias in XML", text(format!("<SSLInfo><KeyAlias>{{{body}}}</KeyAlias></SSLInfo>"))),
        ("as an element", text(format!("<SSLInfo><K{}/></SSLInfo>", body.replace(['+', '/', '='], "")))),
        ("as an entity", text(format!("<SSLInfo>&K{};</SSLInfo>", body.replace(['+', '/', '='], "")))),
        ("as an attribute", text(format!("<SSLInfo><Enabled K{}='x'/></SSLInfo>", body.replace(['+', '/', '='], "")))),
        ("in a URL", text(format!("<HTTPTargetConnection><URL>https://u:{body}@a/</URL></HTTPTargetConnection>"))),
        ("as a root", text(format!("<K{}/>", body.replace(['+', '/', '='], "")))),
        ("behind XML", text(format!("<SSLInfo/>{key}"))),
        ("nothing", Vec::new()),
    ];
    (Secrets { parts }, files)
}

#[test]
fn no_reader_of_files_prints_their_content() {
    let (secrets, files) = broken_keys();
    let there = Folder::new("secrets");
    let pki = Pki::new().unwrap();
    let chain = there.write("chain.pem", &pem::encode("CERTIFICATE", pki.gateway.chain.iter().map(Vec::as_slice)));
    let policy = "<SSLInfo><Enabled>true</Enabled><ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>own</KeyStore>\
                  <TrustStore>ref://peers</TrustStore></SSLInfo>";
    let policy = there.write("policy.xml", policy);
    for (kind, bytes) in files {
        let file = there.write_bytes("own/shop.pem", &bytes);
        there.write_bytes("peers.ref", &bytes);
        let rules = || -> Result<(), UsageError> {
            Rules::new(&policy, SslInfo::read(&policy, Around::Target)?, None, None, pem::Password::none())
                .check::<embedded_mtls::Client>()?;
            Ok(())
        };
        let told = [
            ("a chain", format!("{:?}", pem::certificates(&file).map_err(|error| error.to_string()).err())),
            ("authorities", format!("{:?}", pem::authorities(&file).map_err(|error| error.to_string()).err())),
            ("a pin", format!("{:?}", pem::pins(&file).map_err(|error| error.to_string()).err())),
            (
                "a key",
                format!(
                    "{:?}",
                    pem::identity(&chain, &file, &pem::Password::none()).map_err(|error| error.to_string())
                ),
            ),
            (
                "both",
                format!("{:?}", pem::identity(&file, &file, &pem::Password::none()).map_err(|error| error.to_string())),
            ),
            ("their Debug", format!("{:?}", pem::identity(&chain, &file, &pem::Password::none()))),
            ("a policy", format!("{:?}", SslInfo::read(&file, Around::Target).err())),
            ("a site", format!("{:?}", SslInfo::read_site(&file, Around::Target).err())),
            ("a server's policy", format!("{:?}", SslInfo::read(&file, Around::Host).err())),
            ("stores", format!("{:?}", rules().err())),
            ("an order", Order::parse(&bytes, None).err().map(|error| error.to_string()).unwrap_or_default()),
            ("a response", Status::parse(&bytes, None).err().map(|error| error.to_string()).unwrap_or_default()),
        ];
        for (who, message) in told {
            secrets.assert_hidden(&message, &format!("{kind}, {who}"));
        }
    }
}

#[test]
fn the_debug_output_of_a_supplier_and_a_gateway_has_no_secrets() {
    let pki = Pki::new().unwrap();
    let hex = |bytes: &[u8]| format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
    let text = format!("{:?}", delivery(&pki, "a:1"));
    assert!(!text.contains(&hex(&pki.gateway.key.p256().unwrap()[..8])), "a key");
    // SharedSecret of the order.
    let order = include_str!("../../../../examples/data/order.xml");
    let place = order.find("<SharedSecret>").expect("the order has one");
    let value = order[place + 14..].split('<').next().unwrap();
    assert!(!text.contains(value) && !text.contains(&hex(value.as_bytes())), "the SharedSecret");
}
