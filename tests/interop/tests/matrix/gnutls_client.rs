//! Our server and `gnutls-cli`.

use crate::case::ServerCase;
use crate::gnutls::{end, facts, version};
use crate::http;
use crate::ours::SupplierSetup;
use crate::pki::SERVER_NAME;
use crate::process::Process;
use crate::table::{End, Outcome, Role, Table};
use crate::world::World;
use embedded_mtls::{AlertDescription, NamedGroup};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version("gnutls-cli").unwrap_or_else(|_missing| "gnutls-cli".into());
    for case in agreeing(world).into_iter().chain(late(world)).chain(refusing(world)).chain(refused(world)) {
        table.row(&peer, Role::Server, case.name, &case.expected, || run(&case, world));
    }
}

fn run(case: &ServerCase, world: &World) -> Result<Outcome, String> {
    let supplier = case.supplier.start()?;
    let mut client = Process::start("gnutls-cli", arguments(case, world, supplier.port))?;
    // A client that was refused takes nothing.
    let _refused = post(&mut client, case);
    client.await_end()?;
    let log = client.stderr();
    let peer = match end(&log) {
        End::Done => http::check_answer(&client.stdout(), case.order).map_or_else(End::Failed, |()| End::Done),
        end => end,
    };
    Ok(supplier.join().with_peer(peer, case.order).and(&facts(&log)))
}

/// Posts the order, and closes when the answer has come: it sends `close_notify` only if it closes first.
fn post(client: &mut Process, case: &ServerCase) -> Result<(), String> {
    client.write(&http::post(case.order))?;
    client.await_sign("got an answer", |client| http::check_answer(&client.stdout(), case.order).is_ok())?;
    client.close_stdin();
    Ok(())
}

fn arguments(case: &ServerCase, world: &World, port: u16) -> Vec<String> {
    let usual = [
        "--debug=5".into(),
        format!("--logfile={}", world.file("gnutls-cli.log")),
        format!("--sni-hostname={SERVER_NAME}"),
        format!("--verify-hostname={SERVER_NAME}"),
        format!("--x509cafile={}", world.file("root.pem")),
        format!("--port={port}"),
    ];
    let shows = case.shows.into_iter().flat_map(|shows| {
        let file = |end: &str| world.file(&format!("{shows}.{end}"));
        [format!("--x509certfile={}", file("pem")), format!("--x509keyfile={}", file("key"))]
    });
    let options = case.options.iter().map(ToString::to_string).chain(["127.0.0.1".into()]);
    usual.into_iter().chain(shows).chain(options).collect()
}

/// We ask when the order is here.
fn late(world: &World) -> Vec<ServerCase> {
    let supplier = SupplierSetup::asks_late(&world.server, &world.root).until_client_closes();
    vec![
        ServerCase::order("we ask after the handshake", supplier)
            .options(&["--post-handshake-auth"])
            .facts(&["Accepted", "CN=gateway-7"]),
    ]
}

fn agreeing(world: &World) -> Vec<ServerCase> {
    let supplier = SupplierSetup::required(&world.server, &world.root).until_client_closes();
    let case = |name, options, facts: &[&str]| ServerCase::order(name, supplier).options(options).facts(facts);
    vec![
        case("an order", &[], &["CN=gateway-7"]),
        case(
            "AES-128-GCM",
            &["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM"],
            &["TLS_AES_128_GCM_SHA256"],
        ),
        case(
            "AES-256-GCM",
            &["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM"],
            &["TLS_AES_256_GCM_SHA384"],
        ),
        case(
            "ChaCha20-Poly1305",
            &["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305"],
            &["TLS_CHACHA20_POLY1305_SHA256"],
        ),
        case("X25519", &["--priority=NORMAL:-GROUP-ALL:+GROUP-X25519"], &["x25519"]),
        case("P-256", &["--priority=NORMAL:-GROUP-ALL:+GROUP-SECP256R1"], &["secp256r1"]),
        case(
            "P-384 first, one share: HelloRetryRequest",
            &["--single-key-share", "--priority=NORMAL:-GROUP-ALL:+GROUP-SECP384R1:+GROUP-SECP256R1"],
            &["secp256r1", "1 HelloRetryRequest"],
        ),
        case("we prefer P-256", &[], &["secp256r1"])
            .config(|config| config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519])),
        case("ALPN", &["--alpn=h2", "--alpn=http/1.1"], &["ALPN http/1.1"])
            .config(|config| config.with_alpn(&[b"http/1.1"])),
        case("no middlebox compatibility", &["--priority=NORMAL:%DISABLE_TLS13_COMPAT_MODE"], &[]),
        case("100 KB each way", &[], &[]).posts(http::much()),
        // Of what it reads it sends as much as one record of our limit holds, and drops the rest ("Only sent 512 bytes
        // instead of"): the library keeps to the limit, the program does not expect it.
        ServerCase::order("an order that fits a record, our 1 KiB of buffer", supplier.with_rx(1024))
            .posts(&[b'x'; 300]),
        case("our records are padded", &[], &[]).config(|config| config.with_padding(256)),
        ServerCase::order(
            "optional, it has none",
            SupplierSetup::optional(&world.server, &world.root).until_client_closes(),
        )
        .shows(None),
        ServerCase::order("we ask for new keys", supplier.with_key_update()).facts(&["1 KeyUpdate from us"]),
    ]
}

fn refusing(world: &World) -> Vec<ServerCase> {
    let supplier = SupplierSetup::required(&world.server, &world.root);
    let case = |name, shows, alert, cause| ServerCase::refusing(name, supplier, shows, alert, cause);
    let good = |name, alert, cause| case(name, Some("client"), alert, cause);
    vec![
        case("it has no certificate", None, AlertDescription::CERTIFICATE_REQUIRED, "ClientCertificateRequired"),
        case(
            "its certificate is of another CA",
            Some("client-of-other-root"),
            AlertDescription::UNKNOWN_CA,
            "UnknownIssuer",
        )
        .config(|config| config.with_authority_names(&[])),
        case("its certificate has expired", Some("client-expired"), AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
        good("it speaks only TLS 1.2", AlertDescription::PROTOCOL_VERSION, "Tls13NotOffered")
            .options(&["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2"]),
        good("no common protocol", AlertDescription::NO_APPLICATION_PROTOCOL, "NoApplicationProtocol")
            .options(&["--alpn=h3"])
            .config(|config| config.with_alpn(&[b"http/1.1"])),
    ]
}

fn refused(world: &World) -> Vec<ServerCase> {
    let of = |identity| SupplierSetup::required(identity, &world.root);
    let case = ServerCase::refused;
    vec![
        case("our certificate is of another CA", of(&world.server_of_other_root), AlertDescription::BAD_CERTIFICATE),
        case("our certificate has expired", of(&world.server_expired), AlertDescription::BAD_CERTIFICATE),
        case("we have another name", of(&world.server_of_other_name), AlertDescription::BAD_CERTIFICATE),
    ]
}
