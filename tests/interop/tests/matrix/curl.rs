//! Our server and curl.

use crate::case::ServerCase;
use crate::http;
use crate::ours::SupplierSetup;
use crate::pki::SERVER_NAME;
use crate::process::{Process, print_of};
use crate::table::{End, Outcome, Role, Table};
use crate::world::World;
use embedded_mtls::{AlertDescription, NamedGroup};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version().unwrap_or_else(|_missing| "curl".into());
    for case in agreeing(world).into_iter().chain(refusing(world)).chain(refused(world)) {
        table.row(&peer, Role::Server, case.name, &case.expected, || run(&case, world));
    }
}

/// `curl 7.88.1 (OpenSSL/3.0.19)`.
fn version() -> Result<String, String> {
    let printed = print_of("curl", &["--version"])?;
    let mut words = printed.split_whitespace();
    let number = words.nth(1).unwrap_or_default();
    let library = words.find(|word| word.contains("SSL") || word.contains("TLS")).unwrap_or_default();
    Ok(format!("curl {number} ({library})"))
}

fn run(case: &ServerCase, world: &World) -> Result<Outcome, String> {
    let supplier = case.supplier.start()?;
    let order = world.files.write("order.xml", case.order)?;
    let mut client = Process::start("curl", arguments(case, world, supplier.port, &order))?;
    let content = client.await_end()?;
    let answered = client.stdout() == http::answer_to(case.order);
    Ok(supplier.join().with_peer(end(&client.stderr(), content && answered), case.order))
}

fn arguments(case: &ServerCase, world: &World, port: u16, order: &str) -> Vec<String> {
    let shows = case.shows.into_iter().flat_map(|shows| {
        let file = |end: &str| world.file(&format!("{shows}.{end}"));
        ["--cert".into(), file("pem"), "--key".into(), file("key")]
    });
    let usual = ["--silent", "--show-error", "--verbose", "--http1.1", "--max-time", "20", "--noproxy", "*"];
    let of_case = [
        "--resolve".into(),
        format!("{SERVER_NAME}:{port}:127.0.0.1"),
        "--cacert".into(),
        world.file("root.pem"),
        "--data-binary".into(),
        format!("@{order}"),
    ];
    let address = format!("https://{SERVER_NAME}:{port}/order");
    let options = case.options.iter().map(ToString::to_string).chain([address]);
    usual.map(String::from).into_iter().chain(of_case).chain(shows).chain(options).collect()
}

/// The end of a connection for curl, which reports the level and the description of an alert in one number.
fn end(log: &str, answered: bool) -> End {
    const FATAL: u16 = 0x0200;
    for line in log.lines().filter(|line| line.contains("TLS alert")) {
        let number = line.rsplit_once('(').and_then(|(_, number)| number.split_once(')'));
        let number: Option<u16> = number.and_then(|(number, _)| number.parse().ok());
        if let Some(alert) =
            number.and_then(|number| number.checked_sub(FATAL)).and_then(|alert| u8::try_from(alert).ok())
        {
            return if line.contains("(IN)") { End::Got(alert) } else { End::Sent(alert) };
        }
    }
    // It sends no alert for a fault that it finds itself.
    let reason = log.lines().find_map(|line| line.strip_prefix("curl: ("));
    match reason {
        None if answered => End::Done,
        None => End::Failed("it got no right answer".into()),
        Some(reason) => End::Refused(
            reason.trim_start_matches(|letter: char| letter.is_ascii_digit() || ") ".contains(letter)).into(),
        ),
    }
}

fn agreeing(world: &World) -> Vec<ServerCase> {
    let supplier = SupplierSetup::required(&world.server, &world.root);
    let case = |name, options, facts: &[&str]| ServerCase::order(name, supplier).options(options).facts(facts);
    vec![
        case("an order", &[], &["CN=gateway-7"]),
        ServerCase::order("an order, with embedded-mtls-micro", supplier.with_micro()).facts(&["secp256r1"]),
        case("AES-128-GCM", &["--tls13-ciphers", "TLS_AES_128_GCM_SHA256"], &["TLS_AES_128_GCM_SHA256"]),
        case("AES-256-GCM", &["--tls13-ciphers", "TLS_AES_256_GCM_SHA384"], &["TLS_AES_256_GCM_SHA384"]),
        case(
            "ChaCha20-Poly1305",
            &["--tls13-ciphers", "TLS_CHACHA20_POLY1305_SHA256"],
            &["TLS_CHACHA20_POLY1305_SHA256"],
        ),
        case("only P-256", &["--curves", "P-256"], &["secp256r1"]),
        case("we insist on P-256: HelloRetryRequest", &[], &["secp256r1"]).config(|config| {
            config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519]).with_retry_for_preferred_group(true)
        }),
        case("ALPN", &[], &["ALPN http/1.1"]).config(|config| config.with_alpn(&[b"http/1.1"])),
        case("100 KB each way", &[], &[]).posts(http::much()),
        ServerCase::order("optional, it has none", SupplierSetup::optional(&world.server, &world.root)).shows(None),
        ServerCase::order("not asked", SupplierSetup::without_client_auth(&world.server)),
        ServerCase::order("we ask for new keys", supplier.with_key_update()),
    ]
}

fn refusing(world: &World) -> Vec<ServerCase> {
    let supplier = SupplierSetup::required(&world.server, &world.root);
    let case = |name, shows, alert, cause| ServerCase::refusing(name, supplier, shows, alert, cause);
    vec![
        case("it has no certificate", None, AlertDescription::CERTIFICATE_REQUIRED, "ClientCertificateRequired"),
        case(
            "its certificate is of another CA",
            Some("client-of-other-root"),
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        ),
        case("its certificate has expired", Some("client-expired"), AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
        case("it speaks only TLS 1.2", Some("client"), AlertDescription::PROTOCOL_VERSION, "Tls13NotOffered")
            .options(&["--tls-max", "1.2"]),
    ]
}

fn refused(world: &World) -> Vec<ServerCase> {
    let of = |identity| SupplierSetup::required(identity, &world.root);
    let case = ServerCase::refused;
    vec![
        case("our certificate is of another CA", of(&world.server_of_other_root), AlertDescription::UNKNOWN_CA),
        case("our certificate has expired", of(&world.server_expired), AlertDescription::CERTIFICATE_EXPIRED),
        // It compares the name when the handshake is over.
        ServerCase {
            expected: Outcome::of(
                End::Failed("it closed without a message".into()),
                End::Refused(format!(
                    "SSL: no alternative certificate subject name matches target host name '{SERVER_NAME}'"
                )),
                &[],
            ),
            ..ServerCase::order("we have another name", of(&world.server_of_other_name))
        },
    ]
}
