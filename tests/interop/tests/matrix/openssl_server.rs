//! Our client and `openssl s_server`.

use crate::case::ClientCase;
use crate::http;
use crate::openssl::{MESSAGES, await_key_update, end, facts, version};
use crate::ours::{Gateway, Task, join};
use crate::process::Process;
use crate::table::{Outcome, Role, Table};
use crate::world::{World, free_port};
use embedded_mtls::{AlertDescription, CipherSuite, NamedGroup};

pub(crate) fn rows(table: &mut Table, world: &World) {
    let peer = version().map_or_else(|_missing| "s_server".into(), |version| format!("{version} s_server"));
    let gateway = Gateway::new(&[&world.client], &world.root);
    let cases = [
        suites(gateway),
        retries(gateway),
        options(gateway, world),
        data(gateway),
        late(gateway, world),
        refused(world),
        refusing(gateway),
    ];
    for case in cases.into_iter().flatten() {
        table.row(&peer, Role::Client, case.name, &case.expected, || run(&case, world));
    }
}

fn run(case: &ClientCase, world: &World) -> Result<Outcome, String> {
    let port = free_port()?;
    world.files.write(MESSAGES, "")?;
    let mut server = Process::start("openssl", arguments(case, world, port))?;
    let client = case.gateway.spawn(port, case.task);
    let answer = serve(&mut server, case, world);
    let ended = join(client);
    server.await_end()?;
    let messages = world.files.read(MESSAGES);
    let outcome = ended.with_peer(end(&messages), answer.as_deref().unwrap_or_default());
    Ok(outcome.and(&facts(&messages)))
}

fn arguments(case: &ClientCase, world: &World, port: u16) -> Vec<String> {
    let file = |end: &str| world.file(&format!("{}.{end}", case.shows));
    let mut arguments: Vec<String> =
        ["s_server", "-naccept", "1", "-verify_return_error", "-msg"].map(String::from).into();
    if case.command != ASK {
        arguments.extend(["-Verify", "3"].map(String::from));
    }
    if case.command.is_empty() {
        // Without it, lines of a response could be commands.
        arguments.push("-quiet".into());
    }
    arguments.extend(
        [
            ["-accept".into(), format!("127.0.0.1:{port}")],
            ["-cert".into(), file("leaf.pem")],
            ["-cert_chain".into(), file("issuers.pem")],
            ["-key".into(), file("key")],
            ["-CAfile".into(), world.file("root.pem")],
            ["-msgfile".into(), world.file(MESSAGES)],
        ]
        .into_iter()
        .flatten(),
    );
    if !case.options.contains(&"-tls1_2") {
        arguments.push("-tls1_3".into());
    }
    arguments.extend(case.options.iter().map(ToString::to_string));
    arguments
}

/// The command that asks for a certificate after the handshake.
const ASK: &str = "c\n";

/// Returns whether we have answered a late request: one Finished is of the handshake, and one comes after it.
fn is_answered(messages: &str) -> bool {
    let finished = |line: &&str| line.starts_with("<<<") && line.contains("Handshake") && line.ends_with("Finished");
    messages.lines().filter(finished).count() >= 2
}

/// Answers the order when it has come; gives the body of the answer.
fn serve(server: &mut Process, case: &ClientCase, world: &World) -> Option<Vec<u8>> {
    let (Task::Post(order) | Task::PostAfterKeyUpdate(order)) = case.task else { return None };
    let holds_order = |output: &[u8]| output.windows(order.len()).any(|window| window == order);
    server.await_sign("showed the order", |process| holds_order(&process.stdout())).ok()?;
    let answer = http::answer_to(order);
    if !case.command.is_empty() {
        server.write(case.command.as_bytes()).ok()?;
        if case.command == ASK {
            server.await_sign("saw our answer", |_| is_answered(&world.files.read(MESSAGES))).ok()?;
        } else {
            await_key_update(server, world).ok()?;
        }
    }
    server.write(&http::response(&answer)).ok()?;
    Some(answer)
}

/// Each suite.
fn suites(gateway: Gateway) -> Vec<ClientCase> {
    let case = |name, options, suite| ClientCase::order(name, gateway).options(options).facts(&[suite]);
    vec![
        ClientCase::order("an order", gateway).facts(&["1 ClientHello"]),
        ClientCase::order("an order, with embedded-mtls-micro", gateway.with_micro())
            .facts(&["secp256r1", "1 ClientHello"]),
        case("AES-128-GCM", &["-ciphersuites", "TLS_AES_128_GCM_SHA256"], "TLS_AES_128_GCM_SHA256"),
        case("AES-256-GCM", &["-ciphersuites", "TLS_AES_256_GCM_SHA384"], "TLS_AES_256_GCM_SHA384"),
        case("ChaCha20-Poly1305", &["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], "TLS_CHACHA20_POLY1305_SHA256"),
    ]
}

/// Groups, and a HelloRetryRequest for each reason.
fn retries(gateway: Gateway) -> Vec<ClientCase> {
    let case = |name, options, facts: &[&str]| ClientCase::order(name, gateway).options(options).facts(facts);
    // What OpenSSL does without a state trips over the change_cipher_spec of a compatible client, its own s_client too.
    let incompatible = |name, options, facts: &[&str]| {
        case(name, options, facts).config(|config| config.with_middlebox_compatibility(false))
    };
    vec![
        case("X25519", &["-groups", "X25519"], &["x25519", "1 ClientHello"]),
        case("only P-256: HelloRetryRequest", &["-groups", "P-256"], &["secp256r1", "2 ClientHello"]),
        case(
            "HelloRetryRequest with AES-256-GCM",
            &["-groups", "P-256", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
            &["secp256r1", "TLS_AES_256_GCM_SHA384", "2 ClientHello"],
        ),
        case("we prefer P-256", &[], &["secp256r1", "1 ClientHello"])
            .config(|config| config.with_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519])),
        incompatible("HelloRetryRequest with a cookie only", &["-stateless"], &["2 ClientHello"]),
        incompatible(
            "HelloRetryRequest, cookie and group",
            &["-stateless", "-groups", "P-256"],
            &["secp256r1", "2 ClientHello"],
        ),
        case("HelloRetryRequest without middlebox compatibility", &["-groups", "P-256"], &["2 ClientHello"])
            .config(|config| config.with_middlebox_compatibility(false)),
    ]
}

/// Other things to agree on.
fn options(gateway: Gateway, world: &World) -> Vec<ClientCase> {
    let case = |name, options| ClientCase::order(name, gateway).options(options);
    let both = Gateway::new(&[&world.client_of_other_root, &world.client], &world.root);
    vec![
        case("ALPN", &["-alpn", "http/1.1"])
            .config(|config| config.with_alpn(&[b"h2", b"http/1.1"]))
            .facts(&["ALPN http/1.1"]),
        case("no middlebox compatibility", &["-no_middlebox"])
            .config(|config| config.with_middlebox_compatibility(false)),
        case("middlebox compatibility, only it", &[]).config(|config| config.with_middlebox_compatibility(false)),
        case("middlebox compatibility, only we", &["-no_middlebox"]),
        ClientCase::order("its authorities choose among two of ours", both),
        case("16 session tickets", &["-num_tickets", "16"]),
    ]
}

/// Data in all sizes, and new keys.
fn data(gateway: Gateway) -> Vec<ClientCase> {
    let (order, much) = (http::order(), http::much());
    let small = gateway.with_rx(2048);
    vec![
        ClientCase::order("100 KB each way, its records of 16 KiB", gateway)
            .task(Task::Post(much))
            .facts(&["its records up to 16384 bytes"]),
        ClientCase::order("our records are padded", gateway).config(|config| config.with_padding(256)),
        ClientCase::order("100 KB each way, 1 KiB of buffer", gateway.with_rx(1024))
            .task(Task::Post(much))
            .facts(&["its records up to 512 bytes"]),
        ClientCase::order("100 KB each way, its records of 512 bytes", small)
            .task(Task::Post(much))
            .options(&["-max_send_frag", "512"])
            .facts(&["its records up to 512 bytes"]),
        ClientCase::order("we ask for new keys", gateway)
            .task(Task::PostAfterKeyUpdate(order))
            .facts(&["1 KeyUpdate from us", "1 KeyUpdate from it"]),
        ClientCase::order("it asks for new keys", gateway)
            .command("K\n")
            .facts(&["1 KeyUpdate from us", "1 KeyUpdate from it"]),
        ClientCase::order("it only changes its keys", gateway).command("k\n").facts(&["1 KeyUpdate from it"]),
    ]
}

/// It requests our certificate when the order has arrived.
fn late(gateway: Gateway, world: &World) -> Vec<ClientCase> {
    let late = |name, gateway| {
        ClientCase::order(name, gateway).config(|config| config.with_post_handshake_auth(true)).command(ASK)
    };
    vec![
        late("it asks after the handshake", gateway).facts(&["Accepted"]),
        late("it asks after the handshake, we have none", Gateway::new(&[], &world.root)).facts(&["Declined"]),
    ]
}

/// It rejects us.
fn refused(world: &World) -> Vec<ClientCase> {
    let only = |identity| Gateway::new(&[identity], &world.root);
    let good = only(&world.client);
    let case = ClientCase::refused;
    vec![
        case("we have no certificate", Gateway::new(&[], &world.root), AlertDescription::CERTIFICATE_REQUIRED),
        case(
            "we have none of its authorities",
            only(&world.client_of_other_root),
            AlertDescription::CERTIFICATE_REQUIRED,
        ),
        case("ours is of another CA", only(&world.client_of_other_root).heedless(), AlertDescription::UNKNOWN_CA),
        case("ours has expired", only(&world.client_expired), AlertDescription::CERTIFICATE_EXPIRED),
        case("ours is for servers", only(&world.server), AlertDescription::UNSUPPORTED_CERTIFICATE),
        case("it speaks only TLS 1.2", good, AlertDescription::PROTOCOL_VERSION).options(&["-tls1_2"]),
        case("no common protocol", good, AlertDescription::NO_APPLICATION_PROTOCOL)
            .options(&["-alpn", "h3"])
            .config(|config| config.with_alpn(&[b"http/1.1"])),
        case("no common suite", good, AlertDescription::HANDSHAKE_FAILURE)
            .options(&["-ciphersuites", "TLS_AES_256_GCM_SHA384"])
            .config(|config| config.with_cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256])),
        case("no common group", good, AlertDescription::HANDSHAKE_FAILURE).options(&["-groups", "P-384"]),
    ]
}

/// We refuse it.
fn refusing(gateway: Gateway) -> Vec<ClientCase> {
    let case = |name, shows, alert, cause| ClientCase::refusing(name, gateway, shows, alert, cause);
    vec![
        case("its certificate is of another CA", "server-of-other-root", AlertDescription::UNKNOWN_CA, "UnknownIssuer"),
        case("its certificate has expired", "server-expired", AlertDescription::CERTIFICATE_EXPIRED, "Expired"),
        case("it has another name", "server-of-other-name", AlertDescription::BAD_CERTIFICATE, "NameMismatch"),
        case(
            "its certificate is for clients",
            "server-for-clients",
            AlertDescription::UNSUPPORTED_CERTIFICATE,
            "ExtendedKeyUsage",
        ),
    ]
}
