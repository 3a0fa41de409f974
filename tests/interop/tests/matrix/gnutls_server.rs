//! Our client and `gnutls-serv`.

use crate::case::ClientCase;
use crate::gnutls::{await_end, facts, version};
use crate::http;
use crate::ours::{Gateway, Task};
use crate::process::Process;
use crate::table::{Outcome, Role, Table};
use crate::world::{World, free_port};
use embedded_mtls::{AlertDescription, NamedGroup};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version("gnutls-serv").unwrap_or_else(|_missing| "gnutls-serv".into());
    for case in agreeing(world).into_iter().chain(late(world)).chain(refused(world)).chain(refusing(world)) {
        table.row(&peer, Role::Client, case.name, &case.expected, || run(&case, world));
    }
}

fn run(case: &ClientCase, world: &World) -> Result<Outcome, String> {
    let port = free_port()?;
    let mut server = Process::start("gnutls-serv", arguments(case, world, port))?;
    let ended = case.gateway.run(port, case.task);
    let body = if let Task::Echo(data) = case.task { data } else { &[] };
    let peer = await_end(&mut server);
    Ok(ended.with_peer(peer, body).and(&facts(&server.stderr())))
}

fn arguments(case: &ClientCase, world: &World, port: u16) -> Vec<String> {
    let file = |end: &str| world.file(&format!("{}.{end}", case.shows));
    let usual = ["--echo", "--crlf", "--verify-client-cert", "--debug=5"].map(String::from);
    let required = (case.options != DOES_NOT_ASK).then(|| "--require-client-cert".into());
    let of_case = [
        format!("--port={port}"),
        format!("--x509certfile={}", file("pem")),
        format!("--x509keyfile={}", file("key")),
        format!("--x509cafile={}", world.file("root.pem")),
    ];
    usual.into_iter().chain(required).chain(of_case).chain(case.options.iter().map(ToString::to_string)).collect()
}

fn agreeing(world: &World) -> Vec<ClientCase> {
    let gateway = Gateway::new(&[&world.client], &world.root);
    let case =
        |name, options, facts: &[&str]| ClientCase::echo(name, gateway, http::order()).options(options).facts(facts);
    vec![
        case("an order, echoed", &[], &[]),
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
        case("X25519", &["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519"], &["x25519"]),
        case(
            "only P-256: HelloRetryRequest",
            &["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP256R1"],
            &["secp256r1", "1 HelloRetryRequest"],
        ),
        case("we prefer P-256", &[], &["secp256r1"])
            .config(|config| config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519])),
        case("ALPN", &["--alpn=http/1.1"], &["ALPN http/1.1"]).config(|config| config.with_alpn(&[b"http/1.1"])),
        case("middlebox compatibility, only we", &["--priority=NORMAL:%DISABLE_TLS13_COMPAT_MODE"], &[]),
        case("no middlebox compatibility", &["--priority=NORMAL:%DISABLE_TLS13_COMPAT_MODE"], &[])
            .config(|config| config.with_middlebox_compatibility(false)),
        ClientCase::echo("100 KB each way", gateway, http::much()),
        ClientCase::echo("100 KB each way, 1 KiB of buffer", gateway.with_rx(1024), http::much()),
        case("our records are padded", &[], &[]).config(|config| config.with_padding(256)),
    ]
}

/// It requests our certificate on a command, which is in the data that we send.
fn late(world: &World) -> Vec<ClientCase> {
    let gateway = Gateway::new(&[&world.client], &world.root);
    // It answers the command with a line of its own; we read as much of it as we have sent. That it accepts our
    // certificate would become known only with data that we send after that.
    let expected = Outcome::done(&["echo with a wrong body of 11 bytes", "Presented"]);
    let late = ClientCase::echo("it asks after the handshake", gateway, b"**REAUTH**\n")
        .config(|config| config.with_post_handshake_auth(true))
        .options(DOES_NOT_ASK);
    vec![ClientCase { expected, ..late }]
}

/// Not in the handshake.
const DOES_NOT_ASK: &[&str] = &["--disable-client-cert"];

fn refused(world: &World) -> Vec<ClientCase> {
    let case = ClientCase::refused;
    let only = |identity| Gateway::new(&[identity], &world.root);
    vec![
        case("we have no certificate", Gateway::new(&[], &world.root), AlertDescription::CERTIFICATE_REQUIRED),
        case("ours is of another CA", only(&world.client_of_other_root).heedless(), AlertDescription::ACCESS_DENIED),
        case("ours has expired", only(&world.client_expired), AlertDescription::ACCESS_DENIED),
        // It compares suites before versions.
        case("it speaks only TLS 1.2", only(&world.client), AlertDescription::HANDSHAKE_FAILURE)
            .options(&["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2"]),
        case("no common group", only(&world.client), AlertDescription::HANDSHAKE_FAILURE)
            .options(&["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP384R1"]),
    ]
}

fn refusing(world: &World) -> Vec<ClientCase> {
    let gateway = Gateway::new(&[&world.client], &world.root);
    let case = |name, shows, alert, cause| ClientCase::refusing(name, gateway, shows, alert, cause);
    vec![
        case("its certificate is of another CA", "server-of-other-root", AlertDescription::UNKNOWN_CA, "UnknownIssuer"),
        case("its certificate has expired", "server-expired", AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
        case("it has another name", "server-of-other-name", AlertDescription::BAD_CERTIFICATE, "NameMismatch"),
    ]
}
